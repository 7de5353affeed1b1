#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/diag.h"
#include "core/base/note.h"
#include "tests/support/guard.h"

static void check_print(struct slice text, uint32_t line, uint32_t col, uint32_t span,
                        const char *hint, const char *expected)
{
    struct slice copy = guard_copy(text);
    struct source source = { SLICE("x.yaml"), copy };
    struct place at = { &source, line, col, span };
    struct arena arena;
    struct diags d = { .arena = &arena };
    struct buf out = { 0 };

    arena_init(&arena, 1 << 16);
    diag_add(&d, DIAG_ERROR, "T012", at, slice_from(hint), "%s", "wrong");
    diags_print(&out, &d);
    buf_byte(&out, '\0');
    assert_string_equal(out.ptr, expected);
    buf_free(&out);
    arena_free(&arena);
    guard_free(copy);
}

static void places(void **state)
{
    static const struct {
        struct slice text;
        uint32_t line, col, span;
        const char *hint, *expected;
    } rows[] = {
        { SLICE("a:\n  evnets: 1\nb:\n"), 2, 3, 6, "did you mean \"events\"?",
          "x.yaml:2:3: error[T012]: wrong\n"
          "    2 |   evnets: 1\n"
          "      |   ^^^^^^\n"
          "  did you mean \"events\"?\n" },
        { SLICE("abc"), 0, 0, 0, "", "x.yaml: error[T012]: wrong\n" },
        { SLICE("abc"), 0, 0, 0, "h", "x.yaml: error[T012]: wrong\n  h\n" },
        { SLICE("abc"), 1, 0, 0, "", "x.yaml:1: error[T012]: wrong\n    1 | abc\n" },
        { SLICE("abc"), 1, 2, 0, "", "x.yaml:1:2: error[T012]: wrong\n    1 | abc\n      |  ^\n" },
        { SLICE("abc"), 1, 2, 99, "",
          "x.yaml:1:2: error[T012]: wrong\n    1 | abc\n      |  ^^\n" },
        { SLICE("a:"), 1, 3, 1, "", "x.yaml:1:3: error[T012]: wrong\n    1 | a:\n      |   ^\n" },
        { SLICE("a:"), 1, 99, 1, "", "x.yaml:1:99: error[T012]: wrong\n    1 | a:\n      |   ^\n" },
        { SLICE("a\n"), 2, 1, 1, "", "x.yaml:2:1: error[T012]: wrong\n    2 | \n      | ^\n" },
        { SLICE("a"), 7, 1, 1, "", "x.yaml:7:1: error[T012]: wrong\n" },
        { SLICE(""), 1, 1, 1, "", "x.yaml:1:1: error[T012]: wrong\n    1 | \n      | ^\n" },
        /* tabs stay, so that the caret lines up; a character of several bytes is one column */
        { SLICE("\ta\tb: c"), 1, 4, 1, "",
          "x.yaml:1:4: error[T012]: wrong\n    1 | \ta\tb: c\n      | \t \t^\n" },
        { SLICE("k\xc3\xb6: \xe2\x82\xac\xe2\x82\xac x"), 1, 6, 6, "",
          "x.yaml:1:6: error[T012]: wrong\n"
          "    1 | k\xc3\xb6: \xe2\x82\xac\xe2\x82\xac x\n"
          "      |     ^^\n" },
        { SLICE("a\r\nb: 1\r\n"), 2, 1, 1, "",
          "x.yaml:2:1: error[T012]: wrong\n    2 | b: 1\n      | ^\n" },
        { SLICE("\xef\xbb\xbf" "ab"), 1, 2, 1, "",
          "x.yaml:1:2: error[T012]: wrong\n    1 | ab\n      |  ^\n" },
        /* nothing that a terminal would obey: ESC, NUL, C1, a right-to-left mark, broken UTF-8 */
        { SLICE("a\x1b[31m\0\xc2\x9b" "b\xe2\x80\xae" "c\xff"), 1, 1, 1, "h\x1b\n\t",
          "x.yaml:1:1: error[T012]: wrong\n    1 | a?[31m??b?c?\n      | ^\n  h???\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_print(rows[i].text, rows[i].line, rows[i].col, rows[i].span, rows[i].hint,
                    rows[i].expected);
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define SIXTY FIFTY TEN

static void long_lines(void **state)
{
    (void)state;
    check_print(S(SIXTY SIXTY), 1, 120, 9, "",
                "x.yaml:1:120: error[T012]: wrong\n    1 | " SIXTY SIXTY "\n      | "
                "                                                            "
                "                                                           ^\n");
    check_print(S(SIXTY SIXTY "x"), 1, 3, 2, "",
                "x.yaml:1:3: error[T012]: wrong\n    1 | " SIXTY SIXTY "...\n      |   ^^\n");
    check_print(S(SIXTY SIXTY SIXTY SIXTY), 1, 121, 2, "",
                "x.yaml:1:121: error[T012]: wrong\n    1 | ..." SIXTY SIXTY "...\n      | "
                "                                                               ^^\n");
    check_print(S(SIXTY SIXTY "end"), 1, 121, 9, "",
                "x.yaml:1:121: error[T012]: wrong\n    1 | ...3456789" FIFTY FIFTY TEN
                "end\n      | "
                "                                                            "
                "                                                            ^^^\n");
    /* no half characters at the cuts */
    check_print(S("\xc3\xb6" SIXTY "\xc3\xb6" FIFTY "123456\xc3\xb6" FIFTY), 1, 62, 1, "",
                "x.yaml:1:62: error[T012]: wrong\n    1 | ..." SIXTY "\xc3\xb6" FIFTY
                "123456...\n      | "
                "                                                              ^\n");
}

/* Without a hint of its own: what the table of codes says. */
static void remedies(void **state)
{
    struct arena arena;
    struct diags d = { .arena = &arena };
    struct buf out = { 0 };

    (void)state;
    arena_init(&arena, 1 << 16);
    diag_add(&d, DIAG_ERROR, "M012", (struct place){ 0 }, S(""), "c");
    diag_add(&d, DIAG_NOTE, "M012", (struct place){ 0 }, S("hint"), "d");
    diags_print(&out, &d);
    buf_byte(&out, '\0');
    assert_string_equal(out.ptr, "error[M012]: c\n"
                                 "  correct the name; TikTok drops unknown ones silently\n"
                                 "note[M012]: d\n  hint\n");
    buf_free(&out);
    arena_free(&arena);
}

static void levels_and_limit(void **state)
{
    struct arena arena;
    struct diags d = { .arena = &arena };
    struct buf out = { 0 };
    size_t kept = 0;

    (void)state;
    arena_init(&arena, 1 << 16);
    diag_add(&d, DIAG_WARNING, "T040", (struct place){ 0 }, S(""), "a %d", 1);
    diag_add(&d, DIAG_NOTE, "T041", (struct place){ 0 }, S(""), "b");
    diags_print(&out, &d);
    buf_byte(&out, '\0');
    assert_string_equal(out.ptr, "warning[T040]: a 1\nnote[T041]: b\n");
    assert_int_equal(d.errors, 0);
    assert_int_equal(d.warnings, 1);

    for (int i = 0; i < 150; i++)
        diag_add(&d, DIAG_ERROR, "T012", (struct place){ 0 }, S(""), "c");
    for (const struct diag *at = d.first; at; at = at->next)
        kept++;
    assert_int_equal(kept, 100);
    assert_int_equal(d.kept, 100);
    assert_int_equal(d.errors, 150);
    buf_clear(&out);
    diags_print(&out, &d);
    assert_true(slice_ends(buf_slice(&out), S("error[T012]: c\nand 52 more\n")));
    buf_free(&out);
    arena_free(&arena);

    /* no memory: at least the count says that there is something */
    arena_init(&arena, 0);
    d = (struct diags){ .arena = &arena };
    diag_add(&d, DIAG_ERROR, "T012", (struct place){ 0 }, S("h"), "c");
    assert_int_equal(d.errors, 1);
    assert_null(d.first);
    arena_free(&arena);
}

static void order_of_the_file(void **state)
{
    static const struct place places[] = { { .line = 3, .col = 1 }, { .line = 1, .col = 5 },
                                           { .line = 1, .col = 2 }, { .line = 3, .col = 1 },
                                           { .line = 0 } };
    struct source source = { SLICE("x"), SLICE("") };
    struct arena arena;
    struct diags d = { .arena = &arena };
    struct buf out = { 0 };

    (void)state;
    arena_init(&arena, 1 << 16);
    for (int i = 0; i < 5; i++) {
        struct place at = places[i];
        at.source = &source;
        diag_add(&d, DIAG_ERROR, "T012", at, S(""), "%d", i);
    }
    diag_add(&d, DIAG_ERROR, "T012", (struct place){ 0 }, S(""), "another file");
    for (const struct diag *at = d.first; at; at = at->next)
        buf_printf(&out, "%.*s ", SLICE_ARG(at->text));
    assert_true(slice_eq(buf_slice(&out), S("4 2 1 0 3 another file ")));
    assert_true(slice_eq(d.last->text, S("another file")));
    buf_free(&out);
    arena_free(&arena);
}

static void nearest(void **state)
{
    static const struct slice list[] = { SLICE("events"), SLICE("event"), SLICE("ttclid"),
                                         SLICE("ip"),     SLICE("payout"), SLICE("user_agent"),
                                         { 0 } };
    static const struct {
        const char *word, *expected;
    } rows[] = {
        { "evnets", "events" },  { "evnet", "event" },       { "eventss", "events" },
        { "TTCLID", "ttclid" },  { "ttlcid", "ttclid" },     { "tclid", "ttclid" },
        { "clickid", "" },       { "useragent", "user_agent" }, { "user-agent", "user_agent" },
        { "IP", "ip" },          { "iq", "" },               { "iip", "ip" },
        { "pyaout", "payout" },  { "payouts", "payout" },    { "xxxxxx", "" },
        { "", "" },              { "e", "" },                { FIFTY TEN "abcde", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice copy = guard_copy(slice_from(rows[i].word));
        struct slice found = diag_nearest(copy, list);
        if (!slice_eq(found, slice_from(rows[i].expected)))
            fail_msg("%s: %.*s", rows[i].word, SLICE_ARG(found));
        guard_free(copy);
    }
}

static void suggest(void **state)
{
    static const struct slice few[] = { SLICE("lead"), SLICE("sale"), { 0 } };
    static const struct slice none[] = { { 0 } };
    static const struct slice many[] = { SLICE(FIFTY), SLICE(FIFTY), { 0 } };
    static const struct slice most[] = { SLICE(FIFTY), SLICE(TEN TEN TEN TEN "12345678"), { 0 } };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    assert_true(slice_eq(diag_suggest(&arena, S("slae"), few), S("did you mean \"sale\"?")));
    assert_true(slice_eq(diag_suggest(&arena, S("xyz"), few), S("one of: lead, sale")));
    assert_int_equal(diag_suggest(&arena, S("xyz"), none).len, 0);
    assert_int_equal(diag_suggest(&arena, S("xyz"), many).len, 0);
    assert_int_equal(diag_suggest(&arena, S("xyz"), most).len, 8 + 100);
    arena_free(&arena);
}

static void notes(void **state)
{
    struct arena arena;
    struct notes n = { .arena = &arena };
    size_t count = 0;

    (void)state;
    note_add(NULL, "W001", S("a"), "nothing to write on");
    arena_init(&arena, 1 << 16);
    for (int i = 0; i < 60; i++)
        note_add(&n, "W001", S("subid"), "%s: %d", "subid", i);
    for (const struct note *at = n.first; at; at = at->next, count++)
        assert_true(slice_eq(at->subject, S("subid")));
    assert_int_equal(count, 50);
    assert_int_equal(n.count, 50);
    assert_true(slice_eq(n.first->text, S("subid: 0")));
    assert_true(slice_eq(n.last->text, S("subid: 49")));
    assert_string_equal(n.last->code, "W001");

    assert_true(slice_eq(note_short(&arena, S(SIXTY)), S(SIXTY)));
    assert_true(slice_eq(note_short(&arena, S(SIXTY "x")), S(SIXTY "...")));
    assert_true(slice_eq(note_short(&arena, S(FIFTY "123456789\xc3\xb6")),
                         S(FIFTY "123456789...")));
    assert_true(slice_eq(note_short(&arena, S(FIFTY "12345678\xc3\xb6x")),
                         S(FIFTY "12345678\xc3\xb6...")));
    assert_true(slice_eq(note_short(&arena, S(FIFTY "1234567\xf0\x9f\x98\x80x")),
                         S(FIFTY "1234567...")));
    assert_true(slice_eq(note_short(&arena, S(FIFTY "123456789\xff\xff")),
                         S(FIFTY "123456789\xff...")));
    assert_int_equal(note_short(&arena, S("")).len, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),  cmocka_unit_test(long_lines), cmocka_unit_test(levels_and_limit),
        cmocka_unit_test(nearest), cmocka_unit_test(suggest),    cmocka_unit_test(notes),
        cmocka_unit_test(order_of_the_file), cmocka_unit_test(remedies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
