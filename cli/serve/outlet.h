/* outlet.h: the sender's way to the store: what it needs from its owner, and settings for it.
 *
 * Of a store with one writer its calls go through the intake.  Of a store that is shared it has a handle of its own, on
 * its own thread, and does there what keeps several machines from sending the same: leases that are renewed and
 * taken over (store_renew), what all know of a pixel (store_look). */
#ifndef CLI_SERVE_OUTLET_H
#define CLI_SERVE_OUTLET_H

#include <stdatomic.h>

#include "adapters/tiktok/sender.h"
#include "cli/serve/intake.h"
#include "cli/serve/metrics.h"

/* Lives as long as the sender. */
struct outlet {
    struct intake *intake;
    struct metrics *metrics; /* NULL: nobody counts */
    struct store *own;       /* a writer of a store that is shared, whose owner closes it after the sender; else NULL */
    /* the sender's thread alone */
    struct arena arena;
    int64_t renew_at;
    struct store_moved moved; /* as the metrics know it */
    /* any thread */
    _Atomic int64_t senders, twins; /* as of store_crowd */
    _Atomic bool newer, first;
};

/* Start the sender with the pixels of a catalog. */
struct sender *outlet_open(struct outlet *outlet, const struct catalog *catalog, struct err *err);

/* The pixels and tokens of another catalog. */
int outlet_reload(struct sender *sender, const struct catalog *catalog, struct err *err);

/* After sender_close. */
void outlet_close(struct outlet *outlet);

#endif
