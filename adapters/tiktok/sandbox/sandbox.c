#include "adapters/tiktok/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/tiktok/sandbox/edit.h"
#include "adapters/tiktok/sandbox/state.h"
#include "core/base/diag.h"

#define RATE_DEFAULT 1000 /* "Rate limits": 1,000 queries a second */
#define KEYS_DEFAULT 2000000

typedef void route_fn(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                      struct sandbox_answer *answer);
static route_fn show_events, show_stats, show_requests, reset;

#define TRACK_PATH "/open_api/v1.3/event/track/"

static const struct route {
    struct slice path;
    bool post;
    route_fn *run;
} routes[] = {
    { SLICE(TRACK_PATH), true, sandbox_track }, { SLICE("/events"), false, show_events },
    { SLICE("/stats"), false, show_stats },     { SLICE("/requests"), false, show_requests },
    { SLICE("/reset"), true, reset },
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

struct sandbox *sandbox_open(const struct sandbox_settings *settings, struct err *err)
{
    struct sandbox *s = calloc(1, sizeof(*s));
    struct slice token = settings->token;

    if (!s) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    sandbox_memory_init(&s->memory, settings->keys ? settings->keys : KEYS_DEFAULT);
    s->rate = settings->rate ? settings->rate : RATE_DEFAULT;
    if (sandbox_faults_parse(&s->faults, settings->faults, settings->seed, err) != 0)
        goto failed;
    if (token.len) {
        s->token = malloc(token.len);
        if (!s->token) {
            err_set(err, ERR_SYSTEM, "out of memory");
            goto failed;
        }
        memcpy(s->token, token.ptr, token.len);
        s->token_len = token.len;
    }
    return s;
failed:
    sandbox_close(s);
    return NULL;
}

void sandbox_close(struct sandbox *s)
{
    if (!s)
        return;
    sandbox_records_clear(&s->records);
    sandbox_memory_free(&s->memory);
    free(s->token);
    free(s);
}

/* TikTok's begin with the time, too. */
static void new_request_id(struct sandbox *s, int64_t now)
{
    time_t seconds = (time_t)now;
    struct tm tm;
    size_t n = 0;

    s->request_number++;
    if (gmtime_r(&seconds, &tm))
        n = strftime(s->request_id, sizeof(s->request_id), "%Y%m%d%H%M%S", &tm);
    snprintf(s->request_id + n, sizeof(s->request_id) - n, "%016llX",
             (unsigned long long)s->request_number);
}

void sandbox_say(struct sandbox *s, struct sandbox_answer *answer, int status, int code,
                 struct slice message)
{
    struct buf *b = &answer->body;

    buf_clear(b);
    answer->action = SANDBOX_ANSWER;
    answer->status = status;
    answer->code = code;
    answer->content_type = "application/json";
    buf_printf(b, "{\"code\":%d,\"message\":", code);
    buf_json(b, message);
    buf_puts(b, ",\"request_id\":");
    buf_json(b, slice_from(s->request_id));
    buf_puts(b, ",\"data\":{}}");
    snprintf(s->said, sizeof(s->said), "%.*s", SLICE_ARG(message));
}

void sandbox_handle(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                    struct sandbox_answer *answer)
{
    struct slice path, query;
    const struct route *route = NULL;

    *answer = (struct sandbox_answer){ .code = -1 };
    new_request_id(s, now);
    slice_cut(request->path, '?', &path, &query);
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (slice_eq(routes[i].path, path))
            route = &routes[i];
    if (!route)
        sandbox_say(s, answer, 404, CODE_NO_ROUTE,
                    S("No such path. The sandbox has POST " TRACK_PATH " (with the slash at the "
                      "end), GET /events, /stats and /requests, and POST /reset."));
    else if (route->post != request->post)
        sandbox_say(s, answer, 405, CODE_NO_ROUTE,
                    route->post ? S("This path takes POST only.") : S("This path takes GET only."));
    else
        route->run(s, request, now, answer);
    if (!buf_ok(&answer->body)) {
        buf_free(&answer->body);
        answer->action = SANDBOX_RESET;
    }
}

/* ---- looking at it ---- */

static void show(struct sandbox_answer *answer)
{
    answer->status = 200;
    answer->content_type = "application/json";
}

static void name_number(struct buf *b, const char *name, uint64_t n)
{
    buf_puts(b, name);
    buf_i64(b, (int64_t)n);
}

static void put_totals(struct buf *b, const struct sandbox_totals *t)
{
    name_number(b, "\"accepted\":", t->accepted);
    name_number(b, ",\"unique\":", t->unique);
    name_number(b, ",\"merged\":", t->merged);
    name_number(b, ",\"dropped\":", t->dropped);
}

static const struct slice query_names[] = { SLICE("pixel"), SLICE("event"),  SLICE("event_id"),
                                            SLICE("limit"), SLICE("pretty"), { 0 } };

/* false: *bad is the name of what is wrong. */
static bool parse_query(struct slice query, struct records_filter *f, bool *pretty,
                        struct slice *bad)
{
    struct slice pair, name, value;

    *f = (struct records_filter){ .limit = UINT64_MAX };
    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        *bad = name;
        if (slice_eq(name, S("pixel")))
            f->pixel = value;
        else if (slice_eq(name, S("event")))
            f->event = value;
        else if (slice_eq(name, S("event_id")))
            f->event_id = value;
        else if (slice_eq(name, S("pretty")))
            *pretty = !slice_eq(value, S("0"));
        else if (slice_eq(name, S("limit")) && !slice_to_u64(value, &f->limit))
            return false;
        else if (name.len && !slice_eq(name, S("limit")))
            return false;
    }
    return true;
}

