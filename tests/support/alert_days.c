#include "tests/support/alert_days.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "core/alert/learn.h"

#define MONDAY INT64_C(1791158400) /* 2026-10-05T00:00:00Z */

double days_random(struct days *d)
{
    d->seed ^= d->seed << 13;
    d->seed ^= d->seed >> 7;
    d->seed ^= d->seed << 17;
    return (double)(d->seed >> 11) / 9007199254740992.0;
}

static double normal(struct days *d)
{
    return sqrt(-2 * log(1 - days_random(d))) * cos(6.283185307179586 * days_random(d));
}

static unsigned poisson(struct days *d, double mean)
{
    double limit = exp(-mean), product = 1;
    unsigned n = 0;

    if (mean <= 0)
        return 0;
    if (mean > 50) {
        double x = mean + sqrt(mean) * normal(d);
        return x < 0 ? 0 : (unsigned)(x + 0.5);
    }
    while ((product *= days_random(d)) > limit)
        n++;
    return n;
}

void days_open(struct days *d, uint64_t seed)
{
    *d = (struct days){ .seed = seed * UINT64_C(0x9E3779B97F4A7C15) + 1, .now = MONDAY,
                        .series = alert_series_open(), .book = alert_book_open() };
    assert(d->series && d->book);
    for (int i = 0; i < 20; i++)
        days_random(d);
    alert_series_turn(d->series, d->now / 3600);
}

void days_close(struct days *d)
{
    alert_series_close(d->series);
    alert_book_close(d->book);
}

size_t days_add(struct days *d, const struct days_offer *o)
{
    assert(d->offer_count < DAYS_OFFERS);
    d->mood[d->offer_count] = 1;
    d->offers[d->offer_count] = *o;
    return d->offer_count++;
}

struct days_offer days_any(struct days *d)
{
    double size = days_random(d);

    return (struct days_offer){
        .clicks = 5 * exp(size * log(4000)),
        .rate = 0.005 + 0.2 * days_random(d) * days_random(d),
        .delay = 0.05 + 8 * days_random(d) * days_random(d),
        .night = 0.02 + 0.4 * days_random(d),
        .sunday = 0.3 + days_random(d),
        .duplicates = 0.1 * days_random(d) * days_random(d),
        .quarantined = 0.08 * days_random(d) * days_random(d),
        .no_value = days_random(d) < 0.2 ? 1 : 0.05 * days_random(d),
        .dead = 0.02 * days_random(d),
        .restless = 0.1 + 0.3 * days_random(d),
        .clickless = days_random(d) < 0.15,
    };
}

/* ---- a minute of an offer ---- */

static double rhythm(const struct days_offer *o, int64_t now)
{
    double hour = (double)(now % 86400) / 3600, wave = 0.5 + 0.5 * cos((hour - 19) * 6.283185307179586 / 24);

    int64_t day = (now / 86400 + 3) % 7; /* Monday is 0 */

    return (o->night + (1 - o->night) * 2 * wave * wave) * (day == 6 ? o->sunday : 1) *
           (day >= 5 && o->weekend > 0 ? o->weekend : 1);
}

static bool under(const struct days *d, size_t i, enum days_incident what)
{
    return d->incident[i].what == what && d->now >= d->incident[i].from && d->now < d->incident[i].until;
}

static void add(struct days *d, struct slice offer, enum alert_count what, unsigned n)
{
    if (n)
        alert_series_add(d->series, d->now / 3600, offer, what, n);
}

static void add_event(struct days *d, struct slice offer, enum alert_event_count what, unsigned n)
{
    if (n)
        alert_series_add_event(d->series, d->now / 3600, offer, S("Purchase"), what, n);
}

static unsigned part(struct days *d, unsigned n, double share)
{
    unsigned out = 0;

    if (n > 200)
        return share >= 1 ? n : poisson(d, n * share) > n ? n : poisson(d, n * share);
    for (unsigned i = 0; i < n; i++)
        out += days_random(d) < share;
    return out;
}

/* Conversions that become postbacks this minute. */
static void postbacks(struct days *d, size_t i, struct slice name, unsigned n)
{
    const struct days_offer *o = &d->offers[i];
    unsigned quarantined = part(d, n, under(d, i, DAYS_QUARANTINE) ? 0.33 : o->quarantined);
    unsigned refused = under(d, i, DAYS_REFUSED) ? n : 0, queued, dead;

    add(d, name, ALERT_N_REFUSED, refused);
    if (refused || n == 0)
        return;
    queued = n - quarantined;
    dead = part(d, queued, under(d, i, DAYS_DEAD) ? 0.33 : o->dead);
    add(d, name, ALERT_N_QUARANTINED, quarantined);
    add(d, name, ALERT_N_QUEUED, queued);
    add(d, name, ALERT_N_DUPLICATE, part(d, queued, under(d, i, DAYS_DUPLICATES) ? 0.5 : o->duplicates));
    add_event(d, name, ALERT_N_PUT, queued);
    add_event(d, name, ALERT_N_UNVALUED, part(d, queued, under(d, i, DAYS_NO_VALUE) ? 0.4 : o->no_value));
    add_event(d, name, ALERT_N_DEAD, dead);
    add_event(d, name, ALERT_N_DELIVERED, queued - dead);
    alert_series_add_latency(d->series, d->now / 3600, under(d, i, DAYS_SLOW) ? 10 : 3, queued - dead);
}

