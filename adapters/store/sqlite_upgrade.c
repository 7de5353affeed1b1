/* sqlite_upgrade.c: an older file becomes one of today, a step at a time.
 *
 * A step is one transaction, unless it changes every row (`fill`): then the log would grow to the size of the
 * file.  Such a step makes its columns, goes through the rows a piece at a time and ends when they are done; in
 * between `filling` in `meta` says how far it is, so that whoever is killed goes on from there. */
#include <sqlite3.h>
#include <stdio.h>

#include "adapters/store/sqlite_tally.h"

#define ENGINE_STEPS 500000 /* of SQLite's machine between two calls of tell: some ten milliseconds */
#define DOING "adding checksums"
#define ROWS "SELECT clicks + postbacks + waiting + sending + delivered + dead FROM counts"
#define TABLE_SHIFT 48      /* in `filling`: number of the table above, the id that it has come to below */

/* ---- telling ---- */

static int go_on(void *context)
{
    struct sqlite *s = context;

    s->tuning.upgrade->tell(s->tuning.upgrade->context, &s->upgrading);
    return 0;
}

void sqlite_upgrade_tell(struct sqlite *s, const char *what, int64_t done, int64_t of)
{
    bool first = !s->upgrading.what;

    s->upgrading = (struct store_upgrading){ what, done, of };
    if (!s->tuning.upgrade || of == 0)
        return;
    if (first)
        sqlite3_progress_handler(s->db, ENGINE_STEPS, go_on, s);
    go_on(s);
}

void sqlite_upgrade_told(struct sqlite *s)
{
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    s->upgrading = (struct store_upgrading){ .what = NULL };
}

/* ---- small things ---- */

