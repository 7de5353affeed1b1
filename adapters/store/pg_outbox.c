#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adapters/store/pg.h"

#define TAKE_BYTES ((size_t)16 << 20) /* then a take ends: big events must not fill its arena */

void pg_read_tallied(const struct pg_rows_read *rows, int row, int at, struct arena *arena, struct pg_tallied *out)
{
    *out = (struct pg_tallied){ pg_int_at(rows, row, at), pg_text_at(rows, row, at + 1, arena),
                                pg_text_at(rows, row, at + 2, arena) };
}

/* The least and the greatest. */
static void bounds(struct pg_call *c, const int64_t *ids, size_t count)
{
    int64_t least = INT64_MAX, most = INT64_MIN;

    for (size_t i = 0; i < count; i++) {
        least = ids[i] < least ? ids[i] : least;
        most = ids[i] > most ? ids[i] : most;
    }
    pg_int(c, least);
    pg_int(c, most);
}

/* ---- handing out ---- */

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
    bounds(&c, t->ids, t->fitting);
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

/* ---- what became of them ---- */

static int add_attempt(struct pg *s, const struct store_attempt *a, int64_t id, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_ATTEMPT_ADD);
    pg_int(&c, id);
    pg_int(&c, a->at);
    pg_int(&c, a->took_ms);
    pg_text(&c, a->pixel);
    pg_int(&c, a->http_status);
    pg_int(&c, a->code);
    pg_text(&c, a->message);
    pg_text(&c, a->request_id);
    return pg_queue(&c, NULL, NULL, err);
}

/* Of an event whose visitor has refused since it was taken. */
static int set_withdrawn(struct pg *s, const struct store_attempt *a, const struct store_outcome *o, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_WITHDRAWN_REPORT);
    pg_int(&c, o->event_id);
    pg_int(&c, o->state);
    pg_int_or_null(&c, 0);
    pg_text(&c, o->note);
    pg_int(&c, o->unknown);
    pg_int(&c, a->at);
    return pg_queue(&c, NULL, NULL, err);
}

/* The columns of what is set at once. */
struct outcomes {
    int64_t *ids, *states, *dues, *unknown;
    struct slice *notes;
    size_t count;
};

static int report_one(struct pg *s, const struct store_attempt *a, const struct store_outcome *o,
                      const struct pg_tallied *e, bool refused, struct outcomes *to, struct err *err)
{
    struct store_counts *c = &s->counts;
    struct store_moved *m = &s->state.moved;
    bool delivered = o->state == STORE_DELIVERED, dead = !refused && o->state == STORE_DEAD;

    c->sending--;
    c->delivered += delivered;
    c->waiting += !refused && o->state == STORE_WAITING;
    c->dead += dead;
    c->withdrawn += refused && !delivered;
    m->delivered += delivered;
    m->dead += dead;
    m->withdrawn += refused && !delivered;
    pg_tally_answer(s, e, a, o->state);
    if (refused && !delivered)
        pg_tally_state(s, e, STORE_WITHDRAWN, 1);
    else if (dead)
        pg_tally_state(s, e, STORE_DEAD, 1);
    if (refused)
        return set_withdrawn(s, a, o, err);
    to->ids[to->count] = o->event_id;
    to->states[to->count] = o->state;
    to->dues[to->count] = o->state == STORE_WAITING ? o->due : 0;
    to->notes[to->count] = o->note;
    to->unknown[to->count++] = o->unknown;
    return 0;
}

static int set_outcomes(struct pg *s, const struct store_attempt *a, const struct outcomes *o, struct err *err)
{
    struct pg_call c;

    if (o->count == 0)
        return 0;
    pg_start(&c, s, PG_DELIVERY_REPORT);
    pg_ints(&c, o->ids, o->count);
    pg_ints(&c, o->states, o->count);
    pg_ints(&c, o->dues, o->count);
    pg_texts(&c, o->notes, o->count);
    pg_ints(&c, o->unknown, o->count);
    pg_int(&c, a->at);
    return pg_queue(&c, NULL, NULL, err);
}

/* The outcome of an event by its id; NULL: none (the list is short or the ids ascend). */
static const struct store_outcome *outcome_of(const struct store_outcome *list, size_t count, size_t *at, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_outcome *o = &list[(*at + i) % count];
        if (o->event_id == id) {
            *at = (*at + i + 1) % count;
            return o;
        }
    }
    return NULL;
}

