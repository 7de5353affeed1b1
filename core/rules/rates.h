/* rates.h: dated exchange rates (mappings/rates.yaml), loaded once, immutable.  docs/currency.md. */
#ifndef CORE_RULES_RATES_H
#define CORE_RULES_RATES_H

#include "core/base/diag.h"
#include "core/base/money.h"
#include "core/yaml/shape.h"
#include "core/yaml/yaml.h"

/* A rate as it was written: digits / 10^decimals, exactly.  At most 18 digits, 12 of them decimals;
 * never 0, less than 10^12. */
struct rate {
    int64_t digits;
    int decimals;
};

/* 1.0842: digits with at most one point, nothing else.  Zeros at the end are dropped. */
bool rate_parse(struct slice text, struct rate *out);
void rate_print(struct buf *b, struct rate r);

/* 2026-05-28 as Unix seconds of its midnight, UTC; and back. */
bool rate_day_parse(struct slice text, int64_t *at);
void rate_day_print(struct buf *b, int64_t at);

/* One source's part of the file: the file's own `days:`, or an entry of `also:`. */
struct rate_section {
    struct slice base, origin; /* "EUR"; whose rates these are, may be empty */
    int64_t newest, oldest;    /* Unix seconds */
    size_t days, currencies;
    struct place newest_at;
};

struct rate_point {
    int64_t at; /* Unix seconds of that day's midnight, UTC */
    struct rate rate; /* how much of the currency one unit of the section's base is worth */
};

/* One currency of one section. */
struct rate_series {
    struct slice currency;
    const struct rate_section *section;
    const struct rate_point *points; /* oldest first, at least one */
    size_t count;
};

struct rates {
    const struct source *source;
    struct slice base;                   /* of the first section; the others are led back to it */
    const struct rate_section *sections; /* at least one */
    size_t section_count;
    const struct rate_series *series; /* by currency, then in the order of the sections */
    size_t count;
};

extern const struct shape rates_shape; /* what the file may hold */

/* Has it a `days:` at the beginning of a line?  For `check FILE`. */
bool rates_is_file(struct slice text);

/* NULL after diagnostics (C03x). */
struct rates *rates_load(struct arena *arena, const struct source *source, struct diags *diags);

/* The newest day of all sections, 0 when there is none, and where it stands (at may be NULL). */
int64_t rates_newest(const struct rates *rates, struct place *at);

/* What `from` and `to` were worth at `at`: amount * to / from. */
struct rate_pair {
    struct money from, to; /* in one unit: only their ratio counts, and it is exact */
    int64_t day;           /* Unix seconds; the older of the two days */
    struct slice oldest;   /* the currency that has only that day */
    struct slice origin;   /* whose rates these are */
    struct slice second;   /* whose the other one is, when somebody else's; else empty */
    bool early;            /* all days of a currency are later: its oldest one was taken */
};

/* Each currency by its own newest day that is not after `at`.  false: no rate for one of them. */
bool rates_pair(const struct rates *rates, struct slice from, struct slice to, int64_t at,
                struct rate_pair *out);

/* Can this currency be converted at all? */
bool rates_know(const struct rates *rates, struct slice currency);

/* "1 EUR = 1.1476 USD, 2026-03-13, European Central Bank" */
struct slice rates_describe(struct arena *arena, struct slice from, struct slice to,
                            const struct rate_pair *pair);

#endif
