/* sqlite_verify_tallies.c: the counts by the hour against the rows that they count.
 *
 * The rows are counted once more, as an older store's are (sqlite_tally_rows.c), into a table of a file of its own
 * that SQLite removes when it is closed: there may be millions of counts.  Then each is looked for in the other.
 * docs/store.md says what can't be compared, and why. */
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

#include "adapters/store/sqlite_sum.h"
#include "adapters/store/sqlite_tally.h"
#include "adapters/store/sqlite_verify.h"
#include "core/identity/match_key.h"

#define NAME_MOST 60 /* bytes of a name that are shown */

struct key {
    int64_t hour, offer, kind, name, slot;
};

struct recount {
    struct verify *v;
    struct sqlite rows;          /* what they come to */
    sqlite3_stmt *says, *is;     /* a count by its key: in the store, of the rows */
    sqlite3_stmt *name, *words;
    int64_t clicks_after, ledger_after; /* hours up to these are not compared */
    bool failed;                        /* something could not be read: what is compared proves nothing */
};

/* ---- small things ---- */

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;

    sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    return st;
}

/* Of the store that is a finding, unless memory lacked; of our own file it says nothing about the store. */
static void fail(struct recount *r, sqlite3 *db)
{
    int code = sqlite3_errcode(db) & 0xff;

    if (!r->failed && db == r->v->s.db)
        verify_say(r->v, "hours", 0, "%s", sqlite3_errmsg(db));
    r->failed = true;
    r->v->lacking |= code == SQLITE_NOMEM;
    r->v->roomless |= code != SQLITE_NOMEM && db == r->rows.db;
}

/* 0: there is none, too. */
static int64_t get(struct recount *r, sqlite3_stmt *st, const struct key *k, int64_t slot)
{
    const int64_t key[] = { k->hour, k->offer, k->kind, k->name, slot };
    int64_t n;
    int rc;

    for (int i = 0; i < 5; i++)
        sqlite3_bind_int64(st, i + 1, key[i]);
    rc = sqlite3_step(st);
    n = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail(r, sqlite3_db_handle(st));
    sqlite3_reset(st);
    return n;
}

/* What an answer that did not deliver meant for its event stands in no row: those are compared together. */
static bool is_merged(const struct key *k, int64_t slot)
{
    return k->kind == TALLY_ANSWERS && (slot == STORE_WAITING || slot == STORE_DEAD);
}

static int64_t value(struct recount *r, sqlite3_stmt *st, const struct key *k)
{
    return is_merged(k, k->slot) ? get(r, st, k, STORE_WAITING) + get(r, st, k, STORE_DEAD) : get(r, st, k, k->slot);
}

/* ---- saying ---- */

/* A name as it may be shown, whatever is in it. */
static void name_of(struct recount *r, int64_t id, char *out, size_t size)
{
    struct slice text = { 0 };
    size_t n = 0;

    sqlite3_bind_int64(r->name, 1, id);
    if (id && sqlite3_step(r->name) == SQLITE_ROW)
        text = col_text(r->name, 0);
    for (; n < text.len && n + 1 < size; n++)
        out[n] = (unsigned char)text.ptr[n] < 0x20 || text.ptr[n] == 0x7f ? '?' : text.ptr[n];
    out[n] = '\0';
    sqlite3_reset(r->name);
}

static void key_text(struct recount *r, const struct key *k, char *out, size_t size)
{
    char hour[40] = "?", offer[NAME_MOST], name[NAME_MOST];
    const char *kind, *what;
    time_t at = (time_t)k->hour;
    struct tm tm;

    if (gmtime_r(&at, &tm))
        strftime(hour, sizeof(hour), "%Y-%m-%dT%H:%MZ", &tm);
    name_of(r, k->offer, offer, sizeof(offer));
    name_of(r, k->name, name, sizeof(name));
    sqlite3_bind_int64(r->words, 1, k->kind);
    sqlite3_bind_int64(r->words, 2, k->slot);
    sqlite3_step(r->words);
    kind = (const char *)sqlite3_column_text(r->words, 0);
    what = is_merged(k, k->slot) ? "tried again or dead" : (const char *)sqlite3_column_text(r->words, 1);
    snprintf(out, size, "%s offer %s: %s%s%s %s", hour, offer, kind ? kind : "?", *name ? " " : "", name,
             what ? what : "?");
    sqlite3_reset(r->words);
}

/* ---- judging ---- */

/* How many events more than the rows show may have carried this key: bodies of visitors who refused are
 * emptied, and addresses and browsers are taken out of all when `retention: ip` has passed. */
static int64_t forgotten_keys(struct recount *r, const struct key *k)
{
    struct key of = *k;

    of.kind = k->slot == MATCH_IP || k->slot == MATCH_USER_AGENT ? TALLY_EVENTS : TALLY_EMPTIED;
    return get(r, r->is, &of, of.kind == TALLY_EVENTS ? STORE_WAITING : 0);
}

static bool agree(struct recount *r, const struct key *k, int64_t says, int64_t is)
{
    if (says == is || k->hour <= (k->kind == TALLY_CLICKS ? r->clicks_after : r->ledger_after))
        return true;
    if (k->kind == TALLY_KEYS)
        return says > is && says - is <= forgotten_keys(r, k);
    /* an attempt of today may have carried an event that is gone already */
    return k->kind == TALLY_ANSWERS && r->ledger_after > INT64_MIN && says > is;
}

