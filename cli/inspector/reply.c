/* reply.c: answers, each with the headers that tell a browser what it must not do with them. */
#include <stdio.h>

#include "cli/inspector/inside.h"

/* Nothing from elsewhere is loaded, nothing in the page is run that is not our file, nobody frames it,
 * nothing of it is kept or told to others. */
#define GUARDS                                                                                     \
    { "Content-Security-Policy",                                                                   \
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "              \
      "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },       \
        { "X-Content-Type-Options", "nosniff" }, { "X-Frame-Options", "DENY" },                    \
        { "Referrer-Policy", "no-referrer" }, { "Cache-Control", "no-store" },                     \
        { "Cross-Origin-Resource-Policy", "same-origin" },                                         \
        { "Cross-Origin-Opener-Policy", "same-origin" }

static const struct http_header json_headers[] = { { "Content-Type",
                                                     "application/json; charset=utf-8" },
                                                   GUARDS,
                                                   { NULL, NULL } };
const struct http_header reply_stream_headers[] = { { "Content-Type",
                                                      "text/event-stream; charset=utf-8" },
                                                    { "X-Accel-Buffering", "no" }, /* of nginx */
                                                    GUARDS,
                                                    { NULL, NULL } };

void reply_json(struct http_request *http, int status, struct slice json)
{
    http_reply(http, status, json_headers, json);
}

static void sentence_json(struct buf *out, const char *sentence)
{
    buf_puts(out, "{\"error\":");
    buf_json(out, slice_from(sentence));
    buf_puts(out, "}\n");
}

void reply_error(struct http_request *http, int status, const char *sentence)
{
    struct buf out = { 0 };

    sentence_json(&out, sentence);
    reply_json(http, status, buf_slice(&out));
    buf_free(&out);
}

void reply_later(struct http_request *http, int64_t seconds, const char *sentence)
{
    char text[24];
    const struct http_header headers[] = { { "Content-Type", "application/json; charset=utf-8" },
                                           { "Retry-After", text },
                                           GUARDS,
                                           { NULL, NULL } };
    struct buf out = { 0 };

    snprintf(text, sizeof(text), "%lld", (long long)seconds);
    sentence_json(&out, sentence);
    http_reply(http, 429, headers, buf_slice(&out));
    buf_free(&out);
}

void reply_file(struct http_request *http, const char *type, struct slice bytes)
{
    const struct http_header headers[] = { { "Content-Type", type }, GUARDS, { NULL, NULL } };

    http_reply_static(http, 200, headers, bytes);
}

void reply_cookie(struct http_request *http, const char *cookie)
{
    const struct http_header headers[] = { { "Set-Cookie", cookie }, GUARDS, { NULL, NULL } };

    http_reply(http, 204, headers, (struct slice){ 0 });
}
