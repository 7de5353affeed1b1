/* report.h: inside of `clickbaton report`, and what `top` has of it. */
#ifndef CLI_REPORT_REPORT_H
#define CLI_REPORT_REPORT_H

#include "adapters/store/store.h"
#include "core/review/review.h"

/* Whose clocks: a fixed offset, or those of a place. */
struct report_zone {
    int seconds; /* east of UTC */
    bool place;  /* the process' own zone was set to it */
};

/* "UTC", "+02:00", "Europe/Berlin".  false: there is no such zone. */
bool report_zone_named(struct report_zone *z, const char *name);
int64_t report_wall(const void *zone, int64_t at); /* what its clocks show, as if that were UTC */

/* An age before `end`, a date or time by those clocks, Unix seconds, or a time with its zone. */
bool report_time(const char *text, int64_t end, const struct report_zone *z, int64_t *out);

/* Words, keys and clocks of a review; arena, only, since and until are the caller's. */
void report_wire(struct review *r, const struct report_zone *z, const char *zone);
/* review_begin, everything that the store has counted, review_end. */
int report_read(struct review *r, struct store *store, struct err *err);

#endif
