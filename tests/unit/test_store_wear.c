/* The SQLite engine over time and on bad disks: full files, failing syncs, its log, its index. */
#define _DEFAULT_SOURCE /* syscall */
#include "tests/unit/store_sqlite_case.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* The linker puts these before libc's: a disk whose sync fails. */
static bool sync_fails;
static unsigned syncs;

int fdatasync(int fd)
{
    syncs++;
    if (!sync_fails)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

/* ---- disks that refuse ---- */

/* The file may have so many pages: whichever write meets the limit, of a row, of the index or of
 * its merging, the group is lost whole and the store goes on. */
static void test_full_file(void **state)
{
    struct fixture *f = *state;
    int failures = 0;

    fixture_free(f);
    for (int64_t pages = 40; pages < 100; pages++) {
        int64_t stored = 0;
        tuning.max_pages = pages;
        tuning.hot_entries = 60;
        f = fixture_new(&engine);
        fixture_open(f);
        while (put_group(f, stored, 10, 300) == 0)
            stored += 10;
        says(f, "DIR/clickbaton.db: writing: database or disk is full; make room on this disk: "
                "what was accepted before is safe");
        assert_int_equal(f->err.kind, ERR_SYSTEM);
        assert_holds(f, stored);
        GIVES(f, -1, put_group(f, stored, 10, 300)); /* no better the second time */
        assert_holds(f, stored);
        tuning.max_pages = 0;
        fixture_reopen(f);
        assert_holds(f, stored);
        OK(f, put_group(f, stored, 10, 300));
        assert_holds(f, stored + 10);
        fixture_free(f);
        failures++;
    }
    assert_int_equal(failures, 60);
    *state = f = fixture_new(&engine);
}

/* In a process of its own: files may not grow past a limit (EFBIG), then they may again. */
static int fill_disk(struct fixture *f)
{
    struct rlimit limit = { 300000, RLIM_INFINITY };
    int64_t stored = 0;
    struct err first;

    signal(SIGXFSZ, SIG_IGN);
    f->s = open_tuned(f->dir, true, &f->err);
    if (!f->s || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    while (put_group(f, stored, 10, 2000) == 0)
        stored += 10;
    first = f->err;
    assert_holds(f, stored);
    if (stored == 0 || put_group(f, stored, 10, 2000) == 0)
        return 2;
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || put_group(f, stored, 10, 2000) != 0)
        return 3;
    assert_holds(f, stored + 10);
    store_close(f->s);
    f->s = open_tuned(f->dir, true, &f->err);
    assert_holds(f, stored + 10);
    store_close(f->s);
    f->err = first;
    return 0;
}

static void test_full_disk(void **state)
{
    struct fixture *f = *state;

    store_close(f->s);
    f->s = NULL;
    belongs_to_nobody(f->dir, 0700);
    belongs_to_nobody(path(f, "lock"), 0600);
    belongs_to_nobody(path(f, "clickbaton.db"), 0600);
    assert_int_equal(as_nobody(f, fill_disk), 0);
    says(f, "DIR/clickbaton.db: committing: disk I/O error; look at the disk: what was accepted "
            "before is safe");
}

static void test_failed_sync(void **state)
{
    struct fixture *f = *state;

    tuning.hot_entries = 60;
    fixture_reopen(f);
    for (int64_t stored = 0; stored < 300; stored += 10) {
        unsigned before = syncs;
        sync_fails = true;
        GIVES(f, -1, put_group(f, stored, 10, 10));
        says(f, "DIR/clickbaton.db: committing: the disk could not be synced" UNSYNCED_REMEDY);
        assert_int_equal(f->err.kind, ERR_UNSYNCED);
        sync_fails = false;
        assert_true(syncs > before);
        before = syncs;
        for (int again = 0; again < 3; again++) { /* the disk says that it is well again: too late */
            GIVES(f, -1, put_group(f, stored, 10, 10));
            says(f, "DIR/clickbaton.db: the disk could not be synced" UNSYNCED_REMEDY);
            assert_int_equal(f->err.kind, ERR_UNSYNCED);
        }
        assert_int_equal(syncs, before);
        fixture_reopen(f);
        assert_holds(f, stored);
        before = syncs;
        OK(f, put_group(f, stored, 10, 10));
        assert_true(syncs > before); /* every commit syncs */
    }
    fixture_reopen(f);
    assert_holds(f, 300);
}

/* A new data folder is synced into its parent, however its path is written, or is not made. */
static void test_new_folder(void **state)
{
    static const char *const names[] = { "new", "new/", "new//" };
    struct fixture *f = *state;
    char old[4096];

    assert_non_null(getcwd(old, sizeof(old)));
    assert_int_equal(chdir(f->dir), 0);
    for (size_t i = 0; i < 2 * COUNT(names); i++) {
        const char *dir = i % 2 ? names[i / 2] : path(f, names[i / 2]);
        char want[256];
        sync_fails = true;
        assert_null(open_tuned(dir, true, &f->err));
        sync_fails = false;
        snprintf(want, sizeof(want), "%s: can't create the data folder: Input/output error; look "
                 "at the disk", dir);
        assert_string_equal(f->err.text, want);
        assert_int_equal(access("new", F_OK), -1);
        store_close(open_tuned(dir, true, &f->err));
        assert_int_equal(access("new/clickbaton.db", F_OK), 0);
        remove_folder("new");
    }
    /* Also one that an earlier start has made and not synced: it was killed, or this failed. */
    assert_int_equal(mkdir("new", 0700), 0);
    sync_fails = true;
    assert_null(open_tuned("new", true, &f->err));
    sync_fails = false;
    assert_string_equal(f->err.text, "new: can't create the data folder: Input/output error; look "
                                     "at the disk");
    assert_int_equal(access("new/clickbaton.db", F_OK), -1);
    store_close(open_tuned("new", true, &f->err));
    assert_int_equal(access("new/clickbaton.db", F_OK), 0);
    remove_folder("new");
    assert_int_equal(chdir(old), 0);
}

/* ---- log ---- */

static void test_log_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct store *reader;
    struct stat st;

    tuning.wal_pages = 100;
    fixture_reopen(f);
    for (int64_t i = 0; i < 3000; i += 10)
        OK(f, put_group(f, i, 10, 2000));
    assert_int_equal(stat(path(f, "clickbaton.db-wal"), &st), 0);
    assert_true(st.st_size < 200 * 4200);
    assert_int_equal(stat(path(f, "clickbaton.db"), &st), 0);
    assert_true(st.st_size > 1000 * 4096);
    /* maintain, from another handle, moves everything, so that the log starts again. */
    tuning.wal_pages = 100000;
    fixture_reopen(f);
    reader = open_tuned(f->dir, false, &f->err);
    for (int64_t i = 3000; i < 4000; i += 10) {
        OK(f, put_group(f, i, 10, 2000));
        OK(f, store_maintain(reader, &f->err));
    }
    assert_int_equal(stat(path(f, "clickbaton.db-wal"), &st), 0);
    assert_true(st.st_size < 100 * 4200);
    store_close(reader);
}

