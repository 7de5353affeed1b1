/* ids.h: what is worth saying about the two click ids of a postback, whatever tracker sent it. */
#ifndef ADAPTERS_TRACKERS_IDS_H
#define ADAPTERS_TRACKERS_IDS_H

#include "core/tracker.h"

/* Only remarks: no tracker promises a shape for its click ids, so none is enforced and none is
 * changed.  Fits struct tracker's `finish`. */
void ids_check(const struct tracker_in *in, struct conversion *conv);

#endif
