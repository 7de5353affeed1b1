#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "adapters/http/internal.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

static struct http_connection *connection_of(struct http_request *req)
{
    return (struct http_connection *)req;
}

struct slice http_request_header(const struct http_request *req, const char *name)
{
    const struct http_connection *c = (const struct http_connection *)req;

    return slice_from(MHD_lookup_connection_value(c->mhd, MHD_HEADER_KIND, name));
}

struct lines_of {
    const char *name;
    struct slice all;
    struct arena *arena;
};

static enum MHD_Result add_line(void *context, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct lines_of *l = context;

    (void)kind;
    if (value && slice_eq_nocase(slice_from(name), slice_from(l->name)))
        l->all = l->all.len ? arena_printf(l->arena, "%.*s,%s", SLICE_ARG(l->all), value)
                            : arena_dup(l->arena, slice_from(value));
    return MHD_YES;
}

struct slice http_request_header_list(const struct http_request *req, const char *name)
{
    const struct http_connection *c = (const struct http_connection *)req;
    struct lines_of l = { name, { 0 }, req->arena };

    MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, add_line, &l);
    return l.all;
}

static bool same_name(const char *a, const char *b)
{
    return slice_eq_nocase(slice_from(a), slice_from(b));
}

/* NULL when there is no memory. */
static struct MHD_Response *build(int status, const struct http_header *headers, bool close,
                                  bool copy, struct slice *body)
{
    struct MHD_Response *r;
    bool typed = status == 204 || status == 304;

    if (copy && body->len) {
        char *p = malloc(body->len);

        if (!p)
            return NULL;
        *body = (struct slice){ memcpy(p, body->ptr, body->len), body->len };
    }
    r = MHD_create_response_from_buffer(body->len, http_unconst(body->len ? body->ptr : ""),
                                        copy && body->len ? MHD_RESPMEM_MUST_FREE
                                                          : MHD_RESPMEM_PERSISTENT);
    if (!r) {
        if (copy && body->len)
            free(http_unconst(body->ptr));
        return NULL;
    }
    for (; headers && headers->name; headers++) {
        /* NO means a line end in a value, which the client shall not get: the line is left out. */
        MHD_add_response_header(r, headers->name, headers->value);
        typed = typed || same_name(headers->name, "Content-Type");
    }
    if (!typed)
        MHD_add_response_header(r, "Content-Type", TEXT_PLAIN);
    if (close)
        MHD_add_response_header(r, "Connection", "close");
    return r;
}

/* The shared response for a static body; NULL when there is none and no room for one. */
static struct MHD_Response *find_static(struct http_server *s, struct slice body)
{
    for (int i = 0; i < STATIC_ANSWERS; i++) {
        struct static_answer *a = &s->statics[i];
        struct MHD_Response *r = atomic_load_explicit(&a->response, memory_order_acquire);

        if (!r)
            return NULL;
        if (a->body.ptr == body.ptr && a->body.len == body.len)
            return r;
    }
    return NULL;
}

static struct MHD_Response *add_static(struct http_server *s, struct slice body)
{
    struct MHD_Response *r;
    int i = 0;

