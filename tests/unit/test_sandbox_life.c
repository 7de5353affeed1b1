/* test_sandbox_life.c: the sandbox over time: tokens, rates, duplicates, faults, and what it shows.
 */
#include "tests/unit/sandbox_desk.h"

#include "adapters/tiktok/sandbox/memory.h"

#define MINUTE 60
#define HOUR 3600

/* ---- around the body ---- */

struct envelope_case {
    bool post;
    const char *path, *content_type, *token;
    int status, code;
    const char *message;
};

static const struct envelope_case envelopes[] = {
    { true, TRACK, "application/json", "right", 200, 0, "OK" },
    { true, TRACK, "Application/JSON; charset=utf-8", " right ", 200, 0, "OK" },
    { true, TRACK, "application/json", "", 200, 40104,
      "Access token is empty: the header Access-Token is missing." },
    { true, TRACK, "application/json", "wrong", 200, 40105,
      "Access token is incorrect or has been revoked." },
    { true, TRACK, "application/json", "righ", 200, 40105,
      "Access token is incorrect or has been revoked." },
    { true, TRACK, "text/plain", "right", 200, 40002, "Content-Type: must be application/json." },
    { true, TRACK, "", "right", 200, 40002, "Content-Type: must be application/json." },
    { true, TRACK "?access_token=right", "application/json", "right", 200, 40002,
      "The endpoint takes no query; the token travels in the Access-Token header" STRICTER "." },
    { false, TRACK, "", "", 405, 40400, "This path takes POST only." },
    { true, "/events", "", "", 405, 40400, "This path takes GET only." },
    { false, "/reset", "", "", 405, 40400, "This path takes POST only." },
    { true, "/open_api/v1.3/event/track", "application/json", "right", 404, 40400,
      "No such path. The sandbox has POST /open_api/v1.3/event/track/ (with the slash at the end), "
      "GET /events, /stats and /requests, and POST /reset." },
    { true, "/reset", "", "", 200, 0, "OK" },
    { false, "/events?evnt=x", "", "", 400, 40002,
      "\"evnt\": no such parameter, or a wrong value; did you mean \"event\"?; there are pixel, "
      "event, event_id, limit (a number) and pretty." },
    { false, "/events?limit=x", "", "", 400, 40002,
      "\"limit\": no such parameter, or a wrong value; did you mean \"limit\"?; there are pixel, "
      "event, event_id, limit (a number) and pretty." },
};

static void test_envelope(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ .token = S("right") });
    struct buf b = { 0 };
    struct slice body = quotes(WEB(GOOD), &b);

    (void)state;
    for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
        const struct envelope_case *c = &envelopes[i];
        struct sandbox_request request = { c->post, slice_from(c->path),
                                           slice_from(c->content_type), slice_from(c->token),
                                           body };
        struct sandbox_answer answer;
        cJSON *tree;

        sandbox_handle(s, &request, NOW, &answer);
        assert_int_equal(answer.action, SANDBOX_ANSWER);
        assert_int_equal(answer.status, c->status);
        assert_string_equal(answer.content_type, "application/json");
        tree = parse_answer(&answer);
        assert_string_equal(text_at(tree, "message"), c->message);
        assert_int_equal(number_at(tree, "code"), c->code);
        cJSON_Delete(tree);
    }
    buf_free(&b);
    sandbox_close(s);
}

/* The whole answer, byte for byte. */
static void test_answer(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    struct sandbox_answer answer = post_at(s, WEB(GOOD), NOW);

    (void)state;
    assert_true(slice_eq(buf_slice(&answer.body),
                         S("{\"code\":0,\"message\":\"OK\","
                           "\"request_id\":\"202611201334120000000000000001\",\"data\":{}}")));
    buf_free(&answer.body);
    sandbox_close(s);
}

static int code_at(struct sandbox *s, const char *body, int64_t now)
{
    struct sandbox_answer answer = post_at(s, body, now);

    buf_free(&answer.body);
    return answer.code;
}

static void test_rate(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(code_at(s, WEB(GOOD), NOW), 0);
    assert_int_equal(code_at(s, WEB(GOOD), NOW), 40100);
    assert_int_equal(code_at(s, WEB(GOOD), NOW + 1), 0);
    sandbox_close(s);
}

/* ---- duplicates ---- */

