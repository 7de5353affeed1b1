/* pg_refusal.c: what a refusal takes back of a click's events and postbacks. */
#include "adapters/store/pg.h"

#define SPARE_MOST 16

/* By click id; by ttclid only where one of the two has no click id, as clicks are added to. */
static void start(struct pg_call *c, struct pg *s, enum pg_sql which, const struct store_click *click)
{
    pg_start(c, s, which);
    pg_name(c, click->offer);
    pg_int_or_null(c, pg_hash(click->click_id));
    pg_text(c, click->click_id);
    pg_int_or_null(c, pg_ttclid_hash(click->ttclid));
    pg_text(c, click->ttclid);
}

static int set_state(struct pg *s, int64_t event, enum store_state state, struct slice note, const char *more,
                     struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_DELIVERY_WITHDRAW);
    pg_int(&c, event);
    pg_int(&c, state);
    pg_text(&c, arena_printf(&s->scratch, "%.*s%s", SLICE_ARG(note), more));
    return pg_run(&c, NULL, err);
}

static int withdraw(struct pg *s, const struct pg_rows_read *rows, int i, const struct store_refusal *how,
                    struct store_refused *out, struct err *err)
{
    struct pg_tallied e = { pg_int_at(rows, i, 1), pg_text_at(rows, i, 2, &s->scratch), pg_text_at(rows, i, 3, &s->scratch) };
    int64_t event = pg_int_at(rows, i, 0);
    bool unknown = pg_int_at(rows, i, 5) != 0;
    enum store_state state = (enum store_state)pg_int_at(rows, i, 4);

    switch (state) {
    case STORE_WAITING:
    case STORE_DEAD:
        s->counts.waiting -= state == STORE_WAITING;
        s->counts.dead -= state == STORE_DEAD;
        s->counts.withdrawn++;
        s->state.moved.withdrawn++;
        out->withdrawn++;
        pg_tally_state(s, &e, STORE_WITHDRAWN, 1);
        if (state == STORE_DEAD)
            pg_tally_state(s, &e, STORE_DEAD, -1);
        return set_state(s, event, STORE_WITHDRAWN, how->note,
                         unknown ? "; TikTok may have it from an attempt before" : "", err);
    case STORE_SENDING:
        out->sending++;
        return set_state(s, event, STORE_SENDING, how->note, "; it was on its way to TikTok", err);
    case STORE_DELIVERED:
        out->delivered++;
        return 0;
    default:
        return 0;
    }
}

static int refuse_events(struct pg *s, const struct store_click *click, const struct store_refusal *how,
                         struct store_refused *out, struct err *err)
{
    struct slice spare[SPARE_MOST];
    struct pg_rows_read rows;
    struct pg_call c;
    size_t n = 0;
    int rc = 0;

    for (const struct slice *one = how->spare; one && one->len && n < SPARE_MOST; one++)
        spare[n++] = *one;
    start(&c, s, PG_REFUSE_EVENTS, click);
    pg_texts(&c, spare, n);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; rc == 0 && i < rows.count; i++) {
        if (pg_int_at(&rows, i, 4) == STORE_WITHDRAWN)
            continue;
        if ((rc = withdraw(s, &rows, i, how, out, err)) != 0)
            break;
        pg_start(&c, s, PG_EVENT_CUT);
        pg_int(&c, pg_int_at(&rows, i, 0));
        rc = pg_run(&c, NULL, err);
    }
    pg_done(&rows);
    return rc;
}

static int cut_postbacks(struct pg *s, const struct store_click *click, const struct store_refusal *how, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int rc = 0;

    start(&c, s, PG_REFUSE_POSTBACKS, click);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; rc == 0 && i < rows.count; i++) {
        struct slice params = pg_text_at(&rows, i, 1, &s->scratch);
        struct slice cut = how->cut_params(how->context, params, &s->scratch);
        if (slice_eq(cut, params))
            continue;
        pg_start(&c, s, PG_POSTBACK_CUT);
        pg_int(&c, pg_int_at(&rows, i, 0));
        pg_text(&c, cut);
        rc = pg_run(&c, NULL, err);
    }
    pg_done(&rows);
    return rc;
}

int pg_refuse(struct pg *s, const struct store_click *click, const struct store_refusal *how,
              struct store_refused *out, struct err *err)
{
    return refuse_events(s, click, how, out, err) != 0 ? -1 : cut_postbacks(s, click, how, err);
}
