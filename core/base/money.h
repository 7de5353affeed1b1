/* money.h: exact decimal amounts.  Never a binary float, from the postback to the payload. */
#ifndef CORE_BASE_MONEY_H
#define CORE_BASE_MONEY_H

#include "core/base/buf.h"
#include "core/base/slice.h"

struct money {
    int64_t micros; /* millionths of the currency's unit; never negative after money_parse */
};
#define MONEY_SCALE 1000000
#define MONEY_MAX_UNITS INT64_C(1000000000000) /* 10^12 */

/* What a comma or point before the last three digits means, when a mapping knows it.  It only
 * chooses where there are two readings: 12,50 is twelve and a half under every mark. */
enum money_mark { MONEY_MARK_ANY, MONEY_MARK_POINT, MONEY_MARK_COMMA };

enum money_result {
    MONEY_OK,
    MONEY_ROUNDED,   /* digits past the sixth decimal: rounded half to even, *out is set */
    MONEY_EMPTY,     /* nothing but blanks */
    MONEY_NEGATIVE,
    MONEY_EXPONENT,  /* 1e3 */
    MONEY_NOT_A_NUMBER,
    MONEY_TOO_LARGE, /* above 10^12 */
    MONEY_AMBIGUOUS, /* "1,234" and "1.234": thousands or decimals? */
};

/* Read an amount as people and trackers write it: 12.50  12,50  1.234,56  1 234.56  1'234.50
 * R$ 197,00  EUR 5  5 €.  Groups of thousands must be whole and alike.  *currency (may be NULL) is
 * the three letters beside the number in the case they came in, or the code of a sign that only one
 * currency has (€, R$, zł), else empty.  Other words beside it (5k, 5 mln) make it no number.
 * *out is 0 unless the result is MONEY_OK or MONEY_ROUNDED. */
enum money_result money_parse(struct slice text, enum money_mark mark, struct money *out,
                              struct slice *currency);

/* "has two readings", ... : the rest of a sentence that begins with the quoted amount. */
const char *money_result_text(enum money_result r);

/* 12.5, 0.01, 197: shortest exact form, valid as a JSON number. */
void money_print(struct buf *b, struct money m);

/* m * num / den, rounded half to even to `decimals` places (0..6).  false, and *out unchanged, when
 * den is 0 or the result is beyond 10^12 units. */
bool money_scale(struct money m, int64_t num, int64_t den, int decimals, struct money *out);

#endif
