#include <math.h>
#include <stdio.h>

#include "core/alert/internal.h"

#define SURE 9.2       /* a chance of one in ten thousand, at most */
#define AT_LEAST 5     /* of them, whatever their share */
#define WELL_ABOVE 0.05
#define SAID_LEAST 20  /* postbacks, before a limit of the configuration counts */
#define RECENT_LEAST 10
#define SLOW_SHARE 0.05

static const int windows[] = { 1, 3, 6, 24, 72 }; /* hours, the running one included */
#define WINDOWS (sizeof(windows) / sizeof(*windows))

double alert_surprise(double k, double n, double p)
{
    double q = n > 0 ? k / n : 0, sum;

    if (q <= p || p <= 0)
        return 0;
    sum = q * log(q / p);
    if (q < 1)
        sum += (1 - q) * log((1 - q) / (1 - p));
    return n * sum;
}

/* A share, as rows: who is counted, of whom, and what holds while nothing is learned (below 0: no judgement). */
struct share_row {
    enum alert_rule rule;
    enum alert_share usual;
    bool of_event;
    int part;
    int rest[5]; /* those that the part is not among; ended by -1 */
    double unknown;
    const char *text;
};

#define END -1
static const struct share_row rows[] = {
    { ALERT_DUPLICATES, ALERT_SHARE_DUPLICATES, false, ALERT_N_DUPLICATE, { ALERT_N_QUEUED, END }, -1,
      "%.0f of %.0f postbacks in %s are duplicates (%.0f %%)" },
    { ALERT_QUARANTINE, ALERT_SHARE_QUARANTINE, false, ALERT_N_QUARANTINED,
      { ALERT_N_QUEUED, ALERT_N_DUPLICATE, ALERT_N_IGNORED, END }, 0.1,
      "%.0f of %.0f postbacks in %s were not understood (%.0f %%)" },
    { ALERT_REFUSALS, ALERT_SHARE_REFUSALS, false, ALERT_N_REFUSED,
      { ALERT_N_QUEUED, ALERT_N_DUPLICATE, ALERT_N_IGNORED, ALERT_N_QUARANTINED, END }, 0.2,
      "%.0f of %.0f postbacks in %s had a wrong key or signature and were refused (%.0f %%)" },
    { ALERT_NO_VALUE, ALERT_SHARE_NO_VALUE, true, ALERT_N_UNVALUED, { ALERT_N_PUT, END }, -1,
      "%.0f of %.0f events in %s have no value (%.0f %%)" },
    { ALERT_DEAD, ALERT_SHARE_DEAD, true, ALERT_N_DEAD, { ALERT_N_DELIVERED, END }, 0.1,
      "%.0f of %.0f events in %s were refused by TikTok or given up (%.0f %%)" },
};

static const uint32_t *counts(const struct alert_offer *o, const struct alert_event *e, int what)
{
    return e ? e->n[what] : o->n[what];
}

static void sums(const struct alert_judging *j, const struct share_row *row, const struct alert_offer *o,
                 const struct alert_event *e, int hours, double *part, double *all)
{
    int64_t from = j->series->hour - hours + 1;
    bool within = row->rest[0] == ALERT_N_PUT && e; /* the part is among them */

    *part = (double)alert_sum(counts(o, e, row->part), j->series, from, j->series->hour);
    *all = within ? 0 : *part;
    for (const int *rest = row->rest; *rest != END; rest++)
        *all += (double)alert_sum(counts(o, e, *rest), j->series, from, j->series->hour);
    if (*all < *part) /* read in two moments */
        *all = *part;
}

static bool surely(double part, double all, double usual)
{
    return part >= AT_LEAST && part / all >= usual + WELL_ABOVE && alert_surprise(part, all, usual) >= SURE;
}

/* The shortest window with enough in it says how it is now, so that an alarm ends when the cause does. */
static void judge_share(const struct alert_judging *j, const struct share_row *row,
                        const struct alert_offer *o, const struct alert_event *e, struct alert_limit limit)
{
    struct alert_finding f = { .rule = row->rule, .severe = alert_rules[row->rule].severe };
    double usual = e ? e->usual[row->usual] : o->usual[row->usual], said = (double)limit.value / 100;
    double part = 0, all = 0, least = said > 0 ? SAID_LEAST : RECENT_LEAST;
    char span[24];

    usual = usual < 0 ? row->unknown : usual;
    for (size_t i = 0; i < WINDOWS && !f.bad; i++) {
        sums(j, row, o, e, windows[i], &part, &all);
        if (all < AT_LEAST)
            continue;
        if (said > 0)
            f.bad = all >= least && part / all >= said;
        else
            f.bad = usual >= 0 && surely(part, all, usual);
        if (!f.bad && all >= least && part / all < (said > 0 ? said : usual + WELL_ABOVE))
            return; /* well by now, whatever it was before */
        snprintf(span, sizeof(span), windows[i] == 1 ? "this hour" : "%d hours", windows[i]);
    }
    if (!f.bad)
        return;
    snprintf(f.offer, sizeof(f.offer), "%s", o->name);
    snprintf(f.event, sizeof(f.event), "%s", e ? e->name : "");
    snprintf(f.text, sizeof(f.text), row->text, part, all, span, 100 * part / all);
    j->found(j->context, &f);
}

void alert_judge_shares(const struct alert_judging *j, const struct alert_offer *o,
                        const struct alert_event *e, const struct alert_limits *own)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct alert_limit limit = alert_limit_of(rows[i].rule, own, j->common);
        if (rows[i].of_event == (e != NULL) && !limit.off)
            judge_share(j, &rows[i], o, e, limit);
    }
}

/* ---- latency: of all events, since TikTok or the way to it is slow for all ---- */

/* Upper bounds of the buckets, ms, as TALLY_LATENCY_MS has them. */
static const int64_t bounds[ALERT_LATENCIES - 1] = { 100,   250,    500,    1000,    2500,     5000,     10000,
                                                     30000, 60000,  300000, 900000,  3600000,  21600000, 86400000 };

void alert_judge_latency(const struct alert_judging *j)
{
    struct alert_limit limit = alert_limit_of(ALERT_LATENCY, NULL, j->common);
    struct alert_finding f = { .rule = ALERT_LATENCY, .bad = true };

    for (size_t w = 0; w < 3 && !limit.off; w++) {
        double slow = 0, all = 0;
        for (int64_t h = j->series->hour - windows[w] + 1; h <= j->series->hour; h++)
            for (size_t b = 0; h > 0 && b < ALERT_LATENCIES; b++) {
                double n = j->series->latency[b][h % ALERT_LATENCY_HOURS];
                all += n;
                slow += b == 0 || bounds[b - 1] < limit.value * 1000 ? 0 : n;
            }
        if (slow < AT_LEAST || alert_surprise(slow, all, SLOW_SHARE) < SURE) {
            if (all >= SAID_LEAST)
                return;
            continue;
        }
        snprintf(f.text, sizeof(f.text),
                 "%.0f of %.0f events of %d hour%s were delivered later than %lld seconds after their postback", slow,
                 all, windows[w], windows[w] == 1 ? "" : "s", (long long)limit.value);
        j->found(j->context, &f);
        return;
    }
}
