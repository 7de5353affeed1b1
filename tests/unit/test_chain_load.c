/* Chain files: what good ones become, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/chain_bench.h"

#define HEAD "version: 1\nchain: c\nstart: \"https://a.example/?t=__CLICKID__\"\n"
#define HOPS(hops) HEAD "hops: [" hops "]\n"

static struct chain *load_built(struct chain_bench *b, struct buf *text)
{
    assert_true(buf_ok(text));
    return chain_bench_load(b, buf_slice(text), NULL);
}

/* 50 hops are taken, 51 are not; URLs of 16 KB are, longer ones are not. */
static void limits(void **state)
{
    struct chain_bench b;
    struct buf text = { 0 };

    (void)state;
    chain_bench_open(&b);
    for (int hops = 50; hops <= 51; hops++) {
        buf_clear(&text);
        buf_puts(&text, HEAD "hops:\n");
        for (int i = 0; i < hops; i++)
            buf_puts(&text, "  - {kind: redirect, to: /x}\n");
        assert_int_equal(load_built(&b, &text) != NULL, hops == 50);
    }
    assert_string_equal(mapping_bench_problems(&b.files),
                        "c.yaml:5:3 error M002 `hops` has 51 entries; 1 to 50 are taken\n");
    for (int more = 0; more <= 1; more++) {
        buf_clear(&text);
        buf_puts(&text, HEAD "hops: [{kind: redirect, to: \"https://b.example/?");
        for (int i = 0; i < 16384 - 19 + more; i++)
            buf_byte(&text, 'x');
        buf_puts(&text, "\"}]\n");
        assert_int_equal(load_built(&b, &text) != NULL, !more);
    }
    assert_string_equal(mapping_bench_problems(&b.files),
                        "c.yaml:4:29 error M017 the URL is longer than 16 KB | write a URL such as "
                        "https://lander.example/?subid={subid}\n");
    buf_free(&text);
    chain_bench_close(&b);
}

static void same(struct slice got, const char *wanted)
{
    if (!slice_eq(got, slice_from(wanted)))
        fail_msg("%.*s, wanted %s", SLICE_ARG(got), wanted);
}

/* Every key, once. */
static void whole_chain(void **state)
{
    static const char text[] =
        "version: 1\nchain: all\nstart: \"https://t.example/?e=__CLICKID__\"\nauto_ttclid: yes\n"
        "hops:\n"
        "  - {name: t, kind: tracker, tracker: bemob, params: {externalId: e}, register: true,\n"
        "     status: 303, to: \"https://l.example/\"}\n"
        "  - {kind: lander, script: true, decorate: true, event_id: \"{cid}\", to: /m,\n"
        "     drop: [a, b], rename: {c: d}, truncate: 255, lowercase: true, uppercase_keys: [e],\n"
        "     duplicate: {ttclid: z}, host: other.example, strip_query: false}\n"
        "  - {kind: meta, double: true, to: /n, duplicate: x}\n"
        "  - {kind: shortlink, to: /o}\n"
        "  - {kind: js, to: /p}\n"
        "  - {kind: form, to: /q}\n"
        "  - {kind: app}\n"
        "conversion:\n"
        "  network: \"https://t.example/pb?cid={cid}\"\n"
        "  tracker_postback: \"?cid={clickId}\"\n"
        "  postback: ../offers/x.yaml\n"
        "expect: {verdict: broken, at: hop 2, code: H011}\n";
    static const int statuses[] = { 303, 200, 200, 301, 200, 200, 200 };
    struct chain_bench b;
    const struct chain *c;
    const struct hop *h;

    (void)state;
    chain_bench_open(&b);
    c = chain_bench_load(&b, slice_from(text), NULL);
    assert_string_equal(mapping_bench_problems(&b.files), "");
    assert_non_null(c);
    same(c->name, "all");
    same(c->file, "c.yaml");
    same(c->start, "https://t.example/?e=__CLICKID__");
    same(c->network, "https://t.example/pb?cid={cid}");
    same(c->tracker_postback, "?cid={clickId}");
    same(c->postback, "../offers/x.yaml");
    assert_true(c->auto_ttclid && c->expect.said && c->hop_count == 7);
    same(c->expect.verdict, "broken");
    same(c->expect.at, "hop 2");
    same(c->expect.code, "H011");
    assert_int_equal(c->expect.where.line, 20);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(c->hops[i].status, statuses[i]);
    h = &c->hops[0];
    same(h->name, "t");
    assert_true(h->registers && h->slot_count == 1 && strcmp(h->tracker->name, "bemob") == 0);
    same(h->slots[0].macro, "externalId");
    same(h->slots[0].param, "e");
    h = &c->hops[1];
    same(h->name, "hop 2");
    same(h->event_id, "{cid}");
    assert_true(h->script && h->decorate && !h->registers && h->break_count == 7);
    for (size_t i = 0; i < 7; i++) /* in the order of the file */
        assert_string_equal(h->breaks[i].kind->name,
                            ((const char *[]){ "drop", "rename", "truncate", "lowercase",
                                               "uppercase_keys", "duplicate", "host" })[i]);
    assert_true(h->breaks[0].count == 2 && h->breaks[2].number == 255 && h->breaks[3].count == 0);
    same(h->breaks[0].names[1], "b");
    same(h->breaks[1].names[0], "c");
    same(h->breaks[1].values[0], "d");
    same(h->breaks[5].values[0], "z");
    same(h->breaks[6].text, "other.example");
    assert_true(c->hops[2].twice && c->hops[2].breaks[0].values == NULL);
    assert_int_equal(c->hops[6].to.len, 0);
    chain_bench_close(&b);
}

static void told_from_mappings(void **state)
{
    static const struct {
        const char *text;
        bool chain;
    } rows[] = {
        { "chain: x\n", true },
        { "version: 1\nchain: x\n", true },
        { "version: 1\n# x\nhops: []\n", true },
        { "version: 1\noffer: x\nchain: x\n", false },
        { "tracker: keitaro\nhops: []\n", false },
        { "version: 1\nfields: {}\n  chain: x\n", false },
        { " chain: x\n", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(chain_is_chain(slice_from(rows[i].text)), rows[i].chain);
}

/* Whatever the room, a chain comes whole or not at all. */
static void any_room(void **state)
{
    static const struct source source = {
        SLICE("c.yaml"),
        SLICE(
            HOPS("{kind: tracker, tracker: keitaro, params: {a: b}, to: /x, drop: [a, b], rename: "
                 "{a: b}}, {kind: lander, duplicate: {a: b}}, {kind: lander}"))
    };

    (void)state;
    for (size_t limit = 1; limit < 60000; limit += limit < 20000 ? 61 : 499) {
        struct arena arena;
        struct diags diags = { .arena = &arena };
        const struct chain_loader loader = { &arena, &diags, trackers };
        const struct chain *chain;
        arena_init(&arena, limit);
        chain = chain_load(&loader, &source);
        if (chain)
            assert_true(!arena.full && chain->hop_count == 3 && chain->hops[0].break_count == 2);
        else
            assert_true(arena.full || diags.errors > 0);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
        cmocka_unit_test(whole_chain),
        cmocka_unit_test(any_room),
        cmocka_unit_test(told_from_mappings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
