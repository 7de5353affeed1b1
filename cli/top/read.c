/* read.c: what `top` knows. */
#include "cli/top/top.h"

#define ARENA_BYTES ((size_t)64 << 20)

static int64_t sum_of(const struct review_day *d)
{
    int64_t n = 0;

    for (int i = 1; i < REVIEW_VERDICTS; i++)
        n += d->verdicts[i];
    return n;
}

static void sample(struct top *t, struct slice offer, const struct review_day *days, bool first)
{
    size_t points = t->hours.points;
    const int64_t count[2] = { sum_of(&days[points - 1]), points > 1 ? sum_of(&days[points - 2]) : 0 };

    top_sample(t, offer, t->hours.until - 3600, count, first);
}

static int read_review(struct top *t, struct review *r, int hours, struct err *err)
{
    *r = (struct review){ .arena = &t->arena, .only = t->only, .alone = true };
    r->until = t->now / 1000 - t->now / 1000 % 3600 + 3600;
    r->since = r->until - hours * 3600;
    report_wire(r, NULL, "UTC");
    return report_read(r, t->store.store, err);
}

/* What waits since long is told of as well. */
static void add_backlog(struct top *t)
{
    struct review_count c = { .hour = t->hours.since, .kind = REVIEW_EVENTS, .slot = 1, .n = 0 };
    int64_t since;

    for (const struct review_offer *o = t->backlog.offers; o; o = o->next) {
        for (const struct review_event *e = o->events; e; e = e->next) {
            c.offer = o->name;
            c.name = e->name;
            if (top_waiting(t, o->name, e->name, &since) > 0)
                review_add(&t->hours, &c);
        }
    }
}

int top_read(struct top *t, int64_t now, struct err *err)
{
    bool first = t->rate_count == 0;
    const struct review *r = &t->hours;

    arena_init(&t->arena, ARENA_BYTES);
    t->now = now;
    if (read_review(t, &t->hours, 2, err) != 0 || read_review(t, &t->backlog, 48, err) != 0 ||
        store_counts(t->store.store, &t->counts, err) != 0)
        return -1;
    add_backlog(t);
    sample(t, S(""), r->all.days, first);
    for (const struct review_offer *o = r->offers; o; o = o->next)
        sample(t, o->name, o->days, first);
    return 0;
}

void top_forget(struct top *t)
{
    arena_free(&t->arena);
}

int64_t top_waiting(const struct top *t, struct slice offer, struct slice event, int64_t *since)
{
    const struct review_offer *o = t->backlog.offers;
    const struct review_event *e;
    int64_t all = 0;

    *since = 0;
    while (o && !slice_eq(o->name, offer))
        o = o->next;
    for (e = o ? o->events : NULL; e; e = e->next) {
        if (event.len && !slice_eq(e->name, event))
            continue;
        for (size_t i = 0; i < t->backlog.points; i++) {
            const struct review_day *d = &e->days[i];
            int64_t n = d->put - d->delivered - d->dead - d->withdrawn;
            if (n <= 0)
                continue;
            all += n;
            if (*since == 0 || t->backlog.starts[i] < *since)
                *since = t->backlog.starts[i];
        }
    }
    return all;
}
