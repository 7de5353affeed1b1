#include "core/identity/letters.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct range {
    uint32_t first, last;
};

/* Upper case letters and how far away their lower case is; PAIRS: each even (or each odd) one, as
 * the first is, comes before its own lower case.  Unicode Character Database, UnicodeData.txt. */
#define PAIRS 0
static const struct {
    uint32_t first, last;
    int32_t distance;
} upper[] = {
    { 0x00c0, 0x00d6, 32 },    { 0x00d8, 0x00de, 32 },    { 0x0100, 0x012e, PAIRS },
    { 0x0130, 0x0130, -199 },  { 0x0132, 0x0136, PAIRS }, { 0x0139, 0x0147, PAIRS },
    { 0x014a, 0x0176, PAIRS }, { 0x0178, 0x0178, -121 },  { 0x0179, 0x017d, PAIRS },
    { 0x0181, 0x0181, 210 },   { 0x0186, 0x0186, 206 },   { 0x0189, 0x018a, 205 },
    { 0x018e, 0x018e, 79 },    { 0x018f, 0x018f, 202 },   { 0x0190, 0x0190, 203 },
    { 0x0198, 0x0198, PAIRS }, { 0x01a0, 0x01a4, PAIRS }, { 0x01af, 0x01af, PAIRS },
    { 0x01b3, 0x01b5, PAIRS }, { 0x01cd, 0x01db, PAIRS }, { 0x01de, 0x01ee, PAIRS },
    { 0x01f8, 0x021e, PAIRS }, { 0x0222, 0x0232, PAIRS }, { 0x0386, 0x0386, 38 },
    { 0x0388, 0x038a, 37 },    { 0x038c, 0x038c, 64 },    { 0x038e, 0x038f, 63 },
    { 0x0391, 0x03a1, 32 },    { 0x03a3, 0x03ab, 32 },    { 0x0400, 0x040f, 80 },
    { 0x0410, 0x042f, 32 },    { 0x0460, 0x0480, PAIRS }, { 0x048a, 0x04be, PAIRS },
    { 0x04c0, 0x04c0, 15 },    { 0x04c1, 0x04cd, PAIRS }, { 0x04d0, 0x052e, PAIRS },
    { 0x0531, 0x0556, 48 },    { 0x1e00, 0x1e94, PAIRS }, { 0x1e9e, 0x1e9e, -7615 },
    { 0x1ea0, 0x1efe, PAIRS }, { 0xff21, 0xff3a, 32 },
};

/* General category P of that database, where names and towns have it; ASCII's symbols count too. */
static const struct range punctuation[] = {
    { 0x0021, 0x002f }, { 0x003a, 0x0040 }, { 0x005b, 0x0060 }, { 0x007b, 0x007e },
    { 0x00a1, 0x00a1 }, { 0x00a7, 0x00a7 }, { 0x00ab, 0x00ab }, { 0x00b6, 0x00b7 },
    { 0x00bb, 0x00bb }, { 0x00bf, 0x00bf }, { 0x037e, 0x037e }, { 0x0387, 0x0387 },
    { 0x055a, 0x055f }, { 0x0589, 0x058a }, { 0x05be, 0x05be }, { 0x05c0, 0x05c0 },
    { 0x05c3, 0x05c3 }, { 0x05c6, 0x05c6 }, { 0x05f3, 0x05f4 }, { 0x060c, 0x060d },
    { 0x061b, 0x061b }, { 0x061d, 0x061f }, { 0x066a, 0x066d }, { 0x06d4, 0x06d4 },
    { 0x0964, 0x0965 }, { 0x0970, 0x0970 }, { 0x0e4f, 0x0e4f }, { 0x0e5a, 0x0e5b },
    { 0x10fb, 0x10fb }, { 0x2010, 0x2027 }, { 0x2030, 0x2043 }, { 0x2045, 0x2051 },
    { 0x2053, 0x205e }, { 0x3001, 0x3003 }, { 0x3008, 0x3011 }, { 0x3014, 0x301f },
    { 0x3030, 0x3030 }, { 0x303d, 0x303d }, { 0x30a0, 0x30a0 }, { 0x30fb, 0x30fb },
    { 0xfe50, 0xfe52 }, { 0xfe54, 0xfe61 }, { 0xff01, 0xff03 }, { 0xff05, 0xff0a },
    { 0xff0c, 0xff0f }, { 0xff1a, 0xff1b }, { 0xff1f, 0xff20 }, { 0xff3b, 0xff3d },
    { 0xff3f, 0xff3f }, { 0xff5b, 0xff5b }, { 0xff5d, 0xff5d }, { 0xff5f, 0xff65 },
};

