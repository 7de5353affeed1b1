/* What a server keeps while its database is away: the file (spill.h), and what the database says of it (store_spill_meet, _mark;
 * CLICKBATON_TEST_PG names one). */
#include "tests/unit/store_contract.h"



#include <sqlite3.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "adapters/store/spill.h"

#define MOST (INT64_C(64) << 20)
#define PLACE "postgresql://db.example:5432/clickbaton"

struct bed {
    char dir[40];
    struct spill *s;
    struct arena arena;
    struct err err;
};

static void open_file(struct bed *b)
{
    b->s = spill_open(b->dir, MOST, NULL, &b->err);
    if (!b->s)
        fail_msg("%s", b->err.text);
}

static int bed_up(void **state)
{
    struct bed *b = calloc(1, sizeof(*b));

    snprintf(b->dir, sizeof(b->dir), "/tmp/clickbaton-spill.XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    arena_init(&b->arena, (size_t)64 << 20);
    open_file(b);
    *state = b;
    return 0;
}

static int bed_down(void **state)
{
    struct bed *b = *state;

    spill_close(b->s);
    arena_free(&b->arena);
    remove_folder(b->dir);
    free(b);
    return 0;
}

static struct spill_state state_of(struct bed *b)
{
    struct spill_state s;

    spill_state(b->s, &s);
    return s;
}

/* Every byte, and every field another. */
static struct spill_entry entry(int64_t serial)
{
    static const char bytes[] = "a=%00&b=\xff\0c";

    return (struct spill_entry){ serial, NOW + serial, SPILL_CLICK, true, 1790000000 + serial, S("nutra-de"), S("POST"), S("text/plain"),
                                 S("127.0.0.1"), { bytes, sizeof(bytes) - 1 }, S("why"), S("W091 the key\nW003 x\n") };
}

static int keep(struct bed *b, int64_t first, int64_t count)
{
    struct spill_entry list[2000];

    for (int64_t i = 0; i < count; i++)
        list[i] = entry(first + i);
    return spill_put(b->s, list, (size_t)count, PLACE, &b->err);
}

static void assert_entry(const struct spill_entry *is, int64_t serial)
{
    const struct spill_entry want = entry(serial);

    assert_int_equal(is->serial, serial);
    assert_int_equal(is->at, want.at);
    assert_int_equal(is->kind, want.kind);
    assert_true(is->keyed);
    assert_int_equal(is->said_at, want.said_at);
    SAME(is->offer, want.offer);
    SAME(is->method, want.method);
    SAME(is->content_type, want.content_type);
    SAME(is->address, want.address);
    SAME(is->params, want.params);
    SAME(is->reason, want.reason);
    SAME(is->notes, want.notes);
}

/* Those that wait: count, from first on. */
static void assert_waits(struct bed *b, int64_t first, size_t count)
{
    struct spill_entry *list;
    size_t got;

    assert_int_equal(spill_get(b->s, 2000, (size_t)1 << 30, &b->arena, &list, &got, &b->err), 0);
    assert_int_equal(got, count);
    for (size_t i = 0; i < got; i++)
        assert_entry(&list[i], first + (int64_t)i);
    assert_int_equal(state_of(b).waiting, count);
    assert_int_equal(state_of(b).first_at, count ? NOW + first : 0);
}

static void reopen(struct bed *b)
{
    struct spill_state before = state_of(b), after;

    spill_close(b->s);
    open_file(b);
    after = state_of(b);
    if (before.waiting)
        assert_memory_equal(&before, &after, sizeof(before));
}

static void test_in_order(void **state)
{
    struct bed *b = *state;

    assert_waits(b, 0, 0);
    assert_int_equal(keep(b, 1, 3), 0);
    assert_int_equal(keep(b, 10, 0), 0);
    reopen(b);
    assert_waits(b, 1, 3);
    assert_int_equal(keep(b, 4, 97), 0);
    assert_waits(b, 1, 100);
    assert_string_equal(state_of(b).place, PLACE);
    assert_int_equal(state_of(b).last, 100);
    assert_int_equal(spill_drop(b->s, 40, &b->err), 0);
    reopen(b);
    assert_waits(b, 41, 60);
    assert_int_equal(spill_drop(b->s, 40, &b->err), 0); /* again */
    assert_waits(b, 41, 60);
    assert_int_equal(keep(b, 100, 1), -1); /* a serial that is there */
    assert_waits(b, 41, 60);
    assert_int_equal(spill_drop(b->s, 1000, &b->err), 0);
    assert_waits(b, 0, 0);
    assert_int_equal(state_of(b).bytes, 0);
    assert_int_equal(state_of(b).last, 100); /* those that come next are behind it */
}

/* Serials that are still in the file are not given again, by the next run neither. */
static void test_serials(void **state)
{
    struct bed *b = *state;

    assert_int_equal(keep(b, 1, 7), 0);
    assert_int_equal(spill_aside(b->s, 5, S("why"), &b->err), 0);
    assert_int_equal(state_of(b).last, 7);
    assert_int_equal(spill_drop(b->s, 7, &b->err), 0);
    assert_int_equal(state_of(b).waiting, 0);
    assert_int_equal(state_of(b).last, 7);
    reopen(b);
    assert_int_equal(state_of(b).aside, 1);
    assert_int_equal(state_of(b).last, 5);
    assert_int_equal(keep(b, 6, 3), 0);
    assert_waits(b, 6, 3);
}

/* Another filling has another token. */
static void test_tokens(void **state)
{
    struct bed *b = *state;
    struct spill_state first = state_of(b), next;

    assert_true(first.token > 0);
    assert_false(first.known);
    assert_int_equal(keep(b, 1, 2), 0);
    assert_int_equal(spill_met(b->s, &b->err), 0);
    assert_int_equal(spill_drop(b->s, 1, &b->err), 0);
    assert_int_equal(state_of(b).token, first.token);
    reopen(b);
    assert_true(state_of(b).known);
    assert_int_equal(spill_drop(b->s, 2, &b->err), 0);
    next = state_of(b);
    assert_true(next.token != first.token);
    assert_false(next.known);
    assert_int_equal(spill_met(b->s, &b->err), 0);
    assert_true(state_of(b).known);
}

/* An empty file may be a copy: the original goes on with its token. */
static void test_copied_empty(void **state)
{
    struct bed *b = *state;
    struct spill_state first = state_of(b), other;

    assert_int_equal(spill_met(b->s, &b->err), 0);
    reopen(b);
    other = state_of(b);
    assert_true(other.token != first.token);
    assert_false(other.known);
}

/* In the place of the file is now a copy of it. */
static void put_copy(struct bed *b)
{
    char command[300];

    spill_close(b->s);
    snprintf(command, sizeof(command), "cd %s && cp spill.db copy && rm spill.db && mv copy spill.db", b->dir);
    assert_int_equal(system(command), 0);
    open_file(b);
}

/* One with something in it: the original may go on under the same token, so nothing else comes under it. */
static void test_copied(void **state)
{
    struct bed *b = *state;
    struct spill_state first, next;

    assert_int_equal(keep(b, 1, 3), 0);
    assert_int_equal(spill_met(b->s, &b->err), 0);
    first = state_of(b);
    reopen(b);
    assert_false(state_of(b).copied);
    assert_int_equal(keep(b, 4, 1), 0);
    put_copy(b);
    for (int i = 0; i < 2; i++) {
        assert_true(state_of(b).copied);
        assert_int_equal(state_of(b).token, first.token);
        assert_true(state_of(b).known);
        assert_int_equal(keep(b, 5, 1), -1);
        assert_int_equal(b->err.kind, ERR_BUSY);
        assert_non_null(strstr(b->err.text, "/spill.db was copied here from another folder while postbacks waited in it: it takes no "
                               "others until those are handed on"));
        assert_waits(b, 1, 4);
        reopen(b);
    }
    assert_int_equal(spill_drop(b->s, 3, &b->err), 0);
    assert_true(state_of(b).copied);
    assert_int_equal(spill_drop(b->s, 4, &b->err), 0);
    next = state_of(b);
    assert_false(next.copied);
    assert_true(next.token != first.token);
    assert_int_equal(keep(b, 5, 1), 0);
    reopen(b);
    assert_false(state_of(b).copied);
    assert_waits(b, 5, 1);
}

/* A file of before, which does not say which it is: nobody can tell. */
static void test_not_said(void **state)
{
    struct bed *b = *state;
    sqlite3 *db;
    char path[100];

    assert_int_equal(keep(b, 1, 3), 0);
    spill_close(b->s);
    snprintf(path, sizeof(path), "%s/spill.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM meta WHERE key = 'file'", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
    open_file(b);
    put_copy(b);
    assert_false(state_of(b).copied);
    assert_int_equal(keep(b, 4, 1), 0);
}

static void test_no_more_than(void **state)
{
    struct bed *b = *state;
    int64_t one;

    assert_int_equal(keep(b, 1, 1), 0);
    one = state_of(b).bytes;
    spill_close(b->s);
    b->s = spill_open(b->dir, 3 * one, NULL, &b->err);
    assert_int_equal(keep(b, 2, 3), -1);
    assert_int_equal(b->err.kind, ERR_BUSY);
    assert_non_null(strstr(b->err.text, "store: spill_max"));
    assert_waits(b, 1, 1);
    assert_int_equal(keep(b, 2, 2), 0);
    assert_int_equal(keep(b, 4, 1), -1);
    assert_int_equal(spill_drop(b->s, 1, &b->err), 0);
    assert_int_equal(keep(b, 4, 1), 0);
    assert_waits(b, 2, 3);
}

/* A disk that is full: nothing of the group is kept, and there is room again later. */
static void test_full_disk(void **state)
{
    struct bed *b = *state;
    struct rlimit had, small = { 256 * 1024, 256 * 1024 };
    int64_t serial = 1, kept;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
    small.rlim_max = had.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (keep(b, serial, 100) == 0 && serial < 100000)
        serial += 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
    kept = serial - 1;
    assert_true(kept > 0 && kept < 100000);
    assert_non_null(strstr(b->err.text, "spill.db"));
    assert_int_equal(state_of(b).waiting, kept);
    reopen(b);
    assert_int_equal(state_of(b).waiting, kept);
    assert_int_equal(keep(b, serial, 100), 0);
    assert_int_equal(state_of(b).waiting, kept + 100);
}

/* Behind its back. */
static void change(struct bed *b, const char *sql)
{
    char path[80];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/spill.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void test_damaged_entry(void **state)
{
    static const char *const ways[] = { "params = x'00'", "at = at + 1", "kind = 9", "offer = x''", "notes = NULL, sum = sum + 1",
                                        "keyed = 0" };
    struct bed *b = *state;
    char sql[100];

    assert_int_equal(keep(b, 1, 20), 0);
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        snprintf(sql, sizeof(sql), "UPDATE entries SET %s WHERE serial = %zu", ways[i], 2 * i + 1);
        change(b, sql);
    }
    for (int64_t serial = 2; serial <= 12; serial += 2) { /* one by one: each time up to the next that is wrong */
        struct spill_entry *list;
        size_t got;
        assert_int_equal(spill_get(b->s, 2000, (size_t)1 << 30, &b->arena, &list, &got, &b->err), 0);
        assert_entry(&list[0], serial);
        if (serial < 12)
            assert_int_equal(got, 1);
        assert_int_equal(spill_drop(b->s, list[got - 1].serial, &b->err), 0);
    }
    assert_int_equal(state_of(b).waiting, 0);
    assert_int_equal(state_of(b).aside, 6);
    assert_int_equal(spill_drop(b->s, 1000, &b->err), 0);
    reopen(b);
    assert_int_equal(state_of(b).aside, 6); /* nothing of it is deleted */
}

static void test_damaged_file(void **state)
{
    struct bed *b = *state;
    const char *damaged = NULL;
    char path[80], junk[4096], first[400];
    FILE *f;

    assert_int_equal(keep(b, 1, 500), 0);
    spill_close(b->s);
    snprintf(path, sizeof(path), "%s/spill.db", b->dir);
    memset(junk, 0xa5, sizeof(junk));
    f = fopen(path, "r+");
    for (long at = 4096; at < 80000; at += 8192) {
        fseek(f, at, SEEK_SET);
        fwrite(junk, 1, sizeof(junk), f);
    }
    fclose(f);
    b->s = spill_open(b->dir, MOST, &damaged, &b->err);
    assert_non_null(b->s);
    assert_non_null(strstr(damaged, "/spill.db.damaged-"));
    assert_int_equal(access(damaged, F_OK), 0);
    snprintf(first, sizeof(first), "%s", damaged);
    assert_waits(b, 0, 0);
    assert_int_equal(keep(b, 1, 1), 0);
    spill_close(b->s); /* what is no SQLite file at all */
    f = fopen(path, "w");
    fputs("this is a letter to my mother, who is well, and so is the dog; it has no pages", f);
    fclose(f);
    snprintf(junk, sizeof(junk), "%s/spill.db-wal", b->dir);
    remove(junk);
    b->s = NULL;
    b->s = spill_open(b->dir, MOST, &damaged, &b->err);
    assert_non_null(b->s);
    assert_non_null(strstr(damaged, "/spill.db.damaged-"));
    assert_string_not_equal(damaged, first); /* also within the same second */
    assert_int_equal(access(damaged, F_OK), 0);
    assert_int_equal(access(first, F_OK), 0);
    assert_waits(b, 0, 0);
}

static void test_newer(void **state)
{
    struct bed *b = *state;
    struct spill_state s;

    assert_int_equal(keep(b, 1, 1), 0);
    spill_close(b->s);
    b->s = NULL;
    change(b, "PRAGMA user_version = 2");
    assert_null(spill_open(b->dir, MOST, NULL, &b->err));
    assert_int_equal(b->err.kind, ERR_INPUT);
    assert_non_null(strstr(b->err.text, "its version is 2, this clickbaton knows 1"));
    assert_int_equal(spill_peek(b->dir, &s, &b->err), -1);
    change(b, "PRAGMA user_version = 1");
    open_file(b);
    assert_waits(b, 1, 1);
}

static void test_beside(void **state)
{
    struct bed *b = *state;
    struct spill_entry e = entry(3);
    struct spill_state s;
    int64_t count, first;

    assert_int_equal(keep(b, 1, 2), 0);
    e.params = S("subid=k-1&email=a%40b&tid=k");
    assert_int_equal(spill_put(b->s, &e, 1, PLACE, &b->err), 0);
    assert_int_equal(spill_peek(b->dir, &s, &b->err), 1);
    assert_int_equal(s.waiting, 3);
    assert_int_equal(spill_find(b->dir, S("k-1"), &count, &first, &b->err), 1);
    assert_int_equal(count, 1);
    assert_int_equal(first, NOW + 3);
    assert_int_equal(spill_find(b->dir, S("a@b"), &count, &first, &b->err), 1);
    assert_int_equal(count, 1);
    assert_int_equal(spill_find(b->dir, S("k-"), &count, &first, &b->err), 1); /* a part of a value is none */
    assert_int_equal(count, 0);
    assert_int_equal(spill_find("/tmp/no-such-folder", S("k-1"), &count, &first, &b->err), 0);
    assert_int_equal(spill_peek("/tmp/no-such-folder", &s, &b->err), 0);
}

/* ---- what the database says ---- */

/* With ids as a server has them. */
static struct store *open_server(const char *dir, bool writer, struct err *err)
{
    struct store *s = open_pg(dir, writer, err);

    if (s)
        ((struct pg *)s)->counted_ids = false;
    return s;
}

static struct store *database(struct fixture *f)
{
    struct store *s = open_server(f->dir, true, &f->err);

    if (!s)
        fail_msg("%s", f->err.text);
    return s;
}

static int64_t meet(struct fixture *f, struct store *s, int64_t token, bool known, int want)
{
    int64_t upto = -1;

    OK(f, store_begin(s, &f->err));
    assert_int_equal(store_spill_meet(s, token, known, &upto, &f->err), want);
    OK(f, store_commit(s, &f->err));
    return upto;
}

/* A click under this mark, as a group. */
static int write_group(struct fixture *f, struct store *s, const char *id, struct store_spill mark)
{
    const struct store_click click = { .offer = S("o"), .click_id = slice_from(id), .at = NOW / 1000 };
    int rc;

    OK(f, store_begin_group(s, &f->err));
    OK(f, store_spill_mark(s, &mark, &f->err));
    do
        if (store_click_put(s, &click, &f->err) < 0)
            fail_msg("%s: %s", id, f->err.text);
    while ((rc = store_commit(s, &f->err)) == 1);
    store_rollback(s);
    return rc;
}

static int64_t clicks(struct fixture *f, struct store *s)
{
    struct store_counts n;

    OK(f, store_counts(s, &n, &f->err));
    return n.clicks;
}

static void test_mark(void **state)
{
    struct fixture *f = *state;
    struct store *other = database(f);

    assert_int_equal(meet(f, f->s, 7, true, 0), 0); /* said to be known, and is not: another database */
    assert_int_equal(meet(f, f->s, 7, false, 1), 0);
    assert_int_equal(meet(f, f->s, 7, true, 1), 0);
    assert_int_equal(write_group(f, f->s, "a", (struct store_spill){ 7, 0, 3 }), 0);
    assert_int_equal(meet(f, other, 7, true, 1), 3);
    assert_int_equal(meet(f, other, 7, false, 1), 3);
    assert_int_equal(write_group(f, other, "b", (struct store_spill){ 7, 0, 9 }), -1); /* it stands elsewhere */
    assert_int_equal(f->err.kind, ERR_AGAIN);
    assert_int_equal(clicks(f, other), 1);
    assert_int_equal(write_group(f, other, "b", (struct store_spill){ 7, 3, 9 }), 0);
    assert_int_equal(write_group(f, f->s, "c", (struct store_spill){ 8, 0, 1 }), -1); /* nobody has met it */
    assert_int_equal(clicks(f, f->s), 2);
    assert_int_equal(meet(f, f->s, 8, false, 1), 0);
    assert_int_equal(meet(f, f->s, 7, true, 1), 9); /* a copy of that filling may still ask */
    OK(f, store_begin(f->s, &f->err)); /* a transaction without a mark writes none */
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(meet(f, f->s, 8, true, 1), 0);
    store_close(other);
}

/* A commit that is under way when its server was killed is waited for. */
static void test_under_way(void **state)
{
    struct fixture *f = *state;
    char url[400];
    PGconn *db = PQconnectdb(pg_url(f->dir, url, sizeof(url)));
    PGresult *r;

    meet(f, f->s, 7, false, 1);
    assert_int_equal(PQsendQuery(db, "BEGIN; UPDATE spills SET upto = 5; SELECT pg_sleep(0.4); COMMIT"), 1);
    nanosleep(&(struct timespec){ .tv_nsec = 150000000 }, NULL);
    assert_int_equal(meet(f, f->s, 7, true, 1), 5);
    while ((r = PQgetResult(db)))
        PQclear(r);
    assert_int_equal(PQsendQuery(db, "BEGIN; INSERT INTO spills VALUES(9, 4, '', now()); SELECT pg_sleep(0.4); COMMIT"), 1);
    nanosleep(&(struct timespec){ .tv_nsec = 150000000 }, NULL);
    assert_int_equal(meet(f, f->s, 9, false, 1), 4);
    while ((r = PQgetResult(db)))
        PQclear(r);
    PQfinish(db);
}

static int pg_setup(void **state)
{
    static const struct engine engine = { "postgresql", open_server };
    struct fixture *f = fixture_new(&engine);

    fixture_open(f);
    *state = f;
    return 0;
}

static int pg_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, bed_up, bed_down)
#define PG_TEST(name) cmocka_unit_test_setup_teardown(name, pg_setup, pg_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_in_order), FILE_TEST(test_serials), FILE_TEST(test_tokens), FILE_TEST(test_copied_empty), FILE_TEST(test_copied), FILE_TEST(test_not_said),
        FILE_TEST(test_no_more_than), FILE_TEST(test_full_disk),
        FILE_TEST(test_damaged_entry), FILE_TEST(test_damaged_file), FILE_TEST(test_newer), FILE_TEST(test_beside),
        PG_TEST(test_mark), PG_TEST(test_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
