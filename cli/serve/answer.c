#include "cli/serve/answer.h"

#include <stdio.h>

#include "cli/end.h"
#include "cli/show.h"

static const struct http_header json[] = { { "Content-Type", "application/json" }, { NULL, NULL } };

void answer_verdict(struct http_request *http, bool verbose, const struct translation *t)
{
    struct buf b = { 0 };

    if (!verbose) {
        http_reply_static(http, 200, NULL, S("OK"));
        return;
    }
    show_answer(&b, t->verdict, t->code, t->reason, &t->notes);
    http_reply(http, 200, json, buf_slice(&b));
    buf_free(&b);
}

void answer_kept(struct http_request *http, bool verbose, const struct notes *notes)
{
    struct buf b = { 0 };

    if (!verbose) {
        http_reply_static(http, 200, NULL, S("OK"));
        return;
    }
    show_answer(&b, VERDICT_ACCEPTED, "W098", S("the database is away; the postback is kept here, and decided when it is back"), notes);
    http_reply(http, 200, json, buf_slice(&b));
    buf_free(&b);
}

static void refuse(struct http_request *http, bool verbose, int status,
                   const struct http_header *headers, const char *code, struct slice reason)
{
    struct notes none = { 0 };
    struct buf b = { 0 };

    if (verbose)
        show_answer(&b, VERDICT_REFUSED, code, reason, &none);
    else
        buf_printf(&b, "refused[%s]: %.*s\n", code, SLICE_ARG(reason));
    http_reply(http, status, headers, buf_slice(&b));
    buf_free(&b);
}

void answer_refused(struct http_request *http, bool verbose, int status, const char *code,
                    struct slice reason)
{
    if (end_memory_lacked()) { /* who knows whether it would be refused; sent again it is known */
        answer_busy(http, verbose, "there is no memory now; send it again");
        return;
    }
    refuse(http, verbose, status, verbose ? json : NULL, code, reason);
}

void answer_later(struct http_request *http, bool verbose, int64_t seconds, const char *code,
                  struct slice reason)
{
    char text[24];
    const struct http_header headers[] = {
        { "Retry-After", text },
        { verbose ? "Content-Type" : NULL, "application/json" },
        { NULL, NULL },
    };

    snprintf(text, sizeof(text), "%lld", (long long)seconds);
    refuse(http, verbose, 429, headers, code, reason);
}

void answer_again(struct http_request *http, bool verbose, const char *code, struct slice reason)
{
    struct notes none = { 0 };
    struct buf b = { 0 };

    if (!verbose) {
        http_reply_static(http, 200, NULL, S("OK"));
        return;
    }
    show_answer(&b, VERDICT_DUPLICATE, code, reason, &none);
    http_reply(http, 200, json, buf_slice(&b));
    buf_free(&b);
}

void answer_method(struct http_request *http)
{
    static const struct http_header allow[] = { { "Allow", "GET, HEAD, POST" }, { NULL, NULL } };

    refuse(http, false, 405, allow, "R007", S("use GET, POST or HEAD"));
}

void answer_busy(struct http_request *http, bool verbose, const char *reason)
{
    static const struct http_header text_retry[] = { { "Retry-After", "5" }, { NULL, NULL } };
    static const struct http_header json_retry[] = { { "Content-Type", "application/json" },
                                                     { "Retry-After", "5" },
                                                     { NULL, NULL } };

    refuse(http, verbose, 503, verbose ? json_retry : text_retry, "R005", slice_from(reason));
}

void answer_click(struct http_request *http, const char *origin)
{
    struct http_header headers[] = { { "Access-Control-Allow-Origin", origin },
                                     { "Access-Control-Allow-Methods", "GET, POST" },
                                     { "Access-Control-Allow-Headers", "Content-Type" },
                                     { "Access-Control-Max-Age", "86400" },
                                     { "Vary", "Origin" },
                                     { NULL, NULL } };

    http_reply(http, 204, origin ? headers : NULL, (struct slice){ 0 });
}
