#include <string.h>

#include "adapters/store/click_merge.h"
#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_insert.h"
#include "adapters/store/sqlite_tally.h"

/* Kinds of hashes: a page must not lead a look-up by click_id to many rows by other ids. */
enum { BY_CLICK_ID, BY_TTCLID, BY_EVENT_ID, KINDS };

/* Columns of CLICK_COLUMNS. */
enum { ID, OFFER, AT, KEYED, CLICK_ID, EVENT_ID, TTP, IP, CONSENT, PAGE_URL, TTCLID, USER_AGENT,
       REFERRER, COUNTRY };

static struct slice id_of(const struct store_click *c, int kind)
{
    return kind == BY_CLICK_ID ? c->click_id : kind == BY_TTCLID ? c->ttclid : c->event_id;
}

/* ---- rows ---- */

static int read_row(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                    struct kept_click *out, struct err *err)
{
    struct store_click *c = &out->click;

    out->id = col_int(st, ID);
    out->offer = col_int(st, OFFER);
    out->keyed = col_int(st, KEYED);
    *c = (struct store_click){
        .click_id = arena_dup(arena, col_text(st, CLICK_ID)),
        .event_id = arena_dup(arena, col_text(st, EVENT_ID)),
        .ttp = arena_dup(arena, col_text(st, TTP)),
        .ip = arena_dup(arena, col_text(st, IP)),
        .consent = arena_dup(arena, col_text(st, CONSENT)),
        .page_url = arena_dup(arena, col_text(st, PAGE_URL)),
        .user_agent = arena_dup(arena, col_text(st, USER_AGENT)),
        .referrer = arena_dup(arena, col_text(st, REFERRER)),
        .country = arena_dup(arena, col_text(st, COUNTRY)),
        .at = col_int(st, AT),
        .keyed = (out->keyed & CLICK_KEYED) != 0,
        .refused = (out->keyed & CLICK_REFUSED) != 0,
    };
    c->ttclid = arena_dup(arena, col_within(st, TTCLID, c->page_url));
    if (col_name(s, st, OFFER, arena, &c->offer, err) != 0)
        return -1;
    return arena->full ? sqlite_no_room(err) : 0;
}

/* In the order of CLICK_COLUMNS. */
static int write_row(struct sqlite *s, enum sql which, const struct kept_click *k, struct err *err)
{
    const struct store_click *c = &k->click;
    struct insert in;

    if (insert_start(&in, s, which, SUM_CLICKS, err) != 0)
        return -1;
    insert_int(&in, k->id);
    insert_int(&in, k->offer);
    insert_int(&in, c->at);
    insert_int(&in, k->keyed);
    insert_text(&in, c->click_id);
    insert_text(&in, c->event_id);
    insert_text(&in, c->ttp);
    insert_text(&in, c->ip);
    insert_text(&in, c->consent);
    insert_text(&in, c->page_url);
    insert_within(&in, c->ttclid, c->page_url);
    insert_text(&in, c->user_agent);
    insert_text(&in, c->referrer);
    insert_text(&in, c->country);
    return insert_end(&in);
}

static uint64_t hash_of(const struct sqlite *s, int64_t row, struct slice value, int kind)
{
    return kind == BY_TTCLID ? index_ttclid_hash(s, ROWS_CLICKS, row, value, BY_TTCLID)
                             : index_hash(s, value, (uint64_t)kind);
}

static int index_click(struct sqlite *s, int64_t id, const struct store_click *c,
                       const struct store_click *had, struct err *err)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct slice value = id_of(c, kind);
        if (value.len == 0 || (had && slice_eq(value, id_of(had, kind))))
            continue;
        if (index_add(s, INDEX_CLICKS, hash_of(s, id, value, kind), id, err) != 0)
            return -1;
    }
    return 0;
}

static int index_rows_of(struct sqlite *s, struct sqlite3_stmt *st, struct err *err)
{
    int rc;

    while ((rc = sql_step(s, st, err)) == 1) {
        struct store_click c = { .click_id = col_text(st, CLICK_ID),
                                 .event_id = col_text(st, EVENT_ID),
                                 .page_url = col_text(st, PAGE_URL) };
        c.ttclid = col_within(st, TTCLID, c.page_url);
        if ((rc = index_click(s, col_int(st, ID), &c, NULL, err)) != 0)
            break;
    }
    sql_done(st);
    return rc;
}

int sqlite_clicks_index_tail(struct sqlite *s, int64_t after, struct err *err)
{
    struct sqlite3_stmt *tail = sql_use(s, SQL_CLICK_TAIL, err);

    if (!tail)
        return -1;
    bind_int(tail, 1, after);
    return index_rows_of(s, tail, err);
}

