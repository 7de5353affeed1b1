/* upkeep.c: what a server does beside serving, twenty times or once a second. */
#include <stdio.h>

#include "adapters/process/notify.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/serve/server.h"

/* A store that is not on this machine, and is known not to answer. */
static bool is_away(struct server *s)
{
    struct intake_stats stats;

    intake_stats(s->intake, &stats);
    return s->lock >= 0 && !stats.healthy;
}

void upkeep_look(struct server *s)
{
    struct store_counts counts;
    struct err err = { 0 };

    if (is_away(s)) { /* whoever writes looks whether it is back */
        metrics_look_at_disk(s->metrics);
        return;
    }
    if (store_counts(s->reader, &counts, &err) == 0) {
        pthread_mutex_lock(&s->admin.lock);
        s->admin.counts = counts;
        pthread_mutex_unlock(&s->admin.lock);
    } else if (s->lock >= 0) {
        intake_doubt(s->intake);
    }
    metrics_look_at_disk(s->metrics);
}

static bool has_token(const struct catalog *c, struct slice pixel)
{
    for (size_t i = 0; i < c->pixel_count; i++)
        if (slice_eq(c->pixels[i].pixel, pixel))
            return true;
    return false;
}

/* Events of a pixel that was taken out of the configuration wait until it is back. */
static void find_orphan(struct server *s)
{
    struct rules *rules = rules_get(s->rules);
    struct arena arena;
    struct store_due *due = NULL;
    struct slice orphan = { 0 };
    size_t count = 0;

    if (is_away(s)) {
        rules_release(rules);
        return;
    }
    arena_init(&arena, 1024 * 1024);
    if (store_pixels_due(s->reader, &arena, &due, &count, NULL) != 0)
        count = 0;
    for (size_t i = 0; i < count; i++)
        if (!has_token(rules->catalog, due[i].pixel))
            orphan = due[i].pixel;
    pthread_mutex_lock(&s->admin.lock);
    snprintf(s->admin.orphan, sizeof(s->admin.orphan), "%.*s", SLICE_ARG(orphan));
    pthread_mutex_unlock(&s->admin.lock);
    arena_free(&arena);
    rules_release(rules);
}

/* A disk that is full is asked again at every tick, and its log lies on the same disk. */
static void tell_housekeeping(struct server *s, const struct err *err)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (s->housekeeping_told && now.tv_sec - s->housekeeping_told < 60)
        return;
    s->housekeeping_told = now.tv_sec;
    log_line("warning", "msg=\"housekeeping failed; told once a minute\" why=\"%s\"", err->text);
}

/* What little intake has written since the last time goes from the log into the file: often, for a
 * disk that is given much at once keeps the next commit waiting (p99 in bench/RESULTS.md). */
void upkeep_tick(struct server *s)
{
    struct intake_stats stats;
    struct err err = { 0 };

    http_server_make_room(s->public);
    intake_stats(s->intake, &stats);
    if (stats.groups == s->maintained)
        return;
    s->maintained = stats.groups;
    if (store_maintain(s->reader, &err) != 0)
        tell_housekeeping(s, &err);
    if (err.kind == ERR_UNSYNCED)
        intake_stop(s->intake, &err);
}

/* A commit that hangs, or an intake thread that is stuck, is what a restart can mend; a disk that
 * refuses is not: that is answered 503 and told by /readyz. */
static void give_sign_of_life(struct server *s)
{
    struct intake_stats stats;

    if (!s->watchdog_ms)
        return;
    intake_stats(s->intake, &stats);
    if (stats.busy_ms < s->watchdog_ms / 2)
        notify_alive();
}

void upkeep_second(struct server *s)
{
    clock_now_ms(); /* so that it sees small steps as such */
    http_server_sweep(s->public);
    http_server_sweep(s->private);
    if (s->local)
        http_server_sweep(s->local);
    upkeep_look(s);
    find_orphan(s);
    give_sign_of_life(s);
}
