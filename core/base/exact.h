/* exact.h: an amount while it is being computed: a fraction of two whole numbers, so that nothing is
 * rounded on the way.  Never negative, never a binary float. */
#ifndef CORE_BASE_EXACT_H
#define CORE_BASE_EXACT_H

#include "core/base/money.h"

#define EXACT_LIMBS 6 /* 384 bits: 2^128 times more than any value model can reach */

struct wide { /* a natural number, the lowest 64 bits first */
    uint64_t limb[EXACT_LIMBS];
};

struct exact {
    struct wide num, den; /* num / den millionths; den is never 0 */
};

/* m must not be negative. */
struct exact exact_of(struct money m);

/* e * num / den.  false, and e is what it was, when den is 0 or the numbers get too large. */
bool exact_times(struct exact *e, uint64_t num, uint64_t den);

/* -1, 0, 1: a is below, equal to, above b.  false when the numbers get too large. */
bool exact_compare(const struct exact *a, const struct exact *b, int *order);

/* a - b, where b is not above a.  false, and a is what it was, when it is, or the numbers get too
 * large. */
bool exact_subtract(struct exact *a, const struct exact *b);

/* The nearest amount with so many decimals (0..6), halves to the even one.  false, and *out is what
 * it was, when it is above 10^12 units. */
bool exact_round(const struct exact *e, int decimals, struct money *out);

#endif
