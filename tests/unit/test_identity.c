#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/identity/identity.h"
#include "core/identity/letters.h"
#include "core/identity/phone.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HASH_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ALICE "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"

struct fixture {
    struct identity_hasher *hasher;
    struct arena arena;
};
static struct fixture f;

static int set_up(void **state)
{
    (void)state;
    arena_init(&f.arena, 1 << 20);
    f.hasher = identity_hasher_new();
    return f.hasher ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    identity_hasher_free(f.hasher);
    arena_free(&f.arena);
    return 0;
}

/* The official page's five vectors, of which the last two are of kinds that we do not send. */
static void test_official_hashes(void **state)
{
    static const struct {
        int kind;
        const char *raw, *hash;
    } vectors[] = {
        { IDENTITY_EMAIL, " ALICE_abc@gmail.com ", ALICE },
        { IDENTITY_PHONE, "(+1)2133734253",
          "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd" },
        { IDENTITY_EXTERNAL_ID, "user_123",
          "80fba0ae1c48e3978e43e4efc365e14e12ea0c830ba8ba5b9a2dafc7e3f2ab8b" },
        { IDENTITY_EXTERNAL_ID, "EA7583CD-A667-48BC-B806-42ECB2B48606",
          "70574fa9c8f498a7b2e5c8712b1126de7b1406fd02fdc591821c5bd33092fd1c" },
        { IDENTITY_EXTERNAL_ID, "aaaaaa-2222-1111-8787-809e92233ba0",
          "0ebad966881e1eebffe69b3abf624631cf83ec9bf8cb3ce134c7c75c6d8ee7fc" },
    };
    struct slice out;
    const char *why;

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        assert_int_equal(identity_prepare(f.hasher, &f.arena, (enum identity_kind)vectors[i].kind,
                                          slice_from(vectors[i].raw), S(""), &out, &why),
                         IDENTITY_OK);
        assert_true(slice_eq(out, slice_from(vectors[i].hash)));
        assert_null(why);
    }
}

static void test_sha256(void **state)
{
    char out[SHA256_HEX];

    (void)state;
    assert_true(sha256_hex(f.hasher, S("abc"), out));
    assert_memory_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        SHA256_HEX);
    assert_true(sha256_hex(f.hasher, (struct slice){ 0 }, out));
    assert_memory_equal(out, HASH_OF_NOTHING, SHA256_HEX);
    identity_hasher_free(NULL);
}

/* What a kind makes of a value.  normal: the text that is sent, or that the sent hash is of. */
struct kind_case {
    enum identity_kind kind;
    const char *value, *country, *normal;
    const char *why; /* when it is unusable; normal and why NULL: empty */
};

static void check(const struct kind_case *c)
{
    enum identity_result expected =
        c->why ? IDENTITY_UNUSABLE : c->normal ? IDENTITY_OK : IDENTITY_EMPTY;
    struct slice out = S("unset"), wanted = slice_from(c->normal);
    struct slice value = guard_copy(slice_from(c->value));
    const char *why = "unset";
    char hex[SHA256_HEX];
    enum identity_result r = identity_prepare(f.hasher, &f.arena, c->kind, value,
                                              slice_from(c->country), &out, &why);

    guard_free(value);
    if (c->normal && identity_is_hashed(c->kind)) {
        assert_true(sha256_hex(f.hasher, wanted, hex));
        wanted = (struct slice){ hex, SHA256_HEX };
    }
    if (r != expected || !slice_eq(out, wanted))
        fail_msg("\"%s\" (%s): result %d, \"%.*s\", %s", c->value, c->country, (int)r,
                 SLICE_ARG(out), why ? why : "no reason");
    if (c->why) {
        assert_non_null(why);
        if (strcmp(why, c->why) != 0)
            fail_msg("\"%s\": %s", c->value, why);
    } else {
        assert_null(why);
    }
}

static void check_all(const struct kind_case *c, size_t n)
{
    for (; n; n--, c++)
        check(c);
}

