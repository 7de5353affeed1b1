/* pg_fill.c: a batch of rows, one statement for each table; columns are arrays, as ledger_shapes names them. */
#include <stdlib.h>

#include "adapters/store/pg_fill.h"
#include "core/payload/find.h"

/* ---- columns ---- */

static void ints(struct pg_call *c, const struct pg_import *im, int column)
{
    int64_t *list = ARENA_ARRAY(&c->s->scratch, int64_t, im->count);

    for (size_t i = 0; list && i < im->count; i++)
        list[i] = im->rows[i].values[column].set ? im->rows[i].values[column].n : INT64_MIN;
    pg_ints(c, list, list ? im->count : 0);
}

static void texts(struct pg_call *c, const struct pg_import *im, int column)
{
    struct slice *list = ARENA_ARRAY(&c->s->scratch, struct slice, im->count);

    for (size_t i = 0; list && i < im->count; i++)
        list[i] = im->rows[i].values[column].text;
    pg_texts(c, list, list ? im->count : 0);
}

static void column(struct pg_call *c, const struct pg_import *im, const char *name)
{
    int at = ledger_column(im->table, name);
    enum ledger_kind kind = ledger_shapes[im->table].columns[at].kind;

    if (kind == LEDGER_TEXT || kind == LEDGER_NAME)
        texts(c, im, at);
    else
        ints(c, im, at);
}

static void columns(struct pg_call *c, const struct pg_import *im, const char *const *names)
{
    for (; *names; names++)
        column(c, im, *names);
}

static void hashes(struct pg_call *c, const struct pg_import *im, const char *name)
{
    int64_t (*hash)(struct slice) = strcmp(name, "ttclid") == 0 ? pg_ttclid_hash : pg_hash;
    int64_t *list = ARENA_ARRAY(&c->s->scratch, int64_t, im->count);

    for (size_t i = 0; list && i < im->count; i++)
        list[i] = hash(ledger_get(&im->rows[i], name)->text);
    pg_ints(c, list, list ? im->count : 0);
}

/* ---- what a row needs ---- */

int pg_fill_check(const struct ledger_row *row, struct err *err)
{
    static const char *const needs[LEDGER_TABLES][6] = {
        [LEDGER_CLICK] = { "at" }, [LEDGER_POSTBACK] = { "at" },
        [LEDGER_ATTEMPT] = { "at", "took_ms", "http_status", "code" }, [LEDGER_EVENT] = { "created", "due", "event_id" },
    };

    for (const char *const *n = needs[row->table]; n < needs[row->table] + 6 && *n; n++)
        if (!ledger_get(row, *n)->set)
            return err_set(err, ERR_INPUT, "\"%s\" is missing", *n);
    if (row->table == LEDGER_CLICK && !ledger_get(row, "click_id")->set && !ledger_get(row, "ttclid")->set)
        return err_set(err, ERR_INPUT, "a click needs \"click_id\" or \"ttclid\"");
    return 0;
}

/* ---- clicks ---- */

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

bool pg_fill_is_away(const struct pg_import *im, const struct ledger_row *row)
{
    return row->table == LEDGER_CLICK && im->away_count &&
           bsearch(&row->values[0].n, im->away, im->away_count, sizeof(*im->away), by_number);
}

/* Since an earlier copy the ids of a click may have gone over to one before it: retention has removed it there, and one that
 * was known by its ttclid alone was given its click_id. */
static int make_way(struct pg_import *im, const struct slice *keys, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int64_t *more;
    int rc;

    pg_start(&c, im->s, PG_IMPORT_CLICKS_AWAY);
    pg_texts(&c, keys, im->count);
    pg_int(&c, im->rows[im->count - 1].values[0].n);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    more = rows.count ? realloc(im->away, (im->away_count + (size_t)rows.count) * sizeof(*more)) : im->away;
    im->away = more ? more : im->away;
    for (int i = 0; more && i < rows.count; i++)
        im->away[im->away_count++] = pg_int_at(&rows, i, 0);
    if (more && rows.count)
        qsort(im->away, im->away_count, sizeof(*im->away), by_number);
    rc = rows.count && !more ? pg_no_room(err) : 0;
    pg_done(&rows);
    return rc;
}

