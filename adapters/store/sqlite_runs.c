#include "adapters/store/sqlite_runs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_sum.h"

#define FILTER_BITS  10 /* per entry: 1 in 60 wrong answers */
#define FILTER_MOST  ((size_t)7 << 20)
#define FILTER_LINE  8 /* words of 64 bits */
#define FILTER_TESTS 6
#define GUESSES      6

static bool quick_family(enum index_family family)
{
    return family == INDEX_CLICKS || family == INDEX_KEYS || family == INDEX_MARKS;
}

/* ---- entries as bytes ---- */

static uint64_t load(const unsigned char *p, int bytes)
{
    uint64_t n = 0;

    for (int i = bytes - 1; i >= 0; i--)
        n = n << 8 | p[i];
    return n;
}

static struct entry entry_load(const unsigned char *p)
{
    return (struct entry){ load(p, 8), (int64_t)load(p + 8, 6) };
}

static void entry_store(unsigned char *p, struct entry e)
{
    for (int i = 0; i < 8; i++)
        p[i] = (unsigned char)(e.hash >> (8 * i));
    for (int i = 0; i < 6; i++)
        p[8 + i] = (unsigned char)((uint64_t)e.row >> (8 * i));
}

/* ---- filter ---- */

static uint64_t *filter_line(const struct run *run, uint64_t hash)
{
    /* Both halves: ttclids may share the upper one. */
    return run->filter + (((hash >> 32 ^ (hash & UINT32_MAX)) * run->blocks) >> 32) * FILTER_LINE;
}

static uint64_t filter_bits(uint64_t hash)
{
    return (hash ^ hash >> 29) * 0x9e3779b97f4a7c15u;
}

static void filter_add(struct run *run, uint64_t hash)
{
    uint64_t *line = filter_line(run, hash), bits = filter_bits(hash);

    for (int i = 0; i < FILTER_TESTS; i++, bits >>= 9)
        line[bits >> 6 & 7] |= (uint64_t)1 << (bits & 63);
}

bool run_may_hold(const struct run *run, uint64_t hash)
{
    const uint64_t *line;
    uint64_t bits;

    if (!run->filter)
        return true;
    line = filter_line(run, hash);
    bits = filter_bits(hash);
    for (int i = 0; i < FILTER_TESTS; i++, bits >>= 9)
        if (!(line[bits >> 6 & 7] >> (bits & 63) & 1))
            return false;
    return true;
}

/* ---- runs ---- */

struct run *run_new(struct index *ix, enum index_family family, int level, int64_t entries,
                    bool quick)
{
    struct run *run = calloc(1, sizeof(*run));
    size_t bytes;

    if (!run)
        return NULL;
    *run = (struct run){ .family = family, .level = level };
    if (!quick || !quick_family(family))
        return run;
    run->blocks = (size_t)entries * FILTER_BITS / 512 + 1;
    bytes = run->blocks * FILTER_LINE * sizeof(uint64_t);
    if (ix->filter_bytes + bytes <= FILTER_MOST &&
        (run->filter = aligned_alloc(64, bytes)) != NULL) {
        memset(run->filter, 0, bytes);
        ix->filter_bytes += bytes;
    }
    run->first_cap = (size_t)entries / RUN_CHUNK + 1;
    run->first = malloc(run->first_cap * sizeof(*run->first));
    if (run->first)
        return run;
    run_free(ix, run);
    return NULL;
}

void run_free(struct index *ix, struct run *run)
{
    if (!run)
        return;
    if (run->filter)
        ix->filter_bytes -= run->blocks * FILTER_LINE * sizeof(uint64_t);
    free(run->filter);
    free(run->first);
    free(run);
}

static void note_chunk(struct run *run, const unsigned char *bytes, size_t n)
{
    if (run->first)
        run->first[run->chunks] = load(bytes, 8);
    for (size_t i = 0; run->filter && i < n; i++)
        filter_add(run, load(bytes + i * RUN_ENTRY, 8));
    run->chunks++;
    run->entries += (int64_t)n;
}

static int write_chunk(struct sqlite *s, struct run_writer *w, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_CHUNK_ADD, err);

    if (!st)
        return -1;
    bind_int(st, 1, w->run->id << CHUNK_BITS | w->run->chunks);
    sqlite3_bind_blob(st, 2, w->bytes, (int)(w->n * RUN_ENTRY), SQLITE_STATIC);
    if (sql_run(s, st, err) != 0)
        return -1;
    w->run->sum += sum_chunk(w->run->chunks, w->bytes, w->n * RUN_ENTRY);
    note_chunk(w->run, w->bytes, w->n);
    w->n = 0;
    return 0;
}

int run_put(struct sqlite *s, struct run_writer *w, struct entry e, struct err *err)
{
    if (w->n && e.hash == w->last.hash && e.row == w->last.row)
        return 0;
    if (w->n == RUN_CHUNK && write_chunk(s, w, err) != 0)
        return -1;
    entry_store(w->bytes + w->n++ * RUN_ENTRY, e);
    w->last = e;
    return 0;
}

int run_finish(struct sqlite *s, struct run_writer *w, struct err *err)
{
    const struct run *run = w->run;
    struct sqlite3_stmt *st;

    if (w->n && write_chunk(s, w, err) != 0)
        return -1;
    if (!(st = sql_use(s, SQL_RUN_ADD, err)))
        return -1;
    bind_int(st, 1, run->id);
    bind_int(st, 2, run->family);
    bind_int(st, 3, run->level);
    bind_int(st, 4, run->chunks);
    bind_int(st, 5, run->entries);
    bind_int(st, 6, run->last);
    bind_int(st, 7, run->sum);
    return sql_run(s, st, err);
}

/* ---- chunks ---- */

