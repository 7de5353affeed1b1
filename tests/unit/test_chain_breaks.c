/* What may go wrong at a hop: URL in, URL out, byte for byte.  Inputs stand in front of an
 * unreadable page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/chain/url.h"
#include "tests/support/chain_bench.h"
#include "tests/support/guard.h"

struct row {
    const char *failure, *in, *out; /* out NULL: as it came */
};

/* The failure as a chain file would have it. */
static const struct hop_break *parse(struct chain_bench *b, const char *failure)
{
    struct buf text = { 0 };
    const struct chain *chain;

    buf_printf(
        &text,
        "version: 1\nchain: c\nstart: \"https://a.example/\"\nhops: [{kind: redirect, to: /x, "
        "%s}]\n",
        failure);
    chain = chain_bench_load(b, buf_slice(&text), NULL);
    if (!chain || chain->hops[0].break_count != 1)
        fail_msg("%s: %s", failure, mapping_bench_problems(&b->files));
    /* the names borrow what is in the arena of the files, not the text */
    buf_free(&text);
    return &chain->hops[0].breaks[0];
}

static void check(const struct row *rows, size_t count)
{
    struct chain_bench b;

    chain_bench_open(&b);
    for (size_t i = 0; i < count; i++) {
        const struct hop_break *failure = parse(&b, rows[i].failure);
        struct slice in = guard_copy(slice_from(rows[i].in));
        struct slice out = break_apply(&b.files.arena, failure, in);
        if (!slice_eq(out, slice_from(rows[i].out ? rows[i].out : rows[i].in)))
            fail_msg("%s of %s: %.*s", rows[i].failure, rows[i].in, SLICE_ARG(out));
        guard_free(in);
    }
    chain_bench_close(&b);
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

#define H "https://h.example/p"

static void names_and_pairs(void **state)
{
    static const struct row rows[] = {
        { "drop: [a]", H "?a=1&b=2", H "?b=2" },
        { "drop: [b]", H "?a=1&b=2#f", H "?a=1#f" },
        { "drop: [a, b]", H "?a=1&b=2", H },
        { "drop: a", H "?a=1&a=2&A=3", H "?A=3" },
        { "drop: [\"a b\"]", H "?a+b=1&a%20b=2&c", H "?c" },
        { "drop: [x]", H "?a=%2f+%zz&b&c=&=d", NULL },
        { "drop: [x]", H "?&&a=1&&b=2&", H "?a=1&b=2" },
        { "drop: [x]", H, NULL },
        { "drop: [x]", H "#a?x=1", NULL },
        { "keep_only: [a]", H "?a=1&b=2&A=3&a=4", H "?a=1&a=4" },
        { "keep_only: [x]", H "?a=1&b=2#f", H "#f" },
        { "keep_only: []", H "?a=1", H },
        { "keep_only: [a]", H "?a=%C3%A4+b&b", H "?a=%C3%A4+b" },
        { "rename: {a: z}", H "?a=1&b=2&a=3", H "?z=1&b=2&z=3" },
        { "rename: {a: b, b: c}", H "?a=1&b=2", H "?b=1&c=2" },
        { "rename: {a: \"x y&\"}", H "?a=%zz", H "?x%20y%26=%zz" },
        { "rename: {x: y}", H "?a=+", NULL },
        { "uppercase_keys: true", H "?external_id=aB&x-1=c", H "?EXTERNAL_ID=aB&X-1=c" },
        { "uppercase_keys: [a]", H "?a=b&b=b", H "?A=b&b=b" },
        { "uppercase_keys: [x]", H "?a=b", NULL },
        { "duplicate: [a]", H "?a=%41&b=2", H "?a=%41&b=2&a=%41" },
        { "duplicate: {a: \"x y\"}", H "?a=1&b=2", H "?a=1&b=2&a=x%20y" },
        { "duplicate: [x]", H "?a=1", NULL },
        { "duplicate: [a]", H "?a=1&a=2", H "?a=1&a=2&a=1&a=2" },
        { "literal: [a]", H "?a=1&b=2", H "?a=%7Ba%7D&b=2" },
        { "literal: [x]", H "?a=1", NULL },
    };

    (void)state;
    CHECK(rows);
}

static void values(void **state)
{
    static const struct row rows[] = {
        { "lowercase: true", H "?TT=AbC&x=%C3%84Z", H "?TT=abc&x=%C3%84z" },
        { "lowercase: [a]", H "?a=AB&b=AB", H "?a=ab&b=AB" },
        { "lowercase: true", H "?a=%7e+b", NULL }, /* nothing to change: as it came */
        { "lowercase: true", H "?A", NULL },
        { "lowercase: [x]", H "?a=AB", NULL },
        { "truncate: 3", H "?a=abcd&b=abc&c=a%20bc", H "?a=abc&b=abc&c=a%20b" },
        { "truncate: 1", H "?a=%C3%A4", H "?a=%C3" },
        { "truncate: 32768", H "?a=x", NULL },
        { "double_encode: true", H "?a=x%20y&b=E.C.P.a-b_1", H "?a=x%2520y&b=E.C.P.a-b_1" },
        { "double_encode: [b]", H "?a=%26&b=%26", H "?a=%26&b=%2526" },
        { "double_encode: true", H "?a=x+y", H "?a=x%2520y" },
        { "decode: true", H "?a=x%26y%3Dz", H "?a=x&y=z" },
        { "decode: true", H "?a=x%23y%2By", H "?a=x#y+y" },
        { "decode: true", H "?a=x%20y%00%0d%7f+z", H "?a=x%20y%00%0D%7F%20z" },
        { "decode: true", H "?a=%C3%A4", H "?a=\xc3\xa4" },
        { "decode: true", H "?a=%2541", H "?a=%41" },
        { "decode: [b]", H "?a=%41&b=%41", H "?a=%41&b=A" },
        { "plus_to_space: true", H "?a=x%2By", H "?a=x%20y" },
        { "plus_to_space: true", H "?a=x+y", NULL }, /* a blank already */
        { "plus_to_space: [b]", H "?a=%2B&b=%2B", H "?a=%2B&b=%20" },
        { "space_to_plus: true", H "?a=x%20y&b=%2B", H "?a=x+y&b=%2B" },
        { "space_to_plus: [b]", H "?a=%20&b=%20%2", H "?a=%20&b=+%2" },
        { "base64: true", H "?a=f&b=fo&c=foo&d=foob&e=", H "?a=Zg&b=Zm8&c=Zm9v&d=Zm9vYg&e=" },
        { "base64: [b]", H "?a=f&b=%FB%FF%BE", H "?a=f&b=-_--" },
        { "base64: true", H "?a", H "?a" },
    };

    (void)state;
    CHECK(rows);
}

static void text_of_the_url(void **state)
{
    static const struct row rows[] = {
        { "strip_query: true", H "?a=1#f", H "#f" },
        { "strip_query: true", H "?", H },
        { "strip_query: true", "/rel?a=1", "/rel" },
        { "trailing_slash: true", H "?a=1#f", H "/#f" },
        { "trailing_slash: true", H "/?a=1", H "/" },
        { "trailing_slash: true", "https://h.example?a=1", "https://h.example/" },
        { "fragment: true", H "?a=1&b=%20", H "#a=1&b=%20" },
        { "fragment: true", H "?a=1#f", H "#f&a=1" },
        { "fragment: true", H "?", H "#" },
        { "fragment: true", H "#f", NULL },
        { "fragment_first: true", H "?a=1", H "#top?a=1" },
        { "fragment_first: true", H "?a=1#f", H "#f?a=1" },
        { "fragment_first: true", H, NULL },
        { "second_question_mark: true", H "?a=1", H "?a=1?utm_source=link" },
        { "second_question_mark: true", H "#f", H "?utm_source=link#f" },
        { "second_question_mark: true", H "?", H "??utm_source=link" },
        { "html_entities: true", H "?payout=1&currency=usd", H "?payout=1%C2%A4cy=usd" },
        { "html_entities: true", H "?a=1&region=x&notify=y", H "?a=1%C2%AEion=x%C2%ACify=y" },
        { "html_entities: true", H "?copy=1&status=x&amount=2", NULL },
        { "html_entities: true", H "?a=1&copy=1&times=2", H "?a=1%C2%A9=1%C3%97=2" },
        { "html_entities: true", H "?a=1&&b", NULL },
        { "html_entities: true", H "?a=1&", NULL },
        { "html_entities: true", H "#a&currency=1", NULL },
        { "ascii_only: true", H "?a=1&n=M\xc3\xbcller&z=1", H "?a=1&n=M" },
        { "ascii_only: true", H "?a=1&n=M%C3%BCller&z=1#f", H "?a=1&n=M#f" },
        { "ascii_only: true", H "?a=%7F%2&b=%", NULL },
        { "ascii_only: true", H "?%d0%9a=1", H "?" },
        { "downgrade: true", H "?a=1", "http://h.example/p?a=1" },
        { "downgrade: true", "HTTPS://h.example:443/", "http://h.example:443/" },
        { "downgrade: true", "http://h.example/", NULL },
        { "downgrade: true", "/rel", NULL },
        { "host: o.example", H "?a=1#f", "https://o.example/p?a=1#f" },
        { "host: o.example", "https://h.example:8443/", "https://o.example:8443/" },
        { "host: o.example", "/rel?a", NULL },
        { "relative: true", H "?a=1#f", "/p?a=1#f" },
        { "relative: true", "https://h.example:8443", "/" },
        { "relative: true", "https://h.example?a", "/?a" },
        { "relative: true", "https://h.example//x", "/.//x" },
        { "relative: true", "rel", NULL },
        { "lose_cookies: true", H "?a=1&&#", NULL },
    };

    (void)state;
    CHECK(rows);
}

/* Whatever comes, nothing is read that is not there, and what is no URL passes as it is. */
static void hostile(void **state)
{
    static const char *const urls[] = {
        "",
        "?",
        "#",
        "?=",
        "?&",
        "?%",
        "?a=%",
        "?a=%4",
        "?&curren",
        "javascript:alert(1)?a=1",
        "data:text/html,<b>?a=1&b",
        "https://h.example/?a=\x01\x1b[31m\x7f&b=\xff\xfe",
        "https://h\x01.example/?a=1",
        "https://u:p@h.example/?a=1",
        "https:///?a=1",
        "https://[::1]:8080/?a=1#b?c",
        "//h.example?a=1",
        "  https://h.example/?a=1  ",
        "mailto:a@b?subject=1",
    };
    struct chain_bench b;
    struct url u;

    (void)state;
    chain_bench_open(&b);
    for (const struct break_kind *k = break_kinds; k->name; k++)
        for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
            static const struct slice names[] = { SLICE("a"), SLICE("b") };
            static const struct slice to[] = { SLICE("x"), SLICE("\x1b&#") };
            const struct hop_break failure = { .kind = k,
                                               .names = names,
                                               .values = k->takes == BREAK_MAP ? to : NULL,
                                               .count = 2,
                                               .number = 1,
                                               .text = S("o.example") };
            struct slice in = guard_copy(slice_from(urls[i]));
            struct slice out = break_apply(&b.files.arena, &failure, in);
            if (url_parse(in, &u) != NULL && !slice_eq(in, out))
                fail_msg("%s changes %s, which is no URL", k->name, urls[i]);
            for (size_t at = 0; k->takes == BREAK_MAP && at < out.len; at++)
                assert_true(out.ptr[at] != '\x1b' || slice_index(in, '\x1b') < in.len);
            guard_free(in);
        }
    chain_bench_close(&b);
}

