/* The texts of codes: the format, and what is refused. */
#include "core/explain/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/guard.h"

#define EXAMPLE "Example offer:\n    a: b\n"

/* code|prose|label lines|...|remedy of each entry, or the error */
static void show(struct slice file, struct buf *out)
{
    struct explain_text t;
    struct err err = { 0 };
    unsigned line = 0;
    int more;

    while ((more = explain_next(&file, &line, &t, &err)) == 1) {
        buf_printf(out, "%.*s|%.*s|", SLICE_ARG(t.code), SLICE_ARG(t.prose));
        for (size_t i = 0; i < t.example_count; i++)
            buf_printf(out, "%.*s%.*s|", SLICE_ARG(t.examples[i].label),
                       SLICE_ARG(t.examples[i].lines));
        buf_printf(out, "%.*s;", SLICE_ARG(t.remedy));
    }
    if (more < 0)
        buf_puts(out, err.text);
}

static void entries_and_what_is_none(void **state)
{
    static const struct {
        const char *file, *wanted;
    } cases[] = {
        { "", "" },
        { "\n\n", "" },
        { "# M001\nA text.\n", "M001|A text.|;" },
        { "# M001\nA text.", "M001|A text.|;" },
        { "\n# M001\n\nTwo\nlines.\n\n# M002\nB\n", "M001|Two\nlines.|;M002|B|;" },
        { "# M001\nA.\n\n" EXAMPLE, "M001|A.|Example offer:    a: b|;" },
        { "# M001\nA.\n\n" EXAMPLE "      c\n\n    d\n\n\n# M002\nB.\n",
          "M001|A.|Example offer:    a: b\n      c\n\n    d|;M002|B.|;" },
        { "# M001\nA.\n\n" EXAMPLE "\nExample postback:\n    ?a=1\n\nTo do: this\nand that.\n",
          "M001|A.|Example offer:    a: b|Example postback:    ?a=1|this\nand that.;" },
        { "# M001\nA.\nTo do: this.\n", "M001|A.|this.;" },
        { "A.\n", "line 1: a code is missing: \"# M001\"" },
        { "# m001\nA.\n", "line 1: a code is missing: \"# M001\"" },
        { "# M0012\nA.\n", "line 1: a code is missing: \"# M001\"" },
        { "#M001\nA.\n", "line 1: a code is missing: \"# M001\"" },
        { "# M001\nA.\n# more\n", "M001|A.|;line 3: a code is missing: \"# M001\"" },
        { "# M001\n", "line 1: nothing is explained" },
        { "# M001\n\n# M002\nB.\n", "line 1: nothing is explained" },
        { "# M001\n" EXAMPLE, "line 1: nothing is explained" },
        { "# M001\nA.\n    code\n", "line 3: an indented line without \"Example ...:\" before it" },
        { "# M001\nA.\nTo do: x\n    code\n",
          "line 4: an indented line without \"Example ...:\" before it" },
        { "# M001\nA.\nExample offer:\n  a: b\n", "line 4: an example is indented by four blanks" },
        { "# M001\nA.\nExample offer:\n\ta: b\n", "line 4: an example is indented by four blanks" },
        { "# M001\nA.\nExample offer:\n", "line 1: an example without a line" },
        { "# M001\nA.\n" EXAMPLE "more\n", "line 5: text behind an example" },
        { "# M001\nA.\n" EXAMPLE EXAMPLE, "line 5: two examples of one kind" },
        { "# M001\nA.\nExample offer\n", "line 3: write \"Example kind:\"" },
        { "# M001\nA.\nExample :\n", "line 3: write \"Example kind:\"" },
        { "# M001\nA.\nExample Offer:\n", "line 3: write \"Example kind:\"" },
        { "# M001\nA.\nTo do: x\n" EXAMPLE, "line 4: an example stands behind what to do" },
        { "# M001\nA.\nTo do: x\nTo do: y\n", "line 4: what to do stands twice" },
        { "# M001\nA.\nExample a:\n    1\nExample b:\n    1\nExample c:\n    1\nExample d:\n    1\n"
          "Example e:\n    1\nExample f:\n    1\nExample g:\n    1\n",
          "line 15: too many examples" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct slice file = guard_copy(slice_from(cases[i].file));
        struct buf out = { 0 };
        show(file, &out);
        buf_byte(&out, '\0');
        assert_true(buf_ok(&out));
        assert_string_equal(out.ptr, cases[i].wanted);
        guard_free(file);
        buf_free(&out);
    }
}

static void one_is_found(void **state)
{
    struct slice file = S("# M001\nA.\n# M002\nB.\n");
    struct explain_text t;
    struct err err;

    (void)state;
    assert_int_equal(explain_find(file, "M002", &t, &err), 1);
    assert_true(slice_eq(t.prose, S("B.")));
    assert_int_equal(explain_find(file, "M003", &t, &err), 0);
    assert_int_equal(explain_find(S("# M001\n"), "M001", &t, &err), -1);
}

static void every_code_has_a_group(void **state)
{
    (void)state;
    for (const struct code *c = codes; c->code; c++) {
        const struct explain_group *g = explain_group(c->code);
        assert_non_null(g);
        assert_int_equal(g->first[0], c->code[0]);
    }
    assert_string_equal(explain_group("H059")->file, "chains.md");
    assert_string_equal(explain_group("H060")->file, "follow.md");
    assert_null(explain_group("X001"));
}

static struct slice of_every_code;

static bool same_file(const char *name, struct slice *text)
{
    *text = of_every_code;
    return strcmp(name, "follow.md") != 0 || text->len > 100;
}

static void a_page_needs_every_entry(void **state)
{
    struct buf file = { 0 }, out = { 0 };
    struct err err = { 0 };

    (void)state;
    for (const struct code *c = codes; c->code; c++)
        buf_printf(&file, "# %s\nA_b & <c> `d_e & f` *g*.\n\n" EXAMPLE "\n", c->code);
    assert_true(buf_ok(&file));
    of_every_code = buf_slice(&file);
    assert_int_equal(explain_page(&out, same_file, &err), 0);
    buf_byte(&out, '\0');
    assert_true(buf_ok(&out));
    assert_non_null(strstr(out.ptr, "\n### M001: unknown key\n\n"
                                    "A\\_b &amp; &lt;c> `d_e & f` \\*g\\*.\n\n"
                                    "Example offer:\n\n    a: b\n\n"
                                    "**What to do:** correct the spelling, or remove it\n"));
    buf_clear(&out);
    of_every_code = slice_from_at(of_every_code, slice_find(of_every_code, S("# Y002")));
    assert_int_equal(explain_page(&out, same_file, &err), -1);
    assert_string_equal(err.text, "yaml.md: Y001 has no entry");
    buf_clear(&out);
    of_every_code = S("# Y001\n");
    assert_int_equal(explain_page(&out, same_file, &err), -1);
    assert_string_equal(err.text, "yaml.md: line 1: nothing is explained");
    buf_free(&out);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_and_what_is_none),
        cmocka_unit_test(one_is_found),
        cmocka_unit_test(every_code_has_a_group),
        cmocka_unit_test(a_page_needs_every_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
