/* How often the PostgreSQL engine asks, and what it does when something comes between a question and its commit: another handle, an
 * administrator, the end of the connection, a statement that fails in the middle of a pipeline. */
#include "tests/unit/store_contract.h"

static struct store *open_node(const char *dir, bool writer, struct err *err)
{
    struct store *s = open_pg(dir, writer, err);

    if (s)
        ((struct pg *)s)->counted_ids = false;
    return s;
}
static const struct engine node = { "postgresql", open_node };

struct bench {
    struct fixture *f;
    PGconn *db; /* the second opinion, and the administrator */
};

static const char *ask(struct bench *b, const char *sql)
{
    static char out[200];
    PGresult *r = PQexec(b->db, sql);

    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(b->db));
    snprintf(out, sizeof(out), "%s", PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return out;
}

#define ASK(b, sql, want) assert_string_equal(ask((b), (sql)), (want))

static int bench_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    char url[400];

    b->f = fixture_new(&node);
    fixture_open(b->f);
    b->db = PQconnectdb(pg_url(b->f->dir, url, sizeof(url)));
    ask(b, "SET client_min_messages = error");
    *state = b;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *b = *state;

    fixture_free(b->f);
    PQfinish(b->db);
    free(b);
    return 0;
}

/* Without one for new plans. */
static uint64_t trips(const struct fixture *f)
{
    ((struct pg *)f->s)->asked = 8;
    return ((const struct pg *)f->s)->trips;
}

/* ---- groups as intake makes them ---- */

/* Postbacks first .. first + count of clicks that are known, or not; their events' ids come from the click. */
static int calls(struct fixture *f, struct store *s, int first, int count, int64_t *known_as)
{
    for (int i = first; i < first + count; i++) {
        struct slice click_id = text(f, "click%d", i);
        struct store_click click = { 0 };
        struct store_postback pb = { .at = NOW, .offer = S("o"), .stage = S("sale"), .click_id = click_id, .verdict = STORE_QUEUED };
        struct store_event ev = { .offer = S("o"), .pixel = S("P"), .event = S("Purchase"), .click_id = click_id,
                                  .event_id = click_id, .body = S("{}"), .created = NOW };
        int rc = store_click_find(s, pb.offer, click_id, S(""), &f->arena, &click, &f->err);
        assert_true(rc >= 0);
        if (rc == 1)
            ev.event_id = click.event_id;
        assert_true(store_marked(s, pb.offer, click_id, S(""), &f->err) >= 0);
        OK(f, store_postback_id(s, &pb.id, &f->err));
        ev.postback_id = pb.id;
        rc = store_event_put(s, &ev, known_as, &f->err);
        assert_true(rc >= 0);
        pb.verdict = rc ? STORE_DUPLICATE : STORE_QUEUED;
        OK(f, store_postback_put(s, &pb, &f->err));
    }
    return 0;
}

static void clicks(struct fixture *f, int count)
{
    int rc;

    OK(f, store_begin_group(f->s, &f->err));
    do {
        for (int i = 0; i < count; i++) {
            struct store_click c = { .offer = S("o"), .click_id = text(f, "click%d", i), .event_id = text(f, "ev%d", i), .at = NOW / 1000 };
            assert_true(store_click_put(f->s, &c, &f->err) >= 0);
        }
        rc = store_commit(f->s, &f->err);
    } while (rc == 1);
    OK(f, rc);
}

/* The rounds that it took. */
static int group(struct fixture *f, int first, int count)
{
    int rounds = 0, rc;

    OK(f, store_begin_group(f->s, &f->err));
    do {
        calls(f, f->s, first, count, NULL);
        rc = store_commit(f->s, &f->err);
        rounds++;
    } while (rc == 1);
    OK(f, rc);
    return rounds;
}

static void few_trips(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;
    uint64_t before;

    clicks(f, 1); /* the number is claimed once, and today's and tomorrow's tables are made */
    before = trips(f);
    clicks(f, 100);
    assert_true(trips(f) - before <= 3); /* with new plans */
    before = trips(f);
    group(f, 0, 50); /* the keys of ids that only the click knows are asked by themselves */
    assert_int_equal(trips(f) - before, 3);
    before = trips(f);
    group(f, 1000, 50); /* of clicks that nobody knows all is asked at once */
    assert_int_equal(trips(f) - before, 2);
    before = trips(f);
    group(f, 0, 50); /* duplicates, all of them */
    assert_int_equal(trips(f) - before, 3);
    before = trips(f);
    ((struct pg *)f->s)->asked = 15;
    group(f, 0, 1); /* the sixteenth time: plans are made anew, for tables as large as they are now */
    assert_int_equal(trips(f) - before, 4);
    before = trips(f);
    ((struct pg *)f->s)->planned_us -= 61000000; /* and after a minute */
    group(f, 0, 1);
    assert_int_equal(trips(f) - before, 4);
    ASK(b, "SELECT count(*) FROM events", "100");
    ASK(b, "SELECT count(*) FROM postbacks", "152");
}

