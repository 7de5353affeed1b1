/* news.h: what is new in the store, as server-sent events. */
#ifndef CLI_INSPECTOR_NEWS_H
#define CLI_INSPECTOR_NEWS_H

#include "adapters/store/store.h"
#include "core/base/arena.h"
#include "core/base/buf.h"

struct news {
    struct store *store;     /* a reader; the caller opens and closes it */
    struct arena arena, row; /* of a look, of one row of it: a click may have hundreds of events */
    struct buf batch;        /* the events */
};

/* Everything behind the cursor into n->batch; the cursor goes on.  Of more than there is room for the newest, and that some were
 * skipped.  -1: *err; what is in the batch is of no use. */
int news_gather(struct news *n, struct store_cursor *at, struct err *err);

/* Into the batch: not all stands here, the list has it. */
void news_skipped(struct news *n);

#endif
