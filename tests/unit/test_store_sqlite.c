/* What the SQLite engine promises beyond the contract: files, lock, schema, full disks, the index. */
#define _DEFAULT_SOURCE /* syscall */
#include "tests/unit/store_case.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "adapters/store/sqlite.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define NOW      INT64_C(1790000000123)

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

static struct sqlite_tuning tuning;

static struct store *open_tuned(const char *dir, bool writer, struct err *err)
{
    return sqlite_open(dir, writer, &tuning, err);
}

static const struct engine engine = { "sqlite", open_tuned };

static int setup(void **state)
{
    tuning = sqlite_tuning_default;
    sync_fails = false;
    *state = fixture_new(&engine);
    fixture_open(*state);
    return 0;
}

static int teardown(void **state)
{
    sync_fails = false;
    fixture_free(*state);
    return 0;
}

static const char *path(struct fixture *f, const char *name)
{
    struct slice s = arena_printf(&f->arena, "%s/%s", f->dir, name);

    assert_non_null(s.ptr);
    return s.ptr;
}

/* The same, with DIR in want standing for the folder. */
static void says(struct fixture *f, const char *want)
{
    char text[1024];
    const char *dir;
    size_t n = 0;

    while ((dir = strstr(want, "DIR")) != NULL) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s%s", (int)(dir - want), want, f->dir);
        want = dir + 3;
    }
    snprintf(text + n, sizeof(text) - n, "%s", want);
    assert_string_equal(f->err.text, text);
}

/* One postback and its event; the event's id is `id`. */
static int put(struct fixture *f, int64_t n, size_t body)
{
    char id[32], *bytes = calloc(1, body + 1);
    struct store_postback pb = { .click_id = S("c"), .at = NOW };
    struct store_event ev = { .pixel = S("P"), .event = S("Lead"), .created = NOW };
    int rc;

    assert_non_null(bytes);
    memset(bytes, 'x', body);
    snprintf(id, sizeof(id), "e%lld", (long long)n);
    ev.event_id = slice_from(id);
    ev.body = slice_from(bytes);
    rc = store_event_put(f->s, &ev, NULL, &f->err);
    if (rc == 0 && store_postback_put(f->s, &pb, &f->err) != 0)
        rc = -1;
    free(bytes);
    return rc;
}

static int put_group(struct fixture *f, int64_t from, int64_t count, size_t body)
{
    if (store_begin(f->s, &f->err) != 0)
        return -1;
    for (int64_t i = from; i < from + count; i++)
        if (put(f, i, body) != 0) {
            store_rollback(f->s);
            return -1;
        }
    return store_commit(f->s, &f->err);
}

/* Events 0 to count - 1 are there and no other. */
static void assert_holds(struct fixture *f, int64_t count)
{
    struct store_counts c;

    OK(f, store_counts(f->s, &c, &f->err));
    assert_int_equal(c.waiting, count);
    assert_int_equal(c.postbacks, count);
    OK(f, store_begin(f->s, &f->err));
    for (int64_t i = 0; i < count; i++)
        GIVES(f, 1, put(f, i, 1));
    store_rollback(f->s);
}

static int64_t ask(struct fixture *f, const char *sql)
{
    struct sqlite3_stmt *st = NULL;
    struct sqlite3 *db = NULL;
    int64_t n = -1;

    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

/* ---- folder, files, lock ---- */

static void test_files(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } want[] = {
        { "new", S_IFDIR | 0700 },           { "new/lock", S_IFREG | 0600 },
        { "new/clickbaton.db", S_IFREG | 0600 }, { "new/clickbaton.db-wal", S_IFREG | 0600 },
        { "new/clickbaton.db-shm", S_IFREG | 0600 },
    };
    struct fixture *f = *state;
    mode_t mask = umask(0);
    struct store *s = store_sqlite_open(path(f, "new"), true, &f->err);

    assert_non_null(s);
    OK(f, store_begin(s, &f->err));
    OK(f, store_commit(s, &f->err));
    for (size_t i = 0; i < COUNT(want); i++) {
        struct stat st;
        assert_int_equal(stat(path(f, want[i].name), &st), 0);
        assert_int_equal(st.st_mode, want[i].mode);
    }
    store_close(s);
    umask(mask);
}

