/* Several handles on one database, as several machines have them: who has an event, what happens to what a dead one had, what
 * they know of each other.  Of the engine that shares; CLICKBATON_TEST_PG names the database. */
#include "tests/unit/store_pair.h"

/* What a handle has is its own while it renews; one that does not any more loses it, outcome unknown, and what it says later
 * changes nothing. */
static void test_leases(void **state)
{
    struct pair *p = *state;
    struct store *a = p->f->s, *b = p->other;
    struct store_attempt *attempts;
    struct store_event *list;
    int64_t id[3];
    size_t count;

    IN(a, put_events(a, 3, &p->f->err));
    pg_of(a)->lease_s = 1;
    list = take_by(p, a, TAKEN, 3);
    for (int i = 0; i < 3; i++)
        id[i] = list[i].id;
    take_by(p, b, TAKEN + 1, 0);
    for (int i = 0; i < 4; i++) { /* two seconds */
        nap(500);
        assert_int_equal(renew_by(p, a, TAKEN + 2), 0);
        assert_int_equal(renew_by(p, b, TAKEN + 2), 0);
    }
    take_by(p, b, TAKEN + 1, 0);
    report_by(p, a, TAKEN + 3, id[2], STORE_DELIVERED, "in time");
    nap(1100);
    assert_int_equal(renew_by(p, b, TAKEN + 4000), 2);
    assert_int_equal(renew_by(p, b, TAKEN + 4000), 0);
    assert_int_equal(get(p, id[0]).state, STORE_WAITING);
    assert_int_equal(get(p, id[0]).due, NOW); /* it keeps its place */
    assert_int_equal(get(p, id[0]).attempts, 1);
    assert_int_equal(get(p, id[0]).unknown_since, TAKEN);
    list = take_by(p, b, TAKEN + 4001, 2);
    assert_int_equal(list[0].id, id[0]);
    assert_int_equal(list[0].unknown_since, TAKEN);
    report_by(p, a, TAKEN + 4002, id[0], STORE_DEAD, "late");
    assert_int_equal(get(p, id[0]).state, STORE_SENDING);
    assert_int_equal(get(p, id[0]).attempts, 1);
    assert_int_equal(get(p, id[0]).note.len, 0);
    OK(p->f, store_attempts_of(a, id[0], &p->f->arena, &attempts, &count, &p->f->err));
    assert_int_equal(count, 1);
    SAME(S("late"), attempts[0].message);
    report_by(p, b, TAKEN + 4003, id[0], STORE_DELIVERED, "OK");
    report_by(p, b, TAKEN + 4003, id[1], STORE_DELIVERED, "OK");
    report_by(p, a, TAKEN + 4004, id[1], STORE_WAITING, "later still");
    assert_int_equal(get(p, id[1]).state, STORE_DELIVERED);
    assert_counts(p->f, (struct store_counts){ .delivered = 3 });
    assert_string_equal(ask(p, "SELECT count(*) FROM tries"), "5");
    assert_string_equal(ask(p, "SELECT count(*) FROM deliveries WHERE owner IS NOT NULL OR lease IS NOT NULL"), "0");
}

/* The 48 hours go on over a takeover: who has not told by then is given up by whoever takes next. */
static void test_leases_48_hours(void **state)
{
    struct pair *p = *state;
    int64_t late = TAKEN + INT64_C(48) * 3600000, id;

    IN(p->f->s, put_events(p->f->s, 1, &p->f->err));
    pg_of(p->f->s)->lease_s = 0;
    id = take_by(p, p->f->s, TAKEN, 1)[0].id;
    nap(10);
    assert_int_equal(renew_by(p, p->other, late), 1);
    take_by(p, p->other, late, 0);
    assert_int_equal(get(p, id).state, STORE_DEAD);
    assert_true(slice_starts(get(p, id).note, S("given up: TikTok may have it since 2026-09-21T14:13:20Z")));
}

/* A visitor's refusal meanwhile counts for whoever takes over. */
static void test_leases_withdrawn(void **state)
{
    struct pair *p = *state;
    int64_t id;

    IN(p->f->s, put_events(p->f->s, 1, &p->f->err));
    pg_of(p->f->s)->lease_s = 0;
    id = take_by(p, p->f->s, TAKEN, 1)[0].id;
    ask(p, "UPDATE deliveries SET withdrawn = 1");
    nap(10);
    renew_by(p, p->other, TAKEN + 1);
    assert_int_equal(get(p, id).state, STORE_WITHDRAWN);
    assert_counts(p->f, (struct store_counts){ .withdrawn = 1 });
}