static void minute(struct days *d, size_t i)
{
    const struct days_offer *o = &d->offers[i];
    int64_t local = d->now + (under(d, i, DAYS_HOUR_CHANGE) ? 3600 : 0);
    double clicks = o->clicks / 1440 * rhythm(o, local), rate = o->rate * d->mood[i], due;
    char text[20];
    struct slice name = { text, (size_t)snprintf(text, sizeof(text), "offer-%03zu", i) };
    unsigned n;

    if (o->since_day && d->now < MONDAY + (int64_t)o->since_day * 86400)
        return;
    if (under(d, i, DAYS_PAUSED))
        clicks = 0;
    if (under(d, i, DAYS_CLICK_STORM))
        clicks *= 5;
    if (under(d, i, DAYS_SLOW_SUNDAY))
        clicks *= 0.1;
    if (under(d, i, DAYS_SLOW_SUNDAY))
        rate *= 0.5;
    if (under(d, i, DAYS_HOLIDAY))
        rate /= 3;
    n = poisson(d, clicks);
    if (!o->clickless)
        add(d, name, ALERT_N_CLICKS, n);
    d->pending[i] += n * rate;
    due = d->pending[i] * (1 - exp(-1 / (60 * o->delay)));
    d->pending[i] -= due;
    if (under(d, i, DAYS_FLATLINE))
        return;
    postbacks(d, i, name, poisson(d, due));
}

/* ---- looks ---- */

static void told(void *context, const struct alert_message *m)
{
    struct days *d = context;

    if (m->kind == ALERT_FIRED)
        d->fired[m->entry->rule]++;
    if (m->kind == ALERT_RECOVERED)
        d->recovered[m->entry->rule]++;
    if (d->told)
        d->told(d->context, m);
}

static void found(void *context, const struct alert_finding *f)
{
    struct days *d = context;

    alert_book_found(d->book, f, d->now);
}

static void look(struct days *d)
{
    static const struct alert_facts well;
    const struct alert_judging j = { .series = d->series, .facts = &well, .found = found, .context = d,
                                     .now = d->now };
    const struct alert_manner manner = { .remind = 43200 };

    alert_series_look(d->series, d->now);
    alert_judge(&j);
    alert_book_end(d->book, d->now, &manner, told, d);
}

static void new_hour(struct days *d)
{
    alert_series_turn(d->series, d->now / 3600);
    alert_learn(d->series);
    for (size_t i = 0; d->now % 86400 == 0 && i < d->offer_count; i++)
        d->mood[i] = exp(d->offers[i].restless * normal(d));
}

void days_run(struct days *d, int64_t until, int step)
{
    while (d->now < until) {
        if (d->now % 3600 == 0)
            new_hour(d);
        for (size_t i = 0; i < d->offer_count; i++)
            minute(d, i);
        d->now += 60;
        if (d->now % 3600 != 0) /* the hour that has ended is looked at with the next */
            d->now / 60 % step == 0 ? look(d) : (void)0;
    }
}

static void copy_into(struct alert_series *to, const struct alert_series *from)
{
    if (!to->hour)
        alert_series_turn(to, from->hour);
    for (size_t i = 0; i < from->offer_count; i++) {
        const struct alert_offer *o = from->offers[i];
        struct slice name = slice_from(o->name);
        for (int64_t h = from->hour - ALERT_HOURS + 1; h <= to->hour; h++) {
            for (int c = 0; c < ALERT_COUNTS; c++)
                alert_series_add(to, h, name, (enum alert_count)c, o->n[c][h % ALERT_HOURS]);
            for (int c = 0; o->event_count && c < ALERT_EVENT_COUNTS; c++)
                alert_series_add_event(to, h, name, S("Purchase"), (enum alert_event_count)c,
                                       o->events[0]->n[c][h % ALERT_HOURS]);
        }
    }
}

/* The store still has what was counted in hours that have not come again yet, and earlier ones are read anew. */
void days_jump(struct days *d, int64_t by)
{
    struct alert_series *before = by < 0 ? alert_series_open() : NULL;

    d->now += by;
    if (!before) {
        new_hour(d);
        return;
    }
    copy_into(before, d->series);
    alert_series_turn(d->series, d->now / 3600);
    copy_into(d->series, before);
    alert_series_close(before);
    alert_learn(d->series);
}
