/* intake_group.c: all that has gathered becomes one transaction, and its answers. */
#include "cli/serve/intake_group.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/end.h"
#include "cli/serve/answer.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/serve/record.h"

static uint64_t steady_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

int64_t intake_steady_ms(void)
{
    return (int64_t)(steady_ns() / 1000000);
}

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

static bool has_calls(const struct call *calls)
{
    while (calls && calls->work)
        calls = calls->next;
    return calls != NULL;
}

/* Every request into the transaction that is open. */
static int record_all(struct intake *in, struct intake_request *requests, int64_t now, struct err *err)
{
    struct record_context context = { in->settings.store, in->hasher, now };

    end_memory_lacked();
    for (struct intake_request *r = requests; r; r = r->next) {
        int64_t by = clock_since_heard(r->unheard);
        if (by != 0) {
            r->click.at += by / 1000;
            r->unheard = 0;
        }
        if ((r->is_click ? record_click(&context, r, err) : record_postback(&context, r, err)) != 0)
            return -1;
    }
    if (end_memory_lacked()) /* one of them would be another with memory */
        return err_set(err, ERR_BUSY, "out of memory");
    return 0;
}

static int run_calls(struct intake *in, struct call *calls, int64_t now, struct call **failed, struct err *err)
{
    for (struct call *c = calls; c; c = c->next) {
        if (c->work)
            continue;
        c->err->text[0] = '\0';
        c->rc = call_run(c, in->settings.store, &in->arena, now);
        if (c->rc != 0) {
            memcpy(err, c->err, sizeof(*err));
            *failed = c;
            return -1;
        }
    }
    return 0;
}

/* Everything of a group into one transaction.  Either all of it is durable, or none.  *failed: the
 * call that was the reason. */
static int write_group(struct intake *in, struct intake_request *requests, struct call *calls,
                       struct call **failed, struct err *err)
{
    struct store *store = in->settings.store;
    int64_t now = clock_now_ms(), back = clock_went_back();

    *failed = NULL;
    if (store_begin(store, err) != 0)
        return -1;
    if ((!back || store_clock_back(store, back, err) == 0) && run_calls(in, calls, now, failed, err) == 0 &&
        record_all(in, requests, now, err) == 0 && commit(in, requests, err) == 0) {
        clock_went_back_done(back);
        return 0;
    }
    store_rollback(store);
    return -1;
}

/* ---- of a store that is shared ---- */

#define TRIES 5 /* of what met somebody else's transaction */

static void restore_all(struct intake_request *requests, const struct record_before *before)
{
    for (struct intake_request *r = requests; r; r = r->next)
        if (!r->is_click)
            record_restore(r, before++);
}

/* The same calls, until nothing that they read is a guess. */
static int record_until_known(struct intake *in, struct intake_request *requests, const struct record_before *before,
                              const struct store_spill *mark, struct err *err)
{
    struct store *store = in->settings.store;
    int64_t now;
    int rc;

    if (store_begin_group(store, err) != 0)
        return -1;
    if (mark && store_spill_mark(store, mark, err) != 0) {
        store_rollback(store);
        return -1;
    }
    do { /* the first pass may be what asks for the database's clock */
        clock_read_store(store);
        now = clock_now_ms();
        restore_all(requests, before);
        if (record_all(in, requests, now, err) != 0) {
            store_rollback(store);
            return -1;
        }
    } while ((rc = commit(in, requests, err)) == 1);
    return rc;
}

/* Nobody waits for others here but for moments: what met another's transaction is tried again, each time a bit later. */
int group_write(struct intake *in, struct intake_request *requests, const struct store_spill *mark, struct err *err)
{
    struct record_before *before;
    size_t count = 0;
    int rc;

    for (const struct intake_request *r = requests; r; r = r->next)
        count += !r->is_click;
    if (!(before = calloc(count + 1, sizeof(*before))))
        return err_set(err, ERR_BUSY, "out of memory");
    count = 0;
    for (const struct intake_request *r = requests; r; r = r->next)
        if (!r->is_click)
            record_keep(r, &before[count++]);
    rc = record_until_known(in, requests, before, mark, err);
    for (int i = 1; i < TRIES && rc != 0 && err->kind == ERR_AGAIN; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = i * 2000000 }, NULL);
        rc = record_until_known(in, requests, before, mark, err);
    }
    if (rc != 0)
        restore_all(requests, before);
    free(before);
    return rc;
}

