/* The parts of core/alert: limits, facts, shares, the book over time, what it keeps, messages.  Simulated weeks are
 * in test_alert_days.c. */
#include "core/alert/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/alert/learn.h"
#include "tests/support/alert_look.h"

/* ---- limits ---- */

static const struct {
    enum alert_rule rule;
    const char *text;
    bool ok, off;
    int64_t value;
} limits[] = {
    { ALERT_FLATLINE, "off", true, true, 0 },      { ALERT_FLATLINE, "on", true, false, 0 },
    { ALERT_FLATLINE, "40", true, false, 40 },     { ALERT_FLATLINE, "0", false, false, 0 },
    { ALERT_FLATLINE, "1000001", false, false, 0 }, { ALERT_DUPLICATES, "30", true, false, 30 },
    { ALERT_DUPLICATES, "101", false, false, 0 },  { ALERT_DUPLICATES, "-1", false, false, 0 },
    { ALERT_DUPLICATES, "", false, false, 0 },     { ALERT_LATENCY, "10m", true, false, 600 },
    { ALERT_LATENCY, "10", false, false, 0 },      { ALERT_LATENCY, "0s", false, false, 0 },
    { ALERT_RELOAD, "off", true, true, 0 },        { ALERT_RELOAD, "5", false, false, 0 },
};

static void limits_are_read(void **state)
{
    struct alert_limits own = { 0 }, common = { 0 };
    struct alert_limit l;

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        if (alert_limit_parse(limits[i].rule, slice_from(limits[i].text), &l) != limits[i].ok)
            fail_msg("%s: %s", alert_rules[limits[i].rule].code, limits[i].text);
        if (limits[i].ok) {
            assert_int_equal(l.off, limits[i].off);
            assert_int_equal(l.value, limits[i].value);
        }
    }
    assert_int_equal(alert_rule_named(S("backlog")), ALERT_BACKLOG);
    assert_int_equal(alert_rule_named(S("nothing")), ALERT_RULES);
    assert_int_equal(alert_limit_of(ALERT_BACKLOG, NULL, NULL).value, 1800);
    common.rule[ALERT_DIVERGENCE] = (struct alert_limit){ .said = true, .value = 20 };
    assert_int_equal(alert_limit_of(ALERT_DIVERGENCE, &own, &common).value, 20);
    own.rule[ALERT_DIVERGENCE] = (struct alert_limit){ .said = true, .off = true };
    assert_true(alert_limit_of(ALERT_DIVERGENCE, &own, &common).off);
}

/* ---- one look ---- */

static const struct alert_pixel paused = { SLICE("C9EXAMPLE\n"), SLICE("40105: \x1b[1mno"), false };
static const struct alert_pixel orphan = { SLICE("C9OLD"), { NULL, 0 }, true };
static const struct alert_divergence apart = { "nutra", "crm", 120, 100, NOW - 3600 };
static const struct alert_divergence close_by = { "nutra", "crm", 105, 100, NOW - 3600 };
static const struct alert_divergence old = { "nutra", "crm", 120, 100, NOW - ALERT_DIVERGENCE_KEPT - 1 };
static const struct alert_divergence few = { "nutra", "tracker", 4, 1, NOW };

