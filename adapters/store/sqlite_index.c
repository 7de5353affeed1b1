#include "adapters/store/sqlite_index.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_runs.h"

#define SORT_BITS  12
#define MERGE_LEAST 512  /* entries per commit; and for each new one, more than it will be merged */
#define MERGE_EACH  8

struct index *index_new(void)
{
    return calloc(1, sizeof(struct index));
}

static void drop_runs(struct index *ix)
{
    merge_stop(ix);
    for (int family = 0; family < INDEX_FAMILIES; family++) {
        struct run_list *l = &ix->lists[family];
        for (size_t i = 0; i < l->count; i++)
            run_free(ix, l->runs[i]);
        l->count = 0;
    }
    ix->garbage_count = 0;
    ix->last_run = 0;
}

void index_free(struct index *ix)
{
    if (!ix)
        return;
    drop_runs(ix);
    for (int family = 0; family < INDEX_FAMILIES; family++)
        free(ix->lists[family].runs);
    free(ix->garbage);
    free(ix->hot);
    free(ix->buckets);
    free(ix);
}

bool index_covers(const struct sqlite *s, enum rows rows, int64_t id)
{
    return id <= s->index->upto[rows];
}

/* ---- what is in no run yet ---- */

static uint32_t *bucket(const struct index *ix, const struct entry *e)
{
    return &ix->buckets[index_bucket(ix, e->hash)];
}

static void link_hot(struct index *ix, uint32_t i)
{
    uint32_t *head = bucket(ix, &ix->hot[i].entry);

    ix->hot[i].next = *head;
    *head = i + 1;
}

static int grow_hot(struct index *ix, struct err *err)
{
    uint32_t cap = ix->hot_cap ? ix->hot_cap * 2 : 1024;
    struct hot *hot = cap > UINT32_MAX / 4 ? NULL : realloc(ix->hot, cap * sizeof(*hot));
    uint32_t *buckets;

    if (hot)
        ix->hot = hot;
    if (!hot || !(buckets = calloc(cap, sizeof(*buckets))))
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    free(ix->buckets);
    ix->buckets = buckets;
    ix->hot_cap = cap;
    for (uint32_t i = 0; i < ix->hot_count; i++)
        link_hot(ix, i);
    return 0;
}

int index_add(struct sqlite *s, enum index_family family, uint64_t hash, int64_t row,
              struct err *err)
{
    struct index *ix = s->index;

    if (s->index_tap)
        return s->index_tap(s->tap_context, (int)family, hash, row);
    if (ix->hot_count == ix->hot_cap && grow_hot(ix, err) != 0) {
        s->store.failed = true; /* the row is there, and would never be found */
        return -1;
    }
    ix->hot[ix->hot_count] = (struct hot){ .entry = { hash, row }, .family = family };
    link_hot(ix, ix->hot_count++);
    return 0;
}

void index_mark(struct sqlite *s)
{
    s->index->hot_mark = s->index->hot_count;
    s->index->worked = false;
}

void index_undo(struct sqlite *s)
{
    struct index *ix = s->index;

    if (ix->worked)
        s->reload = true;
    for (; !ix->worked && ix->hot_count > ix->hot_mark; ix->hot_count--)
        *bucket(ix, &ix->hot[ix->hot_count - 1].entry) = ix->hot[ix->hot_count - 1].next;
    ix->worked = false;
}

/* ---- writing a run ---- */

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Hashes are spread evenly: after their top bits are sorted, few are left to compare. */
static void sort(const struct hot *hot, uint32_t count, uint32_t family, struct entry *out)
{
    static const uint32_t parts = 1u << SORT_BITS;
    uint32_t at[(1u << SORT_BITS) + 1] = { 0 };

    for (uint32_t i = 0; i < count; i++)
        if (hot[i].family == family)
            at[(hot[i].entry.hash >> (64 - SORT_BITS)) + 1]++;
    for (uint32_t i = 0; i < parts; i++)
        at[i + 1] += at[i];
    for (uint32_t i = 0; i < count; i++)
        if (hot[i].family == family)
            out[at[hot[i].entry.hash >> (64 - SORT_BITS)]++] = hot[i].entry;
    for (uint32_t i = 0, from = 0; i < parts; from = at[i++])
        if (at[i] - from > 1)
            qsort(out + from, at[i] - from, sizeof(*out), compare);
}

