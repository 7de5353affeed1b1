/* Who may send: addresses and networks, the client behind proxies, token buckets, signatures. */
#include "core/guard/address.h"
#include "core/guard/bucket.h"
#include "core/guard/equal.h"
#include "core/guard/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- addresses ---- */

static void addresses_are_read_and_shown(void **state)
{
    static const struct {
        const char *text, *shown, *part; /* NULL: no address */
    } rows[] = {
        { "203.0.113.7", "203.0.113.7", "203.0.113.0/24" },
        { "203.0.113.7:4711", "203.0.113.7", "203.0.113.0/24" },
        { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48" },
        { "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:db8:0::/48" },
        { "[2001:db8::1]:443", "2001:db8:0:0:0:0:0:1", "2001:db8:0::/48" },
        { "[2001:db8::1]", "2001:db8:0:0:0:0:0:1", "2001:db8:0::/48" },
        { "::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24" },
        { "::", "0:0:0:0:0:0:0:0", "0:0:0::/48" },
        { "", NULL, NULL },
        { "unknown", NULL, NULL },
        { "203.0.113", NULL, NULL },
        { "203.0.113.256", NULL, NULL },
        { "203.0.113.07", NULL, NULL },
        { "203.0.113.7:", NULL, NULL },
        { "203.0.113.7:99999", NULL, NULL },
        { "203.0.113.7:x", NULL, NULL },
        { " 203.0.113.7", NULL, NULL },
        { "203.0.113.7/24", NULL, NULL },
        { "[203.0.113.7]:80", NULL, NULL },
        { "[2001:db8::1", NULL, NULL },
        { "[2001:db8::1]443", NULL, NULL },
        { "2001:db8:::1", NULL, NULL },
        { "1:2:3:4:5:6:7:8:9", NULL, NULL },
        { "fe80::1%eth0", NULL, NULL },
        { "_hidden", NULL, NULL },
    };
    char shown[ADDRESS_TEXT_MAX], part[ADDRESS_SHORT_MAX];
    struct address a;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool ok = address_parse(slice_from(rows[i].text), &a);
        if (ok != (rows[i].shown != NULL))
            fail_msg("%s", rows[i].text);
        if (!ok)
            continue;
        address_text(&a, shown);
        address_short(&a, part);
        assert_string_equal(shown, rows[i].shown);
        assert_string_equal(part, rows[i].part);
    }
}

static void networks_hold_what_lies_in_them(void **state)
{
    static const struct {
        const char *network, *inside, *outside; /* space-separated */
    } rows[] = {
        { "203.0.113.0/24", "203.0.113.0 203.0.113.255", "203.0.112.255 203.0.114.0 2001:db8::1" },
        { "203.0.113.128/25", "203.0.113.128 203.0.113.255", "203.0.113.127" },
        { "203.0.113.7", "203.0.113.7", "203.0.113.6 203.0.113.8" },
        { "203.0.113.7/32", "203.0.113.7", "203.0.113.6" },
        { "0.0.0.0/0", "0.0.0.0 255.255.255.255", "::1 2001:db8::1" },
        { "::/0", "::1 2001:db8::1 ffff::", "127.0.0.1 203.0.113.7" },
        { "2001:db8::/32", "2001:db8::1 2001:db8:ffff::", "2001:db9:: 203.0.113.7" },
        { "2001:db8::8/125", "2001:db8::8 2001:db8::f", "2001:db8::7 2001:db8::10" },
        { "::1", "::1", "::2 127.0.0.1" },
        { "::ffff:203.0.113.0/120", "203.0.113.9", "203.0.114.9" },
        { "128.0.0.0/1", "128.0.0.0 255.0.0.1", "127.255.255.255" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct network n;
        struct networks list = { &n, 1 };
        const char *why;
        if (!network_parse(slice_from(rows[i].network), &n, &why))
            fail_msg("%s %s", rows[i].network, why);
        for (int in = 0; in < 2; in++) {
            struct slice rest = slice_from(in ? rows[i].inside : rows[i].outside), one;
            while (slice_next(&rest, ' ', &one)) {
                struct address a;
                assert_true(address_parse(one, &a));
                if (networks_hold(&list, &a) != (in == 1))
                    fail_msg("%s: %.*s", rows[i].network, SLICE_ARG(one));
            }
        }
    }
}

static void what_is_no_network_is_said(void **state)
{
    static const char *const rows[][2] = {
        { "", "is not an IP address or network" },
        { "tracker.example", "is not an IP address or network" },
        { "203.0.113.0/33", "needs a length from 0 to 32 behind the /" },
        { "203.0.113.0/", "needs a length from 0 to 32 behind the /" },
        { "203.0.113.0/-1", "needs a length from 0 to 32 behind the /" },
        { "203.0.113.0/24/8", "needs a length from 0 to 32 behind the /" },
        { "203.0.113.0/255.255.255.0", "needs a length from 0 to 32 behind the /" },
        { "2001:db8::/129", "needs a length from 0 to 128 behind the /" },
        { "203.0.113.5/24", "names a host inside of the network" },
        { "2001:db8::1/64", "names a host inside of the network" },
        { "1.0.0.0/0", "names a host inside of the network" },
    };
    struct network n;
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_false(network_parse(slice_from(rows[i][0]), &n, &why));
        if (strcmp(why, rows[i][1]) != 0)
            fail_msg("%s %s", rows[i][0], why);
    }
}

