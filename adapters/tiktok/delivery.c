#include "adapters/tiktok/delivery.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/batch.h"
#include "adapters/tiktok/replies.h"
#include "adapters/tiktok/reports.h"
#include "adapters/tiktok/transport.h"

enum {
    IN_FLIGHT_MAX = 64, /* of all pixels together */
    WAIT_MAX_MS = 60000,
    STARVED_MS = 1000,
    REPLY_ARENA = 160 << 10, /* a copy of the answer, and what is read from it */
};

/* A pixel with what the thread holds of it. */
struct lane {
    struct pixel pixel;
    const struct sender_pixel *target; /* NULL: not in the settings any more */
    struct part *ready, **ready_last;
    struct sender_pixel_state state; /* paused and backing_off are filled when asked for */
    char name[TARGETS_PIXEL_MAX + 1];
};

struct delivery {
    const struct sender_host *host;
    struct transport *transport;
    struct targets *targets;
    struct lane **lanes;
    size_t lane_count, turn;
    struct reports reports;
    struct pixel_pace pace;
    struct batch *spare;
    uint64_t generation, dice;
    unsigned in_flight;
    bool stopping, starved; /* starved: no memory, try again later */
};

static int64_t now_ms(const struct delivery *d)
{
    return d->host->now_ms(d->host->context);
}

/* splitmix64 (Vigna) */
static uint16_t roll(struct delivery *d)
{
    uint64_t z = d->dice += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint16_t)((z ^ (z >> 31)) >> 48);
}

static void lane_queue(struct lane *lane, struct part *part)
{
    part->next = NULL;
    *lane->ready_last = part;
    lane->ready_last = &part->next;
}

static struct part *lane_unqueue(struct lane *lane)
{
    struct part *part = lane->ready;

    lane->ready = part->next;
    if (!lane->ready)
        lane->ready_last = &lane->ready;
    return part;
}

static void lane_why(struct lane *lane, struct slice words)
{
    size_t n = words.len;

    if (n >= sizeof(lane->state.why)) /* no character cut in two */
        for (n = sizeof(lane->state.why) - 1; n && ((unsigned char)words.ptr[n] & 0xc0) == 0x80;)
            n--;
    memcpy(lane->state.why, words.ptr, n);
    lane->state.why[n] = '\0';
}

/* ---- what became of a request ---- */

static void log_request(struct delivery *d, const char *level, const char *what,
                        const struct record *r, size_t events, bool words)
{
    struct buf line = { 0 };

    buf_printf(&line, "event=%s pixel=%s events=%zu http=%d code=%lld took_ms=%u", what, r->pixel,
               events, r->report.http_status, (long long)r->report.code, r->report.took_ms);
    if (r->report.request_id.len) {
        buf_puts(&line, " request_id=");
        buf_json(&line, r->report.request_id);
    }
    if (words) {
        buf_puts(&line, " why=");
        buf_json(&line, record_note(r));
    }
    buf_byte(&line, '\0');
    if (buf_ok(&line))
        d->host->log(d->host->context, level, line.ptr);
    buf_free(&line);
}

struct end {
    enum sender_result result;
    int64_t now, due; /* due: not before this */
    uint16_t jitter;
    bool own_wait; /* an event that has failed often waits longer than its pixel */
    bool unknown;
};

/* Report events [first, first + count) of r's batch; takes r over. */
static void finish(struct delivery *d, struct lane *lane, struct record *r, size_t first,
                   size_t count, const struct end *end)
{
    struct batch *b = r->batch;

    for (size_t i = first; i < first + count; i++) {
        const struct sender_event *ev = b->order[i];
        int64_t due = end->result == SENDER_RETRY ? end->due : 0;
        if (end->own_wait) {
            int64_t own = end->now +
                          pixel_backoff(&d->targets->timing, ev->attempts, end->jitter);
            due = own > due ? own : due;
        }
        b->outcomes[i] = (struct sender_outcome){
            .id = ev->id, .result = end->result, .due = due, .unknown = end->unknown
        };
        if (end->result != SENDER_DELIVERED)
            b->outcomes[i].note = record_note(r);
    }
    if (end->result == SENDER_DELIVERED)
        lane->state.delivered += count;
    else if (end->result == SENDER_DEAD)
        lane->state.dead += count;
    else
        lane->state.retried += count;
    reports_put(&d->reports, r, first, count, end->now);
}

static void accepted(struct delivery *d, struct lane *lane, struct record *r, int64_t now)
{
    struct end end = { .result = SENDER_DELIVERED, .now = now };

    pixel_answered(&lane->pixel, r->epoch);
    lane->state.why[0] = '\0';
    /* The words of a warning may repeat what is in an event: the ledger has them, not the log. */
    if (r->report.code != 0 || !slice_eq_nocase(r->report.message, S("OK")))
        log_request(d, "warning", "accepted-with-warning", r, r->part->count, false);
    finish(d, lane, r, r->part->first, r->part->count, &end);
}

