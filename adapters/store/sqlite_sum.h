/* sqlite_sum.h: checksums of rows.  SQLite's integrity_check sees a broken tree, not a flipped bit
 * inside a value; so every row carries 32 bits over all its columns, made by the SQL function
 * `checksum(table, column, ...)` where the row is written, and compared by `store verify`.
 *
 * Rows, not pages: a row's checksum survives whatever copies the file (the backup API, VACUUM INTO,
 * a checkpoint by the sqlite3 shell), and tells which row it is. */
#ifndef ADAPTERS_STORE_SQLITE_SUM_H
#define ADAPTERS_STORE_SQLITE_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "adapters/store/sqlite.h"

/* First argument of checksum(), kept in files: never renumber. */
enum sum_table { SUM_CLICKS = 1, SUM_POSTBACKS, SUM_EVENTS, SUM_DELIVERIES, SUM_ATTEMPTS,
                 SUM_TRIES, SUM_COUNTS, SUM_INDEXED, SUM_RUNS, SUM_CHUNKS, SUM_META,
                 SUM_LATE_CLICKS, SUM_LATE_POSTBACKS, SUM_TALLIES };

struct sum {
    uint64_t h;
};

void sum_start(struct sum *sum, enum sum_table table);
void sum_null(struct sum *sum);
void sum_int(struct sum *sum, int64_t n);
void sum_text(struct sum *sum, const void *bytes, size_t len);
void sum_blob(struct sum *sum, const void *bytes, size_t len);
int64_t sum_end(const struct sum *sum); /* 32 bits */

/* Of the first `columns` columns of the row that st stands on. */
int64_t sum_row(struct sqlite3_stmt *st, enum sum_table table, int columns);

/* Of a chunk of a run (sqlite_runs.h); and of a run, to which those of its chunks are added. */
int64_t sum_chunk(int64_t number, const void *bytes, size_t len);

/* Teach the handle checksum(). */
int sqlite_sum_register(struct sqlite3 *db);

#endif
