/* Quarantined postbacks and dead events found and decided once more, as store.h promises it, on every
 * engine. */
#include "tests/unit/store_contract.h"

static int64_t keep(struct fixture *f, const char *offer, const char *stage, const char *code,
                    const char *id, int64_t at, enum store_verdict verdict)
{
    struct store_postback pb = { .at = at, .offer = slice_from(offer), .tracker = S("keitaro"),
                                 .stage = slice_from(stage), .code = slice_from(code),
                                 .reason = S("why"), .verdict = verdict, .method = S("GET"),
                                 .content_type = S("text/plain"), .address = S("192.0.2.1"),
                                 .txid = slice_from(id) };

    pb.params = text(f, "x=%s&t=T-%s", id, id);
    OK(f, store_postback_put(f->s, &pb, &f->err));
    return pb.id;
}

/* "1 2 5": all that the filter means, by pages of max. */
static void lists(struct fixture *f, struct store *s, struct store_again what, unsigned max,
                  const char *want)
{
    int64_t after = 0, ids[100];
    struct slice got = S("");
    size_t count;
    int rc;

    assert_true(max <= COUNT(ids));
    do {
        rc = store_list_again(s, &what, &after, max, ids, &count, &f->err);
        if (rc < 0)
            fail_msg("%s", f->err.text);
        assert_true(count <= max);
        for (size_t i = 0; i < count; i++)
            got = text(f, "%.*s%s%lld", SLICE_ARG(got), got.len ? " " : "", (long long)ids[i]);
    } while (rc == 1);
    SAME(slice_from(want), got);
}

static void is_listed(void **state)
{
    struct fixture *f = *state;
    struct store *reader;
    const struct {
        struct store_again what;
        const char *want;
    } cases[] = {
        { { .dead = false }, "1 2 4 5 6" },
        { { .offer = S("a") }, "1 4 5" },
        { { .offer = S("nothing was ever put for it") }, "" },
        { { .code = S("Q002") }, "1 2 6" },
        { { .code = S("Q002"), .offer = S("b") }, "2" },
        { { .code = S("D001") }, "" },
        { { .stage = S("sale") }, "5" },
        { { .tracker = S("keitaro") }, "1 2 4 5 6" },
        { { .tracker = S("GET") }, "" }, /* a name, but of something else */
        { { .since = NOW + 2 }, "4 5 6" },
        { { .until = NOW + 4 }, "1 2" },
        { { .since = NOW + 2, .until = NOW + 5 }, "4" },
    };

    begin(f);
    keep(f, "a", NULL, "Q002", "1", NOW, STORE_QUARANTINED);
    keep(f, "b", NULL, "Q002", "2", NOW + 1, STORE_QUARANTINED);
    keep(f, "a", "sale", "D001", "3", NOW + 2, STORE_DUPLICATE);
    keep(f, "a", NULL, "Q003", "4", NOW + 4, STORE_QUARANTINED);
    keep(f, "a", "sale", "Q003", "5", NOW + 5, STORE_QUARANTINED);
    keep(f, "c", NULL, "Q002", "6", NOW + 6, STORE_QUARANTINED);
    lists(f, f->s, (struct store_again){ .dead = false }, 2, "1 2 4 5 6"); /* before the commit */
    commit(f);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    for (size_t i = 0; i < COUNT(cases); i++)
        for (unsigned max = 1; max <= 100; max += 33) {
            lists(f, f->s, cases[i].what, max, cases[i].want);
            lists(f, reader, cases[i].what, max, cases[i].want);
        }
    lists(f, f->s, (struct store_again){ .dead = true }, 10, "");
    store_close(reader);
}

static struct store_postback find_one(struct fixture *f, struct store *s, const char *id)
{
    struct store_postback *list;
    size_t count;

    OK(f, store_find_postbacks(s, slice_from(id), 10, &f->arena, &list, &count, &f->err));
    if (count != 1)
        fail_msg("\"%s\" is found %zu times", id, count);
    return list[0];
}

static struct store_postback decided(const char *id, int64_t row)
{
    return (struct store_postback){ .id = row, .verdict = STORE_QUEUED, .stage = S("sale"),
                                    .click_id = slice_from(id), .ttclid = S("T-1"),
                                    .event_id = S("ev-new"), .txid = S("1"),
                                    .params = S("x=1&t=T-1"), .warnings = S("line\n") };
}

