#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "core/base/diag.h"

int options_misuse(const char *verb, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "clickbaton %s: ", verb);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\ntry: clickbaton %s --help\n", verb);
    return EXIT_USAGE;
}

static int help(const struct option_row *rows, const struct verb_usage *usage)
{
    printf("%s\nusage: clickbaton %s\n\n%s\n\noptions:\n", usage->examples, usage->synopsis,
           usage->about);
    for (; rows->name; rows++) {
        char left[64];
        snprintf(left, sizeof(left), "%s%s%s%s%s", rows->alias ? rows->alias : "",
                 rows->alias ? ", " : "", rows->name, rows->argument ? " " : "",
                 rows->argument ? rows->argument : "");
        printf("  %-22s %s\n", left, rows->about);
    }
    printf("  %-22s %s\n", "--help", "this text");
    return EXIT_DONE;
}

static const struct option_row *find(const struct option_row *rows, struct slice name)
{
    for (; rows->name; rows++)
        if (slice_eq(name, slice_from(rows->name)) ||
            (rows->alias && slice_eq(name, slice_from(rows->alias))))
            return rows;
    return NULL;
}

static int unknown(const char *verb, const struct option_row *rows, struct slice name)
{
    struct slice names[32] = { { 0 } }, near;
    size_t n = 0;

    for (; rows->name && n < 30; rows++)
        names[n++] = slice_from(rows->name);
    names[n] = S("--help");
    near = diag_nearest(name, names);
    if (near.len)
        return options_misuse(verb, "unknown option %.*s; did you mean %.*s?", SLICE_ARG(name),
                              SLICE_ARG(near));
    return options_misuse(verb, "unknown option %.*s", SLICE_ARG(name));
}

static int set_value(const char *verb, const struct option_row *row, const char *value)
{
    if (row->kind == OPTION_TEXT)
        *(const char **)row->value = value;
    else if (!slice_to_i64(slice_from(value), row->value))
        return options_misuse(verb, "%s needs a whole number, not \"%s\"", row->name, value);
    return 0;
}

/* Handles argv[*i]; 0 to go on. */
static int option(int argc, char **argv, int *i, const struct option_row *rows)
{
    struct slice name, value;
    bool joined = slice_cut(slice_from(argv[*i]), '=', &name, &value);
    const struct option_row *row = find(rows, name);

    if (!row)
        return unknown(argv[0], rows, name);
    if (row->kind == OPTION_FLAG) {
        if (joined)
            return options_misuse(argv[0], "%s takes no value", row->name);
        *(bool *)row->value = true;
        return 0;
    }
    if (joined)
        return set_value(argv[0], row, value.ptr);
    if (*i + 1 >= argc)
        return options_misuse(argv[0], "%s needs %s", row->name, row->argument);
    return set_value(argv[0], row, argv[++*i]);
}

int options_parse(int argc, char **argv, const struct option_row *rows,
                  const struct verb_usage *usage, const char **args, int min, int max,
                  int *exit_code)
{
    bool only_args = false;
    int n = 0;

    for (int i = 1; i < argc; i++) {
        bool dash = argv[i][0] == '-' && argv[i][1] != '\0';
        if (dash && !only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (dash && !only_args &&
                   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            *exit_code = help(rows, usage);
            return -1;
        } else if (dash && !only_args) {
            *exit_code = option(argc, argv, &i, rows);
            if (*exit_code != 0)
                return -1;
        } else if (n == max) {
            *exit_code = options_misuse(argv[0], "unexpected argument \"%s\"", argv[i]);
            return -1;
        } else {
            args[n++] = argv[i];
        }
    }
    if (n < min) {
        *exit_code = options_misuse(argv[0], "usage: clickbaton %s", usage->synopsis);
        return -1;
    }
    return n;
}
