/* sender_host.h: an owner for the sender in memory, with a clock that a test moves, which notices
 * when the sender breaks its contract: an event reported twice or without being handed out, a
 * secret in a report or a log line. */
#ifndef TESTS_SUPPORT_SENDER_HOST_H
#define TESTS_SUPPORT_SENDER_HOST_H

#include <pthread.h>

#include "adapters/tiktok/sender.h"
#include "core/base/buf.h"

enum host_state { HOST_WAITING, HOST_SENDING, HOST_DELIVERED, HOST_DEAD };

struct host_event {
    int64_t id;
    const char *pixel, *test_code;
    char *body;
    enum host_state state;
    int64_t created; /* 0: never too old */
    int64_t due;
    bool in_turn; /* of the last report */
    int64_t place; /* in the queue: due of the last report that was not in_turn */
    uint32_t attempts;
    bool unknown;     /* of the last report */
    unsigned retries; /* reports with SENDER_RETRY */
    char note[700];
};

/* The last report. */
struct host_report {
    int64_t at;
    int http_status;
    int64_t code;
    size_t count;
    char pixel[160], message[600], request_id[600];
};

struct host {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct host_event *events;
    size_t count, room;
    int64_t now, started; /* started: 0, the clock stands; else it also runs, from there */
    unsigned fail_takes, fail_reports; /* so many of the next */
    unsigned takes, reports, rounds;   /* calls so far; rounds: of the clock */
    unsigned limit;                    /* of a take; 0: what the sender asks for */
    struct host_report last;
    unsigned ended[SENDER_ENDS];       /* requests, by how they ended */
    size_t ended_events[SENDER_ENDS];  /* that were in them */
    struct sender_ended last_ended;    /* without its pixel */
    const char *secrets[4];
    struct buf log;
    char problem[300]; /* the first breach of the contract */
};

void host_init(struct host *h);
void host_free(struct host *h);
struct sender_host host_api(struct host *h);
void host_run_clock(struct host *h); /* from now on it moves by itself, too */

/* Due at once.  pixel and test_code (may be NULL) are borrowed, body is copied.  The result is the
 * id: 1, 2, 3 ... */
int64_t host_add(struct host *h, const char *pixel, const char *body, const char *test_code);

struct host_event host_event(struct host *h, int64_t id);
void host_set(struct host *h, unsigned *counter, unsigned to);
unsigned host_read(struct host *h, const unsigned *counter); /* one of the counters above */
size_t host_count(struct host *h, enum host_state state);
struct host_report host_last(struct host *h);
bool host_logged(struct host *h, const char *text);

/* They wait at most ten seconds. */
bool host_wait_takes(struct host *h, unsigned takes);
bool host_wait_reports(struct host *h, unsigned reports);
bool host_wait_count(struct host *h, enum host_state state, size_t count);
bool host_wait_idle(struct host *h); /* nothing is handed out */

/* Move the clock and let the sender look; afterwards it has done all there was to do. */
void host_pass(struct host *h, struct sender *s, int64_t ms);

#endif
