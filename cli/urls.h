/* urls.h: what to paste where, for one offer and its tracker. */
#ifndef CLI_URLS_H
#define CLI_URLS_H

#include "cli/catalog.h"
#include "core/kit/kit.h"

/* On stdout.  An exit code; what is wrong is on stderr. */
int urls_print(struct catalog *catalog, const struct offer *offer, const struct kit_hosts *hosts,
               bool json);

/* urls_access.c: remarks about the offer's keys, signature and addresses; none for what is usual.
 * offer NULL: none. */
void urls_access(const struct catalog *c, const struct catalog_offer *offer, struct notes *out);

#endif
