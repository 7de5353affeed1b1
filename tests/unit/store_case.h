/* store_case.h: what the tests of the store share: a folder of its own for each test, an engine
 * that opens in it, and short forms for the calls. */
#ifndef TESTS_UNIT_STORE_CASE_H
#define TESTS_UNIT_STORE_CASE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "adapters/store/store.h"

/* An engine under the contract's tests: opens an empty store in a new folder, and the same store
 * again, as its writer or beside it. */
struct engine {
    const char *name;
    struct store *(*open)(const char *dir, bool writer, struct err *err);
};

struct fixture {
    const struct engine *engine;
    char dir[64];
    struct store *s;
    struct arena arena;
    struct err err;
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define OK(f, call)                                                                                \
    do {                                                                                           \
        int ok_rc = (call);                                                                        \
        if (ok_rc != 0)                                                                            \
            fail_msg("%s: %d: %s", #call, ok_rc, (f)->err.text);                                   \
    } while (0)
#define GIVES(f, want, call)                                                                       \
    do {                                                                                           \
        int gives_rc = (call);                                                                     \
        if (gives_rc != (want))                                                                    \
            fail_msg("%s: %d, not %d: %s", #call, gives_rc, (want), (f)->err.text);                \
    } while (0)
#define SAYS(f, want_kind, want_text)                                                              \
    do {                                                                                           \
        assert_string_equal((f)->err.text, want_text);                                             \
        assert_int_equal((f)->err.kind, want_kind);                                                \
    } while (0)
#define SAME(want, is) same_((want), (is), #is, __FILE__, __LINE__)

static inline void same_(struct slice want, struct slice is, const char *what, const char *file,
                         int line)
{
    if (!slice_eq(want, is)) {
        print_error("%s: \"%.*s\", not \"%.*s\"\n", what, SLICE_ARG(is), SLICE_ARG(want));
        _fail(file, line);
    }
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void remove_folder(const char *dir)
{
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct fixture *fixture_new(const struct engine *engine)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->engine = engine;
    snprintf(f->dir, sizeof(f->dir), "/tmp/clickbaton-store.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    arena_init(&f->arena, (size_t)256 << 20);
    return f;
}

static inline void fixture_open(struct fixture *f)
{
    f->s = f->engine->open(f->dir, true, &f->err);
    if (!f->s)
        fail_msg("%s", f->err.text);
}

static inline void fixture_reopen(struct fixture *f)
{
    store_close(f->s);
    fixture_open(f);
}

static inline void fixture_free(struct fixture *f)
{
    store_close(f->s);
    arena_free(&f->arena);
    remove_folder(f->dir);
    free(f);
}

/* A whole number, from a file of SQLite's; -1: no row. */
static inline int64_t sqlite_number(const char *file, const char *sql)
{
    struct sqlite3_stmt *st = NULL;
    struct sqlite3 *db = NULL;
    int64_t n = -1;

    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

#endif
