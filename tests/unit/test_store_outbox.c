/* The contract of store.h, run on every engine: events are handed out, reported, recovered. */
#include "tests/unit/store_contract.h"

/* ---- taking ---- */

static void test_take_order(void **state)
{
    static const struct {
        const char *event_id, *pixel, *test_code;
        int64_t created;
    } rows[] = {
        { "late", "P", "", NOW + 50 },   { "second", "P", "", NOW + 10 },
        { "other", "Q", "", NOW },       { "test", "P", "TEST1", NOW + 15 },
        { "first", "P", "", NOW + 5 },   { "third", "P", "", NOW + 20 },
        { "tie", "P", "", NOW + 20 },    { "test2", "P", "TEST2", NOW + 16 },
    };
    static const struct {
        int64_t now;
        unsigned max;
        const char *want[5];
    } takes[] = {
        { NOW + 4, 9, { NULL } },
        { NOW + 20, 0, { NULL } },
        { NOW + 20, 2, { "first", "second" } },
        { NOW + 20, 9, { "test" } },
        { NOW + 20, 9, { "test2" } },
        { NOW + 20, 9, { "third", "tie" } },
        { NOW + 20, 9, { NULL } },
        { NOW + 50, 9, { "late" } },
    };
    struct fixture *f = *state;

    begin(f);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_event ev = event(rows[i].event_id);
        ev.pixel = slice_from(rows[i].pixel);
        ev.test_code = slice_from(rows[i].test_code);
        ev.created = rows[i].created;
        put(f, ev);
    }
    commit(f);
    for (size_t i = 0; i < COUNT(takes); i++) {
        struct store_event *list;
        size_t n = 0;
        while (takes[i].want[n])
            n++;
        begin(f);
        list = take(f, takes[i].now, takes[i].max, n);
        for (size_t j = 0; j < n; j++) {
            SAME(slice_from(takes[i].want[j]), list[j].event_id);
            assert_int_equal(list[j].state, STORE_SENDING);
        }
        commit(f);
    }
    assert_counts(f, (struct store_counts){ .waiting = 1, .sending = 7, .oldest_waiting = NOW });
}

/* Many: more than an engine may look at in one go, with two test codes among them. */
static void test_take_many(void **state)
{
    struct fixture *f = *state;
    struct store_event *list;

    begin(f);
    for (int i = 0; i < 3000; i++) {
        struct store_event ev = event(text(f, "e%d", i).ptr);
        ev.created = NOW + i;
        ev.test_code = i % 3 == 2 ? S("TEST1") : S("");
        put(f, ev);
    }
    commit(f);
    begin(f);
    list = take(f, NOW + 5000, 1000, 1000);
    for (int i = 0; i < 1000; i++)
        SAME(text(f, "e%d", i / 2 * 3 + i % 2), list[i].event_id);
    /* Now the oldest is one with a test code. */
    list = take(f, NOW + 5000, 2000, 1000);
    for (int i = 0; i < 1000; i++)
        SAME(text(f, "e%d", i * 3 + 2), list[i].event_id);
    list = take(f, NOW + 5000, 2000, 1000);
    SAME(S("e1500"), list[0].event_id);
    SAME(S("e2998"), list[999].event_id);
    commit(f);
}

/* Big bodies: no take outgrows an arena of 20 MB, and together they give all, in order. */
static void test_take_big(void **state)
{
    enum { EVENTS = 100, SIZE = 250000, FIRST = 68 }; /* the 68th passes 16 MB */
    static char body[SIZE];
    struct fixture *f = *state;
    struct arena arena;

    memset(body, 'x', sizeof(body));
    begin(f);
    for (int i = 0; i < EVENTS; i++) {
        struct store_event ev = event(text(f, "e%d", i).ptr);
        ev.created = NOW + i;
        ev.body = (struct slice){ body, sizeof(body) };
        put(f, ev);
    }
    commit(f);
    arena_init(&arena, (size_t)20 << 20);
    for (size_t got = 0, count = FIRST; got < EVENTS; got += count, count = EVENTS - got) {
        struct store_event *list;
        size_t n;
        arena_reset(&arena);
        begin(f);
        OK(f, store_take(f->s, S("P"), NOW + EVENTS, 0, 1000, &arena, &list, &n, &f->err));
        commit(f);
        assert_int_equal(n, count);
        for (size_t i = 0; i < n; i++) {
            SAME(text(f, "e%zu", got + i), list[i].event_id);
            assert_int_equal(list[i].body.len, SIZE);
        }
    }
    assert_int_equal(counts(f).sending, EVENTS);
    arena_free(&arena);
}