static void assert_decided(struct fixture *f, struct store *s)
{
    static const char *const ids[] = { "new", "T-1", "ev-new", "1" };

    for (size_t i = 0; i < COUNT(ids); i++) {
        struct store_postback pb = find_one(f, s, ids[i]);
        assert_int_equal(pb.id, 1);
        assert_int_equal(pb.at, NOW);
        assert_int_equal(pb.verdict, STORE_QUEUED);
        SAME(S("a"), pb.offer);
        SAME(S("keitaro"), pb.tracker);
        SAME(S("GET"), pb.method);
        SAME(S("text/plain"), pb.content_type);
        SAME(S("192.0.2.1"), pb.address);
        SAME(S("sale"), pb.stage);
        SAME(S("new"), pb.click_id);
        SAME(S("T-1"), pb.ttclid);
        SAME(S("ev-new"), pb.event_id);
        SAME(S("1"), pb.txid);
        SAME(S("x=1&t=T-1"), pb.params);
        SAME(S(""), pb.code);
        SAME(S(""), pb.reason);
        SAME(S("line\n"), pb.warnings);
    }
}

/* Its new ids are found by the writer, by a reader, after restarts, and when later rows have made runs
 * of the index. */
static void is_decided_again(void **state)
{
    struct fixture *f = *state;
    struct store_postback pb = decided("new", 1), got;
    struct store *reader;

    begin(f);
    for (int i = 1; i <= 30; i++)
        keep(f, "a", NULL, "Q002", text(f, "%d", i).ptr, NOW, STORE_QUARANTINED);
    commit(f);
    begin(f);
    GIVES(f, 0, store_postback_again(f->s, &pb, &f->err));
    store_rollback(f->s);
    SAME(S("Q002"), find_one(f, f->s, "1").code);
    assert_counts(f, (struct store_counts){ .postbacks = 30, .quarantined = 30 });
    lists(f, f->s, (struct store_again){ .until = NOW + 1, .code = S("Q002") }, 100,
          "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30");
    begin(f);
    GIVES(f, 0, store_postback_again(f->s, &pb, &f->err));
    GIVES(f, 1, store_postback_again(f->s, &pb, &f->err)); /* it is decided */
    pb.id = 31;
    GIVES(f, 1, store_postback_again(f->s, &pb, &f->err));
    GIVES(f, 0, store_get_postback(f->s, 31, &f->arena, &got, &f->err));
    GIVES(f, 1, store_get_postback(f->s, 2, &f->arena, &got, &f->err));
    SAME(S("x=2&t=T-2"), got.params);
    commit(f);
    assert_counts(f, (struct store_counts){ .postbacks = 30, .quarantined = 29 });
    for (int round = 0; round < 3; round++) {
        assert_decided(f, f->s);
        reader = f->engine->open(f->dir, false, &f->err);
        assert_non_null(reader);
        assert_decided(f, reader);
        store_close(reader);
        fixture_reopen(f);
        assert_decided(f, f->s);
        begin(f);
        for (int i = 0; i < 12; i++)
            keep(f, "b", NULL, "Q002", text(f, "more%d-%d", round, i).ptr, NOW, STORE_QUARANTINED);
        commit(f);
    }
}

/* What is decided to take something back is known to the next postback of its click. */
static void is_past_then(void **state)
{
    struct fixture *f = *state;
    struct store_postback pb = decided("c", 1);

    pb.stage = S("rejected");
    pb.verdict = STORE_IGNORED;
    begin(f);
    keep(f, "a", NULL, "Q002", "1", NOW, STORE_QUARANTINED);
    GIVES(f, 0, store_marked(f->s, S("a"), S("c"), S(""), &f->err));
    GIVES(f, 0, store_postback_again(f->s, &pb, &f->err));
    GIVES(f, 1, store_marked(f->s, S("a"), S("c"), S(""), &f->err));
    commit(f);
    begin(f);
    for (int i = 0; i < 30; i++)
        keep(f, "b", NULL, "Q002", text(f, "m%d", i).ptr, NOW, STORE_QUARANTINED);
    commit(f);
    for (int i = 0; i < 2; i++) {
        fixture_reopen(f);
        begin(f);
        GIVES(f, 1, store_marked(f->s, S("a"), S("c"), S(""), &f->err));
        GIVES(f, 0, store_marked(f->s, S("b"), S("c"), S(""), &f->err));
        store_rollback(f->s);
    }
}

