#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/params/params.h"
#include "tests/support/guard.h"

struct fixture {
    struct arena arena;
    struct notes notes;
    struct params p;
    struct err err;
    struct buf text;
};

static void start(struct fixture *f)
{
    *f = (struct fixture){ .err = { .text = "" } };
    arena_init(&f->arena, 1 << 20);
    f->notes.arena = &f->arena;
    f->p.arena = &f->arena;
    f->p.notes = &f->notes;
}

static void finish(struct fixture *f)
{
    arena_free(&f->arena);
    buf_free(&f->text);
}

static const char *cstr(struct fixture *f)
{
    buf_byte(&f->text, '\0');
    assert_true(buf_ok(&f->text));
    return f->text.ptr;
}

/* a=1|b=2 */
static const char *shown(struct fixture *f)
{
    buf_clear(&f->text);
    for (size_t i = 0; i < f->p.count; i++) {
        if (i)
            buf_byte(&f->text, '|');
        buf_add(&f->text, f->p.list[i].name);
        buf_byte(&f->text, '=');
        buf_add(&f->text, f->p.list[i].value);
    }
    return cstr(f);
}

/* W001 sentence, one a line */
static const char *noted(struct fixture *f)
{
    buf_clear(&f->text);
    for (const struct note *n = f->notes.first; n; n = n->next) {
        buf_puts(&f->text, n == f->notes.first ? "" : "\n");
        buf_printf(&f->text, "%s ", n->code);
        buf_add(&f->text, n->text);
        assert_true(slice_starts(n->text, slice_head(n->subject, 60)));
    }
    return cstr(f);
}

typedef int reader(struct params *p, struct slice raw, struct err *err);

static void check(reader *read, const char *raw, const char *params, const char *notes)
{
    struct slice copy = guard_copy(slice_from(raw));
    struct fixture f;

    start(&f);
    if (read(&f.p, copy, &f.err) != 0)
        fail_msg("\"%s\": %s", raw, f.err.text);
    guard_free(copy); /* nothing may point into it any more */
    if (strcmp(shown(&f), params) != 0)
        fail_msg("\"%s\" gave \"%s\", expected \"%s\"", raw, shown(&f), params);
    if (strcmp(noted(&f), notes) != 0)
        fail_msg("\"%s\" noted \"%s\", expected \"%s\"", raw, noted(&f), notes);
    finish(&f);
}

static void check_error(reader *read, const char *raw, enum err_kind kind, const char *text)
{
    struct slice copy = guard_copy(slice_from(raw));
    struct fixture f;

    start(&f);
    if (read(&f.p, copy, &f.err) != -1)
        fail_msg("\"%s\" was accepted as \"%s\"", raw, shown(&f));
    guard_free(copy);
    if (strcmp(f.err.text, text) != 0)
        fail_msg("\"%s\" said \"%s\", expected \"%s\"", raw, f.err.text, text);
    assert_int_equal(f.err.kind, kind);
    finish(&f);
}

#define ATE(sign, rest, entity)                                                                    \
    "W002 " entity rest ": \"" sign rest "\" was read as \"&" entity rest                          \
    "\" (an HTML page or editor ate the \"&" entity "\"; copy the URL as plain text)"
#define AMP(name)                                                                                  \
    "W001 " name ": \"&amp;\" was read as \"&\" (the URL comes from HTML source; copy it as " \
    "plain text)"
#define SECOND(name)                                                                               \
    "W003 " name ": a second \"?\" was read as \"&\" (something appends parameters with \"?\" to " \
    "a URL that has some; it should use \"&\")"
#define IN_PATH(name) "W004 " name ": stands in the path; it was read as if a \"?\" came before it"
#define ESCAPE(name)                                                                               \
    "W005 " name ": a \"%\" without two hexadecimal digits behind it was kept as it is (send "     \
    "\"%25\" for a percent sign)"
#define TWICE(name) "W006 " name ": given twice with the same value"
#define NOT_UTF8(name) "W007 " name ": not UTF-8; the bytes were kept as they are"
#define CONTROL(name)                                                                              \
    "W008 " name ": holds control characters, such as NUL or a line end; they were kept"
#define NAMELESS "W009 a value without a name was skipped"

#define FRAGMENT                                                                                   \
    "W010 #: what stands behind it is lost, since no server gets it; write %23 for a \"#\" in a "  \
    "value"
#define SIXTY "012345678901234567890123456789012345678901234567890123456789"

struct row {
    const char *raw, *params, *notes;
};

static void check_rows(reader *read, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(read, rows[i].raw, rows[i].params, rows[i].notes);
}
#define CHECK_ROWS(read, rows) check_rows(read, rows, sizeof(rows) / sizeof(*rows))

