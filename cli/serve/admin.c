#include "cli/serve/admin.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/inspector/inspector.h"
#include "cli/serve/banner.h"
#include "cli/serve/clock.h"
#include "core/base/buf.h"

struct reasons {
    struct buf out;
    bool any;
};

static void reason(struct reasons *r, struct slice why)
{
    buf_puts(&r->out, r->any ? "," : "");
    buf_json(&r->out, why);
    r->any = true;
}

/* What hinders intake makes it not ready; what hinders delivery is told beside it, since postbacks
 * are taken and kept all the same. */
struct readiness {
    struct reasons problems, warnings;
};

static void hindrance(void *context, const struct banner *b)
{
    struct readiness *r = context;

    reason(strcmp(b->kind, "store") == 0 ? &r->problems : &r->warnings, b->text);
}

/* Who would be refused if the previous secret were taken away now. */
static void previous_secret(void *context, enum refused_secret what, struct slice offer,
                            uint64_t count)
{
    static const char *const names[] = { [REFUSED_KEY] = "key", [REFUSED_SIGNATURE] = "signing secret" };
    struct buf text = { .limit = 200 };

    buf_printf(&text, "%.*s: %llu request%s of the last day used the previous %s", SLICE_ARG(offer),
               (unsigned long long)count, count == 1 ? "" : "s", names[what]);
    reason(context, buf_slice(&text));
    buf_free(&text);
}

static void counts_json(struct buf *out, const struct store_counts *c, const struct intake_stats *s)
{
    buf_printf(out,
               "\"outbox\":{\"waiting\":%lld,\"sending\":%lld,\"delivered\":%lld,\"dead\":%lld,"
               "\"withdrawn\":%lld},"
               "\"since_start\":{\"postbacks\":%llu,\"queued\":%llu,\"duplicate\":%llu,"
               "\"ignored\":%llu,\"quarantined\":%llu,\"clicks\":%llu}",
               (long long)c->waiting, (long long)c->sending, (long long)c->delivered,
               (long long)c->dead, (long long)c->withdrawn, (unsigned long long)s->postbacks, (unsigned long long)s->queued,
               (unsigned long long)s->duplicate, (unsigned long long)s->ignored,
               (unsigned long long)s->quarantined, (unsigned long long)s->clicks);
}

static void readyz(struct admin *a, struct http_request *http)
{
    static const struct http_header json[] = { { "Content-Type", "application/json" },
                                               { NULL, NULL } };
    struct readiness r = { 0 };
    struct intake_stats stats;
    struct buf out = { 0 };

    intake_stats(a->intake, &stats);
    pthread_mutex_lock(&a->lock);
    if (a->draining)
        reason(&r.problems, S("shutting down"));
    pthread_mutex_unlock(&a->lock);
    banner_each(a, http->arena, hindrance, &r);
    buf_printf(&out, "{\"ready\":%s,", r.problems.any ? "false" : "true");
    pthread_mutex_lock(&a->lock);
    counts_json(&out, &a->counts, &stats);
    pthread_mutex_unlock(&a->lock);
    refused_each_previous(a->refused, clock_now(), previous_secret, &r.warnings);
    buf_printf(&out, ",\"problems\":[%.*s],\"warnings\":[%.*s]}\n",
               SLICE_ARG(buf_slice(&r.problems.out)), SLICE_ARG(buf_slice(&r.warnings.out)));
    http_reply(http, r.problems.any ? 503 : 200, json, buf_slice(&out));
    buf_free(&r.problems.out);
    buf_free(&r.warnings.out);
    buf_free(&out);
}

static void livez(struct admin *a, struct http_request *http)
{
    (void)a;
    http_reply(http, 200, NULL, S("alive\n"));
}

void admin_show(struct admin *a, struct http_server *public)
{
    pthread_mutex_lock(&a->lock);
    a->public = public;
    pthread_mutex_unlock(&a->lock);
}

void admin_refused_json(struct admin *a, struct buf *out)
{
    struct http_server_stats s = { 0 };
    struct intake_stats in;

    intake_stats(a->intake, &in);
    pthread_mutex_lock(&a->lock);
    if (a->public)
        http_server_stats(a->public, &s);
    pthread_mutex_unlock(&a->lock);
    refused_json(a->refused, out);
    buf_printf(out,
               ",\"before_reading\":{\"malformed\":%llu,\"too_large\":%llu,\"too_slow\":%llu},"
               "\"not_stored\":%llu}",
               (unsigned long long)s.refused_malformed, (unsigned long long)s.refused_too_large,
               (unsigned long long)s.cut_slow, (unsigned long long)in.refused_busy);
}

static void refused(struct admin *a, struct http_request *http)
{
    static const struct http_header json[] = { { "Content-Type", "application/json" },
                                               { NULL, NULL } };
    struct buf out = { 0 };

    admin_refused_json(a, &out);
    buf_byte(&out, '\n');
    http_reply(http, 200, json, buf_slice(&out));
    buf_free(&out);
}

/* For probes and scrapers; without a session, for they hold nobody's data. */
static const struct open_route {
    struct slice path;
    void (*answer)(struct admin *a, struct http_request *http);
} open_routes[] = {
    { SLICE("/livez"), livez },
    { SLICE("/readyz"), readyz },
    { SLICE("/refused"), refused },
    { SLICE("/metrics"), admin_metrics },
};

void admin_handle(void *context, struct http_request *http)
{
    struct admin *a = context;

    for (size_t i = 0; i < sizeof(open_routes) / sizeof(*open_routes); i++) {
        if (!slice_eq(http->path, open_routes[i].path))
            continue;
        if (http->method != HTTP_GET && http->method != HTTP_HEAD)
            http_reply(http, 405, NULL, S("use GET\n"));
        else
            open_routes[i].answer(a, http);
        return;
    }
    inspector_handle(a->inspector, http);
}
