#include "tests/support/sender_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 2, 3))) static void breach(struct host *h, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!h->problem[0])
        vsnprintf(h->problem, sizeof(h->problem), fmt, ap);
    va_end(ap);
}

static void look_for_secrets(struct host *h, struct slice text, const char *where)
{
    for (size_t i = 0; i < sizeof(h->secrets) / sizeof(h->secrets[0]); i++)
        if (h->secrets[i] && slice_find(text, slice_from(h->secrets[i])) < text.len)
            breach(h, "a token in %s: %.*s", where, SLICE_ARG(text));
}

static int64_t clock_now(const struct host *h)
{
    return h->now + (h->started ? monotonic_ms() - h->started : 0);
}

static int64_t on_now(void *context)
{
    struct host *h = context;
    int64_t now;

    pthread_mutex_lock(&h->lock);
    h->rounds++;
    now = clock_now(h);
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return now;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* The first that waits in the queue of pixel, and goes with first; NULL: none is due. */
static struct host_event *next_of(struct host *h, struct slice pixel, int64_t now,
                                  const struct host_event *first, int64_t *next_due)
{
    struct host_event *best = NULL;

    for (size_t i = 0; i < h->count; i++) {
        struct host_event *ev = &h->events[i];
        if (ev->state != HOST_WAITING || !slice_eq(slice_from(ev->pixel), pixel))
            continue;
        if (ev->place > now) {
            if (*next_due == 0 || ev->place < *next_due)
                *next_due = ev->place;
            continue;
        }
        if (first && !same_text(first->test_code, ev->test_code))
            continue;
        if (!best || ev->place < best->place)
            best = ev;
        if (best->place == 0) /* the clock begins later: no other can go before it */
            break;
    }
    return best;
}

static int on_take(void *context, struct slice pixel, unsigned max, struct sender_batch *batch,
                   int64_t *next_due, struct err *err)
{
    struct host *h = context;
    const struct host_event *first = NULL;
    int64_t now;

    pthread_mutex_lock(&h->lock);
    h->takes++;
    now = clock_now(h);
    *next_due = 0;
    if (h->fail_takes) {
        h->fail_takes--;
        pthread_cond_broadcast(&h->changed);
        pthread_mutex_unlock(&h->lock);
        return err_set(err, ERR_BUSY, "the store is busy");
    }
    if (h->limit && max > h->limit)
        max = h->limit;
    batch->events = ARENA_ARRAY(&batch->arena, struct sender_event, max);
    while (batch->count < max) {
        struct host_event *ev = next_of(h, pixel, now, first, next_due);
        if (!ev)
            break;
        first = ev;
        batch->events[batch->count++] = (struct sender_event){
            .id = ev->id,
            .body = arena_dup(&batch->arena, slice_from(ev->body)),
            .attempts = ev->attempts,
            .created = ev->created,
        };
        ev->state = HOST_SENDING;
        ev->attempts++;
    }
    if (first && first->test_code)
        batch->test_code = arena_dup(&batch->arena, slice_from(first->test_code));
    if (batch->arena.full)
        abort();
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static void settle(struct host *h, const struct sender_outcome *o)
{
    struct host_event *ev;

    if (o->id < 1 || (size_t)o->id > h->count) {
        breach(h, "event %lld does not exist", (long long)o->id);
        return;
    }
    ev = &h->events[o->id - 1];
    if (ev->state != HOST_SENDING)
        breach(h, "event %lld reported twice, or never handed out", (long long)o->id);
    if ((o->result == SENDER_DELIVERED) != (o->note.len == 0))
        breach(h, "event %lld: result %d with the note \"%.*s\"", (long long)o->id, o->result,
               SLICE_ARG(o->note));
    if ((o->result == SENDER_RETRY) != (o->due != 0))
        breach(h, "event %lld: result %d with due %lld", (long long)o->id, o->result,
               (long long)o->due);
    if (o->created != ev->created)
        breach(h, "event %lld: created at another time than it was handed out with", (long long)o->id);
    look_for_secrets(h, o->note, "a note");
    ev->state = o->result == SENDER_DELIVERED ? HOST_DELIVERED
                : o->result == SENDER_DEAD    ? HOST_DEAD
                                              : HOST_WAITING;
    ev->due = o->due;
    ev->in_turn = o->in_turn;
    if (!o->in_turn)
        ev->place = o->due;
    ev->unknown = o->unknown;
    ev->retries += o->result == SENDER_RETRY;
    snprintf(ev->note, sizeof(ev->note), "%.*s", SLICE_ARG(o->note));
}

static int on_report(void *context, const struct sender_report *r, struct err *err)
{
    struct host *h = context;

    pthread_mutex_lock(&h->lock);
    look_for_secrets(h, r->message, "a message");
    look_for_secrets(h, r->request_id, "a request id");
    if (h->fail_reports) {
        h->fail_reports--;
        pthread_cond_broadcast(&h->changed);
        pthread_mutex_unlock(&h->lock);
        return err_set(err, ERR_BUSY, "the store is busy");
    }
    h->last = (struct host_report){ .at = r->at, .http_status = r->http_status, .code = r->code,
                                    .count = r->count };
    snprintf(h->last.pixel, sizeof(h->last.pixel), "%.*s", SLICE_ARG(r->pixel));
    snprintf(h->last.message, sizeof(h->last.message), "%.*s", SLICE_ARG(r->message));
    snprintf(h->last.request_id, sizeof(h->last.request_id), "%.*s", SLICE_ARG(r->request_id));
    for (size_t i = 0; i < r->count; i++)
        settle(h, &r->outcomes[i]);
    h->reports++;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static void on_ended(void *context, const struct sender_ended *e)
{
    struct host *h = context;

    pthread_mutex_lock(&h->lock);
    h->ended[e->how]++;
    h->ended_events[e->how] += e->events;
    h->last_ended = *e;
    h->last_ended.pixel = (struct slice){ 0 };
    pthread_mutex_unlock(&h->lock);
}

static void on_log(void *context, const char *level, const char *line)
{
    struct host *h = context;

    pthread_mutex_lock(&h->lock);
    look_for_secrets(h, slice_from(line), "the log");
    buf_printf(&h->log, "level=%s %s\n", level, line);
    pthread_mutex_unlock(&h->lock);
}

void host_init(struct host *h)
{
    *h = (struct host){ .now = 1780000000000 };
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
}

void host_free(struct host *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->events[i].body);
    free(h->events);
    buf_free(&h->log);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->changed);
}

struct sender_host host_api(struct host *h)
{
    return (struct sender_host){
        .context = h, .now_ms = on_now, .take = on_take, .report = on_report, .log = on_log,
        .ended = on_ended,
    };
}

void host_run_clock(struct host *h)
{
    h->started = monotonic_ms();
}

int64_t host_add(struct host *h, const char *pixel, const char *body, const char *test_code)
{
    int64_t id;

    pthread_mutex_lock(&h->lock);
    if (h->count == h->room) {
        h->room = h->room ? h->room * 2 : 64;
        h->events = realloc(h->events, h->room * sizeof(*h->events));
        if (!h->events)
            abort();
    }
    id = (int64_t)h->count + 1;
    h->events[h->count++] = (struct host_event){
        .id = id, .pixel = pixel, .test_code = test_code, .body = strdup(body)
    };
    pthread_mutex_unlock(&h->lock);
    return id;
}

struct host_event host_event(struct host *h, int64_t id)
{
    struct host_event ev;

    pthread_mutex_lock(&h->lock);
    ev = h->events[id - 1];
    pthread_mutex_unlock(&h->lock);
    return ev;
}

void host_set(struct host *h, unsigned *counter, unsigned to)
{
    pthread_mutex_lock(&h->lock);
    *counter = to;
    pthread_mutex_unlock(&h->lock);
}

unsigned host_read(struct host *h, const unsigned *counter)
{
    unsigned n;

    pthread_mutex_lock(&h->lock);
    n = *counter;
    pthread_mutex_unlock(&h->lock);
    return n;
}

static size_t count_state(const struct host *h, enum host_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < h->count; i++)
        n += h->events[i].state == state;
    return n;
}

