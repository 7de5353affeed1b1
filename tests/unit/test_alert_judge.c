/* Counts by the hour, what they teach, and what is judged by it: shares, flatlines, slow deliveries.  Simulated weeks are in
 * test_alert_days.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/alert/judge.h"
#include "core/alert/learn.h"

#define NOW INT64_C(1795651200) /* 2026-11-26T00:00:00Z, a Thursday */

/* ---- one look ---- */

struct looked {
    struct alert_finding found[20];
    size_t count;
};

static void found(void *context, const struct alert_finding *f)
{
    struct looked *l = context;

    if (f->bad) {
        assert_true(l->count < 20);
        l->found[l->count++] = *f;
    }
}

static struct looked look(struct alert_series *s, const struct alert_facts *facts,
                          const struct alert_limits *common)
{
    struct looked l = { .count = 0 };
    const struct alert_judging j = { .series = s, .facts = facts, .common = common, .found = found,
                                     .context = &l, .now = NOW };

    alert_judge(&j);
    return l;
}

/* ---- shares ---- */

static void surprise(void **state)
{
    (void)state;
    assert_true(alert_surprise(1, 10, 0.1) == 0);
    assert_true(alert_surprise(0, 0, 0.1) == 0);
    assert_true(alert_surprise(5, 5, 0.02) > 19.5 && alert_surprise(5, 5, 0.02) < 19.6);
    /* n times the divergence of 0.5 from 0.1: 20 * (0.5 ln 5 + 0.5 ln 0.5556) */
    assert_true(alert_surprise(10, 20, 0.1) > 10.21 && alert_surprise(10, 20, 0.1) < 10.22);
}

/* Two weeks with 100 postbacks a day, 4 of them duplicates. */
static struct alert_series *two_weeks(void)
{
    struct alert_series *s = alert_series_open();

    alert_series_turn(s, NOW / 3600);
    for (int d = 1; d <= 14; d++) {
        alert_series_add(s, NOW / 3600 - 24 * d, S("nutra"), ALERT_N_QUEUED, 96);
        alert_series_add(s, NOW / 3600 - 24 * d, S("nutra"), ALERT_N_DUPLICATE, 4);
        alert_series_add(s, NOW / 3600 - 24 * d, S("nutra"), ALERT_N_CLICKS, 1000);
    }
    alert_learn(s);
    return s;
}

