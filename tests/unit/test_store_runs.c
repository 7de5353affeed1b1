/* Handles on one database: what a run of the program that was killed had, the next one has at once, and nobody else's; who looks on
 * misses nothing that commits late. */
#include "tests/unit/store_pair.h"

#include <stdatomic.h>

#define SEAT(n) ((int64_t)(n) << STORE_RUN_BITS)
#define LIFE(n) ((int64_t)(n) << STORE_RUN_HANDLES)

/* ---- one run after the other ---- */

static int64_t recover_by(struct pair *p, struct store *s)
{
    int64_t recovered;

    IN(s, store_recover(s, TAKEN + 1, &recovered, &p->f->err));
    return recovered;
}

static void test_killed(void **state)
{
    struct pair *p = *state;
    struct store *dead = p->f->s, *stranger = p->other, *next = another(p), *sender = another(p);
    int64_t id, number;

    store_name(dead, S("n"), SEAT(7) | LIFE(1));
    store_name(stranger, S("n"), SEAT(8) | LIFE(2)); /* of the same name, and alive */
    store_name(next, S("n"), SEAT(7) | LIFE(3));
    store_name(sender, S("n"), SEAT(7) | LIFE(3));
    IN(dead, put_events(dead, 3, &p->f->err));
    number = pg_of(dead)->number;
    id = take_by(p, dead, TAKEN, 3)[0].id;
    assert_int_equal(recover_by(p, stranger), 0);
    assert_int_equal(renew_by(p, stranger, TAKEN + 1), 0);
    assert_string_equal(ask(p, "SELECT count(*) FROM writers WHERE until >= clock_timestamp()"), "2");
    assert_int_equal(recover_by(p, next), 3);
    assert_int_equal(pg_of(next)->number, number); /* it is free at once */
    assert_string_equal(ask(p, "SELECT count(*) FROM writers WHERE until >= clock_timestamp()"), "2");
    assert_int_equal(get(p, id).state, STORE_WAITING);
    assert_int_equal(get(p, id).attempts, 1);
    assert_int_equal(get(p, id).unknown_since, TAKEN);
    assert_counts(p->f, (struct store_counts){ .waiting = 3, .oldest_waiting = NOW });

    /* Two handles of one run leave each other's alone; so does one that begins anew while they live. */
    take_by(p, sender, TAKEN + 2, 3);
    assert_int_equal(recover_by(p, next), 0);
    assert_int_equal(renew_by(p, next, TAKEN + 3), 0);
    assert_int_equal(renew_by(p, sender, TAKEN + 3), 0);
    report_by(p, sender, TAKEN + 3, id, STORE_DELIVERED, "OK");
    OK(p->f, store_begin(dead, &p->f->err)); /* a word from the grave */
    GIVES(p->f, -1, store_commit(dead, &p->f->err));
    assert_int_equal(p->f->err.kind, ERR_AGAIN);
    assert_int_equal(get(p, id).state, STORE_DELIVERED);
    assert_int_equal(recover_by(p, sender), 2); /* its own */
    store_close(next);
    store_close(sender);
}

/* What the dead one's connection had sent is committed only after the next run has looked: it is found all the same. */
static void test_killed_while_it_committed(void **state)
{
    struct pair *p = *state;
    struct store *intake = p->f->s, *dead = p->other, *next = another(p); /* the first two are of one run */
    struct store_event *list;
    size_t count;

    store_name(intake, S("n"), SEAT(7) | LIFE(1));
    store_name(dead, S("n"), SEAT(7) | LIFE(1));
    store_name(next, S("n"), SEAT(7) | LIFE(2));
    IN(intake, put_events(intake, 2, &p->f->err));
    OK(p->f, store_begin(dead, &p->f->err));
    OK(p->f, store_take(dead, S("P"), TAKEN, 0, 1, &p->f->arena, &list, &count, &p->f->err));
    assert_int_equal(recover_by(p, next), 0);
    OK(p->f, store_commit(dead, &p->f->err));
    take_by(p, next, TAKEN + 1, 1);
    assert_int_equal(renew_by(p, next, TAKEN + 2), 1);
    assert_int_equal(renew_by(p, next, TAKEN + 3), 0);
    assert_string_equal(ask(p, "SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state"), "1");
    store_close(next);
}

/* Without a lock nobody knows of anybody that he is dead. */
static void test_no_lock(void **state)
{
    struct pair *p = *state;

    store_name(p->f->s, S("n"), LIFE(1));
    store_name(p->other, S("n"), LIFE(2));
    IN(p->f->s, put_events(p->f->s, 1, &p->f->err));
    take_by(p, p->f->s, TAKEN, 1);
    assert_int_equal(recover_by(p, p->other), 0);
    assert_int_equal(renew_by(p, p->other, TAKEN), 0);
    assert_string_equal(ask(p, "SELECT state FROM deliveries"), "2");
}

