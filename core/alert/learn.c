#include "core/alert/learn.h"

#include <math.h>
#include <stdlib.h>

#define RECENT 14         /* days that rates, levels and shares are learned of */
#define GAP_DAYS 14
#define JUDGED 3          /* days, the longest window that shares are judged by (shares.c) */
#define SHARE_LEAST 5     /* of a day, for its share to count */
#define MAD_TO_SIGMA 1.4826 /* of a normal distribution */
#define ALL_LEAST 20   /* of all days, where no day has that many */
#define SIGMAS 2
#define MARGIN 0.02       /* no share is known more exactly */
#define DAY_SURE 10       /* events to be expected of a day, for it to tell how weak days are */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sort(double *list, size_t n)
{
    qsort(list, n, sizeof(*list), by_size);
}

static double median(double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void alert_days(const uint32_t n[ALERT_HOURS], const struct alert_series *s, unsigned count, double *out)
{
    for (unsigned d = 0; d < count; d++) {
        int64_t end = s->hour - 1 - 24 * (int64_t)d;
        out[d] = (double)alert_sum(n, s, end - 23, end);
    }
}

static unsigned known_days(const struct alert_series *s, const struct alert_offer *o)
{
    int64_t days = o->first_hour ? (s->hour - o->first_hour) / 24 : 0;

    return days < 0 ? 0 : days > ALERT_DAYS - 1 ? ALERT_DAYS - 1 : (unsigned)days;
}

/* ---- how many, of how many clicks ---- */

struct day {
    double ratio, events, clicks;
};

static int by_ratio(const void *a, const void *b)
{
    double x = ((const struct day *)a)->ratio, y = ((const struct day *)b)->ratio;

    return (x > y) - (x < y);
}

/* The days without the fifth at either end, together: an outage or a burst of a few days changes little,
 * and offers with less than an event a day have a rate as well (a median of days would be 0). */
static struct day middle_of(struct day *days, unsigned n)
{
    struct day sum = { 0 };
    unsigned off = n / 5;

    qsort(days, n, sizeof(*days), by_ratio);
    for (unsigned i = off; i < n - off; i++) {
        sum.events += days[i].events;
        sum.clicks += days[i].clicks;
    }
    sum.ratio = sum.clicks > 0 ? sum.events / sum.clicks : 0;
    return sum;
}

/* How much of the usual comes on a weak day: the weakest tenth of those that can tell. */
static double weak_days(const struct day *sorted, unsigned n, double rate)
{
    double weak[RECENT];
    unsigned count = 0;
    double doubt;

    for (unsigned i = 0; i < n; i++)
        if (rate * sorted[i].clicks >= DAY_SURE)
            weak[count++] = sorted[i].ratio / rate;
    if (count < 5)
        return 0.5;
    doubt = 0.8 * weak[count / 10];
    return doubt < 0.25 ? 0.25 : doubt > 0.7 ? 0.7 : doubt;
}

/* The newest days that had no event: the gap that is judged is not what tells how long gaps are. */
static unsigned days_without(const double *events, unsigned known)
{
    unsigned n = 0;

    while (n < GAP_DAYS && n + ALERT_DAYS_LEAST < known && events[n] == 0)
        n++;
    return n;
}

static void learn_rate(const struct alert_series *s, const struct alert_offer *o, struct alert_event *e)
{
    unsigned known = e->habit.days < GAP_DAYS + RECENT ? e->habit.days : GAP_DAYS + RECENT, n, with = 0;
    double all[2][GAP_DAYS + RECENT], *events, *clicks;
    struct day days[RECENT], sum;

    alert_days(e->n[ALERT_N_PUT], s, known, all[0]);
    alert_days(o->n[ALERT_N_CLICKS], s, known, all[1]);
    n = days_without(all[0], known);
    events = all[0] + n;
    clicks = all[1] + n;
    n = known - n < RECENT ? known - n : RECENT;
    for (unsigned i = 0; i < n; i++)
        days[i] = (struct day){ events[i], events[i], 1 };
    sum = middle_of(days, n);
    e->habit.level = sum.ratio;
    e->habit.doubt = weak_days(days, n, sum.ratio);
    e->habit.rate = 0;
    for (unsigned i = 0; i < n; i++)
        if (clicks[i] > 0)
            days[with++] = (struct day){ events[i] / clicks[i], events[i], clicks[i] };
    if (with < ALERT_DAYS_LEAST)
        return;
    sum = middle_of(days, with);
    e->habit.rate = sum.ratio;
    e->habit.doubt = sum.ratio > 0 ? weak_days(days, with, sum.ratio) : 0.5;
}

/* ---- when ---- */

static void mean_one(double *list, unsigned n)
{
    double sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += list[i];
    for (unsigned i = 0; i < n; i++)
        list[i] = sum > 0 ? list[i] * n / sum : 1;
}

/* By the events themselves, and as if there were 24 more that came as the clicks do: few events have no rhythm. */
static void learn_hours(const struct alert_series *s, const struct alert_offer *o, struct alert_event *e)
{
    double clicks[24] = { 0 }, events[24] = { 0 };

    for (int64_t h = s->hour - 24 * (int64_t)e->habit.days; h < s->hour; h++) {
        clicks[h % 24] += o->n[ALERT_N_CLICKS][h % ALERT_HOURS];
        events[h % 24] += e->n[ALERT_N_PUT][h % ALERT_HOURS];
    }
    mean_one(clicks, 24);
    for (unsigned i = 0; i < 24; i++)
        e->habit.hour[i] = clicks[i] + (events[(i + 23) % 24] + 2 * events[i] + events[(i + 1) % 24]) / 4;
    mean_one(e->habit.hour, 24);
}

/* Monday is 0: 1970-01-01 was a Thursday. */
static unsigned weekday(int64_t hour)
{
    return (unsigned)((hour / 24 + 3) % 7);
}

static void learn_weekdays(const struct alert_series *s, struct alert_event *e)
{
    double sum[7] = { 0 }, mean;
    unsigned weeks = e->habit.days / 7;
    double all = 0;

    for (int64_t h = s->hour - 168 * (int64_t)weeks; h < s->hour; h++)
        sum[weekday(h)] += e->n[ALERT_N_PUT][h % ALERT_HOURS];
    for (unsigned i = 0; i < 7; i++)
        all += sum[i];
    mean = all / 7;
    for (unsigned i = 0; i < 7; i++) /* one week tells little, few events as well */
        e->habit.day[i] = weeks >= 2 ? sum[i] + mean + 10 : 1;
    mean_one(e->habit.day, 7);
}

/* ---- shares ---- */

/* Too few a day: all days together. */
static double share_of_all(const double *part, const double *whole, unsigned n)
{
    double k = 0, all = 0, p;

    for (unsigned i = 0; i < n; i++) {
        k += part[i];
        all += whole[i];
    }
    if (n < ALERT_DAYS_LEAST || all < ALL_LEAST)
        return -1;
    p = k / all;
    return p + SIGMAS * sqrt(p * (1 - p) / all) + MARGIN;
}

/* The median of the days and twice their spread (the median distance from it): a bad day or two change nothing, and an
 * offer whose share always jumps has a high bound.  Where days have so few postbacks that the median says 0 for a share of
 * 4 %, the middle days together know better. */
static double usual_share(const double *part, const double *whole, unsigned n)
{
    struct day days[RECENT];
    double shares[RECENT], middle, pooled, bound;
    unsigned count = 0;

    for (unsigned i = 0; i < n; i++)
        if (whole[i] >= SHARE_LEAST) {
            shares[count] = part[i] / whole[i];
            days[count] = (struct day){ shares[count], part[i], whole[i] };
            count++;
        }
    if (count < ALERT_DAYS_LEAST || count < n / 2)
        return share_of_all(part, whole, n);
    pooled = middle_of(days, count).ratio;
    sort(shares, count);
    middle = median(shares, count);
    for (unsigned i = 0; i < count; i++)
        shares[i] = shares[i] > middle ? shares[i] - middle : middle - shares[i];
    sort(shares, count);
    bound = (middle > pooled ? middle : pooled) + SIGMAS * MAD_TO_SIGMA * median(shares, count) + MARGIN;
    return bound > 1 ? 1 : bound;
}

/* The days that a share is learned of are not those that it is judged by, as soon as there are others: else what goes wrong
 * for days becomes usual before few postbacks can tell. */
static unsigned skipped_days(unsigned known)
{
    unsigned others = known <= ALERT_DAYS_LEAST ? 0 : known - ALERT_DAYS_LEAST;

    return others < JUDGED ? others : JUDGED;
}

static void share_days(const uint32_t *counts, const struct alert_series *s, unsigned known, unsigned n, double *out)
{
    double days[JUDGED + RECENT];
    unsigned skip = skipped_days(known);

    alert_days(counts, s, skip + n, days);
    memcpy(out, days + skip, n * sizeof(*out));
}

static void learn_share(const struct alert_series *s, unsigned known, const uint32_t *part,
                        const uint32_t *const *rest, bool within, double *out)
{
    unsigned others = known - skipped_days(known), n = others < RECENT ? others : RECENT;
    double a[RECENT], b[RECENT] = { 0 }, more[RECENT];

    share_days(part, s, known, n, a);
    if (!within)
        memcpy(b, a, n * sizeof(*b));
    for (; *rest; rest++) {
        share_days(*rest, s, known, n, more);
        for (unsigned i = 0; i < n; i++)
            b[i] += more[i];
    }
    *out = usual_share(a, b, n);
}

static void learn_event(const struct alert_series *s, const struct alert_offer *o, struct alert_event *e)
{
    learn_rate(s, o, e);
    learn_hours(s, o, e);
    learn_weekdays(s, e);
    learn_share(s, e->habit.days, e->n[ALERT_N_UNVALUED], (const uint32_t *const[]){ e->n[ALERT_N_PUT], NULL }, true,
                &e->usual[ALERT_SHARE_NO_VALUE]);
    learn_share(s, e->habit.days, e->n[ALERT_N_DEAD], (const uint32_t *const[]){ e->n[ALERT_N_DELIVERED], NULL }, false,
                &e->usual[ALERT_SHARE_DEAD]);
}

void alert_learn(struct alert_series *s)
{
    for (size_t i = 0; i < s->offer_count; i++) {
        struct alert_offer *o = s->offers[i];
        const uint32_t *queued = o->n[ALERT_N_QUEUED], *duplicate = o->n[ALERT_N_DUPLICATE];
        const uint32_t *ignored = o->n[ALERT_N_IGNORED], *quarantined = o->n[ALERT_N_QUARANTINED];
        unsigned days = known_days(s, o);

        learn_share(s, days, duplicate, (const uint32_t *const[]){ queued, NULL },
                    false, &o->usual[ALERT_SHARE_DUPLICATES]);
        learn_share(s, days, quarantined, (const uint32_t *const[]){ queued, duplicate, ignored, NULL },
                    false, &o->usual[ALERT_SHARE_QUARANTINE]);
        learn_share(s, days, o->n[ALERT_N_REFUSED],
                    (const uint32_t *const[]){ queued, duplicate, ignored, quarantined, NULL },
                    false, &o->usual[ALERT_SHARE_REFUSALS]);
        for (size_t j = 0; j < o->event_count; j++) {
            o->events[j]->habit.days = days;
            learn_event(s, o, o->events[j]);
        }
    }
}