static void test_emails(void **state)
{
    static const char bad[] = "is not an e-mail address", md5[] = "is a hash, but not SHA-256",
                      two[] = "holds more than one e-mail address; `split:` takes them apart",
                      base64[] = "is a hash in base64; send its 64 hexadecimal digits",
                      encoded[] = "is percent-encoded once too often (%40)";
    static const struct kind_case cases[] = {
        { IDENTITY_EMAIL, "a@b.c", "", "a@b.c", NULL },
        { IDENTITY_EMAIL, "\r\n A.B+Tag@GMail.COM\t\n", "", "a.b+tag@gmail.com", NULL },
        { IDENTITY_EMAIL, "\xc2\xa0x@y.z\xef\xbb\xbf", "", "x@y.z", NULL },
        { IDENTITY_EMAIL, "JÜRGEN@BÜRO.DE", "", "jürgen@büro.de", NULL },
        { IDENTITY_EMAIL, "a@localhost", "", "a@localhost", NULL },
        { IDENTITY_EMAIL, "", "", NULL, NULL },
        { IDENTITY_EMAIL, " \n", "", NULL, NULL },
        { IDENTITY_EMAIL, "alice", "", NULL, bad },
        { IDENTITY_EMAIL, "@b.c", "", NULL, bad },
        { IDENTITY_EMAIL, "a@", "", NULL, bad },
        { IDENTITY_EMAIL, " @ ", "", NULL, bad },
        { IDENTITY_EMAIL, "a@b@c", "", NULL, two },
        { IDENTITY_EMAIL, "a b@c.d", "", NULL, bad },
        { IDENTITY_EMAIL, "a@b.c,d@e.f", "", NULL, two },
        { IDENTITY_EMAIL, "a@b.dec@d.de", "", NULL, two },
        { IDENTITY_EMAIL, "a@b.de c@d.de", "", NULL, two },
        { IDENTITY_EMAIL, "a@b\x7f.c", "", NULL, bad },
        { IDENTITY_EMAIL, "d41d8cd98f00b204e9800998ecf8427e", "", NULL, md5 },
        { IDENTITY_EMAIL, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "", NULL, md5 }, /* SHA-1 */
        { IDENTITY_EMAIL, "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f", "", NULL, md5 },
        { IDENTITY_EMAIL, "5f0c1a5f0c1a5f0c1a5f0c1a5f0c1a5f", "", NULL, md5 },
        { IDENTITY_EMAIL, "12345678901234567890123456789012", "", NULL, bad },
        { IDENTITY_EMAIL, "hIp3FFhDj8LsQgVg12n7m5uGhR7jOOxWUXuqvXnTu08=", "", NULL, base64 },
        { IDENTITY_EMAIL, "ab +/-_+ab+LsQgVg12n7m5uGhR7jOOxWUXuqvXnTuz=", "", NULL, base64 },
        { IDENTITY_EMAIL, ALICE "0", "", NULL, bad },
        { IDENTITY_EMAIL, "Bob <Bob@X.de>", "", "bob@x.de", NULL },
        { IDENTITY_EMAIL, "\"Bob, B.\" <bob@x.de>", "", "bob@x.de", NULL },
        { IDENTITY_EMAIL, "< bob@x.de >", "", "bob@x.de", NULL },
        { IDENTITY_EMAIL, "bob@x.de <bob@y.de>", "", NULL, two },
        { IDENTITY_EMAIL, "bob@x.de>", "", NULL, bad },
        { IDENTITY_EMAIL, "Bob <>", "", NULL, bad },
        { IDENTITY_EMAIL, "MailTo:Bob@x.de?subject=a@b", "", "bob@x.de", NULL },
        { IDENTITY_EMAIL, "mailto: bob@x.de", "", "bob@x.de", NULL },
        { IDENTITY_EMAIL, "mailto:", "", NULL, bad },
        { IDENTITY_EMAIL, "bob%40x.de", "", NULL, encoded },
        { IDENTITY_EMAIL, "bob@x.de,", "", NULL, bad },
        { IDENTITY_EMAIL, "bob@x.de;", "", NULL, bad },
        { IDENTITY_EMAIL, "'bob'@x.de", "", "'bob'@x.de", NULL },
        { IDENTITY_EMAIL, "\"bob\"@x.de", "", NULL, bad },
        { IDENTITY_EMAIL, "bob@x.de.", "", NULL, bad },
        { IDENTITY_EMAIL, "bob@.x.de", "", NULL, bad },
        { IDENTITY_EMAIL, "bob@x..de", "", NULL, bad },
        { IDENTITY_EMAIL, "bob@-x.de", "", NULL, bad },
        { IDENTITY_EMAIL, "bob\xe2\x80\x8b@x.de", "", NULL, bad }, /* zero-width space */
        { IDENTITY_EMAIL, "b.o.b+tiktok@Gmail.com", "", "b.o.b+tiktok@gmail.com", NULL },
        { IDENTITY_EMAIL, "bob@xn--bro-hoa.de", "", "bob@xn--bro-hoa.de", NULL },
        { IDENTITY_EMAIL, "\n bob@x.de \r\n", "", "bob@x.de", NULL },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

static void test_external_ids(void **state)
{
    static const struct kind_case cases[] = {
        { IDENTITY_EXTERNAL_ID, "User_ABC", "", "User_ABC", NULL },
        { IDENTITY_EXTERNAL_ID, " 2t4ch5\n", "", "2t4ch5", NULL },
        { IDENTITY_EXTERNAL_ID, "a b", "", "a b", NULL },
        { IDENTITY_EXTERNAL_ID, "\xff\xfe", "", "\xff\xfe", NULL },
        { IDENTITY_EXTERNAL_ID, "d41d8cd98f00b204e9800998ecf8427e", "",
          "d41d8cd98f00b204e9800998ecf8427e", NULL }, /* ids look like that */
        { IDENTITY_EXTERNAL_ID, "hIp3FFhDj8LsQgVg12n7m5uGhR7jOOxWUXuqvXnTu08=", "",
          "hIp3FFhDj8LsQgVg12n7m5uGhR7jOOxWUXuqvXnTu08=", NULL },
        { IDENTITY_EXTERNAL_ID, "  ", "", NULL, NULL },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

static void test_names(void **state)
{
    static const struct kind_case cases[] = {
        { IDENTITY_FIRST_NAME, " John ", "", "john", NULL },
        { IDENTITY_LAST_NAME, "O'Brien-Smith, Jr.", "", "obriensmith jr", NULL },
        { IDENTITY_LAST_NAME, "O\xe2\x80\x99" "Brien", "", "obrien", NULL },
        { IDENTITY_FIRST_NAME, "Mary Ann", "", "mary ann", NULL },
        { IDENTITY_FIRST_NAME, "Mary\xc2\xa0" "Ann", "", "mary ann", NULL },
        { IDENTITY_FIRST_NAME, ". Bob !", "", "bob", NULL },
        { IDENTITY_FIRST_NAME, "ZOË", "", "zoë", NULL },
        { IDENTITY_FIRST_NAME, "ŁUKASZ", "", "łukasz", NULL },
        { IDENTITY_FIRST_NAME, "łukasz ďuro ñ ý ž ř ě", "", "łukasz ďuro ñ ý ž ř ě", NULL },
        { IDENTITY_FIRST_NAME, "Čestmír", "", "čestmír", NULL },
        { IDENTITY_FIRST_NAME, "ȘTEFAN", "", "ștefan", NULL },
        { IDENTITY_FIRST_NAME, "ƏLİ", "", "əli", NULL },
        { IDENTITY_LAST_NAME, "NGUYỄN", "", "nguyễn", NULL },
        { IDENTITY_LAST_NAME, "GROẞ", "", "groß", NULL },
        { IDENTITY_FIRST_NAME, "ΓΙΏΡΓΟΣ", "", "γιώργος", NULL },
        { IDENTITY_FIRST_NAME, "ΣΟΦΊΑ ΣΣ.", "", "σοφία σς", NULL },
        { IDENTITY_FIRST_NAME, "Σ", "", "σ", NULL },
        { IDENTITY_FIRST_NAME, "АЛЁНА Їжак", "", "алёна їжак", NULL },
        { IDENTITY_FIRST_NAME, "ԱՐԱՄ", "", "արամ", NULL },
        { IDENTITY_FIRST_NAME, "山田・太郎", "", "山田太郎", NULL },
        { IDENTITY_FIRST_NAME, "محمد،", "", "محمد", NULL },
        { IDENTITY_FIRST_NAME, "Jo\xe2\x80\x8bhn", "", "john", NULL }, /* zero-width space */
        { IDENTITY_FIRST_NAME, "R2D2", "", "r2d2", NULL },
        { IDENTITY_FIRST_NAME, "Dr. Anna", "", "dr anna", NULL },
        { IDENTITY_FIRST_NAME, "d41d8cd98f00b204e9800998ecf8427e", "", NULL,
          "is a hash, but not SHA-256" },
        { IDENTITY_FIRST_NAME, "---", "", NULL, NULL },
        { IDENTITY_FIRST_NAME, "", "", NULL, NULL },
        { IDENTITY_LAST_NAME, "M\xfcller", "", NULL, "is not UTF-8 text" },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

static void test_places(void **state)
{
    static const char no_zip[] = "is not a ZIP code of the United States";
    static const char no_state[] = "is not a state of the United States";
    static const char no_country[] = "is not a two-letter country code";
    static const struct kind_case cases[] = {
        { IDENTITY_ZIP, "SW1A 1AA", "gb", "sw1a1aa", NULL },
        { IDENTITY_ZIP, "12345-6789", "US", "12345", NULL },
        { IDENTITY_ZIP, " 12345 ", "us", "12345", NULL },
        { IDENTITY_ZIP, "12345-6789", "", "123456789", NULL },
        { IDENTITY_ZIP, "00-950", "PL", "00950", NULL },
        { IDENTITY_ZIP, "01310\xe2\x80\x93" "100", "BR", "01310100", NULL },
        { IDENTITY_ZIP, "01.310-100", "", "01310100", NULL },
        { IDENTITY_ZIP, "1012 AB", "nl", "1012ab", NULL },
        { IDENTITY_ZIP, "-", "US", NULL, NULL },
        { IDENTITY_ZIP, "2139", "US", NULL, no_zip },
        { IDENTITY_ZIP, "SW1A 1AA", "US", NULL, no_zip },
        { IDENTITY_ZIP, "-", "", NULL, NULL },
        { IDENTITY_ZIP, "\xff", "", NULL, "is not UTF-8 text" },
        { IDENTITY_CITY, "New York", "", "newyork", NULL },
        { IDENTITY_CITY, "St. John's", "", "stjohns", NULL },
        { IDENTITY_CITY, "Köln", "", "köln", NULL },
        { IDENTITY_CITY, "K\xf6ln", "", NULL, "is not UTF-8 text" },
        { IDENTITY_CITY, " - ", "", NULL, NULL },
        { IDENTITY_STATE, " CA", "", "ca", NULL },
        { IDENTITY_STATE, "New York", "", "new york", NULL },
        { IDENTITY_STATE, "\xff", "", NULL, "is not UTF-8 text" },
        { IDENTITY_STATE, "CA", "US", "ca", NULL },
        { IDENTITY_STATE, "California", " us ", "ca", NULL },
        { IDENTITY_STATE, "New York", "us", "ny", NULL },
        { IDENTITY_STATE, "N.Y.", "us", "ny", NULL },
        { IDENTITY_STATE, "US-TX", "us", "tx", NULL },
        { IDENTITY_STATE, "District of Columbia", "us", "dc", NULL },
        { IDENTITY_STATE, "U.S. Virgin Islands", "us", "vi", NULL },
        { IDENTITY_STATE, "Bavaria", "us", NULL, no_state },
        { IDENTITY_STATE, "-", "us", NULL, no_state },
        { IDENTITY_STATE, "Bayern", "de", "bayern", NULL },
        { IDENTITY_STATE, "Georgia", "ge", "georgia", NULL },
        { IDENTITY_COUNTRY, "DE", "", "de", NULL },
        { IDENTITY_COUNTRY, " uS ", "", "us", NULL },
        { IDENTITY_COUNTRY, "UK", "", "gb", NULL },
        { IDENTITY_COUNTRY, "DEU", "", NULL, no_country },
        { IDENTITY_COUNTRY, "T1", "", NULL, no_country },
        { IDENTITY_COUNTRY, "XX", "", NULL, no_country },
        { IDENTITY_COUNTRY, "", "", NULL, NULL },
        { IDENTITY_LOCALE, "en_US", "", "en-US", NULL },
        { IDENTITY_LOCALE, "zh-CN", "", "zh-CN", NULL },
        { IDENTITY_LOCALE, "de", "", "de", NULL },
        { IDENTITY_LOCALE, "en-US,en;q=0.9", "", NULL, "is not a language tag" },
        { IDENTITY_LOCALE, "d", "", NULL, "is not a language tag" },
        { IDENTITY_LOCALE, "1-1", "", NULL, "is not a language tag" },
        { IDENTITY_LOCALE, "abcdefgh-abcdefgh-abcdefgh-abcdefghi", "", NULL,
          "is not a language tag" },
        { IDENTITY_USER_AGENT, " E.C.P.aB ", "", " E.C.P.aB ", NULL },
        { IDENTITY_TTP, "  ", "", NULL, NULL },
        { IDENTITY_TTP, ALICE, "", ALICE, NULL },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

static const char no_code[] = "has no country code; set `country:` in the mapping";
static const char unknown_country[] = "has no country code, and its country is not known";
static const char wrong_length[] = "has a wrong number of digits for its country";
static const char too_long[] = "has too many digits for a phone number";
static const char too_short[] = "has too few digits for a phone number";
static const char several[] = "holds more than one phone number; `split:` takes them apart";
static const char no_area[] = "has an area code that nobody has";
static const char exponent[] = "was made a number with an exponent on its way, which drops digits";
static const char letters[] = "has letters in it";
static const char strange[] = "has characters that no phone number has";
static const char no_such_code[] = "begins with no country's calling code";

static const struct kind_case phones[] = {
    /* with a '+', or what stands for it */
    { IDENTITY_PHONE, "+49 151 12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+4915112345678", "US", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+1 (213) 373-4253", "", "+12133734253", NULL },
    { IDENTITY_PHONE, " +1.213.373.4253\n", "", "+12133734253", NULL },
    { IDENTITY_PHONE, "+49/151/12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+49\xc2\xa0" "151\xe2\x80\x93" "12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "004915112345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "0049 151 12345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "011 49 151 12345678", "US", "+4915112345678", NULL },
    { IDENTITY_PHONE, "0011 49 151 12345678", "AU", "+4915112345678", NULL },
    { IDENTITY_PHONE, " 4915112345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, " 4915112345678", "US", "+4915112345678", NULL },
    { IDENTITY_PHONE, " 33612345678", "DE", "+33612345678", NULL },
    { IDENTITY_PHONE, " 2133734253", "US", "+12133734253", NULL }, /* too short for +213 */
    { IDENTITY_PHONE, " 015112345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+490151 12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+49(0)151-12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "0049 (0)151 12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+44 (0)7911 123456", "", "+447911123456", NULL },
    { IDENTITY_PHONE, "+49 00151 12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+39 06 698 12345", "", "+390669812345", NULL },
    { IDENTITY_PHONE, "+225 07 12 34 56 78", "", "+2250712345678", NULL },
    { IDENTITY_PHONE, "+7 8 916 123-45-67", "", "+79161234567", NULL },
    { IDENTITY_PHONE, "+7 812 123-45-67", "", "+78121234567", NULL },
    { IDENTITY_PHONE, "+36 06 20 123 4567", "", "+36201234567", NULL },
    { IDENTITY_PHONE, "+80012345678", "", "+80012345678", NULL },
    { IDENTITY_PHONE, "+43 664 1234567890", "", "+436641234567890", NULL },    /* 15 digits */
    { IDENTITY_PHONE, "+43 664 12345678901", "", NULL, too_long },                 /* 16 */
    { IDENTITY_PHONE, "436641234567890", "AT", "+436641234567890", NULL },
    { IDENTITY_PHONE, "4366412345678901", "AT", NULL, wrong_length },
    { IDENTITY_PHONE, "+0049 151 12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "+123456789012345", "", NULL, wrong_length },
    { IDENTITY_PHONE, "+1 123 373 4253", "", NULL, no_area },
    { IDENTITY_PHONE, "+1 213 173 4253", "", NULL, no_area },
    { IDENTITY_PHONE, "1234567890", "US", NULL, no_area },
    /* a program took it for an amount: JSON numbers, spreadsheets */
    { IDENTITY_PHONE, "4915112345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "4915112345678.0", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "4915112345678.00", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "1.5e10", "DE", NULL, exponent },
    { IDENTITY_PHONE, "4.915112345678E+12", "DE", NULL, exponent },
    { IDENTITY_PHONE, "4e12", "DE", NULL, exponent },
    { IDENTITY_PHONE, "01.23.45.67.89", "FR", "+33123456789", NULL },
    /* with what belongs to no number */
    { IDENTITY_PHONE, "tel:+49-151-12345678", "", "+4915112345678", NULL },
    { IDENTITY_PHONE, "TEL:+1-201-555-0123;ext=12", "", "+12015550123", NULL },
    { IDENTITY_PHONE, "tel:555-0123;phone-context=+1-201", "", NULL,
      "is only the local part of a phone number (phone-context)" },
    { IDENTITY_PHONE, "Tel.: 0151 12345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "WhatsApp:+14155238886", "", "+14155238886", NULL },
    { IDENTITY_PHONE, "tel", "DE", NULL, letters },
    { IDENTITY_PHONE, "telly:0151 12345678", "DE", NULL, letters },
    { IDENTITY_PHONE, "+1 213 373 4253 x123", "", "+12133734253", NULL },
    { IDENTITY_PHONE, "+1 213 373 4253x123", "", "+12133734253", NULL },
    { IDENTITY_PHONE, "(213) 373-4253 Ext. 9", "US", "+12133734253", NULL },
    { IDENTITY_PHONE, "+49 30 123456 extension: 5", "", "+4930123456", NULL },
    { IDENTITY_PHONE, "+49 30 123456 #12", "", "+4930123456", NULL },
    { IDENTITY_PHONE, "+49 30 123456 x", "", NULL, letters },
    { IDENTITY_PHONE, "+49 30 123456 x12345678", "", NULL, letters },
    { IDENTITY_PHONE, "+49 30 123456 x12 ask for Bob", "", NULL, letters },
    { IDENTITY_PHONE, "x123", "DE", NULL, letters },
    { IDENTITY_PHONE, "+4915112xxx678", "", NULL, letters },
    { IDENTITY_PHONE, "[+49] (0151) 1234\xe2\x80\x8e" "5678", "", "+4915112345678", NULL },
    /* other scripts' digits */
    { IDENTITY_PHONE, "０３－１２３４－５６７８", "JP", "+81312345678", NULL },
    { IDENTITY_PHONE, "＋８１　９０　１２３４　５６７８", "", "+819012345678", NULL },
    { IDENTITY_PHONE, "٠١٠١٢٣٤٥٦٧٨", "EG", "+201012345678", NULL },
    { IDENTITY_PHONE, "+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹", "", "+989123456789", NULL },
    { IDENTITY_PHONE, "९८७६५ ४३२१०", "IN", "+919876543210", NULL },
    { IDENTITY_PHONE, "²0151 12345678", "DE", NULL, letters },
    /* the old and the domestic ways of single countries */
    { IDENTITY_PHONE, "+52 1 55 1234 5678", "", "+525512345678", NULL },
    { IDENTITY_PHONE, "044 55 1234 5678", "MX", "+525512345678", NULL },
    { IDENTITY_PHONE, "55 1234 5678", "MX", "+525512345678", NULL },
    { IDENTITY_PHONE, "+520 01 1123312338", "", "+521123312338", NULL },
    { IDENTITY_PHONE, "+52 1 1123312338", "", "+521123312338", NULL },
    { IDENTITY_PHONE, "1 092 3094566", "MX", NULL, "has a wrong number of digits for its country" },
    { IDENTITY_PHONE, "52 092 3094566", "MX", NULL, "has a wrong number of digits for its country" },
    { IDENTITY_PHONE, "011 15-1234-5678", "AR", "+5491112345678", NULL },
    { IDENTITY_PHONE, "11 15 1234 5678", "AR", "+5491112345678", NULL },
    { IDENTITY_PHONE, "03878 15-69-6717", "AR", "+5493878696717", NULL },
    { IDENTITY_PHONE, "0221 15 456-7890", "AR", "+5492214567890", NULL },
    { IDENTITY_PHONE, "+54 11 15 1234 5678", "", "+5491112345678", NULL },
    { IDENTITY_PHONE, "54 9 11 15 1234 5678", "AR", "+5491112345678", NULL },
    { IDENTITY_PHONE, "+54 9 11 1234 5678", "", "+5491112345678", NULL },
    { IDENTITY_PHONE, "+54 11 1234 5678", "", "+541112345678", NULL }, /* a fixed line, for all we know */
    { IDENTITY_PHONE, "0 15 11 98765-4321", "BR", "+5511987654321", NULL },
    { IDENTITY_PHONE, "021 98765-4321", "BR", "+5521987654321", NULL },
    { IDENTITY_PHONE, "(11) 8765-4321", "BR", "+551187654321", NULL }, /* the ninth digit is not ours */
    { IDENTITY_PHONE, "39358973723", "IT", "+39358973723", NULL },
    { IDENTITY_PHONE, "352621123456", "LU", "+352621123456", NULL },
    { IDENTITY_PHONE, "376381975", "AD", "+376381975", NULL },
    { IDENTITY_PHONE, "06 40 17 14", "GA", "+24106401714", NULL },
    { IDENTITY_PHONE, "+241 06 40 17 14", "", "+24106401714", NULL },
    { IDENTITY_PHONE, "0788 123 456", "RW", "+250788123456", NULL },
    { IDENTITY_PHONE, " 2500080220100", "", "+250080220100", NULL }, /* a zero of its own, */
    { IDENTITY_PHONE, "+250080220100", "", "+250080220100", NULL },  /* and then none to drop */
    { IDENTITY_PHONE, "+290 2158", "", "+2902158", NULL },
    { IDENTITY_PHONE, "+1234567890123456", "", NULL, too_long },
    { IDENTITY_PHONE, "+1 234567890123456789012", "", NULL, too_long },
    { IDENTITY_PHONE, "+123456", "", NULL, too_short },
    { IDENTITY_PHONE, "+49", "", NULL, too_short },
    { IDENTITY_PHONE, "+490", "", NULL, too_short },
    { IDENTITY_PHONE, "+0151 12345678", "DE", NULL, no_such_code },
    { IDENTITY_PHONE, "+999 1234567", "", NULL, no_such_code },
    { IDENTITY_PHONE, "0000000000", "", NULL, no_such_code },
    /* at home */
    { IDENTITY_PHONE, "0151 12345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "0151 12345678", " de ", "+4915112345678", NULL },
    { IDENTITY_PHONE, "(030) 123456", "DE", "+4930123456", NULL },
    { IDENTITY_PHONE, "15112345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "4915112345678", "DE", "+4915112345678", NULL },
    { IDENTITY_PHONE, "06 698 12345", "IT", "+390669812345", NULL },
    { IDENTITY_PHONE, "347 1234567", "IT", "+393471234567", NULL },
    { IDENTITY_PHONE, "393471234567", "IT", "+393471234567", NULL },
    { IDENTITY_PHONE, "391 2345678", "IT", "+393912345678", NULL },
    { IDENTITY_PHONE, "(213) 373-4253", "US", "+12133734253", NULL },
    { IDENTITY_PHONE, "1-213-373-4253", "us", "+12133734253", NULL },
    { IDENTITY_PHONE, "12133734253", "CA", "+12133734253", NULL },
    { IDENTITY_PHONE, "373-4253", "US", NULL, wrong_length },
    { IDENTITY_PHONE, "8 (916) 123-45-67", "RU", "+79161234567", NULL },
    { IDENTITY_PHONE, "79161234567", "RU", "+79161234567", NULL },
    { IDENTITY_PHONE, "9161234567", "RU", "+79161234567", NULL },
    { IDENTITY_PHONE, "8121234567", "RU", "+78121234567", NULL },
    { IDENTITY_PHONE, "8 701 123 45 67", "KZ", "+77011234567", NULL },
    { IDENTITY_PHONE, "8 029 123 45 67", "BY", "+375291234567", NULL },
    { IDENTITY_PHONE, "80501234567", "UA", "+380501234567", NULL },
    { IDENTITY_PHONE, "0501234567", "UA", "+380501234567", NULL },
    { IDENTITY_PHONE, "06 20 123 4567", "HU", "+36201234567", NULL },
    { IDENTITY_PHONE, "612 345 678", "ES", "+34612345678", NULL },
    { IDENTITY_PHONE, "34612345678", "ES", "+34612345678", NULL },
    { IDENTITY_PHONE, "(11) 98765-4321", "BR", "+5511987654321", NULL },
    { IDENTITY_PHONE, "5511987654321", "BR", "+5511987654321", NULL },
    { IDENTITY_PHONE, "55 99999-9999", "BR", "+5555999999999", NULL },
    { IDENTITY_PHONE, "98765 43210", "IN", "+919876543210", NULL },
    { IDENTITY_PHONE, "919876543210", "IN", "+919876543210", NULL },
    { IDENTITY_PHONE, "9198765432", "IN", "+919198765432", NULL },
    { IDENTITY_PHONE, "07911 123456", "UK", "+447911123456", NULL },
    { IDENTITY_PHONE, "43 664 1234567", "AT", "+436641234567", NULL },
    { IDENTITY_PHONE, "0812-345-6789", "ID", "+628123456789", NULL },
    { IDENTITY_PHONE, "012345678901234", "US", NULL, wrong_length },
    { IDENTITY_PHONE, "04 12 34 56", "BE", NULL, wrong_length },
    { IDENTITY_PHONE, "0", "DE", NULL, wrong_length },
    { IDENTITY_PHONE, "00", "DE", NULL, wrong_length },
    { IDENTITY_PHONE, "0151 12345678", "", NULL, no_code },
    { IDENTITY_PHONE, "4915112345678", "", NULL, no_code },
    { IDENTITY_PHONE, "0151 12345678", "ZZ", NULL, unknown_country },
    { IDENTITY_PHONE, "0151 12345678", "Germany", NULL, unknown_country },
    /* no numbers */
    { IDENTITY_PHONE, "", "DE", NULL, NULL },
    { IDENTITY_PHONE, " \t", "DE", NULL, NULL },
    { IDENTITY_PHONE, "+", "DE", NULL, "has no digits" },
    { IDENTITY_PHONE, "()", "DE", NULL, "has no digits" },
    { IDENTITY_PHONE, "none", "DE", NULL, "has letters in it" },
    { IDENTITY_PHONE, "+1 800 FLOWERS", "", NULL, "has letters in it" },
    { IDENTITY_PHONE, "\xd9\xa0\xd9\xa1", "EG", NULL, wrong_length },
    { IDENTITY_PHONE, "d41d8cd98f00b204e9800998ecf8427e", "DE", NULL, "is a hash, but not SHA-256" },
    { IDENTITY_PHONE, "+49+15112345678", "", NULL, strange },
    { IDENTITY_PHONE, "++4915112345678", "", NULL, strange },
    { IDENTITY_PHONE, "49+15112345678", "", NULL, strange },
    { IDENTITY_PHONE, "+4915112345678#", "", NULL, strange },
    { IDENTITY_PHONE, "*123#", "DE", NULL, strange },
    { IDENTITY_PHONE, "+4915112345678,+49301234", "", NULL, several },
    { IDENTITY_PHONE, "+4915112345678/+49301234", "", NULL, several },
    { IDENTITY_PHONE, "015112345678; 030123456", "DE", NULL, several },
    { IDENTITY_PHONE, "015112345678 / 030123456789", "DE", NULL, too_long },
};

static void test_phones(void **state)
{
    (void)state;
    check_all(phones, COUNT(phones));
}

static void test_ips(void **state)
{
    static const char no_ip[] = "is not an IP address", private[] = "is a private address",
                      reserved[] = "is a reserved address", loopback[] = "is a loopback address",
                      multicast[] = "is a multicast address", link[] = "is a link-local address",
                      none[] = "is the unspecified address";
    static const struct kind_case cases[] = {
        { IDENTITY_IP, "8.8.8.8", "", "8.8.8.8", NULL },
        { IDENTITY_IP, " 93.184.216.34\n", "", "93.184.216.34", NULL },
        { IDENTITY_IP, "203.0.113.9", "", "203.0.113.9", NULL },
        { IDENTITY_IP, "198.51.100.7", "", "198.51.100.7", NULL },
        { IDENTITY_IP, "192.0.2.1", "", "192.0.2.1", NULL },
        { IDENTITY_IP, "1.0.0.0", "", "1.0.0.0", NULL },
        { IDENTITY_IP, "9.255.255.255", "", "9.255.255.255", NULL },
        { IDENTITY_IP, "11.0.0.0", "", "11.0.0.0", NULL },
        { IDENTITY_IP, "100.63.255.255", "", "100.63.255.255", NULL },
        { IDENTITY_IP, "100.128.0.0", "", "100.128.0.0", NULL },
        { IDENTITY_IP, "172.15.255.255", "", "172.15.255.255", NULL },
        { IDENTITY_IP, "172.32.0.0", "", "172.32.0.0", NULL },
        { IDENTITY_IP, "192.167.255.255", "", "192.167.255.255", NULL },
        { IDENTITY_IP, "192.169.0.0", "", "192.169.0.0", NULL },
        { IDENTITY_IP, "223.255.255.255", "", "223.255.255.255", NULL },
        { IDENTITY_IP, "10.0.0.1", "", NULL, private },
        { IDENTITY_IP, "172.16.0.1", "", NULL, private },
        { IDENTITY_IP, "172.31.255.255", "", NULL, private },
        { IDENTITY_IP, "192.168.1.1", "", NULL, private },
        { IDENTITY_IP, "100.64.0.0", "", NULL, private },
        { IDENTITY_IP, "100.127.255.255", "", NULL, private },
        { IDENTITY_IP, "127.0.0.1", "", NULL, loopback },
        { IDENTITY_IP, "169.254.0.1", "", NULL, link },
        { IDENTITY_IP, "224.0.0.1", "", NULL, multicast },
        { IDENTITY_IP, "239.255.255.255", "", NULL, multicast },
        { IDENTITY_IP, "240.0.0.1", "", NULL, reserved },
        { IDENTITY_IP, "255.255.255.255", "", NULL, reserved },
        { IDENTITY_IP, "198.18.0.1", "", NULL, reserved },
        { IDENTITY_IP, "198.17.255.255", "", "198.17.255.255", NULL },
        { IDENTITY_IP, "198.20.0.1", "", "198.20.0.1", NULL },
        { IDENTITY_IP, "192.0.0.8", "", NULL, reserved },
        { IDENTITY_IP, "0.0.0.0", "", NULL, none },
        { IDENTITY_IP, "0.1.2.3", "", NULL, reserved },
        { IDENTITY_IP, "", "", NULL, NULL },
        { IDENTITY_IP, "1.2.3", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.4.5", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.4.", "", NULL, no_ip },
        { IDENTITY_IP, "1.2..4", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.256", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.04", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.0004", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.4:80", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.4/32", "", NULL, no_ip },
        { IDENTITY_IP, "0x7f.1.2.3", "", NULL, no_ip },
        { IDENTITY_IP, "2130706433", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.-4", "", NULL, no_ip },
        { IDENTITY_IP, "unknown", "", NULL, no_ip },
        { IDENTITY_IP, "1.2.3.4, 5.6.7.8", "", NULL, "is a list, not one IP address" },
        { IDENTITY_IP, "2606:4700:4700::1111", "", "2606:4700:4700::1111", NULL },
        { IDENTITY_IP, "2606:4700:4700:0000:0000:0000:0000:1111", "",
          "2606:4700:4700:0000:0000:0000:0000:1111", NULL },
        { IDENTITY_IP, "2A00:1450::ABCD", "", "2a00:1450::abcd", NULL },
        { IDENTITY_IP, "2001:db8::1", "", "2001:db8::1", NULL },
        { IDENTITY_IP, "2001:db8:1:2:3:4:5::", "", "2001:db8:1:2:3:4:5::", NULL },
        { IDENTITY_IP, "2001::", "", "2001::", NULL },
        { IDENTITY_IP, "64:ff9b::8.8.8.8", "", "64:ff9b::8.8.8.8", NULL },
        { IDENTITY_IP, "2001:0db8:0000:0000:0000:0000:255.255.255.255", "",
          "2001:0db8:0000:0000:0000:0000:255.255.255.255", NULL },
        { IDENTITY_IP, "::ffff:8.8.8.8", "", "8.8.8.8", NULL },
        { IDENTITY_IP, "::FFFF:0808:0808", "", "8.8.8.8", NULL },
        { IDENTITY_IP, "0:0:0:0:0:ffff:8.8.4.4", "", "8.8.4.4", NULL },
        { IDENTITY_IP, "::ffff:10.0.0.1", "", NULL, private },
        { IDENTITY_IP, "::ffff:127.0.0.1", "", NULL, loopback },
        { IDENTITY_IP, "::", "", NULL, none },
        { IDENTITY_IP, "::1", "", NULL, loopback },
        { IDENTITY_IP, "0:0:0:0:0:0:0:1", "", NULL, loopback },
        { IDENTITY_IP, "::2", "", NULL, reserved },
        { IDENTITY_IP, "::8.8.8.8", "", NULL, reserved },
        { IDENTITY_IP, "fe80::1", "", NULL, link },
        { IDENTITY_IP, "febf::1", "", NULL, link },
        { IDENTITY_IP, "fec0::1", "", NULL, private },
        { IDENTITY_IP, "fc00::1", "", NULL, private },
        { IDENTITY_IP, "fdff::1", "", NULL, private },
        { IDENTITY_IP, "ff02::1", "", NULL, multicast },
        { IDENTITY_IP, "1fff::1", "", NULL, reserved },
        { IDENTITY_IP, "4000::1", "", NULL, reserved },
        { IDENTITY_IP, "fe80::1%eth0", "", NULL, no_ip },
        { IDENTITY_IP, "[2606:4700::1]", "", NULL, no_ip },
        { IDENTITY_IP, "[2606:4700::1]:443", "", NULL, no_ip },
        { IDENTITY_IP, ":", "", NULL, no_ip },
        { IDENTITY_IP, ":::", "", NULL, no_ip },
        { IDENTITY_IP, "2606::1::2", "", NULL, no_ip },
        { IDENTITY_IP, "2606:1:2:3:4:5:6", "", NULL, no_ip },
        { IDENTITY_IP, "2606:1:2:3:4:5:6:7:8", "", NULL, no_ip },
        { IDENTITY_IP, "2606:1:2:3:4:5:6:7::", "", NULL, no_ip },
        { IDENTITY_IP, "::2606:1:2:3:4:5:6:7", "", NULL, no_ip },
        { IDENTITY_IP, "2606:1:2:3:4:5:6:", "", NULL, no_ip },
        { IDENTITY_IP, ":2606::1", "", NULL, no_ip },
        { IDENTITY_IP, "2606::12345", "", NULL, no_ip },
        { IDENTITY_IP, "2606::g", "", NULL, no_ip },
        { IDENTITY_IP, "2606:1:2:3:4:5:6:1.2.3.4", "", NULL, no_ip },
        { IDENTITY_IP, "2606::1.2.3.4:5", "", NULL, no_ip },
        { IDENTITY_IP, "2606::1.2.3", "", NULL, no_ip },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

static void test_hashes_pass_through(void **state)
{
    static const char upper[] =
        " 848A771458438FC2EC420560D769FB9B9B86851EE338EC56517BAABD79D3BB4F\n";
    static const char nothing[] = HASH_OF_NOTHING;
    static const char *const words_for_nothing[] = { "null", "NULL", "undefined", "None",
                                                     "none", "NaN",  "nan" };
    struct slice out;
    const char *why;

    (void)state;
    for (int kind = IDENTITY_EMAIL; kind <= IDENTITY_ZIP; kind++) {
        assert_true(identity_is_hashed((enum identity_kind)kind));
        assert_int_equal(identity_prepare(f.hasher, &f.arena, (enum identity_kind)kind, S(upper),
                                          S(""), &out, &why),
                         IDENTITY_OK);
        assert_true(slice_eq(out, S(ALICE)));
        assert_int_equal(identity_prepare(f.hasher, &f.arena, (enum identity_kind)kind, S(nothing),
                                          S(""), &out, &why),
                         IDENTITY_UNUSABLE);
        assert_string_equal(why, "is the SHA-256 of nothing");
        assert_int_equal(out.len, 0);
        for (size_t i = 0; i < COUNT(words_for_nothing); i++) {
            char hex[SHA256_HEX];
            assert_true(sha256_hex(f.hasher, slice_from(words_for_nothing[i]), hex));
            assert_int_equal(identity_prepare(f.hasher, &f.arena, (enum identity_kind)kind,
                                              (struct slice){ hex, SHA256_HEX }, S(""), &out, &why),
                             IDENTITY_UNUSABLE);
        }
    }
    for (int kind = IDENTITY_CITY; kind <= IDENTITY_USER_AGENT; kind++)
        assert_false(identity_is_hashed((enum identity_kind)kind));
    assert_true(identity_is_sha256(S(ALICE)));
    assert_false(identity_is_sha256(S("848a")));
    assert_false(identity_is_sha256(slice_from_at(S(upper), 2)));
    assert_false(identity_is_sha256((struct slice){ upper, SHA256_HEX }));
}

static void test_a_full_arena(void **state)
{
    struct arena small;
    struct slice out;
    const char *why;

    (void)state;
    /* with every limit up to what is needed: a failure, and never half an answer */
    for (size_t limit = 0; limit < 400; limit += 16) {
        for (int kind = IDENTITY_EMAIL; kind <= IDENTITY_USER_AGENT; kind++) {
            static const char *const values[] = { "a@b.c", "+4915112345678", "id", "ann", "lee",
                                                  "10115", "Berlin", "BE", "DE", "de", "8.8.8.8",
                                                  "cookie", "browser" };
            enum identity_result r;
            arena_init(&small, limit);
            r = identity_prepare(f.hasher, &small, (enum identity_kind)kind,
                                 slice_from(values[kind]), S(""), &out, &why);
            assert_int_equal(r, small.full ? IDENTITY_FAILED : IDENTITY_OK);
            assert_int_equal(out.len == 0, small.full);
            assert_null(why);
            arena_free(&small);
        }
    }
}

static void test_personal(void **state)
{
    static const struct {
        const char *text;
        bool personal;
    } cases[] = {
        { "alice@example.com", true },
        { "mailto:alice@example.com?subject=x", true },
        { "text alice@example.com text", true },
        { "alice%40example.com", true },
        { "jürgen@büro.de", true },
        { "a@b.c", true },
        { "x;a-b@my-host.example.org,", true },
        { "+4915112345678", true },
        { "+49 (151) 123-45-67", true },
        { "call +1 213 373 4253 now", true },
        { "(+1)2133734253", true },
        { "%2B4915112345678", true },
        { "%2b4915112345678", true },
        { " 4915112345678", true },
        { "phone=+4915112345678&x=1", true },
        { "", false },
        { "@", false },
        { "@handle", false },
        { "@handle.example", false },
        { "https://medium.example/@some.body/post", false },
        { "https://lander.example/?email=alice%40example.com&x=1", true },
        { "https://lander.example/?email=alice.@example.com", true },
        { "alice@", false },
        { "alice@localhost", false },
        { "alice@.com", false },
        { "alice@example.", false },
        { "5 @ 3.50", false },
        { "E.C.P.v3fQ2RHacdksKfofPmlyuStIIHJ4Af1tKYxF9zz2c2PLx1Oaw15oHpcfl5AH", false },
        { "2026-05-28T22:26:40+02:00", false },
        { "2026-05-28 22:26:40 +0200", false },
        { "4915112345678", false },
        { "015112345678", false },
        { "+123456", false },
        { "+1234567890123456", false },
        { "abc+4915112345678", false },
        { "+4915112345678x", false },
        { "12.50", false },
        { " 12.50", false },
        { " 123456789", false },
        { "1.2.3.4", false },
        { "+", false },
        { "a+b", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice text = guard_copy(slice_from(cases[i].text));
        if (identity_looks_personal(text) != cases[i].personal)
            fail_msg("\"%s\"", cases[i].text);
        guard_free(text);
    }
}

static void test_countries(void **state)
{
    static const struct {
        const char *country, *code;
    } cases[] = {
        { "DE", "49" }, { "de", "49" }, { "US", "1" },  { "CA", "1" },   { "KZ", "7" },
        { "GB", "44" }, { "uk", "44" }, { "UA", "380" }, { "AC", "247" }, { "ZW", "263" },
        { "", "" },     { "D", "" },    { "DEU", "" },  { "ZZ", "" },    { "49", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (!slice_eq(identity_calling_code(slice_from(cases[i].country)),
                      slice_from(cases[i].code)))
            fail_msg("%s", cases[i].country);
    for (size_t i = 0; i < countries_count; i++) {
        const struct country *c = &countries[i], *same;
        uint64_t code;
        assert_ptr_equal(country_find(slice_from(c->iso)), c); /* so the order is right */
        assert_true(slice_to_u64(slice_from(c->code), &code) && code > 0);
        assert_true(c->shortest > 0 && c->shortest <= c->longest);
        assert_true(strlen(c->code) + c->longest <= 15);
        /* no code begins another one: the number's country has just this code */
        same = country_of_number(slice_from(c->code));
        assert_non_null(same);
        assert_string_equal(same->code, c->code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_official_hashes),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_emails),
        cmocka_unit_test(test_external_ids),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_phones),
        cmocka_unit_test(test_ips),
        cmocka_unit_test(test_hashes_pass_through),
        cmocka_unit_test(test_a_full_arena),
        cmocka_unit_test(test_personal),
        cmocka_unit_test(test_countries),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
