/* sqlite_index_find.c: hashes of ids, and the rows that may have one. */
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_runs.h"

/* ---- hashes ---- */

static struct id_hash hash_of(const struct sqlite *s, struct slice id, uint64_t kind)
{
    return (struct id_hash){ slice_hash(id, s->seed + kind),
                             slice_hash(slice_head(id, STORE_PREFIX), s->seed + kind) };
}

/* The same of an id that is worth remembering. */
static struct id_hash remembered(const struct sqlite *s, struct slice id, uint64_t kind)
{
    struct index *ix = s->index;
    uint64_t whole[LONG_KINDS], upper[LONG_KINDS];
    struct long_id *l;

    for (l = ix->long_ids; l < ix->long_ids + LONG_IDS; l++)
        if (l->len == id.len && memcmp(l->bytes, id.ptr, id.len) == 0)
            return l->of[kind];
    slice_hash_two(id, s->seed, whole);
    slice_hash_two(slice_head(id, STORE_PREFIX), s->seed, upper);
    l = &ix->long_ids[ix->next_long_id++ % LONG_IDS];
    for (size_t i = 0; i < LONG_KINDS; i++)
        l->of[i] = (struct id_hash){ whole[i], upper[i] };
    l->len = id.len;
    memcpy(l->bytes, id.ptr, id.len);
    return l->of[kind];
}

static bool is_long(struct slice id, uint64_t kind)
{
    return kind < LONG_KINDS && id.len >= LONG_ID_MIN && id.len <= LONG_ID_MAX;
}

uint64_t index_hash(const struct sqlite *s, struct slice id, uint64_t kind)
{
    uint64_t whole = is_long(id, kind) ? remembered(s, id, kind).whole : slice_hash(id, s->seed + kind);

    return whole & s->tuning.hash_mask;
}

#define UPPER_HALF (~(uint64_t)UINT32_MAX)

static uint64_t upper_half(const struct sqlite *s, struct slice prefix, uint64_t kind)
{
    return slice_hash(slice_head(prefix, STORE_PREFIX), s->seed + kind) & UPPER_HALF;
}

static uint64_t halves(const struct sqlite *s, struct slice ttclid, uint64_t kind)
{
    struct id_hash h;

    if (ttclid.len < STORE_PREFIX)
        return index_hash(s, ttclid, kind);
    h = is_long(ttclid, kind) ? remembered(s, ttclid, kind) : hash_of(s, ttclid, kind);
    return ((h.upper & UPPER_HALF) | (h.whole & UINT32_MAX)) & s->tuning.hash_mask;
}

uint64_t index_ttclid_hash(const struct sqlite *s, enum rows rows, int64_t row, struct slice ttclid,
                           uint64_t kind)
{
    return index_is_plain(s, rows, row) ? index_hash(s, ttclid, kind) : halves(s, ttclid, kind);
}

size_t index_ttclid_hashes(const struct sqlite *s, enum rows rows, struct slice ttclid,
                           uint64_t kind, uint64_t out[2])
{
    out[0] = halves(s, ttclid, kind);
    out[1] = index_hash(s, ttclid, kind);
    return s->index->plain[rows] && out[1] != out[0] ? 2 : 1;
}

bool index_is_plain(const struct sqlite *s, enum rows rows, int64_t row)
{
    return row <= s->index->plain[rows];
}

/* ---- looking up ---- */

int index_find(struct sqlite *s, enum index_family family, uint64_t hash, index_visit *visit,
               void *context, struct err *err)
{
    struct index *ix = s->index;
    const struct run_list *l = &ix->lists[family];
    int rc = 0;

    if (s->reload && index_load(s, err) != 0)
        return -1;
    for (uint32_t i = ix->hot_count ? ix->buckets[index_bucket(ix, hash)] : 0; rc == 0 && i;
         i = ix->hot[i - 1].next)
        if (ix->hot[i - 1].entry.hash == hash && ix->hot[i - 1].family == family)
            rc = visit(context, ix->hot[i - 1].entry.row, err);
    for (size_t i = 0; rc == 0 && i < l->count; i++)
        if (run_may_hold(l->runs[i], hash))
            rc = run_visit(s, l->runs[i], hash, hash, visit, context, err);
    return rc;
}

struct gathered {
    struct arena *arena;
    int64_t *rows;
    size_t count, cap, most;
};

static int gather(void *context, int64_t row, struct err *err)
{
    struct gathered *g = context;

    if (g->count == g->most)
        return 1;
    if (g->count == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 16;
        int64_t *rows = ARENA_ARRAY(g->arena, int64_t, cap);
        if (!rows)
            return sqlite_no_room(err);
        if (g->count)
            memcpy(rows, g->rows, g->count * sizeof(*rows));
        g->rows = rows;
        g->cap = cap;
    }
    g->rows[g->count++] = row;
    return 0;
}

static int downwards(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x < *y) - (*x > *y);
}

/* Newest first, each once. */
static void settle(struct gathered *g, int64_t **rows, size_t *count)
{
    size_t kept = 0;

    if (g->count)
        qsort(g->rows, g->count, sizeof(*g->rows), downwards);
    for (size_t i = 0; i < g->count; i++)
        if (i == 0 || g->rows[i] != g->rows[kept - 1])
            g->rows[kept++] = g->rows[i];
    *rows = g->rows;
    *count = kept;
}

int index_rows(struct sqlite *s, enum index_family family, const uint64_t *hashes, size_t n,
               size_t most, struct arena *arena, int64_t **rows, size_t *count, struct err *err)
{
    struct gathered g = { .arena = arena, .most = most };

    for (size_t i = 0; i < n; i++)
        if (index_find(s, family, hashes[i], gather, &g, err) < 0)
            return -1;
    settle(&g, rows, count);
    return 0;
}

int index_prefix_rows(struct sqlite *s, enum index_family family, struct slice prefix,
                      uint64_t kind, struct arena *arena, int64_t **rows, size_t *count,
                      struct err *err)
{
    uint64_t low = upper_half(s, prefix, kind) & s->tuning.hash_mask, high = low | UINT32_MAX;
    struct gathered g = { .arena = arena, .most = INDEX_ROWS_MOST };
    struct index *ix = s->index;
    const struct run_list *l = &ix->lists[family];
    int rc = s->reload ? index_load(s, err) : 0;

    for (uint32_t i = ix->hot_count; rc == 0 && i; i--)
        if (ix->hot[i - 1].family == family && ix->hot[i - 1].entry.hash >= low &&
            ix->hot[i - 1].entry.hash <= high)
            rc = gather(&g, ix->hot[i - 1].entry.row, err);
    for (size_t i = 0; rc == 0 && i < l->count; i++)
        rc = run_visit(s, l->runs[i], low, high, gather, &g, err);
    settle(&g, rows, count);
    return rc < 0 ? -1 : 0;
}
