/* spill_inside.h: inside of spill.c and spill_file.c. */
#ifndef ADAPTERS_STORE_SPILL_INSIDE_H
#define ADAPTERS_STORE_SPILL_INSIDE_H

#include "adapters/store/spill.h"

struct sqlite3;
struct sqlite3_stmt;

#define SPILL_ID 0x436c6b53 /* "ClkS": the file's application_id */

enum spill_sql { SPILL_BEGIN, SPILL_COMMIT, SPILL_ROLLBACK, SPILL_PUT, SPILL_GET, SPILL_FIRST, SPILL_DROPPING, SPILL_DROP, SPILL_ASIDE, SPILL_STATE,
                 SPILL_ASIDES, SPILL_META_GET, SPILL_META_SET, SPILL_FIND, SPILL_SQLS };

struct spill {
    char *dir;
    int64_t most;
    struct sqlite3 *db;
    struct sqlite3_stmt *stmts[SPILL_SQLS];
    struct spill_state now;
    int64_t file; /* which one it is among those of this machine; 0: not known */
    bool unsynced; /* a sync has failed: what is in the log is not sure, until the file is opened anew */
    char damaged[400];
};

int spill_fail(struct spill *s, const char *doing, struct err *err); /* ERR_BUSY, with what to do; -1 */
struct sqlite3_stmt *spill_use(struct spill *s, enum spill_sql which, struct err *err);
/* 1: a row.  0: the end, and the statement is ready for the next time.  -1: likewise, *err. */
int spill_step(struct spill *s, struct sqlite3_stmt *st, const char *doing, struct err *err);
int spill_run(struct spill *s, enum spill_sql which, const char *doing, struct err *err);
int spill_begin(struct spill *s, struct err *err);
void spill_undo(struct spill *s);
int64_t spill_pragma(struct spill *s, const char *sql); /* the first number of what it gives; -1: none */
int spill_read_state(struct spill *s, struct err *err);
int spill_new_token(struct spill *s, struct err *err); /* in a transaction, when the file is empty */

#endif
