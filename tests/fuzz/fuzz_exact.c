/* Any sums and products of amounts: what is rounded is nearest, what is taken off is gone, what does
 * not fit is refused and leaves things as they were. */
#include <stdlib.h>
#include <string.h>

#include "core/base/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

static int order_of(const struct exact *a, const struct exact *b)
{
    int order = 0, back = 0;

    if (!exact_compare(a, b, &order))
        return 0;
    MUST(exact_compare(b, a, &back) && back == -order);
    return order;
}

/* No further off than half of the last place, and even when it is exactly that. */
static void check_round(const struct exact *e, int decimals)
{
    static const int64_t place[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    struct money out = { -1 };
    struct exact above, below, half;
    int order;

    if (!exact_round(e, decimals, &out)) {
        MUST(out.micros == -1);
        return;
    }
    MUST(decimals >= 0 && decimals <= 6);
    MUST(out.micros >= 0 && out.micros <= MONEY_MAX_UNITS * MONEY_SCALE);
    MUST(out.micros % place[decimals] == 0);
    above = exact_of((struct money){ out.micros * 2 + place[decimals] });
    MUST(exact_times(&above, 1, 2));
    MUST(order_of(e, &above) <= 0);
    if (out.micros / place[decimals] % 2 != 0 && exact_compare(e, &above, &order))
        MUST(order < 0); /* a half goes to the even one */
    half = exact_of((struct money){ place[decimals] });
    MUST(exact_times(&half, 1, 2));
    below = exact_of(out);
    if (exact_subtract(&below, &half))
        MUST(order_of(&below, e) <= 0);
}

static void check_subtract(struct exact *a, const struct exact *b)
{
    struct exact before = *a, difference = *a;
    int order = order_of(a, b), same = 1;

    if (!exact_subtract(&difference, b)) {
        MUST(memcmp(&difference, &before, sizeof(before)) == 0);
        return;
    }
    MUST(order >= 0);
    /* a - (a - b) is b */
    if (exact_subtract(&before, &difference) && exact_compare(&before, b, &same))
        MUST(same == 0);
    *a = difference;
}

static void step(struct exact *e, uint8_t what, uint64_t n)
{
    struct exact before = *e, other;

    switch (what % 4) {
    case 0:
        if (!exact_times(e, n, UINT64_C(100000000)))
            MUST(memcmp(e, &before, sizeof(before)) == 0);
        return;
    case 1:
        if (!exact_times(e, 1000000, n))
            MUST(memcmp(e, &before, sizeof(before)) == 0);
        return;
    case 2:
        other = exact_of((struct money){ (int64_t)(n % ((uint64_t)1 << 62)) });
        if (exact_times(&other, what | 1u, 7))
            check_subtract(e, &other);
        return;
    default:
        check_round(e, what / 4 % 9 - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exact e;
    uint64_t n;

    if (size < 8)
        return 0;
    memcpy(&n, data, 8);
    e = exact_of((struct money){ (int64_t)(n % ((uint64_t)1 << 60)) });
    for (data += 8, size -= 8; size >= 9; data += 9, size -= 9) {
        memcpy(&n, data + 1, 8);
        step(&e, data[0], n >> data[0] % 61);
        check_round(&e, 2);
    }
    return 0;
}
