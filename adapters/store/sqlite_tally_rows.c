/* sqlite_tally_rows.c: tallies read, and counted from the rows themselves: of a store of before, of one that
 * was imported, and by the tests that hold the two against each other. */
#include <string.h>

#include "adapters/store/sqlite_tally.h"

#define WALK_ROWS  2000
#define BATCH_IDS  5000 /* of one statement */
#define ROW_BYTES  ((size_t)16 << 20)

/* ---- reading ---- */

struct walk {
    struct sqlite *s;
    int64_t until, offer, at[5]; /* behind this key */
    store_tally_visit *visit;
    void *context;
    struct arena arena;
};

static int visit_row(struct walk *w, struct sqlite3_stmt *st, struct err *err)
{
    struct store_tally t = { .hour = col_int(st, 0), .kind = (enum store_tally_kind)col_int(st, 2),
                             .slot = (int)col_int(st, 4), .n = col_int(st, 5) };

    for (int i = 0; i < 5; i++)
        w->at[i] = col_int(st, i);
    arena_reset(&w->arena);
    if (col_name(w->s, st, 1, &w->arena, &t.offer, err) != 0 || col_name(w->s, st, 3, &w->arena, &t.name, err) != 0)
        return -1;
    return t.n == 0 ? 0 : w->visit(w->context, &t, err);
}

/* How many rows; -1. */
static int64_t walk_some(struct walk *w, struct err *err)
{
    struct sqlite3_stmt *st;
    int64_t n = 0;
    int rc = -1;

    if (sqlite_read_begin(w->s, err) != 0)
        return -1;
    if ((st = sql_use(w->s, SQL_TALLY_WALK, err)) != NULL) {
        for (int i = 0; i < 5; i++)
            bind_int(st, 1 + i, w->at[i]);
        bind_int(st, 6, w->until);
        bind_int(st, 7, w->offer);
        bind_int(st, 8, WALK_ROWS);
        while ((rc = sql_step(w->s, st, err)) == 1) {
            n++;
            if ((rc = visit_row(w, st, err)) != 0)
                break;
        }
        sql_done(st);
    }
    sqlite_read_end(w->s);
    return rc < 0 ? -1 : n;
}

int sqlite_walk_tallies(struct store *store, int64_t since, int64_t until, struct slice offer,
                        store_tally_visit *visit, void *context, struct err *err)
{
    struct walk w = { .s = (struct sqlite *)store, .until = until ? until : INT64_MAX, .visit = visit,
                      .context = context, .at = { since - 1, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX } };
    int64_t n = 1;
    int rc = offer.len ? names_id(w.s, offer, false, &w.offer, err) : 1;

    if (rc != 1)
        return rc;
    arena_init(&w.arena, 64 * 1024);
    do
        n = walk_some(&w, err);
    while (n == WALK_ROWS);
    arena_free(&w.arena);
    return n < 0 ? -1 : 0;
}

/* ---- counting what is there ---- */

struct counting {
    struct sqlite *s;
    struct arena arena; /* of one row */
    int64_t last;       /* the id that it has come to */
};

typedef int count_row(struct counting *c, struct sqlite3_stmt *st, struct err *err);

static int count_click(struct counting *c, struct sqlite3_stmt *st, struct err *err)
{
    enum { OFFER = 1, AT = 2, TTCLID = 10 };
    struct sqlite *s = c->s;

    if (tally_click(s, col_int(st, OFFER), col_int(st, AT), false, 1, err) != 0)
        return -1;
    return col_text(st, TTCLID).len ? tally_click(s, col_int(st, OFFER), col_int(st, AT), true, 1, err) : 0;
}

static int count_postback(struct counting *c, struct sqlite3_stmt *st, struct err *err)
{
    struct store_postback pb;

    if (sqlite_postback_row(c->s, st, &c->arena, &pb, err) != 0)
        return -1;
    return c->arena.full ? sqlite_no_room(err) : tally_postback(c->s, &pb, 1, err);
}

static int count_event(struct counting *c, struct sqlite3_stmt *st, struct err *err)
{
    enum { OFFER = 3, EVENT = 5 };
    struct tally_event e = { col_int(st, 0), col_int(st, 2), col_int(st, OFFER), col_int(st, EVENT) };
    struct store_event ev;

    if (sqlite_event_row(c->s, st, &c->arena, &ev, err) != 0 || tally_put(c->s, &e, &ev, err) != 0 ||
        (c->s->tally_to && slice_eq(ev.body, S("{}")) && tally_emptied(c->s, &e, err) != 0))
        return -1;
    /* what of it was delivered is known by its last attempt, below */
    return ev.state == STORE_DEAD || ev.state == STORE_WITHDRAWN ? tally_state(c->s, &e, ev.state, 1, err) : 0;
}

