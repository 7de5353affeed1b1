#include "core/alert/judge.h"

#include <math.h>
#include <stdio.h>

#include "core/alert/internal.h"
#include "core/alert/learn.h"

/* ---- flatline ---- */

/* One false alarm in so many weeks of an offer that behaves as it did. */
#define FLATLINE_WEEKS 100
#define CLICKLESS 3 /* without clicks a pause looks the same: so many times more must be missing */
#define LEVEL_LEAST 0.5
#define SO_FAR_LEAST 20
#define SO_FAR_MIN 0.2
#define SO_FAR_MAX 0.85
#define SO_FAR_DAYS 0.65 /* over several days: today may be a weak one */

double alert_flatline_bound(const struct alert_event *e)
{
    double gaps = 7 * e->habit.level; /* between two events, in a week: each is a chance to be wrong */

    return log(FLATLINE_WEEKS) + log(gaps < 1 ? 1 : gaps);
}

/* The share of a usual day's events that falls between two moments, weekdays included: 1 for 24 hours of
 * a mean day. */
static double part_of_day(const struct alert_event *e, int64_t from, int64_t to)
{
    double sum = 0;

    for (int64_t at = from; at < to;) {
        int64_t hour = at / 3600, next = (hour + 1) * 3600 < to ? (hour + 1) * 3600 : to;
        sum += e->habit.hour[hour % 24] * e->habit.day[(hour / 24 + 3) % 7] * (double)(next - at) / 3600;
        at = next;
    }
    return sum / 24;
}

/* What is to be expected between two moments: by what the clicks of a day bring at these hours, or by what the
 * offer has always brought at such hours, whichever is less: a burst of clicks brings its events later. */
static double usual_between(const struct alert_series *s, const struct alert_offer *o,
                            const struct alert_event *e, int64_t from, int64_t to)
{
    int64_t span = to - from > 86400 ? to - from : 86400;
    double part = part_of_day(e, from, to), level = e->habit.level * part, whole, clicks;

    if (e->habit.rate <= 0)
        return level;
    whole = part_of_day(e, to - span, to);
    clicks = (double)alert_sum(o->n[ALERT_N_CLICKS], s, (to - span) / 3600, to / 3600);
    clicks = whole > 0 ? e->habit.rate * clicks * part / whole : 0;
    return clicks < level ? clicks : level;
}

double alert_expected(const struct alert_series *s, const struct alert_offer *o,
                      const struct alert_event *e, int64_t now)
{
    double least, by_clicks;

    if (now <= e->last)
        return 0;
    least = usual_between(s, o, e, e->last, now);
    by_clicks = e->habit.rate * (double)alert_clicks_since(s, o, e);
    return e->habit.rate > 0 && by_clicks < least ? by_clicks : least;
}

/* How good the day was until the newest event, of the usual, at least (one and a half standard deviations off):
 * a holiday with a third of the sales needs three times as long. When too few were to be expected the
 * weak days of the last weeks say it. */
static double day_so_far(const struct alert_series *s, const struct alert_offer *o,
                         const struct alert_event *e)
{
    static const int hours[] = { 3, 6, 12, 24, 72, 168 };

    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
        int64_t last = (e->last - 1) / 3600, first = last - hours[i] + 1;
        double seen = (double)alert_sum(e->n[ALERT_N_PUT], s, first, last), share, most;
        double usual = usual_between(s, o, e, first * 3600, e->last);
        if (usual < SO_FAR_LEAST)
            continue;
        share = (seen - 1.5 * sqrt(seen)) / usual;
        most = hours[i] > 24 ? SO_FAR_DAYS : SO_FAR_MAX;
        return share < SO_FAR_MIN ? SO_FAR_MIN : share > most ? most : share;
    }
    return e->habit.doubt > 0 ? e->habit.doubt : 0.5;
}

static void ago(char out[40], int64_t seconds)
{
    if (seconds < 2 * 3600)
        snprintf(out, 40, "%lld minutes", (long long)seconds / 60);
    else if (seconds < 2 * 86400)
        snprintf(out, 40, "%lld hours", (long long)seconds / 3600);
    else
        snprintf(out, 40, "%lld days", (long long)seconds / 86400);
}

static void flatline(const struct alert_judging *j, const struct alert_offer *o,
                     const struct alert_event *e, struct alert_limit limit)
{
    struct alert_finding f = { .rule = ALERT_FLATLINE, .mark = e->last, .severe = true };
    double expected = alert_expected(j->series, o, e, j->now), bound = (double)limit.value;
    unsigned long long clicks = alert_clicks_since(j->series, o, e);
    bool clickless = e->habit.rate <= 0;
    char since[40];

    if (!limit.said || limit.value == 0)
        bound = alert_flatline_bound(e) / day_so_far(j->series, o, e);
    if (clickless)
        bound *= CLICKLESS;
    f.bad = e->last && e->habit.days >= ALERT_DAYS_LEAST && e->habit.level >= LEVEL_LEAST && expected >= bound;
    ago(since, j->now - e->last);
    snprintf(f.offer, sizeof(f.offer), "%s", o->name);
    snprintf(f.event, sizeof(f.event), "%s", e->name);
    if (f.bad && clickless)
        snprintf(f.text, sizeof(f.text),
                 "no %s for %s; some %.0f were to be expected. No clicks of this offer are registered here, so a "
                 "paused campaign looks the same", e->name, since, expected);
    else if (f.bad)
        snprintf(f.text, sizeof(f.text),
                 "no %s for %s although there were %llu clicks; some %.0f were to be expected", e->name, since,
                 clicks, expected);
    j->found(j->context, &f);
}

/* ---- everything ---- */

static void judge_offer(const struct alert_judging *j, const struct alert_offer *o)
{
    const struct alert_limits *own = j->own ? j->own(j->context, slice_from(o->name)) : NULL;
    struct alert_limit limit;

    alert_judge_shares(j, o, NULL, own);
    for (size_t i = 0; i < o->event_count; i++) {
        const struct alert_event *e = o->events[i];
        if (j->watched && !j->watched(j->context, slice_from(o->name), slice_from(e->name)))
            continue;
        limit = alert_limit_of(ALERT_FLATLINE, own, j->common);
        if (!limit.off)
            flatline(j, o, e, limit);
        alert_judge_shares(j, o, e, own);
    }
}

void alert_judge(const struct alert_judging *j)
{
    for (size_t i = 0; j->series && i < j->series->offer_count; i++)
        judge_offer(j, j->series->offers[i]);
    if (j->series)
        alert_judge_latency(j);
    alert_judge_facts(j);
}
