/* store_pair.h: two handles on one database, as two machines have them.  Of the engine that shares; CLICKBATON_TEST_PG names
 * the database. */
#ifndef TESTS_UNIT_STORE_PAIR_H
#define TESTS_UNIT_STORE_PAIR_H

#include "tests/unit/store_contract.h"

#include <pthread.h>
#include <time.h>

#define TAKEN INT64_C(1790000000500)

/* Handles with ids as a server has them. */
static inline struct store *open_node(const char *dir, bool writer, struct err *err)
{
    struct store *s = open_pg(dir, writer, err);

    if (s)
        ((struct pg *)s)->counted_ids = false;
    return s;
}
static const struct engine nodes = { "postgresql", open_node };

struct pair {
    struct fixture *f; /* its store is the first node */
    struct store *other;
    PGconn *db; /* the second opinion */
};

static inline struct pg *pg_of(struct store *s)
{
    return (struct pg *)s;
}

/* One value, as text. */
static const char *ask(struct pair *p, const char *sql)
{
    static char out[200];
    PGresult *r = PQexec(p->db, sql);

    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(p->db));
    snprintf(out, sizeof(out), "%s", PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return out;
}

static inline struct store *another(struct pair *p)
{
    struct store *s = open_node(p->f->dir, true, &p->f->err);

    if (!s)
        fail_msg("%s", p->f->err.text);
    return s;
}

static inline int pair_up(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));
    char url[400];

    p->f = fixture_new(&nodes);
    fixture_open(p->f);
    p->other = another(p);
    p->db = PQconnectdb(pg_url(p->f->dir, url, sizeof(url)));
    *state = p;
    return 0;
}

static inline int pair_down(void **state)
{
    struct pair *p = *state;

    store_close(p->other);
    PQfinish(p->db);
    fixture_free(p->f);
    free(p);
    return 0;
}

static inline void nap(int ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

#define IN(s, call)                                                                                \
    do {                                                                                           \
        OK(p->f, store_begin((s), &p->f->err));                                                    \
        OK(p->f, (call));                                                                          \
        OK(p->f, store_commit((s), &p->f->err));                                                   \
    } while (0)

static inline int put_events(struct store *s, int count, struct err *err)
{
    char id[20];

    for (int i = 0; i < count; i++) {
        struct store_event ev;
        snprintf(id, sizeof(id), "e%d", i);
        ev = event(id);
        if (store_event_put(s, &ev, NULL, err) != 0)
            return -1;
    }
    return 0;
}

static inline struct store_event *take_by(struct pair *p, struct store *s, int64_t now, size_t want)
{
    struct store_event *list;
    size_t count;

    IN(s, store_take(s, S("P"), now, now - 47 * 3600000, 100, &p->f->arena, &list, &count, &p->f->err));
    assert_int_equal(count, want);
    return list;
}

static inline int64_t renew_by(struct pair *p, struct store *s, int64_t now)
{
    int64_t recovered;

    IN(s, store_renew(s, now, &recovered, &p->f->err));
    return recovered;
}

static inline void report_by(struct pair *p, struct store *s, int64_t at, int64_t id, enum store_state is, const char *note)
{
    struct store_attempt a = { .at = at, .pixel = S("P"), .code = 0, .message = slice_from(note) };
    struct store_outcome o = { id, is, 0, false, slice_from(note) };

    IN(s, store_report(s, &a, &o, 1, &p->f->err));
}

static inline struct store_event get(struct pair *p, int64_t id)
{
    struct store_event ev;

    GIVES(p->f, 1, store_get_event(p->f->s, id, &p->f->arena, &ev, &p->f->err));
    return ev;
}

#define PAIR(name) cmocka_unit_test_setup_teardown(name, pair_up, pair_down)

#endif