static void assert_totals(struct sandbox *s, int accepted, int unique, int merged, int dropped)
{
    cJSON *tree = get(s, "/events?limit=0");

    assert_int_equal(number_at(tree, "accepted"), accepted);
    assert_int_equal(number_at(tree, "unique"), unique);
    assert_int_equal(number_at(tree, "merged"), merged);
    assert_int_equal(number_at(tree, "dropped"), dropped);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "events")), 0);
    cJSON_Delete(tree);
}

static void test_windows(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    const char *body = WEB(WITH_ID("a"));

    (void)state;
    assert_int_equal(code_at(s, body, NOW), 0);
    assert_totals(s, 1, 1, 0, 0);
    assert_int_equal(code_at(s, body, NOW + 5 * MINUTE), 0);
    assert_totals(s, 2, 1, 1, 0);
    assert_int_equal(code_at(s, body, NOW + 5 * MINUTE + 1), 0);
    assert_totals(s, 3, 1, 1, 1);
    assert_int_equal(code_at(s, body, NOW + 48 * HOUR), 0);
    assert_totals(s, 4, 1, 1, 2);
    assert_int_equal(code_at(s, body, NOW + 48 * HOUR + 1), 0); /* counts again */
    assert_totals(s, 5, 2, 1, 2);
    assert_int_equal(code_at(s, body, NOW + 48 * HOUR + 2), 0); /* of the second */
    assert_totals(s, 6, 2, 2, 2);
    /* a clock that went back meets a younger first event */
    assert_int_equal(code_at(s, body, NOW), 0);
    assert_totals(s, 7, 2, 3, 2);
    sandbox_close(s);
}

/* Events that repeat none before them. */
static const char *const unique_bodies[] = {
    WEB(WITH_ID("a")),
    WEB(WITH_ID("A")),
    "{'event_source':'web','event_source_id':'PY','data':[" WITH_ID("a") "]}",
    WEB("{'event':'Lead','event_time':1795181652,'event_id':'a'," USER "," PAGE "}"),
    WEB(GOOD), /* no event_id: never a repeat */
    WEB(GOOD),
};

static void test_key(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    int n = sizeof(unique_bodies) / sizeof(unique_bodies[0]);

    (void)state;
    for (int i = 0; i < n; i++)
        assert_int_equal(code_at(s, unique_bodies[i], NOW), 0);
    assert_totals(s, n, n, 0, 0);
    /* an old name has the key of the new one; so has a repeat inside a batch */
    assert_int_equal(code_at(s,
                             WEB("{'event':'CompletePayment','event_time':1795181652,"
                                 "'event_id':'a'," USER "," PAGE "}"),
                             NOW),
                     0);
    assert_int_equal(code_at(s, WEB(WITH_ID("b") "," WITH_ID("b")), NOW), 0);
    assert_totals(s, n + 3, n + 1, 2, 0);
    sandbox_close(s);
}

/* A refused batch leaves nothing behind, whatever stood in front of the bad event. */
static void test_all_or_nothing(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });

    (void)state;
    assert_int_equal(code_at(s, WEB(WITH_ID("a") ",{}"), NOW), 40002);
    assert_totals(s, 0, 0, 0, 0);
    assert_int_equal(code_at(s, WEB(WITH_ID("a")), NOW), 0);
    assert_totals(s, 1, 1, 0, 0);
    sandbox_close(s);
}

static cJSON *first_event(cJSON *tree)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "events"), 0);
}

static void assert_json(cJSON *got, const char *expected)
{
    struct buf b = { 0 };
    struct slice text = quotes(expected, &b);
    cJSON *want = cJSON_ParseWithLength(text.ptr, text.len);
    char *printed = cJSON_PrintUnformatted(got);

    if (!want || !cJSON_Compare(got, want, true))
        fail_msg("expected %.*s\ngot      %s", SLICE_ARG(text), printed);
    free(printed);
    cJSON_Delete(want);
    buf_free(&b);
}

