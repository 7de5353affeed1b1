/* store_contract.h: the engines that must fulfil the contract of store.h, and short forms for its
 * tests. */
#ifndef TESTS_UNIT_STORE_CONTRACT_H
#define TESTS_UNIT_STORE_CONTRACT_H

#include "tests/unit/store_case.h"

#include <libpq-fe.h>

#include "adapters/store/pg.h"
#include "adapters/store/sqlite.h"

#define NOW INT64_C(1790000000000)

/* ---- short forms ---- */

static inline void begin(struct fixture *f)
{
    OK(f, store_begin(f->s, &f->err));
}

static inline void commit(struct fixture *f)
{
    OK(f, store_commit(f->s, &f->err));
}

static inline struct slice text(struct fixture *f, const char *fmt, ...)
{
    struct slice s;
    va_list ap;

    va_start(ap, fmt);
    s = arena_vprintf(&f->arena, fmt, ap);
    va_end(ap);
    assert_non_null(s.ptr);
    return s;
}

/* An event of pixel P, name Lead, created and due at NOW. */
static inline struct store_event event(const char *event_id)
{
    return (struct store_event){ .offer = S("nutra-de"), .pixel = S("P"), .event = S("Lead"),
                                 .event_id = slice_from(event_id), .body = S("{}"),
                                 .created = NOW };
}

static inline int64_t put(struct fixture *f, struct store_event ev)
{
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    return ev.id;
}

static inline struct store_event *take(struct fixture *f, int64_t now, unsigned max, size_t want)
{
    struct store_event *list;
    size_t count;

    OK(f, store_take(f->s, S("P"), now, now - 1000000, max, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, want);
    return list;
}

static inline void report(struct fixture *f, int64_t at, struct store_outcome outcome)
{
    struct store_attempt a = { .at = at, .pixel = S("P"), .code = -1 };

    OK(f, store_report(f->s, &a, &outcome, 1, &f->err));
}

static inline struct store_event find_event(struct fixture *f, const char *id)
{
    struct store_event *list;
    size_t count;

    OK(f, store_find_events(f->s, slice_from(id), 10, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 1);
    return list[0];
}

static inline struct store_counts counts(struct fixture *f)
{
    struct store_counts c;

    OK(f, store_counts(f->s, &c, &f->err));
    return c;
}

static inline void assert_counts(struct fixture *f, struct store_counts want)
{
    struct store_counts is = counts(f);

    assert_int_equal(is.clicks, want.clicks);
    assert_int_equal(is.postbacks, want.postbacks);
    assert_int_equal(is.waiting, want.waiting);
    assert_int_equal(is.sending, want.sending);
    assert_int_equal(is.delivered, want.delivered);
    assert_int_equal(is.dead, want.dead);
    assert_int_equal(is.quarantined, want.quarantined);
    assert_int_equal(is.withdrawn, want.withdrawn);
    assert_int_equal(is.oldest_waiting, want.oldest_waiting);
}

/* ---- the engines ---- */

static inline struct store *open_sqlite(const char *dir, bool writer, struct err *err)
{
    return store_sqlite_open(dir, writer, err);
}

/* Runs of a few ids, so that they are written and merged all the time. */
static inline struct store *open_sqlite_runs(const char *dir, bool writer, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.hot_entries = 7;
    tuning.wal_pages = 50;
    return sqlite_open(dir, writer, &tuning, err);
}

/* Every look-up meets collisions. */
static inline struct store *open_sqlite_collide(const char *dir, bool writer, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.hash_mask = 1;
    tuning.hot_entries = 200;
    return sqlite_open(dir, writer, &tuning, err);
}

/* A schema for each folder, in the database that the environment names. */
static inline struct store *open_pg(const char *dir, bool writer, struct err *err)
{
    const char *url = getenv("CLICKBATON_TEST_PG");
    char text[300];
    PGconn *db;

    assert_non_null(url);
    db = PQconnectdb(url);
    snprintf(text, sizeof(text), "CREATE SCHEMA IF NOT EXISTS \"%s\"", strrchr(dir, '.') + 1);
    PQclear(PQexec(db, "SET client_min_messages = error"));
    PQclear(PQexec(db, text));
    PQfinish(db);
    snprintf(text, sizeof(text), "%s&options=-csearch_path%%3D%%22%s%%22", url, strrchr(dir, '.') + 1);
    return pg_open(text, writer, true, err);
}

static const struct engine engines[] = {
    { "sqlite", open_sqlite },
    { "sqlite, small runs", open_sqlite_runs },
    { "sqlite, colliding hashes", open_sqlite_collide },
    { "postgresql", open_pg },
};

static const struct engine *under_test;

static inline int setup(void **state)
{
    struct fixture *f = fixture_new(under_test);

    fixture_open(f);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Run the tests on each engine; the number of those that failed. */
#define RUN_ON_ENGINES(tests) run_on_engines_((tests), COUNT(tests))

static inline int run_on_engines_(const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;

    for (size_t i = 0; i < COUNT(engines); i++) {
        under_test = &engines[i];
        failed += _cmocka_run_group_tests(engines[i].name, tests, count, NULL, NULL);
    }
    return failed;
}

#endif
