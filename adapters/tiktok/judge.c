#include "adapters/tiktok/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/replies.h"

enum {
    REPLY_ARENA = 160 << 10, /* a copy of the answer, and what is read from it */
    REFUSED_WAIT_MAX_MS = 60000,
    ALONE_MAX = PIXEL_PATIENCE + 5, /* failures, until 1,000 events have become one */
    UNLUCKY_MAX = 4, /* failures more than its pixel's are bad luck, and not an event's fault */
    LOUD_AFTER_MS = 3600000, /* a pixel that fails for so long is an error, not a warning */
};

void judge_init(struct judge *j, const struct sender_host *host, uint64_t jitter_seed)
{
    *j = (struct judge){ .host = host, .dice = jitter_seed };
    reports_init(&j->reports, host);
}

/* splitmix64 (Vigna) */
static uint16_t roll(struct judge *j)
{
    uint64_t z = j->dice += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint16_t)((z ^ (z >> 31)) >> 48);
}

static void log_request(struct judge *j, const char *level, const char *what,
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
        j->host->log(j->host->context, level, line.ptr);
    buf_free(&line);
}

/* The pixel waits as a whole: for the log, and for who asks. */
static void note_failure(struct judge *j, struct lane *lane, const struct record *r,
                         const char *what, size_t events, int64_t now)
{
    struct sender_pixel_state *s = &lane->state;
    bool whole = r->batch->suspects == r;

    if (s->failing_since == 0 || s->failing_since > now)
        s->failing_since = now;
    if (whole) /* the words may repeat what is in an event: the ledger has them */
        snprintf(s->why, sizeof(s->why),
                 "TikTok refuses every event with code %lld and names none: is the pixel right, and "
                 "its kind of events? Its words: clickbaton.db, table attempts",
                 (long long)r->report.code);
    else
        lane_why(lane, record_note(r));
    log_request(j, now - s->failing_since >= LOUD_AFTER_MS ? "error" : "warning", what, r, events,
                !whole);
}

struct end {
    enum sender_result result;
    int64_t now, due; /* due: not before this */
    uint16_t jitter;  /* of those that wait together */
    bool own_wait; /* an event that has failed far more often than its pixel waits for itself */
    bool alone;    /* the request had only this event: after ALONE_MAX failures it makes way */
    bool apart;    /* each waits for itself in any case */
    bool unknown;
};

/* What was refused or not sent for so long is no use any more; with an unknown outcome the host has
 * a rule of its own. */
static bool too_old(const struct sender_event *ev, const struct end *end)
{
    return end->own_wait && !end->unknown && ev->created > 0 &&
           end->now - ev->created > SENDER_KEEP_MS;
}

static struct sender_outcome outcome_of(struct judge *j, const struct lane *lane,
                                        struct record *r, const struct sender_event *ev,
                                        const struct end *end)
{
    struct sender_outcome o = { .id = ev->id, .created = ev->created, .result = end->result, .unknown = end->unknown };

    if (end->result != SENDER_DELIVERED)
        o.note = record_note(r);
    if (end->result != SENDER_RETRY)
        return o;
    o.due = end->due;
    if (too_old(ev, end)) {
        o.result = SENDER_DEAD;
        o.due = 0;
        o.note = record_too_old(r);
    } else if (end->apart ||
               (end->own_wait && lane->worked && ev->attempts >= lane->pixel.failures + UNLUCKY_MAX) ||
               (end->alone && lane->pixel.failures > ALONE_MAX)) {
        /* No longer than that: the pixel's wait is the pixel's, a reload ends it.  Together, for each
         * request has its own luck; but what has failed so often may be poison and its neighbour. */
        bool part_ways = end->apart || ev->attempts >= ALONE_MAX;
        o.due = end->now +
                pixel_backoff(&j->timing, ev->attempts, part_ways ? roll(j) : end->jitter);
    } else {
        o.in_turn = true;
    }
    return o;
}

/* Report events [first, first + count) of r's batch, which are decided; takes r over. */
static void report(struct judge *j, struct lane *lane, struct record *r, size_t first,
                   size_t count, const struct end *end)
{
    struct batch *b = r->batch;
    uint64_t *counts[] = { [SENDER_DELIVERED] = &lane->state.delivered,
                           [SENDER_RETRY] = &lane->state.retried,
                           [SENDER_DEAD] = &lane->state.dead };
    size_t old = 0;

    for (size_t i = first; i < first + count; i++) {
        b->outcomes[i] = outcome_of(j, lane, r, b->order[i], end);
        ++*counts[b->outcomes[i].result];
        old += b->outcomes[i].result != end->result;
    }
    if (old)
        log_request(j, "error", "given-up-too-old", r, old, false);
    if (end->result == SENDER_RETRY) /* a take in the meantime did not see these */
        pixel_wake(&lane->pixel);
    reports_put(&j->reports, r, first, count, end->now);
}

