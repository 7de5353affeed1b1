#include "adapters/store/spill_inside.h"

#include <openssl/rand.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"

#define EACH 200         /* bytes of an entry beside its texts, about */
#define SHRINK_PAGES 256 /* an empty file that is larger is made small */
#define TEXTS 7

static const char *const sqls[SPILL_SQLS] = {
    [SPILL_BEGIN] = "BEGIN IMMEDIATE",
    [SPILL_COMMIT] = "COMMIT",
    [SPILL_ROLLBACK] = "ROLLBACK",
    [SPILL_PUT] = "INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?)",
    [SPILL_GET] = "SELECT * FROM entries WHERE aside IS NULL ORDER BY serial LIMIT ?",
    [SPILL_FIRST] = "SELECT at FROM entries WHERE aside IS NULL ORDER BY serial LIMIT 1",
    [SPILL_DROPPING] = "SELECT count(*), sum(bytes) FROM entries WHERE serial <= ? AND aside IS NULL",
    [SPILL_DROP] = "DELETE FROM entries WHERE serial <= ? AND aside IS NULL",
    [SPILL_ASIDE] = "UPDATE entries SET aside = ?2 WHERE serial = ?1",
    [SPILL_STATE] = "SELECT count(*), sum(bytes), min(at), (SELECT max(serial) FROM entries) FROM entries WHERE aside IS NULL",
    [SPILL_ASIDES] = "SELECT count(*) FROM entries WHERE aside IS NOT NULL",
    [SPILL_META_GET] = "SELECT value FROM meta WHERE key = ?",
    [SPILL_META_SET] = "INSERT OR REPLACE INTO meta VALUES(?, ?)",
    [SPILL_FIND] = "SELECT at, params FROM entries WHERE aside IS NULL AND instr(params, ?) > 0 ORDER BY serial",
};
enum column { SERIAL, AT, BYTES, SUM, KIND, KEYED, SAID_AT, ASIDE_WHY, OFFER };


/* ---- statements ---- */

int spill_fail(struct spill *s, const char *doing, struct err *err)
{
    int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
    bool full = (code & 0xff) == SQLITE_FULL;

    s->unsynced |= code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    return err_set(err, ERR_BUSY, "%s/spill.db: %s: %s%s", s->dir, doing, s->db ? sqlite3_errmsg(s->db) : "out of memory",
                   s->unsynced ? "; nothing is kept in it until a restart: look at the disk"
                   : full      ? "; make room on this disk: what was accepted before is safe"
                               : "; look at the disk and at the rights of this file");
}

struct sqlite3_stmt *spill_use(struct spill *s, enum spill_sql which, struct err *err)
{
    if (!s->stmts[which] &&
        sqlite3_prepare_v3(s->db, sqls[which], -1, SQLITE_PREPARE_PERSISTENT, &s->stmts[which], NULL) != SQLITE_OK)
        spill_fail(s, "preparing", err);
    return s->stmts[which];
}

int spill_step(struct spill *s, struct sqlite3_stmt *st, const char *doing, struct err *err)
{
    int rc = sqlite3_step(st);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        spill_fail(s, doing, err);
    sqlite3_reset(st);
    return rc == SQLITE_DONE ? 0 : -1;
}

int spill_run(struct spill *s, enum spill_sql which, const char *doing, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, which, err);

    return st ? spill_step(s, st, doing, err) : -1;
}

void spill_undo(struct spill *s)
{
    struct err ignored;

    if (!sqlite3_get_autocommit(s->db))
        spill_run(s, SPILL_ROLLBACK, "rolling back", &ignored);
}

int spill_begin(struct spill *s, struct err *err)
{
    if (s->unsynced)
        return err_set(err, ERR_BUSY, "%s/spill.db: the disk could not be synced; nothing is kept in it until a restart: look at "
                       "the disk", s->dir);
    return spill_run(s, SPILL_BEGIN, "beginning", err);
}

static int64_t meta_get(struct spill *s, const char *key, char *text, size_t size)
{
    struct err ignored;
    struct sqlite3_stmt *st = spill_use(s, SPILL_META_GET, &ignored);
    int64_t n = 0;

    if (!st)
        return 0;
    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW) {
        n = sqlite3_column_int64(st, 0);
        if (text)
            snprintf(text, size, "%s", sqlite3_column_text(st, 0) ? (const char *)sqlite3_column_text(st, 0) : "");
    }
    sqlite3_reset(st);
    return n;
}

static int meta_set(struct spill *s, const char *key, int64_t n, const char *text, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, SPILL_META_SET, err);

    if (!st)
        return -1;
    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    if (text)
        sqlite3_bind_text(st, 2, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_int64(st, 2, n);
    return spill_step(s, st, "writing", err);
}

/* ---- checksums ---- */

static void texts_of(const struct spill_entry *e, const struct slice *out[TEXTS])
{
    const struct slice *const all[TEXTS] = { &e->offer, &e->method, &e->content_type, &e->address, &e->params, &e->reason,
                                             &e->notes };

    memcpy(out, all, sizeof(all));
}

