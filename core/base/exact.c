#include "core/base/exact.h"

#define N EXACT_LIMBS

__extension__ typedef unsigned __int128 uint128;

/* ---- natural numbers of 384 bits ---- */

static struct wide wide_of(uint64_t n)
{
    return (struct wide){ { n } };
}

static bool fits_128(const struct wide *w)
{
    uint64_t high = 0;

    for (size_t i = 2; i < N; i++)
        high |= w->limb[i];
    return high == 0;
}

static uint128 low_128(const struct wide *w)
{
    return (uint128)w->limb[1] << 64 | w->limb[0];
}

/* to += a * by * 2^(64 * at); false when it does not fit. */
static bool add_product(struct wide *to, const struct wide *a, uint64_t by, size_t at)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < N; i++) {
        uint128 sum = (uint128)a->limb[i] * by + carry;
        if (i + at < N) {
            sum += to->limb[i + at];
            to->limb[i + at] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        } else if (sum) {
            return false;
        }
    }
    return carry == 0;
}

static bool multiply(const struct wide *a, const struct wide *b, struct wide *out)
{
    struct wide product = wide_of(0);

    for (size_t i = 0; i < N; i++)
        if (b->limb[i] && !add_product(&product, a, b->limb[i], i))
            return false;
    *out = product;
    return true;
}

static int compare(const struct wide *a, const struct wide *b)
{
    for (size_t i = N; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* a - b, where b is not above a. */
static struct wide difference(const struct wide *a, const struct wide *b)
{
    struct wide out;
    uint64_t borrow = 0;

    for (size_t i = 0; i < N; i++) {
        uint128 d = (uint128)a->limb[i] - b->limb[i] - borrow;
        out.limb[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return out;
}

/* w * 2 + bit; gives the bit that falls out. */
static uint64_t shift_in(struct wide *w, uint64_t bit)
{
    for (size_t i = 0; i < N; i++) {
        uint64_t out = w->limb[i] >> 63;
        w->limb[i] = w->limb[i] << 1 | bit;
        bit = out;
    }
    return bit;
}

/* n / d with the remainder.  Bit by bit: numbers past 128 bits are rare. */
static void divide(const struct wide *n, const struct wide *d, struct wide *quotient,
                   struct wide *remainder)
{
    *quotient = *remainder = wide_of(0);
    if (fits_128(n) && fits_128(d)) {
        uint128 q = low_128(n) / low_128(d), r = low_128(n) % low_128(d);
        *quotient = (struct wide){ { (uint64_t)q, (uint64_t)(q >> 64) } };
        *remainder = (struct wide){ { (uint64_t)r, (uint64_t)(r >> 64) } };
        return;
    }
    for (size_t i = N * 64; i-- > 0;) {
        uint64_t over = shift_in(remainder, n->limb[i / 64] >> i % 64 & 1);
        bool goes = over || compare(remainder, d) >= 0;
        if (goes)
            *remainder = difference(remainder, d);
        shift_in(quotient, goes);
    }
}

/* ---- amounts ---- */

struct exact exact_of(struct money m)
{
    return (struct exact){ wide_of((uint64_t)m.micros), wide_of(1) };
}

bool exact_times(struct exact *e, uint64_t num, uint64_t den)
{
    struct exact out = { { { 0 } }, { { 0 } } };

    if (den == 0 || !add_product(&out.num, &e->num, num, 0) ||
        !add_product(&out.den, &e->den, den, 0))
        return false;
    *e = out;
    return true;
}

/* Both over one denominator. */
static bool align(const struct exact *a, const struct exact *b, struct wide *x, struct wide *y)
{
    if (compare(&a->den, &b->den) == 0) {
        *x = a->num;
        *y = b->num;
        return true;
    }
    return multiply(&a->num, &b->den, x) && multiply(&b->num, &a->den, y);
}

bool exact_compare(const struct exact *a, const struct exact *b, int *order)
{
    struct wide x, y;

    if (!align(a, b, &x, &y))
        return false;
    *order = compare(&x, &y);
    return true;
}

bool exact_subtract(struct exact *a, const struct exact *b)
{
    struct wide x, y, den = a->den;

    if (!align(a, b, &x, &y) || compare(&x, &y) < 0)
        return false;
    if (compare(&a->den, &b->den) != 0 && !multiply(&a->den, &b->den, &den))
        return false;
    a->num = difference(&x, &y);
    a->den = den;
    return true;
}

bool exact_round(const struct exact *e, int decimals, struct money *out)
{
    static const uint32_t unit_of[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    const uint64_t limit = (uint64_t)MONEY_MAX_UNITS * MONEY_SCALE;
    struct wide den = wide_of(0), quotient, remainder, rest;
    uint64_t unit, q;
    int order;

    if (decimals < 0 || decimals > 6 || !add_product(&den, &e->den, unit_of[decimals], 0))
        return false;
    unit = unit_of[decimals];
    divide(&e->num, &den, &quotient, &remainder);
    q = quotient.limb[0];
    if (!fits_128(&quotient) || quotient.limb[1] || q > limit / unit)
        return false;
    rest = difference(&den, &remainder);
    order = compare(&remainder, &rest);
    if (order > 0 || (order == 0 && q % 2 != 0))
        q++;
    if (q > limit / unit)
        return false;
    out->micros = (int64_t)(q * unit);
    return true;
}
