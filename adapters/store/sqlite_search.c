#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_index.h"

#define KINDS_MOST 4

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

/* A reader has no ids in memory: it looks at the newest rows themselves. */
static int search_tail(struct sqlite *s, const struct sqlite_search *what, struct slice id,
                       unsigned max, struct arena *arena, struct found *f, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, what->tail, err);
    int64_t after[ROWS_COUNT];
    int rc = 1;

    if (!st || index_refresh(s, after, err) != 0)
        return -1;
    bind_int(st, 1, after[what->rows]);
    while (f->count < max && (rc = sql_step(s, st, err)) == 1)
        if (what->match(st, id) && add(f, arena, col_int(st, 0), err) != 0) {
            rc = -1;
            break;
        }
    sql_done(st);
    return rc < 0 ? -1 : 0;
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

static int candidates(struct sqlite *s, const struct sqlite_search *what, struct slice id,
                      unsigned max, struct arena *arena, struct found *f, struct err *err)
{
    uint64_t hashes[KINDS_MOST];
    int64_t *rows;
    size_t count;

    if (!s->store.writer && search_tail(s, what, id, max, arena, f, err) != 0)
        return -1;
    for (unsigned kind = 0; kind < what->kinds; kind++)
        hashes[kind] = index_hash(s, id, kind);
    if (index_rows(s, (enum index_family)what->family, hashes, what->kinds,
                   INDEX_ROWS_MOST, arena, &rows, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (add(f, arena, rows[i], err) != 0)
            return -1;
    order(f);
    return 0;
}

static int collect(struct sqlite *s, const struct sqlite_search *what, struct slice id,
                   unsigned max, struct arena *arena, void **list, size_t *count, struct err *err)
{
    struct found f = { 0 };
    size_t n = 0;

    if (candidates(s, what, id, max, arena, &f, err) != 0)
        return -1;
    *list = arena_array(arena, what->size, f.count < max ? f.count : max);
    if (!*list)
        return sqlite_no_room(err);
    for (size_t i = 0; i < f.count && n < max; i++) {
        struct sqlite3_stmt *st = sql_use(s, what->get, err);
        int rc;
        if (!st)
            return -1;
        bind_int(st, 1, f.ids[i]);
        rc = sql_step(s, st, err);
        if (rc == 1 && what->match(st, id))
            rc = what->take(s, st, arena, *list, n++, err);
        sql_done(st);
        if (rc < 0)
            return -1;
    }
    *count = n;
    return arena->full ? sqlite_no_room(err) : 0;
}

int sqlite_search(struct sqlite *s, const struct sqlite_search *what, struct slice id,
                  unsigned max, struct arena *arena, void **list, size_t *count, struct err *err)
{
    int rc;

    *list = NULL;
    *count = 0;
    if (id.len == 0 || max == 0)
        return 0;
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = collect(s, what, id, max, arena, list, count, err);
    sqlite_read_end(s);
    return rc;
}
