/* read.c: the parameters of a request. */
#include "cli/serve/visit.h"

#include <string.h>

static struct slice dup(struct visit *v, const struct err *err)
{
    return arena_dup(v->http->arena, slice_from(err->text));
}

/* What of an unreadable body may be kept.  A key inside it can't be taken out by its name. */
static struct slice storable_body(const struct visit *v)
{
    const struct secrets *keys[] = { &v->catalog->keys, catalog_keys(v->catalog, v->offer) };
    struct slice body = v->http->body;

    for (size_t i = 0; i < 2 * SECRETS_EACH; i++) {
        const char *key = keys[i / SECRETS_EACH]->text[i % SECRETS_EACH];
        if (key && slice_find(body, slice_from(key)) < body.len)
            return S("[removed: it holds the key]");
    }
    return slice_head(body, 4096);
}

/* The body of a postback that could not be read is kept as one parameter, for people to look at. */
static void keep_body(struct visit *v, const struct err *err)
{
    struct params *p = &v->r->params;
    struct param *list = ARENA_ARRAY(v->http->arena, struct param, p->count + 1);
    struct slice why = dup(v, err);

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

static int read_query(struct visit *v, struct slice rest, struct err *err)
{
    struct params *p = &v->r->params;
    int rc = params_query(p, v->http->query, err);

    if (rc == 0 && rest.len) { /* the '?' is missing: give the whole target to the repairer */
        p->count = 0;
        rc = params_url(p,
                        arena_printf(v->http->arena, "%.*s%s%.*s", SLICE_ARG(v->http->path),
                                     v->http->query.len ? "?" : "", SLICE_ARG(v->http->query)),
                        err);
    }
    return rc;
}

int visit_read(struct visit *v, struct slice rest)
{
    struct intake_request *r = v->r;
    size_t most = (size_t)v->catalog->limits.parameters;
    struct err err = { 0 };

    r->params = (struct params){ .max = most, .arena = v->http->arena,
                                 .notes = &r->translation.notes };
    r->translation.notes.arena = r->translation.arena = v->http->arena;
    if (read_query(v, rest, &err) != 0)
        return visit_refuse(v, 413, "R003", dup(v, &err));
    v->query_params = r->params.count;
    if (v->http->body.len == 0 ||
        params_body(&r->params, v->http->content_type, v->http->body, &err) == 0)
        return 0;
    if (err.kind == ERR_BUSY || r->params.count >= most)
        return visit_refuse(v, 413, "R003", dup(v, &err));
    keep_body(v, &err);
    return 0;
}
