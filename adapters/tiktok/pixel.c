#include "adapters/tiktok/pixel.h"

#include <assert.h>

enum { HALVINGS_MAX = 31 }; /* by then nothing is left of an unsigned */
enum { PACE_STEP_US = 1112, PACE_BURST = 100 };

int64_t pixel_backoff(const struct pixel_timing *timing, uint32_t n, uint16_t jitter)
{
    int64_t wait = timing->first_ms;

    while (n-- && wait < timing->max_ms)
        wait *= 2;
    if (wait > timing->max_ms)
        wait = timing->max_ms;
    return wait * (800 + 400 * (int64_t)jitter / UINT16_MAX) / 1000;
}

bool pixel_closed(struct pixel *p, int64_t now)
{
    if (p->gate_until - now > p->gate_wait)
        p->gate_until = now + p->gate_wait;
    return p->paused || now < p->gate_until;
}

/* After a failure one request at a time shows whether the API is back. */
static unsigned parallel(const struct pixel *p)
{
    return p->failures ? 1 : PIXEL_PARALLEL;
}

bool pixel_may_take(struct pixel *p, int64_t now)
{
    if (p->hold_until - now > PIXEL_TAKE_AGAIN_MS)
        p->hold_until = now;
    if (pixel_closed(p, now) || now < p->look_at || now < p->hold_until)
        return false;
    return p->in_flight == 0 || (p->more && p->in_flight < parallel(p));
}

bool pixel_may_send(struct pixel *p, bool at_once, int64_t now)
{
    if (pixel_closed(p, now))
        return false;
    return p->in_flight == 0 || (at_once && p->in_flight < parallel(p));
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t pixel_next(const struct pixel *p)
{
    if (p->paused)
        return PIXEL_NEVER;
    if (p->in_flight && !(p->more && p->in_flight < parallel(p)))
        return PIXEL_NEVER;
    return later(later(p->look_at, p->hold_until), p->gate_until);
}

void pixel_wake(struct pixel *p)
{
    p->look_at = 0;
}

unsigned pixel_take_size(const struct pixel *p, unsigned max, unsigned probe)
{
    unsigned size = max, often = p->failures > PIXEL_PATIENCE ? p->failures - PIXEL_PATIENCE : 0;

    if (probe)
        size = probe;
    else
        size >>= often < HALVINGS_MAX / 2 ? 2 * often : HALVINGS_MAX;
    size >>= p->halvings;
    return size ? size : 1;
}

void pixel_taken(struct pixel *p, size_t count, size_t max, int64_t next_due, int64_t now)
{
    p->halvings = 0;
    p->more = count == max;
    if (count)
        p->look_at = 0;
    else if (next_due == 0)
        p->look_at = PIXEL_NEVER;
    else /* none is due, yet the next already is: don't ask in circles */
        p->look_at = later(next_due, now + PIXEL_TAKE_SOON_MS);
}

void pixel_take_failed(struct pixel *p, int64_t now)
{
    p->hold_until = now + PIXEL_TAKE_AGAIN_MS;
    if (p->halvings < HALVINGS_MAX)
        p->halvings++;
}

uint64_t pixel_started(struct pixel *p)
{
    p->in_flight++;
    return p->epoch;
}

void pixel_ended(struct pixel *p)
{
    assert(p->in_flight > 0);
    p->in_flight--;
}

void pixel_answered(struct pixel *p, uint64_t epoch)
{
    if (epoch == p->epoch)
        p->failures = 0;
}

int64_t pixel_failed(struct pixel *p, const struct pixel_timing *timing, uint64_t epoch,
                     int64_t now, int64_t retry_after_ms, uint16_t jitter)
{
    int64_t wait = 0;

    if (epoch == p->epoch) {
        p->epoch++;
        wait = pixel_backoff(timing, p->failures, jitter);
        if (p->failures < UINT32_MAX)
            p->failures++;
    }
    if (wait < retry_after_ms)
        wait = retry_after_ms;
    if (p->gate_until < now + wait) {
        p->gate_until = now + wait;
        p->gate_wait = wait;
    }
    return p->gate_until;
}

void pixel_pause(struct pixel *p)
{
    p->paused = true;
}

void pixel_resume(struct pixel *p)
{
    p->paused = false;
    p->failures = 0;
    p->epoch++;
    p->gate_until = p->gate_wait = 0;
    p->look_at = p->hold_until = 0;
}

void pixel_adopt(struct pixel *p, unsigned failures, int64_t until, int64_t now)
{
    p->failures = failures;
    if (failures)
        p->epoch++;
    p->gate_until = failures ? until : 0;
    p->gate_wait = until > now && failures ? until - now : 0;
}

void pixel_heard(struct pixel *p, int64_t due)
{
    if (due && due < p->look_at)
        p->look_at = due;
}

static int64_t step_of(const struct pixel_pace *pace)
{
    return (int64_t)PACE_STEP_US * (pace->sharers ? pace->sharers : 1);
}

/* So many at once, as time: at least one. */
static int64_t burst_of(const struct pixel_pace *pace)
{
    unsigned parts = pace->sharers ? pace->sharers : 1;

    return step_of(pace) * (parts < PACE_BURST ? PACE_BURST / parts : 1);
}

/* How much of the burst is used up, in microseconds. */
static int64_t pace_ahead(struct pixel_pace *pace, int64_t now)
{
    int64_t ahead = pace->next_us - now * 1000;

    if (ahead < 0)
        return 0;
    if (ahead > burst_of(pace)) { /* the clock was set back, or there are fewer to share with */
        ahead = burst_of(pace);
        pace->next_us = now * 1000 + ahead;
    }
    return ahead;
}

bool pixel_pace_take(struct pixel_pace *pace, int64_t now)
{
    int64_t ahead = pace_ahead(pace, now);

    if (ahead + step_of(pace) > burst_of(pace))
        return false;
    pace->next_us = now * 1000 + ahead + step_of(pace);
    return true;
}

int64_t pixel_pace_wait(struct pixel_pace *pace, int64_t now)
{
    int64_t over = pace_ahead(pace, now) + step_of(pace) - burst_of(pace);

    return over > 0 ? (over + 999) / 1000 : 0;
}
