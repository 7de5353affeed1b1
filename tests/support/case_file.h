/* case_file.h: the case files of tests/cases as they stand on disk; tests/cases/README describes
 * them.  Nothing is judged here but their form. */
#ifndef TESTS_SUPPORT_CASE_FILE_H
#define TESTS_SUPPORT_CASE_FILE_H

#include "core/base/arena.h"

#define CASE_LIST_MAX 16

struct case_entry {
    struct slice text;
    unsigned line; /* 0: not given */
};

struct case_list {
    struct case_entry items[CASE_LIST_MAX];
    size_t count;
};

struct case_file {
    struct case_entry about, mapping, at, request, type, body, click, verdict, code, reason;
    struct case_list warnings, sent;
};

/* The entries borrow text.  On -1 *line and *problem say what is wrong with it. */
int case_file_parse(struct slice text, struct case_file *out, unsigned *line, const char **problem);

/* With \xNN, \n and \\ expanded, in arena. */
struct slice case_file_expand(struct arena *arena, struct slice s);

/* A whole file of at most 1 MB, in arena. */
bool case_file_slurp(struct arena *arena, const char *path, struct slice *text);

#endif
