/* sqlite_refusal.c: what a refusal takes back of a click's events and postbacks. */
#include <sqlite3.h>

#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_tally.h"

#define CUT_BYTES ((size_t)8 << 20) /* for one row at a time */

/* The first columns of EVENT_COLUMNS and of POSTBACK_COLUMNS that are asked for here. */
enum { EVENT_OFFER = 3, EVENT_CLICK_ID = 8, EVENT_BODY, EVENT_TTCLID, EVENT_CONSENT = 15,
       EVENT_STATE = 17, EVENT_UNKNOWN_SINCE = 20 };
enum { PB_OFFER = 2, PB_CLICK_ID = 8, PB_PARAMS = 13, PB_TTCLID };

struct refusing {
    struct sqlite *s;
    int64_t offer;
    const struct store_click *click;
    const struct store_refusal *how;
    struct store_refused *out;
    struct arena arena; /* of one row, or of the list of rows */
};

int sqlite_wipe(struct sqlite *s, bool on, struct err *err)
{
    if (sqlite3_exec(s->db, on ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = FAST", NULL,
                     NULL, NULL) == SQLITE_OK)
        return 0;
    return sqlite_fail(s, err, "preparing to overwrite");
}

/* By click id; by ttclid only where one of the two has no click id, as clicks are added to. */
static bool is_of_click(const struct refusing *r, int64_t offer, struct slice click_id,
                        struct slice ttclid)
{
    struct slice own = r->click->click_id;

    if (offer != r->offer)
        return false;
    if (own.len && click_id.len)
        return slice_eq(own, click_id);
    return ttclid.len && slice_eq(ttclid, r->click->ttclid);
}

/* Call act for every row that may hold one of the click's ids. */
static int each_row(struct refusing *r, enum index_family family,
                    int (*act)(struct refusing *, int64_t row, struct err *), struct err *err)
{
    uint64_t hashes[3]; /* a ttclid may have two */
    int64_t *rows;
    size_t n = 0, count;
    struct arena list = { 0 };
    int rc;

    if (r->click->click_id.len)
        hashes[n++] = index_hash(r->s, r->click->click_id, 0);
    if (r->click->ttclid.len)
        n += index_ttclid_hashes(r->s, index_kind(family), r->click->ttclid, 0, hashes + n);
    arena_init(&list, CUT_BYTES);
    rc = index_rows(r->s, family, hashes, n, INDEX_ROWS_MOST, &list, &rows, &count, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        arena_reset(&r->arena);
        rc = act(r, rows[i], err);
    }
    arena_free(&list);
    return rc;
}

/* ---- events ---- */

struct met {
    struct slice ttclid; /* in the arena */
    enum store_state state;
    bool unknown;
};

static bool is_spared(const struct refusing *r, struct slice consent)
{
    for (const struct slice *s = r->how->spare; consent.len && s && s->len; s++)
        if (slice_eq(*s, consent))
            return true;
    return false;
}

/* 1: an event of this click that was made before the refusal. */
static int read_event(struct refusing *r, int64_t row, struct met *out, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(r->s, SQL_EVENT_GET, err);
    struct slice consent = { 0 };
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, row);
    rc = sql_step(r->s, st, err);
    if (rc == 1) {
        struct slice body = col_text(st, EVENT_BODY), ttclid = col_within(st, EVENT_TTCLID, body);
        rc = is_of_click(r, col_int(st, EVENT_OFFER), col_text(st, EVENT_CLICK_ID), ttclid);
        *out = (struct met){ arena_dup(&r->arena, ttclid),
                             (enum store_state)col_int(st, EVENT_STATE),
                             col_int(st, EVENT_UNKNOWN_SINCE) != 0 };
        if (rc == 1 && (col_name(r->s, st, EVENT_CONSENT, &r->arena, &consent, err) != 0 ||
                        (r->arena.full && sqlite_no_room(err) != 0)))
            rc = -1;
    }
    sql_done(st);
    return rc == 1 && is_spared(r, consent) ? 0 : rc;
}

