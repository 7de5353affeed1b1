#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_insert.h"
#include "adapters/store/sqlite_tally.h"
#include "core/payload/find.h"

/* Columns of EVENT_COLUMNS; those up to CONSENT_SAID are of the event itself. */
enum { ID, POSTBACK, CREATED, OFFER, PIXEL, EVENT, TEST_CODE, EVENT_ID, CLICK_ID, BODY, TTCLID,
       VALUE, CURRENCY, ORIGINAL_VALUE, ORIGINAL_CURRENCY, CONSENT, CONSENT_SAID, STATE, DUE, ATTEMPTS, UNKNOWN_SINCE, NOTE, PLAIN_ID };

/* ---- the key that tells duplicates ---- */

struct key {
    struct sqlite *s;
    int64_t pixel, event; /* names */
    struct slice event_id;
    bool plain; /* an event with this plain_id is meant as well */
    int64_t found;
};

static uint64_t key_hash(const struct sqlite *s, struct slice pixel, struct slice event,
                         struct slice event_id)
{
    uint64_t seed = slice_hash(event, slice_hash(pixel, s->seed));

    return slice_hash(event_id, seed) & s->tuning.hash_mask;
}

static int visit_key(void *context, int64_t row, struct err *err)
{
    struct key *k = context;
    struct sqlite3_stmt *st = sql_use(k->s, SQL_EVENT_KEY, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, row);
    rc = sql_step(k->s, st, err);
    if (rc == 1 && (col_int(st, 0) != k->pixel || col_int(st, 1) != k->event)) {
        rc = 0;
    } else if (rc == 1 && !slice_eq(col_text(st, 2), k->event_id)) {
        if (k->plain && row > k->found && slice_eq(col_text(st, 3), k->event_id))
            k->found = row;
        rc = 0;
    } else if (rc == 1) {
        k->found = row;
    }
    sql_done(st);
    return rc;
}

/* 1: k->found is the event with this id, else the newest that would have had it. */
static int find_key(struct key *k, uint64_t hash, struct err *err)
{
    int rc = index_find(k->s, INDEX_KEYS, hash, visit_key, k, err);

    return rc != 0 ? rc : k->found != 0;
}

/* ---- putting ---- */

/* What an event is found by. */
struct event_ids {
    struct slice pixel, event, event_id, plain_id, click_id, ttclid;
    struct slice order_id; /* empty when it is the transaction id, by which its postback is found */
};

/* The hashes of the ids that people look for; how many. */
static size_t hashes_of(const struct sqlite *s, int64_t id, const struct event_ids *e,
                        uint64_t out[4])
{
    const struct slice ids[] = { e->event_id, e->click_id, e->order_id };
    size_t n = 0;

    for (int i = 0; i < 3; i++)
        if (ids[i].len)
            out[n++] = index_hash(s, ids[i], 0);
    if (e->ttclid.len)
        out[n++] = index_ttclid_hash(s, ROWS_EVENTS, id, e->ttclid, 0);
    return n;
}

static int index_event(struct sqlite *s, int64_t id, const struct event_ids *e, struct err *err)
{
    uint64_t hashes[4];
    size_t n = hashes_of(s, id, e, hashes);

    if (index_add(s, INDEX_KEYS, key_hash(s, e->pixel, e->event, e->event_id), id, err) != 0 ||
        (e->plain_id.len &&
         index_add(s, INDEX_KEYS, key_hash(s, e->pixel, e->event, e->plain_id), id, err) != 0))
        return -1;
    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen |= hashes[i] == hashes[j];
        if (!seen && index_add(s, INDEX_EVENTS, hashes[i], id, err) != 0)
            return -1;
    }
    return 0;
}

/* A new delivery: waiting, due at once, never tried. */
static int add_delivery(struct sqlite *s, const struct store_event *ev, int64_t id, int64_t pixel,
                        struct err *err)
{
    struct insert in;

    if (insert_start(&in, s, SQL_DELIVERY_ADD, SUM_DELIVERIES, err) != 0)
        return -1;
    insert_int(&in, id);
    insert_int(&in, pixel);
    insert_int(&in, STORE_WAITING);
    insert_int(&in, ev->created);
    insert_int(&in, 0);
    insert_name(&in, ev->test_code);
    for (int i = 0; i < 4; i++)
        sum_null(&in.sum); /* unknown_since, unknown_before, note, withdrawn */
    return insert_end(&in);
}