/* A handle that ends gives back at once. */
static void test_leases_end(void **state)
{
    struct pair *p = *state;

    IN(p->f->s, put_events(p->f->s, 2, &p->f->err));
    take_by(p, p->other, TAKEN, 2);
    assert_int_equal(renew_by(p, p->f->s, TAKEN), 0);
    store_close(p->other);
    p->other = NULL;
    nap(10);
    assert_int_equal(renew_by(p, p->f->s, TAKEN), 2);
    take_by(p, p->f->s, TAKEN, 2);
}

/* Of a take whose commit nobody knows the end of: nothing of it stays with a handle that never got it. */
static void test_take_in_doubt(void **state)
{
    struct pair *p = *state;
    struct pg *a = pg_of(p->f->s);
    int64_t id;

    IN(p->f->s, put_events(p->f->s, 2, &p->f->err));
    id = take_by(p, p->f->s, TAKEN, 2)[0].id;
    a->taken.count = 2; /* as if COMMIT had been sent and not answered */
    a->taken.doubt = true;
    assert_int_equal(get(p, id).state, STORE_SENDING);
    OK(p->f, store_begin(p->f->s, &p->f->err));
    OK(p->f, store_commit(p->f->s, &p->f->err));
    assert_int_equal(get(p, id).state, STORE_WAITING);
    assert_int_equal(get(p, id).attempts, 0);
    assert_int_equal(get(p, id).unknown_since, 0);
    assert_counts(p->f, (struct store_counts){ .waiting = 2, .oldest_waiting = NOW });
    take_by(p, p->other, TAKEN, 2);
    OK(p->f, store_begin(p->f->s, &p->f->err)); /* and only once */
    OK(p->f, store_commit(p->f->s, &p->f->err));
    assert_int_equal(get(p, id).state, STORE_SENDING);
}

/* Of both, and of nobody else who may be testing. */
static void cut(struct pair *p)
{
    const struct store *const handles[] = { p->f->s, p->other };

    for (int i = 0; i < 2; i++) {
        char sql[80];
        snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d)", PQbackendPID(((const struct pg *)handles[i])->db));
        ask(p, sql);
    }
    nap(50);
}

/* A connection that dies between two transactions: nobody notices.  Within one, before its commit: nothing was written, and the same
 * can be done again.  With its commit nobody knows: that is to be told, not tried again. */
static void test_connection_lost(void **state)
{
    struct pair *p = *state;
    struct store_event ev = event("e1");

    IN(p->f->s, put_events(p->f->s, 0, &p->f->err));
    cut(p);
    OK(p->f, store_begin(p->f->s, &p->f->err));
    cut(p);
    GIVES(p->f, -1, store_event_put(p->f->s, &ev, NULL, &p->f->err));
    assert_int_equal(p->f->err.kind, ERR_AGAIN);
    store_rollback(p->f->s);
    OK(p->f, store_begin(p->f->s, &p->f->err));
    OK(p->f, store_event_put(p->f->s, &ev, NULL, &p->f->err));
    cut(p);
    GIVES(p->f, -1, store_commit(p->f->s, &p->f->err));
    assert_int_equal(p->f->err.kind, ERR_BUSY);
    assert_string_equal(ask(p, "SELECT count(*) FROM events"), "0");
    IN(p->f->s, store_event_put(p->f->s, &ev, NULL, &p->f->err));
    assert_string_equal(ask(p, "SELECT count(*) FROM events"), "1");
}

/* A number that somebody has taken over commits nothing; the next transaction has another one, and what the handle had
 * taken is still its own. */