static void few_trips_of_senders(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;
    struct store_attempt a = { .at = NOW, .pixel = S("P"), .http_status = 200 };
    struct store_outcome outcomes[60];
    struct store_event *list;
    uint64_t before;
    size_t n;

    group(f, 0, 60);
    before = trips(f);
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_take(f->s, S("P"), NOW, 0, 1000, &f->arena, &list, &n, &f->err));
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(n, 60);
    assert_int_equal(trips(f) - before, 4); /* BEGIN; what is due; its bodies; COMMIT */
    for (size_t i = 0; i < n; i++)
        outcomes[i] = (struct store_outcome){ .event_id = list[i].id, .state = i % 2 ? STORE_DELIVERED : STORE_WAITING,
                                              .due = NOW + 7, .unknown = i % 4 == 0, .note = i % 2 ? S("") : S("later") };
    before = trips(f);
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_report(f->s, &a, outcomes, n, &f->err));
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(trips(f) - before, 3); /* BEGIN; which are sent; the outcomes and COMMIT */
    ASK(b, "SELECT count(*) FROM deliveries WHERE state = 3 AND note IS NULL AND unknown_since IS NULL", "30");
    ASK(b, "SELECT count(*) FROM deliveries WHERE state = 1 AND note = 'later' AND due - 7 = (SELECT at FROM attempts)", "30");
    ASK(b, "SELECT count(*) FROM deliveries WHERE unknown_since = (SELECT at FROM attempts)", "15");
    ASK(b, "SELECT count(*) FROM tries", "60");
}

/* ---- something comes between ---- */

static void another_is_faster(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;
    struct store *other = open_node(f->dir, true, &f->err);
    int64_t first = 0, winner = 0;
    int rc;

    assert_non_null(other);
    OK(f, store_begin_group(f->s, &f->err));
    calls(f, f->s, 0, 5, NULL);
    assert_int_equal(store_commit(f->s, &f->err), 1); /* asked: none of them is there */
    calls(f, f->s, 0, 5, NULL);
    OK(f, store_begin(other, &f->err)); /* meanwhile */
    calls(f, other, 3, 2, &winner);
    OK(f, store_commit(other, &f->err));
    assert_int_equal(store_commit(f->s, &f->err), 1); /* its COMMIT was not reached */
    ASK(b, "SELECT count(*) FROM events", "2");
    ASK(b, "SELECT count(*) FROM postbacks", "2");
    calls(f, f->s, 0, 5, &first);
    while ((rc = store_commit(f->s, &f->err)) == 1)
        calls(f, f->s, 0, 5, &first);
    OK(f, rc);
    assert_true(first != 0); /* the last of them has its event from the other */
    ASK(b, "SELECT count(*) FROM events", "5");
    ASK(b, "SELECT count(DISTINCT event_id) FROM events", "5");
    ASK(b, "SELECT count(*) FROM postbacks WHERE verdict = 2", "2");
    ASK(b, "SELECT sum(postbacks) FROM writers", "7");
    ASK(b, "SELECT sum(n) FROM tallies WHERE kind = (SELECT max(kind) FROM tallies WHERE name = 'sale') AND slot = 1", "5");
    store_close(other);
}

/* The number is somebody else's now: what was gathered is not committed. */
static void the_number_is_lost(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;

    group(f, 0, 1);
    ask(b, "UPDATE writers SET token = token + 1, until = clock_timestamp() + interval '60 s'");
    OK(f, store_begin_group(f->s, &f->err));
    do
        calls(f, f->s, 1, 3, NULL);
    while (store_commit(f->s, &f->err) == 1);
    assert_int_equal(f->err.kind, ERR_AGAIN);
    assert_non_null(strstr(f->err.text, "another took its place; it goes on under a new number"));
    ASK(b, "SELECT count(*) FROM postbacks", "1");
    group(f, 1, 3);
    ASK(b, "SELECT count(*) FROM postbacks", "4");
    ASK(b, "SELECT count(*) FROM writers", "2");
    OK(f, store_begin(f->s, &f->err)); /* the same without a group */
    ask(b, "UPDATE writers SET token = token + 1, until = clock_timestamp() + interval '60 s'");
    calls(f, f->s, 9, 1, NULL);
    assert_int_equal(store_commit(f->s, &f->err), -1);
    assert_non_null(strstr(f->err.text, "another took its place"));
    ASK(b, "SELECT count(*) FROM postbacks", "4");
}

