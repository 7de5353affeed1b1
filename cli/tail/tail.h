/* tail.h: inside of `clickbaton tail`. */
#ifndef CLI_TAIL_TAIL_H
#define CLI_TAIL_TAIL_H

#include "adapters/store/store.h"
#include "cli/live/live.h"
#include "cli/story/row.h"
#include "core/base/buf.h"

struct tail_look {
    int columns;
    bool colour;
};
/* For people, not wider than that: a line for a conversion, one for what became of an event. */
void tail_postback(struct buf *out, const struct store_postback *pb, const struct tail_look *look);
void tail_event(struct buf *out, const struct row_event *ev, const struct tail_look *look);

/* ---- follow.c ---- */

#define TAIL_OPEN 1024 /* newest events whose end is awaited */

struct tailing {
    struct live_store store;
    struct store_latest what; /* of the postbacks; their event: */
    struct slice event;
    bool json;
    struct tail_look look;
    struct arena page, arena; /* of a read, of one conversion */
    struct buf out;           /* to be written */
    struct store_cursor at;   /* up to where postbacks were looked at */
    struct tail_awaited {
        int64_t id;
        uint32_t attempts;
    } open[TAIL_OPEN]; /* not done yet */
    size_t open_count, next_open;
};

/* The last `max` that fit.  1: nobody reads any more. */
int tail_past(struct tailing *t, size_t max, struct err *err);
/* What has come or changed since; what fails is tried again in the next round. */
void tail_round(struct tailing *t);

#endif
