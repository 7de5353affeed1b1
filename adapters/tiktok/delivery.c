#include "adapters/tiktok/delivery.h"

#include <stdlib.h>

#include "adapters/tiktok/batch.h"
#include "adapters/tiktok/judge.h"
#include "adapters/tiktok/lane.h"
#include "adapters/tiktok/reports.h"
#include "adapters/tiktok/together.h"
#include "adapters/tiktok/transport.h"

enum {
    IN_FLIGHT_MAX = 64, /* of all pixels together */
    HELD_MAX = 16 << 20, /* bytes of events in memory: then nothing more is taken */
    WAIT_MAX_MS = 60000,
    STARVED_MS = 1000,
};

struct delivery {
    const struct sender_host *host;
    struct transport *transport;
    struct targets *targets;
    struct lane **lanes;
    size_t lane_count, turn;
    int64_t now; /* of the last step */
    struct judge judge;
    struct pixel_pace pace;
    struct together together;
    struct batch *spare;
    size_t held; /* by all batches */
    unsigned in_flight;
    bool stopping, starved; /* starved: no memory, try again later */
};

static int64_t now_ms(const struct delivery *d)
{
    return d->host->now_ms(d->host->context);
}

static void on_answer(void *context, const struct transport_answer *a)
{
    struct delivery *d = context;
    struct record *r = a->tag;

    d->in_flight--;
    pixel_ended(&r->lane->pixel);
    judge_answer(&d->judge, r, a, now_ms(d));
}

static bool start(struct delivery *d, struct lane *lane, int64_t now)
{
    struct record *r = record_new(slice_from(lane->name), lane->ready, now);
    struct transport_request request = { .url = d->targets->url, .token = lane->target->token,
                                         .connect_timeout_ms = d->targets->connect_timeout_ms,
                                         .timeout_ms = d->targets->timeout_ms, .tag = r };
    struct err err = { 0 };
    struct buf body = { 0 };

    if (!r)
        goto starved;
    batch_body(&body, lane->target, lane->ready);
    if (!buf_ok(&body) || transport_post(d->transport, &request, &body, &err) != 0)
        goto starved;
    r->lane = lane;
    r->generation = d->judge.generation;
    r->epoch = pixel_started(&lane->pixel);
    d->in_flight++;
    lane->state.requests++;
    lane_unqueue(lane);
    return true;
starved:
    reports_log(d->host, "error", "request-not-started", slice_from(lane->name),
                err.text[0] ? slice_from(err.text) : S("no memory"));
    d->starved = true;
    buf_free(&body);
    free(r);
    return false;
}

/* true: something was taken. */
static bool take(struct delivery *d, struct lane *lane, int64_t now)
{
    struct batch *b = d->spare ? d->spare : batch_new();
    struct part *part, *next;
    struct err err = { 0 };
    int64_t next_due = 0;
    unsigned size = pixel_take_size(&lane->pixel, BATCH_MAX, lane->refused ? SENDER_PROBE : 0);

    d->spare = NULL;
    if (!b) {
        d->starved = true;
        return false;
    }
    if (d->host->take(d->host->context, lane->target->pixel, size, &b->taken, &next_due, &err) !=
        0) {
        reports_log(d->host, "warning", "take-failed", slice_from(lane->name),
                    slice_from(err.text));
        pixel_take_failed(&lane->pixel, now);
        batch_free(b);
        return false;
    }
    pixel_taken(&lane->pixel, b->taken.count, size, next_due, now);
    if (b->taken.count == 0) {
        batch_clear(b);
        d->spare = b;
        return false;
    }
    batch_hold(b, &d->held);
    for (part = batch_cut(b, BATCH_BYTES_MAX); part; part = next) {
        next = part->next;
        lane_queue(lane, part);
    }
    return true;
}

static bool has_room(struct delivery *d, int64_t now)
{
    return d->in_flight < IN_FLIGHT_MAX && pixel_pace_wait(&d->pace, now) == 0 && together_may_send(&d->together, now);
}

/* Why what is ready can't be sent for a while; NULL: it can. */
static const char *blocked(struct delivery *d, struct lane *lane, int64_t now)
{
    if (d->stopping)
        return "the sender is stopping";
    if (!lane->target)
        return "the pixel is no longer in the settings";
    if (!pixel_closed(&lane->pixel, now))
        return NULL;
    return lane->pixel.paused ? "the pixel is paused" : "the pixel waits after a failure";
}

static void pump(struct delivery *d, struct lane *lane, int64_t now)
{
    const char *why = blocked(d, lane, now);

    if (why) {
        int64_t due = lane->pixel.gate_until > now ? lane->pixel.gate_until : now;
        if (!judge_give_back(&d->judge, lane, why,
                             lane->target && !lane->pixel.paused ? due : now, now))
            d->starved = true;
        return;
    }
    while (!d->starved) {
        while (lane->ready && has_room(d, now) &&
               pixel_may_send(&lane->pixel, lane->ready->at_once, now)) {
            pixel_pace_take(&d->pace, now);
            if (!start(d, lane, now))
                return;
        }
        if (lane->ready || d->judge.reports.first || !has_room(d, now) || d->held >= HELD_MAX ||
            !pixel_may_take(&lane->pixel, now) || !take(d, lane, now))
            return;
    }
}

