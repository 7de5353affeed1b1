/* import.c: `clickbaton store import`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/store/ledger.h"
#include "cli/store/store.h"

#define ROW_BYTES ((size_t)64 << 20) /* memory of one line: 8 MB of text, twice, and a list */

static const struct verb_usage usage = {
    .synopsis = "store import FILE|- [-c FILE | DIR | URL]",
    .about = "Makes a store of an export, ids included, in a data folder that has none. All of it or,\n"
             "when a line is wrong, nothing: the place is named.",
    .examples = "  clickbaton store import ledger.jsonl ./data\n"
                "  zcat ledger.jsonl.gz | clickbaton store import - ./data",
};

/* ---- lines of bounded length ---- */

struct lines {
    int fd;
    char *bytes;
    size_t at, end, room;
    bool over;
};

/* The next line without its end.  1; 0: there is none; -1: *err. */
static int next_line(struct lines *l, struct slice *out, struct err *err)
{
    for (size_t seen = l->at;;) {
        char *end = l->end > seen ? memchr(l->bytes + seen, '\n', l->end - seen) : NULL;
        ssize_t n;
        if (end) {
            *out = (struct slice){ l->bytes + l->at, (size_t)(end - l->bytes) - l->at };
            l->at = (size_t)(end - l->bytes) + 1;
            return 1;
        }
        if (l->over) {
            if (l->at == l->end)
                return 0;
            return err_set(err, ERR_INPUT, "the file ends in the middle of a line");
        }
        memmove(l->bytes, l->bytes + l->at, l->end - l->at);
        l->end -= l->at;
        l->at = 0;
        seen = l->end;
        if (l->end == l->room)
            return err_set(err, ERR_INPUT, "the line is longer than %zu bytes", LEDGER_LINE_MOST);
        n = read(l->fd, l->bytes + l->end, l->room - l->end);
        if (n < 0 && errno != EINTR)
            return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
        l->over = n == 0;
        l->end += n > 0 ? (size_t)n : 0;
    }
}

/* ---- ---- */

struct place {
    const char *file;
    size_t line, column;
};

static int import_lines(struct lines *l, struct ledger_import *im, struct place *at,
                        struct err *err)
{
    struct ledger_row row;
    struct arena arena;
    struct slice line;
    int rc;

    arena_init(&arena, ROW_BYTES);
    while (at->line++, at->column = 1, (rc = next_line(l, &line, err)) == 1) {
        arena_reset(&arena);
        if ((rc = ledger_parse(line, &arena, &row, &at->column, err)) != 0)
            break;
        at->column = 1;
        if ((rc = ledger_import_put(im, &row, err)) != 0)
            break;
    }
    arena_free(&arena);
    return rc == 0 ? ledger_import_finish(im, err) : -1;
}

static int import_from(const char *file, const char *dir)
{
    struct lines l = { .fd = STDIN_FILENO, .room = LEDGER_LINE_MOST + 1 };
    struct place at = { .file = strcmp(file, "-") == 0 ? "stdin" : file };
    struct ledger_import *im = NULL;
    struct err err = { 0 };
    int code = EXIT_IO, rc = -1;

    if (strcmp(file, "-") != 0)
        l.fd = open(file, O_RDONLY | O_CLOEXEC);
    if (l.fd < 0) {
        fprintf(stderr, "clickbaton store import: %s: %s\n", file, strerror(errno));
        return EXIT_IO;
    }
    l.bytes = malloc(l.room);
    if (!l.bytes)
        err_set(&err, ERR_SYSTEM, "out of memory");
    else if ((im = (store_is_url(dir) ? store_pg_import(dir, &err) : store_sqlite_import(dir, &err))) != NULL)
        rc = import_lines(&l, im, &at, &err);
    if (rc == 0) {
        code = EXIT_DONE;
        fprintf(stderr, "%s: imported %zu lines of %s\n", dir, at.line - 1, at.file);
    } else if (im && err.kind == ERR_INPUT) {
        code = EXIT_NO;
        fprintf(stderr, "%s:%zu:%zu: error: %s\nclickbaton store import: nothing was imported\n",
                at.file, at.line, at.column, err.text);
    } else {
        fprintf(stderr, "clickbaton store import: %s\n", err.text);
    }
    ledger_import_close(im);
    free(l.bytes);
    if (l.fd != STDIN_FILENO)
        close(l.fd);
    return code;
}

int store_import(int argc, char **argv)
{
    const char *config = "clickbaton.yaml", *names[2] = { NULL, NULL };
    const struct option_row rows[] = { STORE_CONFIG(&config), { 0 } };
    char path[STORE_PATH];
    int code;

    if (options_parse(argc, argv, rows, &usage, names, 1, 2, &code) < 0 ||
        (code = store_find_data(config, names[1], NULL, path)) != EXIT_DONE)
        return code;
    return import_from(names[0], path);
}