static void test_merge(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    cJSON *tree;

    (void)state;
    assert_int_equal(code_at(s,
                             WEB("{'event':'SubmitForm','event_time':1795181652,'event_id':'a',"
                                 "'user':{'ttclid':'first'}," PAGE "}"),
                             NOW),
                     0);
    assert_int_equal(code_at(s,
                             WEB("{'event':'Lead','event_time':1795181650,'event_id':'a',"
                                 "'user':{'ttclid':'second','ip':'8.8.8.8'},'properties':"
                                 "{'value':12.5},'page':{'url':'https://b.example/','referrer':"
                                 "'r'}}"),
                             NOW + 299),
                     0);
    assert_int_equal(code_at(s,
                             WEB("{'event':'Lead','event_time':1795181650,'event_id':'a',"
                                 "'user':{'ttp':'late'}," PAGE "}"),
                             NOW + 301),
                     0);
    tree = get(s, "/events");
    assert_json(first_event(tree),
                "{'event':'Lead','event_time':1795181652,'event_id':'a','user':{'ttclid':'first',"
                "'ip':'8.8.8.8'},'page':{'url':'https://shop.example/t','referrer':'r'},"
                "'properties':{'value':12.5},'event_source':'web','event_source_id':'PX',"
                "'test_event_code':null,'request_id':'202611201334120000000000000001',"
                "'received':1795181652,'merged':1,'dropped':1}");
    cJSON_Delete(tree);
    sandbox_close(s);
}

/* ---- the memory for keys ---- */

static void test_memory_bound(void **state)
{
    struct sandbox_memory m;
    uint64_t first;

    (void)state;
    sandbox_memory_init(&m, 5000);
    for (uint64_t i = 0; i < 20000; i++)
        assert_int_equal(sandbox_memory_see(&m, (struct memory_key){ i * 7919, i }, NOW, i, &first),
                         MEMORY_NEW);
    assert_int_equal(m.next - m.first, 5000);
    for (uint64_t i = 15001; i < 20000; i++) {
        assert_int_equal(
            sandbox_memory_see(&m, (struct memory_key){ i * 7919, i }, NOW + 301, 0, &first),
            MEMORY_DROP);
        assert_int_equal(first, i);
    }
    assert_int_equal(sandbox_memory_see(&m, (struct memory_key){ 0, 0 }, NOW, 1, &first),
                     MEMORY_NEW);
    sandbox_memory_free(&m);
}

/* Against a plain list: many keys that share a home slot, a moving clock, expiry. */
static void test_memory_model(void **state)
{
    enum { KEYS = 200, STEPS = 20000 };
    int64_t at[KEYS], now = NOW;
    uint64_t record[KEYS], dice = 1, first;
    struct sandbox_memory m;

    (void)state;
    sandbox_memory_init(&m, 1000000);
    for (int i = 0; i < KEYS; i++)
        at[i] = INT64_MIN / 2;
    for (uint64_t step = 0; step < STEPS; step++) {
        size_t k;
        enum memory_verdict want;
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        k = (size_t)(dice >> 33) % KEYS;
        now += (int64_t)(dice >> 20) % 2500;
        want = now - at[k] > 48 * HOUR    ? MEMORY_NEW
               : now - at[k] > 5 * MINUTE ? MEMORY_DROP
                                          : MEMORY_MERGE;
        assert_int_equal(sandbox_memory_see(&m, (struct memory_key){ k % 7, k }, now, step, &first),
                         want);
        if (want == MEMORY_NEW) {
            at[k] = now;
            record[k] = step;
        } else {
            assert_int_equal(first, record[k]);
        }
    }
    sandbox_memory_free(&m);
}

/* ---- what it shows ---- */

static const struct {
    const char *query, *ids; /* event_ids, newest last */
} views[] = {
    { "/events", "abc+d" },
    { "/events?limit=2", "c+d" },
    { "/events?pixel=PX", "ab+d" },
    { "/events?pixel=PX&event=Purchase", "a+d" },
    { "/events?event=Lead&limit=1", "c" },
    { "/events?event_id=a", "a" },
    { "/events?event_id=%2bd", "+d" },
    { "/events?event_id=+d", "+d" },
    { "/events?event_id=%2", "" },
    { "/events?event_id=A", "" },
    { "/events?pretty&pixel=P%59", "c" },
};

static void test_views(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });

    (void)state;
    code_at(s,
            WEB(WITH_ID("a") ",{'event':'Lead','event_time':1795181652,'event_id':'b'," USER
                             "," PAGE "}"),
            NOW);
    code_at(s,
            "{'event_source':'web','event_source_id':'PY','test_event_code':'T','data':"
            "[{'event':'Lead','event_time':1795181652,'event_id':'c'," USER "," PAGE "}]}",
            NOW);
    code_at(s, WEB(WITH_ID("+d")), NOW);
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        cJSON *tree = get(s, views[i].query), *e;
        char ids[64] = "";
        assert_int_equal(number_at(tree, "accepted"), 4);
        cJSON_ArrayForEach(e, cJSON_GetObjectItemCaseSensitive(tree, "events"))
            strcat(ids, text_at(e, "event_id"));
        assert_string_equal(ids, views[i].ids);
        cJSON_Delete(tree);
    }
    sandbox_close(s);
}

