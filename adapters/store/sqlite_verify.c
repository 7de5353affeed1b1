#include "adapters/store/sqlite_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_sum.h"

#define CHECK_MOST 50 /* of integrity_check */

/* ---- saying ---- */

static void say(struct verify *v, const char *where, int64_t row, bool unfinished, const char *fmt,
                va_list ap)
{
    int code = v->s.db ? sqlite3_extended_errcode(v->s.db) : SQLITE_OK;
    struct verify_finding f = { where, row, NULL, unfinished };
    char text[400];

    v->lacking |= (code & 0xff) == SQLITE_NOMEM;
    v->unread |= (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_SHORT_READ;
    if (v->lacking || v->unread || v->roomless)
        return;
    f.text = text;
    vsnprintf(text, sizeof(text), fmt, ap);
    v->out->findings++;
    v->out->unfinished += unfinished;
    v->told = v->where == where ? v->told + 1 : 1;
    v->where = where;
    if (v->told <= VERIFY_TELL)
        v->report(v->context, &f);
}

void verify_say(struct verify *v, const char *where, int64_t row, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(v, where, row, false, fmt, ap);
    va_end(ap);
}

void verify_say_unfinished(struct verify *v, int64_t frame, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(v, "log", frame, true, fmt, ap);
    va_end(ap);
}

int64_t verify_number(struct verify *v, const char *where, const char *sql, bool *ok)
{
    sqlite3_stmt *st = NULL;
    int64_t n = -1;

    *ok = sqlite3_prepare_v2(v->s.db, sql, -1, &st, NULL) == SQLITE_OK &&
          sqlite3_step(st) == SQLITE_ROW;
    if (*ok)
        n = sqlite3_column_int64(st, 0);
    else
        verify_say(v, where, 0, "%s", sqlite3_errmsg(v->s.db));
    sqlite3_finalize(st);
    return n;
}

/* ---- the file as bytes ---- */

/* "Database File Format", section 1.3 (https://www.sqlite.org/fileformat.html): the fields of the
 * header that never change in a file of ours. */
static void check_header(struct verify *v, const struct stat *st)
{
    unsigned char h[100];
    int fd = open(v->file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, h, sizeof(h), 0);
    uint32_t page;

    if (fd >= 0)
        close(fd);
    v->unread |= n < 0;
    if (n != (ssize_t)sizeof(h)) {
        verify_say(v, "file", 1, "its first 100 bytes can't be read: %s",
                   n < 0 ? strerror(errno) : "the file is shorter");
        return;
    }
    page = (uint32_t)h[16] << 8 | h[17];
    if (memcmp(h, "SQLite format 3", 16) != 0 || page < 512 || (page & (page - 1)) ||
        h[18] - 1u > 1 || h[19] - 1u > 1 || h[20] != 0 || h[21] != 64 || h[22] != 32 ||
        h[23] != 32)
        verify_say(v, "file", 1, "its header is damaged");
    else if (st->st_size % page)
        verify_say(v, "file", (int64_t)(st->st_size / page) + 1,
                   "the file ends inside a page: it was cut off");
}

/* ---- opening ---- */

static bool is_running(const char *file)
{
    char path[4096 + 8];
    const char *end = strrchr(file, '/');
    int fd;
    bool held;

    snprintf(path, sizeof(path), "%.*slock", end ? (int)(end - file) + 1 : 0, file);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd); /* gives the lock back */
    return held;
}

