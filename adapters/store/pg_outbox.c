/* pg_outbox.c: what became of events that were handed out (pg_take.c), and what waits. */
#include "adapters/store/pg.h"

void pg_read_tallied(const struct pg_rows_read *rows, int row, int at, struct arena *arena, struct pg_tallied *out)
{
    *out = (struct pg_tallied){ pg_int_at(rows, row, at), pg_text_at(rows, row, at + 1, arena),
                                pg_text_at(rows, row, at + 2, arena) };
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
    pg_bounds(&c, ids, count);
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
