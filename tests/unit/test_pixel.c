#include <limits.h>
#include "adapters/tiktok/pixel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "adapters/tiktok/transport.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIDDLE 32768 /* a jitter of nothing, but for rounding */
#define NOW    INT64_C(1780000000000)

static const struct pixel_timing usual = { 1000, 900000 };

static void test_backoff(void **state)
{
    static const struct {
        uint32_t n;
        uint16_t jitter;
        int64_t wait;
    } cases[] = {
        { 0, 0, 800 },         { 0, 65535, 1200 },         { 0, MIDDLE, 1000 },
        { 1, 0, 1600 },        { 1, 65535, 2400 },         { 5, MIDDLE, 32000 },
        { 9, MIDDLE, 512000 }, { 10, MIDDLE, 900000 },     { 11, 0, 720000 },
        { 11, 65535, 1080000 }, { UINT32_MAX, 0, 720000 },
    };
    const struct pixel_timing inverse = { 5000, 1000 };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_int_equal(pixel_backoff(&usual, cases[i].n, cases[i].jitter), cases[i].wait);
    assert_int_equal(pixel_backoff(&inverse, 3, 0), 800);
}

static void test_takes_and_sends(void **state)
{
    struct pixel p = { 0 };

    (void)state;
    assert_true(pixel_may_take(&p, NOW));
    assert_int_equal(pixel_next(&p), 0);

    /* nothing there: look again when the next is due, or when woken */
    pixel_taken(&p, 0, 1000, NOW + 500, NOW);
    assert_false(pixel_may_take(&p, NOW + 499));
    assert_int_equal(pixel_next(&p), NOW + 500);
    assert_true(pixel_may_take(&p, NOW + 500));
    pixel_taken(&p, 0, 1000, 0, NOW);
    assert_int_equal(pixel_next(&p), PIXEL_NEVER);
    assert_false(pixel_may_take(&p, NOW + 1000000000));
    pixel_wake(&p);
    assert_true(pixel_may_take(&p, NOW));

    /* a host that says both "none is due" and "the next is due" is not asked in circles */
    pixel_taken(&p, 0, 1000, NOW - 5, NOW);
    assert_false(pixel_may_take(&p, NOW + 9));
    assert_true(pixel_may_take(&p, NOW + 10));

    /* a small batch: alone */
    pixel_taken(&p, 10, 1000, 0, NOW);
    assert_true(pixel_may_send(&p, false, NOW));
    pixel_started(&p);
    assert_false(pixel_may_take(&p, NOW));
    assert_int_equal(pixel_next(&p), PIXEL_NEVER);
    assert_false(pixel_may_send(&p, false, NOW));
    assert_true(pixel_may_send(&p, true, NOW));
    pixel_ended(&p);
    assert_true(pixel_may_take(&p, NOW));

    /* full ones: four side by side */
    pixel_taken(&p, 1000, 1000, 0, NOW);
    for (int i = 0; i < 4; i++) {
        assert_true(pixel_may_take(&p, NOW));
        assert_true(pixel_may_send(&p, true, NOW));
        pixel_started(&p);
    }
    assert_false(pixel_may_take(&p, NOW));
    assert_false(pixel_may_send(&p, true, NOW));
}

static void test_take_failed(void **state)
{
    struct pixel p = { 0 };

    (void)state;
    pixel_take_failed(&p, NOW);
    pixel_wake(&p);
    assert_int_equal(pixel_next(&p), NOW + 1000);
    assert_false(pixel_may_take(&p, NOW + 999));
    assert_true(pixel_may_take(&p, NOW + 1000));
    pixel_take_failed(&p, NOW);
    assert_true(pixel_may_take(&p, NOW - 3600000)); /* the clock was set back */
}

