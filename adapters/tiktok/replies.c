#include "adapters/tiktok/replies.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { BODY_MAX = 65536, DEPTH_MAX = 32, TEXT_MAX = 500, INDEX_DIGITS = 6 };

/* Names: tiktok_code.py of TikTok's business-api-sdk; meanings and what is retried: "Report App,
 * Web, Offline, or CRM Events" (Doc ID 1771101303285761) and what other clients do.  Where nobody
 * says, the choice is the one that loses nothing: RETRY heals by itself, TOKEN_DEAD waits for a
 * person, REFUSED is only for what may be the fault of an event, BAD_EVENT for what can be no other. */
const struct reply_code reply_codes[] = {
    { 0, 0, REPLY_ACCEPTED, "OK", "accepted" },
    { 20001, 20001, REPLY_ACCEPTED, "PARTIAL_OK", "accepted, with something to read" },
    { 40000, 40000, REPLY_REFUSED, "INVALID_PARAMS", "a parameter is wrong" },
    { 40001, 40001, REPLY_TOKEN_DEAD, "PERMISSION_ERROR", "the token has no right to the pixel" },
    { 40002, 40002, REPLY_REFUSED, "PARAM_ERROR", "a parameter is wrong" },
    { 40003, 40003, REPLY_TOKEN_DEAD, "FORBIDDEN", "not allowed with this token (guess)" },
    { 40006, 40006, REPLY_RETRY, "VERSION_ERROR", "wrong endpoint version (guess)" },
    { 40007, 40007, REPLY_RETRY, "NOT_EXIST", "something named does not exist (guess)" },
    { 40008, 40008, REPLY_RETRY, "NOT_IMPL", "not implemented (guess)" },
    { 40009, 40015, REPLY_RETRY, "LIMIT", "sandbox, domain or id limit (guess)" },
    { 40016, 40016, REPLY_RETRY, "BIZ_FC_ERROR", "frequency control" },
    { 40050, 40050, REPLY_UNKNOWN, "DUPLICATED_REQUEST", "it may have the request (guess)" },
    { 40051, 40051, REPLY_RETRY, "INVALID_API_VERSION", "wrong endpoint version (guess)" },
    { 40061, 40061, REPLY_REFUSED, "INVALID_BATCH_SIZE", "too many events in one request" },
    { 40062, 40062, REPLY_BAD_EVENT, "PII_NOT_HASHED", "personal data that is not hashed" },
    { 40063, 40063, REPLY_RETRY, "INVALID_PARTNER_NAME", "we send none (guess)" },
    { 40100, 40100, REPLY_RETRY, "REQUEST_TOO_FREQUENT", "too many requests" },
    { 40101, 40101, REPLY_TOKEN_DEAD, "INVALID_PARTNER", "the token's application is refused" },
    { 40102, 40102, REPLY_TOKEN_DEAD, "ACCESS_TOKEN_EXPIRE", "the token has expired" },
    { 40103, 40103, REPLY_TOKEN_DEAD, "REFRESH_TOKEN_EXPIRE", "the token has expired" },
    { 40104, 40104, REPLY_TOKEN_DEAD, "EMPTY_ACCESS_TOKEN", "no token arrived" },
    { 40105, 40105, REPLY_TOKEN_DEAD, "INVALID_ACCESS_TOKEN", "the token is wrong or revoked" },
    { 40113, 40113, REPLY_TOKEN_DEAD, "APP_FORBIDDEN", "the token's application is blocked" },
    { 40118, 40118, REPLY_TOKEN_DEAD, "NOT_IN_WHITELIST", "not on TikTok's allow-list" },
    { 40130, 40130, REPLY_TOKEN_DEAD, "SCOPE_NOT_AUTHORIZED", "the token lacks a permission" },
    { 40132, 40132, REPLY_RETRY, "REQUEST_FREQUENCY_LIMITED", "too many requests (guess)" },
    { 40133, 40133, REPLY_RETRY, "40133", "retried by others; not in TikTok's list" },
    { 40200, 40201, REPLY_RETRY, "TASK_ERROR", "task error (guess)" },
    { 40202, 40202, REPLY_RETRY, "WRITE_CONFLICT", "write conflict (guess)" },
    { 40400, 40400, REPLY_RETRY, "ROUTE_NOT_FOUND", "wrong endpoint (guess)" },
    { 40700, 40700, REPLY_REFUSED, "RPC_VALIDATION_ERROR", "a parameter is wrong (guess)" },
    { 41000, 41000, REPLY_TOKEN_DEAD, "BLOCKED", "blocked by TikTok" },
    { 50002, 50002, REPLY_UNKNOWN, "SYS_TIMEOUT", "TikTok's own time ran out" },
    { 50000, 50999, REPLY_RETRY, "SYS_ERROR", "a fault at TikTok (guess)" },
    { 51010, 51010, REPLY_UNKNOWN, "RPC_TIMEOUT", "TikTok's own time ran out (guess)" },
    { 51000, 51999, REPLY_RETRY, "RPC_ERROR", "a fault at TikTok (guess)" },
    { 52000, 52999, REPLY_RETRY, "DATABASE_ERROR", "a fault at TikTok (guess)" },
    { 60001, 60001, REPLY_RETRY, "MAINTENANCE", "maintenance (guess)" },
    { 61000, 61000, REPLY_RETRY, "TOO_MANY_REQUESTS", "too many requests (guess)" },
    { -1, -1, REPLY_RETRY, NULL, NULL },
};

/* For answers without TikTok's JSON: they come from something in between.  A status is never a
 * dead token.  303 is the redirect that a server gives after it has done the work. */