static void test_lock(void **state)
{
    struct fixture *f = *state;
    char want[400];

    assert_null(store_sqlite_open(f->dir, true, &f->err));
    snprintf(want, sizeof(want), "DIR: another clickbaton is already using this data folder (pid "
             "%ld); stop it, or give this one its own `data:`", (long)getpid());
    says(f, want);
    assert_int_equal(f->err.kind, ERR_SYSTEM);
    OK(f, put_group(f, 0, 1, 1)); /* the first goes on */
    fixture_reopen(f);            /* and gives the folder back */
}

/* Run act in a process that is nobody in particular; its text comes back in f->err. */
static int as_nobody(struct fixture *f, int (*act)(struct fixture *))
{
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        status = act(f);
        _exit(write(ends[1], &f->err, sizeof(f->err)) == sizeof(f->err) ? status : 98);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &f->err, sizeof(f->err)), sizeof(f->err));
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_writer(struct fixture *f)
{
    return store_sqlite_open(f->dir, true, &f->err) ? 0 : 1;
}

static void belongs_to_nobody(const char *file, mode_t mode)
{
    if (geteuid() == 0)
        assert_int_equal(chown(file, 65534, 65534), 0);
    assert_int_equal(chmod(file, mode), 0);
}

#define MEND "clickbaton needs a data folder that it may write, on a disk with room: mend this one " \
             "or name another with `data:`"