static void test_number_taken_over(void **state)
{
    struct pair *p = *state;
    struct store *third;
    struct store_event ev = event("lost");
    int64_t id;
    int before;

    IN(p->f->s, put_events(p->f->s, 1, &p->f->err));
    id = take_by(p, p->f->s, TAKEN, 1)[0].id;
    before = pg_of(p->f->s)->number;
    OK(p->f, store_begin(p->f->s, &p->f->err));
    OK(p->f, store_event_put(p->f->s, &ev, NULL, &p->f->err));
    ask(p, "UPDATE writers SET until = clock_timestamp() - interval '1 s'");
    third = another(p);
    IN(third, put_events(third, 0, &p->f->err));
    assert_int_equal(pg_of(third)->number, before);
    GIVES(p->f, -1, store_commit(p->f->s, &p->f->err));
    assert_int_equal(p->f->err.kind, ERR_AGAIN);
    assert_true(slice_find(slice_from(p->f->err.text), S("another took its place")) < strlen(p->f->err.text));
    assert_string_equal(ask(p, "SELECT count(*) FROM events"), "1");
    report_by(p, p->f->s, TAKEN, id, STORE_DELIVERED, "OK");
    assert_int_not_equal(pg_of(p->f->s)->number, before);
    assert_int_equal(get(p, id).state, STORE_DELIVERED);
    assert_counts(p->f, (struct store_counts){ .delivered = 1 });
    store_close(third);
}

/* ---- the same at the same time ---- */

enum { POSTBACKS = 500 };

struct racer {
    pthread_t thread;
    struct store *s;
    pthread_barrier_t *start;
    int fresh, again, failed, rounds;
};

/* As intake does: again while it is a guess, and after another's transaction. */
static int put_one(struct racer *r, int i, struct err *err)
{
    char id[30];
    int rc, known = 0;

    snprintf(id, sizeof(id), "conversion-%d", i);
    do {
        rc = store_begin_group(r->s, err);
        do {
            struct store_click click = { .offer = S("nutra-de"), .click_id = slice_from(id), .at = 1 };
            struct store_event ev = event(id);
            struct store_postback pb = { .at = NOW, .offer = S("nutra-de"), .click_id = slice_from(id), .stage = S("sale") };
            ev.formerly[0] = S("former");
            if (rc < 0 || store_click_put(r->s, &click, err) < 0 || store_postback_id(r->s, &pb.id, err) < 0 ||
                (known = store_event_put(r->s, &ev, NULL, err)) < 0)
                return -1;
            pb.verdict = known ? STORE_DUPLICATE : STORE_QUEUED;
            if (store_postback_put(r->s, &pb, err) < 0)
                return -1;
            r->rounds++;
        } while ((rc = store_commit(r->s, err)) == 1);
        r->again += rc != 0;
    } while (rc != 0 && err->kind == ERR_AGAIN);
    return rc != 0 ? -1 : known;
}

static void *race(void *argument)
{
    struct racer *r = argument;
    struct err err = { 0 };

    for (int i = 0; i < POSTBACKS; i++) {
        int rc;
        pthread_barrier_wait(r->start);
        rc = put_one(r, i, &err);
        r->fresh += rc == 0;
        if (rc < 0) {
            r->failed++;
            print_error("%s\n", err.text);
            store_rollback(r->s);
        }
    }
    return NULL;
}

static void test_same_moment(void **state)
{
    struct pair *p = *state;
    pthread_barrier_t start;
    struct racer racers[2] = { { .s = p->f->s, .start = &start }, { .s = p->other, .start = &start } };

    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&start);
    print_message("fresh %d and %d, passes %d, tried again %d\n", racers[0].fresh, racers[1].fresh,
                  racers[0].rounds + racers[1].rounds, racers[0].again + racers[1].again);
    assert_int_equal(racers[0].failed + racers[1].failed, 0);
    assert_int_equal(racers[0].fresh + racers[1].fresh, POSTBACKS);
    assert_string_equal(ask(p, "SELECT count(*) FROM events"), "500");
    assert_string_equal(ask(p, "SELECT count(DISTINCT event_id) FROM events"), "500");
    assert_string_equal(ask(p, "SELECT count(*) FROM clicks"), "500");
    assert_string_equal(ask(p, "SELECT count(*) FROM postbacks WHERE verdict = 1"), "500");
    assert_string_equal(ask(p, "SELECT count(*) FROM postbacks WHERE verdict = 2"), "500");
    assert_string_equal(ask(p, "SELECT sum(waiting) FROM writers"), "500");
}

/* Two that take at the same time never get the same. */
static void *take_all(void *argument)
{
    struct racer *r = argument;
    struct err err = { 0 };
    struct arena arena;

    arena_init(&arena, 16 << 20);
    pthread_barrier_wait(r->start);
    for (int empty = 0; empty < 20;) {
        struct store_event *list;
        size_t count = 0;
        if (store_begin(r->s, &err) != 0 ||
            store_take(r->s, S("P"), TAKEN, 0, 7, &arena, &list, &count, &err) != 0 || store_commit(r->s, &err) != 0) {
            store_rollback(r->s);
            r->failed += err.kind != ERR_AGAIN;
            continue;
        }
        r->fresh += (int)count;
        empty += count == 0;
        arena_reset(&arena);
    }
    arena_free(&arena);
    return NULL;
}