static void the_client_is_the_last_that_is_no_proxy(void **state)
{
    static const struct {
        const char *peer, *forwarded, *client;
    } rows[] = {
        { "127.0.0.1", "", "127.0.0.1" },
        { "127.0.0.1", "203.0.113.7", "203.0.113.7" },
        { "127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7" },
        { "127.0.0.1", "198.51.100.1,203.0.113.7,10.0.0.8", "203.0.113.7" },
        { "127.0.0.1", "198.51.100.1, 10.0.0.8, 127.0.0.1, 10.0.0.9", "198.51.100.1" },
        { "127.0.0.1", "10.0.0.8", "10.0.0.8" },
        { "203.0.113.9", "198.51.100.1", "203.0.113.9" }, /* no proxy of ours: not believed */
        { "127.0.0.1", "198.51.100.1, garbage", "127.0.0.1" },
        { "127.0.0.1", "198.51.100.1, garbage, 10.0.0.8", "10.0.0.8" },
        { "127.0.0.1", "198.51.100.1, , ,", "198.51.100.1" },
        { "127.0.0.1", "198.51.100.1:999", "198.51.100.1" },
        { "127.0.0.1", "[2001:db8::5]:999", "2001:db8:0:0:0:0:0:5" },
        { "127.0.0.1", "<script>", "127.0.0.1" },
        { "127.0.0.1", ",", "127.0.0.1" },
    };
    struct network list[2];
    struct networks trusted = { list, 2 };
    char text[ADDRESS_TEXT_MAX], *many;
    struct address peer, client;
    const char *why;

    (void)state;
    assert_true(network_parse(S("127.0.0.0/8"), &list[0], &why));
    assert_true(network_parse(S("10.0.0.0/8"), &list[1], &why));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_true(address_parse(slice_from(rows[i].peer), &peer));
        client = address_client(peer, slice_from(rows[i].forwarded), &trusted);
        address_text(&client, text);
        if (strcmp(text, rows[i].client) != 0)
            fail_msg("%s: %s", rows[i].forwarded, text);
    }
    /* a hostile one: a hundred thousand proxies, of which 32 are looked at */
    many = malloc(100000 * 9 + 20);
    assert_non_null(many);
    memcpy(many, "203.0.113.7", 11);
    for (size_t i = 0; i < 100000; i++)
        memcpy(many + 11 + i * 9, ",10.0.0.1", 9);
    assert_true(address_parse(S("127.0.0.1"), &peer));
    client = address_client(peer, (struct slice){ many, 11 + 100000 * 9 }, &trusted);
    address_text(&client, text);
    assert_string_equal(text, "10.0.0.1");
    free(many);
}

static uint64_t key_of(const char *text)
{
    struct address a;

    assert_true(address_parse(slice_from(text), &a));
    return address_key(&a, 7);
}