/* Whatever the role's settings say, a commit waits until it is durable. A deferred trigger sees what counts when it is made. */
static void commits_are_durable(void **state)
{
    static const char *const said[][2] = { { "off", "on" }, { "local", "on" }, { "remote_write", "on" }, { "on", "on" },
                                           { "remote_apply", "remote_apply" } };
    struct bench *b = *state;
    struct fixture *f = b->f;
    char sql[200];

    ask(b, "CREATE TABLE seen(what text); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS"
           " 'BEGIN INSERT INTO seen VALUES(current_setting(''synchronous_commit'')); RETURN NULL; END';"
           "CREATE CONSTRAINT TRIGGER see AFTER INSERT OR UPDATE ON writers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see()");
    for (size_t i = 0; i < COUNT(said); i++) {
        snprintf(sql, sizeof(sql), "ALTER ROLE CURRENT_USER SET synchronous_commit = %s", said[i][0]);
        ask(b, sql);
        fixture_reopen(f);
        group(f, (int)i * 10, 1);
        ask(b, "TRUNCATE seen");
        group(f, (int)i * 10 + 1, 1);
        ASK(b, "SELECT string_agg(what, ',') FROM seen", said[i][1]);
        ask(b, "TRUNCATE seen");
        OK(f, store_begin(f->s, &f->err));
        calls(f, f->s, (int)i * 10 + 2, 1, NULL);
        OK(f, store_commit(f->s, &f->err));
        ASK(b, "SELECT string_agg(what, ',') FROM seen", said[i][1]);
    }
    ask(b, "ALTER ROLE CURRENT_USER RESET synchronous_commit");
}

static void end_its_connection(struct bench *b)
{
    char sql[120];

    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(((struct pg *)b->f->s)->db));
    ASK(b, sql, "t");
}

/* Before anything was sent nobody hears of it; later the group has failed, and the next one is as if nothing had been. */
static void the_connection_ends(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;

    clicks(f, 10);
    group(f, 0, 2);
    end_its_connection(b);
    group(f, 2, 2);
    end_its_connection(b);
    OK(f, store_begin(f->s, &f->err));
    calls(f, f->s, 4, 1, NULL);
    OK(f, store_commit(f->s, &f->err));
    ASK(b, "SELECT count(*) FROM events", "5");

    OK(f, store_begin_group(f->s, &f->err));
    calls(f, f->s, 5, 3, NULL);
    assert_int_equal(store_commit(f->s, &f->err), 1);
    end_its_connection(b);
    calls(f, f->s, 5, 3, NULL);
    assert_int_equal(store_commit(f->s, &f->err), -1);
    ASK(b, "SELECT count(*) FROM postbacks", "5");
    group(f, 5, 3);
    ASK(b, "SELECT count(*) FROM postbacks", "8");
    ASK(b, "SELECT count(*) FROM events", "8");
    ASK(b, "SELECT sum(postbacks) FROM writers", "8");
}

/* The one that failed is named, not the first or the last of its pipeline; and the next group stands on nothing of it. */
static void an_error_in_the_middle(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;
    int rc;

    group(f, 0, 2);
    ask(b, "ALTER TABLE deliveries ADD CONSTRAINT never CHECK (event < 0) NOT VALID");
    OK(f, store_begin_group(f->s, &f->err));
    do
        calls(f, f->s, 2, 2, NULL);
    while ((rc = store_commit(f->s, &f->err)) == 1);
    assert_int_equal(rc, -1);
    if (!strstr(f->err.text, "GROUP_DELIVERIES_ADD") || !strstr(f->err.text, "23514"))
        fail_msg("%s", f->err.text);
    ASK(b, "SELECT count(*) FROM postbacks", "2");
    ASK(b, "SELECT count(*) FROM event_keys", "2");
    ask(b, "ALTER TABLE deliveries DROP CONSTRAINT never");
    group(f, 2, 2);
    ASK(b, "SELECT count(*) FROM postbacks", "4");
    ASK(b, "SELECT count(*) FROM events e JOIN deliveries d ON d.event = e.id", "4");
}

/* What waits in the queue when a transaction is given up is not written, neither then nor with the next one. */
static void given_up(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;
    struct store_attempt a = { .at = NOW, .pixel = S("P"), .http_status = 200 };
    struct store_outcome o = { .state = STORE_DELIVERED };
    struct store_event *list;
    size_t n;

    group(f, 0, 1);
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_take(f->s, S("P"), NOW, 0, 10, &f->arena, &list, &n, &f->err));
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(n, 1);
    o.event_id = list[0].id;
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_report(f->s, &a, &o, 1, &f->err)); /* its writes lie in the queue */
    store_rollback(f->s);
    group(f, 1, 1);
    ASK(b, "SELECT count(*) FROM deliveries WHERE state = 3", "0");
    ASK(b, "SELECT count(*) FROM attempts", "0");
    ASK(b, "SELECT sum(sending) || ' ' || sum(waiting) FROM writers", "1 1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    static const struct CMUnitTest tests[] = {
        TEST(few_trips), TEST(few_trips_of_senders), TEST(another_is_faster), TEST(the_number_is_lost), TEST(commits_are_durable),
        TEST(the_connection_ends), TEST(an_error_in_the_middle), TEST(given_up),
    };

    return cmocka_run_group_tests_name("trips", tests, NULL, NULL);
}
