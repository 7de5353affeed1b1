#include "cli/serve/intake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/serve/answer.h"
#include "cli/serve/log.h"
#include "cli/serve/record.h"

/* A balancer sends nothing to who is not ready, and then nothing would show that it is again. */
#define UNHEALTHY_MS 10000

/* A call of the sender or of the control socket, on its stack while it waits. */
struct call {
    bool is_report, done;
    intake_work *work; /* NULL: of the sender */
    void *context;
    struct slice pixel;
    unsigned max;
    struct sender_batch *batch;
    int64_t *next_due;
    const struct sender_report *report;
    struct err *err;
    int rc;
    struct call *next;
};

struct intake {
    struct intake_settings settings;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    struct intake_request *first, **end; /* waiting */
    struct call *calls;
    unsigned waiting; /* requests that wait or are being worked on */
    bool closing;
    struct intake_stats stats;
    int64_t busy_since; /* 0: nothing is being written; clock_ms */
    int64_t failed_at; /* of the last commit, if that failed; clock_ms */

    /* of the intake thread alone */
    struct identity_hasher *hasher;
    struct arena arena;
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one group ---- */

static void count_verdict(struct intake_stats *s, const struct intake_request *r)
{
    if (r->is_click) {
        s->clicks++;
        return;
    }
    s->postbacks++;
    s->queued += r->translation.verdict == VERDICT_QUEUED;
    s->duplicate += r->translation.verdict == VERDICT_DUPLICATE;
    s->ignored += r->translation.verdict == VERDICT_IGNORED;
    s->quarantined += r->translation.verdict == VERDICT_QUARANTINED;
}

static int do_take(struct intake *in, struct call *c, int64_t now)
{
    struct store_event *list;
    struct store_due *due;
    size_t count, pixels;

    if (store_take(in->settings.store, c->pixel, now, now - INTAKE_GIVE_UP_MS, c->max, &c->batch->arena,
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
    if (count)
        return 0;
    if (store_pixels_due(in->settings.store, &in->arena, &due, &pixels, c->err) != 0)
        return -1;
    for (size_t i = 0; i < pixels; i++)
        if (slice_eq(due[i].pixel, c->pixel))
            *c->next_due = due[i].due;
    return 0;
}

static int do_report(struct intake *in, struct call *c)
{
    const struct sender_report *r = c->report;
    struct store_attempt attempt = { .at = r->at, .took_ms = r->took_ms, .pixel = r->pixel,
                                     .http_status = r->http_status, .code = r->code,
                                     .message = r->message, .request_id = r->request_id };
    struct store_outcome *outcomes = ARENA_ARRAY(&in->arena, struct store_outcome, r->count);
    static const enum store_state states[] = { [SENDER_DELIVERED] = STORE_DELIVERED,
                                               [SENDER_RETRY] = STORE_WAITING,
                                               [SENDER_DEAD] = STORE_DEAD };

    if (r->count && !outcomes)
        return err_set(c->err, ERR_BUSY, "out of memory for a report");
    for (size_t i = 0; i < r->count; i++)
        outcomes[i] = (struct store_outcome){ r->outcomes[i].id, states[r->outcomes[i].result],
                                              r->outcomes[i].in_turn ? 0 : r->outcomes[i].due, r->outcomes[i].unknown,
                                              r->outcomes[i].note };
    return store_report(in->settings.store, &attempt, outcomes, r->count, c->err);
}

/* Everything of a group into one transaction.  Either all of it is durable, or none.  *failed: the
 * call that was the reason. */
static int write_group(struct intake *in, struct intake_request *requests, struct call *calls,
                       struct call **failed, struct err *err)
{
    struct store *store = in->settings.store;
    int64_t now = clock_ms(CLOCK_REALTIME);
    struct record_context context = { store, in->hasher, now };

    *failed = NULL;
    if (store_begin(store, err) != 0)
        return -1;
    for (struct call *c = calls; c; c = c->next) {
        if (c->work)
            continue;
        c->err->text[0] = '\0';
        c->rc = c->is_report ? do_report(in, c) : do_take(in, c, now);
        if (c->rc != 0) {
            memcpy(err, c->err, sizeof(*err));
            *failed = c;
            goto failed;
        }
    }
    for (struct intake_request *r = requests; r; r = r->next)
        if ((r->is_click ? record_click(&context, r, err) : record_postback(&context, r, err)) != 0)
            goto failed;
    if (store_commit(store, err) == 0)
        return 0;
failed:
    store_rollback(store);
    return -1;
}

static void wake_sender(struct intake *in, const struct intake_request *requests)
{
    struct slice last = { 0 };

    for (const struct intake_request *r = requests; r; r = r->next) {
        if (r->is_click || r->translation.verdict != VERDICT_QUEUED)
            continue;
        for (size_t i = 0; i < r->translation.event_count; i++) {
            if (slice_eq(r->translation.events[i].pixel, last))
                continue;
            last = r->translation.events[i].pixel;
            in->settings.delivered_wake(in->settings.context, last);
        }
    }
}

static void answer_all(struct intake *in, struct intake_request *requests, bool durable,
                       const char *why)
{
    struct intake_request *next;

    for (struct intake_request *r = requests; r; r = next) {
        struct rules *rules = r->rules;
        next = r->next;
        if (durable && r->message)
            messages_keep(in->settings.messages, r->message);
        if (!durable)
            answer_busy(r->http, r->verbose, why);
        else if (r->is_click)
            answer_click(r->http, r->origin);
        else
            answer_verdict(r->http, r->verbose, &r->translation);
        rules_release(rules);
    }
}

static void note_group(struct intake *in, const struct intake_request *requests, unsigned count,
                       int rc, const struct err *err)
{
    struct intake_stats *s = &in->stats;
    bool was_healthy = s->healthy;

    s->healthy = rc == 0;
    s->groups++;
    if (count > s->largest_group)
        s->largest_group = count;
    if (rc == 0) {
        for (const struct intake_request *r = requests; r; r = r->next)
            count_verdict(s, r);
        s->why[0] = '\0';
    } else {
        s->failed_commits++;
        s->refused_busy += count;
        memcpy(s->why, err->text, sizeof(s->why) - 1);
        in->failed_at = clock_ms(CLOCK_MONOTONIC);
    }
    if (was_healthy && rc != 0)
        log_line("error", "msg=\"the store takes nothing; postbacks are answered 503\" why=\"%s\"",
                 s->why);
    if (!was_healthy && rc == 0)
        log_line("info", "msg=\"the store takes postbacks again\"");
}

/* What has transactions of its own. */
static void run_work(struct intake *in, struct call *calls)
{
    for (struct call *c = calls; c; c = c->next)
        if (c->work) {
            c->rc = c->work(c->context, in->settings.store, c->err);
            store_rollback(in->settings.store); /* what it has left open */
        }
}

static bool only_work(const struct intake_request *requests, const struct call *calls)
{
    while (calls && calls->work)
        calls = calls->next;
    return !requests && !calls;
}

/* The sender asks again for what it didn't get.  Whoever sent a postback may not, so a call that
 * fails must not take it along: it leaves the group (for *refused), and the others try without it. */
static int write_without_failures(struct intake *in, struct intake_request *requests,
                                  struct call **calls, struct call **refused, struct err *err)
{
    struct call *failed, **at;
    int rc;

    while ((rc = write_group(in, requests, *calls, &failed, err)) != 0 && failed && requests) {
        for (at = calls; *at != failed; at = &(*at)->next)
            ;
        *at = failed->next;
        failed->next = *refused;
        *refused = failed;
        memset(err, 0, sizeof(*err));
    }
    return rc;
}

/* Under the lock. */
static void end_calls(struct call *calls, int rc, const struct err *err)
{
    for (struct call *c = calls, *next; c; c = next) {
        next = c->next;
        if (rc != 0 && !c->work && c->rc == 0) {
            c->rc = -1;
            memcpy(c->err, err, sizeof(*err));
        }
        c->done = true;
    }
}

static void run_group(struct intake *in, struct intake_request *requests, unsigned count,
                      struct call *calls)
{
    struct err err = { 0 };
    bool alone = only_work(requests, calls);
    struct call *refused = NULL;
    int rc = alone ? 0 : write_without_failures(in, requests, &calls, &refused, &err);

    if (!alone) {
        pthread_mutex_lock(&in->lock);
        note_group(in, requests, count, rc, &err);
        pthread_mutex_unlock(&in->lock);
    }
    if (rc == 0)
        wake_sender(in, requests);
    answer_all(in, requests, rc == 0, "the postback can't be stored now; send it again");
    run_work(in, calls);
    pthread_mutex_lock(&in->lock);
    end_calls(calls, rc, &err);
    end_calls(refused, -1, &err);
    in->waiting -= count;
    pthread_cond_broadcast(&in->done);
    pthread_mutex_unlock(&in->lock);
    arena_reset(&in->arena);
}

/* Nobody waits: let a few of the old rows go, or sleep until there is something to do. */
static void rest(struct intake *in)
{
    int64_t due = in->settings.retainer ? retain_due(in->settings.retainer) : INT64_MAX;
    struct timespec until = { .tv_sec = (time_t)(due / 1000), .tv_nsec = due % 1000 * 1000000 };

    if (due == INT64_MAX) {
        pthread_cond_wait(&in->work, &in->lock);
    } else if (due > clock_ms(CLOCK_REALTIME)) {
        pthread_cond_timedwait(&in->work, &in->lock, &until);
    } else {
        pthread_mutex_unlock(&in->lock);
        retain_step(in->settings.retainer, in->settings.store, clock_ms(CLOCK_REALTIME));
        pthread_mutex_lock(&in->lock);
        in->stats.groups++; /* housekeeping has something to move */
    }
}

static void *run(void *argument)
{
    struct intake *in = argument;

    pthread_mutex_lock(&in->lock);
    for (;;) {
        struct intake_request *requests = in->first;
        struct call *calls = in->calls;
        unsigned count = 0;
        if (!requests && !calls) {
            if (in->closing)
                break;
            rest(in);
            continue;
        }
        for (struct intake_request *r = requests; r; r = r->next)
            count++;
        in->first = NULL;
        in->end = &in->first;
        in->calls = NULL;
        in->busy_since = clock_ms(CLOCK_MONOTONIC);
        pthread_mutex_unlock(&in->lock);
        run_group(in, requests, count, calls);
        if (in->settings.retainer && retain_late(in->settings.retainer, clock_ms(CLOCK_REALTIME)))
            retain_step(in->settings.retainer, in->settings.store, clock_ms(CLOCK_REALTIME));
        pthread_mutex_lock(&in->lock);
        in->busy_since = 0;
    }
    pthread_mutex_unlock(&in->lock);
    return NULL;
}

/* ---- the outside ---- */

struct intake *intake_open(const struct intake_settings *settings, struct err *err)
{
    struct intake *in = calloc(1, sizeof(*in));

    if (!in || !(in->hasher = identity_hasher_new())) {
        free(in);
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    in->settings = *settings;
    in->end = &in->first;
    in->stats.healthy = true;
    arena_init(&in->arena, 16 * 1024 * 1024);
    pthread_mutex_init(&in->lock, NULL);
    pthread_cond_init(&in->work, NULL);
    pthread_cond_init(&in->done, NULL);
    if (pthread_create(&in->thread, NULL, run, in) == 0)
        return in;
    err_set(err, ERR_SYSTEM, "can't start the intake thread");
    identity_hasher_free(in->hasher);
    free(in);
    return NULL;
}

void intake_submit(struct intake *in, struct intake_request *request)
{
    bool busy;

    request->next = NULL;
    pthread_mutex_lock(&in->lock);
    busy = in->closing || in->waiting >= in->settings.queue_max;
    if (busy) {
        in->stats.refused_busy++;
    } else {
        bool idle = in->first == NULL;
        *in->end = request;
        in->end = &request->next;
        in->waiting++;
        if (idle)
            pthread_cond_signal(&in->work);
    }
    pthread_mutex_unlock(&in->lock);
    if (busy)
        answer_all(in, request, false, "too many requests wait to be stored; send it again");
}

static int wait_for(struct intake *in, struct call *c)
{
    pthread_mutex_lock(&in->lock);
    if (in->closing) {
        pthread_mutex_unlock(&in->lock);
        return err_set(c->err, ERR_BUSY, "the store is closing");
    }
    c->next = in->calls;
    in->calls = c;
    pthread_cond_signal(&in->work);
    while (!c->done)
        pthread_cond_wait(&in->done, &in->lock);
    pthread_mutex_unlock(&in->lock);
    return c->rc;
}

int intake_take(struct intake *in, struct slice pixel, unsigned max, struct sender_batch *batch,
                int64_t *next_due, struct err *err)
{
    struct call c = {
        .pixel = pixel, .max = max, .batch = batch, .next_due = next_due, .err = err
    };

    return wait_for(in, &c);
}

int intake_report(struct intake *in, const struct sender_report *report, struct err *err)
{
    struct call c = { .is_report = true, .report = report, .err = err };

    return wait_for(in, &c);
}

int intake_run(struct intake *in, intake_work *work, void *context, struct err *err)
{
    struct call c = { .work = work, .context = context, .err = err };

    return wait_for(in, &c);
}

void intake_wake(struct intake *in, struct slice pixel)
{
    in->settings.delivered_wake(in->settings.context, pixel);
}

void intake_stats(struct intake *in, struct intake_stats *out)
{
    pthread_mutex_lock(&in->lock);
    *out = in->stats;
    out->busy_ms = in->busy_since ? clock_ms(CLOCK_MONOTONIC) - in->busy_since : 0;
    out->healthy |= clock_ms(CLOCK_MONOTONIC) - in->failed_at > UNHEALTHY_MS;
    pthread_mutex_unlock(&in->lock);
}

void intake_drain(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    while (in->waiting)
        pthread_cond_wait(&in->done, &in->lock);
    pthread_mutex_unlock(&in->lock);
}

void intake_close(struct intake *in)
{
    if (!in)
        return;
    pthread_mutex_lock(&in->lock);
    in->closing = true;
    pthread_cond_signal(&in->work);
    pthread_mutex_unlock(&in->lock);
    pthread_join(in->thread, NULL);
    pthread_mutex_destroy(&in->lock);
    pthread_cond_destroy(&in->work);
    pthread_cond_destroy(&in->done);
    identity_hasher_free(in->hasher);
    arena_free(&in->arena);
    free(in);
}
