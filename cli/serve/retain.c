#include "cli/serve/retain.h"

#include <stdlib.h>

#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/walks/walks.h"
#include "core/base/steady.h"
#include "core/payload/forget.h"

#define FIRST_MS  1000   /* after the start, which has better things to do */
#define ROUND_MS  600000 /* from the end of a round to the next */
#define DAY_MS    (INT64_C(86400) * 1000)
#define SILENT_MS (14 * DAY_MS)
#define DOUBT_MS  10000
#define PAUSE_MS  5      /* between steps: half of the disk at most */
#define LATE_MS   250
#define STEP_ROWS 64     /* some two milliseconds */

struct retainer {
    struct rules_holder *rules;
    struct metrics *metrics;
    int64_t due;
    int64_t idle_rounds; /* before the first that removes something */
    int64_t looked_at;   /* the time of the last step */
    struct store_retained total; /* of this round */
};

/* A machine with a wrong clock would have everything removed at once.  One that was off for long has time. */
static void wait_a_day(struct retainer *r, const char *what, int64_t ms)
{
    r->idle_rounds = DAY_MS / ROUND_MS;
    log_line("warning", "msg=\"nothing is removed for a day: %s %lld days; is the clock right?\"", what,
             (long long)(ms / DAY_MS));
}

struct retainer *retain_open(struct rules_holder *rules, struct metrics *metrics, int64_t now, int64_t newest)
{
    struct retainer *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    *r = (struct retainer){ .rules = rules, .metrics = metrics, .due = now + FIRST_MS, .looked_at = now };
    retain_newest(r, now, newest);
    return r;
}

void retain_newest(struct retainer *r, int64_t now, int64_t newest)
{
    if (newest && now - newest > SILENT_MS)
        wait_a_day(r, "since the newest postback in the store came it has been", now - newest);
}

void retain_close(struct retainer *r)
{
    free(r);
}

int64_t retain_due(struct retainer *r, int64_t now)
{
    return r->due = clock_rule_wait(r->due, now, ROUND_MS);
}

bool retain_late(const struct retainer *r, int64_t now)
{
    return now - r->due > LATE_MS;
}

static struct slice cut_params(void *context, struct slice name, struct slice params,
                               struct arena *arena)
{
    const struct catalog_offer *offer = catalog_find(context, name);

    return translate_forget(offer ? offer->offer : NULL, params, arena);
}

static struct slice cut_body(void *context, struct slice body, struct arena *arena)
{
    struct buf b = { 0 };
    struct slice out = body;

    (void)context;
    if (payload_forget(body, &b)) {
        out = arena_dup(arena, buf_slice(&b));
        arena->full |= !buf_ok(&b);
    }
    buf_free(&b);
    return out;
}

static void add(struct store_retained *to, const struct store_retained *one)
{
    to->clicks += one->clicks;
    to->postbacks += one->postbacks;
    to->events += one->events;
    to->dead += one->dead;
    to->attempts += one->attempts;
    to->cut += one->cut;
    to->busy |= one->busy;
}

static void tell(const struct store_retained *t)
{
    if (t->clicks || t->postbacks || t->events || t->attempts || t->cut)
        log_line("info",
                 "msg=\"retention: what is old was removed\" clicks=%lld postbacks=%lld events=%lld "
                 "of_them_never_delivered=%lld attempts=%lld addresses=%lld",
                 (long long)t->clicks, (long long)t->postbacks, (long long)t->events,
                 (long long)t->dead, (long long)t->attempts, (long long)t->cut);
    if (t->busy)
        log_line("info", "msg=\"retention: tables that are old enough stay for now, for somebody reads them (a dump, an export, "
                 "an open transaction); tried again every ten minutes\"");
}

int retain_step(struct retainer *r, struct store *store, int64_t now, struct err *err)
{
    struct rules *rules = rules_get(r->rules);
    struct catalog *c = rules->catalog;
    const struct store_retention how = {
        .clicks = now - c->keep_clicks * 1000, .ledger = now - c->keep_ledger * 1000,
        .ip = now - c->keep_ip * 1000, .cut_params = cut_params, .cut_body = cut_body,
        .context = c, .rows = STEP_ROWS,
    };
    struct store_retained one;
    int rc = -1, more = 0;

    if (now - r->looked_at > DAY_MS)
        wait_a_day(r, "from one moment to the next the time went on by", now - r->looked_at);
    r->looked_at = now;
    if (clock_away() != 0 || r->idle_rounds > 0) {
        rules_release(rules);
        r->due = now + (clock_away() ? DOUBT_MS : ROUND_MS);
        r->idle_rounds -= r->idle_rounds > 0 && !clock_away();
        return 0;
    }
    if (store_begin(store, err) == 0) {
        if ((more = store_retain(store, &how, &one, err)) < 0)
            store_rollback(store);
        else
            rc = store_commit(store, err);
    }
    if (rc == 0 && !more) /* at the end of a round */
        walks_prune(c->data, now / 1000, c->keep_clicks);
    rules_release(rules);
    r->due = now + (rc == 0 && more ? PAUSE_MS : ROUND_MS);
    if (rc != 0) {
        log_line("warning", "msg=\"retention failed; it tries again in ten minutes\" why=\"%s\"",
                 err->text);
        return rc;
    }
    add(&r->total, &one);
    metrics_retained(r->metrics, &one);
    if (more)
        return 0;
    tell(&r->total);
    r->total = (struct store_retained){ 0 };
    return 0;
}