/* An event comes back as its bytes were. */
static void test_verbatim(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    struct sandbox_answer answer;
    struct buf b = { 0 };

    (void)state;
    code_at(s, PLUS(" 'properties' : {'value':46.00, 'description':'\\u00e9\xc3\xa9'}"), NOW);
    answer = ask(s, false, "/events", (struct slice){ 0 }, NOW);
    quotes("{'accepted':1,'unique':1,'merged':0,'dropped':0,'events':[{" HEAD "," USER "," PAGE
           ", 'properties' : {'value':46.00, 'description':'\\u00e9\xc3\xa9'},'event_source':'web',"
           "'event_source_id':'PX','test_event_code':null,"
           "'request_id':'202611201334120000000000000001','received':1795181652,'merged':0,"
           "'dropped':0}]}\n",
           &b);
    assert_true(slice_eq(buf_slice(&answer.body), buf_slice(&b)));
    buf_free(&answer.body);
    buf_free(&b);
    sandbox_close(s);
}

/* Bodies of the last 10,000 only; repeats of older ones are still known. */
static void test_bodies_bound(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ .rate = 1000000 });
    char body[400];
    cJSON *tree, *events;

    (void)state;
    for (int i = 0; i < 10005; i++) {
        snprintf(body, sizeof(body),
                 "{'event_source':'web','event_source_id':'PX','data':[{" HEAD
                 ",'event_id':'%d'," USER "," PAGE "}]}",
                 i);
        assert_int_equal(code_at(s, body, NOW), 0);
    }
    assert_int_equal(code_at(s, WEB(WITH_ID("0")), NOW), 0);
    tree = get(s, "/events");
    events = cJSON_GetObjectItemCaseSensitive(tree, "events");
    assert_int_equal(cJSON_GetArraySize(events), 10000);
    assert_string_equal(text_at(first_event(tree), "event_id"), "5");
    assert_int_equal(number_at(tree, "unique"), 10005);
    assert_int_equal(number_at(tree, "merged"), 1);
    cJSON_Delete(tree);
    sandbox_close(s);
}

static void test_stats_requests_reset(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ .faults = "first=1:500,html:0" });
    struct sandbox_answer answer;
    cJSON *tree;

    (void)state;
    for (int round = 0; round < 2; round++) {
        code_at(s, WEB(GOOD), NOW);
        code_at(s, WEB(GOOD), NOW);
        code_at(s, WEB("{}"), NOW + 1);
        tree = get(s, "/stats");
        assert_json(tree, "{'requests':3,'accepted_requests':1,'accepted':1,'unique':1,'merged':0,"
                          "'dropped':0,'keys':0,'bodies':1,'codes':{'0':1,'40002':1},"
                          "'faults':{'500':1,'html':0}}");
        cJSON_Delete(tree);
        tree = get(s, "/requests");
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "requests")), 3);
        if (round == 0)
            assert_json(tree,
                        "{'requests':["
                        "{'received':1795181652,'status':500,'code':null,'message':null,"
                        "'fault':'500','events':0,'request_id':'202611201334120000000000000001'},"
                        "{'received':1795181652,'status':200,'code':0,'message':'OK','fault':null,"
                        "'events':1,'request_id':'202611201334120000000000000002'},"
                        "{'received':1795181653,'status':200,'code':40002,'message':"
                        "'data.0: must not be empty; leave the key out" STRICTER "','fault':null,"
                        "'events':0,'request_id':'202611201334130000000000000003'}]}");
        cJSON_Delete(tree);
        answer = ask(s, true, "/reset", (struct slice){ 0 }, NOW);
        assert_int_equal(answer.code, 0);
        buf_free(&answer.body);
        assert_totals(s, 0, 0, 0, 0);
    }
    sandbox_close(s);
}

