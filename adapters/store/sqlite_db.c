#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/store/folder.h"
#include "adapters/store/moved.h"
#include "adapters/store/sqlite.h"
#include "adapters/store/sqlite_sum.h"

static const char *const sql_text[SQL_COUNT] = {
#define SQL(name, text) [SQL_##name] = text,
#include "adapters/store/sqlite_sql.def"
#undef SQL
};

/* What to do about it, by SQLite's primary code. */
static const struct {
    int code;
    enum err_kind kind;
    const char *hint;
} hints[] = {
    { SQLITE_BUSY, ERR_BUSY, "" },
    { SQLITE_LOCKED, ERR_BUSY, "" },
    { SQLITE_FULL, ERR_SYSTEM, "; make room on this disk: what was accepted before is safe" },
    { SQLITE_IOERR, ERR_SYSTEM, "; look at the disk: what was accepted before is safe" },
    { SQLITE_READONLY, ERR_SYSTEM, "; clickbaton must be able to write this file and its folder" },
    { SQLITE_CANTOPEN, ERR_SYSTEM, "; clickbaton must be able to write this file and its folder" },
    { SQLITE_CORRUPT, ERR_SYSTEM, "; the file is damaged: stop, keep a copy, restore a backup" },
    { SQLITE_NOTADB, ERR_SYSTEM, "; this is no SQLite file: move it away" },
};

bool sqlite_unsynced(struct sqlite *s, int code)
{
    s->unsynced |= code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    return s->unsynced;
}

int sqlite_fail(struct sqlite *s, struct err *err, const char *doing)
{
    int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;
    const char *text = s->db ? sqlite3_errmsg(s->db) : "out of memory";
    const char *hint = "";
    enum err_kind kind = ERR_SYSTEM;

    for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
        if (hints[i].code == code) {
            kind = hints[i].kind;
            hint = hints[i].hint;
        }
    s->store.failed = true;
    if (s->db && sqlite_unsynced(s, sqlite3_extended_errcode(s->db)))
        return err_set(err, ERR_UNSYNCED, "%s/clickbaton.db: %s: the disk could not be synced%s", s->dir,
                       doing, UNSYNCED_REMEDY);
    return err_set(err, kind, "%s/clickbaton.db: %s: %s%s", s->dir, doing, text, hint);
}

int sqlite_no_room(struct err *err)
{
    return err_set(err, ERR_BUSY, "store: no memory for the answer; ask for less at once");
}

struct sqlite3_stmt *sql_use(struct sqlite *s, enum sql which, struct err *err)
{
    if (s->stmts[which])
        return s->stmts[which];
    if (sqlite3_prepare_v3(s->db, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &s->stmts[which], NULL) != SQLITE_OK)
        sqlite_fail(s, err, "preparing a statement");
    return s->stmts[which];
}

int sql_step(struct sqlite *s, struct sqlite3_stmt *st, struct err *err)
{
    int rc = sqlite3_step(st);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    sqlite_fail(s, err, st == s->stmts[SQL_COMMIT]    ? "committing"
                        : sqlite3_stmt_readonly(st) ? "reading"
                                                    : "writing");
    sqlite3_reset(st);
    return -1;
}

int sql_run(struct sqlite *s, struct sqlite3_stmt *st, struct err *err)
{
    int rc;

    while ((rc = sql_step(s, st, err)) == 1)
        ;
    sqlite3_reset(st);
    return rc;
}

void sql_done(struct sqlite3_stmt *st)
{
    if (st)
        sqlite3_reset(st);
}

int sql_now(struct sqlite *s, enum sql which, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, which, err);

    return st ? sql_run(s, st, err) : -1;
}

int sqlite_read_begin(struct sqlite *s, struct err *err)
{
    return sqlite3_get_autocommit(s->db) && !s->store.writer ? sql_now(s, SQL_BEGIN_READ, err) : 0;
}

void sqlite_read_end(struct sqlite *s)
{
    if (!sqlite3_get_autocommit(s->db) && !s->store.writer)
        sql_now(s, SQL_COMMIT, NULL);
}

