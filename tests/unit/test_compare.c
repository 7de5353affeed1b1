/* What becomes of a value, and of all parameters, from one URL to the next. */
#include "core/chain/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "tests/support/guard.h"

#define ID "E.C.P.Aa0-_zZ9"

static void states(void **state)
{
    static const struct {
        const char *url, *wanted;
        enum baton_state state;
        enum baton_harm harm;
        const char *name;
    } rows[] = {
        { "https://h/?ttclid=" ID, ID, BATON_KEPT, HARM_NONE, "ttclid" },
        { "https://h/?sub1=x&sub2=" ID "&c=3", ID, BATON_KEPT, HARM_NONE, "sub2" },
        { "https://h/?s=E%2EC%2EP%2EAa0-_zZ9", ID, BATON_KEPT, HARM_NONE, "s" },
        { "?ttclid=" ID, ID, BATON_KEPT, HARM_NONE, "ttclid" },
        { "https://h/?" ID, ID, BATON_KEPT, HARM_NONE, "" },
        { "https://h/?a=e.c.p.aa0-_zz9&b=" ID, ID, BATON_KEPT, HARM_NONE, "b" },
        { "https://h/", ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/" ID, ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/?ttclid=", ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/?ttclid=other", ID, BATON_LOST, HARM_NONE, "" },
        { "http://u@h/?ttclid=" ID, ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/?ttclid=" ID, "", BATON_ABSENT, HARM_NONE, "" },
        { "https://h/?a=e.c.p.aa0-_zz9", ID, BATON_CHANGED, HARM_CASE, "a" },
        { "https://h/?a=E%252EC%252EP%252EAa0-_zZ9", ID, BATON_CHANGED, HARM_ENCODED, "a" },
        { "https://h/?a=E%25252EC.P.Aa0-_zZ9", ID, BATON_CHANGED, HARM_ENCODED, "a" },
        { "https://h/?a=E%2525252EC.P.Aa0-_zZ9", ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/?a=x%252Bd", "x%2Bd", BATON_KEPT, HARM_NONE, "a" },
        { "https://h/?a=x%2Bd", "x%2Bd", BATON_CHANGED, HARM_DECODED, "a" },
        { "https://h/?a=x+d", "x+d", BATON_CHANGED, HARM_BLANKS, "a" },
        { "https://h/?a=+" ID "%20", ID, BATON_CHANGED, HARM_BLANKS, "a" },
        { "https://h/?a=" ID "?b=2", ID, BATON_CHANGED, HARM_GLUED, "a" },
        { "https://h/?a=" ID "%C2%A4cy=USD", ID, BATON_CHANGED, HARM_GLUED, "a" },
        { "https://h/?a=RS5DLlAuQWEwLV96Wjk=", ID, BATON_CHANGED, HARM_BASE64, "a" },
        { "https://h/?a=RS5DLlAuQWEwLV96Wjk", ID, BATON_CHANGED, HARM_BASE64, "a" },
        { "https://h/?a=RS5DLlAuQWEwLV96XjE", ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/?to=https%3A%2F%2Fo%2F%3Fttclid%3D" ID, ID, BATON_CHANGED, HARM_INSIDE, "to" },
        { "https://h/?a=E.C.P.Aa", ID, BATON_TRUNCATED, HARM_NONE, "a" },
        { "https://h/?a=e.c.p.aa", ID, BATON_TRUNCATED, HARM_NONE, "a" },
        { "https://h/?a=E.C.P.A", ID, BATON_LOST, HARM_NONE, "" },
        { "https://h/?a=E.C.P.Aa&b=e.c.p.aa0-_zz9", ID, BATON_CHANGED, HARM_CASE, "b" },
        { "https://h/?a=ab", "abcdef", BATON_LOST, HARM_NONE, "" },
        { "https://h/?a=abcdefgh", "abc", BATON_LOST, HARM_NONE, "" },
        { "https://h/?a=ABC", "abc", BATON_CHANGED, HARM_CASE, "a" },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice url = guard_copy(slice_from(rows[i].url));
        struct slice wanted = guard_copy(slice_from(rows[i].wanted));
        struct baton_found f = compare_value(&arena, url, wanted);
        if (f.state != rows[i].state || f.harm != rows[i].harm || f.in_fragment ||
            !slice_eq(f.name, slice_from(rows[i].name)))
            fail_msg("%s: %s, harm %d, name %.*s", rows[i].url, baton_state_name(f.state), f.harm,
                     SLICE_ARG(f.name));
        guard_free(url);
        guard_free(wanted);
    }
    arena_free(&arena);
}

static void behind_the_hash(void **state)
{
    static const char *const there[] = { "https://h/#ttclid=" ID, "https://h/?a=1#x=1&t=" ID,
                                         "https://h/#/route?ttclid=" ID, "https://h/#?t=" ID };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < 4; i++) {
        struct baton_found f = compare_value(&arena, slice_from(there[i]), S(ID));
        assert_int_equal(f.state, BATON_LOST);
        assert_true(f.in_fragment);
    }
    assert_false(compare_value(&arena, S("https://h/?t=" ID "#t=" ID), S(ID)).in_fragment);
    assert_false(compare_value(&arena,
                               S("https://h/#"
                                 "x"),
                               S(ID))
                     .in_fragment);
    arena_free(&arena);
}

static void add_names(struct buf *b, const struct compare_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        buf_printf(b, "%s%.*s", i ? "," : "", SLICE_ARG(n->list[i]));
    buf_byte(b, ';');
}

static void changes(void **state)
{
    static const struct {
        const char *before, *after, *wanted; /* lost;changed;added; */
    } rows[] = {
        { "https://h/?a=1&b=2", "https://o/?b=2&a=1", ";;;" },
        { "https://h/?a=1&b=2&c", "https://o/?b=3&d=4", "a,c;b;d;" },
        { "https://h/?a=x%41", "https://o/?a=xA", ";;;" },
        { "https://h/?a=x+y", "https://o/?a=x%20y", ";;;" },
        { "https://h/?a=1", "https://o/?A=1", "a;;A;" },
        { "https://h/?%61=1", "https://o/?a=1", ";;;" },
        { "https://h/?a=1&a=2", "https://o/?a=1&a=3", ";;;" },
        { "https://h/?a=1&a=2", "https://o/?a=2", ";a;;" },
        { "https://h/?a=1&a=1", "https://o/", "a;;;" },
        { "https://h/?a=1#b=2", "https://o/?#a=1", "a;;;" },
        { "https://h/?a=1", "myapp://open?a=1", ";;;" },
        { "http://h:99999/?a=1", "https://o/?b", ";;b;" },
        { "", "", ";;;" },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 4 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice a = guard_copy(slice_from(rows[i].before));
        struct slice b = guard_copy(slice_from(rows[i].after));
        struct compare_changes c;
        struct buf got = { 0 };
        assert_true(compare_urls(&arena, a, b, &c));
        add_names(&got, &c.lost);
        add_names(&got, &c.changed);
        add_names(&got, &c.added);
        if (!slice_eq(buf_slice(&got), slice_from(rows[i].wanted)))
            fail_msg("%s -> %s: %.*s", rows[i].before, rows[i].after, SLICE_ARG(buf_slice(&got)));
        buf_free(&got);
        guard_free(a);
        guard_free(b);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static void more_than_fits(void **state)
{
    struct buf url = { 0 };
    struct compare_changes c;
    struct arena arena;

    (void)state;
    buf_puts(&url, "https://h/?");
    for (int i = 0; i < 1000; i++)
        buf_printf(&url, "p%d=%%41&", i);
    arena_init(&arena, 1 << 20);
    assert_true(compare_urls(&arena, buf_slice(&url), S("https://h/"), &c));
    assert_int_equal(c.lost.count, COMPARE_PAIRS);
    arena_free(&arena);
    arena_init(&arena, 1024);
    assert_false(compare_urls(&arena, buf_slice(&url), S("https://h/"), &c));
    assert_int_equal(c.lost.count, 0);
    compare_value(&arena, buf_slice(&url), S(ID));
    arena_free(&arena);
    buf_free(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states),
        cmocka_unit_test(behind_the_hash),
        cmocka_unit_test(changes),
        cmocka_unit_test(more_than_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
