#include "cli/serve/routes.h"

#include <string.h>

#include "cli/end.h"
#include "cli/serve/answer.h"
#include "cli/serve/clock.h"
#include "cli/serve/visit.h"

/* ---- refusals ---- */

static void count_refusal(struct visit *v, const char *code)
{
    const struct refused_one one = { code,
                                     v->offer ? v->offer->offer->name : (struct slice){ 0 },
                                     visit_client(v), &v->r->params };

    refused_add(v->routes->refused, &one, clock_now());
    metrics_refused(v->routes->metrics, one.offer, code);
}

/* There is no memory for it: not a refusal by a rule, so it is not kept with those. */
static void busy(struct routes *routes, struct http_request *http, const struct visit *v, const char *why)
{
    metrics_refused(routes->metrics, v && v->offer ? v->offer->offer->name : (struct slice){ 0 }, "R005");
    answer_busy(http, v && v->r->verbose, why);
}

int visit_refuse(struct visit *v, int status, const char *code, struct slice reason)
{
    count_refusal(v, code);
    answer_refused(v->http, v->r->verbose, status, code, reason);
    return -1;
}

int visit_refuse_for(struct visit *v, int64_t seconds, struct slice reason)
{
    count_refusal(v, "R009");
    answer_later(v->http, v->r->verbose, seconds, "R009",
                 arena_printf(v->http->arena, "%.*s: come back in %lld second%s", SLICE_ARG(reason),
                              (long long)seconds, seconds == 1 ? "" : "s"));
    return -1;
}

/* ---- the path ---- */

/* "/postback/nutra-de", also when the query lost its '?' ("/postback/nutra-de&subid=1"): *offer is
 * the name, *rest what follows it. */
static bool split_path(struct slice path, struct slice prefix, struct slice *offer,
                       struct slice *rest)
{
    size_t n = 0;

    if (!slice_starts(path, prefix))
        return false;
    path = slice_from_at(path, prefix.len);
    while (n < path.len && path.ptr[n] != '/' && path.ptr[n] != '&' && path.ptr[n] != '=')
        n++;
    if (n < path.len && path.ptr[n] == '=') /* "/postback/subid=1": no offer is named */
        n = 0;
    *offer = slice_head(path, n);
    *rest = slice_from_at(path, n);
    if (slice_eq(*rest, S("/")))
        *rest = (struct slice){ 0 };
    return true;
}

static bool wants_json(const struct http_request *http)
{
    struct slice accept = http_request_header(http, "Accept"), query = http->query, item;

    if (slice_find(accept, S("application/json")) < accept.len)
        return true;
    while (slice_next(&query, '&', &item))
        if (slice_eq(item, S("verbose=1")))
            return true;
    return false;
}

/* 404 takes as long as a wrong key does, and looks at the key as well. */
static int refuse_offer(struct visit *v, struct slice name, struct slice rest)
{
    bool given;

    if (visit_read(v, rest) != 0)
        return -1;
    auth_key(v, &given);
    return visit_refuse(v, 404, "R002",
                        name.len ? arena_printf(v->http->arena,
                                                "there is no offer \"%.*s\" here: the last "
                                                "part of the path must be an offer's name",
                                                SLICE_ARG(note_short(v->http->arena, name)))
                                 : S("the path names no offer: /postback/OFFER"));
}

static void lander(struct http_request *http)
{
    static const struct http_header headers[] = { { "Content-Type",
                                                    "text/javascript; charset=utf-8" },
                                                  { "Cache-Control", "public, max-age=300" },
                                                  { "X-Content-Type-Options", "nosniff" },
                                                  { "Access-Control-Allow-Origin", "*" },
                                                  { "Cross-Origin-Resource-Policy",
                                                    "cross-origin" },
                                                  { NULL, NULL } };
    struct slice script;

    if (http->method != HTTP_GET && http->method != HTTP_HEAD)
        answer_method(http);
    else if (files_embedded("web/lander.js", &script))
        http_reply_static(http, 200, headers, script);
    else
        http_reply(http, 404, NULL, S("there is no landing script in this build\n"));
}

static bool method_ok(struct http_request *http, bool is_click)
{
    return http->method == HTTP_GET || http->method == HTTP_HEAD || http->method == HTTP_POST ||
           (is_click && http->method == HTTP_OPTIONS);
}

/* 0: for the intake.  -1: answered. */
static int handle(struct visit *v, bool is_click, struct slice name, struct slice rest)
{
    v->offer = catalog_find(v->catalog, name);
    if (!v->offer)
        return refuse_offer(v, name, rest);
    v->r->offer = v->offer->offer;
    if (v->http->method == HTTP_OPTIONS) {
        answer_click(v->http, visit_origin_allowed(v) ? arena_cstr(v->http->arena, v->origin) : NULL);
        return -1;
    }
    return is_click ? visit_click(v, rest) : visit_postback(v, rest);
}

static void dispatch(struct routes *routes, struct http_request *http, bool is_click,
                     struct slice name, struct slice rest)
{
    static const struct slice methods[] = { SLICE("GET"), SLICE("HEAD"), SLICE("POST"),
                                            SLICE("OPTIONS"), SLICE("OTHER") };
    struct intake_request *r = ARENA_NEW(http->arena, struct intake_request);
    struct visit v = { .routes = routes, .http = http, .r = r };
    struct rules *rules;

    if (!r) {
        busy(routes, http, NULL, "out of memory");
        return;
    }
    end_memory_lacked(); /* that was for another request */
    r->http = http;
    r->method = methods[http->method];
    r->verbose = wants_json(http);
    r->fresh = r->put;
    r->rules = rules = rules_get(routes->rules);
    v.catalog = rules->catalog;
    if (handle(&v, is_click, name, rest) != 0) {
        rules_release(rules); /* r went with the answer */
    } else if (end_memory_lacked()) { /* something of it may be missing */
        busy(routes, http, &v, "there is no memory now; send it again");
        rules_release(rules);
    } else {
        intake_submit(routes->intake, r);
    }
}

void routes_handle(void *context, struct http_request *http)
{
    struct routes *routes = context;
    struct slice name, rest;
    bool is_click = false;

    if (slice_eq(http->path, S("/lander.js"))) {
        lander(http);
        return;
    }
    if (!split_path(http->path, S("/postback/"), &name, &rest)) {
        is_click = true;
        if (!split_path(http->path, S("/click/"), &name, &rest)) {
            http_reply(http, 404, NULL, S("not found: postbacks go to /postback/OFFER\n"));
            return;
        }
    }
    if (!method_ok(http, is_click)) {
        metrics_refused(routes->metrics, (struct slice){ 0 }, "R007");
        answer_method(http);
        return;
    }
    dispatch(routes, http, is_click, name, rest);
}
