#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/when.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NO       (-1) /* no time before 1970 is ever an answer */

static const struct {
    const char *text;
    enum when_form form;
    int zone;
    int64_t seconds;
} times[] = {
    { "2026-05-28T20:26:40Z", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T20:26:40z", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28t20:26:40Z", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28 20:26:40", WHEN_ISO, 0, 1780000000 },
    { " 2026-05-28 20:26:40\n", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28 20:26", WHEN_ISO, 0, 1779999960 },
    { "2026-05-28T22:26:40+02:00", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T22:26:40+0200", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T22:26:40+02", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28 22:26:40 +02:00", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T22:26:40 02:00", WHEN_ISO, 0, 1780000000 }, /* '+' became a blank */
    { "2026-05-28T22:26:40 0200", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T14:56:40-0530", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28 20:26:40 UTC", WHEN_ISO, 7200, 1780000000 },
    { "2026-05-28 20:26:40 GMT", WHEN_ISO, 7200, 1780000000 },
    { "2026-05-28 22:26:40", WHEN_ISO, 7200, 1780000000 },
    { "2026-05-28 15:26:40", WHEN_ISO, -18000, 1780000000 },
    { "2026-05-28T20:26:40.999Z", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T20:26:40,123456789Z", WHEN_ISO, 0, 1780000000 },
    { "2026-05-28T20:26:40.5", WHEN_ISO, 0, 1780000000 },
    { "1970-01-01T00:00:00Z", WHEN_ISO, 0, 0 },
    { "1970-01-01T02:00:00+02:00", WHEN_ISO, 0, 0 },
    { "9999-12-31T23:59:59Z", WHEN_ISO, 0, INT64_C(253402300799) },
    { "2000-02-29T00:00:00Z", WHEN_ISO, 0, 951782400 },
    { "2024-02-29T00:00:00Z", WHEN_ISO, 0, 1709164800 },
    { "2024-03-01T00:00:00Z", WHEN_ISO, 0, 1709251200 },
    { "2100-03-01T00:00:00Z", WHEN_ISO, 0, INT64_C(4107542400) },
    { "2100-02-29T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-02-29T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-04-31T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-00-10T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-13-10T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-05-00T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-05-28T24:00:00Z", WHEN_ISO, 0, NO },
    { "2026-05-28T20:60:00Z", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:60Z", WHEN_ISO, 0, NO },
    { "1969-12-31T23:59:59Z", WHEN_ISO, 0, NO },
    { "1970-01-01T00:00:00+00:01", WHEN_ISO, 0, NO },
    { "9999-12-31T23:59:59-00:01", WHEN_ISO, 0, NO },
    { "0000-01-01T00:00:00Z", WHEN_ISO, 0, NO },
    { "10000-01-01T00:00:00Z", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40+14:00", WHEN_ISO, 0, 1779949600 },
    { "2026-05-28T20:26:40+14:01", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40+02:60", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40+2:00", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40+02:", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40+020", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40 CET", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40ZZ", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:40.", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:4", WHEN_ISO, 0, NO },
    { "2026-05-28T20:26:", WHEN_ISO, 0, NO },
    { "2026-05-28T20", WHEN_ISO, 0, NO },
    { "2026-05-28", WHEN_ISO, 0, NO },
    { "2026-5-28 20:26:40", WHEN_ISO, 0, NO },
    { "28.05.2026 20:26:40", WHEN_ISO, 0, NO },
    { "20260528T202640Z", WHEN_ISO, 0, NO },
    { "20260528", WHEN_ISO, 0, NO },
    { "", WHEN_ISO, 0, NO },
    { "1780000000", WHEN_ISO, 0, NO },

    { "1780000000", WHEN_UNIX, 0, 1780000000 },
    { "1780000000", WHEN_UNIX, 7200, 1780000000 },
    { " 1780000000 ", WHEN_UNIX, 0, 1780000000 },
    { "0", WHEN_UNIX, 0, 0 },
    { "253402300799", WHEN_UNIX, 0, INT64_C(253402300799) },
    { "253402300800", WHEN_UNIX, 0, NO },
    { "1780000000123", WHEN_UNIX, 0, NO },
    { "-1", WHEN_UNIX, 0, NO },
    { "1780000000.5", WHEN_UNIX, 0, NO },
    { "99999999999999999999", WHEN_UNIX, 0, NO },
    { "", WHEN_UNIX, 0, NO },
    { "2026-05-28T20:26:40Z", WHEN_UNIX, 0, NO },

    { "1780000000123", WHEN_UNIX_MS, 0, 1780000000 },
    { "1780000000999", WHEN_UNIX_MS, 0, 1780000000 },
    { "253402300799999", WHEN_UNIX_MS, 0, INT64_C(253402300799) },
    { "253402300800000", WHEN_UNIX_MS, 0, NO },

    { "1780000000", WHEN_ANY, 0, 1780000000 },
    { "999999999", WHEN_ANY, 0, 999999999 },
    { "1780000000123", WHEN_ANY, 0, 1780000000 },
    { "999999999999", WHEN_ANY, 0, 999999999 },
    { "2026-05-28T20:26:40Z", WHEN_ANY, 0, 1780000000 },
    { "2026-05-28 22:26:40", WHEN_ANY, 7200, 1780000000 },
    { "17800000001", WHEN_ANY, 0, NO },      /* eleven digits */
    { "1780000000123456", WHEN_ANY, 0, NO }, /* microseconds */
    { "20260528", WHEN_ANY, 0, NO },
    { "202605282026", WHEN_ANY, 0, 202605282 }, /* indistinguishable from milliseconds */
    { "0000000000", WHEN_ANY, 0, NO },
    { "0", WHEN_ANY, 0, NO },
    { "", WHEN_ANY, 0, NO },
    { "{conversion_time}", WHEN_ANY, 0, NO },
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t seconds = NO;
        struct slice text = guard_copy(slice_from(times[i].text));
        bool ok = when_parse(text, times[i].form, times[i].zone, &seconds);
        guard_free(text);
        if (ok != (times[i].seconds != NO) || seconds != times[i].seconds)
            fail_msg("\"%s\" (row %zu): %d, %lld", times[i].text, i, ok, (long long)seconds);
    }
}

static void test_print(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 1780000000, "2026-05-28T20:26:40Z" },
        { 951782399, "2000-02-28T23:59:59Z" },
        { 951782400, "2000-02-29T00:00:00Z" },
        { 951868800, "2000-03-01T00:00:00Z" },
        { INT64_C(253402300799), "9999-12-31T23:59:59Z" },
        { -1, "1969-12-31T23:59:59Z" },
        { INT64_C(-62135596800), "0001-01-01T00:00:00Z" },
    };
    struct buf b = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_clear(&b);
        when_print(&b, cases[i].seconds);
        if (!slice_eq(buf_slice(&b), slice_from(cases[i].text)))
            fail_msg("%lld: %.*s", (long long)cases[i].seconds, SLICE_ARG(buf_slice(&b)));
    }
    /* no sense, but no harm either */
    when_print(&b, INT64_MAX);
    when_print(&b, INT64_MIN);
    buf_free(&b);
}

/* Every day of 500 years, counted without the formula under test. */
static void test_print_and_parse_agree(void **state)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    struct buf b = { 0 };
    int64_t at = 0, back;
    char expected[80];

    (void)state;
    for (int year = 1970; year < 2470; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            int days = lengths[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= days; day++, at += 86400) {
                snprintf(expected, sizeof(expected), "%d-%02d-%02dT00:00:00Z", year, month, day);
                buf_clear(&b);
                when_print(&b, at);
                if (!slice_eq(buf_slice(&b), slice_from(expected)))
                    fail_msg("%s printed as %.*s", expected, SLICE_ARG(buf_slice(&b)));
                assert_true(when_parse(buf_slice(&b), WHEN_ISO, 0, &back));
                assert_int_equal(back, at);
            }
        }
    }
    buf_free(&b);
}

