/* pg_verify.c: do the rows of different tables agree?  The counts by the hour: pg_verify_hours.c. */
#include <stdarg.h>
#include <stdio.h>

#include "adapters/store/pg_check.h"

#define PAGE 500

void pg_say(struct pg_check *c, const char *where, int64_t row, const char *fmt, ...)
{
    char text[400];
    struct verify_finding f = { .where = where, .row = row, .text = text };
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    c->out->findings++;
    c->report(c->context, &f);
}

/* ---- asked of the database: rows that should not be ---- */

static const struct {
    enum pg_sql sql;
    const char *where, *text;
    bool number; /* text begins or ends with it, as %lld says */
} bad[] = {
    { PG_BAD_NO_STATE, "events", "it has no state: its row in deliveries is gone", false },
    { PG_BAD_NO_EVENT, "deliveries", "the event that it belongs to is gone", false },
    { PG_BAD_STATE, "deliveries", "%lld is no state", true },
    { PG_BAD_OWNER, "deliveries", "it is being sent, and by nobody who could be found dead: no lease ends", false },
    { PG_BAD_PIXEL, "deliveries", "its pixel or test code is not that of its event", false },
    { PG_BAD_POSTBACK, "events", "its postback %lld is gone", true },
    { PG_BAD_VERDICT, "postbacks", "%lld is no verdict", true },
    { PG_BAD_QUEUED, "postbacks", "it is queued, and its events are gone", false },
    { PG_BAD_TRY, "tries", "the event that it belongs to is gone", false },
    { PG_BAD_ATTEMPT, "tries", "its attempt %lld is gone", true },
    { PG_BAD_KEY, "event_keys", "the event that it belongs to is gone", false },
    { PG_BAD_MARK, "marks", "the postback that it belongs to is gone", false },
    { PG_BAD_CLICK_ID, "clicks", "no writer has given this id", false },
    { PG_BAD_POSTBACK_ID, "postbacks", "no writer has given this id", false },
    { PG_BAD_EVENT_ID, "events", "no writer has given this id", false },
    { PG_BAD_ATTEMPT_ID, "attempts", "no writer has given this id", false },
    { PG_BAD_DAY, "days", "of %lld some of the tables postbacks_, events_, tries_, attempts_ are gone", true },
};

static int ask(struct pg_check *k, struct err *err)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct pg_rows_read rows;
        struct pg_call c;
        pg_start(&c, k->s, bad[i].sql);
        if (pg_run(&c, &rows, err) != 0)
            return -1;
        for (int r = 0; r < rows.count; r++) {
            char text[200];
            snprintf(text, sizeof(text), "%lld", (long long)pg_int_at(&rows, r, 1));
            if (bad[i].number) {
                const char *at = strstr(bad[i].text, "%lld");
                pg_say(k, bad[i].where, pg_int_at(&rows, r, 0), "%.*s%s%s", (int)(at - bad[i].text), bad[i].text, text, at + 4);
            } else {
                pg_say(k, bad[i].where, pg_int_at(&rows, r, 0), "%s", bad[i].text);
            }
        }
        pg_done(&rows);
    }
    return 0;
}

/* ---- what rows are found by ---- */

struct found_by {
    const char *name;
    int text, hash; /* columns */
};

static void check_hashes(struct pg_check *k, const char *where, const struct pg_rows_read *rows, int row, const struct found_by *by,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice id = pg_text_at(rows, row, by[i].text, &k->s->scratch);
        if (pg_int_at(rows, row, by[i].hash) != (strcmp(by[i].name, "ttclid") == 0 ? pg_ttclid_hash(id) : pg_hash(id)))
            pg_say(k, where, pg_int_at(rows, row, 0), "it is not found by its %s: the look-up value is another one's", by[i].name);
    }
}