/* ---- events that were refused alone, and not by name ---- */

/* With the report of its last event a batch is gone, so they are taken off it first. */
static struct record *take_suspects(struct batch *b)
{
    struct record *list = b->suspects;

    b->suspects = NULL;
    return list;
}

/* Another event of the batch was accepted: what stands around them is right. */
static void condemn(struct judge *j, struct lane *lane, struct batch *b, int64_t now)
{
    const struct end end = { .result = SENDER_DEAD, .now = now };

    for (struct record *r = take_suspects(b), *next; r; r = next) {
        next = r->next;
        log_request(j, "warning", "event-refused", r, 1, false);
        report(j, lane, r, r->place, 1, &end);
    }
}

/* Nothing of the batch was accepted.  Dead is only what was tried before the last thing that the
 * pixel accepted; the others wait. */
static void release(struct judge *j, struct lane *lane, struct batch *b, int64_t now)
{
    struct pixel_timing timing = j->timing;
    struct end end = { .now = now, .own_wait = true, .apart = true };
    bool vouched = lane->vouched;
    size_t waiting = 0;

    if (timing.max_ms > REFUSED_WAIT_MAX_MS)
        timing.max_ms = REFUSED_WAIT_MAX_MS;
    lane->vouched = false;
    for (struct record *r = b->suspects; r; r = r->next)
        waiting += !(vouched && b->order[r->place]->attempts);
    if (waiting) {
        end.due = pixel_failed(&lane->pixel, &timing, lane->pixel.epoch, now, 0, roll(j));
        lane->refused = true;
        note_failure(j, lane, b->suspects, "refused-whole", waiting, now);
    }
    for (struct record *r = take_suspects(b), *next; r; r = next) {
        bool dead = vouched && b->order[r->place]->attempts;
        next = r->next;
        end.result = dead ? SENDER_DEAD : SENDER_RETRY;
        if (dead)
            log_request(j, "warning", "event-refused", r, 1, false);
        report(j, lane, r, r->place, 1, &end);
    }
}

static void suspect(struct judge *j, struct lane *lane, struct record *r, int64_t now)
{
    struct batch *b = r->batch;

    r->place = r->part->first;
    r->next = b->suspects;
    b->suspects = r;
    b->undecided--;
    if (b->proven)
        condemn(j, lane, b, now);
    else if (b->undecided == 0)
        release(j, lane, b, now);
}

/* Report events that an answer has decided about; takes r over. */
static void finish(struct judge *j, struct lane *lane, struct record *r, size_t first,
                   size_t count, const struct end *end)
{
    struct batch *b = r->batch;

    if (end->result == SENDER_DELIVERED) {
        b->proven = true;
        condemn(j, lane, b, end->now);
    }
    b->undecided -= count;
    if (b->undecided == 0 && b->suspects)
        release(j, lane, b, end->now);
    report(j, lane, r, first, count, end);
}

/* ---- the kinds of answers ---- */

static void accepted(struct judge *j, struct lane *lane, struct record *r, int64_t now)
{
    struct end end = { .result = SENDER_DELIVERED, .now = now };

    pixel_answered(&lane->pixel, r->epoch);
    lane->state.why[0] = '\0';
    lane->state.failing_since = 0;
    lane->vouched = lane->worked = true;
    lane->refused = false;
    /* The words of a warning may repeat what is in an event: the ledger has them, not the log. */
    if (r->report.code != 0 || !slice_eq_nocase(r->report.message, S("OK")))
        log_request(j, "warning", "accepted-with-warning", r, r->part->count, false);
    finish(j, lane, r, r->part->first, r->part->count, &end);
}

