/* quotes.h: rates of the European Central Bank as one of its files has them: day, currency, how much
 * of it one euro is worth.  Read by csv.h and adapters/ecb/xml.h, put into rates.yaml by merge.h. */
#ifndef CORE_ECB_QUOTES_H
#define CORE_ECB_QUOTES_H

#include "core/base/diag.h"
#include "core/rules/rates.h"

#define QUOTES_BYTES_MAX (32 * 1024 * 1024) /* eurofxref-hist.xml of 2026 has 9 */
#define QUOTES_MAX 500000                   /* all currencies and days since 1999 are 220,000 */

struct quote {
    int64_t at; /* Unix seconds of the day's midnight, UTC */
    struct rate rate;
    uint32_t line;
    char currency[4]; /* three capital letters and a NUL */
};

struct quotes {
    struct quote *list;
    size_t count, room;
    size_t skipped; /* rows that are no daily reference rates for one euro */
};
void quotes_free(struct quotes *q);

/* What the bytes are, by how they begin.  Only CSV and XML can be read; about the others *why says
 * what they are and what to do (the rest of a sentence). */
enum quotes_form { QUOTES_CSV, QUOTES_XML, QUOTES_OTHER };
enum quotes_form quotes_form(struct slice text, const char **why);

/* A day as the Bank writes it, 2026-11-25 or 25 November 2026; C037 otherwise. */
bool quotes_day(struct slice text, struct diags *diags, struct place at, int64_t *day);

/* Add one; "N/A", "NaN", "-" and nothing are no rate and no mistake.  false: stop reading, it makes
 * no sense to go on (after a diagnostic). */
bool quotes_add(struct quotes *q, int64_t day, struct slice currency, struct slice rate,
                struct diags *diags, struct place at);

/* What a series of the Bank's data portal is about; NULL members were not said. */
struct quotes_series {
    struct slice frequency, currency, denominator, type, suffix, multiplier;
};

/* Add one of such a series, or count it as skipped when it is not a daily (D) reference rate (SP00,
 * A) for one EUR. */
bool quotes_add_of(struct quotes *q, const struct quotes_series *series, struct slice day,
                   struct slice rate, struct diags *diags, struct place at);

/* Sort by day and currency.  One rate twice is one; two rates of one day are C038, no rate at all
 * is C036.  source: the file. */
bool quotes_seal(struct quotes *q, const struct source *source, struct diags *diags);

#endif
