#include "adapters/tiktok/sandbox/forms.h"

#include <arpa/inet.h>
#include <string.h>

#define SHOWN 60 /* bytes of a value in a message */
#define SHOW(s) SLICE_ARG(slice_head((s), SHOWN))
#define AHEAD_MAX 600 /* seconds */
#define AGE_MAX_DAYS 28
#define DAY 86400

bool sandbox_unexpanded(struct slice t)
{
    struct slice open;

    if (slice_eq_nocase(t, S("undefined")) || slice_eq_nocase(t, S("null")))
        return true;
    if (t.len > 4 && slice_starts(t, S("__")) && slice_ends(t, S("__")))
        return true;
    if (t.len > 4 && slice_starts(t, S("##")) && slice_ends(t, S("##")))
        return true;
    open = slice_from_at(t, slice_index(t, '{'));
    if (slice_index(open, '}') < open.len)
        return true;
    while ((t = slice_from_at(t, slice_index(t, '%'))).len) {
        if (slice_starts_nocase(t, S("%7b")))
            return true;
        t = slice_from_at(t, 1);
    }
    return false;
}

bool form_id(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    if (!sandbox_unexpanded(text))
        return true;
    return sandbox_refuse(c, CODE_PARAM, at,
                          "looks like a macro that nothing has filled: \"%.*s\"" SANDBOX_STRICTER,
                          SHOW(text));
}

bool form_partner(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    (void)text;
    return sandbox_refuse(c, CODE_PARTNER_NAME, at,
                          "no partner is registered; leave the key out" SANDBOX_STRICTER);
}

bool form_event(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    struct slice other;

    switch (sandbox_name(text, c->batch->source, &other)) {
    case NAME_STANDARD:
        return true;
    case NAME_OLD:
        sandbox_remark(c, at, "%.*s is the old name of %.*s and was converted", SLICE_ARG(text),
                       SLICE_ARG(other));
        return true;
    case NAME_DEPRECATED:
        sandbox_remark(c, at, "%.*s is supported until 2027 only; use a custom event",
                       SLICE_ARG(text));
        return true;
    case NAME_MISSPELT:
        return sandbox_refuse(c, CODE_PARAM, at,
                              "\"%.*s\" is no standard event; did you mean \"%.*s\"? Names are "
                              "case-sensitive" SANDBOX_STRICTER,
                              SHOW(text), SLICE_ARG(other));
    case NAME_CUSTOM:
        break;
    case NAME_BAD_FORM:
        return sandbox_refuse(c, CODE_PARAM, at,
                              "\"%.*s\" is no standard event, and a custom name has at most 50 "
                              "letters, digits, _ and -, and starts with a letter",
                              SHOW(text));
    }
    if (c->batch->source == SOURCE_OFFLINE)
        return sandbox_refuse(c, CODE_PARAM, at,
                              "\"%.*s\" is no standard event, and offline events take no custom "
                              "ones%s%.*s%s",
                              SHOW(text), other.len ? "; did you mean \"" : "", SLICE_ARG(other),
                              other.len ? "\"?" : "");
    if (other.len)
        sandbox_remark(c, at, "\"%.*s\" is taken as a custom event; did you mean \"%.*s\"?",
                       SHOW(text), SLICE_ARG(other));
    return true;
}

