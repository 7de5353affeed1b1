#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/eight.h"
#include "core/base/err.h"
#include "core/base/json.h"
#include "core/base/slice.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void assert_slice(struct slice s, const char *text)
{
    if (!slice_eq(s, slice_from(text)))
        fail_msg("\"%.*s\", not \"%s\"", SLICE_ARG(s), text);
}

static void test_compare(void **state)
{
    (void)state;
    assert_int_equal(slice_from(NULL).len, 0);
    assert_true(slice_eq(S(""), (struct slice){ 0 }));
    assert_true(slice_eq(S("a\0b"), S("a\0b")));
    assert_false(slice_eq(S("a\0b"), S("a\0c")));
    assert_false(slice_eq(S("ab"), S("abc")));
    assert_true(slice_eq_nocase(S("aBc@[`{"), S("AbC@[`{")));
    assert_false(slice_eq_nocase(S("@"), S("`")));
    assert_false(slice_eq_nocase(S("\xc3\xa4"), S("\xc3\x84")));
    assert_false(slice_eq_nocase(S("ab"), S("abc")));
    assert_true(slice_cmp(S("ab"), S("abc")) < 0);
    assert_true(slice_cmp(S("abc"), S("ab")) > 0);
    assert_true(slice_cmp(S("\xff"), S("a")) > 0);
    assert_int_equal(slice_cmp(S("abc"), S("abc")), 0);
    assert_int_equal(slice_cmp((struct slice){ 0 }, S("")), 0);
    assert_true(slice_starts(S("abc"), S("ab")));
    assert_true(slice_starts(S("abc"), S("")));
    assert_false(slice_starts(S("ab"), S("abc")));
    assert_true(slice_starts_nocase(S("ABc"), S("ab")));
    assert_false(slice_starts_nocase(S("a"), S("ab")));
    assert_true(slice_ends(S("abc"), S("bc")));
    assert_true(slice_ends(S("abc"), S("")));
    assert_false(slice_ends(S("bc"), S("abc")));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(slice_index(S("abcb"), 'b'), 1);
    assert_int_equal(slice_index(S("abc"), 'x'), 3);
    assert_int_equal(slice_index((struct slice){ 0 }, 'x'), 0);
    assert_int_equal(slice_find(S("aabaab"), S("ab")), 1);
    assert_int_equal(slice_find(S("aab"), S("abc")), 3);
    assert_int_equal(slice_find(S("aab"), S("")), 0);
    assert_int_equal(slice_find((struct slice){ 0 }, S("a")), 0);
    assert_slice(slice_from_at(S("abc"), 1), "bc");
    assert_slice(slice_from_at(S("abc"), 3), "");
    assert_slice(slice_from_at(S("abc"), SIZE_MAX), "");
    assert_slice(slice_head(S("abc"), 2), "ab");
    assert_slice(slice_head(S("abc"), SIZE_MAX), "abc");
    assert_slice(slice_trim(S(" \t\r\n\v\fa b ")), "a b");
    assert_slice(slice_trim(S(" \n")), "");
    assert_slice(slice_trim((struct slice){ 0 }), "");
}