/* The file alone is read in place, without any locks; with a log beside it SQLite must read both. */
static int open_file(struct verify *v, struct err *err)
{
    char uri[3 * 4096 + 40] = "file:", *to = uri + 5;
    struct stat st;
    bool alone = !v->out->running && (stat(v->log, &st) != 0 || st.st_size == 0);

    for (const char *p = v->file; *p; p++)
        to += sprintf(to, strchr("?#%", *p) ? "%%%02x" : "%c", (unsigned char)*p);
    snprintf(to, 32, "%s", alone ? "?immutable=1" : "");
    if (sqlite3_open_v2(uri, &v->s.db,
                        SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                            (alone ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE),
                        NULL) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "%s: %s", v->file,
                       v->s.db ? sqlite3_errmsg(v->s.db) : "out of memory");
    sqlite3_busy_timeout(v->s.db, BUSY_MS);
    sqlite3_extended_result_codes(v->s.db, 1);
    sqlite3_db_config(v->s.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(v->s.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(v->s.db, SQLITE_LIMIT_LENGTH, 64 << 20); /* a length that damage has made up */
    if (sqlite_sum_register(v->s.db) != SQLITE_OK)
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    sqlite3_exec(v->s.db, "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;"
                          "PRAGMA cell_size_check = ON; PRAGMA cache_size = -4096;"
                          "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    return 0;
}

/* Where the log of a running server stands: the index that its handles share, section 2.1 of
 * "WAL-mode File Format": mxFrame at byte 16, the salts at 32. */
static bool shared_log(struct verify *v, int64_t *frames, unsigned char salts[8])
{
    sqlite3_file *file = NULL;
    volatile void *shared = NULL;

    if (sqlite3_file_control(v->s.db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods || file->pMethods->iVersion < 2 ||
        file->pMethods->xShmMap(file, 0, 32768, 0, &shared) != SQLITE_OK || !shared)
        return false;
    *frames = (int64_t)((volatile uint32_t *)shared)[4];
    for (int i = 0; i < 8; i++)
        salts[i] = ((volatile unsigned char *)shared)[32 + i];
    return true;
}

/* ---- what SQLite itself sees ---- */

static void tree_named(struct verify *v, const char *text, char *name, size_t size)
{
    const char *at = strstr(text, "On tree page ");
    sqlite3_stmt *st = NULL;

    *name = '\0';
    if (!at || sqlite3_prepare_v2(v->s.db, "SELECT name FROM sqlite_schema WHERE rootpage = ?1", -1,
                                  &st, NULL) != SQLITE_OK)
        return;
    sqlite3_bind_int64(st, 1, atoll(at + 13));
    if (sqlite3_step(st) == SQLITE_ROW)
        snprintf(name, size, " (%s)", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
}

static void check_trees(struct verify *v)
{
    sqlite3_stmt *st = NULL;
    char sql[60], name[80];
    int rc;

    snprintf(sql, sizeof(sql), "PRAGMA integrity_check(%d)", CHECK_MOST);
    rc = sqlite3_prepare_v2(v->s.db, sql, -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        rc = SQLITE_OK;
        if (text && strcmp(text, "ok") == 0)
            continue;
        v->broken = true;
        tree_named(v, text ? text : "", name, sizeof(name));
        verify_say(v, "file", 0, "%s%s", text ? text : "damaged", name);
    }
    if (rc != SQLITE_DONE && rc != SQLITE_OK) {
        v->broken = true;
        verify_say(v, "file", 0, "%s", sqlite3_errmsg(v->s.db));
    }
    sqlite3_finalize(st);
}

/* ---- tables and settings ---- */

#define SCHEMA "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"

static bool same_rows(sqlite3_stmt *a, sqlite3_stmt *b)
{
    for (;;) {
        int x = sqlite3_step(a), y = sqlite3_step(b);
        if (x != y || x != SQLITE_ROW)
            return x == SQLITE_DONE && y == SQLITE_DONE;
        for (int i = 0; i < 4; i++) {
            const char *s = (const char *)sqlite3_column_text(a, i);
            const char *t = (const char *)sqlite3_column_text(b, i);
            if (strcmp(s ? s : "", t ? t : "") != 0)
                return false;
        }
    }
}

/* Are the tables as our own steps make them?  1, 0; -1: no memory to compare them. */
static int schema_is_ours(struct verify *v, struct err *err)
{
    sqlite3 *ours = NULL;
    sqlite3_stmt *a = NULL, *b = NULL;
    bool made = sqlite3_open(":memory:", &ours) == SQLITE_OK &&
                sqlite_sum_register(ours) == SQLITE_OK, same;

    for (const struct sqlite_step *step = v->s.tuning.steps; made && step->version; step++)
        made = sqlite3_exec(ours, step->sql, NULL, NULL, NULL) == SQLITE_OK;
    made = made && sqlite3_prepare_v2(ours, SCHEMA, -1, &a, NULL) == SQLITE_OK;
    same = made && sqlite3_prepare_v2(v->s.db, SCHEMA, -1, &b, NULL) == SQLITE_OK && same_rows(a, b);
    made = made && sqlite3_errcode(ours) != SQLITE_NOMEM && sqlite3_errcode(v->s.db) != SQLITE_NOMEM;
    sqlite3_finalize(a);
    sqlite3_finalize(b);
    sqlite3_close(ours);
    return made ? same : err_set(err, ERR_SYSTEM, "%s: out of memory", v->file);
}

/* 0: go on.  1: said.  -1: an old or newer store, or no memory; not damage. */
static int check_schema(struct verify *v, struct err *err)
{
    int64_t version, said;
    int newest = 0, same;
    bool ok;

    for (const struct sqlite_step *step = v->s.tuning.steps; step->version; step++)
        newest = step->version;
    version = verify_number(v, "file", "PRAGMA user_version", &ok);
    if (!ok)
        return 1;
    said = verify_number(v, "meta", "SELECT value FROM meta WHERE key = 'schema'", &ok);
    if (!ok)
        return 1;
    if (said != version) {
        verify_say(v, "meta", 0, "the schema version is %lld in the file's header and %lld here",
                   (long long)version, (long long)said);
        return 1;
    }
    if (version != newest)
        return err_set(err, ERR_SYSTEM,
                       "%s: its schema version is %lld, this clickbaton (" CLICKBATON_VERSION
                       ") checks %d; %s", v->file, (long long)version, newest,
                       version < newest
                           ? "start `clickbaton serve` once, it will bring it up to date"
                           : "use the newer clickbaton that wrote it");
    if ((same = schema_is_ours(v, err)) != 0)
        return same < 0 ? -1 : 0;
    verify_say(v, "file", 0, "its tables are not as clickbaton makes them");
    return 1;
}

static void check_meta(struct verify *v)
{
    bool ok;
    int64_t same = verify_number(
        v, "meta", "SELECT checksum(11, (SELECT value FROM meta WHERE key = 'created_by'),"
        " (SELECT value FROM meta WHERE key = 'hash_seed')) IS"
        " (SELECT value FROM meta WHERE key = 'sum') AND (SELECT count(*) FROM meta) = 4", &ok);

    if (ok && !same)
        verify_say(v, "meta", 0, "the checksum of its values is wrong");
    same = verify_number(v, "file", "PRAGMA application_id", &ok);
    if (ok && same != 0x436c6b42)
        verify_say(v, "file", 1, "its application id is not clickbaton's");
}

static int check_all(struct verify *v, struct err *err)
{
    unsigned char salts[8] = { 0 };
    int64_t frames = -1;
    bool ok;
    int rc;

    if (sqlite3_exec(v->s.db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
        (verify_number(v, "file", "SELECT count(*) FROM sqlite_schema", &ok), !ok))
        return 1;
    if (v->out->running && shared_log(v, &frames, salts))
        verify_log(v, frames, salts);
    rc = check_schema(v, err);
    if (rc < 0)
        return -1;
    check_trees(v);
    if (rc == 0) {
        v->s.seed = (uint64_t)verify_number(
            v, "meta", "SELECT value FROM meta WHERE key = 'hash_seed'", &ok);
        check_meta(v);
        verify_rows(v);
        if (v->out->findings == v->out->unfinished) /* else it would only say the same again */
            verify_index(v);
    }
    sqlite3_exec(v->s.db, "COMMIT", NULL, NULL, NULL);
    return 0;
}

static int prepare(struct verify *v, const char *path, struct stat *st, struct err *err)
{
    bool folder = stat(path, st) == 0 && S_ISDIR(st->st_mode);

    if (snprintf(v->file, sizeof(v->file), "%s%s", path, folder ? "/clickbaton.db" : "") >=
        (int)sizeof(v->file))
        return err_set(err, ERR_SYSTEM, "%s: the path is too long", path);
    snprintf(v->log, sizeof(v->log), "%s-wal", v->file);
    if (stat(v->file, st) != 0)
        return err_set(err, ERR_SYSTEM, "%s: %s; name a data folder or a copy of its "
                       "clickbaton.db", v->file, strerror(errno));
    snprintf(v->dir, sizeof(v->dir), "%.*s",
             strrchr(v->file, '/') ? (int)(strrchr(v->file, '/') - v->file) : 1,
             strrchr(v->file, '/') ? v->file : ".");
    v->s = (struct sqlite){ .tuning = sqlite_tuning_default, .lock = -1, .dir = v->dir,
                            .names = names_new(), .index = index_new() };
    arena_init(&v->s.scratch, (size_t)1 << 20);
    if (!v->s.names || !v->s.index)
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    return 0;
}

/* A server that started meanwhile has changed the file under our eyes. */
static bool has_changed(const struct verify *v, const struct stat *before)
{
    struct stat st;

    return !v->out->running &&
           (is_running(v->file) || stat(v->file, &st) != 0 || st.st_size != before->st_size ||
            st.st_mtim.tv_sec != before->st_mtim.tv_sec ||
            st.st_mtim.tv_nsec != before->st_mtim.tv_nsec);
}

int store_sqlite_verify(const char *path, verify_report *report, void *context,
                        struct verify_result *out, struct err *err)
{
    struct verify *v = calloc(1, sizeof(*v));
    struct stat st;
    int rc = -1;

    *out = (struct verify_result){ 0 };
    if (!v)
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    v->report = report;
    v->context = context;
    v->out = out;
    if (prepare(v, path, &st, err) == 0) {
        out->running = is_running(v->file);
        check_header(v, &st);
        if (!out->running)
            verify_log(v, -1, NULL);
        if (open_file(v, err) == 0)
            rc = check_all(v, err);
        if (rc >= 0)
            rc = v->lacking  ? err_set(err, ERR_SYSTEM, "%s: out of memory", v->file)
                 : v->roomless
                     ? err_set(err, ERR_SYSTEM, "%s: no temporary file can be written, which counting the rows "
                               "again needs: make room in /var/tmp, or name another folder in SQLITE_TMPDIR", v->file)
                 : v->unread ? err_set(err, ERR_SYSTEM, "%s: the disk can't be read (disk I/O error); "
                                       "look at its health (dmesg), and at your backup", v->file)
                             : out->findings != 0;
        if (rc == 1 && has_changed(v, &st))
            rc = err_set(err, ERR_BUSY, "%s: the store was in use while it was read; try again",
                         v->file);
    }
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(v->s.stmts[i]);
    sqlite3_close(v->s.db);
    index_free(v->s.index);
    names_free(v->s.names);
    arena_free(&v->s.scratch);
    free(v);
    return rc;
}
