/* sqlite_verify_rows.c: every row's checksum, and what rows of different tables say of each other. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/store/sqlite_sum.h"
#include "adapters/store/sqlite_verify.h"

#define WITH_TIME ((int64_t)1 << 45) /* ids of a store that was PostgreSQL's: they hold their time, and have gaps */
#define BITS_MOST ((int64_t)1 << 28) /* 32 MB of bits for postbacks */

struct table {
    const char *name, *columns, *order;
    enum sum_table sum;
    int count; /* of columns; the checksum follows */
    bool pairs; /* its key is the first two columns */
};

static const struct table clicks = {
    "clicks", "id, offer, at, keyed, click_id, event_id, ttp, ip, consent, page_url, ttclid,"
    " user_agent, referrer, country", "id", SUM_CLICKS, 14, false };
static const struct table postbacks = {
    "postbacks", "id, at, offer, tracker, method, stage, verdict, code, click_id, event_id, txid,"
    " content_type, address, params, ttclid, reason, warnings", "id", SUM_POSTBACKS, 17, false };
static const struct table events = {
    "events", "id, postback, created, offer, pixel, event, test_code, event_id, click_id, body,"
    " ttclid, value, currency, original_value, original_currency, consent, consent_said, plain_id",
    "id", SUM_EVENTS, 18, false };
static const struct table deliveries = {
    "deliveries", "event, pixel, state, due, attempts, test_code, unknown_since, unknown_before,"
    " note, withdrawn", "event", SUM_DELIVERIES, 10, false };
static const struct table attempts = {
    "attempts", "id, at, took_ms, pixel, http_status, code, message, request_id", "id",
    SUM_ATTEMPTS, 8, false };
static const struct table tries = { "tries", "event, attempt", "event, attempt", SUM_TRIES, 2,
                                    true };

/* ---- reading a table in the order of its keys ---- */

struct scan {
    struct verify *v;
    const struct table *t;
    sqlite3_stmt *st;
    int64_t id, second; /* of the row that it stands on */
    bool row, failed;
};

static void scan_next(struct scan *c)
{
    int64_t id = c->id, second = c->second;
    bool first = !c->row;
    int rc = c->st ? sqlite3_step(c->st) : SQLITE_ERROR;

    c->row = rc == SQLITE_ROW;
    if (!c->row) {
        c->failed = rc != SQLITE_DONE;
        if (c->failed)
            verify_say(c->v, c->t->name, id, "nothing can be read behind this row: %s",
                       sqlite3_errmsg(c->v->s.db));
        return;
    }
    c->id = sqlite3_column_int64(c->st, 0);
    c->second = c->t->pairs ? sqlite3_column_int64(c->st, 1) : 0;
    if (!first && (c->id < id || (c->id == id && c->second <= second))) {
        verify_say(c->v, c->t->name, c->id, "its rows are out of order");
        c->row = false;
        c->failed = true;
        return;
    }
    if (sqlite3_column_type(c->st, c->t->count) != SQLITE_INTEGER ||
        sqlite3_column_int64(c->st, c->t->count) != sum_row(c->st, c->t->sum, c->t->count))
        verify_say(c->v, c->t->name, c->id, "the checksum of this row is wrong");
}

static void scan_start(struct scan *c, struct verify *v, const struct table *t)
{
    char sql[500];

    *c = (struct scan){ .v = v, .t = t, .id = INT64_MIN };
    snprintf(sql, sizeof(sql), "SELECT %s, sum FROM %s ORDER BY %s", t->columns, t->name, t->order);
    sqlite3_prepare_v2(v->s.db, sql, -1, &c->st, NULL);
    scan_next(c);
}

static int64_t col(const struct scan *c, int at)
{
    return sqlite3_column_int64(c->st, at);
}

/* ---- what the rows must agree on ---- */

struct seen {
    struct verify *v;
    struct sqlite_state is; /* counted here */
    int64_t first_postback, bits;
    unsigned char *has_event; /* one bit for each postback from the first on */
    struct sqlite_state says; /* counted by the writer */
    bool failed; /* a scan ended early: counts say nothing */
};

static bool known(struct seen *k, sqlite3_stmt *st, int64_t id)
{
    bool there;

    if (!st)
        return true;
    sqlite3_reset(st);
    sqlite3_bind_int64(st, 1, id);
    there = sqlite3_step(st) != SQLITE_DONE; /* an error was said by the scan of that table */
    sqlite3_reset(st);
    (void)k;
    return there;
}

