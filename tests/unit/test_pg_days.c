/* Days of the ledger in a database: dropped whole when nothing in them waits, and what is left of them goes; an import
 * is all or nothing; verify finds what does not agree. */
#include "tests/unit/store_case.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

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

/* Tables are made for so many days; 0: as many as without retention. */
static void set_span(struct place *p, int64_t days)
{
    char text[100];

    store_close(pg_open(p->url, false, false, &p->f.err)); /* a reader makes nothing */
    p->f.s = pg_open(p->url, true, true, &p->f.err);
    assert_non_null(p->f.s);
    store_close(p->f.s);
    p->f.s = NULL;
    snprintf(text, sizeof(text), "INSERT INTO meta(key, value) VALUES('span', %lld)", (long long)days);
    if (days)
        sql(p, text);
}

static void fill_spans(struct place *p, const struct days *d, int64_t span)
{
    struct buf b = { 0 };

    set_span(p, span);
    ledger_of(p, d, &b);
    OK(&p->f, import_text(p, buf_slice(&b)));
    buf_free(&b);
    p->f.s = pg_open(p->url, true, false, &p->f.err);
    if (!p->f.s)
        fail_msg("%s", p->f.err.text);
}

static void fill(struct place *p, const struct days *d)
{
    fill_spans(p, d, 1);
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
        all.busy |= one.busy;
    }
    return all;
}

static void look_now(struct place *p)
{
    ((struct pg *)p->f.s)->old.again_at = 0; /* a minute has gone by */
}

/* How many tables have this day, by their names. */
static int64_t tables(struct place *p, int age)
{
    char text[700];

    snprintf(text, sizeof(text), "SELECT count(*) FROM (SELECT to_date(substring(n FROM '_([0-9]{8})'), 'YYYYMMDD') AS first,"
             " coalesce(substring(n FROM '_[0-9]{8}_([0-9]+)$'), '1')::int AS days FROM (SELECT table_name::text AS n FROM"
             " information_schema.tables WHERE table_schema = '%s') t WHERE n ~ '_2[0-9]{7}') s WHERE DATE '2020-01-01' + %lld BETWEEN"
             " first AND first + days - 1", p->schema, (long long)p->today - age);
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
    assert_true(gone.busy);
    sql(p, "COMMIT");
    assert_int_equal(tables(p, 100), 4);
    gone = retain_all(p, pg_day_ms(p->today - 90)); /* not so soon again */
    assert_int_equal(gone.postbacks, 0);
    look_now(p);
    gone = retain_all(p, pg_day_ms(p->today - 90));
    assert_true(gone.postbacks == 3 && gone.events == 3 && gone.attempts == 1 && !gone.busy);
    assert_int_equal(tables(p, 100), 0);
    assert_left(p, 0, 3, 1, 1);
}

/* Where something waits nobody is to be locked out for that. */
static void test_no_lock(void **state)
{
    struct place *p = *state;
    const struct days d = { 2, 3, { 100, 0 }, { true, false } };

    fill(p, &d);
    sql(p, "BEGIN");
    ask(p, "SELECT count(*) FROM events");
    assert_false(retain_all(p, pg_day_ms(p->today - 90)).busy);
    sql(p, "COMMIT");
    assert_int_equal(tables(p, 100), 4);
}

/* One server has counted what is in a table; before it drops that, another finds that something waits there and removes what does not:
 * each row is taken off the counts once. */
