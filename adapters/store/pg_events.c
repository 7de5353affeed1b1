#include "adapters/store/pg_group.h"
#include "core/payload/find.h"

/* Columns of EVENTS_SQL. */
enum { ID, POSTBACK, CREATED, OFFER, PIXEL, EVENT, TEST_CODE, EVENT_ID, CLICK_ID, BODY, TTCLID,
       VALUE, CURRENCY, ORIGINAL_VALUE, ORIGINAL_CURRENCY, CONSENT, CONSENT_SAID, STATE, DUE, ATTEMPTS,
       UNKNOWN_SINCE, NOTE, PLAIN_ID };

/* ---- the key that tells duplicates ---- */

struct slice pg_event_key(struct pg *s, const struct store_event *ev, struct slice id)
{
    const struct slice parts[] = { S("event"), ev->pixel, ev->event, id };

    return pg_key(&s->scratch, parts, 4);
}

/* 1: an event has this id; plain: or would have had it. */
static int find_key(struct pg *s, const struct store_event *ev, struct slice id, int64_t *found, struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;
    int n;

    pg_start(&c, s, PG_KEY_FIND);
    pg_name(&c, pg_event_key(s, ev, id));
    pg_int(&c, !ev->own_id);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    if ((n = rows.count) != 0)
        *found = pg_int_at(&rows, 0, 0);
    pg_done(&rows);
    return n;
}

/* 1: it is there under one of its ids. */
static int find_known(struct pg *s, const struct store_event *ev, int64_t *found, struct err *err)
{
    int rc = find_key(s, ev, ev->event_id, found, err);

    for (size_t i = 0; rc == 0 && i < sizeof(ev->formerly) / sizeof(*ev->formerly); i++)
        if (ev->formerly[i].len)
            rc = find_key(s, ev, ev->formerly[i], found, err);
    return rc;
}

/* 1: it is ours.  0: another handle was faster, and has committed. */
static int64_t claim(struct pg *s, const struct store_event *ev, int64_t id, struct err *err)
{
    struct pg_call c;
    int64_t n;

    pg_start(&c, s, PG_KEY_ADD);
    pg_name(&c, pg_event_key(s, ev, ev->event_id));
    pg_int(&c, id);
    pg_int(&c, ev->own_id);
    if ((n = pg_run_count(&c, err)) != 1 || ev->plain_id.len == 0)
        return n;
    pg_start(&c, s, PG_KEY_ADD_PLAIN);
    pg_name(&c, pg_event_key(s, ev, ev->plain_id));
    pg_int(&c, id);
    return pg_run(&c, NULL, err) != 0 ? -1 : 1;
}

/* ---- putting ---- */

static void money(struct pg_call *c, int64_t micros, struct slice currency)
{
    if (currency.len)
        pg_int(c, micros);
    else
        pg_int_or_null(c, 0);
    pg_text(c, currency);
}

static int add(struct pg *s, const struct store_event *ev, int64_t id, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_EVENT_ADD);
    pg_int(&c, id);
    pg_int_or_null(&c, ev->postback_id);
    pg_int(&c, ev->created);
    pg_name(&c, ev->offer);
    pg_name(&c, ev->pixel);
    pg_name(&c, ev->event);
    pg_text(&c, ev->test_code);
    pg_text(&c, ev->event_id);
    pg_text(&c, ev->click_id);
    pg_text(&c, ev->body);
    pg_text(&c, ev->ttclid);
    money(&c, ev->value, ev->currency);
    money(&c, ev->original_value, ev->original_currency);
    pg_text(&c, ev->consent);
    pg_text(&c, ev->consent_said);
    pg_text(&c, ev->plain_id);
    pg_int_or_null(&c, pg_hash(ev->click_id));
    pg_int_or_null(&c, pg_hash(ev->event_id));
    pg_int_or_null(&c, pg_ttclid_hash(ev->ttclid));
    pg_int_or_null(&c, pg_hash(ev->order_id));
    if (pg_run(&c, NULL, err) != 0)
        return -1;
    pg_start(&c, s, PG_DELIVERY_ADD);
    pg_int(&c, id);
    pg_name(&c, ev->pixel);
    pg_int(&c, ev->created);
    pg_text(&c, ev->test_code);
    return pg_run(&c, NULL, err);
}

/* 0: it is new, and its keys are ours.  1: it is there. */
static int settle_key(struct pg *s, const struct store_event *ev, int64_t id, int64_t *first, struct err *err)
{
    int64_t found = 0, ours = 0;
    int rc;

    do {
        arena_reset(&s->scratch);
        if ((rc = find_known(s, ev, &found, err)) == 0 && (ours = claim(s, ev, id, err)) < 0)
            rc = -1;
    } while (rc == 0 && ours == 0);
    if (rc == 1 && first)
        *first = found;
    return rc != 0 ? rc : add(s, ev, id, err);
}

