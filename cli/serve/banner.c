#include "cli/serve/banner.h"

#include <time.h>

#include "cli/serve/clock.h"
#include "cli/serve/outlet.h"

struct telling {
    struct arena *arena;
    banner_visit *visit;
    void *context;
};

static void tell(const struct telling *t, const char *kind, bool error, int64_t since,
                 struct slice what, const char *why)
{
    struct banner b = { kind, error, what, since };

    if (why[0])
        b.text = arena_printf(t->arena, "%.*s: %s", SLICE_ARG(what), why);
    if (t->arena->full)
        b.text = what;
    t->visit(t->context, &b);
}

static struct slice pixel_state(struct arena *arena, const struct sender_pixel_state *p)
{
    time_t since = (time_t)(p->failing_since / 1000);
    char when[40] = "now";
    struct tm tm;

    if (p->failing_since && gmtime_r(&since, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (p->paused)
        return arena_printf(arena, "pixel %.*s is paused until its token is replaced (then: SIGHUP)",
                            SLICE_ARG(p->pixel));
    return arena_printf(arena, "pixel %.*s is retried later (since %s)", SLICE_ARG(p->pixel), when);
}

static void pixels(struct admin *a, const struct telling *t)
{
    struct sender_pixel_state *list;
    size_t count;

    if (sender_states(a->sender, t->arena, &list, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct slice what;
        if (!list[i].paused && !list[i].backing_off)
            continue;
        what = pixel_state(t->arena, &list[i]);
        tell(t, "pixel", list[i].paused, list[i].failing_since,
             what.len ? what : S("a pixel waits"), list[i].why);
    }
}

#define CLOCK_OFF "W096"
#define TWINS     "W097"
#define NEWER     "C076"
#define PASSWORD  "C085"

/* Beside other machines. */
static void others(struct admin *a, const struct telling *t)
{
    int64_t off = clock_off() / 1000;
    struct slice what;

    if (off) {
        what = arena_printf(t->arena, CLOCK_OFF " this machine's clock is %lld seconds %s the database's; its own does not count, but "
                            "look at it (timedatectl)", (long long)(off < 0 ? -off : off), off < 0 ? "behind" : "ahead of");
        tell(t, "clock", false, 0, what.len ? what : S(CLOCK_OFF " this machine's clock is wrong"), "");
    }
    if (atomic_load(&a->outlet->twins))
        tell(t, "node", false, 0, S(TWINS " another server has the name of this one; both work, but nobody can tell them apart: set "
                                    "node: in one of them"), "");
    if (atomic_load(&a->outlet->newer))
        tell(t, "node", false, 0, S(NEWER " a newer version of clickbaton has changed the store's schema; this one may go on with it, but "
                                     "upgrade it, too"), "");
}

#define WAITS "W098"
#define STAYS "W099"

/* Why nothing is taken: the spill's reason, when it should, else the store's. */
static const char *why_not(const struct intake_stats *s)
{
    return s->spill_why[0] && !s->spill_foreign ? s->spill_why : s->why;
}

/* What is kept here: postbacks are taken. */
static void spill(const struct telling *t, const struct intake_stats *s)
{
    long long waiting = s->spill.waiting, aside = s->spill.aside;
    struct slice what;

    if (!s->healthy && s->keeps)
        tell(t, "spill", false, s->spill.first_at,
             arena_printf(t->arena, WAITS " the database is away; postbacks are kept in this server's spill until it is back (%lld "
                          "%s)", waiting, waiting == 1 ? "waits" : "wait"), why_not(s));
    else if (waiting)
        tell(t, "spill", false, s->spill.first_at,
             arena_printf(t->arena, WAITS " %lld %s of this server's spill %s not in the database yet", waiting,
                          waiting == 1 ? "postback or click" : "postbacks and clicks", waiting == 1 ? "is" : "are"),
             s->spill_foreign ? s->spill_why : "");
    if (!aside && !s->spill_damaged)
        return;
    what = s->spill_damaged ? S(STAYS " the spill was damaged at the start; what was in it waits in a file beside it")
                            : arena_printf(t->arena, STAYS " %lld %s of the spill can't be handed on, and %s in it", aside,
                                           aside == 1 ? "entry" : "entries", aside == 1 ? "stays" : "stay");
    tell(t, "spill", true, 0, what.len ? what : S(STAYS " something in the spill can't be handed on"), "");
}

static void alert(void *context, const char *text)
{
    tell(context, "alert", true, 0, S("alert"), text);
}

void banner_each(struct admin *a, struct arena *arena, banner_visit *visit, void *context)
{
    struct telling t = { arena, visit, context };
    struct intake_stats stats;

    intake_stats(a->intake, &stats);
    if (!stats.healthy && !stats.keeps)
        tell(&t, "store", true, 0, S("the store does not take postbacks"), why_not(&stats));
    spill(&t, &stats);
    pthread_mutex_lock(&a->lock);
    if (a->reload_failed)
        tell(&t, "reload", true, a->reload_at,
             S("the last reload failed, the rules before it are in force"), a->reload_why);
    if (a->password_why[0])
        tell(&t, "reload", false, a->reload_at, S(PASSWORD " the database refuses the store's new password; the one before stays in force"),
             a->password_why);
    if (clock_away())
        tell(&t, "clock", true, 0,
             S("this machine's clock has jumped, and delivery waits until it is clear whether it "
               "comes back (10 minutes at most): look at it (timedatectl)"), "");
    if (a->orphan[0])
        tell(&t, "pixel", false, 0,
             S("events wait for a pixel that is not configured any more (tiktok.pixels)"), a->orphan);
    pthread_mutex_unlock(&a->lock);
    pixels(a, &t);
    others(a, &t);
    alerts_each(a->alerts, alert, &t);
}