/* 400 parameters and values of 30 KB go through; what is too much is not a crash. */
static void large(void **state)
{
    struct chain_bench b;
    struct buf text = { 0 };

    (void)state;
    chain_bench_open(&b);
    buf_puts(&text, H "?x=");
    for (int i = 0; i < 30000; i++)
        buf_byte(&text, '%');
    for (int i = 0; i < 500; i++)
        buf_printf(&text, "&%c", 'a' + i % 26);
    for (const struct break_kind *k = break_kinds; k->name; k++) {
        const struct hop_break failure = { .kind = k, .number = 255, .text = S("o.example") };
        struct slice in = guard_copy(buf_slice(&text));
        assert_true(break_apply(&b.files.arena, &failure, in).len <= 4 * (size_t)URL_MAX_BYTES);
        guard_free(in);
    }
    buf_free(&text);
    chain_bench_close(&b);
}

/* In no arena is it a crash. */
static void any_room(void **state)
{
    static const struct slice names[] = { SLICE("a") }, to[] = { SLICE("x y") };

    (void)state;
    for (const struct break_kind *k = break_kinds; k->name; k++)
        for (size_t limit = 1; limit < 400; limit += 7) {
            const struct hop_break failure = { .kind = k,
                                               .names = names,
                                               .values = k->takes == BREAK_MAP ? to : NULL,
                                               .count = 1,
                                               .number = 2,
                                               .text = S("o") };
            struct arena arena;
            arena_init(&arena, limit);
            break_apply(&arena, &failure, S(H "?a=A%20b%2B&currency=1&b=%C3%A4"));
            break_store(&arena, &failure, S("a"), S("A+b"));
            arena_free(&arena);
        }
}

