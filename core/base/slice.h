/* slice.h: text that carries its length.  Borrowed, not NUL-terminated, any bytes. */
#ifndef CORE_BASE_SLICE_H
#define CORE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
}; /* {0} is the empty slice */

#define SLICE(lit) { (lit), sizeof(lit) - 1 }                /* in a static table */
#define S(lit)     ((struct slice)SLICE(lit))                /* in an expression */
#define SLICE_ARG(s) (int)(s).len, slice_bytes(s)            /* for "%.*s" */

static inline const char *slice_bytes(struct slice s) /* never NULL */
{
    return s.len ? s.ptr : "";
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

struct slice slice_from(const char *cstr); /* NULL gives the empty slice */
int slice_cmp(struct slice a, struct slice b);        /* by bytes, a shorter prefix first */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix); /* ASCII case only */
bool slice_ends(struct slice s, struct slice suffix);

static inline bool slice_eq_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && slice_starts_nocase(a, b);
}

/* Offset of the first c, or needle; s.len when there is none. */
size_t slice_index(struct slice s, char c);
size_t slice_find(struct slice s, struct slice needle);

/* The part from offset at, which may lie past the end; and the first n bytes. */
struct slice slice_from_at(struct slice s, size_t at);
struct slice slice_head(struct slice s, size_t n);

/* Without ASCII blanks, tabs and line ends around it. */
struct slice slice_trim(struct slice s);

/* Split s around the first c; false and an empty tail when there is no c. */
bool slice_cut(struct slice s, char c, struct slice *head, struct slice *tail);

/* The next item of a list split at sep; false when *rest is used up.  Items may be empty. */
bool slice_next(struct slice *rest, char sep, struct slice *item);

/* Whole-slice decimal integers; false when it is anything else or does not fit. */
bool slice_to_u64(struct slice s, uint64_t *out);
bool slice_to_i64(struct slice s, int64_t *out);

/* 64-bit hash for tables and look-ups that compare the bytes afterwards (not cryptographic);
 * stable across releases because the store keeps it. */
uint64_t slice_hash(struct slice s, uint64_t seed);
/* The hashes by seed and by seed + 1, in the time of one: each waits for its own multiplications alone. */
void slice_hash_two(struct slice s, uint64_t seed, uint64_t out[2]);

/* ASCII only, whatever the locale.  Here, since every parser calls them for every byte. */
static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline bool ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static inline int ascii_hex(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length in bytes of the well-formed UTF-8 character at the start of s, 0 when there is none. */
size_t utf8_len(struct slice s);
/* The same where a terminal may be shown it: 0 also for control characters (C0, DEL, C1) and the marks
 * that turn the direction of writing. */
size_t utf8_harmless(struct slice s);
/* Write a character of at most U+10FFFF as one to four bytes; gives how many. */
size_t utf8_put(char *to, uint32_t code);
bool utf8_valid(struct slice s);

#endif
