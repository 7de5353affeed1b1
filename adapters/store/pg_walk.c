/* pg_walk.c: many rows, a page at a time, so that no read lasts long. */
#include "adapters/store/pg.h"

#define PAGE      500
#define ROW_BYTES ((size_t)4 << 20)

typedef int visit_row(const struct pg_rows_read *rows, int row, struct arena *arena, void *context, struct err *err);

struct walk {
    enum pg_sql which;
    int64_t from, to; /* ids, both excluded; pages go on behind the last one, which is column 0 */
    int64_t since;    /* of statements that ask for it, and for `to` */
    bool down, has_since, bodies, has_bodies;
    visit_row *visit;
    void *context;
};

/* How many rows; -1. */
static int page(struct pg *s, struct walk *w, struct arena *arena, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int rc = 0, n;

    pg_start(&c, s, w->which);
    pg_int(&c, w->from);
    pg_int(&c, PAGE);
    if (w->has_since)
        pg_int(&c, w->since);
    if (w->has_bodies)
        pg_int(&c, w->bodies);
    if (w->has_since)
        pg_int(&c, w->to);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count;
    for (int i = 0; rc == 0 && i < n; i++) {
        w->from = pg_int_at(&rows, i, 0);
        arena_reset(arena);
        rc = w->visit(&rows, i, arena, w->context, err);
    }
    pg_done(&rows);
    return rc != 0 ? -1 : n;
}

static int walk_stretch(struct store *store, struct walk *w, struct err *err)
{
    struct arena arena = { 0 };
    int n;

    arena_init(&arena, ROW_BYTES);
    do
        n = page((struct pg *)store, w, &arena, err);
    while (n == PAGE);
    arena_free(&arena);
    return n < 0 ? -1 : 0;
}

/* Ids that hold no time are all looked at, the others from that of `since` on. */
static int walk(struct store *store, struct walk *w, struct err *err)
{
    const int64_t counted[2] = { INT64_MIN, PG_FIRST_DAY_ID }, timed[2] = { pg_id_since(w->since) - 1, INT64_MAX };
    const int64_t *const stretches[2] = { w->down ? timed : counted, w->down ? counted : timed };
    int rc = 0;

    for (int i = 0; rc == 0 && i < 2; i++) {
        w->from = stretches[i][w->down];
        w->to = stretches[i][!w->down];
        rc = walk_stretch(store, w, err);
    }
    return rc;
}

struct visitor {
    store_event_visit *event;
    store_click_ids_visit *ids;
    store_brief_visit *brief;
    store_fate_visit *fate;
    void *context;
};

static int event_row(const struct pg_rows_read *rows, int row, struct arena *arena, void *context, struct err *err)
{
    struct visitor *v = context;
    struct store_event ev;

    return pg_event_row(rows, row, arena, &ev, err) != 0 ? -1 : v->event(v->context, &ev, err);
}

int pg_walk_events(struct store *store, int64_t since, store_event_visit *visit, void *context, struct err *err)
{
    struct visitor v = { .event = visit, .context = context };
    struct walk w = { .which = PG_EVENT_DOWN, .down = true, .since = since, .has_since = true,
                      .visit = event_row, .context = &v };

    return walk(store, &w, err);
}

static int ids_row(const struct pg_rows_read *rows, int row, struct arena *arena, void *context, struct err *err)
{
    struct visitor *v = context;

    return v->ids(v->context, pg_text_at(rows, row, 1, arena), pg_text_at(rows, row, 2, arena),
                  pg_text_at(rows, row, 3, arena), err);
}

int pg_walk_click_ids(struct store *store, store_click_ids_visit *visit, void *context, struct err *err)
{
    struct visitor v = { .ids = visit, .context = context };
    struct walk w = { .which = PG_CLICK_IDS, .from = INT64_MAX, .visit = ids_row, .context = &v };

    return walk_stretch(store, &w, err);
}

static int brief_row(const struct pg_rows_read *rows, int row, struct arena *arena, void *context, struct err *err)
{
    struct visitor *v = context;
    struct store_brief pb = { .id = pg_int_at(rows, row, 0), .at = pg_int_at(rows, row, 1),
                              .offer = pg_text_at(rows, row, 2, arena), .stage = pg_text_at(rows, row, 3, arena),
                              .code = pg_text_at(rows, row, 4, arena),
                              .verdict = (enum store_verdict)pg_int_at(rows, row, 5),
                              .click_id = pg_text_at(rows, row, 6, arena), .txid = pg_text_at(rows, row, 7, arena) };

    return v->brief(v->context, &pb, err);
}

int pg_walk_briefs(struct store *store, int64_t since, store_brief_visit *visit, void *context, struct err *err)
{
    struct visitor v = { .brief = visit, .context = context };
    struct walk w = { .which = PG_POSTBACK_BRIEF, .since = since, .has_since = true, .visit = brief_row, .context = &v };

    return walk(store, &w, err);
}

