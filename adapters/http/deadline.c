/* The library's own timeout starts again with every byte, so a client that drips is never cut; and
 * it tells us nothing of a request whose header is not complete.  So every connection has a phase
 * with the moment it began, and the sweep compares:
 *
 *   no request yet, new connection    request_seconds from the connect
 *   no request yet, kept connection   request_seconds from the first byte, idle_seconds without one
 *   header complete, body is not      request_seconds from the first byte, or from the header when
 *                                     that came within one sweep
 *   with the handler                  never
 *   answer not taken by the client    idle_seconds
 *   a stream's bytes not taken        HTTP_STREAM_PATIENCE_S; at once when its reader has closed
 *
 * The first byte of a header on a kept connection shows only in the kernel's count of received
 * bytes: it grows while no request is complete.  A first part that came before the sweep has looked
 * once is noticed with the next part; without a next part it costs what an idle connection costs,
 * and is cut like one. */
#include "adapters/http/internal.h"
#include "adapters/http/stream.h"

#include <linux/tcp.h>
#include <sys/socket.h>
#include <time.h>

#define NS UINT64_C(1000000000)
#define QUIET (NS / 10)
#define GONE_NS (2 * NS) /* until connections that were cut must be gone */
#define REST_NS (2 * NS)

/* The client has closed its sending half: no request can come.  The library overlooks that when it
 * comes together with the last request.  (The name is in a header that linux/tcp.h excludes.) */
#define CLOSE_WAIT 8
#define CLOSED 7 /* reset: a stream that sleeps does not look */

/* Deadlines are whole seconds, so the cheap clock will do. */
uint64_t http_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* Zeros where the kernel does not say: then nothing is noticed and idle_seconds is the bound. */
static struct tcp_info kernel_view(int fd)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return (struct tcp_info){ 0 };
    return info;
}

/* Only if nothing has moved since state was read: whoever is first wins. */
bool http_cut(struct http_connection *c, uint64_t state)
{
    if (!atomic_compare_exchange_strong(&c->state, &state, STATE(PHASE_CUT, 0)))
        return false;
    shutdown(c->fd, SHUT_RDWR);
    return true;
}

static bool past(uint64_t now, uint64_t since, unsigned seconds)
{
    return now > since && now - since > seconds * NS;
}

/* When the first byte of the request to come was noticed; 0: not yet. */
static uint64_t first_byte(struct http_connection *c, uint64_t idle_ns, uint64_t bytes,
                           uint64_t now)
{
    uint64_t first = atomic_load_explicit(&c->first_byte_ns, memory_order_relaxed);

    if (c->seen_idle_ns != idle_ns) {
        c->seen_idle_ns = idle_ns;
        c->seen_bytes = bytes;
        first = 0;
    } else if (!first && bytes != c->seen_bytes) {
        first = now;
    }
    atomic_store_explicit(&c->first_byte_ns, first, memory_order_relaxed);
    return first;
}

static bool sweep_idle(struct http_connection *c, uint64_t state, uint64_t now)
{
    const struct http_limits *limits = &c->server->limits;
    uint64_t since = STATE_NS(state), first;
    struct tcp_info kernel;

    if (now < since + QUIET) /* it may go on, and be idle again, within one tick of the clock */
        return false;
    kernel = kernel_view(c->fd);
    first = first_byte(c, since, kernel.tcpi_bytes_received, now);
    if (first && past(now, first, limits->request_seconds))
        return http_cut(c, state);
    if (!atomic_load_explicit(&c->kept, memory_order_relaxed))
        return past(now, since, limits->request_seconds) && http_cut(c, state);
    if (past(now, since, limits->idle_seconds) || kernel.tcpi_state == CLOSE_WAIT)
        http_cut(c, state);
    return false;
}

/* The library does not look at a socket whose stream sleeps. */
static void sweep_stream(struct http_connection *c, uint64_t now)
{
    unsigned state = kernel_view(c->fd).tcpi_state;

    if (c->stream && (state == CLOSE_WAIT || state == CLOSED || http_stream_is_late(c->stream, now)))
        http_stream_cut(c->stream);
}

