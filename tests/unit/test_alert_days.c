/* Simulated weeks: each alert comes when it must, and none comes when nothing is wrong.  False alarms are counted.
 * `build/tests/unit/test_alert_days SEED [WEEKS]` runs longer (make alert-days). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/alert_days.h"

#define DAY INT64_C(86400)
#define HOUR INT64_C(3600)
#define LEARNED 15 /* days before anything happens */

static uint64_t seed = 20261126;
static int weeks = 3; /* of DAYS_OFFERS healthy offers, behind two to learn of */

struct heard {
    unsigned false_alarms;
    bool print;
    const char *rule; /* that is waited for */
    char offer[16];
    int64_t at;       /* first of it; 0: none */
    int64_t over;
};

static void hear(void *context, const struct alert_message *m)
{
    struct heard *h = context;
    const char *code = alert_rules[m->entry->rule].code;
    bool wanted = h->rule && strcmp(code, h->rule) == 0 && strcmp(m->entry->offer, h->offer) == 0;

    if (h->rule && !m->entry->offer[0] && strcmp(code, h->rule) == 0)
        wanted = true;
    if (m->kind == ALERT_FIRED && wanted && !h->at)
        h->at = m->at;
    if (m->kind == ALERT_RECOVERED && wanted && !h->over)
        h->over = m->at;
    if (m->kind != ALERT_FIRED || wanted)
        return;
    h->false_alarms++;
    if (h->print)
        printf("# false: %s %s %s: %s\n", code, m->entry->offer, m->entry->event, m->entry->text);
}

static void healthy_weeks(void **state)
{
    struct days d;
    struct heard h = { .print = true };
    double offer_weeks = 0;

    (void)state;
    days_open(&d, seed);
    d.told = hear;
    d.context = &h;
    for (size_t i = 0; i < DAYS_OFFERS; i++) {
        struct days_offer o = days_any(&d);
        o.since_day = i % 5 == 4 ? 14 : 0; /* new offers without a history */
        days_add(&d, &o);
    }
    days_run(&d, d.now + (14 + 7 * weeks) * DAY, 5);
    offer_weeks = DAYS_OFFERS * (2 + weeks);
    printf("# seed %llu: %u false alarms in %.0f healthy offer-weeks\n", (unsigned long long)seed, h.false_alarms,
           offer_weeks);
    assert_true(h.false_alarms <= offer_weeks / 100);
    days_close(&d);
}

/* Offers of four sizes: 10,000, 1,000, 100 and 10 conversions a day, most of them in the evening. */
static const struct days_offer huge = { 200000, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.1, false, 0, 0 };
static const struct days_offer big = { 20000, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.1, false, 0, 0 };
static const struct days_offer middle = { 2000, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.15, false, 0, 0 };
static const struct days_offer small = { 200, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.2, false, 0, 0 };

/* Three conversions a day; business hours, with a tenth of the clicks at weekends; one without registered clicks. */
static const struct days_offer tiny = { 60, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.2, false, 0, 0 };
static const struct days_offer business = { 2000, 0.05, 0.5, 0.05, 1, 0.02, 0.02, 0.01, 0.005, 0.15, false, 0, 0.1 };
static const struct days_offer small_business = { 200, 0.05, 0.5, 0.05, 1, 0.02, 0.02, 0.01, 0.005, 0.15, false, 0, 0.1 };
static const struct days_offer clickless = { 2000, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.15, true, 0, 0 };
/* Began a day before anything happens. */
static const struct days_offer fresh = { 2000, 0.05, 0.5, 0.2, 0.8, 0.02, 0.02, 0.01, 0.005, 0.15, false, LEARNED - 1, 0 };

struct incident {
    const char *name;
    enum days_incident what;
    const struct days_offer *offer;
    int64_t lasts;
    const char *rule;  /* NULL: nothing may be told */
    int64_t at_most;   /* minutes until it is told */
};