/* ---- numbers, and the database's clock ---- */

static int64_t put_postback(struct pair *p, struct store *s, const char *txid)
{
    struct store_postback pb = { .at = NOW, .offer = S("o"), .txid = slice_from(txid), .verdict = STORE_IGNORED };

    OK(p->f, store_postback_put(s, &pb, &p->f->err));
    return pb.id;
}

static void test_all_numbers_taken(void **state)
{
    struct pair *p = *state;
    struct store *late = p->f->s;

    ask(p, "INSERT INTO writers SELECT n, 5, 'crowd', clock_timestamp() + interval '60 s', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1"
           " FROM generate_series(0, 63) n");
    GIVES(p->f, -1, store_begin(late, &p->f->err));
    assert_int_equal(p->f->err.kind, ERR_BUSY);
    assert_true(slice_find(slice_from(p->f->err.text), S(": 64 handles write to it already; one that ended without notice is "
                                                         "forgotten after a minute")) < strlen(p->f->err.text));
    ask(p, "UPDATE writers SET until = clock_timestamp() - interval '1 s' WHERE number = 41"); /* one was not heard of for a minute */
    IN(late, put_events(late, 1, &p->f->err));
    assert_int_equal(pg_of(late)->number, 41);
    ask(p, "UPDATE writers SET run = (7::bigint << 23) | 128 WHERE number IN (3, 9)"); /* and two of a run that was killed */
    store_name(p->other, S("n"), SEAT(7) | LIFE(2));
    IN(p->other, put_events(p->other, 0, &p->f->err));
    assert_int_equal(pg_of(p->other)->number, 3);
    assert_string_equal(ask(p, "SELECT count(*) FROM writers WHERE until < clock_timestamp()"), "1");
}

/* As the database says what time it is, from now on: for handles that are opened after it. */
static void set_clock(struct pair *p, const char *by)
{
    char sql[300];

    snprintf(sql, sizeof(sql), "CREATE OR REPLACE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
             " $$SELECT pg_catalog.clock_timestamp() + interval '%s'$$", by);
    ask(p, sql);
}

static struct store *by_that_clock(struct pair *p)
{
    char url[400];
    struct store *s;

    pg_url(p->f->dir, url, sizeof(url));
    strcat(url, ",pg_catalog"); /* its own functions come last */
    if (!(s = pg_open(url, true, false, &p->f->err)))
        fail_msg("%s", p->f->err.text);
    return s;
}

static void test_clock_set_back(void **state)
{
    struct pair *p = *state;
    struct store *a, *b;
    int64_t before, id;

    set_clock(p, "0 s");
    a = by_that_clock(p);
    b = by_that_clock(p);
    IN(a, put_events(a, 2, &p->f->err));
    id = take_by(p, a, TAKEN, 2)[0].id;
    IN(b, put_events(b, 0, &p->f->err));
    OK(p->f, store_begin(a, &p->f->err));
    before = put_postback(p, a, "before");
    OK(p->f, store_commit(a, &p->f->err));
    set_clock(p, "-3 hours");
    OK(p->f, store_begin(a, &p->f->err));
    assert_int_equal(put_postback(p, a, "back"), before + 1); /* ids of a number never go back */
    OK(p->f, store_commit(a, &p->f->err));
    assert_int_equal(renew_by(p, b, TAKEN + 1), 0);
    assert_string_equal(ask(p, "SELECT max(lease) < pg_catalog.clock_timestamp() - interval '2 hours 57 minutes' FROM deliveries"), "t");
    assert_string_equal(ask(p, "SELECT max(until) < pg_catalog.clock_timestamp() - interval '2 hours 58 minutes' FROM writers"), "t");
    set_clock(p, "-2 hours -57 minutes"); /* three minutes later, of which a has said nothing */
    assert_int_equal(renew_by(p, b, TAKEN + 2), 2);
    set_clock(p, "5 hours"); /* forward: what was taken counts as abandoned, its outcome unknown */
    take_by(p, a, TAKEN + 3, 2);
    set_clock(p, "6 hours");
    assert_int_equal(renew_by(p, b, TAKEN + 4), 2);
    assert_int_equal(get(p, id).unknown_since, TAKEN);
    assert_counts(p->f, (struct store_counts){ .postbacks = 2, .waiting = 2, .oldest_waiting = NOW });
    store_close(a);
    store_close(b);
}

/* ---- who looks on ---- */

/* "a b": the txids of what is new to who looks on. */
static const char *news(struct pair *p, struct store *reader, struct store_cursor *at, unsigned max)
{
    static char out[400];
    struct store_postback *list;
    size_t count, n = 0;

    OK(p->f, store_news(reader, at, max, &p->f->arena, &list, &count, &p->f->err));
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", i ? " " : "", SLICE_ARG(list[i].txid));
    return out;
}

