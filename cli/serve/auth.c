/* auth.c: who may send: addresses, keys, signatures. */
#include "cli/serve/visit.h"

#include <string.h>

#include "cli/serve/answer.h"
#include "cli/serve/clock.h"

/* ---- addresses ---- */

const struct address *visit_client(struct visit *v)
{
    struct address peer = { { 0 } };

    if (v->has_client)
        return &v->client;
    address_parse(v->http->address, &peer);
    v->client = networks_hold(&v->catalog->proxies, &peer)
                    ? address_client(peer, http_request_header_list(v->http, "X-Forwarded-For"),
                                     &v->catalog->proxies)
                    : peer;
    v->has_client = true;
    return &v->client;
}

int auth_address(struct visit *v)
{
    const struct networks *allow = catalog_allow(v->catalog, v->offer);
    char text[ADDRESS_TEXT_MAX];

    if (!allow || networks_hold(allow, visit_client(v)))
        return 0;
    address_text(visit_client(v), text);
    return visit_refuse(v, 403, "R008",
                        arena_printf(v->http->arena,
                                     "calls from %s are not allowed here (allow:)%s", text,
                                     networks_hold(&v->catalog->proxies, visit_client(v))
                                         ? "; the proxy in front does not say who calls "
                                           "(X-Forwarded-For)"
                                         : ""));
}

/* ---- keys ---- */

static struct slice offer_name(const struct visit *v)
{
    return v->offer ? v->offer->offer->name : (struct slice){ 0 };
}

bool auth_key(struct visit *v, bool *given)
{
    struct slice value = { 0 };
    enum secrets_match match;

    *given = params_get(&v->r->params, S("key"), &value);
    match = secrets_match(catalog_keys(v->catalog, v->offer), v->routes->hasher, value);
    if (match == SECRETS_PREVIOUS && v->offer) {
        refused_previous(v->routes->refused, REFUSED_KEY, offer_name(v), clock_now());
        note_add(&v->r->translation.notes, "W091", S("key"),
                 "key: this is the previous key, which will stop to count: paste the present one into "
                 "the URL");
    }
    return match != SECRETS_NONE;
}

int auth_refuse_key(struct visit *v, bool given)
{
    return visit_refuse(v, 401, "R001",
                        given ? S("the key is wrong: copy the URL again, it must carry the offer's key=")
                              : S("the key is missing: the URL must carry key="));
}

/* ---- signatures ---- */

/* One signed postback while it is being checked. */
struct signed_call {
    struct visit *v;
    const struct catalog_signature *by;
    struct slice time; /* as it came; empty: none was signed */
    struct slice id;   /* what tells it from others; empty: the signature itself */
    struct slice text; /* what is signed */
    bool previous;     /* by the previous secret */
    unsigned char hmac[SIGNATURE_BYTES];
};

/* Both secrets are tried, whichever fits first. */
static bool signed_by(struct signed_call *s, struct slice given)
{
    const struct secrets *secrets = &s->by->secrets;
    unsigned char hmac[SIGNATURE_BYTES];
    bool found = false;

    for (size_t i = 0; i < SECRETS_EACH; i++) {
        struct slice secret = { secrets->text[i], secrets->len[i] };
        bool fits = secret.ptr && signature_hmac(secret, s->text, hmac) &&
                    (s->by->how.scheme == SIGNATURE_WEBHOOK ? signature_in_list(hmac, given)
                                                            : signature_is_hex(hmac, given));
        if (fits && !found) {
            s->previous = i == 1;
            memcpy(s->hmac, hmac, sizeof(hmac));
        }
        found |= fits;
    }
    return found;
}

static int refuse_signature(struct visit *v, const char *code, const char *why)
{
    return visit_refuse(v, 401, code, slice_from(why));
}

/* A time that was signed must be near ours. */
static int check_time(struct signed_call *s)
{
    int64_t at, now = clock_now(), most = s->by->how.tolerance;

    if (s->time.len == 0)
        return 0;
    if (slice_to_i64(s->time, &at) && at >= 0 && at >= now - most && at <= now + most)
        return 0;
    return visit_refuse(s->v, 401, "R012",
                        arena_printf(s->v->http->arena,
                                     "the signed time lies more than %lld seconds beside this "
                                     "server's clock (or is no Unix time in seconds): sign anew for "
                                     "every try",
                                     (long long)most));
}

static void hash16(struct visit *v, struct slice text, unsigned char out[16])
{
    char hex[SHA256_HEX];

    memset(out, 0, 16);
    if (sha256_hex(v->routes->hasher, text, hex))
        for (size_t i = 0; i < 16; i++)
            out[i] = (unsigned char)(ascii_hex(hex[2 * i]) << 4 | ascii_hex(hex[2 * i + 1]));
}