    pthread_mutex_lock(&s->lock);
    r = find_static(s, body);
    while (!r && i < STATIC_ANSWERS && atomic_load(&s->statics[i].response))
        i++;
    if (!r && i < STATIC_ANSWERS) {
        s->statics[i].body = body;
        r = build(200, NULL, false, false, &body);
        atomic_store_explicit(&s->statics[i].response, r, memory_order_release);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

void http_answers_free(struct http_server *s)
{
    for (int i = 0; i < STATIC_ANSWERS; i++)
        if (atomic_load(&s->statics[i].response))
            MHD_destroy_response(atomic_load(&s->statics[i].response));
}

void http_answer_drop(struct answer *a)
{
    if (a->response && !a->shared)
        MHD_destroy_response(a->response);
    *a = (struct answer){ 0 };
}

void http_answer_give(struct http_connection *c, struct answer a)
{
    struct MHD_Connection *mhd = c->mhd;
    enum phase before;

    c->answer = a;
    before = STATE_PHASE(atomic_exchange(&c->state, STATE(PHASE_ANSWERED, 0)));
    assert(before == PHASE_HANDLER || before == PHASE_WAITING); /* else answered twice */
    if (before == PHASE_WAITING)
        MHD_resume_connection(mhd);
}

static void reply(struct http_request *req, int status, const struct http_header *headers,
                  struct slice body, bool is_static)
{
    struct http_connection *c = connection_of(req);
    struct answer a = { .status = (unsigned)status, .body = body };
    bool close = atomic_load_explicit(&c->server->quiesced, memory_order_relaxed);

    assert(status >= 200 && status <= 599);
    if (is_static && !headers && !close && body.len && status != 204 && status != 304) {
        a.response = find_static(c->server, body);
        if (!a.response)
            a.response = add_static(c->server, body);
        a.shared = a.response != NULL;
    }
    if (!a.response)
        a.response = build(status, headers, close, !is_static, &a.body);
    http_answer_give(c, a);
}

void http_reply(struct http_request *req, int status, const struct http_header *headers,
                struct slice body)
{
    reply(req, status, headers, body, false);
}

void http_reply_static(struct http_request *req, int status, const struct http_header *headers,
                       struct slice body)
{
    reply(req, status, headers, body, true);
}

void http_answer_close(struct http_connection *c)
{
    http_answer_give(c, (struct answer){ 0 });
}

struct answer http_answer_refusal(struct http_connection *c, enum refusal why)
{
    static const struct http_header later[] = { { "Retry-After", "1" }, { NULL, NULL } };
    int status = http_refusal_status(why);
    struct answer a = {
        .status = (unsigned)status,
        .body = slice_from(c->server->refusals[why]),
    };

    a.response = build(status, status == 503 ? later : NULL, true, false, &a.body);
    return a;
}

static enum MHD_Result print_header(void *out, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct buf *b = out;

    (void)kind;
    if (same_name(name, "Connection"))
        return MHD_YES;
    buf_puts(b, name);
    buf_puts(b, ": ");
    buf_puts(b, value ? value : "");
    buf_puts(b, "\r\n");
    return MHD_YES;
}

/* Past the library, for the cases in which it has no answer.  One try: the socket's buffer is empty
 * then, or the client is not reading anyway. */
void http_answer_send_raw(struct http_connection *c, const struct answer *a)
{
    struct buf b = { 0 };

    if (!a->response)
        return;
    buf_printf(&b, "HTTP/1.1 %u %s\r\n", a->status, MHD_get_reason_phrase_for(a->status));
    MHD_get_response_headers(a->response, print_header, &b);
    if (a->status != 204)
        buf_printf(&b, "Content-Length: %zu\r\n", a->body.len);
    buf_puts(&b, "Connection: close\r\n\r\n");
    if (c->request.method != HTTP_HEAD && a->status != 204 && a->status != 304)
        buf_add(&b, a->body);
    if (buf_ok(&b))
        (void)!send(c->fd, b.ptr, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_free(&b);
}

/* The three for the sandbox. */

void http_reply_raw(struct http_request *req, struct slice bytes)
{
    struct http_connection *c = connection_of(req);

    while (bytes.len) {
        struct pollfd p = { .fd = c->fd, .events = POLLOUT };
        ssize_t n = send(c->fd, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0)
            bytes = slice_from_at(bytes, (size_t)n);
        else if (n == -1 && errno != EAGAIN && errno != EINTR)
            break;
        else if (poll(&p, 1, 1000) == 0)
            break; /* the client does not read */
    }
    http_answer_close(c);
}

/* Closing with SO_LINGER would do, but for the library's shutdown before it, which the client would
 * see as an orderly end. */
void http_reply_reset(struct http_request *req)
{
    struct http_connection *c = connection_of(req);
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    (void)!connect(c->fd, &nowhere, sizeof(nowhere));
    http_answer_close(c);
}

/* The sweep ends it. */
void http_reply_stall(struct http_request *req, unsigned seconds)
{
    atomic_store(&connection_of(req)->stall_until_ns,
                 http_clock() + seconds * UINT64_C(1000000000));
}
