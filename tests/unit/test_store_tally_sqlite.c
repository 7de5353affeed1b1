/* The hourly counts of the SQLite engine are those of its rows, as SQL counts them; their checksums, and the view that says them
 * in words. */
#include "tests/unit/store_sqlite_case.h"

#include "adapters/store/sqlite_tally.h"
#include "core/base/buf.h"
#include "core/identity/match_key.h"
#include "tests/unit/store_random.h"

/* ---- all of it as text ---- */

struct lines {
    struct buf out;
};

static int put_line(void *context, const struct store_tally *t, struct err *err)
{
    struct lines *l = context;
    int slot = t->slot;

    (void)err;
    if (t->kind == TALLY_ANSWERS && slot != STORE_DELIVERED) /* how it was meant is in no row */
        return 0;
    buf_printf(&l->out, "%lld %.*s %d %.*s %d = %lld\n", (long long)((t->hour * 1000 - START) / HOUR),
               SLICE_ARG(t->offer), (int)t->kind, SLICE_ARG(t->name), slot, (long long)t->n);
    return 0;
}

static struct slice all_of(struct fixture *f)
{
    struct lines l = { 0 };
    struct slice out;

    OK(f, store_walk_tallies(f->s, 0, 0, S(""), put_line, &l, &f->err));
    out = arena_dup(&f->arena, buf_slice(&l.out));
    buf_free(&l.out);
    return out;
}

/* The same, counted from the rows. */
static struct slice counted(struct fixture *f)
{
    struct slice out;

    OK(f, store_begin(f->s, &f->err));
    assert_int_equal(sqlite3_exec(((struct sqlite *)f->s)->db, "DELETE FROM tallies", NULL, NULL, NULL), SQLITE_OK);
    OK(f, tally_rows((struct sqlite *)f->s, &f->err));
    out = all_of(f);
    store_rollback(f->s);
    return out;
}

static int64_t arrive(struct fixture *f, int64_t at, const char *stage, enum store_verdict verdict, const char *code,
                      const char *warnings)
{
    struct store_postback pb = { .at = at, .offer = S("o"), .stage = slice_from(stage), .verdict = verdict,
                                 .code = slice_from(code), .warnings = slice_from(warnings), .click_id = S("c") };

    OK(f, store_postback_put(f->s, &pb, &f->err));
    return pb.id;
}

/* ---- whatever happens ---- */

