#include "cli/serve/intake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/end.h"
#include "cli/serve/answer.h"
#include "cli/serve/call.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/serve/record.h"

/* A balancer sends nothing to who is not ready, and then nothing would show that it is again. */
#define UNHEALTHY_MS 10000

struct intake {
    struct intake_settings settings;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    struct intake_request *first, **end; /* waiting */
    struct call *calls;
    unsigned waiting; /* requests that wait or are being worked on */
    bool closing;
    bool unsynced; /* until the end: the disk could not be synced */
    struct intake_stats stats;
    int64_t busy_since; /* 0: nothing is being written; steady_ms */
    int64_t failed_at; /* of the last commit, if that failed; steady_ms */

    /* of the intake thread alone */
    struct identity_hasher *hasher;
    struct arena arena;
};

static uint64_t steady_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int64_t steady_ms(void)
{
    return (int64_t)(steady_ns() / 1000000);
}

/* ---- one group ---- */

static void count_verdict(struct intake *in, const struct intake_request *r)
{
    struct intake_stats *s = &in->stats;

    if (r->is_click) {
        metrics_click(in->settings.metrics, r->offer->name);
        s->clicks++;
        return;
    }
    metrics_postback(in->settings.metrics, r->offer->name, &r->translation, r->fresh);
    s->postbacks++;
    s->queued += r->translation.verdict == VERDICT_QUEUED;
    s->duplicate += r->translation.verdict == VERDICT_DUPLICATE;
    s->ignored += r->translation.verdict == VERDICT_IGNORED;
    s->quarantined += r->translation.verdict == VERDICT_QUARANTINED;
}

static int commit(struct intake *in, const struct intake_request *requests, struct err *err)
{
    uint64_t start = steady_ns();
    unsigned count = 0;
    int rc = store_commit(in->settings.store, err);

    for (const struct intake_request *r = requests; r; r = r->next)
        count++;
    if (rc == 0)
        metrics_commit(in->settings.metrics, count, steady_ns() - start);
    return rc;
}

/* Everything of a group into one transaction.  Either all of it is durable, or none.  *failed: the
 * call that was the reason. */
static int write_group(struct intake *in, struct intake_request *requests, struct call *calls,
                       struct call **failed, struct err *err)
{
    struct store *store = in->settings.store;
    int64_t now = clock_now_ms(), back = clock_went_back();
    struct record_context context = { store, in->hasher, now };

    *failed = NULL;
    if (store_begin(store, err) != 0)
        return -1;
    if (back && store_clock_back(store, back, err) != 0)
        goto failed;
    for (struct call *c = calls; c; c = c->next) {
        if (c->work)
            continue;
        c->err->text[0] = '\0';
        c->rc = call_run(c, store, &in->arena, now);
        if (c->rc != 0) {
            memcpy(err, c->err, sizeof(*err));
            *failed = c;
            goto failed;
        }
    }
    end_memory_lacked();
    for (struct intake_request *r = requests; r; r = r->next)
        if ((r->is_click ? record_click(&context, r, err) : record_postback(&context, r, err)) != 0)
            goto failed;
    if (end_memory_lacked()) { /* one of them would be another with memory */
        err_set(err, ERR_BUSY, "out of memory");
        goto failed;
    }
    if (commit(in, requests, err) == 0) {
        clock_went_back_done(back);
        return 0;
    }
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
    struct metrics *m = in->settings.metrics;
    struct intake_request *next;

    for (struct intake_request *r = requests; r; r = next) {
        struct rules *rules = r->rules;
        next = r->next;
        if (durable && r->message)
            messages_keep(in->settings.messages, r->message);
        if (durable)
            metrics_answered(m, r->http->received_ns, steady_ns());
        else
            metrics_refused(m, r->offer->name, "R005");
        if (!durable)
            answer_busy(r->http, r->verbose, why);
        else if (r->is_click)
            answer_click(r->http, r->origin);
        else
            answer_verdict(r->http, r->verbose, &r->translation);
        rules_release(rules);
    }
}

/* The first reason of a store that may not go on stays. */
static void note_why(struct intake *in, const struct err *err)
{
    if (!in->unsynced)
        snprintf(in->stats.why, sizeof(in->stats.why), "%s", err->text);
    in->unsynced |= err->kind == ERR_UNSYNCED;
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
            count_verdict(in, r);
        if (!in->unsynced) /* housekeeping may have found out meanwhile */
            s->why[0] = '\0';
    } else {
        s->failed_commits++;
        metrics_commit_failed(in->settings.metrics);
        s->refused_busy += count;
        note_why(in, err);
        in->failed_at = steady_ms();
    }
    if (was_healthy && rc != 0)
        log_line("error", "msg=\"the store takes nothing; postbacks are answered 503\" why=\"%s\"",
                 s->why);
    if (!was_healthy && rc == 0)
        log_line("info", "msg=\"the store takes postbacks again\"");
}

