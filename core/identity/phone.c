#include "core/identity/phone.h"

#include <string.h>

#include "core/identity/letters.h"
#include "core/identity/phone_read.h"

#define AREA_15_LINE 12 /* digits of a mobile number as it is dialled in Argentina, without the 0  \
                         */

static const char WRONG_LENGTH[] = "has a wrong number of digits for its country";

static bool has_length(const struct country *c, struct slice rest)
{
    return rest.len >= c->shortest && rest.len <= c->longest;
}

/* Do no numbers begin with the 0 that is dialled before them?  Gabon's old ones and some lines in
 * Rwanda do. */
static bool drops_zeros(const struct country *c)
{
    return strchr(c->trunk, '0') && strcmp(c->iso, "GA") != 0 && strcmp(c->iso, "RW") != 0;
}

/* Can rest, without trunk prefix and calling code, be a number of the country? */
static bool fits(const struct country *c, struct slice rest)
{
    return has_length(c, rest) && !(drops_zeros(c) && slice_starts(rest, S("0")));
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

/* Argentina's mobile numbers are dialled as area, 15 and line at home, 9, area and line abroad; the
 * area has two (Buenos Aires, 11), three or four digits.  s: behind the calling code.  0 when it is
 * none of the first kind. */
static size_t argentine_mobile(struct slice s, char out[PHONE_MAX])
{
    size_t area;

    while (s.len > AREA_15_LINE && (s.ptr[0] == '0' || s.ptr[0] == '9'))
        s = slice_from_at(s, 1);
    if (s.len != AREA_15_LINE)
        return 0;
    area = slice_starts(s, S("11")) ? 2 : memcmp(s.ptr + 3, "15", 2) == 0 ? 3 : 4;
    if (memcmp(s.ptr + area, "15", 2) != 0)
        return 0;
    memcpy(out, "+549", 4);
    memcpy(out + 4, s.ptr, area);
    memcpy(out + 4 + area, s.ptr + area + 2, AREA_15_LINE - 2 - area);
    return 4 + AREA_15_LINE - 2;
}

static bool is_argentine(const struct country *c)
{
    return strcmp(c->iso, "AR") == 0;
}

/* Of the United States, Canada and the others of +1: neither area nor exchange begin with 0 or 1.
 */
static bool is_north_american(struct slice s)
{
    return s.len == 10 && s.ptr[0] >= '2' && s.ptr[3] >= '2';
}

static size_t write_number(const struct country *c, struct slice rest, char out[PHONE_MAX],
                           const char **why)
{
    size_t code = strlen(c->code);

    if (code + rest.len > PHONE_DIGITS_MAX || code + rest.len < PHONE_DIGITS_MIN) {
        *why = code + rest.len < PHONE_DIGITS_MIN ? "has too few digits for a phone number"
                                                  : "has too many digits for a phone number";
        return 0;
    }
    if (strcmp(c->code, "1") == 0 && !is_north_american(rest)) {
        *why = rest.len == 10 ? "has an area code that nobody has" : WRONG_LENGTH;
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
    const struct country *c;
    struct slice rest, bare;
    size_t n;

    if (slice_starts(digits, S("00"))) /* +0049 */
        digits = slice_from_at(digits, 2);
    c = country_of_number(digits);
    if (!c) {
        *why = "begins with no country's calling code";
        return 0;
    }
    rest = slice_from_at(digits, strlen(c->code));
    if (is_argentine(c) && (n = argentine_mobile(rest, out)) != 0)
        return n;
    if (!fits(c, rest) && skip_trunk(c, rest, &bare))
        rest = bare;
    while (drops_zeros(c) && slice_starts(rest, S("0"))) /* no number there begins with 0 */
        rest = slice_from_at(rest, 1);
    if (!fits(c, rest) && skip_trunk(c, rest, &bare)) /* +52 0 01 1: the second one of two */
        rest = bare;
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

/* Do digits that nobody has put a '+' before begin with the calling code all the same?  Where
 * numbers at home begin with a trunk prefix, one without it does.  Elsewhere one that is too long
 * for home does, and one in a small country that could be either: that a number begins with the
 * three digits of its own country's code is rare.  In Italy only fixed lines, which begin with 0,
 * are longer than ten digits. */
static bool begins_with_code(const struct country *c, struct slice digits)
{
    if (!slice_starts(digits, slice_from(c->code)))
        return false;
    return c->trunk[0] || !fits(c, digits) || strlen(c->code) == 3 ||
           (strcmp(c->code, "39") == 0 && digits.len > 10);
}

/* Digits as they are dialled at home, or with the calling code but without '+'. */
static size_t from_home(const struct country *c, struct slice digits, char out[PHONE_MAX],
                        const char **why)
{
    struct slice code = slice_from(c->code), rest, bare;
    bool has_code = begins_with_code(c, digits);
    size_t n;

    if (is_argentine(c) &&
        (n = argentine_mobile(
             slice_from_at(digits, has_code && digits.len > AREA_15_LINE + 1 ? code.len : 0),
             out)) != 0)
        return n;
    if (skip_trunk(c, digits, &rest))
        return write_number(c, rest, out, why);
    rest = slice_from_at(digits, code.len);
    if (has_code) {
        if (skip_trunk(c, rest, &bare))
            return write_number(c, bare, out, why);
        if (fits(c, rest))
            return write_number(c, rest, out, why);
    }
    if (fits(c, digits))
        return write_number(c, digits, out, why);
    *why = WRONG_LENGTH;
    return 0;
}

static bool has_length_abroad(struct slice digits)
{
    const struct country *c = country_of_number(digits);

    return c && has_length(c, slice_from_at(digits, strlen(c->code)));
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
    *why = phone_read(value, &t);
    if (*why)
        return 0;
    digits = (struct slice){ t.digits, t.len };
    if (t.prefix == PREFIX_PLUS || (t.prefix == PREFIX_BLANK && (!c || has_length_abroad(digits))))
        return from_abroad(digits, out, why);
    abroad = skip_exit_code(c, digits);
    if (abroad.len)
        return from_abroad(abroad, out, why);
    if (c)
        return from_home(c, digits, out, why);
    if (t.len > 15) { /* of E.164 */
        *why = "has too many digits for a phone number";
        return 0;
    }
    *why = country.len ? "has no country code, and its country is not known"
                       : "has no country code; set `country:` in the mapping";
    return 0;
}
