/* show.h: a walk in words and as JSON. */
#ifndef CLI_SIMULATE_SHOW_H
#define CLI_SIMULATE_SHOW_H

#include "cli/simulate/live.h"

struct walk_shown {
    const struct chain_result *walk;
    const char *refused;            /* what the sandbox has against the event, or NULL */
    const struct live_result *live; /* NULL: it was the model */
    bool colour;
};

/* Is the answer yes? */
bool walk_is_kept(const struct walk_shown *w);

/* Why not: "" and nothing when it is kept; the reason without its code. */
const char *walk_code(const struct walk_shown *w);
struct slice walk_reason(const struct walk_shown *w);

/* The table of hops, what to change, the way back, the event, the verdict. */
void walk_table(struct buf *out, const struct walk_shown *w);

/* {"verdict":...,"hops":[...],"warnings":[...],"event":{...}}: docs/chains.md. */
void walk_json(struct buf *out, const struct walk_shown *w);

#endif
