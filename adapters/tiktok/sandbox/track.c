#include <stdio.h>
#include <string.h>

#include "adapters/tiktok/sandbox/edit.h"
#include "adapters/tiktok/sandbox/state.h"

/* ---- taking a request ---- */

static bool is_json(struct slice content_type)
{
    struct slice type, parameters;

    slice_cut(content_type, ';', &type, &parameters);
    return slice_eq_nocase(slice_trim(type), S("application/json"));
}

/* Code and sentence of the first thing wrong around the body; CODE_OK when nothing is. */
static int check_envelope(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                          const char **message)
{
    struct slice token = slice_trim(request->access_token);

    if (slice_index(request->path, '?') < request->path.len) {
        *message = "The endpoint takes no query; the token travels in the Access-Token "
                   "header" SANDBOX_STRICTER ".";
        return CODE_PARAM;
    }
    if (!is_json(request->content_type)) {
        *message = "Content-Type: must be application/json.";
        return CODE_PARAM;
    }
    if (token.len == 0) {
        *message = "Access token is empty: the header Access-Token is missing.";
        return CODE_EMPTY_TOKEN;
    }
    if (s->token && !slice_eq(token, (struct slice){ s->token, s->token_len })) {
        *message = "Access token is incorrect or has been revoked.";
        return CODE_INVALID_TOKEN;
    }
    s->in_second = s->second == now ? s->in_second : 0;
    s->second = now;
    if (s->in_second++ >= s->rate) {
        *message = "Too many requests. Please retry in some time.";
        return CODE_TOO_FREQUENT;
    }
    *message = "OK";
    return CODE_OK;
}

static void accept_event(struct sandbox *s, const struct sandbox_event *e, int64_t now)
{
    const struct sandbox_batch *b = &s->batch;
    struct record what = { .source = b->event_source,
                           .pixel = b->event_source_id,
                           .test_code = b->test_event_code,
                           .event = e->event,
                           .event_id = e->event_id,
                           .request_id = slice_from(s->request_id),
                           .json = e->json,
                           .received = now };
    struct buf renamed = { 0 };
    uint64_t first = 0;
    enum memory_verdict verdict = MEMORY_NEW; /* without an event_id nothing is a repeat */

    if (e->event_id.len)
        verdict = sandbox_memory_see(&s->memory,
                                     sandbox_memory_key(what.pixel, what.event, what.event_id), now,
                                     s->records.next, &first);
    if (verdict == MEMORY_MERGE) {
        s->totals.merged++;
        sandbox_records_merge(&s->records, first, e->json);
    } else if (verdict == MEMORY_DROP) {
        s->totals.dropped++;
        sandbox_records_drop(&s->records, first);
    } else {
        s->totals.unique++;
        if (e->renamed && sandbox_edit_rename(e->json, e->event, &renamed) && buf_ok(&renamed))
            what.json = buf_slice(&renamed);
        sandbox_records_add(&s->records, &what);
        buf_free(&renamed);
    }
    s->totals.accepted++;
}

/* Carry the request out, answer it honestly. */
static void carry_out(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                      struct sandbox_answer *answer)
{
    const char *message;
    int code = check_envelope(s, request, now, &message);

    if (code == CODE_OK) {
        if (sandbox_check(request->body, now, &s->batch))
            for (size_t i = 0; i < s->batch.count; i++)
                accept_event(s, &s->batch.events[i], now);
        code = s->batch.code;
        message = s->batch.message;
        answer->events = code == CODE_OK ? (unsigned)s->batch.count : 0;
        s->totals.accepted_requests += code == CODE_OK;
        sandbox_batch_free(&s->batch);
    }
    sandbox_say(s, answer, 200, code, slice_from(message));
}

/* ---- faults ---- */

static const struct {
    unsigned number;
    const char *text;
} texts[] = {
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 502, "Bad Gateway" },
    { 503, "Service Temporarily Unavailable" },
    { 20001, "Partial OK" },
    { 40001, "No permission to operate pixel code. You must be an admin or operator of this "
             "advertiser account." },
    { 40002, "Invalid parameters." },
    { 40100, "Too many requests. Please retry in some time." },
    { 40102, "Access token is expired." },
    { 40104, "Access token is empty." },
    { 40105, "Access token is incorrect or has been revoked." },
    { 50000, "System error." },
    { 50002, "System timeout." },
};

