/* show.h: a walk in words and as JSON. */
#ifndef CLI_SIMULATE_SHOW_H
#define CLI_SIMULATE_SHOW_H

#include "cli/simulate/rehearsal.h"

/* The table of hops, what to change, the way back, the event, the verdict. */
void walk_table(struct buf *out, const struct rehearsal *run, const struct chain_result *r,
                const char *refused, bool colour);

/* {"verdict":...,"hops":[...],"warnings":[...],"event":{...}}: docs/chains.md. */
void walk_json(struct buf *out, const struct chain_result *r, const char *refused);

#endif
