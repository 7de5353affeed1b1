/* zone.h: what clocks show somewhere.  Of a TZif file's bytes (RFC 8536), never of the process' TZ. */
#ifndef CORE_BASE_ZONE_H
#define CORE_BASE_ZONE_H

#include "core/base/arena.h"
#include "core/base/slice.h"

struct zone; /* immutable; lives in its arena */

/* NULL: not a TZif file, one that is damaged, or the arena is full. */
const struct zone *zone_load(struct arena *arena, struct slice tzif);
/* Always so many seconds east of UTC; NULL when the arena is full. */
const struct zone *zone_fixed(struct arena *arena, int seconds);

/* Could it be the name of a zone (Europe/Berlin, Etc/GMT-3), and not a way into other folders? */
bool zone_is_name(struct slice name);

/* Seconds east of UTC at that moment (Unix seconds). */
int zone_offset(const struct zone *z, int64_t at);

/* The moment at which clocks there show `local` (counted as if it were UTC).  When they show it twice, the
 * first one, and *twice (may be NULL) is set; when they never do, as if they had not been put forward. */
int64_t zone_moment(const struct zone *z, int64_t local, bool *twice);

#endif
