/* zones.h: time zones by name, from the machine's TZif files; never by setting the process' own. */
#ifndef CLI_ZONES_H
#define CLI_ZONES_H

#include "core/base/zone.h"

/* UTC, +02:00, Europe/Berlin; in arena.  NULL: there is none, and *why goes on after its name. */
const struct zone *zones_find(struct arena *arena, const char *name, const char **why);

#endif