/* The source itself has two: a file that was edited by hand was imported there. */
static int twice(struct pg_import *im, const struct slice *keys, struct err *err)
{
    int64_t *ids = ARENA_ARRAY(&im->s->scratch, int64_t, im->count), one, other;
    struct pg_rows_read rows;
    struct pg_call c;

    for (size_t i = 0; ids && i < im->count; i++)
        ids[i] = im->rows[i].values[0].n;
    if (!ids)
        return pg_no_room(err);
    pg_start(&c, im->s, PG_IMPORT_CLICKS_TWICE);
    pg_ints(&c, ids, im->count);
    pg_texts(&c, keys, im->count);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    one = pg_int_at(&rows, 0, 1);
    other = pg_int_at(&rows, 0, 0);
    pg_done(&rows);
    return err_set(err, ERR_INPUT, "the clicks %lld and %lld have the same offer and click_id (or, without one, ttclid): only one of "
                   "them can be found. `clickbaton store export`, leave one of the two lines out, and import the rest",
                   (long long)one, (long long)other);
}

static int add_clicks(struct pg_import *im, struct err *err)
{
    static const char *const names[] = { "id", "offer", "at", "keyed", "click_id", "ttclid", "event_id", "ttp", "ip", "consent",
                                         "page_url", "user_agent", "referrer", "country", NULL };
    struct pg *s = im->s;
    struct slice *keys = ARENA_ARRAY(&s->scratch, struct slice, im->count);
    struct pg_call c;
    int64_t done;

    for (size_t i = 0; keys && i < im->count; i++) {
        const struct ledger_row *r = &im->rows[i];
        const struct store_click click = { .offer = ledger_get(r, "offer")->text, .click_id = ledger_get(r, "click_id")->text,
                                           .ttclid = ledger_get(r, "ttclid")->text, .at = ledger_get(r, "at")->n };
        keys[i] = pg_click_key(s, &click);
        if (!im->copying)
            pg_click_count(s, NULL, &click);
    }
    if (!keys)
        return pg_no_room(err);
    if (im->copying && !im->first && make_way(im, keys, err) != 0)
        return -1;
    pg_start(&c, s, PG_IMPORT_CLICKS);
    columns(&c, im, names);
    pg_texts(&c, keys, im->count);
    hashes(&c, im, "click_id");
    hashes(&c, im, "event_id");
    hashes(&c, im, "ttclid");
    if ((done = pg_run_count(&c, err)) < 0)
        return -1;
    return (size_t)done == im->count ? 0 : twice(im, keys, err);
}

/* ---- postbacks, attempts ---- */

static int add_postbacks(struct pg_import *im, struct err *err)
{
    static const char *const names[] = { "id", "at", "offer", "tracker", "method", "stage", "verdict", "code", "click_id", "ttclid",
                                         "event_id", "txid", "content_type", "address", "params", "reason", "warnings", NULL };
    struct pg *s = im->s;
    struct pg_mark *marks = ARENA_ARRAY(&s->scratch, struct pg_mark, im->count);
    size_t n = 0;
    struct pg_call c;

    if (!marks)
        return pg_no_room(err);
    for (size_t i = 0; i < im->count; i++) {
        const struct ledger_row *r = &im->rows[i];
        const struct store_postback pb = { .at = ledger_get(r, "at")->n, .offer = ledger_get(r, "offer")->text,
                                           .stage = ledger_get(r, "stage")->text, .code = ledger_get(r, "code")->text,
                                           .verdict = (enum store_verdict)ledger_get(r, "verdict")->n,
                                           .click_id = ledger_get(r, "click_id")->text, .ttclid = ledger_get(r, "ttclid")->text,
                                           .warnings = ledger_get(r, "warnings")->text };
        if (!im->copying)
            pg_tally_postback(s, &pb, 1);
        n += pg_mark_of(&pb, r->values[0].n, &marks[n]);
    }
    pg_start(&c, s, PG_IMPORT_POSTBACKS);
    columns(&c, im, names);
    hashes(&c, im, "click_id");
    hashes(&c, im, "event_id");
    hashes(&c, im, "txid");
    hashes(&c, im, "ttclid");
    return pg_run(&c, NULL, err) != 0 ? -1 : pg_marks_add(s, marks, n, err);
}