static int64_t bytes_of(const struct spill_entry *e)
{
    const struct slice *texts[TEXTS];
    int64_t n = EACH;

    texts_of(e, texts);
    for (size_t i = 0; i < TEXTS; i++)
        n += (int64_t)texts[i]->len;
    return n;
}

static int64_t sum_of(const struct spill_entry *e)
{
    const int64_t numbers[] = { e->serial, e->at, (int64_t)e->kind, e->keyed, e->said_at };
    const struct slice *texts[TEXTS];
    uint64_t h = slice_hash((struct slice){ (const char *)numbers, sizeof(numbers) }, SPILL_ID);

    texts_of(e, texts);
    for (size_t i = 0; i < TEXTS; i++)
        h = slice_hash(*texts[i], h + texts[i]->len);
    return (int64_t)(h & INT64_MAX);
}

int spill_read_state(struct spill *s, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, SPILL_STATE, err);
    struct spill_state *n = &s->now;
    int64_t file;

    if (!st || spill_step(s, st, "reading", err) < 0)
        return -1;
    n->waiting = sqlite3_column_int64(st, 0);
    n->bytes = sqlite3_column_int64(st, 1);
    n->first_at = sqlite3_column_int64(st, 2);
    n->last = sqlite3_column_int64(st, 3);
    sqlite3_reset(st);
    if (!(st = spill_use(s, SPILL_ASIDES, err)) || spill_step(s, st, "reading", err) < 0)
        return -1;
    n->aside = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    n->token = meta_get(s, "token", NULL, 0);
    n->known = meta_get(s, "known", NULL, 0) != 0;
    file = meta_get(s, "file", NULL, 0); /* 0: it was made before this was noted */
    n->copied = n->waiting && s->file && file && file != s->file;
    meta_get(s, "place", n->place, sizeof(n->place));
    return 0;
}

int spill_new_token(struct spill *s, struct err *err)
{
    int64_t token = 0;

    if (RAND_bytes((unsigned char *)&token, sizeof(token)) != 1)
        return err_set(err, ERR_BUSY, "no random bytes can be had");
    token = (token & INT64_MAX) | 1;
    if (meta_set(s, "token", token, NULL, err) != 0 || meta_set(s, "known", 0, NULL, err) != 0 ||
        meta_set(s, "file", s->file, NULL, err) != 0)
        return -1;
    s->now.token = token;
    s->now.known = s->now.copied = false;
    return 0;
}

void spill_state(const struct spill *s, struct spill_state *out)
{
    *out = s->now;
}

/* ---- entries ---- */

static int put_one(struct spill *s, const struct spill_entry *e, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, SPILL_PUT, err);
    const int64_t numbers[] = { e->serial, e->at, bytes_of(e), sum_of(e), (int64_t)e->kind, e->keyed, e->said_at };
    const struct slice *texts[TEXTS];
    int at = 0;

    if (!st)
        return -1;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        sqlite3_bind_int64(st, ++at, numbers[i]);
    texts_of(e, texts);
    for (size_t i = 0; i < TEXTS; i++)
        sqlite3_bind_blob(st, ++at, texts[i]->len ? texts[i]->ptr : "", (int)texts[i]->len, SQLITE_STATIC);
    return spill_step(s, st, "writing", err);
}

int spill_put(struct spill *s, const struct spill_entry *list, size_t count, const char *place, struct err *err)
{
    int64_t bytes = 0;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        bytes += bytes_of(&list[i]);
    if (s->now.copied)
        return err_set(err, ERR_BUSY, "%s/spill.db was copied here from another folder while postbacks waited in it: it takes no others until "
                       "those are handed on", s->dir);
    if (s->now.bytes + bytes > s->most)
        return err_set(err, ERR_BUSY, "%s/spill.db: %lld MB wait in it, and no more may (store: spill_max)", s->dir,
                       (long long)(s->now.bytes >> 20));
    if (spill_begin(s, err) != 0)
        return -1;
    if (strcmp(place, s->now.place) != 0)
        rc = meta_set(s, "place", 0, place, err);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = put_one(s, &list[i], err);
    if (rc != 0 || spill_run(s, SPILL_COMMIT, "writing", err) != 0) {
        spill_undo(s);
        return -1;
    }
    snprintf(s->now.place, sizeof(s->now.place), "%s", place);
    if (count && !s->now.waiting)
        s->now.first_at = list[0].at;
    s->now.waiting += (int64_t)count;
    s->now.bytes += bytes;
    if (count)
        s->now.last = list[count - 1].serial;
    return 0;
}

