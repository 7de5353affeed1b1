/* intake.h: the one thread that writes.  Whatever is handed over gathers while the disk syncs, then
 * becomes one transaction; answers go out after its commit.  Postbacks and clicks come from the
 * HTTP thread, batches and reports from the sender. */
#ifndef CLI_SERVE_INTAKE_H
#define CLI_SERVE_INTAKE_H

#include "adapters/http/server.h"
#include "adapters/store/spill.h"
#include "adapters/store/store.h"
#include "adapters/tiktok/sender.h"
#include "cli/serve/messages.h"
#include "cli/serve/metrics.h"
#include "cli/serve/retain.h"
#include "cli/serve/rules.h"

/* TikTok forgets duplicates after 48 hours; an hour less leaves room for requests and clocks. */
#define INTAKE_GIVE_UP_MS (INT64_C(47) * 3600 * 1000)

struct intake;
struct spillway;

/* A request that waits for its commit.  Lives in the request's arena. */
struct intake_request {
    struct http_request *http;
    struct rules *rules; /* a reference, given back after the answer */
    const struct offer *offer;
    struct slice method;
    bool verbose;          /* answer with the verdict as JSON */
    const char *origin;    /* of a page, for CORS; NULL */
    struct params params;
    struct translation translation;   /* postback: read, not finished */
    bool *fresh; /* NULL, or of each event of the translation whether it was put */
    bool put[TRANSLATE_EVENTS_MAX]; /* what fresh is for postbacks that come in */
    bool unreadable;                  /* postback: its body could not be read; reason is set */
    struct slice storable;            /* postback: parameters as they may be kept */
    bool is_click;
    struct click click;
    bool keyed; /* click: came with the key */
    int64_t unheard; /* click: clock_unheard when it was given its time; 0: its time is its own, or the store's */
    int64_t at; /* arrival, Unix milliseconds; 0: now */
    const struct message *message; /* postback: remember it when it is durable; NULL: nothing */
    struct intake_request *next;
};

struct intake_settings {
    struct store *store;   /* the writer; the intake thread owns it until intake_close */
    void (*delivered_wake)(void *context, struct slice pixel); /* new events are durable */
    void *context;
    /* Of a store that may be away: is it there, and what is to be done when it is there for the first time.  Asked each second while
     * it is not, on the intake thread; NULL: it is never away. */
    int (*look)(void *context, struct store *store, struct err *err);
    struct spillway *spillway; /* where it is kept meanwhile; NULL: nowhere */
    const struct spill_state *left; /* of a store of before, when there is no spillway: nobody hands it on */
    const char *left_why;
    struct retainer *retainer; /* what is old goes when there is nothing else to do; NULL: it stays */
    struct messages *messages; /* gets them */
    struct metrics *metrics;   /* NULL: nobody counts */
    unsigned queue_max; /* requests that may wait; more are answered 503 */
};

struct intake_stats {
    uint64_t postbacks, queued, duplicate, ignored, quarantined, clicks, groups, largest_group;
    uint64_t failed_commits;
    uint64_t refused_busy; /* requests answered 503 */
    unsigned waiting; /* requests that are not answered yet */
    int64_t busy_ms; /* how long the group that is being written has been */
    bool healthy; /* the last commit went well, or failed so long ago that one should try again */
    bool keeps;    /* while it is not, what comes is kept in the spill; or one should try again whether it is */
    struct spill_state spill;   /* what waits there */
    uint64_t kept, handed_on;   /* since the start */
    bool spill_damaged, spill_foreign; /* it was, and was set aside; it is of another database */
    char spill_why[400];        /* it does not keep, or can't be handed on; "": it does */
    bool unsynced; /* the disk could not be synced: nothing is taken until a restart */
    char why[400];
};

struct intake *intake_open(const struct intake_settings *settings, struct err *err);

/* Hand a request over; it will be answered.  HTTP thread. */
void intake_submit(struct intake *in, struct intake_request *request);

/* The sender's two calls; they return after the commit. */
int intake_take(struct intake *in, struct slice pixel, unsigned max, struct sender_batch *batch,
                int64_t *next_due, struct err *err);
int intake_report(struct intake *in, const struct sender_report *report, struct err *err);

/* Work on the writer between two groups, in transactions of its own, which it begins and commits or
 * rolls back itself; returns when it is done.  Postbacks wait meanwhile: a few milliseconds at a
 * time are right, and long work in many pieces.  ERR_BUSY when the server is ending. */
typedef int intake_work(void *context, struct store *writer, struct err *err);
int intake_run(struct intake *in, intake_work *work, void *context, struct err *err);

/* Events of that pixel (empty: of any) are due. */
void intake_wake(struct intake *in, struct slice pixel);

void intake_stats(struct intake *in, struct intake_stats *out);

/* Somebody else has found that the store is away: look (settings.look) now. */
void intake_doubt(struct intake *in);

/* Somebody else has asked the store, and it answered (NULL) or why it did not: by that an intake with a spill knows when to try. */
void intake_heard(struct intake *in, const struct err *why);

/* Another handle of the store could not sync (ERR_UNSYNCED): take nothing from now on. */
void intake_stop(struct intake *in, const struct err *why);

/* Wait until everything that was handed over is answered. */
void intake_drain(struct intake *in);

/* After the last submit: finish what is there, end the thread.  The store is the caller's again. */
void intake_close(struct intake *in);

#endif