/* Whether a slow client was cut. */
static bool sweep_one(struct http_connection *c, uint64_t now)
{
    const struct http_limits *limits = &c->server->limits;
    uint64_t state = atomic_load(&c->state), stall;

    switch (STATE_PHASE(state)) {
    case PHASE_IDLE:
        return sweep_idle(c, state, now);
    case PHASE_READING:
        return past(now, STATE_NS(state), limits->request_seconds) && http_cut(c, state);
    case PHASE_SENDING:
        return past(now, STATE_NS(state), limits->idle_seconds) && http_cut(c, state);
    case PHASE_WAITING:
        stall = atomic_load(&c->stall_until_ns);
        if (stall && now >= stall)
            http_answer_close(c);
        return false;
    case PHASE_STREAM:
        sweep_stream(c, now);
        return false;
    case PHASE_HANDLER:
    case PHASE_ANSWERED:
    case PHASE_CUT:
        return false;
    }
    return false;
}

/* The lock keeps the server's thread from closing a socket, whose number another would get. */
void http_sweep_at(struct http_server *s, uint64_t now)
{
    uint64_t slow = 0;

    pthread_mutex_lock(&s->lock);
    for (struct http_connection *c = s->head; c; c = c->next)
        slow += sweep_one(c, now);
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add_explicit(&s->cut_slow, slow, memory_order_relaxed);
}

void http_server_sweep(struct http_server *s)
{
    uint64_t now = http_clock();

    http_sweep_at(s, now);
    http_make_room(s, now);
    http_trim(s);
}

/* The clients shall notice, and go elsewhere with their next request. */
void http_cut_kept(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct http_connection *c = s->head; c; c = c->next) {
        uint64_t state = atomic_load(&c->state);
        if (STATE_PHASE(state) == PHASE_IDLE && atomic_load(&c->kept))
            http_cut(c, state);
    }
    pthread_mutex_unlock(&s->lock);
}

void http_end_stalls(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct http_connection *c = s->head; c; c = c->next)
        if (STATE_PHASE(atomic_load(&c->state)) == PHASE_WAITING && atomic_load(&c->stall_until_ns))
            http_answer_close(c);
    pthread_mutex_unlock(&s->lock);
}

void http_finish_streams(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct http_connection *c = s->head; c; c = c->next)
        if (c->stream)
            http_stream_finish(c->stream);
    pthread_mutex_unlock(&s->lock);
}

static bool is_answering(struct http_server *s)
{
    bool any = false;

    pthread_mutex_lock(&s->lock);
    for (struct http_connection *c = s->head; c && !any; c = c->next) {
        enum phase phase = STATE_PHASE(atomic_load(&c->state));
        any = phase == PHASE_WAITING || phase == PHASE_ANSWERED || phase == PHASE_SENDING ||
              phase == PHASE_STREAM;
    }
    pthread_mutex_unlock(&s->lock);
    return any;
}

/* The library's stop shuts every socket down first, also those whose answer has not left yet.  A
 * client that does not read its answer is waited for REST_NS at most. */
void http_send_rest(struct http_server *s)
{
    const struct timespec pause = { .tv_nsec = 500000 };
    uint64_t end = http_clock() + REST_NS;

    while (is_answering(s) && http_clock() < end)
        nanosleep(&pause, NULL);
}

/* The library (0.9.75) dereferences a response that is not there when it refuses a malformed request by
 * itself while it is being stopped.  So its clients are gone before. */
void http_end_connections(struct http_server *s)
{
    const struct timespec pause = { .tv_nsec = 500000 };
    uint64_t end = http_clock() + GONE_NS;
    bool any;

    do {
        pthread_mutex_lock(&s->lock);
        any = s->head != NULL;
        for (struct http_connection *c = s->head; c; c = c->next) {
            if (c->stream)
                http_stream_cut(c->stream);
            shutdown(c->fd, SHUT_RDWR);
        }
        pthread_mutex_unlock(&s->lock);
        if (any)
            nanosleep(&pause, NULL);
    } while (any && http_clock() < end);
}