static void read_entry(struct sqlite3_stmt *st, struct arena *arena, struct spill_entry *out)
{
    struct slice *const texts[TEXTS] = { &out->offer, &out->method, &out->content_type, &out->address, &out->params, &out->reason,
                                         &out->notes };

    *out = (struct spill_entry){
        .serial = sqlite3_column_int64(st, SERIAL), .at = sqlite3_column_int64(st, AT),
        .kind = (enum spill_kind)sqlite3_column_int64(st, KIND), .keyed = sqlite3_column_int64(st, KEYED) != 0,
        .said_at = sqlite3_column_int64(st, SAID_AT),
    };
    for (int i = 0; i < TEXTS; i++) {
        const char *bytes = sqlite3_column_blob(st, OFFER + i);
        *texts[i] = arena_dup(arena, (struct slice){ bytes, bytes ? (size_t)sqlite3_column_bytes(st, OFFER + i) : 0 });
    }
}

static bool is_whole(struct sqlite3_stmt *st, const struct spill_entry *e)
{
    return sqlite3_column_int64(st, SUM) == sum_of(e) && e->kind >= SPILL_POSTBACK && e->kind <= SPILL_CLICK && e->offer.len;
}

/* *wrong: the serial of one that fails its checksum; 0: none. */
static int get(struct spill *s, unsigned max, size_t bytes, struct arena *arena, struct spill_entry *list, size_t *count,
               int64_t *wrong, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, SPILL_GET, err);
    size_t got = 0;
    int rc;

    *wrong = 0;
    *count = 0;
    if (!st)
        return -1;
    sqlite3_bind_int64(st, 1, max);
    while ((rc = spill_step(s, st, "reading", err)) == 1 && got < bytes) {
        struct spill_entry *e = &list[*count];
        read_entry(st, arena, e);
        if (arena->full)
            break; /* fewer than there would have been */
        if (!is_whole(st, e)) {
            *wrong = e->serial;
            break;
        }
        got += (size_t)bytes_of(e);
        ++*count;
    }
    sqlite3_reset(st);
    return rc < 0 ? -1 : 0;
}

int spill_get(struct spill *s, unsigned max, size_t bytes, struct arena *arena, struct spill_entry **list, size_t *count,
              struct err *err)
{
    int64_t wrong = 0;

    *count = 0;
    if (!(*list = ARENA_ARRAY(arena, struct spill_entry, max)))
        return err_set(err, ERR_BUSY, "out of memory");
    do {
        if (get(s, max, bytes, arena, *list, count, &wrong, err) != 0 ||
            (wrong && spill_aside(s, wrong, S("its checksum does not fit"), err) != 0))
            return -1;
    } while (wrong && *count == 0);
    return 0;
}

int spill_aside(struct spill *s, int64_t serial, struct slice why, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, SPILL_ASIDE, err);

    if (!st)
        return -1;
    sqlite3_bind_int64(st, 1, serial);
    sqlite3_bind_text(st, 2, why.len ? why.ptr : "", (int)why.len, SQLITE_STATIC);
    return spill_step(s, st, "writing", err) != 0 ? -1 : spill_read_state(s, err);
}

/* What is deleted goes from the disk, too. */
static void shrink(struct spill *s)
{
    if (spill_pragma(s, "PRAGMA page_count") > SHRINK_PAGES)
        sqlite3_exec(s->db, "VACUUM", NULL, NULL, NULL);
    sqlite3_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

/* What it takes away, before it does; the file may be large, and what is left of it is not read for that. */
static int dropping(struct spill *s, int64_t upto, struct err *err)
{
    struct sqlite3_stmt *st = spill_use(s, SPILL_DROPPING, err);

    if (!st)
        return -1;
    sqlite3_bind_int64(st, 1, upto);
    if (spill_step(s, st, "reading", err) < 0)
        return -1;
    s->now.waiting -= sqlite3_column_int64(st, 0);
    s->now.bytes -= sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return 0;
}

static int drop(struct spill *s, int64_t upto, struct err *err)
{
    struct sqlite3_stmt *st;

    if (dropping(s, upto, err) != 0 || !(st = spill_use(s, SPILL_DROP, err)))
        return -1;
    sqlite3_bind_int64(st, 1, upto);
    if (spill_step(s, st, "deleting", err) != 0)
        return -1;
    s->now.first_at = 0;
    if (!s->now.waiting)
        return spill_new_token(s, err);
    if (!(st = spill_use(s, SPILL_FIRST, err)) || spill_step(s, st, "reading", err) < 0)
        return -1;
    s->now.first_at = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return 0;
}

int spill_drop(struct spill *s, int64_t upto, struct err *err)
{
    struct spill_state before = s->now;

    if (spill_begin(s, err) != 0)
        return -1;
    if (drop(s, upto, err) != 0 || spill_run(s, SPILL_COMMIT, "deleting", err) != 0) {
        spill_undo(s);
        s->now = before;
        return -1;
    }
    if (before.waiting && !s->now.waiting)
        shrink(s);
    return 0;
}

int spill_met(struct spill *s, struct err *err)
{
    if (spill_begin(s, err) != 0)
        return -1;
    if (meta_set(s, "known", 1, NULL, err) != 0 || spill_run(s, SPILL_COMMIT, "writing", err) != 0) {
        spill_undo(s);
        return -1;
    }
    s->now.known = true;
    return 0;
}

