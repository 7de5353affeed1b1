/* outlet.h: the sender behind the intake: what it needs from its owner, and settings for it. */
#ifndef CLI_SERVE_OUTLET_H
#define CLI_SERVE_OUTLET_H

#include "adapters/tiktok/sender.h"
#include "cli/serve/intake.h"
#include "cli/serve/metrics.h"

/* Lives as long as the sender. */
struct outlet {
    struct intake *intake;
    struct metrics *metrics; /* NULL: nobody counts */
};

/* Start the sender with the pixels of a catalog. */
struct sender *outlet_open(struct outlet *outlet, const struct catalog *catalog, struct err *err);

/* The pixels and tokens of another catalog. */
int outlet_reload(struct sender *sender, const struct catalog *catalog, struct err *err);

#endif