/* An amount and its currency: both NULL when there is none. */
static void insert_money(struct insert *in, int64_t micros, struct slice currency)
{
    if (currency.len)
        insert_int(in, micros);
    else
        insert_int_or_null(in, 0);
    insert_name(in, currency);
}

static int add_event(struct sqlite *s, const struct store_event *ev, int64_t id,
                     const struct key *k, struct err *err)
{
    struct insert in;

    if (insert_start(&in, s, SQL_EVENT_ADD, SUM_EVENTS, err) != 0)
        return -1;
    insert_int(&in, id);
    insert_int_or_null(&in, ev->postback_id);
    insert_int(&in, ev->created);
    insert_name(&in, ev->offer);
    insert_int_or_null(&in, k->pixel);
    insert_int_or_null(&in, k->event);
    insert_name(&in, ev->test_code);
    insert_text(&in, ev->event_id);
    insert_text(&in, ev->click_id);
    insert_text(&in, ev->body);
    insert_within(&in, ev->ttclid, ev->body);
    insert_money(&in, ev->value, ev->currency);
    insert_money(&in, ev->original_value, ev->original_currency);
    insert_name(&in, ev->consent);
    insert_text(&in, ev->consent_said);
    insert_text(&in, ev->plain_id);
    return insert_end(&in);
}

/* 1: this event is there under one of its former ids, in the row *found. */
static int find_former(struct sqlite *s, const struct store_event *ev, const struct key *key,
                       int64_t *found, struct err *err)
{
    for (size_t i = 0; i < sizeof(ev->formerly) / sizeof(*ev->formerly); i++) {
        struct key k = *key;
        int rc = 0;
        k.event_id = ev->formerly[i];
        if (k.event_id.len)
            rc = find_key(&k, key_hash(s, ev->pixel, ev->event, k.event_id), err);
        *found = k.found;
        if (rc != 0)
            return rc;
    }
    return 0;
}

int sqlite_event_put(struct store *store, struct store_event *ev, int64_t *first, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct key k = { .s = s, .event_id = ev->event_id, .plain = !ev->own_id };
    uint64_t hash = key_hash(s, ev->pixel, ev->event, ev->event_id);
    int64_t id = s->now.last[ROWS_EVENTS] + 1, offer = 0;
    int rc;

    if ((ev->pixel.len && names_id(s, ev->pixel, true, &k.pixel, err) != 1) ||
        (ev->event.len && names_id(s, ev->event, true, &k.event, err) != 1) ||
        (rc = find_key(&k, hash, err)) < 0 ||
        (rc == 0 && (rc = find_former(s, ev, &k, &k.found, err)) < 0))
        return -1;
    if (rc == 1) {
        if (first)
            *first = k.found;
        return 1;
    }
    if (add_event(s, ev, id, &k, err) != 0 || add_delivery(s, ev, id, k.pixel, err) != 0)
        return -1;
    s->now.last[ROWS_EVENTS] = id;
    s->now.counts.waiting++;
    ev->id = id;
    ev->state = STORE_WAITING;
    ev->due = ev->created;
    if ((ev->offer.len && names_id(s, ev->offer, true, &offer, err) != 1) ||
        tally_put(s, &(struct tally_event){ id, ev->created, offer, k.event }, ev, err) != 0)
        return -1;
    return index_event(s, id,
                       &(struct event_ids){ ev->pixel, ev->event, ev->event_id, ev->plain_id,
                                            ev->click_id, ev->ttclid, ev->order_id },
                       err);
}

/* The order id of a row, unless it is its postback's transaction id. */
static int own_order_id(struct sqlite *s, struct sqlite3_stmt *st, struct slice *out,
                        struct err *err)
{
    struct slice order_id = payload_order_id(col_text(st, BODY), &s->scratch);
    struct sqlite3_stmt *pb;
    int rc;

    *out = (struct slice){ 0 };
    if (order_id.len == 0 || index_is_plain(s, ROWS_EVENTS, col_int(st, ID)))
        return 0;
    if (!(pb = sql_use(s, SQL_POSTBACK_TXID, err)))
        return -1;
    bind_int(pb, 1, col_int(st, POSTBACK));
    rc = sql_step(s, pb, err);
    if (rc == 1 && !slice_eq(col_text(pb, 0), order_id))
        *out = order_id;
    sql_done(pb);
    return rc < 0 ? -1 : 0;
}