static void shares_are_learned(void **state)
{
    static const struct alert_facts well;
    static const struct { int queued, duplicate; bool alarm; int64_t said; } rows[] = {
        { 20, 1, false, 0 }, { 4, 4, false, 0 }, { 10, 10, true, 0 }, { 0, 5, true, 0 }, { 90, 10, false, 0 },
        { 10, 10, true, 40 }, { 15, 10, true, 40 }, { 16, 10, false, 40 }, { 0, 5, false, 40 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct alert_series *s = two_weeks();
        struct alert_limits common = { 0 };
        struct looked l;
        common.rule[ALERT_DUPLICATES] = (struct alert_limit){ rows[i].said > 0, false, rows[i].said };
        alert_series_add(s, NOW / 3600, S("nutra"), ALERT_N_QUEUED, rows[i].queued);
        alert_series_add(s, NOW / 3600, S("nutra"), ALERT_N_DUPLICATE, rows[i].duplicate);
        l = look(s, &well, &common);
        if (l.count != rows[i].alarm)
            fail_msg("%d and %d: %zu alarms", rows[i].queued, rows[i].duplicate, l.count);
        if (l.count)
            assert_int_equal(l.found[0].rule, ALERT_DUPLICATES);
        alert_series_close(s);
    }
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

/* A ring forgets what is older than four weeks, and takes nothing of the future. */
static void the_series(void **state)
{
    struct alert_series *s = alert_series_open();
    uint64_t sum;

    (void)state;
    alert_series_turn(s, 1000000);
    alert_series_add(s, 1000000, S("a"), ALERT_N_CLICKS, 5);
    alert_series_add(s, 1000001, S("a"), ALERT_N_CLICKS, 5);
    alert_series_add(s, 1000000 - ALERT_HOURS, S("a"), ALERT_N_CLICKS, 5);
    alert_series_add(s, 1000000, S(""), ALERT_N_CLICKS, 5);
    alert_series_add(s, 1000000, S("a\0b"), ALERT_N_CLICKS, 5);
    assert_int_equal(s->offer_count, 1);
    sum = alert_sum(s->offers[0]->n[ALERT_N_CLICKS], s, 0, 2000000);
    assert_int_equal(sum, 5);
    alert_series_clear(s, 1000000);
    assert_int_equal(alert_sum(s->offers[0]->n[ALERT_N_CLICKS], s, 0, 2000000), 0);
    alert_series_add(s, 1000000, S("a"), ALERT_N_REFUSED, 7);
    alert_series_clear(s, 1000000); /* those are not in the store */
    assert_int_equal(alert_sum(s->offers[0]->n[ALERT_N_REFUSED], s, 0, 2000000), 7);
    alert_series_turn(s, 999999); /* a clock that went back */
    assert_int_equal(s->hour, 1000000);
    alert_series_turn(s, 1000000 + ALERT_HOURS - 1);
    assert_int_equal(alert_sum(s->offers[0]->n[ALERT_N_REFUSED], s, 0, 2000000), 7);
    alert_series_turn(s, 1000000 + ALERT_HOURS);
    assert_int_equal(alert_sum(s->offers[0]->n[ALERT_N_REFUSED], s, 0, 2000000), 0);
    alert_series_add(s, s->hour, S("a"), ALERT_N_CLICKS, INT64_MAX);
    alert_series_add(s, s->hour, S("a"), ALERT_N_CLICKS, INT64_MAX);
    assert_int_equal(alert_sum(s->offers[0]->n[ALERT_N_CLICKS], s, 0, 2000000), UINT32_MAX);
    for (int i = 0; i < ALERT_EVENTS_MAX + 2; i++) {
        char name[20];
        snprintf(name, sizeof(name), "event%d", i);
        alert_series_add_event(s, s->hour, S("a"), slice_from(name), ALERT_N_PUT, 1);
    }
    assert_int_equal(s->offers[0]->event_count, ALERT_EVENTS_MAX);
    assert_true(s->lacked);
    alert_series_close(s);
    alert_series_close(NULL);
}

/* Two days without events (an outage) and one with ten times as many do not change what is usual. */
static void habits_are_robust(void **state)
{
    struct alert_series *s = alert_series_open();
    const struct alert_habit *h;

    (void)state;
    alert_series_turn(s, NOW / 3600);
    for (int d = 1; d <= 14; d++)
        for (int hour = 0; hour < 24; hour++) {
            int64_t at = NOW / 3600 - 24 * d + hour, n = d == 3 || d == 4 ? 0 : d == 7 ? 50 : 5;
            alert_series_add(s, at, S("nutra"), ALERT_N_CLICKS, 50);
            alert_series_add_event(s, at, S("nutra"), S("Lead"), ALERT_N_PUT, n);
            alert_series_add_event(s, at, S("nutra"), S("Lead"), ALERT_N_UNVALUED, d == 9 ? n : 0);
        }
    alert_learn(s);
    h = &s->offers[0]->events[0]->habit;
    assert_int_equal(h->days, 14);
    assert_true(h->rate > 0.099 && h->rate < 0.101);
    assert_true(h->level > 119 && h->level < 121);
    assert_true(h->hour[3] > 0.99 && h->hour[3] < 1.01);
    assert_true(s->offers[0]->events[0]->usual[ALERT_SHARE_NO_VALUE] < 0.021);
    alert_series_close(s);
}

/* After a restart nothing is told too early: the newest event's hour is known, not its minute. */
static void the_newest_event(void **state)
{
    static const struct { int64_t hours_ago, mark, last; } rows[] = {
        { 3, 0, NOW - 2 * 3600 },                        /* the end of its hour */
        { 3, NOW - 3 * 3600 + 60, NOW - 3 * 3600 + 60 }, /* an alert of before knows better */
        { 3, NOW - 5 * 3600, NOW - 2 * 3600 },           /* that was of an older one */
        { 0, 0, NOW + 600 },
        { ALERT_HOURS, 0, 0 },                           /* none that is remembered */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct alert_series *s = alert_series_open();
        const struct alert_event *e;
        alert_series_turn(s, NOW / 3600);
        alert_series_add_event(s, NOW / 3600 - 1, S("nutra"), S("Lead"), ALERT_N_PUT, 0);
        alert_series_add_event(s, NOW / 3600 - rows[i].hours_ago, S("nutra"), S("Lead"), ALERT_N_PUT, 2);
        if (rows[i].mark)
            alert_series_mark(s, S("nutra"), S("Lead"), rows[i].mark);
        alert_series_look(s, NOW + 600);
        e = s->offers[0]->events[0];
        assert_int_equal(e->last, rows[i].last);
        alert_series_look(s, NOW + 660);
        assert_int_equal(e->last, rows[i].last);
        alert_series_add_event(s, NOW / 3600, S("nutra"), S("Lead"), ALERT_N_PUT, 1);
        alert_series_add(s, NOW / 3600, S("nutra"), ALERT_N_CLICKS, 7);
        alert_series_look(s, NOW + 720);
        assert_int_equal(e->last, NOW + 720);
        alert_series_add(s, NOW / 3600, S("nutra"), ALERT_N_CLICKS, 4);
        assert_int_equal(alert_clicks_since(s, s->offers[0], e), 4);
        alert_series_turn(s, NOW / 3600 + 1); /* the hour turns while an event of it is not seen yet */
        alert_series_add_event(s, NOW / 3600, S("nutra"), S("Lead"), ALERT_N_PUT, 1);
        alert_series_look(s, NOW + 3660);
        assert_int_equal(e->last, NOW + 3660);
        alert_series_close(s);
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surprise),
        cmocka_unit_test(shares_are_learned),
        cmocka_unit_test(a_few_are_no_alarm),
        cmocka_unit_test(the_series),
        cmocka_unit_test(habits_are_robust),
        cmocka_unit_test(the_newest_event),
        cmocka_unit_test(flatline_without_clicks),
        cmocka_unit_test(hours_are_learned),
        cmocka_unit_test(weekdays_are_learned),
        cmocka_unit_test(slow_deliveries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