bool form_hash(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    bool upper = false, hex = text.len == 64;

    for (size_t i = 0; i < text.len && hex; i++) {
        hex = ascii_hex(text.ptr[i]) >= 0;
        upper = upper || (text.ptr[i] >= 'A' && text.ptr[i] <= 'F');
    }
    if (!hex)
        return sandbox_refuse(c, CODE_PII_NOT_HASHED, at,
                              "must be hashed: SHA-256 as 64 lowercase hexadecimal "
                              "digits" SANDBOX_STRICTER);
    if (upper)
        return sandbox_refuse(c, CODE_PARAM, at,
                              "the hash must be in lowercase hexadecimal digits" SANDBOX_STRICTER);
    if (slice_eq(text, S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")))
        return sandbox_refuse(c, CODE_PARAM, at,
                              "is the hash of an empty text; leave the key out" SANDBOX_STRICTER);
    return true;
}

/* Networks that no visitor comes from.  The nets for documentation are left out: TikTok takes
 * them (measured 2026-09-24), and its own examples use them. */
static const struct {
    unsigned char address[16];
    int bits;
} local_v4[] = {
    { { 0 }, 8 },         { { 10 }, 8 },        { { 100, 64 }, 10 },  { { 127 }, 8 },
    { { 169, 254 }, 16 }, { { 172, 16 }, 12 },  { { 192, 0, 0 }, 24 }, { { 192, 168 }, 16 },
    { { 198, 18 }, 15 },  { { 224 }, 4 },       { { 240 }, 4 },
}, local_v6[] = {
    { { 0 }, 96 }, /* unspecified, loopback, IPv4-compatible */
    { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, /* IPv4-mapped: to be written as IPv4 */
    { { 0x01 }, 64 },                                     /* discard: 100::/64 */
    { { 0xfc }, 7 },
    { { 0xfe, 0x80 }, 10 },
    { { 0xfe, 0xc0 }, 10 },
    { { 0xff }, 8 },
};

static bool inside(const unsigned char *address, const unsigned char *net, int bits)
{
    int bytes = bits / 8, rest = bits % 8;

    if (memcmp(address, net, (size_t)bytes) != 0)
        return false;
    return rest == 0 || ((address[bytes] ^ net[bytes]) >> (8 - rest)) == 0;
}

bool form_ip(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    unsigned char address[16];
    char copy[INET6_ADDRSTRLEN];
    bool local = false;

    if (text.len >= sizeof(copy))
        return sandbox_refuse(c, CODE_PARAM, at, "not a valid IPv4 or IPv6 address");
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, address) == 1) {
        for (size_t i = 0; i < sizeof(local_v4) / sizeof(local_v4[0]); i++)
            local = local || inside(address, local_v4[i].address, local_v4[i].bits);
    } else if (inet_pton(AF_INET6, copy, address) == 1) {
        for (size_t i = 0; i < sizeof(local_v6) / sizeof(local_v6[0]); i++)
            local = local || inside(address, local_v6[i].address, local_v6[i].bits);
    } else {
        return sandbox_refuse(c, CODE_PARAM, at, "not a valid IPv4 or IPv6 address");
    }
    if (local)
        return sandbox_refuse(c, CODE_PARAM, at,
                              "not a public address; leave the key out" SANDBOX_STRICTER);
    return true;
}

/* The value of ttclid in a URL's query; empty when there is none. */
static struct slice url_ttclid(struct slice url)
{
    struct slice head, rest, pair;

    slice_cut(url, '?', &head, &rest);
    slice_cut(rest, '#', &rest, &head);
    while (slice_next(&rest, '&', &pair))
        if (slice_starts(pair, S("ttclid=")))
            return slice_from_at(pair, 7);
    return (struct slice){ 0 };
}

static bool not_in_url(char c)
{
    switch (c) {
    case '"':
    case '<':
    case '>':
    case '\\':
    case '^':
    case '`':
    case 0x7f:
        return true;
    default:
        return (unsigned char)c <= 0x20;
    }
}

bool form_url(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    size_t scheme = slice_starts_nocase(text, S("https://"))  ? 8
                    : slice_starts_nocase(text, S("http://")) ? 7
                                                              : 0;
    struct slice rest = slice_from_at(text, scheme);
    bool bad = scheme == 0 || rest.len == 0 ||
               !(ascii_is_alnum(rest.ptr[0]) || rest.ptr[0] == '[' || rest.ptr[0] & 0x80);

    for (size_t i = 0; i < text.len && !bad; i++)
        bad = not_in_url(text.ptr[i]);
    if (bad)
        return sandbox_refuse(
            c, CODE_PARAM, at,
            "not a full URL such as https://shop.example/thanks" SANDBOX_STRICTER);
    if (sandbox_unexpanded(url_ttclid(text)))
        return sandbox_refuse(c, CODE_PARAM, at,
                              "its ttclid is a macro that nothing has filled; TikTok would take "
                              "it for the click id" SANDBOX_STRICTER);
    return true;
}

bool form_plain_name(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char b = (unsigned char)text.ptr[i];
        if (b < 0x80 && !ascii_is_digit(text.ptr[i]) && !(b >= 'a' && b <= 'z'))
            return sandbox_refuse(c, CODE_PARAM, at,
                                  "must be in lower case without spaces and "
                                  "punctuation" SANDBOX_STRICTER);
    }
    return true;
}

