/* delivery.h: what the sender's thread does: take, send, judge, report.  One thread only, except
 * delivery_wakeup. */
#ifndef ADAPTERS_TIKTOK_DELIVERY_H
#define ADAPTERS_TIKTOK_DELIVERY_H

#include "adapters/tiktok/sender.h"
#include "adapters/tiktok/targets.h"

struct delivery;

/* host is borrowed. */
struct delivery *delivery_open(const struct sender_host *host, uint64_t jitter_seed,
                               struct err *err);

/* Use targets (taken over) from now on: paused pixels are tried again, waits are forgotten. */
int delivery_apply(struct delivery *d, struct targets *targets);

size_t delivery_count(const struct delivery *d);

/* Of the i-th pixel, as of the last step; the slice lives until the next apply or step. */
void delivery_state(const struct delivery *d, size_t i, struct sender_pixel_state *out);

void delivery_wake(struct delivery *d, size_t i);

/* Do all that can be done now; the result is how long to wait for more, in milliseconds. */
int delivery_step(struct delivery *d);

void delivery_wait(struct delivery *d, int wait_ms);
void delivery_wakeup(struct delivery *d); /* ends delivery_wait; any thread */

/* Take nothing more; what is in memory unsent goes back with the next step. */
void delivery_stop(struct delivery *d);
bool delivery_idle(const struct delivery *d); /* nothing in flight, nothing to report */
void delivery_abort(struct delivery *d);      /* end what is in flight, report it */

void delivery_close(struct delivery *d); /* accepts NULL */

#endif
