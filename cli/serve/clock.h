/* clock.h: the time that the server goes by.  The machine's wall clock can jump (somebody sets it, NTP
 * corrects it, a virtual machine is resumed), and then deadlines, the 48-hour rule and the times of
 * conversions would be wrong at once.  This one goes on with the time since the machine started and follows
 * the wall clock's small steps.  A jump is believed when it has lasted for CLOCK_HOLD_MS (core/base/steady.h); one that comes back
 * before that has never been.  Until it is clear which of the two is right nothing is delivered.
 *
 * Machines that share a store go by its database's clock instead: what the machine's own says does not matter then, but
 * for clock_off. */
#ifndef CLI_SERVE_CLOCK_H
#define CLI_SERVE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Unix milliseconds.  Any thread. */
int64_t clock_now_ms(void);
int64_t clock_now(void); /* seconds */

/* What the clock of a store said that is shared, if it has one: called after each begin.  Readings that took long
 * count less than those before them that did not. */
struct store;
void clock_read_store(const struct store *s);

/* A moment that was told before the store's clock was heard of is this machine's.  clock_unheard: what to keep beside it (how far the time that
 * was told last is ahead of the time since its start, ms); 0: the store's clock is known.  clock_since_heard: what is to be added to that moment, ms;
 * 0: nothing is known yet. */
int64_t clock_unheard(void);
int64_t clock_since_heard(int64_t unheard);

/* By how much this machine's own clock is ahead (behind: negative) of the store's, ms; 0: there is no such clock, or the
 * difference is no more than CLOCK_STEP_MS. */
int64_t clock_off(void);

/* By how much the wall clock is away, ms; 0: all is well. */
int64_t clock_away(void);

/* How far the believed time has gone back since the last clock_went_back_done, ms, 0 or negative.  The store
 * is told before anything else is written. */
int64_t clock_went_back(void);
void clock_went_back_done(int64_t by);

/* A condition whose timed waits go by CLOCK_MONOTONIC, and the moment for one: an hour that somebody sets the
 * wall clock back must not be waited for. */
void clock_cond_init(pthread_cond_t *cond);
struct timespec clock_in(int64_t ms);

#endif
