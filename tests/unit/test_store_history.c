/* The past of a click, as store.h promises it, on every engine: what was put before, also in this
 * transaction, also before a restart; and nothing of other clicks or offers. */
#include "tests/unit/store_contract.h"

struct row {
    const char *offer, *click_id, *ttclid, *stage;
    enum store_verdict verdict;
};

static int64_t add(struct fixture *f, struct row r, const char *txid)
{
    struct store_postback pb = { .at = NOW, .offer = slice_from(r.offer),
                                 .click_id = slice_from(r.click_id),
                                 .ttclid = slice_from(r.ttclid), .stage = slice_from(r.stage),
                                 .txid = slice_from(txid), .verdict = r.verdict,
                                 .event_id = S("ev"), .code = S("C001") };

    /* a ttclid inside of the parameters is kept as its place there */
    pb.params = text(f, "subid=%s&ttclid=%s&status=%s", r.click_id ? r.click_id : "",
                     r.ttclid ? r.ttclid : "", r.stage ? r.stage : "");
    OK(f, store_postback_put(f->s, &pb, &f->err));
    return pb.id;
}

static bool is_marked(struct fixture *f, const char *offer, const char *click_id,
                      const char *ttclid)
{
    int rc = store_marked(f->s, slice_from(offer), slice_from(click_id), slice_from(ttclid),
                          &f->err);

    if (rc < 0)
        fail_msg("%s", f->err.text);
    return rc == 1;
}

/* "1 3 7": the txids of the history, newest first. */
static void assert_history(struct fixture *f, const char *offer, const char *click_id,
                           const char *ttclid, unsigned max, const char *want)
{
    struct store_seen *list;
    size_t count;
    struct slice got = S("");

    OK(f, store_history(f->s, slice_from(offer), slice_from(click_id), slice_from(ttclid), max,
                        &f->arena, &list, &count, &f->err));
    for (size_t i = 0; i < count; i++)
        got = text(f, "%.*s%s%.*s", SLICE_ARG(got), i ? " " : "", SLICE_ARG(list[i].txid));
    SAME(slice_from(want), got);
}

#define LONG_T "E.C.P.a-long-ttclid-of-the-ad"

static const struct row rows[] = {
    { "o", "c1", LONG_T, "sale", STORE_QUEUED },             /* 0 */
    { "o", "c1", "T2", "rejected", STORE_IGNORED },          /* 1: marks c1 */
    { "o2", "c1", LONG_T, "sale", STORE_QUEUED },            /* 2 */
    { "o", "c2", LONG_T, "lead", STORE_DUPLICATE },          /* 3 */
    { "o", NULL, LONG_T, "lead", STORE_QUEUED },             /* 4: marks the ttclid */
    { "o", "c3", NULL, "refund", STORE_QUARANTINED },        /* 5: not understood: no mark */
    { "o", "c4", NULL, "chargeback", STORE_IGNORED },        /* 6: marks c4 */
    { "o", LONG_T, NULL, "sale", STORE_QUEUED },             /* 7: a click id that looks like it */
    { "o", NULL, NULL, NULL, STORE_QUARANTINED },            /* 8: nobody's */
    { "o", NULL, LONG_T, "sale", STORE_QUARANTINED },        /* 9: not understood: no mark */
};

static void assert_answers(struct fixture *f)
{
    assert_history(f, "o", "c1", NULL, 10, "1 0");
    assert_history(f, "o", "c1", LONG_T, 10, "4 1 0");
    assert_history(f, "o", "c2", LONG_T, 10, "4 3");
    assert_history(f, "o", NULL, LONG_T, 10, "9 4 3 0");
    assert_history(f, "o", NULL, LONG_T, 2, "9 4");
    assert_history(f, "o", "c1", LONG_T, 1, "4");
    assert_history(f, "o", "c1", LONG_T, 0, "");
    assert_history(f, "o2", "c1", LONG_T, 10, "2");
    assert_history(f, "o", "c9", "T2", 10, "");
    assert_history(f, "o", "c9", NULL, 10, "");
    assert_history(f, "nobody", "c1", LONG_T, 10, "");
    assert_history(f, "o", NULL, NULL, 10, "");
    assert_history(f, "o", "ev", NULL, 10, ""); /* an event_id is no click id */
    assert_true(is_marked(f, "o", "c1", NULL));
    assert_true(is_marked(f, "o", "c1", "whatever"));
    assert_true(is_marked(f, "o", "c2", LONG_T));
    assert_false(is_marked(f, "o", "c2", "T2"));
    assert_false(is_marked(f, "o", "c3", NULL));
    assert_true(is_marked(f, "o", "c4", NULL));
    assert_false(is_marked(f, "o2", "c4", NULL));
    assert_false(is_marked(f, "o2", "c1", LONG_T));
    assert_false(is_marked(f, "nobody", "c1", LONG_T));
    assert_false(is_marked(f, "o", NULL, NULL));
}