int pg_event_put(struct store *store, struct store_event *ev, int64_t *first, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t last = s->state.last[PG_EVENTS], id = pg_next_id(s, PG_EVENTS);
    int rc;

    arena_reset(&s->scratch);
    rc = pg_grouped(s) ? pg_group_event_put(s, ev, id, first, err) : settle_key(s, ev, id, first, err);
    if (rc != 0) {
        s->state.last[PG_EVENTS] = last;
        return rc;
    }
    s->counts.waiting++;
    ev->id = id;
    ev->state = STORE_WAITING;
    ev->due = ev->created;
    pg_tally_put(s, ev);
    return 0;
}

/* ---- reading ---- */

int pg_event_row(const struct pg_rows_read *rows, int row, struct arena *arena, struct store_event *ev, struct err *err)
{
    *ev = (struct store_event){
        .id = pg_int_at(rows, row, ID), .postback_id = pg_int_at(rows, row, POSTBACK),
        .created = pg_int_at(rows, row, CREATED), .offer = pg_text_at(rows, row, OFFER, arena),
        .pixel = pg_text_at(rows, row, PIXEL, arena), .event = pg_text_at(rows, row, EVENT, arena),
        .test_code = pg_text_at(rows, row, TEST_CODE, arena), .event_id = pg_text_at(rows, row, EVENT_ID, arena),
        .click_id = pg_text_at(rows, row, CLICK_ID, arena), .body = pg_text_at(rows, row, BODY, arena),
        .ttclid = pg_text_at(rows, row, TTCLID, arena), .value = pg_int_at(rows, row, VALUE),
        .currency = pg_text_at(rows, row, CURRENCY, arena), .original_value = pg_int_at(rows, row, ORIGINAL_VALUE),
        .original_currency = pg_text_at(rows, row, ORIGINAL_CURRENCY, arena),
        .consent = pg_text_at(rows, row, CONSENT, arena), .consent_said = pg_text_at(rows, row, CONSENT_SAID, arena),
        .state = (enum store_state)pg_int_at(rows, row, STATE), .due = pg_int_at(rows, row, DUE),
        .attempts = (uint32_t)pg_int_at(rows, row, ATTEMPTS), .unknown_since = pg_int_at(rows, row, UNKNOWN_SINCE),
        .note = pg_text_at(rows, row, NOTE, arena), .plain_id = pg_text_at(rows, row, PLAIN_ID, arena),
    };
    return arena->full ? pg_no_room(err) : 0;
}

/* Every row of a result. */
int pg_event_rows(struct pg_rows_read *rows, struct arena *arena, struct store_event **list, size_t *count,
                  struct err *err)
{
    int rc = 0;

    if (!(*list = ARENA_ARRAY(arena, struct store_event, (size_t)rows->count)))
        return pg_no_room(err);
    for (int i = 0; rc == 0 && i < rows->count; i++)
        rc = pg_event_row(rows, i, arena, &(*list)[(*count)++], err);
    return rc;
}

static int all(struct pg_call *c, struct arena *arena, struct store_event **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    int rc;

    *list = NULL;
    *count = 0;
    if (pg_run(c, &rows, err) != 0)
        return -1;
    rc = pg_event_rows(&rows, arena, list, count, err);
    pg_done(&rows);
    return rc;
}

int pg_get_event(struct store *store, int64_t id, struct arena *arena, struct store_event *out, struct err *err)
{
    struct store_event *list;
    struct pg_call c;
    size_t n;

    pg_start(&c, (struct pg *)store, PG_EVENT_GET);
    pg_int(&c, id);
    if (all(&c, arena, &list, &n, err) != 0)
        return -1;
    if (n)
        *out = list[0];
    return n != 0;
}

int pg_events_of(struct store *store, const struct store_postback *pb, struct arena *arena,
                 struct store_event **list, size_t *count, struct err *err)
{
    struct pg_call c;

    pg_start(&c, (struct pg *)store, PG_EVENTS_OF);
    pg_int(&c, pb->id);
    pg_int(&c, pb->id < PG_FIRST_DAY_ID ? 0 : pg_day_first(pg_day_of(pb->id))); /* not before that day */
    return all(&c, arena, list, count, err);
}

int pg_find_events(struct store *store, struct slice id, unsigned max, struct arena *arena,
                   struct store_event **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    int rc = pg_find((struct pg *)store, PG_EVENT_FIND, PG_EVENT_FIND_HEAD, id, max, &rows, err);

    *count = 0;
    if (rc != 0)
        return -1;
    rc = pg_event_rows(&rows, arena, list, count, err);
    pg_done(&rows);
    return rc;
}
