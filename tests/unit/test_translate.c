/* Clicks, what may be stored of a postback, sentences without personal data, and any room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

#define NOW INT64_C(1790000000)
#define HEX64 "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff"

static const char offer_text[] =
    "version: 1\noffer: o\nextends: generic\npixel: C9X\npage_url: "
    "\"https://l.example/{param.lp}\"\n"
    "value_currency: USD\npayout_currency: USD\ndecimal: comma\n"
    "events:\n"
    "  sale: {event: Purchase, value: payout}\n"
    "  rebill: {event: Purchase, value: payout, repeatable: true}\n"
    "  lead: {event: Lead, value: {tiers: {raw: 1}, by: \"{param.q}\"}}\n"
    "properties: {order_id: \"{txid}\", description: \"{param.d}\", num_items: \"{param.n}\",\n"
    "  contents: [{price: \"{param.price}\"}, {price: 1.234}]}\n"
    "user: {email: \"{param.mail_to}\", phone: {from: \"{param.p}\", country: DE},\n"
    "  external_id: \"{param.ext}\", first_name: \"{param.name}\"}\n"
    "consent: {from: \"{param.c}\", granted: [\"1\"], otherwise: anonymize}\n";

struct fixture {
    struct mapping_bench bench;
    struct offer *offer;
    struct identity_hasher *hasher;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    mapping_bench_open(&f->bench, NULL, 0);
    f->offer = mapping_bench_load(&f->bench, "o.yaml", slice_from(offer_text));
    f->hasher = identity_hasher_new();
    *state = f;
    if (!f->offer)
        fputs(mapping_bench_problems(&f->bench), stderr);
    return f->offer && f->hasher ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    identity_hasher_free(f->hasher);
    mapping_bench_close(&f->bench);
    free(f);
    return 0;
}

static int run(const struct fixture *f, struct slice query, struct arena *arena,
               struct translation *t)
{
    struct translator translator = { NULL, NULL, f->hasher };
    struct params p = { .arena = arena, .notes = &t->notes };
    struct err err = { 0 };

    *t = (struct translation){ .arena = arena, .notes = { .arena = arena } };
    if (params_query(&p, query, &err) != 0 || translate_read(f->offer, &p, arena, t, &err) != 0 ||
        translate_finish(&translator, f->offer, &p, NULL, NOW, t, &err) != 0) {
        assert_int_equal(err.kind, ERR_BUSY);
        return -1;
    }
    return 0;
}

static struct slice stored(const struct fixture *f, struct slice query, struct arena *arena)
{
    struct params p = { .arena = arena };

    assert_int_equal(params_query(&p, query, NULL), 0);
    return translate_storable(f->offer, &p, NULL, f->hasher, arena);
}

/* "$x" in an expected text stands for the SHA-256 of x, up to the next '&' or the end. */
static struct slice with_hashes(const struct fixture *f, const char *text, struct arena *arena)
{
    struct slice rest = slice_from(text), item;
    struct buf b = { 0 };
    struct slice out;
    char hex[SHA256_HEX];