static const struct {
    int first, last;
    enum reply_verdict verdict;
    const char *words;
} statuses[] = {
    { 303, 303, REPLY_UNKNOWN, "a redirect, not followed; check tiktok.endpoint" },
    { 300, 399, REPLY_RETRY, "a redirect, not followed; check tiktok.endpoint" },
    { 413, 413, REPLY_REFUSED, "the request is too large" },
    { 429, 429, REPLY_RETRY, "too many requests" },
    { 400, 499, REPLY_RETRY, "refused by something before TikTok" },
    { 0, 999, REPLY_UNKNOWN, "the answer is not TikTok's JSON, so the outcome is not known" },
};

const struct reply_code *reply_code_find(int64_t code)
{
    for (const struct reply_code *row = reply_codes; row->first != -1; row++)
        if (code >= row->first && code <= row->last)
            return row;
    return NULL;
}

/* The first characters of s, at most TEXT_MAX bytes of them, none cut in two. */
static struct slice short_copy(struct arena *arena, struct slice s)
{
    size_t n = s.len;

    if (n > TEXT_MAX) {
        n = TEXT_MAX;
        while (n > TEXT_MAX - 4 && ((unsigned char)s.ptr[n] & 0xc0) == 0x80)
            n--;
    }
    return arena_dup(arena, slice_head(s, n));
}

/* The index at the start of s: ".12" or "[12]", and not the start of a longer word; else -1. */
static long index_at(struct slice s)
{
    bool bracket = s.len && s.ptr[0] == '[';
    size_t end = 1;
    long n = 0;

    if (s.len < 2 || (s.ptr[0] != '.' && !bracket))
        return -1;
    for (; end < s.len && ascii_is_digit(s.ptr[end]); end++) {
        if (end > INDEX_DIGITS)
            return -1;
        n = n * 10 + (s.ptr[end] - '0');
    }
    if (end == 1)
        return -1;
    if (bracket)
        return end < s.len && s.ptr[end] == ']' ? n : -1;
    if (end < s.len && (ascii_is_alnum(s.ptr[end]) || s.ptr[end] == '_'))
        return -1;
    return n;
}

/* TikTok and its older batch endpoint name an event as data.0.user, data[0].user, Batch.0.user.
 * A word that only ends so (metadata.0, contents.data.0) is not it: better to halve a batch than
 * to set the wrong event aside. */
static long find_index(struct slice message)
{
    static const struct slice words[] = { SLICE("data"), SLICE("batch") };

    for (size_t at = 0; at < message.len; at++) {
        char before = at ? message.ptr[at - 1] : ' ';
        if (ascii_is_alnum(before) || before == '_' || before == '.' || before == '-')
            continue;
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            struct slice rest = slice_from_at(message, at);
            long n = -1;
            if (slice_starts_nocase(rest, words[w]))
                n = index_at(slice_from_at(rest, words[w].len));
            if (n >= 0)
                return n;
        }
    }
    return -1;
}

/* cJSON recurses: count brackets outside of strings before it sees the bytes. */
static bool too_deep(struct slice json)
{
    bool text = false;
    unsigned depth = 0;

    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (text && c == '\\')
            i++;
        else if (c == '"')
            text = !text;
        else if (!text && (c == '{' || c == '['))
            depth++;
        else if (!text && (c == '}' || c == ']') && depth)
            depth--;
        if (depth > DEPTH_MAX)
            return true;
    }
    return false;
}

/* The whole of body as a JSON object, or NULL. */
static cJSON *parse(struct slice body)
{
    const char *end = NULL;
    cJSON *root;

    if (body.len == 0 || body.len > BODY_MAX || too_deep(body))
        return NULL;
    root = cJSON_ParseWithLengthOpts(body.ptr, body.len, &end, 0);
    if (root && cJSON_IsObject(root) && end &&
        slice_trim(slice_from_at(body, (size_t)(end - body.ptr))).len == 0)
        return root;
    cJSON_Delete(root);
    return NULL;
}

static bool whole_number(const cJSON *item, int64_t *out)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble > -1e15 && item->valuedouble < 1e15))
        return false;
    *out = (int64_t)item->valuedouble;
    return (double)*out == item->valuedouble;
}

static struct slice text_of(struct arena *arena, const cJSON *root, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);

    return short_copy(arena, slice_from(cJSON_GetStringValue(item)));
}

static void read_status(struct arena *arena, int status, struct reply *out)
{
    size_t last = sizeof(statuses) / sizeof(statuses[0]) - 1, i = 0;

    while (i < last && (status < statuses[i].first || status > statuses[i].last))
        i++;
    out->verdict = statuses[i].verdict;
    out->message = arena_printf(arena, "HTTP %d: %s", status, statuses[i].words);
}

void reply_read(struct arena *arena, int status, struct slice body, struct reply *out)
{
    cJSON *root = parse(body);
    const struct reply_code *row;
    int64_t code;

    *out = (struct reply){ .code = -1, .bad_event = -1 };
    if (!root || !whole_number(cJSON_GetObjectItemCaseSensitive(root, "code"), &code) || code == -1) { /* which says "none" here */
        read_status(arena, status, out);
        goto out;
    }
    out->code = code;
    out->message = text_of(arena, root, "message");
    out->request_id = text_of(arena, root, "request_id");
    out->bad_event = find_index(out->message);
    row = reply_code_find(code);
    out->verdict = row ? row->verdict : REPLY_RETRY;
    if (out->bad_event >= 0 && (!row || row->verdict == REPLY_REFUSED))
        out->verdict = REPLY_BAD_EVENT;
out:
    cJSON_Delete(root);
}