static void test_form_names(void **state)
{
    static const struct {
        const char *name;
        enum when_form form;
    } names[] = {
        { "any", WHEN_ANY }, { "unix", WHEN_UNIX }, { "unix_ms", WHEN_UNIX_MS }, { "iso", WHEN_ISO }
    };
    enum when_form form;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(when_form_named(slice_from(names[i].name), &form));
        assert_int_equal(form, names[i].form);
        assert_true(slice_eq(when_form_names[i], slice_from(names[i].name)));
    }
    assert_int_equal(when_form_names[COUNT(names)].len, 0);
    assert_false(when_form_named(S("UNIX"), &form));
    assert_false(when_form_named(S(""), &form));
}

static void test_zone(void **state)
{
    static const struct {
        const char *text;
        int seconds; /* 1: refused */
    } zones[] = {
        { "+02:00", 7200 },  { "-0530", -19800 }, { "+02", 7200 },   { "Z", 0 },
        { "UTC", 0 },        { "utc", 0 },        { "GMT", 0 },      { "+00:00", 0 },
        { "-14:00", -50400 }, { "+14:00", 50400 }, { "+14:01", 1 },  { "+99:00", 1 },
        { "02:00", 1 },      { "+2", 1 },         { "", 1 },         { "+", 1 },
        { "CET", 1 },        { "+02:0", 1 },      { "+02:00:00", 1 }, { "+0a:00", 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(zones); i++) {
        int seconds = 1;
        bool ok = when_zone_parse(slice_from(zones[i].text), &seconds);
        if (ok != (zones[i].seconds != 1) || seconds != zones[i].seconds)
            fail_msg("\"%s\": %d, %d", zones[i].text, ok, seconds);
    }
}

static void test_duration(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } durations[] = {
        { "90s", 90 },     { "10m", 600 },
        { "36h", 129600 }, { "45d", 3888000 },
        { "0s", 0 },       { " 1d ", 86400 },
        { "36525d", INT64_C(3155760000) }, { "3155760000s", INT64_C(3155760000) },
        { "36526d", NO },  { "3155760001s", NO },
        { "99999999999999999999d", NO }, { "18446744073709551615d", NO },
        { "90", NO },      { "d", NO },
        { "", NO },        { "-1d", NO },
        { "1.5h", NO },    { "10 m", NO },
        { "10M", NO },     { "1w", NO },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(durations); i++) {
        int64_t seconds = NO;
        bool ok = when_duration_parse(slice_from(durations[i].text), &seconds);
        if (ok != (durations[i].seconds != NO) || seconds != durations[i].seconds)
            fail_msg("\"%s\": %d, %lld", durations[i].text, ok, (long long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_and_parse_agree),
        cmocka_unit_test(test_form_names), cmocka_unit_test(test_zone),
        cmocka_unit_test(test_duration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