static int index_row(struct sqlite *s, struct sqlite3_stmt *st, struct err *err)
{
    struct event_ids e = { .plain_id = col_text(st, PLAIN_ID), .event_id = col_text(st, EVENT_ID),
                           .click_id = col_text(st, CLICK_ID),
                           .ttclid = col_within(st, TTCLID, col_text(st, BODY)) };

    arena_reset(&s->scratch);
    if (own_order_id(s, st, &e.order_id, err) != 0 ||
        col_name(s, st, PIXEL, &s->scratch, &e.pixel, err) != 0 ||
        col_name(s, st, EVENT, &s->scratch, &e.event, err) != 0)
        return -1;
    return index_event(s, col_int(st, ID), &e, err);
}

int sqlite_events_index(struct sqlite *s, int64_t after, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_EVENT_TAIL, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, after);
    while ((rc = sql_step(s, st, err)) == 1)
        if ((rc = index_row(s, st, err)) != 0)
            break;
    sql_done(st);
    return rc;
}

/* ---- reading ---- */

int sqlite_event_row(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                     struct store_event *out, struct err *err)
{
    *out = (struct store_event){
        .id = col_int(st, ID),
        .postback_id = col_int(st, POSTBACK),
        .created = col_int(st, CREATED),
        .event_id = arena_dup(arena, col_text(st, EVENT_ID)),
        .click_id = arena_dup(arena, col_text(st, CLICK_ID)),
        .body = arena_dup(arena, col_text(st, BODY)),
        .value = col_int(st, VALUE),
        .original_value = col_int(st, ORIGINAL_VALUE),
        .consent_said = arena_dup(arena, col_text(st, CONSENT_SAID)),
        .state = (enum store_state)col_int(st, STATE),
        .due = col_int(st, DUE),
        .attempts = (uint32_t)col_int(st, ATTEMPTS),
        .unknown_since = col_int(st, UNKNOWN_SINCE),
        .note = arena_dup(arena, col_text(st, NOTE)),
        .plain_id = arena_dup(arena, col_text(st, PLAIN_ID)),
    };
    out->ttclid = arena_dup(arena, col_within(st, TTCLID, out->body));
    if (col_name(s, st, OFFER, arena, &out->offer, err) != 0 ||
        col_name(s, st, PIXEL, arena, &out->pixel, err) != 0 ||
        col_name(s, st, EVENT, arena, &out->event, err) != 0 ||
        col_name(s, st, TEST_CODE, arena, &out->test_code, err) != 0 ||
        col_name(s, st, CURRENCY, arena, &out->currency, err) != 0 ||
        col_name(s, st, ORIGINAL_CURRENCY, arena, &out->original_currency, err) != 0 ||
        col_name(s, st, CONSENT, arena, &out->consent, err) != 0)
        return -1;
    return arena->full ? sqlite_no_room(err) : 0;
}

int sqlite_event_read(struct sqlite *s, int64_t id, struct arena *arena, struct store_event *out,
                      struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_EVENT_GET, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, id);
    rc = sql_step(s, st, err);
    if (rc == 1 && sqlite_event_row(s, st, arena, out, err) != 0)
        rc = -1;
    sql_done(st);
    return rc;
}

static enum sqlite_match match(struct sqlite3_stmt *st, struct slice id)
{
    struct slice body = col_text(st, BODY);

    if (slice_eq(id, col_text(st, CLICK_ID)) || slice_eq(id, col_text(st, EVENT_ID)) ||
        payload_has_order_id(body, id))
        return MATCH_EXACT;
    return sqlite_match_ttclid(id, col_within(st, TTCLID, body));
}

static int take(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena, void *list,
                size_t at, struct err *err)
{
    return sqlite_event_row(s, st, arena, (struct store_event *)list + at, err);
}

int sqlite_find_events(struct store *store, struct slice id, unsigned max, struct arena *arena,
                       struct store_event **list, size_t *count, struct err *err)
{
    static const struct sqlite_search what = {
        .rows = ROWS_EVENTS, .family = INDEX_EVENTS, .kinds = 1,
        .tail = SQL_EVENT_TAIL_IDS, .late = SQL_COUNT, .get = SQL_EVENT_GET, .match = match, .take = take,
        .size = sizeof(struct store_event),
    };
    void *found;
    int rc = sqlite_search((struct sqlite *)store, &what, id, max, arena, &found, count, err);

    *list = found;
    return rc;
}