#define GB (INT64_C(1) << 30)
static const struct {
    const char *code; /* NULL: nothing */
    bool severe;
    const char *text;
    struct alert_facts facts;
} facts[] = {
    { NULL, false, "", { 0 } },
    { "A006", true, "3 events wait to be delivered, the oldest for 31 minutes",
      { .oldest_waiting = NOW - 1860, .waiting = 3 } },
    { NULL, false, "", { .oldest_waiting = NOW - 1740, .waiting = 3 } },
    { "A007", true, "pixel C9EXAMPLE  is paused, its events wait: 40105:  [1mno",
      { .pixels = &paused, .pixel_count = 1, .oldest_waiting = NOW - 86400, .waiting = 9 } },
    { "A007", true, "events wait for pixel C9OLD, which is not configured any more", { .pixels = &orphan, .pixel_count = 1 } },
    { "A008", false, "the crm has 120 conversions, clickbaton 100: 17 % apart",
      { .divergences = &apart, .divergence_count = 1 } },
    { NULL, false, "", { .divergences = &close_by, .divergence_count = 1 } },
    { NULL, false, "", { .divergences = &old, .divergence_count = 1 } },
    { NULL, false, "", { .divergences = &few, .divergence_count = 1 } },
    { "A009", false, "4.0 % of the data folder's disk are free (4096 MB)", { .disk_free = 4 * GB, .disk_size = 100 * GB } },
    { "A009", true, "1.0 % of the data folder's disk are free (1024 MB)", { .disk_free = GB, .disk_size = 100 * GB } },
    { NULL, false, "", { .disk_free = 40 * GB, .disk_size = 2000 * GB } },
    { NULL, false, "", { .disk_free = 6 * GB, .disk_size = 100 * GB } },
    { "A011", false, "the last reload failed, the rules before it are in force: a file", { .reload_failed = true, .reload_why = "a file" } },
    { "A012", true, "postbacks can't be stored and are answered 503: disk I/O error", { .store_refuses = true, .store_why = "disk I/O error" } },
    { "A013", false, "alerts can't be delivered: webhook x: it answered 500", { .courier_fails = true, .courier_why = "webhook x: it answered 500" } },
    { "A015", true, "41 postbacks and clicks wait in this server's spill for the database, the oldest for 6 minutes",
      { .oldest_spilled = NOW - 360, .spilled = 41 } },
    { "A015", true, "1 postback or click waits in this server's spill for the database, the oldest for 5 minutes",
      { .oldest_spilled = NOW - 300, .spilled = 1 } },
    { NULL, false, "", { .oldest_spilled = NOW - 299, .spilled = 41 } },
};

static void facts_of_the_moment(void **state)
{
    struct alert_series *s = alert_series_open();
    struct alert_limits off = { 0 };

    (void)state;
    alert_series_turn(s, NOW / 3600);
    for (size_t i = 0; i < ALERT_RULES; i++)
        off.rule[i] = (struct alert_limit){ .said = true, .off = true };
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
        struct looked l = look(s, &facts[i].facts, NULL);
        assert_int_equal(l.count, facts[i].code != NULL);
        if (l.count) {
            assert_string_equal(alert_rules[l.found[0].rule].code, facts[i].code);
            assert_string_equal(l.found[0].text, facts[i].text);
            assert_int_equal(l.found[0].severe, facts[i].severe);
        }
        assert_int_equal(look(s, &facts[i].facts, &off).count, 0);
    }
    alert_series_close(s);
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
    assert_true(alert_series_turn(s, 999999)); /* a clock that went back over the turn of an hour */
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

/* The clock was set back by more than an hour: everything is to be read anew, also of the hours that were still to come. */
static void the_series_goes_back(void **state)
{
    struct alert_series *s = alert_series_open();

    (void)state;
    assert_true(alert_series_turn(s, 1000000));
    alert_series_add(s, 1000000, S("a"), ALERT_N_CLICKS, 3);
    alert_series_add(s, 999990, S("a"), ALERT_N_CLICKS, 4);
    alert_series_add_latency(s, 1000000, 3, 7);
    assert_false(alert_series_turn(s, 1000000 - 5000));
    assert_int_equal(s->hour, 1000000 - 5000);
    assert_int_equal(s->offer_count, 0);
    assert_int_equal(s->latency[3][1000000 % ALERT_LATENCY_HOURS], 0);
    alert_series_add(s, 999990, S("a"), ALERT_N_CLICKS, 4); /* still to come */
    assert_int_equal(s->offer_count, 0);
    alert_series_add(s, 1000000 - 5001, S("a"), ALERT_N_CLICKS, 5);
    assert_int_equal(alert_sum(s->offers[0]->n[ALERT_N_CLICKS], s, 0, 2000000), 5);
    assert_true(alert_series_turn(s, 1000000 - 4999));
    alert_series_close(s);
}

/* An hour and more in which nobody looked, because the clock was set ahead or the machine slept, is no time without events. */
static void time_that_has_not_been(void **state)
{
    struct alert_series *s = alert_series_open();
    const struct alert_event *e;
    int64_t at = INT64_C(1000000) * 3600;

    (void)state;
    alert_series_turn(s, 1000000);
    alert_series_add(s, 1000000, S("a"), ALERT_N_CLICKS, 9);
    alert_series_add_event(s, 1000000, S("a"), S("Purchase"), ALERT_N_PUT, 1);
    alert_series_look(s, at + 60);
    e = s->offers[0]->events[0];
    assert_int_equal(e->last, at + 60);
    alert_series_look(s, at + 60 + 3600); /* so long a pause may be */
    assert_int_equal(e->last, at + 60);
    alert_series_turn(s, 1000026);
    alert_series_look(s, at + 60 + 27 * 3600);
    assert_int_equal(e->last, at + 60 + 26 * 3600);
    assert_int_equal(alert_clicks_since(s, s->offers[0], e), 0);
    alert_series_close(s);
}

