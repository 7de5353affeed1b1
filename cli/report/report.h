/* report.h: inside of `clickbaton report`, and what `top` has of it. */
#ifndef CLI_REPORT_REPORT_H
#define CLI_REPORT_REPORT_H

#include "adapters/store/store.h"
#include "core/base/zone.h"
#include "core/review/review.h"

/* What the clocks of a zone (NULL: UTC) show, as if that were UTC. */
int64_t report_wall(const void *zone, int64_t at);

/* An age before `end`, a date or time by those clocks, Unix seconds, or a time with its zone. */
bool report_time(const char *text, int64_t end, const struct zone *z, int64_t *out);

/* What TikTok's code, "http 503" or "none" means, in arena; *token: the token was refused. */
struct slice report_answer(struct arena *arena, struct slice name, bool *token);
/* Words, keys and clocks of a review; arena, only, since and until are the caller's. */
void report_wire(struct review *r, const struct zone *z, const char *zone);
/* review_begin, everything that the store has counted, review_end. */
int report_read(struct review *r, struct store *store, struct err *err);

#endif