int sqlite_clicks_index(struct sqlite *s, int64_t after, struct err *err)
{
    struct sqlite3_stmt *late = sql_use(s, SQL_CLICK_LATE, err);

    if (!late || index_rows_of(s, late, err) != 0)
        return -1;
    return sqlite_clicks_index_tail(s, after, err);
}

/* ---- looking up ---- */

struct wanted {
    struct sqlite *s;
    int64_t offer;
    int kind;
    struct slice value;
    bool nameless; /* only a click without a click_id */
    struct arena *arena;
    struct kept_click *out; /* id 0: none was found yet */
};

static bool is_wanted(const struct wanted *w, struct sqlite3_stmt *st)
{
    struct slice value;

    if (col_int(st, OFFER) != w->offer || (w->nameless && col_text(st, CLICK_ID).len))
        return false;
    value = w->kind == BY_CLICK_ID ? col_text(st, CLICK_ID)
                                   : col_within(st, TTCLID, col_text(st, PAGE_URL));
    return slice_eq(value, w->value);
}

/* 1: this is it.  0: look on, for of clicks with one ttclid the newest counts, which need not be the one that has
 * learned it last. */
static int meet(struct wanted *w, struct sqlite3_stmt *st, struct err *err)
{
    if (col_int(st, ID) <= w->out->id || !is_wanted(w, st))
        return 0;
    if (read_row(w->s, st, w->arena, w->out, err) != 0)
        return -1;
    return w->kind == BY_CLICK_ID;
}

static int visit(void *context, int64_t row, struct err *err)
{
    struct wanted *w = context;
    struct sqlite3_stmt *st;
    int rc;

    if (row <= w->out->id)
        return 0;
    if (!(st = sql_use(w->s, SQL_CLICK_GET, err)))
        return -1;
    bind_int(st, 1, row);
    rc = sql_step(w->s, st, err);
    if (rc == 1)
        rc = meet(w, st, err);
    sql_done(st);
    return rc;
}

static int scan(struct wanted *w, struct sqlite3_stmt *st, struct err *err)
{
    int rc;

    while ((rc = sql_step(w->s, st, err)) == 1)
        if ((rc = meet(w, st, err)) != 0)
            break;
    sql_done(st);
    return rc;
}

/* A reader has no ids in memory: it looks at the newest rows themselves. */
static int scan_new(struct wanted *w, struct err *err)
{
    struct sqlite3_stmt *tail = sql_use(w->s, SQL_CLICK_TAIL_DESC, err);
    struct sqlite3_stmt *late = sql_use(w->s, SQL_CLICK_LATE, err);
    int64_t after[ROWS_COUNT];
    int rc;

    if (!tail || !late || index_refresh(w->s, after, err) != 0)
        return -1;
    bind_int(tail, 1, after[ROWS_CLICKS]);
    rc = scan(w, tail, err);
    return rc == 0 ? scan(w, late, err) : rc;
}

static int look_up(struct wanted *w, struct err *err)
{
    uint64_t hashes[2];
    size_t n = 1;
    int rc = 0;

    w->out->id = 0;
    if (w->value.len == 0)
        return 0;
    if (!w->s->store.writer && (rc = scan_new(w, err)) != 0)
        return rc;
    if (w->kind == BY_TTCLID)
        n = index_ttclid_hashes(w->s, ROWS_CLICKS, w->value, BY_TTCLID, hashes);
    else
        hashes[0] = index_hash(w->s, w->value, (uint64_t)w->kind);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = index_find(w->s, INDEX_CLICKS, hashes[i], visit, w, err);
    return rc != 0 ? rc : w->out->id != 0;
}

int sqlite_click_find(struct store *store, struct slice offer, struct slice click_id,
                      struct slice ttclid, struct arena *arena, struct store_click *out,
                      struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct kept_click known;
    struct wanted w = { .s = s, .kind = BY_CLICK_ID, .value = click_id, .arena = arena,
                        .out = &known };
    int rc;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = names_id(s, offer, false, &w.offer, err);
    if (rc == 1 && (rc = look_up(&w, err)) == 0) {
        w.kind = BY_TTCLID;
        w.value = ttclid;
        rc = look_up(&w, err);
    }
    sqlite_read_end(s);
    if (rc == 1)
        *out = known.click;
    return rc;
}

/* ---- registering ---- */

static int find_known(struct sqlite *s, const struct store_click *click, int64_t offer,
                      struct kept_click *out, struct err *err)
{
    struct wanted w = { .s = s, .offer = offer, .kind = BY_CLICK_ID, .value = click->click_id,
                        .arena = &s->scratch, .out = out };
    int rc = look_up(&w, err);

    if (rc != 0)
        return rc;
    w.kind = BY_TTCLID;
    w.value = click->ttclid;
    w.nameless = click->click_id.len != 0;
    return look_up(&w, err);
}

