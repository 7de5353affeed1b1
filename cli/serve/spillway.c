#include "cli/serve/spillway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/end.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"

#define BATCH_BYTES ((size_t)8 << 20)
#define ARENA_BYTES ((size_t)256 << 20)
#define STUCK_MOST 5 /* times alone */
#define CLOCK_SET_MS 1000

struct spillway *spillway_open(const char *dir, bool on, int64_t most, const char *place, struct rules_holder *rules,
                               struct err *err)
{
    const char *damaged = "";
    struct spill_state state;
    struct spillway *w;

    if (!on && !spill_there(dir))
        return NULL;
    if (!(w = calloc(1, sizeof(*w))) || !(w->requests = calloc(SPILLWAY_BATCH, sizeof(*w->requests)))) {
        err_set(err, ERR_SYSTEM, "out of memory");
        free(w);
        return NULL;
    }
    arena_init(&w->arena, ARENA_BYTES);
    for (unsigned i = 0; i < SPILLWAY_BATCH; i++)
        arena_init(&w->requests[i].arena, SPILLED_BYTES);
    w->file = spill_open(dir, most, &damaged, err);
    if (!w->file) {
        spillway_close(w);
        return NULL;
    }
    spill_state(w->file, &state);
    snprintf(w->damaged, sizeof(w->damaged), "%s", damaged);
    snprintf(w->place, sizeof(w->place), "%s", place);
    w->rules = rules;
    w->on = on;
    w->batch = SPILLWAY_BATCH;
    w->next = state.last + 1;
    if (on || state.waiting || state.aside || w->damaged[0])
        return w;
    spillway_close(w);
    return NULL;
}

void spillway_close(struct spillway *w)
{
    if (!w)
        return;
    spill_close(w->file);
    arena_free(&w->arena);
    for (unsigned i = 0; w->requests && i < SPILLWAY_BATCH; i++)
        arena_free(&w->requests[i].arena);
    free(w->requests);
    free(w);
}

bool spillway_waits(const struct spillway *w)
{
    struct spill_state state;

    spill_state(w->file, &state);
    return state.waiting != 0;
}

/* ---- how far the database is ---- */

static int ask(struct spillway *w, struct store *store, const struct spill_state *state, struct err *err)
{
    int rc;

    if (store_begin(store, err) != 0)
        return -1;
    clock_read_store(store);
    rc = store_spill_meet(store, state->token, state->known, &w->upto, err);
    if (rc == 1 && store_commit(store, err) == 0)
        return 1;
    store_rollback(store);
    return rc == 0 ? 0 : -1;
}

static void say_foreign(const struct spill_state *state, char *why, size_t size)
{
    snprintf(why, size, "spill.db in the data folder holds %lld postbacks and clicks that were taken for another database (%.150s): set "
             "`store:` to that until they are handed on; docs/postgresql.md says what else can be done", (long long)state->waiting,
             state->place[0] ? state->place : "unknown");
    log_line("error", "code=W098 msg=\"nothing is handed on\" why=\"%s\"", why);
}

void spillway_left(const char *dir, struct spill_state *left, char *why, size_t size)
{
    struct err err = { 0 };
    int rc = spill_peek(dir, left, &err);

    if (rc < 0)
        log_line("error", "code=W099 msg=\"a spill lies in the data folder, and nobody can tell what is in it\" why=\"%s\"", err.text);
    if (rc != 1)
        *left = (struct spill_state){ 0 };
    if (left->waiting)
        say_foreign(left, why, size);
    if (left->aside)
        log_line("error", "code=W099 msg=\"entries of a spill lie in the data folder that could not be handed on\" entries=%lld",
                 (long long)left->aside);
}

/* The database knows nothing of a token that one has met. */
static int not_known(struct spillway *w, struct store *store, const struct spill_state *state, struct err *err)
{
    if (!state->waiting) /* then it does not matter which one it was: another token */
        return spill_drop(w->file, 0, err) != 0 ? -1 : spillway_meet(w, store, err);
    w->foreign = true;
    say_foreign(state, w->why, sizeof(w->why));
    return err_set(err, ERR_INPUT, "%s", w->why);
}

