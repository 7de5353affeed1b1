/* The server as its handlers see it, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "adapters/http/server.h"
#include "tests/support/http_client.h"

/* Requests that wait for the test, or for the answering thread. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_request *waiting[1024];
    size_t count;
    bool stop;
} box = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void box_put(struct http_request *req)
{
    pthread_mutex_lock(&box.lock);
    assert_true(box.count < 1024);
    box.waiting[box.count++] = req;
    pthread_cond_broadcast(&box.changed);
    pthread_mutex_unlock(&box.lock);
}

/* The youngest first, so that answers are given out of order.  Eager: the answer often comes while
 * the server is still about to put the connection to sleep. */
static struct http_request *box_take(bool eager)
{
    struct http_request *req;

    pthread_mutex_lock(&box.lock);
    while (box.count == 0 && !box.stop) {
        if (eager) {
            pthread_mutex_unlock(&box.lock);
            pthread_mutex_lock(&box.lock);
        } else {
            pthread_cond_wait(&box.changed, &box.lock);
        }
    }
    req = box.count ? box.waiting[--box.count] : NULL;
    pthread_mutex_unlock(&box.lock);
    return req;
}

static void *answer_all(void *unused)
{
    struct http_request *req;

    while ((req = box_take(true)) != NULL)
        http_reply(req, 200, NULL, req->query);
    return unused;
}

static void answer_echo(struct http_request *req)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "OPTIONS", "OTHER" };
    struct slice x = http_request_header(req, "x-test");

    http_reply(req, 200, NULL,
               arena_printf(req->arena, "%s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s", methods[req->method],
                            SLICE_ARG(req->path), SLICE_ARG(req->query), SLICE_ARG(req->body),
                            SLICE_ARG(req->content_type), SLICE_ARG(req->address), SLICE_ARG(x)));
}

static void answer_headers(struct http_request *req)
{
    static const struct http_header headers[] = {
        { "Content-Type", "application/json" },
        { "X-One", "1" },
        { "X-Split", "a\r\nX-Injected: b" },
        { NULL, NULL },
    };

    http_reply(req, 202, headers, S("{}"));
}

static const char *const words[] = { "zero",  "one",   "two",  "three", "four",   "five",   "six",
                                     "seven", "eight", "nine", "ten",   "eleven", "twelve", "13",
                                     "14",    "15",    "16",   "17",    "18",     "19" };

