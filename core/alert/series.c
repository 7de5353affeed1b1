#include "core/alert/series.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"

#define LOOK_GAP 3600 /* s between two looks, which come once a minute */

static size_t slot(int64_t hour)
{
    return (size_t)(hour % ALERT_HOURS);
}

static bool is_kept(const struct alert_series *s, int64_t hour)
{
    return hour > 0 && hour <= s->hour && hour > s->hour - ALERT_HOURS;
}

struct alert_series *alert_series_open(void)
{
    struct alert_series *s = calloc(1, sizeof(*s));

    if (!s)
        memory_ran_out();
    return s;
}

static void forget_all(struct alert_series *s)
{
    for (size_t i = 0; i < s->offer_count; i++) {
        for (size_t j = 0; j < s->offers[i]->event_count; j++)
            free(s->offers[i]->events[j]);
        free(s->offers[i]);
    }
    s->offer_count = 0;
    s->last = NULL;
    s->looked = 0;
    memset(s->latency, 0, sizeof(s->latency));
}

void alert_series_close(struct alert_series *s)
{
    if (!s)
        return;
    forget_all(s);
    free(s->offers);
    free(s);
}

/* ---- offers and events by name ---- */

/* Where the name stands, or would. */
static size_t place_of(const struct alert_series *s, struct slice name, bool *there)
{
    size_t low = 0, high = s->offer_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = slice_cmp(slice_from(s->offers[mid]->name), name);
        if (order == 0) {
            *there = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *there = false;
    return low;
}

static bool make_room(struct alert_series *s)
{
    size_t room = s->offer_room ? 2 * s->offer_room : 16;
    struct alert_offer **more;

    if (s->offer_count < s->offer_room)
        return true;
    if (s->offer_count >= ALERT_OFFERS_MAX)
        return false;
    more = realloc(s->offers, room * sizeof(struct alert_offer *));
    if (!more)
        return false;
    s->offers = more;
    s->offer_room = room;
    return true;
}

static void set_name(char to[ALERT_NAME], struct slice from)
{
    memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
}

static struct alert_offer *offer_of(struct alert_series *s, struct slice name)
{
    struct alert_offer *o;
    bool there;
    size_t at;

    if (s->last && slice_eq(slice_from(s->last->name), name))
        return s->last;
    if (name.len == 0 || name.len >= ALERT_NAME || memchr(name.ptr, '\0', name.len))
        return NULL;
    at = place_of(s, name, &there);
    if (there)
        return s->last = s->offers[at];
    o = make_room(s) ? calloc(1, sizeof(*o)) : NULL;
    if (!o) {
        s->lacked = true;
        return NULL;
    }
    set_name(o->name, name);
    for (size_t i = 0; i < ALERT_SHARES; i++)
        o->usual[i] = -1;
    memmove(s->offers + at + 1, s->offers + at, (s->offer_count - at) * sizeof(struct alert_offer *));
    s->offers[at] = o;
    s->offer_count++;
    return s->last = o;
}

static struct alert_event *event_of(struct alert_series *s, struct alert_offer *o, struct slice name)
{
    struct alert_event *e;

    for (size_t i = 0; o && i < o->event_count; i++)
        if (slice_eq(slice_from(o->events[i]->name), name))
            return o->events[i];
    if (!o || name.len == 0 || name.len >= ALERT_NAME || memchr(name.ptr, '\0', name.len))
        return NULL;
    e = o->event_count < ALERT_EVENTS_MAX ? calloc(1, sizeof(*e)) : NULL;
    if (!e) {
        s->lacked = true;
        return NULL;
    }
    set_name(e->name, name);
    for (size_t i = 0; i < ALERT_SHARES; i++)
        e->usual[i] = -1;
    return o->events[o->event_count++] = e;
}

/* ---- hours ---- */

static void zero_hour(struct alert_series *s, int64_t hour, size_t counts)
{
    for (size_t i = 0; i < s->offer_count; i++) {
        struct alert_offer *o = s->offers[i];
        for (size_t c = 0; c < counts; c++)
            o->n[c][slot(hour)] = 0;
        for (size_t j = 0; j < o->event_count; j++)
            for (size_t c = 0; c < ALERT_EVENT_COUNTS; c++)
                o->events[j]->n[c][slot(hour)] = 0;
    }
    for (size_t b = 0; b < ALERT_LATENCIES; b++)
        s->latency[b][hour % ALERT_LATENCY_HOURS] = 0;
}

bool alert_series_turn(struct alert_series *s, int64_t hour)
{
    int64_t from = s->hour + 1;

    if (hour < s->hour - 1) {
        forget_all(s);
        s->hour = hour;
        return false;
    }
    if (hour <= s->hour)
        return true;
    if (from <= hour - ALERT_HOURS)
        from = hour - ALERT_HOURS + 1;
    for (int64_t h = from; s->hour && h <= hour; h++)
        zero_hour(s, h, ALERT_COUNTS);
    s->hour = hour;
    return true;
}

void alert_series_clear(struct alert_series *s, int64_t hour)
{
    uint32_t kept[ALERT_LATENCIES];

    if (!is_kept(s, hour))
        return;
    for (size_t b = 0; b < ALERT_LATENCIES; b++)
        kept[b] = s->latency[b][hour % ALERT_LATENCY_HOURS];
    zero_hour(s, hour, ALERT_STORED);
    for (size_t b = 0; hour <= s->hour - ALERT_LATENCY_HOURS && b < ALERT_LATENCIES; b++)
        s->latency[b][hour % ALERT_LATENCY_HOURS] = kept[b]; /* a younger hour's */
}

static void add(uint32_t *to, int64_t n)
{
    int64_t sum = (int64_t)*to + (n > UINT32_MAX ? UINT32_MAX : n);

    *to = sum < 0 ? 0 : sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

void alert_series_add(struct alert_series *s, int64_t hour, struct slice offer, enum alert_count what,
                      int64_t n)
{
    struct alert_offer *o = is_kept(s, hour) ? offer_of(s, offer) : NULL;

    if (!o)
        return;
    add(&o->n[what][slot(hour)], n);
    if (n > 0 && (!o->first_hour || hour < o->first_hour))
        o->first_hour = hour;
}

void alert_series_add_event(struct alert_series *s, int64_t hour, struct slice offer, struct slice event,
                            enum alert_event_count what, int64_t n)
{
    struct alert_event *e = is_kept(s, hour) ? event_of(s, offer_of(s, offer), event) : NULL;

    if (e)
        add(&e->n[what][slot(hour)], n);
}

void alert_series_add_latency(struct alert_series *s, int64_t hour, int bucket, int64_t n)
{
    if (hour <= s->hour && hour > s->hour - ALERT_LATENCY_HOURS && bucket >= 0 && bucket < ALERT_LATENCIES)
        add(&s->latency[bucket][hour % ALERT_LATENCY_HOURS], n);
}

uint64_t alert_sum(const uint32_t n[ALERT_HOURS], const struct alert_series *s, int64_t from, int64_t to)
{
    uint64_t sum = 0;

    if (from <= s->hour - ALERT_HOURS)
        from = s->hour - ALERT_HOURS + 1;
    for (int64_t h = from < 1 ? 1 : from; h <= to && h <= s->hour; h++)
        sum += n[slot(h)];
    return sum;
}

/* ---- the newest event ---- */

/* At the first look the hour of the newest is known, not its minute: its end is taken, so that nothing is
 * told too early. */
static void first_look(const struct alert_series *s, const struct alert_offer *o, struct alert_event *e,
                       int64_t now)
{
    int64_t hour = s->hour;

    while (hour > s->hour - ALERT_HOURS && hour > 0 && e->n[ALERT_N_PUT][slot(hour)] == 0)
        hour--;
    if (hour <= 0 || hour == s->hour - ALERT_HOURS)
        return;
    if (e->last / 3600 != hour) /* no alert of an earlier run knows better */
        e->last = hour == s->hour ? now : (hour + 1) * 3600;
    e->clicks_then = o->n[ALERT_N_CLICKS][slot(hour)];
}

static void look(const struct alert_series *s, const struct alert_offer *o, struct alert_event *e,
                 int64_t now)
{
    uint32_t present = e->n[ALERT_N_PUT][slot(s->hour)];
    uint32_t before = e->n[ALERT_N_PUT][slot(s->hour - 1)];

    if (e->seen_hour == 0)
        first_look(s, o, e, now);
    else if (e->seen_hour == s->hour ? present > e->seen
                                     : present > 0 || (e->seen_hour == s->hour - 1 && before > e->seen)) {
        e->last = now;
        e->clicks_then = o->n[ALERT_N_CLICKS][slot(s->hour)];
    }
    e->seen_hour = s->hour;
    e->seen = present;
}

/* Nobody could come in a time that has not been: the clock was set ahead, or the machine slept. */
static void leave_out(const struct alert_offer *o, struct alert_event *e, int64_t gap, int64_t now)
{
    if (!e->last)
        return;
    e->last = e->last + gap < now ? e->last + gap : now;
    e->clicks_then = o->n[ALERT_N_CLICKS][slot(e->last / 3600)];
}

void alert_series_look(struct alert_series *s, int64_t now)
{
    int64_t gap = s->looked ? now - s->looked : 0;

    for (size_t i = 0; i < s->offer_count; i++)
        for (size_t j = 0; j < s->offers[i]->event_count; j++) {
            if (gap > LOOK_GAP)
                leave_out(s->offers[i], s->offers[i]->events[j], gap, now);
            look(s, s->offers[i], s->offers[i]->events[j], now);
        }
    s->looked = now;
}

void alert_series_mark(struct alert_series *s, struct slice offer, struct slice event, int64_t last)
{
    bool there;
    size_t at = place_of(s, offer, &there);
    struct alert_offer *o = there ? s->offers[at] : NULL;

    for (size_t i = 0; o && i < o->event_count; i++)
        if (slice_eq(slice_from(o->events[i]->name), event) && o->events[i]->seen_hour == 0)
            o->events[i]->last = last;
}

uint64_t alert_clicks_since(const struct alert_series *s, const struct alert_offer *o,
                            const struct alert_event *e)
{
    int64_t hour = e->last / 3600;
    uint64_t sum;

    if (e->last % 3600 == 0) /* the end of an hour, of which all is before it */
        hour--;
    sum = alert_sum(o->n[ALERT_N_CLICKS], s, hour, s->hour);
    return sum > e->clicks_then ? sum - e->clicks_then : 0;
}
