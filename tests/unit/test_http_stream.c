/* Streams of server-sent events: readers that read, that hang, that leave, and the end of the server.
 * Time is passed to the sweep, nobody waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "adapters/http/internal.h"
#include "adapters/http/stream.h"
#include "tests/support/http_client.h"

#define MANY 100
#define ROOM 65536
#define SECOND UINT64_C(1000000000)
#define EVENTS S("GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
#define OK S("GET /ok HTTP/1.1\r\nHost: h\r\n\r\n")

static struct http_stream *_Atomic streams[MANY];
static _Atomic unsigned opened;

static void handle(void *context, struct http_request *req)
{
    static const struct http_header headers[] = { { "Content-Type", "text/event-stream" },
                                                  { NULL, NULL } };
    struct http_stream *s;

    (void)context;
    if (!slice_eq(req->path, S("/events"))) {
        http_reply(req, 200, NULL, S("OK"));
        return;
    }
    s = http_stream_open(req, headers, ROOM);
    if (!s) {
        http_reply(req, 503, NULL, S("too many"));
        return;
    }
    http_stream_send(s, S(":\n\n"));
    atomic_store(&streams[atomic_fetch_add(&opened, 1)], s);
}

static struct http_server *start(unsigned most)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct err err = { 0 };
    struct http_server *s;

    limits.streams = most;
    atomic_store(&opened, 0);
    s = http_server_open("127.0.0.1:0", &limits, handle, NULL, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static void wait_ms(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static struct http_stream *stream(unsigned i)
{
    for (int n = 0; n < 5000 && atomic_load(&opened) <= i; n++)
        wait_ms();
    assert_true(atomic_load(&opened) > i);
    while (!atomic_load(&streams[i]))
        wait_ms();
    return atomic_load(&streams[i]);
}

static void wait_for_streams(struct http_server *s, unsigned n)
{
    struct http_server_stats stats = { 0 };

    for (int i = 0; i < 5000; i++) {
        http_server_stats(s, &stats);
        if (stats.streams == n)
            return;
        wait_ms();
    }
    fail_msg("%u streams instead of %u", stats.streams, n);
}

/* The next n bytes are these, whatever packets they come in. */
static void expect(struct client *c, const char *text)
{
    char got[4096];
    size_t n = 0, want = strlen(text);

    assert_true(want < sizeof(got));
    if (c->have) {
        n = c->have < want ? c->have : want;
        memcpy(got, c->bytes, n);
        memmove(c->bytes, c->bytes + n, c->have - n);
        c->have -= n;
    }
    while (n < want) {
        ssize_t more = recv(c->fd, got + n, want - n, 0);
        if (more <= 0)
            fail_msg("the stream ended behind \"%.*s\", not \"%s\"", (int)n, got, text);
        n += (size_t)more;
    }
    got[n] = '\0';
    assert_string_equal(got, text);
}

static struct client *reader(struct http_server *s, struct slice request)
{
    static struct reply r;
    struct client *c = client_open(http_server_address(s));

    client_send(c, request);
    client_read(c, &r, true);
    assert_int_equal(r.status, 200);
    assert_string_equal(reply_header(&r, "Content-Type"), "text/event-stream");
    return c;
}

static void ok_is_quick(struct http_server *s)
{
    static struct reply r;

    client_ask(http_server_address(s), OK, &r);
    assert_int_equal(r.status, 200);
}

/* ---- readers that read ---- */

static void test_bytes(void **state)
{
    struct http_server *s = start(1);
    static struct reply r;
    struct client *c = reader(s, EVENTS);

    (void)state;
    expect(c, "3\r\n:\n\n\r\n");
    assert_int_equal(http_stream_send(stream(0), S("data: one\n\n")), 0);
    expect(c, "B\r\ndata: one\n\n\r\n");
    assert_int_equal(http_stream_send(stream(0), S("")), 0);
    assert_int_equal(http_stream_send(stream(0), S("data: two\n\n")), 0);
    expect(c, "B\r\ndata: two\n\n\r\n");
    http_stream_end(stream(0));
    expect(c, "0\r\n\r\n");
    wait_for_streams(s, 0);
    client_send(c, OK); /* on the same connection */
    client_read(c, &r, true);
    assert_int_equal(r.status, 200);
    client_close(c);
    http_server_close(s);
}

