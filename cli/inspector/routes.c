/* routes.c: what can be asked for, by whom, and who answers. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cli/end.h"
#include "cli/files.h"
#include "cli/inspector/inside.h"

enum who { ACCESS_ALL, ACCESS_OWN_SITE, ACCESS_SESSION };
enum body { BODY_NONE, BODY_JSON, BODY_YAML };

static const struct route {
    enum http_method method;
    struct slice path;
    enum who who;
    enum body body;
    bool prefix; /* something follows */
    void (*here)(struct inspector *i, struct http_request *http); /* at once; else by the clerk: */
    view_answer *clerk;
} routes[] = {
    { HTTP_POST, SLICE("/api/login"), ACCESS_OWN_SITE, BODY_JSON, false, gate_login, NULL },
    { HTTP_POST, SLICE("/api/logout"), ACCESS_SESSION, BODY_JSON, false, gate_logout, NULL },
    { HTTP_GET, SLICE("/api/state"), ACCESS_SESSION, BODY_NONE, false, answer_state, NULL },
    { HTTP_GET, SLICE("/api/live"), ACCESS_SESSION, BODY_NONE, false, answer_live, NULL },
    { HTTP_GET, SLICE("/api/conversions"), ACCESS_SESSION, BODY_NONE, false, NULL,
      answer_conversions },
    { HTTP_GET, SLICE("/api/conversion/"), ACCESS_SESSION, BODY_NONE, true, NULL,
      answer_conversion },
    { HTTP_GET, SLICE("/api/trace"), ACCESS_SESSION, BODY_NONE, false, NULL, answer_trace },
    { HTTP_GET, SLICE("/api/health"), ACCESS_SESSION, BODY_NONE, false, NULL, answer_health },
    { HTTP_GET, SLICE("/api/alerts"), ACCESS_SESSION, BODY_NONE, false, NULL, answer_alerts },
    { HTTP_POST, SLICE("/api/replay"), ACCESS_SESSION, BODY_JSON, false, NULL, answer_replay },
    { HTTP_POST, SLICE("/api/simulate"), ACCESS_SESSION, BODY_YAML, false, NULL, answer_simulate },
};
#define ROUTES (sizeof(routes) / sizeof(*routes))

/* Files that are built in. */
static const struct page {
    struct slice path;
    const char *file, *type;
} pages[] = {
    { SLICE("/"), "web/inspector/index.html", "text/html; charset=utf-8" },
    { SLICE("/inspector.js"), "web/inspector/inspector.js", "text/javascript; charset=utf-8" },
    { SLICE("/inspector.css"), "web/inspector/inspector.css", "text/css; charset=utf-8" },
};

static bool is_get(const struct http_request *http)
{
    return http->method == HTTP_GET || http->method == HTTP_HEAD;
}

static bool page(struct http_request *http)
{
    struct slice bytes;

    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        if (!slice_eq(http->path, pages[i].path))
            continue;
        if (!is_get(http))
            reply_error(http, 405, "use GET");
        else if (files_embedded(pages[i].file, &bytes))
            reply_file(http, pages[i].type, bytes);
        else
            reply_error(http, 404, "the inspector's page is not part of this build; what it asks for "
                                   "(/api/...) is there");
        return true;
    }
    return false;
}

/* text/plain and forms are what a page of another site may send without asking first. */
static bool body_ok(struct http_request *http, enum body body)
{
    static const struct slice json[] = { SLICE("application/json"), { 0 } };
    static const struct slice yaml[] = { SLICE("application/yaml"), SLICE("text/yaml"),
                                         SLICE("application/x-yaml"), { 0 } };
    const struct slice *types = body == BODY_JSON ? json : yaml;
    struct slice type = slice_trim(slice_head(http->content_type, slice_index(http->content_type, ';')));

    if (body == BODY_NONE)
        return true;
    for (; types->len; types++)
        if (slice_eq_nocase(type, *types))
            return true;
    reply_error(http, 400, body == BODY_JSON ? "Content-Type must be application/json"
                                             : "Content-Type must be application/yaml");
    return false;
}

static const struct route *route_of(const struct http_request *http, bool *other_method)
{
    *other_method = false;
    for (size_t i = 0; i < ROUTES; i++) {
        const struct route *r = &routes[i];
        bool here = r->prefix ? slice_starts(http->path, r->path) && http->path.len > r->path.len
                              : slice_eq(http->path, r->path);
        if (!here)
            continue;
        if (r->method == HTTP_GET ? is_get(http) : http->method == r->method)
            return r;
        *other_method = true;
    }
    return NULL;
}

static bool may(struct inspector *i, struct http_request *http, const struct route *r)
{
    if (r->who != ACCESS_ALL && !gate_site(http))
        return false;
    if (r->who == ACCESS_SESSION && !gate_session(i, http))
        return false;
    return body_ok(http, r->body);
}

void inspector_handle(struct inspector *i, struct http_request *http)
{
    const struct route *r;
    bool other_method;

    end_memory_lacked();
    if (!gate_host(i, http) || page(http))
        return;
    r = route_of(http, &other_method);
    if (!r && other_method) {
        reply_error(http, 405, "not with this method: docs/inspector.md lists what there is");
    } else if (!r) {
        reply_error(http, 404, "not found: /, /livez, /readyz, /refused and /metrics are here");
    } else if (may(i, http, r)) {
        struct job job = { http, r->clerk, slice_from_at(http->path, r->path.len) };
        if (atomic_load(&i->stopping))
            reply_error(http, 503, "the server is ending");
        else if (r->here)
            r->here(i, http);
        else
            clerk_give(i, &job);
    }
}

/* ---- life ---- */

struct inspector *inspector_open(const struct inspector_settings *settings, struct err *err)
{
    struct inspector *i = calloc(1, sizeof(*i));

    if (!i) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    i->settings = *settings;
    clerk_open(&i->clerk);
    live_open(&i->live);
    if (gate_open(&i->gate, err) == 0)
        return i;
    inspector_close(i);
    return NULL;
}

void inspector_stop(struct inspector *i)
{
    if (!i || atomic_exchange(&i->stopping, true))
        return;
    live_stop(i);
    clerk_stop(i);
}

void inspector_close(struct inspector *i)
{
    if (!i)
        return;
    inspector_stop(i);
    clerk_close(&i->clerk);
    live_close(&i->live);
    gate_close(&i->gate);
    free(i);
}
