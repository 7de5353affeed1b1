/* One page at a time, and the addresses that are refused. */
#include "adapters/chain/fetch.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/identity/ip.h"
#include "tests/support/scripted_http.h"

static void addresses(void **state)
{
    static const struct {
        const char *text;
        bool is_public;
    } rows[] = {
        { "8.8.8.8", true },
        { "172.15.255.255", true },
        { "172.32.0.0", true },
        { "100.63.255.255", true },
        { "100.128.0.0", true },
        { "0.0.0.0", false },
        { "0.1.2.3", false },
        { "10.0.0.1", false },
        { "100.64.0.1", false },
        { "100.127.255.255", false },
        { "127.0.0.1", false },
        { "127.255.255.254", false },
        { "169.254.169.254", false }, /* a cloud machine's own credentials */
        { "172.16.0.1", false },
        { "172.31.255.255", false },
        { "192.0.0.8", false },
        { "192.168.1.1", false },
        { "198.18.0.1", false },
        { "224.0.0.1", false },
        { "255.255.255.255", false },
        { "2606:4700::1111", true },
        { "::", false },
        { "::1", false },
        { "::7f00:1", false },
        { "::ffff:127.0.0.1", false },
        { "::ffff:8.8.8.8", true },
        { "64:ff9b::8.8.8.8", true },
        { "64:ff9b::10.0.0.1", false },
        { "64:ff9b:1::1", false },
        { "2002:7f00:1::", false },
        { "2002:a9fe:a9fe::1", false },
        { "2002:808:808::1", true },
        { "2001::1", false },
        { "fc00::1", false },
        { "fd12:3456::1", false },
        { "fe80::1", false },
        { "fec0::1", false },
        { "ff02::1", false },
        { "4000::1", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool v6 = strchr(rows[i].text, ':') != NULL;
        unsigned char bytes[16];
        const char *why;
        assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, rows[i].text, bytes), 1);
        why = ip_not_public(bytes, v6 ? 16 : 4);
        if ((why == NULL) != rows[i].is_public)
            fail_msg("%s: %s", rows[i].text, why ? why : "public");
    }
    assert_non_null(ip_not_public(NULL, 0));
}

struct bench {
    struct scripted_http *server;
    struct scripted_answer answer;
    struct arena arena;
    struct fetcher *fetcher;
    struct fetch_answer got;
    struct err err;
};

static void on_request(void *context, const struct scripted_request *request,
                       struct scripted_answer *answer)
{
    (void)request;
    *answer = ((struct bench *)context)->answer;
}

static void bench_open(struct bench *b, const struct fetch_settings *settings)
{
    memset(b, 0, sizeof(*b));
    b->server = scripted_open(on_request, b);
    b->fetcher = fetcher_open(settings, &b->err);
    assert_non_null(b->server);
    assert_non_null(b->fetcher);
    arena_init(&b->arena, 8 << 20);
}

static void bench_close(struct bench *b)
{
    fetcher_close(b->fetcher);
    scripted_close(b->server);
    arena_free(&b->arena);
}

static enum fetch_result get(struct bench *b, const char *host, const char *path)
{
    struct slice url =
        arena_printf(&b->arena, "http://%s:%d%s", host, scripted_port(b->server), path);

    b->err.text[0] = '\0';
    return fetcher_get(b->fetcher, &b->arena, url, S("https://www.tiktok.com/"), &b->got, &b->err);
}

static struct fetch_settings settings_for_tests(void)
{
    struct fetch_settings s = FETCH_SETTINGS_DEFAULT;

    s.allow_private = true;
    s.body_max = 4096;
    s.header_max = 8192;
    s.timeout_ms = s.connect_timeout_ms = 20000;
    return s;
}

