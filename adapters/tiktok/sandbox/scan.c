#include "adapters/tiktok/sandbox/scan.h"

#include <string.h>

struct reader {
    const char *start, *p, *end;
    struct sandbox_scan *out;
};

static bool value(struct reader *r, unsigned depth);

static bool wrong(struct reader *r, const char *why)
{
    if (!r->out->error) {
        r->out->error = r->p == r->end ? "it ends too early" : why;
        r->out->error_at = (size_t)(r->p - r->start);
    }
    return false;
}

static void blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static bool take(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* The four digits of \uXXXX; -1 when they are not there. */
static long hex4(struct reader *r)
{
    long n = 0;

    for (int i = 0; i < 4; i++, r->p++) {
        int digit = r->p < r->end ? ascii_hex(*r->p) : -1;
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

static bool escape(struct reader *r)
{
    long unit;

    if (r->p == r->end || !memchr("\"\\/bfnrtu", *r->p, 9))
        return wrong(r, "a wrong escape in a string");
    if (*r->p++ != 'u')
        return true;
    unit = hex4(r);
    if (unit < 0)
        return wrong(r, "a wrong \\u escape in a string");
    if (unit == 0)
        return wrong(r, "U+0000 in a string");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || !take(r, '\\') || !take(r, 'u'))
        return wrong(r, "half a surrogate pair in a string");
    unit = hex4(r);
    return (unit >= 0xdc00 && unit <= 0xdfff) || wrong(r, "half a surrogate pair in a string");
}

/* A character of a string that needs no look. */
static bool plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static bool string(struct reader *r)
{
    if (!take(r, '"'))
        return wrong(r, "a string is expected");
    for (;;) {
        unsigned char c;
        while (r->p < r->end && plain(*r->p))
            r->p++;
        if (r->p == r->end || *r->p == '"')
            break;
        c = (unsigned char)*r->p;
        if (c == '\\') {
            r->p++;
            if (!escape(r))
                return false;
        } else if (c < 0x20) {
            return wrong(r, "a control character in a string");
        } else {
            size_t n = utf8_len((struct slice){ r->p, (size_t)(r->end - r->p) });
            if (n == 0)
                return wrong(r, "not UTF-8");
            r->p += n;
        }
    }
    return take(r, '"') || wrong(r, "");
}

static bool digits(struct reader *r)
{
    const char *first = r->p;

    while (r->p < r->end && ascii_is_digit(*r->p))
        r->p++;
    return r->p > first || wrong(r, "a digit is expected");
}

static bool number_parts(struct reader *r)
{
    take(r, '-');
    if (!take(r, '0') && !digits(r))
        return false;
    if (take(r, '.') && !digits(r))
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            take(r, '-');
        return digits(r);
    }
    return true;
}

/* cJSON reads no more of one than this. */
#define NUMBER_MAX 63

static bool number(struct reader *r)
{
    const char *first = r->p;

    if (!number_parts(r))
        return false;
    return r->p - first <= NUMBER_MAX || wrong(r, "a number of more than 63 characters");
}

static bool word(struct reader *r, struct slice w)
{
    if (!slice_starts((struct slice){ r->p, (size_t)(r->end - r->p) }, w))
        return wrong(r, "an unknown word");
    r->p += w.len;
    return true;
}

static bool array(struct reader *r, unsigned depth)
{
    if (take(r, ']'))
        return true;
    for (;;) {
        const char *first;
        blanks(r);
        first = r->p;
        if (!value(r, depth))
            return false;
        if (depth == 2 && r->out->count++ < SANDBOX_EVENTS_MAX)
            r->out->elements[r->out->count - 1] = (struct slice){ first, (size_t)(r->p - first) };
        blanks(r);
        if (take(r, ']'))
            return true;
        if (!take(r, ','))
            return wrong(r, "a comma or ] is expected");
    }
}

static bool object(struct reader *r, unsigned depth)
{
    if (take(r, '}'))
        return true;
    for (;;) {
        blanks(r);
        if (!string(r))
            return false;
        blanks(r);
        if (!take(r, ':'))
            return wrong(r, "a colon is expected");
        blanks(r);
        if (!value(r, depth))
            return false;
        blanks(r);
        if (take(r, '}'))
            return true;
        if (!take(r, ','))
            return wrong(r, "a comma or } is expected");
    }
}

/* depth: how many arrays and objects are open around it. */
static bool value(struct reader *r, unsigned depth)
{
    char c = r->p < r->end ? *r->p : '\0';

    switch (c) {
    case '{':
    case '[':
        if (depth == SANDBOX_DEPTH_MAX)
            return wrong(r, "nested too deep");
        r->p++;
        blanks(r);
        return c == '{' ? object(r, depth + 1) : array(r, depth + 1);
    case '"':
        return string(r);
    case 't':
        return word(r, S("true"));
    case 'f':
        return word(r, S("false"));
    case 'n':
        return word(r, S("null"));
    default:
        return c == '-' || ascii_is_digit(c) ? number(r) : wrong(r, "a value is expected");
    }
}

bool sandbox_scan(struct slice text, struct sandbox_scan *out)
{
    struct reader r = { text.ptr, text.ptr, text.ptr + text.len, out };

    out->count = 0;
    out->error = NULL;
    out->error_at = 0;
    blanks(&r);
    if (!value(&r, 0))
        return false;
    blanks(&r);
    return r.p == r.end || wrong(&r, "something follows the end");
}