/* ---- the book ---- */

static struct heard {
    char text[2000];
} heard;

static void say(void *context, const struct alert_message *m)
{
    static const char *const kinds[] = { "fired", "again", "over", "sum", "test" };
    struct heard *h = context;
    size_t n = strlen(h->text);

    snprintf(h->text + n, sizeof(h->text) - n, "%s%s %s", n ? "|" : "", kinds[m->kind],
             m->entry ? alert_rules[m->entry->rule].code : "");
    n = strlen(h->text);
    if (!m->entry)
        snprintf(h->text + n, sizeof(h->text) - n, "%.*s", SLICE_ARG(m->text));
}

struct step {
    int64_t at;      /* seconds behind NOW */
    int rule;        /* found bad; -1: nothing */
    int64_t mark;
    int quiet; /* true, or with MUTE in it */
    const char *says;
};
#define MUTE 2

static void go(struct alert_book *b, const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        struct alert_finding f = { .rule = (enum alert_rule)s->rule, .bad = true, .offer = "nutra", .text = "it is so",
                                   .mark = s->mark };
        const struct alert_manner how = { .remind = 3600, .quiet = s->quiet & true, .mute = (s->quiet & MUTE) != 0 };
        if (s->rule >= 0) {
            f.severe = alert_rules[f.rule].severe;
            alert_book_found(b, &f, NOW + s->at);
        } else if (s->mark) { /* an event that has come, or has not */
            f.rule = ALERT_FLATLINE;
            f.bad = false;
            alert_book_found(b, &f, NOW + s->at);
        }
        heard.text[0] = '\0';
        alert_book_end(b, NOW + s->at, &how, say, &heard);
        if (strcmp(heard.text, s->says) != 0)
            fail_msg("step %zu: \"%s\" and not \"%s\"", i, heard.text, s->says);
    }
}
#define GO(b, steps) go(b, steps, sizeof(steps) / sizeof(*(steps)))

static void over_time(void **state)
{
    static const struct step steps[] = {
        { 0, ALERT_QUARANTINE, 0, false, "" }, /* pending */
        { 60, ALERT_QUARANTINE, 0, false, "" },
        { 120, ALERT_QUARANTINE, 0, false, "fired A004" },
        { 180, ALERT_QUARANTINE, 0, false, "" }, /* said once */
        { 240, -1, 0, false, "" },               /* it may come back */
        { 300, ALERT_QUARANTINE, 0, false, "" },
        { 3720, ALERT_QUARANTINE, 0, false, "again A004" },
        { 3780, -1, 0, false, "" },
        { 4020, -1, 0, false, "over A004" },
        { 4080, -1, 0, false, "" },
        { 5000, ALERT_QUARANTINE, 0, false, "" }, /* pending, and gone before it was one */
        { 5060, -1, 0, false, "" },
        { 5070, ALERT_DISK, 0, false, "fired A009" },
        { 5080, ALERT_DISK, 0, false, "" },
    };
    struct alert_book *b = alert_book_open();

    (void)state;
    GO(b, steps);
    assert_int_equal(b->active_count, 1);
    assert_int_equal(b->past_count, 1);
    assert_int_equal(b->past[0].until, NOW + 4020);
    alert_book_close(b);
    alert_book_close(NULL);
}

/* What all servers of a store find is told by one; when that one is gone another tells what still is. */
static void one_of_several(void **state)
{
    static const struct step steps[] = {
        { 0, ALERT_PIXEL, 0, MUTE, "" },
        { 60, ALERT_DISK, 0, MUTE, "fired A009" },
        { 120, ALERT_PIXEL, 0, false, "fired A007" },
        { 180, ALERT_PIXEL, 0, MUTE, "" },
        { 4000, ALERT_PIXEL, 0, MUTE, "over A009" },
        { 4060, ALERT_PIXEL, 0, false, "again A007" },
        { 4100, ALERT_PIXEL, 0, true | MUTE, "" },
        { 4500, -1, 0, MUTE, "" },
        { 4600, ALERT_PIXEL, 0, MUTE, "" },
        { 5000, -1, 0, false, "" },
    };
    struct alert_book *b = alert_book_open();

    (void)state;
    GO(b, steps);
    assert_int_equal(b->active_count, 0);
    assert_int_equal(b->past_count, 3);
    alert_book_close(b);
}