static void test_old_reader(void **state)
{
    struct http_server *s = start(1);
    struct client *c = client_open(http_server_address(s));
    static struct reply r;

    (void)state;
    client_send(c, S("GET /events HTTP/1.0\r\n\r\n"));
    http_stream_send(stream(0), S("data: 1\n\n"));
    http_stream_end(stream(0));
    client_read(c, &r, true);
    assert_string_equal(reply_header(&r, "Transfer-Encoding"), "");
    expect(c, ":\n\ndata: 1\n\n");
    assert_true(client_at_end(c));
    client_close(c);
    http_server_close(s);
}

static void test_limit(void **state)
{
    struct http_server *s = start(2);
    struct client *a = reader(s, EVENTS), *b = reader(s, EVENTS);
    static struct reply r;

    (void)state;
    client_ask(http_server_address(s), EVENTS, &r);
    assert_int_equal(r.status, 503);
    assert_string_equal(r.body, "too many");
    stream(1);
    http_stream_end(stream(0));
    wait_for_streams(s, 1);
    client_close(a);
    a = reader(s, EVENTS);
    http_stream_end(stream(1));
    http_stream_end(stream(2));
    client_close(a);
    client_close(b);
    http_server_close(s);
}

static void test_none_without_a_limit(void **state)
{
    struct http_server *s = start(0);
    static struct reply r;

    (void)state;
    client_ask(http_server_address(s), EVENTS, &r);
    assert_int_equal(r.status, 503);
    http_server_close(s);
}

/* ---- readers that hang ---- */

static void test_hanging_reader(void **state)
{
    struct http_server *s = start(2);
    struct client *hangs = reader(s, EVENTS), *reads = reader(s, EVENTS);
    static char bytes[4096];
    struct http_server_stats stats;
    unsigned sent = 0;

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    expect(reads, "3\r\n:\n\n\r\n");
    stream(1);
    while (http_stream_send(stream(0), (struct slice){ bytes, sizeof(bytes) }) == 0) {
        assert_true(++sent < 100000);
        if (sent % 50 == 0)
            ok_is_quick(s);
    }
    http_server_stats(s, &stats);
    assert_int_equal(stats.cut_streams, 1);
    wait_for_streams(s, 1);
    assert_int_equal(http_stream_send(stream(1), S("data: on\n\n")), 0);
    expect(reads, "A\r\ndata: on\n\n\r\n");
    http_stream_end(stream(0));
    http_stream_end(stream(1));
    client_close(hangs);
    client_close(reads);
    http_server_close(s);
}

/* Less than its room waits: it is cut by the sweep, when that has waited too long. */
static void test_late_reader(void **state)
{
    struct http_server *s = start(1);
    struct client *c = reader(s, EVENTS);
    static char bytes[4096];
    unsigned waits = 0, before = 0;

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 100000 && waits < ROOM / 2; i++) { /* the kernel's room is full first */
        assert_int_equal(http_stream_send(stream(0), (struct slice){ bytes, sizeof(bytes) }), 0);
        for (int k = 0; k < 20; k++) {
            pthread_mutex_lock(&s->lock);
            waits = http_stream_is_late(s->head->stream, http_clock() + 1000 * SECOND) ? before + 4096 : 0;
            pthread_mutex_unlock(&s->lock);
            if (!waits)
                break;
            wait_ms();
        }
        before = waits;
    }
    assert_true(waits > 0);
    http_sweep_at(s, http_clock() + (HTTP_STREAM_PATIENCE_S - 2) * SECOND);
    assert_int_equal(http_stream_send(stream(0), S("x")), 0);
    http_sweep_at(s, http_clock() + (HTTP_STREAM_PATIENCE_S + 2) * SECOND);
    assert_int_equal(http_stream_send(stream(0), S("x")), -1);
    wait_for_streams(s, 0);
    http_stream_end(stream(0));
    client_close(c);
    http_server_close(s);
}

/* Nothing waits: he may listen for as long as he likes. */
static void test_quiet_reader(void **state)
{
    struct http_server *s = start(1);
    struct client *c = reader(s, EVENTS);

    (void)state;
    expect(c, "3\r\n:\n\n\r\n");
    http_sweep_at(s, http_clock() + 100000 * SECOND);
    assert_int_equal(http_stream_send(stream(0), S("data: 1\n\n")), 0);
    expect(c, "9\r\ndata: 1\n\n\r\n");
    http_stream_end(stream(0));
    client_close(c);
    http_server_close(s);
}

