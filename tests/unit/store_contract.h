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

/* In the database that the environment names.  A schema of this program for each folder that its tests have at a time: for
 * a new folder its tables are emptied, since making them takes a second on a busy machine. */
#define PG_SCHEMAS 4
static char pg_folders[PG_SCHEMAS][64];

static inline void pg_do(PGconn *db, const char *sql)
{
    PGresult *r = PQexec(db, sql);

    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(db));
    PQclear(r);
}

static inline void pg_empty_schema(PGconn *db, const char *schema, bool made)
{
    char sql[400];

    pg_do(db, "SET client_min_messages = error");
    if (made) {
        PGresult *r;
        snprintf(sql, sizeof(sql), "SELECT 'TRUNCATE ' || string_agg(format('%%I.%%I', schemaname, tablename), ', ')"
                 " FROM pg_tables WHERE schemaname = '%s' AND tablename NOT IN ('meta', 'migrating')", schema);
        r = PQexec(db, sql);
        assert_int_equal(PQntuples(r), 1);
        if (!PQgetisnull(r, 0, 0))
            pg_do(db, PQgetvalue(r, 0, 0));
        PQclear(r);
        return;
    }
    snprintf(sql, sizeof(sql), "DROP SCHEMA IF EXISTS \"%s\" CASCADE", schema);
    pg_do(db, sql);
    snprintf(sql, sizeof(sql), "CREATE SCHEMA \"%s\"", schema);
    pg_do(db, sql);
}

/* The URL of the store that stands for the folder. */
static inline const char *pg_url(const char *dir, char *url, size_t size)
{
    static pid_t program; /* not that of a child */
    const char *base = getenv("CLICKBATON_TEST_PG");
    char schema[40];
    int at, free = -1;

    if (!base)
        fail_msg("CLICKBATON_TEST_PG is not set: run this inside tests/support/postgres.sh");
    program = program ? program : getpid();
    for (at = 0; at < PG_SCHEMAS && strcmp(pg_folders[at], dir) != 0; at++)
        if (free < 0 && (!*pg_folders[at] || access(pg_folders[at], F_OK) != 0))
            free = at;
    snprintf(schema, sizeof(schema), "t%d_%d", (int)program, at < PG_SCHEMAS ? at : free);
    if (at == PG_SCHEMAS) {
        PGconn *db = PQconnectdb(base);
        assert_true(free >= 0 && PQstatus(db) == CONNECTION_OK);
        pg_empty_schema(db, schema, *pg_folders[free] != '\0');
        PQfinish(db);
        snprintf(pg_folders[free], sizeof(pg_folders[free]), "%s", dir);
    }
    snprintf(url, size, "%s&options=-csearch_path%%3D%s", base, schema);
    return url;
}

static inline struct store *open_pg(const char *dir, bool writer, struct err *err)
{
    char url[400];

    return pg_open(pg_url(dir, url, sizeof(url)), writer, true, err);
}

static const struct engine engines[] = {
    { "sqlite", open_sqlite },
    { "sqlite, small runs", open_sqlite_runs },
    { "sqlite, colliding hashes", open_sqlite_collide },
    { "postgresql", open_pg },
};

#define ENGINE_SQLITE     (&engines[0])
#define ENGINE_POSTGRESQL (&engines[3])

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

/* Under sanitizers and valgrind: small runs, and PostgreSQL.  The others are other sizes of the same code. */
#define FEW_ENGINES (1U << 1 | 1U << 3)

static inline int run_on_engines_(const struct CMUnitTest *tests, size_t count)
{
    bool few = getenv("FEW_ENGINES") != NULL;
    int failed = 0;

    for (size_t i = 0; i < COUNT(engines); i++) {
        if (few && !(FEW_ENGINES >> i & 1))
            continue;
        under_test = &engines[i];
        failed += _cmocka_run_group_tests(engines[i].name, tests, count, NULL, NULL);
    }
    return failed;
}

#endif
