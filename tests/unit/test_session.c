/* Who may see the inspector: sessions, tries of passwords, and what a browser says of who asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/guard/browser.h"
#include "core/guard/guesses.h"
#include "core/guard/session.h"

static struct identity_hasher *hasher;

static struct slice secret(unsigned n)
{
    static char texts[64][SESSION_TEXT + 1];
    unsigned char bytes[SESSION_SECRET] = { 0xab, (unsigned char)n };

    session_text(bytes, texts[n]);
    return slice_from(texts[n]);
}

static void a_text_is_hexadecimal(void **state)
{
    (void)state;
    assert_string_equal(secret(0x1f).ptr, "ab1f00000000000000000000000000000000000000000000000000000000000"
                                          "0");
}

static void a_session_ends(void **state)
{
    struct sessions s = { 0 };

    (void)state;
    assert_true(session_add(&s, SESSION_COOKIE, hasher, secret(1), 100, 160));
    assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(1), 100));
    assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(1), 159));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, secret(1), 160));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, secret(2), 100));
    assert_false(session_holds(&s, SESSION_TICKET, hasher, secret(1), 100));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, S(""), 100));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, slice_head(secret(1), 63), 100));
    session_end(&s, SESSION_COOKIE, hasher, secret(2)); /* nobody */
    assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(1), 100));
    session_end(&s, SESSION_COOKIE, hasher, secret(1));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, secret(1), 100));
}

/* What was never given opens nothing, neither the text nor the digest that a free place has. */
static void an_empty_table_holds_nobody(void **state)
{
    struct sessions s = { 0 };
    char zeros[SHA256_HEX] = { 0 };

    (void)state;
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, S(""), 1));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, (struct slice){ zeros, sizeof(zeros) }, 1));
}

static void the_table_is_bounded(void **state)
{
    struct sessions s = { 0 };

    (void)state;
    for (unsigned i = 0; i < SESSION_EACH; i++)
        assert_true(session_add(&s, SESSION_COOKIE, hasher, secret(i), 100, 1000 - i));
    for (unsigned i = 0; i < SESSION_EACH; i++)
        assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(i), 100));
    /* One more: the one that ends first goes. */
    assert_true(session_add(&s, SESSION_COOKIE, hasher, secret(40), 100, 2000));
    assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(40), 100));
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, secret(SESSION_EACH - 1), 100));
    for (unsigned i = 0; i < SESSION_EACH - 1; i++)
        assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(i), 100));
    /* Those that have ended make room before anybody has to go. */
    assert_true(session_add(&s, SESSION_COOKIE, hasher, secret(41), 970, 3000));
    assert_true(session_holds(&s, SESSION_COOKIE, hasher, secret(0), 980));
    session_end_all(&s);
    assert_false(session_holds(&s, SESSION_COOKIE, hasher, secret(41), 980));
}

static void passwords_are_tried_slowly(void **state)
{
    struct guesses g = { 0 };

    (void)state;
    for (int i = 0; i < GUESSES_EACH; i++) {
        assert_int_equal(guesses_wait(&g, 7, 1000 + i), 0);
        guesses_wrong(&g, 7, 1000 + i);
    }
    assert_int_equal(guesses_wait(&g, 7, 1009), 51);
    assert_int_equal(guesses_wait(&g, 7, 1059), 1);
    assert_int_equal(guesses_wait(&g, 7, 1060), 0); /* the first of them is a minute old */
    guesses_wrong(&g, 7, 1060);
    assert_int_equal(guesses_wait(&g, 7, 1060), 1);
    assert_int_equal(guesses_wait(&g, 7, 1061), 0);
    assert_int_equal(guesses_wait(&g, 7, 5000), 0);
    assert_int_equal(guesses_wait(&g, 8, 1009), 0); /* another address does not wait for it */
    assert_int_equal(guesses_wait(&g, 0, 1009), 0);
}

