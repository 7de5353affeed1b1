/* What the SQLite engine promises beyond the contract: files, lock, schema, readable tables. */
#include "adapters/store/sqlite_sum.h"
#include "tests/unit/store_sqlite_case.h"

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

static int open_writer(struct fixture *f)
{
    return store_sqlite_open(f->dir, true, &f->err) ? 0 : 1;
}

#define OWNER "start it as the owner of this folder, or, when somebody else has started it once, give "       \
              "the owner all of it: chown -R USER: FOLDER"

static void test_read_only(void **state)
{
    struct fixture *f = *state;

    store_close(f->s);
    f->s = NULL;
    belongs_to_nobody(path(f, "lock"), 0600);
    belongs_to_nobody(path(f, "clickbaton.db"), 0400);
    belongs_to_nobody(f->dir, 0700);
    assert_int_equal(as_nobody(f, open_writer), 1);
    says(f, "DIR/clickbaton.db: can't write here: Permission denied; " OWNER);
    remove(path(f, "lock"));
    belongs_to_nobody(f->dir, 0500);
    assert_int_equal(as_nobody(f, open_writer), 1);
    says(f, "DIR/lock: can't write here: Permission denied; " OWNER);
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
    says(f, "DIR/empty/clickbaton.db: No such file or directory; nothing was stored here yet: "
            "start `clickbaton serve` first, or name the right folder with `data:`");
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

#define STEPS_MOST 16

static int newest_version(void)
{
    int newest = 0;

    for (const struct sqlite_step *step = sqlite_steps; step->version; step++)
        newest = step->version;
    return newest;
}

/* Today's steps and those of versions to come; out ends with a zero. */
static void steps_and(const struct sqlite_step *more, struct sqlite_step out[STEPS_MOST])
{
    size_t n = 0;

    for (; sqlite_steps[n].version; n++)
        out[n] = sqlite_steps[n];
    for (int version = newest_version(); more->sql; more++)
        out[n++] = (struct sqlite_step){ .version = ++version, .sql = more->sql };
    assert_true(n < STEPS_MOST);
    out[n] = (struct sqlite_step){ .version = 0 };
}

static void test_schema(void **state)
{
    static const char extra[] = "ALTER TABLE clicks ADD COLUMN extra; UPDATE clicks SET extra = 'x'";
    struct fixture *f = *state;
    struct sqlite_step newer[STEPS_MOST], broken[STEPS_MOST];
    int now = newest_version();
    char want[400];

    steps_and((struct sqlite_step[]){ { .sql = extra }, { .sql = "CREATE TABLE more(a)" }, { .version = 0 } },
              newer);
    steps_and((struct sqlite_step[]){ { .sql = extra },
                                      { .sql = "CREATE TABLE more(a); CREATE TABLE more(a)" },
                                      { .version = 0 } },
              broken);
    assert_int_equal(ask(f, "PRAGMA user_version"), now);
    assert_int_equal(ask(f, "PRAGMA application_id"), 0x436c6b42);
    OK(f, put_group(f, 0, 20, 10));
    store_close(f->s);
    f->s = NULL;

    tuning.steps = newer; /* a file from before */
    assert_null(open_tuned(f->dir, false, &f->err));
    snprintf(want, sizeof(want), "DIR/clickbaton.db: its schema version is %d, this clickbaton needs "
             "%d; start `clickbaton serve` once, it will bring it up to date", now, now + 2);
    says(f, want);

    tuning.steps = broken; /* a step that fails leaves nothing of itself */
    assert_null(open_tuned(f->dir, true, &f->err));
    snprintf(want, sizeof(want), "DIR/clickbaton.db: bringing it to schema version %d: table more "
             "already exists", now + 2);
    says(f, want);
    assert_int_equal(ask(f, "PRAGMA user_version"), now + 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);

    tuning.steps = newer;
    fixture_open(f);
    assert_int_equal(ask(f, "PRAGMA user_version"), now + 2);
    assert_int_equal(ask(f, "SELECT value FROM meta WHERE key = 'schema'"), now + 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM more"), 0);
    assert_holds(f, 20);
    store_close(f->s);
    f->s = NULL;

    for (int writer = 0; writer < 2; writer++) {
        assert_null(store_sqlite_open(f->dir, writer, &f->err));
        snprintf(want, sizeof(want), "DIR/clickbaton.db: its schema version is %d, this clickbaton ("
                 CLICKBATON_VERSION ") knows up to %d; use the newer clickbaton that wrote it, or "
                 "another `data:`", now + 2, now);
        says(f, want);
    }
}

/* A file of the first release: its rows, written as that release wrote them, are all found, and what
 * is written beside them too. */
static const char rows_of_version_1[] =
    "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x436c6b42; PRAGMA user_version = 1;"
    "INSERT INTO meta VALUES('schema', 1);"
    "INSERT INTO names(id, text) VALUES(1, 'nutra-de'), (2, 'C9'), (3, 'Lead'), (4, 'keitaro');"
    "INSERT INTO clicks VALUES(7, 1, 1790000000, 3221225473, 'c1', 'e1', 'tp', '1.2.3.4', 'yes',"
    " 'https://l.example/?ttclid=E.C.P.abcdefgh', 26 << 16 | 14, 'UA', 'https://r.example/');"
    "INSERT INTO postbacks VALUES(5, 1790000000123, 1, 4, NULL, NULL, 1, NULL, 'c1', 'e1', NULL,"
    " NULL, '::1', 'subid=c1', NULL, NULL, NULL);"
    "INSERT INTO events VALUES(3, 5, 1790000000123, 1, 2, 3, NULL, 'e1', 'c1', '{\"a\":1}', 'T1');"
    "INSERT INTO events VALUES(4, 5, 1790000000124, 1, 2, 3, NULL, 'e2', 'c2', '{\"a\":2}', 'T1');"
    "INSERT INTO deliveries VALUES(3, 2, 1, 1790000000123, 0, NULL, NULL, NULL, NULL),"
    " (4, 2, 2, 1790000000124, 0, NULL, 1790000000130, NULL, NULL);"
    "UPDATE counts SET clicks = 1, postbacks = 1, waiting = 1, sending = 1;";

static void make_version_1(struct fixture *f)
{
    static const char *const files[] = { "clickbaton.db", "clickbaton.db-wal",
                                         "clickbaton.db-shm" };
    struct sqlite3 *db;

    store_close(f->s);
    f->s = NULL;
    for (size_t i = 0; i < COUNT(files); i++)
        remove(path(f, files[i]));
    assert_int_equal(sqlite_steps[0].version, 1);
    assert_int_equal(sqlite3_open(path(f, "clickbaton.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sqlite_steps[0].sql, NULL, NULL, NULL), SQLITE_OK);
    if (sqlite3_exec(db, rows_of_version_1, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void assert_old_rows(struct fixture *f)
{
    struct store_postback *pb;
    struct store_event *ev;
    struct store_click *click;
    struct store_counts c;
    size_t count;

    OK(f, store_counts(f->s, &c, &f->err));
    assert_true(c.clicks == 1 && c.postbacks == 1 && c.withdrawn == 0);
    OK(f, store_find_clicks(f->s, S("E.C.P.abcdefgh"), 9, &f->arena, &click, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(S("c1"), click->click_id);
    SAME(S("yes"), click->consent);
    SAME(S("https://r.example/"), click->referrer);
    SAME(S(""), click->country);
    assert_true(click->keyed);
    OK(f, store_find_postbacks(f->s, S("c1"), 9, &f->arena, &pb, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(S("subid=c1"), pb->params);
    OK(f, store_find_events(f->s, S("T1"), 9, &f->arena, &ev, &count, &f->err));
    assert_int_equal(count, 2);
    SAME(S("{\"a\":2}"), ev[0].body);
    SAME(S(""), ev[0].currency);
    SAME(S(""), ev[0].consent);
    assert_int_equal(ev[0].value, 0);
}

static void test_version_1(void **state)
{
    struct fixture *f = *state;
    struct store_event same = { .pixel = S("C9"), .event = S("Lead"), .event_id = S("e2") };
    struct store_event new = { .pixel = S("C9"), .event = S("Lead"), .event_id = S("e3"),
                               .value = 1, .currency = S("EUR"), .created = NOW };
    struct store_event *list;
    int64_t recovered, first;
    char want[200];
    size_t count;

    make_version_1(f);
    assert_null(store_sqlite_open(f->dir, false, &f->err));
    snprintf(want, sizeof(want), "DIR/clickbaton.db: its schema version is 1, this clickbaton needs "
             "%d; start `clickbaton serve` once, it will bring it up to date", newest_version());
    says(f, want);
    for (int i = 0; i < 2; i++) {
        f->s = store_sqlite_open(f->dir, true, &f->err);
        assert_non_null(f->s);
        assert_int_equal(ask(f, "PRAGMA user_version"), newest_version());
        assert_old_rows(f);
        OK(f, store_begin(f->s, &f->err));
        OK(f, store_recover(f->s, NOW, &recovered, &f->err));
        assert_int_equal(recovered, i == 0);
        GIVES(f, 1, store_event_put(f->s, &same, &first, &f->err));
        assert_int_equal(first, 4);
        GIVES(f, i, store_event_put(f->s, &new, &first, &f->err));
        assert_int_equal(i ? first : new.id, 5);
        OK(f, store_commit(f->s, &f->err));
        store_close(f->s);
    }
    f->s = store_sqlite_open(f->dir, true, &f->err);
    assert_int_equal(ask(f, "SELECT count(*) FROM ledger WHERE state = 'waiting'"), 3);
    assert_int_equal(ask(f, "SELECT count(*) FROM ledger WHERE value = '0.000001'"), 1);
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_take(f->s, S("C9"), NOW, 0, 9, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 3);
    OK(f, store_commit(f->s, &f->err));
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
    assert_int_equal(sqlite_sum_register(db), SQLITE_OK);
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

/* ---- names ---- */

/* More of them than the cache has slots, and longer ones; those of a rollback are forgotten. */
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
        .value = 12500000, .currency = S("USD"), .original_value = 1000001000000000001,
        .original_currency = S("VND"), .consent = S("granted"), .consent_said = S("\"1\""),
    };
    struct store_event bare = { .pixel = S("C9"), .event = S("Lead"), .created = NOW, .value = 7 };
    struct store_attempt attempt = { .at = NOW + 900, .pixel = S("C9"), .code = -1 };
    struct store_outcome outcome = { 1, STORE_WAITING, NOW + 2000, true, S("timeout") };
    struct store_event *list;
    size_t count;

    OK(f, store_begin(f->s, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    ev.postback_id = pb.id;
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    bare.event_id = S("ev-2");
    OK(f, store_event_put(f->s, &bare, NULL, &f->err));
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
                  "12.5|USD|1000001000000.000001|VND|granted|\"1\"|"
                  "waiting|1|2026-09-21T14:13:22.123Z|2026-09-21T14:13:21.023Z|timeout|"
                  "{\"x\":\"\xc3\xa9\",\"ttclid\":\"E.C.P.abcdefgh\"}\n"
                  "2||2026-09-21T14:13:20.123Z||C9|Lead|ev-2||||||||||waiting|0|"
                  "2026-09-21T14:13:20.123Z|||\n");
    assert_prints(f, "PRAGMA integrity_check; PRAGMA journal_mode; PRAGMA page_size",
                  "ok\nwal\n4096\n");
    assert_prints(f, "SELECT typeof(ttclid), ttclid >> 16, ttclid & 65535 FROM events LIMIT 1",
                  "integer|20|14\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_files),
        CASE(test_lock),
        CASE(test_read_only),
        CASE(test_bad_folders),
        CASE(test_foreign_files),
        CASE(test_schema),
        CASE(test_version_1),
        CASE(test_query_plans),
        CASE(test_names),
        CASE(test_command),
    };

    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
