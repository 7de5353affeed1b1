/* What is judged by hourly counts and what they teach, beside test_alert.c: flatlines, slow deliveries, rhythms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/alert/learn.h"
#include "tests/support/alert_look.h"

/* Without clicks a paused campaign looks the same, so three times as many must be missing; by a limit of the
 * configuration as well.  Two hours of the newest event's hour on are counted: 5 an hour are 5 each. */
static void flatline_without_clicks(void **state)
{
    static const struct {
        int clicks, hours;
        int64_t limit;
        bool alarm;
    } rows[] = {
        { 50, 3, 20, false }, { 50, 6, 20, true }, { 0, 6, 20, false }, { 0, 11, 20, false }, { 0, 14, 20, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        static const struct alert_facts well;
        struct alert_series *s = alert_series_open();
        struct alert_limits common = { .rule = { [ALERT_FLATLINE] = { .said = true, .value = rows[i].limit } } };
        struct looked l;
        alert_series_turn(s, NOW / 3600);
        for (int hour = -14 * 24; hour < 0; hour++) {
            alert_series_add(s, NOW / 3600 + hour, S("nutra"), ALERT_N_QUEUED, 1);
            alert_series_add(s, NOW / 3600 + hour, S("nutra"), ALERT_N_CLICKS, rows[i].clicks);
            alert_series_add_event(s, NOW / 3600 + hour, S("nutra"), S("Lead"), ALERT_N_PUT, 5);
        }
        alert_learn(s);
        for (int hour = -rows[i].hours; hour < 0; hour++)
            alert_series_add_event(s, NOW / 3600 + hour, S("nutra"), S("Lead"), ALERT_N_PUT, -5);
        alert_series_look(s, NOW);
        l = look(s, &well, &common);
        if (l.count != rows[i].alarm || (l.count && (l.found[0].rule != ALERT_FLATLINE ||
                                                     (strstr(l.found[0].text, "No clicks") != NULL) != (rows[i].clicks == 0))))
            fail_msg("row %zu: %zu, %s", i, l.count, l.count ? l.found[0].text : "");
        alert_series_close(s);
    }
}

/* What was slow shows in the shortest of three windows that says it; by now it may be well again. */
static void slow_deliveries(void **state)
{
    static const struct {
        int slow[6], quick[6]; /* by hours ago */
        const char *text;
    } rows[] = {
        { { 5 }, { 0 }, "5 of 5 events of 1 hour were delivered later than 300 seconds after their postback" },
        { { 4 }, { 0 }, NULL },
        { { 0, 0, 6 }, { 0 }, "6 of 6 events of 3 hours were delivered later than 300 seconds after their postback" },
        { { 1, 1, 1, 1, 1, 1 }, { 0 }, "6 of 6 events of 6 hours were delivered later than 300 seconds after their postback" },
        { { 0, 0, 6 }, { 20 }, NULL },
        { { 5 }, { 95 }, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        static const struct alert_facts well;
        struct alert_series *s = alert_series_open();
        struct looked l;
        alert_series_turn(s, NOW / 3600);
        for (int h = 0; h < 6; h++) {
            alert_series_add_latency(s, NOW / 3600 - h, 10, rows[i].slow[h]); /* above 5 min */
            alert_series_add_latency(s, NOW / 3600 - h, 9, rows[i].quick[h]); /* up to 5 min */
        }
        l = look(s, &well, NULL);
        assert_int_equal(l.count, rows[i].text != NULL);
        if (l.count)
            assert_string_equal(l.found[0].text, rows[i].text);
        alert_series_close(s);
    }
}

/* The rhythm of hours is that of the events, where there are some, and not of the clicks; each lends to its neighbours. */
static void hours_are_learned(void **state)
{
    struct alert_series *s = alert_series_open();
    const struct alert_habit *h;

    (void)state;
    alert_series_turn(s, NOW / 3600);
    for (int hour = -14 * 24; hour < 0; hour++) {
        alert_series_add(s, NOW / 3600 + hour, S("nutra"), ALERT_N_CLICKS, 10);
        alert_series_add_event(s, NOW / 3600 + hour, S("nutra"), S("Lead"), ALERT_N_PUT, (hour + 336) % 24 == 11 ? 50 : 0);
    }
    alert_learn(s);
    h = &s->offers[0]->events[0]->habit;
    assert_true(h->hour[11] > 11 && h->hour[11] < 12);
    assert_true(h->hour[10] > 5 && h->hour[10] < 6 && h->hour[12] > 5 && h->hour[12] < 6);
    assert_true(h->hour[9] < 0.1 && h->hour[3] < 0.1);
    alert_series_close(s);
}

/* The rhythm of weekdays is that of the calendar: on a Thursday it is Thursdays that count. */
static void weekdays_are_learned(void **state)
{
    struct alert_series *s = alert_series_open();
    const struct alert_habit *h;

    (void)state;
    alert_series_turn(s, NOW / 3600); /* a Thursday begins */
    for (int d = 1; d <= 27; d++) {
        int64_t n = d % 7 == 4 ? 0 : 100; /* none on Sundays: four days before a Thursday */
        alert_series_add(s, NOW / 3600 - 24 * d, S("nutra"), ALERT_N_CLICKS, 1000);
        alert_series_add_event(s, NOW / 3600 - 24 * d, S("nutra"), S("Lead"), ALERT_N_PUT, n);
    }
    alert_learn(s);
    h = &s->offers[0]->events[0]->habit;
    for (int i = 0; i < 7; i++)
        if ((h->day[i] < 0.7) != (i == 6))
            fail_msg("day %d: %f", i, h->day[i]);
    alert_series_close(s);
}

/* Four of five would be a surprise, but are too few for an alarm, whatever was usual. */
static void a_few_are_no_alarm(void **state)
{
    (void)state;
    for (int n = 4; n <= 5; n++) {
        static const struct alert_facts well;
        struct alert_series *s = alert_series_open();
        struct looked l;
        alert_series_turn(s, NOW / 3600);
        for (int d = 1; d <= 14; d++)
            alert_series_add(s, NOW / 3600 - 24 * d, S("nutra"), ALERT_N_QUEUED, 100);
        alert_learn(s);
        alert_series_add(s, NOW / 3600, S("nutra"), ALERT_N_QUEUED, 1);
        alert_series_add(s, NOW / 3600, S("nutra"), ALERT_N_DUPLICATE, n);
        l = look(s, &well, NULL);
        assert_int_equal(l.count, n == 5);
        alert_series_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flatline_without_clicks),
        cmocka_unit_test(slow_deliveries),
        cmocka_unit_test(hours_are_learned),
        cmocka_unit_test(weekdays_are_learned),
        cmocka_unit_test(a_few_are_no_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
