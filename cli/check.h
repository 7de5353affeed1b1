/* check.h: what `check` has found, and how it is told. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "cli/maptest.h"

struct checked {
    struct maptest_result tests;
    unsigned trackers, chains, models, rates; /* files of each kind without errors */
    int code;                                 /* what check gives */
    struct diags advice; /* apart: a hundred remarks shall not crowd out an error */
};

struct check_wish {
    bool json;         /* everything as JSON on stdout, instead of the sum */
    const char *junit; /* JUnit's XML into this file; "-": stdout, instead of the sum; NULL: none */
    bool update;       /* what fails will be rewritten: no last line about it */
};

/* Problems on stderr, the rest as wished.  Gives done->code, or that of a failed write. */
int check_report(struct catalog *c, const struct checked *done, const struct check_wish *wish);

/* "check: 1 error, ...": the line about what was wrong. */
void check_failures(struct catalog *c, const struct checked *done);

#endif