static void test_read_only(void **state)
{
    struct fixture *f = *state;

    store_close(f->s);
    f->s = NULL;
    belongs_to_nobody(path(f, "lock"), 0600);
    belongs_to_nobody(path(f, "clickbaton.db"), 0400);
    belongs_to_nobody(f->dir, 0700);
    assert_int_equal(as_nobody(f, open_writer), 1);
    says(f, "DIR/clickbaton.db: can't write here: Permission denied; " MEND);
    remove(path(f, "lock"));
    belongs_to_nobody(f->dir, 0500);
    assert_int_equal(as_nobody(f, open_writer), 1);
    says(f, "DIR/lock: can't write here: Permission denied; " MEND);
    assert_int_equal(f->err.kind, ERR_SYSTEM);
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void test_bad_folders(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(path(f, "file"), "w");

    assert_non_null(file);
    fclose(file);
    assert_null(store_sqlite_open(path(f, "no/such"), true, &f->err));
    says(f, "DIR/no/such: can't create the data folder: No such file or directory; create it, or "
            "name another with `data:`");
    assert_null(store_sqlite_open(path(f, "file"), true, &f->err));
    says(f, "DIR/file: not a folder; name another with `data:`");
    assert_null(store_sqlite_open(path(f, "empty"), false, &f->err));
    says(f, "DIR/empty/clickbaton.db: No such file or directory; nothing was stored here yet: start "
            "`clickbaton serve` first, or name the right folder with `data:`");
}

static void test_foreign_files(void **state)
{
    struct fixture *f = *state;
    struct sqlite3 *db;
    FILE *file;

    store_close(f->s);
    f->s = NULL;
    remove(path(f, "clickbaton.db"));
    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_null(store_sqlite_open(f->dir, true, &f->err));
    says(f, "DIR/clickbaton.db: this is a database of some other program; give clickbaton a folder "
            "of its own with `data:`");
    file = fopen(path(f, "clickbaton.db"), "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_null(store_sqlite_open(f->dir, true, &f->err));
    says(f, "DIR/clickbaton.db: opening: file is not a database; this is no SQLite file: move it "
            "away");
}

/* ---- schema ---- */

static void test_schema(void **state)
{
    struct fixture *f = *state;
    const struct sqlite_step newer[] = {
        sqlite_steps[0],
        { 2, "ALTER TABLE clicks ADD COLUMN extra; UPDATE clicks SET extra = 'x'" },
        { 3, "CREATE TABLE more(a)" },
        { 0, NULL },
    };
    const struct sqlite_step broken[] = {
        sqlite_steps[0], newer[1], { 3, "CREATE TABLE more(a); CREATE TABLE more(a)" }, { 0, NULL },
    };

    assert_int_equal(ask(f, "PRAGMA user_version"), 1);
    assert_int_equal(ask(f, "PRAGMA application_id"), 0x436c6b42);
    OK(f, put_group(f, 0, 20, 10));
    store_close(f->s);
    f->s = NULL;

    tuning.steps = newer; /* a file from before */
    assert_null(open_tuned(f->dir, false, &f->err));
    says(f, "DIR/clickbaton.db: its schema version is 1, this clickbaton needs 3; start `clickbaton "
            "serve` once, it will bring it up to date");

    tuning.steps = broken; /* a step that fails leaves the one before it done, and nothing of itself */
    assert_null(open_tuned(f->dir, true, &f->err));
    says(f, "DIR/clickbaton.db: bringing it to schema version 3: table more already exists");
    assert_int_equal(ask(f, "PRAGMA user_version"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);

    tuning.steps = newer;
    fixture_open(f);
    assert_int_equal(ask(f, "PRAGMA user_version"), 3);
    assert_int_equal(ask(f, "SELECT value FROM meta WHERE key = 'schema'"), 3);
    assert_int_equal(ask(f, "SELECT count(*) FROM more"), 0);
    assert_holds(f, 20);
    store_close(f->s);
    f->s = NULL;

    for (int writer = 0; writer < 2; writer++) {
        assert_null(store_sqlite_open(f->dir, writer, &f->err));
        says(f, "DIR/clickbaton.db: its schema version is 3, this clickbaton (" CLICKBATON_VERSION
                ") knows up to 1; use the newer clickbaton that wrote it, or another `data:`");
    }
}

/* No statement reads a table whole, or sorts: each is a search by key or index. */
static void test_query_plans(void **state)
{
    static const struct {
        const char *name, *text;
    } all[] = {
#define SQL(name, text) { #name, text },
#include "adapters/store/sqlite_sql.def"
#undef SQL
    };
    struct fixture *f = *state;
    struct sqlite3 *db;

    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    for (size_t i = 0; i < COUNT(all); i++) {
        struct slice sql = arena_printf(&f->arena, "EXPLAIN QUERY PLAN %s", all[i].text);
        struct sqlite3_stmt *st;
        if (sqlite3_prepare_v2(db, sql.ptr, -1, &st, NULL) != SQLITE_OK)
            fail_msg("%s: %s", all[i].name, sqlite3_errmsg(db));
        while (sqlite3_step(st) == SQLITE_ROW) {
            const char *plan = (const char *)sqlite3_column_text(st, 3);
            bool small = strstr(plan, "late_clicks") || strstr(plan, "CONSTANT ROW") ||
                         slice_starts(slice_from(all[i].name), S("RUNS"));
            if (!small && (strstr(plan, "SCAN") || strstr(plan, "TEMP B-TREE")))
                fail_msg("%s: %s", all[i].name, plan);
        }
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
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
    says(f, "DIR/clickbaton.db: committing: disk I/O error; look at the disk: what was accepted before "
            "is safe");
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
        says(f, "DIR/clickbaton.db: committing: disk I/O error; look at the disk: what was accepted "
                "before is safe");
        sync_fails = false;
        assert_true(syncs > before);
        assert_holds(f, stored);
        before = syncs;
        OK(f, put_group(f, stored, 10, 10));
        assert_true(syncs > before); /* every commit syncs */
    }
    fixture_reopen(f);
    assert_holds(f, 300);
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
    says(f, "DIR/clickbaton.db: run 1 of its index is damaged; stop, keep a copy, restore a backup");
}

/* ---- names ---- */

/* More of them than the cache has slots, and longer ones; those of a rollback are not remembered. */
static void test_names(void **state)
{
    struct fixture *f = *state;
    struct store_due *due;
    size_t count;

    for (int round = 0; round < 3; round++) {
        OK(f, store_begin(f->s, &f->err));
        for (int i = 0; i < 6000; i++) {
            struct slice pixel = arena_printf(&f->arena, "%0*d", i % 300 + 5, i);
            struct store_event ev = { .pixel = pixel, .event = S("Lead"), .created = NOW + i };
            GIVES(f, round == 2, store_event_put(f->s, &ev, NULL, &f->err));
        }
        if (round == 0)
            store_rollback(f->s);
        else
            OK(f, store_commit(f->s, &f->err));
    }
    OK(f, store_pixels_due(f->s, &f->arena, &due, &count, &f->err));
    assert_int_equal(count, 6000);
    for (size_t i = 0; i < count; i++) {
        int64_t n = due[i].due - NOW;
        SAME(arena_printf(&f->arena, "%0*lld", (int)(n % 300 + 5), (long long)n), due[i].pixel);
    }
    assert_int_equal(ask(f, "SELECT count(*) FROM names"), 6001);
}

/* ---- sqlite3, the command ---- */

static void assert_prints(struct fixture *f, const char *sql, const char *want)
{
    struct slice command = arena_printf(&f->arena, "sqlite3 -batch -readonly '%s' \"%s\" 2>&1",
                                        path(f, "clickbaton.db"), sql);
    char out[4096];
    FILE *p = popen(command.ptr, "r");
    size_t n;

    assert_non_null(p);
    n = fread(out, 1, sizeof(out) - 1, p);
    out[n] = '\0';
    assert_int_equal(pclose(p), 0);
    assert_string_equal(out, want);
}

static void test_command(void **state)
{
    struct fixture *f = *state;
    struct store_postback pb = {
        .at = NOW, .offer = S("nutra-de"), .tracker = S("keitaro"), .method = S("GET"),
        .stage = S("sale"), .verdict = STORE_QUEUED, .click_id = S("2t4ch5"),
        .ttclid = S("E.C.P.abcdefgh"), .event_id = S("ev-1"), .txid = S("9"),
        .params = S("a=\xc3\xa9&external_id=E.C.P.abcdefgh"), .code = S("W001"),
    };
    struct store_event ev = {
        .offer = S("nutra-de"), .pixel = S("C9"), .event = S("Purchase"), .event_id = S("ev-1"),
        .click_id = S("2t4ch5"), .ttclid = S("E.C.P.abcdefgh"), .created = NOW,
        .body = S("{\"x\":\"\xc3\xa9\",\"ttclid\":\"E.C.P.abcdefgh\"}"),
    };
    struct store_attempt attempt = { .at = NOW + 900, .pixel = S("C9"), .code = -1 };
    struct store_outcome outcome = { 1, STORE_WAITING, NOW + 2000, true, S("timeout") };
    struct store_event *list;
    size_t count;

    OK(f, store_begin(f->s, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    ev.postback_id = pb.id;
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    pb = (struct store_postback){ .at = 7, .verdict = STORE_QUARANTINED, .code = S("Q003"),
                                  .reason = S("why"), .ttclid = S("short"), .params = S("short") };
    OK(f, store_postback_put(f->s, &pb, &f->err));
    OK(f, store_take(f->s, S("C9"), NOW, 0, 1, &f->arena, &list, &count, &f->err));
    OK(f, store_report(f->s, &attempt, &outcome, 1, &f->err));
    OK(f, store_commit(f->s, &f->err));

    assert_prints(f, "SELECT * FROM conversions",
                  "1|2026-09-21T14:13:20.123Z|nutra-de|keitaro|sale|queued|W001||2t4ch5|"
                  "E.C.P.abcdefgh|ev-1|9|a=\xc3\xa9&external_id=E.C.P.abcdefgh|\n"
                  "2|1970-01-01T00:00:00.007Z||||quarantined|Q003|why||short|||short|\n");
    assert_prints(f, "SELECT * FROM ledger",
                  "1|1|2026-09-21T14:13:20.123Z|nutra-de|C9|Purchase|ev-1|2t4ch5|E.C.P.abcdefgh||"
                  "waiting|1|2026-09-21T14:13:22.123Z|2026-09-21T14:13:21.023Z|timeout|"
                  "{\"x\":\"\xc3\xa9\",\"ttclid\":\"E.C.P.abcdefgh\"}\n");
    assert_prints(f, "PRAGMA integrity_check; PRAGMA journal_mode; PRAGMA page_size",
                  "ok\nwal\n4096\n");
    assert_prints(f, "SELECT typeof(ttclid), ttclid >> 16, ttclid & 65535 FROM events",
                  "integer|20|14\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_files),      CASE(test_lock),          CASE(test_read_only),
        CASE(test_bad_folders), CASE(test_foreign_files), CASE(test_schema),
        CASE(test_query_plans), CASE(test_full_file),    CASE(test_full_disk),
        CASE(test_failed_sync), CASE(test_log_is_bounded), CASE(test_runs),
        CASE(test_one_id_often), CASE(test_damaged_index), CASE(test_names),
        CASE(test_command),
    };

    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
