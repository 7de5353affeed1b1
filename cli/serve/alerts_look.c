/* alerts_look.c: what the server knows of itself, and one look at all of it. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cli/serve/admin.h"
#include "cli/serve/alerts_internal.h"
#include "cli/serve/outlet.h"

/* What of the facts lives longer than their gathering. */
struct gathered {
    struct alert_facts facts;
    struct arena arena;
    char orphan[100];
};

static void from_admin(struct gathered *g, struct admin *admin)
{
    struct intake_stats stats;

    intake_stats(admin->intake, &stats);
    g->facts.store_refuses = !stats.healthy && !stats.keeps;
    g->facts.spilled = stats.spill.waiting;
    g->facts.oldest_spilled = stats.spill.first_at / 1000;
    snprintf(g->facts.store_why, sizeof(g->facts.store_why), "%.199s", stats.why);
    pthread_mutex_lock(&admin->lock);
    g->facts.reload_failed = admin->reload_failed;
    snprintf(g->facts.reload_why, sizeof(g->facts.reload_why), "%.199s", admin->reload_why);
    g->facts.waiting = admin->counts.waiting;
    g->facts.oldest_waiting = admin->counts.waiting ? admin->counts.oldest_waiting / 1000 : 0;
    memcpy(g->orphan, admin->orphan, sizeof(g->orphan));
    pthread_mutex_unlock(&admin->lock);
}

static void pixels(struct gathered *g, struct admin *admin)
{
    struct sender_pixel_state *states = NULL;
    struct alert_pixel *list;
    size_t count = 0;

    if (!admin->sender || sender_states(admin->sender, &g->arena, &states, &count) != 0)
        count = 0;
    list = ARENA_ARRAY(&g->arena, struct alert_pixel, count + 1);
    if (!list)
        return;
    for (size_t i = 0; i < count; i++)
        if (states[i].paused)
            list[g->facts.pixel_count++] = (struct alert_pixel){ states[i].pixel, slice_from(states[i].why), false };
    if (g->orphan[0])
        list[g->facts.pixel_count++] = (struct alert_pixel){ slice_from(g->orphan), { 0 }, true };
    g->facts.pixels = list;
}

static void disk(struct alert_facts *f, const char *data)
{
    struct statvfs v;

    if (statvfs(data, &v) != 0)
        return;
    f->disk_free = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    f->disk_size = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
}

static void receivers(const struct alerts *a, struct alert_facts *f)
{
    const struct courier_life *life = &a->courier_life;

    f->courier_fails = a->courier_dead || life->in_a_row >= ALERTS_DEATHS;
    if (a->courier_dead)
        snprintf(f->courier_why, sizeof(f->courier_why), "the process that delivers them has ended; restart serve");
    else if (f->courier_fails)
        snprintf(f->courier_why, sizeof(f->courier_why),
                 "the process that delivers them dies again and again (%u times; %.60s); it is started again, later each time",
                 life->in_a_row, life->why);
    for (size_t i = 0; i < a->receiver_count && !f->courier_fails; i++)
        if (a->receivers[i].failed) {
            f->courier_fails = true;
            snprintf(f->courier_why, sizeof(f->courier_why), "%.80s: %.110s", a->receivers[i].name,
                     a->receivers[i].why);
        }
}

/* ---- settings of the offers ---- */

struct looking {
    struct alerts *a;
    const struct alerts_config *config;
    int64_t now;
};

static const struct alert_limits *own(void *context, struct slice offer)
{
    const struct looking *l = context;
    const struct alerts_offer *o = alerts_config_offer(l->config, offer);

    return o ? &o->limits : NULL;
}

static bool watched(void *context, struct slice offer, struct slice event)
{
    const struct looking *l = context;
    const struct alerts_offer *o = alerts_config_offer(l->config, offer);

    for (size_t i = 0; o && i < o->event_count; i++)
        if (slice_eq(o->events[i], event))
            return true;
    return !o || o->event_count == 0;
}

static void found(void *context, const struct alert_finding *f)
{
    const struct looking *l = context;

    alert_book_found(l->a->book, f, l->now);
}

static bool is_quiet(const struct alerts_config *c, int64_t now)
{
    int64_t local = now + (c->zone ? zone_offset(c->zone, now) : 0);

    return c->quiet && alert_is_quiet(c->quiet_from, c->quiet_until, (int)(local % 86400 / 60));
}

void alerts_look(struct alerts *a, struct admin *admin, int64_t now)
{
    struct rules *rules = rules_get(a->rules);
    const struct alerts_config *config = &rules->catalog->alerts;
    struct looking l = { a, config, now };
    struct alert_manner manner = { .remind = config->remind, .quiet = is_quiet(config, now), .blind = a->blind,
                                   .mute = admin->outlet->own && !atomic_load(&admin->outlet->first) };
    struct gathered g = { 0 };
    struct alert_judging j = { .series = a->blind ? NULL : a->series, .facts = &g.facts, .common = &config->limits, .own = own,
                               .watched = watched, .found = found, .context = &l, .now = now };

    arena_init(&g.arena, 1024 * 1024);
    from_admin(&g, admin);
    pixels(&g, admin);
    disk(&g.facts, a->data);
    receivers(a, &g.facts);
    g.facts.divergences = a->book->divergences;
    g.facts.divergence_count = a->book->divergence_count;
    alert_judge(&j);
    alert_book_end(a->book, now, &manner, alerts_say, a);
    arena_free(&g.arena);
    rules_release(rules);
}
