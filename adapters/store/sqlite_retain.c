/* sqlite_retain.c: old rows go, a few at a time.
 *
 * Ids are given in the order of arrival, so that what is old stands in front.  Each sweep goes on from where the last
 * one found something young, and ends when it has met nothing old for a while (a clock may have
 * been set, and a click says its own time).  Only memory knows how far it is: after a restart
 * and a rollback each begins at the front, once. */
#include <sqlite3.h>
#include <stdlib.h>

#include "adapters/store/sqlite_tally.h"

#define SLACK      2000 /* young rows in a row, and a sweep has come to its end */
#define LOOK       256  /* rows looked at in one step */
#define HELD_MOST  65536
#define ROW_BYTES  ((size_t)8 << 20)
#define HOURS_DROPPED 500 /* rows of tallies, at most, behind all sweeps */

struct old {
    int64_t id, at, a, b, c; /* the last three as the statement has them */
};

enum fate { STAYS, WAITS, DONE }; /* young; old, and not yet to be touched; nothing is left to do */

struct sweep {
    int64_t from, at; /* the next sweep begins behind `from`; this one has come to `at` */
    int64_t young;    /* in a row */
    bool fixed;       /* `from` is known: before the first row that stays */
};

struct retaining {
    struct sweep sweeps[7];
    size_t now;
    /* Postbacks of old events that are not done, of this round: they stay with them.  When there are
     * too many, all from `held_from` on. */
    int64_t *held, held_from;
    size_t held_count, held_cap;
};

struct step {
    struct sqlite *s;
    struct retaining *r;
    const struct store_retention *how;
    struct store_retained *out;
    unsigned changed;
    struct arena arena; /* of one row */
};

static int run_id(struct sqlite *s, enum sql which, int64_t id, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, which, err);

    if (!st)
        return -1;
    bind_int(st, 1, id);
    return sql_run(s, st, err);
}

static void later(int64_t *most, int64_t n)
{
    if (n > *most)
        *most = n;
}

/* ---- removing: the fate of a row, or -1 ---- */

static int drop_click(struct step *p, const struct old *o, struct err *err)
{
    if (o->at >= p->how->clicks)
        return STAYS;
    if (run_id(p->s, SQL_CLICK_DROP, o->id, err) != 0 || run_id(p->s, SQL_LATE_DROP, o->id, err) != 0)
        return -1;
    p->s->now.counts.clicks--;
    later(&p->s->now.clicks_before, p->how->clicks);
    p->out->clicks++;
    p->changed++;
    return DONE;
}

static int hold(struct step *p, int64_t postback)
{
    struct retaining *r = p->r;

    if (r->held_count == r->held_cap) {
        size_t cap = r->held_cap ? r->held_cap * 2 : 64;
        int64_t *held = cap > HELD_MOST ? NULL : realloc(r->held, cap * sizeof(*held));
        if (!held) {
            if (postback < r->held_from)
                r->held_from = postback;
            return WAITS;
        }
        r->held = held;
        r->held_cap = cap;
    }
    r->held[r->held_count++] = postback;
    return WAITS;
}

static bool is_open(int64_t state)
{
    return state == STORE_WAITING || state == STORE_SENDING;
}

static int drop_event(struct step *p, const struct old *o, struct err *err)
{
    struct store_counts *c = &p->s->now.counts;
    int64_t state = o->a;

    if (o->at >= p->how->ledger)
        return STAYS;
    if (is_open(state))
        return hold(p, o->b);
    if (run_id(p->s, SQL_EVENT_DROP, o->id, err) != 0 ||
        run_id(p->s, SQL_DELIVERY_DROP, o->id, err) != 0 ||
        run_id(p->s, SQL_TRIES_DROP, o->id, err) != 0)
        return -1;
    c->delivered -= state == STORE_DELIVERED;
    c->dead -= state == STORE_DEAD;
    c->withdrawn -= state == STORE_WITHDRAWN;
    later(&p->s->now.gone_postback, o->b);
    later(&p->s->now.ledger_before, p->how->ledger);
    p->out->events++;
    p->out->dead += state == STORE_DEAD;
    p->changed++;
    return DONE;
}

