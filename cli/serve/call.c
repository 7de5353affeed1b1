#include "cli/serve/call.h"

#include "cli/serve/clock.h"

#define AWAY_AGAIN_MS 1000
#define WAIT_MOST_MS (INT64_C(25) * 3600 * 1000) /* a Retry-After is at most a day */

static int do_take(struct call *c, struct store *store, struct arena *arena, int64_t now)
{
    struct store_event *list;
    struct store_due *due;
    size_t count, pixels;

    if (clock_away()) { /* how old an unknown outcome is can't be told: soon it can */
        *c->next_due = now + AWAY_AGAIN_MS;
        c->batch->count = 0;
        return 0;
    }
    if (store_take(store, c->pixel, now, now - INTAKE_GIVE_UP_MS, c->max, &c->batch->arena,
                   &list, &count, c->err) != 0)
        return -1;
    c->batch->count = count;
    c->batch->events = ARENA_ARRAY(&c->batch->arena, struct sender_event, count);
    if (count && !c->batch->events)
        return err_set(c->err, ERR_BUSY, "out of memory for a batch");
    for (size_t i = 0; i < count; i++)
        c->batch->events[i] =
            (struct sender_event){ list[i].id, list[i].body, list[i].attempts, list[i].created };
    if (count)
        c->batch->test_code = list[0].test_code;
    *c->next_due = 0;
    if (count || store_shares(store))
        return 0;
    if (store_pixels_due(store, arena, &due, &pixels, c->err) != 0)
        return -1;
    for (size_t i = 0; i < pixels; i++)
        if (slice_eq(due[i].pixel, c->pixel))
            *c->next_due = due[i].due;
    return 0;
}

static int do_report(struct call *c, struct store *store, struct arena *arena, int64_t now)
{
    const struct sender_report *r = c->report;
    struct store_attempt attempt = { .at = r->at, .took_ms = r->took_ms, .pixel = r->pixel,
                                     .http_status = r->http_status, .code = r->code,
                                     .message = r->message, .request_id = r->request_id };
    struct store_outcome *outcomes = ARENA_ARRAY(arena, struct store_outcome, r->count);
    static const enum store_state states[] = { [SENDER_DELIVERED] = STORE_DELIVERED,
                                               [SENDER_RETRY] = STORE_WAITING,
                                               [SENDER_DEAD] = STORE_DEAD };

    if (r->count && !outcomes)
        return err_set(c->err, ERR_BUSY, "out of memory for a report");
    if (attempt.at > now) /* the clock was set back meanwhile */
        attempt.at = now;
    for (size_t i = 0; i < r->count; i++) {
        const struct sender_outcome *o = &r->outcomes[i];
        outcomes[i] = (struct store_outcome){ o->id, states[o->result],
                                              o->in_turn                      ? 0
                                              : o->due > now + WAIT_MOST_MS ? now
                                                                            : o->due,
                                              o->unknown, o->note };
    }
    return store_report(store, &attempt, outcomes, r->count, c->err);
}

int call_run(struct call *c, struct store *store, struct arena *arena, int64_t now)
{
    return (c->is_report ? do_report : do_take)(c, store, arena, now);
}