static void test_take_size(void **state)
{
    static const unsigned sizes[] = { 500, 250, 125, 62, 31, 15, 7, 3, 1, 1 };
    struct pixel p = { 0 };

    (void)state;
    assert_int_equal(pixel_take_size(&p, 1000, 0), 1000);
    for (size_t i = 0; i < LEN(sizes); i++) {
        pixel_take_failed(&p, NOW);
        assert_int_equal(pixel_take_size(&p, 1000, 0), sizes[i]);
    }
    for (int i = 0; i < 100; i++)
        pixel_take_failed(&p, NOW);
    assert_int_equal(pixel_take_size(&p, 1000, 0), 1);
    /* as many as were asked for: there may be more, and they are asked for as usual */
    pixel_taken(&p, 1, 1, 0, NOW);
    assert_int_equal(pixel_take_size(&p, 1000, 0), 1000);
    pixel_started(&p);
    assert_true(pixel_may_take(&p, NOW + 1000));
    /* a quarter after each failure of the API from the fourth on, and both together */
    for (int i = 0; i < 40; i++) {
        struct pixel q = { .failures = (unsigned)i, .halvings = 1 };
        unsigned want = i < 4 ? 500 : i < 8 ? 500u >> 2 * (i - 3) : 1;
        assert_int_equal(pixel_take_size(&q, 1000, 0), want);
        q.halvings = 31;
        assert_int_equal(pixel_take_size(&q, 1000, 0), 1);
    }
    p.failures = UINT_MAX;
    assert_int_equal(pixel_take_size(&p, 1000, 0), 1);
    p.failures = 4;
    assert_int_equal(pixel_take_size(&p, 1000, 0), 250);
    assert_int_equal(pixel_take_size(&p, 1000, 64), 64);
    pixel_answered(&p, p.epoch);
    assert_int_equal(pixel_take_size(&p, 1000, 0), 1000);
    /* finding nothing is a success as well */
    pixel_take_failed(&p, NOW);
    pixel_taken(&p, 0, 500, 0, NOW);
    assert_int_equal(pixel_take_size(&p, 1000, 0), 1000);
}

static void test_failures(void **state)
{
    struct pixel p = { 0 };
    uint64_t epoch;

    (void)state;
    epoch = pixel_started(&p);
    pixel_ended(&p);
    assert_int_equal(pixel_failed(&p, &usual, epoch, NOW, 0, MIDDLE), NOW + 1000);
    assert_true(pixel_closed(&p, NOW + 999));
    assert_false(pixel_may_take(&p, NOW + 999));
    assert_int_equal(pixel_next(&p), NOW + 1000);
    assert_false(pixel_closed(&p, NOW + 1000));
    assert_true(pixel_may_take(&p, NOW + 1000));

    /* the next shows alone whether all is well, full batch or not */
    pixel_taken(&p, 1000, 1000, 0, NOW);
    epoch = pixel_started(&p);
    assert_false(pixel_may_take(&p, NOW + 1000));
    assert_false(pixel_may_send(&p, true, NOW + 1000));
    pixel_ended(&p);
    assert_int_equal(pixel_failed(&p, &usual, epoch, NOW + 1000, 0, MIDDLE), NOW + 3000);
    epoch = pixel_started(&p);
    pixel_ended(&p);
    assert_int_equal(pixel_failed(&p, &usual, epoch, NOW + 3000, 0, MIDDLE), NOW + 7000);

    /* an answer, good or bad for an event, and it starts anew */
    epoch = pixel_started(&p);
    pixel_ended(&p);
    pixel_answered(&p, epoch);
    epoch = pixel_started(&p);
    pixel_ended(&p);
    assert_int_equal(pixel_failed(&p, &usual, epoch, NOW + 7000, 0, MIDDLE), NOW + 8000);
}

static void test_side_by_side(void **state)
{
    struct pixel p = { 0 };
    uint64_t a, b, c;

    (void)state;
    a = pixel_started(&p);
    b = pixel_started(&p);
    c = pixel_started(&p);
    assert_int_equal(pixel_failed(&p, &usual, a, NOW, 0, MIDDLE), NOW + 1000);
    /* the others were on their way already: no second failure, and no proof of health */
    assert_int_equal(pixel_failed(&p, &usual, b, NOW + 10, 0, MIDDLE), NOW + 1000);
    pixel_answered(&p, c);
    assert_int_equal(p.failures, 1);
    assert_true(pixel_closed(&p, NOW + 999));
    /* but a longer Retry-After counts, a shorter does not */
    assert_int_equal(pixel_failed(&p, &usual, b, NOW, 60000, MIDDLE), NOW + 60000);
    assert_int_equal(pixel_failed(&p, &usual, b, NOW, 30000, MIDDLE), NOW + 60000);
}

