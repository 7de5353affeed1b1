/* retain.h: `retention:` in force: when the intake thread lets old rows go, and which.  Only that thread
 * calls it. */
#ifndef CLI_SERVE_RETAIN_H
#define CLI_SERVE_RETAIN_H

#include "adapters/store/store.h"
#include "cli/serve/rules.h"

struct retainer;

struct retainer *retain_open(struct rules_holder *rules, int64_t now); /* NULL: out of memory */
int64_t retain_due(const struct retainer *r); /* the next step, Unix milliseconds */
bool retain_late(const struct retainer *r, int64_t now); /* it has waited long for a quiet moment */

/* One step, in a transaction of its own: what fails here must not fail a postback.  Nothing is removed
 * while the clock is in doubt. */
int retain_step(struct retainer *r, struct store *store, int64_t now, struct err *err);
void retain_close(struct retainer *r); /* accepts NULL */

#endif
