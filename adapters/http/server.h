/* server.h: a small HTTP/1.1 server for loopback and for life behind a reverse proxy.
 *
 * One thread per server reads requests and calls the handler with each complete one (headers and
 * body inside the limits).  The handler answers at once, or keeps the request and lets any other
 * thread answer it later, exactly once: until then the connection sleeps without cost.
 *
 * Mended here because the library does not do it: a deadline for a whole request (a client that
 * drips a byte now and then is cut), Content-Length beside Transfer-Encoding (400), the raw query
 * kept byte for byte, 413/414/431 with a plain sentence, HEAD without a body. */
#ifndef ADAPTERS_HTTP_SERVER_H
#define ADAPTERS_HTTP_SERVER_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/slice.h"

struct http_server;

struct http_limits {
    unsigned connections;             /* in all; when they are nearly used up, those that have done
                                       * nothing for longest (at least a second) are cut */
    unsigned connections_per_address; /* 0: no limit */
    size_t url, body;                 /* bytes: past them 414 and 413 */
    unsigned request_seconds;         /* from a request's first byte to its last */
    unsigned idle_seconds;            /* a kept connection without a request */
    unsigned streams;                 /* of stream.h, at a time; they are never cut for room */
};
#define HTTP_LIMITS_DEFAULT                                                                        \
    ((struct http_limits){ 10000, 1000, 16384, 65536, 10, 60, 0 }) /* design.md section 7 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS, HTTP_OTHER };

struct http_header {
    const char *name, *value;
};

/* Everything is borrowed and valid until the answer is given. */
struct http_request {
    enum http_method method;
    struct slice path; /* raw, before the first '?', not decoded; "/" when the target had none */
    struct slice query;        /* raw, after the first '?' */
    struct slice body;         /* whole */
    struct slice content_type; /* value of the header, as it came */
    struct slice address;      /* the peer's IP address as text, without port */
    struct arena *arena;       /* bounded (256 KiB), for the handler's use, gone after the answer */
    void *user;                /* the handler's to use */
    uint64_t received_ns;      /* CLOCK_MONOTONIC when the request was complete */
};

/* First value of a header by name without case; the empty slice when there is none.
 * Only inside the handler call, on the server's thread. */
struct slice http_request_header(const struct http_request *req, const char *name);

/* All values of a header that may come in several lines, in their order, joined by commas, in the
 * request's arena; the empty slice when there is none, or no memory.  Same thread. */
struct slice http_request_header_list(const struct http_request *req, const char *name);

/* Called on the server's thread.  Answer now or later; never twice, never not at all. */
typedef void http_handler(void *context, struct http_request *req);

/* Answer.  Any thread.  headers (ended by a NULL name, or NULL) and body are copied, except that
 * http_reply_static keeps pointing at its body.  Content-Type is text/plain unless a header says
 * otherwise; Content-Length, Date and HEAD are seen to. */
void http_reply(struct http_request *req, int status, const struct http_header *headers,
                struct slice body);
void http_reply_static(struct http_request *req, int status, const struct http_header *headers,
                       struct slice body);

/* For a test server that must misbehave (the sandbox): write bytes as they are and close; or reset
 * the connection without an answer; or hold it open for so long (the sweep ends it) and then
 * close. */
void http_reply_raw(struct http_request *req, struct slice bytes);
void http_reply_reset(struct http_request *req);
void http_reply_stall(struct http_request *req, unsigned seconds);

/* Listen on "ADDRESS:PORT" ("[::1]:PORT" too; port 0 takes a free one) and serve until closed.
 * NULL and *err on failure; "in use" says which address, and what to do. */
struct http_server *http_server_open(const char *listen, const struct http_limits *limits,
                                     http_handler *handler, void *context, struct err *err);

/* The same on a Unix socket: NAME in the folder DIR, mode 0600, so for the folder's owner alone; of
 * paths of any length.  One that is there already is taken for left behind by a server that was
 * killed: the caller holds a lock that says so.  Anything else under that name is left and named.
 * http_server_close takes the socket away. */
struct http_server *http_server_open_local(const char *dir, const char *name,
                                           const struct http_limits *limits,
                                           http_handler *handler, void *context, struct err *err);

/* "127.0.0.1:8080": where it really listens; of a Unix socket its name. */
const char *http_server_address(const struct http_server *server);

/* Cut the clients past their deadline; the owner calls it about once a second. */
void http_server_sweep(struct http_server *server);

/* The same for nearly all connections being taken: cut the longest idle.  Cheap while they are not,
 * so that the owner may call it often. */
void http_server_make_room(struct http_server *server);

/* refused_*: by this server; a request line past the connection's whole memory (12 KiB more than
 * the URL limit) is refused by the library without being counted. */
struct http_server_stats {
    uint64_t requests, cut_slow, cut_for_room, cut_streams, refused_too_large, refused_malformed;
    unsigned connections, streams;
};
void http_server_stats(const struct http_server *server, struct http_server_stats *out);

/* Stop listening.  Once this returns the handler is not called any more: requests that come on open
 * connections get 503.  Those already with the handler may still be answered.  Not from inside the
 * handler. */
void http_server_quiesce(struct http_server *server);

/* After the handler has answered everything.  Accepts NULL. */
void http_server_close(struct http_server *server);

#endif
