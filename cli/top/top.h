/* top.h: inside of `clickbaton top`. */
#ifndef CLI_TOP_TOP_H
#define CLI_TOP_TOP_H

#include "cli/live/live.h"
#include "cli/report/report.h"

#define TOP_OFFERS  200 /* of which the rate is known */
#define TOP_SAMPLES 64
#define TOP_RATE_MS 60000 /* the rate is that of the last minute */

/* How many postbacks an offer has had since we began, at some moments of the last minute. */
struct top_rate {
    uint64_t name;          /* hash; the empty name: all of them */
    int64_t hour, count[2]; /* of that hour and the one before, when last looked at */
    int64_t seen;           /* since we began */
    struct top_sample {
        int64_t at, seen;
    } samples[TOP_SAMPLES]; /* a ring */
    unsigned next, filled;
};

struct top {
    struct live_store store;
    struct slice only;
    int columns;
    bool colour;
    bool blind; /* the last reading failed */

    /* the last reading */
    struct arena arena;
    int64_t now;                  /* Unix milliseconds */
    struct review hours, backlog; /* this hour and the one before; the last two days, hour by hour */
    struct store_counts counts;
    struct top_rate rates[TOP_OFFERS];
    size_t rate_count;
};

int top_read(struct top *t, int64_t now, struct err *err);
void top_forget(struct top *t); /* the reading, not the rates */
void top_text(struct buf *out, const struct top *t);
void top_json(struct buf *out, const struct top *t);

/* ---- rate.c ---- */

/* What was counted of an offer (empty: of all) in the hour that begins then, and in the one before; at t->now.
 * first: nothing was looked at before, so what is there did not come just now. */
void top_sample(struct top *t, struct slice offer, int64_t hour, const int64_t count[2], bool first);
/* Tenths of a postback a minute; -1: not known yet. */
int64_t top_per_minute(const struct top *t, struct slice offer);
/* Events of it that wait, and the hour in which the first of them was made (Unix seconds; 0: none). */
int64_t top_waiting(const struct top *t, struct slice offer, struct slice event, int64_t *since);

#endif
