/* gather.c: from hourly counts to two periods and the points of the charts. */
#include "core/review/inside.h"

const char *const review_verdicts[] = { "", "queued", "duplicate", "ignored", "quarantined" };
const char *const review_weights[] = { "good", "warning", "broken" };

int64_t review_sum(int64_t a, int64_t b)
{
    if (b > 0 && a > INT64_MAX - b)
        return INT64_MAX;
    if (b < 0 && a < INT64_MIN - b)
        return INT64_MIN;
    return a + b;
}

static void add(int64_t *to, int64_t n)
{
    *to = review_sum(*to, n);
}

/* ---- the points of the charts ---- */

static int64_t floor_to(int64_t n, int64_t step)
{
    return n - ((n % step) + step) % step;
}

/* One point for each hour, or each day by the reader's clock: an hour belongs to the day in which it begins. */
int review_begin(struct review *r, struct err *err)
{
    int64_t length = r->until - r->since, last = INT64_MIN;
    size_t room;

    if (length <= 0 || length > REVIEW_LONGEST)
        return err_set(err, ERR_INPUT, "the period must be from one hour to %d days long",
                       (int)(REVIEW_LONGEST / 86400));
    r->before = r->alone ? r->since : r->since - length;
    r->step = length > 3 * 86400 ? 86400 : 3600;
    room = (size_t)(length / r->step) + 3;
    r->starts = ARENA_ARRAY(r->arena, int64_t, room);
    r->moments = ARENA_ARRAY(r->arena, int64_t, room);
    for (int64_t at = r->since; r->moments && at < r->until && r->points < room; at += 3600) {
        int64_t wall = r->step == 3600 ? r->wall(r->clock, at) : floor_to(r->wall(r->clock, at), r->step);
        if (wall == last && r->step > 3600)
            continue;
        r->starts[r->points] = at;
        r->moments[r->points++] = last = wall;
    }
    r->all.days = ARENA_ARRAY(r->arena, struct review_day, r->points);
    if (!r->all.days)
        return err_set(err, ERR_SYSTEM, "out of memory");
    return 0;
}

static struct review_day *day_of(const struct review *r, struct review_day *days, int64_t hour)
{
    size_t low = 0, high = r->points;

    if (hour < r->since || !days)
        return NULL;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(r->starts[middle] <= hour ? &low : &high) = middle;
    }
    return &days[low];
}

/* ---- names ---- */

static void *room_for(struct review *r, size_t size)
{
    void *p = r->groups < REVIEW_GROUPS_MAX ? arena_alloc(r->arena, size) : NULL;

    r->groups++;
    r->full = r->full || !p;
    return p;
}

static struct review_offer *offer_named(struct review *r, struct slice name)
{
    struct review_offer **at = &r->offers, *o;

    if (r->latest && slice_eq(r->latest->name, name))
        return r->latest;
    while (*at && slice_cmp((*at)->name, name) < 0)
        at = &(*at)->next;
    if (*at && slice_eq((*at)->name, name))
        return r->latest = *at;
    o = room_for(r, sizeof(*o));
    if (!o)
        return NULL;
    o->name = arena_dup(r->arena, name);
    o->days = ARENA_ARRAY(r->arena, struct review_day, r->points);
    o->next = *at;
    return r->latest = *at = o;
}

static struct review_event *event_named(struct review *r, struct review_offer *o, struct slice name)
{
    struct review_event **at = &o->events, *e;

    while (*at && slice_cmp((*at)->name, name) < 0)
        at = &(*at)->next;
    if (*at && slice_eq((*at)->name, name))
        return *at;
    e = room_for(r, sizeof(*e));
    if (!e)
        return NULL;
    e->name = arena_dup(r->arena, name);
    e->days = ARENA_ARRAY(r->arena, struct review_day, r->points);
    e->next = *at;
    return *at = e;
}

static struct review_named *code_named(struct review *r, struct review_named **at, struct slice name, int64_t slot)
{
    struct review_named *n;

    for (; *at; at = &(*at)->next)
        if ((*at)->slot == (int)slot && slice_eq((*at)->name, name))
            return *at;
    n = room_for(r, sizeof(*n));
    if (!n)
        return NULL;
    n->name = arena_dup(r->arena, name);
    n->slot = (int)slot;
    return *at = n;
}

static struct review_answer *answer_named(struct review *r, struct review_answer **at, struct slice name)
{
    struct review_answer *a;

    for (; *at; at = &(*at)->next)
        if (slice_eq((*at)->name, name))
            return *at;
    a = room_for(r, sizeof(*a));
    if (!a)
        return NULL;
    a->name = arena_dup(r->arena, name);
    return *at = a;
}

static struct review_money *money_named(struct review *r, struct review_money **at, int64_t slot)
{
    char name[4] = { (char)(slot >> 16 & 0xff), (char)(slot >> 8 & 0xff), (char)(slot & 0xff), 0 };
    struct review_money *m;

    while (*at && memcmp((*at)->currency, name, 4) < 0)
        at = &(*at)->next;
    if (*at && memcmp((*at)->currency, name, 4) == 0)
        return *at;
    m = room_for(r, sizeof(*m));
    if (!m)
        return NULL;
    memcpy(m->currency, name, 4);
    m->next = *at;
    return *at = m;
}

/* ---- one count ---- */

/* States of events as slots: of all that were put, or of an attempt after which it waits again. */
enum { PUT = 1, DELIVERED = 3, DEAD, WITHDRAWN };

struct adding {
    struct review *r;
    const struct review_count *c;
    struct review_offer *offer; /* `all`, or its own */
    int when;
};

static bool slot_in(const struct adding *a, int64_t first, int64_t end)
{
    return a->c->slot >= first && a->c->slot < end;
}

