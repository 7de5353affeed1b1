#include "adapters/tiktok/sender.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/tiktok/delivery.h"
#include "adapters/tiktok/targets.h"

/* A pixel as other threads see it. */
struct face {
    struct sender_pixel_state state;
    bool woken;
    char name[TARGETS_PIXEL_MAX];
};

struct sender {
    struct sender_host host;
    struct delivery *delivery; /* the thread's */
    pthread_t thread;

    pthread_mutex_t lock; /* of all below */
    struct face *faces;   /* as delivery's pixels at the end of the last round */
    size_t face_count;
    bool woken; /* some face is, or all are meant */
    bool all_woken;
    struct targets *next; /* settings that the thread has not seen yet */
    bool closing;
    unsigned grace_ms;
};

static int64_t monotonic_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the thread ---- */

/* What other threads want: true when the sender shall end. */
static bool read_wishes(struct sender *s)
{
    struct targets *next;
    bool closing;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; s->woken && i < delivery_count(s->delivery) && i < s->face_count; i++) {
        if (s->all_woken || s->faces[i].woken)
            delivery_wake(s->delivery, i);
        s->faces[i].woken = false;
    }
    s->woken = s->all_woken = false;
    next = s->next;
    s->next = NULL;
    closing = s->closing;
    pthread_mutex_unlock(&s->lock);
    if (next && delivery_apply(s->delivery, next) != 0)
        s->host.log(s->host.context, "error", "event=reload-failed why=\"no memory\"");
    return closing;
}

/* Room for the pixels of now. */
static bool fit_faces(struct sender *s, size_t count)
{
    struct face *faces;

    if (count == s->face_count)
        return true;
    faces = realloc(s->faces, (count + 1) * sizeof(*faces));
    if (!faces)
        return false;
    memset(faces, 0, (count + 1) * sizeof(*faces));
    s->faces = faces;
    s->face_count = count;
    return true;
}

/* After a reload a face may show another pixel: then a wake-up in between is meant for all. */
static void show_faces(struct sender *s)
{
    size_t count = delivery_count(s->delivery);

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; fit_faces(s, count) && i < count; i++) {
        struct face *f = &s->faces[i];
        struct slice before = { f->name, f->state.pixel.len };
        delivery_state(s->delivery, i, &f->state);
        if (!slice_eq(before, f->state.pixel))
            s->all_woken = s->woken;
        memcpy(f->name, f->state.pixel.ptr, f->state.pixel.len);
        f->state.pixel.ptr = f->name;
    }
    pthread_mutex_unlock(&s->lock);
}

static void drain(struct sender *s)
{
    int64_t end = monotonic_ms() + s->grace_ms, left;

    delivery_stop(s->delivery);
    for (;;) {
        int wait = delivery_step(s->delivery);
        left = end - monotonic_ms();
        if (left <= 0 || delivery_idle(s->delivery))
            break;
        delivery_wait(s->delivery, left < wait ? (int)left : wait);
    }
    delivery_abort(s->delivery);
    show_faces(s);
}

static void *run(void *context)
{
    struct sender *s = context;

    while (!read_wishes(s)) {
        int wait = delivery_step(s->delivery);
        show_faces(s);
        delivery_wait(s->delivery, wait);
    }
    drain(s);
    return NULL;
}

/* ---- for other threads ---- */

/* Signals are for the threads that know what to do with them; a peer that hangs up must not end
 * the process (SIGPIPE). */
static int start_thread(struct sender *s, struct err *err)
{
    sigset_t all, before;
    int code;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&s->thread, NULL, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0)
        return err_set(err, ERR_SYSTEM, "the sender's thread can't be started: %s",
                       strerror(code));
    return 0;
}

static void sender_free(struct sender *s)
{
    delivery_close(s->delivery);
    targets_free(s->next);
    pthread_mutex_destroy(&s->lock);
    free(s->faces);
    free(s);
}

struct sender *sender_open(const struct sender_settings *settings, const struct sender_host *host,
                           struct err *err)
{
    struct targets *targets;
    struct sender *s;

    assert(host->now_ms && host->take && host->report && host->log);
    targets = targets_new(settings, err);
    if (!targets)
        return NULL;
    s = calloc(1, sizeof(*s));
    if (!s) {
        targets_free(targets);
        err_set(err, ERR_SYSTEM, "no memory for the sender");
        return NULL;
    }
    s->host = *host;
    pthread_mutex_init(&s->lock, NULL);
    s->delivery = delivery_open(&s->host, settings->jitter_seed, err);
    if (!s->delivery) {
        targets_free(targets);
    } else if (delivery_apply(s->delivery, targets) != 0) {
        err_set(err, ERR_SYSTEM, "no memory for the sender's pixels");
    } else {
        show_faces(s);
        if (start_thread(s, err) == 0)
            return s;
    }
    sender_free(s);
    return NULL;
}

void sender_wake(struct sender *s, struct slice pixel)
{
    bool first, found = false;

    pthread_mutex_lock(&s->lock);
    first = !s->woken;
    s->woken = true;
    for (size_t i = 0; pixel.len && !found && i < s->face_count; i++) {
        found = slice_eq(s->faces[i].state.pixel, pixel);
        if (found)
            s->faces[i].woken = true;
    }
    if (!found) /* all, or one that a reload is about to bring */
        s->all_woken = true;
    pthread_mutex_unlock(&s->lock);
    if (first)
        delivery_wakeup(s->delivery);
}

int sender_reload(struct sender *s, const struct sender_settings *settings, struct err *err)
{
    struct targets *targets = targets_new(settings, err), *unseen;

    if (!targets)
        return -1;
    pthread_mutex_lock(&s->lock);
    unseen = s->next;
    s->next = targets;
    pthread_mutex_unlock(&s->lock);
    targets_free(unseen);
    delivery_wakeup(s->delivery);
    return 0;
}

int sender_states(struct sender *s, struct arena *arena, struct sender_pixel_state **list,
                  size_t *count)
{
    pthread_mutex_lock(&s->lock);
    *count = s->face_count;
    *list = ARENA_ARRAY(arena, struct sender_pixel_state, s->face_count);
    for (size_t i = 0; *list && i < s->face_count; i++) {
        (*list)[i] = s->faces[i].state;
        (*list)[i].pixel = arena_dup(arena, s->faces[i].state.pixel);
    }
    pthread_mutex_unlock(&s->lock);
    return arena->full ? -1 : 0;
}

void sender_close(struct sender *s, unsigned grace_ms)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    s->grace_ms = grace_ms;
    pthread_mutex_unlock(&s->lock);
    delivery_wakeup(s->delivery);
    pthread_join(s->thread, NULL);
    sender_free(s);
}