static void judge(struct recount *r, const struct key *k, int64_t says)
{
    int64_t is = value(r, r->is, k);
    char text[300];

    if (agree(r, k, says, is) || r->failed)
        return;
    key_text(r, k, text, sizeof(text));
    verify_say(r->v, "hours", 0, "%s says %lld, the rows say %lld", text, (long long)says, (long long)is);
}

/* Every count of db; `there`: of the rows, where only what the store has not is news. */
static void walk(struct recount *r, sqlite3 *db, bool of_rows)
{
    sqlite3_stmt *st = prepared(db, "SELECT hour, offer, kind, name, slot FROM tallies"
                                    " ORDER BY hour, offer, kind, name, slot");
    int rc = SQLITE_ERROR;

    while (st && !r->failed && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const struct key k = { col_int(st, 0), col_int(st, 1), col_int(st, 2), col_int(st, 3), col_int(st, 4) };
        int64_t says = value(r, r->says, &k);
        if (k.kind == TALLY_EMPTIED || (of_rows && says != 0))
            continue;
        if (is_merged(&k, k.slot) && k.slot == STORE_DEAD && get(r, of_rows ? r->is : r->says, &k, STORE_WAITING))
            continue; /* that one was compared with it */
        judge(r, &k, says);
    }
    if (!r->failed && rc != SQLITE_DONE)
        fail(r, db);
    sqlite3_finalize(st);
}

/* ---- counting ---- */

static bool open_rows(struct recount *r)
{
    static const char sql[] =
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;"
        "CREATE TABLE tallies(hour INTEGER, offer INTEGER, kind INTEGER, name INTEGER, slot INTEGER,"
        " n INTEGER, sum INTEGER, PRIMARY KEY(hour, offer, kind, name, slot)) WITHOUT ROWID; BEGIN";

    return sqlite3_open("", &r->rows.db) == SQLITE_OK && sqlite3_exec(r->rows.db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool count_rows(struct recount *r)
{
    struct sqlite *s = &r->v->s;
    struct err err = { 0 };
    bool ok;

    r->rows.dir = s->dir;
    s->tally = tally_new();
    s->tally_to = &r->rows;
    r->v->lacking |= !s->tally;
    ok = s->tally && open_rows(r) && tally_rows(s, &err) == 0;
    if (s->tally && !ok) {
        bool own = !r->rows.db || sqlite3_errcode(r->rows.db) != SQLITE_OK;
        r->v->lacking |= err.kind == ERR_BUSY || !r->rows.db;
        if (own && r->rows.db)
            fail(r, r->rows.db);
        else
            verify_say(r->v, "hours", 0, "the rows can't be counted: %s", err.text);
    }
    tally_free(s->tally);
    s->tally = NULL;
    s->tally_to = NULL;
    return ok;
}

static const char by_key[] = "SELECT n FROM tallies WHERE hour = ?1 AND offer = ?2 AND kind = ?3 AND name = ?4"
                             " AND slot = ?5";

static bool prepare(struct recount *r)
{
    sqlite3 *db = r->v->s.db;

    r->says = prepared(db, by_key);
    r->name = prepared(db, "SELECT text FROM names WHERE id = ?1");
    r->words = prepared(db, "SELECT " TALLY_KIND_WORD ", " TALLY_SLOT_WORD " FROM (SELECT ?1 AS kind, ?2 AS slot)");
    if (!r->says || !r->name || !r->words)
        verify_say(r->v, "tallies", 0, "%s", sqlite3_errmsg(db));
    return r->says && r->name && r->words;
}

static int64_t last_hour(int64_t before_ms)
{
    return before_ms ? before_ms / 1000 : INT64_MIN;
}

/* Each row whose checksum is wrong. */
static void check_sums(struct recount *r)
{
    static const char wrong[] = "SELECT hour, offer, kind, name, slot FROM tallies WHERE sum IS NOT"
                                " checksum(14, hour, offer, kind, name, slot, n)";
    sqlite3_stmt *st = prepared(r->v->s.db, wrong);
    int rc = SQLITE_ERROR;
    char text[300];

    while (st && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const struct key k = { col_int(st, 0), col_int(st, 1), col_int(st, 2), col_int(st, 3), col_int(st, 4) };
        key_text(r, &k, text, sizeof(text));
        verify_say(r->v, "tallies", 0, "the checksum of a row is wrong: %s", text);
    }
    if (rc != SQLITE_DONE)
        verify_say(r->v, "tallies", 0, "%s", sqlite3_errmsg(r->v->s.db));
    sqlite3_finalize(st);
}

void verify_tallies(struct verify *v, const struct sqlite_state *says, const struct sqlite_state *is)
{
    struct recount r = { .v = v, .clicks_after = last_hour(says->clicks_before),
                         .ledger_after = last_hour(says->ledger_before) };
    bool sound = v->out->findings == v->out->unfinished; /* else it would only say the same again */
    bool ok;

    if (prepare(&r)) {
        check_sums(&r);
        /* A store that was brought up to date, and killed before it had counted, has none. */
        if (sound && verify_number(v, "tallies", "SELECT count(*) FROM (SELECT 1 FROM tallies LIMIT 1)", &ok) == 1) {
            v->s.now = *is;
            if (count_rows(&r) && !(r.is = prepared(r.rows.db, by_key)))
                fail(&r, r.rows.db);
            if (r.is) {
                walk(&r, v->s.db, false);
                walk(&r, r.rows.db, true);
            }
        }
    }
    sqlite3_finalize(r.says);
    sqlite3_finalize(r.is);
    sqlite3_finalize(r.name);
    sqlite3_finalize(r.words);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(r.rows.stmts[i]);
    sqlite3_close(r.rows.db);
}
