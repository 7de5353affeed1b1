/* Exact amounts: every operation against whole numbers of another kind, the largest that can occur,
 * and the one rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/exact.h"

__extension__ typedef unsigned __int128 uint128;

#define LARGEST (MONEY_MAX_UNITS * MONEY_SCALE)

static struct exact of(int64_t micros, uint64_t num, uint64_t den)
{
    struct exact e = exact_of((struct money){ micros });

    assert_true(exact_times(&e, num, den));
    return e;
}

static void one_rounding(void **state)
{
    static const struct {
        int64_t micros;
        uint64_t num, den;
        int decimals;
        int64_t result; /* -1: above 10^12 */
    } rows[] = {
        { 0, 1, 1, 2, 0 },
        { 12500000, 1, 1, 2, 12500000 },
        { 10005000, 1, 1, 2, 10000000 }, /* 10.005: half to even */
        { 10015000, 1, 1, 2, 10020000 },
        { 10005000, 1000001, 1000000, 2, 10010000 }, /* a hair above half */
        { 10005000, 999999, 1000000, 2, 10000000 },
        { 10000000, 1, 3, 6, 3333333 },
        { 20000000, 1, 3, 6, 6666667 },
        { 500000, 1, 1, 0, 0 },
        { 1500000, 1, 1, 0, 2000000 },
        { 2500000, 1, 1, 0, 2000000 },
        { 1, 1, 2, 6, 0 },
        { 3, 1, 2, 6, 2 },
        { LARGEST, 1, 1, 0, LARGEST },
        { LARGEST, 1, 1, 6, LARGEST },
        { LARGEST, 1000001, 1000000, 6, -1 },
        { LARGEST, LARGEST + 1, LARGEST, 6, -1 },
        { LARGEST - 1, 1, 1, 0, LARGEST },
        { LARGEST, UINT64_MAX, UINT64_MAX, 6, LARGEST },
        { LARGEST, UINT64_MAX, 1, 6, -1 },
        { LARGEST, 1, UINT64_MAX, 6, 0 },
        { 1, UINT64_MAX, 1, 0, -1 },
        { LARGEST, 0, 7, 2, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct exact e = of(rows[i].micros, rows[i].num, rows[i].den);
        struct money out = { -1 };
        bool fits = exact_round(&e, rows[i].decimals, &out);
        if (fits != (rows[i].result >= 0) || out.micros != rows[i].result)
            fail_msg("row %zu: %d, %lld", i, fits, (long long)out.micros);
    }
    assert_false(exact_round(&(struct exact){ 0 }, 7, &(struct money){ 0 }));
    assert_false(exact_round(&(struct exact){ 0 }, -1, &(struct money){ 0 }));
}

/* 999999999999.999999 * 60.000000 * 99.999999 % * 0.999999/1.000001 twice over, minus, ... : far past
 * 128 bits, and what it must be is known because all is taken back. */
static void far_past_128_bits(void **state)
{
    static const uint64_t by[] = { 60000000, 99999999, 999999999999999989u, 999999999999999967u,
                                   18446744073709551557u };
    struct exact e = exact_of((struct money){ LARGEST - 1 });
    struct exact same = e;
    struct money out = { 0 };
    int order = 7;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_true(exact_times(&e, by[i], by[4 - i]));
    assert_true(exact_round(&e, 6, &out));
    assert_int_equal(out.micros, LARGEST - 1);
    assert_true(exact_compare(&e, &same, &order));
    assert_int_equal(order, 0);
    /* half of it taken off is the other half */
    assert_true(exact_times(&same, 1, 2));
    e = exact_of((struct money){ LARGEST - 1 });
    for (size_t i = 0; i < 2; i++)
        assert_true(exact_times(&e, by[i], by[1 - i]));
    assert_true(exact_subtract(&e, &same));
    assert_true(exact_compare(&e, &same, &order));
    assert_int_equal(order, 0);
    assert_true(exact_round(&e, 6, &out));
    assert_int_equal(out.micros, LARGEST / 2); /* 499999999999999999.5: to the even one */
}

static void too_large_is_said(void **state)
{
    struct exact e = exact_of((struct money){ LARGEST }), before;
    int times = 0, order;

    (void)state;
    while (before = e, exact_times(&e, UINT64_MAX, 1))
        times++;
    assert_int_equal(times, 5); /* 60 bits and five times 64 are 380 */
    assert_memory_equal(&e, &before, sizeof(e));
    assert_false(exact_round(&e, 2, &(struct money){ 0 }));
    e = exact_of((struct money){ 1 });
    for (times = 0; exact_times(&e, 1, UINT64_MAX); times++)
        ;
    assert_int_equal(times, 6);
    assert_false(exact_times(&e, 1, 0));
    before = of(7, 1, 3);
    assert_false(exact_compare(&e, &before, &order));
    assert_false(exact_subtract(&e, &before));
}

static uint64_t next_random(void)
{
    static uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

/* Against 128 bits, where those are enough; with a factor that both sides carry, the numbers inside
 * are too large for the short way and must come to the same. */
static void same_as_whole_numbers(void **state)
{
    static const uint32_t unit_of[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t micros = next_random() % 1000000000000u >> next_random() % 40;
        uint64_t less = next_random() % 1000000000u >> next_random() % 30;
        uint64_t num = next_random() % 100000 + 1, den = next_random() % 5000 + 1;
        uint64_t less_den = next_random() % 5000 + 1;
        int decimals = (int)(next_random() % 7), order;
        uint128 d = (uint128)den * less_den * unit_of[decimals], q, r;
        uint128 a = (uint128)micros * num * less_den, b = (uint128)less * den;
        struct exact x = of((int64_t)micros, num, den), y = of((int64_t)less, 1, less_den);
        struct money out = { -1 };

        for (int k = i % 4; k > 0; k--)
            assert_true(exact_times(&x, UINT64_MAX - 58, UINT64_MAX - 58));
        assert_true(exact_compare(&x, &y, &order));
        assert_int_equal(order, (a > b) - (a < b));
        assert_int_equal(exact_subtract(&x, &y), a >= b);
        if (a < b)
            continue;
        q = (a - b) / d;
        r = (a - b) % d;
        if (r * 2 > d || (r * 2 == d && q % 2 == 1))
            q++;
        if (q * unit_of[decimals] > (uint128)LARGEST)
            continue;
        assert_true(exact_round(&x, decimals, &out));
        if ((uint128)out.micros != q * unit_of[decimals])
            fail_msg("%llu * %llu / %llu - %llu / %llu to %d: %lld", (unsigned long long)micros,
                     (unsigned long long)num, (unsigned long long)den, (unsigned long long)less,
                     (unsigned long long)less_den, decimals, (long long)out.micros);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rounding),
        cmocka_unit_test(far_past_128_bits),
        cmocka_unit_test(too_large_is_said),
        cmocka_unit_test(same_as_whole_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