static const char *text_for(unsigned number)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].number == number)
            return texts[i].text;
    return "An error that was asked for.";
}

static void page(struct sandbox_answer *answer, int status, const char *title)
{
    answer->status = status;
    answer->content_type = "text/html";
    answer->code = -1;
    buf_clear(&answer->body);
    buf_printf(&answer->body,
               "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1>"
               "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
               title, title);
}

static void status_page(struct sandbox_answer *answer, const struct fault *fault)
{
    char title[60];

    snprintf(title, sizeof(title), "%u %s", fault->number, text_for(fault->number));
    page(answer, (int)fault->number, title);
    answer->retry_after = fault->retry_after;
}

/* No answer that HTTP would know. */
static void no_answer(struct sandbox_answer *answer, enum sandbox_action action)
{
    answer->action = action;
    answer->status = 0;
    answer->code = -1;
    buf_clear(&answer->body);
}

/* The honest answer with a true header, but only half of its body. */
static void cut_answer(struct sandbox_answer *answer)
{
    struct buf whole = answer->body;
    struct buf half = { 0 };

    buf_printf(&half,
               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               whole.len);
    buf_add(&half, slice_head(buf_slice(&whole), whole.len / 2));
    buf_free(&whole);
    answer->body = half;
    answer->action = SANDBOX_RAW;
    answer->code = -1;
}

static void misbehave(struct sandbox *s, const struct fault *fault, struct sandbox_answer *answer)
{
    answer->fault = fault->label;
    switch (fault->kind) {
    case FAULT_STATUS:
        status_page(answer, fault);
        return;
    case FAULT_CODE:
        sandbox_say(s, answer, 200, (int)fault->number, slice_from(text_for(fault->number)));
        return;
    case FAULT_STALL:
        no_answer(answer, SANDBOX_STALL);
        answer->stall_seconds = fault->number;
        return;
    case FAULT_RESET:
        no_answer(answer, SANDBOX_RESET);
        return;
    case FAULT_GARBAGE:
        no_answer(answer, SANDBOX_RAW);
        buf_add(&answer->body, S("\x16\x03\x01\x00\x05 this is no HTTP \xff\xfe\x00\r\n\r\n"));
        return;
    case FAULT_HTML:
        page(answer, 200, "Welcome to nginx!");
        return;
    case FAULT_CUT:
        cut_answer(answer);
        return;
    }
}

/* ---- the whole ---- */

static void count_code(struct sandbox_totals *t, int code)
{
    size_t i = 0;

    while (i < t->code_count && t->codes[i].code != code)
        i++;
    if (i == CODES_COUNTED)
        return;
    if (i == t->code_count)
        t->codes[t->code_count++].code = code;
    t->codes[i].count++;
}

static void remember(struct sandbox *s, int64_t now, const struct sandbox_answer *answer)
{
    struct request_line *line = &s->requests[(s->totals.requests - 1) % REQUESTS_KEPT];

    *line = (struct request_line){
        .received = now, .status = answer->status, .code = answer->code, .events = answer->events
    };
    snprintf(line->message, sizeof(line->message), "%s", answer->code >= 0 ? s->said : "");
    snprintf(line->fault, sizeof(line->fault), "%s", answer->fault ? answer->fault : "");
    memcpy(line->request_id, s->request_id, sizeof(line->request_id));
    if (answer->code >= 0)
        count_code(&s->totals, answer->code);
}

void sandbox_track(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                   struct sandbox_answer *answer)
{
    const struct fault *fault = sandbox_faults_pick(&s->faults);

    s->totals.requests++;
    answer->tracked = true;
    if (!fault || fault->after)
        carry_out(s, request, now, answer);
    /* code=20001 says that it was accepted: only when it was */
    if (fault && (fault->kind != FAULT_CODE || !fault->after || answer->code == CODE_OK))
        misbehave(s, fault, answer);
    remember(s, now, answer);
}