static void plain_queries(void **state)
{
    static const struct row rows[] = {
        { "", "", "" },
        { "&", "", "" },
        { "a=1", "a=1", "" },
        { "a=1&b=2&a=3", "a=1|b=2|a=3", "" },
        { "&&a=1&&b=2&", "a=1|b=2", "" },
        { "a=", "a=", "" },
        { "a", "a=", "" },
        { "x=1&__CID__&y=2", "x=1|__CID__=|y=2", "" },
        { "a=b=c==", "a=b=c==", "" },
        { "a+b=c+d%20e%2Bf", "a b=c d e+f", "" },
        { "a;b=1;2", "a;b=1;2", "" },
        { "A=1&a=2", "A=1|a=2", "" },
        { "tracker.event=sale&items[0]=x&b[]=", "tracker.event=sale|items[0]=x|b[]=", "" },
        { "%61%3d=%3D%26", "a==" "=&", "" },
        { "ua=M%C3%BCller%E2%82%AC", "ua=Müller€", "" },
        { "city=Köln", "city=Köln", "" },
        { "=x", "", NAMELESS },
        { "=", "", NAMELESS },
        { "a=1&=x&b=2", "a=1|b=2", NAMELESS },
        { "url=http://x.example/?a=1", "url=http://x.example/?a=1", "" },
        { "{x}={y}", "{x}={y}", "" },
        { "subid=2t4ch5&external_id=E.C.P.abc_-&status=sale&payout=12.50&currency=eur&tid=9",
          "subid=2t4ch5|external_id=E.C.P.abc_-|status=sale|payout=12.50|currency=eur|tid=9", "" },
    };

    (void)state;
    CHECK_ROWS(params_query, rows);
    CHECK_ROWS(params_form, rows);
    check(params_form, "a=1&b=2\r\n", "a=1|b=2", "");
}

/* Whatever byte stands wherever in a long value: it comes out, and what is odd about it is said. */
static void every_byte_everywhere(void **state)
{
    char raw[2 + 20] = "a=", want[20];
    struct fixture f;

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *code = c == '%' ? "W005" : c >= 0x80 ? "W007" : c < 0x20 || c == 0x7f ? "W008" : NULL;
        if (c == '&' || c == '?') /* what these do: below */
            continue;
        for (size_t at = 0; at < sizeof(want); at++) {
            struct slice copy;
            memset(raw + 2, 'x', sizeof(want));
            memset(want, 'x', sizeof(want));
            raw[2 + at] = (char)c;
            want[at] = c == '+' ? ' ' : (char)c;
            copy = guard_copy((struct slice){ raw, sizeof(raw) });
            start(&f);
            assert_int_equal(params_query(&f.p, copy, &f.err), 0);
            assert_int_equal(f.p.count, 1);
            assert_true(slice_eq(f.p.list[0].value, (struct slice){ want, sizeof(want) }));
            assert_int_equal(f.notes.first != NULL, code != NULL);
            if (code)
                assert_string_equal(f.notes.first->code, code);
            finish(&f);
            guard_free(copy);
        }
    }
}

static void odd_bytes(void **state)
{
    static const struct row rows[] = {
        { "a=%", "a=%", ESCAPE("a") },
        { "a=100%&b=2", "a=100%|b=2", ESCAPE("a") },
        { "a=%4", "a=%4", ESCAPE("a") },
        { "a=%4g", "a=%4g", ESCAPE("a") },
        { "a=%u0041%zz", "a=%u0041%zz", ESCAPE("a") },
        { "%=1", "%=1", ESCAPE("%") },
        { "a=\xff", "a=\xff", NOT_UTF8("a") },
        { "a=%FF%fe", "a=\xff\xfe", NOT_UTF8("a") },
        { "a=%C3", "a=\xc3", NOT_UTF8("a") },
        { "a=%ED%A0%80", "a=\xed\xa0\x80", NOT_UTF8("a") },
        { "a=%0A", "a=\n", CONTROL("a") },
        { "a=x%7f", "a=x\x7f", CONTROL("a") },
        { SIXTY "x=%", SIXTY "x=%", ESCAPE(SIXTY "...") },
        { "a=\x01%FF%", "a=\x01\xff%", ESCAPE("a") "\n" NOT_UTF8("a") "\n" CONTROL("a") },
    };
    struct fixture f;
    struct slice value;

    (void)state;
    CHECK_ROWS(params_query, rows);
    start(&f);
    assert_int_equal(params_query(&f.p, S("a=x%00y&b=%00"), &f.err), 0);
    assert_true(params_get(&f.p, S("a"), &value));
    assert_true(slice_eq(value, S("x\0y")));
    assert_true(params_get(&f.p, S("b"), &value));
    assert_true(slice_eq(value, S("\0")));
    assert_false(params_get(&f.p, S("c"), &value));
    assert_string_equal(noted(&f), CONTROL("a") "\n" CONTROL("b"));
    finish(&f);
}