static void a_caller_is_an_address_or_a_64(void **state)
{
    (void)state;
    assert_true(key_of("2001:db8:1:2::1") == key_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_true(key_of("2001:db8:1:2::1") != key_of("2001:db8:1:3::1"));
    assert_true(key_of("203.0.113.7") != key_of("203.0.113.8"));
    assert_true(key_of("203.0.113.7") == key_of("::ffff:203.0.113.7"));
}

/* ---- buckets ---- */

static void a_bucket_gives_its_rate_and_no_more(void **state)
{
    struct bucket slots[BUCKET_WAYS] = { { 0 } };
    struct buckets b = { slots, 1 };
    int64_t now = 1000;
    unsigned taken = 0;

    (void)state;
    while (bucket_take(&b, 1, 5, now) == 0)
        taken++;
    assert_int_equal(taken, 5 * BUCKET_SECONDS); /* saved up */
    assert_int_equal(bucket_take(&b, 1, 5, now), 1);
    assert_int_equal(bucket_take(&b, 1, 5, now + 199), 1);
    assert_int_equal(bucket_take(&b, 1, 5, now + 200), 0); /* a fifth of a second later */
    assert_int_equal(bucket_take(&b, 1, 5, now + 200), 1);
    taken = 0;
    for (int64_t t = now + 201; t <= now + 200 + 60000; t++)
        taken += bucket_take(&b, 1, 5, t) == 0;
    assert_int_equal(taken, 5 * 60); /* a minute of trying every millisecond */
    assert_int_equal(bucket_take(&b, 2, 5, now + 61000), 0); /* another caller */
    assert_int_equal(bucket_take(&b, 1, 5, now - 5000), 1);  /* a clock that went back gives nothing */
    taken = 0; /* after a year at most what may be saved up */
    while (bucket_take(&b, 1, 5, now + INT64_C(31536000000)) == 0)
        taken++;
    assert_int_equal(taken, 5 * BUCKET_SECONDS);
}

static void a_slow_rate_says_how_long_to_wait(void **state)
{
    struct bucket slots[BUCKET_WAYS] = { { 0 } };
    struct buckets b = { slots, 1 };

    (void)state;
    for (int i = 0; i < BUCKET_SECONDS; i++)
        assert_int_equal(bucket_take(&b, 1, 1, 1), 0);
    assert_int_equal(bucket_take(&b, 1, 1, 1), 1);
    assert_int_equal(bucket_take(&b, 1, 1, 1001), 0);
}

static void a_full_table_refuses_nobody(void **state)
{
    struct bucket slots[BUCKET_WAYS] = { { 0 } };
    struct buckets b = { slots, 1 };

    (void)state;
    for (int i = 0; i < BUCKET_SECONDS; i++)
        assert_int_equal(bucket_take(&b, 1, 1, 5000), 0);
    assert_int_equal(bucket_take(&b, 1, 1, 5000), 1);
    for (uint64_t key = 100; key < 100000; key++) /* more than there is room for */
        assert_int_equal(bucket_take(&b, key, 1, 5001), 0);
    assert_int_equal(bucket_take(&b, 1, 1, 5001), 0); /* forgotten, so it begins anew */
}

/* ---- signatures ---- */

static void hex(const unsigned char *bytes, char out[65])
{
    for (int i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[64] = '\0';
}

static void hmac_is_the_standards(void **state) /* RFC 4231, test cases 2 and 7 */
{
    unsigned char out[SIGNATURE_BYTES], key[131];
    char text[65];

    (void)state;
    assert_true(signature_hmac(S("Jefe"), S("what do ya want for nothing?"), out));
    hex(out, text);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    assert_true(signature_hmac((struct slice){ (const char *)key, sizeof(key) },
                               S("This is a test using a larger than block-size key and a larger t"
                                 "han block-size data. The key needs to be hashed before being use"
                                 "d by the HMAC algorithm."),
                               out));
    hex(out, text);
    assert_string_equal(text, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    assert_true(signature_is_hex(out, slice_from(text)));
    assert_true(signature_is_hex(
        out, S("9B09FFA71B942FCB27635FBCD5B0E944BFDC63644F0713938A7F51535C3A35E2")));
    text[63] = '3';
    assert_false(signature_is_hex(out, slice_from(text)));
    text[0] = 'g';
    assert_false(signature_is_hex(out, slice_from(text)));
    assert_false(signature_is_hex(out, S("")));
    assert_false(signature_is_hex(out, S("9b09ffa71b942fcb27635fbcd5b0e944")));
}

static void canonical(const char *query, const char *want)
{
    struct arena arena;
    struct notes notes;
    struct params p;
    struct buf out = { 0 };

    arena_init(&arena, 1024 * 1024);
    notes = (struct notes){ .arena = &arena };
    p = (struct params){ .arena = &arena, .notes = &notes };
    assert_int_equal(params_query(&p, slice_from(query), NULL), 0);
    assert_int_equal(signature_canonical(&out, S("nutra-de"), &p, &arena), 0);
    if (!slice_eq(buf_slice(&out), slice_from(want)))
        fail_msg("%s: %.*s", query, SLICE_ARG(buf_slice(&out)));
    buf_free(&out);
    arena_free(&arena);
}

static void the_signed_text_is_sorted_and_encoded_once(void **state)
{
    (void)state;
    canonical("subid=2t4ch5&status=sale&payout=12.50&key=k&sig=abc",
              "nutra-de?payout=12.50&status=sale&subid=2t4ch5");
    canonical("b=2&a=1&a=0&c", "nutra-de?a=0&a=1&b=2&c=");
    canonical("a.b=1&a=1&a-b=1&A=1", "nutra-de?A=1&a-b=1&a.b=1&a=1");
    canonical("a+b=%c3%a4%26&x=%7E_-.%2f", "nutra-de?a%20b=%C3%A4%26&x=~_-.%2F");
    canonical("a=1%26b%3D2", "nutra-de?a=1%26b%3D2"); /* is not a=1&b=2 */
    canonical("a=1&b=2", "nutra-de?a=1&b=2");
    canonical("Key=1&SIG=2&sigs=3", "nutra-de?Key=1&SIG=2&sigs=3"); /* names by their bytes */
    canonical("", "nutra-de?");
    canonical("key=k", "nutra-de?");
}

static void standard_webhooks(void **state)
{
    /* computed with Python's hmac and base64 for this test */
    static const char right[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    static const char *const lists[] = {
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,xyz v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,whatever",
        "  v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=  ",
    };
    static const char *const wrong[] = {
        "", " ", "v1", "v1,", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1=g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OB=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=,v1",
    };
    unsigned char secret[SIGNATURE_SECRET_MAX], out[SIGNATURE_BYTES];
    size_t n = signature_secret(S("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), secret);

    (void)state;
    assert_int_equal(n, 24);
    assert_true(signature_hmac((struct slice){ (const char *)secret, n },
                               S("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"),
                               out));
    assert_true(signature_in_list(out, slice_from(right)));
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        if (!signature_in_list(out, slice_from(lists[i])))
            fail_msg("%s", lists[i]);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        if (signature_in_list(out, slice_from(wrong[i])))
            fail_msg("%s", wrong[i]);
}

static void secrets_of_webhooks(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
    } rows[] = {
        { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 24 },
        { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 24 },
        { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 32 },
        { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", 31 },
        { "whsec_AAAA", 3 },
        { "whsec_", 0 },
        { "", 0 },
        { "whsec_AAA", 0 },
        { "whsec_AA A", 0 },
        { "whsec_A=AA", 0 },
        { "whsec_====", 0 },
        { "whsec_AA-_", 0 },
        { "0123456789abcdef0123456789abcde!", 0 },
    };
    unsigned char out[SIGNATURE_SECRET_MAX];
    char longest[6 + 92 + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (signature_secret(slice_from(rows[i].text), out) != rows[i].bytes)
            fail_msg("%s", rows[i].text);
    memset(longest, 'A', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "whsec_", 6);
    memcpy(longest + 6 + 86, "==", 3);
    assert_int_equal(signature_secret(slice_from(longest), out), 64);
    memcpy(longest + 6 + 86, "A=", 3);
    assert_int_equal(signature_secret(slice_from(longest), out), 0); /* 65 bytes */
    memcpy(longest + 6 + 86, "AAAAAA", 7);
    assert_int_equal(signature_secret(slice_from(longest), out), 0);
}

static void ids_of_webhooks(void **state)
{
    char many[202];

    (void)state;
    assert_true(signature_id_ok(S("msg_p5jXN8AQM9LWM0D4loKWxJek")));
    assert_true(signature_id_ok(S("a.b")));
    assert_false(signature_id_ok(S("")));
    assert_false(signature_id_ok(S("a b")));
    assert_false(signature_id_ok(S("a\tb")));
    assert_false(signature_id_ok(S("\xc3\xa4")));
    memset(many, 'a', sizeof(many));
    assert_true(signature_id_ok((struct slice){ many, 200 }));
    assert_false(signature_id_ok((struct slice){ many, 201 }));
}

static void equal_is_equal(void **state)
{
    (void)state;
    assert_true(equal_bytes("abc", "abc", 3));
    assert_false(equal_bytes("abc", "abd", 3));
    assert_false(equal_bytes("xbc", "abc", 3));
    assert_true(equal_bytes("abc", "xyz", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_shown),
        cmocka_unit_test(networks_hold_what_lies_in_them),
        cmocka_unit_test(what_is_no_network_is_said),
        cmocka_unit_test(the_client_is_the_last_that_is_no_proxy),
        cmocka_unit_test(a_caller_is_an_address_or_a_64),
        cmocka_unit_test(a_bucket_gives_its_rate_and_no_more),
        cmocka_unit_test(a_slow_rate_says_how_long_to_wait),
        cmocka_unit_test(a_full_table_refuses_nobody),
        cmocka_unit_test(hmac_is_the_standards),
        cmocka_unit_test(the_signed_text_is_sorted_and_encoded_once),
        cmocka_unit_test(standard_webhooks),
        cmocka_unit_test(secrets_of_webhooks),
        cmocka_unit_test(ids_of_webhooks),
        cmocka_unit_test(equal_is_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