static sqlite3_stmt *prepared(struct seen *k, const char *sql)
{
    sqlite3_stmt *st = NULL;

    sqlite3_prepare_v2(k->v->s.db, sql, -1, &st, NULL);
    return st;
}

static void read_counts(struct seen *k)
{
    static const char sql[] = "SELECT clicks, postbacks, waiting, sending, delivered, dead,"
                              " quarantined, withdrawn, last_click, last_postback, last_event,"
                              " last_attempt, gone_postback, gone_attempt, clicks_before, ledger_before, sum"
                              " FROM counts";
    struct store_counts *c = &k->says.counts;
    sqlite3_stmt *st = prepared(k, sql);

    if (!st || sqlite3_step(st) != SQLITE_ROW) {
        verify_say(k->v, "counts", 1, "%s", sqlite3_errmsg(k->v->s.db));
        k->failed = true;
    } else {
        *c = (struct store_counts){ .clicks = col_int(st, 0), .postbacks = col_int(st, 1),
                                    .waiting = col_int(st, 2), .sending = col_int(st, 3),
                                    .delivered = col_int(st, 4), .dead = col_int(st, 5),
                                    .quarantined = col_int(st, 6), .withdrawn = col_int(st, 7) };
        for (int i = 0; i < ROWS_COUNT; i++)
            k->says.last[i] = col_int(st, 8 + i);
        k->says.gone_postback = col_int(st, 12);
        k->says.gone_attempt = col_int(st, 13);
        k->says.clicks_before = col_int(st, 14);
        k->says.ledger_before = col_int(st, 15);
        if (sum_row(st, SUM_COUNTS, 16) != col_int(st, 16))
            verify_say(k->v, "counts", 1, "the checksum of this row is wrong");
        if (sqlite3_step(st) != SQLITE_DONE)
            verify_say(k->v, "counts", 1, "it has more than one row");
    }
    sqlite3_finalize(st);
}

static void scan_end(struct seen *k, struct scan *c)
{
    k->failed |= c->failed;
    sqlite3_finalize(c->st);
}

static void read_clicks(struct seen *k)
{
    struct scan c;

    for (scan_start(&c, k->v, &clicks); c.row; scan_next(&c)) {
        k->is.counts.clicks++;
        k->is.last[ROWS_CLICKS] = c.id;
    }
    scan_end(k, &c);
    k->v->out->clicks = k->is.counts.clicks;
}

/* Events and deliveries side by side: each has the other. */
static void read_events(struct seen *k)
{
    sqlite3_stmt *postback = prepared(k, "SELECT 1 FROM postbacks WHERE id = ?1");
    struct store_counts *n = &k->is.counts;
    int64_t *states[] = { NULL, &n->waiting, &n->sending, &n->delivered, &n->dead, &n->withdrawn };
    struct scan e, d;

    scan_start(&e, k->v, &events);
    scan_start(&d, k->v, &deliveries);
    while (e.row || d.row) {
        if (!d.row || (e.row && e.id < d.id)) {
            if (!d.failed)
                verify_say(k->v, "events", e.id, "it has no state: its row in deliveries is gone");
            scan_next(&e);
            continue;
        }
        if (!e.row || d.id < e.id) {
            if (!e.failed)
                verify_say(k->v, "deliveries", d.id, "the event that it belongs to is gone");
            scan_next(&d);
            continue;
        }
        int64_t of = col(&e, 1), state = col(&d, 2);
        if (state < STORE_WAITING || state > STORE_WITHDRAWN)
            verify_say(k->v, "deliveries", d.id, "%lld is no state", (long long)state);
        else
            ++*states[state];
        if (col(&d, 1) != col(&e, 4) || col(&d, 5) != col(&e, 6))
            verify_say(k->v, "deliveries", d.id, "its pixel or test code is not that of its event");
        if (of > k->says.gone_postback && !known(k, postback, of))
            verify_say(k->v, "events", e.id, "its postback %lld is gone", (long long)of);
        if (of >= k->first_postback && of - k->first_postback < k->bits)
            k->has_event[(of - k->first_postback) / 8] |= 1u << ((of - k->first_postback) % 8);
        k->is.last[ROWS_EVENTS] = e.id;
        k->v->out->events++;
        scan_next(&e);
        scan_next(&d);
    }
    scan_end(k, &e);
    scan_end(k, &d);
    sqlite3_finalize(postback);
}

