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

/* Problems on stderr, the sum (or JSON) on stdout, JUnit's XML into the file (NULL: none; "-":
 * stdout instead of the sum).  Gives done->code, or that of a failed write. */
int check_report(struct catalog *c, const struct checked *done, bool json, const char *junit);

#endif
