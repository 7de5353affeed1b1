/* Days of the ledger in a database: dropped whole when nothing in them waits, and what is left of them goes; an import
 * is all or nothing; verify finds what does not agree. */
#include "tests/unit/store_case.h"

#include <libpq-fe.h>

#include "adapters/store/ledger.h"
#include "adapters/store/pg.h"
#include "adapters/store/verify.h"

struct place {
    struct fixture f;
    char url[300], schema[40];
    PGconn *db;
    int64_t today; /* days since 2020 */
    struct buf findings;
};

static void sql(struct place *p, const char *text)
{
    PGresult *r = PQexec(p->db, text);

    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQresultErrorMessage(r));
    PQclear(r);
}

static int64_t ask(struct place *p, const char *text)
{
    PGresult *r = PQexec(p->db, text);
    int64_t n;

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQresultErrorMessage(r));
    n = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    return n;
}

static int setup(void **state)
{
    const char *url = getenv("CLICKBATON_TEST_PG");
    struct place *p = calloc(1, sizeof(*p));
    static int number;
    char text[120];

    assert_non_null(url);
    assert_non_null(p);
    arena_init(&p->f.arena, (size_t)64 << 20);
    snprintf(p->schema, sizeof(p->schema), "days_%ld_%d", (long)getpid(), number++);
    p->db = PQconnectdb(url);
    sql(p, "SET client_min_messages = error");
    snprintf(text, sizeof(text), "CREATE SCHEMA %s; SET search_path = %s", p->schema, p->schema);
    sql(p, text);
    snprintf(p->url, sizeof(p->url), "%s&options=-csearch_path%%3D%s", url, p->schema);
    p->today = ask(p, "SELECT (extract(epoch FROM clock_timestamp())::bigint - 1577836800) / 86400");
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char text[120];

    store_close(p->f.s);
    snprintf(text, sizeof(text), "DROP SCHEMA %s CASCADE", p->schema);
    sql(p, text);
    PQfinish(p->db);
    arena_free(&p->f.arena);
    buf_free(&p->findings);
    free(p);
    return 0;
}

/* ---- a ledger of days ---- */

/* `each` conversions on every day in `ages` (days ago): one attempt a day delivers all but the last, which waits where
 * waits says so.  Each first postback takes something back, each second is quarantined but has an event. */
struct days {
    int count, each;
    int ages[4];
    bool waits[4];
};

static long long id_of(struct place *p, int age, int n)
{
    return (long long)(pg_day_first(p->today - age) + ((int64_t)3600 << 21) + n);
}

static void event_of(struct place *p, const struct days *d, int day, int n, int64_t at, struct buf *to)
{
    long long id = id_of(p, d->ages[day], n);
    bool open = n == d->each && d->waits[day];

    buf_printf(to, "{\"row\":\"event\",\"id\":%lld,\"postback\":%lld,\"created\":%lld,\"offer\":\"o\",\"pixel\":\"C9\","
               "\"event\":\"Purchase\",\"event_id\":\"e%lld\",\"click_id\":\"c%lld\",\"state\":%d,\"due\":%lld,\"attempts\":%d", id, id,
               (long long)at, id, id, open ? 1 : 3, (long long)at, !open);
    if (!open)
        buf_printf(to, ",\"tries\":[%lld]", id_of(p, d->ages[day], 1));
    buf_puts(to, ",\"body\":\"{}\"}\n");
}

static void rows_of(struct place *p, const struct days *d, char what, struct buf *to)
{
    for (int day = 0; day < d->count; day++) {
        int64_t at = pg_day_ms(p->today - d->ages[day]) + 3600000;
        for (int n = 1; n <= (what == 'a' ? 1 : d->each); n++) {
            long long id = id_of(p, d->ages[day], n);
            if (what == 'c')
                buf_printf(to, "{\"row\":\"click\",\"id\":%lld,\"offer\":\"o\",\"at\":%lld,\"keyed\":0,\"click_id\":\"c%lld\"}\n", id,
                           (long long)at / 1000, id);
            else if (what == 'p')
                buf_printf(to, "{\"row\":\"postback\",\"id\":%lld,\"at\":%lld,\"offer\":\"o\",\"stage\":\"%s\",\"verdict\":%d,"
                           "\"click_id\":\"c%lld\",\"params\":\"ip=1\"}\n", id, (long long)at, n == 1 ? "rejected" : "sale",
                           n == 2 ? 4 : 1, id);
            else if (what == 'a')
                buf_printf(to, "{\"row\":\"attempt\",\"id\":%lld,\"at\":%lld,\"took_ms\":5,\"pixel\":\"C9\",\"http_status\":200,"
                           "\"code\":0}\n", id, (long long)at + 1000);
            else
                event_of(p, d, day, n, at, to);
        }
    }
}