static void test_retry_after_and_clock(void **state)
{
    struct pixel p = { 0 };

    (void)state;
    assert_int_equal(pixel_failed(&p, &usual, 0, NOW, 300000, MIDDLE), NOW + 300000);
    assert_true(pixel_closed(&p, NOW + 299999));
    /* set back by a day: five minutes stay five minutes */
    assert_true(pixel_closed(&p, NOW - 86400000));
    assert_false(pixel_closed(&p, NOW - 86400000 + 300000));
}

static void test_pause(void **state)
{
    struct pixel p = { 0 };

    (void)state;
    pixel_failed(&p, &usual, 0, NOW, 0, MIDDLE);
    pixel_pause(&p);
    pixel_wake(&p);
    assert_true(pixel_closed(&p, NOW + 1000000000));
    assert_false(pixel_may_take(&p, NOW + 1000000000));
    assert_false(pixel_may_send(&p, true, NOW + 1000000000));
    assert_int_equal(pixel_next(&p), PIXEL_NEVER);
    pixel_resume(&p);
    assert_true(pixel_may_take(&p, NOW));
    /* a request from before: no failure */
    assert_int_equal(pixel_failed(&p, &usual, 1, NOW, 0, MIDDLE), NOW);
    assert_int_equal(p.failures, 0);
}

static void test_pace(void **state)
{
    struct pixel_pace pace = { 0 };
    unsigned sent = 0, burst = 0;

    (void)state;
    while (pixel_pace_take(&pace, NOW))
        burst++;
    assert_int_equal(burst, 100);
    assert_int_equal(pixel_pace_wait(&pace, NOW), 2);
    assert_int_equal(pixel_pace_wait(&pace, NOW + 1), 1);
    assert_int_equal(pixel_pace_wait(&pace, NOW + 2), 0);
    /* never more than a thousand in a second that starts with a burst */
    for (int64_t t = NOW; t < NOW + 1000; t++)
        while (pixel_pace_take(&pace, t))
            sent++;
    assert_in_range(burst + sent, 990, 1000);
    /* a clock that was set back costs no more than a burst's time */
    assert_int_equal(pixel_pace_wait(&pace, NOW - 86400000), 2);
    assert_int_equal(pixel_pace_wait(&pace, NOW - 86400000 + 2), 0);
    assert_true(pixel_pace_take(&pace, NOW - 86400000 + 2));
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *value;
        int64_t wait;
    } cases[] = {
        { "0", 0 },
        { "1", 1000 },
        { "120", 120000 },
        { "86400", 86400000 },
        { "86401", 86400000 },
        { "18446744073709551616", 86400000 }, /* more than 64 bits: the longest there is */
        { "18446744073709551616x", 0 },
        { "-5", 0 },
        { "1.5", 0 },
        { "", 0 },
        { "soon", 0 },
        { "Thu, 28 May 2026 20:26:41 GMT", 1000 },
        { "Thursday, 28-May-26 20:27:40 GMT", 60000 },
        { "Thu May 28 20:26:50 2026", 10000 },
        { "Thu, 28 May 2026 20:26:39 GMT", 0 },
        { "Thu, 28 May 2099 20:26:40 GMT", 86400000 },
        { "Thu, 99 May 2026 20:26:40 GMT", 0 },
        { "Thu, 28 May 2026 20:26:41 GMT                                             ", 0 },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        if (transport_retry_after(slice_from(cases[i].value), NOW) != cases[i].wait)
            fail_msg("%s: %lld", cases[i].value,
                     (long long)transport_retry_after(slice_from(cases[i].value), NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_takes_and_sends),
        cmocka_unit_test(test_take_failed),
        cmocka_unit_test(test_take_size),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_retry_after_and_clock),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_retry_after),
    };

    return cmocka_run_group_tests_name("pixel", tests, NULL, NULL);
}
