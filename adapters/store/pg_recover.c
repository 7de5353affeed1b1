/* pg_recover.c: what handles had that are not heard of any more, what is dead and to be tried again, and clocks. */
#include "adapters/store/pg.h"

#define WAIT_MOST_MS (INT64_C(25) * 3600 * 1000) /* a Retry-After is at most a day */

static void start_over(struct pg_call *c, struct pg *s, enum pg_sql which, int64_t now, bool own)
{
    pg_start(c, s, which);
    pg_int(c, now);
    pg_int(c, own ? s->owner : 0);
    pg_int(c, s->first_run);
    pg_int(c, s->run);
}

/* Those whose visitor has refused are not sent again. */
static int recover_withdrawn(struct pg *s, int64_t now, bool own, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    start_over(&c, s, PG_RECOVER_WITHDRAWN, now, own);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++) {
        struct pg_tallied e;
        pg_read_tallied(&rows, i, 0, &s->scratch, &e);
        pg_tally_state(s, &e, STORE_WITHDRAWN, 1);
    }
    s->counts.sending -= rows.count;
    s->counts.withdrawn += rows.count;
    s->state.moved.withdrawn += rows.count;
    pg_done(&rows);
    return 0;
}

int pg_take_over(struct pg *s, int64_t now, bool own, int64_t *recovered, struct err *err)
{
    struct pg_call c;
    int64_t n;

    if (recover_withdrawn(s, now, own, err) != 0)
        return -1;
    start_over(&c, s, PG_RECOVER, now, own);
    if ((n = pg_run_count(&c, err)) < 0)
        return -1;
    s->counts.sending -= n;
    s->counts.waiting += n;
    if (recovered)
        *recovered = n;
    return 0;
}

int pg_recover(struct store *store, int64_t now, int64_t *recovered, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_call c;

    arena_reset(&s->scratch);
    if (pg_take_over(s, now, true, recovered, err) != 0)
        return -1;
    pg_start(&c, s, PG_DELIVERY_AHEAD);
    pg_int(&c, now);
    pg_int(&c, now + WAIT_MOST_MS);
    if (pg_queue(&c, NULL, NULL, err) != 0)
        return -1;
    pg_start(&c, s, PG_UNKNOWN_AHEAD);
    pg_int(&c, now);
    return pg_run(&c, NULL, err);
}

int pg_clock_back(struct store *store, int64_t by, struct err *err)
{
    struct pg_call c;

    pg_start(&c, (struct pg *)store, PG_DELIVERY_BACK);
    pg_int(&c, by);
    return pg_run(&c, NULL, err);
}

/* The event is read first: with its table in use its day is not dropped (pg_retain.c). */
int pg_event_again(struct store *store, int64_t id, int64_t due, bool anew, struct slice note, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_rows_read rows;
    struct pg_tallied e = { 0 };
    struct pg_call c;
    int64_t n;

    arena_reset(&s->scratch);
    pg_start(&c, s, PG_EVENT_BRIEF_ONE);
    pg_int(&c, id);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    if ((n = rows.count) != 0)
        pg_read_tallied(&rows, 0, 0, &s->scratch, &e);
    pg_done(&rows);
    if (n == 0)
        return 1;
    pg_start(&c, s, PG_DELIVERY_AGAIN);
    pg_int(&c, id);
    pg_int(&c, due);
    pg_int(&c, anew);
    pg_text(&c, note);
    if ((n = pg_run_count(&c, err)) != 1)
        return n < 0 ? -1 : 1;
    s->counts.dead--;
    s->counts.waiting++;
    s->state.moved.undead++;
    pg_tally_state(s, &e, STORE_DEAD, -1);
    return 0;
}