/* Rows whose checksum is not what the SQL function, which `store verify` compares with, makes of them. */
static int64_t wrong_sums(struct fixture *f)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM tallies WHERE sum IS NOT checksum(14, hour, offer, kind, name, slot, n))"
        " + (SELECT count(*) FROM clicks WHERE sum IS NOT checksum(1, id, offer, at, keyed, click_id, event_id,"
        " ttp, ip, consent, page_url, ttclid, user_agent, referrer, country))"
        " + (SELECT count(*) FROM postbacks WHERE sum IS NOT checksum(2, id, at, offer, tracker, method, stage,"
        " verdict, code, click_id, event_id, txid, content_type, address, params, ttclid, reason, warnings))"
        " + (SELECT count(*) FROM events WHERE sum IS NOT checksum(3, id, postback, created, offer, pixel, event,"
        " test_code, event_id, click_id, body, ttclid, value, currency, original_value, original_currency,"
        " consent, consent_said, plain_id))"
        " + (SELECT count(*) FROM deliveries WHERE sum IS NOT checksum(4, event, pixel, state, due, attempts,"
        " test_code, unknown_since, unknown_before, note, withdrawn))"
        " + (SELECT count(*) FROM counts WHERE sum IS NOT checksum(7, clicks, postbacks, waiting, sending,"
        " delivered, dead, quarantined, withdrawn, last_click, last_postback, last_event, last_attempt,"
        " gone_postback, gone_attempt, clicks_before, ledger_before))";
    sqlite3_stmt *st;
    int64_t n;

    assert_int_equal(sqlite3_prepare_v2(((struct sqlite *)f->s)->db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void as_the_rows(void **state)
{
    static random_act *const acts[] = { random_click, random_postback, random_postback, random_delivery, random_again };
    struct fixture *f = *state;
    int64_t now = START;

    seed_from(7);
    for (int group = 0; group < 600; group++) {
        random_group(f, acts, sizeof(acts) / sizeof(*acts), 60000, &now);
        if (group % 100 == 99)
            SAME(counted(f), all_of(f));
        if (any(30) == 0)
            arena_reset(&f->arena);
    }
    assert_int_equal(wrong_sums(f), 0);
    assert_true(ask(f, "SELECT count(*) FROM tallies") > 200);
    assert_int_equal(ask(f, "SELECT count(*) FROM (SELECT 1 FROM hours WHERE kind = 'events' GROUP BY slot)"), 3);
}

/* The view `hours` says each slot in words: those of the tables that the numbers are of. */
static void the_view_has_words(void **state)
{
    static const char *const verdicts[] = { [STORE_QUEUED] = "queued", [STORE_DUPLICATE] = "duplicate",
                                            [STORE_IGNORED] = "ignored", [STORE_QUARANTINED] = "quarantined" };
    static const char *const states[] = { [STORE_WAITING] = "made", [STORE_DELIVERED] = "delivered", [STORE_DEAD] = "dead",
                                          [STORE_WITHDRAWN] = "withdrawn" };
    struct fixture *f = *state;
    char sql[200], wanted[8];

#define WORD(KIND, SLOT, WANTED)                                                                   \
    do {                                                                                           \
        snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO tallies VALUES(3600, 0, %d, 0, %d, 1, 0)", (int)(KIND), (int)(SLOT)); \
        assert_int_equal(sqlite3_exec(((struct sqlite *)f->s)->db, sql, NULL, NULL, NULL), SQLITE_OK); \
        snprintf(sql, sizeof sql, "SELECT count(*) FROM hours h WHERE what = '%s' AND slot = %d AND h.hour = '1970-01-01T01:00:00Z'" \
                 " AND kind = (SELECT kind FROM hours LIMIT 1)", (WANTED), (int)(SLOT));           \
        assert_int_equal(ask(f, sql), 1);                                                          \
        assert_int_equal(sqlite3_exec(((struct sqlite *)f->s)->db, "DELETE FROM tallies", NULL, NULL, NULL), SQLITE_OK); \
    } while (0)
    for (int i = STORE_QUEUED; i <= STORE_QUARANTINED; i++) {
        WORD(TALLY_POSTBACKS, i, verdicts[i]);
        WORD(TALLY_REASONS, i, verdicts[i]);
    }
    for (int i = STORE_WAITING; i <= STORE_WITHDRAWN; i++)
        if (states[i] && i != 2)
            WORD(TALLY_EVENTS, i, states[i]);
    for (int i = 0; i < MATCH_KEYS; i++)
        WORD(TALLY_KEYS, i, match_key_names[i].ptr);
    WORD(TALLY_CLICKS, 1, "with ttclid");
    WORD(TALLY_VALUED, 1, "with a value");
    WORD(TALLY_VALUED, 0, "without");
    WORD(TALLY_LATENCY, store_tally_bucket(100), "to 0.1 s");
    WORD(TALLY_LATENCY, store_tally_bucket(60000), "to 1 min");
    WORD(TALLY_LATENCY, store_tally_bucket(86400000), "to 1 d");
    WORD(TALLY_LATENCY, store_tally_bucket(86400001), "above");
    WORD(TALLY_ANSWERS, STORE_WAITING, "tried again");
    WORD(TALLY_ANSWERS, STORE_DELIVERED, "delivered");
    WORD(TALLY_ANSWERS, STORE_DEAD, "dead");
    store_tally_currency_name(store_tally_currency(S("EUR")), wanted);
    WORD(TALLY_VALUES, store_tally_currency(S("EUR")), wanted);
    WORD(TALLY_ORIGINALS, store_tally_currency(S("EUR")), "EUR");
}

/* A store of before is counted when it is opened, and no more than once. */
static void is_caught_up(void **state)
{
    struct fixture *f = *state;
    struct slice want;

    for (int i = 0; i < 20; i++) {
        OK(f, store_begin(f->s, &f->err));
        for (int j = 0; j < 50; j++)
            (j % 3 ? random_postback : random_delivery)(f, START + i * HOUR / 3);
        OK(f, store_commit(f->s, &f->err));
    }
    want = all_of(f);
    assert_true(want.len > 1000);
    assert_int_equal(sqlite3_exec(((struct sqlite *)f->s)->db, "DELETE FROM tallies", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 3; i++) {
        fixture_reopen(f);
        SAME(want, all_of(f));
    }
}

/* More different rows than have room in memory, in one transaction and over several. */
static void many_rows(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 3; round++) {
        OK(f, store_begin(f->s, &f->err));
        for (int i = 0; i < 9000; i++)
            arrive(f, START + i / 2 * HOUR, i % 2 ? "sale" : "lead", STORE_IGNORED, "", "");
        OK(f, store_commit(f->s, &f->err));
        if (round == 1)
            fixture_reopen(f);
    }
    assert_int_equal(ask(f, "SELECT count(*) FROM tallies WHERE n = 3"), 9000);
    assert_int_equal(wrong_sums(f), 0);
    SAME(counted(f), all_of(f));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(as_the_rows), TEST(the_view_has_words), TEST(is_caught_up), TEST(many_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
