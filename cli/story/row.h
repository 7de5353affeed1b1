/* row.h: a conversion in one line: its postback, its events, and what TikTok said last of each.  The live list
 * of the inspector and `tail --json` print the same. */
#ifndef CLI_STORY_ROW_H
#define CLI_STORY_ROW_H

#include "adapters/store/store.h"
#include "core/base/buf.h"

/* An event and what its last attempt brought. */
struct row_event {
    const struct store_event *event;
    const struct store_attempt *last; /* NULL: none yet */
};

/* The last attempt of ev, in arena.  -1: *err. */
int row_last_attempt(struct store *store, const struct store_event *ev, struct arena *arena, struct row_event *out,
                     struct err *err);
/* The events that pb put, with their last attempts, in arena.  -1: *err. */
int row_events(struct store *store, const struct store_postback *pb, struct arena *arena, struct row_event **list,
               size_t *count, struct err *err);

/* docs/report.md, "tail --json".  Amounts are exact decimals, as strings.  No line end. */
void row_json(struct buf *out, const struct store_postback *pb, const struct row_event *events, size_t count);

/* Codes of the lines "W028 sentence" of store_postback.warnings, one call after the other; false at the end. */
bool row_next_code(struct slice *lines, struct slice *code);

#endif
