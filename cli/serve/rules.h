/* rules.h: the catalog that is in force, swapped whole by a reload while requests go on with
 * theirs. */
#ifndef CLI_SERVE_RULES_H
#define CLI_SERVE_RULES_H

#include "cli/catalog.h"

struct rules_holder;

/* One catalog with its count of users. */
struct rules {
    struct catalog *catalog;
    unsigned users; /* guarded by the holder */
    struct rules_holder *holder;
};

/* Takes the catalog over.  NULL when out of memory. */
struct rules_holder *rules_open(struct catalog *catalog);

struct rules *rules_get(struct rules_holder *h); /* any thread; give it back */
void rules_release(struct rules *r);             /* accepts NULL */

/* Put another catalog in force; the old one goes when its last user has gone. */
int rules_swap(struct rules_holder *h, struct catalog *catalog);

void rules_close(struct rules_holder *h);

#endif
