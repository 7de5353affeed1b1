/* A ttclid is found by its beginning and an event by its order id: in memory, in runs, after a restart, beside
 * the writer, with hashes that collide; rows of a file from before schema 7 by their whole ttclid. */
#include "tests/unit/store_sqlite_case.h"

#include "adapters/store/sqlite_runs.h"
#include "adapters/store/verify.h"
#include "core/payload/find.h"

#define ROWS_PUT 120
#define GROUP    10 /* in one commit */

/* Of eight conversions each four have one beginning of 16 characters, and other ends.  Half are short; the
 * hashes of those as long as real ones are remembered (sqlite_runs.h), of others they are not. */
static struct slice ttclid_of(struct fixture *f, int n)
{
    static const int zeros[] = { 300, 1, LONG_ID_MAX, 1 };

    return arena_printf(&f->arena, "E.C.P.abcd%06d-%d-%0*dtail", n / 4, n, zeros[n % 4], 0);
}

static struct slice body_of(struct fixture *f, int n)
{
    return arena_printf(&f->arena, "{\"event\":\"Lead\",\"event_id\":\"e%d\",\"user\":{\"ttclid\":\"%.*s\"},"
                        "\"properties\":{\"order_id\":\"o\\\"%d\"}}", n, SLICE_ARG(ttclid_of(f, n)), n);
}

/* Every third order id is the transaction id, and every fifth click has no click id. */
static void put_one(struct fixture *f, int n)
{
    struct slice ttclid = ttclid_of(f, n), click_id = arena_printf(&f->arena, "c%d", n);
    struct slice txid = arena_printf(&f->arena, n % 3 ? "t%d" : "o\"%d", n);
    struct store_click click = { .offer = S("o"), .ttclid = ttclid, .click_id = n % 5 ? click_id : S("") };
    struct store_postback pb = { .at = NOW + n, .offer = S("o"), .click_id = click_id, .ttclid = ttclid,
                                 .txid = txid, .verdict = STORE_QUEUED };
    struct store_event ev = { .offer = S("o"), .pixel = S("P"), .event = S("Lead"), .created = NOW + n,
                              .event_id = arena_printf(&f->arena, "e%d", n), .click_id = click_id,
                              .ttclid = ttclid, .body = body_of(f, n) };

    if (n % 3)
        ev.order_id = arena_printf(&f->arena, "o\"%d", n);
    if (n % GROUP == 0)
        OK(f, store_begin(f->s, &f->err));
    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    ev.postback_id = pb.id;
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    if (n % GROUP == GROUP - 1)
        OK(f, store_commit(f->s, &f->err));
}

static size_t clicks(struct fixture *f, struct store *s, struct slice id)
{
    struct store_click *list;
    size_t n;

    OK(f, store_find_clicks(s, id, 100, &f->arena, &list, &n, &f->err));
    return n;
}

static size_t postbacks(struct fixture *f, struct store *s, struct slice id)
{
    struct store_postback *list;
    size_t n;

    OK(f, store_find_postbacks(s, id, 100, &f->arena, &list, &n, &f->err));
    for (size_t i = 1; i < n; i++)
        assert_true(list[i].id < list[i - 1].id);
    return n;
}

static size_t events(struct fixture *f, struct store *s, struct slice id)
{
    struct store_event *list;
    size_t n;

    OK(f, store_find_events(s, id, 100, &f->arena, &list, &n, &f->err));
    return n;
}

static void check(struct fixture *f, struct store *s, int n)
{
    struct slice whole, order;

    arena_reset(&f->arena);
    whole = ttclid_of(f, n);
    order = arena_printf(&f->arena, "o\"%d", n);
    for (size_t len = STORE_PREFIX - 1; len <= whole.len; len++) {
        struct slice id = slice_head(whole, len);
        /* the 16 characters end before what tells the four apart; from the 18th on it is the number */
        size_t want = len < STORE_PREFIX ? 0 : len < 18 ? 4 : 1;
        if (len > 17 && len < whole.len - 5) /* "-12" also begins "-123" */
            continue;
        assert_int_equal(clicks(f, s, id), want);
        assert_int_equal(postbacks(f, s, id), want);
        assert_int_equal(events(f, s, id), want);
    }
    if (n % 3)
        assert_int_equal(events(f, s, order), 1);
    assert_int_equal(postbacks(f, s, order), n % 3 == 0);
    assert_int_equal(clicks(f, s, order), 0);
    assert_int_equal(events(f, s, arena_printf(&f->arena, "o\\\"%d", n)), 0);
    assert_int_equal(clicks(f, s, arena_printf(&f->arena, "E.C.P.abcd%06d-z", n / 4)), 0);
}

static void check_all(struct fixture *f, int first, int end)
{
    struct store *reader = open_tuned(f->dir, false, &f->err);

    assert_non_null(reader);
    for (int n = first; n < end; n += 13) {
        check(f, f->s, n);
        check(f, reader, n);
    }
    store_close(reader);
}

static void finding(void *context, const struct verify_finding *v)
{
    (void)context;
    print_error("%s %lld: %s\n", v->where, (long long)v->row, v->text);
}

static void is_whole(struct fixture *f)
{
    struct verify_result result;

    GIVES(f, 0, store_sqlite_verify(f->dir, finding, NULL, &result, &f->err));
}