/* One of the events is bad: found by its index, or by halving.  At most two requests an event. */
static void refused(struct delivery *d, struct lane *lane, struct record *r, long bad, int64_t now)
{
    struct end end = { .result = SENDER_DEAD, .now = now };
    struct part *part = r->part;
    size_t place = part->first;

    pixel_answered(&lane->pixel, r->epoch);
    part->at_once = true;
    if (part->count > 1 && (bad < 0 || (size_t)bad >= part->count)) {
        struct part *second = batch_halve(part);
        second->at_once = true;
        log_request(d, "info", "halved", r, part->count + second->count, false);
        lane_queue(lane, part);
        lane_queue(lane, second);
        free(r);
        return;
    }
    if (part->count > 1) {
        place = batch_set_aside(part, (size_t)bad);
        lane_queue(lane, part);
    }
    log_request(d, "warning", "event-refused", r, 1, false);
    finish(d, lane, r, place, 1, &end);
}

static void failed(struct delivery *d, struct lane *lane, struct record *r, bool unknown,
                   int64_t retry_after, int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .own_wait = true, .unknown = unknown };
    uint64_t epoch = lane->pixel.epoch;

    end.jitter = roll(d);
    end.due = pixel_failed(&lane->pixel, &d->targets->timing, r->epoch, now, retry_after,
                           end.jitter);
    lane_why(lane, record_note(r));
    if (lane->pixel.epoch != epoch) /* one line a wait */
        log_request(d, "warning", unknown ? "outcome-unknown" : "retry", r, r->part->count, true);
    finish(d, lane, r, r->part->first, r->part->count, &end);
}

static void token_dead(struct delivery *d, struct lane *lane, struct record *r, int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .due = now };

    /* An answer to the token before a reload says nothing about the one after. */
    if (r->generation == d->generation && !lane->pixel.paused) {
        pixel_pause(&lane->pixel);
        lane_why(lane, record_note(r));
        log_request(d, "error", "pixel-paused-until-reload", r, r->part->count, true);
    }
    finish(d, lane, r, r->part->first, r->part->count, &end);
}

/* The answer with the token blotted out, should it come back in it: before it is cut to size. */
static struct slice without_token(struct arena *arena, struct slice body, struct slice token)
{
    char *copy = arena_alloc(arena, body.len + 1);
    size_t at;

    if (!copy)
        return (struct slice){ 0 };
    if (body.len)
        memcpy(copy, body.ptr, body.len);
    body.ptr = copy;
    if (token.len < RECORD_SECRET_MIN)
        return body;
    for (struct slice rest = body; (at = slice_find(rest, token)) < rest.len;
         rest = slice_from_at(rest, at + token.len))
        memset(copy + (body.len - rest.len) + at, '*', token.len);
    return body;
}

static void read_answer(struct arena *arena, const struct transport_answer *a, struct reply *reply)
{
    if (!a->error.len) {
        reply_read(arena, a->status, without_token(arena, a->body, a->token), reply);
        return;
    }
    *reply = (struct reply){ .code = -1, .bad_event = -1 };
    reply->verdict = a->sent ? REPLY_UNKNOWN : REPLY_RETRY;
    reply->message = arena_printf(arena, "%s: %.*s", a->sent ? "no answer" : "not sent",
                                  SLICE_ARG(slice_head(a->error, 300)));
}

static void on_answer(void *context, const struct transport_answer *a)
{
    struct delivery *d = context;
    struct record *r = a->tag;
    struct lane *lane = r->owner;
    int64_t now = now_ms(d);
    struct arena arena;
    struct reply reply;

    arena_init(&arena, REPLY_ARENA);
    read_answer(&arena, a, &reply);
    d->in_flight--;
    pixel_ended(&lane->pixel);
    r->report.took_ms = a->took_ms;
    r->report.http_status = a->status;
    record_words(r, &reply, a->token);
    switch (reply.verdict) {
    case REPLY_ACCEPTED:
        accepted(d, lane, r, now);
        break;
    case REPLY_REFUSED:
        refused(d, lane, r, reply.bad_event, now);
        break;
    case REPLY_RETRY:
    case REPLY_UNKNOWN:
        failed(d, lane, r, reply.verdict == REPLY_UNKNOWN,
               transport_retry_after(a->retry_after, now), now);
        break;
    case REPLY_TOKEN_DEAD:
        token_dead(d, lane, r, now);
        break;
    }
    arena_free(&arena);
}

/* ---- sending ---- */