static void read_postbacks(struct seen *k)
{
    struct scan c;

    for (scan_start(&c, k->v, &postbacks); c.row; scan_next(&c)) {
        int64_t verdict = col(&c, 6), at = c.id - k->first_postback;
        k->is.counts.postbacks++;
        k->is.counts.quarantined += verdict == STORE_QUARANTINED;
        k->is.last[ROWS_POSTBACKS] = c.id;
        if (verdict < STORE_QUEUED || verdict > STORE_QUARANTINED)
            verify_say(k->v, "postbacks", c.id, "%lld is no verdict", (long long)verdict);
        if (verdict == STORE_QUEUED && c.id > k->says.gone_postback && at >= 0 && at < k->bits &&
            !(k->has_event[at / 8] >> (at % 8) & 1))
            verify_say(k->v, "postbacks", c.id, "it is queued, and its events are gone");
    }
    scan_end(k, &c);
    k->v->out->postbacks = k->is.counts.postbacks;
}

static void read_attempts(struct seen *k)
{
    sqlite3_stmt *event = prepared(k, "SELECT 1 FROM events WHERE id = ?1");
    sqlite3_stmt *attempt = prepared(k, "SELECT 1 FROM attempts WHERE id = ?1");
    struct scan c;

    for (scan_start(&c, k->v, &attempts); c.row; scan_next(&c)) {
        if (k->v->out->attempts++ && c.id != k->is.last[ROWS_ATTEMPTS] + 1 && c.id < WITH_TIME)
            verify_say(k->v, "attempts", c.id, "rows before it are gone");
        k->is.last[ROWS_ATTEMPTS] = c.id;
    }
    scan_end(k, &c);
    for (scan_start(&c, k->v, &tries); c.row; scan_next(&c)) {
        if (!known(k, event, c.id))
            verify_say(k->v, "tries", c.id, "the event that it belongs to is gone");
        if (c.second > k->says.gone_attempt && !known(k, attempt, c.second))
            verify_say(k->v, "tries", c.id, "its attempt %lld is gone", (long long)c.second);
    }
    scan_end(k, &c);
    sqlite3_finalize(event);
    sqlite3_finalize(attempt);
}

static void compare(struct seen *k)
{
    const struct store_counts *is = &k->is.counts, *says = &k->says.counts;
    const struct {
        const char *what;
        int64_t is, says;
    } rows[] = {
        { "clicks", is->clicks, says->clicks }, { "postbacks", is->postbacks, says->postbacks },
        { "events that wait", is->waiting, says->waiting },
        { "events under way", is->sending, says->sending },
        { "delivered events", is->delivered, says->delivered },
        { "dead events", is->dead, says->dead },
        { "withdrawn events", is->withdrawn, says->withdrawn },
        { "quarantined postbacks", is->quarantined, says->quarantined },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].is != rows[i].says)
            verify_say(k->v, "counts", 1, "there are %lld %s, and it says %lld",
                       (long long)rows[i].is, rows[i].what, (long long)rows[i].says);
    for (int i = 0; i < ROWS_COUNT; i++)
        if (k->is.last[i] > k->says.last[i])
            verify_say(k->v, "counts", 1, "the newest id of %s is %lld, and it says %lld",
                       (const char *const[]){ "clicks", "postbacks", "events", "attempts" }[i],
                       (long long)k->is.last[i], (long long)k->says.last[i]);
}

void verify_rows(struct verify *v)
{
    struct seen k = { .v = v };
    bool ok, more;
    int64_t last;

    read_counts(&k);
    k.first_postback =
        verify_number(v, "postbacks", "SELECT ifnull(min(id), 0) FROM postbacks", &ok);
    last = verify_number(v, "postbacks", "SELECT ifnull(max(id), 0) FROM postbacks", &more);
    if (ok && more && k.first_postback > 0 && last >= k.first_postback &&
        last - k.first_postback < BITS_MOST) {
        k.bits = last - k.first_postback + 1;
        k.has_event = calloc((size_t)k.bits / 8 + 1, 1);
        v->lacking |= !k.has_event;
        if (!k.has_event)
            k.bits = 0;
    }
    read_clicks(&k);
    read_events(&k);
    read_postbacks(&k);
    read_attempts(&k);
    free(k.has_event);
    if (!k.failed)
        compare(&k);
    verify_tallies(v, &k.says, &k.is);
}
