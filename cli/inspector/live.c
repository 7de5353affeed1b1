/* live.c: server-sent events.  One thread asks the store what is new, whenever something was committed and
 * somebody watches, and writes it into everybody's stream (adapters/http/stream.h), which never waits.
 *
 * An event's id is "POSTBACK.ATTEMPT": the newest rows that it tells of.  A browser that comes back says
 * the last one it got, and gets what came meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/http/stream.h"
#include "cli/inspector/inside.h"
#include "cli/inspector/news.h"
#include "cli/serve/clock.h"
#include "core/base/wipe.h"

#define TICK_MS 200
#define STATE_TICKS 5 /* 1 s */
#define BEAT_TICKS 50  /* 10 s: a proxy, or a reader who is gone, shows */
#define ROOM ((size_t)512 << 10)
#define ARENA_MOST ((size_t)32 << 20)

struct watcher {
    struct http_stream *stream;
    char secret[SESSION_TEXT + 1]; /* of the session, which may end before the stream */
    int64_t postback, attempt;     /* the newest that it was told of; -1: from now on */
    bool new;
    struct watcher *next;
};

struct feed {
    struct inspector *i;
    struct watcher *first;
    struct news news;
    struct store_cursor at;
    bool looked; /* `at` is a place */
    uint64_t groups; /* that intake had committed when the store was last asked */
    struct buf state;
    unsigned tick;
};

static int begin(struct feed *f, struct err *err)
{
    if (!f->news.store && !(f->news.store = stores_open_kept(f->i->settings.stores, false, err)))
        return -1;
    if (f->looked)
        return 0;
    f->looked = store_cursor_newest(f->news.store, &f->at, err) == 0;
    return f->looked ? 0 : -1;
}

/* ---- who watches ---- */

static void leave(struct watcher **at)
{
    struct watcher *w = *at;

    *at = w->next;
    http_stream_end(w->stream);
    wipe(w->secret, sizeof(w->secret));
    free(w);
}

static void bye(struct watcher **at)
{
    http_stream_send((*at)->stream, S("event: bye\ndata: {}\n\n"));
    leave(at);
}

static bool same_cursor(const struct store_cursor *a, const struct store_cursor *b)
{
    return memcmp(a->postback, b->postback, sizeof(a->postback)) == 0 && memcmp(a->attempt, b->attempt, sizeof(a->attempt)) == 0;
}

/* The store goes on while somebody catches up: being where the others are is enough, or it would never end. */
static bool is_behind(const struct store_cursor *a, const struct store_cursor *b)
{
    for (int i = 0; i < STORE_WRITERS; i++)
        if (a->postback[i] < b->postback[i] || a->attempt[i] < b->attempt[i])
            return true;
    return false;
}

/* What this one has missed; whoever is ahead of us (another store, a made-up id) begins here. */
static bool catch_up(struct feed *f, struct watcher *w, struct err *err)
{
    struct store_cursor at = store_cursor_at(f->news.store, w->postback, w->attempt);

    if (w->postback < 0 || w->postback > store_cursor_top(f->at.postback) || w->attempt > store_cursor_top(f->at.attempt))
        return true;
    while (is_behind(&at, &f->at)) {
        struct store_cursor before = at;
        if (news_gather(&f->news, &at, err) != 0) {
            buf_clear(&f->news.batch);
            news_skipped(&f->news);
            at = f->at;
        } else if (same_cursor(&before, &at)) {
            break;
        }
        if (http_stream_send(w->stream, buf_slice(&f->news.batch)) != 0)
            return false;
    }
    return true;
}

static void tell_all(struct feed *f, struct slice bytes)
{
    if (bytes.len == 0)
        return;
    for (struct watcher **at = &f->first; *at;) {
        if ((*at)->new || http_stream_send((*at)->stream, bytes) == 0)
            at = &(*at)->next;
        else
            leave(at);
    }
}

static void print_state(struct feed *f, struct buf *out)
{
    buf_puts(out, "event: state\ndata: ");
    state_json(buf_slice(&f->state), out);
    buf_puts(out, "\n\n");
}

/* Told when something of it has changed. */
static void tell_state(struct feed *f)
{
    struct buf now = { .limit = ROOM / 2 }, text = { 0 };

    arena_reset(&f->news.arena);
    state_members(f->i, &f->news.arena, &now);
    if (!buf_ok(&now) || slice_eq(buf_slice(&now), buf_slice(&f->state))) {
        buf_free(&now);
        return;
    }
    buf_free(&f->state);
    f->state = now;
    print_state(f, &text);
    tell_all(f, buf_slice(&text));
    buf_free(&text);
}

static void welcome(struct feed *f)
{
    struct buf text = { 0 };
    struct err err = { 0 };

    for (struct watcher **at = &f->first; *at;) {
        struct watcher *w = *at;
        bool stays = true;
        if (w->new) {
            if (f->state.len == 0)
                tell_state(f);
            buf_clear(&text);
            print_state(f, &text);
            stays = http_stream_send(w->stream, buf_slice(&text)) == 0 && catch_up(f, w, &err);
            w->new = false;
        }
        if (stays)
            at = &w->next;
        else
            leave(at);
    }
    buf_free(&text);
}

