/* transport.h: HTTPS requests side by side, by libcurl multi.  One thread; only transport_wakeup
 * may be called from another.  Never follows a redirect, asks no proxy, reads no netrc, keeps no
 * cookie, always verifies TLS (1.2 or later) by the system's certificates or those of the file that
 * the environment's SSL_CERT_FILE names, never sends a request twice, reads at most 64 KB of an
 * answer. */
#ifndef ADAPTERS_TIKTOK_TRANSPORT_H
#define ADAPTERS_TIKTOK_TRANSPORT_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/slice.h"

struct transport;

struct transport_request {
    const char *url; /* endpoint_check has accepted it */
    struct slice token;
    unsigned connect_timeout_ms, timeout_ms;
    void *tag; /* comes back with the answer */
};

struct transport_answer {
    void *tag;
    struct slice error; /* empty: a whole answer came; else why not */
    bool sent;          /* bytes of the request have left: the other side may have acted */
    int status;
    struct slice body;        /* empty when it was larger than 64 KB */
    struct slice retry_after; /* the header's value */
    struct slice token;       /* as given, so that an echo of it can be taken out */
    uint32_t took_ms;
};

/* Called from transport_run and transport_abort; may post again.  Slices live for the call. */
typedef void transport_done(void *context, const struct transport_answer *answer);

struct transport *transport_open(transport_done *done, void *context, struct err *err);

/* Starts a POST of body, which is taken over (*body is {0} afterwards) when the result is 0. */
int transport_post(struct transport *t, const struct transport_request *request, struct buf *body,
                   struct err *err);

/* Wait for something to happen, at most wait_ms, and work on it. */
void transport_run(struct transport *t, int wait_ms);

void transport_wakeup(struct transport *t);

/* End every request now, with `why` as its error. */
void transport_abort(struct transport *t, const char *why);

void transport_close(struct transport *t); /* accepts NULL; requests end without an answer */

/* A Retry-After value, seconds or an HTTP date, as milliseconds from now; 0 when it is neither or
 * lies in the past, at most a day. */
int64_t transport_retry_after(struct slice value, int64_t now_ms);

#endif