static void test_split(void **state)
{
    static const struct {
        const char *list, *items; /* items joined by '|' and ended by '.' */
    } cases[] = {
        { "a,b,c", "a|b|c." }, { "a", "a." },    { "", "." },     { ",", "|." },
        { "a,", "a|." },       { ",a", "|a." },  { "a,,b", "a||b." },
    };
    struct slice head, tail;

    (void)state;
    assert_true(slice_cut(S("a=b=c"), '=', &head, &tail));
    assert_slice(head, "a");
    assert_slice(tail, "b=c");
    assert_true(slice_cut(S("a="), '=', &head, &tail));
    assert_slice(head, "a");
    assert_slice(tail, "");
    assert_false(slice_cut(S("abc"), '=', &head, &tail));
    assert_slice(head, "abc");
    assert_slice(tail, "");
    assert_false(slice_cut((struct slice){ 0 }, '=', &head, &tail));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice rest = slice_from(cases[i].list), item;
        struct buf joined = { 0 };
        while (slice_next(&rest, ',', &item)) {
            if (joined.len || item.ptr != cases[i].list)
                buf_byte(&joined, '|');
            buf_add(&joined, item);
        }
        buf_byte(&joined, '.');
        assert_slice(buf_slice(&joined), cases[i].items);
        assert_false(slice_next(&rest, ',', &item));
        buf_free(&joined);
    }
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        bool is_u64, is_i64;
        uint64_t u;
        int64_t i;
    } cases[] = {
        { "0", true, true, 0, 0 },
        { "007", true, true, 7, 7 },
        { "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
        { "9223372036854775808", true, false, UINT64_C(9223372036854775808), 0 },
        { "18446744073709551615", true, false, UINT64_MAX, 0 },
        { "18446744073709551616", false, false, 0, 0 },
        { "18446744073709551620", false, false, 0, 0 },
        { "99999999999999999999999", false, false, 0, 0 },
        { "-1", false, true, 0, -1 },
        { "-0", false, true, 0, 0 },
        { "-9223372036854775808", false, true, 0, INT64_MIN },
        { "-9223372036854775809", false, false, 0, 0 },
        { "", false, false, 0, 0 },
        { "-", false, false, 0, 0 },
        { "--1", false, false, 0, 0 },
        { "+1", false, false, 0, 0 },
        { " 1", false, false, 0, 0 },
        { "1 ", false, false, 0, 0 },
        { "1.0", false, false, 0, 0 },
        { "0x1", false, false, 0, 0 },
        { "/", false, false, 0, 0 },
        { ":", false, false, 0, 0 },
        { "\xb1", false, false, 0, 0 },
    };

    (void)state;
    for (size_t n = 0; n < COUNT(cases); n++) {
        uint64_t u = 0;
        int64_t i = 0;
        if (slice_to_u64(slice_from(cases[n].text), &u) != cases[n].is_u64 || u != cases[n].u ||
            slice_to_i64(slice_from(cases[n].text), &i) != cases[n].is_i64 || i != cases[n].i)
            fail_msg("\"%s\": %llu, %lld", cases[n].text, (unsigned long long)u, (long long)i);
    }
}

/* The store keeps these: a change breaks the files of earlier releases. */
static void test_hash_is_stable(void **state)
{
    char text[300];
    uint64_t two[2];

    (void)state;
    assert_int_equal(slice_hash(S(""), 0), UINT64_C(0xefd01f60ba992926));
    assert_int_equal(slice_hash(S("abc"), 0), UINT64_C(0x33ebaf9927cbc5bd));
    assert_int_equal(slice_hash(S("abc"), 1), UINT64_C(0xa215ad435cdec997));
    for (size_t n = 0; n < 300; n++) {
        struct slice s = { memset(text, (int)n, n), n };
        uint64_t seed = n == 299 ? UINT64_MAX : UINT64_MAX / 299 * n;
        slice_hash_two(s, seed, two);
        assert_int_equal(two[0], slice_hash(s, seed));
        assert_int_equal(two[1], slice_hash(s, seed + 1));
    }
}

