/* urls.h: what to paste where, for one offer and its tracker. */
#ifndef CLI_URLS_H
#define CLI_URLS_H

#include "cli/catalog.h"
#include "core/kit/kit.h"

/* On stdout.  An exit code; what is wrong is on stderr. */
int urls_print(struct catalog *catalog, const struct offer *offer, const struct kit_hosts *hosts,
               bool json);

#endif