static int by_id(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int drop_postback(struct step *p, const struct old *o, struct err *err)
{
    struct retaining *r = p->r;

    if (o->at >= p->how->ledger)
        return STAYS;
    if (o->id >= r->held_from ||
        (r->held_count && bsearch(&o->id, r->held, r->held_count, sizeof(*r->held), by_id)))
        return WAITS;
    if (run_id(p->s, SQL_POSTBACK_DROP, o->id, err) != 0 ||
        run_id(p->s, SQL_LATE_POSTBACK_DROP, o->id, err) != 0)
        return -1;
    p->s->now.counts.postbacks--;
    p->s->now.counts.quarantined -= o->a;
    later(&p->s->now.gone_postback, o->id);
    later(&p->s->now.ledger_before, p->how->ledger);
    p->out->postbacks++;
    p->changed++;
    return DONE;
}

static int drop_attempt(struct step *p, const struct old *o, struct err *err)
{
    if (o->at >= p->how->ledger)
        return STAYS;
    if (run_id(p->s, SQL_ATTEMPT_DROP, o->id, err) != 0)
        return -1;
    later(&p->s->now.gone_attempt, o->id);
    later(&p->s->now.ledger_before, p->how->ledger);
    p->out->attempts++;
    p->changed++;
    return DONE;
}

/* ---- addresses and browsers ---- */

static int cut_click(struct step *p, const struct old *o, struct err *err)
{
    if (o->at >= p->how->ip)
        return STAYS;
    if (!o->a)
        return DONE;
    if (run_id(p->s, SQL_CLICK_FORGET, o->id, err) != 0)
        return -1;
    p->out->cut++;
    p->changed++;
    return DONE;
}

static int rewrite(struct step *p, enum sql which, int64_t id, struct slice text,
                   struct slice ttclid, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(p->s, which, err);
    int text_at = which == SQL_EVENT_CUT ? 3 : 2, ttclid_at = which == SQL_EVENT_CUT ? 2 : 3;

    if (!st)
        return -1;
    bind_int(st, 1, id);
    bind_text(st, text_at, text);
    bind_within(st, ttclid_at, ttclid, text);
    p->out->cut++;
    p->changed++;
    return sql_run(p->s, st, err);
}

static int cut_event(struct step *p, const struct old *o, struct err *err)
{
    struct store_event ev;
    struct slice body;
    int rc;

    if (o->at >= p->how->ip)
        return STAYS;
    if (is_open(o->a))
        return WAITS;
    if ((rc = sqlite_event_read(p->s, o->id, &p->arena, &ev, err)) != 1)
        return rc < 0 ? -1 : DONE;
    body = p->how->cut_body(p->how->context, ev.body, &p->arena);
    if (p->arena.full)
        return sqlite_no_room(err);
    if (slice_eq(body, ev.body))
        return DONE;
    return rewrite(p, SQL_EVENT_CUT, o->id, body, ev.ttclid, err) != 0 ? -1 : DONE;
}

static int cut_postback(struct step *p, const struct old *o, struct err *err)
{
    enum { SEEN_OFFER = 2, SEEN_TTCLID = 9, SEEN_PARAMS };
    struct sqlite3_stmt *st = sql_use(p->s, SQL_POSTBACK_SEEN, err);
    struct slice offer = { 0 }, params = { 0 }, ttclid = { 0 }, cut;
    int rc;

    if (o->at >= p->how->ip)
        return STAYS;
    if (!st)
        return -1;
    bind_int(st, 1, o->id);
    rc = sql_step(p->s, st, err);
    if (rc == 1) {
        params = arena_dup(&p->arena, col_text(st, SEEN_PARAMS));
        ttclid = arena_dup(&p->arena, col_within(st, SEEN_TTCLID, params));
        if (col_name(p->s, st, SEEN_OFFER, &p->arena, &offer, err) != 0)
            rc = -1;
    }
    sql_done(st);
    if (rc != 1)
        return rc < 0 ? -1 : DONE;
    cut = p->how->cut_params(p->how->context, offer, params, &p->arena);
    if (p->arena.full)
        return sqlite_no_room(err);
    if (slice_eq(cut, params))
        return DONE;
    return rewrite(p, SQL_POSTBACK_CUT, o->id, cut, ttclid, err) != 0 ? -1 : DONE;
}

/* Events go before postbacks: they say which of those stay.  What goes need not be cut before. */
static const struct {
    enum sql old;
    int (*act)(struct step *, const struct old *, struct err *);
} rows[] = {
    { SQL_CLICK_OLD, drop_click },       { SQL_EVENT_OLD, drop_event },
    { SQL_POSTBACK_OLD, drop_postback }, { SQL_ATTEMPT_OLD, drop_attempt },
    { SQL_CLICK_OLD, cut_click },        { SQL_EVENT_OLD, cut_event },
    { SQL_POSTBACK_OLD, cut_postback },
};
#define SWEEPS (sizeof(rows) / sizeof(*rows))

/* ---- sweeping ---- */

static int read_old(struct step *p, enum sql which, int64_t after, struct old list[LOOK],
                    size_t *count, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(p->s, which, err);
    int rc = 0;

    *count = 0;
    if (!st)
        return -1;
    bind_int(st, 1, after);
    bind_int(st, 2, LOOK);
    while (*count < LOOK && (rc = sql_step(p->s, st, err)) == 1) {
        struct old *o = &list[(*count)++];
        int n = sqlite3_column_count(st);
        *o = (struct old){ col_int(st, 0), col_int(st, 1), n > 2 ? col_int(st, 2) : 0,
                           n > 3 ? col_int(st, 3) : 0, n > 4 ? col_int(st, 4) : 0 };
    }
    sql_done(st);
    return *count < LOOK && rc < 0 ? -1 : 0;
}

/* 1: it goes on behind sw->at.  0: it has come to its end. */
static int sweep(struct step *p, struct sweep *sw, size_t which, struct err *err)
{
    struct old list[LOOK];
    size_t count;

    if (read_old(p, rows[which].old, sw->at, list, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int fate;
        if (p->changed == p->how->rows)
            return 1;
        arena_reset(&p->arena);
        fate = rows[which].act(p, &list[i], err);
        if (fate < 0)
            return -1;
        if (fate != DONE && !sw->fixed) {
            sw->from = list[i].id - 1;
            sw->fixed = true;
        }
        sw->young = fate == STAYS ? sw->young + 1 : 0;
        sw->at = list[i].id;
    }
    return count == LOOK && sw->young < SLACK;
}

/* Rows up to these are gone: the index may forget them. */
static int set_floor(struct sqlite *s, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_FIRST_IDS, err);
    int rc;

    if (!st)
        return -1;
    rc = sql_step(s, st, err);
    for (int i = 0; rc == 1 && i < ROWS_COUNT; i++)
        s->now.floor[i] = sqlite3_column_type(st, i) == SQLITE_NULL ? s->now.last[i]
                                                                    : col_int(st, i) - 1;
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static void next_sweep(struct retaining *r)
{
    struct sweep *done = &r->sweeps[r->now];

    if (!done->fixed)
        done->from = done->at; /* all of it was old */
    r->now = (r->now + 1) % SWEEPS;
    if (r->now == 0)
        r->held_count = 0;
    r->sweeps[r->now].at = r->sweeps[r->now].from;
    r->sweeps[r->now].young = 0;
    r->sweeps[r->now].fixed = false;
    if (r->now == 0)
        r->held_from = INT64_MAX;
    if (rows[r->now].act == drop_postback && r->held_count)
        qsort(r->held, r->held_count, sizeof(*r->held), by_id);
}

int sqlite_retain(struct store *store, const struct store_retention *how,
                  struct store_retained *out, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct step p = { .s = s, .how = how, .out = out };
    int rc;

    if (!s->retaining) {
        if (!(s->retaining = calloc(1, sizeof(*s->retaining))))
            return err_set(err, ERR_SYSTEM, "store: out of memory");
        s->retaining->held_from = INT64_MAX;
    }
    p.r = s->retaining;
    arena_init(&p.arena, ROW_BYTES);
    do {
        rc = sweep(&p, &p.r->sweeps[p.r->now], p.r->now, err);
        if (rc == 0)
            next_sweep(p.r);
    } while (rc == 0 && p.r->now != 0 && p.changed < how->rows);
    arena_free(&p.arena);
    if (rc >= 0 && (out->clicks || out->postbacks || out->events || out->attempts) &&
        set_floor(s, err) != 0)
        rc = -1;
    if (rc < 0) {
        s->store.failed = true; /* half of a row may be gone */
        return -1;
    }
    if (rc == 1 || p.r->now != 0)
        return 1;
    rc = tally_drop(s, how->ledger, HOURS_DROPPED, err);
    if (rc > 0) {
        later(&s->now.clicks_before, how->ledger);
        later(&s->now.ledger_before, how->ledger);
    }
    return rc < 0 ? -1 : rc == HOURS_DROPPED;
}

void sqlite_retain_free(struct sqlite *s)
{
    if (s->retaining)
        free(s->retaining->held);
    free(s->retaining);
    s->retaining = NULL;
}
