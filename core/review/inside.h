/* inside.h: what the parts of core/review share. */
#ifndef CORE_REVIEW_INSIDE_H
#define CORE_REVIEW_INSIDE_H

#include "core/chart/chart.h"
#include "core/review/review.h"

void review_judge(struct review *r); /* the findings */

/* The greatest first, by what is counted now. */
void review_order(struct review_offer *o);

int64_t review_sum(int64_t a, int64_t b); /* INT64_MAX at most */
struct slice review_number(struct arena *a, enum chart_unit unit, const char *currency, int64_t n);
struct slice review_share(struct arena *a, int64_t n, int64_t whole); /* "-" of nothing */
struct slice review_delay(struct arena *a, const int64_t buckets[REVIEW_BUCKETS], int p);
struct slice review_change(struct arena *a, int64_t now, int64_t before); /* "+7.2 %"; "x24" from ten times as much on; "" */
struct slice review_moment(const struct review *r, int64_t at); /* of a Unix time, as clocks show it */
struct slice review_period(const struct review *r); /* "7 days", "36 hours" */

/* What the codes that are told of mean. */
struct slice review_title(const char *fallback, struct slice code);
struct slice review_remedy(struct slice code);

#endif