static void test_counted_by_two(void **state)
{
    struct place *p = *state;
    const struct days d = { 2, 3, { 100, 0 }, { true, false } };
    const struct store_retention how = { .ledger = pg_day_ms(p->today - 90), .cut_params = same_params, .cut_body = same_body, .rows = 7 };
    struct store *other;
    struct store_retained one;
    struct pg_old *o;

    fill(p, &d);
    other = pg_open(p->url, true, false, &p->f.err);
    assert_non_null(other);
    o = &((struct pg *)other)->old;
    for (int steps = 0; !o->counted[0] || !o->counted[1]; steps++) {
        assert_true(steps < 5);
        OK(&p->f, store_begin(other, &p->f.err));
        GIVES(&p->f, 1, store_retain(other, &how, &one, &p->f.err));
        OK(&p->f, store_commit(other, &p->f.err));
    }
    assert_int_equal(o->n[0], 3);
    assert_int_equal(retain_all(p, how.ledger).postbacks, 2);
    sql(p, "UPDATE deliveries SET state = 3 WHERE state = 1");
    sql(p, "UPDATE writers SET waiting = waiting - 1, delivered = delivered + 1 WHERE number = 0");
    for (int more = 1; more == 1;) {
        OK(&p->f, store_begin(other, &p->f.err));
        more = store_retain(other, &how, &one, &p->f.err);
        assert_true(more >= 0);
        OK(&p->f, store_commit(other, &p->f.err));
    }
    store_close(other);
    assert_int_equal(tables(p, 100), 0);
    assert_left(p, 0, 3, 1, 1);
}

/* Marks may be as many as postbacks: they go in steps, when the locks are free again. */
static void test_marks(void **state)
{
    struct place *p = *state;
    const struct days d = { 2, 3, { 100, 0 }, { false, false } };
    const struct store_retention how = { .ledger = pg_day_ms(p->today - 90), .cut_params = same_params, .cut_body = same_body, .rows = 7 };
    struct store_retained one;
    char text[160];

    fill(p, &d);
    snprintf(text, sizeof(text), "INSERT INTO marks SELECT g, %lld FROM generate_series(1, 30) g", (long long)id_of(p, 100, 0));
    sql(p, text);
    for (int steps = 0; tables(p, 100) != 0; steps++) {
        assert_true(steps < 50);
        OK(&p->f, store_begin(p->f.s, &p->f.err));
        GIVES(&p->f, 1, store_retain(p->f.s, &how, &one, &p->f.err));
        OK(&p->f, store_commit(p->f.s, &p->f.err));
    }
    assert_true(ask(p, "SELECT count(*) FROM marks") >= 30);
    retain_all(p, pg_day_ms(p->today - 90));
    assert_left(p, 0, 3, 1, 1);
}

/* Somebody reads for long, and retention tries again and again: postbacks go on meanwhile. */
struct trying {
    struct place *p;
    struct store *s;
    atomic_bool stop;
    int tries, busy;
};

static void *try_on(void *context)
{
    struct trying *t = context;
    const struct store_retention how = { .ledger = pg_day_ms(t->p->today - 90), .cut_params = same_params, .cut_body = same_body,
                                         .rows = 7 };
    struct store_retained one;
    struct err err;

    while (!atomic_load(&t->stop)) {
        ((struct pg *)t->s)->old.again_at = 0;
        if (store_begin(t->s, &err) != 0 || store_retain(t->s, &how, &one, &err) < 0 || store_commit(t->s, &err) != 0)
            break;
        t->tries++;
        t->busy += one.busy;
    }
    return NULL;
}

static void test_long_reader(void **state)
{
    struct place *p = *state;
    const struct days d = { 2, 3, { 100, 0 }, { false, false } };
    struct trying t = { .p = p };
    int64_t most = 0;
    pthread_t thread;

    fill(p, &d);
    t.s = pg_open(p->url, true, false, &p->f.err);
    assert_non_null(t.s);
    sql(p, "BEGIN");
    ask(p, "SELECT count(*) FROM events");
    assert_int_equal(pthread_create(&thread, NULL, try_on, &t), 0);
    for (int i = 0; i < 100 || (t.busy < 3 && i < 2000); i++) {
        struct store_postback pb = { .at = pg_day_ms(p->today), .offer = S("o"), .verdict = STORE_IGNORED };
        int64_t began = pg_boot_us();
        OK(&p->f, store_begin(p->f.s, &p->f.err));
        OK(&p->f, store_postback_put(p->f.s, &pb, &p->f.err));
        OK(&p->f, store_commit(p->f.s, &p->f.err));
        most = pg_boot_us() - began > most ? pg_boot_us() - began : most;
    }
    atomic_store(&t.stop, true);
    pthread_join(thread, NULL);
    store_close(t.s);
    assert_true(t.tries >= 3 && t.busy >= 3);
    if (most > 2000000) /* 50 ms and a busy machine; a lock that is waited for as others are: 5 s and more */
        fail_msg("a postback took %lld ms", (long long)most / 1000);
    sql(p, "COMMIT");
    assert_int_equal(tables(p, 100), 4);
    look_now(p);
    assert_int_equal(retain_all(p, pg_day_ms(p->today - 90)).events, 3);
    assert_int_equal(tables(p, 100), 0);
}