static void ledger_of(struct place *p, const struct days *d, struct buf *to)
{
    long long last = id_of(p, d->ages[d->count - 1], d->each);

    buf_printf(to, "{\"row\":\"ledger\",\"version\":1,\"newest\":\"2026-01-01T00:00:00Z\",\"whole\":1,\"last_click\":%lld,"
               "\"last_postback\":%lld,\"last_event\":%lld,\"last_attempt\":%lld,\"gone_postback\":0,\"gone_attempt\":0}\n", last,
               last, last, last);
    rows_of(p, d, 'c', to);
    rows_of(p, d, 'p', to);
    rows_of(p, d, 'a', to);
    rows_of(p, d, 'e', to);
    buf_printf(to, "{\"row\":\"end\",\"clicks\":%d,\"postbacks\":%d,\"attempts\":%d,\"events\":%d}\n", d->count * d->each,
               d->count * d->each, d->count, d->count * d->each);
}

/* 0: imported; else as the call that refused said. */
static int import_text(struct place *p, struct slice text)
{
    struct ledger_import *im = store_pg_import(p->url, &p->f.err);
    struct slice line;
    struct ledger_row row;
    size_t column;
    int rc = im ? 0 : -1;

    while (rc == 0 && slice_next(&text, '\n', &line) && line.len) {
        struct arena arena;
        arena_init(&arena, (size_t)1 << 20);
        rc = ledger_parse(line, &arena, &row, &column, &p->f.err);
        if (rc == 0)
            rc = ledger_import_put(im, &row, &p->f.err);
        arena_free(&arena);
    }
    if (rc == 0)
        rc = ledger_import_finish(im, &p->f.err);
    ledger_import_close(im);
    return rc;
}

static void fill(struct place *p, const struct days *d)
{
    struct buf b = { 0 };

    ledger_of(p, d, &b);
    OK(&p->f, import_text(p, buf_slice(&b)));
    buf_free(&b);
    p->f.s = pg_open(p->url, true, false, &p->f.err);
    if (!p->f.s)
        fail_msg("%s", p->f.err.text);
}

static void finding(void *context, const struct verify_finding *v)
{
    struct place *p = context;

    buf_printf(&p->findings, "%s %lld: %s\n", v->where, (long long)v->row, v->text);
}

static void assert_whole(struct place *p)
{
    struct verify_result r;
    int rc;

    buf_clear(&p->findings);
    rc = store_pg_verify(p->url, finding, p, &r, &p->f.err);
    if (rc != 0)
        fail_msg("%s%.*s", rc < 0 ? p->f.err.text : "", (int)p->findings.len, p->findings.ptr);
}

/* ---- retention ---- */

static struct slice same_params(void *context, struct slice offer, struct slice params, struct arena *arena)
{
    (void)context;
    (void)offer;
    (void)arena;
    return params;
}

static struct slice same_body(void *context, struct slice body, struct arena *arena)
{
    (void)context;
    (void)arena;
    return body;
}

static struct store_retained retain_all(struct place *p, int64_t ledger)
{
    const struct store_retention how = { .ledger = ledger, .cut_params = same_params, .cut_body = same_body, .rows = 7 };
    struct store_retained all = { 0 }, one;
    int more = 1;

    for (int steps = 0; more == 1; steps++) {
        assert_true(steps < 500);
        OK(&p->f, store_begin(p->f.s, &p->f.err));
        if ((more = store_retain(p->f.s, &how, &one, &p->f.err)) < 0)
            fail_msg("%s", p->f.err.text);
        OK(&p->f, store_commit(p->f.s, &p->f.err));
        all.postbacks += one.postbacks;
        all.events += one.events;
        all.attempts += one.attempts;
    }
    return all;
}

static void look_now(struct place *p)
{
    ((struct pg *)p->f.s)->old.again_at = 0; /* a minute has gone by */
}

static int64_t tables(struct place *p, int age)
{
    char text[400], name[PG_DAY_NAME];

    pg_day_name("x", p->today - age, name);
    snprintf(text, sizeof(text), "SELECT count(*) FROM information_schema.tables WHERE table_schema = '%s' AND table_name LIKE '%%%s'",
             p->schema, name + 1);
    return ask(p, text);
}

