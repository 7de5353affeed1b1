/* clerk.c: one thread with a store handle of its own, which answers one request after the other. */
#include <stdio.h>
#include <string.h>

#include "cli/end.h"
#include "cli/inspector/inside.h"
#include "cli/serve/clock.h"
#include "core/base/when.h"

#define ARENA_MOST ((size_t)64 << 20)
#define ANSWER_MOST ((size_t)32 << 20)

/* What the thread keeps from request to request. */
struct tools {
    struct store *store;
    struct identity_hasher *hasher;
    struct arena arena;
};

static int get_ready(struct inspector *i, struct tools *t, struct err *err)
{
    if (!t->store && !(t->store = stores_open_kept(i->settings.stores, false, err)))
        return -1;
    if (!t->hasher && !(t->hasher = identity_hasher_new()))
        return err_set(err, ERR_BUSY, "out of memory");
    return 0;
}

static int read_query(struct view *v)
{
    struct notes *notes = ARENA_NEW(v->arena, struct notes);

    if (!notes)
        return err_set(&v->err, ERR_BUSY, "out of memory");
    notes->arena = v->arena;
    v->params = (struct params){ .arena = v->arena, .notes = notes };
    return params_query(&v->params, v->http->query, &v->err);
}

static int status_of(const struct err *err)
{
    return err->kind == ERR_INPUT ? 400 : err->kind == ERR_BUSY || err->kind == ERR_AGAIN ? 503 : 500;
}

static void send(struct view *v, int status)
{
    if (status >= 0 && (!buf_ok(&v->out) || v->arena->full))
        status = err_set(&v->err, ERR_BUSY, "the answer needs too much memory: ask for less at a time");
    if (end_memory_lacked() && (status < 0 || status >= 400)) { /* what looks wrong may only be missing */
        status = -1;
        err_set(&v->err, ERR_BUSY, "out of memory: try again");
    }
    if (status < 0)
        reply_error(v->http, status_of(&v->err), v->err.text);
    else
        reply_json(v->http, status, buf_slice(&v->out));
}

static void answer(struct inspector *i, struct tools *t, const struct job *job)
{
    struct view v = { .i = i, .http = job->http, .rest = job->rest, .arena = &t->arena,
                      .out = { .limit = ANSWER_MOST } };
    int status;

    end_memory_lacked();
    arena_reset(&t->arena);
    status = get_ready(i, t, &v.err);
    if (status == 0)
        status = read_query(&v);
    if (status == 0) {
        v.store = t->store;
        v.hasher = t->hasher;
        v.now_ms = clock_now_ms();
        v.rules = rules_get(i->settings.rules);
        v.catalog = v.rules->catalog;
        status = job->answer(&v);
    }
    send(&v, status);
    rules_release(v.rules);
    buf_free(&v.out);
}

static bool next(struct clerk *d, struct job *out)
{
    bool any;

    pthread_mutex_lock(&d->lock);
    while (d->count == 0 && !d->stopping)
        pthread_cond_wait(&d->work, &d->lock);
    any = d->count > 0 && !d->stopping;
    if (any) {
        *out = d->jobs[d->first];
        d->first = (d->first + 1) % CLERK_JOBS;
        d->count--;
    }
    pthread_mutex_unlock(&d->lock);
    return any;
}

static void *run(void *inspector)
{
    struct inspector *i = inspector;
    struct tools t = { 0 };
    struct job job;

    arena_init(&t.arena, ARENA_MOST);
    while (next(&i->clerk, &job))
        answer(i, &t, &job);
    arena_free(&t.arena);
    identity_hasher_free(t.hasher);
    store_close(t.store);
    return NULL;
}

/* ---- the listener's side ---- */

void clerk_open(struct clerk *d)
{
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->work, NULL);
}

void clerk_give(struct inspector *i, const struct job *job)
{
    struct clerk *d = &i->clerk;
    bool taken;

    pthread_mutex_lock(&d->lock);
    if (!d->started && !d->stopping)
        d->started = pthread_create(&d->thread, NULL, run, i) == 0;
    taken = d->started && !d->stopping && d->count < CLERK_JOBS;
    if (taken) {
        d->jobs[(d->first + d->count++) % CLERK_JOBS] = *job;
        pthread_cond_signal(&d->work);
    }
    pthread_mutex_unlock(&d->lock);
    if (!taken)
        reply_error(job->http, 503, "too much is asked at a time: try again in a moment");
}

void clerk_stop(struct inspector *i)
{
    struct clerk *d = &i->clerk;

    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_signal(&d->work);
    pthread_mutex_unlock(&d->lock);
    if (d->started)
        pthread_join(d->thread, NULL);
    for (; d->count; d->count--, d->first = (d->first + 1) % CLERK_JOBS)
        reply_error(d->jobs[d->first].http, 503, "the server is ending");
}

void clerk_close(struct clerk *d)
{
    pthread_cond_destroy(&d->work);
    pthread_mutex_destroy(&d->lock);
}

/* ---- parameters ---- */

struct slice view_text(const struct view *v, const char *name)
{
    struct slice value = { 0 };

    params_get(&v->params, slice_from(name), &value);
    return value;
}

bool view_number(struct view *v, const char *name, int64_t normal, int64_t least, int64_t most,
                 int64_t *out)
{
    struct slice text = view_text(v, name);

    *out = normal;
    if (text.len == 0 || (slice_to_i64(text, out) && *out >= least && *out <= most))
        return true;
    err_set(&v->err, ERR_INPUT, "`%s` must be a whole number from %lld to %lld", name,
            (long long)least, (long long)most);
    return false;
}

bool view_time(struct view *v, const char *name, int64_t *out)
{
    struct slice text = view_text(v, name);
    int64_t seconds;

    *out = 0;
    if (text.len == 0)
        return true;
    if (when_duration_parse(text, &seconds))
        *out = v->now_ms - seconds * 1000;
    else if (when_parse(text, WHEN_ANY, 0, &seconds))
        *out = seconds * 1000;
    else
        return err_set(&v->err, ERR_INPUT, "`%s` must be a time such as 2026-05-28T20:26:40Z, or an age "
                                           "such as 24h", name), false;
    return true;
}

int view_nothing(struct view *v, const char *sentence)
{
    buf_clear(&v->out);
    buf_puts(&v->out, "{\"error\":");
    buf_json(&v->out, slice_from(sentence));
    buf_puts(&v->out, "}\n");
    return 404;
}
