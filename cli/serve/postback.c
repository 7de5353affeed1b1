/* postback.c: /postback/OFFER up to the intake. */
#include "cli/serve/visit.h"

/* Before anything is read: strangers, and callers in a hurry. */
static int admit(struct visit *v)
{
    int64_t wait;

    if (auth_address(v) != 0)
        return -1;
    if (v->catalog->limits.postbacks_per_address == 0)
        return 0;
    wait = limiter_address(v->routes->limiter, v->catalog, LIMITER_POSTBACKS, visit_client(v));
    return wait ? visit_refuse_for(v, wait, S("too many postbacks come from this address")) : 0;
}

/* By key and signature; the offer's own limit counts only who is entitled to it. */
static int authenticate(struct visit *v)
{
    int64_t wait;
    bool given;

    if (!auth_key(v, &given))
        return auth_refuse_key(v, given);
    if (auth_signature(v) != 0)
        return -1;
    wait = limiter_offer(v->routes->limiter, v->catalog, v->offer->offer->name);
    return wait ? visit_refuse_for(v, wait, S("too many postbacks come for this offer")) : 0;
}

int visit_postback(struct visit *v, struct slice rest)
{
    struct intake_request *r = v->r;
    struct err err = { 0 };

    if (admit(v) != 0 || visit_read(v, rest) != 0 || authenticate(v) != 0)
        return -1;
    if (r->unreadable ||
        translate_read(r->offer, &r->params, v->http->arena, &r->translation, &err) == 0)
        r->storable = translate_storable(r->offer, &r->params, &r->translation.conversion,
                                         v->routes->hasher, v->http->arena);
    if (v->http->arena->full)
        return visit_refuse(v, 413, "R003",
                            S("the postback needs more memory than a request may have"));
    return 0;
}
