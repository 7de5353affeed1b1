#include "adapters/tiktok/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/replies.h"

enum { REPLY_ARENA = 160 << 10 }; /* a copy of the answer, and what is read from it */

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

struct end {
    enum sender_result result;
    int64_t now, due; /* due: not before this */
    uint16_t jitter;
    bool own_wait; /* an event that has failed often waits longer than its pixel */
    bool unknown;
};

/* Report events [first, first + count) of r's batch; takes r over. */
static void finish(struct judge *j, struct lane *lane, struct record *r, size_t first,
                   size_t count, const struct end *end)
{
    struct batch *b = r->batch;

    for (size_t i = first; i < first + count; i++) {
        const struct sender_event *ev = b->order[i];
        int64_t due = end->result == SENDER_RETRY ? end->due : 0;
        if (end->own_wait) {
            int64_t own = end->now + pixel_backoff(&j->timing, ev->attempts, end->jitter);
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
    if (end->result == SENDER_RETRY) /* a take in the meantime did not see these */
        pixel_wake(&lane->pixel);
    reports_put(&j->reports, r, first, count, end->now);
}

static void accepted(struct judge *j, struct lane *lane, struct record *r, int64_t now)
{
    struct end end = { .result = SENDER_DELIVERED, .now = now };

    pixel_answered(&lane->pixel, r->epoch);
    lane->state.why[0] = '\0';
    /* The words of a warning may repeat what is in an event: the ledger has them, not the log. */
    if (r->report.code != 0 || !slice_eq_nocase(r->report.message, S("OK")))
        log_request(j, "warning", "accepted-with-warning", r, r->part->count, false);
    finish(j, lane, r, r->part->first, r->part->count, &end);
}

/* One of the events is bad: found by its index, or by halving.  At most two requests an event. */
static void refused(struct judge *j, struct lane *lane, struct record *r, long bad, int64_t now)
{
    struct end end = { .result = SENDER_DEAD, .now = now };
    struct part *part = r->part;
    size_t place = part->first;

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
    end.due = pixel_failed(&lane->pixel, &j->timing, r->epoch, now, retry_after, end.jitter);
    lane_why(lane, record_note(r));
    if (lane->pixel.epoch != epoch) /* one line a wait */
        log_request(j, "warning", unknown ? "outcome-unknown" : "retry", r, r->part->count, true);
    finish(j, lane, r, r->part->first, r->part->count, &end);
}

static void token_dead(struct judge *j, struct lane *lane, struct record *r, int64_t now)
{
    struct end end = { .result = SENDER_RETRY, .now = now, .due = now };

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
    switch (reply.verdict) {
    case REPLY_ACCEPTED:
        accepted(j, lane, r, now);
        break;
    case REPLY_REFUSED:
        refused(j, lane, r, reply.bad_event, now);
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