enum rows index_kind(enum index_family family)
{
    static const enum rows of[INDEX_FAMILIES] = {
        [INDEX_CLICKS] = ROWS_CLICKS, [INDEX_KEYS] = ROWS_EVENTS, [INDEX_POSTBACKS] = ROWS_POSTBACKS,
        [INDEX_EVENTS] = ROWS_EVENTS, [INDEX_MARKS] = ROWS_POSTBACKS,
    };

    return of[family];
}

static int flush_family(struct sqlite *s, uint32_t family, struct err *err)
{
    struct index *ix = s->index;
    struct run_writer w = { .n = 0 };
    struct entry *sorted;
    uint32_t count = 0;

    for (uint32_t i = 0; i < ix->hot_count; i++)
        count += ix->hot[i].family == family;
    if (count == 0)
        return 0;
    sorted = malloc(count * sizeof(*sorted));
    w.run = sorted ? run_new(ix, family, 0, count, true) : NULL;
    if (!w.run) {
        free(sorted);
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    }
    sort(ix->hot, ix->hot_count, family, sorted);
    w.run->id = ++ix->last_run;
    w.run->last = s->now.last[index_kind((enum index_family)family)];
    for (uint32_t i = 0; i < count; i++)
        if (run_put(s, &w, sorted[i], err) != 0)
            goto fail;
    if (run_finish(s, &w, err) == 0 && runs_list(ix, w.run, err) == 0) {
        free(sorted);
        return 0;
    }
fail:
    free(sorted);
    run_free(ix, w.run);
    return -1;
}

static int flush(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;
    struct sqlite3_stmt *st;
    int rc = 0;

    ix->worked = true;
    for (uint32_t family = 0; rc == 0 && family < INDEX_FAMILIES; family++)
        rc = flush_family(s, family, err);
    if (rc != 0 || sql_now(s, SQL_LATE_CLEAR, err) != 0 ||
        sql_now(s, SQL_LATE_POSTBACK_CLEAR, err) != 0 ||
        !(st = sql_use(s, SQL_INDEXED_SET, err)))
        return -1;
    for (int i = 0; i < ROWS_ATTEMPTS; i++)
        bind_int(st, i + 1, s->now.last[i]);
    if (sql_run(s, st, err) != 0)
        return -1;
    memcpy(ix->upto, s->now.last, sizeof(ix->upto));
    ix->hot_count = 0;
    memset(ix->buckets, 0, ix->hot_cap * sizeof(*ix->buckets));
    return 0;
}

int index_work(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;
    int64_t added = (int64_t)ix->hot_count - ix->hot_mark;

    if (ix->hot_count >= s->tuning.hot_entries && flush(s, err) != 0)
        return -1;
    return merge_work(s, MERGE_LEAST + MERGE_EACH * added, err);
}

/* ---- reading what the file holds ---- */

static struct run *run_of(struct index *ix, struct sqlite3_stmt *st, bool quick)
{
    int64_t family = col_int(st, 1), entries = col_int(st, 4);
    struct run *run;

    if (family < 0 || family >= INDEX_FAMILIES || entries < 0 || entries > INT64_MAX / 64)
        return NULL;
    run = run_new(ix, (enum index_family)family, (int)col_int(st, 2), entries, quick);
    if (!run)
        return NULL;
    run->id = col_int(st, 0);
    run->chunks = col_int(st, 3);
    run->entries = entries;
    run->last = col_int(st, 5);
    return run;
}

