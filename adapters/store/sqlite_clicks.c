#include <string.h>

#include "adapters/store/sqlite_index.h"

/* What a registration may say.  The place in this table is the bit in column `keyed` that tells
 * whether a keyed call said it: rows may be added at the end, never moved. */
static const size_t fields[] = {
    offsetof(struct store_click, click_id), offsetof(struct store_click, ttclid),
    offsetof(struct store_click, event_id), offsetof(struct store_click, ttp),
    offsetof(struct store_click, ip),       offsetof(struct store_click, user_agent),
    offsetof(struct store_click, page_url), offsetof(struct store_click, referrer),
    offsetof(struct store_click, consent),  offsetof(struct store_click, country),
};
#define FIELDS      (sizeof(fields) / sizeof(*fields))
#define KEYED_AT    ((int64_t)1 << 30) /* `at` was said by a keyed call */
#define KEYED_CLICK ((int64_t)1 << 31) /* a keyed call registered it, or added to it */

/* Kinds of hashes: a page must not lead a look-up by click_id to many rows by other ids. */
enum { BY_CLICK_ID, BY_TTCLID, BY_EVENT_ID, KINDS };

/* Columns of CLICK_COLUMNS. */
enum { ID, OFFER, AT, KEYED, CLICK_ID, EVENT_ID, TTP, IP, CONSENT, PAGE_URL, TTCLID, USER_AGENT,
       REFERRER, COUNTRY };

struct known {
    int64_t id, offer, keyed;
    struct store_click click;
};

static struct slice *field(struct store_click *c, size_t i)
{
    return (struct slice *)(void *)((char *)c + fields[i]);
}

static struct slice said(const struct store_click *c, size_t i)
{
    return *(const struct slice *)(const void *)((const char *)c + fields[i]);
}

static struct slice id_of(const struct store_click *c, int kind)
{
    return kind == BY_CLICK_ID ? c->click_id : kind == BY_TTCLID ? c->ttclid : c->event_id;
}

/* ---- rows ---- */

static int read_row(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                    struct known *out, struct err *err)
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
        .keyed = (out->keyed & KEYED_CLICK) != 0,
    };
    c->ttclid = arena_dup(arena, col_within(st, TTCLID, c->page_url));
    if (col_name(s, st, OFFER, arena, &c->offer, err) != 0)
        return -1;
    return arena->full ? sqlite_no_room(err) : 0;
}

static int write_row(struct sqlite *s, enum sql which, const struct known *k, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, which, err);
    const struct store_click *c = &k->click;

    if (!st)
        return -1;
    bind_int(st, ID + 1, k->id);
    bind_int(st, OFFER + 1, k->offer);
    bind_int(st, AT + 1, c->at);
    bind_int(st, KEYED + 1, k->keyed);
    bind_text(st, CLICK_ID + 1, c->click_id);
    bind_text(st, EVENT_ID + 1, c->event_id);
    bind_text(st, TTP + 1, c->ttp);
    bind_text(st, IP + 1, c->ip);
    bind_text(st, CONSENT + 1, c->consent);
    bind_text(st, PAGE_URL + 1, c->page_url);
    bind_within(st, TTCLID + 1, c->ttclid, c->page_url);
    bind_text(st, USER_AGENT + 1, c->user_agent);
    bind_text(st, REFERRER + 1, c->referrer);
    bind_text(st, COUNTRY + 1, c->country);
    return sql_run(s, st, err);
}

static int index_click(struct sqlite *s, int64_t id, const struct store_click *c,
                       const struct store_click *had, struct err *err)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct slice value = id_of(c, kind);
        if (value.len == 0 || (had && slice_eq(value, id_of(had, kind))))
            continue;
        if (index_add(s, INDEX_CLICKS, index_hash(s, value, (uint64_t)kind), id, err) != 0)
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

int sqlite_clicks_index(struct sqlite *s, int64_t after, struct err *err)
{
    struct sqlite3_stmt *tail = sql_use(s, SQL_CLICK_TAIL, err);
    struct sqlite3_stmt *late = sql_use(s, SQL_CLICK_LATE, err);

    if (!tail || !late)
        return -1;
    bind_int(tail, 1, after);
    return index_rows_of(s, late, err) != 0 || index_rows_of(s, tail, err) != 0 ? -1 : 0;
}

/* ---- looking up ---- */

