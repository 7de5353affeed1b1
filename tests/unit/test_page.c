/* Where an answer sends a browser on.  Pages stand in front of an unreadable page of memory. */
#include "core/chain/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "tests/support/guard.h"

#define U "https://o.example/?a=1&b=2"

/* A script's text. */
#define JS(text) "<html><script>" text "</script></html>"
/* The page of a lander: enough to read that it is none that only sends on. */
#define WORDS                                                                                      \
    "<p>Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eirmod tempor "   \
    "invidunt ut labore et dolore magna aliquyam erat, sed diam voluptua. At vero eos et "         \
    "accusam et justo duo dolores et ea rebum. Stet clita kasd gubergren, no sea takimata "        \
    "sanctus est Lorem ipsum dolor sit amet. Lorem ipsum dolor sit amet, consetetur sadipscing "   \
    "elitr, sed diam nonumy eirmod tempor.</p>"

struct row {
    const char *body;
    enum page_next_kind kind;
    const char *url;
    unsigned delay;
    bool computed;
};

static void check(const struct row *row)
{
    struct slice body = guard_copy(slice_from(row->body));
    struct page_answer answer = { .status = 200, .content_type = S("text/html"), .body = body };
    struct page_next next;
    struct arena arena;

    arena_init(&arena, 1 << 20);
    page_next(&arena, &answer, &next);
    if (next.kind != row->kind || !slice_eq(next.url, slice_from(row->url)) ||
        next.delay != row->delay || next.computed != row->computed)
        fail_msg("%s: kind %d, %.*s, delay %u, computed %d", row->body, next.kind,
                 SLICE_ARG(next.url), next.delay, next.computed);
    arena_free(&arena);
    guard_free(body);
}