static void amp_left_in(void **state)
{
    static const struct row rows[] = {
        { "a=1&amp;b=2&amp;c=3", "a=1|b=2|c=3", AMP("b") },
        { "a=1&amp;amp;b=2", "a=1|b=2", AMP("b") },
        { "a=1&AMP;b=2", "a=1|b=2", AMP("b") },
        { "a=1&amp%3Bb=2", "a=1|b=2", AMP("b") },
        { "a=1&amp%3bb=2", "a=1|b=2", AMP("b") },
        { "a=1&#038;b=2&#38;c=3&#x26;d=4", "a=1|b=2|c=3|d=4", AMP("b") },
        { "a=1&amp;", "a=1", "" },
        { "a=1&amp=2&ampere=3", "a=1|amp=2|ampere=3", "" },
        { "a=x%26amp%3Bb=2", "a=x&amp;b=2", "" },
    };

    (void)state;
    CHECK_ROWS(params_query, rows);
}

static void entities_eaten(void **state)
{
    static const struct row rows[] = {
        { "payout=10¤cy=EUR", "payout=10|currency=EUR", ATE("¤", "cy", "curren") },
        { "payout=10%C2%A4cy=EUR", "payout=10|currency=EUR", ATE("¤", "cy", "curren") },
        { "payout=10%c2%a4cy=EUR&z=1", "payout=10|currency=EUR|z=1", ATE("¤", "cy", "curren") },
        { "payout=10\xa4" "cy=EUR", "payout=10|currency=EUR", ATE("¤", "cy", "curren") },
        { "payout=10%A4cy=EUR", "payout=10|currency=EUR", ATE("¤", "cy", "curren") },
        { "¤cy=EUR", "currency=EUR", ATE("¤", "cy", "curren") },
        { "a=1&¤cy=EUR", "a=1|currency=EUR", ATE("¤", "cy", "curren") },
        { "tag¤cy=EUR", "tag=|currency=EUR", ATE("¤", "cy", "curren") },
        { "a=1¶m1=x¶m2=y", "a=1|param1=x|param2=y",
          ATE("¶", "m1", "para") "\n" ATE("¶", "m2", "para") },
        { "a=1®ion=DE®=9®_status=ok", "a=1|region=DE|reg=9|reg_status=ok",
          ATE("®", "ion", "reg") "\n" ATE("®", "", "reg") "\n" ATE("®", "_status", "reg") },
        { "A=1®ION=DE", "A=1|REGION=DE", ATE("®", "ION", "REG") },
        { "A=1®Id=DE©ID=2", "A=1|regId=DE|COPYID=2",
          ATE("®", "Id", "reg") "\n" ATE("©", "ID", "COPY") },
        { "a=1×tamp=5", "a=1|timestamp=5", ATE("×", "tamp", "times") },
        { "a=1\xd7tamp=5", "a=1|timestamp=5", ATE("×", "tamp", "times") },
        { "a=1©id=5", "a=1|copyid=5", ATE("©", "id", "copy") },
        { "a=1¬es=5", "a=1|notes=5", ATE("¬", "es", "not") },
        { "a=1§ion=5", "a=1|section=5", ATE("§", "ion", "sect") },
        { "a=1¢s=5", "a=1|cents=5", ATE("¢", "s", "cent") },
        { "a=1°ree=5", "a=1|degree=5", ATE("°", "ree", "deg") },
        { "a=1µs=5", "a=1|micros=5", ATE("µ", "s", "micro") },
        { "a=1ð_address=5", "a=1|eth_address=5", ATE("ð", "_address", "eth") },
        { "a=£s=5¥=6", "a=|pounds=5|yen=6", ATE("£", "s", "pound") "\n" ATE("¥", "", "yen") },
        { "city=Köln¤cy=EUR", "city=Köln|currency=EUR", ATE("¤", "cy", "curren") },
        /* No '=' behind a name, or a second reading: kept. */
        { "a=10¤cy", "a=10¤cy", "" },
        { "a=10¤", "a=10¤", "" },
        { "a=10¤c y=1", "a=10¤c y=1", "" },
        { "a=10¤cy%3DEUR", "a=10¤cy=EUR", "" },
        { "a=größe=5", "a=größe=5", "" },
        { "a=José=5", "a=José=5", "" },
        { "a=1 b=2", "a=1 b=2", "" }, /* no-break space */
        { "a=1%E2%82%A4cy=5", "a=1₤cy=5", "" }, /* A4 is a part of another character */
        { "a=\xd3\xa4" "cy=5", "a=\xd3\xa4" "cy=5", "" },
        { "a=\xe4\xb8\xa4=5", "a=两=5", "" },
        { "a=\xe0\xa4" "cy=5", "a=\xe0\xa4" "cy=5", NOT_UTF8("a") },
        { "a=1<v=5", "a=1<v=5", "" },
    };

    (void)state;
    CHECK_ROWS(params_query, rows);
}