static void an_answer(void **state)
{
    struct fetch_settings s = settings_for_tests();
    struct bench b;
    const char *head;

    (void)state;
    bench_open(&b, &s);
    b.answer = (struct scripted_answer){
        .status = 200,
        .headers = "Content-Type: text/html; charset=utf-8\r\nReFresh: 0;url=/x\r\nRefresh: 1\r\n"
                   "Set-Cookie: sid=1; Path=/\r\nSet-Cookie: b=2; Path=/\r\n",
        .interim = "HTTP/1.1 103 Early Hints\r\nLocation: /no\r\n\r\n",
        .body = "<p>hello",
    };
    assert_int_equal(get(&b, "127.0.0.1", "/a/../b?c=d e\xc3\xa9&{x}|'#f"), FETCH_DONE);
    assert_int_equal(b.got.status, 200);
    assert_true(slice_eq(b.got.content_type, S("text/html; charset=utf-8")));
    assert_true(slice_eq(b.got.refresh, S("0;url=/x")));
    assert_true(slice_eq(b.got.cookies, S("sid, b")));
    assert_true(slice_eq(b.got.body, S("<p>hello")));
    assert_true(slice_eq(b.got.address, S("127.0.0.1")));
    assert_int_equal(b.got.location.len, 0);
    assert_false(b.got.cut || b.got.slow);
    head = scripted_get(b.server, 0).head;
    assert_non_null(strstr(head, "GET /a/../b?c=d%20e%C3%A9&{x}|' HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "Referer: https://www.tiktok.com/\r\n"));
    assert_non_null(strstr(head, "Accept: text/html,"));
    assert_non_null(strstr(head, "User-Agent: Mozilla/5.0 (iPhone;"));
    assert_null(strstr(head, "Cookie:"));
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_DONE);
    assert_non_null(strstr(scripted_get(b.server, 1).head, "Cookie: sid=1; b=2\r\n"));
    bench_close(&b);
}

static void a_redirect_is_not_followed(void **state)
{
    struct fetch_settings s = settings_for_tests();
    struct bench b;

    (void)state;
    bench_open(&b, &s);
    b.answer = (struct scripted_answer){ .status = 302,
                                         .headers = "Location: /x\r\nLocation: /y\r\n",
                                         .body = "moved" };
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_DONE);
    assert_int_equal(b.got.status, 302);
    assert_true(slice_eq(b.got.location, S("/x")));
    assert_int_equal(scripted_count(b.server), 1);
    bench_close(&b);
}

/* What stands behind a chunked body is no header of the answer. */
static void trailers(void **state)
{
    struct fetch_settings s = settings_for_tests();
    struct bench b;

    (void)state;
    s.header = "X-Secret: 4711";
    bench_open(&b, &s);
    b.answer = (struct scripted_answer){
        .interim =
            "HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\nTrailer: Location\r\n\r\n"
            "5\r\nmoved\r\n0\r\nLocation: /x\r\nRefresh: 0;url=/x\r\nSet-Cookie: a=1\r\n\r\n",
    };
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_DONE);
    assert_int_equal(b.got.status, 302);
    assert_int_equal(b.got.location.len + b.got.refresh.len + b.got.cookies.len, 0);
    assert_true(slice_eq(b.got.body, S("moved")));
    assert_non_null(strstr(scripted_get(b.server, 0).head, "X-Secret: 4711\r\n"));
    bench_close(&b);
}

static void bounds(void **state)
{
    static char many[9000];
    const char *const start = "HTTP/1.1 200 OK\r\nX: ";
    struct fetch_settings s = settings_for_tests();
    struct bench b;

    (void)state;
    bench_open(&b, &s);
    b.answer = (struct scripted_answer){ .body = "x", .padding = 4095 };
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_DONE);
    assert_int_equal(b.got.body.len, 4096);
    assert_false(b.got.cut);
    b.answer.padding = 4096;
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_DONE);
    assert_int_equal(b.got.body.len, 4096);
    assert_true(b.got.cut);
    b.answer = (struct scripted_answer){ .action = SCRIPTED_CUT, .body = "half of it" };
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_DONE);
    assert_true(b.got.cut);
    memset(many, 'a', sizeof(many) - 1);
    memcpy(many, start, strlen(start));
    memcpy(many + sizeof(many) - 5, "\r\n\r\n", 5);
    b.answer = (struct scripted_answer){ .interim = many };
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_TOO_LARGE);
    bench_close(&b);
}

static void no_answer(void **state)
{
    /* No label is that long: known without asking anybody. */
    static const char *const no_name =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example";
    struct fetch_settings s = settings_for_tests();
    struct bench b;
    struct slice url;
    int port;

    (void)state;
    s.timeout_ms = 200;
    bench_open(&b, &s);
    b.answer.action = SCRIPTED_STALL;
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_TIMEOUT);
    bench_close(&b);
    s.timeout_ms = s.connect_timeout_ms = 20000;
    bench_open(&b, &s);
    b.answer.action = SCRIPTED_CLOSE;
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_BROKEN);
    b.answer.action = SCRIPTED_RESET;
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_BROKEN);
    b.answer = (struct scripted_answer){ .interim = "<html>old\r\n\r\n" };
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_BROKEN);
    b.answer = (struct scripted_answer){ .status = 200 };
    assert_int_equal(get(&b, no_name, "/"), FETCH_NO_HOST);
    port = scripted_port(b.server);
    url = arena_printf(&b.arena, "https://127.0.0.1:%d/", port);
    assert_int_equal(fetcher_get(b.fetcher, &b.arena, url, S(""), &b.got, &b.err), FETCH_TLS);
    scripted_close(b.server);
    b.server = NULL;
    url = arena_printf(&b.arena, "http://127.0.0.1:%d/", port);
    assert_int_equal(fetcher_get(b.fetcher, &b.arena, url, S(""), &b.got, &b.err),
                     FETCH_NO_CONNECTION);
    fetcher_close(b.fetcher);
    arena_free(&b.arena);
}