bool form_country(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    if (text.len == 2 && text.ptr[0] >= 'a' && text.ptr[0] <= 'z' && text.ptr[1] >= 'a' &&
        text.ptr[1] <= 'z')
        return true;
    return sandbox_refuse(c, CODE_PARAM, at,
                          "must be the country's two letters in lower case, such as "
                          "\"de\"" SANDBOX_STRICTER);
}

/* en, en-US, zh-Hans-CN; en_US is in the page's own example. */
bool form_locale(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    size_t part = 0;
    bool ok = text.len <= 35;

    for (size_t i = 0, first = 0; i <= text.len && ok; i++) {
        if (i < text.len && text.ptr[i] != '-' && text.ptr[i] != '_') {
            ok = part ? ascii_is_alnum(text.ptr[i]) : ascii_is_alpha(text.ptr[i]);
            continue;
        }
        ok = part++ ? i - first >= 1 && i - first <= 8 : i - first >= 2 && i - first <= 8;
        first = i + 1;
    }
    return ok || sandbox_refuse(c, CODE_PARAM, at,
                                "not a BCP 47 language tag such as en-US" SANDBOX_STRICTER);
}

/* An advertising id: as it is, in the case that TikTok asks for, or hashed. */
static bool device_id(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text,
                      char wrong_first, char wrong_last, const char *which)
{
    if (text.len == 64)
        return form_hash(c, at, text);
    for (size_t i = 0; i < text.len; i++) {
        char b = text.ptr[i];
        if ((b >= wrong_first && b <= wrong_last) || !(ascii_is_alnum(b) || b == '-'))
            return sandbox_refuse(c, CODE_PARAM, at,
                                  "must be in %s case, or its SHA-256 in lowercase hexadecimal "
                                  "digits" SANDBOX_STRICTER,
                                  which);
    }
    return true;
}

bool form_idfa(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    return device_id(c, at, text, 'a', 'z', "upper");
}

bool form_gaid(struct sandbox_checker *c, const struct sandbox_at *at, struct slice text)
{
    return device_id(c, at, text, 'A', 'Z', "lower");
}

bool form_event_time(struct sandbox_checker *c, const struct sandbox_at *at, double number)
{
    double ahead = number - (double)c->now;

    if (number >= 1e11)
        return sandbox_refuse(
            c, CODE_PARAM, at,
            "must be Unix seconds; these look like milliseconds" SANDBOX_STRICTER);
    if (ahead > AHEAD_MAX)
        return sandbox_refuse(c, CODE_PARAM, at,
                              "lies %.0f seconds ahead; at most %d" SANDBOX_STRICTER, ahead,
                              AHEAD_MAX);
    if (-ahead > (double)AGE_MAX_DAYS * DAY)
        return sandbox_refuse(c, CODE_PARAM, at,
                              "is older than %d days, past every attribution "
                              "window" SANDBOX_STRICTER,
                              AGE_MAX_DAYS);
    return true;
}

bool form_amount(struct sandbox_checker *c, const struct sandbox_at *at, double number)
{
    if (!(number >= 0))
        return sandbox_refuse(c, CODE_PARAM, at, "must not be negative" SANDBOX_STRICTER);
    if (number > 1e15)
        return sandbox_refuse(c, CODE_PARAM, at, "is too large" SANDBOX_STRICTER);
    return true;
}

bool form_count(struct sandbox_checker *c, const struct sandbox_at *at, double number)
{
    return form_amount(c, at, number);
}

bool form_share(struct sandbox_checker *c, const struct sandbox_at *at, double number)
{
    if (number >= 0 && number <= 1)
        return true;
    return sandbox_refuse(c, CODE_PARAM, at, "must be from 0 to 1");
}