static int room_for(struct pg *s, struct outcomes *o, size_t count, struct err *err)
{
    int64_t **const numbers[] = { &o->ids, &o->states, &o->dues, &o->unknown };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        *numbers[i] = ARENA_ARRAY(&s->scratch, int64_t, count);
    o->notes = ARENA_ARRAY(&s->scratch, struct slice, count);
    return s->scratch.full ? pg_no_room(err) : 0;
}

/* Which of them this handle is sending still; nobody else may change these until our commit. */
static int lock(struct pg *s, const int64_t *ids, size_t count, struct pg_rows_read *rows, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_DELIVERY_LOCK);
    pg_ints(&c, ids, count);
    pg_int(&c, s->owner);
    bounds(&c, ids, count);
    return pg_run(&c, rows, err);
}

static int add_tries(struct pg *s, enum pg_sql which, const int64_t *ids, size_t count, int64_t attempt, struct err *err)
{
    struct pg_call c;

    if (count == 0)
        return 0;
    pg_start(&c, s, which);
    pg_ints(&c, ids, count);
    pg_int(&c, attempt);
    if (which == PG_TRIES_LATE)
        pg_int(&c, s->owner);
    return pg_queue(&c, NULL, NULL, err);
}

/* What is written goes out with the commit. */
int pg_report(struct store *store, const struct store_attempt *attempt, const struct store_outcome *outcomes,
              size_t count, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t id = pg_next_id(s, PG_ATTEMPTS), *all, *tried;
    struct outcomes to = { .count = 0 };
    struct pg_rows_read rows;
    size_t at = 0, n;
    int rc = 0;

    arena_reset(&s->scratch);
    all = ARENA_ARRAY(&s->scratch, int64_t, count);
    for (size_t i = 0; all && i < count; i++)
        all[i] = outcomes[i].event_id;
    if (room_for(s, &to, count, err) != 0 || add_attempt(s, attempt, id, err) != 0 || lock(s, all, count, &rows, err) != 0)
        return -1;
    n = (size_t)rows.count;
    if (!(tried = ARENA_ARRAY(&s->scratch, int64_t, n)))
        rc = pg_no_room(err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct store_outcome *o = outcome_of(outcomes, count, &at, pg_int_at(&rows, (int)i, 0));
        struct pg_tallied e;
        tried[i] = pg_int_at(&rows, (int)i, 0);
        pg_read_tallied(&rows, (int)i, 1, &s->scratch, &e);
        rc = o ? report_one(s, attempt, o, &e, !pg_is_null(&rows, (int)i, 4), &to, err) : 0;
    }
    pg_done(&rows);
    if (rc != 0 || set_outcomes(s, attempt, &to, err) != 0 || add_tries(s, PG_TRIES_ADD, tried, n, id, err) != 0)
        return -1;
    return n == count ? 0 : add_tries(s, PG_TRIES_LATE, all, count, id, err);
}

/* ---- reading ---- */

int pg_pixels_due(struct store *store, struct arena *arena, struct store_due **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    *count = 0;
    pg_start(&c, (struct pg *)store, PG_PIXELS_DUE);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *list = ARENA_ARRAY(arena, struct store_due, (size_t)rows.count);
    for (int i = 0; *list && i < rows.count; i++)
        (*list)[(*count)++] = (struct store_due){ pg_text_at(&rows, i, 0, arena), pg_int_at(&rows, i, 1) };
    pg_done(&rows);
    return arena->full || !*list ? pg_no_room(err) : 0;
}

int pg_attempts_of(struct store *store, int64_t event_id, struct arena *arena, struct store_attempt **list,
                   size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    *count = 0;
    pg_start(&c, (struct pg *)store, PG_TRIES);
    pg_int(&c, event_id);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *list = ARENA_ARRAY(arena, struct store_attempt, (size_t)rows.count);
    for (int i = 0; *list && i < rows.count; i++)
        (*list)[(*count)++] = (struct store_attempt){
            .at = pg_int_at(&rows, i, 0), .took_ms = (uint32_t)pg_int_at(&rows, i, 1),
            .pixel = pg_text_at(&rows, i, 2, arena), .http_status = (int)pg_int_at(&rows, i, 3),
            .code = pg_int_at(&rows, i, 4), .message = pg_text_at(&rows, i, 5, arena),
            .request_id = pg_text_at(&rows, i, 6, arena),
        };
    pg_done(&rows);
    return arena->full || !*list ? pg_no_room(err) : 0;
}
