/* kit.h: the URLs to paste for an offer: its tracker's table (core/tracker.h) with the names,
 * words and parameters of the offer's own mapping put in. */
#ifndef CORE_KIT_KIT_H
#define CORE_KIT_KIT_H

#include "core/mapping/mapping.h"

/* What the user must still replace; it is read as "no value" and reported when it stays (W020). */
#define KIT_REPLACE "REPLACE"

/* Whose URLs: names as they stand in them, without scheme. */
struct kit_hosts {
    struct slice own, tracker, lander; /* lander: where the offer's page_url says nothing */
};

struct kit_postback {
    struct slice stage; /* empty: one URL for every status */
    bool ignored;       /* the offer's rule says so: it is recorded only */
    struct slice url;
};

struct kit {
    struct slice ad_link, lander, click;
    struct kit_postback *postbacks;
    size_t postback_count;
    struct notes remarks; /* what must be known about these URLs; no codes */
};

/* Make the kit in arena.  -1 (ERR_BUSY) when the arena is full.  The key is never in it: each URL
 * that needs one has key=YOUR-KEY. */
int kit_make(struct arena *arena, const struct offer *offer, const struct tracker_urls *urls,
             const struct kit_hosts *hosts, struct kit *out, struct err *err);

/* The parameter names of the offer's click id for its landing pages, *count of them.  The first one
 * stands in the links of those pages, so it is the one under which the tracker gives its click id
 * to landers (the pair of lander_query whose macro is MACRO_CLICK_ID), if the mapping reads that
 * name: at Binom the mapping's own first, cnv_id, would make a conversion of a link.  Then the
 * mapping's other names in order.  urls may be NULL.  The names are the offer's; NULL when the
 * arena is full. */
const struct slice *kit_lander_names(struct arena *arena, const struct offer *offer,
                                     const struct tracker_urls *urls, size_t *count);

/* The row of the macro `name`, braces and argument already taken off; NULL when the table has none
 * and the tracker may leave it as it stands. */
const struct tracker_macro *kit_macro(const struct tracker_urls *urls, struct slice name);

/* Is value one whole macro {name} or {name:arg}?  Gives the name. */
bool kit_is_macro(struct slice value, struct slice *name);

#endif
