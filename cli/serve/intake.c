#include <stdio.h>
#include <stdlib.h>

#include "cli/serve/clock.h"
#include "cli/serve/intake_group.h"
#include "cli/serve/log.h"
#include "cli/serve/spillway.h"

/* A balancer sends nothing to who is not ready, and then nothing would show that it is again. */
#define UNHEALTHY_MS 10000

/* Let a few of the old rows go.  Without the lock. */
static void retain(struct intake *in)
{
    struct err err = { 0 };
    int rc = retain_step(in->settings.retainer, in->settings.store, clock_now_ms(), &err);

    pthread_mutex_lock(&in->lock);
    if (rc != 0 && err.kind == ERR_UNSYNCED)
        group_note(in, NULL, 0, rc, &err);
    in->stats.groups++; /* housekeeping has something to move */
    pthread_mutex_unlock(&in->lock);
}

#define REST_MOST_MS 60000 /* the wall clock, by which things are due, may be set meanwhile */

#define LOOK_MS 1000


/* Until it may look again. */
static int64_t look_wait(const struct intake *in)
{
    int64_t since = in->looked_at ? intake_steady_ms() - in->looked_at : LOOK_MS;

    if (!intake_may_try(in))
        return LOOK_MS;
    return since >= LOOK_MS ? 0 : LOOK_MS - since;
}

/* Is the store there?  Without the lock. */
static void look(struct intake *in)
{
    struct err err = { 0 };
    int rc = in->settings.look(in->settings.context, in->settings.store, &err);

    pthread_mutex_lock(&in->lock);
    in->doubt = rc != 0;
    in->looked_at = in->tried_at = intake_steady_ms();
    group_note_health(in, rc, &err);
    pthread_mutex_unlock(&in->lock);
    if (rc == 0)
        intake_wake(in, (struct slice){ 0 });
}

/* Its number in the store is somebody else's a minute after its last commit.  Without the lock. */
static void tell_alive(struct intake *in)
{
    struct err ignored;
    bool away = store_begin(in->settings.store, &ignored) != 0;

    if (!away) {
        clock_read_store(in->settings.store);
        away = store_commit(in->settings.store, &ignored) != 0;
    }
    in->beat_at = intake_steady_ms() + STORE_RENEW_MS;
    if (away)
        intake_doubt(in);
}

/* Nobody waits: let old rows go, or sleep until there is something to do. */
static void rest(struct intake *in)
{
    int64_t now = clock_now_ms();
    int64_t wait = in->settings.retainer && !in->unsynced
                       ? retain_due(in->settings.retainer, now) - now
                       : INT64_MAX;
    struct timespec until;
    bool away = intake_away(in);

    if (away) { /* nothing can be done there before */
        wait = look_wait(in);
    } else if (store_shares(in->settings.store)) {
        int64_t beat = in->beat_at - intake_steady_ms();
        if (beat <= 0) {
            pthread_mutex_unlock(&in->lock);
            tell_alive(in);
            pthread_mutex_lock(&in->lock);
            return;
        }
        wait = wait < beat ? wait : beat;
    }
    if (wait == INT64_MAX) {
        pthread_cond_wait(&in->work, &in->lock);
    } else if (wait > 0) {
        if (wait > REST_MOST_MS)
            wait = REST_MOST_MS;
        until = clock_in(wait);
        pthread_cond_timedwait(&in->work, &in->lock, &until);
    } else {
        pthread_mutex_unlock(&in->lock);
        (away ? look : retain)(in);
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
            if (spill_due(in)) {
                pthread_mutex_unlock(&in->lock);
                spill_hand_on(in);
                pthread_mutex_lock(&in->lock);
            } else {
                rest(in);
            }
            continue;
        }
        for (struct intake_request *r = requests; r; r = r->next)
            count++;
        in->first = NULL;
        in->end = &in->first;
        in->calls = NULL;
        in->busy_since = intake_steady_ms();
        group_run(in, requests, count, calls);
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
    if (settings->spillway) {
        settings->spillway->hasher = in->hasher;
        spill_note(in, NULL);
    } else {
        in->stats.spill = *settings->left;
        in->stats.spill_foreign = in->stats.spill.waiting != 0;
        snprintf(in->stats.spill_why, sizeof(in->stats.spill_why), "%s", settings->left_why);
    }
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
        group_answer(in, request, -1, "too many requests wait to be stored; send it again");
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
    out->busy_ms = in->busy_since ? intake_steady_ms() - in->busy_since : 0;
    out->healthy |= intake_steady_ms() - in->failed_at > UNHEALTHY_MS;
    out->keeps |= in->kept_not_at && intake_steady_ms() - in->kept_not_at > UNHEALTHY_MS;
    out->unsynced = in->unsynced;
    out->waiting = in->waiting;
    out->healthy &= !in->unsynced;
    pthread_mutex_unlock(&in->lock);
}

void intake_doubt(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    in->doubt = true;
    pthread_cond_signal(&in->work);
    pthread_mutex_unlock(&in->lock);
}

void intake_stop(struct intake *in, const struct err *why)
{
    pthread_mutex_lock(&in->lock);
    if (!in->unsynced) {
        group_note_why(in, why);
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
