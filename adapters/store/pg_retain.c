/* pg_retain.c: old rows go: clicks and what belongs to no day (ids that were counted) some at a time, the ledger by its
 * tables of some days, when nothing in them waits any more.  Any number of servers may do so at once. */
#include <stdio.h>

#include "adapters/store/pg.h"

#define COUNT_ROWS 20000 /* of them, in one step: some milliseconds, for only an index is read */
#define LOCK_MS    50    /* others wait behind a lock that waits */
#define AGAIN_MS   60000 /* then the oldest tables are looked at again */
#define ROWS_REMOVED "rows_removed" /* of the ledger, one by one: a count from before is no count of what is there */

/* ---- rows ---- */

static int start_old(struct pg *s, enum pg_sql which, int64_t before, int64_t max, int64_t below, struct pg_rows_read *rows,
                     struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, which);
    pg_int(&c, before);
    pg_int(&c, max);
    if (below)
        pg_int(&c, below);
    return pg_run(&c, rows, err);
}

static int64_t drop(struct pg *s, enum pg_sql which, int64_t before, int64_t max, struct err *err)
{
    struct pg_rows_read rows;
    int64_t n;

    if (start_old(s, which, before, max, 0, &rows, err) != 0)
        return -1;
    n = rows.changed;
    pg_done(&rows);
    return n;
}

static int drop_ids(struct pg *s, const enum pg_sql *of, size_t tables, const int64_t *ids, size_t count, struct err *err)
{
    for (size_t i = 0; count && i < tables; i++) {
        struct pg_call c;
        pg_start(&c, s, of[i]);
        pg_ints(&c, ids, count);
        if (pg_run(&c, NULL, err) != 0)
            return -1;
    }
    return 0;
}

static void uncount_event(struct pg *s, int64_t state, struct store_retained *out)
{
    s->counts.delivered -= state == STORE_DELIVERED;
    s->counts.dead -= state == STORE_DEAD;
    s->counts.withdrawn -= state == STORE_WITHDRAWN;
    out->dead += state == STORE_DEAD;
    out->events++;
}

static int64_t drop_events(struct pg *s, int64_t before, int64_t max, int64_t below, struct store_retained *out, struct err *err)
{
    static const enum pg_sql of[] = { PG_DROP_TRIES, PG_DROP_KEYS, PG_DROP_DELIVERIES, PG_DROP_EVENTS };
    struct pg_rows_read rows;
    int64_t *ids, gone = 0;
    int n;

    if (start_old(s, PG_OLD_EVENTS, before, max, below, &rows, err) != 0)
        return -1;
    n = rows.count;
    ids = ARENA_ARRAY(&s->scratch, int64_t, (size_t)n);
    for (int i = 0; ids && i < n; i++) {
        ids[i] = pg_int_at(&rows, i, 0);
        if (pg_int_at(&rows, i, 2) > gone)
            gone = pg_int_at(&rows, i, 2);
        uncount_event(s, pg_int_at(&rows, i, 1), out);
    }
    pg_done(&rows);
    if (!ids)
        return pg_no_room(err);
    if (drop_ids(s, of, 4, ids, (size_t)n, err) != 0 || (gone && pg_meta_set(s, PG_META_LATER, "gone_postback", gone, err) != 0))
        return -1;
    return n;
}

static int64_t drop_postbacks(struct pg *s, int64_t before, int64_t max, int64_t below, struct store_retained *out,
                              struct err *err)
{
    static const enum pg_sql of[] = { PG_DROP_MARKS };
    struct pg_rows_read rows;
    int64_t *ids, gone = 0;
    int n;