static const struct range invisible[] = {
    { 0x0000, 0x0008 }, { 0x000e, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
    { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x2066, 0x206f },
};

/* White space and line ends of ECMAScript. */
static const struct range blanks[] = {
    { 0x0009, 0x000d }, { 0x0020, 0x0020 }, { 0x00a0, 0x00a0 }, { 0x1680, 0x1680 },
    { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
    { 0x3000, 0x3000 }, { 0xfeff, 0xfeff },
};

static bool in_ranges(uint32_t c, const struct range *row, size_t n)
{
    for (; n && c >= row->first; n--, row++)
        if (c <= row->last)
            return true;
    return false;
}
#define IN(c, table) in_ranges((c), (table), ROWS(table))

static uint32_t lower(uint32_t c)
{
    if (c < 0x80)
        return (unsigned char)ascii_lower((char)c);
    for (size_t i = 0; i < ROWS(upper) && c >= upper[i].first; i++) {
        if (c > upper[i].last)
            continue;
        if (upper[i].distance == PAIRS)
            return (c - upper[i].first) % 2 ? c : c + 1;
        return (uint32_t)((int32_t)c + upper[i].distance);
    }
    return c;
}

/* The character that n well-formed bytes are. */
static uint32_t decode(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

uint32_t letters_first(struct slice s, size_t *n)
{
    *n = utf8_len(s);
    if (*n)
        return decode(s.ptr, *n);
    *n = 1;
    return 0xfffd;
}

/* The length of the last character of s, 0 when it is damaged. */
static size_t last_len(struct slice s)
{
    for (size_t n = 1; n <= 4 && n <= s.len; n++)
        if (utf8_len(slice_from_at(s, s.len - n)) == n)
            return n;
    return 0;
}

struct slice letters_trim(struct slice s)
{
    size_t n;

    while ((n = utf8_len(s)) != 0 && IN(decode(s.ptr, n), blanks))
        s = slice_from_at(s, n);
    while ((n = last_len(s)) != 0 && IN(decode(s.ptr + s.len - n, n), blanks))
        s.len -= n;
    return s;
}

static bool is_word(uint32_t c)
{
    return !IN(c, blanks) && !IN(c, punctuation) && !IN(c, invisible);
}

/* A sigma has another form at the end of a word, and JavaScript's toLowerCase() knows that. */
static uint32_t lower_sigma(uint32_t before, struct slice after)
{
    size_t n = utf8_len(after);

    return is_word(before) && !(n && is_word(decode(after.ptr, n))) ? 0x3c2 : 0x3c3;
}

bool letters_is_unseen(uint32_t c)
{
    return IN(c, blanks) || IN(c, invisible);
}

struct slice letters_lower(struct arena *arena, struct slice s, int drop)
{
    /* no lower case in the table is longer than its upper case */
    char *p = arena_alloc(arena, s.len + 1);
    size_t len = 0;
    uint32_t before = ' ', c;

    if (!p)
        return (struct slice){ 0 };
    for (s = letters_trim(s); s.len; before = c) {
        size_t n = utf8_len(s);
        if (n == 1 && !drop) { /* nearly every byte of an e-mail address */
            c = (unsigned char)s.ptr[0];
            p[len++] = ascii_lower(s.ptr[0]);
            s = (struct slice){ s.ptr + 1, s.len - 1 };
            continue;
        }
        if (n == 0) {
            p[len++] = s.ptr[0];
            c = 0xfffd;
            s = slice_from_at(s, 1);
            continue;
        }
        c = decode(s.ptr, n);
        s = slice_from_at(s, n);
        if (IN(c, blanks) && drop) {
            if (!(drop & LETTERS_NO_BLANKS))
                p[len++] = ' ';
        } else if (!(drop & LETTERS_NO_PUNCTUATION) || is_word(c)) {
            len += utf8_put(p + len, c == 0x3a3 ? lower_sigma(before, s) : lower(c));
        }
    }
    s = letters_trim((struct slice){ p, len });
    return s.len ? s : (struct slice){ p, 0 };
}