/* The clock was set back by a day: what was found later than now goes on if it is found, and is over if it is not. */
static void the_book_goes_back(void **state)
{
    static const struct step steps[] = {
        { 86400, ALERT_DISK, 0, false, "fired A009" },
        { 86400, ALERT_STORE, 0, false, "" },
        { 86460, ALERT_STORE, 0, false, "fired A012" },
        { 0, ALERT_STORE, 0, false, "" },
        { 60, ALERT_STORE, 0, false, "" },
        { 300, ALERT_STORE, 0, false, "over A009" },
        { 3600, ALERT_STORE, 0, false, "again A012" },
        { 3900, -1, 0, false, "over A012" },
    };
    struct alert_book *b = alert_book_open();

    (void)state;
    GO(b, steps);
    assert_int_equal(b->active_count, 0);
    alert_book_close(b);
}

/* It is over when an event has come, and not because nobody clicks any more. */
static void a_flatline_ends_by_an_event(void **state)
{
    static const struct step steps[] = {
        { 0, ALERT_FLATLINE, 100, false, "fired A001" },
        { 60, -1, 100, false, "" },
        { 7200, -1, 100, false, "" },
        { 7260, ALERT_FLATLINE, 100, false, "again A001" },
        { 7320, -1, 7300, false, "over A001" },
        { 7380, ALERT_FLATLINE, 7300, false, "fired A001" },
        { 7380 + 86399, -1, 7300, false, "" },
        { 7380 + 86400, -1, 7300, false, "over A001" },
    };
    struct alert_book *b = alert_book_open();

    (void)state;
    GO(b, steps);
    alert_book_close(b);
}

/* While the counts can't be read what is judged by them is neither over nor new; facts go on. */
static void blind(void **state)
{
    static const struct step before[] = { { 0, ALERT_DEAD, 0, false, "" }, { 120, ALERT_DEAD, 0, false, "fired A014" },
                                          { 130, ALERT_DISK, 0, false, "fired A009" } };
    static const struct step after[] = { { 9000, -1, 0, false, "over A014" } };
    const struct alert_manner how = { .remind = 3600, .blind = true };
    struct alert_book *b = alert_book_open();

    (void)state;
    GO(b, before);
    heard.text[0] = '\0';
    alert_book_end(b, NOW + 5000, &how, say, &heard);
    assert_string_equal(heard.text, "over A009");
    assert_int_equal(b->active_count, 1);
    GO(b, after);
    alert_book_close(b);
}

static void blind_sees_facts_alone(void **state)
{
    const struct alert_facts broken = { .store_refuses = true, .store_why = "full" };
    struct looked l = look(NULL, &broken, NULL);

    (void)state;
    assert_int_equal(l.count, 1);
    assert_int_equal(l.found[0].rule, ALERT_STORE);
}

static void quiet_hours(void **state)
{
    static const struct step steps[] = {
        { 0, ALERT_RELOAD, 0, true, "" },
        { 60, ALERT_RELOAD, 0, true, "" },
        { 120, ALERT_STORE, 0, true, "" }, /* severe: goes through; the reload is over by now */
        { 140, ALERT_STORE, 0, true, "fired A012" },
        { 200, -1, 0, true, "over A012" },
        { 300, -1, 0, false, "sum A011 nutra: it is so (over by now)" },
        { 400, -1, 0, true, "" },
        { 500, -1, 0, false, "" }, /* nothing to sum up */
        { 600, ALERT_RELOAD, 0, true, "" },
        { 700, ALERT_RELOAD, 0, true, "" },
        { 800, ALERT_RELOAD, 0, false, "sum A011 nutra: it is so" },
        { 900, ALERT_RELOAD, 0, false, "" },
        { 4400, ALERT_RELOAD, 0, false, "again A011" },
        { 4500, -1, 0, true, "" }, /* its end as well waits */
        { 4600, -1, 0, false, "sum A011 nutra: it is so (over by now)" },
    };
    static const struct { const char *text; bool ok; int from, until; } hours[] = {
        { "22:00-07:00", true, 1320, 420 }, { "00:30-08:15", true, 30, 495 }, { "22:00", false, 0, 0 },
        { "24:00-07:00", false, 0, 0 }, { "22:60-07:00", false, 0, 0 }, { "07:00-07:00", false, 0, 0 },
        { "-", false, 0, 0 }, { "", false, 0, 0 },
    };
    struct alert_book *b = alert_book_open();
    int from, until;

    (void)state;
    GO(b, steps);
    alert_book_close(b);
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
        assert_int_equal(alert_quiet_parse(slice_from(hours[i].text), &from, &until), hours[i].ok);
        if (hours[i].ok) {
            assert_int_equal(from, hours[i].from);
            assert_int_equal(until, hours[i].until);
        }
    }
    assert_true(alert_is_quiet(1320, 420, 1320) && alert_is_quiet(1320, 420, 0) && alert_is_quiet(1320, 420, 419));
    assert_false(alert_is_quiet(1320, 420, 420) || alert_is_quiet(1320, 420, 1319));
    assert_true(alert_is_quiet(30, 495, 30));
    assert_false(alert_is_quiet(30, 495, 495) || alert_is_quiet(30, 495, 0));
}

