/* sqlite_runs.h: sorted runs of (hash, row) in `run_chunks`, and the struct that they share with
 * sqlite_index.c and sqlite_merge.c.  A run is written once and never changed; it is part of the
 * index when `runs` lists it, else its chunks are garbage. */
#ifndef ADAPTERS_STORE_SQLITE_RUNS_H
#define ADAPTERS_STORE_SQLITE_RUNS_H

#include "adapters/store/sqlite_index.h"

#define RUN_ENTRY  14  /* bytes: hash 8, row 6, little-endian */
#define RUN_CHUNK  280 /* entries: a row of SQLite that fits one page of 4,096 */
#define RUN_FANOUT 4   /* runs of one level that become one of the next */

#define CHUNK_BITS 24  /* of a chunk's row id: the number of its run above them */

struct entry {
    uint64_t hash;
    int64_t row;
};

struct run {
    int64_t id;
    enum index_family family;
    int level;
    int64_t chunks, entries;
    int64_t last; /* no row in it is higher */
    int64_t sum;  /* of its chunks, while it is written */
    uint64_t *first;  /* hash of each chunk's first entry; NULL: ask the file */
    uint64_t *filter; /* Bloom filter of `blocks` cache lines; NULL: may hold anything */
    size_t first_cap, blocks;
};

/* For up to `entries`.  quick: with first and, while there is memory for it, a filter. */
struct run *run_new(struct index *ix, enum index_family family, int level, int64_t entries,
                    bool quick);
void run_free(struct index *ix, struct run *run);
bool run_may_hold(const struct run *run, uint64_t hash);

/* Writing: entries in order, doubles are dropped. */
struct run_writer {
    struct run *run;
    struct entry last;
    size_t n;
    unsigned char bytes[RUN_CHUNK * RUN_ENTRY];
};
int run_put(struct sqlite *s, struct run_writer *w, struct entry e, struct err *err);
int run_finish(struct sqlite *s, struct run_writer *w, struct err *err); /* lists it in `runs` */

/* Reading from the first entry to the last. */
struct run_cursor {
    struct run *run;
    int64_t chunk; /* the next to fetch */
    size_t at, n;
    struct entry now;
    unsigned char bytes[RUN_CHUNK * RUN_ENTRY];
};
int run_next(struct sqlite *s, struct run_cursor *c, struct err *err); /* 1: c->now, 0: end, -1 */

/* From the highest hash of [low, high] down. */
int run_visit(struct sqlite *s, const struct run *run, uint64_t low, uint64_t high,
              index_visit *visit, void *context, struct err *err);
int run_load(struct sqlite *s, struct run *run, struct err *err); /* fill first and filter */

/* ---- the index as a whole ---- */

struct hot {
    struct entry entry;
    uint32_t next; /* 1 + the older one in this bucket, 0: none */
    uint32_t family;
};

struct run_list {
    struct run **runs; /* newest first: by level, then by id downwards */
    size_t count, cap;
};

struct garbage {
    int64_t run, next, end; /* chunks that are still there */
};

struct merge {
    struct run_cursor from[RUN_FANOUT];
    bool live[RUN_FANOUT];
    struct run_writer to;
};

/* The hashes of the long ids that were asked for last: a postback's ttclid is looked up as one of a click
 * and as one of a postback, and indexed for its event and for itself. */
#define LONG_ID_MIN 48
#define LONG_ID_MAX 512
#define LONG_IDS    4
#define LONG_KINDS  2 /* kinds of ids that are remembered: 0 and 1 */

struct id_hash {
    uint64_t whole, upper; /* unmasked: of all of it, of its first STORE_PREFIX characters */
};

struct long_id {
    struct id_hash of[LONG_KINDS];
    size_t len; /* 0: free */
    char bytes[LONG_ID_MAX];
};

struct index {
    struct long_id long_ids[LONG_IDS];
    unsigned next_long_id; /* the one to go */
    struct hot *hot;
    uint32_t hot_count, hot_cap, hot_mark;
    uint32_t *buckets; /* as many as hot_cap */
    struct run_list lists[INDEX_FAMILIES];
    int64_t upto[ROWS_COUNT]; /* rows up to these are in runs, except late clicks */
    int64_t plain[ROWS_COUNT]; /* index_is_plain */
    int64_t last_run;
    size_t filter_bytes;
    struct merge *merge; /* under way, or NULL */
    struct garbage *garbage;
    size_t garbage_count, garbage_cap;
    bool worked; /* this transaction wrote to `runs` or `run_chunks` */
};

static inline uint32_t index_bucket(const struct index *ix, uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 40) & (ix->hot_cap - 1);
}

/* sqlite_index.c: the list of runs, and up to which rows they go, as the file has them. */
int index_read_runs(struct sqlite *s, bool quick, struct err *err);
int index_read_upto(struct sqlite *s, struct err *err);

/* sqlite_runs_list.c */
int runs_list(struct index *ix, struct run *run, struct err *err);
void runs_unlist(struct index *ix, struct run *run);
int runs_waste(struct index *ix, int64_t run, int64_t chunks, struct err *err);

/* sqlite_merge.c: merge up to `budget` entries, drop some garbage. */
int merge_work(struct sqlite *s, int64_t budget, struct err *err);
void merge_stop(struct index *ix); /* forget the merge under way; its chunks become garbage */

#endif
