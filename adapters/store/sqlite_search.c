#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_index.h"

#define HASHES_MOST 8

struct found {
    int64_t *ids;
    size_t count, cap;
};

static int add(struct found *f, struct arena *arena, int64_t id, struct err *err)
{
    if (f->count == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        int64_t *ids = ARENA_ARRAY(arena, int64_t, cap);
        if (!ids)
            return sqlite_no_room(err);
        if (f->count)
            memcpy(ids, f->ids, f->count * sizeof(*ids));
        f->ids = ids;
        f->cap = cap;
    }
    f->ids[f->count++] = id;
    return 0;
}

enum sqlite_match sqlite_match_ttclid(struct slice id, struct slice ttclid)
{
    if (slice_eq(id, ttclid))
        return id.len ? MATCH_EXACT : MATCH_NONE;
    return id.len >= STORE_PREFIX && slice_starts(ttclid, id) ? MATCH_PREFIX : MATCH_NONE;
}

struct search {
    struct sqlite *s;
    const struct sqlite_search *what;
    struct slice id;
    unsigned max;
    struct arena *arena;
    struct found exact, prefix; /* rows that may be such ones */
    void *list;
    size_t count;
};

static int scan(struct search *q, struct sqlite3_stmt *st, struct err *err)
{
    int rc;

    while ((rc = sql_step(q->s, st, err)) == 1) {
        enum sqlite_match m = q->what->match(st, q->id);
        if (m != MATCH_NONE &&
            add(m == MATCH_EXACT ? &q->exact : &q->prefix, q->arena, col_int(st, 0), err) != 0) {
            rc = -1;
            break;
        }
    }
    sql_done(st);
    return rc;
}

/* A reader has no ids in memory: it looks at the newest rows themselves. */
static int search_tail(struct search *q, struct err *err)
{
    struct sqlite3_stmt *tail = sql_use(q->s, q->what->tail, err), *late;
    int64_t after[ROWS_COUNT];

    if (!tail || index_refresh(q->s, after, err) != 0)
        return -1;
    bind_int(tail, 1, after[q->what->rows]);
    if (scan(q, tail, err) != 0)
        return -1;
    if (q->what->late == SQL_COUNT)
        return 0;
    late = sql_use(q->s, q->what->late, err);
    return late ? scan(q, late, err) : -1;
}

static int downwards(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x < *y) - (*x > *y);
}

/* Newest first, each once: an old click that was added to is met twice. */
static void order(struct found *f)
{
    size_t n = 0;

    if (f->count)
        qsort(f->ids, f->count, sizeof(*f->ids), downwards);
    for (size_t i = 0; i < f->count; i++)
        if (n == 0 || f->ids[i] != f->ids[n - 1])
            f->ids[n++] = f->ids[i];
    f->count = n;
}

static int add_all(struct search *q, struct found *f, const int64_t *rows, size_t count,
                   struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (add(f, q->arena, rows[i], err) != 0)
            return -1;
    order(f);
    return 0;
}

static int exact_rows(struct search *q, struct err *err)
{
    const struct sqlite_search *what = q->what;
    uint64_t hashes[HASHES_MOST];
    int64_t *rows;
    size_t n = 0, count;

    n = index_ttclid_hashes(q->s, what->rows, q->id, what->ttclid_kind, hashes);
    for (unsigned kind = 0; kind < what->kinds; kind++) {
        uint64_t hash = index_hash(q->s, q->id, kind);
        bool seen = kind == what->ttclid_kind && what->kinds > 1; /* then it is of ttclids alone */
        for (size_t i = 0; i < n; i++)
            seen |= hashes[i] == hash;
        if (!seen)
            hashes[n++] = hash;
    }
    if (index_rows(q->s, (enum index_family)what->family, hashes, n, INDEX_ROWS_MOST, q->arena,
                   &rows, &count, err) != 0)
        return -1;
    return add_all(q, &q->exact, rows, count, err);
}

static int prefix_rows(struct search *q, struct err *err)
{
    int64_t *rows;
    size_t count;

    if (index_prefix_rows(q->s, (enum index_family)q->what->family, q->id, q->what->ttclid_kind,
                          q->arena, &rows, &count, err) != 0)
        return -1;
    return add_all(q, &q->prefix, rows, count, err);
}

static int take_rows(struct search *q, const struct found *f, enum sqlite_match wanted,
                     struct err *err)
{
    q->list = arena_array(q->arena, q->what->size, f->count < q->max ? f->count : q->max);
    if (!q->list)
        return sqlite_no_room(err);
    for (size_t i = 0; i < f->count && q->count < q->max; i++) {
        struct sqlite3_stmt *st = sql_use(q->s, q->what->get, err);
        int rc;
        if (!st)
            return -1;
        bind_int(st, 1, f->ids[i]);
        rc = sql_step(q->s, st, err);
        if (rc == 1 && q->what->match(st, q->id) == wanted)
            rc = q->what->take(q->s, st, q->arena, q->list, q->count++, err);
        sql_done(st);
        if (rc < 0)
            return -1;
    }
    return q->arena->full ? sqlite_no_room(err) : 0;
}

static int collect(struct search *q, struct err *err)
{
    if ((!q->s->store.writer && search_tail(q, err) != 0) || exact_rows(q, err) != 0 ||
        take_rows(q, &q->exact, MATCH_EXACT, err) != 0)
        return -1;
    if (q->count || q->id.len < STORE_PREFIX)
        return 0;
    return prefix_rows(q, err) != 0 ? -1 : take_rows(q, &q->prefix, MATCH_PREFIX, err);
}

int sqlite_search(struct sqlite *s, const struct sqlite_search *what, struct slice id,
                  unsigned max, struct arena *arena, void **list, size_t *count, struct err *err)
{
    struct search q = { .s = s, .what = what, .id = id, .max = max, .arena = arena };
    int rc;

    *list = NULL;
    *count = 0;
    if (id.len == 0 || max == 0)
        return 0;
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = collect(&q, err);
    sqlite_read_end(s);
    *list = q.list;
    *count = q.count;
    return rc;
}
