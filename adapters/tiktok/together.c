#include "adapters/tiktok/together.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/reports.h"

void together_init(struct together *t, const struct sender_host *host)
{
    *t = (struct together){ .host = host, .send_at = PIXEL_NEVER };
}

void together_free(struct together *t)
{
    free(t->gates);
}

/* ---- telling ---- */

static bool has_news(const struct lane *lane)
{
    const struct lane_shared *s = &lane->shared;
    const struct pixel *p = &lane->pixel;

    return s->insist || p->paused != s->paused || p->failures != s->failures || (p->failures && p->gate_until != s->until);
}

/* false: it could not be told. */
static bool tell(const struct together *t, struct lane *lane)
{
    struct lane_shared *s = &lane->shared;
    const struct pixel *p = &lane->pixel;
    struct sender_gate gate = { .pixel = lane->target->pixel, .token = lane->target->token, .paused = p->paused,
                                .anew = s->anew && !p->paused, .until = p->failures ? p->gate_until : 0,
                                .failures = p->failures };
    struct err err = { 0 };

    memcpy(gate.why, lane->state.why, sizeof(gate.why));
    if (t->host->tell(t->host->context, &gate, &err) != 0) {
        reports_log(t->host, "warning", "pixel-not-told", gate.pixel, slice_from(err.text));
        return false;
    }
    s->anew = s->insist = false;
    s->paused = p->paused;
    s->failures = p->failures;
    s->until = gate.until;
    return true;
}

/* ---- hearing ---- */

/* A refused token: by another sender that has the same.  Not refused any more: one was reloaded. */
static void hear_pause(const struct together *t, struct lane *lane, const struct sender_gate *gate)
{
    if (gate->paused == lane->pixel.paused)
        return;
    if (gate->paused) {
        pixel_pause(&lane->pixel);
        lane_why(lane, slice_from(gate->why));
        reports_log(t->host, "error", "pixel-paused-until-reload", lane->target->pixel, slice_from(gate->why));
    } else {
        pixel_resume(&lane->pixel);
        lane->state.why[0] = '\0';
        reports_log(t->host, "info", "pixel-resumed", lane->target->pixel, S("another server was reloaded"));
    }
    lane->shared.paused = gate->paused;
}

static void hear_wait(struct lane *lane, const struct sender_gate *gate, int64_t now)
{
    struct lane_shared *s = &lane->shared;

    if (gate->failures == lane->pixel.failures && gate->until == (gate->failures ? lane->pixel.gate_until : 0))
        return;
    pixel_adopt(&lane->pixel, gate->failures, gate->until, now);
    lane_why(lane, slice_from(gate->failures ? gate->why : ""));
    if (!gate->failures)
        lane->state.failing_since = 0;
    else if (!lane->state.failing_since)
        lane->state.failing_since = now;
    s->failures = gate->failures;
    s->until = gate->failures ? gate->until : 0;
}

static void hear(const struct together *t, struct lane *lane, const struct sender_gate *gate, int64_t now)
{
    struct lane_shared *s = &lane->shared;

    pixel_heard(&lane->pixel, gate->due);
    s->insist = s->anew && (gate->paused || gate->failures);
    if (s->insist)
        return;
    s->anew = false;
    if (gate->version == s->version)
        return;
    s->version = gate->version;
    hear_pause(t, lane, gate);
    if (!lane->pixel.paused)
        hear_wait(lane, gate, now);
}

static void look(struct together *t, struct lane **lanes, size_t count, struct pixel_pace *pace, int64_t now)
{
    struct err err = { 0 };
    unsigned senders = 1;
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (lanes[i]->target)
            t->gates[n++] = (struct sender_gate){ .pixel = lanes[i]->target->pixel, .token = lanes[i]->target->token };
    if (t->host->look(t->host->context, t->gates, n, &senders, &err) != 0) {
        reports_log(t->host, "warning", "look-failed", S(""), slice_from(err.text));
        t->look_at = now + PIXEL_TAKE_AGAIN_MS;
        return;
    }
    pace->sharers = senders;
    if (t->send_at == PIXEL_NEVER)
        t->send_at = senders > 1 ? now + SENDER_JOIN_MS : now;
    for (size_t i = 0, k = 0; i < count; i++)
        if (lanes[i]->target)
            hear(t, lanes[i], &t->gates[k++], now);
}

/* ---- both ---- */

void together_step(struct together *t, struct lane **lanes, size_t count, struct pixel_pace *pace, int64_t now)
{
    bool told = true;

    if (!t->host->look)
        return;
    if (t->look_at - now > PIXEL_TAKE_AGAIN_MS) /* the clock was set back */
        t->look_at = now;
    if (t->send_at != PIXEL_NEVER && t->send_at - now > SENDER_JOIN_MS)
        t->send_at = now;
    if (now < t->look_at)
        return;
    if (t->room < count) {
        struct sender_gate *more = realloc(t->gates, count * sizeof(*more));
        if (!more)
            return;
        t->gates = more;
        t->room = count;
    }
    t->look_at = now + SENDER_LOOK_MS;
    for (size_t i = 0; i < count && told; i++)
        if (lanes[i]->target && has_news(lanes[i]))
            told = tell(t, lanes[i]);
    if (told)
        look(t, lanes, count, pace, now);
    else
        t->look_at = now + PIXEL_TAKE_AGAIN_MS;
}

int64_t together_next(const struct together *t)
{
    return t->host->look ? t->look_at : PIXEL_NEVER;
}

bool together_may_send(const struct together *t, int64_t now)
{
    return !t->host->look || now >= t->send_at;
}