/* Whose session has ended goes. */
static void check_sessions(struct feed *f)
{
    for (struct watcher **at = &f->first; *at;) {
        if (gate_holds(f->i, slice_from((*at)->secret)))
            at = &(*at)->next;
        else
            bye(at);
    }
}

/* ---- the thread ---- */

static void tell_rows(struct feed *f)
{
    struct intake_stats stats;
    struct store_cursor at = f->at;
    struct err err = { 0 };

    intake_stats(f->i->settings.intake, &stats);
    if (stats.groups == f->groups && !store_shares(f->news.store)) /* else others write, too */
        return;
    if (news_gather(&f->news, &at, &err) != 0)
        return; /* the next tick tries again */
    if (same_cursor(&at, &f->at))
        f->groups = stats.groups; /* else there may be more */
    f->at = at;
    tell_all(f, buf_slice(&f->news.batch));
}

static void tick(struct feed *f)
{
    struct err err = { 0 };

    if (begin(f, &err) != 0)
        return;
    welcome(f);
    tell_rows(f);
    if (++f->tick % STATE_TICKS == 0) {
        check_sessions(f);
        tell_state(f);
    }
    if (f->tick % BEAT_TICKS == 0)
        tell_all(f, S(":\n\n"));
}

/* Under the lock, which is held for no more than this: the listener's thread must never wait for the store. */
static void rest(struct live *l)
{
    const struct timespec until = clock_in(TICK_MS);

    pthread_cond_timedwait(&l->work, &l->lock, &until);
}

/* Takes those who have come.  false: it ends. */
static bool next(struct feed *f)
{
    struct live *l = &f->i->live;
    struct watcher *w;
    bool on;

    pthread_mutex_lock(&l->lock);
    if (f->first && !l->arrived && !l->stopping)
        rest(l);
    while (!f->first && !l->arrived && !l->stopping) {
        f->looked = false; /* who comes next begins where the store is then */
        buf_free(&f->state);
        pthread_cond_wait(&l->work, &l->lock);
    }
    while ((w = l->arrived)) {
        l->arrived = w->next;
        w->next = f->first;
        f->first = w;
    }
    on = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return on;
}

static void *run(void *inspector)
{
    struct feed f = { .i = inspector };

    arena_init(&f.news.arena, ARENA_MOST);
    arena_init(&f.news.row, ARENA_MOST);
    while (next(&f))
        tick(&f);
    while (f.first)
        bye(&f.first);
    buf_free(&f.state);
    buf_free(&f.news.batch);
    arena_free(&f.news.arena);
    arena_free(&f.news.row);
    store_close(f.news.store);
    return NULL;
}

/* ---- the listener's side ---- */

void live_open(struct live *l)
{
    pthread_mutex_init(&l->lock, NULL);
    clock_cond_init(&l->work);
}

/* "12.7"; what is none begins now. */
static void read_place(struct watcher *w, struct slice text)
{
    struct slice postback, attempt;

    if (slice_cut(text, '.', &postback, &attempt) && slice_to_i64(postback, &w->postback) &&
        slice_to_i64(attempt, &w->attempt) && w->postback >= 0 && w->attempt >= 0)
        return;
    w->postback = w->attempt = -1;
}

static struct watcher *watcher_new(struct http_request *http)
{
    struct watcher *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    snprintf(w->secret, sizeof(w->secret), "%.*s", SLICE_ARG(gate_cookie(http)));
    read_place(w, http_request_header(http, "Last-Event-ID"));
    w->new = true;
    w->stream = http_stream_open(http, reply_stream_headers, ROOM);
    if (w->stream)
        return w;
    free(w);
    return NULL;
}

void answer_live(struct inspector *i, struct http_request *http)
{
    struct live *l = &i->live;
    struct watcher *w;

    if (http->method == HTTP_HEAD) {
        reply_error(http, 405, "use GET");
        return;
    }
    w = watcher_new(http);
    if (!w) {
        reply_error(http, 503, "too many live views are open: close one of them");
        return;
    }
    http_stream_send(w->stream, S("retry: 2000\n\n"));
    pthread_mutex_lock(&l->lock);
    if (!l->started && !l->stopping)
        l->started = pthread_create(&l->thread, NULL, run, i) == 0;
    if (l->started && !l->stopping) {
        w->next = l->arrived;
        l->arrived = w;
        w = NULL;
    }
    pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->lock);
    if (w) {
        http_stream_end(w->stream);
        free(w);
    }
}

void live_stop(struct inspector *i)
{
    struct live *l = &i->live;

    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->lock);
    if (l->started)
        pthread_join(l->thread, NULL);
}

void live_close(struct live *l)
{
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->lock);
}