    if (start_old(s, PG_DROP_POSTBACKS, before, max, below, &rows, err) != 0)
        return -1;
    n = rows.count;
    ids = ARENA_ARRAY(&s->scratch, int64_t, (size_t)n);
    for (int i = 0; ids && i < n; i++) {
        s->counts.quarantined -= pg_int_at(&rows, i, 0) == STORE_QUARANTINED;
        ids[i] = pg_int_at(&rows, i, 1);
        gone = ids[i] > gone ? ids[i] : gone;
    }
    pg_done(&rows);
    if (!ids)
        return pg_no_room(err);
    s->counts.postbacks -= n;
    out->postbacks += n;
    if (drop_ids(s, of, 1, ids, (size_t)n, err) != 0 || (gone && pg_meta_set(s, PG_META_LATER, "gone_postback", gone, err) != 0))
        return -1;
    return n;
}

static int64_t drop_attempts(struct pg *s, int64_t before, int64_t max, int64_t below, struct store_retained *out, struct err *err)
{
    struct pg_rows_read rows;
    int64_t gone = 0;
    int n;

    if (start_old(s, PG_DROP_ATTEMPTS, before, max, below, &rows, err) != 0)
        return -1;
    n = rows.count;
    for (int i = 0; i < n; i++)
        gone = pg_int_at(&rows, i, 0) > gone ? pg_int_at(&rows, i, 0) : gone;
    pg_done(&rows);
    out->attempts += n;
    return gone && pg_meta_set(s, PG_META_LATER, "gone_attempt", gone, err) != 0 ? -1 : n;
}

/* ---- tables ---- */

static int find_oldest(struct pg *s, const struct store_retention *how, struct err *err)
{
    struct pg_span *list;
    size_t count;

    if (pg_span_keep(s, s->now - how->ledger, err) != 0 || pg_spans(s, &list, &count, err) != 0)
        return -1;
    s->old = (struct pg_old){ .stuck_below = s->old.stuck_below, .cut = { s->old.cut[0], s->old.cut[1] } };
    if (count == 0)
        return 0;
    s->old.span = list[0];
    return pg_meta_get(s, "gone_event", &s->old.swept_below, err) < 0 || pg_meta_get(s, ROWS_REMOVED, &s->old.removed, err) < 0 ? -1 : 0;
}

/* 1: go on.  0: it is counted. */
static int count_some(struct pg *s, int what, struct err *err)
{
    struct pg_old *o = &s->old;
    struct pg_rows_read rows;
    struct pg_call c;
    int64_t n;

    pg_start(&c, s, what == 0 ? PG_DAY_POSTBACKS : PG_DAY_ATTEMPTS);
    pg_int(&c, o->after[what] ? o->after[what] : pg_day_first(o->span.first) - 1);
    pg_int(&c, pg_day_first(o->span.end));
    pg_int(&c, COUNT_ROWS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = pg_int_at(&rows, 0, 0);
    if (n)
        o->after[what] = pg_int_at(&rows, 0, 1);
    pg_done(&rows);
    o->n[what] += n;
    o->counted[what] = n < COUNT_ROWS;
    return !o->counted[what];
}

static int ask(struct pg *s, enum pg_sql which, int64_t from, int64_t to, int64_t *n, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, which);
    pg_int(&c, from);
    pg_int(&c, to);
    return pg_run_one(&c, n, err) < 0 ? -1 : 0;
}

enum { WAITS, DROPPED, BUSY, MISCOUNTED };

