/* show.h: a followed chain in words and as JSON. */
#ifndef CLI_FOLLOW_SHOW_H
#define CLI_FOLLOW_SHOW_H

#include "cli/follow/trace.h"
#include "core/base/buf.h"

/* A row per hop, what to change there, the warnings, the verdict. */
void follow_table(struct buf *out, const struct trace *t, bool colour);

/* {"verdict":...,"ttclid":...,"hops":[...],"warnings":[...]}: docs/follow.md. */
void follow_json(struct buf *out, const struct trace *t);

#endif
