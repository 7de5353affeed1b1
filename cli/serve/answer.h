/* answer.h: what a tracker or a page is told. */
#ifndef CLI_SERVE_ANSWER_H
#define CLI_SERVE_ANSWER_H

#include "adapters/http/server.h"
#include "core/translate/translate.h"

/* 200 with OK, or with the verdict as JSON when asked for. */
void answer_verdict(struct http_request *http, bool verbose, const struct translation *t);

/* 200 to a postback that is kept, and decided later: the same, the verdict is "accepted" (W098). */
void answer_kept(struct http_request *http, bool verbose, const struct notes *notes);

/* A refusal: code R00x and its sentence, as text or as {"verdict":"refused",...}. */
void answer_refused(struct http_request *http, bool verbose, int status, const char *code,
                    struct slice reason);

/* 429 with Retry-After. */
void answer_later(struct http_request *http, bool verbose, int64_t seconds, const char *code,
                  struct slice reason);

/* 200: the same as before; as JSON a duplicate with that code. */
void answer_again(struct http_request *http, bool verbose, const char *code, struct slice reason);

/* 405. */
void answer_method(struct http_request *http);

/* 503 with Retry-After. */
void answer_busy(struct http_request *http, bool verbose, const char *reason);

/* 204 to a click registration, with CORS headers for origin (NULL: none). */
void answer_click(struct http_request *http, const char *origin);

#endif