/* With the tables ours: DROPPED, MISCOUNTED, or WAITS: something does, or it was another server's to drop.  -1. */
static int drop_locked(struct pg *s, struct pg_span span, struct store_retained *out, struct err *err)
{
    int64_t from = pg_day_first(span.first), to = pg_day_first(span.end), waits, quarantined, removed;
    char sql[4 * (PG_SPAN_NAME + 2) + 12] = "DROP TABLE ", name[PG_SPAN_NAME];
    int there;

    pg_span_name("postbacks", span, name);
    there = pg_table_there(s, name, err);
    if (there != 1 || ask(s, PG_DAY_WAITS, from, to, &waits, err) != 0 || pg_meta_get(s, ROWS_REMOVED, &removed, err) < 0 ||
        ask(s, PG_DAY_QUARANTINED, from, to, &quarantined, err) != 0)
        return there == 0 ? WAITS : -1;
    if (waits || removed != s->old.removed)
        return waits ? WAITS : MISCOUNTED;
    for (int i = 0; i < PG_DAY_TABLES; i++) {
        size_t n = strlen(sql);
        pg_span_name(pg_day_tables[i], span, name);
        snprintf(sql + n, sizeof(sql) - n, "%s%s", i ? ", " : "", name);
    }
    if (pg_simple(s, sql, err) != 0 || pg_meta_set(s, PG_META_LATER, "gone_postback", to - 1, err) != 0 ||
        pg_meta_set(s, PG_META_LATER, "gone_attempt", to - 1, err) != 0 ||
        pg_meta_set(s, PG_META_LATER, "gone_event", to, err) != 0 ||
        pg_meta_set(s, PG_META_LATER, "ledger_before", pg_day_ms(span.end), err) != 0)
        return -1;
    s->counts.postbacks -= s->old.n[0];
    s->counts.quarantined -= quarantined;
    out->postbacks += s->old.n[0];
    out->attempts += s->old.n[1];
    return DROPPED;
}

/* Locks are waited for as ever again. */
static int release(struct pg *s, struct err *err)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "RELEASE SAVEPOINT span; SET LOCAL lock_timeout = %d", pg_lock_ms(s->patience_ms));
    return pg_simple(s, sql, err);
}

/* Whoever needs the tables meanwhile waits behind this, so it does not wait long itself: another time.  Where something waits they are
 * left alone. */
static int drop_span(struct pg *s, struct pg_span span, struct store_retained *out, struct err *err)
{
    int64_t waits;
    char sql[300];
    struct err why = { 0 };
    int rc;

    if (ask(s, PG_DAY_WAITS, pg_day_first(span.first), pg_day_first(span.end), &waits, err) != 0)
        return -1;
    if (waits)
        return WAITS;
    snprintf(sql, sizeof(sql), "SAVEPOINT span; SET LOCAL lock_timeout = %d; LOCK TABLE migrating IN EXCLUSIVE MODE;"
             "LOCK TABLE ONLY postbacks, ONLY events, ONLY tries, ONLY attempts IN ACCESS EXCLUSIVE MODE", LOCK_MS);
    rc = pg_simple(s, sql, &why);
    if (rc == 0)
        rc = drop_locked(s, span, out, &why);
    if (rc == DROPPED)
        return release(s, err) != 0 ? -1 : rc;
    if (rc < 0 && !s->shut_out && why.kind != ERR_AGAIN)
        return err_set(err, why.kind, "%s", why.text);
    s->store.failed = false; /* it is at the savepoint again */
    if (pg_simple(s, "ROLLBACK TO SAVEPOINT span; RELEASE SAVEPOINT span", err) != 0)
        return -1;
    return rc < 0 ? BUSY : rc;
}

/* 1: go on.  0: no tables are old enough, or they have to wait; *below: rows up to here go one by one. */
static int old_span(struct pg *s, const struct store_retention *how, int64_t *below, struct store_retained *out, struct err *err)
{
    struct pg_old *o = &s->old;
    bool at_once;
    int rc;

    *below = o->stuck_below ? o->stuck_below : PG_FIRST_DAY_ID;
    if (s->now < o->again_at && s->now > o->again_at - AGAIN_MS)
        return 0;
    if (o->span.end == 0 && find_oldest(s, how, err) != 0)
        return -1;
    if (o->span.end == 0 || pg_day_ms(o->span.end) > how->ledger) {
        o->span.end = o->stuck_below = 0;
        o->again_at = s->now + AGAIN_MS;
        return 0;
    }
    for (int what = 0; what < 2; what++)
        if (!o->counted[what])
            return count_some(s, what, err) < 0 ? -1 : 1;
    if ((rc = drop_span(s, o->span, out, err)) < 0)
        return -1;
    /* Where something waits, what is old goes row by row meanwhile. */
    *below = o->stuck_below = rc == WAITS ? pg_day_first(o->span.end) : 0;
    at_once = rc == DROPPED || rc == MISCOUNTED;
    o->again_at = at_once ? 0 : s->now + AGAIN_MS;
    o->span.end = 0;
    out->busy |= rc == BUSY;
    if (*below == 0)
        *below = PG_FIRST_DAY_ID;
    return at_once;
}

