/* state.h: the inside of struct sandbox, for its own files. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_STATE_H
#define ADAPTERS_TIKTOK_SANDBOX_STATE_H

#include "adapters/tiktok/sandbox.h"
#include "adapters/tiktok/sandbox/check.h"
#include "adapters/tiktok/sandbox/faults.h"
#include "adapters/tiktok/sandbox/memory.h"
#include "adapters/tiktok/sandbox/records.h"

#define REQUESTS_KEPT 100
#define CODES_COUNTED 64

struct request_line {
    int64_t received;
    int status; /* 0: no HTTP answer */
    int code;   /* -1: none */
    unsigned events;
    char message[200], fault[32], request_id[40];
};

struct sandbox_totals {
    uint64_t requests, accepted_requests; /* to the track endpoint */
    uint64_t accepted, unique, merged, dropped;
    struct {
        int code;
        uint64_t count;
    } codes[CODES_COUNTED];
    size_t code_count;
};

struct sandbox {
    char *token;
    size_t token_len;
    unsigned rate;
    struct sandbox_faults faults;
    int64_t second; /* the one that in_second counts */
    unsigned in_second;
    struct sandbox_totals totals;
    struct request_line requests[REQUESTS_KEPT];
    struct sandbox_memory memory;
    struct sandbox_records records;
    struct sandbox_batch batch; /* of the request in hand */
    uint64_t request_number;
    char request_id[40]; /* of it */
    char said[200];      /* the last message, for GET /requests */
};

/* POST to the track endpoint. */
void sandbox_track(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                   struct sandbox_answer *answer);

/* {"code":...,"message":...,"request_id":...,"data":{}} */
void sandbox_say(struct sandbox *s, struct sandbox_answer *answer, int status, int code,
                 struct slice message);

#endif