    while (slice_next(&rest, '&', &item)) {
        size_t at = slice_index(item, '$');
        if (b.len)
            buf_byte(&b, '&');
        buf_add(&b, slice_head(item, at));
        if (at < item.len && sha256_hex(f->hasher, slice_from_at(item, at + 1), hex))
            buf_add(&b, (struct slice){ hex, sizeof(hex) });
    }
    out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static void storable(void **state)
{
    static const struct {
        const char *query, *expected;
    } rows[] = {
        { "", "" },
        { "a=1&b=x%20y&a=2", "a=1&b=x%20y&a=2" },
        { "key=s3cret&KEY=x&token=x&sig=x&auth.token=x&auth%5Bkey%5D=x&a=1", "a=1" },
        { "keyword=x&tokens=y", "keyword=x&tokens=y" },
        { "email=%20Jane%40Example.com%20", "email=$jane@example.com" },
        { "customer.email=Jane@Example.com&u%5Bmail%5D=a@b.co",
          "customer.email=$jane@example.com&u%5Bmail%5D=$a@b.co" },
        { "mail_to=Jane@Example.com", "mail_to=$jane@example.com" },
        { "x=Jane@Example.com", "x=$jane@example.com" },
        { "p=0170%201234567", "p=$+491701234567" },
        { "name=Jos%C3%A9", "name=$jos\xc3\xa9" },
        { "lastname=O%27Neil&city=Berlin", "lastname=$oneil&city=Berlin" },
        { "phone=12", "phone=%5Bpersonal%20data%20removed%5D" },
        { "ext=Jane@Example.com&click_id=c1", "ext=$Jane@Example.com&click_id=c1" },
        { "ext=Plain", "ext=Plain" },
        { "txid=%2B49%20170%201234567", "txid=$+49 170 1234567" },
        { "note=write%20to%20jane@example.com", "note=$write to jane@example.com" },
        { "email={email}&x={x:jane@example.com}",
          "email=%7Bemail%7D&x=%5Bpersonal%20data%20removed%5D" },
        { "p=0170%201234567,%7Bphone%7D&x=%7Bx%7D_1&p=%7Bp%7D",
          "p=%5Bpersonal%20data%20removed%5D&x=%7Bx%7D_1&p=%7Bp%7D" },
        { "jane@example.com=1&email=", "%5Bpersonal%20data%20removed%5D=1&email=" },
        { "email=" HEX64, "email=" HEX64 },
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct slice got, want;
        arena_init(&arena, 1 << 20);
        got = stored(f, slice_from(rows[i].query), &arena);
        want = with_hashes(f, rows[i].expected, &arena);
        if (!slice_eq(got, want))
            fail_msg("%s:\nexpected %.*s\ngot      %.*s", rows[i].query, SLICE_ARG(want),
                     SLICE_ARG(got));
        assert_true(slice_eq(stored(f, got, &arena), got));
        arena_free(&arena);
    }
}

/* What is stored translates to the very same events, so that a replay is no second conversion. */
static void replay_is_the_same(void **state)
{
    static const char *const queries[] = {
        "click_id=c1&status=sale&payout=5&c=1&mail_to=Jane@Example.com&p=0170%201234567&name=Jo",
        "click_id=jane@example.com&status=rebill&txid=jane@example.com&payout=5&c=1",
        "click_id=c1&status=rebill&txid=%2B491701234567&payout=5&c=1&ext=Jane@Example.com",
        "click_id=c1&ttclid=E.C.P.x&status=sale&payout=5&page_url=https://x.example/?e%3Da@b.co",
        "click_id=c1&status=sale&payout=5&c=1&mail_to={x}jane@example.com",
        "click_id=c1&status=jane@example.com",
        ("click_id=c1&status=sale&payout=5&c=1"
         "&page_url=https://x.example/?ttclid%3DE.C.P.y%26e%3Da@b.co"),
        "click_id=c1&status=sale&payout=5&page_url=x.example/?ttclid%3DE.C.P.y%26e%3Da@b.co",
        "click_id=c1&status=sale&payout=5&page_url=https://x.example/?ttclid%3D{x}%26ttclid%3DE.y%26e%3Da@b.co",
        "click_id=c1&ttclid=E.C.P.x&status=sale&payout=5&referrer=https://x.example/?e%3Da@b.co",
        "click_id=c1&ttclid=E.C.P.x&status=sale&payout=5&mail_to=jane%2540example.com",
        "click_id=c1&ttclid=E.C.P.x&status=sale&payout=5&c=jane@example.com&q=jane@example.com",
        "click_id=c1&ttclid=E.C.P.x&status=sale&payout=5&d=jane@example.com&n=jane@example.com",
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        struct arena arena;
        struct translation t, again;
        arena_init(&arena, 1 << 20);
        assert_int_equal(run(f, slice_from(queries[i]), &arena, &t), 0);
        assert_int_equal(run(f, stored(f, slice_from(queries[i]), &arena), &arena, &again), 0);
        assert_int_equal(t.verdict, again.verdict);
        assert_int_equal(t.event_count, again.event_count);
        for (size_t k = 0; k < t.event_count; k++)
            if (!slice_eq(t.events[k].body, again.events[k].body))
                fail_msg("%s:\n%.*s\n%.*s", queries[i], SLICE_ARG(t.events[k].body),
                         SLICE_ARG(again.events[k].body));
        arena_free(&arena);
    }
}

/* Wherever an address turns up, no sentence, id or body repeats it. */
static void nothing_personal(void **state)
{
    static const char *const names[] = { "click_id", "ttclid",  "event_id", "status", "payout",
                                         "currency", "txid",    "time",     "ttp",    "ip",
                                         "page_url", "referrer", "c",       "q",      "d",
                                         "n",        "price",   "mail_to",  "p",      "ext",
                                         "name",     "lp",      "type",     "jane@example.com" };
    static const char *const values[] = {
        "jane@example.com", "%2B491701234567", "https://x.example/?e=jane@example.com",
        "{jane@example.com}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-jane@example.com"
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        for (size_t k = 0; k < 5 * 3; k++) {
            static const char *const stages[] = { "sale", "rebill", "lead" };
            struct arena arena;
            struct translation t;
            struct slice query;
            arena_init(&arena, 1 << 20);
            query = arena_printf(&arena, "%s=%s%s%s%s%s", names[i], values[k / 3],
                                 strcmp(names[i], "status") ? "&status=" : "",
                                 strcmp(names[i], "status") ? stages[k % 3] : "",
                                 strcmp(names[i], "click_id") ? "&click_id=c1" : "",
                                 strcmp(names[i], "payout") ? "&payout=5&ext=1&c=1" : "&ext=1&c=1");
            if (strcmp(names[i], "ext") == 0 || strcmp(names[i], "c") == 0)
                query = arena_printf(&arena, "%s=%s&status=sale&click_id=c1&payout=5", names[i],
                                     values[k / 3]);
            assert_int_equal(run(f, query, &arena, &t), 0);
            for (const struct note *n = t.notes.first; n; n = n->next)
                if (slice_find(n->text, S("jane@")) < n->text.len ||
                    slice_find(n->text, S("1701234567")) < n->text.len ||
                    slice_find(n->subject, S("jane@")) < n->subject.len)
                    fail_msg("%.*s: %.*s", SLICE_ARG(query), SLICE_ARG(n->text));
            if (slice_find(t.reason, S("jane@")) < t.reason.len ||
                slice_find(t.reason, S("1701234567")) < t.reason.len)
                fail_msg("%.*s: %.*s", SLICE_ARG(query), SLICE_ARG(t.reason));
            for (size_t e = 0; e < t.event_count; e++)
                if (slice_find(t.events[e].body, S("jane@")) < t.events[e].body.len ||
                    slice_find(t.events[e].body, S("1701234567")) < t.events[e].body.len)
                    fail_msg("%.*s: %.*s", SLICE_ARG(query), SLICE_ARG(t.events[e].body));
            arena_free(&arena);
        }
}

static void warnings(void **state)
{
    static const struct {
        const char *query, *expected;
    } rows[] = {
        { "n=2.5", "W030 num_items: \"2.5\" is not a whole number; left out" },
        { "price=abc", "W030 price: \"abc\" is not an amount with one reading; left out" },
        { "d=jane@example.com", "W030 description: the value holds personal data; left out" },
        { "n=jane@example.com", "W030 num_items: the value holds personal data; left out" },
        { "name={name}", "W020 name: \"{name}\" is the unexpanded macro {x}, so it is skipped" },
        { "d=a%00b", "W008 d: holds control characters, such as NUL or a line end; they were kept\n"
                     "W020 d: \"a\" holds a NUL byte, so it is skipped" },
        { "txid=a@b.co", "W051 txid: the value holds personal data, so its hash takes its place" },
        { "jane@example.com=1&jane@example.com=1", "W006 a parameter stands twice with one value "
                                                   "(not shown in full: it holds personal data)" },
        { "ip=10.0.0.1", "W027 ip: the value is a private address; left out" },
    };
    const struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct translation t;
        struct buf text = { 0 };
        arena_init(&arena, 1 << 20);
        assert_int_equal(run(f,
                             arena_printf(&arena,
                                          "click_id=c1&ttclid=E.C.P.x&status=sale&payout=1"
                                          "&c=1&lp=x&%s",
                                          rows[i].query),
                             &arena, &t),
                         0);
        for (const struct note *n = t.notes.first; n; n = n->next)
            buf_printf(&text, "%s%s %.*s", text.len ? "\n" : "", n->code, SLICE_ARG(n->text));
        if (!slice_eq(buf_slice(&text), slice_from(rows[i].expected)))
            fail_msg("%s:\nexpected %s\ngot %.*s", rows[i].query, rows[i].expected,
                     SLICE_ARG(buf_slice(&text)));
        buf_free(&text);
        arena_free(&arena);
    }
}

/* `decimal: comma` counts for amounts in properties too; a constant of the mapping has a point. */
static void amounts_of_properties(void **state)
{
    struct arena arena;
    struct translation t;

    arena_init(&arena, 1 << 20);
    assert_int_equal(run(*state,
                         S("click_id=c1&ttclid=E&status=sale&payout=1.234&price=1.234&c=1&lp=x"),
                         &arena, &t),
                     0);
    assert_int_equal(t.events[0].value.micros, INT64_C(1234) * MONEY_SCALE);
    assert_true(
        slice_find(t.events[0].body, S("\"contents\":[{\"price\":1234},{\"price\":1.234}]")) <
        t.events[0].body.len);
    arena_free(&arena);
}

/* Without consent the mapping's page_url must not bring the postback's parameters along. */
static void anonymous_page(void **state)
{
    static const struct {
        const char *query, *page;
    } rows[] = {
        { "c=1&lp=nutra", "\"page\":{\"url\":\"https://l.example/nutra\"}" },
        { "c=0&lp=nutra", NULL },
        { "c=1&lp=jane@example.com", NULL },
        { "c=1", NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct translation t;
        struct slice body;
        arena_init(&arena, 1 << 20);
        assert_int_equal(run(*state,
                             arena_printf(&arena, "click_id=c1&ttclid=E&status=sale&payout=1&%s",
                                          rows[i].query),
                             &arena, &t),
                         0);
        assert_int_equal(t.event_count, 1);
        body = t.events[0].body;
        if (rows[i].page)
            assert_true(slice_find(body, slice_from(rows[i].page)) < body.len);
        else
            assert_int_equal(slice_find(body, S("\"page\"")), body.len);
        arena_free(&arena);
    }
}

static int click(const struct fixture *f, const char *query, struct click *out, const char **why,
                 struct arena *arena)
{
    struct params p = { .arena = arena };

    assert_int_equal(params_query(&p, slice_from(query), NULL), 0);
    return translate_click(f->offer, &p, arena, NOW, out, why);
}

static void clicks(void **state)
{
    const struct fixture *f = *state;
    const char *why = "";
    struct click c;
    struct arena arena;
    char longest[1100];

    arena_init(&arena, 1 << 20);
    assert_int_equal(click(f, "subid=s1&ttclid=%20E.C.P.x%20&event_id=e1&ip=1.2.3.4&ua=M&consent=1"
                              "&status=sale&payout=5&txid=9&click_time=1789999000",
                           &c, &why, &arena),
                     0);
    assert_true(slice_eq(c.fields[FIELD_CLICK_ID], S("s1")));
    assert_true(slice_eq(c.fields[FIELD_TTCLID], S("E.C.P.x")));
    assert_true(slice_eq(c.fields[FIELD_USER_AGENT], S("M")));
    assert_int_equal(c.at, 1789999000);
    /* what a click has not */
    assert_int_equal(
        c.fields[FIELD_STATUS].len + c.fields[FIELD_PAYOUT].len + c.fields[FIELD_TXID].len, 0);
    assert_int_equal(click(f, "click_id=a&click_time=1790000001", &c, &why, &arena), 0);
    assert_int_equal(c.at, NOW); /* not ahead of now */
    assert_int_equal(click(f, "page_url=https://x.example/?ttclid%3DE.C.P.y", &c, &why, &arena), 0);
    assert_true(slice_eq(c.fields[FIELD_TTCLID], S("E.C.P.y")));
    assert_int_equal(click(f, "click_id={clickid}&ttclid=__CLICKID__", &c, &why, &arena), 1);
    assert_string_equal(why, "neither a click id nor a ttclid");
    snprintf(longest, sizeof(longest), "click_id=a&ttclid=%01001d", 0);
    assert_int_equal(click(f, longest, &c, &why, &arena), 0);
    assert_int_equal(c.fields[FIELD_TTCLID].len, 0);
    arena_free(&arena);
}

/* The same bytes every time; and with less room than that takes, busy instead of something less. */
static void any_room(void **state)
{
    static const struct slice query = SLICE(
        "click_id=c1&ttclid=E.C.P.x&status=sale&payout=12,50&currency=usd&txid=jane@example.com&c=1"
        "&mail_to=Jane@Example.com&p=0170%201234567&name=Jo&d=text&n=x&price=2&ext={x}&lp=p"
        "&page_url=https://x.example/?a%3Db&ip=8.8.8.8&user_agent=M&q=1&q=1");
    struct arena arena, less;
    struct translation whole, t;
    bool busy_before = true;

    arena_init(&arena, 1 << 20);
    assert_int_equal(run(*state, query, &arena, &whole), 0);
    assert_int_equal(whole.verdict, VERDICT_QUEUED);
    for (size_t limit = 0; limit < 24000; limit += 16) {
        struct params p = { .arena = &less };
        struct slice kept;
        arena_init(&less, limit);
        if (run(*state, query, &less, &t) == 0) {
            busy_before = false;
            assert_int_equal(t.event_count, 1);
            assert_true(slice_eq(t.events[0].body, whole.events[0].body));
            assert_int_equal(t.notes.count, whole.notes.count);
        } else {
            assert_true(less.full && busy_before);
        }
        arena_reset(&less);
        if (params_query(&p, query, NULL) == 0) {
            kept = translate_storable(((struct fixture *)*state)->offer, &p, NULL,
                                      ((struct fixture *)*state)->hasher, &less);
            assert_true(slice_find(kept, S("Jane")) == kept.len);
        }
        arena_free(&less);
    }
    assert_false(busy_before);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storable),  cmocka_unit_test(replay_is_the_same),
        cmocka_unit_test(nothing_personal), cmocka_unit_test(warnings),
        cmocka_unit_test(amounts_of_properties), cmocka_unit_test(anonymous_page),
        cmocka_unit_test(clicks),    cmocka_unit_test(any_room),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