int index_read_runs(struct sqlite *s, bool quick, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_RUNS, err);
    struct index *ix = s->index;
    int rc;

    if (!st)
        return -1;
    while ((rc = sql_step(s, st, err)) == 1) {
        struct run *run = run_of(ix, st, quick);
        if (!run || runs_list(ix, run, err) != 0) {
            run_free(ix, run);
            rc = err_set(err, ERR_SYSTEM, "%s/clickbaton.db: can't read the list of its index",
                         s->dir);
            break;
        }
        if (run->id > ix->last_run)
            ix->last_run = run->id;
    }
    sql_done(st);
    return rc;
}

int index_read_upto(struct sqlite *s, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_INDEXED_GET, err);
    int rc;

    if (!st)
        return -1;
    rc = sql_step(s, st, err);
    for (int i = 0; i < ROWS_ATTEMPTS; i++) {
        s->index->upto[i] = rc == 1 ? col_int(st, i) : 0;
        s->index->plain[i] = rc == 1 ? col_int(st, ROWS_ATTEMPTS + i) : 0;
    }
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static bool listed(const struct index *ix, int64_t id)
{
    for (int family = 0; family < INDEX_FAMILIES; family++)
        for (size_t i = 0; i < ix->lists[family].count; i++)
            if (ix->lists[family].runs[i]->id == id)
                return true;
    return false;
}

static int64_t chunk_id(struct sqlite *s, enum sql which, int64_t bound, int64_t *id,
                        struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, which, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, bound);
    rc = sql_step(s, st, err);
    if (rc == 1)
        *id = col_int(st, 0);
    sql_done(st);
    return rc;
}

/* Chunks of runs that no list names: of a merge that was cut off, or that had just ended. */
static int find_garbage(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;
    int64_t at = 0, last = 0;
    int64_t rc;

    while ((rc = chunk_id(s, SQL_CHUNK_NEXT, at, &at, err)) == 1) {
        int64_t run = at >> CHUNK_BITS;
        if (!listed(ix, run)) {
            if (chunk_id(s, SQL_CHUNK_LAST, (run + 1) << CHUNK_BITS, &last, err) != 1 ||
                runs_waste(ix, run, last - (run << CHUNK_BITS) + 1, err) != 0)
                return -1;
            if (run > ix->last_run)
                ix->last_run = run;
        }
        at = (run + 1) << CHUNK_BITS;
    }
    return rc < 0 ? -1 : 0;
}

int index_load(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;

    drop_runs(ix);
    ix->hot_count = ix->hot_mark = 0;
    if (ix->buckets)
        memset(ix->buckets, 0, ix->hot_cap * sizeof(*ix->buckets));
    if (index_read_upto(s, err) != 0 || index_read_runs(s, true, err) != 0 || find_garbage(s, err) != 0)
        return -1;
    for (int family = 0; family < INDEX_FAMILIES; family++)
        for (size_t i = 0; i < ix->lists[family].count; i++)
            if (ix->lists[family].runs[i]->first &&
                run_load(s, ix->lists[family].runs[i], err) != 0)
                return -1;
    for (int i = 0; i < ROWS_ATTEMPTS; i++)
        if (s->now.last[i] < ix->upto[i])
            s->now.last[i] = ix->upto[i];
    if (sqlite_clicks_index(s, ix->upto[ROWS_CLICKS], err) != 0 ||
        sqlite_postbacks_index(s, ix->upto[ROWS_POSTBACKS], err) != 0 ||
        sqlite_events_index(s, ix->upto[ROWS_EVENTS], err) != 0)
        return -1;
    index_mark(s);
    s->reload = false;
    return 0;
}

int index_refresh(struct sqlite *s, int64_t after[ROWS_COUNT], struct err *err)
{
    drop_runs(s->index);
    if (index_read_upto(s, err) != 0 || index_read_runs(s, false, err) != 0)
        return -1;
    memcpy(after, s->index->upto, sizeof(s->index->upto));
    return 0;
}
