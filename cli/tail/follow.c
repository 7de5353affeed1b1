/* follow.c: what is there, what has come, what has changed. */
#include <stdlib.h>
#include <string.h>

#include "cli/tail/tail.h"

#define PAGE      100 /* postbacks in one read */
#define PAGES     40  /* reads before what was found is written */
#define OLDER     200 /* reads of some ten thousand rows back into the past, at most */
#define LOOKED_AT 128 /* awaited events in one round */

static bool fits(const struct tailing *t, const struct store_postback *pb)
{
    const struct store_latest *w = &t->what;

    return (!w->offer.len || slice_eq(w->offer, pb->offer)) &&
           (!w->tracker.len || slice_eq(w->tracker, pb->tracker)) &&
           (!w->stage.len || slice_eq(w->stage, pb->stage)) && (!w->verdict || w->verdict == pb->verdict);
}

/* ---- one conversion ---- */

static bool is_done(const struct store_event *ev)
{
    return ev->state != STORE_WAITING && ev->state != STORE_SENDING;
}

/* The oldest makes room. */
static void await(struct tailing *t, const struct store_event *ev)
{
    if (t->open_count == TAIL_OPEN) {
        memmove(t->open, t->open + 1, (TAIL_OPEN - 1) * sizeof(*t->open));
        t->open_count--;
    }
    t->open[t->open_count++] = (struct tail_awaited){ ev->id, ev->attempts };
}

static bool is_named(const struct tailing *t, const struct store_event *ev)
{
    return !t->event.len || slice_eq(ev->event, t->event);
}

static bool is_meant(const struct tailing *t, const struct store_event *ev)
{
    return is_named(t, ev) && (!t->what.states || (t->what.states & STORE_IN(ev->state)));
}

/* With --event and --state only what has such an event. */
static bool has_event(const struct tailing *t, const struct row_event *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_meant(t, list[i].event))
            return true;
    return !t->event.len && !t->what.states;
}

static void tell_json(struct tailing *t, const struct store_postback *pb, const struct row_event *list, size_t count)
{
    row_json(&t->out, pb, list, count);
    buf_byte(&t->out, '\n');
}

static int tell(struct tailing *t, const struct store_postback *pb, struct err *err)
{
    struct row_event *list = NULL;
    size_t count = 0;
    bool shown;

    if (row_events(t->store.store, pb, &t->arena, &list, &count, err) != 0)
        return -1;
    shown = has_event(t, list, count);
    if (shown && t->json)
        tell_json(t, pb, list, count);
    else if (shown)
        tail_postback(&t->out, pb, &t->look);
    for (size_t i = 0; i < count; i++) {
        if (shown && !t->json && (is_done(list[i].event) || list[i].last))
            tail_event(&t->out, &list[i], &t->look);
        if (!is_done(list[i].event) && (shown || (t->what.states && is_named(t, list[i].event))))
            await(t, list[i].event); /* it may become what --state wants */
    }
    return 0;
}

/* An event that has changed. */
static int tell_again(struct tailing *t, const struct store_event *ev, struct err *err)
{
    struct row_event one, *list = NULL;
    struct store_postback pb;
    size_t count = 0;
    bool whole = t->json || (t->what.states && is_done(ev)); /* its conversion was not told before */
    int rc = 0;

    if (!is_meant(t, ev) && t->what.states)
        return 0;
    if (whole && (rc = store_get_postback(t->store.store, ev->postback_id, &t->arena, &pb, err)) < 0)
        return -1;
    if (rc == 1 && !t->json)
        tail_postback(&t->out, &pb, &t->look);
    if (!t->json) {
        if (row_last_attempt(t->store.store, ev, &t->arena, &one, err) != 0)
            return -1;
        tail_event(&t->out, &one, &t->look);
    } else if (rc == 1) {
        if (row_events(t->store.store, &pb, &t->arena, &list, &count, err) != 0)
            return -1;
        tell_json(t, &pb, list, count);
    }
    return 0;
}

/* ---- the past ---- */

