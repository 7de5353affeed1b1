/* A store of schema 2 is brought up to date; SIGKILL behind any statement of a step leaves the step undone (every
 * second is tried), one between two pieces of it leaves the pieces; the next start goes on from there. */
#include "tests/unit/store_sqlite_case.h"

#include <signal.h>

#include "adapters/store/verify.h"

#define STATEMENTS_MOST 100

/* What version 2 has written for one conversion that is delivered and one that waits. */
static const char rows[] =
    "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x436c6b42; PRAGMA user_version = 2;"
    "INSERT INTO meta VALUES('schema', 2);"
    "INSERT INTO names(id, text) VALUES(1, 'nutra-de'), (2, 'C9'), (3, 'Lead'), (4, 'keitaro');"
    "INSERT INTO clicks VALUES(7, 1, 1790000000, 3221225473, 'c1', 'e1', 'tp', '1.2.3.4', 'yes',"
    " 'https://l.example/?ttclid=E.C.P.abcdefgh', 26 << 16 | 14, 'UA', 'https://r.example/', 'DE');"
    "INSERT INTO postbacks VALUES(5, 1790000000123, 1, 4, NULL, NULL, 1, NULL, 'c1', 'e1', NULL,"
    " NULL, '::1', 'subid=c1', NULL, NULL, NULL);"
    "INSERT INTO events VALUES(3, 5, 1790000000123, 1, 2, 3, NULL, 'e1', 'c1', '{\"a\":1}', 'T1', 5, 3,"
    " NULL, NULL, NULL, NULL);"
    "INSERT INTO events VALUES(4, 5, 1790000000124, 1, 2, 3, NULL, 'e2', 'c2', '{\"a\":2}', 'T1', NULL,"
    " NULL, NULL, NULL, NULL, NULL);"
    "INSERT INTO deliveries VALUES(3, 2, 3, 1790000000123, 1, NULL, NULL, NULL, NULL, NULL),"
    " (4, 2, 1, 1790000000124, 0, NULL, NULL, NULL, 'note', NULL);"
    "INSERT INTO attempts VALUES(1, 1790000000200, 31, 2, 200, 0, 'OK', 'r1');"
    "INSERT INTO tries VALUES(3, 1);"
    "INSERT INTO runs VALUES(1, 0, 0, 1, 1);"
    "INSERT INTO run_chunks VALUES(1 << 24, x'0102030405060708070000000000');"
    "UPDATE indexed SET clicks = 7;"
    "UPDATE counts SET clicks = 1, postbacks = 1, waiting = 1, delivered = 1;";