static void test_ascii(void **state)
{
    (void)state;
    for (int i = -128; i < 128; i++) {
        char c = (char)i;
        bool digit = i >= '0' && i <= '9', up = i >= 'A' && i <= 'Z', low = i >= 'a' && i <= 'z';
        assert_int_equal(ascii_is_digit(c), digit);
        assert_int_equal(ascii_is_alpha(c), up || low);
        assert_int_equal(ascii_is_alnum(c), up || low || digit);
        assert_int_equal(ascii_is_space(c), i == ' ' || (i >= 9 && i <= 13));
        assert_int_equal(ascii_lower(c), up ? i + 32 : i);
        assert_int_equal(ascii_upper(c), low ? i - 32 : i);
        assert_int_equal(ascii_hex(c), digit                  ? i - '0'
                                       : i >= 'a' && i <= 'f' ? i - 'a' + 10
                                       : i >= 'A' && i <= 'F' ? i - 'A' + 10
                                                              : -1);
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* of the first character */
    } cases[] = {
        { "", 0 },
        { "a", 1 },
        { "\x7f", 1 },
        { "\xc2\x80", 2 },
        { "\xdf\xbf", 2 },
        { "\xe0\xa0\x80", 3 },
        { "\xed\x9f\xbf", 3 },
        { "\xee\x80\x80", 3 },
        { "\xef\xbf\xbf", 3 },
        { "\xf0\x90\x80\x80", 4 },
        { "\xf4\x8f\xbf\xbf", 4 },
        { "\x80", 0 },
        { "\xbf", 0 },
        { "\xc0\x80", 0 }, /* over-long */
        { "\xc1\xbf", 0 },
        { "\xe0\x9f\xbf", 0 },
        { "\xf0\x8f\xbf\xbf", 0 },
        { "\xed\xa0\x80", 0 }, /* a surrogate */
        { "\xf4\x90\x80\x80", 0 }, /* past U+10FFFF */
        { "\xf5\x80\x80\x80", 0 },
        { "\xff", 0 },
        { "\xc3", 0 }, /* cut */
        { "\xe2\x82", 0 },
        { "\xf0\x90\x80", 0 },
        { "\xc3" "a", 0 },
        { "\xe2\x82" "a", 0 },
        { "\xf0\x90\x80" "a", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (utf8_len(slice_from(cases[i].text)) != cases[i].len)
            fail_msg("row %zu: %zu", i, utf8_len(slice_from(cases[i].text)));
    assert_true(utf8_valid(S("")));
    assert_true(utf8_valid(S("a\0\xc3\xa4\xf0\x9f\x98\x80")));
    assert_false(utf8_valid(S("abc\xc3")));
    assert_false(utf8_valid(S("abc\xff" "abc")));
}

static void test_arena(void **state)
{
    struct arena a = { 0 };
    char *first, *p;

    (void)state;
    arena_free(&a); /* only zeroed */
    arena_init(&a, 1 << 20);
    first = arena_alloc(&a, 1);
    assert_non_null(first);
    assert_non_null(arena_alloc(&a, 0));
    for (size_t size = 1; size < 5000; size += 37) {
        p = arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, size); /* must not show through in what comes next */
    }
    assert_false(a.full);
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_ptr_equal(arena_alloc(&a, 1), first);
    assert_int_equal(*first, 0);
    arena_free(&a);
    assert_non_null(arena_alloc(&a, 1)); /* may be used again */
    arena_free(&a);
}

static void test_arena_limit(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 64);
    assert_non_null(arena_alloc(&a, 48));
    assert_null(arena_alloc(&a, 17));
    assert_true(a.full);
    assert_null(arena_alloc(&a, 1)); /* stays full until the reset */
    assert_null(arena_alloc(&a, 0));
    assert_int_equal(arena_dup(&a, S("x")).len, 0);
    assert_string_equal(arena_cstr(&a, S("x")), "");
    assert_int_equal(arena_printf(&a, "x").len, 0);
    arena_reset(&a);
    assert_false(a.full);
    assert_non_null(arena_alloc(&a, 64));
    assert_null(arena_alloc(&a, 1));
    arena_free(&a);
    assert_false(a.full);

    arena_init(&a, SIZE_MAX);
    for (size_t size = SIZE_MAX; size > SIZE_MAX - 32; size--) {
        assert_null(arena_alloc(&a, size));
        assert_true(a.full);
        arena_reset(&a);
    }
    assert_null(arena_array(&a, 8, SIZE_MAX / 8 + 1));
    assert_true(a.full);
    arena_reset(&a);
    assert_int_equal(arena_dup(&a, (struct slice){ "", SIZE_MAX }).len, 0);
    arena_reset(&a);
    assert_non_null(arena_array(&a, 8, 0));
    arena_free(&a);
}

