/* bench_load: requests at a constant rate, whatever the answers do.
 *
 *     bench_load PORT RATE SECONDS CONNECTIONS TEMPLATE PREFIX
 *
 * Sends RATE * SECONDS requests to 127.0.0.1 over kept connections and waits for every answer.
 * A request's time runs from the moment it was due, also when no connection was free then, so a
 * server that stalls is charged with everybody who had to wait.  A rate out of reach sends that
 * many as fast as they are answered.  TEMPLATE and the ids are those of unique.lua.
 * Prints: load SENT GOOD P50 P90 P99 P999 MAX: good answers are 200 and 204, times microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/slice.h"

#define ANSWER_MAX 2048
#define CONNECTIONS_MAX 10000
#define PATIENCE_NS INT64_C(10000000000) /* without any answer */

struct line {
    int fd;
    int64_t due; /* of the request on its way, ns; 0: free */
    size_t have;
    char answer[ANSWER_MAX];
};

struct load {
    int64_t port, rate, seconds, connections;
    const char *template, *prefix;
    int64_t total, sent, answered, ok;
    int64_t began;
    int epoll;
    struct line *lines;
    struct line **idle; /* a ring of the free ones, longest free first */
    size_t idle_first, idle_count;
    uint32_t *took_us;
    struct buf request;
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint32_t mix(uint32_t n)
{
    n = (n ^ n >> 16) * 0x7feb352du;
    n = (n ^ n >> 15) * 0x46ca68b5u;
    return n ^ n >> 16;
}

static void compose(struct load *l, int64_t number)
{
    struct slice rest = slice_from(l->template), part;
    char id[64];

    snprintf(id, sizeof(id), "%.40s%08x", l->prefix, mix((uint32_t)number));
    l->request.len = 0;
    buf_puts(&l->request, "GET ");
    while (slice_cut(rest, '@', &part, &rest))
        buf_printf(&l->request, "%.*s%s", SLICE_ARG(part), id);
    buf_printf(&l->request, "%.*s HTTP/1.1\r\nHost: 127.0.0.1:%lld\r\n\r\n", SLICE_ARG(part),
               (long long)l->port);
}

/* ---- connections ---- */

static void put_idle(struct load *l, struct line *line)
{
    line->due = 0;
    line->have = 0;
    l->idle[(l->idle_first + l->idle_count++) % (size_t)l->connections] = line;
}

static struct line *get_idle(struct load *l)
{
    struct line *line = l->idle[l->idle_first];

    l->idle_first = (l->idle_first + 1) % (size_t)l->connections;
    l->idle_count--;
    return line;
}

static int connect_all(struct load *l)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)l->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1;

    for (int64_t i = 0; i < l->connections; i++) {
        struct line *line = &l->lines[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = line };
        line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (line->fd == -1 || connect(line->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
            setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
            epoll_ctl(l->epoll, EPOLL_CTL_ADD, line->fd, &event) != 0)
            return -1;
        put_idle(l, line);
    }
    return 0;
}

/* ---- one request, one answer ---- */

static int64_t due_at(const struct load *l, int64_t n)
{
    return l->began + (int64_t)((double)n * 1e9 / (double)l->rate);
}

static int send_next(struct load *l)
{
    struct line *line = get_idle(l);

    compose(l, l->sent);
    line->due = due_at(l, l->sent++);
    /* A request is far smaller than an empty socket's buffer: it goes whole or not at all. */
    return send(line->fd, l->request.ptr, l->request.len, MSG_NOSIGNAL) == (ssize_t)l->request.len
               ? 0
               : -1;
}

/* The length of the whole answer at the start of text, 0 while more is needed, -1: no answer. */
static int64_t answer_length(struct slice text)
{
    static const char field[] = "\r\nContent-Length: ";
    const char *end = strstr(text.ptr, "\r\n\r\n"), *at = strstr(text.ptr, field);
    struct slice digits, rest;
    int64_t length;

    if (!end)
        return 0;
    if (slice_starts(text, S("HTTP/1.1 204 ")))
        return end + 4 - text.ptr;
    if (!at || at > end)
        return -1;
    slice_cut(slice_from(at + sizeof(field) - 1), '\r', &digits, &rest);
    if (!slice_to_i64(digits, &length) || length < 0 || length > ANSWER_MAX)
        return -1;
    return end + 4 - text.ptr + length;
}

