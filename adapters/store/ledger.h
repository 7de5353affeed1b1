/* ledger.h: everything a store holds as JSON Lines (docs/store.md has the format): one object per row,
 * ids included, so that an export that was imported is exported again byte for byte.
 *
 * ledger_parse and ledger_print are pure: bytes in, struct out, and back. */
#ifndef ADAPTERS_STORE_LEDGER_H
#define ADAPTERS_STORE_LEDGER_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"

#define LEDGER_VERSION 1
#define LEDGER_COLUMNS 28
#define LEDGER_LINE_MOST ((size_t)8 << 20) /* bytes */

enum ledger_table { LEDGER_HEADER, LEDGER_CLICK, LEDGER_POSTBACK, LEDGER_ATTEMPT, LEDGER_EVENT,
                    LEDGER_END, LEDGER_TABLES }; /* in the order of the file */

enum ledger_kind {
    LEDGER_INT,   /* within 2^53 */
    LEDGER_MICRO, /* millionths: digits in a string, for JSON's numbers are not exact so far up */
    LEDGER_TEXT,  /* a string, or {"hex": "..."} when it is no UTF-8 or holds a NUL */
    LEDGER_NAME,  /* the same; repeated often */
    LEDGER_IDS,   /* a list of whole numbers that ascend */
};

struct ledger_column {
    const char *name;
    enum ledger_kind kind;
    bool needed;
    int64_t least, most; /* of an INT */
};

struct ledger_shape {
    const char *table; /* value of "row" */
    struct ledger_column columns[LEDGER_COLUMNS]; /* ended by a NULL name */
};
extern const struct ledger_shape ledger_shapes[LEDGER_TABLES];

struct ledger_value {
    bool set;
    int64_t n;
    struct slice text;
    const int64_t *ids;
    size_t count;
};

struct ledger_row {
    enum ledger_table table;
    struct ledger_value values[LEDGER_COLUMNS]; /* in the order of the shape */
};

/* The place of a column by its name; it must be there. */
int ledger_column(enum ledger_table table, const char *name);

/* One line without its end.  0.  -1: *err says why, *column (from 1) where.  Texts live in arena. */
int ledger_parse(struct slice line, struct arena *arena, struct ledger_row *out, size_t *column,
                 struct err *err);

/* The line, with its end. */
void ledger_print(struct buf *to, const struct ledger_row *row);

/* ---- the store's side ---- */

struct ledger_filter {
    int64_t since, until; /* Unix milliseconds, [since, until); 0: open */
    struct slice offer;   /* empty: all */
};

/* All rows in the order of the file, as of one moment; beside a running server from a private copy that
 * is made in `dir` and gone when it ends, so that a slow reader of the output holds up nobody.  A
 * visit that gives -1 ends it with its *err. */
typedef int ledger_visit(void *context, const struct ledger_row *row, struct err *err);
int store_sqlite_export(const char *dir, const struct ledger_filter *filter, ledger_visit *visit,
                        void *context, struct err *err);

/* The same of a database, in one snapshot beside running servers.  url as of pg.h. */
int store_pg_export(const char *url, const struct ledger_filter *filter, ledger_visit *visit, void *context, struct err *err);

/* Import where there is no store yet: rows in the order of the file, then finish, which makes a store of
 * them; without it, close leaves nothing.  put: -1 with ERR_INPUT when a row contradicts those before. */
struct ledger_import;
struct ledger_import *store_sqlite_import(const char *dir, struct err *err); /* the folder is made */
struct ledger_import *store_pg_import(const char *url, struct err *err);     /* in one transaction */
int ledger_import_put(struct ledger_import *im, const struct ledger_row *row, struct err *err);
int ledger_import_finish(struct ledger_import *im, struct err *err);
void ledger_import_close(struct ledger_import *im); /* accepts NULL */

/* An import into a database that may hold a part of the rows, of an earlier one: what it lacks is added, what differs is
 * replaced, what the file does not hold is removed.  It commits as it goes, and no server writes to the
 * database until one was finished.  To be used as above; finish with `last` false leaves it open for another. */
struct ledger_copied {
    int64_t same, added, changed, removed; /* rows */
};
struct ledger_import *store_pg_copy(const char *url, bool last, struct ledger_copied *out, struct err *err);

/* Of a last copy, behind its last row: a count of the source, which are as they are there (an import counts its rows). */
struct store_tally;
int store_pg_copy_tally(struct ledger_import *im, const struct store_tally *t, struct err *err);

/* The latest moments before which retention has removed clicks, and rows of the ledger, Unix milliseconds; 0: none.  Counts of
 * hours before them are more than the rows that are left. */
struct ledger_gone {
    int64_t clicks, ledger;
};
struct store;
int store_sqlite_gone(struct store *s, struct ledger_gone *out, struct err *err);
int store_pg_copy_gone(struct ledger_import *im, const struct ledger_gone *gone, struct err *err); /* of a last copy, too */

/* ---- of engines: the order of rows is seen to, what to do with one is theirs ---- */

struct ledger_import_ops {
    int (*start)(struct ledger_import *, const struct ledger_row *header, struct err *);
    int (*row)(struct ledger_import *, const struct ledger_row *, struct err *);
    int (*finish)(struct ledger_import *, struct err *); /* every row was put */
    void (*close)(struct ledger_import *);
};
struct ledger_import { /* an engine's own struct starts with it */
    const struct ledger_import_ops *ops;
    enum ledger_table at; /* the table of the last row */
    bool started;
    int64_t most[LEDGER_TABLES], last[LEDGER_TABLES]; /* ids: the highest of the header, the last one put */
    int64_t rows[LEDGER_TABLES];
};
const struct ledger_value *ledger_get(const struct ledger_row *row, const char *column);

#endif