static int check_clicks(struct pg_check *k, const struct pg_rows_read *rows, struct err *err)
{
    static const struct found_by by[] = { { "click_id", 2, 6 }, { "event_id", 3, 7 }, { "ttclid", 4, 8 } };
    struct pg *s = k->s;

    (void)err;
    for (int i = 0; i < rows->count; i++) {
        const struct store_click c = { .offer = pg_text_at(rows, i, 1, &s->scratch),
                                       .click_id = pg_text_at(rows, i, 2, &s->scratch),
                                       .ttclid = pg_text_at(rows, i, 4, &s->scratch) };
        struct slice key = pg_click_key(s, &c), says = pg_text_at(rows, i, 5, &s->scratch), part;
        char hex[40];
        size_t n = 0;
        while (slice_next(&says, '-', &part)) /* a uuid's text has four of these */
            n += (size_t)snprintf(hex + n, sizeof(hex) - n, "%.*s", SLICE_ARG(part));
        if (!slice_eq(key, (struct slice){ hex, n }))
            pg_say(k, "clicks", pg_int_at(rows, i, 0), "its key is not that of its offer and ids");
        check_hashes(k, "clicks", rows, i, by, 3);
    }
    k->out->clicks += rows->count;
    return 0;
}

static int check_postbacks(struct pg_check *k, const struct pg_rows_read *rows, struct err *err)
{
    static const struct found_by by[] = { { "click_id", 2, 6 }, { "event_id", 3, 7 }, { "ttclid", 4, 8 }, { "txid", 5, 9 } };
    struct pg *s = k->s;

    (void)err;
    for (int i = 0; i < rows->count; i++) {
        const struct store_postback pb = {
            .offer = pg_text_at(rows, i, 1, &s->scratch), .click_id = pg_text_at(rows, i, 2, &s->scratch),
            .ttclid = pg_text_at(rows, i, 4, &s->scratch), .stage = pg_text_at(rows, i, 10, &s->scratch),
            .verdict = (enum store_verdict)pg_int_at(rows, i, 11),
        };
        struct pg_mark mark;
        size_t n;
        const int64_t *marks = pg_ints_at(rows, i, 12, &s->scratch, &n);
        bool has = false;
        for (size_t m = 0; marks && m < n; m++)
            has |= pg_mark_of(&pb, 0, &mark) && marks[m] == mark.hash;
        if (pg_mark_of(&pb, 0, &mark) && !has)
            pg_say(k, "postbacks", pg_int_at(rows, i, 0), "its click is not marked: what it took back would not be seen");
        check_hashes(k, "postbacks", rows, i, by, 4);
    }
    k->out->postbacks += rows->count;
    return 0;
}

/* The key of its event_id is an event's own; that which it would have had may be a later one's. */
static int check_events(struct pg_check *k, const struct pg_rows_read *rows, struct err *err)
{
    static const struct found_by by[] = { { "event_id", 3, 8 }, { "click_id", 5, 7 }, { "ttclid", 6, 9 } };
    struct pg *s = k->s;
    struct slice *keys = ARENA_ARRAY(&s->scratch, struct slice, 2 * (size_t)rows->count);
    int64_t *owner = ARENA_ARRAY(&s->scratch, int64_t, 2 * (size_t)rows->count);
    bool *plain = ARENA_ARRAY(&s->scratch, bool, 2 * (size_t)rows->count);
    struct pg_rows_read found;
    struct pg_call c;

    if (!keys || !owner || !plain)
        return pg_no_room(err);
    for (int i = 0; i < rows->count; i++) {
        const struct store_event ev = { .pixel = pg_text_at(rows, i, 1, &s->scratch), .event = pg_text_at(rows, i, 2, &s->scratch) };
        struct slice event_id = pg_text_at(rows, i, 3, &s->scratch), plain_id = pg_text_at(rows, i, 4, &s->scratch);
        keys[2 * i] = pg_event_key(s, &ev, event_id);
        keys[2 * i + 1] = plain_id.len ? pg_event_key(s, &ev, plain_id) : (struct slice){ 0 };
        check_hashes(k, "events", rows, i, by, 3);
    }
    pg_start(&c, s, PG_CHECK_KEYS);
    pg_texts(&c, keys, 2 * (size_t)rows->count);
    if (pg_run(&c, &found, err) != 0)
        return -1;
    for (int i = 0; i < found.count; i++) {
        int64_t n = pg_int_at(&found, i, 0) - 1;
        if (n >= 0 && n < 2 * rows->count) {
            owner[n] = pg_int_at(&found, i, 1);
            plain[n] = pg_int_at(&found, i, 2) != 0;
        }
    }
    pg_done(&found);
    for (int i = 0; i < rows->count; i++) {
        int64_t id = pg_int_at(rows, i, 0);
        if (owner[2 * i] != id || plain[2 * i])
            pg_say(k, "events", id, "its event_id is not kept for it: the same conversion would be sent again");
        if (keys[2 * i + 1].len && owner[2 * i + 1] == 0)
            pg_say(k, "events", id, "the event_id that it would have had is not kept: a repeat that comes without would be sent again");
    }
    k->out->events += rows->count;
    return 0;
}

