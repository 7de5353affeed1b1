/* check.h: is a request body what the reference says?  The first problem of the first bad event
 * decides for the whole batch, as it does at TikTok. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_CHECK_H
#define ADAPTERS_TIKTOK_SANDBOX_CHECK_H

#include "adapters/tiktok/sandbox/names.h"
#include "adapters/tiktok/sandbox/scan.h"

/* The API's codes that the sandbox gives by itself. */
enum sandbox_code {
    CODE_OK = 0,
    CODE_PARAM = 40002,
    CODE_PII_NOT_HASHED = 40062,
    CODE_PARTNER_NAME = 40063,
    CODE_TOO_FREQUENT = 40100,
    CODE_EMPTY_TOKEN = 40104,
    CODE_INVALID_TOKEN = 40105,
    CODE_NO_ROUTE = 40400,
    CODE_SYSTEM = 50000,
};

#define SANDBOX_STRICTER " (the sandbox is stricter than TikTok here)"

struct sandbox_event {
    struct slice json;            /* as it came */
    struct slice event, event_id; /* the current name; id may be empty */
    bool renamed;                 /* json has an old name */
};

/* A body that was looked at.  Everything points into it and into tree. */
struct sandbox_batch {
    int code;
    char message[600]; /* "OK", then notes; or what is wrong */
    unsigned notes;
    enum sandbox_source source;
    struct slice event_source, event_source_id, test_event_code;
    struct sandbox_event events[SANDBOX_EVENTS_MAX];
    size_t count;
    struct sandbox_scan scan;
    void *tree;
};

/* true: code is 0 and the events are there.  Either way sandbox_batch_free afterwards. */
bool sandbox_check(struct slice body, int64_t now, struct sandbox_batch *batch);
void sandbox_batch_free(struct sandbox_batch *batch);

/* ---- for the tables and the forms ---- */

/* Where in the body: data.0.user.email */
struct sandbox_at {
    const struct sandbox_at *up; /* NULL: the body itself */
    const char *name;            /* NULL: an element, number index */
    size_t index;
};

struct sandbox_checker {
    struct sandbox_batch *batch;
    int64_t now;
};

/* Both give false, so that a form can `return sandbox_refuse(...)`. */
bool sandbox_refuse(struct sandbox_checker *c, int code, const struct sandbox_at *at,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A remark that refuses nothing; shown behind "OK". */
void sandbox_remark(struct sandbox_checker *c, const struct sandbox_at *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