/* One of the events is bad: found by its index, or by halving.  At most two requests an event. */
static void refused(struct judge *j, struct lane *lane, struct record *r, long bad, bool certain,
                    int64_t now)
{
    struct end end = { .result = SENDER_DEAD, .now = now };
    struct part *part = r->part;
    size_t place = part->first;

    if (certain)
        pixel_answered(&lane->pixel, r->epoch);
    part->at_once = true;
    if (part->count > 1 && (bad < 0 || (size_t)bad >= part->count)) {
        struct part *second = batch_halve(part);
        second->at_once = true;
        if (r->batch->taken.count == part->count + second->count) /* one line a batch */
            log_request(j, "info", "halved", r, r->batch->taken.count, false);
        lane_queue(lane, part);
        lane_queue(lane, second);
        free(r);
        return;
    }
    if (!certain) {
        suspect(j, lane, r, now);
        return;
    }
    if (part->count > 1) {
        place = batch_set_aside(part, (size_t)bad);
        lane_queue(lane, part);
    }
    log_request(j, "warning", "event-refused", r, 1, false);
    finish(j, lane, r, place, 1, &end);
}

static void failed(struct judge *j, struct lane *lane, struct record *r, bool unknown,
                   int64_t retry_after, int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .own_wait = true, .unknown = unknown };
    uint64_t epoch = lane->pixel.epoch;

    end.jitter = roll(j);
    end.alone = r->batch->taken.count == 1;
    end.due = pixel_failed(&lane->pixel, &j->timing, r->epoch, now, retry_after, roll(j));
    lane->vouched = false;
    if (lane->pixel.epoch != epoch) /* one line a wait */
        note_failure(j, lane, r, unknown ? "outcome-unknown" : "retry", r->part->count, now);
    finish(j, lane, r, r->part->first, r->part->count, &end);
}

static void token_dead(struct judge *j, struct lane *lane, struct record *r, int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .due = now };

    lane->vouched = false;
    /* An answer to the token before a reload says nothing about the one after. */
    if (r->generation == j->generation && !lane->pixel.paused) {
        pixel_pause(&lane->pixel);
        lane_why(lane, record_note(r));
        log_request(j, "error", "pixel-paused-until-reload", r, r->part->count, true);
    }
    finish(j, lane, r, r->part->first, r->part->count, &end);
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

static void tell_ended(const struct judge *j, const struct record *r, enum reply_verdict verdict)
{
    static const enum sender_end ends[] = {
        [REPLY_ACCEPTED] = SENDER_ENDED_ACCEPTED,     [REPLY_REFUSED] = SENDER_ENDED_REFUSED,
        [REPLY_BAD_EVENT] = SENDER_ENDED_REFUSED,     [REPLY_RETRY] = SENDER_ENDED_RETRY,
        [REPLY_UNKNOWN] = SENDER_ENDED_UNKNOWN,       [REPLY_TOKEN_DEAD] = SENDER_ENDED_TOKEN_REFUSED,
    };
    const struct sender_ended ended = { r->report.pixel, ends[verdict],     r->report.http_status,
                                        r->report.code,  r->report.took_ms, r->part->count };

    if (j->host->ended)
        j->host->ended(j->host->context, &ended);
}

void judge_answer(struct judge *j, struct record *r, const struct transport_answer *a, int64_t now)
{
    struct lane *lane = r->lane;
    struct arena arena;
    struct reply reply;

    arena_init(&arena, REPLY_ARENA);
    read_answer(&arena, a, &reply);
    r->report.took_ms = a->took_ms;
    r->report.http_status = a->status;
    record_words(r, &reply, a->token);
    tell_ended(j, r, reply.verdict);
    switch (reply.verdict) {
    case REPLY_ACCEPTED:
        accepted(j, lane, r, now);
        break;
    case REPLY_REFUSED:
    case REPLY_BAD_EVENT:
        refused(j, lane, r, reply.bad_event, reply.verdict == REPLY_BAD_EVENT, now);
        break;
    case REPLY_RETRY:
    case REPLY_UNKNOWN:
        failed(j, lane, r, reply.verdict == REPLY_UNKNOWN,
               transport_retry_after(a->retry_after, now), now);
        break;
    case REPLY_TOKEN_DEAD:
        token_dead(j, lane, r, now);
        break;
    }
    arena_free(&arena);
}

bool judge_give_back(struct judge *j, struct lane *lane, const char *why, int64_t due, int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .due = due };

    while (lane->ready) {
        struct part *part = lane->ready;
        struct record *r = record_new(slice_from(lane->name), part, now);
        if (!r)
            return false;
        lane_unqueue(lane);
        snprintf(r->message, sizeof(r->message), "not sent: %s", why);
        snprintf(r->note, sizeof(r->note), "%s", r->message);
        r->report.message = slice_from(r->message);
        finish(j, lane, r, part->first, part->count, &end);
    }
    return true;
}
