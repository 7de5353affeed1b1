#include "adapters/store/pg.h"

#define STAND_IN UINT32_C(0x10FE00) /* + the byte */
#define STAND_IN_BYTES 4            /* F4 8F B8..BB 80..BF */

/* The byte that the character at the start of s stands for; -1: it stands for itself. */
static int stands_for(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    if (s.len < STAND_IN_BYTES || p[0] != 0xF4 || p[1] != 0x8F || p[2] < 0xB8 || p[2] > 0xBB)
        return -1;
    return (p[2] - 0xB8) << 6 | (p[3] & 0x3F);
}

/* Bytes at the beginning that are ASCII and not NUL, which nearly all are: eight at a time. */
static size_t ascii_len(struct slice s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    size_t n = 0;

    for (uint64_t w; n + sizeof(w) <= s.len; n += sizeof(w)) {
        memcpy(&w, s.ptr + n, sizeof(w));
        if ((w | (w - ones)) & tops) /* a byte above 127, or a borrow by a zero */
            break;
    }
    while (n < s.len && (unsigned char)(s.ptr[n] - 1) < 0x7f)
        n++;
    return n;
}

/* Length of what goes as it is, some ASCII or another character; 0: the first byte needs a stand-in. */
static size_t plain_len(struct slice s)
{
    size_t n = ascii_len(s);

    if (n)
        return n;
    n = utf8_len(s);
    return s.ptr[0] == '\0' || stands_for(s) >= 0 ? 0 : n;
}

struct slice pg_text_out(struct slice raw, struct arena *arena)
{
    struct slice rest = raw;
    size_t odd = 0, n;
    char *to;

    while (rest.len) {
        n = plain_len(rest);
        odd += n == 0;
        rest = slice_from_at(rest, n ? n : 1);
    }
    if (odd == 0)
        return raw;
    if (!(to = arena_alloc(arena, raw.len + odd * (STAND_IN_BYTES - 1))))
        return (struct slice){ 0 };
    n = 0;
    for (rest = raw; rest.len;) {
        size_t len = plain_len(rest);
        if (len)
            memcpy(to + n, rest.ptr, len);
        n += len ? len : utf8_put(to + n, STAND_IN + (unsigned char)rest.ptr[0]);
        rest = slice_from_at(rest, len ? len : 1);
    }
    return (struct slice){ to, n };
}

struct slice pg_text_in(struct slice kept, struct arena *arena)
{
    struct slice copy = arena_dup(arena, kept), rest = copy;
    char *to = (char *)(uintptr_t)copy.ptr;
    size_t n = 0;

    if (memchr(slice_bytes(copy), 0xF4, copy.len) == NULL)
        return copy;
    while (rest.len) {
        int byte = stands_for(rest);
        size_t len = byte >= 0 ? STAND_IN_BYTES : 1;
        to[n++] = byte >= 0 ? (char)byte : rest.ptr[0];
        rest = slice_from_at(rest, len);
    }
    to[n] = '\0';
    return (struct slice){ to, n };
}