static int set_state(struct refusing *r, int64_t event, enum store_state state, const char *more,
                     struct err *err)
{
    struct sqlite3_stmt *st = sql_use(r->s, SQL_DELIVERY_WITHDRAW, err);
    struct slice note = arena_printf(&r->arena, "%.*s%s", SLICE_ARG(r->how->note), more);

    if (!st)
        return -1;
    bind_int(st, 1, event);
    bind_int(st, 2, state);
    bind_text(st, 3, note);
    return sql_run(r->s, st, err);
}

static int withdraw(struct refusing *r, int64_t event, const struct met *m, struct err *err)
{
    struct store_counts *c = &r->s->now.counts;
    struct tally_event e = { 0 };

    switch (m->state) {
    case STORE_WAITING:
    case STORE_DEAD:
        c->waiting -= m->state == STORE_WAITING;
        c->dead -= m->state == STORE_DEAD;
        c->withdrawn++;
        r->s->now.moved.withdrawn++;
        r->out->withdrawn++;
        if (tally_find(r->s, event, &e, err) < 0 || tally_state(r->s, &e, STORE_WITHDRAWN, 1, err) != 0 ||
            (m->state == STORE_DEAD && tally_state(r->s, &e, STORE_DEAD, -1, err) != 0))
            return -1;
        return set_state(r, event, STORE_WITHDRAWN,
                         m->unknown ? "; TikTok may have it from an attempt before" : "", err);
    case STORE_SENDING:
        r->out->sending++;
        return set_state(r, event, STORE_SENDING, "; it was on its way to TikTok", err);
    case STORE_DELIVERED:
        r->out->delivered++;
        return 0;
    default:
        return 0;
    }
}

static int refuse_event(struct refusing *r, int64_t row, struct err *err)
{
    struct sqlite3_stmt *st;
    struct met m;
    int rc = read_event(r, row, &m, err);

    if (rc != 1 || m.state == STORE_WITHDRAWN)
        return rc < 0 ? -1 : 0;
    if (withdraw(r, row, &m, err) != 0 || !(st = sql_use(r->s, SQL_EVENT_CUT, err)))
        return -1;
    bind_int(st, 1, row);
    bind_text(st, 2, m.ttclid);
    bind_text(st, 3, S("{}"));
    return sql_run(r->s, st, err);
}

/* ---- postbacks ---- */

/* 1: a postback of this click. */
static int read_postback(struct refusing *r, int64_t row, struct slice *params,
                         struct slice *ttclid, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(r->s, SQL_POSTBACK_GET, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, row);
    rc = sql_step(r->s, st, err);
    if (rc == 1) {
        *params = arena_dup(&r->arena, col_text(st, PB_PARAMS));
        *ttclid = arena_dup(&r->arena, col_within(st, PB_TTCLID, *params));
        rc = is_of_click(r, col_int(st, PB_OFFER), col_text(st, PB_CLICK_ID), *ttclid);
        if (rc == 1 && r->arena.full)
            rc = sqlite_no_room(err);
    }
    sql_done(st);
    return rc;
}

static int cut_postback(struct refusing *r, int64_t row, struct err *err)
{
    struct slice params, ttclid, cut;
    struct sqlite3_stmt *st;
    int rc = read_postback(r, row, &params, &ttclid, err);

    if (rc != 1)
        return rc;
    cut = r->how->cut_params(r->how->context, params, &r->arena);
    if (slice_eq(cut, params))
        return 0;
    if (!(st = sql_use(r->s, SQL_POSTBACK_CUT, err)))
        return -1;
    bind_int(st, 1, row);
    bind_text(st, 2, cut);
    bind_within(st, 3, ttclid, cut);
    return sql_run(r->s, st, err);
}

int sqlite_refuse(struct sqlite *s, int64_t offer, const struct store_click *click,
                  const struct store_refusal *how, struct store_refused *out, struct err *err)
{
    struct refusing r = { .s = s, .offer = offer, .click = click, .how = how, .out = out };
    int rc;

    arena_init(&r.arena, CUT_BYTES);
    rc = each_row(&r, INDEX_EVENTS, refuse_event, err) != 0 ||
         each_row(&r, INDEX_POSTBACKS, cut_postback, err) != 0 ? -1 : 0;
    arena_free(&r.arena);
    return rc;
}
