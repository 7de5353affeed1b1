#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "adapters/http/internal.h"
#include "core/base/wipe.h"

/* What the library needs beside the URL in a connection's memory: 8 KiB of other header lines, its
 * records of them, and the header of the answer.  It clears all of it after every request, so more
 * costs time as well.  Longer URLs and headers get the library's own 414 and 431. */
#define CONNECTION_ROOM (12 * 1024)

#define HANDLER_ROOM (256 * 1024)

/* Body bytes thrown away behind a refusal.  A socket that is closed with bytes unread is reset, and
 * the reset may overtake the refusal; so what a client still sends is read up to here. */
#define DISCARD_MAX (1024 * 1024)

/* Kept for the next request of a connection and for the next connection. */
#define BODY_KEPT 4096
#define SPARES_KEPT 256

/* Connections come and go. */

static void address_text(struct http_connection *c, const struct sockaddr *from)
{
    char *to = c->address;

    to[0] = '\0';
    if (from && from->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, from, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, to, sizeof(c->address));
    } else if (from && from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, from, sizeof(v6));
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, to, sizeof(c->address));
        else
            inet_ntop(AF_INET6, &v6.sin6_addr, to, sizeof(c->address));
    }
}

static void connection_free(struct http_connection *c)
{
    arena_free(&c->arena);
    buf_free(&c->body);
    free(c);
}

/* A spare one keeps its arena and buffer. */
static struct http_connection *connection_new(struct http_server *s)
{
    struct http_connection *c = s->spare;
    struct arena arena;
    struct buf body = { 0 };

    if (c) {
        s->spare = c->next;
        s->spares--;
        arena = c->arena;
        body = c->body;
    } else {
        c = malloc(sizeof(*c));
        if (!c)
            return NULL;
        arena_init(&arena, HANDLER_ROOM + s->limits.url + 64);
        arena_alloc(&arena, 1); /* the chunk that a reset keeps shall be a small one */
    }
    memset(c, 0, sizeof(*c));
    c->arena = arena;
    c->body = body;
    c->body.secret = true;
    c->server = s;
    return c;
}

static void connection_opened(struct http_server *s, struct MHD_Connection *mhd, void **context)
{
    struct http_connection *c = connection_new(s);
    const union MHD_ConnectionInfo *info;

    *context = c;
    if (!c)
        return;
    c->mhd = mhd;
    c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    address_text(c, info ? info->client_addr : NULL);
    atomic_init(&c->state, STATE(PHASE_IDLE, http_clock()));
    atomic_fetch_add_explicit(&s->connections, 1, memory_order_relaxed);

    pthread_mutex_lock(&s->lock);
    c->next = s->head;
    if (s->head)
        s->head->prev = c;
    s->head = c;
    pthread_mutex_unlock(&s->lock);
    http_make_room(s, http_clock());
}

static void connection_closed(struct http_server *s, struct http_connection *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&s->lock);
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        s->head = c->next;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_sub_explicit(&s->connections, 1, memory_order_relaxed);

    if (s->spares < SPARES_KEPT) {
        c->next = s->spare;
        s->spare = c;
        s->spares++;
    } else {
        connection_free(c);
    }
}

static void on_connection(void *server, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_opened(server, mhd, context);
    else
        connection_closed(server, *context);
}

/* A request comes. */

/* The request line is there.  The library would now cut the query into parameters, decode them in
 * place and keep a record of each in the connection's memory, where a long query of short ones does
 * not fit.  We want the bytes as they are: take a copy, and end the library's query before its
 * first byte. */
static void *on_target(void *server, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *s = server;
    struct http_connection *c =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    uint64_t state, first, since;
    size_t length = strlen(uri);
    char *mark;

    if (!c)
        return NULL;
    c->stage = STAGE_HEADER;
    c->target = (struct slice){ uri, length };
    if (length <= s->limits.url) /* otherwise only its length counts */
        c->target = arena_dup(&c->arena, c->target);
    c->target_end = uri + length;
    c->library_target = (struct slice){ uri, length };
    mark = memchr(uri, '?', length);
    if (mark)
        mark[1] = '\0';

    state = atomic_load_explicit(&c->state, memory_order_relaxed);
    first = atomic_load_explicit(&c->first_byte_ns, memory_order_relaxed);
    since = STATE_NS(state) < first ? first : http_clock();
    if (STATE_PHASE(state) == PHASE_IDLE) /* else, or when this fails: cut */
        atomic_compare_exchange_strong(&c->state, &state, STATE(PHASE_READING, since));
    return c;
}

static size_t no_unescape(void *server, struct MHD_Connection *mhd, char *text)
{
    (void)server;
    (void)mhd;
    return strlen(text);
}

