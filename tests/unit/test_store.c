/* The contract of store.h, run on every engine: what is put is found again.  Sending is in
 * test_store_outbox.c, transactions, processes and other handles in test_store_life.c. */
#include "tests/unit/store_contract.h"

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
    SAME(want->country, is->country);
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
        .referrer = S("a\0b\xff\xc3"), .consent = S("granted"), .country = S("DE"), .at = 1790000000, .keyed = true,
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
    SAME(want->currency, is->currency);
    SAME(want->original_currency, is->original_currency);
    SAME(want->consent, is->consent);
    SAME(want->consent_said, is->consent_said);
    assert_int_equal(is->value, want->value);
    assert_int_equal(is->original_value, want->original_value);
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
        .created = NOW, .value = INT64_C(1000000000000000000), .currency = S("USD"),
        .original_value = 1, .original_currency = S("EUR"), .consent = S("limited"),
        .consent_said = S("\"no\" (param.c)"),
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

/* An event that somebody gave an id of its own is also known by the one it would have without. */
static void test_event_plain_ids(void **state)
{
    static const struct {
        const char *event_id, *plain_id, *formerly;
        bool own;
        int of; /* the row that it is a duplicate of; -1: none */
    } cases[] = {
        { "order-1", "c1", "", true, -1 },  { "c1", "", "", false, 0 },
        { "order-2", "c1", "c1", true, -1 }, /* two ids of their own are two events */
        { "ev-9", "c1", "c1", false, 2 },   { "order-1", "c1", "c1", true, 0 },
        { "ev-2", "c2", "", false, -1 }, /* the click's id: its click may be gone later */
        { "c2", "", "", false, 5 },         { "c1.7", "", "", false, -1 },
        { "c3", "", "", false, -1 },        { "order-3", "c3", "c3", true, 8 },
    };
    struct fixture *f = *state;
    int64_t ids[COUNT(cases)], first;

    for (int round = 0; round < 3; round++) { /* in memory, in the rows that a start reads */
        begin(f);
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct store_event ev = event(cases[i].event_id);
            bool fresh = round == 0 && cases[i].of < 0;
            ev.pixel = S("P");
            ev.event = S("Purchase");
            ev.plain_id = slice_from(cases[i].plain_id);
            ev.formerly[0] = slice_from(cases[i].formerly);
            ev.own_id = cases[i].own;
            GIVES(f, !fresh, store_event_put(f->s, &ev, &first, &f->err));
            if (fresh)
                ids[i] = ev.id;
            else if (cases[i].of >= 0 && round == 0)
                assert_int_equal(first, ids[cases[i].of]);
        }
        commit(f);
        fixture_reopen(f);
    }
    assert_int_equal(counts(f).waiting, 5);
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_click_merge),
        CASE(test_click_round_trip),
        CASE(test_click_find),
        CASE(test_click_needs_an_id),
        CASE(test_postback_round_trip),
        CASE(test_postback_ids),
        CASE(test_event_round_trip),
        CASE(test_event_duplicates),
        CASE(test_event_plain_ids),
        CASE(test_find_newest_first),
        CASE(test_no_room),
    };

    return RUN_ON_ENGINES(tests);
}
