/* Any bytes as TikTok's answer: always a verdict, and never "accepted" without a code that says so
 * in JSON.  The first two bytes are the HTTP status. */
#include <cjson/cJSON.h>
#include <string.h>

#include "adapters/tiktok/replies.h"
#include "adapters/tiktok/transport.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const struct reply *r)
{
    MUST(r->message.len <= 500 && r->request_id.len <= 500);
    MUST(r->code != -1 || r->message.len || r->request_id.len == 0);
    MUST(r->bad_event >= -1 && r->bad_event <= 999999);
}

/* cJSON, by itself, must find the same code. */
static void same_code(const struct reply *r, struct slice body)
{
    cJSON *root = cJSON_ParseWithLength(body.ptr, body.len);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(root, "code");

    MUST(cJSON_IsObject(root) && cJSON_IsNumber(code) && code->valuedouble == (double)r->code);
    cJSON_Delete(root);
}

static void check_verdict(const struct reply *r, int status)
{
    const struct reply_code *row = r->code == -1 ? NULL : reply_code_find(r->code);

    MUST(r->verdict >= REPLY_ACCEPTED && r->verdict <= REPLY_TOKEN_DEAD);
    MUST(!row || (row->name && row->meaning));
    if (r->verdict == REPLY_BAD_EVENT) /* only the message says so, and of what may be its fault */
        MUST(row && row->verdict == REPLY_BAD_EVENT ? true
             : row ? r->bad_event >= 0 && row->verdict == REPLY_REFUSED
                   : r->bad_event >= 0);
    else if (row)
        MUST(r->verdict == row->verdict);
    if (r->verdict == REPLY_ACCEPTED)
        MUST(r->code == 0 || r->code == 20001);
    if (r->verdict == REPLY_TOKEN_DEAD)
        MUST(row && r->code >= 40001);
    if (r->code == -1 && r->bad_event == -1 && status >= 500)
        MUST(r->verdict == REPLY_UNKNOWN || r->verdict == REPLY_RETRY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reply r, again;
    struct arena arena;
    struct slice body;
    int status;
    int64_t wait;

    if (size < 2)
        return 0;
    status = (data[0] << 8 | data[1]) % 1000;
    body = (struct slice){ (const char *)data + 2, size - 2 };
    arena_init(&arena, 160 << 10);
    reply_read(&arena, status, body, &r);
    MUST(!arena.full);
    check_words(&r);
    check_verdict(&r, status);
    if (r.code != -1)
        same_code(&r, body);
    reply_read(&arena, status, body, &again);
    MUST(r.verdict == again.verdict && r.code == again.code && r.bad_event == again.bad_event &&
         slice_eq(r.message, again.message) && slice_eq(r.request_id, again.request_id));
    arena_free(&arena);
    wait = transport_retry_after(body, INT64_C(1790000000000));
    MUST(wait >= 0 && wait <= INT64_C(86400000));
    return 0;
}
