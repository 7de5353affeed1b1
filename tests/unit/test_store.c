/* The contract of store.h, run against every engine in the table at the end. */
#include "tests/unit/store_case.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "adapters/store/sqlite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define NOW      INT64_C(1790000000000)

static const struct engine *under_test;

static int setup(void **state)
{
    struct fixture *f = fixture_new(under_test);

    fixture_open(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* ---- short forms ---- */

static void begin(struct fixture *f)
{
    OK(f, store_begin(f->s, &f->err));
}

static void commit(struct fixture *f)
{
    OK(f, store_commit(f->s, &f->err));
}

static struct slice text(struct fixture *f, const char *fmt, ...)
{
    struct slice s;
    va_list ap;

    va_start(ap, fmt);
    s = arena_vprintf(&f->arena, fmt, ap);
    va_end(ap);
    assert_non_null(s.ptr);
    return s;
}

/* An event of pixel P, name Lead, created and due at NOW. */
static struct store_event event(const char *event_id)
{
    return (struct store_event){ .offer = S("nutra-de"), .pixel = S("P"), .event = S("Lead"),
                                 .event_id = slice_from(event_id), .body = S("{}"),
                                 .created = NOW };
}

static int64_t put(struct fixture *f, struct store_event ev)
{
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    return ev.id;
}

static struct store_event *take(struct fixture *f, int64_t now, unsigned max, size_t want)
{
    struct store_event *list;
    size_t count;

    OK(f, store_take(f->s, S("P"), now, now - 1000000, max, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, want);
    return list;
}

static void report(struct fixture *f, int64_t at, struct store_outcome outcome)
{
    struct store_attempt a = { .at = at, .pixel = S("P"), .code = -1 };

    OK(f, store_report(f->s, &a, &outcome, 1, &f->err));
}

static struct store_event find_event(struct fixture *f, const char *id)
{
    struct store_event *list;
    size_t count;

    OK(f, store_find_events(f->s, slice_from(id), 10, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 1);
    return list[0];
}

static struct store_counts counts(struct fixture *f)
{
    struct store_counts c;

    OK(f, store_counts(f->s, &c, &f->err));
    return c;
}

static void assert_counts(struct fixture *f, struct store_counts want)
{
    struct store_counts is = counts(f);

    assert_int_equal(is.clicks, want.clicks);
    assert_int_equal(is.postbacks, want.postbacks);
    assert_int_equal(is.waiting, want.waiting);
    assert_int_equal(is.sending, want.sending);
    assert_int_equal(is.delivered, want.delivered);
    assert_int_equal(is.dead, want.dead);
    assert_int_equal(is.quarantined, want.quarantined);
    assert_int_equal(is.oldest_waiting, want.oldest_waiting);
}

/* ---- clicks ---- */

static void assert_click(const struct store_click *want, const struct store_click *is)
{
    SAME(want->offer, is->offer);
    SAME(want->click_id, is->click_id);
    SAME(want->ttclid, is->ttclid);
    SAME(want->event_id, is->event_id);
    SAME(want->ttp, is->ttp);
    SAME(want->ip, is->ip);
    SAME(want->user_agent, is->user_agent);
    SAME(want->page_url, is->page_url);
    SAME(want->referrer, is->referrer);
    SAME(want->consent, is->consent);
    assert_int_equal(is->at, want->at);
    assert_int_equal(is->keyed, want->keyed);
}

#define KEYED true
#define PAGE  false

/* (keyed, click_id, ttclid, event_id, ip, at), what put gives; last, what find must give. */
struct said {
    bool keyed;
    const char *click_id, *ttclid, *event_id, *ip;
    int64_t at;
    int gives;
};

static const struct {
    const char *name;
    struct said said[4]; /* ended by one without ids */
    struct said want;
} merges[] = {
    { "a page adds what is missing",
      { { KEYED, "c1", "T1", NULL, NULL, 10, 0 }, { PAGE, "c1", NULL, "e1", "1.1.1.1", 20, 1 } },
      { KEYED, "c1", "T1", "e1", "1.1.1.1", 10, 0 } },
    { "a page never overwrites a keyed call",
      { { KEYED, "c1", "T1", "e1", NULL, 10, 0 }, { PAGE, "c1", "EVIL", "evil", NULL, 20, 1 } },
      { KEYED, "c1", "T1", "e1", NULL, 10, 0 } },
    { "nor an earlier page",
      { { PAGE, "c1", "T1", "e1", NULL, 10, 0 }, { PAGE, "c1", "EVIL", "evil", NULL, 5, 1 } },
      { PAGE, "c1", "T1", "e1", NULL, 10, 0 } },
    { "a keyed call overwrites a page",
      { { PAGE, "c1", "T1", "e1", "1.1.1.1", 10, 0 }, { KEYED, "c1", "T2", NULL, NULL, 20, 1 } },
      { KEYED, "c1", "T2", "e1", "1.1.1.1", 20, 0 } },
    { "but not another keyed call",
      { { KEYED, "c1", "T1", NULL, NULL, 10, 0 }, { KEYED, "c1", "T2", "e2", NULL, 20, 1 } },
      { KEYED, "c1", "T1", "e2", NULL, 10, 0 } },
    { "what a page added to a keyed click is still only a page's word",
      { { KEYED, "c1", "T1", NULL, NULL, 10, 0 }, { PAGE, "c1", NULL, "page", NULL, 20, 1 },
        { KEYED, "c1", NULL, "key", NULL, 30, 1 }, },
      { KEYED, "c1", "T1", "key", NULL, 10, 0 } },
    { "a page after the keyed call that overwrote it",
      { { PAGE, "c1", "T1", "page", NULL, 10, 0 }, { KEYED, "c1", NULL, "key", NULL, 20, 1 },
        { PAGE, "c1", NULL, "again", NULL, 30, 1 } },
      { KEYED, "c1", "T1", "key", NULL, 20, 0 } },
    { "a keyed call that says the same makes it keyed",
      { { PAGE, "c1", "T1", "e1", NULL, 10, 0 }, { KEYED, "c1", "T1", "e1", NULL, 10, 1 },
        { KEYED, "c1", "T2", "e2", NULL, 11, 1 } },
      { KEYED, "c1", "T1", "e1", NULL, 10, 0 } },
    { "without a click_id by ttclid",
      { { KEYED, "c1", "T1", NULL, NULL, 10, 0 }, { PAGE, NULL, "T1", "e1", NULL, 20, 1 } },
      { KEYED, "c1", "T1", "e1", NULL, 10, 0 } },
    { "in the other order",
      { { PAGE, NULL, "T1", "e1", NULL, 10, 0 }, { KEYED, "c1", "T1", NULL, NULL, 20, 1 } },
      { KEYED, "c1", "T1", "e1", NULL, 20, 0 } },
    { "a click_id of its own is another click",
      { { KEYED, "c2", "T1", "e2", NULL, 10, 0 }, { KEYED, "c1", "T1", "e1", NULL, 20, 0 } },
      { KEYED, "c1", "T1", "e1", NULL, 20, 0 } },
    { "only a ttclid, twice",
      { { PAGE, NULL, "T1", NULL, NULL, 10, 0 }, { PAGE, NULL, "T1", "e1", NULL, 20, 1 } },
      { PAGE, NULL, "T1", "e1", NULL, 10, 0 } },
    { "a time that was not known",
      { { KEYED, "c1", "T1", NULL, NULL, 0, 0 }, { PAGE, "c1", NULL, NULL, NULL, 20, 1 } },
      { KEYED, "c1", "T1", NULL, NULL, 20, 0 } },
};

static struct store_click click_of(const struct said *x)
{
    return (struct store_click){ .offer = S("nutra-de"), .click_id = slice_from(x->click_id),
                                 .ttclid = slice_from(x->ttclid),
                                 .event_id = slice_from(x->event_id), .ip = slice_from(x->ip),
                                 .at = x->at, .keyed = x->keyed };
}

/* Each case three times: in one transaction, in one each, and with the store closed in between. */
static void test_click_merge(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(merges) * 3; i++) {
        const struct said *want = &merges[i / 3].want;
        struct slice offer = text(f, "offer-%zu", i);
        struct store_click is, expect = click_of(want);
        if (i % 3 == 0)
            print_message("%s\n", merges[i / 3].name);
        expect.offer = offer;
        begin(f);
        for (const struct said *x = merges[i / 3].said; x->click_id || x->ttclid; x++) {
            struct store_click click = click_of(x);
            click.offer = offer;
            GIVES(f, x->gives, store_click_put(f->s, &click, &f->err));
            if (i % 3 == 0)
                continue;
            commit(f);
            if (i % 3 == 2)
                fixture_reopen(f);
            begin(f);
        }
        commit(f);
        GIVES(f, 1, store_click_find(f->s, offer, expect.click_id,
                                     want->click_id ? S("") : expect.ttclid, &f->arena, &is,
                                     &f->err));
        assert_click(&expect, &is);
    }
}

static void test_click_round_trip(void **state)
{
    struct fixture *f = *state;
    struct slice ttclid = text(f, "E.C.P.%0994d", 7);
    struct store_click is, click = {
        .offer = S("nutra-de"), .click_id = S("2t4ch5"), .ttclid = ttclid, .event_id = S("ev-1"),
        .ttp = S("ttp"), .ip = S("2001:db8::1"), .user_agent = S("Mozilla/5.0"),
        .page_url = text(f, "https://l.example/?x=1&ttclid=%.*s&y=2", SLICE_ARG(ttclid)),
        .referrer = S("a\0b\xff\xc3"), .consent = S("granted"), .at = 1790000000, .keyed = true,
    };
    struct store_click *list;
    size_t count;

    assert_int_equal(ttclid.len, 1000);
    begin(f);
    OK(f, store_click_put(f->s, &click, &f->err));
    commit(f);
    for (int i = 0; i < 2; i++, fixture_reopen(f)) {
        GIVES(f, 1, store_click_find(f->s, S("nutra-de"), S("2t4ch5"), S(""), &f->arena, &is,
                                     &f->err));
        assert_click(&click, &is);
        GIVES(f, 1, store_click_find(f->s, S("nutra-de"), S(""), ttclid, &f->arena, &is, &f->err));
        assert_click(&click, &is);
        OK(f, store_find_clicks(f->s, S("ev-1"), 5, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, 1);
        assert_click(&click, &list[0]);
    }
}

static void test_click_find(void **state)
{
    static const struct said known[] = {
        { KEYED, "c1", "T", "e1", NULL, 1, 0 },
        { KEYED, "c2", "T", "e2", NULL, 2, 0 },
        { KEYED, "c3", NULL, "e3", NULL, 3, 0 },
    };
    static const struct {
        const char *offer, *click_id, *ttclid, *event_id; /* event_id of what is found, or NULL */
    } cases[] = {
        { "nutra-de", "c1", "", "e1" },       { "nutra-de", "c1", "T", "e1" },
        { "nutra-de", "", "T", "e2" }, /* the newest */
        { "nutra-de", "unknown", "T", "e2" }, { "nutra-de", "c3", "T", "e3" },
        { "nutra-de", "C1", "", NULL },       { "nutra-de", "", "t", NULL },
        { "nutra-de", "T", "c1", NULL },      { "nutra-de", "e1", "e1", NULL },
        { "nutra-de", "", "", NULL },         { "other", "c1", "T", NULL },
        { "", "c1", "T", NULL },
    };
    struct fixture *f = *state;
    struct store_click is;

    begin(f);
    for (size_t i = 0; i < COUNT(known); i++) {
        struct store_click click = click_of(&known[i]);
        OK(f, store_click_put(f->s, &click, &f->err));
    }
    commit(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        GIVES(f, cases[i].event_id != NULL,
              store_click_find(f->s, slice_from(cases[i].offer), slice_from(cases[i].click_id),
                               slice_from(cases[i].ttclid), &f->arena, &is, &f->err));
        if (cases[i].event_id)
            SAME(slice_from(cases[i].event_id), is.event_id);
    }
}

static void test_click_needs_an_id(void **state)
{
    struct fixture *f = *state;
    struct store_click click = { .offer = S("nutra-de"), .event_id = S("e1") };

    begin(f);
    GIVES(f, -1, store_click_put(f->s, &click, &f->err));
    SAYS(f, ERR_INPUT, "store: a click needs a click_id or a ttclid");
    click.click_id = S("c1");
    OK(f, store_click_put(f->s, &click, &f->err)); /* the transaction goes on */
    commit(f);
    assert_int_equal(counts(f).clicks, 1);
}

/* ---- postbacks ---- */

static void assert_postback(const struct store_postback *want, const struct store_postback *is)
{
    assert_int_equal(is->id, want->id);
    assert_int_equal(is->at, want->at);
    assert_int_equal(is->verdict, want->verdict);
    SAME(want->offer, is->offer);
    SAME(want->tracker, is->tracker);
    SAME(want->method, is->method);
    SAME(want->content_type, is->content_type);
    SAME(want->address, is->address);
    SAME(want->params, is->params);
    SAME(want->click_id, is->click_id);
    SAME(want->ttclid, is->ttclid);
    SAME(want->event_id, is->event_id);
    SAME(want->txid, is->txid);
    SAME(want->stage, is->stage);
    SAME(want->code, is->code);
    SAME(want->reason, is->reason);
    SAME(want->warnings, is->warnings);
}

static void test_postback_round_trip(void **state)
{
    struct fixture *f = *state;
    struct slice ttclid = text(f, "E.C.P.%0994d", 9);
    struct store_postback full = {
        .at = NOW, .offer = S("nutra-de"), .tracker = S("keitaro"), .method = S("POST"),
        .content_type = S("application/json"), .address = S("198.51.100.7"),
        .params = text(f, "subid=c1&external_id=%.*s&status=sale", SLICE_ARG(ttclid)),
        .click_id = S("c1"), .ttclid = ttclid, .event_id = S("ev-1"), .txid = S("tx\0-1\xff"),
        .stage = S("sale"), .verdict = STORE_QUARANTINED, .code = S("Q003"),
        .reason = S("the amount can't be read"), .warnings = S("one\ntwo"),
    };
    struct store_postback bare = { .at = NOW + 1, .verdict = STORE_IGNORED, .click_id = S("c2") };
    struct store_postback *list;
    size_t count;

    begin(f);
    OK(f, store_postback_put(f->s, &full, &f->err));
    OK(f, store_postback_put(f->s, &bare, &f->err));
    commit(f);
    assert_true(full.id > 0 && bare.id > full.id);
    for (int i = 0; i < 2; i++, fixture_reopen(f)) {
        struct slice ids[] = { full.click_id, full.ttclid, full.event_id, full.txid };
        for (size_t j = 0; j < COUNT(ids); j++) {
            OK(f, store_find_postbacks(f->s, ids[j], 9, &f->arena, &list, &count, &f->err));
            assert_int_equal(count, 1);
            assert_postback(&full, &list[0]);
        }
        OK(f, store_find_postbacks(f->s, S("c2"), 9, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, 1);
        assert_postback(&bare, &list[0]);
        OK(f, store_find_postbacks(f->s, S(""), 9, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, 0);
        OK(f, store_find_postbacks(f->s, S("nutra-de"), 9, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, 0);
    }
}

static void test_postback_ids(void **state)
{
    struct fixture *f = *state;
    struct store_postback a = { .click_id = S("a") }, b = { .click_id = S("b") };
    int64_t first;

    begin(f);
    OK(f, store_postback_id(f->s, &a.id, &f->err));
    OK(f, store_postback_id(f->s, &first, &f->err));
    assert_int_equal(first, a.id + 1);
    b.id = first;
    OK(f, store_postback_put(f->s, &b, &f->err)); /* in any order */
    OK(f, store_postback_put(f->s, &a, &f->err));
    assert_int_equal(b.id, first);
    commit(f);
    begin(f);
    a.id = first;
    GIVES(f, -1, store_postback_put(f->s, &a, &f->err));
    assert_int_equal(f->err.kind, ERR_INPUT);
    a.id = 0;
    OK(f, store_postback_put(f->s, &a, &f->err));
    assert_true(a.id > first);
    commit(f);
    assert_int_equal(counts(f).postbacks, 3);
}

/* ---- events ---- */

static void assert_event(const struct store_event *want, const struct store_event *is)
{
    assert_int_equal(is->id, want->id);
    assert_int_equal(is->postback_id, want->postback_id);
    SAME(want->offer, is->offer);
    SAME(want->pixel, is->pixel);
    SAME(want->event, is->event);
    SAME(want->event_id, is->event_id);
    SAME(want->test_code, is->test_code);
    SAME(want->click_id, is->click_id);
    SAME(want->ttclid, is->ttclid);
    SAME(want->body, is->body);
    SAME(want->note, is->note);
    assert_int_equal(is->created, want->created);
    assert_int_equal(is->due, want->due);
    assert_int_equal(is->unknown_since, want->unknown_since);
    assert_int_equal(is->attempts, want->attempts);
    assert_int_equal(is->state, want->state);
}

static void test_event_round_trip(void **state)
{
    struct fixture *f = *state;
    struct slice ttclid = text(f, "E.C.P.%0994d", 5);
    struct store_event *list, ev = {
        .postback_id = 77, .offer = S("nutra-de"), .pixel = S("P"), .event = S("Purchase"),
        .event_id = S("ev-1"), .test_code = S("TEST1"), .click_id = S("c1"), .ttclid = ttclid,
        .body = text(f, "{\"a\":\"%05000d\",\"ttclid\":\"%.*s\"}", 1, SLICE_ARG(ttclid)),
        .created = NOW,
    };
    size_t count;

    begin(f);
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    assert_int_equal(ev.state, STORE_WAITING);
    assert_int_equal(ev.due, NOW);
    commit(f);
    for (int i = 0; i < 2; i++, fixture_reopen(f)) {
        struct slice ids[] = { S("ev-1"), S("c1"), ttclid };
        for (size_t j = 0; j < COUNT(ids); j++) {
            OK(f, store_find_events(f->s, ids[j], 9, &f->arena, &list, &count, &f->err));
            assert_int_equal(count, 1);
            assert_event(&ev, &list[0]);
        }
    }
    begin(f);
    ev.state = STORE_SENDING;
    ev.unknown_since = NOW + 5;
    list = take(f, NOW + 5, 1, 1);
    assert_event(&ev, &list[0]);
    commit(f);
}

static void test_event_duplicates(void **state)
{
    static const struct {
        const char *pixel, *event, *event_id;
        int gives; /* 1: a duplicate of the first */
    } cases[] = {
        { "P", "Lead", "e1", 0 },     { "P", "Lead", "e1", 1 },  { "Q", "Lead", "e1", 0 },
        { "P", "Purchase", "e1", 0 }, { "P", "Lead", "e2", 0 },  { "P", "Lead", "E1", 0 },
        { "PLead", "", "e1", 0 },     { "P", "Leade1", "", 0 },  { "P", "Lead", "e1", 1 },
        { "P", "Lead", "e1 ", 0 },    { "", "", "", 0 },
    };
    struct fixture *f = *state;
    int64_t first = 0, is;

    /* In one group, each in its own after it, and after the store was opened again. */
    for (int round = 0; round < 3; round++) {
        begin(f);
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct store_event ev = event(cases[i].event_id);
            ev.pixel = slice_from(cases[i].pixel);
            ev.event = slice_from(cases[i].event);
            is = -1;
            GIVES(f, round ? 1 : cases[i].gives, store_event_put(f->s, &ev, &is, &f->err));
            if (i == 0 && round == 0)
                first = ev.id;
            if (cases[i].gives)
                assert_int_equal(is, first);
            if (round == 1) {
                commit(f);
                begin(f);
            }
        }
        commit(f);
        fixture_reopen(f);
    }
    assert_int_equal(counts(f).waiting, 9);
}

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
        take(f, NOW + 899, 9, 0);
        take(f, NOW + 900, 9, cases[i].state == STORE_WAITING);
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
        int64_t recovered;
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
            assert_int_equal(ev.due, now + 1);
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
    take(f, NOW + 99, 9, 0);
    list = take(f, NOW + 100, 9, 4);
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

/* ---- looking up ---- */

static void test_find_newest_first(void **state)
{
    struct fixture *f = *state;
    struct store_postback *postbacks;
    struct store_event *events;
    struct store_click *clicks;
    size_t count;

    for (int i = 0; i < 300; i++) {
        struct store_postback pb = { .at = i, .click_id = S("c"), .txid = text(f, "%d", i) };
        struct store_event ev = event(text(f, "e%d", i).ptr);
        struct store_click click = { .offer = S("o"), .click_id = text(f, "k%d", i),
                                     .ttclid = S("c"), .at = i };
        ev.click_id = S("c");
        begin(f);
        OK(f, store_postback_put(f->s, &pb, &f->err));
        OK(f, store_click_put(f->s, &click, &f->err));
        put(f, ev);
        commit(f);
    }
    for (unsigned max = 0; max < 400; max += 57) {
        size_t want = max < 300 ? max : 300;
        OK(f, store_find_postbacks(f->s, S("c"), max, &f->arena, &postbacks, &count, &f->err));
        assert_int_equal(count, want);
        OK(f, store_find_events(f->s, S("c"), max, &f->arena, &events, &count, &f->err));
        assert_int_equal(count, want);
        OK(f, store_find_clicks(f->s, S("c"), max, &f->arena, &clicks, &count, &f->err));
        assert_int_equal(count, want);
        for (size_t i = 0; i < want; i++) {
            assert_int_equal(postbacks[i].at, 299 - i);
            SAME(text(f, "e%zu", 299 - i), events[i].event_id);
            assert_int_equal(clicks[i].at, 299 - i);
        }
    }
}

static void test_no_room(void **state)
{
    struct fixture *f = *state;
    struct store_event *events, ev = event("e1");
    struct arena small;
    size_t count;

    ev.body = text(f, "%02000d", 1);
    begin(f);
    put(f, ev);
    commit(f);
    arena_init(&small, 1000);
    GIVES(f, -1, store_find_events(f->s, S("e1"), 1, &small, &events, &count, &f->err));
    SAYS(f, ERR_BUSY, "store: no memory for the answer; ask for less at once");
    arena_free(&small);
    arena_init(&small, 1000);
    begin(f);
    GIVES(f, -1, store_take(f->s, S("P"), NOW, 0, 9, &small, &events, &count, &f->err));
    assert_int_equal(f->err.kind, ERR_BUSY);
    GIVES(f, -1, store_commit(f->s, &f->err)); /* some were marked and nobody has them */
    SAYS(f, ERR_SYSTEM, "store: this transaction has failed before; roll it back");
    arena_free(&small);
    assert_counts(f, (struct store_counts){ .waiting = 1, .oldest_waiting = NOW });
}

/* ---- transactions ---- */

static void test_outside_of_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_click click = { .offer = S("o"), .click_id = S("c") };
    struct store *reader;

    GIVES(f, -1, store_click_put(f->s, &click, &f->err));
    SAYS(f, ERR_INPUT, "store: a write outside of begin and commit");
    GIVES(f, -1, store_commit(f->s, &f->err));
    begin(f);
    GIVES(f, -1, store_begin(f->s, &f->err));
    SAYS(f, ERR_INPUT, "store: a transaction is open already");
    store_rollback(f->s);
    store_rollback(f->s);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    GIVES(f, -1, store_begin(reader, &f->err));
    SAYS(f, ERR_INPUT, "store: opened for reading, it can't be written");
    store_close(reader);
    store_close(NULL);
}

static void write_all(struct fixture *f, const char *id)
{
    struct store_click click = { .offer = slice_from(id), .click_id = slice_from(id),
                                 .ttclid = slice_from(id), .at = 5 };
    struct store_postback pb = { .offer = slice_from(id), .click_id = slice_from(id),
                                 .verdict = STORE_QUARANTINED };
    struct store_event ev = event(id);

    OK(f, store_click_put(f->s, &click, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    put(f, ev);
}

static void assert_knows(struct fixture *f, const char *id, bool knows)
{
    struct slice s = slice_from(id);
    struct store_postback *postbacks;
    struct store_event *events;
    struct store_click click;
    size_t count;

    GIVES(f, knows, store_click_find(f->s, s, s, s, &f->arena, &click, &f->err));
    OK(f, store_find_postbacks(f->s, s, 9, &f->arena, &postbacks, &count, &f->err));
    assert_int_equal(count, knows);
    OK(f, store_find_events(f->s, s, 9, &f->arena, &events, &count, &f->err));
    assert_int_equal(count, knows);
}

static void test_rollback(void **state)
{
    struct fixture *f = *state;
    struct store_counts kept = { .clicks = 1, .postbacks = 1, .waiting = 1, .quarantined = 1,
                                 .oldest_waiting = NOW };
    struct store_click click = { .offer = S("kept"), .click_id = S("kept"), .event_id = S("new") };

    begin(f);
    write_all(f, "kept");
    commit(f);
    for (int i = 0; i < 30; i++) {
        begin(f);
        write_all(f, "lost");
        GIVES(f, 1, store_click_put(f->s, &click, &f->err));
        take(f, NOW, 9, 2);
        report(f, NOW, (struct store_outcome){ 1, STORE_DEAD, 0, false, S("x") });
        assert_knows(f, "lost", true);
        store_rollback(f->s);
        assert_knows(f, "lost", false);
        assert_knows(f, "kept", true);
        assert_counts(f, kept);
        assert_int_equal(find_event(f, "kept").state, STORE_WAITING);
    }
    fixture_reopen(f);
    assert_knows(f, "lost", false);
    assert_counts(f, kept);
    begin(f);
    write_all(f, "lost"); /* its key is free */
    commit(f);
    assert_knows(f, "lost", true);
}

/* A child commits group after group, tells each, and is killed at a random moment. */
static void child_writes(struct fixture *f, int pipe)
{
    f->s = f->engine->open(f->dir, true, &f->err);
    for (int i = 0; f->s; i++) {
        char name[32];
        if (store_begin(f->s, &f->err) != 0)
            break;
        for (int j = 0; j < 5; j++) {
            struct store_event ev;
            struct store_postback pb = { .click_id = S("c"), .verdict = STORE_QUEUED };
            snprintf(name, sizeof(name), "e%d", i * 5 + j);
            ev = event(name);
            if (store_event_put(f->s, &ev, NULL, &f->err) != 0 ||
                store_postback_put(f->s, &pb, &f->err) != 0)
                _exit(1);
        }
        if (store_commit(f->s, &f->err) != 0 || write(pipe, &i, sizeof(i)) != sizeof(i))
            break;
    }
    _exit(1);
}

static void test_kill(void **state)
{
    struct fixture *f = *state;
    int ends[2], last = -1, want, got = 0;
    struct store_event ev;
    pid_t pid;

    for (int round = 0; round < 4; round++) {
        struct fixture *g = fixture_new(under_test);
        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (pid == 0)
            child_writes(g, ends[1]);
        close(ends[1]);
        want = 20 + round * 37;
        while (got < want && read(ends[0], &last, sizeof(last)) == sizeof(last))
            got = last;
        kill(pid, SIGKILL);
        while (read(ends[0], &last, sizeof(last)) == sizeof(last))
            got = last;
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        close(ends[0]);
        assert_true(got >= want);
        fixture_open(g);
        /* Everything told is there, nothing by halves. */
        assert_true(counts(g).waiting >= (got + 1) * 5);
        assert_int_equal(counts(g).waiting % 5, 0);
        assert_int_equal(counts(g).postbacks, counts(g).waiting);
        begin(g);
        for (int i = 0; i < (got + 1) * 5; i++) {
            ev = event(text(f, "e%d", i).ptr);
            GIVES(g, 1, store_event_put(g->s, &ev, NULL, &g->err));
        }
        write_all(g, "after");
        commit(g);
        assert_knows(g, "after", true);
        got = 0;
        fixture_free(g);
    }
}

/* ---- handles beside the writer ---- */

struct beside {
    struct fixture *f;
    atomic_bool stop;
    atomic_int committed; /* groups of 10 */
    char wrong[500];
};

static void *read_beside(void *context)
{
    struct beside *b = context;
    struct err err = { 0 };
    struct store *s = b->f->engine->open(b->f->dir, false, &err);
    struct arena arena;
    int rounds = 0;

    arena_init(&arena, 64 << 20);
    while (s && !b->wrong[0] && (!atomic_load(&b->stop) || rounds < 3)) {
        struct store_counts c;
        struct store_postback *list;
        struct slice id;
        int known = atomic_load(&b->committed);
        size_t count = 0;
        arena_reset(&arena);
        id = arena_printf(&arena, "g%d", known - 1);
        if (store_counts(s, &c, &err) != 0 || store_maintain(s, &err) != 0 ||
            (known && store_find_postbacks(s, id, 99, &arena, &list, &count, &err) != 0))
            snprintf(b->wrong, sizeof(b->wrong), "%s", err.text);
        else if (c.postbacks % 10 || c.postbacks < known * 10 || (known && count != 10))
            snprintf(b->wrong, sizeof(b->wrong), "%lld postbacks, %d known, %zu of the last",
                     (long long)c.postbacks, known * 10, count);
        rounds++;
    }
    if (!s)
        snprintf(b->wrong, sizeof(b->wrong), "%s", err.text);
    store_close(s);
    arena_free(&arena);
    return NULL;
}

static void test_beside(void **state)
{
    struct beside b = { .f = *state };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, read_beside, &b), 0);
    for (int i = 0; i < 300; i++) {
        begin(b.f);
        for (int j = 0; j < 10; j++) {
            struct store_postback pb = { .click_id = text(b.f, "g%d", i), .params = S("a=1") };
            OK(b.f, store_postback_put(b.f->s, &pb, &b.f->err));
        }
        commit(b.f);
        atomic_store(&b.committed, i + 1);
    }
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    assert_string_equal(b.wrong, "");
    OK(b.f, store_maintain(b.f->s, &b.f->err));
}

/* A reader sees what was committed, by every id, also what was added to an old click. */
static void test_reader(void **state)
{
    struct fixture *f = *state;
    struct store *writer = f->s;
    struct store_click click = { .offer = S("id7"), .click_id = S("id7"), .event_id = S("late") };
    struct store_click known, *clicks;
    struct store_due *due;
    size_t count;

    for (int i = 0; i < 50; i++) {
        begin(f);
        write_all(f, text(f, "id%d", i).ptr);
        commit(f);
    }
    begin(f);
    click.ttclid = S("id7");
    GIVES(f, 1, store_click_put(f->s, &click, &f->err));
    commit(f);
    begin(f);
    write_all(f, "uncommitted");
    f->s = f->engine->open(f->dir, false, &f->err);
    assert_non_null(f->s);
    for (int i = 0; i < 50; i++)
        assert_knows(f, text(f, "id%d", i).ptr, true);
    assert_knows(f, "uncommitted", false);
    assert_counts(f, (struct store_counts){ .clicks = 50, .postbacks = 50, .waiting = 50,
                                            .quarantined = 50, .oldest_waiting = NOW });
    OK(f, store_find_clicks(f->s, S("late"), 9, &f->arena, &clicks, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(S("id7"), clicks[0].click_id);
    GIVES(f, 1, store_click_find(f->s, S("id7"), S("?"), S("id7"), &f->arena, &known, &f->err));
    SAME(S("late"), known.event_id);
    OK(f, store_pixels_due(f->s, &f->arena, &due, &count, &f->err));
    assert_int_equal(count, 1);
    store_close(f->s);
    f->s = writer;
    commit(f);
    assert_knows(f, "uncommitted", true);
}

/* ---- against a simple model ---- */

#define MODEL 400

struct model {
    int64_t first[MODEL];  /* event id by key, 0: none */
    int postbacks[MODEL];  /* by click id */
    bool click[MODEL];
};

static void model_step(struct fixture *f, struct model *m, uint32_t n, struct slice name)
{
    struct store_event ev = event(name.ptr);
    struct store_postback pb = { .click_id = name, .event_id = name, .params = name };
    struct store_click click = { .offer = S("o"), .click_id = name, .ttclid = name };
    struct store_click is;
    int64_t first = 0;

    GIVES(f, m->click[n], store_click_find(f->s, S("o"), name, S(""), &f->arena, &is, &f->err));
    GIVES(f, m->first[n] != 0, store_event_put(f->s, &ev, &first, &f->err));
    if (m->first[n])
        assert_int_equal(first, m->first[n]);
    else
        m->first[n] = ev.id;
    OK(f, store_postback_put(f->s, &pb, &f->err));
    m->postbacks[n]++;
    if (n % 3 == 0) {
        GIVES(f, m->click[n], store_click_put(f->s, &click, &f->err));
        m->click[n] = true;
    }
}

static void test_model(void **state)
{
    struct fixture *f = *state;
    struct model m = { 0 }, before;
    struct slice names[MODEL];
    uint64_t seed = 1;

    for (int i = 0; i < MODEL; i++)
        names[i] = text(f, "name-%d", i);
    for (int group = 0; group < 300; group++) {
        before = m;
        begin(f);
        for (int i = 0; i < 8; i++) {
            seed = slice_hash(S("next"), seed);
            model_step(f, &m, (uint32_t)(seed % MODEL), names[seed % MODEL]);
        }
        if (seed >> 60 == 0) {
            store_rollback(f->s);
            m = before;
        } else {
            commit(f);
        }
        if (seed >> 58 == 5)
            fixture_reopen(f);
    }
    for (int i = 0; i < MODEL; i++) {
        struct store_postback *list;
        size_t count;
        OK(f, store_find_postbacks(f->s, names[i], 999, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, m.postbacks[i]);
    }
}

/* ---- the engines ---- */

static struct store *open_sqlite(const char *dir, bool writer, struct err *err)
{
    return store_sqlite_open(dir, writer, err);
}

/* Runs of a few ids, so that they are written and merged all the time. */
static struct store *open_sqlite_runs(const char *dir, bool writer, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.hot_entries = 7;
    tuning.wal_pages = 50;
    return sqlite_open(dir, writer, &tuning, err);
}

/* Every look-up meets collisions. */
static struct store *open_sqlite_collide(const char *dir, bool writer, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.hash_mask = 1;
    tuning.hot_entries = 200;
    return sqlite_open(dir, writer, &tuning, err);
}

static const struct engine engines[] = {
    { "sqlite", open_sqlite },
    { "sqlite, small runs", open_sqlite_runs },
    { "sqlite, colliding hashes", open_sqlite_collide },
};

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest contract[] = {
        CASE(test_click_merge),
        CASE(test_click_round_trip),
        CASE(test_click_find),
        CASE(test_click_needs_an_id),
        CASE(test_postback_round_trip),
        CASE(test_postback_ids),
        CASE(test_event_round_trip),
        CASE(test_event_duplicates),
        CASE(test_take_order),
        CASE(test_take_many),
        CASE(test_report),
        CASE(test_report_of_nothing_sent),
        CASE(test_unknown_since),
        CASE(test_give_up),
        CASE(test_recover),
        CASE(test_pixels_due),
        CASE(test_attempts),
        CASE(test_find_newest_first),
        CASE(test_no_room),
        CASE(test_outside_of_a_transaction),
        CASE(test_rollback),
        CASE(test_kill),
        CASE(test_beside),
        CASE(test_reader),
        CASE(test_model),
    };
    int failed = 0;

    for (size_t i = 0; i < COUNT(engines); i++) {
        under_test = &engines[i];
        failed += cmocka_run_group_tests_name(engines[i].name, contract, NULL, NULL);
    }
    return failed;
}
