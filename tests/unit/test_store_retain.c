/* Old rows go in small steps; what waits stays; nothing that stays is lost. */
#include "tests/unit/store_contract.h"


#include "adapters/store/verify.h"

#define DAY   INT64_C(86400000)
#define OLD   (NOW - 100 * DAY)
#define PIXEL S("C9")

static struct slice id(struct fixture *f, const char *what, int64_t n)
{
    return arena_printf(&f->arena, "%s-%lld", what, (long long)n);
}

/* One conversion with its click, as it arrived at `at`. */
static void put_one(struct fixture *f, int64_t n, int64_t at, enum store_verdict verdict)
{
    struct store_click click = { .offer = S("o"), .click_id = id(f, "c", n), .at = at / 1000,
                                 .ip = S("203.0.113.9"), .user_agent = S("Mozilla"),
                                 .ttclid = id(f, "E.C.P.ttclid", n) };
    struct store_postback pb = { .at = at, .offer = S("o"), .click_id = click.click_id,
                                 .ttclid = click.ttclid, .verdict = verdict, .stage = S("sale"),
                                 .params = arena_printf(&f->arena, "ip=203.0.113.9&t=%.*s",
                                                        SLICE_ARG(click.ttclid)) };
    struct store_event ev = { .offer = S("o"), .pixel = PIXEL, .event = S("Purchase"),
                              .event_id = click.click_id, .click_id = click.click_id,
                              .ttclid = click.ttclid, .created = at,
                              .body = arena_printf(&f->arena, "{\"ip\":1,\"t\":\"%.*s\"}",
                                                   SLICE_ARG(click.ttclid)) };

    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    ev.postback_id = pb.id;
    if (verdict == STORE_QUEUED)
        GIVES(f, 0, store_event_put(f->s, &ev, NULL, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
}

static void put_many(struct fixture *f, int64_t from, int64_t count, int64_t at)
{
    for (int64_t n = from; n < from + count; n += 50) {
        OK(f, store_begin(f->s, &f->err));
        for (int64_t i = n; i < n + 50 && i < from + count; i++)
            put_one(f, i, at + (i - from) * 1000, i % 10 ? STORE_QUEUED : STORE_QUARANTINED);
        OK(f, store_commit(f->s, &f->err));
    }
}

/* Of up to `max` waiting events: delivered, but each seventh dead and, before NOW, each eleventh to wait on. */
static void deliver(struct fixture *f, int64_t now, unsigned max)
{
    struct store_attempt a = { .at = now, .pixel = PIXEL, .http_status = 200 };
    struct store_outcome *o;
    struct store_event *list;
    size_t count;

    OK(f, store_begin(f->s, &f->err));
    OK(f, store_take(f->s, PIXEL, now, 0, max, &f->arena, &list, &count, &f->err));
    o = ARENA_ARRAY(&f->arena, struct store_outcome, count);
    for (size_t i = 0; i < count; i++)
        o[i] = (struct store_outcome){ .event_id = list[i].id, .due = NOW + DAY,
                                       .state = now < NOW && list[i].id % 11 == 0 ? STORE_WAITING
                                                : list[i].id % 7 == 0 ? STORE_DEAD
                                                                      : STORE_DELIVERED };
    OK(f, store_report(f->s, &a, o, count, &f->err));
    OK(f, store_commit(f->s, &f->err));
}

static struct slice cut_params(void *context, struct slice offer, struct slice params,
                               struct arena *arena)
{
    (void)context;
    SAME(S("o"), offer);
    return slice_starts(params, S("ip=")) ? arena_dup(arena, slice_from_at(params, 15)) : params;
}

static struct slice cut_body(void *context, struct slice body, struct arena *arena)
{
    (void)context;
    return slice_starts(body, S("{\"ip\":1,"))
               ? arena_printf(arena, "{%.*s", SLICE_ARG(slice_from_at(body, 8))) : body;
}

static struct store_retention ages(int64_t clicks, int64_t ledger, int64_t ip)
{
    return (struct store_retention){ .clicks = clicks, .ledger = ledger, .ip = ip,
                                     .cut_params = cut_params, .cut_body = cut_body, .rows = 40 };
}

/* One round, step by step; every step is small. */
static struct store_retained round_of(struct fixture *f, const struct store_retention *how)
{
    struct store_retained all = { 0 }, one;
    int more = 1;

    for (int steps = 0; more == 1; steps++) {
        assert_true(steps < 5000);
        OK(f, store_begin(f->s, &f->err));
        more = store_retain(f->s, how, &one, &f->err);
        if (more < 0)
            fail_msg("%s", f->err.text);
        assert_true(one.clicks + one.postbacks + one.events + one.attempts + one.cut <= how->rows);
        OK(f, store_commit(f->s, &f->err));
        all.clicks += one.clicks;
        all.postbacks += one.postbacks;
        all.events += one.events;
        all.dead += one.dead;
        all.attempts += one.attempts;
        all.cut += one.cut;
    }
    return all;
}

/* A whole number, from the database itself. */
static int64_t ask(struct fixture *f, const char *sql)
{
    char url[400];
    PGresult *r;
    PGconn *pg;
    int64_t n;

    if (f->engine != ENGINE_POSTGRESQL)
        return sqlite_number(text(f, "%s/clickbaton.db", f->dir).ptr, sql);
    pg = PQconnectdb(pg_url(f->dir, url, sizeof(url)));
    r = PQexec(pg, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    n = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    PQfinish(pg);
    return n;
}

static void finding(void *context, const struct verify_finding *v)
{
    (void)context;
    print_error("%s %lld: %s\n", v->where, (long long)v->row, v->text);
}

static void assert_whole(struct fixture *f)
{
    struct verify_result r;
    char url[400];

    if (f->engine == ENGINE_POSTGRESQL)
        GIVES(f, 0, store_pg_verify(pg_url(f->dir, url, sizeof(url)), finding, NULL, &r, &f->err));
    else if (f->engine != &engines[2]) /* what it keeps in its index is no other program's */
        GIVES(f, 0, store_sqlite_verify(f->dir, finding, NULL, &r, &f->err));
}

static void test_ledger(void **state)
{
    struct fixture *f = *state;
    struct store_retention how = ages(0, NOW - 90 * DAY, 0);
    struct store_retained gone;
    struct store_event *ev, again;
    struct store_counts c;
    int64_t waiting;
    size_t count;

    put_many(f, 1, 400, OLD);
    put_many(f, 1001, 100, NOW - DAY);
    deliver(f, NOW - 99 * DAY, 300); /* of 360 old ones; 60 wait on, and the 27 of those that failed */
    OK(f, store_counts(f->s, &c, &f->err));
    waiting = c.waiting;
    assert_int_equal(c.dead, 39);
    gone = round_of(f, &how);
    OK(f, store_counts(f->s, &c, &f->err));
    assert_int_equal(c.waiting, waiting); /* nothing that waits goes */
    assert_int_equal(gone.events, 300 - 27);
    assert_int_equal(gone.dead, 39);
    assert_int_equal(c.dead, 0);
    assert_int_equal(gone.postbacks, 400 - 60 - 27);
    assert_int_equal(c.postbacks, 100 + 60 + 27);
    assert_int_equal(c.quarantined, 10);
    assert_int_equal(gone.attempts, 1);
    assert_int_equal(gone.clicks + gone.cut, 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM deliveries"), 100 - 10 + 60 + 27);
    assert_int_equal(ask(f, "SELECT count(*) FROM tries"), 27);
    assert_whole(f);

    /* The rest is done one day later, and goes; the next round has nothing to do. */
    how.ledger += DAY / 2;
    deliver(f, NOW + 2 * DAY, 1000);
    gone = round_of(f, &how);
    OK(f, store_counts(f->s, &c, &f->err));
    assert_true(gone.events == 60 + 27 && gone.postbacks == gone.events);
    gone = round_of(f, &how);
    assert_int_equal(gone.events + gone.postbacks + gone.attempts + gone.cut, 0);
    assert_whole(f);

    /* What was removed is not known any more; what stays is a duplicate. */
    again = (struct store_event){ .offer = S("o"), .pixel = PIXEL, .event = S("Purchase"),
                                  .event_id = S("c-1"), .created = NOW, .body = S("{}") };
    OK(f, store_begin(f->s, &f->err));
    GIVES(f, 0, store_event_put(f->s, &again, NULL, &f->err));
    assert_int_equal(again.id, 450 + 1);
    again.event_id = S("c-1001");
    GIVES(f, 1, store_event_put(f->s, &again, NULL, &f->err));
    OK(f, store_commit(f->s, &f->err));
    OK(f, store_find_events(f->s, S("c-2"), 9, &f->arena, &ev, &count, &f->err));
    assert_int_equal(count, 0);
    OK(f, store_find_events(f->s, S("c-1002"), 9, &f->arena, &ev, &count, &f->err));
    assert_int_equal(count, 1);
}

static void test_ip(void **state)
{
    struct fixture *f = *state;
    struct store_retention how = ages(NOW - 95 * DAY, 0, NOW - 30 * DAY);
    struct store_retained gone;
    struct store_event *ev;
    size_t count;

    put_many(f, 1, 100, OLD);
    put_many(f, 201, 100, NOW - 40 * DAY);
    put_many(f, 401, 100, NOW - DAY);
    deliver(f, NOW - DAY, 150);
    gone = round_of(f, &how);
    assert_int_equal(gone.clicks, 100);
    assert_int_equal(gone.events + gone.postbacks + gone.attempts, 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM clicks WHERE ip IS NULL AND user_agent IS NULL"), 100);
    assert_int_equal(ask(f, "SELECT count(*) FROM postbacks WHERE params LIKE 'ip=%'"), 100);
    /* 180 old events, of which 30 wait for their first request and 13 for another. */
    assert_int_equal(ask(f, "SELECT count(*) FROM events WHERE body LIKE '%ip%' AND created < 1790000000000 - 86400000"), 43);
    assert_int_equal(ask(f, "SELECT count(*) FROM events e JOIN deliveries d ON d.event = e.id"
                            " WHERE body NOT LIKE '%ip%' AND state < 3"), 0);
    OK(f, store_find_events(f->s, S("E.C.P.ttclid-205"), 9, &f->arena, &ev, &count, &f->err));
    assert_int_equal(count, 1); /* the ttclid was a place in the text that has changed */
    SAME(S("E.C.P.ttclid-205"), ev[0].ttclid);
    assert_whole(f);
    fixture_reopen(f);
    gone = round_of(f, &how);
    assert_int_equal(gone.cut + gone.clicks, 0);
}

static struct store *open_index(const char *dir, bool writer, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.hot_entries = 400;
    return sqlite_open(dir, writer, &tuning, err);
}

/* Runs of removed rows go, and with them their space; ids go on, also after a restart. */
static void test_index(void **state)
{
    struct fixture *f = *state;
    struct store_retention how = ages(NOW - 90 * DAY, NOW - 90 * DAY, NOW - 90 * DAY);
    int64_t chunks;

    put_many(f, 1, 2000, OLD);
    for (int i = 0; i < 4; i++)
        deliver(f, NOW - 99 * DAY, 1000);
    deliver(f, NOW + 2 * DAY, 1000);
    deliver(f, NOW + 4 * DAY, 1000);
    deliver(f, NOW + 6 * DAY, 1000);
    chunks = ask(f, "SELECT count(*) FROM run_chunks");
    assert_true(chunks > 40);
    assert_whole(f);
    round_of(f, &how);
    assert_int_equal(ask(f, "SELECT count(*) FROM clicks") + ask(f, "SELECT count(*) FROM postbacks"), 0);
    assert_whole(f);
    put_many(f, 5001, 500, NOW - DAY);
    assert_true(ask(f, "SELECT count(*) FROM run_chunks") < chunks / 2);
    assert_int_equal(ask(f, "SELECT min(id) FROM postbacks"), 2001);
    assert_whole(f);
    fixture_reopen(f);
    assert_whole(f);
    put_many(f, 6001, 100, NOW - DAY);
    assert_int_equal(ask(f, "SELECT max(id) FROM postbacks"), 2600);
    assert_whole(f);
}

/* A step that is rolled back has removed nothing, and is done again. */
static void test_rollback(void **state)
{
    struct fixture *f = *state;
    struct store_retention how = ages(NOW - 90 * DAY, NOW - 90 * DAY, NOW - 90 * DAY);
    struct store_retained one;
    struct store_counts c;

    put_many(f, 1, 100, OLD);
    deliver(f, NOW - 99 * DAY, 100);
    for (int i = 0; i < 3; i++) {
        OK(f, store_begin(f->s, &f->err));
        GIVES(f, 1, store_retain(f->s, &how, &one, &f->err));
        store_rollback(f->s);
        OK(f, store_counts(f->s, &c, &f->err));
        assert_int_equal(c.clicks, 100);
        assert_int_equal(c.postbacks, 100);
    }
    one = round_of(f, &how);
    assert_int_equal(one.clicks, 100);
    assert_int_equal(one.postbacks, 100 - 8);
    assert_whole(f);
    GIVES(f, -1, store_retain(f->s, &how, &one, &f->err));
    SAYS(f, ERR_INPUT, "store: a write outside of begin and commit");
}

int main(void)
{
    static const struct engine sqlite = { "sqlite, its index", open_index };
    const struct CMUnitTest tests[] = { CASE(test_ledger), CASE(test_ip), CASE(test_rollback) };
    const struct CMUnitTest of_index[] = { CASE(test_index) };
    int failed = RUN_ON_ENGINES(tests);

    under_test = &sqlite;
    return failed + cmocka_run_group_tests(of_index, NULL, NULL);
}
