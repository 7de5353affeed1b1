#include "cli/serve/routes.h"

#include <string.h>

#include "cli/serve/answer.h"
#include "cli/serve/clock.h"
#include "cli/serve/record.h"

/* A request on its way to the intake. */
struct visit {
    struct routes *routes;
    struct http_request *http;
    struct intake_request *r;
    const struct catalog_offer *offer;
    struct slice origin;
};

/* Takes the same time whatever stands in given, once its length is right. */
static bool same_key(const char *key, struct slice given)
{
    size_t len = key ? strlen(key) : 0;
    unsigned char differs = 0;

    if (len == 0 || given.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)(key[i] ^ given.ptr[i]);
    return differs == 0;
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

/* ---- parameters ---- */

static struct slice too_much(struct visit *v, const struct err *err)
{
    return arena_dup(v->http->arena, slice_from(err->text));
}

/* What of an unreadable body may be kept.  A key inside it can't be taken out by its name. */
static struct slice storable_body(const struct visit *v)
{
    struct slice body = v->http->body;
    const char *keys[] = { v->offer->key, v->r->rules->catalog->key };

    for (size_t i = 0; i < 2; i++)
        if (keys[i] && slice_find(body, slice_from(keys[i])) < body.len)
            return S("[removed: it holds the key]");
    return slice_head(body, 4096);
}

/* The body of a postback that could not be read is kept as one parameter, for people to look at. */
static void keep_body(struct visit *v, const struct err *err)
{
    struct params *p = &v->r->params;
    struct param *list = ARENA_ARRAY(v->http->arena, struct param, p->count + 1);
    struct slice why = too_much(v, err);

    v->r->unreadable = true;
    v->r->translation.verdict = VERDICT_QUARANTINED;
    v->r->translation.code = "Q015";
    v->r->translation.reason = why;
    if (!list)
        return;
    if (p->count)
        memcpy(list, p->list, p->count * sizeof(*list));
    list[p->count++] = (struct param){ TRANSLATE_BODY, storable_body(v) };
    p->list = list;
}

/* -1 after an answer. */
static int read_params(struct visit *v, struct slice rest)
{
    struct intake_request *r = v->r;
    const struct catalog_limits *limits = &r->rules->catalog->limits;
    struct err err = { 0 };
    int rc;

    r->params = (struct params){ .max = (size_t)limits->parameters, .arena = v->http->arena,
                                 .notes = &r->translation.notes };
    r->translation.notes.arena = r->translation.arena = v->http->arena;
    rc = params_query(&r->params, v->http->query, &err);
    if (rc == 0 && rest.len) { /* the '?' is missing: give the whole target to the repairer */
        r->params.count = 0;
        rc = params_url(&r->params,
                        arena_printf(v->http->arena, "%.*s%s%.*s", SLICE_ARG(v->http->path),
                                     v->http->query.len ? "?" : "", SLICE_ARG(v->http->query)),
                        &err);
    }
    if (rc != 0) {
        answer_refused(v->http, r->verbose, 413, "R003", too_much(v, &err));
        return -1;
    }
    if (v->http->body.len == 0)
        return 0;
    rc = params_body(&r->params, v->http->content_type, v->http->body, &err);
    if (rc == 0)
        return 0;
    if (err.kind == ERR_BUSY || r->params.count >= (size_t)limits->parameters) {
        answer_refused(v->http, r->verbose, 413, "R003", too_much(v, &err));
        return -1;
    }
    keep_body(v, &err);
    return 0;
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

/* ---- keys and origins ---- */

static bool key_ok(struct visit *v, bool *given)
{
    const char *key = v->offer->key ? v->offer->key : v->r->rules->catalog->key;
    struct slice value = { 0 };

    *given = params_get(&v->r->params, S("key"), &value);
    return same_key(key, value);
}

static int refuse_key(struct visit *v, bool given)
{
    atomic_fetch_add(&v->routes->refused_key, 1);
    answer_refused(v->http, v->r->verbose, 401, "R001",
                   given ? S("the key is wrong: copy the URL again, it must carry the offer's key=")
                         : S("the key is missing: the URL must carry key="));
    return -1;
}

/* scheme://host of a URL, for the Referer of a page that sends no Origin. */
static struct slice origin_of_url(struct slice url)
{
    size_t scheme = slice_find(url, S("://"));
    struct slice host = slice_from_at(url, scheme + 3);

    return slice_head(url, scheme + 3 + slice_index(host, '/'));
}

static bool origin_allowed(struct visit *v)
{
    const struct offer *o = v->offer->offer;

    v->origin = http_request_header(v->http, "Origin");
    if (v->origin.len == 0)
        v->origin = origin_of_url(http_request_header(v->http, "Referer"));
    for (size_t i = 0; i < o->origin_count; i++)
        if (slice_eq_nocase(o->origins[i], v->origin))
            return true;
    return false;
}

/* ---- the two endpoints ---- */

static int postback(struct visit *v, struct slice rest)
{
    struct intake_request *r = v->r;
    struct err err = { 0 };
    bool given;

    if (read_params(v, rest) != 0)
        return -1;
    if (!key_ok(v, &given))
        return refuse_key(v, given);
    if (r->unreadable ||
        translate_read(r->offer, &r->params, v->http->arena, &r->translation, &err) == 0)
        r->storable = translate_storable(r->offer, &r->params, &r->translation.conversion,
                                         v->routes->hasher, v->http->arena);
    if (v->http->arena->full) {
        answer_refused(v->http, r->verbose, 413, "R003",
                       S("the postback needs more memory than a request may have"));
        return -1;
    }
    return 0;
}

static bool is_address(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_hex(s.ptr[i]) < 0 && s.ptr[i] != '.' && s.ptr[i] != ':')
            return false;
    return s.len > 0 && s.len <= 45;
}

/* Where the visitor is, as seen by us or by a reverse proxy on this machine. */
static struct slice visitor_address(struct visit *v)
{
    struct slice peer = v->http->address, last = { 0 };
    struct slice forwarded = http_request_header(v->http, "X-Forwarded-For"), item;
    bool local = slice_starts(peer, S("127.")) || slice_eq(peer, S("::1"));

    if (!local || forwarded.len == 0)
        return peer;
    while (slice_next(&forwarded, ',', &item))
        if (slice_trim(item).len)
            last = slice_trim(item); /* what our own proxy saw */
    return is_address(last) ? last : peer;
}

/* A page is seen directly: what it does not say about its visitor, the connection does. */
static void fill_from_connection(struct visit *v)
{
    struct slice *f = v->r->click.fields;

    if (v->r->keyed)
        return;
    f[FIELD_IP] = visitor_address(v);
    f[FIELD_USER_AGENT] = slice_head(http_request_header(v->http, "User-Agent"), 1000);
    if (f[FIELD_PAGE_URL].len == 0)
        f[FIELD_PAGE_URL] = http_request_header(v->http, "Referer");
    f[FIELD_IP] = arena_dup(v->http->arena, f[FIELD_IP]);
    f[FIELD_USER_AGENT] = arena_dup(v->http->arena, f[FIELD_USER_AGENT]);
    f[FIELD_PAGE_URL] = arena_dup(v->http->arena, f[FIELD_PAGE_URL]);
}

static void drop_personal(struct visit *v)
{
    static const enum field urls[] = { FIELD_PAGE_URL, FIELD_REFERRER };
    static const enum field ids[] = { FIELD_CLICK_ID, FIELD_TTCLID, FIELD_EVENT_ID, FIELD_TTP,
                                      FIELD_CONSENT };
    struct slice *f = v->r->click.fields;

    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
        if (identity_looks_personal(f[urls[i]]))
            f[urls[i]] = (struct slice){ 0 };
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        f[ids[i]] = record_id(v->routes->hasher, v->http->arena, f[ids[i]]);
}

static int click(struct visit *v, struct slice rest)
{
    struct intake_request *r = v->r;
    bool allowed = origin_allowed(v), given;
    const char *why;

    r->is_click = true;
    r->origin = allowed ? arena_cstr(v->http->arena, v->origin) : NULL;
    if (read_params(v, rest) != 0)
        return -1;
    r->keyed = key_ok(v, &given);
    if (!r->keyed && (given || (!allowed && v->origin.len == 0)))
        return refuse_key(v, given);
    if (!r->keyed && !allowed) {
        atomic_fetch_add(&v->routes->refused_origin, 1);
        answer_refused(v->http, r->verbose, 403, "R006",
                       S("this page's origin is not listed under origins: of the offer"));
        return -1;
    }
    if (r->unreadable) {
        answer_refused(v->http, r->verbose, 400, "R004", r->translation.reason);
        return -1;
    }
    if (translate_click(r->offer, &r->params, v->http->arena, clock_now_ms() / 1000, &r->click, &why) !=
        0) {
        atomic_fetch_add(&v->routes->refused_input, 1);
        answer_refused(v->http, r->verbose, 400, "R004",
                       arena_printf(v->http->arena, "the click has %s", why));
        return -1;
    }
    fill_from_connection(v);
    drop_personal(v);
    if (v->http->arena->full) { /* its ids may be gone: nothing could find such a click again */
        answer_refused(v->http, r->verbose, 413, "R003",
                       S("the click needs more memory than a request may have"));
        return -1;
    }
    return 0;
}

static int find_offer(struct visit *v, struct slice name)
{
    v->offer = catalog_find(v->r->rules->catalog, name);
    if (v->offer) {
        v->r->offer = v->offer->offer;
        return 0;
    }
    atomic_fetch_add(&v->routes->refused_offer, 1);
    answer_refused(v->http, v->r->verbose, 404, "R002",
                   name.len ? arena_printf(v->http->arena,
                                           "there is no offer \"%.*s\" here: the last "
                                           "part of the path must be an offer's name",
                                           SLICE_ARG(note_short(v->http->arena, name)))
                            : S("the path names no offer: /postback/OFFER"));
    return -1;
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

static void dispatch(struct routes *routes, struct http_request *http, bool is_click,
                     struct slice name, struct slice rest)
{
    static const struct slice methods[] = { SLICE("GET"), SLICE("HEAD"), SLICE("POST"),
                                            SLICE("OPTIONS"), SLICE("OTHER") };
    struct intake_request *r = ARENA_NEW(http->arena, struct intake_request);
    struct visit v = { .routes = routes, .http = http, .r = r };
    struct rules *rules;

    if (!r) {
        answer_busy(http, false, "out of memory");
        return;
    }
    r->http = http;
    r->method = methods[http->method];
    r->verbose = wants_json(http);
    r->rules = rules = rules_get(routes->rules);
    if (find_offer(&v, name) != 0) {
        rules_release(rules); /* r went with the answer */
    } else if (http->method == HTTP_OPTIONS) {
        answer_click(http, origin_allowed(&v) ? arena_cstr(http->arena, v.origin) : NULL);
        rules_release(rules);
    } else if ((is_click ? click(&v, rest) : postback(&v, rest)) != 0) {
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
        answer_method(http);
        return;
    }
    dispatch(routes, http, is_click, name, rest);
}