static void test_takes_apart(void **state)
{
    struct pair *p = *state;
    pthread_barrier_t start;
    struct racer racers[2] = { { .s = p->f->s, .start = &start }, { .s = p->other, .start = &start } };

    IN(p->f->s, put_events(p->f->s, 1000, &p->f->err));
    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, take_all, &racers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&start);
    assert_int_equal(racers[0].failed + racers[1].failed, 0);
    assert_int_equal(racers[0].fresh + racers[1].fresh, 1000);
    assert_counts(p->f, (struct store_counts){ .sending = 1000 });
}

/* Two that lock the same rows in the other order: the database refuses one of them as a whole, which is told as such. */
struct deadlock {
    pthread_t thread;
    struct store *s;
    pthread_barrier_t *between;
    const char *first, *second;
    int rc;
    struct err err;
};

static void *lock_both(void *argument)
{
    struct deadlock *d = argument;
    struct store_click click = { .offer = S("o"), .click_id = slice_from(d->first), .ip = S("192.0.2.1"), .at = 1 };

    d->rc = store_begin(d->s, &d->err) != 0 || store_click_put(d->s, &click, &d->err) < 0 ? -1 : 0;
    pthread_barrier_wait(d->between);
    click.click_id = slice_from(d->second);
    if (d->rc == 0 && (store_click_put(d->s, &click, &d->err) < 0 || store_commit(d->s, &d->err) != 0))
        d->rc = -1;
    store_rollback(d->s);
    return NULL;
}