/* Events that are in memory but can't be sent for a while go back to the host, not sent. */
static bool give_back(struct delivery *d, struct lane *lane, const char *why, int64_t due,
                      int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .due = due };

    while (lane->ready) {
        struct part *part = lane->ready;
        struct record *r = record_new(slice_from(lane->name), part, now);
        if (!r) {
            d->starved = true;
            return false;
        }
        lane_unqueue(lane);
        snprintf(r->message, sizeof(r->message), "not sent: %s", why);
        snprintf(r->note, sizeof(r->note), "%s", r->message);
        r->report.message = slice_from(r->message);
        finish(d, lane, r, part->first, part->count, &end);
    }
    return true;
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
    r->owner = lane;
    r->generation = d->generation;
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

    d->spare = NULL;
    if (!b) {
        d->starved = true;
        return false;
    }
    if (d->host->take(d->host->context, lane->target->pixel, BATCH_MAX, &b->taken, &next_due,
                      &err) != 0) {
        reports_log(d->host, "warning", "take-failed", slice_from(lane->name),
                    slice_from(err.text));
        pixel_take_failed(&lane->pixel, now);
        batch_free(b);
        return false;
    }
    pixel_taken(&lane->pixel, b->taken.count, BATCH_MAX, next_due, now);
    if (b->taken.count == 0) {
        arena_reset(&b->taken.arena);
        d->spare = b;
        return false;
    }
    for (part = batch_cut(b, BATCH_BYTES_MAX); part; part = next) {
        next = part->next;
        lane_queue(lane, part);
    }
    return true;
}

static bool has_room(struct delivery *d, int64_t now)
{
    return d->in_flight < IN_FLIGHT_MAX && pixel_pace_wait(&d->pace, now) == 0;
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
        give_back(d, lane, why, lane->target && !lane->pixel.paused ? due : now, now);
        return;
    }
    while (!d->starved) {
        while (lane->ready && has_room(d, now) &&
               pixel_may_send(&lane->pixel, lane->ready->at_once, now)) {
            pixel_pace_take(&d->pace, now);
            if (!start(d, lane, now))
                return;
        }
        if (lane->ready || d->reports.first || !has_room(d, now) ||
            !pixel_may_take(&lane->pixel, now) || !take(d, lane, now))
            return;
    }
}

static int64_t next_moment(struct delivery *d, int64_t now)
{
    int64_t next = PIXEL_NEVER, pace = pixel_pace_wait(&d->pace, now);

    if (d->starved)
        return now + STARVED_MS;
    if (d->reports.first)
        return d->reports.retry_at;
    if (d->stopping || d->in_flight >= IN_FLIGHT_MAX)
        return next;
    if (pace)
        return now + pace;
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

    d->starved = false;
    reports_flush(&d->reports, now, false);
    d->turn++;
    for (size_t i = 0; i < d->lane_count; i++)
        pump(d, d->lanes[(i + d->turn) % d->lane_count], now);
    drop_lanes(d);
    wait = next_moment(d, now);
    if (wait == PIXEL_NEVER || wait - now > WAIT_MAX_MS)
        return WAIT_MAX_MS;
    return wait > now ? (int)(wait - now) : 0;
}

/* ---- the rest ---- */

struct delivery *delivery_open(const struct sender_host *host, uint64_t jitter_seed,
                               struct err *err)
{
    struct delivery *d = calloc(1, sizeof(*d));

    if (!d) {
        err_set(err, ERR_SYSTEM, "no memory for the sender");
        return NULL;
    }
    d->host = host;
    d->dice = jitter_seed;
    reports_init(&d->reports, host);
    d->transport = transport_open(on_answer, d, err);
    if (!d->transport) {
        delivery_close(d);
        return NULL;
    }
    return d;
}

static struct lane *lane_new(const struct sender_pixel *target)
{
    struct lane *lane = calloc(1, sizeof(*lane));

    if (!lane)
        return NULL;
    memcpy(lane->name, target->pixel.ptr, target->pixel.len);
    lane->state.pixel = (struct slice){ lane->name, target->pixel.len };
    lane->ready_last = &lane->ready;
    return lane;
}

static void lane_free(struct lane *lane)
{
    while (lane->ready) {
        struct part *part = lane_unqueue(lane);
        batch_reported(part->batch, part->count);
    }
    free(lane);
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
        pixel_resume(&d->lanes[i]->pixel);
    }
    for (size_t i = 0; i < targets->count; i++)
        find_lane(d, targets->pixels[i].pixel)->target = &targets->pixels[i];
    targets_free(d->targets);
    d->targets = targets;
    d->generation++;
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
    out->backing_off = !out->paused && pixel_closed(&lane->pixel, now_ms(d));
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
    return d->in_flight == 0 && !d->reports.first;
}

void delivery_abort(struct delivery *d)
{
    transport_abort(d->transport, "the sender was stopped before the answer came");
    delivery_step(d); /* what a late refusal has left over */
    reports_flush(&d->reports, now_ms(d), true);
}

void delivery_close(struct delivery *d)
{
    if (!d)
        return;
    transport_close(d->transport);
    reports_free(&d->reports);
    for (size_t i = 0; i < d->lane_count; i++)
        lane_free(d->lanes[i]);
    free(d->lanes);
    batch_free(d->spare);
    targets_free(d->targets);
    free(d);
}