static void note_moved(struct intake *in)
{
    struct store_moved moved;

    store_moved(in->settings.store, &moved);
    metrics_moved(in->settings.metrics, &moved);
}

static int may_write(struct intake *in, struct err *err)
{
    int rc;

    pthread_mutex_lock(&in->lock); /* another handle may have found out */
    rc = in->unsynced ? err_set(err, ERR_UNSYNCED, "%s", in->stats.why) : 0;
    pthread_mutex_unlock(&in->lock);
    return rc;
}

/* What has transactions of its own. */
static void run_work(struct intake *in, struct call *calls)
{
    for (struct call *c = calls; c; c = c->next) {
        if (!c->work)
            continue;
        c->rc = may_write(in, c->err);
        if (c->rc == 0)
            c->rc = c->work(c->context, in->settings.store, c->err);
        store_rollback(in->settings.store); /* what it has left open */
        if (c->rc != 0 && c->err->kind == ERR_UNSYNCED)
            intake_stop(in, c->err);
        note_moved(in);
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

/* Called with the lock held and gives it back. */
static void run_group(struct intake *in, struct intake_request *requests, unsigned count,
                      struct call *calls)
{
    struct err err = { 0 };
    bool alone = only_work(requests, calls);
    struct call *refused = NULL;
    int rc = in->unsynced ? err_set(&err, ERR_UNSYNCED, "%s", in->stats.why) : 0;

    pthread_mutex_unlock(&in->lock);
    if (!alone) {
        if (rc == 0)
            rc = write_without_failures(in, requests, &calls, &refused, &err);
        pthread_mutex_lock(&in->lock);
        note_group(in, requests, count, rc, &err);
        pthread_mutex_unlock(&in->lock);
        note_moved(in);
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

/* Let a few of the old rows go.  Without the lock. */
static void retain(struct intake *in)
{
    struct err err = { 0 };
    int rc = retain_step(in->settings.retainer, in->settings.store, clock_now_ms(), &err);

    pthread_mutex_lock(&in->lock);
    if (rc != 0 && err.kind == ERR_UNSYNCED)
        note_group(in, NULL, 0, rc, &err);
    in->stats.groups++; /* housekeeping has something to move */
    pthread_mutex_unlock(&in->lock);
}

#define REST_MOST_MS 60000 /* the wall clock, by which things are due, may be set meanwhile */

/* Nobody waits: let old rows go, or sleep until there is something to do. */
static void rest(struct intake *in)
{
    int64_t now = clock_now_ms();
    int64_t wait = in->settings.retainer && !in->unsynced
                       ? retain_due(in->settings.retainer, now) - now
                       : INT64_MAX;
    struct timespec until;

    if (wait == INT64_MAX) {
        pthread_cond_wait(&in->work, &in->lock);
    } else if (wait > 0) {
        if (wait > REST_MOST_MS)
            wait = REST_MOST_MS;
        until = clock_in(wait);
        pthread_cond_timedwait(&in->work, &in->lock, &until);
    } else {
        pthread_mutex_unlock(&in->lock);
        retain(in);
        pthread_mutex_lock(&in->lock);
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
        in->busy_since = steady_ms();
        run_group(in, requests, count, calls);
        if (in->settings.retainer && !in->unsynced &&
            retain_late(in->settings.retainer, clock_now_ms()))
            retain(in);
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
    clock_cond_init(&in->work);
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
    out->busy_ms = in->busy_since ? steady_ms() - in->busy_since : 0;
    out->healthy |= steady_ms() - in->failed_at > UNHEALTHY_MS;
    out->unsynced = in->unsynced;
    out->waiting = in->waiting;
    out->healthy &= !in->unsynced;
    pthread_mutex_unlock(&in->lock);
}

void intake_stop(struct intake *in, const struct err *why)
{
    pthread_mutex_lock(&in->lock);
    if (!in->unsynced) {
        note_why(in, why);
        in->stats.healthy = false;
        log_line("error", "msg=\"the store takes nothing; postbacks are answered 503\" why=\"%s\"", in->stats.why);
    }
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
