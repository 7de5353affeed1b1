/* When the server lets old rows go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/serve/retain.h"

#define HOUR INT64_C(3600000)

/* After a clock that was set back by a year nobody waits for a year. */
static void test_clock_back(void **state)
{
    int64_t now = 500000 * HOUR;
    struct retainer *r = retain_open(NULL, now);

    (void)state;
    assert_non_null(r);
    assert_int_equal(retain_due(r, now), now + 1000);
    assert_int_equal(retain_due(r, now - 8760 * HOUR), now - 8760 * HOUR + 600000);
    assert_int_equal(retain_due(r, now), now - 8760 * HOUR + 600000);
    assert_true(retain_late(r, now));
    retain_close(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