static void test_requests_bound(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ 0 });
    cJSON *tree;

    (void)state;
    for (int i = 0; i < 103; i++)
        code_at(s, WEB(GOOD), NOW + i);
    tree = get(s, "/requests");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "requests")), 100);
    assert_int_equal(
        number_at(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "requests"), 0),
                  "received"),
        NOW + 3);
    cJSON_Delete(tree);
    sandbox_close(s);
}

/* ---- faults ---- */

#define PAGE_OF(title)                                                                             \
    "<html>\r\n<head><title>" title "</title></head>\r\n<body>\r\n<center><h1>" title              \
    "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

struct fault_case {
    const char *spec;
    enum sandbox_action action;
    int status, code;
    unsigned retry_after, stall_seconds;
    int accepted;     /* events known to the sandbox afterwards */
    const char *body; /* NULL: not compared */
};

static const struct fault_case fault_cases[] = {
    { "429", SANDBOX_ANSWER, 429, -1, 1, 0, 0, PAGE_OF("429 Too Many Requests") },
    { "429=7", SANDBOX_ANSWER, 429, -1, 7, 0, 0, NULL },
    { "429=none", SANDBOX_ANSWER, 429, -1, 0, 0, 0, NULL },
    { "500", SANDBOX_ANSWER, 500, -1, 0, 0, 0, PAGE_OF("500 Internal Server Error") },
    { "502:1", SANDBOX_ANSWER, 502, -1, 0, 0, 0, PAGE_OF("502 Bad Gateway") },
    { "503:1.0", SANDBOX_ANSWER, 503, -1, 0, 0, 0, PAGE_OF("503 Service Temporarily Unavailable") },
    { "code=40100", SANDBOX_ANSWER, 200, 40100, 0, 0, 0,
      "{\"code\":40100,\"message\":\"Too many requests. Please retry in some time.\","
      "\"request_id\":\"202611201334120000000000000001\",\"data\":{}}" },
    { "code=51010", SANDBOX_ANSWER, 200, 51010, 0, 0, 0,
      "{\"code\":51010,\"message\":\"An error that was asked for.\","
      "\"request_id\":\"202611201334120000000000000001\",\"data\":{}}" },
    { "code=20001", SANDBOX_ANSWER, 200, 20001, 0, 0, 1, NULL },
    { "stall", SANDBOX_STALL, 0, -1, 0, 60, 0, "" },
    { "stall=5", SANDBOX_STALL, 0, -1, 0, 5, 0, "" },
    { "stall-after=5", SANDBOX_STALL, 0, -1, 0, 5, 1, "" },
    { "reset", SANDBOX_RESET, 0, -1, 0, 0, 0, "" },
    { "reset-after", SANDBOX_RESET, 0, -1, 0, 0, 1, "" },
    { "html", SANDBOX_ANSWER, 200, -1, 0, 0, 0, PAGE_OF("Welcome to nginx!") },
    { "garbage", SANDBOX_RAW, 0, -1, 0, 0, 0, NULL },
    { "cut", SANDBOX_RAW, 200, -1, 0, 0, 1,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 81\r\n\r\n"
      "{\"code\":0,\"message\":\"OK\",\"request_id\":\"2" },
    { " html:0 , 500 ", SANDBOX_ANSWER, 500, -1, 0, 0, 0, NULL },
    { "html:0", SANDBOX_ANSWER, 200, 0, 0, 0, 1, NULL },
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fault_cases) / sizeof(fault_cases[0]); i++) {
        const struct fault_case *c = &fault_cases[i];
        struct sandbox *s = desk_open((struct sandbox_settings){ .faults = c->spec });
        struct sandbox_answer answer = post_at(s, WEB(GOOD), NOW);

        assert_int_equal(answer.action, c->action);
        assert_int_equal(answer.status, c->status);
        assert_int_equal(answer.code, c->code);
        assert_int_equal(answer.retry_after, c->retry_after);
        assert_int_equal(answer.stall_seconds, c->stall_seconds);
        if (c->body && !slice_eq(buf_slice(&answer.body), slice_from(c->body)))
            fail_msg("%s: %.*s", c->spec, SLICE_ARG(buf_slice(&answer.body)));
        buf_free(&answer.body);
        assert_totals(s, c->accepted, c->accepted, 0, 0); /* views never misbehave */
        sandbox_close(s);
    }
}

