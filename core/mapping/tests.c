/* tests.c: `tests:` of an offer mapping.  What is expected may be written flat (user.ttclid: x) or
 * as a tree (user: {ttclid: x}); both become paths. */
#include "core/mapping/build.h"

#define EXPECT_MAX 300

static void add(struct build *b, struct mapping_test *test, const struct yaml *node,
                struct slice path, struct slice value)
{
    if (test->expect_count < EXPECT_MAX)
        test->expect[test->expect_count++] =
            (struct mapping_expect){ .path = path, .value = value, .at = node->at };
    else if (test->expect_count == EXPECT_MAX)
        diag_add(b->expect.diags, DIAG_ERROR, "M002", node->at, (struct slice){ 0 },
                 "a test has at most %d expectations", EXPECT_MAX);
}

/* warnings: [W020, W031], as the one text that the codes of a translation make. */
static void read_warnings(struct build *b, struct mapping_test *test, const struct yaml *node,
                          struct slice path)
{
    struct buf text = { .limit = 4096 };
    size_t n;
    const struct slice *codes = expect_texts(&b->expect, node, "`warnings`", &n);

    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= slice_eq(codes[i], codes[k]);
        if (!seen)
            buf_printf(&text, "%s%.*s", text.len ? ", " : "", SLICE_ARG(codes[i]));
    }
    add(b, test, node, path, text.len ? arena_dup(b->expect.arena, buf_slice(&text)) : S("none"));
    buf_free(&text);
}

static void read_expected(struct build *b, struct mapping_test *test, const struct yaml *node,
                          struct slice path)
{
    struct arena *a = b->expect.arena;
    struct slice value;
    size_t i = 0;

    if (slice_eq(path, S("warnings"))) {
        read_warnings(b, test, node, path);
        return;
    }
    if (node->kind == YAML_SCALAR) {
        if (expect_text(&b->expect, node, "an expected value", &value))
            add(b, test, node, path, value);
        return;
    }
    if (node->kind == YAML_LIST && slice_eq(path, S("events")))
        add(b, test, node, path, arena_printf(a, "%zu", node->count));
    for (const struct yaml *v = node->first; v; v = v->next, i++) {
        struct slice step = node->kind == YAML_MAP ? v->key->text : arena_printf(a, "%zu", i);
        if (path.len)
            step = arena_printf(a, "%.*s.%.*s", SLICE_ARG(path), SLICE_ARG(step));
        if (node->kind != YAML_MAP || build_expected_path(b, step, v->key->at))
            read_expected(b, test, v, step);
    }
}

static void read_test(struct build *b, const struct yaml *node, struct mapping_test *test)
{
    const struct yaml *expect = yaml_get(node, S("expect")), *at = yaml_get(node, S("at"));
    struct slice text;

    test->at = node->at;
    if (!expect_map(&b->expect, node, "a test", &shape_test))
        return;
    expect_text(&b->expect, yaml_get(node, S("name")), "`name`", &test->name);
    expect_text(&b->expect, yaml_get(node, S("given")), "`given`", &test->given);
    expect_text(&b->expect, yaml_get(node, S("click")), "`click`", &test->click);
    test->before =
        expect_texts(&b->expect, yaml_get(node, S("before")), "`before`", &test->before_count);
    if (expect_text(&b->expect, at, "`at`", &text) && !when_parse(text, WHEN_ANY, 0, &test->now))
        diag_add(b->expect.diags, DIAG_ERROR, "M002", at->at,
                 S("write it like 2026-05-28T20:26:40Z, or as Unix seconds"),
                 "\"%.*s\" is not a time", SLICE_ARG(text));
    if (!expect || (expect->kind != YAML_MAP && !expect_map(&b->expect, expect, "`expect`", NULL)))
        return;
    test->expect_at = expect->at;
    test->expect = ARENA_ARRAY(b->expect.arena, struct mapping_expect, EXPECT_MAX);
    if (test->expect)
        read_expected(b, test, expect, (struct slice){ 0 });
}

void build_tests(struct build *b, const struct yaml *node)
{
    if (!expect_list(&b->expect, node, "`tests`", false))
        return;
    b->offer->tests = ARENA_ARRAY(b->expect.arena, struct mapping_test, node->count);
    for (const struct yaml *v = node->first; b->offer->tests && v; v = v->next)
        read_test(b, v, &b->offer->tests[b->offer->test_count++]);
}