/* ---- kept across a restart ---- */

static void kept(void **state)
{
    static const struct step before[] = { { 0, ALERT_FLATLINE, 100, false, "fired A001" },
                                          { 60, ALERT_RELOAD, 0, false, "" } };
    static const struct step after[] = { { 120, ALERT_FLATLINE, 100, false, "" }, /* not told again */
                                         { 180, -1, 150, false, "over A001" } };
    struct alert_book *b = alert_book_open(), *c = alert_book_open();
    struct alert_divergence d = { "nu tra%\xc3\xa4", "crm", 5, 7, NOW };
    struct buf text = { 0 }, again = { 0 };

    (void)state;
    GO(b, before);
    alert_book_divergence(b, &d);
    d.theirs = 6;
    alert_book_divergence(b, &d);
    assert_int_equal(b->divergence_count, 1);
    alert_book_write(b, &text);
    assert_int_equal(alert_book_read(c, buf_slice(&text)), 0);
    alert_book_write(c, &again);
    assert_true(slice_eq(buf_slice(&text), buf_slice(&again)));
    assert_int_equal(c->divergences[0].theirs, 6);
    assert_string_equal(c->divergences[0].offer, d.offer);
    GO(c, after);
    alert_book_close(b);
    alert_book_close(c);
    buf_free(&text);
    buf_free(&again);
}

static void what_is_kept_may_be_damaged(void **state)
{
    static const char *const lines[] = {
        "active", "active A001", "active A099 1 1 1 1 1 0 a b c", "active A001 8 1 1 1 1 0 a b c",
        "active A001 1 -1 1 1 1 0 a b c", "active A001 1 1 1 1 1 0 a b c d", "active A001 1 1 1 1 1 0 %zz b c",
        "active A001 1 1 1 1 1 0 a%0a b c", "active A001 1 1 1 1 1 0 %00 b c", "active A001 1 1 1 1 1 0  b c",
        "divergence 1 2", "divergence 1 2 3 a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "nonsense", "past A001 1 1 1 1 1 99999999999999999999 a b c",
    };
    char text[1000], longest[3000];
    struct alert_book *b = alert_book_open();

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        snprintf(text, sizeof(text), "clickbaton alerts 1\n%s\nactive A001 1 1 1 1 1 0 a b c\n", lines[i]);
        b->active_count = 0;
        if (alert_book_read(b, slice_from(text)) != 1)
            fail_msg("%s", lines[i]);
        assert_int_equal(b->active_count, 1);
    }
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "clickbaton alerts 1\nactive A001 1 1 1 1 1 0 a b ", 49);
    b->active_count = 0;
    assert_int_equal(alert_book_read(b, (struct slice){ longest, sizeof(longest) }), 1);
    assert_int_equal(alert_book_read(b, S("something else\n")), 1);
    assert_int_equal(alert_book_read(b, S("")), 0);
    assert_int_equal(b->active_count, 0);
    alert_book_close(b);
}