static void second_question_mark(void **state)
{
    static const struct row rows[] = {
        { "c=tk4u2h?utm_source=x", "c=tk4u2h|utm_source=x", SECOND("utm_source") },
        { "c=1?a=2?b.c=3&d=4", "c=1|a=2|b.c=3|d=4", SECOND("a") "\n" SECOND("b.c") },
        { "?a=1", "a=1", SECOND("a") },
        { "a=1&?b=2", "a=1|b=2", SECOND("b") },
        { "__CID__?b=2", "__CID__=|b=2", SECOND("b") },
        { "a=1?b=2¤cy=EUR", "a=1|b=2|currency=EUR",
          SECOND("b") "\n" ATE("¤", "cy", "curren") },
        { "a=1&amp;c=2?b=3", "a=1|c=2|b=3", AMP("c") "\n" SECOND("b") },
        { "a/b=1?c=2", "a/b=1|c=2", SECOND("c") },
        { "c=x?b", "c=x?b", "" },
        { "c=x?", "c=x?", "" },
        { "c=x?=1", "c=x?=1", "" },
        { "c=x?b c=1", "c=x?b c=1", "" },
        { "c=x%3Fb=1", "c=x?b=1", "" },
        { "u=https://x.example?b=1", "u=https://x.example?b=1", "" },
        { "u=https%3A%2F%2Fx.example?b=1", "u=https://x.example?b=1", "" },
        { "u=/lander?b=1", "u=/lander?b=1", "" },
    };

    (void)state;
    CHECK_ROWS(params_query, rows);
}

static void urls(void **state)
{
    static const struct row rows[] = {
        { "https://h.example/p/x?a=1&b=2#top", "a=1|b=2", "" },
        { "https://h.example/p/x?a=1&b=2#c=3", "a=1|b=2", FRAGMENT },
        { "https://h.example?a=1", "a=1", "" },
        { "http://h.example:8080/p?a=1", "a=1", "" },
        { "?a=b", "a=b", "" },
        { "a=b&c=d", "a=b|c=d", "" },
        { "&a=b", "a=b", "" },
        { "  a=b \r\n", "a=b", "" },
        { "/postback/offer?a=1", "a=1", "" },
        { "//h.example/p?a=1", "a=1", "" },
        { "https://h.example/p", "", "" },
        { "https://h.example/p?", "", "" },
        { "https://h.example", "", "" },
        { "", "", "" },
        { "#a=1", "", FRAGMENT },
        { "a=1#b=2", "a=1", FRAGMENT },
        { "https://h.example/?a=1&#038;b=2#c", "a=1|b=2", AMP("b") },
        { "https://h.example/?a=1&#c=2", "a=1", FRAGMENT },
        { "host.example/postback/subid=1&status=sale", "subid=1|status=sale", IN_PATH("subid") },
        { "http://host.example/postback/subid=1&status=sale", "subid=1|status=sale",
          IN_PATH("subid") },
        { "/postback/subid=1", "subid=1", IN_PATH("subid") },
        { "/postback/offer&subid=1", "subid=1", IN_PATH("subid") },
        { "https://h.example/postback/offer&subid=1&b=2", "subid=1|b=2", IN_PATH("subid") },
        { "https://h.example&subid=1", "subid=1", IN_PATH("subid") },
        { "/postback/subid=1?x=2", "subid=1|x=2", IN_PATH("subid") },
        { "/postback/subid=1&u=http://x.example/?y=2", "subid=1|u=http://x.example/?y=2",
          IN_PATH("subid") },
        { "u=https://x.example/?y=1&b=2", "u=https://x.example/?y=1|b=2", "" },
        { "https://h.example/?u=https://x.example/?y=1&b=2", "u=https://x.example/?y=1|b=2", "" },
        { "c=tk4u2h?utm_source=x", "c=tk4u2h|utm_source=x", SECOND("utm_source") },
        { "https://h.example/?c=tk4u2h?utm_source=x", "c=tk4u2h|utm_source=x",
          SECOND("utm_source") },
        { "https://h.example??a=1", "a=1", SECOND("a") },
        { "https://example.com/key/postback?status=lead&payout=10¤cy=EUR",
          "status=lead|payout=10|currency=EUR", ATE("¤", "cy", "curren") },
        { "https://h.example/?external_id=__CAMPAIGN_NAME__&__CID__&ttclid=__CLICKID__",
          "external_id=__CAMPAIGN_NAME__|__CID__=|ttclid=__CLICKID__", "" },
    };

    (void)state;
    CHECK_ROWS(params_url, rows);
}