static int receive(struct load *l, struct line *line)
{
    ssize_t n = recv(line->fd, line->answer + line->have, sizeof(line->answer) - 1 - line->have, 0);
    int64_t whole, took;

    if (n <= 0 || !line->due)
        return -1;
    line->have += (size_t)n;
    line->answer[line->have] = '\0';
    whole = answer_length((struct slice){ line->answer, line->have });
    if (whole == 0 || whole > (int64_t)line->have)
        return line->have + 1 < sizeof(line->answer) && whole >= 0 ? 0 : -1;
    if (whole < 0)
        return -1;
    took = (now_ns() - line->due) / 1000;
    l->took_us[l->answered++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    l->ok += slice_starts(slice_from(line->answer), S("HTTP/1.1 200 ")) ||
             slice_starts(slice_from(line->answer), S("HTTP/1.1 204 "));
    put_idle(l, line);
    return 0;
}

/* ---- the run ---- */

/* How long until something is to be sent. */
static struct timespec until_next(const struct load *l)
{
    int64_t ns = 1000000000;

    if (l->sent < l->total && l->idle_count)
        ns = due_at(l, l->sent) - now_ns();
    if (ns < 0)
        ns = 0;
    return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static int run(struct load *l)
{
    int64_t last = now_ns();

    l->began = last + 1000000;
    while (l->answered < l->total && now_ns() < last + PATIENCE_NS) {
        struct epoll_event events[64];
        struct timespec wait;
        int count;
        while (l->sent < l->total && l->idle_count && due_at(l, l->sent) <= now_ns())
            if (send_next(l) != 0)
                return -1;
        wait = until_next(l);
        count = epoll_pwait2(l->epoll, events, 64, &wait, NULL);
        if (count < 0 && errno != EINTR)
            return -1;
        if (count > 0)
            last = now_ns();
        for (int i = 0; i < count; i++)
            if (receive(l, events[i].data.ptr) != 0)
                return -1;
    }
    return 0;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static unsigned percentile(const struct load *l, double share)
{
    size_t at = (size_t)((double)l->answered * share);

    if (l->answered == 0)
        return 0;
    return l->took_us[at < (size_t)l->answered ? at : (size_t)l->answered - 1];
}

static void print(struct load *l)
{
    qsort(l->took_us, (size_t)l->answered, sizeof(*l->took_us), by_value);
    printf("load %lld %lld %u %u %u %u %u\n", (long long)l->sent, (long long)l->ok,
           percentile(l, 0.5), percentile(l, 0.9), percentile(l, 0.99), percentile(l, 0.999),
           percentile(l, 1));
}

static bool number(const char *text, int64_t max, int64_t *out)
{
    return slice_to_i64(slice_from(text), out) && *out >= 0 && *out <= max;
}

int main(int argc, char **argv)
{
    struct load l = { .request.limit = 65536 };
    int rc = 1;

    if (argc != 7 || !number(argv[1], 65535, &l.port) || !number(argv[2], 10000000, &l.rate) ||
        !number(argv[3], 3600, &l.seconds) || !number(argv[4], CONNECTIONS_MAX, &l.connections) ||
        !l.rate || !l.seconds || !l.connections) {
        fprintf(stderr, "usage: bench_load PORT RATE SECONDS CONNECTIONS TEMPLATE PREFIX\n");
        return 2;
    }
    l.template = argv[5];
    l.prefix = argv[6];
    l.total = l.rate * l.seconds;
    l.lines = calloc((size_t)l.connections, sizeof(*l.lines));
    l.idle = calloc((size_t)l.connections, sizeof(struct line *));
    l.took_us = calloc((size_t)l.total, sizeof(*l.took_us));
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    /* The kernel may be 50 us late with a timer unless it is asked not to. */
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    if (!l.lines || !l.idle || !l.took_us || l.epoll == -1)
        fprintf(stderr, "bench_load: out of memory\n");
    else if (connect_all(&l) != 0)
        fprintf(stderr, "bench_load: can't connect: %s\n", strerror(errno));
    else if (run(&l) != 0 || l.answered < l.total)
        fprintf(stderr, "bench_load: only %lld of %lld requests were answered: %s\n",
                (long long)l.answered, (long long)l.total, strerror(errno));
    else
        rc = 0;
    if (rc == 0)
        print(&l);
    for (int64_t i = 0; l.lines && i < l.connections; i++)
        if (l.lines[i].fd > 0)
            close(l.lines[i].fd);
    free(l.lines);
    free(l.idle);
    free(l.took_us);
    buf_free(&l.request);
    return rc;
}
