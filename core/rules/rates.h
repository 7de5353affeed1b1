/* rates.h: dated exchange rates (mappings/rates.yaml), loaded once, immutable. */
#ifndef CORE_RULES_RATES_H
#define CORE_RULES_RATES_H

#include "core/base/diag.h"
#include "core/base/money.h"
#include "core/yaml/shape.h"
#include "core/yaml/yaml.h"

struct rate {
    struct slice currency;
    struct money per_base; /* how much of the currency one unit of the base is worth */
};

struct rate_day {
    int64_t at; /* Unix seconds of that day's midnight, UTC */
    const struct rate *rates;
    size_t count;
};

struct rates {
    struct slice base, origin; /* "EUR"; whose rates these are */
    const struct rate_day *days; /* oldest first */
    size_t count;
};

extern const struct shape rates_shape; /* what the file may hold */

/* NULL after diagnostics (C03x). */
struct rates *rates_load(struct arena *arena, const struct source *source, struct diags *diags);

/* What `from` and `to` were worth at `at`: amount * to / from. */
struct rate_pair {
    struct money from, to; /* per unit of the base; the base itself is 1 */
    int64_t day;           /* Unix seconds; the older of the two days */
    struct slice origin;   /* whose rates these are */
};

/* By the newest day that is not after `at` (the oldest day there is, when all are after).
 * false: no rate for one of them. */
bool rates_pair(const struct rates *rates, struct slice from, struct slice to, int64_t at,
                struct rate_pair *out);

#endif
