/* store_sqlite_case.h: what the tests of the SQLite engine's inside share. */
#ifndef TESTS_UNIT_STORE_SQLITE_CASE_H
#define TESTS_UNIT_STORE_SQLITE_CASE_H

#include "tests/unit/store_case.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "adapters/store/sqlite.h"

#define NOW INT64_C(1790000000123)

static struct sqlite_tuning tuning;

static inline struct store *open_tuned(const char *dir, bool writer, struct err *err)
{
    return sqlite_open(dir, writer, &tuning, err);
}

static const struct engine engine = { "sqlite", open_tuned };

static inline int setup(void **state)
{
    tuning = sqlite_tuning_default;
    *state = fixture_new(&engine);
    fixture_open(*state);
    return 0;
}

static inline int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static inline const char *path(struct fixture *f, const char *name)
{
    struct slice s = arena_printf(&f->arena, "%s/%s", f->dir, name);

    assert_non_null(s.ptr);
    return s.ptr;
}

/* The same, with DIR in want standing for the folder. */
static inline void says(struct fixture *f, const char *want)
{
    char text[1024];
    const char *dir;
    size_t n = 0;

    while ((dir = strstr(want, "DIR")) != NULL) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s%s", (int)(dir - want), want,
                              f->dir);
        want = dir + 3;
    }
    snprintf(text + n, sizeof(text) - n, "%s", want);
    assert_string_equal(f->err.text, text);
}

/* One postback and its event; the event's id is `id`. */
static inline int put(struct fixture *f, int64_t n, size_t body)
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

static inline int put_group(struct fixture *f, int64_t from, int64_t count, size_t body)
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
static inline void assert_holds(struct fixture *f, int64_t count)
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

static inline int64_t ask(struct fixture *f, const char *sql)
{
    return sqlite_number(path(f, "clickbaton.db"), sql);
}

/* Run act in a process that is nobody in particular; its text comes back in f->err. */
static inline int as_nobody(struct fixture *f, int (*act)(struct fixture *))
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

static inline void belongs_to_nobody(const char *file, mode_t mode)
{
    if (geteuid() == 0)
        assert_int_equal(chown(file, 65534, 65534), 0);
    assert_int_equal(chmod(file, mode), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
