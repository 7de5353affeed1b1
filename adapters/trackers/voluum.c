#include "adapters/trackers/ids.h"

const struct tracker tracker_voluum = {
    .name = "voluum",
    .summary = "Voluum: all that it needs is in its mapping",
    .finish = ids_check,
};
