/* replies.h: what an answer of the Events API means.  The table of codes is data. */
#ifndef ADAPTERS_TIKTOK_REPLIES_H
#define ADAPTERS_TIKTOK_REPLIES_H

#include "core/base/arena.h"
#include "core/base/slice.h"

enum reply_verdict {
    REPLY_ACCEPTED,   /* TikTok has every event of the request */
    REPLY_REFUSED,    /* it has none, and the request must be changed (a bad event) */
    REPLY_RETRY,      /* it has none; later it may take the same request */
    REPLY_UNKNOWN,    /* it may have them: no JSON answer */
    REPLY_TOKEN_DEAD, /* it has none, and will not until the token or its rights change */
};

struct reply {
    enum reply_verdict verdict;
    int64_t code;                      /* -1: the body was not TikTok's JSON */
    struct slice message, request_id;  /* in the arena, at most 500 characters */
    long bad_event;                    /* index that the message names, or -1 */
};

/* Read the body of an answer.  status is only asked when the body is not TikTok's JSON. */
void reply_read(struct arena *arena, int status, struct slice body, struct reply *out);

struct reply_code {
    int first, last; /* an inclusive range of codes */
    enum reply_verdict verdict;
    const char *name, *meaning;
};
extern const struct reply_code reply_codes[]; /* ended by first == -1 */

#endif