/* A reader sees the same as the writer, wherever the rows are: in runs, behind them, decided once more. */
static void assert_past(struct fixture *f)
{
    struct store *writer = f->s;

    begin(f);
    assert_answers(f);
    store_rollback(f->s);
    f->s = f->engine->open(f->dir, false, &f->err);
    assert_non_null(f->s);
    assert_answers(f);
    store_close(f->s);
    f->s = writer;
}

static void what_was_put_is_found(void **state)
{
    struct fixture *f = *state;
    struct store_seen *list;
    size_t count;

    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(f);
        add(f, rows[i], text(f, "%zu", i).ptr);
        commit(f);
    }
    assert_past(f);
    fixture_reopen(f);
    assert_past(f);
    begin(f);
    OK(f, store_history(f->s, S("o"), S("c2"), S(LONG_T), 10, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 2);
    assert_true(list[1].id == 4 && list[1].at == NOW && list[1].verdict == STORE_DUPLICATE);
    SAME(S("c2"), list[1].click_id);
    SAME(S("lead"), list[1].stage);
    SAME(S("ev"), list[1].event_id);
    SAME(S("C001"), list[1].code);
    SAME((struct slice){ 0 }, list[0].click_id);
    store_rollback(f->s);
}

static void the_same_group_counts(void **state)
{
    struct fixture *f = *state;

    begin(f);
    for (size_t i = 0; i < COUNT(rows); i++)
        add(f, rows[i], text(f, "%zu", i).ptr);
    assert_history(f, "o", "c1", LONG_T, 10, "4 1 0");
    assert_true(is_marked(f, "o", "c4", NULL));
    store_rollback(f->s);
    begin(f);
    assert_history(f, "o", "c1", LONG_T, 10, ""); /* and what was rolled back does not */
    assert_false(is_marked(f, "o", "c4", NULL));
    store_rollback(f->s);
    begin(f);
    for (size_t i = 0; i < COUNT(rows); i++)
        add(f, rows[i], text(f, "%zu", i).ptr);
    commit(f);
    assert_past(f);
}

/* Through runs and their merges. */
static void many(void **state)
{
    struct fixture *f = *state;
    struct store *writer;

    for (int i = 0; i < 400; i += 40) {
        begin(f);
        for (int k = i; k < i + 40; k++)
            add(f, (struct row){ "o", text(f, "k%d", k).ptr, "T", k % 4 ? "sale" : "rejected",
                                 STORE_QUEUED }, "x");
        commit(f);
    }
    for (int round = 0; round < 2; round++) {
        begin(f);
        for (int k = 0; k < 400; k++) {
            assert_history(f, "o", text(f, "k%d", k).ptr, NULL, 10, "x");
            assert_int_equal(is_marked(f, "o", text(f, "k%d", k).ptr, "T"), k % 4 == 0);
        }
        store_rollback(f->s);
        fixture_reopen(f);
    }
    writer = f->s;
    f->s = f->engine->open(f->dir, false, &f->err);
    assert_non_null(f->s);
    for (int k = 0; k < 400; k += 9) {
        assert_history(f, "o", text(f, "k%d", k).ptr, NULL, 10, "x");
        assert_int_equal(is_marked(f, "o", text(f, "k%d", k).ptr, "T"), k % 4 == 0);
    }
    store_close(f->s);
    f->s = writer;
}

static void parameters_of_one(void **state)
{
    struct fixture *f = *state;
    struct slice params;
    int64_t id;

    begin(f);
    id = add(f, rows[0], "1");
    GIVES(f, 1, store_postback_params(f->s, id, &f->arena, &params, &f->err));
    SAME(S("subid=c1&ttclid=" LONG_T "&status=sale"), params);
    GIVES(f, 0, store_postback_params(f->s, id + 1, &f->arena, &params, &f->err));
    SAME((struct slice){ 0 }, params);
    commit(f);
}