/* What keeps a checkpoint of another handle out while a transaction may reset the log: held from
 * begin to the end, however that comes, and only when all of the log was moved before. */
static void assert_free(struct store *reader, bool want)
{
    struct sqlite *s = (struct sqlite *)reader;
    bool is = sqlite_log_try(s);

    assert_int_equal(is, want || sqlite3_libversion_number() >= 3051003);
    if (is)
        sqlite_log_leave(s);
}

static void test_reset_alone(void **state)
{
    enum { COMMIT, ROLLBACK, FAILED, WAYS };
    struct fixture *f = *state;
    struct store *reader = open_tuned(f->dir, false, &f->err);
    int64_t stored = 0;

    assert_non_null(reader);
    for (int way = COMMIT; way < WAYS; way++) {
        OK(f, put_group(f, stored++, 1, 10));
        OK(f, store_begin(f->s, &f->err));
        assert_free(reader, true); /* something is left to move: no reset */
        store_rollback(f->s);
        OK(f, store_maintain(reader, &f->err));
        OK(f, store_begin(f->s, &f->err));
        assert_free(reader, false);
        OK(f, store_maintain(reader, &f->err)); /* does not wait for it */
        OK(f, put(f, stored, 10));
        sync_fails = way == FAILED;
        if (way == ROLLBACK)
            store_rollback(f->s);
        else
            GIVES(f, way == COMMIT ? 0 : -1, store_commit(f->s, &f->err));
        sync_fails = false;
        stored += way == COMMIT;
        assert_free(reader, true);
    }
    store_close(reader);
    fixture_reopen(f);
    assert_holds(f, stored);
}

/* The writer's own checkpoint does not wait for maintain either. */
static void test_restart_alone(void **state)
{
    struct fixture *f = *state;
    struct sqlite *reader;

    tuning.wal_pages = 80; /* a first group stays below a quarter of it */
    fixture_reopen(f);
    OK(f, put_group(f, 0, 1, 10));
    reader = (struct sqlite *)open_tuned(f->dir, false, &f->err);
    assert_non_null(reader);
    assert_true(sqlite_log_try(reader));
    for (int i = 1; i < 40; i++)
        OK(f, put_group(f, i, 1, 4000));
    assert_true(((struct sqlite *)f->s)->wal_size > 120 ||
                sqlite3_libversion_number() >= 3051003);
    sqlite_log_leave(reader);
    OK(f, put_group(f, 40, 1, 10));
    OK(f, put_group(f, 41, 1, 10));
    assert_true(((struct sqlite *)f->s)->wal_size < 40);
    store_close(&reader->store);
    assert_holds(f, 42);
}