/* The ids of the last ones that fit, newest first; with --event those that may. */
static int past_ids(struct tailing *t, int64_t *ids, size_t max, size_t *found, struct err *err)
{
    struct store_latest what = t->what;
    struct store_postback *list = NULL, *pb;
    int64_t next = store_cursor_top(t->at.postback) + 1, *place;
    size_t count, events;
    struct row_event *of;

    for (int i = 0; next && *found < max && i < OLDER; i++) {
        arena_reset(&t->page);
        what.before = next;
        if (store_list_latest(t->store.store, &what, PAGE, &t->page, &list, &count, &next, err) != 0)
            return -1;
        for (pb = list; pb < list + count && *found < max; pb++) {
            arena_reset(&t->arena);
            place = store_cursor_place(t->store.store, &t->at, pb->id);
            if (place && pb->id > *place) /* it has come since: it is told as news */
                continue;
            if (t->event.len && row_events(t->store.store, pb, &t->arena, &of, &events, err) != 0)
                return -1;
            if (!t->event.len || has_event(t, of, events))
                ids[(*found)++] = pb->id;
        }
    }
    return 0;
}

static int tell_id(struct tailing *t, int64_t id, struct err *err)
{
    struct store_postback pb;
    int rc;

    arena_reset(&t->arena);
    rc = store_get_postback(t->store.store, id, &t->arena, &pb, err);
    return rc == 1 ? tell(t, &pb, err) : rc;
}

int tail_past(struct tailing *t, size_t max, struct err *err)
{
    size_t found = 0;
    int64_t *ids = malloc((max + 1) * sizeof(*ids));
    int rc = ids ? store_cursor_newest(t->store.store, &t->at, err) : err_set(err, ERR_SYSTEM, "out of memory");

    if (rc == 0 && max)
        rc = past_ids(t, ids, max, &found, err);
    while (rc == 0 && found > 0) {
        rc = tell_id(t, ids[--found], err);
        if (rc == 0 && t->out.len > (1 << 16)) {
            rc = live_write("tail", &t->out) ? 0 : 1;
            buf_clear(&t->out);
        }
    }
    free(ids);
    return rc;
}

/* ---- the present ---- */

/* What has come since the last look; 1: there is more. */
static int news(struct tailing *t, struct err *err)
{
    struct store_postback *list = NULL;
    size_t count = 0;
    struct store_cursor at = t->at;
    int64_t *place;

    arena_reset(&t->page);
    if (store_news(t->store.store, &at, PAGE, &t->page, &list, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        arena_reset(&t->arena);
        if (fits(t, &list[i]) && tell(t, &list[i], err) != 0)
            return -1;
        if ((place = store_cursor_place(t->store.store, &t->at, list[i].id)))
            *place = list[i].id;
    }
    t->at = at;
    return count == PAGE;
}

/* Some of the events that are awaited, in turn. */
static int changes(struct tailing *t, struct err *err)
{
    size_t round = t->open_count < LOOKED_AT ? t->open_count : LOOKED_AT;

    for (; round > 0 && t->open_count > 0; round--) {
        struct tail_awaited *a;
        struct store_event ev;
        int rc;
        if (t->next_open >= t->open_count)
            t->next_open = 0;
        a = &t->open[t->next_open];
        arena_reset(&t->arena);
        rc = store_get_event(t->store.store, a->id, &t->arena, &ev, err);
        if (rc < 0)
            return -1;
        if (rc == 1 && (is_done(&ev) || ev.attempts != a->attempts) && tell_again(t, &ev, err) != 0)
            return -1;
        if (rc == 0 || is_done(&ev)) {
            memmove(a, a + 1, (size_t)(t->open + t->open_count - a - 1) * sizeof(*a));
            t->open_count--;
        } else {
            a->attempts = ev.attempts;
            t->next_open++;
        }
    }
    return 0;
}

/* After the store was opened anew: another one may lie there. */
static int same_store(struct tailing *t, struct err *err)
{
    struct store_cursor at;

    if (store_cursor_newest(t->store.store, &at, err) != 0)
        return -1;
    if (store_cursor_top(at.postback) < store_cursor_top(t->at.postback)) {
        t->at = at;
        t->open_count = 0;
    }
    return 0;
}

void tail_round(struct tailing *t)
{
    const struct store *before = t->store.store;
    uint64_t file = t->store.file;
    struct err err = { 0 };
    int rc = 0;

    if (!live_store_open(&t->store))
        return;
    if (!before || file != t->store.file)
        rc = same_store(t, &err);
    for (int i = 0; i < PAGES && rc >= 0; i++)
        if ((rc = news(t, &err)) != 1)
            break;
    if (rc >= 0)
        rc = changes(t, &err);
    if (rc < 0)
        live_failed(&t->store, &err);
    else
        live_well(&t->store);
}
