/* Several handles of one PostgreSQL store at once, as several machines have them: whoever is first, each key has one event,
 * counts are sums, nobody sends what another sends.  SEED and GROUPS in the environment choose others. */
#include "tests/unit/store_twin.h"

#include <pthread.h>

#define WRITERS 3
#define IDS     25

struct worker {
    struct fixture f; /* of its own: folder's store, arena, errors */
    char url[400];
    uint64_t seed;
    int groups;
    int64_t postbacks, busy, other, commits; /* kept; groups that were refused; calls that failed otherwise */
    char why[400];
    int64_t *taken;
    size_t count;
};

static void urls_of(struct fixture *f, struct worker *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pg_url(f->dir, w[i].url, sizeof(w[i].url));
        arena_init(&w[i].f.arena, (size_t)256 << 20);
    }
}

static void run_all(struct worker *w, size_t count, void *(*work)(void *))
{
    pthread_t threads[8];

    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w[i]), 0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < count; i++) {
        arena_free(&w[i].f.arena);
        if (w[i].other)
            fail_msg("%s", w[i].why);
    }
}

static void failed(struct worker *w)
{
    if (w->f.err.kind == ERR_BUSY)
        w->busy++;
    else
        w->other++;
    snprintf(w->why, sizeof(w->why), "%s", w->f.err.text);
}

/* ---- writers ---- */

/* 0: kept.  -1: not. */
static int one_group(struct worker *w, const struct op *ops, size_t count, struct buf *log)
{
    struct fixture *f = &w->f;
    int rc;

    if (store_begin_group(f->s, &f->err) != 0)
        return -1;
    do {
        buf_clear(log);
        for (size_t i = 0; i < count; i++)
            if (do_op(f, f->s, &ops[i], log) != 0) {
                store_rollback(f->s);
                return -1;
            }
        rc = store_commit(f->s, &f->err);
        w->commits++;
    } while (rc == 1);
    return rc;
}

static void *write_groups(void *context)
{
    struct worker *w = context;
    struct buf log = { 0 };
    struct op ops[30];

    dice = 88172645463325252 + w->seed;
    if (!(w->f.s = pg_open(w->url, true, false, &w->f.err))) {
        w->other++;
        snprintf(w->why, sizeof(w->why), "%s", w->f.err.text);
        return NULL;
    }
    for (int g = 0; g < w->groups && !w->other; g++) {
        size_t count = 1 + roll(COUNT(ops));
        bool calm = roll(3) != 0;
        uint64_t here;
        for (size_t i = 0; i < count; i++)
            ops[i] = random_op(&w->f, NOW + g, IDS, calm);
        here = dice;
        for (int tries = 0; one_group(w, ops, count, &log) != 0 && tries < 100; tries++) {
            failed(w);
            dice = here;
        }
        for (size_t i = 0; i < count; i++)
            w->postbacks += ops[i].kind == OP_POSTBACK;
        arena_reset(&w->f.arena);
    }
    buf_free(&log);
    store_close(w->f.s);
    return NULL;
}

/* ---- what must be true afterwards ---- */

struct seen {
    struct fixture *f;
    struct slice keys[20000];
    size_t count;
    int64_t made, clicks;
};

static int see_event(void *context, const struct store_event *ev, struct err *err)
{
    struct seen *s = context;

    (void)err;
    assert_true(s->count < COUNT(s->keys));
    s->keys[s->count++] = text(s->f, "%zu %.*s|%zu %.*s|%.*s", ev->pixel.len, SLICE_ARG(ev->pixel), ev->event.len,
                               SLICE_ARG(ev->event), SLICE_ARG(ev->event_id));
    return 0;
}

static int see_tally(void *context, const struct store_tally *t, struct err *err)
{
    struct seen *s = context;

    (void)err;
    s->made += t->kind == TALLY_EVENTS && t->slot == STORE_WAITING ? t->n : 0;
    s->clicks += t->kind == TALLY_CLICKS && t->slot == 0 ? t->n : 0;
    return 0;
}

static int see_click(void *context, struct slice offer, struct slice click_id, struct slice event_id, struct err *err)
{
    (void)offer;
    (void)click_id;
    (void)event_id;
    (void)err;
    ++*(int64_t *)context;
    return 0;
}

/* Every event but one of a key, and what else there is but is not counted. */
static void assert_whole(struct fixture *f, int64_t postbacks)
{
    struct seen *s = calloc(1, sizeof(*s));
    struct store_postback *pbs;
    struct store_counts c = counts(f);
    int64_t queued = 0, quarantined = 0, clicks = 0, events;
    size_t count;

    assert_non_null(s);
    s->f = f;
    OK(f, store_walk_events(f->s, 0, see_event, s, &f->err));
    qsort(s->keys, s->count, sizeof(*s->keys), by_text);
    for (size_t i = 1; i < s->count; i++)
        if (slice_eq(s->keys[i - 1], s->keys[i]))
            fail_msg("two events of %.*s", SLICE_ARG(s->keys[i]));
    OK(f, store_list_postbacks(f->s, S(""), 0, 0, 1000000, &f->arena, &pbs, &count, &f->err));
    for (size_t i = 0; i < count; i++) {
        queued += pbs[i].verdict == STORE_QUEUED;
        quarantined += pbs[i].verdict == STORE_QUARANTINED;
    }
    OK(f, store_walk_click_ids(f->s, see_click, &clicks, &f->err));
    OK(f, store_walk_tallies(f->s, 0, 0, S(""), see_tally, s, &f->err));
    events = (int64_t)s->count;
    print_message("%zu postbacks, %lld events, %lld clicks\n", count, (long long)events, (long long)clicks);
    assert_int_equal(count, postbacks);
    assert_int_equal(c.postbacks, postbacks);
    assert_int_equal(queued, events);
    assert_int_equal(c.quarantined, quarantined);
    assert_int_equal(c.waiting + c.withdrawn, events);
    assert_int_equal(c.clicks, clicks);
    assert_int_equal(s->made, events);
    assert_int_equal(s->clicks, clicks);
    free(s);
}