static void json_bodies(void **state)
{
    static const struct row rows[] = {
        { "{}", "", "" },
        { " \t\r\n{ } \n", "", "" },
        { "\xef\xbb\xbf{\"a\":1}", "a=1", "" },
        { "{\"a\":\"x\",\"b\":2,\"c\":true,\"d\":false,\"e\":null}",
          "a=x|b=2|c=true|d=false|e=null", "" },
        { "{\"payout\":12.10,\"b\":-0,\"c\":1e3,\"d\":-1.5E-7,\"e\":12345678901234567890.10}",
          "payout=12.10|b=-0|c=1e3|d=-1.5E-7|e=12345678901234567890.10", "" },
        { "{\"tracker\":{\"event\":\"sale\",\"x\":{}},\"items\":[{\"id\":1},[2,3],[],\"z\"]}",
          "tracker.event=sale|items.0.id=1|items.1.0=2|items.1.1=3|items.3=z", "" },
        { "{\"a\":1,\"a\":2}", "a=1|a=2", "" },
        { "{\"a.b\":1,\"a\":{\"b\":1}}", "a.b=1|a.b=1", "" },
        { "{\"\":1,\"b\":2}", "b=2", NAMELESS },
        { "{\"\":{\"b\":2}}", ".b=2", "" },
        { "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a=\"\\/\b\f\n\r\t", CONTROL("a") },
        { "{\"a\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"}", "a=Aé€😀", "" },
        { "{\"\\u0061\":\"\"}", "a=", "" },
        { "{\"a\":\"é€😀\"}", "a=é€😀", "" },
        { "{\"a+b\":\"c+d%20&e=?f\"}", "a+b=c+d%20&e=?f", "" },
        { "{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}",
          "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0=1", "" },
    };
    struct fixture f;

    (void)state;
    CHECK_ROWS(params_json, rows);
    start(&f);
    assert_int_equal(params_json(&f.p, S("{\"a\":\"x\\u0000y\"}"), &f.err), 0);
    assert_true(slice_eq(f.p.list[0].value, S("x\0y")));
    assert_string_equal(noted(&f), CONTROL("a"));
    finish(&f);
}

#define AT(offset, what) "the JSON body is not valid at offset " #offset ": " what
#define VALUE "expected a value: a string in quotes, a number, true, false, null, { or ["
#define FIRST_HALF "the first half of a surrogate pair stands alone"

static void json_errors(void **state)
{
    static const char object[] = "the JSON body must be an object like {\"subid\":\"...\"}";
    static const struct {
        const char *raw, *text;
    } rows[] = {
        { "", object },
        { "[]", object },
        { "[{\"a\":1}]", object },
        { "\"a\"", object },
        { "1", object },
        { "null", object },
        { "a=1", object },
        { "{", AT(1, "expected a name in quotes") },
        { "{a:1}", AT(1, "expected a name in quotes") },
        { "{'a':1}", AT(1, "expected a name in quotes") },
        { "{\"a\":1,}", AT(7, "expected a name in quotes") },
        { "{\"a\" 1}", AT(5, "expected \":\" after a name") },
        { "{\"a\"", AT(4, "expected \":\" after a name") },
        { "{\"a\":", AT(5, "the text ends too early") },
        { "{\"a\":}", AT(5, VALUE) },
        { "{\"a\":tru}", AT(5, VALUE) },
        { "{\"a\":NaN}", AT(5, VALUE) },
        { "{\"a\":+1}", AT(5, VALUE) },
        { "{\"a\":.5}", AT(5, VALUE) },
        { "{\"a\":01}", AT(6, "a number begins with a needless 0") },
        { "{\"a\":-}", AT(6, "expected a digit") },
        { "{\"a\":1.}", AT(7, "expected a digit after the point") },
        { "{\"a\":1e}", AT(7, "expected a digit in the exponent") },
        { "{\"a\":1e+}", AT(8, "expected a digit in the exponent") },
        { "{\"a\":1", AT(6, "expected \",\" or \"}\"") },
        { "{\"a\":1 \"b\":2}", AT(7, "expected \",\" or \"}\"") },
        { "{\"a\":truex}", AT(9, "expected \",\" or \"}\"") },
        { "{\"a\":[1 2]}", AT(8, "expected \",\" or \"]\"") },
        { "{\"a\":[1,]}", AT(8, VALUE) },
        { "{\"a\":[1}", AT(7, "expected \",\" or \"]\"") },
        { "{\"a", AT(1, "a string is not closed") },
        { "{\"a\":\"b\\\"}", AT(5, "a string is not closed") },
        { "{\"a\":\"b\\", AT(5, "a string is not closed") },
        { "{\"a\":\"\\x\"}", AT(7, "unknown escape in a string") },
        { "{\"a\":\"\\u12g4\"}", AT(10, "expected four hexadecimal digits after \\u") },
        { "{\"a\":\"\\u12\"}", AT(10, "expected four hexadecimal digits after \\u") },
        { "{\"a\":\"\\ud83d\"}", AT(12, FIRST_HALF) },
        { "{\"a\":\"\\ud83d\\n\"}", AT(12, FIRST_HALF) },
        { "{\"a\":\"\\ud83d\\u0041\"}", AT(18, FIRST_HALF) },
        { "{\"a\":\"\\ude00\"}", AT(12, "the second half of a surrogate pair stands alone") },
        { "{\"a\":\"\n\"}", AT(6, "a control character in a string must be escaped") },
        { "{\"a\":\"\x1f\"}", AT(6, "a control character in a string must be escaped") },
        { "{\"a\":\"\xff\"}", AT(6, "a string is not UTF-8") },
        { "{\"a\":\"\xed\xa0\x80\"}", AT(6, "a string is not UTF-8") },
        { "{\"a\":\"\xc3\"}", AT(6, "a string is not UTF-8") },
        { "{\"a\":1}x", AT(7, "something follows the object") },
        { "{\"a\":1}{}", AT(7, "something follows the object") },
        { "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
          "the JSON body is nested more than 16 levels deep" },
    };
    char deep[5 + 1000 + 1], name[1100];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_error(params_json, rows[i].raw, ERR_INPUT, rows[i].text);
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    deep[sizeof(deep) - 1] = '\0';
    check_error(params_json, deep, ERR_INPUT, "the JSON body is nested more than 16 levels deep");
    snprintf(name, sizeof(name), "{\"%01000d\":1}", 0);
    check_error(params_json, name, ERR_INPUT,
                "a name in the JSON body is longer than 1000 bytes, with the names around it");
}

