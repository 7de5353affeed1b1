#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/yaml/yaml.h"
#include "tests/support/guard.h"

struct fixture {
    struct arena arena;
    struct diags diags;
    struct source source;
    struct yaml *root;
    struct buf text;
};

static void parse(struct fixture *f, struct slice text, size_t limit)
{
    *f = (struct fixture){ .source = { SLICE("t.yaml"), guard_copy(text) } };
    arena_init(&f->arena, limit);
    f->diags.arena = &f->arena;
    f->root = yaml_parse(&f->arena, &f->source, &f->diags);
}

static void finish(struct fixture *f)
{
    guard_free(f->source.text);
    arena_free(&f->arena);
    buf_free(&f->text);
}

/* line:col+span, then 'text', "quoted", [items] or {key: value} */
static void show(struct buf *b, const struct yaml *node)
{
    const char *brackets = node->kind == YAML_LIST ? "[]" : "{}";
    size_t count = 0;

    buf_printf(b, "%u:%u+%u", node->at.line, node->at.col, node->at.span);
    if (node->kind == YAML_SCALAR) {
        buf_byte(b, node->plain ? '\'' : '"');
        buf_add(b, node->text);
        buf_byte(b, node->plain ? '\'' : '"');
        return;
    }
    buf_byte(b, brackets[0]);
    for (const struct yaml *child = node->first; child; child = child->next, count++) {
        buf_puts(b, count ? ", " : "");
        if (child->key) {
            show(b, child->key);
            buf_puts(b, ": ");
        }
        show(b, child);
    }
    buf_byte(b, brackets[1]);
    assert_int_equal(node->count, count);
}

static void trees(void **state)
{
    static const struct {
        struct slice text;
        const char *expected;
    } rows[] = {
        { SLICE(""), "1:1+1{}" },
        { SLICE("# only a comment\n"), "1:1+1{}" },
        { SLICE("---\n"), "1:1+1{}" },
        { SLICE("{}"), "1:1+1{}" },
        { SLICE("~"), "1:1+1{}" },
        { SLICE("text"), "1:1+4'text'" },
        { SLICE("- a\n- 'b'\n"), "1:1+1[1:3+1'a', 2:3+3\"b\"]" },
        { SLICE("version: 1\nfields:\n  click_id:   [subid, click_id]\n"),
          "1:1+1{1:1+7'version': 1:10+1'1', 2:1+6'fields': "
          "3:3+1{3:3+8'click_id': 3:15+1[3:16+5'subid', 3:23+8'click_id']}}" },
        { SLICE("a:\nb: ~\n"), "1:1+1{1:1+1'a': 1:3+1'', 2:1+1'b': 2:4+1'~'}" },
        { SLICE("a: |\n  x\n  y\nb: >-\n  z\n  w\n"),
          "1:1+1{1:1+1'a': 1:4+1\"x\ny\n\", 4:1+1'b': 4:4+1\"z w\"}" },
        { SLICE("a: x\n  y\n"), "1:1+1{1:1+1'a': 1:4+1'x y'}" },
        { SLICE("\"a\": 'it''s'\n"), "1:1+1{1:1+3\"a\": 1:6+7\"it's\"}" },
        { SLICE("tests:\n  - name: x\n    n: 1\n  - {a: b}\n"),
          "1:1+1{1:1+5'tests': 2:3+1[2:5+1{2:5+4'name': 2:11+1'x', 3:5+1'n': 3:8+1'1'}, "
          "4:5+1{4:6+1'a': 4:9+1'b'}]}" },
        /* columns and spans count bytes */
        { SLICE("k\xc3\xb6: [\xe2\x82\xac, x]\nb: 1\n"),
          "1:1+1{1:1+3'k\xc3\xb6': 1:6+1[1:7+3'\xe2\x82\xac', 1:12+1'x'], 2:1+1'b': 2:4+1'1'}" },
        /* byte order mark and Windows line ends */
        { SLICE("\xef\xbb\xbf" "a: 1\r\nb: 2\r\n"),
          "1:1+1{1:1+1'a': 1:4+1'1', 2:1+1'b': 2:4+1'2'}" },
        { SLICE("--- \na: 1\n...\n"), "2:1+1{2:1+1'a': 2:4+1'1'}" },
        { SLICE("a: \"\\x00\\t\"\n"), NULL }, /* a NUL by escape: see below */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fixture f;
        parse(&f, rows[i].text, 1 << 20);
        assert_non_null(f.root);
        assert_int_equal(f.diags.errors, 0);
        if (rows[i].expected) {
            show(&f.text, f.root);
            buf_byte(&f.text, '\0');
            assert_string_equal(f.text.ptr, rows[i].expected);
        } else {
            assert_true(slice_eq(f.root->first->text, S("\0\t")));
        }
        finish(&f);
    }
}

