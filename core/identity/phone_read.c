/* phone_read.c: what somebody typed into a phone field, down to its digits. */
#include "core/identity/phone_read.h"

#include <string.h>

#include "core/identity/letters.h"

#define EXTENSION_MAX 7
#define BEFORE_EXTENSION 5 /* digits: there are numbers at home that are so short */

/* Digits zero of scripts in which people type numbers; one to nine follow each.  Unicode Character
 * Database, general category Nd. */
static const uint32_t zeros[] = {
    0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66,
    0x0ce6, 0x0d66, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0, 0xff10,
};

/* What stands between the digits: no-break and other spaces, hyphens, dashes, brackets, full-width
 * ones of them; marks of direction, which nobody sees. */
static const struct {
    uint32_t first, last;
} punctuation[] = {
    { '\t', '\r' },     { ' ', ' ' },       { '(', ')' },       { '-', '/' },
    { '[', '[' },       { ']', ']' },       { 0x00a0, 0x00a0 }, { 0x00ad, 0x00ad },
    { 0x061c, 0x061c }, { 0x2000, 0x2015 }, { 0x202a, 0x202f }, { 0x205f, 0x2064 },
    { 0x2066, 0x2069 }, { 0x2212, 0x2212 }, { 0x3000, 0x3000 }, { 0x30fc, 0x30fc },
    { 0xfeff, 0xfeff }, { 0xff08, 0xff09 }, { 0xff0d, 0xff0f },
};

/* Words in front of a number, ended by ':' or '.'. */
static const struct slice labels[] = {
    SLICE("tel"), SLICE("telefon"), SLICE("phone"), SLICE("mobile"),   SLICE("mobil"),
    SLICE("mob"), SLICE("cell"),    SLICE("sms"),   SLICE("whatsapp"),
};

/* Words between a number and its extension; the longer ones first. */
static const struct slice extensions[] = {
    SLICE("extension"), SLICE("extn"), SLICE("ext"), SLICE("x"), SLICE("#"),
};

/* 0 to 9, or -1. */
static int digit_of(uint32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
        if (c >= zeros[i] && c <= zeros[i] + 9)
            return (int)(c - zeros[i]);
    return -1;
}

static bool is_punctuation(uint32_t c)
{
    for (size_t i = 0; i < sizeof(punctuation) / sizeof(punctuation[0]); i++)
        if (c >= punctuation[i].first && c <= punctuation[i].last)
            return true;
    return false;
}

static struct slice skip_label(struct slice s)
{
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        size_t n = labels[i].len;
        if (!slice_starts_nocase(s, labels[i]) || s.len == n ||
            (s.ptr[n] != ':' && s.ptr[n] != '.'))
            continue;
        while (n < s.len && (s.ptr[n] == ':' || s.ptr[n] == '.' || s.ptr[n] == ' '))
            n++;
        return slice_from_at(s, n);
    }
    return s;
}

/* How many digits s begins with. */
static size_t run_of_digits(struct slice s)
{
    size_t n = 0;

    while (n < s.len && ascii_is_digit(s.ptr[n]))
        n++;
    return n;
}

/* A number that a program took for an amount: 4915112345678.0 is one, of 4.91511234E+12 and 1.5e10
 * the last digits are gone.  NULL, or what is wrong. */
static const char *undo_float(struct slice *s)
{
    size_t whole = run_of_digits(*s), fraction;
    struct slice rest = slice_from_at(*s, whole);

    if (whole == 0)
        return NULL;
    if (whole >= PHONE_DIGITS_MIN && (slice_eq(rest, S(".0")) || slice_eq(rest, S(".00")))) {
        s->len = whole;
        return NULL;
    }
    if (rest.len && rest.ptr[0] == '.') {
        fraction = run_of_digits(slice_from_at(rest, 1));
        rest = slice_from_at(rest, 1 + fraction);
    }
    if (rest.len < 2 || ascii_lower(rest.ptr[0]) != 'e')
        return NULL;
    rest = slice_from_at(rest, rest.ptr[1] == '+' || rest.ptr[1] == '-' ? 2 : 1);
    return rest.len && run_of_digits(rest) == rest.len
               ? "was made a number with an exponent on its way, which drops digits"
               : NULL;
}

/* Is s, behind the digits of a number, an extension and nothing else? */
static bool is_extension(struct slice s)
{
    size_t i = 0, n, digits;

    while (i < sizeof(extensions) / sizeof(extensions[0]) && !slice_starts_nocase(s, extensions[i]))
        i++;
    if (i == sizeof(extensions) / sizeof(extensions[0]))
        return false;
    for (n = extensions[i].len; n < s.len && memchr(".: =", s.ptr[n], 4); n++)
        ;
    digits = run_of_digits(slice_from_at(s, n));
    return digits > 0 && digits <= EXTENSION_MAX && n + digits == s.len;
}

static const char *bad_character(struct slice s, uint32_t c, const struct typed *t)
{
    if (t->len >= PHONE_DIGITS_MIN && (c == '+' || c == ',' || c == ';' || c == '|' || c == '&'))
        return "holds more than one phone number; `split:` takes them apart";
    return ascii_is_alpha(s.ptr[0]) || c >= 0x80 ? "has letters in it"
                                                 : "has characters that no phone number has";
}

static const char *read_digits(struct slice s, struct typed *t)
{
    while (s.len) {
        size_t n;
        uint32_t c = letters_first(s, &n);
        int digit = digit_of(c);
        if (digit >= 0) {
            if (t->len == sizeof(t->digits))
                return "has too many digits for a phone number";
            t->digits[t->len++] = (char)('0' + digit);
        } else if ((c == '+' || c == 0xff0b) && t->prefix == PREFIX_NONE && t->len == 0) {
            t->prefix = PREFIX_PLUS;
        } else if (t->len >= BEFORE_EXTENSION && is_extension(s)) {
            break;
        } else if (!is_punctuation(c)) {
            return bad_character(s, c, t);
        }
        s = slice_from_at(s, n);
    }
    return t->len ? NULL : "has no digits";
}

const char *phone_read(struct slice value, struct typed *t)
{
    struct slice s, parameters;
    const char *why;

    *t = (struct typed){ .prefix = PREFIX_NONE };
    if (value.len > 1 && value.ptr[0] == ' ' && value.ptr[1] >= '1' && value.ptr[1] <= '9')
        t->prefix = PREFIX_BLANK;
    s = skip_label(letters_trim(value));
    if (slice_starts_nocase(letters_trim(value), S("tel:"))) { /* RFC 3966 */
        slice_cut(s, ';', &s, &parameters);
        if (slice_find(parameters, S("phone-context=")) < parameters.len)
            return "is only the local part of a phone number (phone-context)";
    }
    why = undo_float(&s);
    return why ? why : read_digits(s, t);
}
