/* sandbox_desk.h: a sandbox at a fixed moment, for its unit tests. */
#ifndef TESTS_UNIT_SANDBOX_DESK_H
#define TESTS_UNIT_SANDBOX_DESK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/sandbox.h"

#define NOW   1795181652 /* 2026-11-20 */
#define TRACK "/open_api/v1.3/event/track/"

#define STRICTER " (the sandbox is stricter than TikTok here)"
#define HASH     "848a771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f"

/* Bodies are written with ' for ", so that they can be read. */
#define HEAD        "'event':'Purchase','event_time':1795181652"
#define USER        "'user':{'ttclid':'E.C.P.x'}"
#define PAGE        "'page':{'url':'https://shop.example/t'}"
#define BODY(s, ev) "{'event_source':'" s "','event_source_id':'PX','data':[" ev "]}"
#define WEB(ev)     BODY("web", ev)
#define GOOD        "{" HEAD "," USER "," PAGE "}"
#define PLUS(more)  WEB("{" HEAD "," USER "," PAGE "," more "}")
#define WITH_ID(id) "{" HEAD ",'event_id':'" id "'," USER "," PAGE "}"

static inline struct slice quotes(const char *text, struct buf *to)
{
    buf_clear(to);
    for (; *text; text++)
        buf_byte(to, *text == '\'' ? '"' : *text);
    return buf_slice(to);
}

static inline struct sandbox *desk_open(struct sandbox_settings settings)
{
    struct err err = { 0 };
    struct sandbox *s = sandbox_open(&settings, &err);

    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static inline struct sandbox_answer ask(struct sandbox *s, bool post, const char *path,
                                        struct slice body, int64_t now)
{
    struct sandbox_request request = { post, slice_from(path), S("application/json"), S("secret"),
                                       body };
    struct sandbox_answer answer;

    sandbox_handle(s, &request, now, &answer);
    return answer;
}

/* POST a body, single-quoted. */
static inline struct sandbox_answer post_at(struct sandbox *s, const char *body, int64_t now)
{
    struct buf b = { 0 };
    struct sandbox_answer answer = ask(s, true, TRACK, quotes(body, &b), now);

    buf_free(&b);
    return answer;
}

static inline cJSON *parse_answer(struct sandbox_answer *answer)
{
    cJSON *tree = cJSON_ParseWithLength(answer->body.ptr, answer->body.len);

    if (!tree)
        fail_msg("no JSON: %.*s", SLICE_ARG(buf_slice(&answer->body)));
    buf_free(&answer->body);
    return tree;
}

static inline cJSON *get(struct sandbox *s, const char *path)
{
    struct sandbox_answer answer = ask(s, false, path, (struct slice){ 0 }, NOW);

    assert_int_equal(answer.action, SANDBOX_ANSWER);
    assert_int_equal(answer.status, 200);
    assert_false(answer.tracked);
    return parse_answer(&answer);
}

static inline const char *text_at(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static inline int number_at(const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(v))
        fail_msg("no number %s", name);
    return (int)v->valuedouble;
}

#endif
