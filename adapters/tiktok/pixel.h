/* pixel.h: when a pixel may take events and send them.  Pure: times and dice are arguments, so
 * that it is tested without waiting.  All times are Unix milliseconds. */
#ifndef ADAPTERS_TIKTOK_PIXEL_H
#define ADAPTERS_TIKTOK_PIXEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIXEL_NEVER INT64_MAX

enum { PIXEL_PATIENCE = 3, PIXEL_PARALLEL = 4, PIXEL_TAKE_AGAIN_MS = 1000, PIXEL_TAKE_SOON_MS = 10 };

struct pixel_timing {
    int64_t first_ms, max_ms; /* the first wait, and where doubling ends */
};

struct pixel {
    unsigned in_flight;
    bool paused;        /* token refused: until pixel_resume */
    bool more;          /* the last take was a full batch: there may be another */
    int64_t look_at;    /* when to take next */
    int64_t hold_until; /* no take before, after one that failed */
    unsigned halvings;  /* of the next take: one for each that failed in a row */
    unsigned failures;  /* in a row */
    uint64_t epoch;     /* which gate a request was started after */
    int64_t gate_until; /* nothing is sent before */
    int64_t gate_wait;  /* how far away that was when it was set */
}; /* {0}: take at once */

/* The n-th wait (from 0): first doubling to max, times 0.8 to 1.2 by jitter (0..65535). */
int64_t pixel_backoff(const struct pixel_timing *timing, uint32_t n, uint16_t jitter);

/* Paused, or waiting for a retry time.  A clock that was set back doesn't make the wait longer. */
bool pixel_closed(struct pixel *p, int64_t now);

bool pixel_may_take(struct pixel *p, int64_t now);

/* at_once: the part needs no company (a full batch, or one that is sent again). */
bool pixel_may_send(struct pixel *p, bool at_once, int64_t now);

/* When pixel_may_take may become true by time alone. */
int64_t pixel_next(const struct pixel *p);

/* Something may be due; a take that failed is still not repeated before its time. */
void pixel_wake(struct pixel *p);

/* How many to ask for, at most max: half after each take that failed, which may have been more than
 * the host can do at once, and a quarter after each failure of the API from the fourth in a row on, so
 * that an event that makes it fail does not take all others with it; at least 1.  probe: 0, or so many in place of the latter. */
unsigned pixel_take_size(const struct pixel *p, unsigned max, unsigned probe);

/* count of the max that were asked for. */
void pixel_taken(struct pixel *p, size_t count, size_t max, int64_t next_due, int64_t now);
void pixel_take_failed(struct pixel *p, int64_t now);

/* A request starts; the result is what its end is reported with. */
uint64_t pixel_started(struct pixel *p);
void pixel_ended(struct pixel *p);

/* The API took or judged the request: it works. */
void pixel_answered(struct pixel *p, uint64_t epoch);

/* It did not: the pixel waits as a whole.  Requests that ran side by side count as one failure.
 * The result is the end of the wait. */
int64_t pixel_failed(struct pixel *p, const struct pixel_timing *timing, uint64_t epoch,
                     int64_t now, int64_t retry_after_ms, uint16_t jitter);

void pixel_pause(struct pixel *p);
void pixel_resume(struct pixel *p); /* also forgets failures */

/* Another sender of the pixel has failed so often in a row, and waits until then; 0 times: it works again.  Requests of this one
 * that are under way count as part of that. */
void pixel_adopt(struct pixel *p, unsigned failures, int64_t until, int64_t now);
/* An event is due then that somebody else has put; 0: none. */
void pixel_heard(struct pixel *p, int64_t due);

/* At most 1,000 requests in any second, for all pixels together ("Rate limits", TikTok API for
 * Business): 900 a second, and 100 at once.  Senders that share the limit take equal parts; events that one has no
 * requests for are taken by the others. */
struct pixel_pace {
    int64_t next_us;
    unsigned sharers; /* 0 is 1 */
};
bool pixel_pace_take(struct pixel_pace *pace, int64_t now);
int64_t pixel_pace_wait(struct pixel_pace *pace, int64_t now); /* milliseconds, 0: none */

#endif