/* Interrupted while a statement runs: SQLite refuses all others, ROLLBACK too. */
static void test_failed_rollback(void **state)
{
    struct fixture *f = *state;
    struct sqlite3 *db = ((struct sqlite *)f->s)->db;
    struct sqlite3_stmt *st;

    OK(f, put_group(f, 0, 5, 10));
    OK(f, store_begin(f->s, &f->err));
    OK(f, put(f, 5, 10));
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT id FROM events", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    sqlite3_interrupt(db);
    store_rollback(f->s);
    assert_int_equal(sqlite3_get_autocommit(db), 0);
    GIVES(f, -1, store_begin(f->s, &f->err));
    says(f, "DIR/clickbaton.db: reading: interrupted");
    sqlite3_finalize(st);
    OK(f, put_group(f, 5, 5, 10));
    assert_holds(f, 10);
    fixture_reopen(f);
    assert_holds(f, 10);
}

/* ---- index ---- */

#define UNLISTED "SELECT count(*) FROM run_chunks WHERE id >> 24 NOT IN (SELECT id FROM runs)"

static void test_runs(void **state)
{
    struct fixture *f = *state;
    int64_t stored = 0;

    tuning.hot_entries = 100;
    fixture_reopen(f);
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 12; i++, stored += 37)
            OK(f, put_group(f, stored, 37, 5));
        fixture_reopen(f); /* also in the middle of a merge */
        assert_holds(f, stored);
    }
    assert_true(ask(f, "SELECT max(level) FROM runs") >= 2);
    assert_true(ask(f, "SELECT max(n) FROM (SELECT count(*) n FROM runs GROUP BY family, level)") <
                8);
    for (int i = 0; i < 200; i++)
        OK(f, put_group(f, stored, 0, 0)); /* commits without rows finish what is under way */
    assert_int_equal(ask(f, UNLISTED), 0);
    assert_true(ask(f, "SELECT max(n) FROM (SELECT count(*) n FROM runs GROUP BY family, level)") <
                4);
    assert_holds(f, stored);
}

/* An id that an old click gets is remembered until the next run holds it. */
static void test_late_ids(void **state)
{
    struct fixture *f = *state;
    struct store_click is, click = { .offer = S("o"), .click_id = S("c1"), .at = 1 };

    tuning.hot_entries = 10;
    fixture_reopen(f);
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_click_put(f->s, &click, &f->err));
    OK(f, store_commit(f->s, &f->err));
    OK(f, put_group(f, 0, 10, 5));
    click.ttclid = S("late");
    OK(f, store_begin(f->s, &f->err));
    GIVES(f, 1, store_click_put(f->s, &click, &f->err));
    OK(f, store_commit(f->s, &f->err));
    for (int64_t late = 1; late >= 0; late--) {
        assert_int_equal(ask(f, "SELECT count(*) FROM late_clicks"), late);
        fixture_reopen(f);
        GIVES(f, 1, store_click_find(f->s, S("o"), S(""), S("late"), &f->arena, &is, &f->err));
        OK(f, put_group(f, 20 - late * 10, 10, 5));
    }
}

/* One id in more rows than a chunk of a run has room for. */
static void test_one_id_often(void **state)
{
    struct fixture *f = *state;
    struct store_postback *list;
    size_t count;

    tuning.hot_entries = 1000;
    fixture_reopen(f);
    for (int64_t i = 0; i < 2500; i += 100)
        OK(f, put_group(f, i, 100, 5));
    for (int reader = 0; reader < 2; reader++) {
        struct store *s = reader ? open_tuned(f->dir, false, &f->err) : f->s;
        OK(f, store_find_postbacks(s, S("c"), 5000, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, 2500);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(list[i].id, 2500 - i);
        if (reader)
            store_close(s);
    }
}

static void test_damaged_index(void **state)
{
    struct fixture *f = *state;
    struct sqlite3 *db;

    tuning.hot_entries = 10;
    fixture_reopen(f);
    OK(f, put_group(f, 0, 20, 5));
    store_close(f->s);
    f->s = NULL;
    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE run_chunks SET data = x'00'", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_null(open_tuned(f->dir, true, &f->err));
    says(f, "DIR/clickbaton.db: run 1 of its index is damaged; look at the disk, then let the "
            "index be made anew: stop clickbaton, run `sqlite3 DIR/clickbaton.db 'DELETE FROM "
            "runs; UPDATE indexed SET clicks = 0, postbacks = 0, events = 0'`, start it");
    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM runs; UPDATE indexed SET clicks = 0, "
                                      "postbacks = 0, events = 0", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    fixture_open(f);
    assert_holds(f, 20);
    OK(f, put_group(f, 20, 5, 5));
    fixture_reopen(f);
    assert_holds(f, 25);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_full_file),
        CASE(test_full_disk),
        CASE(test_failed_sync),
        CASE(test_new_folder),
        CASE(test_log_is_bounded),
        CASE(test_reset_alone),
        CASE(test_restart_alone),
        CASE(test_failed_rollback),
        CASE(test_runs),
        CASE(test_late_ids),
        CASE(test_one_id_often),
        CASE(test_damaged_index),
    };

    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
