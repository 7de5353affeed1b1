/* URLs taken apart and resolved.  Inputs stand in front of an unreadable page. */
#include "core/chain/url.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/guard.h"

static struct slice resolve(struct arena *arena, const char *base, const char *ref)
{
    struct slice b = guard_copy(slice_from(base)), r = guard_copy(slice_from(ref));
    struct slice out = url_resolve(arena, b, r);

    guard_free(b);
    guard_free(r);
    return out;
}

static void same(const char *what, struct slice got, const char *wanted)
{
    if (!slice_eq(got, slice_from(wanted)))
        fail_msg("%s: %.*s, wanted %s", what, SLICE_ARG(got), wanted);
}

/* RFC 3986, sections 5.4.1 and 5.4.2, in their order. */
static void examples_of_the_rfc(void **state)
{
    static const struct {
        const char *ref, *wanted;
    } rows[] = {
        { "g:h", "g:h" },
        { "g", "http://a/b/c/g" },
        { "./g", "http://a/b/c/g" },
        { "g/", "http://a/b/c/g/" },
        { "/g", "http://a/g" },
        { "//g", "http://g" },
        { "?y", "http://a/b/c/d;p?y" },
        { "g?y", "http://a/b/c/g?y" },
        { "#s", "http://a/b/c/d;p?q#s" },
        { "g#s", "http://a/b/c/g#s" },
        { "g?y#s", "http://a/b/c/g?y#s" },
        { ";x", "http://a/b/c/;x" },
        { "g;x", "http://a/b/c/g;x" },
        { "g;x?y#s", "http://a/b/c/g;x?y#s" },
        { "", "http://a/b/c/d;p?q" },
        { ".", "http://a/b/c/" },
        { "./", "http://a/b/c/" },
        { "..", "http://a/b/" },
        { "../", "http://a/b/" },
        { "../g", "http://a/b/g" },
        { "../..", "http://a/" },
        { "../../", "http://a/" },
        { "../../g", "http://a/g" },
        { "../../../g", "http://a/g" },
        { "../../../../g", "http://a/g" },
        { "/./g", "http://a/g" },
        { "/../g", "http://a/g" },
        { "g.", "http://a/b/c/g." },
        { ".g", "http://a/b/c/.g" },
        { "g..", "http://a/b/c/g.." },
        { "..g", "http://a/b/c/..g" },
        { "./../g", "http://a/b/g" },
        { "./g/.", "http://a/b/c/g/" },
        { "g/./h", "http://a/b/c/g/h" },
        { "g/../h", "http://a/b/c/h" },
        { "g;x=1/./y", "http://a/b/c/g;x=1/y" },
        { "g;x=1/../y", "http://a/b/c/y" },
        { "g?y/./x", "http://a/b/c/g?y/./x" },
        { "g?y/../x", "http://a/b/c/g?y/../x" },
        { "g#s/./x", "http://a/b/c/g#s/./x" },
        { "g#s/../x", "http://a/b/c/g#s/../x" },
        { "http:g", "http:g" },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        same(rows[i].ref, resolve(&arena, "http://a/b/c/d;p?q", rows[i].ref), rows[i].wanted);
    arena_free(&arena);
}

static void references_of_chains(void **state)
{
    static const struct {
        const char *base, *ref, *wanted;
    } rows[] = {
        { "https://trk.example", "x?a=1", "https://trk.example/x?a=1" },
        { "https://trk.example?a=1", "?b=2", "https://trk.example?b=2" },
        { "https://trk.example?a=1#f", "", "https://trk.example?a=1" },
        { "https://trk.example/c?a=1#f", "?", "https://trk.example/c?" },
        { "https://trk.example/a/", "//Other.example:8443/x/../y", "https://Other.example:8443/y" },
        { "https://trk.example/a", "HTTP://b.example", "HTTP://b.example" },
        { "https://trk.example/a", "  /x?y=a b \r\n", "https://trk.example/x?y=a b" },
        { "https://trk.example/a", "12:30", "https://trk.example/12:30" },
        { "https://trk.example/a", "x?u=https://o.example/?z",
          "https://trk.example/x?u=https://o.example/?z" },
        { "https://[2001:db8::1]:8080/a/b", "../c", "https://[2001:db8::1]:8080/c" },
        { "https://trk.example/a", "javascript:a/../b", "javascript:a/../b" },
        { "https://trk.example/a", "data:text/html,<a>", "data:text/html,<a>" },
        { "https://trk.example/a", "myapp:///x", "myapp:///x" },
        { "https://trk.example/a", "\\x", "https://trk.example/\\x" },
        { "web:/a/b", "/.//host/x", "web:/.//host/x" },
        { "https://h/a//b//c", "..", "https://h/a//b/" },
        { "https://h/", "////x", "" },
        { "/relative", "x", "" },
        { "https://h/", "https://user@h/", "" },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        same(rows[i].ref, resolve(&arena, rows[i].base, rows[i].ref), rows[i].wanted);
    arena_free(&arena);
}

static void parts(void **state)
{
    static const struct {
        const char *text, *scheme, *host, *port, *path, *query, *fragment;
    } rows[] = {
        { " https://h.example:443/p/q?a=1?b=2#f#g ", "https", "h.example", "443", "/p/q", "a=1?b=2",
          "f#g" },
        { "HTTP://H", "HTTP", "H", "", "", "", "" },
        { "http://h?q", "http", "h", "", "", "q", "" },
        { "http://h#f", "http", "h", "", "", "", "f" },
        { "http://h:/p", "http", "h", "", "/p", "", "" },
        { "http://[::1]:80/p", "http", "[::1]", "80", "/p", "", "" },
        { "//h/p", "", "h", "", "/p", "", "" },
        { "p/q", "", "", "", "p/q", "", "" },
        { "", "", "", "", "", "", "" },
        { "javascript:alert(1)", "javascript", "", "", "alert(1)", "", "" },
        { "intent://x#Intent;scheme=y;end", "intent", "x", "", "", "", "Intent;scheme=y;end" },
        { "tiktok://", "tiktok", "", "", "", "", "" },
        { "http://b\xc3\xbc"
          "cher.example/\x01",
          "http",
          "b\xc3\xbc"
          "cher.example",
          "", "/\x01", "", "" },
        { "http://h/p q\\?\n", "http", "h", "", "/p q\\", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice text = guard_copy(slice_from(rows[i].text));
        struct buf again = { 0 };
        struct url u;
        assert_null(url_parse(text, &u));
        same(rows[i].text, u.scheme, rows[i].scheme);
        same(rows[i].text, u.host, rows[i].host);
        same(rows[i].text, u.port, rows[i].port);
        same(rows[i].text, u.path, rows[i].path);
        same(rows[i].text, u.query, rows[i].query);
        same(rows[i].text, u.fragment, rows[i].fragment);
        url_print(&again, &u);
        if (!strstr(rows[i].text, "h:/p"))
            assert_true(slice_eq(buf_slice(&again), slice_trim(text)));
        buf_free(&again);
        guard_free(text);
    }
}

static void refusals(void **state)
{
    static const struct {
        struct slice text;
        const char *why;
    } rows[] = {
        { SLICE("http:///p"), "has no host" },
        { SLICE("https://?q"), "has no host" },
        { SLICE("http://:80/"), "has no host" },
        { SLICE("//"), "has no host" },
        { SLICE("http://user:secret@h/"), "user name" },
        { SLICE("http://h@evil.example/"), "user name" },
        { SLICE("http://h:65536/"), "port" },
        { SLICE("http://h:99999999999999999999999/"), "port" },
        { SLICE("http://h:8a/"), "port" },
        { SLICE("http://h:-1/"), "port" },
        { SLICE("http://1:2:3/"), "port" },
        { SLICE("http://h\\x/"), "backslash" },
        { SLICE("http://a b/"), "backslash" },
        { SLICE("http://a\0b/"), "backslash" },
        { SLICE("http://a\tb/"), "backslash" },
        { SLICE("http://a\x7f/"), "backslash" },
        { SLICE("java\nscript:x"), "scheme" },
        { SLICE("a b:c"), "scheme" },
        { SLICE("http://[::1/"), "IPv6" },
        { SLICE("http://[]/"), "IPv6" },
        { SLICE("http://[::1]x/"), "IPv6" },
        { SLICE("http://[fe80::1%25eth0]/"), "IPv6" },
        { SLICE("http://[v1.x]/"), "IPv6" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice text = guard_copy(rows[i].text);
        struct url u;
        const char *why = url_parse(text, &u);
        if (!why || !strstr(why, rows[i].why))
            fail_msg("%.*s: %s", SLICE_ARG(rows[i].text), why ? why : "accepted");
        guard_free(text);
    }
}

static void limit_of_length(void **state)
{
    char *bytes = malloc(URL_MAX_BYTES + 1);
    struct slice text = { bytes, URL_MAX_BYTES };
    struct arena arena;
    struct url u;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, '/', URL_MAX_BYTES + 1);
    memcpy(bytes, "http://h", 8);
    arena_init(&arena, 1 << 20);
    assert_null(url_parse(text, &u));
    assert_int_equal(url_resolve(&arena, text, S("..")).len, URL_MAX_BYTES - 1);
    text.len++;
    assert_non_null(url_parse(text, &u));
    assert_int_equal(url_resolve(&arena, S("http://h/"), text).len, 0);
    arena_free(&arena);
    arena_init(&arena, 64);
    text.len--;
    assert_int_equal(url_resolve(&arena, text, S("x")).len, 0);
    assert_true(arena.full);
    arena_free(&arena);
    free(bytes);
}

/* What curl makes of the same: another implementation of RFC 3986.  ("#f" it gets wrong: 7.88 drops
 * the last segment.) */
static void as_curl_resolves(void **state)
{
    static const char *const refs[] = {
        "x", "/x/./y/../z",           "?a=1&b=%20", "//o.example/p?q#f", "../../", "a/b/../..",
        ".", "http://o.example/../x", "..x/.y",     "x/..?a/../b"
    };
    static const char *const bases[] = { "https://h.example/a/b/c?q=1", "http://h.example:8080/",
                                         "http://h.example/a/b/" };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(refs) / sizeof(*refs) * 3; i++) {
        CURLU *h = curl_url();
        char *wanted = NULL;
        assert_int_equal(curl_url_set(h, CURLUPART_URL, bases[i % 3], 0), 0);
        assert_int_equal(curl_url_set(h, CURLUPART_URL, refs[i / 3], 0), 0);
        assert_int_equal(curl_url_get(h, CURLUPART_URL, &wanted, 0), 0);
        same(refs[i / 3], resolve(&arena, bases[i % 3], refs[i / 3]), wanted);
        curl_free(wanted);
        curl_url_cleanup(h);
    }
    arena_free(&arena);
}

static void sites(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "trk.example", "www.trk.example", true },
        { "A.trk.Example", "b.TRK.example.", true },
        { "trk.example", "trk2.example", false },
        { "atrk.example", "trk.example", false },
        { "www.shop.co.uk", "shop.co.uk", true },
        { "other.co.uk", "shop.co.uk", false },
        { "a.com.br", "b.com.br", false },
        { "t.co", "x.co", false },
        { "t.co", "a.t.co", false }, /* the price of the rough rule */
        { "10.0.0.1", "99.0.0.1", false },
        { "10.0.0.1", "10.0.0.1", true },
        { "[::1]", "[::1]", true },
        { "localhost", "localhost", true },
        { "", "", true },
        { ".", "x", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice a = guard_copy(slice_from(rows[i].a)), b = guard_copy(slice_from(rows[i].b));
        if (url_same_site(a, b) != rows[i].same || url_same_site(b, a) != rows[i].same)
            fail_msg("%s, %s", rows[i].a, rows[i].b);
        guard_free(a);
        guard_free(b);
    }
}

static void pairs(void **state)
{
    struct slice query = guard_copy(S("&&a=1&b&=2&c=%41+%zz%4=&a=3&%61b=x&")), rest = query, value;
    static const char *const wanted[] = { "a", "1",          "b", "",  "",     "2",
                                          "c", "%41+%zz%4=", "a", "3", "%61b", "x" };
    struct url_pair pair;
    struct arena arena;
    size_t n = 0;

    (void)state;
    arena_init(&arena, 4096);
    while (url_next_pair(&rest, &pair)) {
        same("name", pair.name, wanted[n++]);
        same("value", pair.value, wanted[n++]);
        assert_int_equal(pair.has_equals, n != 4);
    }
    assert_int_equal(n, 12);
    assert_true(url_get(&arena, query, S("a"), &value));
    same("a", value, "1");
    assert_true(url_get(&arena, query, S("ab"), &value));
    same("ab", value, "x");
    assert_true(url_get(&arena, query, S("c"), &value));
    same("c", value, "A %zz%4=");
    assert_false(url_get(&arena, query, S("A"), &value));
    guard_free(query);
    query = guard_copy(S("100%"));
    assert_ptr_equal(url_decode(&arena, S("plain")).ptr, S("plain").ptr);
    same("cut", url_decode(&arena, query), "100%");
    guard_free(query);
    query = guard_copy(S("%4"));
    same("cut", url_decode(&arena, query), "%4");
    guard_free(query);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(references_of_chains),
        cmocka_unit_test(parts),
        cmocka_unit_test(refusals),
        cmocka_unit_test(limit_of_length),
        cmocka_unit_test(as_curl_resolves),
        cmocka_unit_test(sites),
        cmocka_unit_test(pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