static void metas(void **state)
{
    static const struct row rows[] = {
        { "<meta http-equiv=refresh content='0;url=" U "'>", PAGE_META, U, 0, false },
        { "<META HTTP-EQUIV=\"Refresh\" CONTENT=\"5; URL='" U "'\">", PAGE_META, U, 5, false },
        { "<meta content=\"0; url=&quot;x?a=1&amp;b=2&quot;\" http-equiv=' refresh '/>", PAGE_META,
          "x?a=1&b=2", 0, false },
        { "<meta http-equiv=refresh content=0;url=/x?a=1&currency=2>", PAGE_META,
          "/x?a=1&currency=2", 0, false },
        { "<meta http-equiv=refresh content=' 1.5 ,  Url = /x '>", PAGE_META, "/x", 1, false },
        { "<meta http-equiv=refresh content='0 /x'>", PAGE_META, "/x", 0, false },
        { "<meta http-equiv=refresh content='0;/x'>", PAGE_META, "/x", 0, false },
        { "<meta http-equiv=refresh content='0;\"/x\"y'>", PAGE_META, "/x", 0, false },
        { "<meta http-equiv=refresh content='0; url=/x&#63;a&#x3D;&#38;b&quest;'>", PAGE_META,
          "/x?a=&b?", 0, false },
        { "<meta http-equiv=refresh content='99999999999999;url=x'>", PAGE_META, "x", 9999999,
          false },
        { "<meta http-equiv=refresh content='0;url=\n/a\tb\n'>", PAGE_META, "/ab", 0, false },
        { "<meta http-equiv=refresh content='0;url=/1'><meta http-equiv=refresh "
          "content='0;url=/2'>",
          PAGE_META, "/1", 0, false },
        { "<base href='https://b.example/d/'><meta http-equiv=refresh content='0;url=x'>",
          PAGE_META, "https://b.example/d/x", 0, false },
        { "<svg/><meta\fhttp-equiv=\"refresh\"/content='0;url=/x'/>", PAGE_META, "/x", 0, false },
        { "<meta http-equiv=refresh content='30'>", PAGE_END, "", 0, false },
        { "<meta http-equiv=refresh content='url=/x'>", PAGE_END, "", 0, false },
        { "<meta http-equiv=refresh content='0x;url=/x'>", PAGE_END, "", 0, false },
        { "<meta http-equiv=refresh>", PAGE_END, "", 0, false },
        { "<meta name=refresh content='0;url=/x'>", PAGE_END, "", 0, false },
        { "<!-- <meta http-equiv=refresh content='0;url=/x'> -->", PAGE_END, "", 0, false },
        { "<!--><meta http-equiv=refresh content='0;url=/x'>", PAGE_META, "/x", 0, false },
        { "<textarea><meta http-equiv=refresh content='0;url=/x'></textarea>", PAGE_END, "", 0,
          false },
        { "<script>\"<meta http-equiv=refresh content='0;url=/x'>\"</script>", PAGE_END, "", 0,
          false },
        { "<a title=\"<meta http-equiv=refresh content='0;url=/x'>\">", PAGE_END, "", 0, false },
        { "<meta http-equiv=refresh content='0;url=/x", PAGE_END, "", 0, false },
        { "<meta http-equiv=refresh content='0;url=/x'", PAGE_END, "", 0, false },
        { "</meta http-equiv=refresh content='0;url=/x'>", PAGE_END, "", 0, false },
        { "<noscript><meta http-equiv=refresh content='0;url=/x'></noscript>" WORDS, PAGE_END, "",
          0, false },
        { "<noscript><meta http-equiv=refresh content='0;url=/x'></noscript>", PAGE_META, "/x", 0,
          false },
        { "<script>location=a+b</script><noscript><meta http-equiv=refresh content='0;url=/x'>"
          "</noscript>" WORDS,
          PAGE_META, "/x", 0, true },
        { "<", PAGE_END, "", 0, false },
        { "<!", PAGE_END, "", 0, false },
        { "<!--", PAGE_END, "", 0, false },
        { "</", PAGE_END, "", 0, false },
        { "<a", PAGE_END, "", 0, false },
        { "<a b='", PAGE_END, "", 0, false },
        { "", PAGE_END, "", 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check(&rows[i]);
}

static void scripts(void **state)
{
    static const struct row rows[] = {
        { JS("location='" U "'"), PAGE_SCRIPT, U, 0, false },
        { JS("window.location = \"" U "\";"), PAGE_SCRIPT, U, 0, false },
        { JS("document . location . href = `" U "`"), PAGE_SCRIPT, U, 0, false },
        { JS("top.location.replace('" U "')"), PAGE_SCRIPT, U, 0, false },
        { JS("window.parent.location.assign( '" U "' , 1)"), PAGE_SCRIPT, U, 0, false },
        { JS("self.location/* x */=/* y */'" U "'// z"), PAGE_SCRIPT, U, 0, false },
        { JS("<!--\nlocation='/x'\n//-->"), PAGE_SCRIPT, "/x", 0, false },
        { JS("location='\\/x\\x3fa\\u003d1\\u{26}b\\\n\\'\\q'"), PAGE_SCRIPT, "/x?a=1&b'q", 0,
          false },
        { JS("var a=1/2;location='/x';var b=3/4"), PAGE_SCRIPT, "/x", 0, false },
        { JS("var a=/'[/']/;location='/x'"), PAGE_SCRIPT, "/x", 0, false },
        { JS("if(!a){location='/x'}else{location='/y'}"), PAGE_SCRIPT, "/x", 0, false },
        { JS("setTimeout(\"location.href='/x'\",100)"), PAGE_SCRIPT, "/x", 0, false },
        { JS("setTimeout(function(){location='/x'},1)") WORDS, PAGE_SCRIPT, "/x", 0, false },
        { JS("(function(){location='/x'})()") WORDS, PAGE_SCRIPT, "/x", 0, false },
        { JS("window.onload=function(){location='/x'}") WORDS, PAGE_SCRIPT, "/x", 0, false },
        { JS("window.addEventListener('load',function(){location='/x'})") WORDS, PAGE_SCRIPT, "/x",
          0, false },
        { JS("addEventListener('click',function(){location='/x'})") WORDS, PAGE_END, "", 0, false },
        { JS("function go(){if(a){location='/x'}}") WORDS, PAGE_END, "", 0, false },
        { JS("function go(){} location='/x'") WORDS, PAGE_SCRIPT, "/x", 0, false },
        { JS("b.onclick=()=>{location='/x'}") WORDS, PAGE_END, "", 0, false },
        { JS("function go(){location='/x'}"), PAGE_SCRIPT, "/x", 0, false },
        { JS("function go(){location='/x'}") "<form>", PAGE_END, "", 0, false },
        { JS("go('/x');function go(u){location=u}"), PAGE_END, "", 0, true },
        { JS("function go(u){location=u}") WORDS, PAGE_END, "", 0, false },
        { JS("location='/x?'+a"), PAGE_END, "", 0, true },
        { JS("location=`/x?${a}`"), PAGE_END, "", 0, true },
        { JS("location.href=atob('x')"), PAGE_END, "", 0, true },
        { JS("location.search='?a=1'"), PAGE_END, "", 0, true },
        { JS("location.href=a;location.href='/x'"), PAGE_SCRIPT, "/x", 0, false },
        { JS("if(top!==self)top.location=self.location"), PAGE_END, "", 0, false },
        { JS("if(top!=self){top.location.href=location.href;}"), PAGE_END, "", 0, false },
        { JS("location=location.href.replace('a','b')"), PAGE_END, "", 0, true },
        { JS("var u='/x';location.href=u;"), PAGE_SCRIPT, "/x", 0, false },
        { "<script>let u = '/x', v = 1</script><script>location.replace(u)</script>", PAGE_SCRIPT,
          "/x", 0, false },
        { JS("var u='/x';u='/y';location=u"), PAGE_END, "", 0, true },
        { JS("var u='/x';u+='/y';location=u"), PAGE_END, "", 0, true },
        { JS("var u='/x'+a;location=u"), PAGE_END, "", 0, true },
        { JS("a.u='/x';location=u"), PAGE_END, "", 0, true },
        { JS("var u='/x';location=u+'y'"), PAGE_END, "", 0, true },
        { JS("var u='/x';location=u.replace(1,2)"), PAGE_END, "", 0, true },
        { JS("location=' '"), PAGE_END, "", 0, false },
        { JS("a.location='/x'"), PAGE_END, "", 0, false },
        { JS("a.window.location='/x'"), PAGE_END, "", 0, false },
        { JS("location=='/x'"), PAGE_END, "", 0, false },
        { JS("location.hash='/x'"), PAGE_END, "", 0, false },
        { JS("location.reload()"), PAGE_END, "", 0, false },
        { JS("// location='/x'"), PAGE_END, "", 0, false },
        { JS("/* location='/x' */"), PAGE_END, "", 0, false },
        { JS("a=\"location='/x'\""), PAGE_END, "", 0, false },
        { JS("mylocation='/x';location_='/y';$location='/z'"), PAGE_END, "", 0, false },
        { "<script type=application/json>location='/x'</script>", PAGE_END, "", 0, false },
        { "<script src=x>location='/x'</script>", PAGE_END, "", 0, false },
        { "<script type=text/javascript>location='/x'</script >", PAGE_SCRIPT, "/x", 0, false },
        { "<!-- <script>location='/x'</script> -->", PAGE_END, "", 0, false },
        { "<body onload=\"location=&quot;/x?a=1&amp;b&quot;\">", PAGE_SCRIPT, "/x?a=1&b", 0,
          false },
        { "<script>location='/x'", PAGE_SCRIPT, "/x", 0, false },
        { "<script>location=", PAGE_END, "", 0, false },
        { "<script>location='", PAGE_END, "", 0, false },
        { "<script>location='\\", PAGE_SCRIPT, "\\", 0, false },
        { "<script>/*", PAGE_END, "", 0, false },
        { "<script>a=/[", PAGE_END, "", 0, false },
        { "<meta http-equiv=refresh content='3;url=/m'><script>location='/x'</script>", PAGE_META,
          "/m", 3, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check(&rows[i]);
}

static void headers(void **state)
{
    static const struct {
        int status;
        const char *location, *refresh, *type;
        enum page_next_kind kind;
        const char *url;
    } rows[] = {
        { 301, "/l", "0;url=/r", "text/html", PAGE_LOCATION, "/l" },
        { 302, " \t/l ", "", "", PAGE_LOCATION, "/l" },
        { 303, "/l", "", "", PAGE_LOCATION, "/l" },
        { 307, "/l", "", "", PAGE_LOCATION, "/l" },
        { 308, "/l", "", "", PAGE_LOCATION, "/l" },
        { 300, "/l", "", "", PAGE_META, "/m" },
        { 304, "/l", "", "", PAGE_META, "/m" },
        { 200, "/l", "", "", PAGE_META, "/m" },
        { 201, "/l", "0; url='/r'", "", PAGE_REFRESH, "/r" },
        { 302, "", "", "text/html; charset=utf-8", PAGE_META, "/m" },
        { 404, "", "", "TEXT/HTML", PAGE_META, "/m" },
        { 200, "", "", "application/xhtml+xml", PAGE_META, "/m" },
        { 200, "", "5", "", PAGE_META, "/m" },
        { 200, "", "", "text/plain", PAGE_END, "" },
        { 200, "", "", "application/json", PAGE_END, "" },
        { 200, "", "0;url=/r", "image/gif", PAGE_REFRESH, "/r" },
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct page_answer answer = { .status = rows[i].status,
                                      .location = guard_copy(slice_from(rows[i].location)),
                                      .refresh = guard_copy(slice_from(rows[i].refresh)),
                                      .content_type = guard_copy(slice_from(rows[i].type)),
                                      .body = S("<meta http-equiv=refresh content='0;url=/m'>") };
        struct page_next next;
        page_next(&arena, &answer, &next);
        if (next.kind != rows[i].kind || !slice_eq(next.url, slice_from(rows[i].url)))
            fail_msg("row %zu: kind %d, %.*s", i, next.kind, SLICE_ARG(next.url));
        guard_free(answer.location);
        guard_free(answer.refresh);
        guard_free(answer.content_type);
    }
    arena_free(&arena);
}

static void forms(void **state)
{
    static const struct {
        const char *body, *url;
    } rows[] = {
        { "<form action=/go?x=1><input name=a value='1 2'><input type=hidden name=ttclid "
          "value=E.C.P"
          "></form><input name=z value=9>",
          "/go?a=1%202&ttclid=E.C.P" },
        { "<FORM METHOD=post ACTION='/go?x=1&amp;y=2'><input name=a value=1></FORM>",
          "/go?x=1&y=2&a=1" },
        { "<form><input type=submit name=s value=1><input type=checkbox name=c><input "
          "type=checkbox "
          "checked name=d><input type=radio name=e checked value=5><input disabled name=f><input "
          "name=g><input value=h>",
          "?d=on&e=5&g=" },
        { "<form action=x><select name=a><option value=1><option value=2 selected><option value=3 "
          "selected></select><select name=b><option value=4></select><select name=c></select>"
          "<textarea name=t>&lt;x</textarea></form>",
          "x?a=2&b=4&t=%3Cx" },
        { "<form action='http://u@h/'>", "http://u@h/" },
    };
    struct arena arena;
    struct slice url;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice body = guard_copy(slice_from(rows[i].body));
        struct page_answer answer = { .status = 200, .body = body };
        struct page_next next;
        assert_true(page_form(&arena, body, &url));
        if (!slice_eq(url, slice_from(rows[i].url)))
            fail_msg("%s: %.*s", rows[i].body, SLICE_ARG(url));
        page_next(&arena, &answer, &next);
        assert_true(next.has_form);
        guard_free(body);
    }
    assert_false(page_form(&arena, S("<!--<form>--></form>"), &url));
    arena_free(&arena);
}

static void links(void **state)
{
    struct arena arena;
    struct slice url, body = guard_copy(S("<a id=x href=/no1<b id=cta href=/no><a href='/n'><A "
                                          "ID='cta' href=' /go?a=1&amp;b=2 '><area id=m href=/m>"));

    (void)state;
    arena_init(&arena, 1 << 16);
    assert_true(page_link(&arena, body, S("cta"), &url));
    assert_true(slice_eq(url, S("/go?a=1&b=2")));
    assert_true(page_link(&arena, body, S("m"), &url));
    assert_true(slice_eq(url, S("/m")));
    assert_false(page_link(&arena, body, S("CTA"), &url));
    assert_false(page_link(&arena, S("<a id=cta>"), S("cta"), &url));
    guard_free(body);
    arena_free(&arena);
}

/* Pages that would take a quadratic reader minutes: 4 MB of each, of which 1 MB is looked at. */
static void linear(void **state)
{
    static const char *const parts[] = {
        "<",
        "<!--",
        "<a ",
        "<a b=\"",
        "</",
        "<script>",
        "<noscript>",
        "<form>",
        "&",
        "<!",
        "-",
        "<script>location=",
        "<meta http-equiv=refresh content='0;url=",
        "<p onload='location=\"",
    };
    static const char *const scripts_of[] = {
        "location=", "location.", "window.", "{function",   "setTimeout(\"", "'",
        "/*",        "/",         "`${",     "location=a.", "location \n",   "\\",
    };
    const size_t n_parts = sizeof(parts) / sizeof(*parts);
    const size_t n = n_parts + sizeof(scripts_of) / sizeof(*scripts_of);
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const char *part = i < n_parts ? parts[i] : scripts_of[i - n_parts];
        struct buf body = { 0 };
        struct page_answer answer = { .status = 200 };
        struct page_next next;
        buf_puts(&body, i < n_parts ? "" : "<script>");
        while (body.len < 4 * PAGE_MAX_BYTES)
            buf_puts(&body, part);
        answer.body = buf_slice(&body);
        arena_init(&arena, 16 << 20);
        page_next(&arena, &answer, &next);
        page_form(&arena, answer.body, &next.url);
        arena_free(&arena);
        buf_free(&body);
    }
}

/* As many timers as fit into a page: the redirect behind them is found all the same. */
static void many_timers(void **state)
{
    struct buf body = { 0 };
    struct page_answer answer = { .status = 200 };
    struct page_next next;
    struct arena arena;

    (void)state;
    buf_puts(&body, "<script>");
    while (body.len < PAGE_MAX_BYTES - 100)
        buf_puts(&body, "setTimeout(\"\")");
    buf_puts(&body, ";location='/x'</script>");
    answer.body = buf_slice(&body);
    arena_init(&arena, 16 << 20);
    page_next(&arena, &answer, &next);
    assert_int_equal(next.kind, PAGE_SCRIPT);
    assert_true(slice_eq(next.url, S("/x")));
    assert_false(arena.full);
    arena_free(&arena);
    buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metas),       cmocka_unit_test(scripts), cmocka_unit_test(headers),
        cmocka_unit_test(forms),       cmocka_unit_test(links),   cmocka_unit_test(linear),
        cmocka_unit_test(many_timers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