static void too_many(void **state)
{
    struct alert_book *b = alert_book_open();
    struct alert_finding f = { .rule = ALERT_DISK, .bad = true };
    const struct alert_manner how = { 0 };

    (void)state;
    for (int i = 0; i < ALERT_ACTIVE_MAX + 5; i++) {
        snprintf(f.offer, sizeof(f.offer), "offer%d", i);
        alert_book_found(b, &f, NOW);
    }
    assert_int_equal(b->active_count, ALERT_ACTIVE_MAX);
    assert_int_equal(b->dropped, 5);
    alert_book_end(b, NOW, &how, say, &(struct heard){ "" });
    alert_book_end(b, NOW + 1000, &how, say, &(struct heard){ "" });
    assert_int_equal(b->active_count, 0);
    assert_int_equal(b->past_count, ALERT_PAST_MAX);
    for (int i = 0; i < ALERT_DIVERGENCES_MAX + 1; i++) {
        struct alert_divergence d = { .with = "crm", .at = i ? NOW + i : NOW + 1000000 };
        snprintf(d.offer, sizeof(d.offer), "offer%d", i);
        alert_book_divergence(b, &d);
    }
    assert_int_equal(b->divergence_count, ALERT_DIVERGENCES_MAX);
    assert_string_equal(b->divergences[0].offer, "offer0");
    assert_string_equal(b->divergences[1].offer, "offer256"); /* the oldest went */
    alert_book_close(b);
}

/* ---- messages ---- */

static void messages(void **state)
{
    struct alert_entry e = { .rule = ALERT_DISK, .offer = "a\r\nBcc: b@c\x1b", .event = "", .text = "9 \"%\"\nsecond",
                             .firing = true, .severe = true, .since = NOW };
    struct alert_message m = { .kind = ALERT_FIRED, .entry = &e, .at = NOW + 60 };
    struct buf out = { 0 };

    (void)state;
    alert_message_subject(&out, &m);
    assert_true(slice_eq(buf_slice(&out), S("clickbaton ALERT A009 a  Bcc: b@c : the disk is nearly full")));
    buf_clear(&out);
    alert_message_text(&out, &m);
    assert_true(slice_eq(buf_slice(&out), S("clickbaton ALERT A009 a  Bcc: b@c : the disk is nearly full\n9 \"%\"\nsecond\n"
                                            "since 2026-11-26T00:00:00Z\nfirst: make room, or keep less: retention:, then "
                                            "`clickbaton store compact`\nid e5211bd02b05\n")));
    buf_clear(&out);
    alert_message_json(&out, &m);
    assert_true(slice_eq(buf_slice(&out),
                         S("{\"version\":1,\"id\":\"e5211bd02b05\",\"kind\":\"fired\",\"at\":\"2026-11-26T00:01:00Z\",\"code\":\"A009\",\"title\":\"the disk is "
                           "nearly full\",\"severity\":\"severe\",\"offer\":\"a\\r\\nBcc: b@c\\u001b\",\"event\":null,\"since\":"
                           "\"2026-11-26T00:00:00Z\",\"until\":null,\"text\":\"9 \\\"%\\\"\\nsecond\",\"first_action\":\"make room, or "
                           "keep less: retention:, then `clickbaton store compact`\"}\n")));
    buf_clear(&out);
    e.until = NOW + 120;
    m.kind = ALERT_RECOVERED;
    alert_message_text(&out, &m);
    assert_true(slice_ends(buf_slice(&out), S("\nsince 2026-11-26T00:00:00Z, until 2026-11-26T00:02:00Z\nid 41a13e557fc6\n")));
    buf_clear(&out);
    alert_message_text(&out, &(struct alert_message){ .kind = ALERT_SUMMARY, .text = S("A009 x\nA011 y"), .at = NOW });
    assert_true(slice_eq(buf_slice(&out), S("clickbaton SUMMARY\nDuring the quiet hours:\nA009 x\nA011 y\nid b3b196808870\n")));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_read),
        cmocka_unit_test(facts_of_the_moment),
        cmocka_unit_test(surprise),
        cmocka_unit_test(shares_are_learned),
        cmocka_unit_test(the_series),
        cmocka_unit_test(habits_are_robust),
        cmocka_unit_test(the_newest_event),
        cmocka_unit_test(the_series_goes_back),
        cmocka_unit_test(time_that_has_not_been),
        cmocka_unit_test(over_time),
        cmocka_unit_test(one_of_several), cmocka_unit_test(the_book_goes_back),
        cmocka_unit_test(a_flatline_ends_by_an_event),
        cmocka_unit_test(blind),
        cmocka_unit_test(blind_sees_facts_alone),
        cmocka_unit_test(quiet_hours),
        cmocka_unit_test(kept),
        cmocka_unit_test(what_is_kept_may_be_damaged),
        cmocka_unit_test(too_many),
        cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