static void with_mask(struct fixture *f, uint64_t mask)
{
    store_close(f->s);
    remove(path(f, "clickbaton.db"));
    remove(path(f, "clickbaton.db-wal"));
    remove(path(f, "clickbaton.db-shm"));
    tuning = sqlite_tuning_default;
    tuning.hash_mask = mask;
    tuning.hot_entries = 150; /* some rows in runs of several levels, some in none */
    fixture_open(f);
    for (int n = 0; n < ROWS_PUT; n++)
        put_one(f, n);
    check_all(f, 0, ROWS_PUT);
    fixture_reopen(f);
    check_all(f, 1, ROWS_PUT);
    OK(f, store_begin(f->s, &f->err)); /* what a refusal and a look-up by ttclid need is found, too */
    for (int n = 0; n < ROWS_PUT; n += 11) {
        struct store_click found;
        struct store_seen *seen;
        size_t count;
        GIVES(f, 1, store_click_find(f->s, S("o"), S(""), ttclid_of(f, n), &f->arena, &found, &f->err));
        SAME(ttclid_of(f, n), found.ttclid);
        OK(f, store_history(f->s, S("o"), S(""), ttclid_of(f, n), 9, &f->arena, &seen, &count, &f->err));
        assert_int_equal(count, 1);
    }
    store_rollback(f->s);
}

static void test_prefixes(void **state)
{
    with_mask(*state, UINT64_MAX);
    store_close(((struct fixture *)*state)->s);
    ((struct fixture *)*state)->s = NULL;
    is_whole(*state);
}

static void test_collisions(void **state)
{
    with_mask(*state, 0x0000000700000001);
    with_mask(*state, 0);
}

/* A whole id is not pushed out by newer rows that only begin with it. */
static void test_whole_first(void **state)
{
    struct fixture *f = *state;
    struct store_click *list, click = { .offer = S("o"), .ttclid = S("E.C.P.abcd000000") };
    size_t n;

    OK(f, store_begin(f->s, &f->err));
    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    for (int i = 0; i < 50; i++) {
        click.ttclid = arena_printf(&f->arena, "E.C.P.abcd000000%d", i);
        GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    }
    OK(f, store_commit(f->s, &f->err));
    OK(f, store_find_clicks(f->s, S("E.C.P.abcd000000"), 1, &f->arena, &list, &n, &f->err));
    assert_int_equal(n, 1);
    SAME(S("E.C.P.abcd000000"), list[0].ttclid);
    OK(f, store_find_clicks(f->s, S("E.C.P.abcd0000004"), 3, &f->arena, &list, &n, &f->err));
    SAME(S("E.C.P.abcd0000004"), list[0].ttclid);
    assert_int_equal(clicks(f, f->s, S("E.C.P.abcd0000009")), 1);
    assert_int_equal(n, 1);
}

/* The file as version 6 had it: its index made of whole ttclids, no order ids. */
static void test_older_file(void **state)
{
    struct fixture *f = *state;
    struct store_counts counts;
    struct sqlite3 *db;

    tuning.hot_entries = 150;
    fixture_reopen(f);
    OK(f, store_counts(f->s, &counts, &f->err));
    assert_false(counts.plain);
    store_close(f->s);
    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE indexed SET plain_clicks = 60, plain_postbacks = 60,"
                                  " plain_events = 60", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    fixture_open(f);
    for (int n = 0; n < ROWS_PUT; n++)
        put_one(f, n);
    for (int round = 0; round < 2; round++) {
        check_all(f, 64, ROWS_PUT);
        for (int n = 0; n < 50; n += 7) {
            assert_int_equal(clicks(f, f->s, ttclid_of(f, n)), 1);
            assert_int_equal(postbacks(f, f->s, ttclid_of(f, n)), 1);
            assert_int_equal(events(f, f->s, ttclid_of(f, n)), 1);
            assert_int_equal(clicks(f, f->s, slice_head(ttclid_of(f, n), 17)), 0);
        }
        fixture_reopen(f);
    }
    OK(f, store_counts(f->s, &counts, &f->err));
    assert_true(counts.plain);
    store_close(f->s);
    f->s = NULL;
    is_whole(f);
}

static void test_order_id_in_body(void **state)
{
    static const struct {
        struct slice body, id;
    } cases[] = {
        { SLICE("{\"properties\":{\"order_id\":\"7\"}}"), SLICE("7") },
        { SLICE("{\"properties\":{\"order_id\":\"a\\\"b\\\\c\\/\\n\\u00e9\\u0001\"}}"), SLICE("a\"b\\c/\n\xc3\xa9\x01") },
        { SLICE("{\"event_id\":\"_\",\"x\":\"\\\"order_id\\\":\\\"9\\\"\",\"properties\":{\"order_id\":\"8\"}}"), SLICE("8") },
        { SLICE("{\"x\":\"\\\"order_id\\\":\\\"9\\\"\"}"), SLICE("") },
        { SLICE("{\"order_id\":7}"), SLICE("") },
        { SLICE("{\"order_id\":\"\"}"), SLICE("") },
        { SLICE("{\"order_id\":\"7"), SLICE("") },
        { SLICE("{\"order_id\":\"7\\"), SLICE("") },
        { SLICE("{\"order_id\":\"\\u00"), SLICE("") },
        { SLICE("{\"order_id\":\""), SLICE("") },
        { SLICE("\"order_id\":"), SLICE("") },
        { SLICE("_id\":\"7\""), SLICE("") },
        { SLICE("{}"), SLICE("") },
        { SLICE(""), SLICE("") },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        SAME(cases[i].id, payload_order_id(cases[i].body, &f->arena));
        assert_int_equal(payload_has_order_id(cases[i].body, cases[i].id), cases[i].id.len != 0);
        assert_false(payload_has_order_id(cases[i].body, S("9")));
        assert_false(payload_has_order_id(cases[i].body, S("a\"b")));
        assert_false(payload_has_order_id(cases[i].body, S("77")));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_prefixes),
        CASE(test_collisions),
        CASE(test_whole_first),
        CASE(test_older_file),
        CASE(test_order_id_in_body),
    };

    return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
