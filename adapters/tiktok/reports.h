/* reports.h: what became of events, on its way to the host.  A report that the host can't take is
 * kept and offered again until it can: what was delivered must not be sent twice. */
#ifndef ADAPTERS_TIKTOK_REPORTS_H
#define ADAPTERS_TIKTOK_REPORTS_H

#include "adapters/tiktok/batch.h"
#include "adapters/tiktok/replies.h"
#include "adapters/tiktok/sender.h"
#include "adapters/tiktok/targets.h"

/* A shorter token is a test's, not a secret; blotting it out could hit anything. */
enum { RECORD_TEXT_MAX = 512, RECORD_NOTE_MAX = 640, RECORD_SECRET_MIN = 8 };

struct lane;

/* A request from its start to its report, in one piece of memory: an end never fails for want of
 * it. */
struct record {
    struct record *next;
    struct part *part;
    uint64_t epoch, generation; /* of the pixel and the settings it was started under */
    struct lane *lane;
    struct sender_report report;
    struct batch *batch;
    char pixel[TARGETS_PIXEL_MAX + 1];
    char message[RECORD_TEXT_MAX], request_id[RECORD_TEXT_MAX], note[RECORD_NOTE_MAX];
    char too_old[RECORD_NOTE_MAX + 100]; /* the note of its events that are given up for their age */
    size_t place; /* of a suspect, in the batch's order */
};

struct reports {
    const struct sender_host *host;
    struct record *first, **last; /* those that wait; last: where the next is linked */
    int64_t retry_at;             /* of the first */
};

/* NULL without memory. */
struct record *record_new(struct slice pixel, struct part *part, int64_t now);

/* What TikTok, or the transport (code -1), said; token is taken out of it. */
void record_words(struct record *r, const struct reply *reply, struct slice token);

/* The sentence for people: "TikTok 40002 PARAM_ERROR: words", or the words alone. */
struct slice record_note(const struct record *r);

/* The sentence for an event of it that is given up for its age. */
struct slice record_too_old(struct record *r);

void reports_init(struct reports *q, const struct sender_host *host);

/* Report count outcomes of r's batch from place first on (they are filled in); takes r over. */
void reports_put(struct reports *q, struct record *r, size_t first, size_t count, int64_t now);

/* Offer again what waits and is due; force: due or not. */
void reports_flush(struct reports *q, int64_t now, bool force);

/* Forget what waits. */
void reports_free(struct reports *q);

/* One log line: "event=WHAT pixel=... " and words (may be empty) quoted after "why=". */
void reports_log(const struct sender_host *host, const char *level, const char *what,
                 struct slice pixel, struct slice words);

#endif