static void handle(void *context, struct http_request *req)
{
    uint64_t n;

    (void)context;
    assert_true(req->received_ns > 0);
    if (slice_eq(req->path, S("/ok")))
        http_reply_static(req, 200, NULL, S("OK"));
    else if (slice_eq(req->path, S("/later")) || slice_eq(req->path, S("/hold")))
        box_put(req);
    else if (slice_eq(req->path, S("/body")))
        http_reply(req, 200, NULL, req->body);
    else if (slice_eq(req->path, S("/headers")))
        answer_headers(req);
    else if (slice_eq(req->path, S("/empty")))
        http_reply_static(req, 204, NULL, (struct slice){ 0 });
    else if (slice_eq(req->path, S("/static")) && slice_to_u64(req->query, &n) && n < 20)
        http_reply_static(req, n % 2 ? 200 : 404, NULL, slice_from(words[n]));
    else if (slice_eq(req->path, S("/raw")))
        http_reply_raw(req, S("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    else if (slice_eq(req->path, S("/reset")))
        http_reply_reset(req);
    else if (slice_eq(req->path, S("/stall")))
        http_reply_stall(req, 5);
    else
        answer_echo(req);
}

static struct http_server *start(void)
{
    struct err err = { 0 };
    struct http_server *s = http_server_open("127.0.0.1:0", NULL, handle, NULL, &err);

    if (!s)
        fail_msg("%s", err.text);
    return s;
}

/* The server's thread notices a closed connection in its own time, or the sweep does. */
static void wait_for_connections(struct http_server *s, unsigned n)
{
    struct http_server_stats stats;

    for (int i = 0; i < 5000; i++) {
        http_server_stats(s, &stats);
        if (stats.connections == n)
            return;
        http_server_sweep(s);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    fail_msg("%u connections instead of %u", stats.connections, n);
}

struct exchange {
    struct slice request;
    int status;
    const char *body;
};

#define GET(target) SLICE("GET " target " HTTP/1.1\r\nHost: h\r\n\r\n")
#define POST(target, more, body) SLICE("POST " target " HTTP/1.1\r\nHost: h\r\n" more "\r\n" body)

static const struct exchange exchanges[] = {
    { GET("/ok"), 200, "OK" },
    { GET("/a/b"), 200, "GET|/a/b||||127.0.0.1|" },
    { GET("/a%2Fb%zz+?x=%zz&y=a+b&&=?x=2#f"), 200,
      "GET|/a%2Fb%zz+|x=%zz&y=a+b&&=?x=2#f|||127.0.0.1|" },
    { GET("/?\xa4&\xc3\xa4=\xff"), 200, "GET|/|\xa4&\xc3\xa4=\xff|||127.0.0.1|" },
    { GET("/?"), 200, "GET|/||||127.0.0.1|" },
    { GET("/??"), 200, "GET|/|?|||127.0.0.1|" },
    { GET("?a=1"), 200, "GET|/|a=1|||127.0.0.1|" },
    { GET("http://h.example/p?q=http://x/"), 200, "GET|/p|q=http://x/|||127.0.0.1|" },
    { GET("HTTPS://h.example?q=/"), 200, "GET|/|q=/|||127.0.0.1|" },
    { GET("http://h.example"), 200, "GET|/||||127.0.0.1|" },
    { SLICE("OPTIONS * HTTP/1.1\r\n\r\n"), 200, "OPTIONS|*||||127.0.0.1|" },
    { SLICE("BREW /tea HTTP/1.1\r\n\r\n"), 200, "OTHER|/tea||||127.0.0.1|" },
    { SLICE("get / HTTP/1.1\r\n\r\n"), 200, "OTHER|/||||127.0.0.1|" },
    { SLICE("GET / HTTP/1.1\r\nX-TEST:  a b \t\r\nx-test: c\r\n\r\n"), 200,
      "GET|/||||127.0.0.1|a b \t" },
    { SLICE("GET / HTTP/1.1\nX-Test: bare line feeds\n\n"), 200,
      "GET|/||||127.0.0.1|bare line feeds" },
    { POST("/p?q", "Content-Length: 5\r\nContent-Type: text/x; a=b\r\n", "h\0llo"), 200,
      "POST|/p|q|h|text/x; a=b|127.0.0.1|" }, /* printf ends the body at the NUL */
    { POST("/p", "Content-Length: 0\r\n", ""), 200, "POST|/p||||127.0.0.1|" },
    { POST("/p", "content-type: t\r\nTransfer-Encoding: Chunked\r\n",
           "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-Test: no\r\n\r\n"),
      200, "POST|/p||abc0123456789|t|127.0.0.1|" },
    { GET("/headers"), 202, "{}" },
    { GET("/empty"), 204, "" },
};

static void test_exchanges(void **state)
{
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(*exchanges); i++) {
        client_ask(http_server_address(s), exchanges[i].request, &r);
        if (r.status != exchanges[i].status || strcmp(r.body, exchanges[i].body) != 0)
            fail_msg("%.60s: %d \"%s\"", exchanges[i].request.ptr, r.status, r.body);
    }
    http_server_close(s);
}

static void test_binary_body(void **state)
{
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    client_ask(http_server_address(s),
               (struct slice)POST("/body", "Content-Length: 5\r\n", "\0\r\n\xff\0"), &r);
    assert_int_equal(r.length, 5);
    assert_memory_equal(r.body, "\0\r\n\xff", 5);
    http_server_close(s);
}

static void test_headers(void **state)
{
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    client_ask(http_server_address(s), (struct slice)GET("/headers"), &r);
    assert_string_equal(reply_header(&r, "Content-Type"), "application/json");
    assert_string_equal(reply_header(&r, "X-One"), "1");
    assert_null(strstr(r.head, "X-Split"));
    assert_null(strstr(r.head, "X-Injected"));
    assert_int_equal(strlen(reply_header(&r, "Date")), 29);
    client_ask(http_server_address(s), (struct slice)GET("/ok"), &r);
    assert_string_equal(reply_header(&r, "Content-Type"), "text/plain; charset=utf-8");
    assert_string_equal(reply_header(&r, "Connection"), "");
    client_ask(http_server_address(s), (struct slice)GET("/empty"), &r);
    assert_string_equal(reply_header(&r, "Content-Type"), "");
    assert_string_equal(reply_header(&r, "Content-Length"), "");
    client_ask(http_server_address(s), S("GET /ok HTTP/1.0\r\n\r\n"), &r);
    assert_string_equal(reply_header(&r, "Connection"), "close");
    http_server_close(s);
}

static void test_kept_connection(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    static struct reply r;
    struct http_server_stats stats;

    (void)state;
    for (int i = 0; i < 3; i++) {
        client_send(c, S("HEAD /ok?1 HTTP/1.1\r\n\r\n"));
        client_read(c, &r, false);
        assert_int_equal(r.status, 200);
        assert_string_equal(reply_header(&r, "Content-Length"), "2");
        client_send(c, S("POST /p HTTP/1.1\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"));
        client_read(c, &r, true);
        assert_int_equal(r.status, 100);
        client_send(c, S("abcdef"));
        client_read(c, &r, true);
        assert_string_equal(r.body, "POST|/p||abcdef||127.0.0.1|");
        client_send(c, S("GET /x HTTP/1.1\r\n\r\n"));
        client_read(c, &r, true);
        assert_string_equal(r.body, "GET|/x||||127.0.0.1|");
    }
    http_server_stats(s, &stats);
    assert_int_equal(stats.requests, 9);
    assert_int_equal(stats.connections, 1);
    client_close(c);
    wait_for_connections(s, 0);
    http_server_close(s);
}

/* More static bodies than are shared, each with a status of its own. */
static void test_static_answers(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    static struct reply r;
    char request[64];

    (void)state;
    for (int i = 0; i < 60; i++) {
        snprintf(request, sizeof(request), "GET /static?%d HTTP/1.1\r\n\r\n", i % 20);
        client_send(c, slice_from(request));
        client_read(c, &r, true);
        assert_int_equal(r.status, i % 2 ? 200 : 404);
        assert_string_equal(r.body, words[i % 20]);
    }
    client_close(c);
    http_server_close(s);
}

#define CLIENTS 40
#define EACH 250

/* Ten thousand requests, pipelined on forty connections, answered by another thread. */
static void test_answers_from_another_thread(void **state)
{
    struct http_server *s = start();
    struct client *clients[CLIENTS];
    static struct reply r;
    char text[64];
    pthread_t thread;

    (void)state;
    box.stop = false;
    pthread_create(&thread, NULL, answer_all, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open(http_server_address(s));
        for (int k = 0; k < EACH; k++) {
            snprintf(text, sizeof(text), "%s /later?%d-%d HTTP/1.1\r\n%s\r\n%s",
                     k % 3 ? "GET" : "POST", i, k, k % 3 ? "" : "Content-Length: 3\r\n",
                     k % 3 ? "" : "abc");
            client_send(clients[i], slice_from(text));
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; k < EACH; k++) {
            client_read(clients[i], &r, true);
            snprintf(text, sizeof(text), "%d-%d", i, k);
            assert_int_equal(r.status, 200);
            assert_string_equal(r.body, text);
        }
        client_close(clients[i]);
    }
    pthread_mutex_lock(&box.lock);
    box.stop = true;
    pthread_cond_broadcast(&box.changed);
    pthread_mutex_unlock(&box.lock);
    pthread_join(thread, NULL);
    box.stop = false;
    wait_for_connections(s, 0);
    http_server_close(s);
}

/* The request stays until it is answered, whatever its client does. */
static void test_client_leaves_while_waiting(void **state)
{
    static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    struct http_server *s = start();
    static struct reply r;

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct client *c = client_open(http_server_address(s));
        struct http_request *req;

        client_send(c, S("POST /hold?abc HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"));
        req = box_take(false);
        if (i % 2)
            setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        client_close(c);
        assert_true(slice_eq(req->query, S("abc")) && slice_eq(req->body, S("body")));
        if (i % 3)
            http_reply(req, 200, NULL, S("nobody reads this"));
        else
            http_reply_static(req, 200, NULL, S("OK"));
    }
    wait_for_connections(s, 0);
    client_ask(http_server_address(s), (struct slice)GET("/ok"), &r);
    assert_string_equal(r.body, "OK");
    http_server_close(s);
}

static void test_misbehaviour_for_the_sandbox(void **state)
{
    struct http_server *s = start();
    struct client *c = client_open(http_server_address(s));
    char got[64] = "";

    (void)state;
    client_send(c, S("GET /raw HTTP/1.1\r\n\r\n"));
    for (size_t n = 0, k; (k = (size_t)recv(c->fd, got + n, sizeof(got) - n, 0)) > 0; n += k)
        ;
    assert_string_equal(got, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    client_close(c);

    c = client_open(http_server_address(s));
    client_send(c, S("GET /reset HTTP/1.1\r\n\r\n"));
    assert_true(client_was_reset(c));
    client_close(c);

    c = client_open(http_server_address(s));
    client_send(c, S("GET /hold HTTP/1.1\r\n\r\n"));
    http_reply_reset(box_take(false));
    assert_true(client_was_reset(c));
    client_close(c);

    c = client_open(http_server_address(s)); /* a stall does not outlive the server */
    client_send(c, S("GET /hold HTTP/1.1\r\n\r\n"));
    http_reply_stall(box_take(false), 1000);
    http_server_close(s);
    assert_true(client_at_end(c));
    client_close(c);
}

static const struct {
    const char *listen, *error;
} bad_listens[] = {
    { "", "has no port" },
    { "8080", "has no port" },
    { "127.0.0.1", "has no port" },
    { "127.0.0.1:", "the port is not a number from 0 to 65535" },
    { "127.0.0.1:65536", "the port is not a number from 0 to 65535" },
    { "127.0.0.1:http", "the port is not a number from 0 to 65535" },
    { "127.0.0.1:-1", "the port is not a number from 0 to 65535" },
    { ":8080", "the address is not one" },
    { "::1:8080", "the address is not one" },
    { "[::1:8080", "the address is not one" },
    { "[127.0.0.1]:8080", "the address is not one" },
    { "256.0.0.1:8080", "the address is not one" },
    { "lander.example:8080", "the address is not one" },
};

static void test_bad_listen_addresses(void **state)
{
    struct err err;
    char text[400];

    (void)state;
    for (size_t i = 0; i < sizeof(bad_listens) / sizeof(*bad_listens); i++) {
        assert_null(http_server_open(bad_listens[i].listen, NULL, handle, NULL, &err));
        snprintf(text, sizeof(text),
                 "listen address \"%s\": %s; write ADDRESS:PORT with a numeric address, such as "
                 "127.0.0.1:8080 or [::1]:8080 (port 0 takes a free one)",
                 bad_listens[i].listen, bad_listens[i].error);
        assert_string_equal(err.text, text);
        assert_int_equal(err.kind, ERR_INPUT);
    }
    assert_null(http_server_open("192.0.2.1:8080", NULL, handle, NULL, &err));
    assert_string_equal(err.text, "192.0.2.1:8080: this machine has no such address; `ip address` "
                                  "lists those it has");
    assert_int_equal(err.kind, ERR_SYSTEM);
}

static void test_port_in_use(void **state)
{
    struct http_server *s = start();
    struct err err;
    char text[200];

    (void)state;
    assert_null(http_server_open(http_server_address(s), NULL, handle, NULL, &err));
    snprintf(text, sizeof(text),
             "%s: already in use by another program; stop that one (`ss -ltnp` names it) or choose "
             "another port",
             http_server_address(s));
    assert_string_equal(err.text, text);
    assert_int_equal(err.kind, ERR_SYSTEM);
    http_server_close(s);
}

/* IPv4 clients of an IPv6 socket have IPv4 addresses. */
static void test_both_families(void **state)
{
    struct err err;
    struct http_server *s = http_server_open("[::]:0", NULL, handle, NULL, &err);
    static struct reply r;
    char address[64];

    (void)state;
    if (!s) { /* a machine without IPv6 */
        assert_string_equal(err.text, "[::]:0: can't listen: Address family not supported by "
                                      "protocol");
        return;
    }
    assert_memory_equal(http_server_address(s), "[::]:", 5);
    snprintf(address, sizeof(address), "127.0.0.1:%s", http_server_address(s) + 5);
    client_ask(address, (struct slice)GET("/x"), &r);
    assert_string_equal(r.body, "GET|/x||||127.0.0.1|");
    snprintf(address, sizeof(address), "[::1]:%s", http_server_address(s) + 5);
    client_ask(address, (struct slice)GET("/x"), &r);
    assert_string_equal(r.body, "GET|/x||||::1|");
    http_server_close(s);
}

static void test_quiesce(void **state)
{
    struct http_server *s = start();
    struct client *held = client_open(http_server_address(s));
    struct client *kept = client_open(http_server_address(s));
    struct client *fresh = client_open(http_server_address(s));
    struct http_request *req;
    static struct reply r;

    (void)state;
    client_send(kept, S("GET /ok HTTP/1.1\r\n\r\n"));
    client_read(kept, &r, true);
    client_send(held, S("GET /hold HTTP/1.1\r\n\r\n"));
    req = box_take(false);
    wait_for_connections(s, 3);
    http_server_quiesce(s);
    assert_int_equal(client_connect(http_server_address(s)), -1);
    client_send(fresh, S("GET /ok HTTP/1.1\r\n\r\n"));
    client_read(fresh, &r, true);
    assert_int_equal(r.status, 503);
    assert_string_equal(r.body, "This server is shutting down: send the request again later.\n");
    assert_string_equal(reply_header(&r, "Retry-After"), "1");
    assert_true(client_at_end(fresh));
    assert_true(client_at_end(kept));
    http_reply_static(req, 200, NULL, S("OK"));
    client_read(held, &r, true);
    assert_string_equal(r.body, "OK");
    assert_string_equal(reply_header(&r, "Connection"), "close");
    assert_true(client_at_end(held));
    http_server_close(s);
    client_close(held);
    client_close(kept);
    client_close(fresh);
    http_server_close(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_binary_body),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_kept_connection),
        cmocka_unit_test(test_static_answers),
        cmocka_unit_test(test_answers_from_another_thread),
        cmocka_unit_test(test_client_leaves_while_waiting),
        cmocka_unit_test(test_misbehaviour_for_the_sandbox),
        cmocka_unit_test(test_bad_listen_addresses),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_both_families),
        cmocka_unit_test(test_quiesce),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
