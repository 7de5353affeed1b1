/* live.h: a chain by real servers on loopback: followed by a real HTTP client, its clicks and its
 * postback sent to a real `serve`, its event received by a real `sandbox`. */
#ifndef CLI_SIMULATE_LIVE_H
#define CLI_SIMULATE_LIVE_H

#include "cli/simulate/rehearsal.h"

struct live_result {
    struct chain_result walk;
    struct slice serve_says;  /* the verdict's JSON; empty: no postback came */
    size_t delivered;         /* events in the sandbox */
    struct notes differences; /* between this run and the model, code H019 */
};

/* Run it, and compare it with the model's result.  -1 with *err when something did not work. */
int live_run(struct rehearsal *run, const struct chain_result *model, struct arena *arena,
             struct live_result *out, struct err *err);

#endif
