#include "adapters/http/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/http/internal.h"

#define BACKLOG 1024

/* What the kernel may hold of one client that does not read, or that sends faster than is stored;
 * left alone these grow to megabytes. */
#define SEND_ROOM (64 * 1024)
#define RECEIVE_ROOM (128 * 1024)

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int bad_listen(const char *listen, const char *what, struct err *err)
{
    return err_set(
        err, ERR_INPUT,
        "listen address \"%.80s\": %s; write ADDRESS:PORT with a numeric address, such as "
        "127.0.0.1:8080 or [::1]:8080 (port 0 takes a free one)",
        listen, what);
}

static int parse_listen(const char *listen, union address *out, struct err *err)
{
    struct slice text = slice_from(listen), host, port;
    char name[INET6_ADDRSTRLEN];
    const char *colon = strrchr(listen, ':');
    uint64_t number;
    bool v6;

    if (!colon)
        return bad_listen(listen, "has no port", err);
    host = slice_head(text, (size_t)(colon - listen));
    port = slice_from_at(text, host.len + 1);
    if (!slice_to_u64(port, &number) || number > 65535)
        return bad_listen(listen, "the port is not a number from 0 to 65535", err);
    v6 = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (v6)
        host = slice_head(slice_from_at(host, 1), host.len - 2);
    if (slice_eq(host, S("localhost")))
        host = S("127.0.0.1");
    if (host.len == 0 || host.len >= sizeof(name))
        return bad_listen(listen, "the address is not one", err);
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';

    memset(out, 0, sizeof(*out));
    if (v6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)number);
    } else {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)number);
    }
    if (inet_pton(v6 ? AF_INET6 : AF_INET, name,
                  v6 ? (void *)&out->v6.sin6_addr : (void *)&out->v4.sin_addr) != 1)
        return bad_listen(listen, "the address is not one", err);
    return 0;
}

static socklen_t address_size(const union address *a)
{
    return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

static int listen_failed(const char *where, int error, struct err *err)
{
    switch (error) {
    case EADDRINUSE:
        return err_set(err, ERR_SYSTEM,
                       "%.80s: already in use by another program; stop that one (`ss -ltnp` names "
                       "it) or choose another port",
                       where);
    case EACCES:
        return err_set(err, ERR_SYSTEM,
                       "%.80s: not allowed to listen there; ports below 1024 need a privilege: "
                       "choose a higher one behind the reverse proxy",
                       where);
    case EADDRNOTAVAIL:
        return err_set(err, ERR_SYSTEM,
                       "%.80s: this machine has no such address; `ip address` lists those it has",
                       where);
    default:
        return err_set(err, ERR_SYSTEM, "%.80s: can't listen: %s", where, strerror(error));
    }
}

/* Listen and note in s->address where that really is. */
static int open_socket(struct http_server *s, const char *listen_text, struct err *err)
{
    union address a;
    socklen_t size = sizeof(a);
    char name[INET6_ADDRSTRLEN];
    bool v6;
    int on = 1, send_room = SEND_ROOM, receive_room = RECEIVE_ROOM;

    if (parse_listen(listen_text, &a, err) != 0)
        return -1;
    v6 = a.any.sa_family == AF_INET6;
    s->listen_fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listen_fd == -1 ||
        setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        setsockopt(s->listen_fd, SOL_SOCKET, SO_SNDBUF, &send_room, sizeof(send_room)) != 0 ||
        setsockopt(s->listen_fd, SOL_SOCKET, SO_RCVBUF, &receive_room, sizeof(receive_room)) != 0 ||
        bind(s->listen_fd, &a.any, address_size(&a)) != 0 || listen(s->listen_fd, BACKLOG) != 0 ||
        getsockname(s->listen_fd, &a.any, &size) != 0)
        return listen_failed(listen_text, errno, err);
    if (v6)
        inet_ntop(AF_INET6, &a.v6.sin6_addr, name, sizeof(name));
    else
        inet_ntop(AF_INET, &a.v4.sin_addr, name, sizeof(name));
    snprintf(s->address, sizeof(s->address), v6 ? "[%s]:%u" : "%s:%u", name,
             (unsigned)ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port));
    return 0;
}

static struct http_server *server_new(const char *where, const struct http_limits *limits,
                                      http_handler *handler, void *context, struct err *err)
{
    struct http_server *s = calloc(1, sizeof(*s));

    if (!s) {
        err_set(err, ERR_SYSTEM, "%.80s: out of memory", where);
        return NULL;
    }
    s->handler = handler;
    s->context = context;
    s->limits = limits ? *limits : HTTP_LIMITS_DEFAULT;
    s->listen_fd = s->local_dir = -1;
    pthread_mutex_init(&s->lock, NULL);
    http_refusal_texts(s);
    return s;
}

struct http_server *http_server_open(const char *listen, const struct http_limits *limits,
                                     http_handler *handler, void *context, struct err *err)
{
    struct http_server *s = server_new(listen, limits, handler, context, err);

    if (s && open_socket(s, listen, err) == 0 && http_daemon_start(s, err) == 0)
        return s;
    http_server_close(s);
    return NULL;
}

struct http_server *http_server_open_local(const char *dir, const char *name,
                                           const struct http_limits *limits,
                                           http_handler *handler, void *context, struct err *err)
{
    struct http_server *s = server_new(name, limits, handler, context, err);

    if (!s)
        return NULL;
    assert(strlen(name) < LOCAL_NAME);
    snprintf(s->address, sizeof(s->address), "%s", name);
    if (http_local_listen(s, dir, err) == 0 && http_daemon_start(s, err) == 0)
        return s;
    http_server_close(s);
    return NULL;
}

const char *http_server_address(const struct http_server *s)
{
    return s->address;
}

void http_server_stats(const struct http_server *s, struct http_server_stats *out)
{
    *out = (struct http_server_stats){
        .requests = atomic_load_explicit(&s->requests, memory_order_relaxed),
        .cut_slow = atomic_load_explicit(&s->cut_slow, memory_order_relaxed),
        .cut_for_room = atomic_load_explicit(&s->cut_for_room, memory_order_relaxed),
        .refused_too_large = atomic_load_explicit(&s->refused_too_large, memory_order_relaxed),
        .refused_malformed = atomic_load_explicit(&s->refused_malformed, memory_order_relaxed),
        .cut_streams = atomic_load_explicit(&s->cut_streams, memory_order_relaxed),
        .connections = atomic_load_explicit(&s->connections, memory_order_relaxed),
        .streams = atomic_load_explicit(&s->streams, memory_order_relaxed),
    };
}

void http_server_quiesce(struct http_server *s)
{
    if (atomic_exchange(&s->quiesced, true))
        return;
    http_daemon_quiesce(s);
    /* Closed only when the server's thread is gone, which may be about to accept from it. */
    shutdown(s->listen_fd, SHUT_RDWR);
    /* A handler call that began before the flag was seen ends first. */
    while (atomic_load(&s->in_handler))
        sched_yield();
    http_cut_kept(s);
}

void http_server_close(struct http_server *s)
{
    if (!s)
        return;
    if (s->daemon) {
        http_server_quiesce(s);
        http_end_stalls(s);
        http_finish_streams(s);
        http_send_rest(s);
        http_end_connections(s);
        http_daemon_stop(s);
    }
    assert(!s->head);
    http_local_remove(s);
    if (s->listen_fd != -1)
        close(s->listen_fd);
    http_answers_free(s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
