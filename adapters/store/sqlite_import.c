#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/store/ledger.h"
#include "adapters/store/sqlite_tally.h"
#include "adapters/store/verify.h"

#define BATCH 4096 /* rows in a transaction: the file is of nobody until it is finished */

struct sqlite_import {
    struct ledger_import base;
    char dir[4096], tmp[4096 + 16];
    int lock;
    struct store *store;
    struct sqlite_state indexed; /* the highest ids that are in the index */
    int64_t batch;
};

static struct sqlite *of(struct sqlite_import *im)
{
    return (struct sqlite *)im->store;
}

static void remove_tmp(const struct sqlite_import *im)
{
    static const char *const names[] = { "clickbaton.db", "clickbaton.db-wal", "clickbaton.db-shm",
                                         "clickbaton.db-journal", "lock" };
    char path[4096 + 40];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", im->tmp, names[i]);
        unlink(path);
    }
    rmdir(im->tmp);
}

static int open_place(struct sqlite_import *im, const char *dir, struct err *err)
{
    char path[4096 + 16];
    struct stat st;

    if (snprintf(im->dir, sizeof(im->dir), "%s", dir) >= (int)sizeof(im->dir))
        return err_set(err, ERR_SYSTEM, "%s: the path is too long", dir);
    snprintf(im->tmp, sizeof(im->tmp), "%s/import.tmp", dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_SYSTEM, "%s: can't create the data folder: %s", dir,
                       strerror(errno));
    snprintf(path, sizeof(path), "%s/lock", dir);
    im->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (im->lock < 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    if (flock(im->lock, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_SYSTEM, "%s: another clickbaton is using this data folder; stop it, "
                       "or import into another", dir);
    snprintf(path, sizeof(path), "%s/clickbaton.db", dir);
    if (stat(path, &st) == 0)
        return err_set(err, ERR_SYSTEM, "%s: a store is there already; import into an empty folder",
                       dir);
    remove_tmp(im); /* of an import that was killed */
    return 0;
}

/* ---- rows ---- */

struct binding {
    const char *name;
    const char *host; /* the text that may hold this one (bind_within) */
};

/* Bind the columns named, in the order of the statement's parameters. */
static int bind_row(struct sqlite *s, struct sqlite3_stmt *st, const struct ledger_row *row,
                    const struct binding *names, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        int column = ledger_column(row->table, names[i].name);
        const struct ledger_value *v = &row->values[column];
        enum ledger_kind kind = ledger_shapes[row->table].columns[column].kind;
        int at = (int)i + 1;
        if (names[i].host)
            bind_within(st, at, v->text, ledger_get(row, names[i].host)->text);
        else if (kind == LEDGER_TEXT)
            bind_text(st, at, v->text);
        else if (kind == LEDGER_NAME && bind_name(s, st, at, v->text, err) != 0)
            return -1;
        else if (kind == LEDGER_INT || kind == LEDGER_MICRO) {
            if (v->set)
                bind_int(st, at, v->n);
            else
                bind_int_or_null(st, at, 0);
        }
    }
    return sql_run(s, st, err);
}

static const struct binding click_columns[] = {
    { "id", 0 }, { "offer", 0 }, { "at", 0 }, { "keyed", 0 }, { "click_id", 0 }, { "event_id", 0 },
    { "ttp", 0 }, { "ip", 0 }, { "consent", 0 }, { "page_url", 0 }, { "ttclid", "page_url" },
    { "user_agent", 0 }, { "referrer", 0 }, { "country", 0 },
};
static const struct binding postback_columns[] = {
    { "id", 0 }, { "at", 0 }, { "offer", 0 }, { "tracker", 0 }, { "method", 0 }, { "stage", 0 },
    { "verdict", 0 }, { "code", 0 }, { "click_id", 0 }, { "event_id", 0 }, { "txid", 0 },
    { "content_type", 0 }, { "address", 0 }, { "params", 0 }, { "ttclid", "params" },
    { "reason", 0 }, { "warnings", 0 },
};
static const struct binding attempt_columns[] = {
    { "id", 0 }, { "at", 0 }, { "took_ms", 0 }, { "pixel", 0 }, { "http_status", 0 }, { "code", 0 },
    { "message", 0 }, { "request_id", 0 },
};
static const struct binding event_columns[] = {
    { "id", 0 }, { "postback", 0 }, { "created", 0 }, { "offer", 0 }, { "pixel", 0 }, { "event", 0 },
    { "test_code", 0 }, { "event_id", 0 }, { "click_id", 0 }, { "body", 0 }, { "ttclid", "body" },
    { "value_micros", 0 }, { "currency", 0 }, { "original_value_micros", 0 },
    { "original_currency", 0 }, { "consent", 0 }, { "consent_said", 0 }, { "plain_id", 0 },
};
static const struct binding delivery_columns[] = {
    { "id", 0 }, { "pixel", 0 }, { "state", 0 }, { "due", 0 }, { "attempts", 0 },
    { "test_code", 0 }, { "unknown_since", 0 }, { "unknown_before", 0 }, { "note", 0 },
    { "withdrawn", 0 },
};

#define BIND(which, columns)                                                                       \
    (!(st = sql_use(s, which, err)) ||                                                             \
     bind_row(s, st, row, columns, sizeof(columns) / sizeof(*(columns)), err) != 0)

static int put_tries(struct sqlite *s, const struct ledger_row *row, struct err *err)
{
    const struct ledger_value *tries = ledger_get(row, "tries");

    for (size_t i = 0; i < tries->count; i++) {
        struct sqlite3_stmt *st = sql_use(s, SQL_TRY_ADD, err);
        if (!st)
            return -1;
        bind_int(st, 1, row->values[0].n);
        bind_int(st, 2, tries->ids[i]);
        if (sql_run(s, st, err) != 0)
            return -1;
    }
    return 0;
}

static int put_event(struct sqlite *s, const struct ledger_row *row, struct err *err)
{
    struct store_counts *n = &s->now.counts;
    int64_t *states[] = { NULL, &n->waiting, &n->sending, &n->delivered, &n->dead, &n->withdrawn };
    struct sqlite3_stmt *st;

    if (BIND(SQL_EVENT_IMPORT, event_columns) || BIND(SQL_DELIVERY_IMPORT, delivery_columns) ||
        put_tries(s, row, err) != 0)
        return -1;
    ++*states[ledger_get(row, "state")->n];
    return 0;
}

static int put_row(struct sqlite *s, const struct ledger_row *row, struct err *err)
{
    struct sqlite3_stmt *st;

    switch (row->table) {
    case LEDGER_CLICK:
        s->now.counts.clicks++;
        return BIND(SQL_CLICK_IMPORT, click_columns) ? -1 : 0;
    case LEDGER_POSTBACK:
        s->now.counts.postbacks++;
        s->now.counts.quarantined += ledger_get(row, "verdict")->n == STORE_QUARANTINED;
        return BIND(SQL_POSTBACK_IMPORT, postback_columns) ? -1 : 0;
    case LEDGER_ATTEMPT:
        return BIND(SQL_ATTEMPT_ADD, attempt_columns) ? -1 : 0;
    default:
        return put_event(s, row, err);
    }
}

/* ---- the order of rows ---- */

static const enum rows rows_of[LEDGER_TABLES] = { [LEDGER_CLICK] = ROWS_CLICKS,
                                                  [LEDGER_POSTBACK] = ROWS_POSTBACKS,
                                                  [LEDGER_ATTEMPT] = ROWS_ATTEMPTS,
                                                  [LEDGER_EVENT] = ROWS_EVENTS };

static int start(struct ledger_import *base, const struct ledger_row *row, struct err *err)
{
    struct sqlite *s = of((struct sqlite_import *)base);

    (void)err;
    s->now.gone_postback = ledger_get(row, "gone_postback")->n;
    s->now.gone_attempt = ledger_get(row, "gone_attempt")->n;
    return 0;
}

/* Rows that were put become rows that are found. */
static int index_them(struct sqlite_import *im, struct err *err)
{
    struct sqlite *s = of(im);

    if (sqlite_clicks_index_tail(s, im->indexed.last[ROWS_CLICKS], err) != 0 ||
        sqlite_postbacks_index(s, im->indexed.last[ROWS_POSTBACKS], err) != 0 ||
        sqlite_events_index(s, im->indexed.last[ROWS_EVENTS], err) != 0)
        return -1;
    im->indexed = s->now;
    return 0;
}

static int next_batch(struct sqlite_import *im, struct err *err)
{
    im->batch = 0;
    return index_them(im, err) != 0 || store_commit(im->store, err) != 0 ||
                   store_begin(im->store, err) != 0
               ? -1
               : 0;
}

static int put(struct ledger_import *base, const struct ledger_row *row, struct err *err)
{
    struct sqlite_import *im = (struct sqlite_import *)base;

    of(im)->now.last[rows_of[row->table]] = row->values[0].n;
    if (put_row(of(im), row, err) != 0)
        return -1;
    return ++im->batch < BATCH ? 0 : next_batch(im, err);
}

/* ---- the end ---- */

static void first_finding(void *context, const struct verify_finding *f)
{
    char *text = context;

    if (!*text)
        snprintf(text, 200, "%s %lld: %.140s", f->where, (long long)f->row, f->text);
}

static int check_whole(struct sqlite_import *im, struct err *err)
{
    struct verify_result result;
    char text[200] = "";
    int rc = store_sqlite_verify(im->tmp, first_finding, text, &result, err);

    return rc == 1 ? err_set(err, ERR_INPUT, "the export contradicts itself: %s", text) : rc;
}

/* What is still in the log would stay behind. */
static int check_log(const struct sqlite_import *im, struct err *err)
{
    static const char *const names[] = { "clickbaton.db-wal", "clickbaton.db-journal" };
    char path[4096 + 40];
    struct stat st;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", im->tmp, names[i]);
        if (stat(path, &st) != 0 ? errno != ENOENT : st.st_size > 0)
            return err_set(err, ERR_SYSTEM, "%s: what was imported could not be moved into the file; is "
                           "the disk full?", path);
    }
    return 0;
}

