/* retain.h: `retention:` in force: when the intake thread lets old rows go, and which.  Only that thread
 * calls it. */
#ifndef CLI_SERVE_RETAIN_H
#define CLI_SERVE_RETAIN_H

#include "adapters/store/store.h"
#include "cli/serve/metrics.h"
#include "cli/serve/rules.h"

struct retainer;

/* newest: arrival of the newest postback in the store, 0: none.  When that is more than two weeks ago, and
 * when the time goes on by more than a day at once, nothing is removed for a day, and the log says so: the
 * machine's clock may be wrong.  metrics: counts what goes; NULL.  NULL: out of memory. */
struct retainer *retain_open(struct rules_holder *rules, struct metrics *metrics, int64_t now, int64_t newest);
/* The same of a store that could not be asked before: what is the newest in it. */
void retain_newest(struct retainer *r, int64_t now, int64_t newest);
/* The next step, Unix milliseconds; ten minutes after now at most, also when the clock was set back. */
int64_t retain_due(struct retainer *r, int64_t now);
bool retain_late(const struct retainer *r, int64_t now); /* it has waited long for a quiet moment */

/* One step, in a transaction of its own: what fails here must not fail a postback.  Nothing is removed
 * while the clock is in doubt. */
int retain_step(struct retainer *r, struct store *store, int64_t now, struct err *err);
void retain_close(struct retainer *r); /* accepts NULL */

#endif
