/* fetch.h: one page, asked for as a browser would, by libcurl.  Never follows a redirect by itself,
 * asks no proxy, reads no netrc, always verifies TLS.  Cookies and connections last as long as the
 * fetcher, as in one visit.
 *
 * Unless allow_private, only addresses on the public internet are connected to.  That is decided
 * for each address as it is about to be used, after the name was resolved, so that no name can turn
 * into another one behind the test. */
#ifndef ADAPTERS_CHAIN_FETCH_H
#define ADAPTERS_CHAIN_FETCH_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/slice.h"

struct fetcher;

struct fetch_settings {
    bool allow_private;
    const char *const *connect_to; /* "HOST:PORT:ADDRESS:PORT" each, ended by NULL; or NULL */
    size_t body_max;               /* bytes, unpacked; what comes behind is not read: no error */
    size_t header_max;             /* of all headers of an answer; more is an error */
    unsigned connect_timeout_ms, timeout_ms;
    const char *user_agent; /* NULL: a phone's browser */
    const char *header;     /* one more, "Name: value"; or NULL */
};
#define FETCH_SETTINGS_DEFAULT                                                                     \
    ((struct fetch_settings){ .body_max = 1 << 20,                                                 \
                              .header_max = 1 << 17,                                               \
                              .connect_timeout_ms = 10000,                                         \
                              .timeout_ms = 20000 })

enum fetch_result {
    FETCH_DONE,    /* an answer with its headers came, perhaps not all of its body */
    FETCH_REFUSED, /* the URL is none to ask for; nothing was sent */
    FETCH_PRIVATE, /* every address of the host is refused; nothing was sent */
    FETCH_NO_HOST, /* the name is not known */
    FETCH_NO_CONNECTION,
    FETCH_TLS, /* the certificate, or the handshake */
    FETCH_TIMEOUT,
    FETCH_TOO_LARGE, /* headers */
    FETCH_BROKEN,    /* no HTTP, or cut off before the headers' end */
    FETCH_FAILED,    /* out of memory */
};

/* All in the arena of the call. */
struct fetch_answer {
    int status;
    struct slice location, refresh, content_type; /* the first of each */
    struct slice body;                            /* not read when the answer has a Location */
    struct slice cookies;                         /* names that were set: "a, b" */
    struct slice address;                         /* that answered */
    uint32_t took_ms;
    bool cut;  /* the body goes on behind body_max, or broke off */
    bool slow; /* it broke off because the time was up */
};

/* Settings are copied but for the strings.  NULL and *err on failure. */
struct fetcher *fetcher_open(const struct fetch_settings *settings, struct err *err);

/* GET url, which may have any bytes; referer may be empty.  Unless FETCH_DONE *err says why, and of
 * *out only address and took_ms count. */
enum fetch_result fetcher_get(struct fetcher *f, struct arena *arena, struct slice url,
                              struct slice referer, struct fetch_answer *out, struct err *err);

void fetcher_close(struct fetcher *f); /* accepts NULL */

#endif
