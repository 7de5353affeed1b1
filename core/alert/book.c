#include "core/alert/book.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/arena.h"

struct alert_book *alert_book_open(void)
{
    struct alert_book *b = calloc(1, sizeof(*b));

    if (b) {
        b->active = calloc(ALERT_ACTIVE_MAX, sizeof(*b->active));
        b->past = calloc(ALERT_PAST_MAX, sizeof(*b->past));
    }
    if (b && b->active && b->past)
        return b;
    memory_ran_out();
    alert_book_close(b);
    return NULL;
}

void alert_book_close(struct alert_book *b)
{
    if (!b)
        return;
    free(b->active);
    free(b->past);
    free(b);
}

static struct alert_entry *entry_of(struct alert_book *b, const struct alert_finding *f)
{
    for (size_t i = 0; i < b->active_count; i++) {
        struct alert_entry *e = &b->active[i];
        if (e->rule == f->rule && strcmp(e->offer, f->offer) == 0 && strcmp(e->event, f->event) == 0)
            return e;
    }
    return NULL;
}

void alert_book_found(struct alert_book *b, const struct alert_finding *f, int64_t now)
{
    struct alert_entry *e = entry_of(b, f);

    if (e)
        e->newest = f->mark;
    if (!f->bad)
        return;
    if (!e && b->active_count == ALERT_ACTIVE_MAX) {
        b->dropped++;
        return;
    }
    if (!e) {
        e = &b->active[b->active_count++];
        *e = (struct alert_entry){ .rule = f->rule, .since = now, .mark = f->mark, .newest = f->mark };
        memcpy(e->offer, f->offer, sizeof(e->offer));
        memcpy(e->event, f->event, sizeof(e->event));
    }
    e->severe = f->severe;
    e->last = now;
    memcpy(e->text, f->text, sizeof(e->text));
}

void alert_book_divergence(struct alert_book *b, const struct alert_divergence *d)
{
    size_t i = 0;

    while (i < b->divergence_count &&
           (strcmp(b->divergences[i].offer, d->offer) != 0 || strcmp(b->divergences[i].with, d->with) != 0))
        i++;
    if (i == ALERT_DIVERGENCES_MAX) { /* the oldest goes */
        i = 0;
        for (size_t k = 1; k < ALERT_DIVERGENCES_MAX; k++)
            if (b->divergences[k].at < b->divergences[i].at)
                i = k;
    }
    if (i == b->divergence_count)
        b->divergence_count++;
    b->divergences[i] = *d;
}

/* ---- the end of a look ---- */

static void tell(const struct alert_entry *e, enum alert_kind kind, int64_t now, alert_say *say, void *context)
{
    const struct alert_message m = { .kind = kind, .entry = e, .at = now };

    say(context, &m);
}

static void remember(struct alert_book *b, const struct alert_entry *e)
{
    if (b->past_count == ALERT_PAST_MAX) {
        memmove(b->past, b->past + 1, (ALERT_PAST_MAX - 1) * sizeof(*b->past));
        b->past_count--;
    }
    b->past[b->past_count++] = *e;
}

/* Not found at this look: is it over?  A flatline is when an event has come; when nothing can be said any more
 * (no clicks either) for a day, it is over as well. */
static bool is_over(const struct alert_entry *e, int64_t now)
{
    int64_t calm = alert_rules[e->rule].hold > ALERT_CALM ? alert_rules[e->rule].hold : ALERT_CALM;

    if (!e->firing)
        return true;
    if (e->mark)
        return e->newest > e->mark || now - e->last >= ALERT_EXPIRES;
    return now - e->last >= calm || (alert_rules[e->rule].unit == ALERT_SWITCH && e->rule != ALERT_PIXEL);
}

static bool is_mute(const struct alert_entry *e, const struct alert_manner *how)
{
    return how->mute && alert_rules[e->rule].shared;
}

/* Found at this look. */
static void go_on(struct alert_entry *e, int64_t now, const struct alert_manner *how, alert_say *say,
                  void *context)
{
    if (!e->firing && now - e->since < alert_rules[e->rule].hold)
        return;
    e->firing = true;
    if (is_mute(e, how))
        return;
    if (how->quiet && !e->severe) {
        e->held |= !e->told;
        return;
    }
    if (!e->told || (how->remind && now - e->told >= how->remind)) {
        tell(e, e->told ? ALERT_REMINDED : ALERT_FIRED, now, say, context);
        e->told = now;
        e->held = false;
    }
}

/* What was held back, in one message. */
static void sum_up(struct alert_book *b, int64_t now, alert_say *say, void *context)
{
    struct alert_message m = { .kind = ALERT_SUMMARY, .at = now };
    struct buf text = { .limit = 8000 };
    unsigned lines = 0;

    for (size_t i = 0; i < b->past_count + b->active_count; i++) {
        struct alert_entry *e = i < b->past_count ? &b->past[i] : &b->active[i - b->past_count];
        if (!e->held || !(e->firing || e->until))
            continue;
        e->held = false;
        if (!e->until)
            e->told = now;
        if (text.len > 6000)
            continue;
        buf_printf(&text, "%s%s %s%s%s%s", lines++ ? "\n" : "", alert_rules[e->rule].code, e->offer,
                   e->offer[0] ? ": " : "", e->text, e->until ? " (over by now)" : "");
    }
    m.text = buf_slice(&text);
    if (lines && buf_ok(&text))
        say(context, &m);
    buf_free(&text);
}

static void not_after(int64_t *moment, int64_t now)
{
    *moment = *moment > now ? now : *moment;
}

/* The clock was set back: what was found later than now was not found by this look. */
static void went_back(struct alert_entry *e, int64_t now)
{
    e->last = e->last > now ? now - 1 : e->last;
    not_after(&e->since, now);
    not_after(&e->told, now);
    not_after(&e->mark, now);
    not_after(&e->newest, now);
}

void alert_book_end(struct alert_book *b, int64_t now, const struct alert_manner *how, alert_say *say,
                    void *context)
{
    size_t kept = 0;

    if (b->was_quiet && !how->quiet)
        sum_up(b, now, say, context);
    b->was_quiet = how->quiet;
    for (size_t i = 0; i < b->active_count; i++) {
        struct alert_entry *e = &b->active[i];
        went_back(e, now);
        if (e->last == now)
            go_on(e, now, how, say, context);
        else if (!(how->blind && alert_rules[e->rule].counts) && is_over(e, now)) {
            if (e->firing) {
                e->until = now;
                if (how->quiet && !e->severe)
                    e->held = !is_mute(e, how);
                else if (e->told && !is_mute(e, how))
                    tell(e, ALERT_RECOVERED, now, say, context);
                remember(b, e);
            }
            continue;
        }
        if (kept != i)
            b->active[kept] = *e;
        kept++;
    }
    b->active_count = kept;
    b->dropped = 0;
}

/* ---- quiet hours ---- */

static bool minute_of(struct slice text, int *out)
{
    uint64_t h, m;

    if (text.len != 5 || text.ptr[2] != ':' || !slice_to_u64(slice_head(text, 2), &h) ||
        !slice_to_u64(slice_from_at(text, 3), &m) || h > 23 || m > 59)
        return false;
    *out = (int)(h * 60 + m);
    return true;
}

bool alert_quiet_parse(struct slice text, int *from, int *until)
{
    struct slice a, b;

    return slice_cut(text, '-', &a, &b) && minute_of(slice_trim(a), from) && minute_of(slice_trim(b), until) &&
           *from != *until;
}

bool alert_is_quiet(int from, int until, int minute)
{
    return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}
