/* sender.h: delivers events to the Events API.  One thread, libcurl multi.
 *
 * Per pixel: with nothing in flight it sends at once; while a request is in flight it gathers what
 * comes, up to 1,000 events a request; a second to fourth request of a pixel starts only when a
 * full batch waits.  The body's `code` decides, whatever the HTTP status (replies.h).  A batch that
 * is refused because of one event is sent again without it: found by the index in the message, or
 * by halving.  An event that is refused alone by an answer that does not name it is dead only when
 * another of its pixel is accepted: else the fault may be the request's, and it waits (at most a
 * minute between tries of the pixel, SENDER_PROBE events each).  Retries: 1 s doubling to 15 min,
 * jittered, Retry-After honoured; SENDER_KEEP_MS after it was created an event is dead.  A refused
 * token pauses its pixel until reload and drops nothing.  Redirects are not followed, TLS is always
 * verified, tokens never appear in an error or a log line. */
#ifndef ADAPTERS_TIKTOK_SENDER_H
#define ADAPTERS_TIKTOK_SENDER_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/slice.h"

struct sender;

/* Events that are not delivered by then are given up: ads are matched to clicks of at most 28 days
 * ("Attribution Manager": the longest click window). */
#define SENDER_KEEP_MS (INT64_C(28) * 86400 * 1000)
enum { SENDER_PROBE = 64 };

struct sender_pixel {
    struct slice pixel, token;
    struct slice event_source; /* "web" */
};

struct sender_settings {
    struct slice endpoint; /* https://..., or http:// for a loopback address only (checked) */
    const struct sender_pixel *pixels;
    size_t pixel_count;
    unsigned connect_timeout_ms, timeout_ms; /* 0: 5,000 and 30,000 */
    unsigned retry_first_ms, retry_max_ms;   /* 0: 1,000 and 900,000 */
    uint64_t jitter_seed;
};

struct sender_event {
    int64_t id;
    struct slice body; /* one entry of data[], JSON */
    uint32_t attempts; /* before this one */
    int64_t created;   /* Unix milliseconds; 0: never too old */
};

struct sender_batch {
    struct arena arena; /* of everything below */
    struct sender_event *events;
    size_t count;
    struct slice test_code; /* empty: real events */
};

enum sender_result { SENDER_DELIVERED = 1, SENDER_RETRY, SENDER_DEAD };

struct sender_outcome {
    int64_t id, created; /* as of sender_event */
    enum sender_result result;
    int64_t due;  /* for SENDER_RETRY, Unix milliseconds: not before, the pixel may wait longer */
    bool in_turn; /* its pixel waits until then, not it: it keeps its place before younger events */
    bool unknown; /* the request may have reached TikTok, no answer says */
    struct slice note;
};

struct sender_report {
    struct slice pixel;
    int64_t at; /* Unix milliseconds */
    uint32_t took_ms;
    int http_status;
    int64_t code; /* -1: none */
    struct slice message, request_id;
    const struct sender_outcome *outcomes;
    size_t count;
};

/* One request that has ended, for statistics.  Its events are in one report or more, now or later. */
enum sender_end { SENDER_ENDED_ACCEPTED, SENDER_ENDED_REFUSED, SENDER_ENDED_RETRY, SENDER_ENDED_UNKNOWN,
                  SENDER_ENDED_TOKEN_REFUSED, SENDER_ENDS };
struct sender_ended {
    struct slice pixel;
    enum sender_end how;
    int http_status; /* 0: no answer */
    int64_t code;    /* -1: none */
    uint32_t took_ms;
    size_t events;
};

/* What several senders, of several machines, know together of a pixel. */
struct sender_gate {
    struct slice pixel, token; /* this sender's */
    int64_t due;       /* when the first event waits for, Unix milliseconds; 0: none waits */
    bool paused;       /* this token was refused */
    bool anew;         /* of tell: after a start or reload: a refusal of this token is forgotten */
    int64_t until;     /* nothing is sent before, Unix milliseconds */
    unsigned failures; /* in a row */
    char why[200];
    int64_t version;   /* another one after each change; 0: nobody has said anything yet */
};
/* How often `look` is called, and how long a sender that finds others waits before its first request: until they have seen it. */
enum { SENDER_LOOK_MS = 250, SENDER_JOIN_MS = 700 };

/* What the sender needs from its owner; called on the sender's thread only. */
struct sender_host {
    void *context;
    int64_t (*now_ms)(void *context);
    /* Up to max events of pixel that are due, durably marked as handed out, all with the same test
     * code.  0, with count 0 when there is none; *next_due is then when the next will be, or 0.
     * The sender initialises the arena before and frees it after. */
    int (*take)(void *context, struct slice pixel, unsigned max, struct sender_batch *batch,
                int64_t *next_due, struct err *err);
    /* What became of events that were handed out: each is in one report, after one or more requests
     * (a batch that is refused for one event is sent again without it).  Offered again every second
     * until the result is 0. */
    int (*report)(void *context, const struct sender_report *report, struct err *err);
    /* One line for the log: key=value, no secrets. */
    void (*log)(void *context, const char *level, const char *line);
    void (*ended)(void *context, const struct sender_ended *ended); /* NULL: nobody counts */
    /* Where others send as well, else both are NULL.  look: fill in all but pixel and token of the gates, and how many
     * senders there are, which share the limit of requests a second.  Nothing is sent before the first has
     * succeeded.  tell: what this one has learned of one; offered again until the result is 0. */
    int (*look)(void *context, struct sender_gate *gates, size_t count, unsigned *senders, struct err *err);
    int (*tell)(void *context, const struct sender_gate *gate, struct err *err);
};

/* Copies settings.  Starts the thread. */
struct sender *sender_open(const struct sender_settings *settings, const struct sender_host *host,
                           struct err *err);

/* New events for pixel are durable.  Cheap, any thread.  Empty slice: look at every pixel. */
void sender_wake(struct sender *s, struct slice pixel);

/* New endpoint, pixels or tokens; paused pixels are tried again, waits are forgotten.  Checked at
 * once (-1: all stays as it was), used a moment later by the thread. */
int sender_reload(struct sender *s, const struct sender_settings *settings, struct err *err);

struct sender_pixel_state {
    struct slice pixel;
    bool paused;           /* token refused: waits for reload */
    bool backing_off;      /* waits for its retry time */
    int64_t failing_since; /* Unix milliseconds of the first failure since something was accepted; 0 */
    char why[200];         /* of either, TikTok's or the transport's words */
    uint64_t delivered, retried, dead, requests;
};

/* A snapshot, in arena.  Any thread. */
int sender_states(struct sender *s, struct arena *arena, struct sender_pixel_state **list,
                  size_t *count);

/* Stop: nothing new is taken; requests in flight get grace_ms to end, then are reported as unknown
 * (one that has not left yet: as not sent).  Accepts NULL. */
void sender_close(struct sender *s, unsigned grace_ms);

#endif