static void add_clicks(struct adding *a)
{
    struct review_day *day = day_of(a->r, a->offer->days, a->c->hour);

    add(a->c->slot == 1 ? &a->offer->ttclid[a->when] : &a->offer->clicks[a->when], a->c->n);
    if (day && a->c->slot == 0)
        add(&day->clicks, a->c->n);
}

static void add_postbacks(struct adding *a)
{
    struct review_day *day = day_of(a->r, a->offer->days, a->c->hour);

    if (!slot_in(a, 1, REVIEW_VERDICTS))
        return;
    add(&a->offer->verdicts[a->when][0], a->c->n);
    add(&a->offer->verdicts[a->when][a->c->slot], a->c->n);
    if (day)
        add(&day->verdicts[a->c->slot], a->c->n);
}

static void add_code(struct adding *a)
{
    struct review_named **list = a->c->kind == REVIEW_REASONS ? &a->offer->reasons : &a->offer->warnings;
    struct review_named *n = code_named(a->r, list, a->c->name, a->c->slot);

    if (n)
        add(&n->n[a->when], a->c->n);
}

static void add_answer(struct adding *a)
{
    struct review_answer *n = answer_named(a->r, &a->offer->answers, a->c->name);

    if (n && a->c->slot == DELIVERED)
        add(&n->delivered[a->when], a->c->n);
    else if (n && (a->c->slot == PUT || a->c->slot == DEAD))
        add(&(a->c->slot == DEAD ? n->dead : n->again)[a->when], a->c->n);
}

static void add_flow(struct review *r, const struct review_count *c, struct review_flow *f,
                     struct review_day *day)
{
    int64_t *const states[] = { [PUT] = &f->put, [DELIVERED] = &f->delivered, [DEAD] = &f->dead,
                                [WITHDRAWN] = &f->withdrawn };

    if (c->kind == REVIEW_EVENTS && (c->slot == PUT || (c->slot >= DELIVERED && c->slot <= WITHDRAWN))) {
        add(states[c->slot], c->n);
        if (c->hour + 2 * 3600 <= r->until)
            add(&f->late, c->slot == PUT ? c->n : -c->n);
        if (day) {
            int64_t *const of_day[] = { [PUT] = &day->put, [DELIVERED] = &day->delivered, [DEAD] = &day->dead,
                                        [WITHDRAWN] = &day->withdrawn };
            add(of_day[c->slot], c->n);
        }
    } else if (c->kind == REVIEW_VALUED) {
        add(c->slot ? &f->valued : &f->unvalued, c->n);
        if (day)
            add(c->slot ? &day->valued : &day->unvalued, c->n);
    } else if (c->kind == REVIEW_LATENCY && c->slot >= 0 && c->slot < REVIEW_BUCKETS) {
        add(&f->latency[c->slot], c->n);
        if (day)
            add(&day->latency[c->slot], c->n);
    } else if (c->kind == REVIEW_KEYS && c->slot >= 0 && c->slot < REVIEW_KEYS_MAX) {
        add(&f->keys[c->slot], c->n);
    }
}

static void add_money(struct review *r, const struct review_count *c, struct review_money **list, int when)
{
    struct review_money *m = money_named(r, list, c->slot);

    if (m)
        add(&(c->kind == REVIEW_VALUES ? m->sent : m->original)[when], c->n);
}

static void add_event(struct adding *a)
{
    const struct review_count *c = a->c;
    bool own = a->offer != &a->r->all, money = c->kind == REVIEW_VALUES || c->kind == REVIEW_ORIGINALS;
    struct review_event *e = own ? event_named(a->r, a->offer, c->name) : NULL;

    if (money) {
        add_money(a->r, c, &a->offer->money, a->when);
        if (e)
            add_money(a->r, c, &e->money, a->when);
        return;
    }
    add_flow(a->r, c, &a->offer->flow[a->when], day_of(a->r, a->offer->days, c->hour));
    if (e)
        add_flow(a->r, c, &e->flow[a->when], day_of(a->r, e->days, c->hour));
}

void review_add(struct review *r, const struct review_count *c)
{
    static void (*const ways[])(struct adding *) = {
        [REVIEW_CLICKS] = add_clicks, [REVIEW_POSTBACKS] = add_postbacks, [REVIEW_REASONS] = add_code,
        [REVIEW_WARNINGS] = add_code, [REVIEW_EVENTS] = add_event,        [REVIEW_LATENCY] = add_event,
        [REVIEW_VALUED] = add_event,  [REVIEW_VALUES] = add_event,        [REVIEW_ORIGINALS] = add_event,
        [REVIEW_KEYS] = add_event,    [REVIEW_ANSWERS] = add_answer,
    };
    struct adding a = { .r = r, .c = c, .offer = &r->all };

    if (r->full || c->hour < r->before || c->hour >= r->until || (r->only.len && !slice_eq(r->only, c->offer)) ||
        (size_t)c->kind >= sizeof(ways) / sizeof(*ways) || !ways[c->kind])
        return;
    a.when = c->hour >= r->since ? REVIEW_NOW : REVIEW_BEFORE;
    ways[c->kind](&a);
    a.offer = offer_named(r, c->offer);
    if (a.offer)
        ways[c->kind](&a);
}

int review_end(struct review *r, struct err *err)
{
    if (r->full && r->groups >= REVIEW_GROUPS_MAX)
        return err_set(err, ERR_SYSTEM, "there are more than %d offers and events: name one with --offer",
                       REVIEW_GROUPS_MAX);
    review_order(&r->all);
    for (struct review_offer *o = r->offers; o; o = o->next)
        review_order(o);
    review_judge(r);
    if (r->full || r->arena->full)
        return err_set(err, ERR_SYSTEM, "out of memory: name an offer, or a shorter period");
    return 0;
}