static enum http_method method_named(const char *name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        { "GET", HTTP_GET },
        { "POST", HTTP_POST },
        { "HEAD", HTTP_HEAD },
        { "OPTIONS", HTTP_OPTIONS },
    };

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (strcmp(name, methods[i].name) == 0)
            return methods[i].method;
    return HTTP_OTHER;
}

static enum MHD_Result queue(struct http_connection *c)
{
    uint64_t state = atomic_load_explicit(&c->state, memory_order_relaxed);
    enum phase to = c->answer.stream ? PHASE_STREAM : PHASE_SENDING;
    enum MHD_Result ok = MHD_NO;

    c->stage = STAGE_QUEUED;
    if (STATE_PHASE(state) != PHASE_CUT && c->answer.response &&
        atomic_compare_exchange_strong(&c->state, &state, STATE(to, http_clock())))
        ok = MHD_queue_response(c->mhd, c->answer.status, c->answer.response);
    http_answer_drop(&c->answer);
    return ok;
}

/* Answer without the handler, and close. */
static enum MHD_Result refuse(struct http_connection *c, enum refusal why, bool more_to_read)
{
    struct http_server *s = c->server;
    int status = http_refusal_status(why);

    if (status == 413 || status == 414)
        atomic_fetch_add_explicit(&s->refused_too_large, 1, memory_order_relaxed);
    else if (status < 500 || why == REFUSE_ENCODING)
        atomic_fetch_add_explicit(&s->refused_malformed, 1, memory_order_relaxed);
    c->answer = http_answer_refusal(c, why);
    if (!more_to_read)
        return queue(c);
    /* The library answers only after the whole body, or closes at once. */
    http_answer_send_raw(c, &c->answer);
    http_answer_drop(&c->answer);
    c->stage = STAGE_DISCARD;
    return MHD_YES;
}

static enum MHD_Result take_header(struct http_connection *c, const char *method,
                                   const char *version)
{
    struct framing framing = { 0 };
    enum refusal why;

    c->request.method = method_named(method);
    why = http_check(c, method, version, &framing);
    if (why != REFUSE_NOTHING) /* who waits for a 100 has not sent the body */
        return refuse(c, why, framing.body && !framing.expects);
    c->body_seen = 0;
    c->stage = STAGE_BODY;
    return MHD_YES;
}

static enum MHD_Result take_body(struct http_connection *c, const char *data, size_t size)
{
    c->body_seen += size;
    if (c->stage == STAGE_DISCARD)
        return c->body_seen > DISCARD_MAX ? MHD_NO : MHD_YES;
    if (c->body_seen > c->server->limits.body)
        return refuse(c, REFUSE_BODY, true);
    buf_add(&c->body, (struct slice){ data, size });
    wipe(http_unconst(data), size); /* the library's own copy, which is taken */
    return buf_ok(&c->body) ? MHD_YES : refuse(c, REFUSE_MEMORY, true);
}

