#include "adapters/store/stats.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/store/sqlite_runs.h"

/* Each gives rows of (name, figure). */
static const struct {
    const char *part;
    bool is_time;
    const char *sql;
} queries[] = {
    { "rows", false,
      "SELECT 'clicks', count(*) FROM clicks UNION ALL SELECT 'postbacks', count(*) FROM postbacks"
      " UNION ALL SELECT 'events', count(*) FROM events UNION ALL SELECT 'attempts', count(*) FROM"
      " attempts" },
    { "events", false,
      "SELECT s.name, count(d.event) FROM (SELECT 1 AS n, 'waiting' AS name UNION ALL SELECT 2,"
      " 'sending' UNION ALL SELECT 3, 'delivered' UNION ALL SELECT 4, 'dead' UNION ALL SELECT 5,"
      " 'withdrawn') s LEFT JOIN deliveries d ON d.state = s.n GROUP BY s.n ORDER BY s.n" },
    { "postbacks", false,
      "SELECT s.name, count(p.id) FROM (SELECT 1 AS n, 'queued' AS name UNION ALL SELECT 2,"
      " 'duplicate' UNION ALL SELECT 3, 'ignored' UNION ALL SELECT 4, 'quarantined') s LEFT JOIN"
      " postbacks p ON p.verdict = s.n GROUP BY s.n ORDER BY s.n" },
    { "times", true,
      "SELECT 'oldest click', min(at) * 1000 FROM clicks UNION ALL"
      " SELECT 'newest click', max(at) * 1000 FROM clicks UNION ALL"
      " SELECT 'oldest postback', min(at) FROM postbacks UNION ALL"
      " SELECT 'newest postback', max(at) FROM postbacks UNION ALL"
      " SELECT 'oldest event', min(created) FROM events UNION ALL"
      " SELECT 'newest event', max(created) FROM events UNION ALL"
      " SELECT 'oldest event that waits', min(created) FROM events WHERE id IN (SELECT event FROM"
      " deliveries WHERE state < 3)" },
    { "postbacks of offers", false,
      "SELECT ifnull((SELECT text FROM names n WHERE n.id = offer), '-'), count(*) FROM postbacks"
      " GROUP BY offer ORDER BY 1" },
    { "events of offers", false,
      "SELECT ifnull((SELECT text FROM names n WHERE n.id = offer), '-'), count(*) FROM events"
      " GROUP BY offer ORDER BY 1" },
};

struct asking {
    struct sqlite *s;
    stats_visit *visit;
    void *context;
};

static int fail(struct asking *a, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "%s/clickbaton.db: %s; see `clickbaton store verify`", a->s->dir,
                   sqlite3_errmsg(a->s->db));
}

static int ask(struct asking *a, const char *part, bool is_time, const char *sql, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int rc;

    if (sqlite3_prepare_v2(a->s->db, sql, -1, &st, NULL) != SQLITE_OK)
        return fail(a, err);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct stats_figure f = { part, col_text(st, 0), col_int(st, 1), is_time };
        a->visit(a->context, &f);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? 0 : fail(a, err);
}

static int64_t size_of(const struct sqlite *s, const char *name)
{
    char path[4096 + 40];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", s->dir, name);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static int64_t number(struct asking *a, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t n = 0;

    if (sqlite3_prepare_v2(a->s->db, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void disk(struct asking *a)
{
    int64_t page = number(a, "PRAGMA page_size");
    const struct stats_figure figures[] = {
        { "disk", S("file, bytes"), size_of(a->s, "clickbaton.db"), false },
        { "disk", S("log, bytes"), size_of(a->s, "clickbaton.db-wal"), false },
        { "disk", S("free in the file, bytes"), number(a, "PRAGMA freelist_count") * page, false },
    };

    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
        a->visit(a->context, &figures[i]);
}

/* What a server has in memory of the index: first hashes and filters, as run_new makes them. */
static int memory(struct asking *a, struct err *err)
{
    struct index *ix = a->s->index;
    struct stats_figure runs = { "index", S("runs"), 0, false },
                        bytes = { "index", S("memory of a server, bytes"), 0, false };

    if (index_read_runs(a->s, true, err) != 0)
        return -1;
    for (int family = 0; family < INDEX_FAMILIES; family++)
        for (size_t i = 0; i < ix->lists[family].count; i++, runs.n++)
            bytes.n += (int64_t)(ix->lists[family].runs[i]->first_cap * sizeof(uint64_t));
    bytes.n += (int64_t)ix->filter_bytes + (int64_t)a->s->tuning.hot_entries * 28;
    a->visit(a->context, &runs);
    a->visit(a->context, &bytes);
    return 0;
}

int store_sqlite_stats(const char *dir, stats_visit *visit, void *context, struct err *err)
{
    struct store *store = store_sqlite_open(dir, false, err);
    struct asking a = { (struct sqlite *)store, visit, context };
    int rc = store ? sqlite_read_begin(a.s, err) : -1;

    for (size_t i = 0; rc == 0 && i < sizeof(queries) / sizeof(*queries); i++)
        rc = ask(&a, queries[i].part, queries[i].is_time, queries[i].sql, err);
    if (rc == 0)
        rc = memory(&a, err);
    if (rc == 0)
        disk(&a);
    if (store)
        sqlite_read_end(a.s);
    store_close(store);
    return rc;
}

int sqlite_give_back(struct store *store, unsigned pages, int64_t *left, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct asking a = { .s = s };
    char sql[60];

    if (number(&a, "PRAGMA auto_vacuum") != 2)
        return err_set(err, ERR_INPUT, "this file was made by an earlier clickbaton and can't be made smaller "
                       "in use; stop the server and run `clickbaton store compact` once");
    snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%u)", pages);
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(s, err, "giving space back");
    *left = number(&a, "PRAGMA freelist_count");
    return 0;
}

/* As the file itself says. */
static int64_t file_bytes(struct sqlite *s)
{
    struct asking a = { .s = s };

    return number(&a, "PRAGMA page_count") * number(&a, "PRAGMA page_size");
}

int store_sqlite_compact(const char *dir, int64_t *before, int64_t *after, struct err *err)
{
    struct store *store;
    struct sqlite *s;
    struct stat st;
    char path[4096];
    int rc = 0;

    snprintf(path, sizeof(path), "%s/clickbaton.db", dir);
    if (stat(path, &st) != 0) /* opening would make one */
        return err_set(err, ERR_SYSTEM, "%s: %s; name a data folder", path, strerror(errno));
    if (!(store = store_sqlite_open(dir, true, err)))
        return -1;
    s = (struct sqlite *)store;
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    *before = file_bytes(s);
    if (sqlite3_exec(s->db, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM", NULL, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        rc = err_set(err, ERR_SYSTEM, "%s: %s; it is as it was. This needs as much free space on the "
                     "disk as the file is large", path, sqlite3_errmsg(s->db));
    *after = file_bytes(s);
    store_close(store);
    return rc;
}
