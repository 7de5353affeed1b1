/* pg_cut.c: addresses and browsers of visitors go earlier than the rows they are in. */
#include "adapters/store/pg.h"

#define LOOK 64 /* rows at a time */

enum { ID, OFFER, TEXT, OLD, OPEN };

static const struct {
    const char *from; /* in meta: rows up to this id are done */
    enum pg_sql look, write;
} kinds[2] = { { "cut_event", PG_CUT_EVENTS, PG_EVENT_BODY }, { "cut_postback", PG_CUT_POSTBACKS, PG_POSTBACK_CUT } };

static int cut_row(struct pg *s, int kind, const struct pg_rows_read *rows, int row, const struct store_retention *how,
                   struct store_retained *out, struct err *err)
{
    struct slice text = pg_text_at(rows, row, TEXT, &s->scratch), offer = pg_text_at(rows, row, OFFER, &s->scratch);
    struct slice cut = kind == 0 ? how->cut_body(how->context, text, &s->scratch)
                                 : how->cut_params(how->context, offer, text, &s->scratch);
    struct pg_call c;

    if (s->scratch.full)
        return pg_no_room(err);
    if (slice_eq(cut, text))
        return 0;
    out->cut++;
    pg_start(&c, s, kinds[kind].write);
    pg_int(&c, pg_int_at(rows, row, ID));
    pg_text(&c, cut);
    return pg_run(&c, NULL, err);
}

/* What waits, and what is too young, is looked at again in the next round. */
static int look(struct pg *s, int kind, const struct pg_rows_read *rows, const struct store_retention *how,
                struct store_retained *out, struct err *err)
{
    struct pg_cut *p = &s->old.cut[kind];
    int old = 0;

    for (int i = 0; i < rows->count; i++) {
        bool is_old = pg_int_at(rows, i, OLD) != 0, stays = !is_old || pg_int_at(rows, i, OPEN) != 0;
        old += is_old;
        p->held |= stays;
        if (!stays && cut_row(s, kind, rows, i, how, out, err) != 0)
            return -1;
        p->at = pg_int_at(rows, i, ID);
        if (!p->held)
            p->from = p->at;
    }
    return old > 0;
}

/* At most `most` rows.  1: there is more.  0: the end of a round. */
static int some(struct pg *s, int kind, const struct store_retention *how, int64_t most, struct store_retained *out,
                struct err *err)
{
    struct pg_cut *p = &s->old.cut[kind];
    struct pg_rows_read rows;
    struct pg_call c;
    int64_t from;
    int rc;

    if (!p->begun) {
        if (pg_meta_get(s, kinds[kind].from, &from, err) < 0)
            return -1;
        *p = (struct pg_cut){ .begun = true, .at = from, .from = from };
    }
    from = p->from;
    pg_start(&c, s, kinds[kind].look);
    pg_int(&c, p->at);
    pg_int(&c, how->ip);
    pg_int(&c, most);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    rc = look(s, kind, &rows, how, out, err);
    rc = rc > 0 ? rows.count == most : rc;
    pg_done(&rows);
    if (rc >= 0 && p->from != from && pg_meta_set(s, PG_META_LATER, kinds[kind].from, p->from, err) != 0)
        rc = -1;
    p->begun = rc > 0;
    p->done = rc == 0;
    return rc;
}

int pg_cut(struct pg *s, const struct store_retention *how, int64_t left, struct store_retained *out, struct err *err)
{
    struct pg_call c;
    int64_t n;
    int rc;

    if (how->ip == 0)
        return 0;
    pg_start(&c, s, PG_CUT_CLICKS);
    pg_int(&c, how->ip / 1000 + (how->ip % 1000 > 0));
    pg_int(&c, left);
    if ((n = pg_run_count(&c, err)) < 0)
        return -1;
    out->cut += n;
    for (int kind = 0; kind < 2; kind++) {
        if ((left -= n) <= 0)
            return 1;
        n = out->cut;
        if (!s->old.cut[kind].done && (rc = some(s, kind, how, left < LOOK ? left : LOOK, out, err)) != 0)
            return rc;
        n = out->cut - n;
    }
    s->old.cut[0].done = s->old.cut[1].done = false;
    return 0;
}
