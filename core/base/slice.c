#include "core/base/slice.h"

#include <string.h>

struct slice slice_from(const char *cstr)
{
    return cstr ? (struct slice){ cstr, strlen(cstr) } : (struct slice){ 0 };
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int d = n ? memcmp(a.ptr, b.ptr, n) : 0;

    return d ? d : (a.len > b.len) - (a.len < b.len);
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return slice_eq(slice_head(s, prefix.len), prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (ascii_lower(s.ptr[i]) != ascii_lower(prefix.ptr[i]))
            return false;
    return true;
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && slice_eq(slice_from_at(s, s.len - suffix.len), suffix);
}

size_t slice_index(struct slice s, char c)
{
    const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return at ? (size_t)(at - s.ptr) : s.len;
}

size_t slice_find(struct slice s, struct slice needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (slice_starts(slice_from_at(s, i), needle))
            return i;
    return s.len;
}

struct slice slice_from_at(struct slice s, size_t at)
{
    return at >= s.len ? (struct slice){ 0 } : (struct slice){ s.ptr + at, s.len - at };
}

struct slice slice_head(struct slice s, size_t n)
{
    return (struct slice){ s.ptr, n < s.len ? n : s.len };
}

struct slice slice_trim(struct slice s)
{
    while (s.len && ascii_is_space(s.ptr[0]))
        s.ptr++, s.len--;
    while (s.len && ascii_is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool slice_cut(struct slice s, char c, struct slice *head, struct slice *tail)
{
    const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

    *head = at ? (struct slice){ s.ptr, (size_t)(at - s.ptr) } : s;
    *tail = at ? (struct slice){ at + 1, s.len - head->len - 1 } : (struct slice){ 0 };
    return at != NULL;
}

bool slice_next(struct slice *rest, char sep, struct slice *item)
{
    struct slice tail;

    if (!rest->ptr)
        return false;
    if (slice_cut(*rest, sep, item, &tail))
        *rest = tail.ptr ? tail : (struct slice){ "", 0 };
    else
        *rest = (struct slice){ 0 };
    return true;
}

bool slice_to_u64(struct slice s, uint64_t *out)
{
    uint64_t n = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint64_t digit = (uint64_t)(unsigned char)s.ptr[i] - '0';
        if (digit > 9 || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool slice_to_i64(struct slice s, int64_t *out)
{
    bool minus = s.len > 1 && s.ptr[0] == '-';
    uint64_t n;

    if (!slice_to_u64(minus ? slice_from_at(s, 1) : s, &n) || n > (uint64_t)INT64_MAX + minus)
        return false;
    *out = !minus ? (int64_t)n : n ? -(int64_t)(n - 1) - 1 : 0;
    return true;
}

/* FNV-1a over the bytes, then the finalizer of MurmurHash3, so that all bits depend on all. */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t finalize(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

uint64_t slice_hash(struct slice s, uint64_t seed)
{
    uint64_t h = FNV_BASIS ^ seed;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * FNV_PRIME;
    return finalize(h);
}

void slice_hash_two(struct slice s, uint64_t seed, uint64_t out[2])
{
    uint64_t a = FNV_BASIS ^ seed, b = FNV_BASIS ^ (seed + 1);

    for (size_t i = 0; i < s.len; i++) {
        a = (a ^ (unsigned char)s.ptr[i]) * FNV_PRIME;
        b = (b ^ (unsigned char)s.ptr[i]) * FNV_PRIME;
    }
    out[0] = finalize(a);
    out[1] = finalize(b);
}

size_t utf8_len(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t n;

    if (s.len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* over-long forms, surrogates, past U+10FFFF */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

size_t utf8_put(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

bool utf8_valid(struct slice s)
{
    while (s.len) {
        size_t n = utf8_len(s);
        if (n == 0)
            return false;
        s = slice_from_at(s, n);
    }
    return true;
}

size_t utf8_harmless(struct slice s)
{
    size_t n = utf8_len(s);
    unsigned char a = (unsigned char)s.ptr[0];
    unsigned char b = n > 1 ? (unsigned char)s.ptr[1] : 0;
    unsigned char c = n > 2 ? (unsigned char)s.ptr[2] : 0;

    if (n == 1 && (a < 0x20 || a == 0x7f))
        return 0;
    if (n == 2 && a == 0xc2 && b < 0xa0)
        return 0;
    if (n == 3 && a == 0xe2 &&
        ((b == 0x80 && c >= 0xa8 && c <= 0xae) || (b == 0x81 && c >= 0xa6 && c <= 0xa9)))
        return 0;
    return n;
}
