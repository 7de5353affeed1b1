/* state.c: /api/state: what is in force, what is wrong, and the counts. */
#include "cli/inspector/inside.h"
#include "cli/serve/banner.h"
#include "cli/serve/clock.h"
#include "cli/story/story.h"
#include "core/base/json.h"

/* ---- offers ---- */

struct names {
    struct buf *out;
    struct arena *arena;
    struct named {
        struct slice name;
        struct named *next;
    } *seen;
};

static void add(struct names *n, struct slice name)
{
    struct named *one;

    for (one = n->seen; one; one = one->next)
        if (slice_eq(one->name, name))
            return;
    buf_puts(n->out, n->seen ? "," : "");
    buf_json(n->out, name);
    if ((one = ARENA_NEW(n->arena, struct named)))
        *one = (struct named){ name, n->seen };
    n->seen = one ? one : n->seen;
}

static void add_pixel(void *context, struct slice pixel, const struct place *at)
{
    (void)at;
    add(context, pixel);
}

static void offer_json(const struct offer *o, struct arena *arena, struct buf *out)
{
    struct names pixels = { out, arena, NULL }, events = pixels;

    buf_puts(out, "{\"name\":");
    buf_json(out, o->name);
    buf_puts(out, ",\"tracker\":");
    buf_json(out, o->tracker_name);
    buf_puts(out, ",\"pixels\":[");
    mapping_pixels(o, add_pixel, &pixels);
    buf_puts(out, "],\"events\":[");
    for (size_t i = 0; i < o->rule_count; i++)
        for (const struct event_rule *e = o->rules[i].events; e; e = e->next)
            add(&events, e->event);
    buf_puts(out, "]}");
}

static void offers(struct inspector *i, struct arena *arena, struct buf *out)
{
    struct rules *rules = rules_get(i->settings.rules);

    buf_puts(out, "\"offers\":[");
    for (size_t k = 0; k < rules->catalog->offer_count; k++) {
        buf_puts(out, k ? "," : "");
        offer_json(rules->catalog->offers[k].offer, arena, out);
    }
    buf_byte(out, ']');
    rules_release(rules);
}

/* ---- what is wrong ---- */

struct banners {
    struct buf *out;
    bool any;
};

static void one_banner(void *context, const struct banner *b)
{
    struct banners *all = context;

    buf_printf(all->out, "%s{\"kind\":\"%s\",\"level\":\"%s\",\"text\":", all->any ? "," : "", b->kind,
               b->error ? "error" : "warning");
    buf_json(all->out, b->text);
    buf_puts(all->out, ",\"since\":");
    json_put_time_ms(all->out, b->since);
    buf_byte(all->out, '}');
    all->any = true;
}

static void counts(struct admin *a, struct buf *out)
{
    struct store_counts c;
    struct intake_stats s;

    intake_stats(a->intake, &s);
    pthread_mutex_lock(&a->lock);
    c = a->counts;
    pthread_mutex_unlock(&a->lock);
    buf_printf(out, "\"outbox\":{\"waiting\":%lld,\"sending\":%lld,\"delivered\":%lld,\"dead\":%lld,"
                    "\"withdrawn\":%lld,\"oldest\":",
               (long long)c.waiting, (long long)c.sending, (long long)c.delivered,
               (long long)c.dead, (long long)c.withdrawn);
    json_put_time_ms(out, c.oldest_waiting);
    buf_printf(out, "},\"since_start\":{\"postbacks\":%llu,\"queued\":%llu,\"duplicate\":%llu,"
                    "\"ignored\":%llu,\"quarantined\":%llu,\"clicks\":%llu}",
               (unsigned long long)s.postbacks, (unsigned long long)s.queued,
               (unsigned long long)s.duplicate, (unsigned long long)s.ignored,
               (unsigned long long)s.quarantined, (unsigned long long)s.clicks);
}

void state_members(struct inspector *i, struct arena *arena, struct buf *out)
{
    struct banners banners = { out, false };

    offers(i, arena, out);
    buf_puts(out, ",\"banner\":[");
    banner_each(i->settings.admin, arena, one_banner, &banners);
    buf_puts(out, "],");
    counts(i->settings.admin, out);
    buf_puts(out, ",\"refused\":");
    admin_refused_json(i->settings.admin, out);
}

void state_json(struct slice members, struct buf *out)
{
    buf_puts(out, "{\"version\":\"" CLICKBATON_VERSION "\",\"now\":");
    json_put_time_ms(out, clock_now_ms());
    buf_byte(out, ',');
    buf_add(out, members);
    buf_byte(out, '}');
}

void answer_state(struct inspector *i, struct http_request *http)
{
    struct buf members = { 0 }, out = { 0 };
    struct arena arena;

    arena_init(&arena, (size_t)4 << 20);
    state_members(i, &arena, &members);
    state_json(buf_slice(&members), &out);
    buf_byte(&out, '\n');
    if (buf_ok(&members) && buf_ok(&out))
        reply_json(http, 200, buf_slice(&out));
    else
        reply_error(http, 503, "out of memory");
    buf_free(&members);
    buf_free(&out);
    arena_free(&arena);
}