static int add_attempts(struct pg_import *im, struct err *err)
{
    static const char *const names[] = { "id", "at", "took_ms", "pixel", "http_status", "code", "message", "request_id", NULL };
    struct pg_call c;

    pg_start(&c, im->s, PG_IMPORT_ATTEMPTS);
    columns(&c, im, names);
    return pg_run(&c, NULL, err);
}

/* ---- events ---- */

struct key {
    struct slice key;
    int64_t event;
};

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int rc = slice_cmp(x->key, y->key);

    return rc ? rc : (x->event > y->event) - (x->event < y->event);
}

static int taken(const struct key *k, struct err *err)
{
    return err_set(err, ERR_INPUT, "the event %lld has the pixel, name and event_id of another", (long long)k->event);
}

/* Of equal ones the last; an event's own id must be one event's. */
static int add_keys(struct pg *s, struct key *keys, size_t count, bool plain, struct err *err)
{
    struct slice *texts_of = ARENA_ARRAY(&s->scratch, struct slice, count);
    int64_t *events = ARENA_ARRAY(&s->scratch, int64_t, count), done;
    size_t n = 0;
    struct pg_call c;

    if (!texts_of || !events)
        return pg_no_room(err);
    qsort(keys, count, sizeof(*keys), by_key);
    for (size_t i = 0; i < count; i++) {
        if (n && slice_eq(texts_of[n - 1], keys[i].key)) {
            if (!plain)
                return taken(&keys[i], err);
            n--;
        }
        texts_of[n] = keys[i].key;
        events[n++] = keys[i].event;
    }
    if (n == 0)
        return 0;
    pg_start(&c, s, plain ? PG_IMPORT_PLAIN_KEYS : PG_IMPORT_KEYS);
    pg_texts(&c, texts_of, n);
    pg_ints(&c, events, n);
    if ((done = pg_run_count(&c, err)) < 0)
        return -1;
    if (plain || (size_t)done == n)
        return 0;
    return err_set(err, ERR_INPUT, "between the events %lld and %lld one has the pixel, name and event_id of another",
                   (long long)events[0], (long long)events[n - 1]);
}

struct store_event pg_fill_event(const struct ledger_row *r)
{
    return (struct store_event){
        .id = r->values[0].n, .created = ledger_get(r, "created")->n, .offer = ledger_get(r, "offer")->text,
        .pixel = ledger_get(r, "pixel")->text, .event = ledger_get(r, "event")->text, .event_id = ledger_get(r, "event_id")->text,
        .plain_id = ledger_get(r, "plain_id")->text, .body = ledger_get(r, "body")->text,
        .value = ledger_get(r, "value_micros")->n, .currency = ledger_get(r, "currency")->text,
        .original_value = ledger_get(r, "original_value_micros")->n,
        .original_currency = ledger_get(r, "original_currency")->text, .state = (enum store_state)ledger_get(r, "state")->n,
    };
}

static int claim_keys(struct pg_import *im, struct err *err)
{
    struct pg *s = im->s;
    struct key *own = ARENA_ARRAY(&s->scratch, struct key, im->count), *plain = ARENA_ARRAY(&s->scratch, struct key, im->count);
    size_t n = 0, plains = 0;

    if (!own || !plain)
        return pg_no_room(err);
    for (size_t i = 0; i < im->count; i++) {
        const struct store_event ev = pg_fill_event(&im->rows[i]);
        own[n++] = (struct key){ pg_event_key(s, &ev, ev.event_id), ev.id };
        if (ev.plain_id.len)
            plain[plains++] = (struct key){ pg_event_key(s, &ev, ev.plain_id), ev.id };
    }
    if (s->scratch.full)
        return pg_no_room(err);
    return add_keys(s, own, n, false, err) != 0 ? -1 : add_keys(s, plain, plains, true, err);
}