static int count_answer(struct counting *c, struct sqlite3_stmt *st, struct err *err)
{
    struct store_attempt a = { .at = col_int(st, 0), .took_ms = (uint32_t)col_int(st, 1),
                               .http_status = (int)col_int(st, 2), .code = col_int(st, 3) };
    enum store_state state = col_int(st, 5) ? (enum store_state)col_int(st, 6) : STORE_WAITING;
    struct tally_event e;
    int rc = tally_find(c->s, col_int(st, 4), &e, err);

    if (rc != 1)
        return rc;
    if (state != STORE_DELIVERED && state != STORE_DEAD)
        state = STORE_WAITING;
    if (tally_answer(c->s, &e, &a, state, err) != 0)
        return -1;
    return state == STORE_DELIVERED ? tally_delivered(c->s, &e, &a, err) : 0;
}

static const struct {
    enum sql read;
    count_row *count;
    bool bounded; /* by a second id, not by the batch */
} tables[] = {
    { SQL_CLICK_TAIL, count_click, false },
    { SQL_POSTBACK_TAIL, count_postback, false },
    { SQL_EVENT_TAIL, count_event, false },
    { SQL_TALLY_ANSWERS, count_answer, true },
};
#define TABLES (sizeof(tables) / sizeof(*tables))

/* Ids that hold a time (of a store that was PostgreSQL's) lie far apart.  1: there are events behind upto. */
static int next_answers(struct counting *c, int64_t upto, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(c->s, SQL_EVENT_BEHIND, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, upto);
    rc = sql_step(c->s, st, err);
    if (rc == 1)
        c->last = col_int(st, 0) - 1;
    sql_done(st);
    return rc;
}

/* Up to BATCH_IDS rows of a table, behind c->last.  1: there are more. */
static int count_some(struct counting *c, size_t table, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(c->s, tables[table].read, err);
    int64_t upto = c->last + BATCH_IDS;
    size_t rows = 0;
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, c->last);
    if (tables[table].bounded)
        bind_int(st, 2, upto);
    while ((rc = sql_step(c->s, st, err)) == 1 && (tables[table].bounded || rows < BATCH_IDS)) {
        arena_reset(&c->arena);
        if (!tables[table].bounded)
            c->last = col_int(st, 0);
        rows++;
        if ((rc = tables[table].count(c, st, err)) != 0)
            break;
    }
    sql_done(st);
    if (rc < 0)
        return -1;
    if (!tables[table].bounded)
        return rc == 1;
    return next_answers(c, upto, err);
}

/* Ids that there are up to the last: of each table, and (answers) of events once more. */
static int64_t ids_of(const struct sqlite *s, size_t table)
{
    static const enum rows of[TABLES] = { ROWS_CLICKS, ROWS_POSTBACKS, ROWS_EVENTS, ROWS_EVENTS };

    return s->now.last[of[table]];
}

int tally_rows(struct sqlite *s, struct err *err)
{
    struct counting c = { .s = s };
    int64_t before = 0, of = 0;
    int rc = 0;

    tally_forget(s->tally); /* the table is empty now, whatever it was */
    for (size_t i = 0; i < TABLES; i++)
        of += ids_of(s, i);
    arena_init(&c.arena, ROW_BYTES);
    for (size_t i = 0; i < TABLES && rc >= 0; before += ids_of(s, i++)) {
        c.last = 0;
        do
            sqlite_upgrade_tell(s, "counting", before + c.last, of);
        while ((rc = count_some(&c, i, err)) == 1);
    }
    arena_free(&c.arena);
    return rc < 0 ? -1 : tally_write(s, err);
}

/* In one transaction: half of it would never be counted again. */
int tally_catch_up(struct sqlite *s, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_TALLY_ANY, err);
    int rc = st ? sql_step(s, st, err) : -1;
    bool any = rc == 1 && col_int(st, 0);

    sql_done(st);
    if (rc < 0)
        return -1;
    if (any)
        return 0;
    if (store_begin(&s->store, err) != 0)
        return -1;
    if (tally_rows(s, err) != 0) {
        store_rollback(&s->store);
        return -1;
    }
    return store_commit(&s->store, err);
}
