/* pg_fill_tally.c: the counts of a database that was filled. */
#include <stdlib.h>

#include "adapters/store/pg_fill.h"

/* ---- counted from the rows of a batch ---- */

static int by_id(const void *a, const void *b)
{
    const int64_t *x = a;
    const struct pg_tried *y = b;

    return (*x > y->id) - (*x < y->id);
}

/* The attempts that the batch names, in the order of their ids. */
static int read_answers(struct pg_import *im, struct pg_tried **list, size_t *count, struct err *err)
{
    struct pg *s = im->s;
    struct pg_rows_read rows;
    struct pg_call c;
    int64_t *ids;
    size_t n = 0;

    for (size_t i = 0; i < im->count; i++)
        n += ledger_get(&im->rows[i], "tries")->count;
    if (!(ids = ARENA_ARRAY(&s->scratch, int64_t, n)))
        return pg_no_room(err);
    n = 0;
    for (size_t i = 0; i < im->count; i++) {
        const struct ledger_value *v = ledger_get(&im->rows[i], "tries");
        for (size_t k = 0; k < v->count; k++)
            ids[n++] = v->ids[k];
    }
    pg_start(&c, s, PG_IMPORT_ANSWERS);
    pg_ints(&c, ids, n);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *list = ARENA_ARRAY(&s->scratch, struct pg_tried, (size_t)rows.count);
    *count = 0;
    for (int i = 0; *list && i < rows.count; i++)
        (*list)[(*count)++] = (struct pg_tried){
            pg_int_at(&rows, i, 0), { .at = pg_int_at(&rows, i, 1), .took_ms = (uint32_t)pg_int_at(&rows, i, 2),
                                      .http_status = (int)pg_int_at(&rows, i, 3), .code = pg_int_at(&rows, i, 4) } };
    pg_done(&rows);
    return *list ? 0 : pg_no_room(err);
}

/* What an answer meant is known of the last one; what was delivered is known by it as well. */
static void tally_answers(struct pg *s, const struct ledger_row *r, const struct pg_tallied *e, enum store_state state,
                          const struct pg_tried *list, size_t count)
{
    const struct ledger_value *tries = ledger_get(r, "tries");

    for (size_t k = 0; k < tries->count; k++) {
        const struct pg_tried *a = bsearch(&tries->ids[k], list, count, sizeof(*list), by_id);
        bool last = k + 1 == tries->count && (state == STORE_DELIVERED || state == STORE_DEAD);
        if (a)
            pg_tally_answer(s, e, &a->attempt, last ? state : STORE_WAITING);
    }
}

int pg_fill_tally_events(struct pg_import *im, struct err *err)
{
    struct pg_tried *answers;
    size_t count;

    if (read_answers(im, &answers, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < im->count; i++) {
        const struct ledger_row *r = &im->rows[i];
        const struct store_event ev = pg_fill_event(r);
        const struct pg_tallied e = { ev.created, ev.offer, ev.event };
        pg_tally_put(im->s, &ev);
        if (ev.state == STORE_DEAD || ev.state == STORE_WITHDRAWN)
            pg_tally_state(im->s, &e, ev.state, 1);
        tally_answers(im->s, r, &e, ev.state, answers, count);
    }
    return 0;
}

/* ---- brought from the source ---- */

static int put_tallies(struct pg_import *im, struct err *err)
{
    struct arena *a = &im->s->scratch;
    int64_t *numbers[4]; /* hour, kind, slot, n */
    struct slice *offers, *names;
    size_t n = im->tallies;
    struct pg_call c;

    arena_reset(a);
    offers = ARENA_ARRAY(a, struct slice, n);
    names = ARENA_ARRAY(a, struct slice, n);
    for (int i = 0; i < 4; i++)
        numbers[i] = ARENA_ARRAY(a, int64_t, n);
    if (a->full)
        return pg_no_room(err);
    for (size_t i = 0; i < n; i++) {
        const struct store_tally *t = &im->tally[i];
        const int64_t of[] = { t->hour, t->kind, t->slot, t->n };
        for (int k = 0; k < 4; k++)
            numbers[k][i] = of[k];
        offers[i] = t->offer;
        names[i] = t->name;
    }
    pg_start(&c, im->s, PG_TALLY_PUT);
    pg_ints(&c, numbers[0], n);
    pg_texts(&c, offers, n);
    pg_ints(&c, numbers[1], n);
    pg_texts(&c, names, n);
    pg_ints(&c, numbers[2], n);
    pg_ints(&c, numbers[3], n);
    pg_int(&c, im->s->number);
    im->tallies = 0;
    if (pg_run(&c, NULL, err) != 0)
        return -1;
    arena_reset(&im->batch);
    return 0;
}

int store_pg_copy_tally(struct ledger_import *base, const struct store_tally *t, struct err *err)
{
    struct pg_import *im = (struct pg_import *)base;
    struct store_tally *to;

    if (!im->tallied) { /* rows have come to their end; those of an earlier copy go */
        if (pg_import_rows_end(im, err) != 0 || pg_simple(im->s, "DELETE FROM tallies", err) != 0)
            return -1;
        im->tallied = true;
    }
    if (im->tallies == PG_FILL_ROWS && put_tallies(im, err) != 0)
        return -1;
    to = &im->tally[im->tallies++];
    *to = *t;
    to->offer = arena_dup(&im->batch, t->offer);
    to->name = arena_dup(&im->batch, t->name);
    return im->batch.full ? pg_no_room(err) : 0;
}

int store_pg_copy_gone(struct ledger_import *base, const struct ledger_gone *gone, struct err *err)
{
    struct pg *s = ((struct pg_import *)base)->s;

    return pg_meta_set(s, PG_META_SET, "clicks_before", gone->clicks, err) != 0 ||
           pg_meta_set(s, PG_META_SET, "ledger_before", gone->ledger, err) != 0 ? -1 : 0;
}

int pg_fill_tallies_end(struct pg_import *im, struct err *err)
{
    return im->tallies ? put_tallies(im, err) : 0;
}

/* ---- the writers' sums ---- */

/* Whatever they were: this writer's row makes up for the difference. */
int pg_fill_counts(struct pg_import *im, struct err *err)
{
    struct pg *s = im->s;
    int64_t *const to[] = { &s->counts.clicks, &s->counts.postbacks, &s->counts.waiting, &s->counts.sending,
                            &s->counts.delivered, &s->counts.dead, &s->counts.quarantined, &s->counts.withdrawn };
    struct pg_rows_read rows;
    struct pg_call c;

    arena_reset(&s->scratch);
    pg_start(&c, s, PG_COUNT_ROWS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < 8; i++)
        *to[i] = pg_int_at(&rows, 0, i) - pg_int_at(&rows, 0, i + 8);
    pg_done(&rows);
    return 0;
}
