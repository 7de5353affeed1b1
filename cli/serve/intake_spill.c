/* intake_spill.c: a group while the store may be away: into it, or into the spill; and what waits there into the store.
 *
 * One thread does all of it, so the order is that of arrival: as long as something waits in the spill a new group goes behind it.  Each
 * turn of that thread hands on more than came meanwhile, so the spill gets empty while postbacks come. */
#include <stdio.h>

#include "cli/serve/clock.h"
#include "cli/serve/intake_group.h"
#include "cli/serve/log.h"
#include "cli/serve/spillway.h"

/* Asking a machine that is gone takes seconds, in which no postback is answered.  So the sender asks, which does so all the time, and this
 * thread only when that got an answer; and once a minute, should only the sender's connection be bad. */
#define TRY_MS 60000

/* Handing on before one group: whoever sent that waits, and so does the watchdog. */
#define CATCH_UP_MS 5000

bool intake_away(const struct intake *in)
{
    return in->settings.look && (in->doubt || !in->stats.healthy);
}

bool intake_may_try(const struct intake *in)
{
    const struct spillway *w = in->settings.spillway;

    return !w || !w->on || in->there || !in->tried_at || intake_steady_ms() - in->tried_at > TRY_MS;
}

void intake_heard(struct intake *in, const struct err *why)
{
    pthread_mutex_lock(&in->lock);
    in->there = !why;
    if (intake_away(in) && !why)
        pthread_cond_signal(&in->work);
    else if (intake_away(in) && in->settings.spillway)
        group_note_health(in, -1, why);
    pthread_mutex_unlock(&in->lock);
}

/* Under the lock. */
void spill_note(struct intake *in, const struct err *why)
{
    const struct spillway *w = in->settings.spillway;
    struct intake_stats *s = &in->stats;

    bool waited = s->spill.waiting != 0;

    spill_state(w->file, &s->spill);
    if (waited && !s->spill.waiting)
        log_line("info", "msg=\"everything that waited in the spill is in the database\" handed_on=%llu",
                 (unsigned long long)s->handed_on);
    s->keeps = w->on && !why;
    in->kept_not_at = why ? intake_steady_ms() : 0;
    s->spill_damaged = w->damaged[0] != '\0';
    s->spill_foreign = w->foreign;
    snprintf(s->spill_why, sizeof(s->spill_why), "%s", why ? why->text : w->foreign ? w->why : "");
}

static void note(struct intake *in, int rc, const struct err *err)
{
    pthread_mutex_lock(&in->lock);
    group_note_health(in, rc, err);
    pthread_mutex_unlock(&in->lock);
}

/* One batch out of the spill.  How many; -1: the store has not taken them. */
static int hand_on(struct intake *in, struct err *err)
{
    struct spillway *w = in->settings.spillway;
    struct intake_request *list;
    struct store_spill mark;
    unsigned count;

    if (spillway_take(w, clock_now_ms(), &list, &count, &mark, err) != 0)
        return -1;
    if (count == 0)
        return spillway_waits(w) ? err_set(err, ERR_BUSY, "the spill has no memory to read what waits in it") : 0;
    if (group_write(in, list, &mark, err) != 0) {
        spillway_not_taken(w, &mark, count, err);
        spillway_let_go(w, list);
        return -1;
    }
    group_handed_on(in, list, count);
    spillway_let_go(w, list);
    return spillway_handed_on(w, &mark, err) != 0 ? -1 : (int)count;
}

/* Before a group of so many.  0: nothing waits any more.  1: something does, and this was enough for now.  -1: the store is away. */
static int catch_up(struct intake *in, unsigned count, struct err *err)
{
    struct spillway *w = in->settings.spillway;
    int64_t until = intake_steady_ms() + CATCH_UP_MS;
    unsigned done = 0;
    int n;

    for (;;) {
        if (spillway_meet(w, in->settings.store, err) != 0)
            return -1;
        if (!spillway_waits(w))
            return 0;
        if (w->on && done && (done >= 2 * count || intake_steady_ms() > until))
            return 1;
        if (intake_steady_ms() > until) /* there is nowhere to keep the group */
            return err_set(err, ERR_BUSY, "what waits in the spill goes first");
        if ((n = hand_on(in, err)) < 0)
            return -1;
        done += (unsigned)n;
    }
}

/* This group alone.  *mark: its serials, when it has got some. */
static int straight(struct intake *in, struct intake_request *requests, unsigned count, struct store_spill *mark, struct err *err)
{
    struct spillway *w = in->settings.spillway;

    if (w->foreign)
        return group_write(in, requests, NULL, err);
    *mark = spillway_mark(w, count);
    if (group_write(in, requests, mark, err) == 0) {
        spillway_done(w, mark);
        return 0;
    }
    spillway_failed(w);
    return -1;
}

static int keep(struct intake *in, struct intake_request *requests, unsigned count, const struct store_spill *mark, struct err *err)
{
    struct err why = { 0 };
    int rc = spillway_keep(in->settings.spillway, requests, count, mark, clock_now_ms(), &why);

    pthread_mutex_lock(&in->lock);
    spill_note(in, rc == 0 ? NULL : &why);
    if (rc == 0)
        in->stats.kept += count;
    pthread_mutex_unlock(&in->lock);
    if (rc == 0)
        return SPILL_KEPT;
    log_line("error", "msg=\"the spill takes nothing; postbacks are answered 503\" why=\"%s\"", why.text);
    return err_set(err, ERR_BUSY, "%s", why.text);
}

int spill_write(struct intake *in, struct intake_request *requests, struct call *calls, struct call **failed, struct err *err)
{
    struct spillway *w = in->settings.spillway;
    struct store_spill mark = { 0 };
    unsigned count = 0;
    bool tries;
    int rc = -1;

    (void)calls;
    *failed = NULL;
    for (const struct intake_request *r = requests; r; r = r->next)
        count++;
    clock_went_back_done(clock_went_back());
    pthread_mutex_lock(&in->lock);
    tries = (!intake_away(in) || intake_may_try(in)) && !(w->foreign && w->on);
    if (tries)
        in->tried_at = intake_steady_ms();
    pthread_mutex_unlock(&in->lock);
    if (tries) {
        if ((rc = w->foreign ? 0 : catch_up(in, count, err)) == 0)
            rc = straight(in, requests, count, &mark, err);
        note(in, rc < 0 ? -1 : 0, err);
    }
    if (rc != 0 && w->on)
        return keep(in, requests, count, mark.token ? &mark : NULL, err);
    if (rc == 0) {
        pthread_mutex_lock(&in->lock);
        spill_note(in, NULL);
        pthread_mutex_unlock(&in->lock);
    }
    return rc == 0 ? 0 : -1;
}

bool spill_due(const struct intake *in)
{
    return in->settings.spillway && in->stats.spill.waiting && !in->settings.spillway->foreign && !intake_away(in) && !in->unsynced;
}

void spill_hand_on(struct intake *in)
{
    struct err err = { 0 };
    struct spillway *w = in->settings.spillway;
    int rc = spillway_meet(w, in->settings.store, &err);

    if (rc == 0 && spillway_waits(w))
        rc = hand_on(in, &err) < 0 ? -1 : 0;
    pthread_mutex_lock(&in->lock);
    if (rc != 0)
        group_note_health(in, rc, &err);
    spill_note(in, NULL);
    pthread_mutex_unlock(&in->lock);
}
