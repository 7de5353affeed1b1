/* Postbacks in the order of their arrival: by offer, since a moment, page by page; the newest first, by what became
 * of their events. */
#include "core/base/buf.h"
#include "tests/unit/store_contract.h"

#define HOUR INT64_C(3600000)
#define ROWS 40

/* One an hour, of two offers in turn; the clock of the 30th is 5 hours behind. */
static void fill(struct fixture *f)
{
    begin(f);
    for (int i = 0; i < ROWS; i++) {
        struct store_postback pb = { .at = (i == 30 ? 25 : i) * HOUR + 200 * HOUR,
                                     .offer = i % 2 ? S("odd") : S("even"),
                                     .click_id = text(f, "c%d", i), .params = S("a=1") };
        OK(f, store_postback_put(f->s, &pb, &f->err));
    }
    commit(f);
}

static void lists(struct fixture *f, struct store *s, const char *offer, int64_t since,
                  int64_t after, unsigned max, const char *want)
{
    struct store_postback *list;
    struct buf got = { 0 };
    size_t count;

    OK(f, store_list_postbacks(s, slice_from(offer), since, after, max, &f->arena, &list, &count,
                               &f->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(&got, "%s%.*s", i ? " " : "", SLICE_ARG(list[i].click_id));
    buf_byte(&got, '\0');
    assert_string_equal(got.ptr, want);
    buf_free(&got);
}

static void assert_lists(struct fixture *f, struct store *s)
{
    lists(f, s, "", 0, 0, 5, "c0 c1 c2 c3 c4");
    lists(f, s, "", 0, 5, 3, "c5 c6 c7");
    lists(f, s, "even", 0, 0, 3, "c0 c2 c4");
    lists(f, s, "odd", 234 * HOUR, 0, 9, "c35 c37 c39");
    lists(f, s, "", 226 * HOUR, 0, 4, "c26 c27 c28 c29");
    lists(f, s, "", 226 * HOUR, 30, 3, "c31 c32 c33"); /* c30 came at hour 25, by its clock */
    lists(f, s, "", 225 * HOUR, 29, 3, "c29 c30 c31");
    lists(f, s, "", 239 * HOUR + 1, 0, 9, "");
    lists(f, s, "nobody", 0, 0, 9, "");
    lists(f, s, "", 0, ROWS, 9, "");
    lists(f, s, "", 0, 0, 0, "");
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    struct store *reader;

    lists(f, f->s, "", 0, 0, 9, "");
    fill(f);
    assert_lists(f, f->s);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    assert_lists(f, reader);
    begin(f);
    OK(f, store_postback_put(f->s, &(struct store_postback){ .at = 300 * HOUR, .click_id = S("new"),
                                                             .params = S("a=1") }, &f->err));
    lists(f, f->s, "", 300 * HOUR, 0, 9, "new"); /* one's own transaction */
    lists(f, reader, "", 300 * HOUR, 0, 9, "");
    commit(f);
    lists(f, reader, "", 300 * HOUR, 0, 9, "new");
    store_close(reader);
}

/* ---- the events of one postback ---- */

#define REBILLS 300

/* Each puts two events, but for each tenth, which puts none; each third is known by its ttclid alone. */
static void rebill(struct fixture *f, int n)
{
    struct store_postback pb = { .at = n * HOUR, .offer = S("o"), .verdict = n % 10 ? STORE_QUEUED : STORE_DUPLICATE,
                                 .click_id = n % 3 ? S("much-billed") : S(""), .ttclid = S("E.C.P.much-billed-ttclid") };
    struct store_event ev = { .offer = S("o"), .event = S("Purchase"), .created = pb.at, .click_id = pb.click_id,
                              .ttclid = pb.ttclid, .event_id = text(f, "e%d", n), .body = S("{}") };

    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    assert_int_equal(pb.id, n + 1);
    ev.postback_id = pb.id;
    for (int i = 0; i < 2 && n % 10; i++) {
        ev.pixel = i ? S("C1") : S("C0");
        GIVES(f, 0, store_event_put(f->s, &ev, NULL, &f->err));
    }
    OK(f, store_postback_put(f->s, &pb, &f->err));
}

static void has_its_events(struct fixture *f, struct store *s, int n)
{
    struct store_postback pb;
    struct store_event *list;
    size_t count;

    GIVES(f, 1, store_get_postback(s, n + 1, &f->arena, &pb, &f->err));
    OK(f, store_events_of(s, &pb, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, n % 10 ? 2 : 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].postback_id, n + 1);
        SAME(text(f, "e%d", n), list[i].event_id);
        SAME(i ? S("C1") : S("C0"), list[i].pixel);
    }
}

static void test_events_of(void **state)
{
    struct fixture *f = *state;
    struct store *reader;

    for (int n = 0; n < REBILLS; n += 25) {
        begin(f);
        for (int i = n; i < n + 25; i++)
            rebill(f, i);
        commit(f);
    }
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    for (int n = 0; n < REBILLS; n += 7) { /* the first and the last of them, too */
        has_its_events(f, f->s, n);
        has_its_events(f, reader, n);
        arena_reset(&f->arena);
    }
    has_its_events(f, reader, REBILLS - 1);
    store_close(reader);
}

/* ---- the newest, by what became of their events ---- */

#define CONVERSIONS 48
#define EVENTS      3 /* of one, at most */
#define LATER       (NOW + 1000 * HOUR)

/* The n-th has n % 4 events; each fourth has none and is quarantined. */
static void convert(struct fixture *f, int n)
{
    struct store_postback pb = { .at = NOW + n * HOUR, .offer = n % 2 ? S("odd") : S("even"), .params = S("a=1"),
                                 .verdict = n % 4 ? STORE_QUEUED : STORE_QUARANTINED, .click_id = text(f, "c%d", n) };

    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    assert_int_equal(pb.id, n);
    for (int k = 0; k < n % 4; k++) {
        struct store_event ev = event("");
        ev.event_id = text(f, "e%d.%d", n, k);
        ev.created = pb.at;
        ev.offer = pb.offer;
        ev.click_id = pb.click_id;
        ev.postback_id = n;
        put(f, ev);
    }
    OK(f, store_postback_put(f->s, &pb, &f->err));
}

/* One is understood now: its event is newer than those of its neighbours. */
static void replay(struct fixture *f, int n)
{
    struct store_postback pb;
    struct store_event ev = event("");

    GIVES(f, 1, store_get_postback(f->s, n, &f->arena, &pb, &f->err));
    pb.verdict = STORE_QUEUED;
    ev.event_id = text(f, "e%d.0", n);
    ev.created = NOW + 500 * HOUR;
    ev.offer = pb.offer;
    ev.postback_id = n;
    put(f, ev);
    OK(f, store_postback_again(f->s, &pb, &f->err));
}

/* Every fourth event each: delivered, dead, waiting again, and on its way still. */
static void send(struct fixture *f)
{
    struct store_event *list;
    size_t count;

    begin(f);
    OK(f, store_take(f->s, S("P"), LATER, 0, 1000, &f->arena, &list, &count, &f->err));
    for (size_t i = 0; i < count; i++) {
        static const enum store_state fates[] = { STORE_DELIVERED, STORE_DEAD, STORE_WAITING };
        if (i % 4 < COUNT(fates))
            report(f, LATER, (struct store_outcome){ .event_id = list[i].id, .state = fates[i % 4], .due = LATER * 2 });
    }
    commit(f);
}

static void keep_click(void *context, struct store_click *click)
{
    (void)context;
    (void)click;
}

static struct slice keep_params(void *context, struct slice params, struct arena *arena)
{
    (void)context;
    (void)arena;
    return params;
}

static void refuse(struct fixture *f, int n)
{
    const struct slice spare = { 0 };
    struct store_refusal how = { .note = S("no"), .spare = &spare, .cut_click = keep_click, .cut_params = keep_params };
    struct store_click click = { .offer = n % 2 ? S("odd") : S("even"), .click_id = text(f, "c%d", n), .at = 5,
                                 .consent = S("0"), .refused = true };
    struct store_refused out;

    begin(f);
    if (store_click_decide(f->s, &click, &how, &out, &f->err) < 0)
        fail_msg("%s", f->err.text);
    commit(f);
}

/* Found one by one, by their own ids. */
static unsigned states_of(struct fixture *f, int n)
{
    unsigned states = 0;

    for (int k = 0; k < EVENTS; k++) {
        struct store_event *list;
        size_t count;
        OK(f, store_find_events(f->s, text(f, "e%d.%d", n, k), 9, &f->arena, &list, &count, &f->err));
        if (count)
            states |= STORE_IN(list[0].state);
    }
    return states;
}

static void latest(struct fixture *f, struct store *s, struct store_latest what, unsigned max, struct slice want)
{
    struct slice got = S("");

    do {
        struct store_postback *list;
        int64_t next;
        size_t count;
        OK(f, store_list_latest(s, &what, max, &f->arena, &list, &count, &next, &f->err));
        what.before = next;
        assert_true(count <= max);
        for (size_t i = 0; i < count; i++)
            got = text(f, "%.*s %lld", SLICE_ARG(got), (long long)list[i].id);
    } while (what.before);
    SAME(want, got);
}

static bool meant(struct fixture *f, const struct store_latest *what, int n)
{
    int64_t at = NOW + n * HOUR;
    struct store_postback pb;

    return store_get_postback(f->s, n, &f->arena, &pb, &f->err) == 1 && (states_of(f, n) & what->states) &&
           (!what->offer.len || slice_eq(what->offer, pb.offer)) && (!what->verdict || what->verdict == pb.verdict) &&
           at >= what->since && (!what->until || at < what->until) && n > what->after;
}

/* By pages of every size, by the writer and beside it, as those that were found one by one. */
static void assert_latest(struct fixture *f, struct store *reader)
{
    static const unsigned states[] = {
        STORE_IN(STORE_WAITING), STORE_IN(STORE_SENDING), STORE_IN(STORE_DELIVERED), STORE_IN(STORE_DEAD),
        STORE_IN(STORE_WITHDRAWN), STORE_IN(STORE_WAITING) | STORE_IN(STORE_SENDING),
        STORE_IN(STORE_DEAD) | STORE_IN(STORE_WITHDRAWN), 62,
    };
    const struct store_latest others[] = {
        { .after = 0 },
        { .offer = S("even") },
        { .offer = S("nobody") },
        { .verdict = STORE_QUARANTINED },
        { .since = NOW + 10 * HOUR, .until = NOW + 30 * HOUR },
        { .after = 40 },
    };

    for (size_t i = 0; i < COUNT(states) * COUNT(others); i++) {
        struct store_latest what = others[i / COUNT(states)];
        struct slice want = S("");
        what.states = states[i % COUNT(states)];
        for (int n = CONVERSIONS; n > 0; n--)
            if (meant(f, &what, n))
                want = text(f, "%.*s %d", SLICE_ARG(want), n);
        latest(f, f->s, what, 1, want);
        latest(f, reader, what, 3, want);
        latest(f, reader, what, 100, want);
        arena_reset(&f->arena);
    }
}

static void test_states(void **state)
{
    struct fixture *f = *state;
    struct store_retention how = { .ledger = NOW + 25 * HOUR, .rows = 1000 };
    struct store_retained gone;
    struct store *reader;
    int rc;

    begin(f);
    for (int n = 1; n <= CONVERSIONS; n++)
        convert(f, n);
    commit(f);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    send(f);
    begin(f);
    replay(f, 4);
    replay(f, 20);
    replay(f, 36);
    commit(f);
    send(f); /* what was sent once stays, but for the three */
    for (int n = 5; n < CONVERSIONS; n += 8)
        refuse(f, n);
    assert_int_equal(states_of(f, 4), STORE_IN(STORE_DELIVERED));
    assert_int_equal(states_of(f, 20), STORE_IN(STORE_DEAD));
    assert_true(states_of(f, 3) & STORE_IN(STORE_DEAD) && states_of(f, 3) & ~STORE_IN(STORE_DEAD));
    assert_true(states_of(f, 13) & STORE_IN(STORE_WITHDRAWN));
    assert_latest(f, reader);
    do { /* those of the first 24 go, but for what waits; the event of a replayed one is younger */
        begin(f);
        rc = store_retain(f->s, &how, &gone, &f->err);
        commit(f);
    } while (rc == 1);
    GIVES(f, 0, rc);
    assert_int_equal(states_of(f, 3) & STORE_IN(STORE_DEAD), 0);
    assert_latest(f, reader);
    store_close(reader);
    fixture_reopen(f);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_latest(f, reader);
    store_close(reader);
}

#define MANY 45000

/* MANY postbacks, a few of them with an event; the ids of those, newest first. */
static struct slice put_many(struct fixture *f)
{
    struct slice ids = S("");

    for (int n = 1; n <= MANY; n++) {
        struct store_postback pb = { .at = NOW, .offer = S("o"), .params = S("a=1"), .verdict = STORE_QUEUED };
        struct store_event ev = event("");
        OK(f, store_postback_id(f->s, &pb.id, &f->err));
        ev.event_id = text(f, "e%d", n);
        ev.postback_id = pb.id;
        if (n % 5000 == 1 || n % 5000 == 2) {
            put(f, ev);
            ids = text(f, " %d%.*s", n, SLICE_ARG(ids));
        }
        OK(f, store_postback_put(f->s, &pb, &f->err));
    }
    return ids;
}

/* A few of very many: each call looks at some of them, and none is lost where the next begins. */
static void test_rare(void **state)
{
    struct fixture *f = *state;
    struct store_latest what = { .states = STORE_IN(STORE_WAITING) };
    struct slice got = S(""), want;
    int calls = 0, rc;

    OK(f, store_begin_group(f->s, &f->err)); /* call by call takes its time on some engines */
    do {
        want = put_many(f);
        rc = store_commit(f->s, &f->err);
    } while (rc == 1);
    GIVES(f, 0, rc);
    do {
        struct store_postback *list;
        int64_t next;
        size_t count;
        OK(f, store_list_latest(f->s, &what, 50, &f->arena, &list, &count, &next, &f->err));
        what.before = next;
        for (size_t i = 0; i < count; i++)
            got = text(f, "%.*s %lld", SLICE_ARG(got), (long long)list[i].id);
    } while (what.before && ++calls);
    SAME(want, got);
    assert_true(calls >= 1 && calls < 20);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(test_list), CASE(test_events_of), CASE(test_states), CASE(test_rare) };

    return RUN_ON_ENGINES(tests);
}
