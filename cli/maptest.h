/* maptest.h: the `tests:` of a mapping, run by `check`. */
#ifndef CLI_MAPTEST_H
#define CLI_MAPTEST_H

#include "cli/catalog.h"

struct maptest_result {
    unsigned passed, failed;
    unsigned problems; /* diagnostics that the failures have added */
};

/* Run the tests of one offer; what fails becomes a diagnostic M019 at its line. */
void maptest_run(struct catalog *c, const struct offer *offer, int64_t now,
                 struct maptest_result *result);

#endif
