/* verify.h: is a store whole?  Reads everything, changes nothing; beside a running server or on a
 * copied file.  Damaged files are expected: bounded memory, every read checked. */
#ifndef ADAPTERS_STORE_VERIFY_H
#define ADAPTERS_STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

struct verify_finding {
    const char *where; /* "file", "log", "index", or the name of a table or view */
    int64_t row;       /* id, page or frame; 0: the whole of it */
    const char *text;
    /* The log ends in the middle of a write.  After a power loss or a kill that is no loss: what was
     * cut off was never acknowledged, and the next start drops it.  In a copy it is damage. */
    bool unfinished;
};

struct verify_result {
    int64_t clicks, postbacks, events, attempts, runs; /* read and checked */
    int64_t log_frames, log_commits;                   /* in the log, valid */
    int64_t findings, unfinished;
    bool running; /* a server was using the store */
};

typedef void verify_report(void *context, const struct verify_finding *finding);

/* path: a data folder, or a database file (its log, if any, lies beside it as FILE-wal).
 * 0: whole.  1: findings were reported.  -1: it could not be read at all (*err). */
int store_sqlite_verify(const char *path, verify_report *report, void *context,
                        struct verify_result *out, struct err *err);

/* Of a database, as of one moment, beside running servers.  Its pages and indexes are the database's own affair (data_checksums,
 * amcheck); this is about what rows of different tables say of each other.  `log_...` and `runs` stay 0. */
int store_pg_verify(const char *url, verify_report *report, void *context, struct verify_result *out, struct err *err);

#endif
