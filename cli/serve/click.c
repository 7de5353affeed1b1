/* click.c: /click/OFFER: a click registered by a page of the offer's origins, or by a server with the
 * key. */
#include "cli/serve/clock.h"
#include "cli/serve/visit.h"

#include "cli/serve/record.h"

/* scheme://host of a URL, for the Referer of a page that sends no Origin. */
static struct slice origin_of_url(struct slice url)
{
    size_t scheme = slice_find(url, S("://"));
    struct slice host = slice_from_at(url, scheme + 3);

    return slice_head(url, scheme + 3 + slice_index(host, '/'));
}

bool visit_origin_allowed(struct visit *v)
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

/* Where the visitor is, as seen by us or by a proxy that is trusted. */
static struct slice visitor_address(struct visit *v)
{
    char text[ADDRESS_TEXT_MAX];

    address_text(visit_client(v), text);
    return arena_dup(v->http->arena, slice_from(text));
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

/* By the key, or as a page; -1 after an answer. */
static int admit(struct visit *v, bool allowed)
{
    struct intake_request *r = v->r;
    int64_t wait;
    bool given;

    r->keyed = auth_key(v, &given);
    if (r->keyed)
        return auth_address(v);
    wait = limiter_address(v->routes->limiter, v->catalog, LIMITER_CLICKS, visit_client(v));
    if (wait)
        return visit_refuse_for(v, wait, S("too many clicks come from this address"));
    if (given || (!allowed && v->origin.len == 0))
        return auth_refuse_key(v, given);
    if (!allowed)
        return visit_refuse(v, 403, "R006",
                            S("this page's origin is not listed under origins: of the offer"));
    return 0;
}

int visit_click(struct visit *v, struct slice rest)
{
    struct intake_request *r = v->r;
    bool allowed = visit_origin_allowed(v);
    int64_t now = clock_now();
    const char *why;

    r->is_click = true;
    r->origin = allowed ? arena_cstr(v->http->arena, v->origin) : NULL;
    if (visit_read(v, rest) != 0 || admit(v, allowed) != 0)
        return -1;
    if (r->unreadable)
        return visit_refuse(v, 400, "R004", r->translation.reason);
    if (translate_click(r->offer, &r->params, v->http->arena, now, &r->click, &why) != 0)
        return visit_refuse(v, 400, "R004",
                            arena_printf(v->http->arena, "the click has %s", why));
    r->unheard = r->click.at == now ? clock_unheard() : 0;
    fill_from_connection(v);
    drop_personal(v);
    if (v->http->arena->full) /* its ids may be gone: nothing could find such a click again */
        return visit_refuse(v, 413, "R003",
                            S("the click needs more memory than a request may have"));
    return 0;
}