static void test_report(void **state)
{
    static const struct {
        enum store_state state;
        int64_t due;
        const char *note;
        struct store_counts counts;
    } cases[] = {
        { STORE_DELIVERED, 0, "", { .delivered = 1 } },
        { STORE_WAITING, NOW + 900, "40100: rate limit", { .waiting = 1, .oldest_waiting = NOW } },
        { STORE_DEAD, 0, "40002: bad event", { .dead = 1 } },
        { STORE_WAITING, 0, "502: it keeps its place", { .waiting = 1, .oldest_waiting = NOW } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *f = fixture_new(under_test);
        struct store_event ev;
        fixture_open(f);
        begin(f);
        put(f, event("e1"));
        commit(f);
        begin(f);
        ev = take(f, NOW, 1, 1)[0];
        commit(f);
        begin(f);
        report(f, NOW + 1, (struct store_outcome){ ev.id, cases[i].state, cases[i].due, false,
                                                   slice_from(cases[i].note) });
        commit(f);
        fixture_reopen(f);
        assert_counts(f, cases[i].counts);
        ev = find_event(f, "e1");
        assert_int_equal(ev.state, cases[i].state);
        assert_int_equal(ev.due, cases[i].due ? cases[i].due : NOW);
        assert_int_equal(ev.attempts, 1);
        assert_int_equal(ev.unknown_since, 0);
        SAME(slice_from(cases[i].note), ev.note);
        /* Only what waits can be taken, and only from when it is due. */
        begin(f);
        take(f, NOW + 899, 9, cases[i].state == STORE_WAITING && cases[i].due == 0);
        take(f, NOW + 900, 9, cases[i].state == STORE_WAITING && cases[i].due);
        commit(f);
        fixture_free(f);
    }
}

static void test_report_of_nothing_sent(void **state)
{
    struct fixture *f = *state;
    struct store_attempt a = { .at = NOW, .pixel = S("P") };
    struct store_outcome bad = { 1, STORE_SENDING, 0, false, S("") };
    struct store_attempt *list;
    int64_t id;
    size_t count;

    begin(f);
    id = put(f, event("e1"));
    report(f, NOW, (struct store_outcome){ id, STORE_DELIVERED, 0, false, S("") });
    report(f, NOW, (struct store_outcome){ 4711, STORE_DELIVERED, 0, false, S("") });
    GIVES(f, -1, store_report(f->s, &a, &bad, 1, &f->err));
    SAYS(f, ERR_INPUT, "store: event 1 reported with state 2");
    commit(f);
    assert_int_equal(find_event(f, "e1").state, STORE_WAITING);
    assert_counts(f, (struct store_counts){ .waiting = 1, .oldest_waiting = NOW });
    OK(f, store_attempts_of(f->s, id, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 0);
}

/* When the 48 hours start: attempts at 100, 200, ..., each with an outcome known or not. */
static void test_unknown_since(void **state)
{
    enum { KNOWN, UNKNOWN, CRASH };
    static const struct {
        int attempts[4], count;
        int64_t want;
    } cases[] = {
        { { KNOWN }, 1, 0 },
        { { UNKNOWN }, 1, 101 }, /* the attempt's own time, not that of take */
        { { CRASH }, 1, 100 },
        { { UNKNOWN, KNOWN }, 2, 101 },
        { { KNOWN, UNKNOWN }, 2, 201 },
        { { KNOWN, CRASH, KNOWN }, 3, 200 },
        { { CRASH, UNKNOWN, KNOWN, CRASH }, 4, 100 },
        { { KNOWN, KNOWN, KNOWN, KNOWN }, 4, 0 },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice name = text(f, "e%zu", i);
        struct store_event ev = event(name.ptr);
        int64_t recovered, due = 0;
        ev.created = 0;
        begin(f);
        put(f, ev);
        commit(f);
        for (int j = 0; j < cases[i].count; j++) {
            int64_t now = (j + 1) * 100;
            begin(f);
            ev = take(f, now, 1, 1)[0];
            assert_int_equal(ev.attempts, j);
            assert_true(ev.unknown_since != 0 && ev.unknown_since <= now);
            commit(f);
            begin(f);
            if (cases[i].attempts[j] == CRASH) {
                OK(f, store_recover(f->s, now + 1, &recovered, &f->err));
                assert_int_equal(recovered, 1);
            } else {
                report(f, now + 1, (struct store_outcome){ ev.id, STORE_WAITING, now + 1,
                                                           cases[i].attempts[j] == UNKNOWN,
                                                           S("again") });
            }
            commit(f);
            ev = find_event(f, name.ptr);
            assert_int_equal(ev.state, STORE_WAITING);
            assert_int_equal(ev.due, cases[i].attempts[j] == CRASH ? due : now + 1);
            due = ev.due;
        }
        assert_int_equal(ev.unknown_since, cases[i].want);
        begin(f);
        take(f, 1000, 1, 1);
        report(f, 1000, (struct store_outcome){ ev.id, STORE_DELIVERED, 0, false, S("") });
        commit(f);
    }
}

static void test_give_up(void **state)
{
    struct fixture *f = *state;
    struct store_event *list, ev;
    size_t count;

    begin(f);
    put(f, event("old"));
    take(f, NOW, 1, 1);
    report(f, NOW, (struct store_outcome){ 1, STORE_WAITING, NOW + 7, true, S("timeout") });
    put(f, event("young"));
    take(f, NOW + 1, 1, 1);
    report(f, NOW + 1, (struct store_outcome){ 2, STORE_WAITING, NOW + 9, true, S("timeout") });
    put(f, event("new"));
    commit(f);
    begin(f);
    /* "old" is not before give_up yet when it is equal to it */
    OK(f, store_take(f->s, S("P"), NOW + 8, NOW, 1, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(S("new"), list[0].event_id);
    OK(f, store_take(f->s, S("P"), NOW + 9, NOW + 1, 9, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(S("young"), list[0].event_id);
    commit(f);
    fixture_reopen(f);
    ev = find_event(f, "old");
    assert_int_equal(ev.state, STORE_DEAD);
    assert_int_equal(ev.attempts, 1);
    assert_int_equal(ev.unknown_since, NOW);
    SAME(S("given up: TikTok may have it since 2026-09-21T14:13:20Z, no answer told, and it may no "
           "longer recognise a repeat"), ev.note);
    assert_counts(f, (struct store_counts){ .sending = 2, .dead = 1 });
}

static void test_recover(void **state)
{
    struct fixture *f = *state;
    int64_t recovered = -1;
    struct store_event *list;

    begin(f);
    for (int i = 0; i < 5; i++)
        put(f, event(text(f, "e%d", i).ptr));
    take(f, NOW + 1, 3, 3);
    report(f, NOW + 1, (struct store_outcome){ 1, STORE_DELIVERED, 0, false, S("") });
    commit(f);
    fixture_reopen(f);
    assert_counts(f, (struct store_counts){ .waiting = 2, .sending = 2, .delivered = 1,
                                            .oldest_waiting = NOW });
    begin(f);
    take(f, NOW + 1, 9, 2); /* nothing is handed out twice by opening alone */
    commit(f);
    fixture_reopen(f);
    begin(f);
    OK(f, store_recover(f->s, NOW + 100, &recovered, &f->err));
    assert_int_equal(recovered, 4);
    list = take(f, NOW + 1, 9, 4); /* they keep their place before younger ones */
    SAME(S("e1"), list[0].event_id);
    assert_int_equal(list[0].unknown_since, NOW + 1);
    assert_int_equal(list[0].attempts, 1);
    commit(f);
    begin(f);
    OK(f, store_recover(f->s, NOW + 100, NULL, &f->err));
    OK(f, store_recover(f->s, NOW + 100, &recovered, &f->err));
    assert_int_equal(recovered, 0);
    commit(f);
}

/* A year ahead when it was put, and put right: what waits keeps its distances from now. */
static void test_clock_back(void **state)
{
    static const int64_t year = INT64_C(365) * 86400000;
    struct fixture *f = *state;
    struct store_event *list;

    begin(f);
    for (int i = 0; i < 4; i++) {
        struct store_event ev = event(text(f, "e%d", i).ptr);
        ev.created = NOW + year;
        put(f, ev);
    }
    take(f, NOW + year, 3, 3);
    report(f, NOW + year, (struct store_outcome){ 1, STORE_WAITING, NOW + year + 500, true, S("") });
    report(f, NOW + year, (struct store_outcome){ 2, STORE_DELIVERED, 0, false, S("") });
    take(f, NOW + 1000, 9, 0);
    OK(f, store_clock_back(f->s, -year, &f->err));
    commit(f);
    begin(f);
    take(f, NOW - 1, 9, 0);
    list = take(f, NOW + 499, 9, 1);
    SAME(S("e3"), list[0].event_id);
    list = take(f, NOW + 500, 9, 1);
    SAME(S("e0"), list[0].event_id);
    assert_int_equal(list[0].unknown_since, NOW);
    commit(f);
    begin(f); /* nobody asks for it outside of a transaction, and what is delivered stays */
    OK(f, store_clock_back(f->s, -1, &f->err));
    commit(f);
    assert_counts(f, (struct store_counts){ .sending = 3, .delivered = 1, .oldest_waiting = 0 });
    GIVES(f, -1, store_clock_back(f->s, -1, &f->err));
}

/* The same over a restart, where nobody knows by how much: what lies ahead by more than any wait. */
static void test_recover_ahead(void **state)
{
    static const int64_t day = 86400000;
    struct fixture *f = *state;
    struct store_event *list;

    begin(f);
    for (int i = 0; i < 4; i++) {
        struct store_event ev = event(text(f, "e%d", i).ptr);
        ev.created = NOW + (i == 3 ? day : i == 2 ? 2 * day : 0);
        put(f, ev);
    }
    take(f, NOW, 1, 1);
    report(f, NOW + 9 * day, (struct store_outcome){ 1, STORE_WAITING, NOW + 9 * day, true, S("") });
    OK(f, store_recover(f->s, NOW, NULL, &f->err));
    list = take(f, NOW, 9, 3);
    SAME(S("e0"), list[0].event_id);
    assert_int_equal(list[0].unknown_since, NOW);
    SAME(S("e1"), list[1].event_id);
    SAME(S("e2"), list[2].event_id);
    list = take(f, NOW + day, 9, 1); /* a wait of a day can be meant */
    SAME(S("e3"), list[0].event_id);
    commit(f);
}

static void test_pixels_due(void **state)
{
    struct fixture *f = *state;
    struct store_due *due;
    size_t count;

    OK(f, store_pixels_due(f->s, &f->arena, &due, &count, &f->err));
    assert_int_equal(count, 0);
    begin(f);
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 3; j++) {
            struct store_event ev = event(text(f, "e%d", j).ptr);
            ev.pixel = text(f, "pixel-%d", i);
            ev.created = NOW + i * 10 + (j + i) % 3;
            put(f, ev);
        }
    put(f, event("sent"));
    take(f, NOW, 1, 1);
    commit(f);
    OK(f, store_pixels_due(f->s, &f->arena, &due, &count, &f->err));
    assert_int_equal(count, 40);
    for (int i = 0; i < 40; i++) {
        int64_t n;
        assert_true(slice_to_i64(slice_from_at(due[i].pixel, 6), &n));
        assert_int_equal(due[i].due, NOW + n * 10);
    }
}

static void test_attempts(void **state)
{
    struct fixture *f = *state;
    struct store_attempt attempts[] = {
        { .at = NOW + 1, .took_ms = 30000, .pixel = S("P"), .http_status = 0, .code = -1,
          .message = S("timeout after 30 s") },
        { .at = NOW + 2, .took_ms = 81, .pixel = S("P"), .http_status = 200, .code = 0,
          .message = S("OK"), .request_id = S("2026R1") },
    };
    struct store_attempt *list;
    size_t count;

    begin(f);
    put(f, event("e1"));
    put(f, event("e2"));
    take(f, NOW, 9, 2);
    OK(f, store_report(f->s, &attempts[0],
                       (struct store_outcome[]){ { 1, STORE_WAITING, NOW, true, S("timeout") },
                                                 { 2, STORE_DEAD, 0, true, S("x") } },
                       2, &f->err));
    take(f, NOW, 9, 1);
    OK(f, store_report(f->s, &attempts[1],
                       (struct store_outcome[]){ { 1, STORE_DELIVERED, 0, false, S("") } }, 1,
                       &f->err));
    commit(f);
    fixture_reopen(f);
    for (int64_t id = 1; id <= 3; id++) {
        OK(f, store_attempts_of(f->s, id, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, 3 - id);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(list[i].at, attempts[i].at);
            assert_int_equal(list[i].took_ms, attempts[i].took_ms);
            assert_int_equal(list[i].http_status, attempts[i].http_status);
            assert_int_equal(list[i].code, attempts[i].code);
            SAME(attempts[i].pixel, list[i].pixel);
            SAME(attempts[i].message, list[i].message);
            SAME(attempts[i].request_id, list[i].request_id);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_take_order),
        CASE(test_take_many),
        CASE(test_take_big),
        CASE(test_report),
        CASE(test_report_of_nothing_sent),
        CASE(test_unknown_since),
        CASE(test_give_up),
        CASE(test_recover),
        CASE(test_clock_back),
        CASE(test_recover_ahead),
        CASE(test_pixels_due),
        CASE(test_attempts),
    };

    return RUN_ON_ENGINES(tests);
}
