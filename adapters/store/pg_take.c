/* pg_take.c: events are handed out to be sent. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adapters/store/pg.h"

#define TAKE_BYTES ((size_t)16 << 20) /* then a take ends: big events must not fill its arena */

static int give_up(struct pg *s, int64_t event, int64_t unknown_since, const struct pg_tallied *e, struct err *err)
{
    time_t seconds = (time_t)(unknown_since / 1000);
    char when[40] = "", note[200];
    struct pg_call c;
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(note, sizeof(note),
             "given up: TikTok may have it since %s, no answer told, and it may no longer recognise a repeat", when);
    pg_start(&c, s, PG_DELIVERY_GIVE_UP);
    pg_int(&c, event);
    pg_text(&c, slice_from(note));
    s->counts.waiting--;
    s->counts.dead++;
    s->state.moved.dead++;
    pg_tally_state(s, e, STORE_DEAD, 1);
    return pg_queue(&c, NULL, NULL, err);
}

struct taking {
    struct slice pixel;
    int64_t now, before; /* unknown since before that: given up */
    unsigned max;
    int64_t *ids; /* what is ours now: those whose texts fit, at least one, and after them the others */
    size_t count, fitting;
};

static int take_ids(struct pg *s, struct pg_rows_read *rows, void *context, struct err *err)
{
    struct taking *t = context;
    size_t bytes = 0;

    if (!(t->ids = ARENA_ARRAY(&s->scratch, int64_t, (size_t)rows->count)))
        return pg_no_room(err);
    for (int i = 0; i < rows->count; i++) {
        t->ids[t->count++] = pg_int_at(rows, i, 0);
        t->fitting += bytes < TAKE_BYTES;
        bytes += (size_t)pg_int_at(rows, i, 1);
    }
    return 0;
}

static void start_due(struct pg_call *c, struct pg *s, enum pg_sql which, const struct taking *t)
{
    pg_start(c, s, which);
    pg_name(c, t->pixel);
    pg_int(c, t->now);
    pg_int(c, t->before);
}

/* Those that are too old, and those that are ours now. */
static int mark_taken(struct pg *s, struct taking *t, struct err *err)
{
    struct pg_call old, c;
    struct pg_rows_read rows;
    int rc = 0;

    start_due(&c, s, PG_DELIVERY_TAKE, t);
    pg_int(&c, t->max);
    pg_int(&c, s->owner);
    pg_int(&c, s->lease_s);
    if (pg_queue(&c, take_ids, t, err) != 0)
        return -1;
    start_due(&old, s, PG_DELIVERY_OLD, t);
    if (pg_run(&old, &rows, err) != 0)
        return -1;
    for (int i = 0; rc == 0 && i < rows.count; i++) {
        struct pg_tallied e;
        pg_read_tallied(&rows, i, 2, &s->scratch, &e);
        rc = give_up(s, pg_int_at(&rows, i, 0), pg_int_at(&rows, i, 1), &e, err);
    }
    pg_done(&rows);
    return rc;
}

/* What is too much for one request waits again, as it was. */
static int put_back(struct pg *s, const struct taking *t, struct err *err)
{
    struct pg_call c;

    if (t->fitting == t->count)
        return 0;
    pg_start(&c, s, PG_DELIVERY_PUT_BACK);
    pg_ints(&c, t->ids + t->fitting, t->count - t->fitting);
    pg_int(&c, s->owner);
    return pg_queue(&c, NULL, NULL, err);
}

/* Should nobody know whether the commit was made, they are not to stay ours for ever. */
static int note_taken(struct pg *s, const struct taking *t, struct err *err)
{
    struct pg_taken *to = &s->taken;

    if (to->count + t->fitting > to->room) {
        int64_t *more = realloc(to->ids, (to->count + t->fitting) * sizeof(*more));
        if (!more)
            return pg_no_room(err);
        to->ids = more;
        to->room = to->count + t->fitting;
    }
    memcpy(to->ids + to->count, t->ids, t->fitting * sizeof(*to->ids));
    to->count += t->fitting;
    return 0;
}

int pg_untake(struct pg *s, struct err *err)
{
    struct pg_call c;
    int64_t n;

    pg_start(&c, s, PG_DELIVERY_PUT_BACK);
    pg_ints(&c, s->taken.ids, s->taken.count);
    pg_int(&c, s->owner);
    if ((n = pg_run_count(&c, err)) < 0)
        return -1;
    s->counts.waiting += n;
    s->counts.sending -= n;
    return 0;
}

static int take(struct pg *s, struct taking *t, struct arena *arena, struct store_event **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int rc;

    if (mark_taken(s, t, err) != 0 || put_back(s, t, err) != 0)
        return -1;
    if (t->count == 0)
        return 0;
    if (note_taken(s, t, err) != 0)
        return -1;
    pg_start(&c, s, PG_EVENT_GET_ALL);
    pg_ints(&c, t->ids, t->fitting);
    pg_bounds(&c, t->ids, t->fitting);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    rc = pg_event_rows(&rows, arena, list, count, err);
    pg_done(&rows);
    s->counts.waiting -= (int64_t)*count;
    s->counts.sending += (int64_t)*count;
    return rc;
}

int pg_take(struct store *store, struct slice pixel, int64_t now, int64_t give_up_before, unsigned max,
            struct arena *arena, struct store_event **list, size_t *count, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct taking t = { .pixel = pixel, .now = now, .before = give_up_before, .max = max };

    *list = NULL;
    *count = 0;
    arena_reset(&s->scratch);
    if (take(s, &t, arena, list, count, err) == 0)
        return 0;
    s->store.failed = true; /* some are marked, and nobody will send them */
    return -1;
}
