#define _GNU_SOURCE 1 /* statx */
/* spill_file.c: the file is made, opened, looked at; damaged ones are set aside. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "adapters/store/folder.h"
#include "adapters/store/spill_inside.h"
#include "core/base/buf.h"

#define VERSION 1
#define BUSY_MS 2000

/* aside: why it can't be handed on; NULL: it waits.  bytes stands before the texts, so that adding up reads one page a row. */
static const char schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE entries(serial INTEGER PRIMARY KEY, at INTEGER NOT NULL, bytes INTEGER NOT NULL, sum INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, keyed INTEGER NOT NULL, said_at INTEGER NOT NULL, aside TEXT, offer BLOB, method BLOB,"
    " content_type BLOB, address BLOB, params BLOB, reason BLOB, notes BLOB);"
    "CREATE INDEX entries_aside ON entries(serial) WHERE aside IS NOT NULL;";

int64_t spill_pragma(struct spill *s, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static bool is_sound(struct spill *s)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;

    sqlite3_finalize(st);
    return ok;
}

static void disconnect(struct spill *s)
{
    for (size_t i = 0; i < SPILL_SQLS; i++) {
        sqlite3_finalize(s->stmts[i]);
        s->stmts[i] = NULL;
    }
    sqlite3_close(s->db);
    s->db = NULL;
}

static int connect_to(struct spill *s, bool writes, struct err *err)
{
    char path[4096], sql[300];

    if (snprintf(path, sizeof(path), "%s/spill.db", s->dir) >= (int)sizeof(path))
        return err_set(err, ERR_SYSTEM, "%s: the path is too long", s->dir);
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return spill_fail(s, "opening", err);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    snprintf(sql, sizeof(sql), "PRAGMA synchronous = FULL; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
             "PRAGMA secure_delete = FAST; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;%s",
             writes ? "PRAGMA journal_mode = WAL" : "PRAGMA query_only = ON");
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK ? spill_fail(s, "opening", err) : 0;
}

/* 1: it is damaged. */
static int read_file(struct spill *s, bool writes, struct err *err)
{
    int64_t version;

    if (connect_to(s, writes, err) != 0)
        return s->db && ((sqlite3_errcode(s->db) & 0xff) == SQLITE_NOTADB || (sqlite3_errcode(s->db) & 0xff) == SQLITE_CORRUPT);
    if (spill_pragma(s, "SELECT count(*) FROM sqlite_master") == 0 && writes) {
        char sql[100];
        snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d", SPILL_ID, VERSION);
        if (spill_begin(s, err) != 0 || sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
            return spill_fail(s, "making the file", err);
        return spill_run(s, SPILL_COMMIT, "making the file", err);
    }
    version = spill_pragma(s, "PRAGMA user_version");
    if (spill_pragma(s, "PRAGMA application_id") == SPILL_ID && version > VERSION)
        return err_set(err, ERR_INPUT, "%s/spill.db: its version is %lld, this clickbaton knows %d: use the newer program until it "
                       "is empty", s->dir, (long long)version, VERSION);
    if (version != VERSION)
        return err_set(err, ERR_BUSY, "%s/spill.db: this is no file of clickbaton's", s->dir), 1;
    return writes && !is_sound(s) ? 1 : 0;
}

static const char *const tails[] = { "", "-wal", "-shm" };

static bool is_taken(const char *dir, long long name)
{
    char path[4200];
    struct stat st;
    bool taken = false;

    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%.4000s/spill.db.damaged-%lld%s", dir, name, tails[i]);
        taken |= lstat(path, &st) == 0;
    }
    return taken;
}

/* What is in it was accepted, so nothing of it is thrown away. */
static int set_aside(struct spill *s, struct err *err)
{
    char from[4096], to[4200];
    long long name = (long long)time(NULL);

    disconnect(s);
    while (is_taken(s->dir, name)) /* a second one of this second has the next */
        name++;
    for (size_t i = 0; i < 3; i++) {
        snprintf(from, sizeof(from), "%.4000s/spill.db%s", s->dir, tails[i]);
        snprintf(to, sizeof(to), "%.4000s/spill.db.damaged-%lld%s", s->dir, name, tails[i]);
        if (rename(from, to) != 0 && i == 0)
            return err_set(err, ERR_SYSTEM, "%s: it is damaged, and can't be moved away", from);
    }
    snprintf(s->damaged, sizeof(s->damaged), "%.300s/spill.db.damaged-%lld", s->dir, name);
    return 0;
}

/* A file that is moved stays the same; the copy of one has another number or another time of birth. */
static int64_t file_of(const char *dir)
{
    char path[4096];
    struct statx st;
    uint64_t parts[3];

    if (snprintf(path, sizeof(path), "%s/spill.db", dir) >= (int)sizeof(path) ||
        statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) != 0)
        return 0;
    memset(parts, 0, sizeof(parts));
    parts[0] = st.stx_ino;
    if (st.stx_mask & STATX_BTIME) {
        parts[1] = (uint64_t)st.stx_btime.tv_sec;
        parts[2] = st.stx_btime.tv_nsec;
    }
    return (int64_t)(slice_hash((struct slice){ (const char *)parts, sizeof(parts) }, SPILL_ID) & INT64_MAX) | 1;
}