static void assert_left(struct place *p, int64_t waiting, int64_t delivered, int64_t quarantined, int64_t marks)
{
    struct store_counts c;

    OK(&p->f, store_counts(p->f.s, &c, &p->f.err));
    assert_int_equal(c.waiting, waiting);
    assert_int_equal(c.delivered, delivered);
    assert_int_equal(c.postbacks, waiting + delivered);
    assert_int_equal(c.quarantined, quarantined);
    assert_int_equal(ask(p, "SELECT count(*) FROM deliveries"), waiting + delivered);
    assert_int_equal(ask(p, "SELECT count(*) FROM event_keys"), waiting + delivered);
    assert_int_equal(ask(p, "SELECT count(*) FROM tries"), delivered);
    assert_int_equal(ask(p, "SELECT count(*) FROM marks"), marks);
    assert_whole(p);
}

static void test_drop(void **state)
{
    struct place *p = *state;
    const struct days d = { 4, 10, { 100, 99, 50, 0 }, { false, true, false, false } };
    struct store_retained gone;
    struct store_event ev;

    fill(p, &d);
    assert_true(tables(p, 100) == 4 && tables(p, 99) == 4 && tables(p, 50) == 4);
    assert_left(p, 1, 39, 4, 4);
    gone = retain_all(p, pg_day_ms(p->today - 99) - 1); /* a day is old when all of it is */
    assert_int_equal(gone.postbacks + gone.events + gone.attempts, 0);

    look_now(p);
    gone = retain_all(p, pg_day_ms(p->today - 98));
    assert_int_equal(gone.postbacks, 10 + 9); /* one day whole, and of the next what does not wait */
    assert_int_equal(gone.events, 10 + 9);
    assert_int_equal(gone.attempts, 2);
    assert_true(tables(p, 100) == 0 && tables(p, 99) == 4);
    assert_left(p, 1, 20, 2, 2);

    /* It is done, and the day goes; the same conversion is a new one then. */
    sql(p, "UPDATE deliveries SET state = 3 WHERE state = 1");
    sql(p, "UPDATE writers SET waiting = waiting - 1, delivered = delivered + 1 WHERE number = 0");
    look_now(p);
    gone = retain_all(p, pg_day_ms(p->today - 98));
    assert_true(gone.postbacks == 1 && gone.events == 1);
    assert_int_equal(tables(p, 99), 0);
    assert_left(p, 0, 20, 2, 2);
    ev = (struct store_event){ .offer = S("o"), .pixel = S("C9"), .event = S("Purchase"), .created = pg_day_ms(p->today),
                               .body = S("{}"), .event_id = arena_printf(&p->f.arena, "e%lld", id_of(p, 99, 10)) };
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    GIVES(&p->f, 0, store_event_put(p->f.s, &ev, NULL, &p->f.err));
    ev.event_id = arena_printf(&p->f.arena, "e%lld", id_of(p, 50, 10));
    GIVES(&p->f, 1, store_event_put(p->f.s, &ev, NULL, &p->f.err));
    OK(&p->f, store_commit(p->f.s, &p->f.err));
    assert_true(tables(p, 0) == 4 && tables(p, -1) == 4);
}

/* Somebody reads: the day stays, and nobody waits for it long; when he has done, it goes. */
static void test_lock(void **state)
{
    struct place *p = *state;
    const struct days d = { 2, 3, { 100, 0 }, { false, false } };
    struct store_retained gone;
    int64_t before;

    fill(p, &d);
    sql(p, "BEGIN");
    ask(p, "SELECT count(*) FROM events");
    before = pg_boot_us();
    gone = retain_all(p, pg_day_ms(p->today - 90));
    assert_true(pg_boot_us() - before < 2000000);
    assert_int_equal(gone.postbacks + gone.events, 0);
    sql(p, "COMMIT");
    assert_int_equal(tables(p, 100), 4);
    gone = retain_all(p, pg_day_ms(p->today - 90)); /* not so soon again */
    assert_int_equal(gone.postbacks, 0);
    look_now(p);
    gone = retain_all(p, pg_day_ms(p->today - 90));
    assert_true(gone.postbacks == 3 && gone.events == 3 && gone.attempts == 1);
    assert_int_equal(tables(p, 100), 0);
    assert_left(p, 0, 3, 1, 1);
}