static void make_version_2(struct fixture *f)
{
    struct sqlite3 *db;

    remove(path(f, "clickbaton.db"));
    remove(path(f, "clickbaton.db-wal"));
    remove(path(f, "clickbaton.db-shm"));
    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sqlite3_exec(db, sqlite_steps[i].sql, NULL, NULL, NULL), SQLITE_OK);
    if (sqlite3_exec(db, rows, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* All rows as version 2 knew them. */
static const char digest[] =
    "SELECT (SELECT group_concat(quote(id) || quote(offer) || quote(at) || quote(keyed) || quote(click_id)"
    " || quote(ttclid) || quote(page_url) || quote(country)) FROM clicks) = '711790000000"
    "3221225473''c1''1703950''https://l.example/?ttclid=E.C.P.abcdefgh''''DE'''"
    " AND (SELECT group_concat(id || body || event_id || ifnull(value, '-')) FROM events) ="
    " '3{\"a\":1}e15,4{\"a\":2}e2-' AND (SELECT group_concat(event || state || ifnull(note, '-')) FROM"
    " deliveries) = '33-,41note' AND (SELECT count(*) FROM tries) = 1 AND (SELECT params FROM"
    " postbacks) = 'subid=c1'";

static void kill_me(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)context;
    (void)n;
    (void)values;
    raise(SIGKILL);
}

static int teach(sqlite3 *db, const char **why, const void *api)
{
    (void)why;
    (void)api;
    return sqlite3_create_function(db, "kill_me", 0, SQLITE_UTF8, NULL, kill_me, NULL, NULL);
}

/* text with kill_me() behind its n-th statement; false: it has not as many. */
static bool cut_at(const char *text, size_t n, char *out, size_t size)
{
    const char *end = text;

    while (n--) {
        if (!(end = strchr(end, ';')))
            return false;
        end++;
    }
    snprintf(out, size, "%.*sSELECT kill_me();%s", (int)(end - text), text, end);
    return true;
}

static void die_in(struct fixture *f, const struct sqlite_step *steps)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        sqlite3_auto_extension((void (*)(void))teach);
        tuning.steps = steps;
        open_tuned(f->dir, true, &f->err);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void finding(void *context, const struct verify_finding *v)
{
    (void)context;
    assert_string_equal(v->text, "it is not found by one of its ids: the index has lost it");
}

static void test_killed(void **state)
{
    static char sql[65536];
    struct fixture *f = *state;
    struct sqlite_step steps[16];
    struct verify_result result;
    size_t newest = 0, killed = 0;

    while (sqlite_steps[newest].version)
        newest++;
    assert_true(newest < 16);
    store_close(f->s);
    f->s = NULL;
    for (size_t step = 2; step < newest; step++)
        for (size_t n = 0; n < STATEMENTS_MOST; n += 2, killed++) {
            memcpy(steps, sqlite_steps, (newest + 1) * sizeof(*steps));
            if (!cut_at(sqlite_steps[step].sql, n, sql, sizeof(sql)))
                break;
            make_version_2(f);
            steps[step].sql = sql;
            die_in(f, steps);
            assert_int_equal(ask(f, "PRAGMA user_version"), (int)step);
            assert_int_equal(ask(f, digest), 1);
        }
    assert_true(killed > 13);
    fixture_open(f);
    assert_int_equal(ask(f, "PRAGMA user_version"), (int)newest);
    assert_int_equal(ask(f, digest), 1);
    assert_int_equal(ask(f, "SELECT last_event * 100 + last_click FROM counts"), 407);
    store_close(f->s);
    f->s = NULL;
    /* That run of the index is made up, and the click is not found by it: so said. */
    GIVES(f, 1, store_sqlite_verify(f->dir, finding, NULL, &result, &f->err));
    assert_int_equal(result.findings, 1);
    assert_int_equal(ask(f, "SELECT sum FROM runs") != 0, 1);
}

/* ---- a step that goes through all rows ---- */

struct told {
    int calls, kill_at;  /* 0: never */
    int64_t first, last; /* rows done, of "adding checksums"; first: -1, never */
};

static void tell(void *context, const struct store_upgrading *at)
{
    struct told *t = context;

    assert_true(at->done >= 0 && at->done <= at->of);
    if (++t->calls == t->kill_at)
        raise(SIGKILL);
    if (strcmp(at->what, "adding checksums") != 0)
        return;
    if (t->first < 0)
        t->first = at->done;
    assert_true(at->done >= t->last);
    t->last = at->done;
}

static struct told opened(struct fixture *f, int kill_at, int *status)
{
    struct told told = { .kill_at = kill_at, .first = -1 };
    const struct store_upgrade upgrade = { tell, &told };
    pid_t child;

    tuning.fill_ids = 1;
    tuning.upgrade = &upgrade;
    if (!kill_at) {
        fixture_open(f);
        *status = 0;
    } else if ((child = fork()) == 0) {
        _exit(open_tuned(f->dir, true, &f->err) ? 0 : 1);
    } else {
        assert_int_equal(waitpid(child, status, 0), child);
    }
    tuning.upgrade = NULL;
    return told;
}

static void assert_of_today(struct fixture *f)
{
    struct verify_result result;

    assert_int_equal(ask(f, "PRAGMA user_version"), 9);
    assert_int_equal(ask(f, digest), 1);
    assert_int_equal(ask(f, "SELECT last_event * 100 + last_click FROM counts"), 407);
    assert_int_equal(ask(f, "SELECT count(*) FROM meta"), 4);
    assert_int_equal(ask(f, "SELECT sum(n) FROM hours WHERE kind IN ('events', 'postbacks', 'clicks', 'answers')"), 7);
    /* Of all its rows not one has a wrong checksum; its run of the index is made up. */
    GIVES(f, 1, store_sqlite_verify(f->dir, finding, NULL, &result, &f->err));
    assert_int_equal(result.findings, 1);
}

static void test_pieces(void **state)
{
    struct fixture *f = *state;
    struct told told;
    int status, kill_at = 1, in_pieces = 0;

    store_close(f->s);
    f->s = NULL;
    for (;; kill_at += 3) { /* each takes some twenty syncs */
        make_version_2(f);
        opened(f, kill_at, &status);
        if (WIFEXITED(status))
            break;
        assert_true(WTERMSIG(status) == SIGKILL);
        bool between = ask(f, "SELECT count(*) FROM meta WHERE key = 'filling' AND value > 0") == 1;
        in_pieces += between;
        assert_int_equal(ask(f, digest), 1);
        told = opened(f, 0, &status);
        assert_true(!between || told.first > 0); /* not from the beginning */
        assert_of_today(f);
        store_close(f->s);
        f->s = NULL;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(in_pieces >= 2 && in_pieces <= 4); /* of 8: click, postback, 2 events, 2 deliveries, attempt, try */
    assert_true(kill_at > 16);
    told = opened(f, 0, &status); /* it is of today: nothing is told */
    assert_int_equal(told.calls, 0);
}

/* Nor of a new one. */
static void test_new(void **state)
{
    struct fixture *f = *state;
    struct told told;
    int status;

    store_close(f->s);
    f->s = NULL;
    remove(path(f, "clickbaton.db"));
    told = opened(f, 0, &status);
    assert_int_equal(told.calls, 0);
    assert_int_equal(ask(f, "PRAGMA user_version"), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(test_killed), CASE(test_pieces), CASE(test_new) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