/* The sender has a handle of its own.  A clock that was set back is the database's, which is everybody's: who would move
 * the rows by it would do so once for each machine. */
static int write_shared(struct intake *in, struct intake_request *requests, struct call *calls, struct call **failed,
                        struct err *err)
{
    assert(!has_calls(calls));
    clock_went_back_done(clock_went_back());
    *failed = NULL;
    return group_write(in, requests, NULL, err);
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

void group_answer(struct intake *in, struct intake_request *requests, int rc, const char *why)
{
    bool durable = rc >= 0;
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
        else if (rc == SPILL_KEPT)
            answer_kept(r->http, r->verbose, &r->translation.notes);
        else
            answer_verdict(r->http, r->verbose, &r->translation);
        rules_release(rules);
    }
}

void group_note_why(struct intake *in, const struct err *err)
{
    if (!in->unsynced)
        snprintf(in->stats.why, sizeof(in->stats.why), "%s", err->text);
    in->unsynced |= err->kind == ERR_UNSYNCED;
}

void group_note_health(struct intake *in, int rc, const struct err *err)
{
    struct intake_stats *s = &in->stats;
    bool was_healthy = s->healthy;

    s->healthy = rc == 0;
    if (rc != 0) {
        group_note_why(in, err);
        in->failed_at = intake_steady_ms();
        in->there = false;
    } else if (!in->unsynced) { /* housekeeping may have found out meanwhile */
        s->why[0] = '\0';
    }
    if (was_healthy && rc != 0)
        log_line("error", "msg=\"the store takes nothing; postbacks are %s\" why=\"%s\"",
                 s->keeps ? "kept in the spill until it is back" : "answered 503", s->why);
    if (!was_healthy && rc == 0)
        log_line("info", "msg=\"the store takes postbacks again\"");
}

void group_note(struct intake *in, const struct intake_request *requests, unsigned count, int rc,
                const struct err *err)
{
    struct intake_stats *s = &in->stats;

    s->groups++;
    if (count > s->largest_group)
        s->largest_group = count;
    if (rc == SPILL_KEPT)
        return;
    if (rc == 0) {
        for (const struct intake_request *r = requests; r; r = r->next)
            count_verdict(in, r);
    } else {
        s->failed_commits++;
        metrics_commit_failed(in->settings.metrics);
        s->refused_busy += count;
    }
    group_note_health(in, rc, err);
}

static void note_moved(struct intake *in)
{
    struct store_moved moved;

    store_moved(in->settings.store, &moved);
    metrics_moved(in->settings.metrics, &in->moved, &moved);
}

void group_handed_on(struct intake *in, const struct intake_request *requests, unsigned count)
{
    pthread_mutex_lock(&in->lock);
    for (const struct intake_request *r = requests; r; r = r->next)
        count_verdict(in, r);
    in->stats.groups++;
    in->stats.handed_on += count;
    pthread_mutex_unlock(&in->lock);
    note_moved(in);
    wake_sender(in, requests);
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
    return !requests && !has_calls(calls);
}

/* The sender asks again for what it didn't get.  Whoever sent a postback may not, so a call that
 * fails must not take it along: it leaves the group (for *refused), and the others try without it. */
static int write_without_failures(struct intake *in, struct intake_request *requests,
                                  struct call **calls, struct call **refused, struct err *err)
{
    struct call *failed, **at;
    int rc;

    int (*const write)(struct intake *, struct intake_request *, struct call *, struct call **, struct err *) =
        in->settings.spillway && requests ? spill_write : store_shares(in->settings.store) ? write_shared : write_group;

    while ((rc = write(in, requests, *calls, &failed, err)) != 0 && failed && requests) {
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

void group_run(struct intake *in, struct intake_request *requests, unsigned count, struct call *calls)
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
        group_note(in, requests, count, rc, &err);
        pthread_mutex_unlock(&in->lock);
        note_moved(in);
    }
    if (rc == 0)
        wake_sender(in, requests);
    group_answer(in, requests, rc, "the postback can't be stored now; send it again");
    run_work(in, calls);
    pthread_mutex_lock(&in->lock);
    end_calls(calls, rc < 0 ? rc : 0, &err);
    end_calls(refused, -1, &err);
    in->waiting -= count;
    pthread_cond_broadcast(&in->done);
    pthread_mutex_unlock(&in->lock);
    arena_reset(&in->arena);
}