static struct spill *new_spill(const char *dir, int64_t most, struct err *err)
{
    struct spill *s = calloc(1, sizeof(*s));

    if (s && (s->dir = strdup(dir))) {
        s->most = most;
        return s;
    }
    free(s);
    err_set(err, ERR_SYSTEM, "out of memory");
    return NULL;
}

static int make(struct spill *s, struct err *err)
{
    int fd = folder_file(s->dir, "spill.db", err); /* SQLite would let others read it */

    if (fd < 0)
        return -1;
    close(fd);
    return read_file(s, true, err);
}

/* The names of new files, for which SQLite does not care enough (sqlite_sync_names). */
static int sync_names(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (rc != 0 && errno != EINVAL)
        err_set(err, ERR_SYSTEM, "%s: the folder could not be synced: %s; look at the disk", dir, strerror(errno));
    else
        rc = 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Of an empty file the token goes on for nobody.  It may be a copy, so its row in the database may be another server's: who was the
 * original goes on with that. */
static int begin_anew(struct spill *s, struct err *err)
{
    if (s->now.waiting)
        return 0;
    return spill_new_token(s, err);
}

struct spill *spill_open(const char *dir, int64_t most, const char **damaged, struct err *err)
{
    struct spill *s = new_spill(dir, most, err);
    int rc = s ? make(s, err) : -1;

    if (rc == 1)
        rc = set_aside(s, err) == 0 ? make(s, err) : -1;
    if (rc == 0)
        s->file = file_of(dir);
    if (rc == 0 && spill_read_state(s, err) == 0 && spill_begin(s, err) == 0) {
        if (begin_anew(s, err) == 0 && spill_run(s, SPILL_COMMIT, "opening", err) == 0 &&
            sync_names(dir, err) == 0) {
            if (damaged)
                *damaged = s->damaged;
            return s;
        }
    }
    spill_close(s);
    return NULL;
}

void spill_close(struct spill *s)
{
    if (!s)
        return;
    disconnect(s);
    free(s->dir);
    free(s);
}

bool spill_there(const char *dir)
{
    char path[4096];
    struct stat st;

    return snprintf(path, sizeof(path), "%s/spill.db", dir) < (int)sizeof(path) && stat(path, &st) == 0 && st.st_size > 0;
}

/* ---- for verbs ---- */

/* 1: *out is open for reading. */
static int open_reader(const char *dir, struct spill **out, struct err *err)
{
    int rc;

    if (!spill_there(dir))
        return 0;
    if (!(*out = new_spill(dir, 0, err)))
        return -1;
    if ((rc = read_file(*out, false, err)) == 0 && spill_read_state(*out, err) == 0)
        return 1;
    spill_close(*out);
    return -1;
}

int spill_peek(const char *dir, struct spill_state *out, struct err *err)
{
    struct spill *s;
    int rc = open_reader(dir, &s, err);

    if (rc == 1) {
        *out = s->now;
        spill_close(s);
    }
    return rc;
}

/* A whole value of name=value&... */
static bool has_value(struct slice params, struct slice value)
{
    struct slice segment, name, is;

    while (params.len) {
        slice_cut(params, '&', &segment, &params);
        if (slice_cut(segment, '=', &name, &is) && slice_eq(is, value))
            return true;
    }
    return false;
}

int spill_find(const char *dir, struct slice id, int64_t *count, int64_t *first_at, struct err *err)
{
    struct buf encoded = { 0 };
    struct sqlite3_stmt *st;
    struct spill *s;
    int rc = open_reader(dir, &s, err);

    *count = *first_at = 0;
    if (rc != 1)
        return rc;
    buf_percent(&encoded, id);
    if (!buf_ok(&encoded) || !(st = spill_use(s, SPILL_FIND, err))) {
        rc = -1;
        goto out;
    }
    sqlite3_bind_blob(st, 1, encoded.ptr, (int)encoded.len, SQLITE_STATIC);
    while ((rc = spill_step(s, st, "reading", err)) == 1) {
        struct slice params = { sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1) };
        if (!has_value(params, buf_slice(&encoded)))
            continue;
        if (++*count == 1)
            *first_at = sqlite3_column_int64(st, 0);
    }
    rc = rc == 0 ? 1 : -1;
out:
    buf_free(&encoded);
    spill_close(s);
    return rc;
}
