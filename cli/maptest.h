/* maptest.h: the `tests:` of mappings, run by `check`. */
#ifndef CLI_MAPTEST_H
#define CLI_MAPTEST_H

#include "cli/catalog.h"
#include "core/base/codes.h"

/* An expectation that was not met. */
struct maptest_failure {
    const struct mapping_expect *expect; /* NULL: the test itself could not run, or expects nothing */
    struct slice got;
    struct maptest_failure *next;
};

/* One test that has run; everything in the catalog's arena. */
struct maptest_case {
    const struct offer *offer;
    const struct mapping_test *test;
    bool passed;
    struct slice error;                /* why it could not run; empty: it did */
    const struct code *code;           /* of the verdict; NULL: it has none */
    struct slice verdict, warnings;    /* "ignored I001: ..."; codes, or "none" */
    struct slice summary;              /* what `expect: {}` is filled with by --update */
    struct maptest_failure *failures;
    size_t failure_count;
    struct maptest_case *next;
};

struct maptest_result {
    unsigned passed, failed;
    unsigned problems; /* diagnostics that the failures have added */
    struct maptest_case *first, *last;
};

/* Run the tests of one offer; each that fails becomes a diagnostic M019 with what was expected and
 * what came, line by line. */
void maptest_run(struct catalog *c, const struct offer *offer, int64_t now,
                 struct maptest_result *result);

/* "name", or the postback of a test without one. */
struct slice maptest_name(const struct mapping_test *test);

/* ---- maptest_show.c ---- */

/* "cases":[...]: a member of check's JSON object. */
void maptest_json(struct buf *out, const struct maptest_result *result);

/* JUnit's XML: a suite per offer, and one of the files' errors when there are any. */
void maptest_junit(struct buf *out, const struct catalog *c, const struct maptest_result *result);

/* ---- maptest_update.c ---- */

/* value as a scalar of YAML, in quotes where it needs them. */
void maptest_scalar(struct buf *out, struct slice value);

/* Write what came into the files of the failing tests, in the place of what was expected; all other
 * bytes stay.  *changed counts expectations.  -1: a file can't be written, or an expectation can't
 * be replaced (*err says which; nothing of that file is changed). */
int maptest_update(struct catalog *c, const struct maptest_result *result, unsigned *changed,
                   struct err *err);

#endif