/* 1: it was kept before, and is answered like that time. */
static int check_again(struct signed_call *s)
{
    struct visit *v = s->v;
    struct message *m;
    struct slice id = s->id.len ? s->id : (struct slice){ (const char *)s->hmac, SIGNATURE_BYTES };

    if (s->time.len == 0 || !(m = ARENA_NEW(v->http->arena, struct message)))
        return 0;
    hash16(v, arena_printf(v->http->arena, "%.*s/%.*s", SLICE_ARG(offer_name(v)), SLICE_ARG(id)),
           m->id);
    hash16(v, s->id.len ? v->http->body : s->text, m->body);
    m->until = clock_now() + 2 * s->by->how.tolerance;
    switch (messages_look(v->routes->messages, m, clock_now())) {
    case MESSAGES_AGAIN:
        refused_add(v->routes->refused,
                    &(struct refused_one){ "R013", offer_name(v), visit_client(v), &v->r->params },
                    clock_now());
        metrics_refused(v->routes->metrics, offer_name(v), "R013");
        answer_again(v->http, v->r->verbose, "R013",
                     S("this signed message was kept before, so nothing was done again"));
        return 1;
    case MESSAGES_OTHER_BODY:
        note_add(&v->r->translation.notes, "W092", S("webhook-id"),
                 "webhook-id: it came before with another body; this one is handled as well");
        break;
    case MESSAGES_NEW:
        break;
    }
    v->r->message = m;
    return 0;
}

/* Only what is signed counts: of the URL the key alone, and `verbose`. */
static void drop_unsigned(struct visit *v)
{
    struct params *p = &v->r->params;
    size_t n = 0, left_out = 0;

    for (size_t i = 0; i < p->count; i++) {
        bool keep = i >= v->query_params || slice_eq(p->list[i].name, S("key")) ||
                    slice_eq(p->list[i].name, S("verbose"));
        if (keep)
            p->list[n++] = p->list[i];
        left_out += !keep;
    }
    p->count = n;
    if (left_out)
        note_add(&v->r->translation.notes, "W093", S("signature"),
                 "signature: %zu parameter%s of the URL %s not signed and %s left out: only the "
                 "body counts",
                 left_out, left_out == 1 ? "" : "s", left_out == 1 ? "is" : "are",
                 left_out == 1 ? "was" : "were");
}

static int finish(struct signed_call *s, struct slice given)
{
    struct visit *v = s->v;

    if (!signed_by(s, given))
        return refuse_signature(v, "R011",
                                s->by->how.scheme == SIGNATURE_WEBHOOK
                                    ? "the signature is wrong: no v1 signature of webhook-signature "
                                      "fits the body with the shared secret"
                                    : "the signature is wrong: sig= does not fit the parameters with "
                                      "the shared secret");
    if (check_time(s) != 0)
        return -1;
    if (s->previous) {
        refused_previous(v->routes->refused, REFUSED_SIGNATURE, offer_name(v), clock_now());
        note_add(&v->r->translation.notes, "W094", S("signature"),
                 "signature: it was made with the previous secret, which will stop to count");
    }
    return check_again(s);
}

static int check_parameters(struct signed_call *s)
{
    struct visit *v = s->v;
    struct slice given = { 0 };
    struct buf text = { 0 };
    int rc;

    if (!params_get(&v->r->params, S("sig"), &given))
        return s->by->how.required
                   ? refuse_signature(v, "R010", "the signature is missing: the postback must carry sig=")
                   : 0;
    if (signature_canonical(&text, offer_name(v), &v->r->params, v->http->arena) != 0) {
        buf_free(&text);
        return visit_refuse(v, 413, "R003",
                            S("the postback needs more memory than a request may have"));
    }
    s->text = buf_slice(&text);
    params_get(&v->r->params, S("sig_ts"), &s->time);
    rc = finish(s, given);
    buf_free(&text);
    return rc;
}

static int check_webhook(struct signed_call *s)
{
    struct visit *v = s->v;
    struct slice given = http_request_header(v->http, "webhook-signature");
    struct buf text = { 0 };
    int rc;

    s->id = http_request_header(v->http, "webhook-id");
    s->time = http_request_header(v->http, "webhook-timestamp");
    if (!s->id.len && !s->time.len && !given.len && !s->by->how.required)
        return 0;
    if (!s->id.len || !s->time.len || !given.len)
        return refuse_signature(v, "R010",
                                "the signature is missing: the headers webhook-id, webhook-timestamp "
                                "and webhook-signature belong together");
    if (!signature_id_ok(s->id))
        return refuse_signature(v, "R011", "the webhook-id must be 1 to 200 printable characters");
    buf_printf(&text, "%.*s.%.*s.", SLICE_ARG(s->id), SLICE_ARG(s->time));
    buf_add(&text, v->http->body);
    if (!buf_ok(&text)) {
        buf_free(&text);
        return visit_refuse(v, 413, "R003",
                            S("the postback needs more memory than a request may have"));
    }
    s->text = buf_slice(&text);
    rc = finish(s, given);
    buf_free(&text);
    if (rc == 0)
        drop_unsigned(v);
    return rc;
}

int auth_signature(struct visit *v)
{
    struct signed_call s = { .v = v, .by = catalog_signature(v->catalog, v->offer) };

    if (!s.by)
        return 0;
    return s.by->how.scheme == SIGNATURE_WEBHOOK ? check_webhook(&s) : check_parameters(&s);
}