/* A postback that was replayed today keeps its day while its event waits. */
static void test_replayed(void **state)
{
    struct place *p = *state;
    const struct days d = { 2, 3, { 100, 0 }, { false, false } };
    struct store_event ev = { .offer = S("o"), .pixel = S("C9"), .event = S("Lead"), .event_id = S("x"), .body = S("{}"),
                              .created = pg_day_ms(p->today), .postback_id = id_of(p, 100, 2) };

    fill(p, &d);
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    GIVES(&p->f, 0, store_event_put(p->f.s, &ev, NULL, &p->f.err));
    OK(&p->f, store_commit(p->f.s, &p->f.err));
    retain_all(p, pg_day_ms(p->today - 90));
    assert_int_equal(tables(p, 100), 4);
    assert_int_equal(ask(p, "SELECT count(*) FROM postbacks"), 3 + 1);
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    GIVES(&p->f, 1, store_event_again(p->f.s, id_of(p, 100, 1), 1, true, S("n"), &p->f.err)); /* it is gone */
    store_rollback(p->f.s);
    assert_whole(p);
}

/* ---- an import ---- */

static void swap(struct slice text, const char *find, const char *put, struct buf *to)
{
    size_t at = slice_find(text, slice_from(find));

    assert_true(at < text.len);
    buf_add(to, slice_head(text, at));
    buf_puts(to, put);
    buf_add(to, slice_from_at(text, at + strlen(find)));
}

static void test_refused(void **state)
{
    static const struct {
        const char *find, *put, *says;
    } bad[] = {
        { "\"row\":\"end\",\"clicks\":6", "\"row\":\"end\",\"clicks\":5", "the file should hold 5 clicks and holds 6: lines are missing" },
        { "\"due\":", "\"unknown_since\":", "\"due\" is missing" },
        { "\"click_id\":\"c", "\"ttp\":\"c", "a click needs \"click_id\" or \"ttclid\"" },
        { "\"tries\":[", "\"tries\":[1,", "the export contradicts itself: tries " },
        { ",\"postback\":", ",\"postback\":1", "the export contradicts itself: events " },
        { "\"keyed\":0", "\"keyed\":x", "this is not JSON" },
    };
    struct place *p = *state;
    const struct days d = { 2, 3, { 3, 0 }, { false, false } };
    struct buf b = { 0 };

    ledger_of(p, &d, &b);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf changed = { 0 };
        swap(buf_slice(&b), bad[i].find, bad[i].put, &changed);
        GIVES(&p->f, -1, import_text(p, buf_slice(&changed)));
        if (strncmp(p->f.err.text, bad[i].says, strlen(bad[i].says)) != 0)
            fail_msg("%zu: %s", i, p->f.err.text);
        assert_int_equal(p->f.err.kind, ERR_INPUT);
        assert_int_equal(ask(p, "SELECT (SELECT count(*) FROM clicks) + (SELECT count(*) FROM postbacks) + (SELECT count(*)"
                                " FROM events) + (SELECT count(*) FROM tallies) + (SELECT count(*) FROM event_keys)"
                                " + (SELECT count(*) FROM meta WHERE key = 'filling')"), 0);
        buf_free(&changed);
    }
    buf_free(&b);
    fill(p, &d);
    assert_left(p, 0, 6, 2, 2);
    store_close(p->f.s);
    p->f.s = NULL;
    GIVES(&p->f, -1, import_text(p, S("{}\n")));
    assert_non_null(strstr(p->f.err.text, "a store is there already; take an empty database"));
}

/* Two events of one pixel and name with the same event_id: in one batch. */
static void test_doubled(void **state)
{
    struct place *p = *state;
    const struct days d = { 1, 3, { 0 }, { false } };
    struct buf b = { 0 }, changed = { 0 };
    char find[60], put[60];

    ledger_of(p, &d, &b);
    snprintf(find, sizeof(find), "\"event_id\":\"e%lld\"", id_of(p, 0, 3));
    snprintf(put, sizeof(put), "\"event_id\":\"e%lld\"", id_of(p, 0, 1));
    swap(buf_slice(&b), find, put, &changed);
    GIVES(&p->f, -1, import_text(p, buf_slice(&changed)));
    snprintf(find, sizeof(find), "the event %lld has the pixel, name and", id_of(p, 0, 3));
    if (strncmp(p->f.err.text, find, strlen(find)) != 0)
        fail_msg("%s", p->f.err.text);
    buf_free(&b);
    buf_free(&changed);
}

/* ---- verify ---- */