/* From many addresses: all strangers together have their limit, who was right before is not held up by it. */
static void many_try_passwords(void **state)
{
    struct guesses g = { 0 };

    (void)state;
    guesses_right(&g, 1);
    for (uint64_t i = 0; i < GUESSES_ALL; i++) {
        assert_int_equal(guesses_wait(&g, 1000 + i, 500), 0);
        guesses_wrong(&g, 1000 + i, 500);
    }
    assert_int_equal(guesses_wait(&g, 5000, 510), 50); /* one that has never come */
    assert_int_equal(guesses_wait(&g, 1, 510), 0);
    for (int i = 0; i < GUESSES_EACH; i++)
        guesses_wrong(&g, 1, 510);
    assert_int_equal(guesses_wait(&g, 1, 510), 60); /* it has its own limit */
    assert_int_equal(guesses_wait(&g, 5000, 560), 0); /* and others do not wait for that */
    guesses_forget(&g);
    assert_int_equal(guesses_wait(&g, 1, 575), 0);
    for (uint64_t i = 0; i < GUESSES_ALL; i++)
        guesses_wrong(&g, 3000 + i, 600);
    assert_int_equal(guesses_wait(&g, 1, 600), 60);
}

/* Whoever has more addresses than there are places does not get more tries, and 33 that are right push out the oldest. */
static void guesses_are_bounded(void **state)
{
    struct guesses g = { 0 };
    unsigned tried = 0;

    (void)state;
    for (uint64_t i = 0; i < 100000; i++) /* a minute of a thousand addresses in turn */
        if (guesses_wait(&g, 1 + i % 1000, 1000 + (int64_t)(i / 1667)) == 0) {
            guesses_wrong(&g, 1 + i % 1000, 1000 + (int64_t)(i / 1667));
            tried++;
        }
    assert_int_equal(tried, GUESSES_ALL);
    for (uint64_t i = 1; i <= GUESSES_KNOWN + 1; i++)
        guesses_right(&g, i);
    guesses_right(&g, 2); /* again: it is the newest, and is there once */
    for (uint64_t i = 0; i < GUESSES_ALL; i++)
        guesses_wrong(&g, 5000 + i, 9000);
    assert_int_equal(guesses_wait(&g, 1, 9000), 60);
    for (uint64_t i = 2; i <= GUESSES_KNOWN + 1; i++)
        assert_int_equal(guesses_wait(&g, i, 9000), 0);
}

/* ---- what a browser says ---- */

