/* sandbox.h: a strict local Events API, for tests, the demo and a user's first steps.
 *
 * Written from TikTok's documentation ("Report App, Web, Offline, or CRM Events", v1.3), not from
 * our payload code: it is the second opinion.  It is stricter than TikTok where TikTok silently
 * accepts (unknown keys, unhashed personal data), and says so in its message.
 * No socket and no clock here: cli/ puts it behind adapters/http. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_H
#define ADAPTERS_TIKTOK_SANDBOX_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/slice.h"

struct sandbox;

struct sandbox_settings {
    struct slice token;    /* empty: any non-empty Access-Token is taken */
    const char *faults;    /* NULL, or what --fault said, e.g. "429:0.1,500:0.05,code=40100:0.1,
                              stall:0.01,reset:0.05,reset-after:0.05,garbage:0.02" */
    uint64_t seed;         /* of the dice that pick faults */
    unsigned rate;         /* requests a second before 40100; 0: TikTok's 1,000 */
    size_t keys;           /* deduplication keys remembered; 0: 2,000,000 (84 MB when full) */
};

/* What --fault understands, one word a line with what it does, for --help; ends with a line end. */
extern const char sandbox_fault_help[];

struct sandbox_request {
    bool post;
    struct slice path; /* with the query */
    struct slice content_type, access_token, body;
};

enum sandbox_action { SANDBOX_ANSWER, SANDBOX_RAW, SANDBOX_RESET, SANDBOX_STALL };

struct sandbox_answer {
    enum sandbox_action action;
    int status;
    unsigned retry_after;   /* seconds, 0: no header */
    unsigned stall_seconds; /* for SANDBOX_STALL */
    const char *content_type;
    struct buf body; /* freed by the caller */
    /* For a log line, of requests to the track endpoint only (tracked). */
    bool tracked;
    int code;          /* the API's, -1: the answer carries none */
    unsigned events;   /* accepted with this request, repeats included */
    const char *fault; /* NULL, or the fault that struck */
};

/* *err says what is wrong with faults, and which words exist. */
struct sandbox *sandbox_open(const struct sandbox_settings *settings, struct err *err);

/* POST /open_api/v1.3/event/track/ and GET /events (?pretty, ?pixel=, ?event=, ?event_id=,
 * ?limit=), GET /stats, GET /requests (the last 100: status, code, message, fault), POST /reset.
 * Faults strike the track endpoint only.  now: Unix seconds.
 * Not thread-safe: one caller at a time. */
void sandbox_handle(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                    struct sandbox_answer *answer);

void sandbox_close(struct sandbox *s); /* accepts NULL */

#endif
