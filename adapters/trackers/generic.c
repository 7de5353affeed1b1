#include "adapters/trackers/ids.h"

const struct tracker tracker_generic = {
    .name = "generic",
    .summary = "any tracker or network that a mapping describes",
    .finish = ids_check,
};
