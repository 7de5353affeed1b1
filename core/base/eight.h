/* eight.h: questions asked of eight bytes at once, for loops over long texts in which nearly all bytes
 * are plain.  Each gives 0 when none of them is so, and the answers may be or-ed.  Exact: "Bit Twiddling
 * Hacks", Sean Eron Anderson, "Determine if a word has a byte less than n". */
#ifndef CORE_BASE_EIGHT_H
#define CORE_BASE_EIGHT_H

#include <stdint.h>
#include <string.h>

#define EIGHT_ONES UINT64_C(0x0101010101010101)
#define EIGHT_HIGH (EIGHT_ONES * 0x80)

static inline uint64_t eight_load(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* Below n, which is at most 0x80. */
static inline uint64_t eight_below(uint64_t v, unsigned char n)
{
    return (v - EIGHT_ONES * n) & ~v & EIGHT_HIGH;
}

static inline uint64_t eight_has(uint64_t v, char c)
{
    return eight_below(v ^ EIGHT_ONES * (unsigned char)c, 1);
}

static inline uint64_t eight_not_ascii(uint64_t v)
{
    return v & EIGHT_HIGH;
}

/* Of eight ASCII bytes the high bits of those that lie between two, these among them: all do when that is
 * EIGHT_HIGH. */
static inline uint64_t eight_between(uint64_t v, unsigned char first, unsigned char last)
{
    return (v + EIGHT_ONES * (0x80 - first)) & ~(v + EIGHT_ONES * (0x7f - last)) & EIGHT_HIGH;
}

#endif
