/* rehearsal.h: a chain file with the offer that its conversion names, ready to be walked. */
#ifndef CLI_SIMULATE_REHEARSAL_H
#define CLI_SIMULATE_REHEARSAL_H

#include "cli/catalog.h"
#include "core/chain/chain.h"

struct rehearsal {
    struct catalog *catalog;
    struct chain *chain;
    const char *offer_path; /* NULL: the chain has no conversion */
    struct chain_world world;
};

/* Load the file and the offer.  Problems go to the catalog's diags; false when these
 * two have errors. */
bool rehearsal_load(struct rehearsal *run, struct catalog *catalog, const char *path, int64_t now,
                    uint64_t seed);

/* The same for a chain that was made, and an offer that is loaded. */
bool rehearsal_of(struct rehearsal *run, struct catalog *catalog, const struct source *chain,
                  const struct offer *offer, int64_t now);

/* What the sandbox says to the event: NULL when it takes it, else why not (in arena). */
const char *rehearsal_check_event(const struct rehearsal *run, struct arena *arena,
                                  const struct chain_result *r);

/* `expect:` of the file, as a diagnostic M019 when it is not so; true when it holds. */
bool rehearsal_expectation(struct rehearsal *run, const struct chain_result *r);

#endif
