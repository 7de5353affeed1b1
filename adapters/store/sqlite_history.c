/* sqlite_history.c: the earlier postbacks of one click, and which clicks have a past that an event
 * must know of.  For the writer what it has put in this transaction counts; a reader, which has no ids
 * in memory, looks at the newest rows themselves. */
#include <stdlib.h>

#include "adapters/store/sqlite_index.h"
#include "core/rules/lifecycle.h"

/* Columns of POSTBACK_SEEN. */
enum { ID, AT, OFFER, STAGE, VERDICT, CODE, CLICK_ID, EVENT_ID, TXID, TTCLID, PARAMS };

static uint64_t mark_hash(const struct sqlite *s, struct slice id)
{
    return index_hash(s, id, 0);
}

int sqlite_history_mark(struct sqlite *s, int64_t row, struct slice click_id, struct slice ttclid,
                        struct slice stage, enum store_verdict verdict, struct err *err)
{
    struct slice id = click_id.len ? click_id : ttclid;

    if (id.len == 0 || verdict == STORE_QUARANTINED ||
        (click_id.len && !lifecycle_takes_back(stage)))
        return 0;
    return index_add(s, INDEX_MARKS, mark_hash(s, id), row, err);
}

/* 1: the row at st belongs to the click.  Names are numbers in rows. */
static bool is_of(struct sqlite3_stmt *st, int64_t offer, struct slice click_id,
                  struct slice ttclid)
{
    struct slice own = col_text(st, CLICK_ID);

    if (col_int(st, OFFER) != offer)
        return false;
    if (click_id.len && slice_eq(own, click_id))
        return true;
    return ttclid.len &&
           (click_id.len == 0 || (own.len == 0 && col_int(st, VERDICT) != STORE_QUARANTINED)) &&
           slice_eq(col_within(st, TTCLID, col_text(st, PARAMS)), ttclid);
}

/* Rows that may hold an id: a click of very many postbacks must neither fill the memory of a request
 * nor hold up the others. */
#define ROWS_MOST  4096
#define ROWS_BYTES ((size_t)1 << 20)

struct past {
    struct sqlite *s;
    int64_t offer;
    struct slice click_id, ttclid;
};

/* ---- a reader: rows that are in no run yet ---- */

typedef int visit_seen(struct past *p, struct sqlite3_stmt *st, void *context, struct err *err);

/* Call visit for those of the click until it gives something other than 0, which is then the result. */
static int scan_tail(struct past *p, visit_seen *visit, void *context, struct err *err)
{
    static const enum sql parts[] = { SQL_SEEN_TAIL, SQL_SEEN_LATE };
    int64_t after[ROWS_COUNT];
    int rc = index_refresh(p->s, after, err);

    for (size_t i = 0; i < 2 && rc == 0; i++) {
        struct sqlite3_stmt *st = sql_use(p->s, parts[i], err);
        if (!st)
            return -1;
        arena_reset(&p->s->scratch);
        if (parts[i] == SQL_SEEN_TAIL)
            bind_int(st, 1, after[ROWS_POSTBACKS]);
        while (rc == 0 && (rc = sql_step(p->s, st, err)) == 1)
            rc = is_of(st, p->offer, p->click_id, p->ttclid) ? visit(p, st, context, err) : 0;
        sql_done(st);
    }
    return rc;
}

/* 1: it would have a mark. */
static int is_marked(struct past *p, struct sqlite3_stmt *st, void *arena, struct err *err)
{
    struct slice stage, own = col_text(st, CLICK_ID);

    if (col_int(st, VERDICT) == STORE_QUARANTINED)
        return 0;
    if (own.len == 0)
        return 1;
    if (!slice_eq(own, p->click_id) && !slice_eq(own, p->ttclid))
        return 0; /* is_of a click by its ttclid: its mark is that of another id */
    return col_name(p->s, st, STAGE, arena, &stage, err) != 0 ? -1 : lifecycle_takes_back(stage);
}

struct ids {
    struct arena *arena;
    int64_t *list;
    size_t count, cap;
};

