#include <stdio.h>

#include "core/alert/internal.h"

#define DIVERGENCE_LEAST 5            /* conversions */
#define DISK_ENOUGH (INT64_C(20) << 30) /* bytes that are enough, whatever share they are */
#define DISK_SEVERE 2                 /* percent */

static struct alert_limit of(const struct alert_judging *j, enum alert_rule rule)
{
    return alert_limit_of(rule, NULL, j->common);
}

static struct alert_finding bad(enum alert_rule rule)
{
    return (struct alert_finding){ .rule = rule, .bad = true, .severe = alert_rules[rule].severe };
}

/* A pixel's code, or a reason, as it may stand in a message: it came from files or from TikTok. */
static void put(char *to, size_t size, struct slice text)
{
    text = slice_head(text, size - 1);
    if (text.len)
        memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
    for (char *c = to; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

static void pixels(const struct alert_judging *j)
{
    for (size_t i = 0; i < j->facts->pixel_count; i++) {
        const struct alert_pixel *p = &j->facts->pixels[i];
        struct alert_finding f = bad(ALERT_PIXEL);
        char why[ALERT_WORD];

        put(f.event, sizeof(f.event), p->pixel);
        put(why, sizeof(why), p->why);
        if (p->orphan)
            snprintf(f.text, sizeof(f.text), "events wait for pixel %s, which is not configured any more",
                     f.event);
        else
            snprintf(f.text, sizeof(f.text), "pixel %s is paused, its events wait: %s", f.event, why);
        j->found(j->context, &f);
    }
}

/* While a pixel is paused its events wait: that has been told. */
static void backlog(const struct alert_judging *j)
{
    struct alert_limit limit = of(j, ALERT_BACKLOG);
    struct alert_finding f = bad(ALERT_BACKLOG);
    int64_t age = j->now - j->facts->oldest_waiting;

    if (limit.off || !j->facts->oldest_waiting || j->facts->pixel_count || age < limit.value)
        return;
    snprintf(f.text, sizeof(f.text), "%lld event%s wait to be delivered, the oldest for %lld minutes",
             (long long)j->facts->waiting, j->facts->waiting == 1 ? "" : "s", (long long)age / 60);
    j->found(j->context, &f);
}

/* Beside backlog: these are on one disk alone. */
static void spill(const struct alert_judging *j)
{
    struct alert_limit limit = of(j, ALERT_SPILL);
    struct alert_finding f = bad(ALERT_SPILL);
    int64_t age = j->now - j->facts->oldest_spilled;

    if (limit.off || !j->facts->oldest_spilled || age < limit.value)
        return;
    snprintf(f.text, sizeof(f.text), "%lld %s in this server's spill for the database, the oldest for %lld minutes",
             (long long)j->facts->spilled, j->facts->spilled == 1 ? "postback or click waits" : "postbacks and clicks wait",
             (long long)age / 60);
    j->found(j->context, &f);
}

static void divergence(const struct alert_judging *j, const struct alert_divergence *d)
{
    const struct alert_limits *own = j->own ? j->own(j->context, slice_from(d->offer)) : NULL;
    struct alert_limit limit = alert_limit_of(ALERT_DIVERGENCE, own, j->common);
    struct alert_finding f = bad(ALERT_DIVERGENCE);
    int64_t gap = d->theirs > d->ours ? d->theirs - d->ours : d->ours - d->theirs;
    int64_t most = d->theirs > d->ours ? d->theirs : d->ours;

    if (limit.off || j->now - d->at > ALERT_DIVERGENCE_KEPT || gap < DIVERGENCE_LEAST ||
        (double)gap * 100 < (double)most * (double)limit.value)
        return;
    snprintf(f.offer, sizeof(f.offer), "%s", d->offer);
    snprintf(f.event, sizeof(f.event), "%s", d->with);
    snprintf(f.text, sizeof(f.text), "the %s has %lld conversions, clickbaton %lld: %.0f %% apart", d->with,
             (long long)d->theirs, (long long)d->ours, 100 * (double)gap / (double)most);
    j->found(j->context, &f);
}

static void disk(const struct alert_judging *j)
{
    struct alert_limit limit = of(j, ALERT_DISK);
    struct alert_finding f = bad(ALERT_DISK);
    double percent = j->facts->disk_size > 0 ? 100 * (double)j->facts->disk_free / (double)j->facts->disk_size
                                             : 100;

    if (limit.off || percent >= (double)limit.value ||
        (!limit.said && j->facts->disk_free >= DISK_ENOUGH))
        return;
    f.severe = percent < DISK_SEVERE;
    snprintf(f.text, sizeof(f.text), "%.1f %% of the data folder's disk are free (%lld MB)", percent,
             (long long)(j->facts->disk_free >> 20));
    j->found(j->context, &f);
}

static void plain(const struct alert_judging *j, enum alert_rule rule, bool is, const char *what,
                  const char *why)
{
    struct alert_finding f = bad(rule);
    char clean[ALERT_WORD];

    if (!is || of(j, rule).off)
        return;
    put(clean, sizeof(clean), slice_from(why));
    snprintf(f.text, sizeof(f.text), "%s%s%s", what, clean[0] ? ": " : "", clean);
    j->found(j->context, &f);
}

void alert_judge_facts(const struct alert_judging *j)
{
    const struct alert_facts *f = j->facts;

    if (!of(j, ALERT_PIXEL).off)
        pixels(j);
    backlog(j);
    spill(j);
    for (size_t i = 0; i < f->divergence_count; i++)
        divergence(j, &f->divergences[i]);
    disk(j);
    plain(j, ALERT_RELOAD, f->reload_failed, "the last reload failed, the rules before it are in force",
          f->reload_why);
    plain(j, ALERT_STORE, f->store_refuses, "postbacks can't be stored and are answered 503", f->store_why);
    plain(j, ALERT_COURIER, f->courier_fails, "alerts can't be delivered", f->courier_why);
}