static void bodies(void **state)
{
    static const char multipart[] = "a multipart body is not supported: send application/json or "
                                    "application/x-www-form-urlencoded";
    static const struct {
        const char *type, *raw, *params;
    } rows[] = {
        { "application/json", "{\"a\":1}", "a=1" },
        { "Application/JSON; charset=utf-8", "{\"a\":1}", "a=1" },
        { "application/vnd.x+json", "{\"a\":1}", "a=1" },
        { "application/json", " ", "" },
        { "application/x-www-form-urlencoded", "a=1&b=%41", "a=1|b=A" },
        { "application/x-www-form-urlencoded; charset=utf-8", "a=1\n", "a=1" },
        { "application/x-www-form-urlencoded", "{\"a\":1}", "a=1" },
        { "application/x-www-form-urlencoded", "{a}=1", "{a}=1" },
        { "", "{\"a\":1}", "a=1" },
        { "", "a=1", "a=1" },
        { "", "", "" },
        { "text/plain", " {\"a\":1}", "a=1" },
        { "text/plain", "a=1", "a=1" },
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        start(&f);
        assert_int_equal(params_body(&f.p, slice_from(rows[i].type), slice_from(rows[i].raw),
                                     &f.err), 0);
        assert_string_equal(shown(&f), rows[i].params);
        finish(&f);
    }
    start(&f);
    assert_int_equal(params_body(&f.p, S("multipart/form-data; boundary=x"), S("--x"), &f.err), -1);
    assert_string_equal(f.err.text, multipart);
    assert_int_equal(params_body(&f.p, S("text/plain"), S("[1]"), &f.err), -1);
    assert_string_equal(f.err.text, "the JSON body must be an object like {\"subid\":\"...\"}");
    assert_int_equal(params_body(&f.p, S("application/json"), S("a=1"), &f.err), -1);
    assert_string_equal(f.err.text, "the JSON body must be an object like {\"subid\":\"...\"}");
    finish(&f);
}

static void append_and_limit(void **state)
{
    struct buf query = { 0 }, json = { 0 };
    struct fixture f;

    (void)state;
    buf_byte(&json, '{');
    for (int i = 0; i < 200; i++) {
        buf_printf(&query, "%sp%d=%d", i ? "&" : "", i, i);
        buf_printf(&json, "%s\"p%d\":%d", i ? "," : "", i, i);
    }
    start(&f);
    assert_int_equal(params_query(&f.p, buf_slice(&query), &f.err), 0);
    assert_int_equal(f.p.count, 200);
    assert_true(slice_eq(f.p.list[199].name, S("p199")));
    assert_int_equal(params_conflict(&f.p).len, 0);
    assert_int_equal(params_query(&f.p, S("x=1"), &f.err), -1);
    assert_string_equal(f.err.text, "more than 200 parameters: the limit is 200");
    assert_int_equal(f.err.kind, ERR_INPUT);
    finish(&f);

    buf_puts(&query, "&x=1");
    buf_puts(&json, ",\"x\":1}");
    buf_byte(&query, '\0');
    buf_byte(&json, '\0');
    check_error(params_query, query.ptr, ERR_INPUT, "more than 200 parameters: the limit is 200");
    check_error(params_json, json.ptr, ERR_INPUT, "more than 200 parameters: the limit is 200");
    buf_free(&query);
    buf_free(&json);

    start(&f);
    f.p.max = 3;
    assert_int_equal(params_query(&f.p, S("a=1&b=2"), &f.err), 0);
    assert_int_equal(params_json(&f.p, S("{\"c\":3}"), &f.err), 0);
    assert_string_equal(shown(&f), "a=1|b=2|c=3");
    assert_int_equal(params_form(&f.p, S("d=4"), &f.err), -1);
    assert_string_equal(f.err.text, "more than 3 parameters: the limit is 3");
    finish(&f);
}

