/* internal.h: what the files of this folder share.  Nobody else includes it, but for the test.
 *
 * server.c opens and closes, connection.c leads a request from the library's callbacks to the
 * handler, check.c refuses what is malformed, answer.c answers, deadline.c cuts the slow, room.c makes
 * room when too many are there, stream.c has the answers that go on, local.c listens on a Unix socket. */
#ifndef ADAPTERS_HTTP_INTERNAL_H
#define ADAPTERS_HTTP_INTERNAL_H

#include "adapters/http/server.h"
#include "core/base/buf.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;
struct http_stream;

/* Where a connection is.  Only the server's thread moves it on, but for two moves: a reply from
 * any thread makes HANDLER or WAITING to ANSWERED, and the sweep makes what is late to CUT.  Both
 * are decided by one atomic exchange, so a request is either cut or with the handler, never both.
 */
enum phase {
    PHASE_IDLE,     /* no request, or not yet its whole header */
    PHASE_READING,  /* the request line is understood, the rest is on its way */
    PHASE_HANDLER,  /* complete and with the handler, which has not returned yet */
    PHASE_WAITING,  /* the same, the connection sleeps until the answer */
    PHASE_ANSWERED, /* the answer is known, the server's thread has not seen it yet */
    PHASE_SENDING,  /* the answer is on its way */
    PHASE_CUT,      /* too slow: the socket is shut down */
    PHASE_STREAM,   /* an answer that goes on */
};

/* Phase and the moment it began in one word, so that a deadline and what it is about are compared
 * and exchanged together.  61 bits of nanoseconds are 73 years of uptime. */
typedef _Atomic uint64_t http_state;
#define STATE(phase, ns) ((uint64_t)(ns) << 3 | (uint64_t)(phase))
#define STATE_PHASE(s) ((enum phase)((s)&7))
#define STATE_NS(s) ((s) >> 3)

/* What the next call of the library's handler callback is about; the server's thread only. */
enum stage { STAGE_HEADER, STAGE_BODY, STAGE_DISCARD, STAGE_GIVEN, STAGE_QUEUED };

enum refusal {
    REFUSE_NOTHING,
    REFUSE_URL,
    REFUSE_BODY,
    REFUSE_TARGET_BYTES,
    REFUSE_TARGET_FORM,
    REFUSE_HEADER,
    REFUSE_TWO_LENGTHS,
    REFUSE_LENGTH_AND_ENCODING,
    REFUSE_ENCODING,
    REFUSE_MEMORY,
    REFUSE_CLOSING,
    REFUSALS,
};

struct answer {
    unsigned status;
    struct MHD_Response *response; /* NULL: close without a (further) word */
    struct slice body;             /* of the response, alive as long as that */
    bool shared;                   /* the response belongs to the server */
    bool stream;                   /* of stream.c: it has no body yet */
};

struct http_connection {
    struct http_request request; /* first, so that a request leads to its connection */
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct http_connection *prev, *next; /* in the server's list; next: in the list of spares */
    int fd;
    struct http_stream *stream; /* under the server's lock; NULL: none */

    http_state state;
    _Atomic bool kept;              /* has served a request before */
    _Atomic uint64_t first_byte_ns; /* of the request to come, as the sweep has noticed it */
    _Atomic uint64_t stall_until_ns;
    uint64_t seen_idle_ns, seen_bytes; /* the sweep's own: what it saw of which idle time */

    enum stage stage;
    const char *target_end; /* in the library's buffer */
    struct slice library_target; /* in there, too */
    struct slice target;
    uint64_t body_seen;
    struct buf body;
    struct arena arena;
    struct answer answer;
    char address[INET6_ADDRSTRLEN];
};

/* Answers that many requests share: a static body without further headers. */
#define STATIC_ANSWERS 16
struct static_answer {
    struct slice body;
    struct MHD_Response *_Atomic response; /* set last */
};

#define REFUSAL_TEXT 160
#define LOCAL_NAME 32 /* of a Unix socket */

struct http_server {
    struct MHD_Daemon *daemon;
    http_handler *handler;
    void *context;
    struct http_limits limits;
    int listen_fd;
    int local_dir; /* the folder of a Unix socket, whose name is in `address`; -1 */
    char address[INET6_ADDRSTRLEN + 16];
    char refusals[REFUSALS][REFUSAL_TEXT];

    _Atomic bool quiesced, in_handler;
    _Atomic uint64_t made_room_ns; /* when there was last none */
    unsigned crowd;                /* most connections since memory was given back; the sweep's */
    _Atomic uint64_t requests, cut_slow, cut_for_room, cut_streams, refused_too_large, refused_malformed;
    _Atomic unsigned connections, streams;

    pthread_mutex_t lock; /* of the list of connections and of new static answers */
    struct http_connection *head;
    struct static_answer statics[STATIC_ANSWERS];

    struct http_connection *spare; /* the server's thread only */
    unsigned spares;
};

/* The library hands out const what it has no more use for, and asks for writable memory that it only
 * reads. */
static inline void *http_unconst(const char *ptr)
{
    union {
        const char *in;
        void *out;
    } u = { .in = ptr };

    return u.out;
}

/* connection.c: the library's daemon on s->listen_fd, with its callbacks.  -1 and *err. */
int http_daemon_start(struct http_server *s, struct err *err);
void http_daemon_quiesce(struct http_server *s);
void http_daemon_stop(struct http_server *s);

/* local.c: listen on the Unix socket s->address in the folder s->local_dir; and take it away. */
int http_local_listen(struct http_server *s, const char *dir, struct err *err);
void http_local_remove(struct http_server *s);

/* check.c: what is wrong with the header; fills the request's content_type. */
struct framing {
    bool body, expects; /* a body is to come; Expect: 100-continue */
};
enum refusal http_check(struct http_connection *c, const char *method, const char *version,
                        struct framing *framing);
int http_refusal_status(enum refusal why);
void http_refusal_texts(struct http_server *s);

/* answer.c */
struct answer http_answer_refusal(struct http_connection *c, enum refusal why);
void http_answer_send_raw(struct http_connection *c, const struct answer *a);
void http_answer_drop(struct answer *a);
void http_answers_free(struct http_server *s);
void http_answer_close(struct http_connection *c);
/* The answer is given; a connection that sleeps goes on.  It may be gone when this returns. */
void http_answer_give(struct http_connection *c, struct answer a);

/* stream.c, all under the server's lock: what waits has waited for too long; the reader goes; no more
 * comes. */
bool http_stream_is_late(struct http_stream *s, uint64_t now_ns);
void http_stream_cut(struct http_stream *s);
void http_stream_finish(struct http_stream *s);

/* room.c: nearly all connections are taken: cut those that have done nothing for longest, so that
 * others are served.  Also gives memory back after a crowd has left. */
void http_make_room(struct http_server *s, uint64_t now_ns);
bool http_cut(struct http_connection *c, uint64_t state);
void http_trim(struct http_server *s);

/* deadline.c: http_server_sweep with the time as an argument, so that tests need not wait. */
uint64_t http_clock(void);
void http_sweep_at(struct http_server *s, uint64_t now_ns);
void http_cut_kept(struct http_server *s);
void http_end_stalls(struct http_server *s);
void http_finish_streams(struct http_server *s);
void http_send_rest(struct http_server *s);
void http_end_connections(struct http_server *s); /* cuts all, and waits until they are gone */

#endif