static const struct incident incidents[] = {
    { "events stop, 10000 a day", DAYS_FLATLINE, &huge, 6 * HOUR, "A001", 15 },
    { "events stop, 1000 a day", DAYS_FLATLINE, &big, 12 * HOUR, "A001", 150 },
    { "events stop, 100 a day", DAYS_FLATLINE, &middle, 30 * HOUR, "A001", 10 * 60 },
    { "events stop, 10 a day", DAYS_FLATLINE, &small, 8 * DAY, "A001", 7 * 24 * 60 },
    { "values are lost, 1000 a day", DAYS_NO_VALUE, &big, 12 * HOUR, "A002", 180 },
    { "values are lost, 100 a day", DAYS_NO_VALUE, &middle, DAY, "A002", 15 * 60 },
    { "values are lost, 10 a day", DAYS_NO_VALUE, &small, 4 * DAY, "A002", 4 * 24 * 60 },
    { "duplicates, 1000 a day", DAYS_DUPLICATES, &big, 12 * HOUR, "A003", 180 },
    { "duplicates, 100 a day", DAYS_DUPLICATES, &middle, DAY, "A003", 15 * 60 },
    { "quarantine, 1000 a day", DAYS_QUARANTINE, &big, 12 * HOUR, "A004", 180 },
    { "quarantine, 100 a day", DAYS_QUARANTINE, &middle, DAY, "A004", 15 * 60 },
    { "quarantine, 10 a day", DAYS_QUARANTINE, &small, 6 * DAY, "A004", 5 * 24 * 60 },
    { "a wrong key, 1000 a day", DAYS_REFUSED, &big, 12 * HOUR, "A010", 45 },
    { "a wrong key, 100 a day", DAYS_REFUSED, &middle, DAY, "A010", 5 * 60 },
    { "TikTok refuses, 1000 a day", DAYS_DEAD, &big, 12 * HOUR, "A014", 150 },
    { "delivery is slow, 1000 a day", DAYS_SLOW, &big, 6 * HOUR, "A005", 60 },
    { "a paused campaign, 1000 a day", DAYS_PAUSED, &big, 3 * DAY, NULL, 0 },
    { "a paused campaign, 100 a day", DAYS_PAUSED, &middle, 3 * DAY, NULL, 0 },
    { "a paused campaign, 10 a day", DAYS_PAUSED, &small, 5 * DAY, NULL, 0 },
    { "a slow Sunday, 1000 a day", DAYS_SLOW_SUNDAY, &big, DAY, NULL, 0 },
    { "a slow Sunday, 100 a day", DAYS_SLOW_SUNDAY, &middle, DAY, NULL, 0 },
    { "a holiday, 1000 a day", DAYS_HOLIDAY, &big, DAY, NULL, 0 },
    { "a holiday, 100 a day", DAYS_HOLIDAY, &middle, DAY, NULL, 0 },
    { "a holiday, 10 a day", DAYS_HOLIDAY, &small, DAY, NULL, 0 },
    { "a storm of clicks, 1000 a day", DAYS_CLICK_STORM, &big, 6 * HOUR, NULL, 0 },
    { "three a day, as ever", DAYS_HEALTHY, &tiny, 21 * DAY, NULL, 0 },
    { "events stop, 3 a day", DAYS_FLATLINE, &tiny, 14 * DAY, "A001", 14 * 24 * 60 },
    { "it has ended, 3 a day", DAYS_PAUSED, &tiny, 30 * DAY, NULL, 0 },
    { "it has ended, 100 a day", DAYS_PAUSED, &middle, 30 * DAY, NULL, 0 },
    { "it has ended, 1000 a day", DAYS_PAUSED, &big, 30 * DAY, NULL, 0 },
    { "quiet weekends, 100 a day", DAYS_HEALTHY, &business, 21 * DAY, NULL, 0 },
    { "quiet weekends, 10 a day", DAYS_HEALTHY, &small_business, 21 * DAY, NULL, 0 },
    { "summer time begins, 1000 a day", DAYS_HOUR_CHANGE, &big, 14 * DAY, NULL, 0 },
    { "summer time begins, 100 a day", DAYS_HOUR_CHANGE, &business, 14 * DAY, NULL, 0 },
    { "it began yesterday, 100 a day", DAYS_HEALTHY, &fresh, 7 * DAY, NULL, 0 },
    { "it began yesterday, a wrong key", DAYS_REFUSED, &fresh, DAY, "A010", 6 * 60 },
    { "it began yesterday, quarantine", DAYS_QUARANTINE, &fresh, 3 * DAY, "A004", 36 * 60 },
};
#define INCIDENTS (sizeof(incidents) / sizeof(*incidents))

