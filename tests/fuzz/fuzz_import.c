/* Any bytes as lines of an exported ledger.  A line that is taken is printed and read again as the same;
 * a file that is taken makes a store that is exported as the same lines. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/store/ledger.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM ((size_t)16 << 20)

static void check_row(const struct ledger_row *row)
{
    const struct ledger_shape *shape = &ledger_shapes[row->table];

    for (int i = 0; i < LEDGER_COLUMNS && shape->columns[i].name; i++) {
        const struct ledger_column *c = &shape->columns[i];
        const struct ledger_value *v = &row->values[i];
        MUST(v->set || !c->needed);
        if (v->set && c->kind == LEDGER_INT)
            MUST(v->n >= c->least && v->n <= c->most);
        for (size_t k = 1; v->set && c->kind == LEDGER_IDS && k < v->count; k++)
            MUST(v->ids[k - 1] < v->ids[k]);
        MUST(ledger_column(row->table, c->name) == i);
    }
}

/* What is printed is read as itself: printed again it has the same bytes. */
static void check_line(const struct ledger_row *row)
{
    struct buf once = { 0 }, twice = { 0 };
    struct ledger_row again;
    struct arena arena;
    struct err err = { 0 };
    size_t column = 0;

    ledger_print(&once, row);
    MUST(buf_ok(&once) && once.len && once.ptr[once.len - 1] == '\n');
    MUST(slice_index(buf_slice(&once), '\n') == once.len - 1);
    arena_init(&arena, ROOM);
    MUST(ledger_parse(slice_head(buf_slice(&once), once.len - 1), &arena, &again, &column, &err) ==
         0);
    ledger_print(&twice, &again);
    MUST(slice_eq(buf_slice(&once), buf_slice(&twice)));
    arena_free(&arena);
    buf_free(&once);
    buf_free(&twice);
}

/* ---- a whole file ---- */

static int print_row(void *context, const struct ledger_row *row, struct err *err)
{
    (void)err;
    ledger_print(context, row);
    return 0;
}

static void empty_folder(const char *dir)
{
    char path[400];
    struct dirent *e;
    DIR *d = opendir(dir);

    while (d && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(path) != 0) {
            empty_folder(path);
            rmdir(path);
        }
    }
    if (d)
        closedir(d);
}

/* 0: taken whole, and `canonical` has its lines; -1: refused. */
static int import_into(const char *dir, struct slice text, struct buf *canonical)
{
    struct err err = { 0 };
    struct ledger_import *im = store_sqlite_import(dir, &err);
    struct slice line;
    struct arena arena;
    size_t column;
    int rc = im ? 0 : -1;

    MUST(im);
    arena_init(&arena, ROOM);
    while (rc == 0 && slice_cut(text, '\n', &line, &text)) {
        struct ledger_row row;
        arena_reset(&arena);
        rc = ledger_parse(line, &arena, &row, &column, &err);
        if (rc == 0)
            rc = ledger_import_put(im, &row, &err);
        if (rc == 0)
            ledger_print(canonical, &row);
    }
    if (rc == 0)
        rc = ledger_import_finish(im, &err);
    MUST(rc == 0 || err.kind == ERR_INPUT);
    MUST(rc == 0 || *err.text);
    ledger_import_close(im);
    arena_free(&arena);
    return rc;
}

static void check_file(struct slice text)
{
    char root[] = "/dev/shm/fuzz-import-XXXXXX", dir[64];
    struct buf canonical = { 0 }, exported = { 0 };
    struct err err = { 0 };

    MUST(mkdtemp(root));
    snprintf(dir, sizeof(dir), "%s/data", root);
    if (import_into(dir, text, &canonical) == 0) {
        MUST(store_sqlite_export(dir, &(struct ledger_filter){ 0 }, print_row, &exported, &err) ==
             0);
        MUST(slice_eq(buf_slice(&canonical), buf_slice(&exported)));
    }
    empty_folder(root);
    MUST(rmdir(root) == 0);
    buf_free(&canonical);
    buf_free(&exported);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = { (const char *)data, size }, rest = text, line;
    bool header = false, first = true;
    struct arena arena;

    arena_init(&arena, ROOM);
    while (slice_next(&rest, '\n', &line)) {
        struct ledger_row row;
        struct err err = { 0 };
        size_t column = 0;
        arena_reset(&arena);
        if (ledger_parse(line, &arena, &row, &column, &err) == 0) {
            check_row(&row);
            check_line(&row);
            header = header || (first && row.table == LEDGER_HEADER);
        } else {
            MUST(err.kind != ERR_NONE && *err.text && column >= 1 && column <= line.len + 1);
        }
        first = false;
    }
    arena_free(&arena);
    if (header && (size < 2000 || data[size / 2] % 4 == 0)) /* a store takes a while to make */
        check_file(text);
    return 0;
}
