/* rotation.h: who still uses a secret that is being replaced, as the store remembers it. */
#ifndef CLI_ROTATION_H
#define CLI_ROTATION_H

#include "cli/catalog.h"

#define ROTATION_SECONDS 86400

/* What is being replaced for this offer: a key or a signing secret with a previous one. */
enum rotation_what { ROTATION_KEY, ROTATION_SIGNATURE };
bool rotation_under_way(const struct catalog *c, const struct catalog_offer *offer,
                        enum rotation_what what);

/* Postbacks of the offer since then (Unix seconds) that used the previous one; 0 too when there is no
 * store yet.  -1: *err. */
int64_t rotation_count(const struct catalog *c, const struct catalog_offer *offer,
                       enum rotation_what what, int64_t since, struct err *err);

#endif
