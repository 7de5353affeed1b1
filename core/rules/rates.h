/* rates.h: dated exchange rates (mappings/rates.yaml), loaded once, immutable. */
#ifndef CORE_RULES_RATES_H
#define CORE_RULES_RATES_H

#include "core/base/diag.h"
#include "core/base/money.h"
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

/* NULL after diagnostics (C03x). */
struct rates *rates_load(struct arena *arena, const struct source *source, struct diags *diags);

/* Convert by the newest day that is not after `at` (the oldest day there is, when all are after).
 * Rounded to the decimals of the target currency.  *day_at (may be NULL): the day used.
 * false: no rate for one of them, or the amount does not fit. */
bool rates_convert(const struct rates *rates, struct money amount, struct slice from,
                   struct slice to, int64_t at, struct money *out, int64_t *day_at);

#endif