static int add_id(struct past *p, struct sqlite3_stmt *st, void *context, struct err *err)
{
    struct ids *ids = context;

    (void)p;
    if (ids->count == ids->cap) {
        size_t cap = ids->cap ? ids->cap * 2 : 64;
        int64_t *more = ARENA_ARRAY(ids->arena, int64_t, cap);
        if (!more)
            return sqlite_no_room(err);
        for (size_t i = 0; i < ids->count; i++)
            more[i] = ids->list[i];
        ids->list = more;
        ids->cap = cap;
    }
    ids->list[ids->count++] = col_int(st, ID);
    return 0;
}

static int downwards(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x < *y) - (*x > *y);
}

/* ---- which clicks have a past ---- */

/* By the id that it is marked with: its click's, or where it has none its ttclid. */
static bool is_mark_of(struct sqlite3_stmt *st, const struct past *p)
{
    struct slice own = col_text(st, CLICK_ID), ttclid = col_within(st, TTCLID, col_text(st, PARAMS));

    if (col_int(st, OFFER) != p->offer)
        return false;
    return own.len ? slice_eq(own, p->click_id) : ttclid.len && slice_eq(ttclid, p->ttclid);
}

static int visit_mark(void *context, int64_t row, struct err *err)
{
    struct past *p = context;
    struct sqlite3_stmt *st = sql_use(p->s, SQL_POSTBACK_SEEN, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, row);
    rc = sql_step(p->s, st, err);
    if (rc == 1)
        rc = is_mark_of(st, p);
    sql_done(st);
    return rc;
}

int sqlite_marked(struct store *store, struct slice offer, struct slice click_id,
                  struct slice ttclid, struct err *err)
{
    struct past p = { .s = (struct sqlite *)store, .click_id = click_id, .ttclid = ttclid };
    const struct slice ids[] = { click_id, ttclid };
    int rc;

    if (sqlite_read_begin(p.s, err) != 0)
        return -1;
    rc = names_id(p.s, offer, false, &p.offer, err);
    rc = rc == 1 && !p.s->store.writer ? scan_tail(&p, is_marked, &p.s->scratch, err) : rc < 0 ? -1 : 0;
    for (size_t i = 0; rc == 0 && p.offer && i < 2; i++)
        if (ids[i].len)
            rc = index_find(p.s, INDEX_MARKS, mark_hash(p.s, ids[i]), visit_mark, &p, err);
    sqlite_read_end(p.s);
    return rc;
}

/* ---- its past ---- */

static int take(struct past *p, struct sqlite3_stmt *st, struct arena *arena,
                struct store_seen *out, struct err *err)
{
    *out = (struct store_seen){
        .id = col_int(st, ID),
        .at = col_int(st, AT),
        .verdict = (enum store_verdict)col_int(st, VERDICT),
        .click_id = arena_dup(arena, col_text(st, CLICK_ID)),
        .event_id = arena_dup(arena, col_text(st, EVENT_ID)),
        .txid = arena_dup(arena, col_text(st, TXID)),
    };
    if (col_name(p->s, st, STAGE, arena, &out->stage, err) != 0 ||
        col_name(p->s, st, CODE, arena, &out->code, err) != 0)
        return -1;
    return 0;
}

static int collect(struct past *p, const int64_t *rows, size_t n, unsigned max,
                   struct arena *arena, struct store_seen *list, size_t *count, struct err *err)
{
    for (size_t i = 0; i < n && *count < max; i++) {
        struct sqlite3_stmt *st = sql_use(p->s, SQL_POSTBACK_SEEN, err);
        int rc;
        if (!st)
            return -1;
        bind_int(st, 1, rows[i]);
        rc = sql_step(p->s, st, err);
        if (rc == 1 && is_of(st, p->offer, p->click_id, p->ttclid))
            rc = take(p, st, arena, &list[(*count)++], err);
        sql_done(st);
        if (rc < 0)
            return -1;
    }
    return arena->full ? sqlite_no_room(err) : 0;
}

