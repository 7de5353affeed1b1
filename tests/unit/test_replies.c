#include "adapters/tiktok/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct read_case {
    const char *name;
    int status;
    const char *body;
    enum reply_verdict verdict;
    int64_t code;
    long bad_event;
    const char *message, *request_id;
};

#define NOT_JSON "the answer is not TikTok's JSON, so the outcome is not known"

static const struct read_case reads[] = {
    { "accepted", 200,
      "{\"code\":0,\"message\":\"OK\",\"request_id\":\"2023abc\",\"data\":{}}", REPLY_ACCEPTED, 0,
      -1, "OK", "2023abc" },
    { "accepted, blanks around", 200, " \r\n{ \"code\" : 0 }\n ", REPLY_ACCEPTED, 0, -1, "", "" },
    { "the code decides, not the status", 500, "{\"code\":0,\"message\":\"OK\"}", REPLY_ACCEPTED,
      0, -1, "OK", "" },
    { "partly accepted", 200, "{\"code\":20001,\"message\":\"m\"}", REPLY_ACCEPTED, 20001, -1,
      "m", "" },
    { "a bad event", 200,
      "{\"code\":40002,\"message\":\"data.3.user.email: Not a valid string\"}", REPLY_BAD_EVENT,
      40002, 3, "data.3.user.email: Not a valid string", "" },
    { "a bad event, HTTP 400", 400, "{\"code\":40002,\"message\":\"data[12].event\"}",
      REPLY_BAD_EVENT, 40002, 12, "data[12].event", "" },
    { "a bad event, no index", 200,
      "{\"code\":40002,\"message\":\"Invalid value for event_id: not a valid string.\"}",
      REPLY_REFUSED, 40002, -1, "Invalid value for event_id: not a valid string.", "" },
    { "throttled with HTTP 401: the token lives", 401,
      "{\"code\":40100,\"message\":\"Too many requests. Please retry in some time.\"}",
      REPLY_RETRY, 40100, -1, "Too many requests. Please retry in some time.", "" },
    { "dead token with HTTP 200", 200,
      "{\"code\":40105,\"message\":\"Access token is incorrect or has been revoked.\"}",
      REPLY_TOKEN_DEAD, 40105, -1, "Access token is incorrect or has been revoked.", "" },
    { "no right to the pixel", 200, "{\"code\":40001,\"message\":\"No permission\"}",
      REPLY_TOKEN_DEAD, 40001, -1, "No permission", "" },
    { "its own timeout", 200, "{\"code\":50002,\"message\":\"t\"}", REPLY_UNKNOWN, 50002, -1, "t",
      "" },
    { "a fault", 200, "{\"code\":50000,\"message\":\"t\"}", REPLY_RETRY, 50000, -1, "t", "" },
    { "51010 inside a range", 200, "{\"code\":51010}", REPLY_UNKNOWN, 51010, -1, "", "" },
    { "51011 of the range", 200, "{\"code\":51011}", REPLY_RETRY, 51011, -1, "", "" },
    { "not in the table", 200, "{\"code\":12345,\"message\":\"new\"}", REPLY_RETRY, 12345, -1,
      "new", "" },
    { "not in the table, names an event", 200, "{\"code\":40099,\"message\":\"data.1.x: new\"}",
      REPLY_BAD_EVENT, 40099, 1, "data.1.x: new", "" },
    { "never the fault of what is around an event", 200, "{\"code\":40062,\"message\":\"p\"}",
      REPLY_BAD_EVENT, 40062, -1, "p", "" },
    { "an index does not make another code the fault of an event", 200,
      "{\"code\":50000,\"message\":\"data.0.x: t\"}", REPLY_RETRY, 50000, 0, "data.0.x: t", "" },
    { "negative", 200, "{\"code\":-5}", REPLY_RETRY, -5, -1, "", "" },
    { "what says that there is none", 200, "{\"code\":-1,\"request_id\":\"r\"}", REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON, "" },
    { "words of another type are left out", 200,
      "{\"code\":0,\"message\":7,\"request_id\":null}", REPLY_ACCEPTED, 0, -1, "", "" },
    { "names in another case are other names", 200, "{\"Code\":0,\"MESSAGE\":\"OK\"}",
      REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON, "" },
    { "code as text", 200, "{\"code\":\"0\"}", REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON, "" },
    { "code with a fraction", 200, "{\"code\":0.5}", REPLY_UNKNOWN, -1, -1,
      "HTTP 200: " NOT_JSON, "" },
    { "code out of any range", 200, "{\"code\":1e300}", REPLY_UNKNOWN, -1, -1,
      "HTTP 200: " NOT_JSON, "" },
    { "something behind it", 200, "{\"code\":0} x", REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON,
      "" },
    { "an array", 200, "[{\"code\":0}]", REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON, "" },
    { "cut", 200, "{\"code\":0,\"message\":\"O", REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON,
      "" },
    { "empty", 200, "", REPLY_UNKNOWN, -1, -1, "HTTP 200: " NOT_JSON, "" },
    { "nginx", 502, "<html><center><h1>502 Bad Gateway</h1></center></html>", REPLY_UNKNOWN, -1,
      -1, "HTTP 502: " NOT_JSON, "" },
    { "429 in HTML", 429, "<html>", REPLY_RETRY, -1, -1, "HTTP 429: too many requests", "" },
    { "413 in HTML", 413, "<html>", REPLY_REFUSED, -1, -1, "HTTP 413: the request is too large",
      "" },
    { "401 in HTML is no dead token", 401, "<html>", REPLY_RETRY, -1, -1,
      "HTTP 401: refused by something before TikTok", "" },
    { "403 in HTML", 403, "<html>", REPLY_RETRY, -1, -1,
      "HTTP 403: refused by something before TikTok", "" },
    { "302", 302, "", REPLY_RETRY, -1, -1,
      "HTTP 302: a redirect, not followed; check tiktok.endpoint", "" },
    { "303: it may have acted", 303, "", REPLY_UNKNOWN, -1, -1,
      "HTTP 303: a redirect, not followed; check tiktok.endpoint", "" },
    { "an impossible status", 1000, "", REPLY_UNKNOWN, -1, -1, "HTTP 1000: " NOT_JSON, "" },
};