static int add_tries(struct pg_import *im, struct err *err)
{
    int64_t *events, *attempts;
    size_t n = 0, count = 0;
    struct pg_call c;

    for (size_t i = 0; i < im->count; i++)
        count += ledger_get(&im->rows[i], "tries")->count;
    if (count == 0)
        return 0;
    events = ARENA_ARRAY(&im->s->scratch, int64_t, count);
    attempts = ARENA_ARRAY(&im->s->scratch, int64_t, count);
    if (!events || !attempts)
        return pg_no_room(err);
    for (size_t i = 0; i < im->count; i++) {
        const struct ledger_value *v = ledger_get(&im->rows[i], "tries");
        for (size_t k = 0; k < v->count; k++, n++) {
            events[n] = im->rows[i].values[0].n;
            attempts[n] = v->ids[k];
        }
    }
    pg_start(&c, im->s, PG_IMPORT_TRIES);
    pg_ints(&c, events, n);
    pg_ints(&c, attempts, n);
    return pg_run(&c, NULL, err);
}

static int add_events(struct pg_import *im, struct err *err)
{
    static const char *const names[] = { "id", "postback", "created", "offer", "pixel", "event", "test_code", "event_id", "click_id",
                                         "ttclid", "value_micros", "currency", "original_value_micros", "original_currency",
                                         "consent", "consent_said", "plain_id", "body", NULL };
    static const char *const of_delivery[] = { "id", "pixel", "state", "due", "attempts", "test_code", "unknown_since",
                                               "unknown_before", "note", "withdrawn", NULL };
    struct pg *s = im->s;
    int64_t *orders = ARENA_ARRAY(&s->scratch, int64_t, im->count);
    struct pg_call c;

    for (size_t i = 0; orders && i < im->count; i++)
        orders[i] = pg_hash(payload_order_id(ledger_get(&im->rows[i], "body")->text, &s->scratch));
    if (!orders)
        return pg_no_room(err);
    pg_start(&c, s, PG_IMPORT_EVENTS);
    columns(&c, im, names);
    hashes(&c, im, "click_id");
    hashes(&c, im, "event_id");
    hashes(&c, im, "ttclid");
    pg_ints(&c, orders, im->count);
    if (pg_run(&c, NULL, err) != 0)
        return -1;
    pg_start(&c, s, PG_IMPORT_DELIVERIES);
    columns(&c, im, of_delivery);
    if (pg_run(&c, NULL, err) != 0 || claim_keys(im, err) != 0 || add_tries(im, err) != 0)
        return -1;
    return im->copying ? 0 : pg_fill_tally_events(im, err);
}

/* ---- ---- */

int pg_fill_add(struct pg_import *im, struct err *err)
{
    static int (*const add[LEDGER_TABLES])(struct pg_import *, struct err *) = {
        [LEDGER_CLICK] = add_clicks, [LEDGER_POSTBACK] = add_postbacks, [LEDGER_ATTEMPT] = add_attempts,
        [LEDGER_EVENT] = add_events,
    };

    if (im->table != LEDGER_CLICK)
        for (size_t i = 0; i < im->count; i++)
            if (pg_days_need(im->s, im->rows[i].values[0].n, err) != 0)
                return -1;
    return add[im->table](im, err);
}

int pg_fill_remove(struct pg_import *im, struct err *err)
{
    static const enum pg_sql of[LEDGER_TABLES][4] = {
        [LEDGER_CLICK] = { PG_IMPORT_DROP_CLICKS, PG_COUNT },
        [LEDGER_POSTBACK] = { PG_IMPORT_DROP_POSTBACKS, PG_DROP_MARKS, PG_COUNT },
        [LEDGER_ATTEMPT] = { PG_IMPORT_DROP_ATTEMPTS, PG_COUNT },
        [LEDGER_EVENT] = { PG_DROP_TRIES, PG_DROP_KEYS, PG_DROP_DELIVERIES, PG_DROP_EVENTS },
    };

    for (int i = 0; i < 4 && of[im->table][i] != PG_COUNT; i++) {
        struct pg_call c;
        pg_start(&c, im->s, of[im->table][i]);
        pg_ints(&c, im->gone, im->gone_count);
        if (pg_run(&c, NULL, err) != 0)
            return -1;
    }
    return 0;
}