/* ---- dead events ---- */

static void make_dead(struct fixture *f, const char *id, int64_t code)
{
    struct store_attempt a = { .at = NOW, .pixel = S("P"), .code = code };
    struct store_outcome o = { .event_id = put(f, event(id)), .state = STORE_DEAD,
                               .unknown = code < 0, .note = S("dead note") };

    take(f, NOW, 1, 1);
    OK(f, store_report(f->s, &a, &o, 1, &f->err));
}

static void waits_again(void **state)
{
    struct fixture *f = *state;
    struct store_event ev, *list;
    struct store_attempt *attempts;
    size_t count;

    begin(f);
    make_dead(f, "e1", 40002);
    make_dead(f, "e2", -1);
    commit(f);
    lists(f, f->s, (struct store_again){ .dead = true }, 1, "1 2");
    lists(f, f->s, (struct store_again){ .dead = true, .code = S("40002") }, 1, "1");
    lists(f, f->s, (struct store_again){ .dead = true, .code = S("-1") }, 1, "2");
    lists(f, f->s, (struct store_again){ .dead = true, .code = S("Q002") }, 1, "");
    lists(f, f->s, (struct store_again){ .dead = true, .offer = S("nutra-de") }, 9, "1 2");
    lists(f, f->s, (struct store_again){ .dead = true, .since = NOW + 1 }, 9, "");
    lists(f, f->s, (struct store_again){ .dead = true, .stage = S("nutra-de") }, 9, "");
    begin(f);
    GIVES(f, 0, store_event_again(f->s, 1, NOW + 5, false, S("again"), &f->err));
    GIVES(f, 1, store_event_again(f->s, 1, NOW + 6, false, S("twice"), &f->err));
    GIVES(f, 1, store_event_again(f->s, 3, NOW + 6, false, S("no such"), &f->err));
    GIVES(f, 0, store_event_again(f->s, 2, NOW + 7, false, S("again"), &f->err));
    commit(f);
    assert_counts(f, (struct store_counts){ .waiting = 2, .oldest_waiting = NOW });
    GIVES(f, 1, store_get_event(f->s, 1, &f->arena, &ev, &f->err));
    assert_int_equal(ev.state, STORE_WAITING);
    assert_int_equal(ev.due, NOW + 5);
    assert_int_equal(ev.attempts, 1);
    SAME(S("again"), ev.note);
    SAME(S("e1"), ev.event_id);
    GIVES(f, 0, store_get_event(f->s, 3, &f->arena, &ev, &f->err));
    GIVES(f, 1, store_get_event(f->s, 2, &f->arena, &ev, &f->err));
    assert_int_equal(ev.unknown_since, NOW); /* its 48 hours go on */
    OK(f, store_attempts_of(f->s, 2, &f->arena, &attempts, &count, &f->err));
    assert_int_equal(count, 1);
    begin(f);
    assert_int_equal(take(f, NOW + 5, 9, 1)->id, 1);
    OK(f, store_take(f->s, S("P"), NOW + 9, NOW + 1, 9, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 0); /* given up once more */
    GIVES(f, 0, store_event_again(f->s, 2, NOW + 10, true, S("anew"), &f->err));
    OK(f, store_take(f->s, S("P"), NOW + 10, NOW + 1, 9, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 1); /* a new 48 hours */
    assert_int_equal(list[0].id, 2);
    GIVES(f, 1, store_event_again(f->s, 2, NOW + 11, true, S("in flight"), &f->err));
    commit(f);
    assert_counts(f, (struct store_counts){ .sending = 2 });
}

static void needs_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_postback pb = decided("new", 1);

    GIVES(f, -1, store_postback_again(f->s, &pb, &f->err));
    SAYS(f, ERR_INPUT, "store: a write outside of begin and commit");
    GIVES(f, -1, store_event_again(f->s, 1, NOW, false, S(""), &f->err));
    SAYS(f, ERR_INPUT, "store: a write outside of begin and commit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(is_listed), CASE(is_decided_again), CASE(is_past_then), CASE(waits_again),
        CASE(needs_a_transaction),
    };

    return RUN_ON_ENGINES(tests);
}