int spillway_meet(struct spillway *w, struct store *store, struct err *err)
{
    struct spill_state state;
    int rc;

    if (w->met)
        return 0;
    spill_state(w->file, &state);
    rc = ask(w, store, &state, err);
    if (rc == 0)
        return not_known(w, store, &state, err);
    if (rc < 0 || (state.known ? 0 : spill_met(w->file, err)) != 0)
        return -1;
    if (state.waiting && w->upto && spill_drop(w->file, w->upto, err) != 0)
        return -1;
    if (w->next <= w->upto)
        w->next = w->upto + 1;
    spill_state(w->file, &state);
    w->met = state.known; /* of a new filling nothing is known yet */
    return w->met ? 0 : spillway_meet(w, store, err);
}

struct store_spill spillway_mark(struct spillway *w, unsigned count)
{
    struct spill_state state;
    struct store_spill mark = { .before = w->upto, .after = w->next + count - 1 };

    spill_state(w->file, &state);
    mark.token = state.token;
    w->next += count;
    return mark;
}

void spillway_done(struct spillway *w, const struct store_spill *mark)
{
    w->upto = mark->after;
}

void spillway_failed(struct spillway *w)
{
    w->met = false;
}

/* ---- into the file ---- */

/* By which clock these get their times.  unheard: as of clock_unheard; 0: the store's. */
static void note_clock(struct spillway *w, int64_t serial, unsigned count, int64_t unheard)
{
    struct spillway_clock *last = w->clock_count ? &w->clocks[w->clock_count - 1] : NULL;

    if (!unheard || count == 0)
        return;
    if (!last || (llabs(unheard - last->unheard) > CLOCK_SET_MS && w->clock_count < SPILLWAY_CLOCKS)) {
        last = &w->clocks[w->clock_count++];
        *last = (struct spillway_clock){ .from = serial, .unheard = unheard };
    }
    last->to = serial + count - 1;
}

/* What is to be added to the time of this one, ms. */
static int64_t clock_was_off(const struct spillway *w, int64_t serial)
{
    for (unsigned i = 0; i < w->clock_count; i++)
        if (serial >= w->clocks[i].from && serial <= w->clocks[i].to)
            return clock_since_heard(w->clocks[i].unheard);
    return 0;
}

int spillway_keep(struct spillway *w, struct intake_request *list, unsigned count, const struct store_spill *mark, int64_t now,
                  struct err *err)
{
    int64_t serial = mark ? mark->after - count + 1 : w->next;
    struct spill_entry *entries = calloc(count, sizeof(*entries)), *e = entries;
    int rc = entries ? 0 : err_set(err, ERR_BUSY, "out of memory");

    note_clock(w, serial, count, clock_unheard());
    end_memory_lacked();
    for (struct intake_request *r = list; rc == 0 && r; r = r->next)
        rc = spill_entry_of(r, serial++, now, e++, err);
    if (rc == 0 && end_memory_lacked()) /* one of them would be another with memory */
        rc = err_set(err, ERR_BUSY, "out of memory");
    if (!mark)
        w->next += count;
    if (rc == 0)
        rc = spill_put(w->file, entries, count, w->place, err);
    free(entries);
    return rc;
}

/* ---- out of it ---- */

/* Those that can be read; one that can't ends them. */
static unsigned read_all(struct spillway *w, struct spill_entry *entries, size_t got, struct rules *rules, int64_t now,
                         struct intake_request **list, struct err *err)
{
    unsigned n = 0;

    for (; n < got; n++) {
        struct intake_request *r = &w->requests[n].request;
        entries[n].at += clock_was_off(w, entries[n].serial);
        if (spill_entry_read(&entries[n], rules, w->hasher, now, &w->requests[n], err) != 0)
            break;
        *list = r;
        list = &r->next;
    }
    *list = NULL;
    return n;
}

