/* urls.h: the click side of each tracker: its macros, and what to paste where.
 *
 * "Documented" in these tables means a page of the vendor's, read 2026-11; what was seen only in
 * templates or public code, or is a guess, stands in the table's `unknown` for the user to read. */
#ifndef ADAPTERS_TRACKERS_URLS_H
#define ADAPTERS_TRACKERS_URLS_H

#include "core/tracker.h"

#define ID_LOWER "abcdefghijklmnopqrstuvwxyz"
#define ID_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ID_DIGITS "0123456789"

extern const struct tracker_urls keitaro_urls;
extern const struct tracker_urls bemob_urls;
extern const struct tracker_urls binom_urls;
extern const struct tracker_urls redtrack_urls;
extern const struct tracker_urls voluum_urls;
extern const struct tracker_urls generic_urls;

#endif