/* ---- tables of several days ---- */

static void test_week(void **state)
{
    struct place *p = *state;
    const struct days d = { 4, 3, { 100, 94, 50, 0 }, { false, false, false, false } };
    struct store_retained gone;
    int64_t days[2];

    fill_spans(p, &d, 0);
    for (int i = 0; i < 2; i++) {
        days[i] = p->today - d.ages[i];
        days[i] += 7 - days[i] % 7; /* its table has no day from here on */
    }
    assert_int_equal(ask(p, "SELECT count(DISTINCT tableoid) FROM events"), days[0] == days[1] ? 3 : 4);
    gone = retain_all(p, pg_day_ms(days[0]) - 1);
    assert_int_equal(gone.events, 0);
    assert_left(p, 0, 12, 4, 4);
    look_now(p);
    gone = retain_all(p, pg_day_ms(days[0]));
    assert_int_equal(gone.events, days[0] == days[1] ? 6 : 3);
    assert_true(tables(p, 100) == 0 && tables(p, 50) == 4 && tables(p, 0) == 4);
    assert_left(p, 0, 12 - gone.events, days[0] == days[1] ? 2 : 3, days[0] == days[1] ? 2 : 3);
}

/* How many days a table has follows from how long the ledger stays; those that are there keep theirs, and none lies over another. */
static void test_spans(void **state)
{
    static const struct {
        int64_t keep, span;
    } cases[] = { { 1, 1 }, { 13, 1 }, { 14, 2 }, { 30, 3 }, { 90, 7 }, { 365, 29 }, { 400, 31 }, { 4000, 31 } };
    struct place *p = *state;
    const struct days d = { 1, 2, { 20 }, { false } };
    struct pg *s;

    fill(p, &d); /* a table of one day */
    s = (struct pg *)p->f.s;
    for (size_t i = 0; i < COUNT(cases); i++) {
        OK(&p->f, store_begin(p->f.s, &p->f.err));
        OK(&p->f, pg_span_keep(s, cases[i].keep * 86400000, &p->f.err));
        OK(&p->f, store_commit(p->f.s, &p->f.err));
        assert_int_equal(ask(p, "SELECT value FROM meta WHERE key = 'span'"), cases[i].span);
    }
    sql(p, "UPDATE meta SET value = 7 WHERE key = 'span'");
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    for (int age = 60; age >= 3; age--)
        OK(&p->f, pg_days_need(s, id_of(p, age, 0), &p->f.err));
    OK(&p->f, store_commit(p->f.s, &p->f.err));
    for (int age = 60; age >= 3; age--)
        assert_int_equal(tables(p, age), 4);
    assert_true(ask(p, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass") <= 58 / 7 + 2 + 2 + 2);
    sql(p, "UPDATE meta SET value = 9000 WHERE key = 'span'"); /* whoever has written that */
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    OK(&p->f, pg_days_need(s, id_of(p, 150, 0), &p->f.err));
    OK(&p->f, store_commit(p->f.s, &p->f.err));
    assert_int_equal(tables(p, 150), 4);
    assert_int_equal(tables(p, 150 - 8), 0);
}

/* Somebody holds a lock at midnight that only the making of tables minds (ANALYZE, CREATE INDEX CONCURRENTLY): postbacks go on. */
static void test_tomorrow(void **state)
{
    struct place *p = *state;
    const struct days d = { 1, 2, { 0 }, { false } };
    struct pg *s;
    int64_t began;

    fill(p, &d);
    s = (struct pg *)p->f.s;
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    store_rollback(p->f.s);
    assert_true(tables(p, -1) == 4 && s->days_until == p->today + 1);
    for (int i = 0; i < PG_DAY_TABLES; i++) {
        char text[80], name[PG_SPAN_NAME];
        pg_span_name(pg_day_tables[i], (struct pg_span){ p->today + 1, p->today + 2 }, name);
        snprintf(text, sizeof(text), "DROP TABLE %s", name);
        sql(p, text);
    }
    s->days_until = p->today;
    s->days_again = 0;
    sql(p, "BEGIN; LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE");
    began = pg_boot_us();
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    store_rollback(p->f.s);
    assert_true(pg_boot_us() - began < 2000000);
    assert_true(s->days_until == p->today && tables(p, -1) == 0);
    sql(p, "COMMIT");
    OK(&p->f, store_begin(p->f.s, &p->f.err)); /* not so soon again */
    store_rollback(p->f.s);
    assert_int_equal(tables(p, -1), 0);
    s->days_again = 0;
    OK(&p->f, store_begin(p->f.s, &p->f.err));
    store_rollback(p->f.s);
    assert_true(s->days_until == p->today + 1 && tables(p, -1) == 4);
}

/* ---- since a moment ---- */

struct seen {
    int64_t ids[64];
    int count;
};

static int see_brief(void *context, const struct store_brief *pb, struct err *err)
{
    struct seen *s = context;

    (void)err;
    assert_true(s->count < 64);
    s->ids[s->count++] = pb->id;
    return 0;
}

static int see_event(void *context, const struct store_event *ev, struct err *err)
{
    return see_brief(context, &(struct store_brief){ .id = ev->id }, err);
}

static int see_fate(void *context, const struct store_fate *ev, struct err *err)
{
    return see_brief(context, &(struct store_brief){ .id = ev->id }, err);
}

static int see_line(void *context, const struct ledger_row *row, struct err *err)
{
    return row->table != LEDGER_POSTBACK ? 0 : see_brief(context, &(struct store_brief){ .id = row->values[0].n }, err);
}

static void assert_seen(struct place *p, const char *sql_text, const struct seen *s)
{
    PGresult *r = PQexec(p->db, sql_text);

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql_text, PQresultErrorMessage(r));
    assert_int_equal(s->count, PQntuples(r));
    for (int i = 0; i < s->count; i++)
        assert_int_equal(s->ids[i], strtoll(PQgetvalue(r, i, 0), NULL, 10));
    PQclear(r);
}

/* Rows whose ids hold a time, and rows of SQLite whose ids were counted; what the database says itself is the oracle. */
static void test_since(void **state)
{
    struct place *p = *state;
    const struct days d = { 4, 5, { 80, 9, 3, 0 }, { false, false, false, false } };
    const int ages[] = { 90, 10, 9, 4, 3, 1, 0 };
    char text[700];

    fill_spans(p, &d, 7);
    for (int i = 0; i < 6; i++) { /* counted ids: the later, the older */
        snprintf(text, sizeof(text), "INSERT INTO postbacks(id, at, offer, verdict) VALUES(%d, %lld, 'o', 3);"
                 "INSERT INTO events(id, created, offer, pixel, event) SELECT id, at, 'o', 'C9', 'Lead' FROM postbacks WHERE id = %d",
                 i + 1, (long long)pg_day_ms(p->today - i * 2), i + 1);
        sql(p, text);
    }
    for (size_t i = 0; i < COUNT(ages); i++) {
        int64_t since = pg_day_ms(p->today - ages[i]), after = 0;
        struct ledger_filter only = { .since = since };
        struct seen s = { .count = 0 };
        struct store_postback *list;
        size_t n;
        do { /* pages that end before, at and behind the seam */
            OK(&p->f, store_list_postbacks(p->f.s, S(""), since, after, 1 + (unsigned)i, &p->f.arena, &list, &n, &p->f.err));
            for (size_t k = 0; k < n; k++)
                s.ids[s.count++] = after = list[k].id;
        } while (n == 1 + i);
        snprintf(text, sizeof(text), "SELECT id FROM postbacks WHERE at >= %lld ORDER BY id", (long long)since);
        assert_seen(p, text, &s);
        s.count = 0;
        OK(&p->f, store_walk_briefs(p->f.s, since, see_brief, &s, &p->f.err));
        assert_seen(p, text, &s);
        s.count = 0;
        OK(&p->f, store_pg_export(p->url, &only, see_line, &s, &p->f.err));
        assert_seen(p, text, &s);
        snprintf(text, sizeof(text), "SELECT id FROM events WHERE created >= %lld ORDER BY id DESC", (long long)since);
        s.count = 0;
        OK(&p->f, store_walk_events(p->f.s, since, see_event, &s, &p->f.err));
        assert_seen(p, text, &s);
        snprintf(text, sizeof(text), "SELECT id FROM events WHERE created >= %lld ORDER BY id", (long long)since);
        s.count = 0;
        OK(&p->f, store_walk_fates(p->f.s, since, false, see_fate, &s, &p->f.err));
        assert_seen(p, text, &s);
    }
}

/* ---- which indexes ---- */

/* Rows of deliveries that the transaction has read so far. */
static int64_t rows_read(struct pg *s)
{
    PGresult *r = PQexec(s->db, "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'deliveries'::regclass");
    int64_t n;

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s", PQresultErrorMessage(r));
    n = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    return n;
}

/* With many that wait, a take and a report read about as many as they are about, whatever the statistics say. */
static void test_little_read(void **state)
{
    static const char *const statistics[] = { "SELECT 1", "ANALYZE" };
    struct place *p = *state;
    const struct days d = { 1, 2, { 0 }, { false } };
    const struct store_attempt a = { .at = 5, .pixel = S("C9"), .code = -1 };

    fill(p, &d);
    sql(p, "INSERT INTO events(id, created, offer, pixel, event, body) SELECT n, 1, 'o', 'C9', 'Lead', '{}' FROM generate_series(1, 20000) n");
    sql(p, "INSERT INTO deliveries(event, pixel, state, due, attempts) SELECT n, 'C9', 1, (n * 7919) % 20011, 0 FROM generate_series(1, 20000) n");
    sql(p, "INSERT INTO deliveries(event, pixel, state, due, attempts) SELECT n, 'C9', 3, n, 1 FROM generate_series(20001, 60000) n");
    for (size_t turn = 0; turn < COUNT(statistics); turn++) {
        struct pg *s = (struct pg *)p->f.s;
        struct store_event *list;
        struct store_outcome *out;
        size_t n;
        sql(p, statistics[turn]);
        OK(&p->f, pg_simple(s, "DISCARD PLANS", &p->f.err));
        OK(&p->f, store_begin(p->f.s, &p->f.err));
        OK(&p->f, store_take(p->f.s, S("C9"), 100000, 3, 200, &p->f.arena, &list, &n, &p->f.err));
        assert_int_equal(n, 200);
        for (size_t i = 1; i < n; i++)
            assert_true(list[i - 1].due < list[i].due);
        assert_in_range(rows_read(s), 200, 4000);
        out = ARENA_ARRAY(&p->f.arena, struct store_outcome, n);
        for (size_t i = 0; i < n; i++)
            out[i] = (struct store_outcome){ .event_id = list[i].id, .state = STORE_WAITING, .due = list[i].due, .unknown = true };
        OK(&p->f, store_report(p->f.s, &a, out, n, &p->f.err));
        OK(&p->f, pg_flush(s, &p->f.err));
        assert_in_range(rows_read(s), 400, 6000);
        store_rollback(p->f.s);
    }
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
    const struct CMUnitTest tests[] = { TEST(test_drop), TEST(test_lock), TEST(test_no_lock), TEST(test_counted_by_two), TEST(test_marks), TEST(test_long_reader), TEST(test_replayed),
                                        TEST(test_week), TEST(test_spans), TEST(test_tomorrow), TEST(test_since),
                                        TEST(test_little_read), TEST(test_refused),
                                        TEST(test_doubled), TEST(test_findings) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
