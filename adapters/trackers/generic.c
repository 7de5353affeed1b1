#include "adapters/trackers/ids.h"
#include "adapters/trackers/urls.h"

const struct tracker tracker_generic = {
    .name = "generic",
    .summary = "any tracker or network that a mapping describes",
    .urls = &generic_urls,
    .finish = ids_check,
};