/* With a click id, the postbacks without one are found by their marks: in memory, nearly always. */
static int rows_of(struct past *p, struct arena *arena, int64_t **rows, size_t *n, struct err *err)
{
    uint64_t click = index_hash(p->s, p->click_id, 0), ttclid = mark_hash(p->s, p->ttclid);
    uint64_t hashes[2];
    int64_t *more, *both;
    size_t extra = 0, at = 0;

    if (p->click_id.len == 0)
        return index_rows(p->s, INDEX_POSTBACKS, hashes,
                          index_ttclid_hashes(p->s, ROWS_POSTBACKS, p->ttclid, 0, hashes),
                          ROWS_MOST, arena, rows, n, err);
    if (index_rows(p->s, INDEX_POSTBACKS, &click, 1, ROWS_MOST, arena, rows, n, err) != 0 ||
        (p->ttclid.len &&
         index_rows(p->s, INDEX_MARKS, &ttclid, 1, ROWS_MOST, arena, &more, &extra, err) != 0))
        return -1;
    if (extra == 0)
        return 0;
    if (!(both = ARENA_ARRAY(arena, int64_t, *n + extra)))
        return sqlite_no_room(err);
    for (size_t i = 0, k = 0; i < *n || k < extra;) { /* newest first, each once */
        int64_t row = k == extra || (i < *n && (*rows)[i] > more[k]) ? (*rows)[i++] : more[k++];
        if (at == 0 || both[at - 1] != row)
            both[at++] = row;
    }
    *rows = both;
    *n = at;
    return 0;
}

/* The same for a reader. */
static int newest_of(struct past *p, struct arena *arena, int64_t **rows, size_t *n, struct err *err)
{
    struct ids ids = { .arena = arena };
    size_t kept = 0;
    int64_t *both;

    if (scan_tail(p, add_id, &ids, err) != 0 || rows_of(p, arena, rows, n, err) != 0)
        return -1;
    if (ids.count == 0)
        return 0;
    if (!(both = ARENA_ARRAY(arena, int64_t, ids.count + *n)))
        return sqlite_no_room(err);
    for (size_t i = 0; i < ids.count + *n; i++)
        both[i] = i < *n ? (*rows)[i] : ids.list[i - *n];
    qsort(both, ids.count + *n, sizeof(*both), downwards);
    for (size_t i = 0; i < ids.count + *n; i++)
        if (i == 0 || both[i] != both[kept - 1])
            both[kept++] = both[i];
    *rows = both;
    *n = kept;
    return 0;
}

int sqlite_history(struct store *store, struct slice offer, struct slice click_id,
                   struct slice ttclid, unsigned max, struct arena *arena,
                   struct store_seen **list, size_t *count, struct err *err)
{
    struct past p = { .s = (struct sqlite *)store, .click_id = click_id, .ttclid = ttclid };
    struct arena own;
    int64_t *rows = NULL;
    size_t n = 0;
    int rc;

    *list = NULL;
    *count = 0;
    if (names_id(p.s, offer, false, &p.offer, err) < 0)
        return -1;
    if (!p.offer || max == 0 || (click_id.len == 0 && ttclid.len == 0))
        return 0;
    arena_init(&own, ROWS_BYTES);
    rc = sqlite_read_begin(p.s, err);
    if (rc == 0)
        rc = p.s->store.writer ? rows_of(&p, &own, &rows, &n, err) : newest_of(&p, &own, &rows, &n, err);
    if (rc == 0 && !(*list = ARENA_ARRAY(arena, struct store_seen, n < max ? n : max)))
        rc = sqlite_no_room(err);
    if (rc == 0)
        rc = collect(&p, rows, n, max, arena, *list, count, err);
    sqlite_read_end(p.s);
    arena_free(&own);
    return rc;
}

int sqlite_postback_params(struct store *store, int64_t id, struct arena *arena,
                           struct slice *params, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st = sql_use(s, SQL_POSTBACK_SEEN, err);
    int rc;

    *params = (struct slice){ 0 };
    if (!st)
        return -1;
    bind_int(st, 1, id);
    rc = sql_step(s, st, err);
    if (rc == 1)
        *params = arena_dup(arena, col_text(st, PARAMS));
    sql_done(st);
    return rc < 0 ? -1 : arena->full ? sqlite_no_room(err) : rc;
}
