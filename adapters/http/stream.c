#include "adapters/http/stream.h"

#include <linux/tcp.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "adapters/http/internal.h"

#define BLOCK 4096
/* Of a sent byte that nobody acknowledges: a machine that was put to sleep, a network that is gone. */
#define SILENCE_MS 30000

/* Who has it: its owner, and the library's response.  Lock order: the server's, then this one. */
struct http_stream {
    pthread_mutex_t lock;
    unsigned users;
    struct http_server *server;
    struct http_connection *c; /* NULL: the reader is gone */
    struct buf out;
    size_t at, room; /* out.ptr[at] is the next byte that goes out */
    bool asleep;     /* the library waits until there is more */
    bool ended, broken;
    uint64_t waits_since; /* since when the reader has taken nothing of what waits; 0: nothing waits */
};

static void drop(struct http_stream *s)
{
    bool last;

    pthread_mutex_lock(&s->lock);
    last = --s->users == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&s->lock);
    buf_free(&s->out);
    free(s);
}

/* Under the lock. */
static void wake(struct http_stream *s)
{
    if (!s->asleep || !s->c)
        return;
    s->asleep = false;
    MHD_resume_connection(s->c->mhd);
}

/* Under the lock.  The library notices by the socket, or by its next call of on_more. */
static void cut(struct http_stream *s)
{
    if (s->broken || !s->c)
        return;
    s->broken = true;
    atomic_fetch_add_explicit(&s->server->cut_streams, 1, memory_order_relaxed);
    http_cut(s->c, atomic_load(&s->c->state));
    wake(s);
}

/* ---- the library's side: the server's thread ---- */

static ssize_t take(struct http_stream *s, char *to, size_t max)
{
    size_t n = s->out.len - s->at;

    if (n > max)
        n = max;
    memcpy(to, s->out.ptr + s->at, n);
    s->at += n;
    s->waits_since = http_clock();
    if (s->at == s->out.len) {
        s->at = s->out.len = 0;
        s->waits_since = 0;
    }
    return (ssize_t)n;
}

static ssize_t on_more(void *stream, uint64_t pos, char *to, size_t max)
{
    struct http_stream *s = stream;
    ssize_t n = 0;

    (void)pos;
    pthread_mutex_lock(&s->lock);
    if (s->broken) {
        n = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (s->at < s->out.len) {
        n = take(s, to, max);
    } else if (s->ended) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->asleep = true;
        MHD_suspend_connection(s->c->mhd);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void on_gone(void *stream)
{
    struct http_stream *s = stream;

    pthread_mutex_lock(&s->server->lock);
    s->c->stream = NULL;
    pthread_mutex_unlock(&s->server->lock);
    atomic_fetch_sub(&s->server->streams, 1);
    pthread_mutex_lock(&s->lock);
    s->c = NULL;
    buf_free(&s->out);
    s->at = 0;
    pthread_mutex_unlock(&s->lock);
    drop(s);
}

/* ---- the owner's side ---- */

static bool take_place(struct http_server *s)
{
    unsigned n = atomic_load(&s->streams);

    do {
        if (n >= s->limits.streams || atomic_load(&s->quiesced))
            return false;
    } while (!atomic_compare_exchange_weak(&s->streams, &n, n + 1));
    return true;
}

static struct http_stream *stream_new(struct http_connection *c, size_t room)
{
    struct http_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->users = 2;
    s->server = c->server;
    s->c = c;
    s->room = room;
    return s;
}

struct http_stream *http_stream_open(struct http_request *req, const struct http_header *headers,
                                     size_t room)
{
    struct http_connection *c = (struct http_connection *)req;
    struct http_server *server = c->server;
    struct answer a = { .status = 200, .stream = true };
    unsigned silence = SILENCE_MS;
    struct http_stream *s;

    if (!take_place(server))
        return NULL;
    s = stream_new(c, room);
    if (s)
        a.response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_more, s, on_gone);
    if (!a.response) {
        atomic_fetch_sub(&server->streams, 1);
        free(s);
        return NULL;
    }
    for (; headers && headers->name; headers++)
        MHD_add_response_header(a.response, headers->name, headers->value);
    setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
    pthread_mutex_lock(&server->lock);
    c->stream = s;
    pthread_mutex_unlock(&server->lock);
    http_answer_give(c, a);
    return s;
}

static void append(struct http_stream *s, struct slice bytes)
{
    if (s->at) { /* what was taken makes room */
        memmove(s->out.ptr, s->out.ptr + s->at, s->out.len - s->at);
        s->out.len -= s->at;
        s->at = 0;
    }
    if (bytes.len > s->room - s->out.len) {
        cut(s);
        return;
    }
    if (s->out.len == 0)
        s->waits_since = http_clock();
    buf_add(&s->out, bytes);
    if (!buf_ok(&s->out))
        cut(s);
    else
        wake(s);
}

int http_stream_send(struct http_stream *s, struct slice bytes)
{
    int rc;

    pthread_mutex_lock(&s->lock);
    if (s->c && !s->broken && !s->ended && bytes.len)
        append(s, bytes);
    rc = s->c && !s->broken && !s->ended ? 0 : -1;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

void http_stream_end(struct http_stream *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    wake(s);
    pthread_mutex_unlock(&s->lock);
    drop(s);
}

/* ---- the server's: under its lock ---- */

bool http_stream_is_late(struct http_stream *s, uint64_t now)
{
    const uint64_t patience = HTTP_STREAM_PATIENCE_S * UINT64_C(1000000000);
    bool late;

    pthread_mutex_lock(&s->lock);
    late = s->waits_since && now > s->waits_since && now - s->waits_since > patience;
    pthread_mutex_unlock(&s->lock);
    return late;
}

void http_stream_cut(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    cut(s);
    pthread_mutex_unlock(&s->lock);
}

void http_stream_finish(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    wake(s);
    pthread_mutex_unlock(&s->lock);
}