/* What a tracker keeps of a value; only three failures reach its database. */
static void stored(void **state)
{
    static const struct row rows[] = {
        { "truncate: 3", "AbCd", "AbC" },        { "lowercase: true", "AbCd", "abcd" },
        { "lowercase: [a]", "AbCd", "abcd" },    { "lowercase: [b]", "AbCd", NULL },
        { "plus_to_space: true", "a+b", "a b" }, { "drop: [a]", "AbCd", NULL },
        { "base64: true", "AbCd", NULL },        { "double_encode: true", "a b", NULL },
        { "encrypt: true", "AbCd", NULL },       { "literal: [a]", "AbCd", NULL },
    };
    struct chain_bench b;

    (void)state;
    chain_bench_open(&b);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct hop_break *failure = parse(&b, rows[i].failure);
        struct slice out = break_store(&b.files.arena, failure, S("a"), slice_from(rows[i].in));
        if (!slice_eq(out, slice_from(rows[i].out ? rows[i].out : rows[i].in)))
            fail_msg("%s stores %.*s", rows[i].failure, SLICE_ARG(out));
    }
    chain_bench_close(&b);
}

/* A token: 32 hex digits, the same for the same value, another for another. */
static void encrypted(void **state)
{
    struct chain_bench b;
    const struct hop_break *failure;
    struct slice one, again, other;

    (void)state;
    chain_bench_open(&b);
    failure = parse(&b, "encrypt: [a]");
    one = break_apply(&b.files.arena, failure, S(H "?a=E.C.P.x&b=E.C.P.x"));
    again = break_apply(&b.files.arena, failure, S(H "?a=E.C.P.x&b=E.C.P.x"));
    other = break_apply(&b.files.arena, failure, S(H "?a=E.C.P.y&b=E.C.P.x"));
    assert_true(slice_eq(one, again) && !slice_eq(one, other) && one.len == other.len);
    assert_true(slice_starts(one, S(H "?a=")) && slice_ends(one, S("&b=E.C.P.x")));
    assert_int_equal(one.len, strlen(H "?a=&b=E.C.P.x") + 32);
    chain_bench_close(&b);
}

/* Every row can be said to people. */
static void table(void **state)
{
    (void)state;
    for (const struct break_kind *k = break_kinds; k->name; k++) {
        assert_ptr_equal(break_named(slice_from(k->name)), k);
        assert_true(k->does && k->remedy && k->sample && *k->does && *k->remedy);
        assert_true((k->url != NULL) != (k->value != NULL));
        assert_true(!k->stored || k->value);
    }
    assert_null(break_named(S("Drop")));
    assert_null(break_named(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_pairs), cmocka_unit_test(values),
        cmocka_unit_test(text_of_the_url), cmocka_unit_test(hostile),
        cmocka_unit_test(large),           cmocka_unit_test(any_room),
        cmocka_unit_test(stored),          cmocka_unit_test(encrypted),
        cmocka_unit_test(table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