/* ---- readers that leave ---- */

static void reset(struct client *c)
{
    struct linger now = { 1, 0 };

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    client_close(c);
}

static void test_leaving_readers(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct http_server *s = start(1);
        struct client *c = reader(s, EVENTS);
        struct http_stream *mine = stream(0);

        expect(c, "3\r\n:\n\n\r\n");
        if (how == 0)
            client_close(c);
        else if (how == 1)
            reset(c);
        else
            shutdown(c->fd, SHUT_WR);
        for (int i = 0; i < 5000 && http_stream_send(mine, S("")) == 0; i++) {
            http_server_sweep(s);
            wait_ms();
        }
        assert_int_equal(http_stream_send(mine, S("data: 1\n\n")), -1);
        wait_for_streams(s, 0);
        http_stream_end(mine);
        if (how == 2)
            client_close(c);
        http_server_close(s);
    }
}

/* ---- many ---- */

static void *writer(void *stop)
{
    while (!atomic_load((_Atomic bool *)stop))
        for (unsigned i = 0; i < MANY; i++)
            http_stream_send(atomic_load(&streams[i]), S("data: 0123456789\n\n"));
    return NULL;
}

static void test_many(void **state)
{
    static struct client *clients[MANY];
    struct http_server *s = start(MANY);
    _Atomic bool stop = false;
    pthread_t threads[2];

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        clients[i] = reader(s, EVENTS);
    wait_for_streams(s, MANY);
    stream(MANY - 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, &stop), 0);
    for (unsigned i = 0; i < MANY; i++) { /* some hang, some reset, some leave */
        if (i % 3 == 0)
            reset(clients[i]);
        else if (i % 3 == 1)
            client_close(clients[i]);
        ok_is_quick(s);
    }
    wait_for_streams(s, 0); /* those that hang are cut as well */
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < MANY; i++)
        http_stream_end(streams[i]);
    for (unsigned i = 2; i < MANY; i += 3)
        client_close(clients[i]);
    http_server_close(s);
}

/* ---- the end of the server ---- */

static void test_last_words(void **state)
{
    struct http_server *s = start(2);
    struct client *a = reader(s, EVENTS), *b = reader(s, EVENTS);

    (void)state;
    stream(1);
    expect(a, "3\r\n:\n\n\r\n");
    expect(b, "3\r\n:\n\n\r\n");
    for (unsigned i = 0; i < 2; i++) {
        http_stream_send(stream(i), S("event: bye\ndata:\n\n"));
        http_stream_end(stream(i));
    }
    http_server_close(s);
    expect(a, "12\r\nevent: bye\ndata:\n\n\r\n0\r\n\r\n");
    expect(b, "12\r\nevent: bye\ndata:\n\n\r\n0\r\n\r\n");
    assert_true(client_at_end(a));
    assert_true(client_at_end(b));
    client_close(a);
    client_close(b);
}

/* Their owner may outlive the server. */
static void test_closed_under_its_owner(void **state)
{
    struct http_server *s = start(1);
    struct client *c = reader(s, EVENTS);

    (void)state;
    stream(0);
    http_server_quiesce(s);
    http_server_close(s);
    assert_int_equal(http_stream_send(stream(0), S("data: 1\n\n")), -1);
    http_stream_end(stream(0));
    http_stream_end(NULL);
    client_close(c);
}

static void test_close_while_one_hangs(void **state)
{
    struct http_server *s = start(1);
    struct client *c = reader(s, EVENTS);
    static char bytes[ROOM / 2];
    struct timespec from, to;

    (void)state;
    for (int i = 0; i < 8; i++)
        http_stream_send(stream(0), (struct slice){ bytes, sizeof(bytes) });
    clock_gettime(CLOCK_MONOTONIC, &from);
    http_server_close(s);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(to.tv_sec - from.tv_sec < 6);
    http_stream_end(stream(0));
    client_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_old_reader),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_none_without_a_limit),
        cmocka_unit_test(test_hanging_reader),
        cmocka_unit_test(test_late_reader),
        cmocka_unit_test(test_quiet_reader),
        cmocka_unit_test(test_leaving_readers),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_closed_under_its_owner),
        cmocka_unit_test(test_close_while_one_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