static void test_writers(void **state)
{
    struct fixture *f = *state;
    const char *seed = getenv("SEED"), *groups = getenv("GROUPS");
    struct worker w[WRITERS] = { { .count = 0 } };
    int64_t postbacks = 0, busy = 0, all = 0;

    urls_of(f, w, WRITERS);
    for (size_t i = 0; i < WRITERS; i++) {
        w[i].seed = (seed ? strtoull(seed, NULL, 10) : 1) * 100 + i;
        w[i].groups = groups ? atoi(groups) : 30;
    }
    run_all(w, WRITERS, write_groups);
    for (size_t i = 0; i < WRITERS; i++) {
        postbacks += w[i].postbacks;
        busy += w[i].busy;
        all += w[i].groups;
    }
    print_message("%lld groups, %lld had to be given again\n", (long long)all, (long long)busy);
    assert_whole(f, postbacks);
    /* Only those that go call by call (a refusal is in one of them) can be told of a deadlock. */
    assert_true(busy * 10 <= all);
}

/* ---- takers ---- */

#define EVENTS 600

static void *take_some(void *context)
{
    struct worker *w = context;
    struct fixture *f = &w->f;
    struct store_attempt a = { .at = NOW + 1000, .pixel = S("P"), .http_status = 200 };
    int idle = 0;

    if (!(f->s = pg_open(w->url, true, false, &f->err))) {
        failed(w);
        return NULL;
    }
    while (idle < 3 && !w->other) {
        struct store_outcome out[20];
        struct store_event *list;
        size_t count = 0;
        if (store_begin(f->s, &f->err) != 0 ||
            store_take(f->s, S("P"), NOW + 1000, 0, COUNT(out), &f->arena, &list, &count, &f->err) != 0 ||
            store_commit(f->s, &f->err) != 0) {
            failed(w);
            continue;
        }
        idle = count ? 0 : idle + 1;
        for (size_t i = 0; i < count; i++) {
            w->taken[w->count++] = list[i].id;
            out[i] = (struct store_outcome){ .event_id = list[i].id, .state = STORE_DELIVERED };
        }
        if (count && (store_begin(f->s, &f->err) != 0 || store_report(f->s, &a, out, count, &f->err) != 0 ||
                      store_commit(f->s, &f->err) != 0))
            failed(w);
    }
    store_close(f->s);
    return NULL;
}

static int by_number(const void *a, const void *b)
{
    return (*(const int64_t *)a > *(const int64_t *)b) - (*(const int64_t *)a < *(const int64_t *)b);
}

static void test_takers(void **state)
{
    static int64_t all[WRITERS * EVENTS];
    struct fixture *f = *state;
    struct worker w[WRITERS] = { { .count = 0 } };
    size_t n = 0;

    begin(f);
    for (int i = 0; i < EVENTS; i++)
        put(f, event(text(f, "e%d", i).ptr));
    commit(f);
    urls_of(f, w, WRITERS);
    for (size_t i = 0; i < WRITERS; i++)
        w[i].taken = calloc(2 * EVENTS, sizeof(int64_t));
    run_all(w, WRITERS, take_some);
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(w[i].busy, 0);
        assert_true(n + w[i].count <= COUNT(all));
        memcpy(all + n, w[i].taken, w[i].count * sizeof(*all));
        n += w[i].count;
        free(w[i].taken);
    }
    assert_int_equal(n, EVENTS);
    qsort(all, n, sizeof(*all), by_number);
    for (size_t i = 1; i < n; i++)
        assert_int_not_equal(all[i - 1], all[i]);
    assert_counts(f, (struct store_counts){ .delivered = EVENTS });
}

/* ---- starting ---- */

static void *open_it(void *context)
{
    struct worker *w = context;

    if (!(w->f.s = pg_open(w->url, true, false, &w->f.err)) || store_begin(w->f.s, &w->f.err) != 0 ||
        store_commit(w->f.s, &w->f.err) != 0)
        failed(w);
    return NULL;
}

/* An empty database that several servers start with at the same moment. */
static void test_open_at_once(void **state)
{
    struct fixture *f = *state;
    struct worker w[4] = { { .count = 0 } };
    PGconn *db = PQconnectdb(getenv("CLICKBATON_TEST_PG"));
    char sql[200], *schema;

    for (int round = 0; round < 2; round++) {
        memset(w, 0, sizeof(w));
        urls_of(f, w, COUNT(w));
        schema = strstr(w[0].url, "%3D") + 3;
        store_close(f->s);
        f->s = NULL;
        pg_do(db, "SET client_min_messages = error");
        snprintf(sql, sizeof(sql), "DROP SCHEMA %s CASCADE", schema);
        pg_do(db, sql);
        snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", schema);
        pg_do(db, sql);
        run_all(w, COUNT(w), open_it);
        for (size_t i = 0; i < COUNT(w); i++) {
            if (w[i].busy)
                fail_msg("%s", w[i].why);
            for (size_t k = 0; k < i; k++)
                assert_int_not_equal(((struct pg *)w[i].f.s)->number, ((struct pg *)w[k].f.s)->number);
        }
        for (size_t i = 0; i < COUNT(w); i++)
            store_close(w[i].f.s);
        fixture_open(f);
    }
    PQfinish(db);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(test_writers), CASE(test_takers), CASE(test_open_at_once) };

    under_test = ENGINE_POSTGRESQL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