/* Whatever the arena's limit, the answer is ERR_BUSY or the whole list. */
static void full_arena(void **state)
{
    static const struct slice query = SLICE("a=1&amp;b=2¤cy=EUR?d=%FF&e=5");
    static const struct slice json = SLICE("{\"a\":\"1\",\"b\":{\"c\":[1,2,\"\\u0001\"]}}");
    unsigned busy = 0;

    (void)state;
    for (size_t limit = 0; limit < 4000; limit++)
        for (int form = 0; form < 2; form++) {
            struct fixture f;
            start(&f);
            f.arena.limit = limit;
            if ((form ? params_json(&f.p, json, &f.err) : params_query(&f.p, query, &f.err)) != 0) {
                assert_int_equal(f.err.kind, ERR_BUSY);
                assert_string_equal(f.err.text, "the request needs more memory than its limit");
                busy++;
            } else {
                assert_string_equal(shown(&f), form ? "a=1|b.c.0=1|b.c.1=2|b.c.2=\x01"
                                                    : "a=1|b=2|currency=EUR|d=\xff|e=5");
            }
            finish(&f);
        }
    assert_in_range(busy, 500, 7000);
}

static void conflicts(void **state)
{
    static const struct {
        const char *raw, *conflict, *notes;
    } rows[] = {
        { "", "", "" },
        { "a=1", "", "" },
        { "a=1&A=2&b=1", "", "" },
        { "a=1&a=2", "a", "" },
        { "a=1&a=", "a", "" },
        { "a=1&b=1&b=2&a=1&a=3", "a", "" },
        { "z=1&a=1&a=2&z=2", "z", "" },
        { "a=1&a=1", "", TWICE("a") },
        { "z=1&a=2&z=1&a=2&z=1", "", TWICE("z") "\n" TWICE("a") },
        { "a=1&a=1&b=1&b=2", "b", "" },
        { "x=1&currency=USD¤cy=EUR", "currency", ATE("¤", "cy", "curren") },
    };
    struct buf many = { 0 };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        start(&f);
        assert_int_equal(params_query(&f.p, slice_from(rows[i].raw), &f.err), 0);
        assert_true(slice_eq(params_conflict(&f.p), slice_from(rows[i].conflict)));
        assert_string_equal(noted(&f), rows[i].notes);
        finish(&f);
    }
    start(&f);
    assert_int_equal(params_json(&f.p, S("{\"a.b\":1,\"a\":{\"b\":1.0}}"), &f.err), 0);
    assert_true(slice_eq(params_conflict(&f.p), S("a.b")));
    finish(&f);
    for (int i = 0; i < 190; i++)
        buf_printf(&many, "p%d=%d&", i, i);
    buf_puts(&many, "q=1&p7=7&p5=6&p4=5");
    start(&f);
    assert_int_equal(params_query(&f.p, buf_slice(&many), &f.err), 0);
    assert_true(slice_eq(params_conflict(&f.p), S("p4")));
    finish(&f);
    buf_free(&many);
}

static void without_notes(void **state)
{
    struct fixture f;

    (void)state;
    start(&f);
    f.p.notes = NULL;
    assert_int_equal(params_url(&f.p, S("/x/a=1&amp;b=%¤cy=%FF?c=1&b=%"), &f.err), 0);
    assert_string_equal(shown(&f), "a=1|b=%|currency=\xff|c=1|b=%");
    assert_int_equal(params_conflict(&f.p).len, 0);
    finish(&f);
}

