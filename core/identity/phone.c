#include "core/identity/phone.h"

#include <string.h>

#include "core/identity/letters.h"

#define DIGITS_MIN 7
#define DIGITS_MAX 15

enum prefix {
    PREFIX_NONE,
    PREFIX_PLUS,
    PREFIX_BLANK, /* a blank in front: most often a '+' that a query string turned into one */
};

/* A number as it was typed, without its punctuation. */
struct typed {
    enum prefix prefix;
    char digits[DIGITS_MAX + 6]; /* an exit code and a trunk more than E.164 allows */
    size_t len;
};

/* Bytes of the punctuation that s begins with, 0 when it is none that people put into numbers. */
static size_t punctuation(struct slice s)
{
    static const struct slice wide[] = {
        SLICE("\xc2\xa0"),     /* no-break space */
        SLICE("\xc2\xad"),     /* soft hyphen */
        SLICE("\xe2\x80\x89"), /* thin space */
        SLICE("\xe2\x80\xaf"), /* narrow no-break space */
        SLICE("\xe2\x80\x90"), /* hyphens and dashes */
        SLICE("\xe2\x80\x91"), SLICE("\xe2\x80\x92"), SLICE("\xe2\x80\x93"),
        SLICE("\xe2\x80\x94"), SLICE("\xe2\x88\x92"),
    };

    if (ascii_is_space(s.ptr[0]) || memchr("-.()/", s.ptr[0], 5))
        return 1;
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (slice_starts(s, wide[i]))
            return wide[i].len;
    return 0;
}

/* NULL, or what is wrong. */
static const char *read_typed(struct slice value, struct typed *t)
{
    *t = (struct typed){ .prefix = PREFIX_NONE };
    if (value.len > 1 && value.ptr[0] == ' ' && value.ptr[1] >= '1' && value.ptr[1] <= '9')
        t->prefix = PREFIX_BLANK;
    value = letters_trim(value);
    while (value.len) {
        char c = value.ptr[0];
        size_t n = 1;
        if (ascii_is_digit(c)) {
            if (t->len == sizeof(t->digits))
                return "has too many digits for a phone number";
            t->digits[t->len++] = c;
        } else if (c == '+' && t->prefix == PREFIX_NONE && t->len == 0) {
            t->prefix = PREFIX_PLUS;
        } else if ((n = punctuation(value)) == 0) {
            return ascii_is_alpha(c) || (unsigned char)c >= 0x80
                       ? "has letters in it"
                       : "has characters that no phone number has";
        }
        value = slice_from_at(value, n);
    }
    return t->len ? NULL : "has no digits";
}

static bool fits(const struct country *c, struct slice rest)
{
    return rest.len >= c->shortest && rest.len <= c->longest;
}

/* The rest of s behind the first of the country's trunk prefixes that leaves a number. */
static bool skip_trunk(const struct country *c, struct slice s, struct slice *rest)
{
    struct slice list = slice_from(c->trunk), trunk;

    while (slice_next(&list, ' ', &trunk)) {
        *rest = slice_from_at(s, trunk.len);
        if (trunk.len && slice_starts(s, trunk) && fits(c, *rest))
            return true;
    }
    return false;
}

static bool has_zero_trunk(const struct country *c)
{
    return c->trunk[0] && strchr(c->trunk, '0');
}

static size_t write_number(const struct country *c, struct slice rest, char out[PHONE_MAX],
                           const char **why)
{
    size_t code = strlen(c->code);

    if (code + rest.len > DIGITS_MAX || code + rest.len < DIGITS_MIN) {
        *why = code + rest.len < DIGITS_MIN ? "has too few digits for a phone number"
                                            : "has too many digits for a phone number";
        return 0;
    }
    out[0] = '+';
    memcpy(out + 1, c->code, code);
    if (rest.len)
        memcpy(out + 1 + code, rest.ptr, rest.len);
    return 1 + code + rest.len;
}

/* Digits that begin with a calling code.  Lengths abroad are not held against the table, which may
 * be behind the times; but +49 (0)151 and +7 8 916 lose their trunk prefix. */
static size_t from_abroad(struct slice digits, char out[PHONE_MAX], const char **why)
{
    const struct country *c = country_of_number(digits);
    struct slice rest, bare;

    if (!c) {
        *why = "begins with no country's calling code";
        return 0;
    }
    rest = slice_from_at(digits, strlen(c->code));
    if ((rest.len > c->longest || slice_starts(rest, S("0"))) && skip_trunk(c, rest, &bare))
        rest = bare;
    while (has_zero_trunk(c) && slice_starts(rest, S("0"))) /* no number there begins with 0 */
        rest = slice_from_at(rest, 1);
    return write_number(c, rest, out, why);
}

/* The digits behind what is dialled to call abroad, empty when there is nothing of that kind.
 * Other prefixes than these are too rare to risk taking a number at home for one. */
static struct slice skip_exit_code(const struct country *c, struct slice digits)
{
    struct slice exit = c && strcmp(c->code, "1") == 0    ? S("011")
                        : c && strcmp(c->code, "61") == 0 ? S("0011")
                                                          : S("00");

    return slice_starts(digits, exit)      ? slice_from_at(digits, exit.len)
           : slice_starts(digits, S("00")) ? slice_from_at(digits, 2)
                                           : (struct slice){ 0 };
}

/* Digits as they are dialled at home, or with the calling code but without '+'. */
static size_t from_home(const struct country *c, struct slice digits, char out[PHONE_MAX],
                        const char **why)
{
    struct slice code = slice_from(c->code), rest, bare;

    if (skip_trunk(c, digits, &rest))
        return write_number(c, rest, out, why);
    rest = slice_from_at(digits, code.len);
    /* where numbers at home begin with a trunk prefix, one without it begins with the code */
    if (slice_starts(digits, code) && (c->trunk[0] || !fits(c, digits))) {
        if (skip_trunk(c, rest, &bare))
            return write_number(c, bare, out, why);
        if (fits(c, rest))
            return write_number(c, rest, out, why);
    }
    if (fits(c, digits) && !(has_zero_trunk(c) && digits.ptr[0] == '0'))
        return write_number(c, digits, out, why);
    *why = "has a wrong number of digits for its country";
    return 0;
}

static bool fits_abroad(struct slice digits)
{
    const struct country *c = country_of_number(digits);

    return c && fits(c, slice_from_at(digits, strlen(c->code)));
}

size_t phone_normalise(struct slice value, struct slice country, char out[PHONE_MAX],
                       const char **why)
{
    const struct country *c = country_find(slice_trim(country));
    struct slice digits, abroad;
    struct typed t;

    *why = NULL;
    if (letters_trim(value).len == 0)
        return 0;
    *why = read_typed(value, &t);
    if (*why)
        return 0;
    digits = (struct slice){ t.digits, t.len };
    if (t.prefix == PREFIX_PLUS || (t.prefix == PREFIX_BLANK && (!c || fits_abroad(digits))))
        return from_abroad(digits, out, why);
    abroad = skip_exit_code(c, digits);
    if (abroad.len)
        return from_abroad(abroad, out, why);
    if (c)
        return from_home(c, digits, out, why);
    *why = country.len ? "has no country code, and its country is not known"
                       : "has no country code; set `country:` in the mapping";
    return 0;
}
