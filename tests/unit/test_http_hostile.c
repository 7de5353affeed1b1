/* The server and clients that mean no good: too much, too slow, or two requests in one.  Time is
 * passed to the sweep, nobody waits for it. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "adapters/http/internal.h"
#include "tests/support/http_client.h"

#define SECOND UINT64_C(1000000000)

static _Atomic(struct http_request *) held;
static char megabytes[8 << 20];
static _Atomic bool block; /* /block holds the server's thread as long */

static void pause_ms(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Tells the lengths of what arrived; /hold waits for the test, /big answers 8 MB. */
static void handle(void *context, struct http_request *req)
{
    (void)context;
    if (slice_eq(req->path, S("/block"))) {
        atomic_store(&block, true);
        for (int i = 0; i < 5000 && atomic_load(&block); i++)
            pause_ms();
        http_reply(req, 200, NULL, S("at last"));
    } else if (slice_eq(req->path, S("/hold")))
        atomic_store(&held, req);
    else if (slice_eq(req->path, S("/stall")))
        http_reply_stall(req, 5);
    else if (slice_eq(req->path, S("/big")))
        http_reply_static(req, 200, NULL, (struct slice){ megabytes, sizeof(megabytes) });
    else
        http_reply(
            req, 200, NULL,
            arena_printf(req->arena, "%zu %zu %zu", req->path.len, req->query.len, req->body.len));
}

static struct http_server *start_with(struct http_limits limits)
{
    struct err err = { 0 };
    struct http_server *s = http_server_open("127.0.0.1:0", &limits, handle, NULL, &err);

    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static struct http_server *start(void)
{
    return start_with(HTTP_LIMITS_DEFAULT);
}

static struct http_server_stats stats_of(struct http_server *s)
{
    struct http_server_stats stats;

    http_server_stats(s, &stats);
    return stats;
}

/* Until the newest connection is there and in this phase. */
static void wait_for(struct http_server *s, unsigned connections, enum phase phase)
{
    for (int i = 0; i < 5000; i++) {
        bool there;

        pthread_mutex_lock(&s->lock);
        there = stats_of(s).connections == connections &&
                (!s->head || STATE_PHASE(atomic_load(&s->head->state)) == phase);
        pthread_mutex_unlock(&s->lock);
        if (there)
            return;
        pause_ms();
    }
    fail_msg("no %u connections with the newest in phase %d", connections, (int)phase);
}

/* Requests by their parts: before, n times the byte, behind. */
static struct slice make(const char *before, size_t n, const char *behind)
{
    static char request[3 << 20];
    size_t a = strlen(before), b = strlen(behind);

    assert_true(a + n + b < sizeof(request));
    memcpy(request, before, a);
    memset(request + a, 'a', n);
    memcpy(request + a + n, behind, b);
    return (struct slice){ request, a + n + b };
}

#define END " HTTP/1.1\r\nHost: h\r\n\r\n"
#define P "POST / HTTP/1.1\r\n"
#define URL_TOO_LONG "The URL is longer than 16384 bytes, the limit of this server.\n"
#define BODY_TOO_LARGE "The body is larger than 65536 bytes, the limit of this server.\n"
#define CHUNKED "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *before;
    size_t n;
    const char *behind;
    int status;
    const char *body; /* NULL: the library's own */
} sizes[] = {
    { "GET /", 16383, END, 200, "16384 0 0" },
    { "GET /", 16384, END, 414, URL_TOO_LONG },
    { "GET /x?", 16381, END, 200, "2 16381 0" },
    { "GET /x?", 16382, END, 414, URL_TOO_LONG },
    { "GET /", 17408, END, 414, URL_TOO_LONG },
    { "GET /", 40000, END, 414, NULL },
    { "GET /", 2000000, END, 414, NULL },
    { "GET / HTTP/1.1\r\nX: ", 8000, "\r\n\r\n", 200, "1 0 0" },
    { "GET / HTTP/1.1\r\nX: ", 40000, "\r\n\r\n", 431, NULL },
    { "POST / HTTP/1.1\r\nContent-Length: 65536\r\n\r\n", 65536, "", 200, "1 0 65536" },
    { "POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 65537, "", 413, BODY_TOO_LARGE },
    { "POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n", 900000, "", 413, BODY_TOO_LARGE },
    /* nothing or only some of the body sent: the refusal does not wait for it */
    { "POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 0, "", 413, BODY_TOO_LARGE },
    { "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", 9, "", 413,
      BODY_TOO_LARGE },
    { "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 9, "", 413, NULL },
    { "POST / HTTP/1.1\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n", 0, "", 413,
      BODY_TOO_LARGE },
    { CHUNKED "10000\r\n", 65536, "\r\n0\r\n\r\n", 200, "2 0 65536" },
    { CHUNKED "1\r\na\r\n10000\r\n", 65536, "\r\n0\r\n\r\n", 413, BODY_TOO_LARGE },
    { CHUNKED "fffffff\r\n", 65537, "", 413, BODY_TOO_LARGE },
    { CHUNKED "ffffffffffffffff\r\n", 70000, "", 413, BODY_TOO_LARGE },
    { CHUNKED "1ffffffffffffffff\r\n", 9, "", 413, NULL },
};

static void test_sizes(void **state)
{
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        client_ask(http_server_address(s), make(sizes[i].before, sizes[i].n, sizes[i].behind), &r);
        if (r.status != sizes[i].status || (sizes[i].body && strcmp(r.body, sizes[i].body) != 0))
            fail_msg("%zu: %.50s %zu: %d \"%s\"", i, sizes[i].before, sizes[i].n, r.status, r.body);
    }
    http_server_close(s);
}

/* A client that asks first gets the refusal, and no 100 behind it. */
static void test_refusal_instead_of_continue(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    static struct reply r;

    (void)state;
    client_send(c, S(P "Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n"));
    client_read(c, &r, true);
    assert_string_equal(r.body, BODY_TOO_LARGE);
    assert_true(client_at_end(c));
    client_close(c);
    http_server_close(s);
}

/* The library's records of 8,190 parameters would fill its memory many times. */
static void test_many_parameters(void **state)
{
    struct http_server *s = start();
    struct slice request = make("GET /x?", 16381, END);
    char *copy = malloc(request.len);
    static struct reply r;

    (void)state;
    assert_non_null(copy);
    memcpy(copy, request.ptr, request.len);
    for (size_t i = 8; i < 16384 + 4; i += 2)
        copy[i] = '&';
    client_ask(http_server_address(s), (struct slice){ copy, request.len }, &r);
    assert_string_equal(r.body, "2 16381 0");
    free(copy);
    http_server_close(s);
}

/* Nobody gets more than a megabyte thrown away for him. */
static void test_endless_body(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    static struct reply r;

    (void)state;
    client_send(c, S(CHUNKED "7fffffff\r\n"));
    client_send(c, (struct slice){ megabytes, sizeof(megabytes) });
    wait_for(s, 0, PHASE_IDLE);
    client_read(c, &r, true);
    assert_true(r.status == 413 || r.status == -1); /* the reset may come first */
    client_close(c);
    http_server_close(s);
}

#define HEADER_BAD                                                                                 \
    "A header line is malformed: a blank in its name or before the colon, a control byte, or a "   \
    "folded line.\n"
#define TARGET_BAD "The URL holds a blank or a control byte: percent-encode it.\n"
#define TWO_LENGTHS "There is more than one Content-Length.\n"
#define BOTH "Content-Length beside Transfer-Encoding: send only one.\n"
#define ENCODING_BAD "The only Transfer-Encoding understood here is \"chunked\".\n"
#define FORM_BAD "The request target must be a path that begins with \"/\".\n"

static const struct {
    struct slice request;
    int status; /* 0: closed without a word */
    const char *body;
} malformed[] = {
    { SLICE(P "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, BOTH },
    { SLICE(P "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"), 400, BOTH },
    { SLICE(P "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400, TWO_LENGTHS },
    { SLICE(P "Content-Length: 0\r\ncontent-length: 3\r\n\r\nabc"), 400, TWO_LENGTHS },
    { SLICE(P "Content-Length: 3, 3\r\n\r\nabc"), 400, NULL },
    { SLICE(P "Content-Length: +3\r\n\r\nabc"), 400, NULL },
    { SLICE(P "Content-Length: -3\r\n\r\nabc"), 400, NULL },
    { SLICE(P "Content-Length: 0x3\r\n\r\nabc"), 400, NULL },
    { SLICE(P "Content-Length:\r\n\r\nabc"), 400, NULL },
    { SLICE(P "Transfer-Encoding: gzip\r\n\r\n"), 501, ENCODING_BAD },
    { SLICE(P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501, ENCODING_BAD },
    { SLICE(P "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"), 501, ENCODING_BAD },
    { SLICE(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"), 501,
      ENCODING_BAD },
    { SLICE(P "Content-Length : 3\r\n\r\nabc"), 400, HEADER_BAD },
    { SLICE(P "Content-Length\t: 3\r\n\r\nabc"), 400, HEADER_BAD },
    { SLICE(P "Content Length: 3\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P ": 3\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P "Content-Length: 3\r\n 0\r\n\r\nabc"), 400, HEADER_BAD },
    { SLICE(P "X: a\r\n\tb\r\nY: c\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P " X: a\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P "X: a\0b\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P "X: a\0b\r\nY: c\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P "X: a\0\r\nY: c\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P "X: a\rContent-Length: 5\r\nY: c\r\n\r\n"), 400, HEADER_BAD },
    { SLICE(P "X\0Y: a\r\n\r\n"), 400, NULL },
    { SLICE(P "no colon\r\n\r\n"), 400, NULL },
    { SLICE("GET /a\0b HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /a\0?b HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /a?b\0c HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /\0 HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET \0/ HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /a b HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /?\x01 HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /?\x1f HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /?\x7f HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /?\r HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET /\t HTTP/1.1\r\n\r\n"), 400, TARGET_BAD },
    { SLICE("GET x HTTP/1.1\r\n\r\n"), 400, FORM_BAD },
    { SLICE("GET *? HTTP/1.1\r\n\r\n"), 400, FORM_BAD },
    { SLICE("CONNECT h:443 HTTP/1.1\r\n\r\n"), 400, FORM_BAD },
    { SLICE("GET ftp://h/x HTTP/1.1\r\n\r\n"), 400, FORM_BAD },
    { SLICE("GET /\r\n\r\n"), 400, NULL },
    { SLICE("GET\r\n\r\n"), 0, NULL },
    { SLICE("GET / HTTP/1.1x\r\n\r\n"), 400, NULL },
    { SLICE("GET / HTTP/2.0\r\n\r\n"), 505, NULL },
    { SLICE("\x16\x03\x01\x02\x00\x01\x00\x01\r\n"), 0, NULL },
    { SLICE(CHUNKED "g\r\n"), 400, NULL },
    { SLICE(CHUNKED "3\r\nabcd\r\n0\r\n\r\n"), 400, NULL },
};

static void test_malformed(void **state)
{
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
        struct client *c = client_open(http_server_address(s));

        client_send(c, malformed[i].request);
        client_read(c, &r, true);
        if (r.status != malformed[i].status ||
            (malformed[i].body && strcmp(r.body, malformed[i].body) != 0))
            fail_msg("%zu: %.60s: %d \"%s\"", i, malformed[i].request.ptr, r.status, r.body);
        if (malformed[i].body)
            assert_string_equal(reply_header(&r, "Connection"), "close");
        client_close(c);
    }
    assert_int_equal(stats_of(s).requests, 0); /* none of them has reached the handler */
    http_server_close(s);
}

/* A control byte at any place of a long target; what is no ASCII passes. */
static void test_target_bytes(void **state)
{
    static const char bytes[] = { 0x01, 0x1f, 0x7f, (char)0x80, (char)0xff, '!', '~' };
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        for (size_t at = 0; at < 20; at++) {
            struct client *c = client_open(http_server_address(s));
            char request[] = "GET /?aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: h\r\n\r\n";

            request[6 + at] = bytes[i];
            client_send(c, slice_from(request));
            client_read(c, &r, true);
            assert_int_equal(r.status, i < 3 ? 400 : 200);
            if (i < 3)
                assert_string_equal(r.body, TARGET_BAD);
            client_close(c);
        }
    http_server_close(s);
}

/* What stands behind a refused request is never taken for the next one. */
static void test_no_request_behind_a_refusal(void **state)
{
    static const struct slice requests[] = {
        SLICE(P "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        SLICE(P "Content-Length : 30\r\n\r\n"),
        SLICE(P "Content-Length: 70000\r\n\r\n"),
        SLICE("GET /a b HTTP/1.1\r\n\r\n"),
    };
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
        struct client *c = client_open(http_server_address(s));

        client_send(c, requests[i]);
        client_send(c, S("GET /smuggled HTTP/1.1\r\n\r\n"));
        client_read(c, &r, true);
        assert_true(r.status == 400 || r.status == 413);
        client_close(c);
    }
    /* Where a body is still to be thrown away, the end of the stream may go unnoticed. */
    for (int i = 0; i < 5000 && stats_of(s).connections > 0; i++) {
        http_sweep_at(s, http_clock() + 11 * SECOND);
        pause_ms();
    }
    assert_int_equal(stats_of(s).requests, 0);
    http_server_close(s);
}

static void test_counts(void **state)
{
    struct http_server *s = start();
    static struct reply r;
    struct http_server_stats stats;

    (void)state;
    client_ask(http_server_address(s), make("GET /", 16384, END), &r);        /* ours */
    client_ask(http_server_address(s), make(P "X: ", 40000, "\r\n\r\n"), &r); /* the library's */
    client_ask(http_server_address(s), S(P "Content-Length: 70000\r\n\r\n"), &r);
    client_ask(http_server_address(s), S("GET x HTTP/1.1\r\n\r\n"), &r);
    client_ask(http_server_address(s), S(P "Content-Length: x\r\n\r\n"), &r);
    client_ask(http_server_address(s), S("GET / HTTP/1.1\r\n\r\n"), &r);
    wait_for(s, 0, PHASE_IDLE);
    stats = stats_of(s);
    assert_int_equal(stats.refused_too_large, 3);
    assert_int_equal(stats.refused_malformed, 2);
    assert_int_equal(stats.requests, 1);
    assert_int_equal(stats.cut_slow, 0);
    http_server_close(s);
}

static void expect_served(struct http_server *s)
{
    static struct reply r;

    client_ask(http_server_address(s), S("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), &r);
    assert_int_equal(r.status, 200);
}

/* A new connection that drips its header. */
static void test_slow_header(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    uint64_t now;

    (void)state;
    client_send(c, S("GET / HT"));
    wait_for(s, 1, PHASE_IDLE);
    now = http_clock();
    for (unsigned t = 0; t < 10; t++) {
        http_sweep_at(s, now + t * SECOND);
        client_send(c, S("T"));
    }
    assert_int_equal(stats_of(s).cut_slow, 0);
    expect_served(s);
    http_sweep_at(s, now + 11 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 1);
    assert_true(client_at_end(c) || client_was_reset(c));
    wait_for(s, 0, PHASE_IDLE);
    expect_served(s);
    client_close(c);
    http_server_close(s);
}

static void test_slow_body(void **state)
{
    static const struct slice headers[] = {
        SLICE(P "Content-Length: 100\r\n\r\nab"), SLICE(CHUNKED "64\r\nab"),
        SLICE(CHUNKED "2\r\nab\r\n0\r\nX: a"),      /* in the trailer */
        SLICE(P "Content-Length: 70000\r\n\r\nab"), /* already refused */
    };
    struct http_server *s = start();

    (void)state;
    for (unsigned i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        struct client *c = client_open(http_server_address(s));
        uint64_t now;

        client_send(c, headers[i]);
        wait_for(s, 1, PHASE_READING);
        now = http_clock();
        for (unsigned t = 0; t < 10; t++) {
            http_sweep_at(s, now + t * SECOND);
            client_send(c, S("c"));
        }
        assert_int_equal(stats_of(s).cut_slow, i);
        http_sweep_at(s, now + 11 * SECOND);
        assert_int_equal(stats_of(s).cut_slow, i + 1);
        http_sweep_at(s, now + 12 * SECOND); /* once is enough */
        assert_int_equal(stats_of(s).cut_slow, i + 1);
        client_close(c);
        wait_for(s, 0, PHASE_IDLE);
    }
    expect_served(s);
    http_server_close(s);
}

static struct client *kept_client(struct http_server *s)
{
    struct client *c = client_open(http_server_address(s));
    static struct reply r;

    client_send(c, S("GET / HTTP/1.1\r\n\r\n"));
    client_read(c, &r, true);
    assert_int_equal(r.status, 200);
    wait_for(s, 1, PHASE_IDLE);
    return c;
}

/* A kept connection may be idle for longer than a request may take, but not with half a header. */
static void test_slow_header_on_a_kept_connection(void **state)
{
    struct http_server *s = start();
    struct client *c = kept_client(s);
    static struct reply r;
    uint64_t now = http_clock();

    (void)state;
    for (unsigned t = 0; t < 30; t++)
        http_sweep_at(s, now + t * SECOND);
    client_send(c, S("GET / HTT"));
    for (int i = 0; i < 5000 && atomic_load(&s->head->first_byte_ns) == 0; i++) {
        http_sweep_at(s, now + 30 * SECOND);
        pause_ms();
    }
    http_sweep_at(s, now + 40 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 0);
    /* The request is complete in time, and the next idle time has a count of its own. */
    client_send(c, S("P/1.1\r\n\r\n"));
    client_read(c, &r, true);
    assert_int_equal(r.status, 200);
    wait_for(s, 1, PHASE_IDLE);
    now = http_clock();
    http_sweep_at(s, now + 20 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 0);

    client_send(c, S("GET"));
    for (int i = 0; i < 5000 && atomic_load(&s->head->first_byte_ns) == 0; i++) {
        http_sweep_at(s, now + 21 * SECOND);
        pause_ms();
    }
    http_sweep_at(s, now + 31 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 0);
    http_sweep_at(s, now + 32 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 1);
    assert_true(client_at_end(c));
    client_close(c);
    http_server_close(s);
}

static void test_idle_connection(void **state)
{
    struct http_server *s = start();
    struct client *c = kept_client(s);
    static struct reply r;
    uint64_t now = http_clock();

    (void)state;
    for (unsigned t = 0; t < 60; t++)
        http_sweep_at(s, now + t * SECOND);
    client_send(c, S("GET / HTTP/1.1\r\n\r\n"));
    client_read(c, &r, true);
    assert_int_equal(r.status, 200);
    wait_for(s, 1, PHASE_IDLE);
    now = http_clock();
    http_sweep_at(s, now + 59 * SECOND);
    http_sweep_at(s, now + 61 * SECOND);
    assert_true(client_at_end(c));
    assert_int_equal(stats_of(s).cut_slow, 0);
    client_close(c);
    http_server_close(s);
}

static void test_waiting_is_never_cut(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    static struct reply r;

    (void)state;
    client_send(c, S("GET /hold HTTP/1.1\r\n\r\n"));
    wait_for(s, 1, PHASE_WAITING);
    http_sweep_at(s, http_clock() + 100000 * SECOND);
    http_reply(atomic_load(&held), 200, NULL, S("at last"));
    client_read(c, &r, true);
    assert_string_equal(r.body, "at last");
    assert_int_equal(stats_of(s).cut_slow, 0);
    client_close(c);
    http_server_close(s);
}

/* A client may close its sending half behind the request and wait for the answer.  To the library
 * it looks gone, but for its oldest connection. */
static void test_half_closed(void **state)
{
    static const struct http_header headers[] = { { "X-One", "1" }, { NULL, NULL } };
    static const struct slice requests[] = {
        SLICE("GET / HTTP/1.1\r\n\r\n"),
        SLICE("GET /hold HTTP/1.1\r\n\r\n"),
        SLICE("HEAD /hold HTTP/1.1\r\n\r\n"),
    };
    struct http_server *s = start();
    struct client *oldest = kept_client(s);
    static struct reply r;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct client *c = client_open(http_server_address(s));

        client_send(c, requests[i]);
        shutdown(c->fd, SHUT_WR);
        if (i > 0) {
            wait_for(s, 2, PHASE_WAITING);
            http_reply(atomic_load(&held), 202, headers, S("held"));
        }
        client_read(c, &r, i < 2);
        assert_int_equal(r.status, i == 0 ? 200 : 202);
        assert_string_equal(r.body, i == 0 ? "1 0 0" : i == 1 ? "held" : "");
        assert_string_equal(reply_header(&r, "X-One"), i == 0 ? "" : "1");
        assert_string_equal(reply_header(&r, "Content-Length"), i == 0 ? "5" : "4");
        for (int k = 0; k < 5000 && stats_of(s).connections > 1; k++) {
            http_sweep_at(s, http_clock() + SECOND);
            pause_ms();
        }
        assert_true(client_at_end(c));
        client_close(c);
    }
    client_close(oldest);
    http_server_close(s);
}

/* Many clients that each stop sending at another byte of what they would have sent. */
struct stopping {
    struct slice text;
    size_t from, step; /* bytes sent: from, from + step ... */
    bool in_two;              /* the last byte for itself */
};

static void stop_there(struct client *c, struct slice text, size_t n, bool in_two)
{
    if (n > 1 && in_two) {
        client_send(c, slice_head(text, n - 1));
        pause_ms();
        client_send(c, slice_from_at(slice_head(text, n), n - 1));
    } else if (n) {
        client_send(c, slice_head(text, n));
    }
    shutdown(c->fd, SHUT_WR);
}

/* Until it is closed: by the library, or by a sweep behind the time that a request may take, once the server's thread has
 * seen it. */
static bool ends(struct http_server *s, struct client *c, uint64_t late)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    char bytes[4096];

    for (int i = 0; i < 10000; i++) {
        int ready = poll(&p, 1, 1);
        if (ready == 1 && recv(c->fd, bytes, sizeof(bytes), 0) <= 0)
            return true;
        if (ready != 1)
            http_sweep_at(s, late);
    }
    return false;
}

static void all_end(struct http_server *s, const struct stopping *how)
{
    enum { MOST = 80 };
    struct client *list[MOST];
    uint64_t late = http_clock() + 12 * SECOND;
    size_t n = 0;

    for (size_t at = how->from; at <= how->text.len && n < MOST; at += how->step, n++) {
        list[n] = client_open(http_server_address(s));
        stop_there(list[n], how->text, at, how->in_two);
    }
    for (size_t i = 0; i < n; i++) {
        if (!ends(s, list[i], late))
            fail_msg("open after %zu bytes of \"%.20s\"", how->from + i * how->step, how->text.ptr);
        client_close(list[i]);
    }
    for (int i = 0; i < 5000 && stats_of(s).connections > 1; i++)
        pause_ms();
    assert_int_equal(stats_of(s).connections, 1); /* the library has forgotten them, too */
}

static void test_half_closed_at_every_byte(void **state)
{
    static const struct slice texts[] = {
        SLICE("GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"),
        SLICE("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
        SLICE("GET /a HTTP/1.0\r\n\r\n"),
        SLICE("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nsubid=abc"),
        SLICE("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nsubid=abc\r\n0\r\n\r\n"),
        SLICE("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
        SLICE("PUT /a HTTP/1.1\r\nHost : h\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    };
    struct http_server *s = start();
    struct client *oldest = kept_client(s);

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        for (int in_two = 0; in_two < 2; in_two++)
            all_end(s, &(struct stopping){ .text = texts[i], .step = 1, .in_two = in_two });
    client_close(oldest);
    http_server_close(s);
}

static void test_answer_not_taken(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    uint64_t now;

    (void)state;
    client_send(c, S("GET /big HTTP/1.1\r\n\r\n"));
    wait_for(s, 1, PHASE_SENDING);
    now = http_clock();
    http_sweep_at(s, now + 59 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 0);
    http_sweep_at(s, now + 61 * SECOND);
    assert_int_equal(stats_of(s).cut_slow, 1);
    wait_for(s, 0, PHASE_IDLE);
    client_close(c);
    http_server_close(s);
}

static void test_stall(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    uint64_t now;

    (void)state;
    client_send(c, S("GET /stall HTTP/1.1\r\n\r\n"));
    wait_for(s, 1, PHASE_WAITING);
    now = http_clock();
    http_sweep_at(s, now + 4 * SECOND);
    wait_for(s, 1, PHASE_WAITING);
    http_sweep_at(s, now + 6 * SECOND);
    assert_true(client_at_end(c));
    client_close(c);
    wait_for(s, 0, PHASE_IDLE);
    http_server_close(s);
}

static void test_connections_per_address(void **state)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_server *s;
    struct client *a, *b, *c;

    (void)state;
    limits.connections_per_address = 2;
    s = start_with(limits);
    a = client_open(http_server_address(s));
    b = client_open(http_server_address(s));
    wait_for(s, 2, PHASE_IDLE);
    c = client_open(http_server_address(s));
    assert_true(client_at_end(c));
    client_close(c);
    client_close(a);
    wait_for(s, 1, PHASE_IDLE);
    expect_served(s);
    client_close(b);
    http_server_close(s);
}

/* One more than there may be waits until another leaves. */
static void test_connections_in_all(void **state)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_server *s;
    struct client *a, *b;
    static struct reply r;

    (void)state;
    limits.connections = 1;
    s = start_with(limits);
    a = kept_client(s);
    b = client_open(http_server_address(s));
    client_send(b, S("GET /x HTTP/1.1\r\n\r\n"));
    client_close(a);
    client_read(b, &r, true);
    assert_string_equal(r.body, "2 0 0");
    client_close(b);
    http_server_close(s);
}

static unsigned cut_for_room(struct http_server *s, uint64_t now)
{
    uint64_t before = stats_of(s).cut_for_room;

    http_make_room(s, now);
    return (unsigned)(stats_of(s).cut_for_room - before);
}

/* Nearly all connections are taken: those that have done nothing for longest make room, whoever is
 * with the handler stays. */
static void test_room(void **state)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_server *s;
    struct client *clients[8];
    struct http_connection *c;
    uint64_t now = http_clock() + 100 * SECOND;
    unsigned i = 0;

    (void)state;
    limits.connections = 8;
    s = start_with(limits);
    clients[0] = client_open(http_server_address(s));
    client_send(clients[0], S("GET /hold HTTP/1.1\r\n\r\n"));
    wait_for(s, 1, PHASE_WAITING);
    for (i = 1; i < 8; i++)
        clients[i] = client_open(http_server_address(s));
    wait_for(s, 8, PHASE_IDLE);
    for (c = s->head, i = 7; c; c = c->next, i--) /* the i-th has been idle for i seconds, less 0.1 */
        if (STATE_PHASE(atomic_load(&c->state)) == PHASE_IDLE)
            atomic_store(&c->state, STATE(PHASE_IDLE, now - i * SECOND + SECOND / 10));
    assert_int_equal(cut_for_room(s, now), 2); /* a quarter is free then */
    assert_true(client_at_end(clients[7]));
    assert_true(client_at_end(clients[6]));
    wait_for(s, 6, PHASE_IDLE);
    assert_int_equal(cut_for_room(s, now + SECOND), 0); /* there is room */
    client_close(clients[7]);
    client_close(clients[6]);
    clients[6] = client_open(http_server_address(s));
    clients[7] = client_open(http_server_address(s));
    wait_for(s, 8, PHASE_IDLE);
    for (c = s->head; c; c = c->next)
        if (STATE_PHASE(atomic_load(&c->state)) == PHASE_IDLE)
            atomic_store(&c->state, STATE(PHASE_IDLE, now + SECOND));
    assert_int_equal(cut_for_room(s, now + SECOND + SECOND / 2), 0); /* the first second is theirs */
    assert_int_equal(cut_for_room(s, now + 3 * SECOND), 2);
    assert_int_equal(cut_for_room(s, now + 3 * SECOND + SECOND / 50), 0); /* not in a row */
    http_reply(atomic_exchange(&held, NULL), 200, NULL, S("kept"));
    for (i = 0; i < 8; i++)
        client_close(clients[i]);
    http_server_close(s);
}

/* Many of one age do not shield those that are older. */
static void test_room_oldest_first(void **state)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_server *s;
    struct client *clients[8];
    uint64_t now = http_clock() + 100 * SECOND;
    unsigned i = 0;

    (void)state;
    limits.connections = 8;
    s = start_with(limits);
    for (i = 0; i < 8; i++) {
        clients[i] = client_open(http_server_address(s));
        wait_for(s, i + 1, PHASE_IDLE);
    }
    i = 8;
    for (struct http_connection *c = s->head; c; c = c->next) /* the newest first */
        atomic_store(&c->state, STATE(PHASE_IDLE, now - (--i == 0 ? 9 : 5) * SECOND));
    assert_int_equal(cut_for_room(s, now), 2);
    assert_true(client_at_end(clients[0]));
    for (i = 0; i < 8; i++)
        client_close(clients[i]);
    http_server_close(s);
}

/* A kept connection is idle for us until its next request is read: one that has arrived while the server's
 * thread was busy is not lost for want of room. */
static void test_room_spares_requests(void **state)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_server *s;
    struct client *busy, *kept, *silent[6];
    uint64_t now = http_clock() + 10 * SECOND;
    struct http_connection *c, *first = NULL;
    static struct reply r;
    int waiting = 0;
    unsigned i;

    (void)state;
    limits.connections = 8;
    s = start_with(limits);
    kept = kept_client(s);
    for (i = 0; i < 6; i++) {
        silent[i] = client_open(http_server_address(s));
        wait_for(s, 2 + i, PHASE_IDLE);
    }
    busy = client_open(http_server_address(s));
    client_send(busy, S("GET /block HTTP/1.1\r\n\r\n"));
    wait_for(s, 8, PHASE_HANDLER);
    client_send(kept, S("GET /x HTTP/1.1\r\n\r\n"));
    for (c = s->head, i = 0; c; c = c->next, i++) { /* the newest first: all but two are young */
        if (STATE_PHASE(atomic_load(&c->state)) == PHASE_IDLE)
            atomic_store(&c->state, STATE(PHASE_IDLE, i < 6 ? now - SECOND / 2 : now - 9 * SECOND));
        first = c;
    }
    for (i = 0; i < 5000 && waiting == 0; i++, pause_ms())
        assert_int_equal(ioctl(first->fd, FIONREAD, &waiting), 0);
    assert_int_equal(cut_for_room(s, now), 1);
    atomic_store(&block, false);
    client_read(kept, &r, true);
    assert_string_equal(r.body, "2 0 0");
    client_close(busy);
    client_close(kept);
    for (i = 0; i < 6; i++)
        client_close(silent[i]);
    http_server_close(s);
}

/* Read by the kernel: bytes that nobody has ever written may be among them. */
static unsigned occurrences(const char *at, size_t size, const char *what)
{
    static char copy[1 << 17];
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    size_t len = strlen(what);
    unsigned n = 0;

    assert_true(size <= sizeof(copy));
    assert_int_equal(pread(fd, copy, size, (off_t)(uintptr_t)at), size);
    close(fd);
    for (size_t i = 0; i + len <= size; i++)
        n += memcmp(copy + i, what, len) == 0;
    return n;
}

/* What came with a request is not left in its connection's memory: neither in ours nor in the
 * library's, where target_at pointed. */
static void test_forgotten(void **state)
{
    static char target[200];
    struct http_server *s = start();
    struct client *a = client_open(http_server_address(s));
    struct http_connection *c;
    static struct reply r;

    (void)state;
    client_send(a, S("POST /hold?key=sEcReT-of-the-target HTTP/1.1\r\nContent-Length: 22\r\n\r\n"
                     "key=sEcReT-of-the-body"));
    wait_for(s, 1, PHASE_WAITING);
    c = s->head;
    assert_true(c->library_target.len < sizeof(target));
    memcpy(target, c->library_target.ptr, c->library_target.len);
    assert_int_equal(occurrences(target, c->library_target.len, "sEcReT"), 1);
    assert_int_equal(occurrences(c->body.ptr, c->body.cap, "sEcReT"), 1);
    assert_int_equal(occurrences(c->target.ptr, c->target.len, "sEcReT"), 1);
    {
        const char *library = c->library_target.ptr, *ours = c->target.ptr;
        size_t size = c->library_target.len;

        http_reply(atomic_exchange(&held, NULL), 200, NULL, S("kept"));
        client_read(a, &r, true);
        wait_for(s, 1, PHASE_IDLE);
        assert_int_equal(occurrences(library, size, "sEcReT"), 0);
        assert_int_equal(occurrences(ours, size, "sEcReT"), 0);
        assert_int_equal(occurrences(c->body.ptr, c->body.cap, "sEcReT"), 0);
    }
    client_close(a);
    http_server_close(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_refusal_instead_of_continue),
        cmocka_unit_test(test_many_parameters),
        cmocka_unit_test(test_endless_body),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_target_bytes),
        cmocka_unit_test(test_no_request_behind_a_refusal),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_slow_header),
        cmocka_unit_test(test_slow_body),
        cmocka_unit_test(test_slow_header_on_a_kept_connection),
        cmocka_unit_test(test_idle_connection),
        cmocka_unit_test(test_waiting_is_never_cut),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_half_closed_at_every_byte),
        cmocka_unit_test(test_answer_not_taken),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_connections_per_address),
        cmocka_unit_test(test_connections_in_all),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_room_oldest_first),
        cmocka_unit_test(test_room_spares_requests),
        cmocka_unit_test(test_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