static int fate_row(const struct pg_rows_read *rows, int row, struct arena *arena, void *context, struct err *err)
{
    struct visitor *v = context;
    struct store_fate e = { .id = pg_int_at(rows, row, 0), .postback_id = pg_int_at(rows, row, 1),
                            .created = pg_int_at(rows, row, 2), .offer = pg_text_at(rows, row, 3, arena),
                            .currency = pg_text_at(rows, row, 4, arena),
                            .original_currency = pg_text_at(rows, row, 5, arena), .test = pg_int_at(rows, row, 6) != 0,
                            .ttclid = pg_int_at(rows, row, 7) != 0, .value = pg_int_at(rows, row, 8),
                            .original_value = pg_int_at(rows, row, 9),
                            .state = (enum store_state)pg_int_at(rows, row, 10), .body = pg_text_at(rows, row, 11, arena) };

    return v->fate(v->context, &e, err);
}

int pg_walk_fates(struct store *store, int64_t since, bool bodies, store_fate_visit *visit, void *context,
                  struct err *err)
{
    struct visitor v = { .fate = visit, .context = context };
    struct walk w = { .which = PG_EVENT_BRIEF, .since = since, .has_since = true, .bodies = bodies,
                      .has_bodies = true, .visit = fate_row, .context = &v };

    return walk(store, &w, err);
}

/* ---- counts by the hour ---- */

#define TALLY_PAGE 2000

int pg_walk_tallies(struct store *store, int64_t since, int64_t until, struct slice offer,
                    store_tally_visit *visit, void *context, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t hour = since, kind = 0, slot = INT64_MIN;
    struct slice at_offer = { 0 }, at_name = { 0 };
    struct arena arenas[2] = { { 0 }, { 0 } }; /* of this page, and where it goes on */
    int rc = 0, n = TALLY_PAGE;

    arena_init(&arenas[0], ROW_BYTES);
    arena_init(&arenas[1], ROW_BYTES);
    for (int turn = 0; rc == 0 && n == TALLY_PAGE; turn ^= 1) {
        struct pg_rows_read rows;
        struct pg_call c;
        pg_start(&c, s, PG_TALLY_WALK);
        pg_int(&c, hour);
        pg_name(&c, at_offer);
        pg_int(&c, kind);
        pg_name(&c, at_name);
        pg_int(&c, slot);
        pg_int(&c, until ? until : INT64_MAX);
        pg_text(&c, offer);
        pg_int(&c, TALLY_PAGE);
        pg_int(&c, since);
        if ((rc = pg_run(&c, &rows, err)) != 0)
            break;
        n = rows.count;
        arena_reset(&arenas[turn]);
        for (int i = 0; rc == 0 && i < n; i++) {
            struct store_tally t = { .hour = pg_int_at(&rows, i, 0), .kind = (enum store_tally_kind)pg_int_at(&rows, i, 2),
                                     .slot = (int)pg_int_at(&rows, i, 4), .n = pg_int_at(&rows, i, 5),
                                     .offer = pg_text_at(&rows, i, 1, &arenas[turn]),
                                     .name = pg_text_at(&rows, i, 3, &arenas[turn]) };
            hour = t.hour;
            kind = t.kind;
            slot = t.slot;
            at_offer = t.offer;
            at_name = t.name;
            rc = t.n == 0 ? 0 : visit(context, &t, err);
        }
        pg_done(&rows);
    }
    arena_free(&arenas[0]);
    arena_free(&arenas[1]);
    return rc != 0 ? -1 : 0;
}

/* Dead events are in no index of their own: a call looks at so many deliveries.  *last: up to which; 0: to the end. */
#define LOOKED_AT 20000

static int window(struct pg *s, int64_t after, int64_t *last, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_DELIVERY_FAR);
    pg_int(&c, after);
    pg_int(&c, LOOKED_AT - 1);
    return pg_run_one(&c, last, err) < 0 ? -1 : 0;
}

int pg_list_again(struct store *store, const struct store_again *what, int64_t *after, unsigned max, int64_t *ids,
                  size_t *count, struct err *err)
{
    int64_t low = pg_id_since(what->since) - 1, last = 0;
    struct pg_rows_read rows;
    struct pg_call c;

    *count = 0;
    if (max == 0)
        return 0;
    if (*after >= PG_FIRST_DAY_ID && *after < low)
        *after = low;
    if (what->dead && window((struct pg *)store, *after, &last, err) != 0)
        return -1;
    pg_start(&c, (struct pg *)store, what->dead ? PG_AGAIN_EVENTS : PG_AGAIN_POSTBACKS);
    pg_int(&c, *after);
    pg_int(&c, what->since);
    pg_int(&c, what->until ? what->until : INT64_MAX);
    pg_text(&c, what->offer);
    pg_text(&c, what->tracker);
    pg_text(&c, what->stage);
    pg_text(&c, what->code);
    pg_int(&c, max);
    pg_int(&c, last ? last : INT64_MAX);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++)
        *after = ids[(*count)++] = pg_int_at(&rows, i, 0);
    pg_done(&rows);
    if (*count == max)
        return 1;
    if (last)
        *after = last;
    return last != 0;
}