static const char *const kept[] = { "deliveries", "events", "postbacks", "tries", "attempts", "event_keys", "marks", "writers",
                                    "clicks", "tallies" };

static void test_findings(void **state)
{
    static const struct {
        const char *damage, *says;
    } cases[] = {
        { "DELETE FROM deliveries WHERE event = (SELECT max(event) FROM deliveries)", "it has no state: its row in deliveries is gone" },
        { "UPDATE deliveries SET event = event + 9 WHERE event = (SELECT max(event) FROM deliveries)", "the event that it belongs to is gone" },
        { "UPDATE deliveries SET state = 7 WHERE event = (SELECT max(event) FROM deliveries)", ": 7 is no state" },
        { "UPDATE deliveries SET state = 2 WHERE event = (SELECT max(event) FROM deliveries)", "no lease ends" },
        { "UPDATE deliveries SET pixel = 'D' WHERE event = (SELECT max(event) FROM deliveries)", "not that of its event" },
        { "UPDATE events SET postback = postback + 77 WHERE id = (SELECT max(id) FROM events)", "its postback" },
        { "UPDATE postbacks SET verdict = 9 WHERE id = (SELECT max(id) FROM postbacks)", ": 9 is no verdict" },
        { "DELETE FROM tries WHERE event = (SELECT max(event) FROM tries);"
          "INSERT INTO tries VALUES((SELECT max(id) + 1 FROM events), (SELECT max(id) FROM attempts))",
          "tries" },
        { "DELETE FROM attempts WHERE id = (SELECT max(id) FROM attempts)", "its attempt" },
        { "UPDATE event_keys SET event = 5 WHERE event = (SELECT max(event) FROM event_keys)", "its event_id is not kept for it" },
        { "DELETE FROM event_keys WHERE event = (SELECT max(event) FROM event_keys)", "the same conversion would be sent again" },
        { "DELETE FROM marks WHERE postback = (SELECT max(postback) FROM marks)", "its click is not marked" },
        { "INSERT INTO marks VALUES(3, (SELECT max(id) + 1 FROM postbacks))", "the postback that it belongs to is gone" },
        { "UPDATE writers SET last_click = 5", "no writer has given this id" },
        { "UPDATE writers SET delivered = delivered + 1 WHERE number = 0", "delivered: their counts add up to 7, the rows are 6" },
        { "UPDATE clicks SET click_hash = 1 WHERE id = (SELECT max(id) FROM clicks)", "it is not found by its click_id" },
        { "UPDATE clicks SET offer = 'x' WHERE id = (SELECT max(id) FROM clicks)", "its key is not that of its offer and ids" },
        { "UPDATE events SET event_hash = NULL WHERE id = (SELECT max(id) FROM events)", "it is not found by its event_id" },
        { "UPDATE postbacks SET click_id = 'y' WHERE id = (SELECT max(id) FROM postbacks)", "it is not found by its click_id" },
        { "UPDATE tallies SET n = n + 1 WHERE kind = 2 AND slot = 4", "postbacks sale (4) says 2, the rows say 1" },
        { "DELETE FROM tallies WHERE kind = 5 AND slot = 3", "events Purchase (3) says 0, the rows say 3" },
    };
    struct place *p = *state;
    const struct days d = { 2, 3, { 3, 0 }, { false, false } };
    struct verify_result r;
    char text[200];

    fill(p, &d);
    store_close(p->f.s);
    p->f.s = NULL;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t t = 0; t < COUNT(kept); t++) {
            snprintf(text, sizeof(text), "CREATE TEMP TABLE keep_%s AS TABLE %s", kept[t], kept[t]);
            sql(p, text);
        }
        sql(p, cases[i].damage);
        buf_clear(&p->findings);
        GIVES(&p->f, 1, store_pg_verify(p->url, finding, p, &r, &p->f.err));
        buf_byte(&p->findings, '\0');
        if (!strstr(p->findings.ptr, cases[i].says))
            fail_msg("%s: %s", cases[i].damage, p->findings.ptr);
        for (size_t t = 0; t < COUNT(kept); t++) {
            snprintf(text, sizeof(text), "TRUNCATE %s; INSERT INTO %s SELECT * FROM keep_%s; DROP TABLE keep_%s", kept[t], kept[t],
                     kept[t], kept[t]);
            sql(p, text);
        }
        assert_whole(p);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_drop), TEST(test_lock), TEST(test_replayed), TEST(test_refused),
                                        TEST(test_doubled), TEST(test_findings) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