static unsigned complaints;
#define complain(...) (complaints++, printf("# WRONG: " __VA_ARGS__), printf("\n"))

static void run_incident(const struct incident *i)
{
    struct days d;
    struct heard h = { .rule = i->rule, .print = true };
    int64_t minutes, start;
    size_t n;

    days_open(&d, seed + (uint64_t)(i - incidents));
    n = days_add(&d, i->offer);
    snprintf(h.offer, sizeof(h.offer), "offer-%03zu", n);
    d.told = hear;
    d.context = &h;
    start = d.now + (i->what == DAYS_SLOW_SUNDAY ? 20 * DAY : LEARNED * DAY + 12 * HOUR);
    d.incident[n].what = i->what;
    d.incident[n].from = start;
    d.incident[n].until = start + i->lasts;
    days_run(&d, start, 10);
    days_run(&d, start + i->lasts, 1);
    minutes = h.at ? (h.at - start) / 60 : 0;
    if (i->rule)
        printf("# %-32s %s after %lld minutes\n", i->name, h.at ? h.rule : "NOTHING", (long long)minutes);
    if (i->rule && (!h.at || minutes > i->at_most))
        complain("%s: %s after %lld minutes (0: not at all), %lld allowed", i->name, i->rule, (long long)minutes,
                 (long long)i->at_most);
    days_run(&d, d.now + 2 * DAY, 10);
    if (i->rule && !h.over)
        complain("%s: it is over, and that is not told", i->name);
    if (h.false_alarms > (i->what == DAYS_FLATLINE || i->what == DAYS_REFUSED))
        complain("%s: %u alarms that are none", i->name, h.false_alarms);
    days_close(&d);
}

static void each_incident(void **state)
{
    (void)state;
    for (size_t i = 0; i < INCIDENTS; i++)
        run_incident(&incidents[i]);
    assert_int_equal(complaints, 0);
}

/* The clock is set, by hours or by days, there and back: nothing is told of it, and an incident behind it is. */
static void the_clock_jumps(void **state)
{
    static const struct {
        int64_t by;
        const struct days_offer *offer;
    } jumps[] = { { 5 * HOUR, &big }, { 26 * HOUR, &middle }, { 9 * DAY, &big }, { 40 * DAY, &middle },
                  { -HOUR / 2, &big }, { -5 * HOUR, &big }, { -26 * HOUR, &middle }, { -40 * DAY, &big }, { 26 * HOUR, &clickless } };

    (void)state;
    for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
        struct heard h = { .print = true };
        struct days d;
        int64_t start;

        days_open(&d, seed + 500 + i);
        days_add(&d, jumps[i].offer);
        d.told = hear;
        d.context = &h;
        days_run(&d, d.now + LEARNED * DAY + 12 * HOUR, 10);
        days_jump(&d, jumps[i].by);
        days_run(&d, d.now + 6 * DAY, 10);
        if (h.false_alarms)
            complain("a jump of %lld hours is told as something else", (long long)(jumps[i].by / HOUR));
        h.rule = "A001";
        snprintf(h.offer, sizeof(h.offer), "offer-000");
        start = d.now + 12 * HOUR;
        d.incident[0].what = DAYS_FLATLINE;
        d.incident[0].from = d.now;
        d.incident[0].until = d.now + 3 * DAY;
        days_run(&d, d.now + 3 * DAY, 10);
        if (!h.at || h.at > start + 12 * HOUR)
            complain("events stop six days behind a jump of %lld hours, and that is not told in a day",
                     (long long)(jumps[i].by / HOUR));
        days_close(&d);
    }
    assert_int_equal(complaints, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healthy_weeks),
        cmocka_unit_test(each_incident),
        cmocka_unit_test(the_clock_jumps),
    };

    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        weeks = atoi(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