/* In one transaction. */
static int run(struct sqlite *s, const char *const sql[], size_t count, const char *doing, struct err *err)
{
    int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite3_exec(s->db, sql[i] ? sql[i] : "", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    sqlite_fail(s, err, doing);
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

/* The first column of the only row, with at bound when there is a parameter: 1.  0: none, or NULL. */
static int number(struct sqlite *s, const char *sql, int64_t at, int64_t *out, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(st))
        bind_int(st, 1, at);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    rc = rc == SQLITE_DONE                                                         ? 0
         : rc == SQLITE_ROW ? sqlite3_column_type(st, 0) != SQLITE_NULL
                            : sqlite_fail(s, err, "reading its rows");
    sqlite3_finalize(st);
    return rc;
}

static int number_of(struct sqlite *s, const char *fmt, const struct sqlite_fill *f, int64_t at, int64_t *out,
                     struct err *err)
{
    char sql[200];

    snprintf(sql, sizeof(sql), fmt, f->key, f->table, f->key);
    return number(s, sql, at, out, err);
}

/* ---- every row ---- */

/* How many ids there are from the first row to the last. */
static int span_of(struct sqlite *s, const struct sqlite_fill *f, int64_t *first, int64_t *ids, struct err *err)
{
    int64_t last = 0;
    int rc;

    *ids = 0;
    if ((rc = number_of(s, "SELECT min(%s) FROM %s WHERE %s > ?1", f, INT64_MIN, first, err)) != 1 ||
        (rc = number_of(s, "SELECT max(%s) FROM %s WHERE %s > ?1", f, INT64_MIN, &last, err)) != 1)
        return rc;
    *ids = last - *first + 1;
    return 0;
}

struct filling {
    const struct sqlite_step *step;
    int64_t table, at; /* rows up to this id of this table are done */
    int64_t before, of; /* ids: of the tables before it, of all */
    int64_t first;      /* of this table */
};

static int begin_table(struct sqlite *s, struct filling *g, struct err *err)
{
    int64_t ids;

    g->before = g->of = 0;
    for (int64_t i = 0; g->step->fill[i].table; i++) {
        int64_t first = 0;
        if (span_of(s, &g->step->fill[i], &first, &ids, err) != 0)
            return -1;
        g->of += ids;
        if (i < g->table)
            g->before += ids;
        if (i == g->table)
            g->first = first;
    }
    return 0;
}

/* One transaction.  1: done.  0: this table has no more rows. */
static int fill_some(struct sqlite *s, struct filling *g, struct err *err)
{
    const struct sqlite_fill *f = &g->step->fill[g->table];
    char update[1000], note[100];
    int64_t first, last;
    int rc = number_of(s, "SELECT min(%s) FROM %s WHERE %s > ?1", f, g->at, &first, err);

    if (rc != 1)
        return rc;
    last = first + s->tuning.fill_ids - 1;
    sqlite_upgrade_tell(s, DOING, g->before + first - g->first, g->of);
    snprintf(update, sizeof(update), "%s WHERE %s >= %lld AND %s <= %lld", f->update, f->key, (long long)first,
             f->key, (long long)last);
    snprintf(note, sizeof(note), "UPDATE meta SET value = %lld WHERE key = 'filling'",
             (long long)(g->table << TABLE_SHIFT | last));
    if (run(s, (const char *[]){ update, note }, 2, DOING, err) != 0)
        return -1;
    g->at = last;
    sqlite_log_bound(s);
    return s->unsynced ? sqlite_fail(s, err, DOING) : 1;
}

static int fill(struct sqlite *s, const struct sqlite_step *step, int64_t filling, struct err *err)
{
    struct filling g = { .step = step, .table = filling >> TABLE_SHIFT,
                         .at = filling & (((int64_t)1 << TABLE_SHIFT) - 1) };
    int rc = 0;

    for (; rc == 0 && step->fill[g.table].table; g.table++, g.at = 0) {
        rc = begin_table(s, &g, err);
        while (rc == 0 && (rc = fill_some(s, &g, err)) == 1)
            rc = 0;
    }
    if (rc != 0)
        return -1;
    sqlite_upgrade_tell(s, DOING, g.of, g.of);
    return run(s, (const char *[]){ step->end, "DELETE FROM meta WHERE key = 'filling'" }, 2, DOING, err);
}

/* ---- steps ---- */

/* A file without rows needs no pieces. */
static int is_empty(struct sqlite *s, const struct sqlite_step *step, bool *empty, struct err *err)
{
    int64_t first, ids;

    *empty = true;
    for (const struct sqlite_fill *f = step->fill; f && f->table; f++) {
        if (span_of(s, f, &first, &ids, err) != 0)
            return -1;
        *empty &= ids == 0;
    }
    return 0;
}

static int apply(struct sqlite *s, const struct sqlite_step *step, int64_t version, struct err *err)
{
    char doing[80], done[300];
    bool empty = true;

    if (step->fill && version > 0 && is_empty(s, step, &empty, err) != 0)
        return -1;
    snprintf(doing, sizeof(doing), "bringing it to schema version %d", step->version);
    snprintf(done, sizeof(done),
             "INSERT INTO meta VALUES('schema', %d) ON CONFLICT DO UPDATE SET value = %d;"
             "PRAGMA application_id = %d; PRAGMA user_version = %d",
             step->version, step->version, SQLITE_APPLICATION_ID, step->version);
    if (empty)
        return run(s, (const char *[]){ step->sql, step->end, done }, 3, doing, err);
    return run(s, (const char *[]){ step->sql, "INSERT INTO meta VALUES('filling', 0)", done }, 3, doing, err) != 0
               ? -1
               : fill(s, step, 0, err);
}

int sqlite_upgrade(struct sqlite *s, int64_t version, struct err *err)
{
    const struct sqlite_step *step = s->tuning.steps;
    int64_t filling = 0, rows = 0;
    int rc = 0;

    /* An index of very many rows is sorted in files, which SQLite removes. */
    if (sqlite3_exec(s->db, "PRAGMA temp_store = FILE", NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(s, err, "bringing it up to date");
    if (version > 0 && (rc = number(s, "SELECT value FROM meta WHERE key = 'filling'", 0, &filling, err)) < 0)
        return -1;
    for (; rc >= 0 && step->version; step++) {
        if (step->version == version && rc == 1)
            rc = fill(s, step, filling, err);
        if (rc < 0 || step->version <= version)
            continue;
        if (version > 0 && (rc = number(s, ROWS, 0, &rows, err)) >= 0)
            sqlite_upgrade_tell(s, "tables", 0, rows);
        if (rc >= 0)
            rc = apply(s, step, version, err);
    }
    if (rc >= 0 && sqlite3_exec(s->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL) != SQLITE_OK)
        rc = sqlite_fail(s, err, "bringing it up to date");
    return rc < 0 ? -1 : 0;
}
