/* alerts_read.c: the store's tallies into the series: at the start four weeks, a day at a time; then each minute the
 * hours that still change. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "adapters/store/tally.h"
#include "cli/serve/admin.h"
#include "cli/serve/alerts_internal.h"
#include "cli/serve/log.h"
#include "core/alert/learn.h"

#define DAY 86400
#define CHANGING 3  /* hours that are read each minute: what waits may be delivered, a replay may move it */
#define LATE 26     /* and once an hour */
#define BUDGET_NS 100000000 /* of a second, at the start */

static int one_tally(void *context, const struct store_tally *t, struct err *err)
{
    static const enum alert_count verdicts[] = {
        [STORE_QUEUED] = ALERT_N_QUEUED, [STORE_DUPLICATE] = ALERT_N_DUPLICATE,
        [STORE_IGNORED] = ALERT_N_IGNORED, [STORE_QUARANTINED] = ALERT_N_QUARANTINED
    };
    struct alert_series *s = context;
    int64_t hour = t->hour / 3600;

    (void)err;
    if (t->kind == TALLY_CLICKS && t->slot == 0)
        alert_series_add(s, hour, t->offer, ALERT_N_CLICKS, t->n);
    else if (t->kind == TALLY_POSTBACKS && t->slot >= STORE_QUEUED && t->slot <= STORE_QUARANTINED)
        alert_series_add(s, hour, t->offer, verdicts[t->slot], t->n);
    else if (t->kind == TALLY_EVENTS && t->slot == STORE_WAITING)
        alert_series_add_event(s, hour, t->offer, t->name, ALERT_N_PUT, t->n);
    else if (t->kind == TALLY_EVENTS && t->slot == STORE_DELIVERED)
        alert_series_add_event(s, hour, t->offer, t->name, ALERT_N_DELIVERED, t->n);
    else if (t->kind == TALLY_EVENTS && t->slot == STORE_DEAD)
        alert_series_add_event(s, hour, t->offer, t->name, ALERT_N_DEAD, t->n);
    else if (t->kind == TALLY_VALUED && t->slot == 0)
        alert_series_add_event(s, hour, t->offer, t->name, ALERT_N_UNVALUED, t->n);
    else if (t->kind == TALLY_LATENCY)
        alert_series_add_latency(s, hour, t->slot, t->n);
    return 0;
}

/* The hours [from, until) anew. */
static bool read_hours(struct alerts *a, struct store *reader, int64_t from, int64_t until, int64_t now)
{
    struct err err = { 0 };

    if (a->emptied && a->emptied < from)
        from = a->emptied;
    a->emptied = from;
    for (int64_t h = from; h < until; h += 3600)
        alert_series_clear(a->series, h / 3600);
    if (store_walk_tallies(reader, from, until, (struct slice){ 0 }, one_tally, a->series, &err) == 0) {
        a->emptied = 0;
        return true;
    }
    if (now - a->told_failure >= 3600)
        log_line("warning", "msg=\"alerts: the hourly counts can't be read\" why=\"%s\"", err.text);
    a->told_failure = now - a->told_failure >= 3600 ? now : a->told_failure;
    return false;
}

static bool catch_up(struct alerts *a, struct store *reader, int64_t now)
{
    struct timespec begin, t;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (a->unread < (a->series->hour + 1) * 3600) {
        if (!read_hours(a, reader, a->unread, a->unread + DAY, now))
            return false;
        a->unread += DAY;
        clock_gettime(CLOCK_MONOTONIC, &t);
        if ((t.tv_sec - begin.tv_sec) * 1000000000 + t.tv_nsec - begin.tv_nsec > BUDGET_NS)
            break;
    }
    if (a->unread < (a->series->hour + 1) * 3600)
        return false;
    a->unread = 0;
    return true;
}

/* ---- refusals: only the running server knows them ---- */

static void refusals(void *context, struct slice offer, uint64_t count)
{
    struct alerts *a = context;
    size_t i = 0;

    while (i < a->refused_count && !slice_eq(slice_from(a->refused[i].offer), offer))
        i++;
    if (i == ALERTS_REFUSED_MAX || offer.len >= ALERT_NAME)
        return;
    if (i == a->refused_count) {
        memcpy(a->refused[i].offer, offer.ptr, offer.len);
        a->refused_count++;
    }
    if (count > a->refused[i].count)
        alert_series_add(a->series, a->series->hour, offer, ALERT_N_REFUSED,
                         (int64_t)(count - a->refused[i].count));
    a->refused[i].count = count;
}

/* An alert of an earlier run knows when the newest event came, which the counts only know to the hour. */
static void marks(struct alerts *a)
{
    for (size_t i = 0; i < a->book->active_count; i++) {
        const struct alert_entry *e = &a->book->active[i];
        if (e->rule == ALERT_FLATLINE)
            alert_series_mark(a->series, slice_from(e->offer), slice_from(e->event), e->mark);
    }
    a->marked = true;
}

bool alerts_read(struct alerts *a, struct store *reader, struct admin *admin, int64_t now)
{
    int64_t hour = now / 3600, from;

    if (!alert_series_turn(a->series, hour)) {
        a->unread = (hour - ALERT_HOURS + 1) * 3600;
        a->learned = a->emptied = 0;
        a->marked = false;
    }
    from = (hour - (a->learned == hour ? CHANGING : LATE) + 1) * 3600;
    if (a->unread ? !catch_up(a, reader, now) : !read_hours(a, reader, from, (hour + 1) * 3600, now))
        return false;
    if (admin->refused)
        refused_each(admin->refused, refusals, a);
    if (a->learned != hour)
        alert_learn(a->series);
    a->learned = hour;
    pthread_mutex_lock(&a->lock);
    if (!a->marked)
        marks(a);
    pthread_mutex_unlock(&a->lock);
    alert_series_look(a->series, now);
    return true;
}