static struct store *reader_of(struct pair *p)
{
    struct store *s = open_node(p->f->dir, false, &p->f->err);

    assert_non_null(s);
    return s;
}

static void test_late(void **state)
{
    struct pair *p = *state;
    struct store *slow = p->f->s, *fast = p->other, *reader = reader_of(p);
    struct store_cursor at, before;
    int64_t early, later;

    IN(slow, put_events(slow, 0, &p->f->err));
    IN(fast, put_events(fast, 0, &p->f->err));
    OK(p->f, store_cursor_newest(reader, &at, &p->f->err));
    assert_string_equal(news(p, reader, &at, 10), "");
    OK(p->f, store_begin(slow, &p->f->err));
    early = put_postback(p, slow, "late");
    put_postback(p, slow, "late-2");
    nap(1100);
    OK(p->f, store_begin(fast, &p->f->err));
    later = put_postback(p, fast, "f1");
    put_postback(p, fast, "f2");
    OK(p->f, store_commit(fast, &p->f->err));
    assert_true(early < later);
    before = at;
    assert_string_equal(news(p, reader, &before, 1), "f1"); /* page by page */
    assert_string_equal(news(p, reader, &before, 1), "f2");
    assert_string_equal(news(p, reader, &at, 10), "f1 f2");
    OK(p->f, store_commit(slow, &p->f->err));
    assert_true(store_cursor_top(at.postback) > early);
    assert_true(*store_cursor_place(reader, &at, early) < early && *store_cursor_place(reader, &at, later) > later);
    assert_string_equal(news(p, reader, &at, 10), "late late-2");
    assert_string_equal(news(p, reader, &at, 10), "");
    assert_string_equal(news(p, reader, &before, 1), "late");
    assert_string_equal(news(p, reader, &before, 1), "late-2");
    assert_string_equal(news(p, reader, &before, 1), "");
    /* Who comes back with the newest id alone gets what was shortly before it again, too. */
    at = store_cursor_at(reader, later, 0);
    assert_string_equal(news(p, reader, &at, 10), "late late-2 f1 f2");
    store_close(reader);
}

/* A number that was silent since long wakes up; others went on, and nothing of theirs is read again or twice. */
static void test_late_and_silent(void **state)
{
    struct pair *p = *state;
    struct store *silent = p->f->s, *busy = p->other, *reader = reader_of(p), *fresh;
    struct store_cursor at;

    IN(silent, put_events(silent, 0, &p->f->err));
    ask(p, "UPDATE writers SET last_postback = (1795000000::bigint - 1577836800) << 21 WHERE number = 0"); /* a month ago */
    OK(p->f, store_cursor_newest(reader, &at, &p->f->err));
    for (int i = 0; i < 3; i++) {
        OK(p->f, store_begin(busy, &p->f->err));
        put_postback(p, busy, "busy");
        OK(p->f, store_commit(busy, &p->f->err));
        assert_string_equal(news(p, reader, &at, 10), "busy");
    }
    OK(p->f, store_begin(silent, &p->f->err));
    put_postback(p, silent, "awake");
    OK(p->f, store_commit(silent, &p->f->err));
    fresh = another(p); /* and a number that nobody has had */
    OK(p->f, store_begin(fresh, &p->f->err));
    put_postback(p, fresh, "fresh");
    OK(p->f, store_commit(fresh, &p->f->err));
    assert_string_equal(news(p, reader, &at, 10), "awake fresh");
    assert_string_equal(news(p, reader, &at, 10), "");
    store_close(fresh);
    store_close(reader);
}

/* Two write at random, now and then long; one looks on: each row comes once. */
struct writer {
    pthread_t thread;
    struct store *s;
    unsigned seed;
    int put, failed;
    char why[400];
};

enum { ROUNDS = 60 };
static atomic_int writing = 2;

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void *write_some(void *argument)
{
    struct writer *w = argument;
    struct err err = { 0 };
    unsigned state = w->seed;

    for (int i = 0; i < ROUNDS; i++) {
        struct store_postback pb = { .at = NOW, .offer = S("o"), .txid = S("r"), .verdict = STORE_IGNORED };
        int n = 1 + rand_r(&state) % 4;
        bool ok = store_begin(w->s, &err) == 0;
        for (int k = 0; ok && k < n; k++) {
            pb.id = 0;
            ok = store_postback_put(w->s, &pb, &err) == 0;
        }
        nap(rand_r(&state) % 10 == 0 ? 60 : rand_r(&state) % 4);
        if (!ok || store_commit(w->s, &err) != 0) {
            w->failed++;
            snprintf(w->why, sizeof(w->why), "%s", err.text);
            store_rollback(w->s);
            continue;
        }
        w->put += n;
    }
    atomic_fetch_sub(&writing, 1);
    return NULL;
}