static void only_in_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_seen *list;
    struct slice params;
    size_t count;

    GIVES(f, -1, store_marked(f->s, S("o"), S("c"), S(""), &f->err));
    GIVES(f, -1, store_history(f->s, S("o"), S("c"), S(""), 1, &f->arena, &list, &count, &f->err));
    GIVES(f, -1, store_postback_params(f->s, 1, &f->arena, &params, &f->err));
}

static void no_room(void **state)
{
    struct fixture *f = *state;
    struct store_seen *list;
    struct arena small;
    size_t count;
    bool filled = false;

    begin(f);
    for (size_t i = 0; i < COUNT(rows); i++)
        add(f, rows[i], "1");
    for (size_t limit = 0; limit < 20000 && !filled; limit += 50) {
        arena_init(&small, limit);
        if (store_history(f->s, S("o"), S("c1"), S(LONG_T), 10, &small, &list, &count,
                          &f->err) == 0) {
            assert_int_equal(count, 3);
            filled = true;
        } else {
            assert_true(small.full);
        }
        arena_free(&small);
    }
    assert_true(filled);
    commit(f); /* the transaction is still good */
}

/* One click's past may be long; what a request may need of memory does not grow with it. */
static void of_very_many(void **state)
{
    struct fixture *f = *state;
    struct store *reader;
    struct store_seen *list;
    struct arena small;
    size_t count;

    for (int i = 0; i < 6; i++) {
        int rc;
        OK(f, store_begin_group(f->s, &f->err));
        do {
            for (int k = 0; k < 2000; k++) {
                add(f, (struct row){ "o", "loud", LONG_T, "sale", STORE_DUPLICATE }, "x");
                add(f, (struct row){ "o", NULL, LONG_T, "sale", STORE_DUPLICATE }, "y");
            }
            rc = store_commit(f->s, &f->err);
        } while (rc == 1);
        GIVES(f, 0, rc);
        arena_reset(&f->arena);
    }
    arena_init(&small, 64 * 1024);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    begin(f);
    for (int nameless = 0; nameless < 4; nameless++) {
        struct store *s = nameless / 2 ? reader : f->s;
        OK(f, store_history(s, S("o"), nameless % 2 ? S("") : S("loud"), S(LONG_T), 100, &small,
                            &list, &count, &f->err));
        assert_int_equal(count, 100);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(list[i].id, 24000 - i);
        arena_reset(&small);
    }
    store_rollback(f->s);
    store_close(reader);
    arena_free(&small);
}

/* ---- runs of many chunks: evenly spread hashes, and such as nobody would expect ---- */

static uint64_t mask;

static struct store *open_chunks(const char *dir, bool writer, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.hash_mask = mask;
    tuning.hot_entries = 20000;
    return sqlite_open(dir, writer, &tuning, err);
}

#define CHUNKED 24000

static void found_in_large_runs(void **state)
{
    static const struct engine engine = { "chunks", open_chunks };
    static const uint64_t masks[] = { UINT64_MAX, 0xffffff, UINT64_C(0xffffff0000000000),
                                      UINT64_C(0x80000000ffffffff) };

    (void)state;
    for (size_t m = 0; m < COUNT(masks); m++) {
        struct fixture *f = fixture_new(&engine);
        mask = masks[m];
        fixture_open(f);
        for (int i = 0; i < CHUNKED;) {
            begin(f);
            for (int end = i + 2000; i < end; i++)
                add(f, (struct row){ "o", text(f, "big%d", i).ptr, text(f, "T%d", i).ptr, "sale",
                                     STORE_QUEUED },
                    text(f, "x%d", i).ptr);
            commit(f);
            arena_reset(&f->arena);
        }
        begin(f);
        for (int i = 0; i < CHUNKED; i++) {
            assert_history(f, "o", text(f, "big%d", i).ptr, NULL, 10, text(f, "x%d", i).ptr);
            if (i % 10 == 0)
                assert_history(f, "o", text(f, "none%d", i).ptr, NULL, 10, "");
            arena_reset(&f->arena);
        }
        store_rollback(f->s);
        fixture_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest large[] = { cmocka_unit_test(found_in_large_runs) };
    const struct CMUnitTest tests[] = {
        CASE(what_was_put_is_found), CASE(the_same_group_counts), CASE(many),
        CASE(parameters_of_one),     CASE(only_in_a_transaction), CASE(no_room),
        CASE(of_very_many),
    };

    return RUN_ON_ENGINES(tests) +
           cmocka_run_group_tests_name("sqlite, large runs", large, NULL, NULL);
}
