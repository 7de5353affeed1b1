#include "adapters/trackers/ids.h"
#include "adapters/trackers/urls.h"

const struct tracker tracker_voluum = {
    .name = "voluum",
    .summary = "Voluum: all that it needs is in its mapping",
    .urls = &voluum_urls,
    .finish = ids_check,
};