static void test_each_once(void **state)
{
    struct pair *p = *state;
    struct store *reader = reader_of(p);
    struct writer w[2] = { { .s = p->f->s, .seed = 1 }, { .s = p->other, .seed = 2 } };
    static int64_t seen[2 * 4 * ROUNDS + 1];
    struct store_cursor at;
    size_t all = 0, want = 0, late = 0;

    IN(w[0].s, put_events(w[0].s, 0, &p->f->err));
    OK(p->f, store_cursor_newest(reader, &at, &p->f->err));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_some, &w[i]), 0);
    for (int ended = 0; ended < 4; ended += atomic_load(&writing) == 0) { /* and some pages after both have ended */
        struct store_postback *list;
        size_t count;
        do {
            OK(p->f, store_news(reader, &at, 7, &p->f->arena, &list, &count, &p->f->err));
            for (size_t i = 0; i < count && all < COUNT(seen); i++)
                seen[all++] = list[i].id;
        } while (count);
        nap(2);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(w[i].thread, NULL);
        if (w[i].failed)
            fail_msg("%s", w[i].why);
        want += (size_t)w[i].put;
    }
    for (size_t i = 1; i < all; i++)
        late += seen[i] < seen[i - 1];
    print_message("%zu rows, %zu behind a later one\n", all, late);
    assert_true(late > 0);
    qsort(seen, all, sizeof(*seen), by_number);
    for (size_t i = 1; i < all; i++)
        assert_true(seen[i] != seen[i - 1]);
    assert_int_equal(all, want);
    store_close(reader);
}

/* ---- the same of any engine ---- */

static void test_contract(void **state)
{
    struct fixture *f = *state;
    struct store_cursor at;
    struct store_postback pb = { .at = NOW, .offer = S("o"), .verdict = STORE_IGNORED }, *list;
    struct store_event *taken;
    int64_t ids[3], event_ids[2], *changed;
    size_t count;

    OK(f, store_cursor_newest(f->s, &at, &f->err));
    assert_int_equal(store_cursor_top(at.postback) + store_cursor_top(at.attempt), 0);
    OK(f, store_news(f->s, &at, 9, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 0);
    begin(f);
    for (int i = 0; i < 3; i++) {
        pb.id = 0;
        OK(f, store_postback_put(f->s, &pb, &f->err));
        ids[i] = pb.id;
    }
    event_ids[0] = put(f, event("e1"));
    event_ids[1] = put(f, event("e2"));
    commit(f);
    OK(f, store_news(f->s, &at, 2, &f->arena, &list, &count, &f->err));
    assert_true(count == 2 && list[0].id == ids[0] && list[1].id == ids[1]);
    assert_int_equal(*store_cursor_place(f->s, &at, ids[2]), ids[1]);
    OK(f, store_news(f->s, &at, 2, &f->arena, &list, &count, &f->err));
    assert_true(count == 1 && list[0].id == ids[2]);
    OK(f, store_changed_events(f->s, &at, 9, &f->arena, &changed, &count, &f->err));
    assert_int_equal(count, 0);
    begin(f);
    taken = take(f, NOW, 2, 2);
    report(f, NOW, (struct store_outcome){ .event_id = taken[0].id, .state = STORE_DELIVERED });
    report(f, NOW, (struct store_outcome){ .event_id = taken[1].id, .state = STORE_DEAD });
    commit(f);
    OK(f, store_changed_events(f->s, &at, 1, &f->arena, &changed, &count, &f->err));
    assert_true(count == 1 && changed[0] == event_ids[0]);
    OK(f, store_changed_events(f->s, &at, 9, &f->arena, &changed, &count, &f->err));
    assert_true(count == 1 && changed[0] == event_ids[1]);
    OK(f, store_changed_events(f->s, &at, 9, &f->arena, &changed, &count, &f->err));
    assert_int_equal(count, 0);
    at = store_cursor_at(f->s, ids[0], 0);
    OK(f, store_news(f->s, &at, 9, &f->arena, &list, &count, &f->err));
    assert_true(count == 2 && list[0].id == ids[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR(test_killed), PAIR(test_killed_while_it_committed), PAIR(test_no_lock), PAIR(test_all_numbers_taken),
        PAIR(test_clock_set_back), PAIR(test_late),
        PAIR(test_late_and_silent), PAIR(test_each_once),
    };
    const struct CMUnitTest of_any[] = { CASE(test_contract) };

    return cmocka_run_group_tests(tests, NULL, NULL) + RUN_ON_ENGINES(of_any);
}
