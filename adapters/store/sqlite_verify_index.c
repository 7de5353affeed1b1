/* sqlite_verify_index.c: every row is found by each of its ids, and the runs are as they were written.
 *
 * Entries lie in the order of hashes, rows in the order of ids, and neither fits memory.  So 32 bits
 * per row are kept: what the row should have in the index, XORed with what the index has.  Where they
 * are not zero (damage; and a click whose id has changed, which leaves its old entry behind) the
 * row is looked up, id by id. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_runs.h"
#include "adapters/store/sqlite_sum.h"
#include "adapters/store/sqlite_verify.h"

#define WINDOW ((int64_t)4 << 20) /* rows at a time: 16 MB */

struct check {
    struct verify *v;
    enum index_family family;
    int64_t from, end; /* rows of this window */
    uint32_t *marks;
    int64_t wanted; /* a single row that is looked up; 0: none */
    bool stopped;   /* by us, not by an error */
    bool missing;
    struct err err;
};

static uint32_t mark(uint64_t hash, int64_t row)
{
    uint64_t h = (hash ^ (uint64_t)row * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

    return (uint32_t)(h ^ h >> 32);
}

static void note(struct check *c, uint64_t hash, int64_t row)
{
    if (row >= c->from && row < c->end)
        c->marks[row - c->from] ^= mark(hash, row);
}

/* ---- the runs ---- */

static bool check_chunk(struct check *c, const struct run *run, const unsigned char *bytes, size_t n,
                        uint64_t *last)
{
    for (size_t i = 0; i < n; i++, bytes += RUN_ENTRY) {
        uint64_t hash = 0;
        int64_t row = 0;
        for (int k = 7; k >= 0; k--)
            hash = hash << 8 | bytes[k];
        for (int k = 13; k >= 8; k--)
            row = row << 8 | bytes[k];
        if (hash < *last)
            return false;
        if (!run_may_hold(run, hash))
            verify_say(c->v, "index", run->id, "its filter denies what is in it");
        *last = hash;
        note(c, hash, row);
    }
    return true;
}

static void check_run(struct check *c, const struct run *run, int64_t says)
{
    struct sum sum;
    int64_t entries = 0, total;
    uint64_t last = 0;
    sqlite3_stmt *st = sql_use(&c->v->s, SQL_CHUNK_GET, &c->err);

    sum_start(&sum, SUM_RUNS);
    for (int i = 0; i < 6; i++)
        sum_int(&sum, (int64_t[]){ run->id, (int64_t)run->family, run->level, run->chunks,
                                   run->entries, run->last }[i]);
    total = sum_end(&sum);
    for (int64_t i = 0; st && i < run->chunks; i++) {
        const unsigned char *bytes;
        size_t len;
        bind_int(st, 1, run->id << CHUNK_BITS | i);
        if (sql_step(&c->v->s, st, &c->err) != 1 || !(bytes = sqlite3_column_blob(st, 0)) ||
            (len = (size_t)sqlite3_column_bytes(st, 0)) % RUN_ENTRY || len > RUN_CHUNK * RUN_ENTRY ||
            !check_chunk(c, run, bytes, len / RUN_ENTRY, &last)) {
            sql_done(st);
            verify_say(c->v, "index", run->id, "chunk %lld of this run is damaged", (long long)i);
            return;
        }
        total += sum_chunk(i, bytes, len);
        entries += (int64_t)(len / RUN_ENTRY);
        sql_done(st);
    }
    if (total != says || entries != run->entries)
        verify_say(c->v, "index", run->id, "the checksum of this run is wrong");
}

static int64_t sum_of(struct check *c, int64_t run)
{
    sqlite3_stmt *st = NULL;
    int64_t n = INT64_MIN;

    if (sqlite3_prepare_v2(c->v->s.db, "SELECT sum FROM runs WHERE id = ?1", -1, &st, NULL) ==
        SQLITE_OK) {
        sqlite3_bind_int64(st, 1, run);
        if (sqlite3_step(st) == SQLITE_ROW)
            n = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    return n;
}

static void check_runs(struct check *c)
{
    const struct run_list *l = &c->v->s.index->lists[c->family];

    for (size_t i = 0; i < l->count; i++)
        check_run(c, l->runs[i], sum_of(c, l->runs[i]->id));
}

/* ---- the rows ---- */

static int is_row(void *context, int64_t row, struct err *err)
{
    (void)err;
    return row == *(const int64_t *)context;
}

static int stop(struct check *c)
{
    c->stopped = true;
    return -1;
}

/* What sqlite_*_index would put into the index. */
static int tap(void *context, int family, uint64_t hash, int64_t row)
{
    struct check *c = context;

    if (c->wanted) {
        if (row != c->wanted)
            return stop(c);
        if (family == (int)c->family &&
            index_find(&c->v->s, c->family, hash, is_row, &c->wanted, &c->err) != 1)
            c->missing = true;
        return 0;
    }
    if (row >= c->end || row > c->v->s.index->upto[index_kind(c->family)])
        return stop(c);
    if (family == (int)c->family)
        note(c, hash, row);
    return 0;
}

static int tap_rows(struct check *c, int64_t after)
{
    struct sqlite *s = &c->v->s;

    c->stopped = false;
    s->index_tap = tap;
    s->tap_context = c;
    switch (index_kind(c->family)) {
    case ROWS_CLICKS:
        return sqlite_clicks_index_tail(s, after, &c->err);
    case ROWS_POSTBACKS:
        return sqlite_postbacks_index_tail(s, after, &c->err);
    default:
        return sqlite_events_index(s, after, &c->err);
    }
}

static bool is_late(struct check *c, int64_t row)
{
    static const char *const sql[] = {
        [ROWS_CLICKS] = "SELECT 1 FROM late_clicks WHERE click = ?1",
        [ROWS_POSTBACKS] = "SELECT 1 FROM late_postbacks WHERE postback = ?1",
    };
    enum rows kind = index_kind(c->family);
    sqlite3_stmt *st = NULL;
    bool late = false;

    if (kind != ROWS_EVENTS &&
        sqlite3_prepare_v2(c->v->s.db, sql[kind], -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, row);
        late = sqlite3_step(st) == SQLITE_ROW;
    }
    sqlite3_finalize(st);
    return late;
}

static void look_up(struct check *c, int64_t row)
{
    static const char *const names[] = { "clicks", "postbacks", "events" };

    if (is_late(c, row))
        return; /* its ids are in memory until the next run is written */
    c->wanted = row;
    c->missing = false;
    tap_rows(c, row - 1);
    c->wanted = 0;
    if (c->missing)
        verify_say(c->v, names[index_kind(c->family)], row,
                   "it is not found by one of its ids: the index has lost it");
}

static void check_window(struct check *c)
{
    memset(c->marks, 0, (size_t)(c->end - c->from) * sizeof(*c->marks));
    check_runs(c);
    if (tap_rows(c, c->from - 1) < 0 && !c->stopped)
        verify_say(c->v, "index", 0, "%s", c->err.text);
    for (int64_t i = 0; i < c->end - c->from; i++)
        if (c->marks[i])
            look_up(c, c->from + i);
}

static void check_upto(struct verify *v)
{
    bool ok;
    int64_t same = verify_number(v, "indexed", "SELECT sum IS checksum(8, clicks, postbacks, events,"
                                 " plain_clicks, plain_postbacks, plain_events) AND (SELECT count(*) FROM indexed) = 1 FROM indexed", &ok);

    if (ok && !same)
        verify_say(v, "indexed", 1, "the checksum of this row is wrong");
    same = verify_number(v, "indexed", "SELECT i.clicks <= last_click AND i.postbacks <= last_postback AND"
                         " i.events <= last_event FROM indexed i, counts", &ok);
    if (ok && !same)
        verify_say(v, "indexed", 1, "it goes further than the rows");
    same = verify_number(v, "late_clicks", "SELECT count(*) FROM late_clicks WHERE sum IS NOT"
                         " checksum(12, click)", &ok);
    if (ok && same)
        verify_say(v, "late_clicks", 0, "the checksums of %lld rows are wrong", (long long)same);
    same = verify_number(v, "late_postbacks", "SELECT count(*) FROM late_postbacks WHERE sum IS NOT"
                         " checksum(13, postback)", &ok);
    if (ok && same)
        verify_say(v, "late_postbacks", 0, "the checksums of %lld rows are wrong", (long long)same);
}

void verify_index(struct verify *v)
{
    struct index *ix = v->s.index;
    int64_t most = 0, before = v->out->findings;
    struct check c = { .v = v, .from = 0 };

    check_upto(v);
    if (v->out->findings > before)
        return; /* how far the runs go is not known: a damaged id could be any */
    if (index_read_upto(&v->s, &c.err) != 0 ||
        index_read_runs(&v->s, true, &c.err) != 0) {
        verify_say(v, "index", 0, "%s", c.err.text);
        return;
    }
    for (int family = 0; family < INDEX_FAMILIES; family++)
        for (size_t i = 0; i < ix->lists[family].count; i++, v->out->runs++) {
            struct run *run = ix->lists[family].runs[i];
            if (run->chunks >> CHUNK_BITS || (run->first && run_load(&v->s, run, &c.err) != 0)) {
                verify_say(v, "index", run->id, "this run is damaged");
                return;
            }
        }
    for (int i = 0; i < ROWS_ATTEMPTS; i++)
        if (ix->upto[i] > most)
            most = ix->upto[i];
    c.marks = malloc((size_t)(most < WINDOW ? most + 1 : WINDOW) * sizeof(*c.marks));
    if (!c.marks) {
        v->lacking = true;
        return;
    }
    for (int family = 0; family < INDEX_FAMILIES; family++) {
        int64_t upto = ix->upto[index_kind((enum index_family)family)];
        c.family = (enum index_family)family;
        for (c.from = 1; c.from <= upto; c.from += WINDOW) {
            c.end = upto - c.from < WINDOW ? upto + 1 : c.from + WINDOW;
            check_window(&c);
        }
    }
    free(c.marks);
}