static int64_t next_moment(struct delivery *d, int64_t now)
{
    int64_t next = PIXEL_NEVER, pace = pixel_pace_wait(&d->pace, now);

    if (d->starved)
        return now + STARVED_MS;
    if (d->judge.reports.first)
        return d->judge.reports.retry_at;
    if (d->stopping)
        return next;
    next = together_next(&d->together);
    if (d->in_flight >= IN_FLIGHT_MAX || (d->in_flight && d->held >= HELD_MAX) || !together_may_send(&d->together, now))
        return next;
    if (pace)
        return now + pace < next ? now + pace : next;
    for (size_t i = 0; i < d->lane_count; i++) {
        const struct lane *lane = d->lanes[i];
        int64_t at = lane->target && !lane->ready ? pixel_next(&lane->pixel) : PIXEL_NEVER;
        if (at < next)
            next = at;
    }
    return next;
}

/* Lanes of pixels that left the settings, when nothing of them is under way. */
static void drop_lanes(struct delivery *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->lane_count; i++) {
        struct lane *lane = d->lanes[i];
        if (lane->target || lane->ready || lane->pixel.in_flight)
            d->lanes[kept++] = lane;
        else
            free(lane);
    }
    d->lane_count = kept;
}

int delivery_step(struct delivery *d)
{
    int64_t now = now_ms(d), wait;

    if (now < d->now) /* the clock was set back: what was known of the queue lies too far ahead */
        for (size_t i = 0; i < d->lane_count; i++)
            pixel_wake(&d->lanes[i]->pixel);
    d->now = now;
    d->starved = false;
    reports_flush(&d->judge.reports, now, false);
    if (!d->stopping)
        together_step(&d->together, d->lanes, d->lane_count, &d->pace, now);
    d->turn++;
    for (size_t i = 0; i < d->lane_count; i++)
        pump(d, d->lanes[(i + d->turn) % d->lane_count], now);
    drop_lanes(d);
    wait = next_moment(d, now);
    if (wait == PIXEL_NEVER || wait - now > WAIT_MAX_MS)
        return WAIT_MAX_MS;
    return wait > now ? (int)(wait - now) : 0;
}

/* ---- pixels come and go ---- */

struct delivery *delivery_open(const struct sender_host *host, uint64_t jitter_seed,
                               struct err *err)
{
    struct delivery *d = calloc(1, sizeof(*d));

    if (!d) {
        err_set(err, ERR_SYSTEM, "no memory for the sender");
        return NULL;
    }
    d->host = host;
    judge_init(&d->judge, host, jitter_seed);
    together_init(&d->together, host);
    d->transport = transport_open(on_answer, d, err);
    if (!d->transport) {
        delivery_close(d);
        return NULL;
    }
    return d;
}

static struct lane *find_lane(struct delivery *d, struct slice pixel)
{
    for (size_t i = 0; i < d->lane_count; i++)
        if (slice_eq(d->lanes[i]->state.pixel, pixel))
            return d->lanes[i];
    return NULL;
}

/* A lane for each of targets; -1 without memory, when nothing that matters has changed. */
static int add_lanes(struct delivery *d, const struct targets *targets)
{
    struct lane **bigger = realloc(d->lanes, (d->lane_count + targets->count + 1) *
                                                 sizeof(*bigger));

    if (!bigger)
        return -1;
    d->lanes = bigger;
    for (size_t i = 0; i < targets->count; i++) {
        struct lane *lane;
        if (find_lane(d, targets->pixels[i].pixel))
            continue;
        lane = lane_new(&targets->pixels[i]);
        if (!lane)
            return -1;
        d->lanes[d->lane_count++] = lane;
    }
    return 0;
}

int delivery_apply(struct delivery *d, struct targets *targets)
{
    if (add_lanes(d, targets) != 0) {
        targets_free(targets);
        return -1;
    }
    for (size_t i = 0; i < d->lane_count; i++) {
        d->lanes[i]->target = NULL;
        d->lanes[i]->state.why[0] = '\0';
        d->lanes[i]->refused = d->lanes[i]->vouched = d->lanes[i]->worked = false;
        d->lanes[i]->shared.anew = true;
        pixel_resume(&d->lanes[i]->pixel);
    }
    for (size_t i = 0; i < targets->count; i++)
        find_lane(d, targets->pixels[i].pixel)->target = &targets->pixels[i];
    targets_free(d->targets);
    d->targets = targets;
    d->judge.timing = targets->timing;
    d->judge.generation++;
    return 0;
}

size_t delivery_count(const struct delivery *d)
{
    return d->lane_count;
}

void delivery_state(const struct delivery *d, size_t i, struct sender_pixel_state *out)
{
    struct lane *lane = d->lanes[i];

    *out = lane->state;
    out->paused = lane->pixel.paused;
    out->backing_off = !out->paused && pixel_closed(&lane->pixel, d->now);
}

void delivery_wake(struct delivery *d, size_t i)
{
    pixel_wake(&d->lanes[i]->pixel);
}

void delivery_wait(struct delivery *d, int wait_ms)
{
    transport_run(d->transport, wait_ms);
}

void delivery_wakeup(struct delivery *d)
{
    transport_wakeup(d->transport);
}

void delivery_stop(struct delivery *d)
{
    d->stopping = true;
}

bool delivery_idle(const struct delivery *d)
{
    return d->in_flight == 0 && !d->judge.reports.first;
}

void delivery_abort(struct delivery *d)
{
    transport_abort(d->transport, "the sender was stopped before the answer came");
    delivery_step(d); /* what a late refusal has left over */
    reports_flush(&d->judge.reports, now_ms(d), true);
}

void delivery_close(struct delivery *d)
{
    if (!d)
        return;
    transport_close(d->transport);
    reports_free(&d->judge.reports);
    for (size_t i = 0; i < d->lane_count; i++)
        lane_free(d->lanes[i]);
    free(d->lanes);
    together_free(&d->together);
    batch_free(d->spare);
    targets_free(d->targets);
    free(d);
}