static void start_sweep(struct pg_call *c, struct pg *s, enum pg_sql which, int64_t max)
{
    pg_start(c, s, which);
    pg_int(c, PG_FIRST_DAY_ID);
    pg_int(c, s->old.swept_below);
    pg_int(c, max);
}

/* Deliveries and keys of events, and marks of postbacks, whose table was dropped.  How many; -1. */
static int64_t sweep(struct pg *s, int64_t max, struct store_retained *out, struct err *err)
{
    static const enum pg_sql of[] = { PG_DROP_KEYS };
    struct pg_rows_read rows;
    struct pg_call c;
    int64_t *ids, marks;
    int n;

    if (s->old.swept_below == 0)
        return 0;
    start_sweep(&c, s, PG_SWEEP, max);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count;
    ids = ARENA_ARRAY(&s->scratch, int64_t, (size_t)n);
    for (int i = 0; ids && i < n; i++) {
        ids[i] = pg_int_at(&rows, i, 0);
        uncount_event(s, pg_int_at(&rows, i, 1), out);
    }
    pg_done(&rows);
    if (!ids)
        return pg_no_room(err);
    if (drop_ids(s, of, 1, ids, (size_t)n, err) != 0)
        return -1;
    start_sweep(&c, s, PG_SWEEP_MARKS, max - n);
    marks = n < max ? pg_run_count(&c, err) : 0;
    return marks < 0 ? -1 : n + marks;
}

/* ---- a step ---- */

/* Counts of hours before it have no rows to be held against any more. */
static int removed_before(struct pg *s, const char *key, int64_t before, bool any, struct err *err)
{
    return any ? pg_meta_set(s, PG_META_LATER, key, before, err) : 0;
}

/* How many rows of the ledger; -1.  *more: there is more than that. */
static int64_t drop_ledger(struct pg *s, const struct store_retention *how, int64_t left, int64_t below,
                           struct store_retained *out, struct err *err)
{
    int64_t all = left, rows, n = sweep(s, left, out, err);

    if (n < 0)
        return -1;
    rows = left -= n;
    if ((n = drop_events(s, how->ledger, left, below, out, err)) < 0)
        return -1;
    if ((n = drop_postbacks(s, how->ledger, left -= n, below, out, err)) < 0)
        return -1;
    if ((n = drop_attempts(s, how->ledger, left -= n, below, out, err)) < 0)
        return -1;
    if ((left -= n) < rows && pg_meta_set(s, PG_META_ADD, ROWS_REMOVED, rows - left, err) != 0)
        return -1;
    if (left == 0)
        return all;
    n = drop(s, PG_TALLY_DROP, store_tally_hour(how->ledger / 1000), left, err);
    return n < 0 ? -1 : all - left + n;
}

int pg_retain(struct store *store, const struct store_retention *how, struct store_retained *out, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t left = how->rows, n, below;
    int rc;

    arena_reset(&s->scratch);
    /* A click's time is in seconds. */
    if ((n = drop(s, PG_DROP_CLICKS, (how->clicks + 999) / 1000, left, err)) < 0)
        return -1;
    s->counts.clicks -= n;
    out->clicks += n;
    if (removed_before(s, "clicks_before", how->clicks, n != 0, err) != 0)
        return -1;
    if ((left -= n) == 0)
        return 1;
    if (how->ledger) {
        if ((rc = old_span(s, how, &below, out, err)) != 0)
            return rc;
        if ((n = drop_ledger(s, how, left, below, out, err)) < 0 ||
            removed_before(s, "ledger_before", how->ledger, n != 0, err) != 0)
            return -1;
        if ((left -= n) <= 0)
            return 1;
    }
    return pg_cut(s, how, left, out, err);
}
