/* sqlite_walk.c: everything of a kind, newest first, a page at a time: no read lasts so long that
 * the log of a running server could not be shortened. */
#include "adapters/store/sqlite.h"

#define PAGE 500
#define ROW_BYTES ((size_t)4 << 20)
#define CLOCK_JUMP_MS (INT64_C(86400) * 1000) /* a clock that was set back is forgiven as much */

typedef int visit_row(struct sqlite *s, struct sqlite3_stmt *st, void *context, struct err *err);

/* One page of rows with ids below (of another statement: above) *below, which becomes the last of them.  1: there may be more,
 * 0: that was the last. */
static int page(struct sqlite *s, enum sql which, int64_t *below, visit_row *visit, void *context,
                struct err *err)
{
    struct sqlite3_stmt *st;
    int rc = 1, count = 0;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    st = sql_use(s, which, err);
    if (!st)
        rc = -1;
    else {
        bind_int(st, 1, *below);
        bind_int(st, 2, PAGE);
        while (rc == 1 && (rc = sql_step(s, st, err)) == 1) {
            *below = col_int(st, 0);
            count++;
            rc = visit(s, st, context, err);
        }
        sql_done(st);
    }
    sqlite_read_end(s);
    return rc < 0 ? -1 : rc == 0 && count == PAGE;
}

static int walk(struct sqlite *s, enum sql which, visit_row *visit, void *context, bool *over,
                struct err *err)
{
    int64_t below = INT64_MAX;
    int rc;

    do
        rc = page(s, which, &below, visit, context, err);
    while (rc == 1 && !*over);
    return rc < 0 ? -1 : 0;
}

struct events_walk {
    struct arena arena; /* of one row */
    int64_t since;
    bool over;
    store_event_visit *visit;
    void *context;
};

static int event_row(struct sqlite *s, struct sqlite3_stmt *st, void *context, struct err *err)
{
    struct events_walk *w = context;
    struct store_event ev;

    arena_reset(&w->arena);
    if (sqlite_event_row(s, st, &w->arena, &ev, err) != 0)
        return -1;
    if (ev.created < w->since - CLOCK_JUMP_MS)
        w->over = true;
    else if (ev.created >= w->since && w->visit(w->context, &ev, err) != 0)
        return -1;
    return w->over ? 0 : 1;
}

int sqlite_walk_events(struct store *store, int64_t since, store_event_visit *visit, void *context,
                       struct err *err)
{
    struct events_walk w = { .since = since, .visit = visit, .context = context };
    int rc;

    arena_init(&w.arena, ROW_BYTES);
    rc = walk((struct sqlite *)store, SQL_EVENT_DOWN, event_row, &w, &w.over, err);
    arena_free(&w.arena);
    return rc;
}

struct ids_walk {
    struct arena arena;
    bool over;
    store_click_ids_visit *visit;
    void *context;
};

static int ids_row(struct sqlite *s, struct sqlite3_stmt *st, void *context, struct err *err)
{
    struct ids_walk *w = context;
    struct slice offer;

    arena_reset(&w->arena);
    if (col_name(s, st, 1, &w->arena, &offer, err) != 0)
        return -1;
    return w->visit(w->context, offer, col_text(st, 2), col_text(st, 3), err) == 0 ? 1 : -1;
}

int sqlite_walk_click_ids(struct store *store, store_click_ids_visit *visit, void *context,
                          struct err *err)
{
    struct ids_walk w = { .visit = visit, .context = context };
    int rc;

    arena_init(&w.arena, ROW_BYTES);
    rc = walk((struct sqlite *)store, SQL_CLICK_IDS, ids_row, &w, &w.over, err);
    arena_free(&w.arena);
    return rc;
}

/* The id behind the last one: another handle may have put it. */
static int next_id(struct sqlite *s, enum rows rows, int64_t *id, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_LAST_IDS, err);
    int rc = st ? sql_step(s, st, err) : -1;

    if (rc == 1)
        *id = col_int(st, (int)rows) + 1;
    if (st)
        sql_done(st);
    return rc == 1 ? 0 : -1;
}