size_t host_count(struct host *h, enum host_state state)
{
    size_t n;

    pthread_mutex_lock(&h->lock);
    n = count_state(h, state);
    pthread_mutex_unlock(&h->lock);
    return n;
}

struct host_report host_last(struct host *h)
{
    struct host_report last;

    pthread_mutex_lock(&h->lock);
    last = h->last;
    pthread_mutex_unlock(&h->lock);
    return last;
}

bool host_logged(struct host *h, const char *text)
{
    bool there;

    pthread_mutex_lock(&h->lock);
    there = slice_find(buf_slice(&h->log), slice_from(text)) < h->log.len;
    pthread_mutex_unlock(&h->lock);
    return there;
}

static struct timespec half_a_minute(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    return until;
}

static bool wait_for(struct host *h, const unsigned *counter, unsigned at_least)
{
    struct timespec until = half_a_minute();
    bool there;

    pthread_mutex_lock(&h->lock);
    while (*counter < at_least && pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
        ;
    there = *counter >= at_least;
    pthread_mutex_unlock(&h->lock);
    return there;
}

bool host_wait_takes(struct host *h, unsigned takes)
{
    return wait_for(h, &h->takes, takes);
}

bool host_wait_reports(struct host *h, unsigned reports)
{
    return wait_for(h, &h->reports, reports);
}

bool host_wait_count(struct host *h, enum host_state state, size_t count)
{
    struct timespec until = half_a_minute();
    bool there;

    pthread_mutex_lock(&h->lock);
    while (count_state(h, state) < count &&
           pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
        ;
    there = count_state(h, state) >= count;
    pthread_mutex_unlock(&h->lock);
    return there;
}

bool host_wait_idle(struct host *h)
{
    struct timespec until = half_a_minute();
    bool idle;

    pthread_mutex_lock(&h->lock);
    while (count_state(h, HOST_SENDING) &&
           pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
        ;
    idle = count_state(h, HOST_SENDING) == 0;
    pthread_mutex_unlock(&h->lock);
    return idle;
}

/* A round of the sender's thread starts with a question to the clock, and so does an answer; when
 * six more have come after wake-ups, two whole rounds have seen the new time. */
void host_pass(struct host *h, struct sender *s, int64_t ms)
{
    struct timespec until = half_a_minute();

    pthread_mutex_lock(&h->lock);
    h->now += ms;
    for (int i = 0; i < 6; i++) {
        unsigned seen = h->rounds;
        pthread_mutex_unlock(&h->lock);
        sender_wake(s, (struct slice){ 0 });
        pthread_mutex_lock(&h->lock);
        while (h->rounds == seen &&
               pthread_cond_timedwait(&h->changed, &h->lock, &until) == 0)
            ;
    }
    pthread_mutex_unlock(&h->lock);
}
