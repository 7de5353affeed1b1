/* replies.h: what an answer of the Events API means.  The table of codes is data. */
#ifndef ADAPTERS_TIKTOK_REPLIES_H
#define ADAPTERS_TIKTOK_REPLIES_H

#include "core/base/arena.h"
#include "core/base/slice.h"

enum reply_verdict {
    REPLY_ACCEPTED,   /* TikTok has every event of the request */
    REPLY_REFUSED,    /* it has none, and something must be changed: an event, or what is around them */
    REPLY_BAD_EVENT,  /* the same, and it is the fault of an event for certain */
    REPLY_RETRY,      /* it has none; later it may take the same request */
    REPLY_UNKNOWN,    /* it may have them: no JSON answer, or one that says its time ran out */
    REPLY_TOKEN_DEAD, /* it has none, and will not until the token or its rights change */
};

struct reply {
    enum reply_verdict verdict;
    int64_t code;                     /* -1: the body was not TikTok's JSON */
    struct slice message, request_id; /* at most 500 bytes; without JSON our own words on status */
    long bad_event;                   /* index that the message names, or -1 */
};

/* Read the body of an answer.  status is only asked when the body is not TikTok's JSON (also one
 * past 64 KB or nested past 32). */
void reply_read(struct arena *arena, int status, struct slice body, struct reply *out);

struct reply_code {
    int first, last; /* an inclusive range of codes; the first row that holds a code is meant */
    enum reply_verdict verdict;
    const char *name, *meaning; /* "(guess)": no source says so, this is our choice */
};
extern const struct reply_code reply_codes[]; /* ended by first == -1 */

/* NULL when no row holds code: then it is REPLY_RETRY, which loses nothing and needs nobody.
 * REPLY_REFUSED and codes without a row are REPLY_BAD_EVENT when their message names an event. */
const struct reply_code *reply_code_find(int64_t code);

#endif
