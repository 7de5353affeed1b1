/* dead.c: an event that was given up, or that TikTok did not take, waits once more. */
#include "cli/replay/group.h"
#include "cli/serve/intake.h"
#include "core/base/when.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define USELESS_MS (28 * 24 * HOUR_MS) /* reference: longest click window, attribution manager */

/* "event_time":1790000000 of the body, which we wrote; without one the event's creation. */
static int64_t event_time_ms(const struct store_event *ev)
{
    struct slice key = S("\"event_time\":"), at;
    int64_t seconds;
    size_t n = 0;

    at = slice_from_at(ev->body, slice_find(ev->body, key));
    at = slice_from_at(at, at.len ? key.len : 0);
    while (n < at.len && at.ptr[n] >= '0' && at.ptr[n] <= '9')
        n++;
    if (n == 0 || n > 12 || !slice_to_i64(slice_head(at, n), &seconds))
        return ev->created;
    return seconds * 1000;
}

enum replay_risk replay_risk(const struct store_event *ev, int64_t now_ms)
{
    if (event_time_ms(ev) < now_ms - USELESS_MS)
        return REPLAY_OLD;
    /* What lies ahead has its time of a clock that was wrong: nobody knows how old it is. */
    if (ev->unknown_since &&
        (ev->unknown_since < now_ms - INTAKE_GIVE_UP_MS || ev->unknown_since > now_ms + HOUR_MS))
        return REPLAY_REPEAT;
    return ev->attempts &&
                   (ev->created < now_ms - 48 * HOUR_MS || ev->created > now_ms + HOUR_MS)
               ? REPLAY_REPEAT
               : REPLAY_SAFE;
}

static struct slice source_of(const struct replay_work *w, const struct store_event *ev)
{
    for (size_t i = 0; i < w->catalog->pixel_count; i++)
        if (slice_eq(w->catalog->pixels[i].pixel, ev->pixel))
            return event_source_names[w->catalog->pixels[i].source];
    return (struct slice){ 0 };
}

static void tell(struct replay_work *w, const struct store_event *ev)
{
    struct buf *out = w->out;

    buf_printf(out, "{\"id\":%lld,\"at\":%lld,\"verdict\":\"waiting\"", (long long)ev->id,
               (long long)ev->created);
    replay_member(out, "was", ev->note);
    replay_member(out, "offer", ev->offer);
    replay_member(out, "click_id", ev->click_id);
    buf_puts(out, ",\"events\":[{\"fresh\":true");
    replay_member(out, "pixel", ev->pixel);
    replay_member(out, "event", ev->event);
    replay_member(out, "event_id", ev->event_id);
    replay_member(out, "source", source_of(w, ev));
    replay_member(out, "test_code", ev->test_code);
    buf_printf(out, ",\"micros\":\"%lld\"", (long long)(ev->currency.len ? ev->value : 0));
    replay_member(out, "currency", ev->currency);
    if (w->order->dry)
        replay_member(out, "body", ev->body);
    buf_puts(out, "}]}");
}

static struct slice note_of(struct replay_work *w, const struct store_event *ev)
{
    struct buf when = { .limit = 64 };
    struct slice out, was = ev->note;
    size_t before = slice_find(was, S("; before that: "));

    when_print(&when, w->now_ms / 1000);
    if (before < was.len) /* of an earlier replay: not a chain of them */
        was = slice_from_at(was, before + sizeof("; before that: ") - 1);
    out = arena_printf(&w->arena, "waits again since %.*s, as replay was told; before that: %.*s",
                       SLICE_ARG(buf_slice(&when)), SLICE_ARG(slice_head(was, 600)));
    buf_free(&when);
    return out;
}

int replay_dead_row(struct replay_work *w, int64_t id, struct err *err)
{
    struct store_event ev;
    enum replay_risk risk;
    int rc = store_get_event(w->store, id, &w->arena, &ev, err);

    if (rc < 0)
        return -1;
    if (rc == 0 || ev.state != STORE_DEAD)
        return replay_left(w, id, "it is not dead any more"), 0;
    risk = replay_risk(&ev, w->now_ms);
    if (risk == REPLAY_OLD)
        return replay_left(w, id, "it is older than 28 days, and no click can be credited with it"), 0;
    if (risk == REPLAY_REPEAT && !w->order->anyway)
        return replay_left(w, id, "TikTok may have it, and would count a repeat after 48 hours"), 0;
    tell(w, &ev);
    return store_event_again(w->store, id, w->now_ms, risk == REPLAY_REPEAT, note_of(w, &ev), err) < 0
               ? -1
               : 0;
}
