/* The hourly counts are, after any sequence of what a server does, those of the rows. */
#include "tests/unit/store_sqlite_case.h"

#include "adapters/store/sqlite_tally.h"
#include "core/base/buf.h"
#include "core/identity/match_key.h"
#include "tests/unit/store_random.h"

/* ---- all of it as text ---- */

struct lines {
    struct fixture *f;
    struct buf out;
    /* Not what the rows do not have: how an answer that did not deliver was meant, and the keys of bodies
     * that a refusal has emptied. */
    bool merge_answers;
};

static int put_line(void *context, const struct store_tally *t, struct err *err)
{
    struct lines *l = context;
    int slot = t->slot;

    (void)err;
    if (l->merge_answers && ((t->kind == TALLY_ANSWERS && slot != STORE_DELIVERED) ||
                             (t->kind == TALLY_KEYS && slice_eq(t->offer, S("refusing")))))
        return 0;
    buf_printf(&l->out, "%lld %.*s %d %.*s %d = %lld\n", (long long)((t->hour * 1000 - START) / HOUR),
               SLICE_ARG(t->offer), (int)t->kind, SLICE_ARG(t->name), slot, (long long)t->n);
    return 0;
}

static struct slice all_of(struct fixture *f, struct store *s, bool merge)
{
    struct lines l = { .f = f, .merge_answers = merge };
    struct slice out;

    OK(f, store_walk_tallies(s, 0, 0, S(""), put_line, &l, &f->err));
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
    out = all_of(f, f->s, true);
    store_rollback(f->s);
    return out;
}

/* ---- what is counted, exactly ---- */

static int64_t arrive(struct fixture *f, int64_t at, const char *stage, enum store_verdict verdict, const char *code,
                      const char *warnings)
{
    struct store_postback pb = { .at = at, .offer = S("o"), .stage = slice_from(stage), .verdict = verdict,
                                 .code = slice_from(code), .warnings = slice_from(warnings), .click_id = S("c") };

    OK(f, store_postback_put(f->s, &pb, &f->err));
    return pb.id;
}

static int64_t queue(struct fixture *f, int64_t at, const char *id, int64_t value, const char *currency)
{
    struct store_event ev = { .offer = S("o"), .pixel = PIXEL, .event = S("Purchase"), .event_id = slice_from(id),
                              .click_id = S("c"), .created = at, .value = value, .currency = slice_from(currency),
                              .original_value = 2 * value, .original_currency = S("EUR"),
                              .body = S("{\"event\":\"Purchase\",\"user\":{\"ttclid\":\"T\",\"ip\":\"1.2.3.4\"}}") };

    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    return ev.id;
}

static void report(struct fixture *f, int64_t at, uint32_t took, int http, int64_t code, int64_t event,
                   enum store_state state)
{
    struct store_attempt a = { .at = at, .took_ms = took, .pixel = PIXEL, .http_status = http, .code = code };
    struct store_outcome o = { .event_id = event, .state = state, .due = state == STORE_WAITING ? at : 0 };
    struct store_event *list;
    size_t count;

    OK(f, store_take(f->s, PIXEL, at, 0, 100, &f->arena, &list, &count, &f->err));
    OK(f, store_report(f->s, &a, &o, 1, &f->err));
}

