/* scripted_http.h: an HTTP server on loopback that does as a test says, also the wrong thing, and
 * remembers what it was sent. */
#ifndef TESTS_SUPPORT_SCRIPTED_HTTP_H
#define TESTS_SUPPORT_SCRIPTED_HTTP_H

#include "core/base/slice.h"

enum scripted_action {
    SCRIPTED_ANSWER, /* status, headers, body */
    SCRIPTED_CLOSE,  /* close without an answer */
    SCRIPTED_RESET,  /* the same, with a TCP reset */
    SCRIPTED_CUT,    /* half of the body, then close */
    SCRIPTED_STALL,  /* nothing, until the server ends or the client leaves */
};

struct scripted_answer {
    enum scripted_action action;
    bool hold;           /* only after scripted_release */
    int status;          /* 0: 200 */
    const char *headers; /* whole lines with CRLF, or NULL */
    const char *interim; /* bytes that go before all that, or NULL */
    char body[1024];
    size_t padding; /* blanks after body */
};

struct scripted_request {
    size_t number; /* from 0 */
    const char *head; /* request line and headers */
    struct slice body;
};

/* Decides on the server's threads, one call at a time. */
typedef void scripted_handler(void *context, const struct scripted_request *request,
                              struct scripted_answer *answer);

struct scripted_http;

struct scripted_http *scripted_open(scripted_handler *handler, void *context);
int scripted_port(const struct scripted_http *s);

/* The next n connections are reset after their first bytes. */
void scripted_reset_early(struct scripted_http *s, unsigned n);

/* Let held answers go, these and all later ones. */
void scripted_release(struct scripted_http *s);

size_t scripted_count(struct scripted_http *s); /* requests that were read whole */

/* Wait until there are count; false after ten seconds. */
bool scripted_wait(struct scripted_http *s, size_t count);

/* Valid until scripted_close. */
struct scripted_request scripted_get(struct scripted_http *s, size_t number);

void scripted_close(struct scripted_http *s);

#endif
