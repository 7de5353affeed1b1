/* The rate that `top` shows, of counts by the hour: growth across the hours, new offers, retention, a long watch. */
#include "cli/top/top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOUR INT64_C(3600)

static void rates(void **state)
{
    static const struct {
        int64_t at, hour, now, before; /* at: ms */
        int64_t tenths;                /* afterwards */
    } rows[] = {
        { 0, 10 * HOUR, 100, 50, -1 },       { 2000, 10 * HOUR, 100, 50, 0 },
        { 4000, 10 * HOUR, 104, 50, 600 },   { 6000, 10 * HOUR, 104, 51, 500 },   /* one into the hour before */
        { 8000, 11 * HOUR, 3, 105, 675 },    /* the hour has changed: one more in the old, three in the new */
        { 10000, 11 * HOUR, 3, 90, 540 },    /* retention takes away: nothing came */
        { 60000, 11 * HOUR, 13, 90, 190 },   { 70000, 11 * HOUR, 13, 90, 100 },  /* the last minute alone */
        { 80000, 14 * HOUR, 900, 900, 0 },   /* nobody looked for hours: not known */
    };
    static struct top t;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const int64_t count[2] = { rows[i].now, rows[i].before };
        t.now = rows[i].at;
        top_sample(&t, S("shop"), rows[i].hour, count, i == 0);
        if (top_per_minute(&t, S("shop")) != rows[i].tenths)
            fail_msg("row %zu: %lld", i, (long long)top_per_minute(&t, S("shop")));
    }
    assert_int_equal(top_per_minute(&t, S("other")), -1);
}

static void many(void **state)
{
    const int64_t none[2] = { 0, 0 }, three[2] = { 3, 0 };
    static struct top t;
    char name[16];

    (void)state;
    t.now = 1000;
    top_sample(&t, S("late"), 0, three, false); /* came while we looked */
    assert_int_equal(t.rates[0].seen, 3);
    for (int i = 0; i < 300; i++) {
        struct slice s = { name, 0 };
        s.len = (size_t)snprintf(name, sizeof(name), "o%d", i);
        top_sample(&t, s, 0, none, true);
    }
    assert_int_equal(t.rate_count, TOP_OFFERS);
    for (int i = 0; i < 200; i++) { /* the ring goes round */
        const int64_t count[2] = { 3 + i, 0 };
        t.now += 1000;
        top_sample(&t, S("late"), 0, count, false);
    }
    assert_int_equal(top_per_minute(&t, S("late")), 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rates), cmocka_unit_test(many) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