static int walk(struct pg_check *k, enum pg_sql page, int (*check)(struct pg_check *, const struct pg_rows_read *, struct err *),
                struct err *err)
{
    int64_t after = INT64_MIN;
    int n = PAGE, rc = 0;

    while (rc == 0 && n == PAGE) {
        struct pg_rows_read rows;
        struct pg_call c;
        arena_reset(&k->s->scratch);
        pg_start(&c, k->s, page);
        pg_int(&c, after);
        pg_int(&c, PAGE);
        if (pg_run(&c, &rows, err) != 0)
            return -1;
        if ((n = rows.count) != 0)
            after = pg_int_at(&rows, n - 1, 0);
        rc = check(k, &rows, err);
        pg_done(&rows);
    }
    return rc;
}

/* ---- counts ---- */

static int check_counts(struct pg_check *k, struct err *err)
{
    static const char *const names[] = { "clicks", "postbacks", "waiting", "sending", "delivered", "dead", "quarantined",
                                         "withdrawn" };
    struct pg_rows_read rows;
    struct pg_call c;

    pg_start(&c, k->s, PG_COUNT_ROWS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < 8; i++)
        if (pg_int_at(&rows, 0, i) != pg_int_at(&rows, 0, i + 8))
            pg_say(k, "writers", 0, "%s: their counts add up to %lld, the rows are %lld", names[i],
                (long long)pg_int_at(&rows, 0, i + 8), (long long)pg_int_at(&rows, 0, i));
    pg_done(&rows);
    pg_start(&c, k->s, PG_COUNT_ATTEMPTS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    k->out->attempts = pg_int_at(&rows, 0, 0);
    pg_done(&rows);
    return 0;
}

int pg_verify(struct pg *s, verify_report *report, void *context, struct verify_result *out, struct err *err)
{
    struct pg_check k = { s, report, context, out };

    *out = (struct verify_result){ 0 };
    if (walk(&k, PG_CHECK_CLICKS, check_clicks, err) != 0 || walk(&k, PG_CHECK_POSTBACKS, check_postbacks, err) != 0 ||
        walk(&k, PG_CHECK_EVENTS, check_events, err) != 0 || ask(&k, err) != 0 || check_counts(&k, err) != 0)
        return -1;
    if (out->findings == 0 && pg_check_hours(&k, err) != 0) /* else they would only say the same again */
        return -1;
    return out->findings != 0;
}

int store_pg_verify(const char *url, verify_report *report, void *context, struct verify_result *out, struct err *err)
{
    struct store *store = pg_open(url, false, false, err);
    struct pg *s = (struct pg *)store;
    struct pg_rows_read rows;
    struct pg_call c;
    int rc = -1;

    if (!store)
        return -1;
    if (pg_simple(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err) == 0)
        rc = pg_verify(s, report, context, out, err);
    if (rc >= 0) {
        pg_start(&c, s, PG_WRITERS_ALIVE);
        pg_int(&c, -1);
        pg_name(&c, S(""));
        if (pg_run(&c, &rows, err) != 0) {
            rc = -1;
        } else {
            out->running = rows.count != 0;
            pg_done(&rows);
        }
    }
    store_close(store);
    return rc;
}