static void test_read(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < LEN(reads); i++) {
        const struct read_case *c = &reads[i];
        struct slice body = slice_from(c->body);
        char *exact = malloc(body.len + !body.len); /* so that a read past the end shows */
        struct reply r;
        assert_non_null(exact);
        memcpy(exact, body.ptr, body.len);
        body.ptr = exact;
        reply_read(&arena, c->status, body, &r);
        free(exact);
        if (r.verdict != c->verdict || r.code != c->code || r.bad_event != c->bad_event ||
            !slice_eq(r.message, slice_from(c->message)) ||
            !slice_eq(r.request_id, slice_from(c->request_id)))
            fail_msg("%s: verdict %d code %lld bad %ld message \"%.*s\" request_id \"%.*s\"",
                     c->name, r.verdict, (long long)r.code, r.bad_event, SLICE_ARG(r.message),
                     SLICE_ARG(r.request_id));
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static const struct {
    const char *message;
    long index;
} indexes[] = {
    { "data.0.user", 0 },
    { "data[0].user", 0 },
    { "Batch.0.properties.contents.0.content_id: Not a valid string", 0 },
    { "batch[7]", 7 },
    { "Data.5", 5 },
    { "data.999", 999 },
    { "Invalid value: data.17: missing", 17 },
    { "(data.4)", 4 },
    { "\"data[4]\" is bad", 4 },
    { "data.3.event, data.5.event", 3 },
    { "data.000012.x", 12 },
    { "data.999999", 999999 },
    { "data.1000000", -1 },
    { "data.99999999999999999999999", -1 },
    { "data[99999999999999999999999]", -1 },
    { "data.", -1 },
    { "data[", -1 },
    { "data[]", -1 },
    { "data[5", -1 },
    { "data[5.x", -1 },
    { "data[-1]", -1 },
    { "data.-1", -1 },
    { "data. 1", -1 },
    { "data.1st", -1 },
    { "data.1_000", -1 },
    { "data", -1 },
    { "data0", -1 },
    { "data: 5", -1 },
    { "metadata.5", -1 },
    { "meta_data.5", -1 },
    { "meta-data.5", -1 },
    { "properties.data.5", -1 },
    { "database.5", -1 },
    { "metadata.5 in data.2", 2 },
    { "data.x then data.2", 2 },
    { "", -1 },
};

static void test_index(void **state)
{
    struct arena arena;
    char body[256];

    (void)state;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < LEN(indexes); i++) {
        struct reply r;
        char quoted[128] = "", *to = quoted;
        for (const char *p = indexes[i].message; *p; p++) {
            if (*p == '"')
                *to++ = '\\';
            *to++ = *p;
        }
        *to = '\0';
        snprintf(body, sizeof(body), "{\"code\":40002,\"message\":\"%s\"}", quoted);
        reply_read(&arena, 200, slice_from(body), &r);
        if (r.bad_event != indexes[i].index ||
            r.verdict != (r.bad_event >= 0 ? REPLY_BAD_EVENT : REPLY_REFUSED))
            fail_msg("%s: %ld, not %ld", indexes[i].message, r.bad_event, indexes[i].index);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

/* body: {"code":0,"x":[[[...]]]} with depth levels in all. */
static enum reply_verdict read_nested(struct arena *arena, size_t depth)
{
    char body[512] = "{\"code\":0,\"x\":";
    size_t at = strlen(body);
    struct reply r;

    for (size_t i = 1; i < depth; i++)
        body[at++] = '[';
    for (size_t i = 1; i < depth; i++)
        body[at++] = ']';
    body[at++] = '}';
    reply_read(arena, 200, (struct slice){ body, at }, &r);
    return r.verdict;
}

static void test_bounds(void **state)
{
    static char body[70000];
    struct arena arena;
    struct reply r;
    size_t at;

    (void)state;
    arena_init(&arena, 1 << 16);
    assert_int_equal(read_nested(&arena, 2), REPLY_ACCEPTED);
    assert_int_equal(read_nested(&arena, 32), REPLY_ACCEPTED);
    assert_int_equal(read_nested(&arena, 33), REPLY_UNKNOWN);
    assert_int_equal(read_nested(&arena, 200), REPLY_UNKNOWN);
    /* brackets in a text are no depth */
    reply_read(&arena, 200,
               S("{\"code\":0,\"message\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"),
               &r);
    assert_int_equal(r.verdict, REPLY_ACCEPTED);

    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"code\":0}", 10);
    reply_read(&arena, 200, (struct slice){ body, 65536 }, &r);
    assert_int_equal(r.verdict, REPLY_ACCEPTED);
    reply_read(&arena, 200, (struct slice){ body, 65537 }, &r);
    assert_int_equal(r.verdict, REPLY_UNKNOWN);

    /* a message of 499 bytes and then two-byte characters is cut between them */
    at = (size_t)snprintf(body, sizeof(body), "{\"code\":0,\"message\":\"");
    memset(body + at, 'a', 499);
    at += 499;
    for (int i = 0; i < 10; i++, at += 2)
        memcpy(body + at, "\xc3\xa4", 2);
    memcpy(body + at, "\"}", 2);
    reply_read(&arena, 200, (struct slice){ body, at + 2 }, &r);
    assert_int_equal(r.message.len, 499);
    assert_true(utf8_valid(r.message));
    arena_free(&arena);
}

/* Every row is what reply_code_find gives for its first code: none hides another. */
static void test_table(void **state)
{
    const struct reply_code *row = reply_codes;

    (void)state;
    for (; row->first != -1; row++) {
        assert_true(row->first <= row->last);
        assert_non_null(row->name);
        assert_non_null(row->meaning);
        assert_ptr_equal(reply_code_find(row->first), row);
        assert_non_null(reply_code_find(row->last));
    }
    assert_true(row - reply_codes >= 35);
    assert_null(reply_code_find(-1));
    assert_null(reply_code_find(1));
    assert_null(reply_code_find(40099));
    assert_null(reply_code_find(INT64_MAX));
    assert_null(reply_code_find((int64_t)40002 + ((int64_t)1 << 32)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests_name("replies", tests, NULL, NULL);
}