static void says_what(void **state)
{
    struct fixture *f = *state;
    struct store_click click = { .offer = S("o"), .click_id = S("c"), .at = START / 1000 + 5 };
    struct store *reader;
    int64_t event;

    OK(f, store_begin(f->s, &f->err));
    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    event = queue(f, START + 1000, "e1", 12500000, "USD");
    arrive(f, START + 1000, "sale", STORE_QUEUED, "", "W028 a\nW028 b\nW020 c\nQ002 was its verdict\n");
    arrive(f, START + HOUR, "", STORE_QUARANTINED, "Q003", "");
    report(f, START + 2000, 500, 200, -1, event, STORE_WAITING);
    OK(f, store_commit(f->s, &f->err));
    OK(f, store_begin(f->s, &f->err));
    click.ttclid = S("E.C.P.x"); /* later known */
    GIVES(f, 1, store_click_put(f->s, &click, &f->err));
    report(f, START + HOUR, 1001, 200, 0, event, STORE_DELIVERED); /* an hour and a millisecond after it was made */
    queue(f, START + HOUR, "e2", 0, "");
    OK(f, store_commit(f->s, &f->err));
    SAME(S("0 o 1  0 = 1\n0 o 1  1 = 1\n"
           "0 o 2 sale 1 = 1\n"
           "0 o 4 W028 0 = 1\n0 o 4 W020 0 = 1\n"
           "0 o 5 Purchase 1 = 1\n0 o 5 Purchase 3 = 1\n"
           "0 o 6 Purchase 12 = 1\n"
           "0 o 7 Purchase 1 = 1\n"
           "0 o 8 Purchase 5591876 = 12500000\n"
           "0 o 9 Purchase 4543826 = 25000000\n"
           "0 o 10 Purchase 0 = 1\n0 o 10 Purchase 4 = 1\n"
           "0 o 11 http 200 1 = 1\n"
           "1 o 2  4 = 1\n"
           "1 o 3 Q003 4 = 1\n"
           "1 o 5 Purchase 1 = 1\n"
           "1 o 7 Purchase 0 = 1\n"
           "1 o 10 Purchase 0 = 1\n1 o 10 Purchase 4 = 1\n"
           "1 o 11 0 3 = 1\n"),
         all_of(f, f->s, false));
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    SAME(all_of(f, f->s, false), all_of(f, reader, false));
    store_close(reader);
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
    static void (*const acts[])(struct fixture *, int64_t) = { random_click, random_postback, random_postback,
                                                               random_delivery, random_again };
    struct fixture *f = *state;
    int64_t now = START, recovered;

    seed_from(7);
    for (int group = 0; group < 600; group++) {
        OK(f, store_begin(f->s, &f->err));
        for (int64_t i = any(8); i >= 0; i--, now += any(60000))
            acts[any(5)](f, now);
        if (any(12))
            OK(f, store_commit(f->s, &f->err));
        else
            store_rollback(f->s);
        if (any(100) == 0) {
            fixture_reopen(f);
            OK(f, store_begin(f->s, &f->err));
            OK(f, store_recover(f->s, now, &recovered, &f->err));
            OK(f, store_commit(f->s, &f->err));
        }
        if (group % 100 == 99)
            SAME(counted(f), all_of(f, f->s, true));
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
    want = all_of(f, f->s, true);
    assert_true(want.len > 1000);
    assert_int_equal(sqlite3_exec(((struct sqlite *)f->s)->db, "DELETE FROM tallies", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 3; i++) {
        fixture_reopen(f);
        SAME(want, all_of(f, f->s, true));
    }
}

/* Old hours go behind the rows, a few at a time. */
static void old_ones_go(void **state)
{
    const struct store_retention how = { .ledger = START + 5 * HOUR, .rows = 64 };
    struct fixture *f = *state;
    struct store_retained out;
    int rc;

    OK(f, store_begin(f->s, &f->err));
    for (int i = 0; i < 10; i++)
        arrive(f, START + i * HOUR, "sale", STORE_IGNORED, "I001", "");
    OK(f, store_commit(f->s, &f->err));
    do {
        OK(f, store_begin(f->s, &f->err));
        rc = store_retain(f->s, &how, &out, &f->err);
        assert_true(rc >= 0);
        OK(f, store_commit(f->s, &f->err));
    } while (rc == 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM tallies"), 10);
    /* What was dropped is not added to, though it was in memory: the clock was wrong, and is again. */
    OK(f, store_begin(f->s, &f->err));
    arrive(f, START, "sale", STORE_IGNORED, "I001", "");
    arrive(f, START + 9 * HOUR, "sale", STORE_IGNORED, "I001", "");
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(ask(f, "SELECT count(*) FROM tallies"), 12);
    SAME(counted(f), all_of(f, f->s, true));
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
    SAME(counted(f), all_of(f, f->s, true));
}

/* A sum ends where an int64_t does. */
static void sums_end(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        OK(f, store_begin(f->s, &f->err));
        queue(f, START, i == 0 ? "a" : i == 1 ? "b" : "c", INT64_MAX / 4, "USD");
        OK(f, store_commit(f->s, &f->err));
    }
    assert_int_equal(ask(f, "SELECT n FROM tallies WHERE kind = 8"), INT64_MAX / 4 * 3);
    OK(f, store_begin(f->s, &f->err));
    queue(f, START, "d", INT64_MAX / 4, "USD");
    queue(f, START, "e", INT64_MAX / 4, "USD");
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(ask(f, "SELECT n FROM tallies WHERE kind = 8"), INT64_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(says_what), TEST(as_the_rows), TEST(the_view_has_words), TEST(is_caught_up), TEST(old_ones_go),
        TEST(many_rows), TEST(sums_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