static void bad_query(struct sandbox *s, struct slice bad, struct sandbox_answer *answer)
{
    struct slice near = diag_nearest(bad, query_names);
    char text[200];

    snprintf(text, sizeof(text),
             "\"%.*s\": no such parameter, or a wrong value%s%.*s%s; there are pixel, event, "
             "event_id, limit (a number) and pretty.",
             SLICE_ARG(slice_head(bad, 40)), near.len ? "; did you mean \"" : "", SLICE_ARG(near),
             near.len ? "\"?" : "");
    sandbox_say(s, answer, 400, CODE_PARAM, slice_from(text));
}

static void show_events(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                        struct sandbox_answer *answer)
{
    struct slice path, query, bad = { 0 };
    struct records_filter filter;
    struct buf pretty = { 0 }, *b = &answer->body;
    bool wanted = false;

    (void)now;
    slice_cut(request->path, '?', &path, &query);
    if (!parse_query(query, &filter, &wanted, &bad)) {
        bad_query(s, bad, answer);
        return;
    }
    show(answer);
    buf_byte(b, '{');
    put_totals(b, &s->totals);
    buf_puts(b, ",\"events\":");
    sandbox_records_print(&s->records, &filter, b);
    buf_puts(b, "}\n");
    if (wanted && buf_ok(b) && sandbox_edit_pretty(buf_slice(b), &pretty)) {
        buf_free(b);
        *b = pretty;
    }
}

static void put_faults(struct buf *b, const struct sandbox_faults *f)
{
    bool more = false;

    for (size_t i = 0; i < f->count; i++) {
        uint64_t hits = 0;
        bool first = true;
        for (size_t j = 0; j < f->count; j++) {
            if (strcmp(f->rules[j].label, f->rules[i].label) != 0)
                continue;
            first = first && j >= i;
            hits += f->rules[j].hits;
        }
        if (!first)
            continue;
        if (more)
            buf_byte(b, ',');
        more = true;
        buf_json(b, slice_from(f->rules[i].label));
        name_number(b, ":", hits);
    }
}

static void show_stats(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                       struct sandbox_answer *answer)
{
    struct buf *b = &answer->body;
    const struct sandbox_totals *t = &s->totals;

    (void)request;
    (void)now;
    show(answer);
    buf_byte(b, '{');
    name_number(b, "\"requests\":", t->requests);
    name_number(b, ",\"accepted_requests\":", t->accepted_requests);
    buf_byte(b, ',');
    put_totals(b, t);
    name_number(b, ",\"keys\":", s->memory.next - s->memory.first);
    name_number(b, ",\"bodies\":", s->records.next - s->records.first);
    buf_puts(b, ",\"codes\":{");
    for (size_t i = 0; i < t->code_count; i++) {
        buf_printf(b, "%s\"%d\"", i ? "," : "", t->codes[i].code);
        name_number(b, ":", t->codes[i].count);
    }
    buf_puts(b, "},\"faults\":{");
    put_faults(b, &s->faults);
    buf_puts(b, "}}\n");
}

static void put_request(struct buf *b, const struct request_line *line)
{
    buf_puts(b, "{\"received\":");
    buf_i64(b, line->received);
    name_number(b, ",\"status\":", (uint64_t)line->status);
    buf_puts(b, ",\"code\":");
    if (line->code >= 0) {
        buf_i64(b, line->code);
        buf_puts(b, ",\"message\":");
        buf_json(b, slice_from(line->message));
    } else {
        buf_puts(b, "null,\"message\":null");
    }
    buf_puts(b, ",\"fault\":");
    if (line->fault[0])
        buf_json(b, slice_from(line->fault));
    else
        buf_puts(b, "null");
    name_number(b, ",\"events\":", line->events);
    buf_puts(b, ",\"request_id\":");
    buf_json(b, slice_from(line->request_id));
    buf_byte(b, '}');
}

static void show_requests(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                          struct sandbox_answer *answer)
{
    uint64_t n = s->totals.requests, first = n > REQUESTS_KEPT ? n - REQUESTS_KEPT : 0;
    struct buf *b = &answer->body;

    (void)request;
    (void)now;
    show(answer);
    buf_puts(b, "{\"requests\":[");
    for (uint64_t i = first; i < n; i++) {
        if (i > first)
            buf_byte(b, ',');
        put_request(b, &s->requests[i % REQUESTS_KEPT]);
    }
    buf_puts(b, "]}\n");
}

static void reset(struct sandbox *s, const struct sandbox_request *request, int64_t now,
                  struct sandbox_answer *answer)
{
    (void)request;
    (void)now;
    sandbox_records_clear(&s->records);
    s->records.first = s->records.next = 0;
    sandbox_memory_free(&s->memory);
    sandbox_faults_reset(&s->faults);
    s->totals = (struct sandbox_totals){ 0 };
    s->in_second = 0;
    sandbox_say(s, answer, 200, CODE_OK, S("OK"));
}
