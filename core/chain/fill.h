/* fill.h: TikTok's side of a click that never happened: its macros in an ad's link, filled with
 * made-up values of the real length and alphabet.  The same seed gives the same values. */
#ifndef CORE_CHAIN_FILL_H
#define CORE_CHAIN_FILL_H

#include "core/base/arena.h"
#include "core/base/slice.h"

/* A ttclid of 306 characters: "E.C.P." and letters of both cases, digits, '-' and '_'.  A real one
 * of 309 is quoted in umami issue 3790; TikTok says up to 1,000. */
struct slice fill_ttclid(struct arena *arena, uint64_t seed);

/* prefix and then letters of the alphabet, len in all. */
struct slice fill_id(struct arena *arena, uint64_t seed, const char *prefix, const char *alphabet,
                     size_t len);

/* 8-4-4-4-12 hex digits, as a browser's crypto.randomUUID gives. */
struct slice fill_uuid(struct arena *arena, uint64_t seed);

/* The link with TikTok's macros filled, each percent-encoded as TikTok does.  A word that looks
 * like a macro (__X__) but is none stays; *unknown is the first of those, or empty. */
struct slice fill_link(struct arena *arena, struct slice link, struct slice ttclid, uint64_t seed,
                       struct slice *unknown);

/* Is it what one of TikTok's macros other than __CLICKID__ was filled with? */
bool fill_is_macro_value(struct slice value);

#endif