/* An honest refusal is not turned into PARTIAL_OK. */
static void test_partial_ok(void **state)
{
    struct sandbox *s = desk_open((struct sandbox_settings){ .faults = "code=20001" });

    (void)state;
    assert_int_equal(code_at(s, WEB("{}"), NOW), 40002);
    sandbox_close(s);
}

static void test_first(void **state)
{
    static const int expected[] = { 40100, 40100, 50000, 0, 0 };
    struct sandbox *s =
        desk_open((struct sandbox_settings){ .faults = "first=2:code=40100,first=1:code=50000" });

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(code_at(s, WEB(GOOD), NOW), expected[i]);
    sandbox_close(s);
}

static int count_hits(const char *faults, uint64_t seed, char *pattern)
{
    struct sandbox *s =
        desk_open((struct sandbox_settings){ .faults = faults, .seed = seed, .rate = 1000000 });
    int hits = 0;

    for (int i = 0; i < 2000; i++) {
        bool hit = code_at(s, WEB(GOOD), NOW) != 0;
        pattern[i] = hit ? 'x' : '.';
        hits += hit;
    }
    sandbox_close(s);
    return hits;
}

static void test_dice(void **state)
{
    char a[2000], b[2000], c[2000];
    int hits = count_hits("code=40100:0.25", 1, a);

    (void)state;
    assert_in_range(hits, 430, 570); /* 500 by the odds, sigma 19 */
    count_hits("code=40100:0.25", 1, b);
    count_hits("code=40100:0.25", 2, c);
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, c, sizeof(a));
}

#define WORDS                                                                                      \
    "; the words are: 429[=SECONDS|=none] 500 502 503 code=N stall[=SECONDS] "                     \
    "stall-after[=SECONDS] reset reset-after garbage html cut; each may end in :PROBABILITY from " \
    "0 to 1 and begin with first=N:"

static const struct {
    const char *spec, *error;
} bad_specs[] = {
    { "", "fault \"\": unknown" WORDS },
    { "504", "fault \"504\": unknown; did you mean \"500\"?" WORDS },
    { "resett", "fault \"resett\": unknown; did you mean \"reset\"?" WORDS },
    { "500,,502", "fault \"\": unknown" WORDS },
    { "500:1.5", "fault \"500:1.5\": the probability is no number from 0 to 1" WORDS },
    { "500:", "fault \"500:\": the probability is no number from 0 to 1" WORDS },
    { "500:0.", "fault \"500:0.\": the probability is no number from 0 to 1" WORDS },
    { "500:.5", "fault \"500:.5\": the probability is no number from 0 to 1" WORDS },
    { "500:0.0000001", "fault \"500:0.0000001\": the probability is no number from 0 to 1" WORDS },
    { "500:-1", "fault \"500:-1\": the probability is no number from 0 to 1" WORDS },
    { "500=1", "fault \"500=1\": the part behind = does not fit" WORDS },
    { "429=0", "fault \"429=0\": the part behind = does not fit" WORDS },
    { "code", "fault \"code\": a code is needed" WORDS },
    { "code=x", "fault \"code=x\": the part behind = does not fit" WORDS },
    { "code=0", "fault \"code=0\": the part behind = does not fit" WORDS },
    { "code=100000", "fault \"code=100000\": the part behind = does not fit" WORDS },
    { "stall=3601", "fault \"stall=3601\": the part behind = does not fit" WORDS },
    { "first=2", "fault \"first=2\": first=N: takes a whole number and a fault" WORDS },
    { "first=0:500", "fault \"first=0:500\": first=N: takes a whole number and a fault" WORDS },
    { "first=1:first=1:500",
      "fault \"first=1:first=1:500\": the probability is no number from 0 to 1" WORDS },
    { "500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,500,"
      "500,500,500,500,500,500,500,500,500,500",
      "more than 32 faults" },
};

static void test_bad_specs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_specs) / sizeof(bad_specs[0]); i++) {
        struct sandbox_settings settings = { .faults = bad_specs[i].spec };
        struct err err = { 0 };
        assert_null(sandbox_open(&settings, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        assert_string_equal(err.text, bad_specs[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_memory_bound),
        cmocka_unit_test(test_memory_model),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_verbatim),
        cmocka_unit_test(test_bodies_bound),
        cmocka_unit_test(test_stats_requests_reset),
        cmocka_unit_test(test_requests_bound),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_partial_ok),
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_dice),
        cmocka_unit_test(test_bad_specs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