int sqlite_id_before(struct sqlite *s, enum rows rows, int64_t since, int64_t *id, struct err *err)
{
    enum sql next = rows == ROWS_POSTBACKS ? SQL_POSTBACK_NEXT : SQL_EVENT_NEXT;
    int64_t low = 0, high = 0;

    if (next_id(s, rows, &high, err) != 0)
        return -1;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2, at = INT64_MAX;
        struct sqlite3_stmt *st = sql_use(s, next, err);
        int rc;
        if (!st)
            return -1;
        bind_int(st, 1, middle);
        rc = sql_step(s, st, err);
        if (rc == 1)
            at = col_int(st, 1);
        sql_done(st);
        if (rc < 0)
            return -1;
        if (at < since - CLOCK_JUMP_MS)
            low = middle;
        else
            high = middle;
    }
    *id = low;
    return 0;
}

/* ---- for counting: rows without what is large ---- */

struct brief_walk {
    struct arena arena;
    int64_t since;
    store_brief_visit *postback;
    store_fate_visit *event;
    void *context;
};

/* Columns first to first + n of st are names. */
static int names_of(struct sqlite *s, struct sqlite3_stmt *st, int first, int n,
                    struct arena *arena, struct slice *const to[], struct err *err)
{
    arena_reset(arena);
    for (int i = 0; i < n; i++)
        if (col_name(s, st, first + i, arena, to[i], err) != 0)
            return -1;
    return 0;
}

static int brief_row(struct sqlite *s, struct sqlite3_stmt *st, void *context, struct err *err)
{
    struct brief_walk *w = context;
    struct store_brief pb = { .id = col_int(st, 0), .at = col_int(st, 1) };
    struct slice *const names[] = { &pb.offer, &pb.stage, &pb.code };

    if (pb.at < w->since)
        return 1;
    if (names_of(s, st, 2, 3, &w->arena, names, err) != 0)
        return -1;
    pb.verdict = (enum store_verdict)col_int(st, 5);
    pb.click_id = col_text(st, 6);
    pb.txid = col_text(st, 7);
    return w->postback(w->context, &pb, err) == 0 ? 1 : -1;
}

static int fate_row(struct sqlite *s, struct sqlite3_stmt *st, void *context, struct err *err)
{
    struct brief_walk *w = context;
    struct store_fate e = { .id = col_int(st, 0), .postback_id = col_int(st, 1),
                            .created = col_int(st, 2) };
    struct slice *const names[] = { &e.offer, &e.currency, &e.original_currency };

    if (e.created < w->since)
        return 1;
    if (names_of(s, st, 3, 3, &w->arena, names, err) != 0)
        return -1;
    e.test = col_int(st, 6) != 0;
    e.ttclid = col_int(st, 7) != 0;
    e.value = col_int(st, 8);
    e.original_value = col_int(st, 9);
    e.state = (enum store_state)col_int(st, 10);
    e.body = col_text(st, 11);
    return w->event(w->context, &e, err) == 0 ? 1 : -1;
}

/* Oldest first: the file is then read from its front to its end, which disks are quick at. */
static int walk_brief(struct store *store, enum rows rows, enum sql which, visit_row *row,
                      struct brief_walk *w, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int64_t after = 0;
    int rc = sqlite_id_before(s, rows, w->since, &after, err);

    arena_init(&w->arena, ROW_BYTES);
    if (rc == 0)
        do
            rc = page(s, which, &after, row, w, err);
        while (rc == 1);
    arena_free(&w->arena);
    return rc < 0 ? -1 : 0;
}

int sqlite_walk_briefs(struct store *store, int64_t since, store_brief_visit *visit, void *context,
                       struct err *err)
{
    struct brief_walk w = { .since = since, .postback = visit, .context = context };

    return walk_brief(store, ROWS_POSTBACKS, SQL_POSTBACK_BRIEF, brief_row, &w, err);
}

int sqlite_walk_fates(struct store *store, int64_t since, bool bodies, store_fate_visit *visit,
                      void *context, struct err *err)
{
    struct brief_walk w = { .since = since, .event = visit, .context = context };

    return walk_brief(store, ROWS_EVENTS, bodies ? SQL_EVENT_BRIEF_BODY : SQL_EVENT_BRIEF, fate_row,
                      &w, err);
}