static void test_arena_text(void **state)
{
    struct arena a;
    struct slice s;

    (void)state;
    arena_init(&a, 1 << 16);
    s = arena_dup(&a, S("a\0b"));
    assert_true(slice_eq(s, S("a\0b")));
    assert_int_equal(s.ptr[3], 0);
    s = arena_dup(&a, (struct slice){ 0 });
    assert_non_null(s.ptr);
    assert_int_equal(s.len, 0);
    assert_string_equal(arena_cstr(&a, slice_head(S("abc"), 2)), "ab");
    assert_slice(arena_printf(&a, "%s-%d", "abc", 5), "abc-5");
    assert_slice(arena_printf(&a, "%5000d", 1), arena_cstr(&a, arena_printf(&a, "%5000d", 1)));
    arena_free(&a);
}

static void test_buf(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_add(&b, (struct slice){ 0 }); /* nothing, to nothing */
    assert_int_equal(b.len, 0);
    assert_true(buf_ok(&b));
    buf_puts(&b, "n=");
    buf_i64(&b, 0);
    buf_byte(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_byte(&b, ' ');
    buf_i64(&b, INT64_MAX);
    buf_printf(&b, " %s%03d", "x", 7);
    assert_slice(buf_slice(&b), "n=0 -9223372036854775808 9223372036854775807 x007");
    buf_clear(&b);
    for (int i = 0; i < 10000; i++)
        buf_puts(&b, "0123456789");
    assert_int_equal(b.len, 100000);
    assert_memory_equal(b.ptr + 99990, "0123456789", 10);
    assert_true(buf_ok(&b));
    buf_free(&b);
    assert_null(b.ptr);
    assert_int_equal(b.cap, 0);
}

static void test_buf_limit(void **state)
{
    struct buf b = { .limit = 8 };

    (void)state;
    buf_puts(&b, "12345678");
    assert_true(buf_ok(&b));
    buf_byte(&b, '9');
    assert_false(buf_ok(&b));
    assert_slice(buf_slice(&b), "12345678");
    buf_clear(&b);
    assert_true(buf_ok(&b));
    buf_puts(&b, "123456789"); /* all or nothing */
    assert_false(buf_ok(&b));
    buf_byte(&b, 'x'); /* sticky */
    buf_printf(&b, "%d", 1);
    assert_int_equal(b.len, 0);
    buf_clear(&b);
    buf_printf(&b, "%08d", 5); /* the NUL of printf does not count */
    assert_true(buf_ok(&b));
    assert_slice(buf_slice(&b), "00000005");
    buf_printf(&b, "%s", "");
    assert_true(buf_ok(&b));
    b.limit = 4; /* lowered below what is there */
    buf_byte(&b, 'x');
    assert_false(buf_ok(&b));
    buf_free(&b);

    b = (struct buf){ 0 };
    buf_printf(&b, "%lc", (wint_t)0xd800); /* no character of any locale */
    assert_false(buf_ok(&b));
    buf_free(&b);

    b = (struct buf){ .limit = SIZE_MAX };
    buf_add(&b, (struct slice){ "", SIZE_MAX / 2 });
    assert_false(buf_ok(&b));
    buf_free(&b);
}

static void test_buf_json(void **state)
{
    static const struct {
        struct slice text;
        const char *json;
    } cases[] = {
        { { 0 }, "\"\"" },
        { SLICE("abc"), "\"abc\"" },
        { SLICE("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
        { SLICE("\n\r\t"), "\"\\n\\r\\t\"" },
        { SLICE("\0\x01\x0f\x10\x1f\x7f"), "\"\\u0000\\u0001\\u000f\\u0010\\u001f\\u007f\"" },
        { SLICE("ä€😀"), "\"ä€😀\"" },
        { SLICE("a\xff" "b\xc3"), "\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"" },
        { SLICE("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };
    struct buf b = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_clear(&b);
        buf_json(&b, cases[i].text);
        assert_slice(buf_slice(&b), cases[i].json);
    }
    buf_free(&b);
}

static void test_buf_percent(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_percent(&b, S("aZ09-._~ +&%/\0\xc3\xa4"));
    assert_slice(buf_slice(&b), "aZ09-._~%20%2B%26%25%2F%00%C3%A4");
    buf_free(&b);
}

static void test_buf_percent_every_byte(void **state)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct buf b = { 0 };
    char want[4];

    (void)state;
    for (int c = 0; c < 256; c++)
        for (size_t at = 0; at < 20; at++) {
            char text[20];
            bool stays = memchr(plain, c, sizeof(plain) - 1) != NULL;
            memset(text, 'x', sizeof(text));
            text[at] = (char)c;
            snprintf(want, sizeof(want), stays ? "%c" : "%%%02X", c);
            buf_clear(&b);
            buf_percent(&b, (struct slice){ text, sizeof(text) });
            assert_int_equal(b.len, sizeof(text) - 1 + strlen(want));
            for (size_t i = 0; i < b.len; i++)
                assert_int_equal(b.ptr[i], i >= at && i < at + strlen(want) ? want[i - at] : 'x');
        }
    buf_free(&b);
}

/* Each byte at each place, among bytes that are far from it and next to it. */
static void test_eight(void **state)
{
    static const unsigned char bounds[] = { 1, 0x20, 0x21, ',', 0x7f, 0x80 }, around[] = { 0, 1, 0x20, ',', 0x7f, 0x80, 0xff };
    unsigned char bytes[8];

    (void)state;
    for (int c = 0; c < 256; c++)
        for (size_t at = 0; at < 8; at++)
            for (size_t i = 0; i < COUNT(around) * COUNT(bounds); i++) {
                unsigned char other = around[i / COUNT(bounds)], n = bounds[i % COUNT(bounds)];
                uint64_t v;
                memset(bytes, other, 8);
                bytes[at] = (unsigned char)c;
                v = eight_load((const char *)bytes);
                assert_int_equal(eight_below(v, n) != 0, c < n || other < n);
                assert_int_equal(eight_has(v, (char)n) != 0, c == n || other == n);
                assert_int_equal(eight_not_ascii(v) != 0, c >= 0x80 || other >= 0x80);
                if (c < 0x80 && other < 0x80 && n < 0x80)
                    assert_int_equal(eight_between(v, n, 0x7e) == EIGHT_HIGH,
                                     c >= n && c <= 0x7e && other >= n && other <= 0x7e);
            }
}

static void test_buf_html(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_html(&b, (struct slice){ 0 });
    assert_int_equal(b.len, 0);
    buf_html(&b, S("a<b>&\"'\0\xc3\xa4z"));
    assert_int_equal(b.ptr[strlen(b.ptr)], 0);
    assert_true(slice_eq(buf_slice(&b), S("a&lt;b&gt;&amp;&quot;&#39;\0\xc3\xa4z")));
    buf_free(&b);
}

static void test_buf_script(void **state)
{
    struct buf b = { .limit = 40 };

    (void)state;
    buf_script(&b, (struct slice){ 0 });
    assert_slice(buf_slice(&b), "\"\"");
    buf_clear(&b);
    buf_script(&b, S("<a'\"\\</script><"));
    assert_slice(buf_slice(&b), "\"\\u003ca'\\\"\\\\\\u003c/script>\\u003c\"");
    buf_script(&b, S("0123456789"));
    assert_false(buf_ok(&b));
    buf_free(&b);
}

static void test_err(void **state)
{
    char longer[sizeof(((struct err *)0)->text) + 100];
    struct err e = { 0 };

    (void)state;
    assert_int_equal(err_set(&e, ERR_INPUT, "%s: %d", "bad", 5), -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_string_equal(e.text, "bad: 5");
    assert_int_equal(err_context(&e, "offers/%s", "x.yaml"), -1);
    assert_string_equal(e.text, "offers/x.yaml: bad: 5");
    assert_int_equal(e.kind, ERR_INPUT);
    assert_int_equal(err_set(NULL, ERR_BUSY, "x"), -1);
    assert_int_equal(err_context(NULL, "x"), -1);

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    err_set(&e, ERR_SYSTEM, "%s", longer);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    err_context(&e, "where");
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    assert_memory_equal(e.text, "where: xxx", 10);
    err_set(&e, ERR_SYSTEM, "why");
    err_context(&e, "%s", longer);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
    assert_memory_equal(e.text + sizeof(e.text) - 4, "x: ", 3);
}

/* Eight bytes at a time must give what one at a time gives, wherever the special byte stands. */
static void test_json_every_byte_everywhere(void **state)
{
    char text[24];

    (void)state;
    for (int c = 0; c < 0x80; c++) {
        for (size_t at = 0; at < sizeof(text); at++) {
            struct buf whole = { 0 }, parts = { 0 };
            memset(text, 'a', sizeof(text));
            text[at] = (char)c;
            buf_json(&whole, (struct slice){ text, sizeof(text) });
            buf_byte(&parts, '"');
            for (size_t i = 0; i < sizeof(text); i++) {
                struct buf one = { 0 };
                buf_json(&one, (struct slice){ text + i, 1 });
                buf_add(&parts, (struct slice){ one.ptr + 1, one.len - 2 });
                buf_free(&one);
            }
            buf_byte(&parts, '"');
            assert_int_equal(whole.len, parts.len);
            assert_memory_equal(whole.ptr, parts.ptr, parts.len);
            buf_free(&whole);
            buf_free(&parts);
        }
    }
}

static void test_keys(void **state)
{
    struct buf b = { 0 }, small = { .limit = 5 };

    (void)state;
    buf_key(&b, S("a"), true);
    buf_key(&b, S("bc"), false);
    assert_int_equal(b.len, 10);
    assert_memory_equal(b.ptr, "\"a\":,\"bc\":", 10);
    buf_key(&small, S("ab"), false);
    assert_false(buf_ok(&small));
    buf_free(&b);
    buf_free(&small);
}

/* Members of an object, as all verbs print them. */
static void test_json_members(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_byte(&b, '{');
    json_text(&b, "a", S("x\"{"));
    json_known(&b, "b", S(""));
    json_known(&b, "c", S("{"));
    json_number(&b, "d", INT64_MIN);
    json_count(&b, "e", UINT64_MAX);
    json_flag(&b, "f", true);
    json_flag(&b, "g", false);
    json_name(&b, "h");
    buf_byte(&b, '{');
    json_amount(&b, "i", -12500000);
    json_amount(&b, "j", INT64_MIN);
    buf_byte(&b, '}');
    json_time(&b, "k", 0);
    json_time(&b, "l", 1780000000);
    json_time_ms(&b, "m", 0);
    json_time_ms(&b, "n", 1780000000007);
    json_time_ms(&b, "o", -1);
    buf_byte(&b, '}');
    assert_true(slice_eq(buf_slice(&b),
                         S("{\"a\":\"x\\\"{\",\"b\":null,\"c\":\"{\",\"d\":-9223372036854775808,\"e\":18446744073709551615,"
                           "\"f\":true,\"g\":false,\"h\":{\"i\":\"-12.5\",\"j\":\"-9223372036854.775808\"},\"k\":null,"
                           "\"l\":\"2026-05-28T20:26:40Z\",\"m\":null,\"n\":\"2026-05-28T20:26:40.007Z\","
                           "\"o\":\"1969-12-31T23:59:59.999Z\"}")));
    buf_free(&b);
    b.limit = 3; /* what does not fit fails, and nothing is taken away of it */
    json_put_time_ms(&b, 1780000000007);
    assert_false(buf_ok(&b));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_members),
        cmocka_unit_test(test_compare),     cmocka_unit_test(test_find),
        cmocka_unit_test(test_split),       cmocka_unit_test(test_integers),
        cmocka_unit_test(test_hash_is_stable), cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_utf8),        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_limit), cmocka_unit_test(test_arena_text),
        cmocka_unit_test(test_buf),         cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_buf_json),    cmocka_unit_test(test_buf_percent),
        cmocka_unit_test(test_buf_percent_every_byte), cmocka_unit_test(test_eight),
        cmocka_unit_test(test_buf_html),    cmocka_unit_test(test_buf_script),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_json_every_byte_everywhere),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
