/* The time that serve goes by: small steps are followed, jumps are believed late or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/steady.h"

#define BASE (INT64_C(1795694400) * 1000) /* 2026-11-26 */
#define HOUR (INT64_C(3600) * 1000)
#define YEAR (INT64_C(365) * 24 * HOUR)

struct step {
    int64_t after, by;             /* ms since the step before; how far the wall clock is off by now */
    int64_t now, believed;         /* wanted: off by how much; */
    bool away;
};

static void walk(const struct step *steps, size_t count)
{
    struct clock_rule rule = { 0 };
    int64_t steady = 5000, believed;

    assert_int_equal(clock_rule_now(&rule, BASE + steady, steady, &believed), BASE + steady);
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &steps[i];
        steady += s->after;
        assert_int_equal(clock_rule_now(&rule, BASE + steady + s->by, steady, &believed),
                         BASE + steady + s->now);
        assert_int_equal(believed, s->believed);
        assert_int_equal(rule.away, s->away);
    }
}
#define WALK(...)                                                                                  \
    walk((const struct step[]){ __VA_ARGS__ },                                                     \
         sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step))

static void test_small_steps(void **state)
{
    (void)state;
    WALK({ 50, 0, 0, 0, false }, { 1000, 3000, 3000, 0, false }, { 1000, -1000, -1000, 0, false },
         { 1000, CLOCK_STEP_MS - 1000, CLOCK_STEP_MS - 1000, 0, false });
}

/* Back an hour, to 1970, past 2038, ten years on: as if it had never been. */
static void test_comes_back(void **state)
{
    static const int64_t jumps[] = { -HOUR, -BASE, 12 * YEAR, 10 * YEAR, 6000, -6000 };

    (void)state;
    for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++)
        WALK({ 1000, 0, 0, 0, false }, { 1000, jumps[i], 0, 0, true },
             { CLOCK_HOLD_MS - 1, jumps[i], 0, 0, true }, { 0, 0, 0, 0, false },
             { HOUR, 0, 0, 0, false });
}

static void test_stays(void **state)
{
    static const int64_t jumps[] = { -HOUR, HOUR, 12 * YEAR };

    (void)state;
    for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++)
        WALK({ 1000, jumps[i], 0, 0, true }, { CLOCK_HOLD_MS - 1, jumps[i] + 30000, 0, 0, true },
             { 1, jumps[i] + 30000, jumps[i] + 30000, jumps[i] + 30000, false },
             { 1000, jumps[i] + 30000, jumps[i] + 30000, 0, false });
}

/* One before 2026 is wrong however long it stays. */
static void test_never_1970(void **state)
{
    (void)state;
    WALK({ 1000, -BASE, 0, 0, true }, { CLOCK_HOLD_MS, -BASE, 0, 0, true },
         { 100 * HOUR, -BASE, 0, 0, true }, { 1000, 0, 0, 0, false });
}

/* A second jump before the first is believed starts the wait anew. */
static void test_jumps_on(void **state)
{
    (void)state;
    WALK({ 1000, HOUR, 0, 0, true }, { CLOCK_HOLD_MS - 1, 5 * HOUR, 0, 0, true },
         { CLOCK_HOLD_MS - 1, 5 * HOUR, 0, 0, true }, { 1, 5 * HOUR, 5 * HOUR, 5 * HOUR, false });
}

static void test_wait(void **state)
{
    (void)state;
    assert_int_equal(clock_rule_wait(1500, 1000, 600), 1500);
    assert_int_equal(clock_rule_wait(1600, 1000, 600), 1600);
    assert_int_equal(clock_rule_wait(1601, 1000, 600), 1600);
    assert_int_equal(clock_rule_wait(500, 1000, 600), 500);
    assert_int_equal(clock_rule_wait(INT64_C(31536000000) * 5, 1000, 600), 1600); /* set back by years */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_small_steps), cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_stays), cmocka_unit_test(test_never_1970),
        cmocka_unit_test(test_jumps_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