static int damaged(const struct sqlite *s, const struct run *run, struct err *err)
{
    return err_set(err, ERR_SYSTEM,
                   "%s/clickbaton.db: run %lld of its index is damaged; look at the disk, then let "
                   "the index be made anew: stop clickbaton, run `sqlite3 %s/clickbaton.db "
                   "'DELETE FROM runs; UPDATE indexed SET clicks = 0, postbacks = 0, events = 0'`, "
                   "start it", s->dir, (long long)run->id, s->dir);
}

/* The statement stays on its row: *bytes are valid until it is done. */
static int chunk_open(struct sqlite *s, const struct run *run, int64_t chunk,
                      const unsigned char **bytes, size_t *n, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_CHUNK_GET, err);
    int rc;

    if (!st)
        return -1;
    sql_done(st);
    bind_int(st, 1, run->id << CHUNK_BITS | chunk);
    rc = sql_step(s, st, err);
    if (rc < 0)
        return -1;
    *bytes = rc == 1 ? sqlite3_column_blob(st, 0) : NULL;
    *n = *bytes ? (size_t)sqlite3_column_bytes(st, 0) / RUN_ENTRY : 0;
    return *n == 0 || *n > RUN_CHUNK ? damaged(s, run, err) : 0;
}

static void chunk_close(struct sqlite *s)
{
    sql_done(s->stmts[SQL_CHUNK_GET]);
}

int run_next(struct sqlite *s, struct run_cursor *c, struct err *err)
{
    const unsigned char *bytes;

    if (c->at == c->n) {
        if (c->chunk == c->run->chunks)
            return 0;
        if (chunk_open(s, c->run, c->chunk, &bytes, &c->n, err) != 0)
            return -1;
        memcpy(c->bytes, bytes, c->n * RUN_ENTRY);
        chunk_close(s);
        c->chunk++;
        c->at = 0;
    }
    c->now = entry_load(c->bytes + c->at++ * RUN_ENTRY);
    return 1;
}

int run_load(struct sqlite *s, struct run *run, struct err *err)
{
    const unsigned char *bytes;
    int64_t chunks = run->chunks;
    size_t n;

    run->chunks = run->entries = 0;
    while (run->chunks < chunks) {
        if ((size_t)run->chunks == run->first_cap)
            return damaged(s, run, err);
        if (chunk_open(s, run, run->chunks, &bytes, &n, err) != 0)
            return -1;
        note_chunk(run, bytes, n);
    }
    chunk_close(s);
    return 0;
}

/* ---- looking up ---- */

static int ends_of(struct sqlite *s, const struct run *run, int64_t chunk, uint64_t *first,
                   uint64_t *last, struct err *err)
{
    const unsigned char *bytes;
    size_t n;

    if (chunk_open(s, run, chunk, &bytes, &n, err) != 0)
        return -1;
    *first = load(bytes, 8);
    *last = load(bytes + (n - 1) * RUN_ENTRY, 8);
    return 0;
}

/* Where hash should be among the chunks [low, high), which hold hashes of [from, to], evenly spread. */
static int64_t guess(int64_t low, int64_t high, uint64_t from, uint64_t to, uint64_t hash)
{
    double part = to > from ? (double)(hash - from) / (double)(to - from) : 0;
    int64_t at = low + (int64_t)(part * (double)(high - low));

    return at < high ? at : high - 1;
}

/* Each chunk that is read says where the next guess must look: of a run of many millions two or three are
 * read, each a page of the disk.  Where hashes are not spread evenly (ttclids that begin alike) half
 * of what is left is looked at.  The last chunk that starts at or before hash; -1: none.  -2: *err. */
static int64_t chunk_in_file(struct sqlite *s, const struct run *run, uint64_t hash,
                             struct err *err)
{
    int64_t low = 0, high = run->chunks; /* the answer + 1 lies in [low, high] */
    uint64_t from = 0, to = UINT64_MAX, first, last;

    for (int tries = 0; low < high; tries++) {
        int64_t at = tries < GUESSES ? guess(low, high, from, to, hash) : low + (high - low) / 2;
        if (ends_of(s, run, at, &first, &last, err) != 0)
            return -2;
        if (first <= hash && hash < last)
            return at;
        if (first <= hash) {
            low = at + 1;
            from = last;
        } else {
            high = at;
            to = first;
        }
    }
    return low - 1;
}

/* The same. */
static int64_t chunk_of(struct sqlite *s, const struct run *run, uint64_t hash, struct err *err)
{
    int64_t low = 0, high = run->chunks;

    if (!run->first)
        return chunk_in_file(s, run, hash, err);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (run->first[middle] <= hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/* How many of a chunk's entries lie at or before hash. */
static size_t upper_bound(const unsigned char *bytes, size_t n, uint64_t hash)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (load(bytes + middle * RUN_ENTRY, 8) <= hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int run_visit(struct sqlite *s, const struct run *run, uint64_t low, uint64_t high,
              index_visit *visit, void *context, struct err *err)
{
    int64_t chunk = chunk_of(s, run, high, err);
    int rc = chunk == -2 ? -1 : 0;
    bool more = true;

    for (; rc == 0 && more && chunk >= 0; chunk--) {
        const unsigned char *bytes;
        size_t n;
        if (chunk_open(s, run, chunk, &bytes, &n, err) != 0) {
            rc = -1;
            break;
        }
        n = upper_bound(bytes, n, high);
        while (rc == 0 && n && load(bytes + (n - 1) * RUN_ENTRY, 8) >= low)
            rc = visit(context, entry_load(bytes + --n * RUN_ENTRY).row, err);
        more = n == 0; /* they may go on in the chunk before */
    }
    chunk_close(s);
    return rc;
}
