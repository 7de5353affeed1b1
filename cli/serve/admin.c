#include "cli/serve/admin.h"

#include <time.h>

#include "cli/cli.h"
#include "cli/serve/clock.h"
#include "core/base/buf.h"

struct reasons {
    struct buf out;
    bool any;
};

static void reason(struct reasons *r, const char *what, struct slice why)
{
    struct buf text = { .limit = 1000 };

    buf_printf(&text, "%s%s%.*s", what, why.len ? ": " : "", SLICE_ARG(why));
    buf_puts(&r->out, r->any ? "," : "");
    buf_json(&r->out, buf_slice(&text));
    r->any = true;
    buf_free(&text);
}

static const char *pixel_state(struct arena *arena, const struct sender_pixel_state *p)
{
    time_t since = (time_t)(p->failing_since / 1000);
    char when[40] = "now";
    struct tm tm;
    const char *text;

    if (p->failing_since && gmtime_r(&since, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (p->paused)
        text = arena_printf(arena, "pixel %.*s is paused until its token is replaced (then: SIGHUP)",
                            SLICE_ARG(p->pixel)).ptr;
    else
        text = arena_printf(arena, "pixel %.*s is retried later (since %s)", SLICE_ARG(p->pixel),
                            when).ptr;
    return text ? text : "a pixel waits";
}

/* What hinders intake makes it not ready; what hinders delivery is told beside it, since postbacks
 * are taken and kept all the same. */
static void delivery_state(struct admin *a, struct arena *arena, struct reasons *warnings)
{
    struct sender_pixel_state *list;
    size_t count;

    if (sender_states(a->sender, arena, &list, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!list[i].paused && !list[i].backing_off)
            continue;
        reason(warnings, pixel_state(arena, &list[i]), slice_from(list[i].why));
    }
}

/* Who would be refused if the previous secret were taken away now. */
static void previous_secret(void *context, enum refused_secret what, struct slice offer,
                            uint64_t count)
{
    static const char *const names[] = { [REFUSED_KEY] = "key", [REFUSED_SIGNATURE] = "signing secret" };
    struct buf text = { .limit = 200 };

    buf_printf(&text, "%.*s: %llu request%s of the last day used the previous %s", SLICE_ARG(offer),
               (unsigned long long)count, count == 1 ? "" : "s", names[what]);
    buf_byte(&text, '\0');
    reason(context, text.ptr ? text.ptr : "", (struct slice){ 0 });
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
    struct reasons problems = { 0 }, warnings = { 0 };
    struct intake_stats stats;
    struct buf out = { 0 };

    intake_stats(a->intake, &stats);
    pthread_mutex_lock(&a->lock);
    if (a->draining)
        reason(&problems, "shutting down", (struct slice){ 0 });
    if (!stats.healthy)
        reason(&problems, "the store does not take postbacks", slice_from(stats.why));
    if (a->reload_failed)
        reason(&warnings, "the last reload failed, the rules before it are in force",
               slice_from(a->reload_why));
    if (clock_away())
        reason(&warnings, "this machine's clock has jumped, and delivery waits until it is clear whether it "
                          "comes back (10 minutes at most): look at it (timedatectl)", (struct slice){ 0 });
    if (a->orphan[0])
        reason(&warnings, "events wait for a pixel that is not configured any more (tiktok.pixels)",
               slice_from(a->orphan));
    buf_printf(&out, "{\"ready\":%s,", problems.any ? "false" : "true");
    counts_json(&out, &a->counts, &stats);
    pthread_mutex_unlock(&a->lock);
    delivery_state(a, http->arena, &warnings);
    refused_each_previous(a->refused, clock_now(), previous_secret, &warnings);
    buf_printf(&out, ",\"problems\":[%.*s],\"warnings\":[%.*s]}\n",
               SLICE_ARG(buf_slice(&problems.out)), SLICE_ARG(buf_slice(&warnings.out)));
    http_reply(http, problems.any ? 503 : 200, json, buf_slice(&out));
    buf_free(&problems.out);
    buf_free(&warnings.out);
    buf_free(&out);
}

void admin_show(struct admin *a, struct http_server *public)
{
    pthread_mutex_lock(&a->lock);
    a->public = public;
    pthread_mutex_unlock(&a->lock);
}

static void refused(struct admin *a, struct http_request *http)
{
    static const struct http_header json[] = { { "Content-Type", "application/json" },
                                               { NULL, NULL } };
    struct http_server_stats s = { 0 };
    struct intake_stats in;
    struct buf out = { 0 };

    intake_stats(a->intake, &in);
    pthread_mutex_lock(&a->lock);
    if (a->public)
        http_server_stats(a->public, &s);
    pthread_mutex_unlock(&a->lock);
    refused_json(a->refused, &out);
    buf_printf(&out,
               ",\"before_reading\":{\"malformed\":%llu,\"too_large\":%llu,\"too_slow\":%llu},"
               "\"not_stored\":%llu}\n",
               (unsigned long long)s.refused_malformed, (unsigned long long)s.refused_too_large,
               (unsigned long long)s.cut_slow, (unsigned long long)in.refused_busy);
    http_reply(http, 200, json, buf_slice(&out));
    buf_free(&out);
}

void admin_handle(void *context, struct http_request *http)
{
    struct admin *a = context;

    if (http->method != HTTP_GET && http->method != HTTP_HEAD)
        http_reply(http, 405, NULL, S("use GET\n"));
    else if (slice_eq(http->path, S("/livez")))
        http_reply(http, 200, NULL, S("alive\n"));
    else if (slice_eq(http->path, S("/readyz")))
        readyz(a, http);
    else if (slice_eq(http->path, S("/refused")))
        refused(a, http);
    else if (slice_eq(http->path, S("/metrics")))
        admin_metrics(a, http);
    else
        http_reply(http, 404, NULL, S("not found: /livez, /readyz, /refused and /metrics are here\n"));
}
