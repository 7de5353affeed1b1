#include "core/tracker.h"

#define TRACKER(name) extern const struct tracker tracker_##name;
#include "adapters/trackers/list.def"
#undef TRACKER

const struct tracker *const trackers[] = {
#define TRACKER(name) &tracker_##name,
#include "adapters/trackers/list.def"
#undef TRACKER
    NULL,
};
