/* One step of a real chain, by the URL that came and the URL that leaves. */
#include "core/chain/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "tests/support/guard.h"

#define ID "E.C.P.Aa0-_zZ9"

static void codes_of(struct buf *b, const struct notes *n)
{
    for (const struct note *note = n->first; note; note = note->next)
        buf_printf(b, "%s%s", note == n->first ? "" : ",", note->code);
}

static void steps(void **state)
{
    static const struct {
        const char *arrives, *leaves;
        enum baton_state state;
        const char *codes, *says; /* harm;warnings */
    } rows[] = {
        { "https://a/?ttclid=" ID, "https://b/?ttclid=" ID, BATON_KEPT, ";", "" },
        { "https://a/?ttclid=" ID, "https://b/?sub1=" ID, BATON_KEPT, ";", "" },
        { "https://a/?ttclid=" ID, "https://b/?TTCLID=" ID, BATON_KEPT, ";H071", "TTCLID" },
        { "https://a/?ttclid=" ID, "https://b/x", BATON_LOST, "H060;", "drops all parameters" },
        { "https://a/x?ttclid=" ID, "https://a/x/", BATON_LOST, "H061;",
          "link to https://a/x/?..." },
        { "http://a.example/x?ttclid=" ID, "https://www.a.example/X", BATON_LOST, "H061;",
          "https://www.a.example/X?..." },
        { "https://a/x?ttclid=" ID, "https://a/y/", BATON_LOST, "H060;", "" },
        { "https://a/?ttclid=" ID "&utm_source=1", "https://b/?utm_source=1", BATON_LOST, "H062;",
          "(utm_source)" },
        { "https://a/?a&b&c&d&e&f&g&ttclid=" ID, "https://b/?a&b&c&d&e&f&g", BATON_LOST, "H062;",
          "(a, b, c, d, e ...)" },
        { "https://a/?ttclid=" ID, "https://b/?subid=1", BATON_LOST, "H063;", "(subid)" },
        { "https://a/?ttclid=" ID, "https://b/#ttclid=" ID, BATON_LOST, "H066;", "behind the #" },
        { "https://a/?t=" ID, "https://b/?t=e.c.p.aa0-_zz9", BATON_CHANGED, "H064;", "(in t)" },
        { "https://a/?t=" ID, "https://b/?t=E%252EC.P.Aa0-_zZ9", BATON_CHANGED, "H065;",
          "too often" },
        { "https://a/?t=" ID, "https://b/?t=+" ID, BATON_CHANGED, "H067;", "blanks" },
        { "https://a/?t=" ID, "https://b/?t=" ID "?x=1", BATON_CHANGED, "H068;", "glued" },
        { "https://a/?t=" ID, "https://b/?u=http://c/?t=" ID, BATON_CHANGED, "H069;", "inside" },
        { "https://a/?t=" ID, "https://b/?t=E.C.P.Aa0", BATON_TRUNCATED, "H070;", "9 of its 14" },
        { "https://a/?t=E.C.P.Aa0", "https://b/?t=E.C.P.Aa0", BATON_TRUNCATED, ";", "" },
        { "https://a/?t=E.C.P.Aa0", "https://b/?t=E.C.P.Aa", BATON_TRUNCATED, "H070;", "8 of" },
        { "https://a/?t=E.C.P.Aa0", "https://b/", BATON_LOST, "H060;", "" },
        { "https://a/?t=1", "https://b/", BATON_ABSENT, ";", "" },
        { "https://a/?t=1", "https://b/?t=" ID, BATON_KEPT, ";", "" },
        { "https://a/?t=" ID, "http://b/?t=" ID, BATON_KEPT, ";H041", "https to http" },
        { "https://a/?t=" ID, "https://b/?ttclid=1&ttclid=" ID, BATON_KEPT, ";H072", "twice" },
        { "https://a/?t=" ID "&s={x}", "https://b/?t=" ID "&s={x}", BATON_KEPT, ";", "" },
        { "https://a/?t=" ID, "https://b/?t=" ID "&s=%7Bsubid%7D&r=__X__&e=", BATON_KEPT,
          ";H073,H073", "s is the unexpanded macro {x}" },
        { "https://a/?t=" ID, "app://open?t=" ID, BATON_KEPT, ";", "" },
        { "https://a/?t=" ID, "https://h:99999/", BATON_ABSENT, ";", "" },
    };
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct step step = { .arrives = guard_copy(slice_from(rows[i].arrives)),
                             .leaves = guard_copy(slice_from(rows[i].leaves)),
                             .wanted = S(ID) };
        struct step_result r;
        struct buf got = { 0 };
        struct slice text;
        arena_init(&arena, 1 << 20);
        assert_true(step_judge(&arena, &step, &r));
        codes_of(&got, &r.harm);
        buf_byte(&got, ';');
        codes_of(&got, &r.warnings);
        text = r.harm.first       ? r.harm.first->text
               : r.warnings.first ? r.warnings.first->text
                                  : S("");
        if (r.state != rows[i].state || !slice_eq(buf_slice(&got), slice_from(rows[i].codes)) ||
            slice_find(text, slice_from(rows[i].says)) + strlen(rows[i].says) > text.len)
            fail_msg("%s -> %s: %s %.*s %.*s", rows[i].arrives, rows[i].leaves,
                     baton_state_name(r.state), SLICE_ARG(buf_slice(&got)), SLICE_ARG(text));
        buf_free(&got);
        guard_free(step.arrives);
        guard_free(step.leaves);
        arena_free(&arena);
    }
}

static void long_urls_and_full_arenas(void **state)
{
    struct buf url = { 0 };
    struct step step = { .arrives = S("https://a/?t=" ID), .wanted = S(ID) };
    struct step_result r;
    struct arena arena;

    (void)state;
    buf_puts(&url, "https://b/?t=" ID "&x=");
    while (url.len < 9000)
        buf_byte(&url, 'x');
    step.leaves = buf_slice(&url);
    arena_init(&arena, 1 << 20);
    assert_true(step_judge(&arena, &step, &r));
    assert_string_equal(r.warnings.first->code, "H044");
    arena_free(&arena);
    arena_init(&arena, 1000);
    assert_false(step_judge(&arena, &step, &r));
    arena_free(&arena);
    buf_free(&url);
}

static void the_last_page(void **state)
{
    struct notes n = { 0 };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    n.arena = &arena;
    step_last(&arena, S("https://a/?ttclid=" ID), S(ID), &n);
    step_last(&arena, S("https://a/"), S(ID), &n);
    assert_int_equal(n.count, 0);
    step_last(&arena, S("https://a/?sub1=" ID), S(ID), &n);
    assert_int_equal(n.count, 1);
    assert_string_equal(n.first->code, "H074");
    step_macros(&arena, S(""), S("https://a/?x=__CID__"), &n);
    assert_string_equal(n.last->code, "H073");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),
        cmocka_unit_test(long_urls_and_full_arenas),
        cmocka_unit_test(the_last_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