static void check_problems(struct slice text, const char *expected)
{
    struct fixture f;

    parse(&f, text, 8 << 20);
    assert_null(f.root);
    assert_true(f.diags.errors > 0);
    diags_print(&f.text, &f.diags);
    buf_byte(&f.text, '\0');
    assert_string_equal(f.text.ptr, expected);
    finish(&f);
}

#define UTF8 "  save the file as plain UTF-8 text\n"
#define QUOTE "  add the closing quote\n"
#define COLON                                                                                      \
    "  put a text that holds \": \" in quotes, or mend the indentation\n"
#define COLUMN                                                                                     \
    "  keys of one map begin in the same column; a text after a closing quote is also refused\n"

static void problems(void **state)
{
    static const struct {
        struct slice text;
        const char *expected;
    } rows[] = {
        { SLICE("a: b: c\n"), "t.yaml:1:5: error[Y001]: a \": \" cannot stand here\n"
                              "    1 | a: b: c\n      |     ^\n" COLON },
        { SLICE("\xc3\xb6: 1\n  b: 2\n"), "t.yaml:2:4: error[Y001]: a \": \" cannot stand here\n"
                                          "    2 |   b: 2\n      |    ^\n" COLON },
        { SLICE("a: \"x\nb: 1\n"), "t.yaml:1:4: error[Y001]: a quoted text is not closed\n"
                                   "    1 | a: \"x\n      |    ^\n" QUOTE },
        { SLICE("a: 'x\n---\n"), "t.yaml:1:4: error[Y001]: a quoted text is not closed\n"
                                 "    1 | a: 'x\n      |    ^\n" QUOTE },
        { SLICE("a: @x\n"),
          "t.yaml:1:4: error[Y001]: a value cannot begin with this character\n"
          "    1 | a: @x\n      |    ^\n  put the value in quotes\n" },
        { SLICE("a: [1, 2\nb: 3\n"),
          "t.yaml:2:2: error[Y001]: expected \",\" or \"]\" in a list in brackets "
          "(it begins in line 1)\n    2 | b: 3\n      |  ^\n"
          "  close the \"[\", or put the text in quotes\n" },
        { SLICE("a: \"x\" y\n"),
          "t.yaml:1:8: error[Y001]: this line fits neither the map nor the list around it\n"
          "    1 | a: \"x\" y\n      |        ^\n" COLUMN },
        { SLICE("a: \"\\q\"\n"),
          "t.yaml:1:5: error[Y001]: an unknown escape after a backslash\n"
          "    1 | a: \"\\q\"\n      |     ^\n"
          "  use single quotes to keep backslashes as they are\n" },
        { SLICE("%a\n"), "t.yaml:1:3: error[Y001]: a \"%\" cannot begin a line\n"
                         "    1 | %a\n      |   ^\n"
                         "  put a text that begins with \"%\" in quotes\n" },
        { SLICE("a: 1\n- b\n"),
          "t.yaml:2:1: error[Y001]: this line fits neither the map nor the list around it "
          "(it begins in line 1)\n    2 | - b\n      | ^\n" COLUMN },
        { SLICE("a: 1\nb: 2\na: 3\n\"b\": 4\na: 5\n"),
          "t.yaml:3:1: error[Y002]: duplicate key \"a\"\n    3 | a: 3\n      | ^\n"
          "  the first one is in line 1; keep one of them\n"
          "t.yaml:4:1: error[Y002]: duplicate key \"b\"\n    4 | \"b\": 4\n      | ^^^\n"
          "  the first one is in line 2; keep one of them\n"
          "t.yaml:5:1: error[Y002]: duplicate key \"a\"\n    5 | a: 5\n      | ^\n"
          "  the first one is in line 1; keep one of them\n" },
        { SLICE("a: {x: 1, x: 1}\nb: *c\n"),
          "t.yaml:1:11: error[Y002]: duplicate key \"x\"\n"
          "    1 | a: {x: 1, x: 1}\n      |           ^\n"
          "  the first one is in line 1; keep one of them\n"
          "t.yaml:2:4: error[Y003]: aliases (*name) are not supported\n"
          "    2 | b: *c\n      |    ^^\n  write the value out\n" },
        { SLICE("a: &x 1\nb: !!str 2\nc: !t [x]\n"),
          "t.yaml:1:4: error[Y003]: anchors (&name) are not supported\n"
          "    1 | a: &x 1\n      |    ^\n  write the value out where it is needed\n"
          "t.yaml:2:4: error[Y004]: tags (!name) are not supported\n"
          "    2 | b: !!str 2\n      |    ^\n"
          "  leave it out; put the value in quotes to make it text\n"
          "t.yaml:3:4: error[Y004]: tags (!name) are not supported\n"
          "    3 | c: !t [x]\n      |    ^\n"
          "  leave it out; put the value in quotes to make it text\n" },
        { SLICE("a: 1\n---\nb: 2\n"), "t.yaml:2:1: error[Y007]: a second document begins here\n"
                                      "    2 | ---\n      | ^\n  make it a file of its own\n" },
        { SLICE("? [a]\n: 1\n? {b: 1}\n: 1\n"),
          "t.yaml:1:3: error[Y008]: a key is not plain text\n    1 | ? [a]\n      |   ^\n"
          "  write `name: value`\n"
          "t.yaml:3:3: error[Y008]: a key is not plain text\n    3 | ? {b: 1}\n      |   ^\n"
          "  write `name: value`\n" },
        { SLICE("~: 2\n"), "t.yaml:1:1: error[Y008]: a key is empty\n"
                           "    1 | ~: 2\n      | ^\n  write `name: value`\n" },
        { SLICE("a:\n\tb: 1\n"), "t.yaml:2:1: error[Y009]: a tab is used for indentation\n"
                                 "    2 | \tb: 1\n      | ^\n  use spaces\n" },
        { SLICE("a: b\n\tc: 1\n"), "t.yaml:2:1: error[Y009]: a tab is used for indentation\n"
                                   "    2 | \tc: 1\n      | ^\n  use spaces\n" },
        { SLICE("a: |\n\tx\n"), "t.yaml:2:1: error[Y009]: a tab is used for indentation\n"
                                "    2 | \tx\n      | ^\n  use spaces\n" },
        { SLICE("a: 1\nb: \xff\n"),
          "t.yaml:2:4: error[Y010]: this is not UTF-8\n    2 | b: ?\n      |    ^\n" UTF8 },
        { SLICE("a: \xc3"),
          "t.yaml:1:4: error[Y010]: this is not UTF-8\n    1 | a: ?\n      |    ^\n" UTF8 },
        { SLICE("\xff\xfe" "a\0"),
          "t.yaml:1:1: error[Y010]: this is not UTF-8\n    1 | ??a?\n      | ^\n" UTF8 },
        { SLICE("a: \0\n"),
          "t.yaml:1:4: error[Y010]: a NUL byte\n    1 | a: ?\n      |    ^\n" UTF8 },
        { SLICE("a: \x1b[0m\n"),
          "t.yaml:1:4: error[Y010]: a control character\n    1 | a: ?[0m\n      |    ^\n" UTF8 },
        { SLICE("a: \x7f\n"),
          "t.yaml:1:4: error[Y010]: a control character\n    1 | a: ?\n      |    ^\n" UTF8 },
        { SLICE("a: 1\rb: 2\n"),
          "t.yaml:1:5: error[Y010]: a carriage return without a line feed\n"
          "    1 | a: 1?b: 2\n      |     ^\n" UTF8 },
        { SLICE("a: \xe2\x80\xa8x\n"),
          "t.yaml:1:4: error[Y010]: an invisible line separator (U+2028 or U+2029)\n"
          "    1 | a: ?x\n      |    ^\n" UTF8 },
        { SLICE("a: \xef\xbb\xbf\n"),
          "t.yaml:1:4: error[Y010]: a byte order mark inside the file (U+FEFF)\n"
          "    1 | a: \xef\xbb\xbf\n      |    ^\n" UTF8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_problems(rows[i].text, rows[i].expected);
}

/* What open repeated n times, then the rest. */
static struct slice repeat(struct buf *b, const char *open, size_t n, const char *rest)
{
    for (size_t i = 0; i < n; i++)
        buf_puts(b, open);
    buf_puts(b, rest);
    assert_true(buf_ok(b));
    return buf_slice(b);
}

static void check_first(struct slice text, const char *code, uint32_t line, uint32_t col,
                        const char *sentence)
{
    struct fixture f;

    parse(&f, text, 64 << 20);
    assert_null(f.root);
    assert_int_equal(f.diags.errors, 1);
    assert_string_equal(f.diags.first->code, code);
    assert_int_equal(f.diags.first->at.line, line);
    assert_int_equal(f.diags.first->at.col, col);
    assert_true(slice_eq(f.diags.first->text, slice_from(sentence)));
    finish(&f);
}

static void limits(void **state)
{
    static const char deep[] = "lists and maps are nested more than 20 deep";
    struct buf b = { 0 };
    struct fixture f;

    (void)state;
    check_first(repeat(&b, "[", 10000, ""), "Y005", 1, 21, deep);
    buf_clear(&b);
    check_first(repeat(&b, "- ", 10000, ""), "Y005", 1, 41, deep);
    buf_clear(&b);
    check_first(repeat(&b, "{a: ", 10000, ""), "Y005", 1, 81, deep);
    buf_clear(&b);
    check_first(repeat(&b, "? ", 10000, ""), "Y005", 1, 41, deep);
    buf_clear(&b);
    parse(&f, repeat(&b, "[", 20, "]]]]]]]]]]]]]]]]]]]]"), 1 << 20);
    assert_non_null(f.root);
    finish(&f);

    buf_clear(&b); /* a list and 49,999 items */
    parse(&f, repeat(&b, "- a\n", YAML_MAX_NODES - 1, ""), 64 << 20);
    assert_non_null(f.root);
    assert_int_equal(f.root->count, YAML_MAX_NODES - 1);
    finish(&f);
    check_first(repeat(&b, "- a\n", 1, ""), "Y006", YAML_MAX_NODES, 3,
                "the file has more than 50000 values");

    buf_clear(&b);
    buf_puts(&b, "a: ");
    parse(&f, repeat(&b, "x", YAML_MAX_BYTES - 3, ""), 64 << 20);
    assert_non_null(f.root);
    assert_int_equal(f.root->first->text.len, YAML_MAX_BYTES - 3);
    finish(&f);
    check_first(repeat(&b, "x", 1, ""), "Y006", 0, 0,
                "the file has 1048577 bytes, more than the limit of 1048576");

    buf_clear(&b); /* many equal and many different keys */
    for (int i = 0; i < 24000; i++)
        buf_printf(&b, "k%d: 1\n", i % 23999);
    check_first(buf_slice(&b), "Y002", 24000, 1, "duplicate key \"k0\"");
    buf_free(&b);
}

/* However little memory there is: a tree without errors, or errors without a tree. */
static void full_arena(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t limit = 0; limit < 2000; limit += 16) {
        struct fixture f;
        parse(&f, S("a: 1\nb: {c: [x, yy]}\n"), limit);
        assert_true((f.root != NULL) == (f.diags.errors == 0));
        failed += f.root == NULL;
        finish(&f);
    }
    assert_in_range(failed, 40, 120);
}

static void access_by_key(void **state)
{
    struct fixture f;
    const struct yaml *c;

    (void)state;
    parse(&f, S("a: 1\nb: [x]\nc: {d: 'null', e: null, f: , g: NULL, h: \"\"}\n"), 1 << 20);
    assert_true(slice_eq(yaml_get(f.root, S("a"))->text, S("1")));
    assert_null(yaml_get(f.root, S("z")));
    assert_null(yaml_get(NULL, S("z")));
    assert_null(yaml_get(yaml_get(f.root, S("b")), S("x")));
    c = yaml_get(f.root, S("c"));
    assert_string_equal(yaml_kind_name(yaml_get(f.root, S("a"))), "text");
    assert_string_equal(yaml_kind_name(yaml_get(f.root, S("b"))), "a list");
    assert_string_equal(yaml_kind_name(c), "a map");
    assert_string_equal(yaml_kind_name(NULL), "nothing");
    assert_false(yaml_is_null(yaml_get(c, S("d"))));
    assert_true(yaml_is_null(yaml_get(c, S("e"))));
    assert_true(yaml_is_null(yaml_get(c, S("f"))));
    assert_true(yaml_is_null(yaml_get(c, S("g"))));
    assert_false(yaml_is_null(yaml_get(c, S("h"))));
    assert_false(yaml_is_null(c));
    assert_false(yaml_is_null(NULL));
    finish(&f);
}

/* Every start of a file that has everything: no read past the end, no crash. */
static void cut_anywhere(void **state)
{
    static const char text[] = "\xef\xbb\xbf" "a: &x [1, \"\\u00e9\", 'k\xc3\xb6']\r\n"
                               "b: {c: *x, ? d : !t e}\n- |\n  y\n\tz\n";

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        struct fixture f;
        parse(&f, (struct slice){ text, n }, 1 << 20);
        assert_true((f.root != NULL) == (f.diags.errors == 0));
        diags_print(&f.text, &f.diags);
        finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees),      cmocka_unit_test(problems),
        cmocka_unit_test(limits),     cmocka_unit_test(full_arena),
        cmocka_unit_test(access_by_key), cmocka_unit_test(cut_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