/* 1: some.  0: none waits, or the first can't be read: *unread is its serial, *err why.  -1: *err. */
static int take_some(struct spillway *w, int64_t now, struct intake_request **list, unsigned *count, int64_t *last, int64_t *unread,
                     struct err *err)
{
    struct spill_entry *entries;
    struct rules *rules;
    size_t got;

    *list = NULL;
    *count = 0;
    *last = *unread = 0;
    arena_reset(&w->arena);
    if (spill_get(w->file, w->batch, BATCH_BYTES, &w->arena, &entries, &got, err) != 0)
        return -1;
    if (got == 0)
        return 0;
    for (size_t i = 0; i < got; i++)
        arena_reset(&w->requests[i].arena);
    rules = rules_get(w->rules);
    end_memory_lacked();
    *count = read_all(w, entries, got, rules, now, list, err);
    if (end_memory_lacked()) { /* what looks wrong may only be missing; and any of them may be another with memory */
        *list = NULL;
        *count = 0;
        rules_release(rules);
        return err_set(err, ERR_BUSY, "out of memory");
    }
    if (*count == 0) {
        rules_release(rules);
        *unread = entries[0].serial;
        return 0;
    }
    *last = entries[*count - 1].serial;
    return 1;
}

int spillway_take(struct spillway *w, int64_t now, struct intake_request **list, unsigned *count,
                  struct store_spill *mark, struct err *err)
{
    struct spill_state state;
    int64_t last, unread;
    int rc;

    while ((rc = take_some(w, now, list, count, &last, &unread, err)) == 0 && unread) {
        struct slice why = slice_from(err->text);
        log_line("error", "code=W099 msg=\"an entry of the spill can't be read, and is set aside in it\" serial=%lld why=\"%s\"",
                 (long long)unread, err->text);
        if (spill_aside(w->file, unread, why, err) != 0)
            return -1;
    }
    if (rc <= 0)
        return rc;
    spill_state(w->file, &state);
    *mark = (struct store_spill){ state.token, w->upto, last };
    return 0;
}

void spillway_let_go(struct spillway *w, struct intake_request *list)
{
    (void)w;
    if (list)
        rules_release(list->rules); /* all have the same */
}

int spillway_handed_on(struct spillway *w, const struct store_spill *mark, struct err *err)
{
    spillway_done(w, mark);
    w->stuck = 0;
    w->stuck_times = 0;
    w->batch = w->batch * 2 < SPILLWAY_BATCH ? w->batch * 2 : SPILLWAY_BATCH;
    if (spill_drop(w->file, mark->after, err) != 0) {
        w->met = false; /* what is there still must not be taken for new */
        return -1;
    }
    w->met = spillway_waits(w); /* an empty file has a new token */
    return 0;
}

/* Classes of SQLSTATE that say: what was to be written can't be, today or ever. */
static bool is_of_the_entry(const struct err *why)
{
    static const struct slice signs[] = { SLICE("(SQLSTATE 22"), SLICE("(SQLSTATE 23"), SLICE("(SQLSTATE 54") };
    struct slice text = slice_from(why->text);

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        if (slice_find(text, signs[i]) < text.len)
            return true;
    return false;
}

void spillway_not_taken(struct spillway *w, const struct store_spill *mark, unsigned count, const struct err *why)
{
    struct err err = { 0 };

    w->met = false;
    w->batch = count > 1 ? count / 2 : 1; /* so many may be too many, in time or in room */
    if (count > 1 || !is_of_the_entry(why))
        return;
    w->stuck_times = w->stuck == mark->after ? w->stuck_times + 1 : 1;
    w->stuck = mark->after;
    if (w->stuck_times < STUCK_MOST)
        return;
    log_line("error", "code=W099 msg=\"the database can't take an entry of the spill; it is set aside in it, and the others go on\" "
                      "serial=%lld why=\"%s\"", (long long)mark->after, why->text);
    if (spill_aside(w->file, mark->after, slice_from(why->text), &err) != 0)
        log_line("error", "msg=\"it could not be set aside\" why=\"%s\"", err.text);
    w->stuck = 0;
    w->stuck_times = 0;
}
