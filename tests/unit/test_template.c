/* Templates: what is refused, and what comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mapping/template.h"

static void refused(void **state)
{
    static const struct {
        const char *text, *problem, *hint;
    } rows[] = {
        { "{clik_id}", "unknown field \"clik_id\"", "did you mean \"click_id\"?" },
        { "{Param.x}", "unknown field \"Param.x\"", "a raw parameter is written {param.NAME}" },
        { "{}", "unknown field \"\"", "" },
        { "{param.}", "no parameter is named in \"{param.}\"", "write {param.NAME}" },
        { "a{txid", "\"{\" is not closed in \"a{txid\"",
          "close it with }, or write {{ for a brace" },
        { "{a{b}", "\"{\" is not closed in \"{a{b}\"", "close it with }, or write {{ for a brace" },
        { "{txid|uper}", "unknown filter \"uper\"", "did you mean \"upper\"?" },
        { "{txid|default}", "wrong use of the filter \"default\"",
          "write {field|default:text}; the other filters take no argument" },
        { "{txid|lower:x}", "wrong use of the filter \"lower\"",
          "write {field|default:text}; the other filters take no argument" },
        { "{txid|lower|upper|trim|lower|upper}",
          "too many filters in \"{txid|lower|upper|trim|lower|upper}\"",
          "at most four filters fit one placeholder" },
        { "{param.key}", "a secret can't be read: \"key\"",
          "secrets are neither sent nor stored; send what is needed under another name" },
        { "x{ param.KEY |lower}", "a secret can't be read: \"KEY\"",
          "secrets are neither sent nor stored; send what is needed under another name" },
        { "{param.auth.access_token}", "a secret can't be read: \"auth.access_token\"",
          "secrets are neither sent nor stored; send what is needed under another name" },
        { "{param.auth[sig]}", "a secret can't be read: \"auth[sig]\"",
          "secrets are neither sent nor stored; send what is needed under another name" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct diags diags = { .arena = &arena };
        struct template t;
        arena_init(&arena, 1 << 20);
        assert_int_equal(template_compile(&arena, slice_from(rows[i].text), (struct place){ 0 }, &t,
                                          &diags),
                         -1);
        assert_int_equal(diags.errors, 1);
        assert_string_equal(diags.first->code, "M006");
        if (!slice_eq(diags.first->text, slice_from(rows[i].problem)) ||
            !slice_eq(diags.first->hint, slice_from(rows[i].hint)))
            fail_msg("%s: %.*s | %.*s", rows[i].text, SLICE_ARG(diags.first->text),
                     SLICE_ARG(diags.first->hint));
        arena_free(&arena);
    }
}

static void expanded(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { "plain", "plain" },
        { "{txid}", "T-9" },
        { "a-{txid}-{offer}", "a-T-9-nutra" },
        { "{ txid | lower }", "t-9" },
        { "{txid|upper|lower}", "t-9" },
        { "{param.q}", " Raw " },
        { "{param.q|trim}", "Raw" },
        { "{param.q|trim|upper}", "RAW" },
        { "{param.none}", "" },
        { "{param.none|default:x y}", "x y" },
        { "{param.none|default:X|lower}", "x" },
        { "{param.none|default:}", "" },
        { "x{param.none}", "" },
        { "{param.macro}", "" },
        { "{param.macro|default:a:b}", "a:b" },
        { "{param.empty|default:d}", "d" },
        { "{param.nul|default:d}", "d" },
        { "{param.twice}", "second" },
        { "{param.Q|default:no}", "no" },
        { "{event_id|default:none}", "none" },
        { "{{", "{" },
        { "{{x}}", "{x}}" },
        { "{{{txid}}", "{T-9}" },
        { "}", "}" },
        { "{param.user.email}", "e" },
    };
    static struct param list[] = {
        { SLICE("q"), SLICE(" Raw ") },      { SLICE("macro"), SLICE("{q}") },
        { SLICE("empty"), SLICE(" ") },      { SLICE("nul"), SLICE("a\0b") },
        { SLICE("twice"), SLICE("__X__") },  { SLICE("twice"), SLICE("second") },
        { SLICE("user.email"), SLICE("e") },
    };
    struct conversion conv = { .fields[FIELD_TXID] = { .value = SLICE("T-9") } };
    struct params params = { .list = list, .count = sizeof(list) / sizeof(*list) };
    struct template_values values = { &conv, &params, SLICE("nutra") };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arena arena;
        struct diags diags = { .arena = &arena };
        struct template t;
        struct slice got;
        arena_init(&arena, 1 << 20);
        assert_int_equal(template_compile(&arena, slice_from(rows[i].text), (struct place){ 0 }, &t,
                                          &diags),
                         0);
        got = template_expand(&t, &values, &arena);
        if (!slice_eq(got, slice_from(rows[i].expected)))
            fail_msg("%s: expected \"%s\", got \"%.*s\"", rows[i].text, rows[i].expected,
                     SLICE_ARG(got));
        arena_free(&arena);
    }
}

static void count_params(void *context, struct slice name)
{
    (void)name;
    ++*(int *)context;
}

static void what_is_read(void **state)
{
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct template t;
    int n = 0;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_int_equal(
        template_compile(&arena, S("{param.a}{txid}{param.b}x"), (struct place){ 0 }, &t, &diags),
        0);
    template_params(&t, count_params, &n);
    assert_int_equal(n, 2);
    assert_false(template_is_constant(&t));
    assert_int_equal(template_compile(&arena, S("x{offer}"), (struct place){ 0 }, &t, &diags), 0);
    assert_true(template_is_constant(&t));
    assert_true(template_is_secret(S("Key")) && template_is_secret(S("a.b[token]")));
    assert_false(template_is_secret(S("keyword")) || template_is_secret(S("token.id")) ||
                 template_is_secret(S("")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(expanded),
        cmocka_unit_test(what_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
