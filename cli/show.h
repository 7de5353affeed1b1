/* show.h: a translation in words and as JSON; `translate`, `check` and the server's verbose answer
 * say the same. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/catalog.h"

/* What the frame of a body needs: the kind of events, and whether they are test events. */
struct show_frame {
    const struct catalog *catalog;
    const struct offer *offer;
};

/* s for a terminal: bytes that could move its cursor become '?'. */
void show_safe(struct buf *out, struct slice s);

/* The request body of event i, followed by events for the same pixel, then a newline; nothing when
 * an earlier one has taken it along. */
void show_body(struct buf *out, const struct translation *t, size_t i,
               const struct show_frame *frame);

/* {"verdict":...,"code":...,"reason":...,"warnings":[...],"bodies":[...],"fields":{...}} */
void show_json(struct buf *out, const struct translation *t, const struct show_frame *frame);

/* The same without bodies and fields: what a tracker is told. */
void show_answer(struct buf *out, enum verdict verdict, const char *code, struct slice reason,
                 const struct notes *notes);

/* queued / ignored I001: reason, and the warnings; control bytes shown as '?'. */
void show_verdict(struct buf *out, const struct translation *t);

/* field  value  from  where, as a table. */
void show_fields(struct buf *out, const struct translation *t);

#endif
