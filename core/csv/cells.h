/* cells.h: amounts and moments as people, spreadsheets and trackers write them in tables. */
#ifndef CORE_CSV_CELLS_H
#define CORE_CSV_CELLS_H

#include "core/base/money.h"
#include "core/base/slice.h"

/* How a file writes what has two readings.  Learned from its cells that have only one; two that
 * contradict leave it open. */
enum cells_order { CELLS_ORDER_UNKNOWN, CELLS_DAY_FIRST, CELLS_MONTH_FIRST }; /* 03/04/2026 */
struct cells_habits {
    enum money_mark mark;
    enum cells_order order;
    uint64_t points, commas, day_first, month_first; /* cells with one reading */
    uint64_t ambiguous_amounts, ambiguous_times;     /* cells with two, read by no rule */
};

/* Settles mark and order, where they are open, by what was seen. */
void cells_learn(struct cells_habits *h);

enum cells_result { CELLS_OK, CELLS_EMPTY, CELLS_AMBIGUOUS, CELLS_BAD };

/* An amount, with a sign: -5.00, (5.00), 5.00-, 12,50 EUR.  *currency as money_parse has it. */
enum cells_result cells_amount(struct slice text, struct cells_habits *h, int64_t *micros,
                               struct slice *currency);

/* A moment.  zoned: *seconds is Unix time (the text says its zone, or is Unix time); else it is the
 * time that clocks showed, counted as if it were UTC.  no_clock: a day alone. */
struct cells_time {
    int64_t seconds;
    bool zoned, no_clock;
};
enum cells_result cells_moment(struct slice text, struct cells_habits *h, struct cells_time *out);

#endif