static void hosts(void **state)
{
    static const struct {
        const char *header, *name, *port; /* name NULL: no host */
    } rows[] = {
        { "localhost", "localhost", "" },
        { "localhost:9090", "localhost", "9090" },
        { "127.0.0.1:0", "127.0.0.1", "0" },
        { "[::1]", "::1", "" },
        { "[::1]:65535", "::1", "65535" },
        { "Inspector.Example.com.", "Inspector.Example.com.", "" },
        { "a_b-c.example", "a_b-c.example", "" },
        { "", NULL, NULL },
        { ":80", NULL, NULL },
        { "a:", NULL, NULL },
        { "a:65536", NULL, NULL },
        { "a:80:80", NULL, NULL },
        { "a:8o", NULL, NULL },
        { "::1", NULL, NULL },
        { "[::1", NULL, NULL },
        { "[127.0.0.1]", NULL, NULL },
        { "[::1]x", NULL, NULL },
        { "[::1%25eth0]", NULL, NULL },
        { "a/b", NULL, NULL },
        { "a b", NULL, NULL },
        { "a@b", NULL, NULL },
        { "*", NULL, NULL },
        { ".a", NULL, NULL },
        { "a..b", NULL, NULL },
        { "a\"b", NULL, NULL },
        { "\xc3\xa4", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice name = { 0 }, port = { 0 };
        bool ok = browser_host(slice_from(rows[i].header), &name, &port);
        if (ok != (rows[i].name != NULL) ||
            (ok && (!slice_eq(name, slice_from(rows[i].name)) ||
                    !slice_eq(port, slice_from(rows[i].port)))))
            fail_msg("%s: %d \"%.*s\" \"%.*s\"", rows[i].header, ok, SLICE_ARG(name), SLICE_ARG(port));
    }
}

static void only_names_of_ours(void **state)
{
    static const struct slice list[] = { SLICE("inspector.example.com"), SLICE("192.0.2.7"),
                                         SLICE("2001:db8::1"), { 0 } };
    static const char *const ours[] = { "localhost", "LOCALHOST", "localhost.", "a.localhost",
                                        "127.0.0.1", "127.9.8.7", "::1", "inspector.example.com",
                                        "INSPECTOR.example.com.", "192.0.2.7", "2001:db8::1" };
    static const char *const others[] = { "", ".localhost", "notlocalhost", "localhost.evil.example",
                                          "127.0.0.1.evil.example", "127.0.0.1.nip.io", "128.0.0.1",
                                          "evil-inspector.example.com", "example.com",
                                          "x.inspector.example.com", "192.0.2.70", "0.0.0.0", "::",
                                          "2001:db8::2", "::2" };

    (void)state;
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (!browser_may_be(slice_from(ours[i]), list))
            fail_msg("%s is ours", ours[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (browser_may_be(slice_from(others[i]), list))
            fail_msg("%s is not ours", others[i]);
    assert_false(browser_may_be(S("inspector.example.com"), NULL));
    assert_true(browser_may_be(S("127.0.0.1"), NULL));
}

static void only_pages_of_ours(void **state)
{
    static const struct {
        const char *host, *origin, *site;
        bool ours;
    } rows[] = {
        { "127.0.0.1:9090", "", "", true }, /* curl */
        { "127.0.0.1:9090", "http://127.0.0.1:9090", "same-origin", true },
        { "127.0.0.1:9090", "HTTP://127.0.0.1:9090", "", true },
        { "i.example", "https://i.example", "same-origin", true },
        { "i.example", "https://I.EXAMPLE", "none", true },
        { "127.0.0.1:9090", "", "none", true },
        { "127.0.0.1:9090", "", "same-site", false },
        { "127.0.0.1:9090", "", "cross-site", false },
        { "127.0.0.1:9090", "http://127.0.0.1:9090", "cross-site", false },
        { "127.0.0.1:9090", "http://127.0.0.1:9091", "", false },
        { "127.0.0.1:9090", "http://localhost:9090", "", false },
        { "127.0.0.1:9090", "https://evil.example", "", false },
        { "127.0.0.1:9090", "http://127.0.0.1:9090.evil.example", "", false },
        { "127.0.0.1:9090", "null", "", false },
        { "127.0.0.1:9090", "null", "same-origin", false },
        { "127.0.0.1:9090", "file://", "", false },
        { "127.0.0.1:9090", "ftp://127.0.0.1:9090", "", false },
        { "", "http://", "", false },
        { "127.0.0.1:9090", "", "anything new", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (browser_same_site(slice_from(rows[i].host), slice_from(rows[i].origin),
                              slice_from(rows[i].site)) != rows[i].ours)
            fail_msg("%s, %s, %s", rows[i].host, rows[i].origin, rows[i].site);
}

static void cookies(void **state)
{
    static const struct {
        const char *header, *value;
    } rows[] = {
        { "n=1", "1" },           { "a=0; n=1; b=2", "1" }, { "a=0;n=1", "1" }, { "n=1; n=2", "1" },
        { "n=a=b", "a=b" },       { "nn=1", "" },           { "an=1", "" },     { "N=1", "" },
        { "n", "" },              { "", "" },               { "n=", "" },       { ";;; n=1;", "1" },
        { "a=\"x; n=1\"", "1\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice got = browser_cookie(slice_from(rows[i].header), S("n"));
        if (!slice_eq(got, slice_from(rows[i].value)))
            fail_msg("%s: %.*s", rows[i].header, SLICE_ARG(got));
    }
}

static int open_hasher(void **state)
{
    (void)state;
    hasher = identity_hasher_new();
    return hasher ? 0 : -1;
}

static int close_hasher(void **state)
{
    (void)state;
    identity_hasher_free(hasher);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_hexadecimal),
        cmocka_unit_test(a_session_ends),
        cmocka_unit_test(an_empty_table_holds_nobody),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(passwords_are_tried_slowly),
        cmocka_unit_test(many_try_passwords),
        cmocka_unit_test(guesses_are_bounded),
        cmocka_unit_test(hosts),
        cmocka_unit_test(only_names_of_ours),
        cmocka_unit_test(only_pages_of_ours),
        cmocka_unit_test(cookies),
    };

    return cmocka_run_group_tests(tests, open_hasher, close_hasher);
}