struct wanted {
    struct sqlite *s;
    int64_t offer;
    int kind;
    struct slice value;
    bool nameless; /* only a click without a click_id */
    struct arena *arena;
    struct known *out;
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

static int visit(void *context, int64_t row, struct err *err)
{
    struct wanted *w = context;
    struct sqlite3_stmt *st = sql_use(w->s, SQL_CLICK_GET, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, row);
    rc = sql_step(w->s, st, err);
    if (rc == 1)
        rc = !is_wanted(w, st) ? 0 : read_row(w->s, st, w->arena, w->out, err) == 0 ? 1 : -1;
    sql_done(st);
    return rc;
}

static int scan(struct wanted *w, struct sqlite3_stmt *st, struct err *err)
{
    int rc;

    while ((rc = sql_step(w->s, st, err)) == 1)
        if (is_wanted(w, st)) {
            rc = read_row(w->s, st, w->arena, w->out, err) == 0 ? 1 : -1;
            break;
        }
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
    int rc;

    if (w->value.len == 0)
        return 0;
    if (!w->s->store.writer && (rc = scan_new(w, err)) != 0)
        return rc;
    return index_find(w->s, INDEX_CLICKS, index_hash(w->s, w->value, (uint64_t)w->kind), visit, w,
                      err);
}

int sqlite_click_find(struct store *store, struct slice offer, struct slice click_id,
                      struct slice ttclid, struct arena *arena, struct store_click *out,
                      struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct known known;
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
                      struct known *out, struct err *err)
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

/* The marks of what `click` says by itself. */
static int64_t marks(const struct store_click *click)
{
    int64_t keyed = KEYED_CLICK | (click->at ? KEYED_AT : 0);

    if (!click->keyed)
        return 0;
    for (size_t i = 0; i < FIELDS; i++)
        if (said(click, i).len)
            keyed |= (int64_t)1 << i;
    return keyed;
}

/* Add to k what click may say; true when that changed anything. */
static bool merge(struct known *k, const struct store_click *click)
{
    int64_t keyed = k->keyed, new = marks(click);
    bool changed = false;

    for (size_t i = 0; i < FIELDS; i++) {
        struct slice *is = field(&k->click, i), says = said(click, i);
        bool wins = is->len == 0 || (new & ~keyed & (int64_t)1 << i);
        if (says.len == 0 || !wins)
            continue;
        changed |= !slice_eq(*is, says);
        *is = says;
        k->keyed |= new & (int64_t)1 << i;
    }
    if (click->at && (k->click.at == 0 || (new & ~keyed & KEYED_AT))) {
        changed |= k->click.at != click->at;
        k->click.at = click->at;
        k->keyed |= new & KEYED_AT;
    }
    k->keyed |= new & KEYED_CLICK;
    return changed || k->keyed != keyed;
}

static int add_to(struct sqlite *s, struct known *k, const struct store_click *click,
                  struct err *err)
{
    struct store_click had = k->click;
    struct sqlite3_stmt *st;
    uint32_t ids = 0;

    if (!merge(k, click))
        return 0;
    if (write_row(s, SQL_CLICK_SET, k, err) != 0)
        return -1;
    for (int kind = 0; kind < KINDS; kind++)
        ids += !slice_eq(id_of(&had, kind), id_of(&k->click, kind));
    if (ids == 0)
        return 0;
    if (index_covers(s, ROWS_CLICKS, k->id)) {
        if (!(st = sql_use(s, SQL_LATE_ADD, err)))
            return -1;
        bind_int(st, 1, k->id);
        if (sql_run(s, st, err) != 0)
            return -1;
    }
    return index_click(s, k->id, &k->click, &had, err);
}

int sqlite_click_put(struct store *store, const struct store_click *click, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct known k;
    int64_t offer = 0;
    int rc;

    arena_reset(&s->scratch);
    if (click->offer.len && names_id(s, click->offer, true, &offer, err) != 1)
        return -1;
    rc = find_known(s, click, offer, &k, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        return add_to(s, &k, click, err) == 0 ? 1 : -1;
    k = (struct known){ .id = s->now.last[ROWS_CLICKS] + 1, .offer = offer,
                        .keyed = marks(click), .click = *click };
    if (write_row(s, SQL_CLICK_ADD, &k, err) != 0)
        return -1;
    s->now.last[ROWS_CLICKS]++;
    s->now.counts.clicks++;
    return index_click(s, k.id, click, NULL, err);
}

/* ---- any id ---- */

static bool match(struct sqlite3_stmt *st, struct slice id)
{
    return slice_eq(id, col_text(st, CLICK_ID)) || slice_eq(id, col_text(st, EVENT_ID)) ||
           slice_eq(id, col_within(st, TTCLID, col_text(st, PAGE_URL)));
}

static int take(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena, void *list,
                size_t at, struct err *err)
{
    struct known k;
    int rc = read_row(s, st, arena, &k, err);

    ((struct store_click *)list)[at] = k.click;
    return rc;
}

int sqlite_find_clicks(struct store *store, struct slice id, unsigned max, struct arena *arena,
                       struct store_click **list, size_t *count, struct err *err)
{
    static const struct sqlite_search what = {
        .rows = ROWS_CLICKS, .family = INDEX_CLICKS, .kinds = KINDS,
        .tail = SQL_CLICK_NEW, .get = SQL_CLICK_GET, .match = match, .take = take,
        .size = sizeof(struct store_click),
    };
    void *found;
    int rc = sqlite_search((struct sqlite *)store, &what, id, max, arena, &found, count, err);

    *list = found;
    return rc;
}
