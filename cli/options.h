/* options.h: a verb's options as rows; parsing, help and did-you-mean come of the same rows. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "core/base/slice.h"

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_INTEGER };

struct option_row {
    const char *name;     /* "--click" */
    const char *alias;    /* "-c", or NULL */
    enum option_kind kind;
    void *value;          /* bool *, const char ** or int64_t * */
    const char *argument; /* "URL": NULL for a flag */
    const char *about;
};

/* The row that most verbs begin with; at: where the path goes, a const char *. */
#define OPTION_CONFIG(at)                                                                          \
    {                                                                                              \
        "--config", "-c", OPTION_TEXT, (at), "FILE", "the configuration; default clickbaton.yaml"  \
    }

struct verb_usage {
    const char *synopsis; /* "translate OFFER-FILE URL|- [--click URL] ..." */
    const char *about;    /* a sentence or two */
    const char *examples; /* lines, each indented by two blanks */
};

/* Parse argv[1..]; the rest, up to max, goes to args.  Gives the number of those, or -1 when the
 * verb is done and must return *exit_code (help was printed, or the usage was wrong). */
int options_parse(int argc, char **argv, const struct option_row *rows,
                  const struct verb_usage *usage, const char **args, int min, int max,
                  int *exit_code);

/* "clickbaton VERB: text" and where help is, on stderr; gives EXIT_USAGE. */
int options_misuse(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
