/* steady.h: a time that does not believe a wall clock which jumps: small steps are followed, a jump when it
 * has lasted.  The clocks themselves are the caller's. */
#ifndef CORE_BASE_STEADY_H
#define CORE_BASE_STEADY_H

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

/* A moment that was at most `most` away when it was set, by a clock that may have been set back since: due,
 * or most from now. */
int64_t clock_rule_wait(int64_t due, int64_t now, int64_t most);

#endif
