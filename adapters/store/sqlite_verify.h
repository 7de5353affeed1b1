/* sqlite_verify.h: inside of verify.h: what its parts share. */
#ifndef ADAPTERS_STORE_SQLITE_VERIFY_H
#define ADAPTERS_STORE_SQLITE_VERIFY_H

#include "adapters/store/sqlite.h"
#include "adapters/store/verify.h"

#define VERIFY_TELL 20 /* findings told of one table; more are only counted */

struct verify {
    struct sqlite s; /* a reader's handle, made by hand: of any file */
    char file[4096], log[4096 + 8], dir[4096];
    verify_report *report;
    void *context;
    struct verify_result *out;
    const char *where; /* of the last finding */
    int64_t told;      /* of those with that `where` */
    bool broken;       /* a tree of SQLite's is: scans may end early */
    bool lacking;      /* memory: what was found proves nothing */
    bool unread;       /* the disk gave an error for a part of it */
    bool roomless;     /* no temporary file could be written: the counts were not compared */
};

void verify_say(struct verify *v, const char *where, int64_t row, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void verify_say_unfinished(struct verify *v, int64_t frame, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One number; -1 when there is none (then *ok is false, and SQLite's words were said). */
int64_t verify_number(struct verify *v, const char *where, const char *sql, bool *ok);

/* sqlite_verify_log.c: the log as bytes.  `frames`: of a running server, how many are its own now,
 * with these salts (as bytes of its header); -1: no server, all of them. */
void verify_log(struct verify *v, int64_t frames, const unsigned char salts[8]);

/* sqlite_verify_rows.c, sqlite_verify_index.c: in a read transaction. */
void verify_rows(struct verify *v);
void verify_index(struct verify *v);
/* sqlite_verify_tallies.c: the counts by the hour, when the rows are sound.  What retention has removed, as the store says; the
 * highest ids. */
void verify_tallies(struct verify *v, const struct sqlite_state *says, const struct sqlite_state *is);

#endif
