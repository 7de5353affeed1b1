#include "tests/support/scripted_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, HEAD_MAX = 16384, REQUESTS_MAX = 65536, BODY_MAX = 16 << 20 };

struct connection {
    struct scripted_http *server;
    pthread_t thread;
    int fd;
};

struct scripted_http {
    scripted_handler *handler;
    void *context;
    int listener, port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct connection *connections[CONNECTIONS_MAX];
    size_t connection_count;
    struct scripted_request *requests;
    size_t request_count;
    unsigned early;
    bool released, ending;
};

static void die(const char *what)
{
    perror(what);
    abort();
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w <= 0)
            return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

static void reset(int fd)
{
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static size_t content_length(const char *head)
{
    const char *at = strstr(head, "\r\nContent-Length:"); /* as libcurl spells it */
    uint64_t n = 0;
    struct slice line, rest;

    if (at) {
        slice_cut(slice_from(at + 17), '\r', &line, &rest);
        if (!slice_to_u64(slice_trim(line), &n) || n > BODY_MAX)
            abort();
    }
    return (size_t)n;
}

/* false: the connection is over.  head and body are malloc'ed. */
static bool read_request(struct connection *c, char **head, struct slice *body)
{
    char *h = malloc(HEAD_MAX + 1), *end = NULL, *b = NULL;
    size_t used = 0, want, have;

    if (!h)
        abort();
    while (!end) {
        ssize_t n = used < HEAD_MAX ? recv(c->fd, h + used, HEAD_MAX - used, 0) : 0;
        bool early = false;
        if (n <= 0 || h[0] == 0x16) /* 0x16: a TLS handshake */
            goto over;
        pthread_mutex_lock(&c->server->lock);
        if (used == 0 && c->server->early) {
            early = true;
            c->server->early--;
        }
        pthread_mutex_unlock(&c->server->lock);
        if (early) {
            reset(c->fd);
            goto over;
        }
        used += (size_t)n;
        h[used] = '\0';
        end = strstr(h, "\r\n\r\n");
    }
    end += 4;
    have = used - (size_t)(end - h);
    want = content_length(h);
    b = malloc(want + 1);
    if (!b || have > want)
        abort();
    memcpy(b, end, have);
    *end = '\0';
    while (have < want) {
        ssize_t n = recv(c->fd, b + have, want - have, 0);
        if (n <= 0)
            goto over;
        have += (size_t)n;
    }
    *head = h;
    *body = (struct slice){ b, want };
    return true;
over:
    free(h);
    free(b);
    return false;
}

static bool answer(int fd, const struct scripted_answer *a)
{
    size_t len = strlen(a->body), total = len + a->padding;
    char head[512], *body = malloc(total + 1);
    bool ok;

    if (!body)
        abort();
    memcpy(body, a->body, len);
    memset(body + len, ' ', a->padding);
    snprintf(head, sizeof(head), "HTTP/1.1 %d Scripted\r\n%sContent-Length: %zu\r\n\r\n",
             a->status ? a->status : 200, a->headers ? a->headers : "", total);
    if (a->action == SCRIPTED_CUT)
        total /= 2;
    ok = !a->interim || send_all(fd, a->interim, strlen(a->interim));
    ok = ok && send_all(fd, head, strlen(head)) && send_all(fd, body, total);
    free(body);
    return ok && a->action == SCRIPTED_ANSWER;
}

/* Keep the request, ask what to do with it. */
static void decide(struct scripted_http *s, char *head, struct slice body,
                   struct scripted_answer *a)
{
    struct scripted_request *r;

    pthread_mutex_lock(&s->lock);
    if (s->request_count == REQUESTS_MAX)
        abort();
    r = &s->requests[s->request_count];
    *r = (struct scripted_request){ .number = s->request_count, .head = head, .body = body };
    s->request_count++;
    s->handler(s->context, r, a);
    pthread_cond_broadcast(&s->changed);
    while (a->hold && !s->released && !s->ending)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static void *serve(void *context)
{
    struct connection *c = context;
    struct scripted_http *s = c->server;
    struct slice body;
    bool open = true;
    char *head, byte;

    while (open && read_request(c, &head, &body)) {
        struct scripted_answer a = { 0 };
        decide(s, head, body, &a);
        if (a.action == SCRIPTED_STALL)
            while (recv(c->fd, &byte, 1, 0) > 0)
                ;
        if (a.action == SCRIPTED_RESET)
            reset(c->fd);
        open = (a.action == SCRIPTED_ANSWER || a.action == SCRIPTED_CUT) && answer(c->fd, &a);
    }
    pthread_mutex_lock(&s->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *accept_all(void *context)
{
    struct scripted_http *s = context;
    int fd, on = 1;

    while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
        struct connection *c = calloc(1, sizeof(*c));
        pthread_mutex_lock(&s->lock);
        if (!c || s->connection_count == CONNECTIONS_MAX)
            abort();
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        *c = (struct connection){ .server = s, .fd = fd };
        if (s->ending) {
            close(fd);
            free(c);
        } else {
            s->connections[s->connection_count++] = c;
            if (pthread_create(&c->thread, NULL, serve, c) != 0)
                abort();
        }
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

struct scripted_http *scripted_open(scripted_handler *handler, void *context)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct scripted_http *s = calloc(1, sizeof(*s));
    socklen_t len = sizeof(at);

    if (!s || !(s->requests = calloc(REQUESTS_MAX, sizeof(*s->requests))))
        abort();
    s->handler = handler;
    s->context = context;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(s->listener, 64) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &len) != 0)
        die("scripted_http");
    s->port = ntohs(at.sin_port);
    if (pthread_create(&s->thread, NULL, accept_all, s) != 0)
        abort();
    return s;
}

int scripted_port(const struct scripted_http *s)
{
    return s->port;
}

void scripted_reset_early(struct scripted_http *s, unsigned n)
{
    pthread_mutex_lock(&s->lock);
    s->early = n;
    pthread_mutex_unlock(&s->lock);
}

void scripted_release(struct scripted_http *s)
{
    pthread_mutex_lock(&s->lock);
    s->released = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

size_t scripted_count(struct scripted_http *s)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = s->request_count;
    pthread_mutex_unlock(&s->lock);
    return n;
}

bool scripted_wait(struct scripted_http *s, size_t count)
{
    struct timespec until;
    bool there;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&s->lock);
    while (s->request_count < count &&
           pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0)
        ;
    there = s->request_count >= count;
    pthread_mutex_unlock(&s->lock);
    return there;
}

struct scripted_request scripted_get(struct scripted_http *s, size_t number)
{
    struct scripted_request r;

    pthread_mutex_lock(&s->lock);
    if (number >= s->request_count)
        abort();
    r = s->requests[number];
    pthread_mutex_unlock(&s->lock);
    return r;
}

void scripted_close(struct scripted_http *s)
{
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_broadcast(&s->changed);
    shutdown(s->listener, SHUT_RDWR);
    for (size_t i = 0; i < s->connection_count; i++)
        if (s->connections[i]->fd != -1)
            shutdown(s->connections[i]->fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->connection_count; i++) {
        pthread_join(s->connections[i]->thread, NULL);
        free(s->connections[i]);
    }
    for (size_t i = 0; i < s->request_count; i++) {
        free((void *)(uintptr_t)s->requests[i].head);
        free((void *)(uintptr_t)s->requests[i].body.ptr);
    }
    free(s->requests);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}