/* ---- the folder, its lock, the file ---- */

/* SQLite syncs the folder of a new log, too, but does not look whether that went well.  Without its name the
 * log is lost with the power, and all that was committed into it. */
int sqlite_sync_names(struct sqlite *s, struct err *err)
{
    int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (rc != 0 && errno != EINVAL)
        err_set(err, ERR_UNSYNCED, "%s: the folder could not be synced: %s; look at the disk", s->dir, strerror(errno));
    else
        rc = 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Where a file system can't share memory SQLite keeps its old journal, and says so only here. */
static int write_ahead(struct sqlite *s, struct err *err)
{
    sqlite3_stmt *st = NULL;
    bool wal = false;

    if (sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        sqlite_fail(s, err, "opening");
    else if (!(wal = slice_eq(col_text(st, 0), S("wal"))))
        err_set(err, ERR_SYSTEM, "%s: this file system can't carry a write-ahead log (is it a "
                "network disk?); name a folder on a local disk with `data:`", s->dir);
    sqlite3_finalize(st);
    return wal ? 0 : -1;
}

static int settings(struct sqlite *s, struct err *err)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "PRAGMA synchronous = FULL; PRAGMA cache_size = -%d; PRAGMA mmap_size = 0;"
             "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST; PRAGMA foreign_keys = OFF;"
             "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA %s",
             s->store.writer ? s->tuning.cache_kib : 1024,
             s->store.writer ? "query_only = OFF" : "query_only = ON");
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(s, err, "opening");
    if (!s->store.writer)
        return 0;
    /* Both count only before the first page is written, and page_size never in WAL. */
    snprintf(sql, sizeof(sql), "PRAGMA page_size = %d; PRAGMA auto_vacuum = INCREMENTAL",
             s->tuning.page_size);
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(s, err, "opening");
    if (write_ahead(s, err) != 0)
        return -1;
    if (s->tuning.max_pages) {
        snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)s->tuning.max_pages);
        if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
            return sqlite_fail(s, err, "opening");
    }
    return 0;
}

static int after_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct sqlite *s = context;

    (void)db;
    (void)name;
    s->wal_size = pages;
    return SQLITE_OK;
}

/* The file is created by us, for SQLite would let others read it. */
static int create_file(struct sqlite *s, struct err *err)
{
    int fd = folder_file(s->dir, "clickbaton.db", err);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

/* SQLite counts its memory under one lock for all threads, and nobody asks for the figure. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int sqlite_db_open(struct sqlite *s, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char path[4096];
    int rc;

    pthread_once(&once, configure);

    if (s->store.writer &&
        ((s->lock = folder_take(s->dir, err)) < 0 || store_sqlite_closed(s->dir, err) != 0 || create_file(s, err) != 0))
        return -1;
    if (snprintf(path, sizeof(path), "%s/clickbaton.db", s->dir) >= (int)sizeof(path))
        return err_set(err, ERR_SYSTEM, "%s: the path is too long", s->dir);
    if (!s->store.writer && access(path, F_OK) != 0)
        return err_set(err, ERR_SYSTEM,
                       "%s: %s; %s", path, strerror(errno),
                       errno == EACCES ? "run this as the user that serve runs as"
                                       : "nothing was stored here yet: start `clickbaton serve` first, or "
                                         "name the right folder with `data:`");
    rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                           SQLITE_OPEN_PRIVATECACHE, NULL);
    if (rc != SQLITE_OK)
        return sqlite_fail(s, err, "opening");
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    /* In place of SQLite's own checkpoints, which would make commits wait. */
    sqlite3_wal_hook(s->db, after_commit, s);
    if (sqlite_sum_register(s->db) != SQLITE_OK)
        return sqlite_fail(s, err, "opening");
    if (sqlite_log_open(s, path, err) != 0)
        return -1;
    return settings(s, err);
}

void sqlite_db_close(struct sqlite *s)
{
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->stmts[i]);
    sqlite3_close(s->db);
    sqlite_log_close(s);
    folder_give(s->lock);
}
