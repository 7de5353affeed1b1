/* Any bytes as what a client sends, through the real server, over a socket pair: in one piece or in
 * several, bare or as the header of a request that is otherwise well-formed.  What reaches the handler
 * keeps server.h's promises, answers come in order, and every connection comes to its end. */
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/http/internal.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { URL_MAX = 256, BODY_MAX = 512, WAIT_MS = 20000, QUICK_MS = 4 };
#define HOUR_NS UINT64_C(3600000000000)

static _Atomic unsigned handled; /* requests of this connection that reached the handler */

static void check_request(const struct http_request *req)
{
    struct slice length = http_request_header(req, "Content-Length");
    struct slice encoding = http_request_header(req, "Transfer-Encoding");
    uint64_t n = 0;

    MUST(slice_starts(req->path, S("/")) || slice_eq(req->path, S("*")));
    MUST(req->path.len + req->query.len <= URL_MAX && req->body.len <= BODY_MAX);
    MUST(slice_index(req->path, '?') == req->path.len);
    for (size_t i = 0; i < req->path.len; i++)
        MUST((unsigned char)req->path.ptr[i] > ' ' && req->path.ptr[i] != 0x7f);
    for (size_t i = 0; i < req->query.len; i++)
        MUST((unsigned char)req->query.ptr[i] > ' ' && req->query.ptr[i] != 0x7f);
    MUST(length.len == 0 || encoding.len == 0); /* one reading of where it ends */
    if (length.len)
        MUST(slice_to_u64(length, &n) && n == req->body.len);
    if (encoding.len)
        MUST(slice_eq_nocase(encoding, S("chunked")));
    if (!length.len && !encoding.len)
        MUST(req->body.len == 0);
    MUST(slice_eq(req->address, S("127.0.0.1")));
}

static void handle(void *context, struct http_request *req)
{
    unsigned n = atomic_fetch_add(&handled, 1) + 1;

    (void)context;
    check_request(req);
    http_reply(req, 200, NULL, arena_printf(req->arena, "<answer %u>", n));
}

static struct http_server *server(void)
{
    static struct http_server *s;
    struct http_limits limits = { 100, 0, URL_MAX, BODY_MAX, 600, 600, 0 };
    struct err err = { 0 };

    if (!s)
        s = http_server_open("127.0.0.1:0", &limits, handle, NULL, &err);
    MUST(s);
    return s;
}

static int connect_pair(struct http_server *s)
{
    struct sockaddr_in peer = { .sin_family = AF_INET };
    int pair[2];

    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    MUST(MHD_add_connection(s->daemon, pair[1], (struct sockaddr *)&peer, sizeof(peer)) ==
         MHD_YES);
    return pair[0];
}

static void put(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* refused and closed already */
        bytes = slice_from_at(bytes, (size_t)n);
    }
}

/* What the server believes of a connection that it has forgotten. */
static void tell(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct http_connection *c = s->head; c; c = c->next)
        fprintf(stderr, "phase %d, kept %d\n", (int)STATE_PHASE(atomic_load(&c->state)),
                (int)atomic_load(&c->kept));
    pthread_mutex_unlock(&s->lock);
}

/* Until the server closes.  The library does not see an end that comes in one wake-up with bytes of a
 * request that is not whole; the sweep cuts that one when its time is up, which is at once here. */
static size_t get_all(struct http_server *s, int fd, bool may_cut, char *out, size_t room)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    size_t have = 0;
    ssize_t n;

    for (;;) {
        int ready = poll(&p, 1, may_cut ? QUICK_MS : WAIT_MS);
        for (int i = 0; ready == 0 && may_cut && i < WAIT_MS / QUICK_MS; i++) {
            http_sweep_at(s, http_clock() + HOUR_NS);
            ready = poll(&p, 1, QUICK_MS);
        }
        if (ready != 1)
            tell(s);
        MUST(ready == 1); /* else the server has forgotten the connection */
        n = recv(fd, out + have, room - have, 0);
        if (n <= 0)
            return have;
        have += (size_t)n;
        MUST(have < room);
    }
}

/* Status lines that this server gives, and the handler's answers in their order. */
static void check_answers(struct slice text)
{
    static const int known[] = { 100, 200, 400, 405, 408, 411, 413, 414, 417, 431, 501, 503, 505 };
    unsigned answers = 0;
    char word[32];

    MUST(text.len == 0 || slice_starts(text, S("HTTP/1.")));
    for (size_t at; (at = slice_find(text, S("HTTP/1."))) < text.len;) {
        bool ok = false;
        text = slice_from_at(text, at + 9);
        for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
            snprintf(word, sizeof(word), "%d ", known[i]);
            ok = ok || slice_starts(text, slice_from(word));
        }
        MUST(ok);
        snprintf(word, sizeof(word), "<answer %u>", answers + 1);
        if (slice_find(text, slice_from(word)) < text.len)
            answers++;
    }
    MUST(answers <= atomic_load(&handled));
}

/* Until the server has read what was sent, so that the end comes by itself. */
static void wait_until_read(int fd)
{
    int unread = 1;

    for (int i = 0; i < 2000 && ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0; i++)
        sched_yield();
}

static void ask(struct http_server *s, const struct slice *pieces, size_t count, bool half_close,
                char *out, size_t room, size_t *got)
{
    int fd = connect_pair(s);

    atomic_store(&handled, 0);
    for (size_t i = 0; i < count; i++) {
        put(fd, pieces[i]);
        if (half_close)
            wait_until_read(fd);
    }
    if (half_close) {
        wait_until_read(fd);
        shutdown(fd, SHUT_WR);
    }
    *got = get_all(s, fd, half_close, out, room);
    close(fd);
}

/* After whatever came before, the next client is served. */
static void check_alive(struct http_server *s)
{
    static const struct slice request =
        SLICE("GET /alive?a=b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    char out[4096];
    size_t got;

    ask(s, &request, 1, false, out, sizeof(out), &got);
    MUST(slice_starts((struct slice){ out, got }, S("HTTP/1.1 200 OK\r\n")));
    MUST(atomic_load(&handled) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[4 << 20];
    static unsigned runs;
    struct http_server *s = server();
    struct slice raw, pieces[4];
    size_t count = 0, got, cut;

    if (size < 2)
        return 0;
    raw = (struct slice){ (const char *)data + 2, size - 2 };
    cut = raw.len ? data[1] % raw.len : 0;
    if (data[0] & 1)
        pieces[count++] = S("POST /p?q=1 HTTP/1.1\r\nHost: h\r\n");
    pieces[count++] = slice_head(raw, cut);
    pieces[count++] = slice_from_at(raw, cut);
    if (data[0] & 1)
        pieces[count++] = S("\r\n\r\nsubid=1&status=sale");
    ask(s, pieces, count, true, out, sizeof(out), &got);
    check_answers((struct slice){ out, got });
    if (++runs % 64 == 0)
        check_alive(s);
    return 0;
}