static void fill_request(struct http_connection *c)
{
    struct http_request *r = &c->request;
    struct timespec t;

    slice_cut(c->target, '?', &r->path, &r->query);
    if (r->path.len == 0)
        r->path = S("/");
    r->body = buf_slice(&c->body);
    r->address = slice_from(c->address);
    r->arena = &c->arena;
    r->user = NULL;
    clock_gettime(CLOCK_MONOTONIC, &t);
    r->received_ns = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The handler has returned: answer, or sleep until another thread answers.  The answer may come
 * between any two of these lines; whoever finds the other's mark in c->state goes on. */
static enum MHD_Result settle(struct http_connection *c)
{
    uint64_t state = atomic_load_explicit(&c->state, memory_order_acquire);

    if (STATE_PHASE(state) == PHASE_ANSWERED)
        return queue(c);
    MHD_suspend_connection(c->mhd);
    state = STATE(PHASE_HANDLER, 0);
    if (!atomic_compare_exchange_strong(&c->state, &state, STATE(PHASE_WAITING, 0)))
        MHD_resume_connection(c->mhd);
    return MHD_YES;
}

static enum MHD_Result deliver(struct http_connection *c)
{
    struct http_server *s = c->server;
    uint64_t state = atomic_load_explicit(&c->state, memory_order_relaxed);
    enum MHD_Result result;

    if (STATE_PHASE(state) != PHASE_READING ||
        !atomic_compare_exchange_strong(&c->state, &state, STATE(PHASE_HANDLER, 0)))
        return MHD_NO;
    /* http_server_quiesce sets its flag and then looks at ours: one of the two is seen. */
    atomic_store(&s->in_handler, true);
    if (atomic_load(&s->quiesced)) {
        atomic_store(&s->in_handler, false);
        return refuse(c, REFUSE_CLOSING, false);
    }
    atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
    fill_request(c);
    c->stage = STAGE_GIVEN;
    s->handler(s->context, &c->request);
    result = settle(c);
    atomic_store_explicit(&s->in_handler, false, memory_order_release);
    return result;
}

/* The library calls this for the header, for each piece of a body, and at the end; and again when a
 * sleeping connection goes on. */
static enum MHD_Result on_request(void *server, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct http_connection *c = *context;
    size_t taken = *size;

    (void)server;
    (void)mhd;
    (void)url;
    if (!c)
        return MHD_NO;
    *size = 0;
    switch (c->stage) {
    case STAGE_HEADER:
        return take_header(c, method, version);
    case STAGE_BODY:
        return taken ? take_body(c, data, taken) : deliver(c);
    case STAGE_DISCARD:
        return taken ? take_body(c, data, taken) : MHD_NO;
    case STAGE_GIVEN:
        assert(STATE_PHASE(atomic_load(&c->state)) == PHASE_ANSWERED);
        return queue(c);
    case STAGE_QUEUED:
        break;
    }
    return MHD_NO;
}

/* Refusals of the library itself. */
static void count_library_refusal(struct http_connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    struct http_server *s = c->server;

    if (!info)
        return;
    if (info->http_status == 413 || info->http_status == 414 || info->http_status == 431)
        atomic_fetch_add_explicit(&s->refused_too_large, 1, memory_order_relaxed);
    else if (info->http_status == 400)
        atomic_fetch_add_explicit(&s->refused_malformed, 1, memory_order_relaxed);
}

/* A request holds a key, in its target or in its body: nothing of it stays in memory. */
static void forget_request(struct http_connection *c)
{
    arena_wipe(&c->arena);
    wipe(c->body.ptr, c->body.len);
    if (c->body.cap > BODY_KEPT)
        buf_free(&c->body);
    buf_clear(&c->body);
    wipe(http_unconst(c->library_target.ptr), c->library_target.len);
    c->library_target = (struct slice){ 0 };
    c->target = (struct slice){ 0 };
}

/* The answer is sent, or the connection is lost. */
static void on_completed(void *server, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_connection *c = *context;
    uint64_t state;

    (void)server;
    (void)mhd;
    if (!c)
        return;
    state = atomic_load_explicit(&c->state, memory_order_acquire);
    assert(STATE_PHASE(state) != PHASE_HANDLER && STATE_PHASE(state) != PHASE_WAITING);
    if (code == MHD_REQUEST_TERMINATED_WITH_ERROR && STATE_PHASE(state) == PHASE_READING &&
        c->stage != STAGE_DISCARD)
        count_library_refusal(c);
    /* A client that has closed its sending half after the request looks gone to the library when
     * the connection wakes up, and would get no answer. */
    if (STATE_PHASE(state) == PHASE_ANSWERED && c->answer.response && !c->answer.stream)
        http_answer_send_raw(c, &c->answer);
    http_answer_drop(&c->answer);
    forget_request(c);
    atomic_store_explicit(&c->kept, true, memory_order_relaxed);
    if (STATE_PHASE(state) != PHASE_CUT)
        atomic_store(&c->state, STATE(PHASE_IDLE, http_clock()));
    /* Either this sees the flag of http_server_quiesce, or http_cut_kept sees the phase. */
    if (atomic_load(&c->server->quiesced))
        shutdown(c->fd, SHUT_RDWR);
}

/* The daemon. */

int http_daemon_start(struct http_server *s, struct err *err)
{
    /* TURBO: a new connection is read at once and comes into the epoll set only when it has sent nothing yet;
     * and one that has ended is closed without a shutdown() before. */
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_TURBO;
    sigset_t all, before;

    /* The thread inherits this: signals are for the threads that expect them. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* clang-format off */
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s,
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, s->limits.connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->limits.connections_per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->limits.url + (size_t)CONNECTION_ROOM,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, /* deadline.c does it */
        MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
        MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_END);
    /* clang-format on */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!s->daemon)
        return err_set(err, ERR_SYSTEM,
                       "%s: the HTTP server can't start; is there memory, and are threads and file "
                       "descriptors left (`ulimit -u -n`)?",
                       s->address);
    return 0;
}

void http_daemon_quiesce(struct http_server *s)
{
    MHD_quiesce_daemon(s->daemon);
}

void http_daemon_stop(struct http_server *s)
{
    MHD_stop_daemon(s->daemon);
    s->daemon = NULL;
    while (s->spare) {
        struct http_connection *c = s->spare;

        s->spare = c->next;
        connection_free(c);
    }
}
