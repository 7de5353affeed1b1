/* sqlite_index.h: which rows hold an id, in the SQLite engine.
 *
 * A B-tree with random keys costs a page read, a page of log and a page of file per id: with a
 * million rows that is 26 to 40 KB written per postback.  So the ids of new rows are kept in memory
 * (the rows themselves are their log: after a restart they are read again) and written, some ten
 * thousands at a time, as sorted runs that are never changed.  Runs of one size are merged into one
 * of the next, a bit with every commit.  Runs that intake asks have a Bloom filter in memory.
 *
 * Ids are kept as 64-bit hashes: a row found here may be the wrong one, or gone.  The caller
 * compares the bytes. */
#ifndef ADAPTERS_STORE_SQLITE_INDEX_H
#define ADAPTERS_STORE_SQLITE_INDEX_H

#include "adapters/store/sqlite.h"

enum index_family { INDEX_CLICKS, INDEX_KEYS, INDEX_POSTBACKS, INDEX_EVENTS,
                    INDEX_MARKS, INDEX_FAMILIES };

/* The kind of row that a family's entries name. */
enum rows index_kind(enum index_family family);

struct index *index_new(void);
void index_free(struct index *ix);

/* Writer: read what the file holds, and the ids of the rows that are in no run yet. */
int index_load(struct sqlite *s, struct err *err);

/* Reader, in its read transaction: the runs as they are now.  Rows after these ids are in none. */
int index_refresh(struct sqlite *s, int64_t after[ROWS_COUNT], struct err *err);
bool index_covers(const struct sqlite *s, enum rows rows, int64_t id); /* in a run already? */

int index_add(struct sqlite *s, enum index_family family, uint64_t hash, int64_t row,
              struct err *err);
void index_mark(struct sqlite *s); /* at begin */
void index_undo(struct sqlite *s); /* back to the mark */

/* Before the commit: write a run when there are enough ids, go on merging. */
int index_work(struct sqlite *s, struct err *err);

/* Call visit for every row that may hold hash, nearly newest first, until it gives something other
 * than 0, which is then the result. */
typedef int index_visit(void *context, int64_t row, struct err *err);
int index_find(struct sqlite *s, enum index_family family, uint64_t hash, index_visit *visit,
               void *context, struct err *err);

/* All rows that may hold one of the hashes, each once, newest first; of more than `most` (nearly) the
 * newest. */
#define INDEX_ROWS_MOST 65536
int index_rows(struct sqlite *s, enum index_family family, const uint64_t *hashes, size_t n,
               size_t most, struct arena *arena, int64_t **rows, size_t *count, struct err *err);

/* The rows whose ttclid may begin with prefix, which has at least STORE_PREFIX characters; else as above. */
int index_prefix_rows(struct sqlite *s, enum index_family family, struct slice prefix,
                      uint64_t kind, struct arena *arena, int64_t **rows, size_t *count,
                      struct err *err);

/* The hash of one id, masked in tests. */
uint64_t index_hash(const struct sqlite *s, struct slice id, uint64_t kind);

/* A ttclid's is made of two halves, the upper of its first STORE_PREFIX characters, the lower of all of
 * it: those with one beginning lie beside one another in the runs, so a beginning is found without an
 * entry of its own.  Shorter ones have index_hash.  Rows from before schema 7 have it, too, and their
 * order ids are in no run: plain ones, which retention will have removed one day. */
bool index_is_plain(const struct sqlite *s, enum rows rows, int64_t row);
uint64_t index_ttclid_hash(const struct sqlite *s, enum rows rows, int64_t row, struct slice ttclid,
                           uint64_t kind);
/* Those under which it may be; how many. */
size_t index_ttclid_hashes(const struct sqlite *s, enum rows rows, struct slice ttclid,
                           uint64_t kind, uint64_t out[2]);

#endif
