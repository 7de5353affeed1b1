/* rate.c: postbacks a minute, of counts by the hour that are looked at now and then. */
#include <string.h>

#include "cli/top/top.h"

static struct top_rate *rate_named(struct top *t, struct slice offer)
{
    uint64_t name = slice_hash(offer, 7);

    for (size_t i = 0; i < t->rate_count; i++)
        if (t->rates[i].name == name)
            return &t->rates[i];
    if (t->rate_count == TOP_OFFERS)
        return NULL;
    t->rates[t->rate_count] = (struct top_rate){ .name = name, .hour = -1 };
    return &t->rates[t->rate_count++];
}

static int64_t risen(int64_t from, int64_t to)
{
    return to > from ? to - from : 0; /* retention takes some away */
}

/* What has come since the last look, whichever hour it fell into. */
static int64_t grown(const struct top_rate *r, int64_t hour, const int64_t count[2])
{
    if (r->hour == hour)
        return risen(r->count[0], count[0]) + risen(r->count[1], count[1]);
    if (r->hour == hour - 3600)
        return count[0] + risen(r->count[0], count[1]);
    return 0; /* not known */
}

void top_sample(struct top *t, struct slice offer, int64_t hour, const int64_t count[2], bool first)
{
    struct top_rate *r = rate_named(t, offer);

    if (!r)
        return;
    if (r->hour >= 0)
        r->seen += grown(r, hour, count);
    else if (!first)
        r->seen += count[0]; /* an offer that was not there before */
    r->hour = hour;
    memcpy(r->count, count, sizeof(r->count));
    r->samples[r->next] = (struct top_sample){ t->now, r->seen };
    r->next = (r->next + 1) % TOP_SAMPLES;
    r->filled += r->filled < TOP_SAMPLES;
}

int64_t top_per_minute(const struct top *t, struct slice offer)
{
    uint64_t name = slice_hash(offer, 7);

    for (size_t i = 0; i < t->rate_count; i++) {
        const struct top_rate *r = &t->rates[i];
        const struct top_sample *last, *from = NULL;
        if (r->name != name || r->filled < 2)
            continue;
        last = &r->samples[(r->next + TOP_SAMPLES - 1) % TOP_SAMPLES];
        for (unsigned k = 2; k <= r->filled; k++) {
            const struct top_sample *s = &r->samples[(r->next + TOP_SAMPLES - k) % TOP_SAMPLES];
            if (from && last->at - s->at > TOP_RATE_MS)
                break;
            from = s;
        }
        if (last->at > from->at)
            return (last->seen - from->seen) * 600000 / (last->at - from->at);
    }
    return -1;
}