/* cJSON as the oracle: random documents must be read alike. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void random_string(struct buf *b, uint32_t *seed)
{
    static const char *const parts[] = { "a", "B7", "\\n", "\\u00e9", "é", "\\ud83d\\ude00",
                                         "\\\"",
                                         "€", "x y", "\\/", "\\u0041", "%41", "=&" };

    buf_byte(b, '"');
    for (uint32_t n = next_random(seed) % 5; n; n--)
        buf_puts(b, parts[next_random(seed) % (sizeof(parts) / sizeof(*parts))]);
    buf_byte(b, '"');
}

static void random_value(struct buf *b, uint32_t *seed, int depth)
{
    static const char *const scalars[] = { "0", "-1", "12.10", "1e3", "-0.5E-2", "12345678901",
                                           "true", "false", "null" };
    uint32_t kind = next_random(seed) % (depth < 5 ? 5 : 3), n = next_random(seed) % 4;

    if (kind == 0)
        buf_puts(b, scalars[next_random(seed) % (sizeof(scalars) / sizeof(*scalars))]);
    else if (kind < 3)
        random_string(b, seed);
    else {
        buf_byte(b, kind == 3 ? '{' : '[');
        for (uint32_t i = 0; i < n; i++) {
            buf_puts(b, i ? ", " : " ");
            if (kind == 3) {
                random_string(b, seed);
                buf_byte(b, ':');
            }
            random_value(b, seed, depth + 1);
        }
        buf_byte(b, kind == 3 ? '}' : ']');
    }
}

static void flatten(struct buf *out, const char *prefix, const cJSON *item, bool top)
{
    char name[4000];
    size_t index = 0;

    for (const cJSON *child = item->child; child; child = child->next, index++) {
        if (cJSON_IsArray(item))
            snprintf(name, sizeof(name), "%s%s%zu", prefix, top ? "" : ".", index);
        else
            snprintf(name, sizeof(name), "%s%s%s", prefix, top ? "" : ".", child->string);
        if (cJSON_IsObject(child) || cJSON_IsArray(child))
            flatten(out, name, child, false);
        else if (name[0] && cJSON_IsString(child))
            buf_printf(out, "%s=%s|", name, child->valuestring);
        else if (name[0] && cJSON_IsNumber(child))
            buf_printf(out, "%s=%.17g|", name, child->valuedouble);
        else if (name[0])
            buf_printf(out, "%s=%s|", name, cJSON_IsNull(child)   ? "null"
                                            : cJSON_IsTrue(child) ? "true"
                                                                  : "false");
    }
}

static bool is_number(struct slice s)
{
    return s.len && (s.ptr[0] == '-' || ascii_is_digit(s.ptr[0])) &&
           slice_index(s, '%') == s.len && slice_index(s, 'B') == s.len;
}

static void same_as_cjson(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct buf text = { 0 }, want = { 0 }, have = { 0 };
        struct slice copy;
        struct fixture f;
        cJSON *tree;

        buf_puts(&text, "{\"k\":");
        random_value(&text, &seed, 0);
        buf_byte(&text, '}');
        tree = cJSON_ParseWithLength(text.ptr, text.len);
        assert_non_null(tree);
        flatten(&want, "", tree, true);
        start(&f);
        copy = guard_copy(buf_slice(&text));
        if (params_json(&f.p, copy, &f.err) != 0)
            fail_msg("%.*s: %s", SLICE_ARG(copy), f.err.text);
        guard_free(copy);
        for (size_t i = 0; i < f.p.count; i++) {
            struct slice value = f.p.list[i].value;
            buf_printf(&have, "%.*s=", SLICE_ARG(f.p.list[i].name));
            if (is_number(value))
                buf_printf(&have, "%.17g|", strtod(arena_cstr(&f.arena, value), NULL));
            else
                buf_printf(&have, "%.*s|", SLICE_ARG(value));
        }
        buf_byte(&want, '\0');
        buf_byte(&have, '\0');
        assert_string_equal(have.ptr, want.ptr);
        finish(&f);
        cJSON_Delete(tree);
        buf_free(&text);
        buf_free(&want);
        buf_free(&have);
    }
}

/* Every start of every odd input, against the unreadable page. */
static void cut_anywhere(void **state)
{
    static const char *const inputs[] = {
        "a=1&amp;b=%C2%A4cy=EUR?c=%41&¤cy=x&\xa4y=1&=&%",
        "https://h.example/p/a=1&u=http://x/?y=%7B#z",
        "{\"a\":\"\\ud83d\\ude00é\",\"b\":[1.5e+7,{\"c\":null}],\"d\":true}",
    };
    static reader *const readers[] = { params_query, params_form, params_url, params_json };

    (void)state;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++)
        for (size_t n = 0; n <= strlen(inputs[i]); n++)
            for (size_t r = 0; r < sizeof(readers) / sizeof(*readers); r++) {
                struct slice copy = guard_copy((struct slice){ inputs[i], n });
                struct fixture f;
                start(&f);
                if (readers[r](&f.p, copy, &f.err) != 0)
                    assert_int_equal(f.err.kind, ERR_INPUT);
                for (size_t k = 0; k < f.p.count; k++)
                    params_unusable(f.p.list[k].value);
                guard_free(copy);
                finish(&f);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_queries),
        cmocka_unit_test(odd_bytes),
        cmocka_unit_test(every_byte_everywhere),
        cmocka_unit_test(amp_left_in),
        cmocka_unit_test(entities_eaten),
        cmocka_unit_test(second_question_mark),
        cmocka_unit_test(urls),
        cmocka_unit_test(json_bodies),
        cmocka_unit_test(json_errors),
        cmocka_unit_test(bodies),
        cmocka_unit_test(append_and_limit),
        cmocka_unit_test(full_arena),
        cmocka_unit_test(conflicts),
        cmocka_unit_test(without_notes),
        cmocka_unit_test(same_as_cjson),
        cmocka_unit_test(cut_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