static void refused_urls(void **state)
{
    static const char *const urls[] = {
        "ftp://h/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/x",
        "",
        "http:x",
        "http://u:p@h/",
        "http://h:70000/",
        "http://h/\x01",
        "http://h/a\nb",
        "gopher://h/",
        "http://a b/",
        "http://h^/",
    };
    struct fetch_settings s = settings_for_tests();
    struct fetcher *f = fetcher_open(&s, NULL);
    struct fetch_answer got;
    struct arena arena;
    struct err err;
    char *large = calloc(1, 33000);

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
        if (fetcher_get(f, &arena, slice_from(urls[i]), S(""), &got, &err) != FETCH_REFUSED)
            fail_msg("%s: %s", urls[i], err.text);
    memset(large, 'a', 32999);
    memcpy(large, "http://h/", 9);
    assert_int_equal(fetcher_get(f, &arena, slice_from(large), S(""), &got, &err), FETCH_REFUSED);
    assert_string_equal(err.text, "the URL is longer than 32 KB");
    free(large);
    arena_free(&arena);
    fetcher_close(f);
}

static void private_addresses(void **state)
{
    static const char *const hosts[] = { "127.0.0.1",          "localhost", "0",
                                         "2130706433",         "0x7f.1",    "[::1]",
                                         "[::ffff:127.0.0.1]", "127.1",     "017700000001" };
    static const char *const elsewhere[] = { "public.example:80:127.0.0.1:80", NULL };
    struct fetch_settings s = settings_for_tests();
    struct slice url = S("http://public.example/");
    struct bench b;

    (void)state;
    s.allow_private = false;
    s.connect_to = elsewhere;
    bench_open(&b, &s);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
        if (get(&b, hosts[i], "/") != FETCH_PRIVATE)
            fail_msg("%s: %s", hosts[i], b.err.text);
    assert_int_equal(get(&b, "127.0.0.1", "/"), FETCH_PRIVATE);
    assert_string_equal(b.err.text, "127.0.0.1 is a loopback address");
    assert_int_equal(scripted_count(b.server), 0);
    assert_int_equal(fetcher_get(b.fetcher, &b.arena, url, S(""), &b.got, &b.err), FETCH_PRIVATE);
    bench_close(&b);
}

static void elsewhere(void **state)
{
    struct fetch_settings s = settings_for_tests();
    char entry[64] = ":1:127.0.0.1:1", any[64] = ":1:127.0.0.1:1";
    const char *const entries[] = { "a.example:80:127.0.0.1:9", entry, any, NULL };
    struct bench b;

    (void)state;
    s.connect_to = entries;
    bench_open(&b, &s);
    fetcher_close(b.fetcher);
    snprintf(entry, sizeof(entry), "trk.example:80:127.0.0.1:%d", scripted_port(b.server));
    snprintf(any, sizeof(any), ":80:127.0.0.1:%d", scripted_port(b.server));
    b.fetcher = fetcher_open(&s, &b.err);
    assert_int_equal(
        fetcher_get(b.fetcher, &b.arena, S("http://trk.example/x"), S(""), &b.got, &b.err),
        FETCH_DONE);
    assert_non_null(strstr(scripted_get(b.server, 0).head, "Host: trk.example\r\n"));
    assert_int_equal(
        fetcher_get(b.fetcher, &b.arena, S("http://caf\xc3\xa9.example/"), S(""), &b.got, &b.err),
        FETCH_DONE);
    assert_non_null(strstr(scripted_get(b.server, 1).head, "Host: xn--caf-dma.example\r\n"));
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(an_answer),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(trailers),
        cmocka_unit_test(bounds),
        cmocka_unit_test(no_answer),
        cmocka_unit_test(refused_urls),
        cmocka_unit_test(private_addresses),
        cmocka_unit_test(elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
