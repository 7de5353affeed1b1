/* clock.h: the time that the server goes by.  The machine's wall clock can jump (somebody sets it, NTP
 * corrects it, a virtual machine is resumed), and then deadlines, the 48-hour rule and the times of
 * conversions would be wrong at once.  This one goes on with the time since the machine started and follows
 * the wall clock's small steps.  A jump is believed when it has lasted for CLOCK_HOLD_MS; one that comes back
 * before that has never been.  Until it is clear which of the two is right nothing is delivered. */
#ifndef CLI_SERVE_CLOCK_H
#define CLI_SERVE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_STEP_MS 5000
#define CLOCK_HOLD_MS (10 * 60 * 1000)
/* Before this nothing of it was written: 2026-01-01.  Such a clock is never believed. */
#define CLOCK_EARLIEST_MS (INT64_C(1767225600) * 1000)

/* The rule, without a clock: zeroed before its first call. */
struct clock_rule {
    bool started, away;
    int64_t offset;             /* wall time = offset + steady time */
    int64_t away_by, away_since; /* a jump that is not believed yet: ms, steady ms */
};

/* Milliseconds as they count, of the wall clock and of one that never jumps.  *believed: by how much the time
 * has just changed, 0 nearly always. */
int64_t clock_rule_now(struct clock_rule *rule, int64_t wall, int64_t steady, int64_t *believed);

/* Unix milliseconds.  Any thread. */
int64_t clock_now_ms(void);

/* By how much the wall clock is away, ms; 0: all is well. */
int64_t clock_away(void);

/* How far the believed time has gone back since the last clock_went_back_done, ms, 0 or negative.  The store
 * is told before anything else is written. */
int64_t clock_went_back(void);
void clock_went_back_done(int64_t by);

#endif