/* Nothing is there unless it is there for good. */
static int put_in_place(struct sqlite_import *im, struct err *err)
{
    char from[4096 + 40], to[4096 + 40];
    int fd, rc;

    snprintf(from, sizeof(from), "%s/clickbaton.db", im->tmp);
    snprintf(to, sizeof(to), "%s/clickbaton.db", im->dir);
    if (rename(from, to) != 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", to, strerror(errno));
    fd = open(im->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd < 0 ? -1 : fsync(fd);
    if (rc != 0) {
        err_set(err, ERR_SYSTEM, "%s: %s", im->dir, strerror(errno));
        rename(to, from);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

static int finish(struct ledger_import *base, struct err *err)
{
    struct sqlite_import *im = (struct sqlite_import *)base;

    for (int t = LEDGER_CLICK; t < LEDGER_END; t++)
        of(im)->now.last[rows_of[t]] = base->most[t];
    if (index_them(im, err) != 0 || tally_rows(of(im), err) != 0 || store_commit(im->store, err) != 0)
        return -1;
    store_close(im->store); /* moves the log into the file, and removes it */
    im->store = NULL;
    return check_log(im, err) != 0 || check_whole(im, err) != 0 ? -1 : put_in_place(im, err);
}

static void close_import(struct ledger_import *base)
{
    struct sqlite_import *im = (struct sqlite_import *)base;

    if (im->store)
        store_rollback(im->store);
    store_close(im->store);
    if (im->tmp[0] && im->lock >= 0)
        remove_tmp(im);
    if (im->lock >= 0)
        close(im->lock);
    free(im);
}

struct ledger_import *store_sqlite_import(const char *dir, struct err *err)
{
    static const struct ledger_import_ops ops = { start, put, finish, close_import };
    struct sqlite_import *im = calloc(1, sizeof(*im));

    if (!im) {
        err_set(err, ERR_SYSTEM, "store: out of memory");
        return NULL;
    }
    im->base.ops = &ops;
    im->lock = -1;
    if (open_place(im, dir, err) != 0)
        im->tmp[0] = '\0'; /* nothing of ours to remove */
    else if ((im->store = store_sqlite_open(im->tmp, true, err)) && store_begin(im->store, err) == 0)
        return &im->base;
    close_import(&im->base);
    return NULL;
}