static int tally_one(struct sqlite *s, int64_t offer, const struct store_click *c, int n, struct err *err)
{
    if (tally_click(s, offer, c->at, false, n, err) != 0)
        return -1;
    return c->ttclid.len ? tally_click(s, offer, c->at, true, n, err) : 0;
}

/* Write what has become of a known click. */
static int change(struct sqlite *s, const struct kept_click *k, const struct store_click *had,
                  struct err *err)
{
    struct sqlite3_stmt *st;
    uint32_t ids = 0;

    if (write_row(s, SQL_CLICK_SET, k, err) != 0 || tally_one(s, k->offer, had, -1, err) != 0 ||
        tally_one(s, k->offer, &k->click, 1, err) != 0)
        return -1;
    for (int kind = 0; kind < KINDS; kind++)
        ids += !slice_eq(id_of(had, kind), id_of(&k->click, kind));
    if (ids == 0)
        return 0;
    if (index_covers(s, ROWS_CLICKS, k->id)) {
        if (!(st = sql_use(s, SQL_LATE_ADD, err)))
            return -1;
        bind_int(st, 1, k->id);
        if (sql_run(s, st, err) != 0)
            return -1;
    }
    return index_click(s, k->id, &k->click, had, err);
}

static int add(struct sqlite *s, struct kept_click *k, struct err *err)
{
    k->id = s->now.last[ROWS_CLICKS] + 1;
    if (write_row(s, SQL_CLICK_ADD, k, err) != 0)
        return -1;
    s->now.last[ROWS_CLICKS]++;
    s->now.counts.clicks++;
    return tally_one(s, k->offer, &k->click, 1, err) != 0 ? -1 : index_click(s, k->id, &k->click, NULL, err);
}

/* Write k, which `click` was added to (known) or is, without what a refusal forbids. */
static int settle(struct sqlite *s, struct kept_click *k, bool known,
                  const struct store_click *had, const struct store_click *click,
                  const struct store_refusal *how, struct store_refused *out, struct err *err)
{
    bool changed = !known || click_merge(k, click);
    bool cut = how && k->click.refused && click_cut(k, how);
    int rc = 0;

    if (changed || cut)
        rc = known ? change(s, k, had, err) : add(s, k, err);
    if (rc != 0 || !how || !k->click.refused || (known && had->refused))
        return rc;
    out->anew = true;
    return sqlite_refuse(s, k->offer, &k->click, how, out, err);
}

int sqlite_click_put(struct store *store, const struct store_click *click,
                     const struct store_refusal *how, struct store_refused *out, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct store_click had = { .offer = click->offer };
    struct kept_click k;
    int64_t offer = 0;
    bool wipe;
    int rc, known;

    arena_reset(&s->scratch);
    if (click->offer.len && names_id(s, click->offer, true, &offer, err) != 1)
        return -1;
    known = find_known(s, click, offer, &k, err);
    if (known < 0)
        return -1;
    if (known)
        had = k.click;
    else
        k = (struct kept_click){ .offer = offer, .keyed = click_marks(click), .click = *click };
    wipe = how && (click->refused || had.refused);
    if (wipe && sqlite_wipe(s, true, err) != 0)
        return -1;
    rc = settle(s, &k, known, &had, click, how, out, err);
    if (wipe && sqlite_wipe(s, false, err) != 0)
        rc = -1;
    if (rc != 0)
        s->store.failed = true; /* half of a refusal must never be committed */
    return rc != 0 ? -1 : known;
}

/* ---- any id ---- */

static enum sqlite_match match(struct sqlite3_stmt *st, struct slice id)
{
    if (slice_eq(id, col_text(st, CLICK_ID)) || slice_eq(id, col_text(st, EVENT_ID)))
        return MATCH_EXACT;
    return sqlite_match_ttclid(id, col_within(st, TTCLID, col_text(st, PAGE_URL)));
}

static int take(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena, void *list,
                size_t at, struct err *err)
{
    struct kept_click k;
    int rc = read_row(s, st, arena, &k, err);

    ((struct store_click *)list)[at] = k.click;
    return rc;
}

int sqlite_find_clicks(struct store *store, struct slice id, unsigned max, struct arena *arena,
                       struct store_click **list, size_t *count, struct err *err)
{
    static const struct sqlite_search what = {
        .rows = ROWS_CLICKS, .family = INDEX_CLICKS, .kinds = KINDS, .ttclid_kind = BY_TTCLID,
        .tail = SQL_CLICK_TAIL, .late = SQL_CLICK_LATE, .get = SQL_CLICK_GET, .match = match,
        .take = take,
        .size = sizeof(struct store_click),
    };
    void *found;
    int rc = sqlite_search((struct sqlite *)store, &what, id, max, arena, &found, count, err);

    *list = found;
    return rc;
}