static void test_deadlock(void **state)
{
    struct pair *p = *state;
    pthread_barrier_t between;
    struct deadlock two[2] = { { .s = p->f->s, .between = &between, .first = "c1", .second = "c2" },
                               { .s = p->other, .between = &between, .first = "c2", .second = "c1" } };

    for (int i = 0; i < 2; i++)
        IN(p->f->s, store_click_put(p->f->s, &(struct store_click){ .offer = S("o"), .click_id = slice_from(two[i].first), .at = 1 },
                                    &p->f->err));
    pthread_barrier_init(&between, NULL, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&two[i].thread, NULL, lock_both, &two[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(two[i].thread, NULL);
    pthread_barrier_destroy(&between);
    assert_int_equal(two[0].rc + two[1].rc, -1);
    assert_int_equal(two[two[1].rc != 0].err.kind, ERR_AGAIN);
}

/* ---- what they know of each other ---- */

static struct store_gate look_by(struct pair *p, struct store *s, const char *pixel, struct store_crowd *crowd)
{
    struct store_gate list[2] = { { .pixel = S("other") }, { .pixel = slice_from(pixel) } };

    OK(p->f, store_look(s, list, 2, crowd, &p->f->arena, &p->f->err));
    return list[1];
}

static void tell_by(struct pair *p, struct store *s, struct store_gate gate, int64_t mine, bool anew)
{
    IN(s, store_gate_set(s, &gate, mine, anew, &p->f->err));
}

static void test_gates(void **state)
{
    enum { MINE = 77, OTHER = 88 };
    struct pair *p = *state;
    struct store *a = p->f->s, *b = p->other;
    struct store_crowd crowd;
    struct store_gate g = look_by(p, a, "P", &crowd);

    assert_int_equal(g.version + g.due + g.token + g.until + g.failures, 0);
    IN(a, put_events(a, 2, &p->f->err));
    assert_int_equal(look_by(p, b, "P", &crowd).due, NOW); /* seen by who did not put it */
    tell_by(p, a, (struct store_gate){ .pixel = S("P"), .until = NOW + 500, .failures = 1, .why = S("HTTP 503 \xff") }, MINE, false);
    tell_by(p, b, (struct store_gate){ .pixel = S("P"), .until = NOW + 400, .failures = 1, .why = S("x") }, MINE, false);
    g = look_by(p, b, "P", &crowd);
    assert_int_equal(g.until, NOW + 500); /* the longest */
    assert_int_equal(g.failures, 1);
    assert_int_equal(g.version, 2);
    tell_by(p, b, (struct store_gate){ .pixel = S("P") }, MINE, false); /* it works again */
    g = look_by(p, a, "P", &crowd);
    assert_int_equal(g.until + g.failures, 0);
    tell_by(p, a, (struct store_gate){ .pixel = S("P"), .token = MINE, .why = S("TikTok 40105") }, MINE, false);
    tell_by(p, b, (struct store_gate){ .pixel = S("P"), .until = NOW, .failures = 2 }, MINE, false); /* did not know yet */
    tell_by(p, b, (struct store_gate){ .pixel = S("P") }, OTHER, true);
    assert_int_equal(look_by(p, b, "P", &crowd).token, MINE);
    tell_by(p, b, (struct store_gate){ .pixel = S("P") }, MINE, true);
    assert_int_equal(look_by(p, a, "P", &crowd).token, 0);
    assert_string_equal(ask(p, "SELECT count(*) FROM gates"), "1");
}

static void test_crowd(void **state)
{
    struct pair *p = *state;
    struct store_crowd crowd;
    struct store *third = another(p);

    store_name(p->f->s, S("node-a"), 1);
    store_name(p->other, S("node-b"), 2);
    store_name(third, S("node-a"), 3);
    renew_by(p, p->f->s, TAKEN);
    renew_by(p, p->other, TAKEN);
    look_by(p, p->f->s, "P", &crowd);
    assert_int_equal(crowd.senders, 2);
    assert_int_equal(crowd.twins, 0);
    nap(5);
    IN(third, put_events(third, 0, &p->f->err)); /* writes, but does not send */
    look_by(p, p->f->s, "P", &crowd);
    assert_int_equal(crowd.senders, 2);
    assert_int_equal(crowd.twins, 1);
    look_by(p, p->other, "P", &crowd);
    assert_int_equal(crowd.twins, 0);
    store_close(third);
    look_by(p, p->f->s, "P", &crowd);
    assert_int_equal(crowd.twins, 0);
    ask(p, "UPDATE writers SET until = clock_timestamp() - interval '1 s' WHERE node = 'node-b'"); /* died */
    look_by(p, p->f->s, "P", &crowd);
    assert_int_equal(crowd.senders, 1);
    assert_string_equal(ask(p, "SELECT string_agg(node, ' ' ORDER BY run) FROM writers WHERE run > 0"), "node-a node-b node-a");
}

static void test_clock(void **state)
{
    struct pair *p = *state;
    struct store_clock c;
    struct timespec boot;
    int64_t theirs, away;

    assert_false(store_clock(p->f->s, &c));
    IN(p->f->s, put_events(p->f->s, 1, &p->f->err));
    assert_true(store_clock(p->f->s, &c));
    assert_true(c.within >= 1 && c.within < 1000);
    theirs = strtoll(ask(p, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"), NULL, 10);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    away = theirs - (c.at + boot.tv_sec * 1000 + boot.tv_nsec / 1000000 - c.boot);
    assert_true(away >= -c.within - 50 && away <= c.within + 50);
    assert_int_equal(strtoll(ask(p, "SELECT id >> 21 FROM events"), NULL, 10), c.at / 1000 - PG_EPOCH); /* the ids' seconds */
}

/* Of an engine with one writer there is nobody else to know of. */
static void test_alone(void **state)
{
    struct fixture *f = fixture_new(&engines[0]);
    struct store_gate g = { .pixel = S("P") };
    struct store_crowd crowd;
    struct store_clock clock;
    int64_t recovered;

    (void)state;
    fixture_open(f);
    assert_false(store_shares(f->s));
    store_name(f->s, S("x"), 1);
    assert_false(store_clock(f->s, &clock));
    begin(f);
    GIVES(f, -1, store_renew(f->s, NOW, &recovered, &f->err));
    SAYS(f, ERR_INPUT, "store: this engine has one writer");
    GIVES(f, -1, store_gate_set(f->s, &g, 1, false, &f->err));
    commit(f);
    GIVES(f, -1, store_look(f->s, &g, 1, &crowd, &f->arena, &f->err));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(test_leases), PAIR(test_leases_48_hours), PAIR(test_leases_withdrawn), PAIR(test_leases_end),
        PAIR(test_take_in_doubt), PAIR(test_connection_lost), PAIR(test_number_taken_over), PAIR(test_same_moment),
        PAIR(test_takes_apart), PAIR(test_deadlock), PAIR(test_gates), PAIR(test_crowd), PAIR(test_clock),
        cmocka_unit_test(test_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
