#include "adapters/tiktok/sender.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/scripted_http.h"
#include "tests/support/sender_host.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PATH   "/open_api/v1.3/event/track/"
#define TOKEN  "0123456789abcdef0123456789abcdef01234567"
#define TOKEN2 "fedcba9876543210fedcba9876543210fedcba98"
#define OK_BODY "{\"code\":0,\"message\":\"OK\",\"request_id\":\"r-1\",\"data\":{}}"
#define MINUTE 60000

/* A host, a server and a sender between them. */
struct rig {
    struct host host;
    struct scripted_http *http;
    struct sender *sender;
    struct sender_settings settings;
    struct sender_pixel pixels[2];
    char endpoint[100];
    struct err err;
    /* the server's script: the n-th request gets the n-th step, after the last all is accepted */
    const struct scripted_answer *steps;
    size_t step_count;
    int bad_code;     /* refuse requests with an event that has the word bad in it */
    int bad_status;   /* not 0: by a page with this status */
    bool bad_unnamed; /* and do not say which one */
    const char *only; /* steps are for this pixel only */
    size_t only_count;
    uint64_t dice; /* not 0: random faults */
};

static size_t events_in(struct slice body)
{
    size_t n = 0, at;

    while ((at = slice_find(body, S("{\"event\":"))) < body.len) {
        n++;
        body = slice_from_at(body, at + 1);
    }
    return n;
}

static bool contains(struct slice body, const char *text)
{
    return slice_find(body, slice_from(text)) < body.len;
}

static void answer_json(struct scripted_answer *a, int code, const char *message)
{
    snprintf(a->body, sizeof(a->body), "{\"code\":%d,\"message\":\"%s\",\"request_id\":\"r-1\"}",
             code, message);
}

static void refuse_bad(const struct rig *rig, struct slice body, struct scripted_answer *a)
{
    size_t at = slice_find(body, S("bad"));
    char words[100] = "something is wrong";

    if (!rig->bad_unnamed)
        snprintf(words, sizeof(words), "data.%zu.user.email: Not a valid string",
                 events_in(slice_head(body, at)) - 1);
    answer_json(a, rig->bad_code, words);
}

static uint32_t throw_dice(struct rig *rig)
{
    rig->dice = rig->dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rig->dice >> 33);
}

static void random_fault(struct rig *rig, struct scripted_answer *a)
{
    switch (throw_dice(rig) % 12) {
    case 0:
        a->action = SCRIPTED_RESET;
        break;
    case 1:
        a->action = SCRIPTED_CLOSE;
        break;
    case 2:
        a->action = SCRIPTED_CUT;
        break;
    case 3:
        a->status = 500;
        snprintf(a->body, sizeof(a->body), "<html>500</html>");
        break;
    case 4:
        answer_json(a, 40100, "Too many requests. Please retry in some time.");
        break;
    case 5:
        a->padding = 70000;
        break;
    default:
        break;
    }
}

static void on_request(void *context, const struct scripted_request *r, struct scripted_answer *a)
{
    struct rig *rig = context;
    size_t step = r->number;

    snprintf(a->body, sizeof(a->body), "%s", OK_BODY);
    if (rig->only) {
        if (!contains(r->body, rig->only))
            return;
        step = rig->only_count++;
    }
    if (step < rig->step_count)
        *a = rig->steps[step];
    else if (rig->bad_status && contains(r->body, "bad"))
        *a = (struct scripted_answer){ .status = rig->bad_status, .body = "<html>" };
    else if (rig->bad_code && contains(r->body, "bad"))
        refuse_bad(rig, r->body, a);
    else if (rig->dice)
        random_fault(rig, a);
}

static int rig_setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    if (!rig)
        return -1;
    host_init(&rig->host);
    rig->host.secrets[0] = TOKEN;
    rig->host.secrets[1] = TOKEN2;
    rig->http = scripted_open(on_request, rig);
    snprintf(rig->endpoint, sizeof(rig->endpoint), "http://127.0.0.1:%d" PATH,
             scripted_port(rig->http));
    rig->pixels[0] = (struct sender_pixel){ S("PX"), S(TOKEN), S("web") };
    rig->pixels[1] = (struct sender_pixel){ S("PY"), S(TOKEN2), S("web") };
    rig->settings = (struct sender_settings){ .endpoint = slice_from(rig->endpoint),
                                              .pixels = rig->pixels, .pixel_count = 1,
                                              .jitter_seed = 7 };
    *state = rig;
    return 0;
}

static void rig_open(struct rig *rig)
{
    struct sender_host api = host_api(&rig->host);

    rig->sender = sender_open(&rig->settings, &api, &rig->err);
    if (!rig->sender)
        fail_msg("sender_open: %s", rig->err.text);
}

static void rig_close(struct rig *rig, unsigned grace_ms)
{
    sender_close(rig->sender, grace_ms);
    rig->sender = NULL;
    if (rig->host.problem[0])
        fail_msg("%s", rig->host.problem);
}

static int rig_teardown(void **state)
{
    struct rig *rig = *state;
    bool broken;

    sender_close(rig->sender, 0);
    broken = rig->host.problem[0] != '\0';
    if (broken)
        print_error("%s\n", rig->host.problem);
    scripted_close(rig->http);
    host_free(&rig->host);
    free(rig);
    return broken ? -1 : 0;
}

/* Events {"event":"E1"} ... of pixel. */
static void add_events(struct rig *rig, const char *pixel, size_t n)
{
    char body[64];

    for (size_t i = 0; i < n; i++) {
        snprintf(body, sizeof(body), "{\"event\":\"E%zu\"}", i + 1);
        host_add(&rig->host, pixel, body, NULL);
    }
}

static struct sender_pixel_state state_of(struct rig *rig, size_t i)
{
    struct sender_pixel_state *list, out;
    struct arena arena;
    size_t count;

    host_pass(&rig->host, rig->sender, 0); /* what is shown is of the end of a round */
    arena_init(&arena, 1 << 20);
    assert_int_equal(sender_states(rig->sender, &arena, &list, &count), 0);
    assert_true(i < count);
    out = list[i];
    assert_true(slice_eq(out.pixel, rig->pixels[i].pixel));
    out.pixel = rig->pixels[i].pixel;
    arena_free(&arena);
    return out;
}

static void assert_body(struct rig *rig, size_t number, const char *expected)
{
    struct slice body = scripted_get(rig->http, number).body;

    if (!slice_eq(body, slice_from(expected)))
        fail_msg("request %zu: %.*s, not %s", number, SLICE_ARG(body), expected);
}

/* ---- the request ---- */

static void test_request(void **state)
{
    struct rig *rig = *state;
    const char *head;

    host_add(&rig->host, "PX", "{\"event\":\"Purchase\",\"event_time\":1}", NULL);
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* must not be asked */
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    assert_body(rig, 0, "{\"event_source\":\"web\",\"event_source_id\":\"PX\",\"data\":["
                        "{\"event\":\"Purchase\",\"event_time\":1}]}");
    head = scripted_get(rig->http, 0).head;
    assert_ptr_equal(strstr(head, "POST " PATH " HTTP/1.1\r\n"), head);
    assert_non_null(strstr(head, "\r\nAccess-Token: " TOKEN "\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: clickbaton/" CLICKBATON_VERSION "\r\n"));
    assert_null(strstr(head, "Expect"));
    assert_null(strstr(head, "Cookie"));
    assert_null(strstr(head, "Authorization"));
    assert_int_equal(host_event(&rig->host, 1).state, HOST_DELIVERED);
    assert_int_equal(host_last(&rig->host).http_status, 200);
    assert_int_equal(host_last(&rig->host).code, 0);
    assert_int_equal(host_last(&rig->host).at, 1780000000000);
    assert_string_equal(host_last(&rig->host).pixel, "PX");
    assert_string_equal(host_last(&rig->host).message, "OK");
    assert_string_equal(host_last(&rig->host).request_id, "r-1");
    rig_close(rig, 0);
    assert_int_equal(rig->host.log.len, 0); /* quiet when all is well */
}

static void test_defaults_and_escapes(void **state)
{
    struct rig *rig = *state;

    rig->pixels[0] = (struct sender_pixel){ S("P\"X"), S(TOKEN), S("") };
    host_add(&rig->host, "P\"X", "{\"event\":\"E\"}", "TEST\"1");
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    assert_body(rig, 0,
                "{\"event_source\":\"web\",\"event_source_id\":\"P\\\"X\","
                "\"test_event_code\":\"TEST\\\"1\",\"data\":[{\"event\":\"E\"}]}");
}

static void test_test_codes(void **state)
{
    struct rig *rig = *state;

    host_add(&rig->host, "PX", "{\"event\":\"A\"}", NULL);
    host_add(&rig->host, "PX", "{\"event\":\"B\"}", "TEST1");
    host_add(&rig->host, "PX", "{\"event\":\"C\"}", NULL);
    host_add(&rig->host, "PX", "{\"event\":\"D\"}", "TEST1");
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 4));
    assert_int_equal(scripted_count(rig->http), 2);
    assert_body(rig, 0, "{\"event_source\":\"web\",\"event_source_id\":\"PX\",\"data\":["
                        "{\"event\":\"A\"},{\"event\":\"C\"}]}");
    assert_body(rig, 1, "{\"event_source\":\"web\",\"event_source_id\":\"PX\","
                        "\"test_event_code\":\"TEST1\",\"data\":[{\"event\":\"B\"},"
                        "{\"event\":\"D\"}]}");
}

/* Accepted all the same; the log names the request, the words are in the report only. */
static void test_warnings(void **state)
{
    static const struct scripted_answer steps[] = {
        { .body = "{\"code\":20001,\"message\":\"partly\",\"request_id\":\"r-7\"}" },
        { .body = "{\"code\":0,\"message\":\"dropped user.ip 198.51.100.7\"}" },
    };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    assert_string_equal(host_last(&rig->host).message, "partly");
    add_events(rig, "PX", 1); /* of two the sender may take the first alone */
    sender_wake(rig->sender, S("PX"));
    assert_true(host_wait_reports(&rig->host, 2));
    assert_string_equal(host_last(&rig->host).message, "dropped user.ip 198.51.100.7");
    assert_int_equal(host_count(&rig->host, HOST_DELIVERED), 2);
    rig_close(rig, 0);
    assert_true(host_logged(&rig->host, "level=warning event=accepted-with-warning pixel=PX "
                                        "events=1 http=200 code=20001"));
    assert_true(host_logged(&rig->host, " request_id=\"r-7\"\n"));
    assert_true(host_logged(&rig->host, "pixel=PX events=1 http=200 code=0"));
    assert_false(host_logged(&rig->host, "198.51.100.7"));
}

/* ---- batches ---- */

static void test_gathers_while_in_flight(void **state)
{
    struct rig *rig = *state;
    const struct scripted_answer steps[] = { { .hold = true, .body = OK_BODY } };

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 1)); /* at once: one event, nothing in flight */
    for (int i = 0; i < 15; i++) {
        add_events(rig, "PX", 100);
        host_pass(&rig->host, rig->sender, 1);
    }
    assert_int_equal(scripted_count(rig->http), 1);
    assert_int_equal(host_read(&rig->host, &rig->host.takes), 1);
    scripted_release(rig->http);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1501));
    assert_int_equal(scripted_count(rig->http), 3);
    assert_int_equal(events_in(scripted_get(rig->http, 0).body), 1);
    assert_int_equal(events_in(scripted_get(rig->http, 1).body), 1000);
    assert_int_equal(events_in(scripted_get(rig->http, 2).body), 500);
    rig_close(rig, 0);
}

/* Full batches go side by side, up to four; one that is not full waits until it is alone. */
static void test_parallel(void **state)
{
    static const struct {
        size_t events, side_by_side, last;
    } cases[] = {
        { 1300, 1, 300 }, { 2000, 2, 1000 }, { 3999, 3, 999 }, { 4000, 4, 1000 }, { 5500, 4, 500 },
    };
    const struct scripted_answer held = { .hold = true, .body = OK_BODY };
    const struct scripted_answer steps[] = { held, held, held, held, held, held };

    for (size_t i = 0; i < LEN(cases); i++) {
        void *own = NULL;
        struct rig *rig;
        size_t requests = (cases[i].events + 999) / 1000;
        (void)state;
        assert_int_equal(rig_setup(&own), 0);
        rig = own;
        rig->steps = steps;
        rig->step_count = LEN(steps);
        add_events(rig, "PX", cases[i].events);
        rig_open(rig);
        assert_true(scripted_wait(rig->http, cases[i].side_by_side));
        host_pass(&rig->host, rig->sender, 0);
        assert_int_equal(scripted_count(rig->http), cases[i].side_by_side);
        assert_int_equal(state_of(rig, 0).requests, cases[i].side_by_side);
        scripted_release(rig->http);
        assert_true(host_wait_count(&rig->host, HOST_DELIVERED, cases[i].events));
        assert_int_equal(scripted_count(rig->http), requests);
        assert_int_equal(events_in(scripted_get(rig->http, requests - 1).body), cases[i].last);
        assert_int_equal(rig_teardown(&own), 0);
    }
}

static void test_bytes_cap(void **state)
{
    struct rig *rig = *state;
    size_t size = 300 << 10, largest = 0, events = 0;
    char *body = malloc(size + 1);

    assert_non_null(body);
    memset(body, ' ', size);
    memcpy(body, "{\"event\":\"E\"", 12);
    body[size - 1] = '}';
    body[size] = '\0';
    for (int i = 0; i < 30; i++)
        host_add(&rig->host, "PX", body, NULL);
    free(body);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 30));
    for (size_t i = 0; i < scripted_count(rig->http); i++) {
        struct slice sent = scripted_get(rig->http, i).body;
        assert_null(strstr(scripted_get(rig->http, i).head, "Expect"));
        largest = sent.len > largest ? sent.len : largest;
        events += events_in(sent);
    }
    assert_int_equal(scripted_count(rig->http), 3); /* 13, 13 and 4 events */
    assert_int_equal(events, 30);
    assert_true(largest < (4 << 20) + 200);
    rig_close(rig, 0);
}

/* ---- a bad event ---- */

static void add_with_bad(struct rig *rig, size_t n, size_t bad)
{
    char body[64];

    for (size_t i = 0; i < n; i++) {
        snprintf(body, sizeof(body), "{\"event\":\"%s%zu\"}", i == bad ? "bad" : "E", i);
        host_add(&rig->host, "PX", body, NULL);
    }
}

static void test_bad_event_by_index(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 5; bad++) {
        char note[100], rest[200] = "{\"event_source\":\"web\",\"event_source_id\":\"PX\","
                                    "\"data\":[";
        void *own = NULL;
        struct rig *rig;
        assert_int_equal(rig_setup(&own), 0);
        rig = own;
        rig->bad_code = 40002;
        add_with_bad(rig, 5, bad);
        rig_open(rig);
        assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 4));
        assert_true(host_wait_count(&rig->host, HOST_DEAD, 1));
        snprintf(note, sizeof(note),
                 "TikTok 40002 PARAM_ERROR: data.%zu.user.email: Not a valid string", bad);
        assert_int_equal(host_event(&rig->host, (int64_t)bad + 1).state, HOST_DEAD);
        assert_string_equal(host_event(&rig->host, (int64_t)bad + 1).note, note);
        for (size_t i = 0, first = 1; i < 5; i++) {
            if (i == bad)
                continue;
            snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "%s{\"event\":\"E%zu\"}",
                     first ? "" : ",", i);
            first = 0;
        }
        strcat(rest, "]}");
        assert_int_equal(scripted_count(rig->http), 2);
        assert_body(rig, 1, rest);
        assert_int_equal(host_read(&rig->host, &rig->host.reports), 2);
        assert_int_equal(state_of(rig, 0).dead, 1);
        assert_int_equal(state_of(rig, 0).delivered, 4);
        rig_close(rig, 0);
        assert_int_equal(rig->host.ended[SENDER_ENDED_REFUSED], 1);
        assert_int_equal(rig->host.ended_events[SENDER_ENDED_REFUSED], 5);
        assert_int_equal(rig->host.ended[SENDER_ENDED_ACCEPTED], 1);
        assert_int_equal(rig->host.ended_events[SENDER_ENDED_ACCEPTED], 4);
        assert_int_equal(rig->host.last_ended.code, 0);
        assert_int_equal(rig->host.last_ended.http_status, 200);
        assert_true(host_logged(&rig->host, "event=event-refused pixel=PX events=1 http=200 "
                                            "code=40002"));
        assert_int_equal(rig_teardown(&own), 0);
    }
}

static void test_bad_event_by_halving(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 8; bad++) {
        void *own = NULL;
        struct rig *rig;
        assert_int_equal(rig_setup(&own), 0);
        rig = own;
        rig->bad_code = 40000;
        rig->bad_unnamed = true;
        add_with_bad(rig, 8, bad);
        rig_open(rig);
        assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 7));
        assert_true(host_wait_count(&rig->host, HOST_DEAD, 1));
        assert_int_equal(host_event(&rig->host, (int64_t)bad + 1).state, HOST_DEAD);
        assert_string_equal(host_event(&rig->host, (int64_t)bad + 1).note,
                            "TikTok 40000 INVALID_PARAMS: something is wrong");
        rig_close(rig, 0);
        assert_int_equal(scripted_count(rig->http), 7); /* 8, then 4 4, 2 2, 1 1 */
        assert_int_equal(rig_teardown(&own), 0);
    }
}

static void test_all_bad(void **state)
{
    struct rig *rig = *state;

    rig->bad_code = 40062;
    rig->bad_unnamed = true;
    for (int i = 0; i < 9; i++)
        host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DEAD, 9));
    rig_close(rig, 0);
    assert_int_equal(scripted_count(rig->http), 17); /* 2 n - 1 */
    assert_int_equal(host_read(&rig->host, &rig->host.reports), 9);
}

/* Time passes, and every answer comes. */
static void pass(struct rig *rig, int64_t ms)
{
    host_pass(&rig->host, rig->sender, ms);
    assert_true(host_wait_idle(&rig->host));
}

/* A bad event at every place of every small batch, named or not, and two of them. */
static void check_places(size_t n, size_t bad, size_t second, bool unnamed)
{
    void *own = NULL;
    struct rig *rig;
    size_t bads = bad == second ? 1 : 2;
    bool told = !unnamed || bads < n; /* else nothing shows whose fault it is */

    assert_int_equal(rig_setup(&own), 0);
    rig = own;
    rig->bad_code = 40002;
    rig->bad_unnamed = unnamed;
    for (size_t i = 0; i < n; i++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"event\":\"%s%zu\"}",
                 i == bad || i == second ? "bad" : "E", i);
        host_add(&rig->host, "PX", body, NULL);
    }
    rig_open(rig);
    if (!host_wait_count(&rig->host, HOST_DELIVERED, n - bads) ||
        !(told ? host_wait_count(&rig->host, HOST_DEAD, bads)
               : host_wait_reports(&rig->host, (unsigned)bads)))
        fail_msg("%zu and %zu of %zu, %s: %zu delivered, %zu dead", bad, second, n,
                 unnamed ? "unnamed" : "named", host_count(&rig->host, HOST_DELIVERED),
                 host_count(&rig->host, HOST_DEAD));
    for (size_t i = 0; i < n; i++) {
        struct host_event ev = host_event(&rig->host, (int64_t)i + 1);
        bool is_bad = i == bad || i == second;
        assert_int_equal(ev.state, !is_bad ? HOST_DELIVERED : told ? HOST_DEAD : HOST_WAITING);
        assert_int_equal(ev.attempts, 1);
        if (is_bad)
            assert_non_null(strstr(ev.note, unnamed ? "TikTok 40002 PARAM_ERROR: something is wrong"
                                                    : ".user.email: Not a valid string"));
    }
    rig_close(rig, 0);
    assert_in_range(scripted_count(rig->http), 1, unnamed ? 2 * n : 1 + bads);
    assert_int_equal(rig_teardown(&own), 0);
}

static void test_every_place(void **state)
{
    static const size_t of_thousand[] = { 0, 1, 499, 500, 998, 999 };

    (void)state;
    for (size_t n = 1; n <= 16; n++)
        for (size_t bad = 0; bad < n; bad++) {
            check_places(n, bad, bad, false);
            check_places(n, bad, bad, true);
        }
    for (size_t a = 0; a < 6; a++)
        for (size_t b = a + 1; b < 6; b++) {
            check_places(6, a, b, false);
            check_places(6, a, b, true);
        }
    check_places(2, 0, 1, true);
    for (size_t i = 0; i < LEN(of_thousand); i++) {
        check_places(1000, of_thousand[i], of_thousand[i], false);
        check_places(1000, of_thousand[i], of_thousand[LEN(of_thousand) - 1 - i], true);
    }
}

/* Every event is refused and none is named: the request is wrong, not they.  All wait, small parts
 * are tried once a minute at most, and when it is right again all arrive. */
static void test_refused_whole(void **state)
{
    struct rig *rig = *state;
    int64_t day = INT64_C(24) * 60 * MINUTE;
    struct sender_pixel_state shown;
    size_t before;

    rig->bad_code = 40002;
    rig->bad_unnamed = true;
    for (int i = 0; i < 100; i++)
        host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    rig->host.events[99].created = rig->host.now - 28 * day + MINUTE; /* too old in a minute */
    host_run_clock(&rig->host); /* for the pace */
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 100));
    assert_int_equal(host_count(&rig->host, HOST_WAITING), 100);
    assert_int_equal(scripted_count(rig->http), 199);
    for (int64_t id = 1; id <= 100; id++) {
        struct host_event ev = host_event(&rig->host, id);
        assert_false(ev.unknown);
        assert_false(ev.in_turn);
        assert_in_range(ev.due - rig->host.now, 800, 6000);
        assert_string_equal(ev.note, "TikTok 40002 PARAM_ERROR: something is wrong");
    }
    shown = state_of(rig, 0);
    assert_true(shown.backing_off);
    assert_in_range(shown.failing_since - rig->host.now, 0, 6000);
    assert_string_equal(shown.why, "TikTok refuses every event with code 40002 and names none: is the "
                                   "pixel right, and its kind of events? Its words: clickbaton.db, "
                                   "table attempts");
    assert_true(host_logged(&rig->host, "level=warning event=refused-whole pixel=PX events=100"));
    for (int i = 0; i < 9; i++) { /* parts of SENDER_PROBE, a minute apart in the end */
        before = scripted_count(rig->http);
        pass(rig, 72001);
        assert_in_range(scripted_count(rig->http) - before, 1, 2 * SENDER_PROBE - 1);
    }
    assert_int_equal(host_event(&rig->host, 100).state, HOST_DEAD);
    assert_string_equal(host_event(&rig->host, 100).note,
                        "given up: not delivered within 28 days, and TikTok uses nothing older; the "
                        "last answer: TikTok 40002 PARAM_ERROR: something is wrong");
    assert_true(host_logged(&rig->host, "level=error event=given-up-too-old pixel=PX events=1"));
    assert_int_equal(host_count(&rig->host, HOST_DEAD), 1);
    pass(rig, 50 * MINUTE);
    assert_true(host_logged(&rig->host, "level=error event=refused-whole"));
    pthread_mutex_lock(&rig->host.lock);
    rig->bad_code = 0;
    pthread_mutex_unlock(&rig->host.lock);
    for (int i = 0; i < 3; i++)
        pass(rig, 18 * MINUTE);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 99));
    assert_int_equal(state_of(rig, 0).failing_since, 0);
}

/* Alone and unnamed it waits, until the pixel has accepted another. */
static void test_refused_alone(void **state)
{
    struct rig *rig = *state;

    rig->bad_code = 40000;
    rig->bad_unnamed = true;
    host_add(&rig->host, "PX", "{\"event\":\"E\"}", NULL);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    pass(rig, 0);
    for (unsigned i = 0; i < 3; i++) { /* its own tries prove nothing */
        assert_true(host_wait_reports(&rig->host, 2 + i));
        assert_int_equal(host_event(&rig->host, 2).state, HOST_WAITING);
        if (i < 2)
            pass(rig, 1201 << i); /* its wait, and its pixel's */
    }
    assert_in_range(host_event(&rig->host, 2).due - rig->host.now, 3200, 4800);
    pass(rig, 3000);
    host_add(&rig->host, "PX", "{\"event\":\"E2\"}", NULL);
    pass(rig, 1900); /* together, and one is accepted */
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 2));
    assert_true(host_wait_count(&rig->host, HOST_DEAD, 1));
    assert_string_equal(host_event(&rig->host, 2).note,
                        "TikTok 40000 INVALID_PARAMS: something is wrong");
    /* or between two tries of it */
    host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    pass(rig, 0);
    pass(rig, 1200);
    assert_int_equal(host_event(&rig->host, 4).attempts, 2);
    host_add(&rig->host, "PX", "{\"event\":\"E3\"}", NULL);
    rig->host.events[3].place = rig->host.now + 5 * MINUTE;
    pass(rig, 2 * MINUTE);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 3));
    assert_int_equal(host_event(&rig->host, 4).state, HOST_WAITING);
    pass(rig, 5 * MINUTE);
    assert_true(host_wait_count(&rig->host, HOST_DEAD, 2));
}

/* Events that waited through an outage, and then their pixel refuses everything: none dies. */
static void test_refused_after_outage(void **state)
{
    static const struct scripted_answer steps[] = { { .body = OK_BODY }, { .status = 503 } };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    rig->bad_code = 40002;
    rig->bad_unnamed = true;
    host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    for (int i = 0; i < 20; i++)
        host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    pass(rig, 0);
    for (int i = 0; i < 12; i++)
        pass(rig, 20 * MINUTE);
    assert_int_equal(host_count(&rig->host, HOST_DEAD), 0);
    assert_int_equal(host_count(&rig->host, HOST_WAITING), 20);
}

/* One event makes the API fall over, wherever it is: the others arrive, and few of them are sent with
 * it so often that their outcome is unknown for long. */
static void test_poison(void **state)
{
    static const size_t places[] = { 0, 1, 600, 999 };

    (void)state;
    for (size_t i = 0; i < LEN(places); i++) {
        void *own = NULL;
        struct rig *rig;
        int64_t start;
        assert_int_equal(rig_setup(&own), 0);
        rig = own;
        rig->bad_status = 500;
        add_with_bad(rig, 1000, places[i]);
        start = rig->host.now;
        rig_open(rig);
        for (int round = 0; round < 480 && host_count(&rig->host, HOST_DELIVERED) < 999; round++)
            pass(rig, 15000);
        if (host_count(&rig->host, HOST_DELIVERED) != 999)
            for (int64_t id = 1; id <= 1000; id++)
                if (host_event(&rig->host, id).state != HOST_DELIVERED)
                    print_error("poison at %zu: %lld has failed %u times, due in %lld ms\n", places[i],
                                (long long)id, host_event(&rig->host, id).attempts,
                                (long long)(host_event(&rig->host, id).due - rig->host.now));
        assert_int_equal(host_count(&rig->host, HOST_DELIVERED), 999);
        assert_int_equal(host_event(&rig->host, (int64_t)places[i] + 1).state, HOST_WAITING);
        assert_true(rig->host.now - start < 2 * 60 * MINUTE);
        rig_close(rig, 0);
        assert_int_equal(rig_teardown(&own), 0);
    }
}

/* A firewall's plain refusals: retried, loud after an hour, over after 28 days. */
static void test_firewall(void **state)
{
    struct rig *rig = *state;
    int64_t day = INT64_C(24) * 60 * MINUTE;

    rig->bad_status = 400;
    host_add(&rig->host, "PX", "{\"event\":\"bad\"}", NULL);
    rig->host.events[0].created = rig->host.now;
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    for (int i = 0; i < 8; i++)
        pass(rig, 18 * MINUTE);
    assert_true(host_logged(&rig->host, "level=warning event=retry pixel=PX"));
    assert_true(host_logged(&rig->host, "level=error event=retry pixel=PX"));
    pass(rig, 27 * day);
    assert_int_equal(host_event(&rig->host, 1).state, HOST_WAITING);
    pass(rig, day);
    assert_true(host_wait_count(&rig->host, HOST_DEAD, 1));
    assert_string_equal(host_event(&rig->host, 1).note,
                        "given up: not delivered within 28 days, and TikTok uses nothing older; the "
                        "last answer: HTTP 400: refused by something before TikTok");
    assert_int_equal(state_of(rig, 0).dead, 1);
}

/* Two bad events, an index that the batch does not have, and a body that is too large for some
 * gateway: all end well for the good events. */
static void test_bad_indexes(void **state)
{
    static const struct scripted_answer steps[] = {
        { .body = "{\"code\":40002,\"message\":\"data.3.x: bad; data.1.x: bad\"}" },
        { .body = "{\"code\":40002,\"message\":\"data.1.x: bad\"}" },
        { .body = "{\"code\":40002,\"message\":\"data.2.x: out of range\"}" },
        { .status = 413, .body = "<html>too large" },
    };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 4);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    assert_true(host_wait_count(&rig->host, HOST_DEAD, 3));
    /* E4 by index, E2 by index, then E1 E3 are halved: one of them meets the 413 alone */
    assert_int_equal(host_event(&rig->host, 4).state, HOST_DEAD);
    assert_string_equal(host_event(&rig->host, 4).note,
                        "TikTok 40002 PARAM_ERROR: data.3.x: bad; data.1.x: bad");
    assert_int_equal(host_event(&rig->host, 2).state, HOST_DEAD);
    rig_close(rig, 0);
    assert_int_equal(scripted_count(rig->http), 5);
}

/* ---- trying again ---- */

struct fault {
    const char *name;
    struct scripted_answer answer;
    bool unknown;
    int http_status;
    int64_t code, wait_min, wait_max;
    const char *note;
};

#define UNSURE "the answer is not TikTok's JSON, so the outcome is not known"

static char long_interim[90000]; /* filled by test_faults */

static const struct fault faults[] = {
    { "40100", { .status = 401, .body = "{\"code\":40100,\"message\":\"m\"}" }, false, 401, 40100,
      800, 1200, "TikTok 40100 REQUEST_TOO_FREQUENT: m" },
    { "an unlisted code", { .body = "{\"code\":77,\"message\":\"m\"}" }, false, 200, 77, 800, 1200,
      "TikTok 77 (not in our table): m" },
    { "50002", { .body = "{\"code\":50002,\"message\":\"m\"}" }, true, 200, 50002, 800, 1200,
      "TikTok 50002 SYS_TIMEOUT: m" },
    { "429 with seconds", { .status = 429, .headers = "Retry-After: 120\r\n", .body = "slow" },
      false, 429, -1, 120000, 120000, "HTTP 429: too many requests" },
    { "429 with a date",
      { .status = 429, .headers = "retry-after: Thu, 28 May 2026 20:26:50 GMT\r\n",
        .body = "slow" },
      false, 429, -1, 10000, 10000, "HTTP 429: too many requests" },
    { "a short Retry-After", { .status = 429, .headers = "Retry-After: 0\r\n", .body = "slow" },
      false, 429, -1, 800, 1200, "HTTP 429: too many requests" },
    { "a Retry-After past all sense",
      { .status = 429, .headers = "Retry-After: 99999999999999\r\n", .body = "slow" }, false, 429,
      -1, 86400000, 86400000, "HTTP 429: too many requests" },
    { "a Retry-After that no number holds",
      { .status = 429, .headers = "Retry-After: 99999999999999999999999\r\n", .body = "slow" },
      false, 429, -1, 86400000, 86400000, "HTTP 429: too many requests" },
    { "500 in HTML", { .status = 500, .body = "<html>500</html>" }, true, 500, -1, 800, 1200,
      "HTTP 500: " UNSURE },
    { "200 in HTML", { .status = 200, .body = "<html>" }, true, 200, -1, 800, 1200,
      "HTTP 200: " UNSURE },
    { "an answer past 64 KB", { .status = 200, .body = OK_BODY, .padding = 66000 }, true, 200, -1,
      800, 1200, "HTTP 200: " UNSURE },
    { "an answer past 64 KB, and cut",
      { .action = SCRIPTED_CUT, .body = OK_BODY, .padding = 200000 }, true, 200, -1, 800, 1200,
      "HTTP 200: " UNSURE },
    { "headers past 64 KB", { .status = 429, .headers = "X: 1\r\n", .interim = long_interim },
      true, 100, -1, 800, 1200, "HTTP 100: " UNSURE },
    { "a Retry-After that is not the answer's",
      { .status = 429, .interim = "HTTP/1.1 103 Early Hints\r\nRetry-After: 500\r\n\r\n" }, false,
      429, -1, 800, 1200, "HTTP 429: too many requests" },
    { "a redirect", { .status = 302, .headers = "Location: http://127.0.0.1:1/\r\n" }, false, 302,
      -1, 800, 1200, "HTTP 302: a redirect, not followed; check tiktok.endpoint" },
    { "close", { .action = SCRIPTED_CLOSE }, true, 0, -1, 800, 1200,
      "no answer: " },
    { "reset", { .action = SCRIPTED_RESET }, true, 0, -1, 800, 1200,
      "no answer: " },
    { "cut", { .action = SCRIPTED_CUT, .body = OK_BODY }, true, 0, -1, 800, 1200,
      "no answer: " },
    { "cut in the headers of a refusal", { .action = SCRIPTED_CUT, .status = 400, .body = "[]" },
      true, 0, -1, 800, 1200, "no answer: " },
};

/* What is expected ends in ": " where the rest is libcurl's words. */
static bool says(const char *text, const char *expected)
{
    size_t n = strlen(expected);

    if (n > 2 && strcmp(expected + n - 2, ": ") == 0)
        return strncmp(text, expected, n) == 0 && text[n] != '\0';
    return strcmp(text, expected) == 0;
}

static void check_fault(const struct fault *f)
{
    void *own = NULL;
    struct host_event ev;
    struct rig *rig;
    int64_t wait;

    assert_int_equal(rig_setup(&own), 0);
    rig = own;
    rig->steps = &f->answer;
    rig->step_count = 1;
    add_events(rig, "PX", 3);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    for (int64_t id = 1; id <= 3; id++) {
        ev = host_event(&rig->host, id);
        wait = ev.due - rig->host.now;
        if (ev.state != HOST_WAITING || ev.unknown != f->unknown || wait < f->wait_min ||
            wait > f->wait_max || !says(ev.note, f->note) || ev.retries != 1)
            fail_msg("%s: state %d unknown %d wait %lld note \"%s\"", f->name, ev.state,
                     ev.unknown, (long long)wait, ev.note);
    }
    assert_int_equal(host_last(&rig->host).http_status, f->http_status);
    assert_int_equal(host_last(&rig->host).code, f->code);
    assert_int_equal(host_last(&rig->host).count, 3);

    /* not before its time, also not for new events of the pixel */
    wait = ev.due - rig->host.now;
    add_events(rig, "PX", 1);
    host_pass(&rig->host, rig->sender, wait - 1);
    assert_int_equal(scripted_count(rig->http), 1);
    assert_true(state_of(rig, 0).backing_off);
    assert_false(state_of(rig, 0).paused);
    assert_string_equal(state_of(rig, 0).why, ev.note);
    host_pass(&rig->host, rig->sender, 1);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 4));
    host_pass(&rig->host, rig->sender, 0);
    assert_false(state_of(rig, 0).backing_off);
    assert_string_equal(state_of(rig, 0).why, "");
    assert_int_equal(state_of(rig, 0).retried, 3);
    assert_int_equal(scripted_count(rig->http), 2);
    rig_close(rig, 0);
    assert_true(host_logged(&rig->host, f->unknown ? "level=warning event=outcome-unknown pixel=PX"
                                                   : "level=warning event=retry pixel=PX"));
    assert_int_equal(rig_teardown(&own), 0);
}

static void test_faults(void **state)
{
    size_t at;

    (void)state;
    strcpy(long_interim, "HTTP/1.1 100 Continue\r\n");
    for (at = strlen(long_interim); at < sizeof(long_interim) - 200; at += 102) {
        memcpy(long_interim + at, "X: ", 3);
        memset(long_interim + at + 3, 'x', 97);
        memcpy(long_interim + at + 100, "\r\n", 2);
    }
    strcpy(long_interim + at, "\r\n");
    for (size_t i = 0; i < LEN(faults); i++)
        check_fault(&faults[i]);
}

/* 1, 2, 4 ... 900 seconds and no more, each times 0.8 to 1.2; one success and it starts anew. */
static void test_backoff(void **state)
{
    static struct scripted_answer steps[14];
    struct rig *rig = *state;
    int64_t expect = 1000;

    for (size_t i = 0; i < LEN(steps); i++)
        answer_json(&steps[i], i == 12 ? 0 : 61000, "m");
    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1);
    rig_open(rig);
    for (unsigned i = 0; i < 12; i++) {
        int64_t wait;
        assert_true(host_wait_reports(&rig->host, i + 1));
        wait = host_event(&rig->host, 1).due - rig->host.now;
        if (wait < expect * 8 / 10 || wait > expect * 12 / 10)
            fail_msg("wait %u: %lld, not %lld", i, (long long)wait, (long long)expect);
        expect = expect * 2 < 900000 ? expect * 2 : 900000;
        host_pass(&rig->host, rig->sender, i < 8 ? wait : wait * 3 / 2); /* its pixel's wait is another */
    }
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    host_add(&rig->host, "PX", "{\"event\":\"E\"}", NULL);
    sender_wake(rig->sender, S("PX"));
    assert_true(host_wait_reports(&rig->host, 14));
    assert_in_range(host_event(&rig->host, 2).due - rig->host.now, 800, 1200);
}

/* After a failure one request shows whether all is well again; the backlog is left alone. */
static void test_backlog_is_left_alone(void **state)
{
    static const struct scripted_answer fault = { .body = "{\"code\":40100}", .hold = true };
    static const struct scripted_answer now = { .body = "{\"code\":40100}" };
    const struct scripted_answer steps[] = { fault, fault, fault, fault, now, now };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 9000);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 4));
    scripted_release(rig->http);
    assert_true(host_wait_reports(&rig->host, 4)); /* side by side: one failure, not four */
    assert_in_range(host_event(&rig->host, 1).due - rig->host.now, 800, 1200);
    assert_in_range(host_event(&rig->host, 4000).due - rig->host.now, 800, 1200);
    assert_int_equal(host_event(&rig->host, 4001).attempts, 0);
    for (unsigned i = 0; i < 2; i++) {
        host_pass(&rig->host, rig->sender, 20 * MINUTE);
        assert_true(host_wait_reports(&rig->host, 5 + i));
        assert_int_equal(scripted_count(rig->http), 5 + i);
        assert_int_equal(host_last(&rig->host).count, 1000); /* the first of the queue */
        assert_int_equal(host_event(&rig->host, 1).attempts, 2 + i);
        assert_true(host_event(&rig->host, 1).in_turn);
    }
    host_pass(&rig->host, rig->sender, 20 * MINUTE);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 9000));
    rig_close(rig, 0);
}

/* Nothing wakes the sender here (host_pass would): what an answer gives back must be looked for
 * again, although the take while it was on its way found nothing, or something of much later. */
static const struct {
    size_t events, event_bytes, requests; /* requests: with which all is on its way */
    unsigned takes;                       /* of which the last finds nothing due */
    bool later;                           /* another event is due in an hour */
    const char *body;                     /* of the answers to these requests */
    int status;
} full_batches[] = {
    { 1000, 20, 1, 2, false, "<html>500</html>", 500 },
    { 2000, 20, 2, 3, false, "<html>500</html>", 500 },
    { 1000, 20, 1, 2, true, "<html>500</html>", 500 },
    { 2000, 20, 2, 3, true, "{\"code\":40100}", 200 },
    { 1000, 6000, 2, 2, false, "{\"code\":40100}", 200 }, /* two requests of one batch */
};

static void check_full_batch(struct rig *rig, size_t row)
{
    size_t events = full_batches[row].events, size = full_batches[row].event_bytes;
    struct scripted_answer steps[2] = { { .hold = true, .status = full_batches[row].status } };
    char body[6001];

    snprintf(steps[0].body, sizeof(steps[0].body), "%s", full_batches[row].body);
    steps[1] = steps[0];
    rig->steps = steps;
    rig->step_count = full_batches[row].requests;
    rig->settings.retry_first_ms = 1;
    rig->settings.retry_max_ms = 4;
    snprintf(body, sizeof(body), "{\"event\":\"E\"%*s}", (int)size - 13, "");
    for (size_t i = 0; i < events; i++)
        host_add(&rig->host, "PX", body, NULL);
    if (full_batches[row].later) {
        host_add(&rig->host, "PX", body, NULL);
        rig->host.events[events].place = rig->host.now + 60 * MINUTE;
    }
    host_run_clock(&rig->host);
    rig_open(rig);
    if (!scripted_wait(rig->http, full_batches[row].requests) ||
        !host_wait_takes(&rig->host, full_batches[row].takes))
        fail_msg("row %zu: not all is on its way", row);
    scripted_release(rig->http);
    if (!host_wait_count(&rig->host, HOST_DELIVERED, events))
        fail_msg("row %zu: %zu of %zu were not sent again", row,
                 events - host_count(&rig->host, HOST_DELIVERED), events);
    for (size_t i = 0; i < events; i++)
        assert_int_equal(host_event(&rig->host, (int64_t)i + 1).retries, 1);
    rig_close(rig, 0);
}

static void test_full_batch_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(full_batches); i++) {
        void *rig;
        assert_int_equal(rig_setup(&rig), 0);
        check_full_batch(rig, i);
        assert_int_equal(rig_teardown(&rig), 0);
    }
}

/* An event that has failed often waits longer than its pixel, so that it holds up no others. */
static void test_own_wait(void **state)
{
    static const struct scripted_answer steps[] = { { .body = "{\"code\":50000}" },
                                                    { .body = OK_BODY },
                                                    { .body = "{\"code\":50000}" } };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1);
    rig->host.events[0].attempts = 50; /* before a restart, say: nothing shows that the pixel works */
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    assert_true(host_event(&rig->host, 1).in_turn);
    assert_in_range(host_event(&rig->host, 1).due - rig->host.now, 800, 1200);
    host_pass(&rig->host, rig->sender, 1200);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    add_events(rig, "PX", 3);
    rig->host.events[2].attempts = 5;
    rig->host.events[3].attempts = UINT32_MAX - 1;
    sender_wake(rig->sender, S("PX"));
    assert_true(host_wait_reports(&rig->host, 3));
    assert_in_range(host_event(&rig->host, 2).due - rig->host.now, 800, 1200);
    assert_true(host_event(&rig->host, 2).in_turn);
    assert_false(host_event(&rig->host, 3).in_turn);
    assert_in_range(host_event(&rig->host, 3).due - rig->host.now, 25600, 38400);
    assert_in_range(host_event(&rig->host, 4).due - rig->host.now, 720000, 1080000);
    host_pass(&rig->host, rig->sender, 1200);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 2));
    host_pass(&rig->host, rig->sender, 38400);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 3));
    host_pass(&rig->host, rig->sender, 1080000);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 4));
}

static void test_reset_early(void **state)
{
    struct rig *rig = *state;

    scripted_reset_early(rig->http, 1);
    add_events(rig, "PX", 1);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    assert_true(host_event(&rig->host, 1).unknown);
    assert_int_equal(scripted_count(rig->http), 0);
    host_pass(&rig->host, rig->sender, 1200);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
}

/* A kept connection ends after the whole request went over it: nobody may send it again unasked. */
static void test_kept_connection(void **state)
{
    static const struct scripted_answer ok = { .body = OK_BODY };
    const struct scripted_answer steps[] = { ok, { .action = SCRIPTED_CLOSE }, ok,
                                             ok, { .action = SCRIPTED_RESET }, ok };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    rig_open(rig);
    for (unsigned i = 0; i < 2; i++) {
        int64_t id = host_add(&rig->host, "PX", "{\"event\":\"E\"}", NULL);
        pass(rig, 0);
        assert_int_equal(host_event(&rig->host, id).state, HOST_DELIVERED);
        id = host_add(&rig->host, "PX", "{\"event\":\"E\"}", NULL);
        pass(rig, 0);
        assert_int_equal(scripted_count(rig->http), 2 + 3 * i);
        assert_int_equal(host_event(&rig->host, id).state, HOST_WAITING);
        assert_true(host_event(&rig->host, id).unknown);
        assert_string_equal(host_event(&rig->host, id).note,
                            "no answer: the connection of the request before ended");
        pass(rig, 2000);
        assert_int_equal(host_event(&rig->host, id).state, HOST_DELIVERED);
        assert_int_equal(scripted_count(rig->http), 3 + 3 * i);
    }
}

static void test_timeout(void **state)
{
    static const struct scripted_answer steps[] = { { .action = SCRIPTED_STALL } };
    struct rig *rig = *state;

    rig->settings.timeout_ms = 100;
    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 2);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    assert_true(host_event(&rig->host, 1).unknown);
    assert_true(host_event(&rig->host, 2).unknown);
    assert_non_null(strstr(host_event(&rig->host, 1).note, "no answer: Operation timed out"));
}

/* TLS to a server that speaks none, and nobody there: the request has not left. */
static void test_not_sent(void **state)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct rig *rig = *state;
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    /* bound and not listening: refused, and nobody else gets the port meanwhile */
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    add_events(rig, "PX", 1);
    snprintf(rig->endpoint, sizeof(rig->endpoint), "https://127.0.0.1:%d" PATH,
             scripted_port(rig->http));
    rig->settings.endpoint = slice_from(rig->endpoint);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    assert_false(host_event(&rig->host, 1).unknown);
    assert_non_null(strstr(host_event(&rig->host, 1).note, "not sent: "));
    assert_int_equal(scripted_count(rig->http), 0);

    snprintf(rig->endpoint, sizeof(rig->endpoint), "http://127.0.0.1:%d" PATH,
             ntohs(at.sin_port));
    rig->settings.endpoint = slice_from(rig->endpoint);
    assert_int_equal(sender_reload(rig->sender, &rig->settings, &rig->err), 0);
    host_pass(&rig->host, rig->sender, 2000);
    assert_true(host_wait_reports(&rig->host, 2));
    assert_false(host_event(&rig->host, 1).unknown);
    assert_non_null(strstr(host_event(&rig->host, 1).note, "not sent: "));
    close(fd);
}

/* A redirect's target gets neither a request nor the token. */
static void test_redirects(void **state)
{
    static const int statuses[] = { 301, 302, 303, 307, 308 };
    struct rig *rig = *state;
    struct scripted_http *other = scripted_open(on_request, rig);
    char location[100];

    snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/\r\n",
             scripted_port(other));
    for (size_t i = 0; i < LEN(statuses); i++) {
        struct scripted_answer step = { .status = statuses[i], .headers = location };
        void *own = NULL;
        struct rig *one;
        assert_int_equal(rig_setup(&own), 0);
        one = own;
        one->steps = &step;
        one->step_count = 1;
        add_events(one, "PX", 1);
        rig_open(one);
        assert_true(host_wait_reports(&one->host, 1));
        assert_int_equal(host_event(&one->host, 1).unknown, statuses[i] == 303);
        rig_close(one, 0);
        assert_int_equal(scripted_count(one->http), 1);
        assert_int_equal(rig_teardown(&own), 0);
    }
    assert_int_equal(scripted_count(other), 0);
    scripted_close(other);
}

/* ---- tokens ---- */

static void test_dead_token(void **state)
{
    static const struct scripted_answer steps[] = {
        { .body = "{\"code\":40105,"
                  "\"message\":\"Access token is incorrect or has been revoked.\"}" },
    };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 2);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    assert_int_equal(host_event(&rig->host, 1).state, HOST_WAITING);
    assert_int_equal(host_event(&rig->host, 1).due, rig->host.now);
    assert_false(host_event(&rig->host, 1).unknown);
    add_events(rig, "PX", 3);
    host_pass(&rig->host, rig->sender, 100 * MINUTE);
    assert_int_equal(scripted_count(rig->http), 1);
    assert_int_equal(host_read(&rig->host, &rig->host.takes), 1);
    assert_true(state_of(rig, 0).paused);
    assert_false(state_of(rig, 0).backing_off);
    assert_string_equal(state_of(rig, 0).why, "TikTok 40105 INVALID_ACCESS_TOKEN: Access token is "
                                              "incorrect or has been revoked.");
    assert_true(host_logged(&rig->host, "level=error event=pixel-paused-until-reload pixel=PX "
                                        "events=2 http=200 code=40105"));

    rig->pixels[0].token = S(TOKEN2);
    assert_int_equal(sender_reload(rig->sender, &rig->settings, &rig->err), 0);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 5));
    assert_non_null(strstr(scripted_get(rig->http, 1).head, "\r\nAccess-Token: " TOKEN2 "\r\n"));
    host_pass(&rig->host, rig->sender, 0);
    assert_false(state_of(rig, 0).paused);
    assert_string_equal(state_of(rig, 0).why, "");
    rig_close(rig, 0);
}

/* An answer to the old token that comes after the reload does not pause the new one. */
static void test_late_dead_token(void **state)
{
    static const struct scripted_answer steps[] = {
        { .hold = true, .body = "{\"code\":40105,\"message\":\"revoked\"}" },
    };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 1));
    rig->pixels[0].token = S(TOKEN2);
    assert_int_equal(sender_reload(rig->sender, &rig->settings, &rig->err), 0);
    host_pass(&rig->host, rig->sender, 0);
    scripted_release(rig->http);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    assert_int_equal(host_event(&rig->host, 1).retries, 1);
}

/* A server that repeats the token in all it says: nothing of it is kept. */
#define REST "23456789abcdef0123456789abcdef01234567"
#define X40  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X120 X40 X40 X40
static void test_token_is_never_repeated(void **state)
{
    static const char *const forms[] = {
        "{\"code\":40105,\"message\":\"bad token " TOKEN " and " TOKEN "\",\"request_id\":\""
        TOKEN "\"}",
        "{\"code\":40100,\"message\":\"0\\u0031" REST "\"}", /* only seen when it is read */
        "{\"code\":40100,\"message\":\"" X120 X120 X120 X120 TOKEN "\"}", /* over the cut */
        "{\"code\":40002,\"message\":\"" TOKEN TOKEN "\"}",
        "{\"code\":20001,\"message\":\"" TOKEN "\"}",
        ("<html>" TOKEN),
    };

    (void)state;
    for (size_t i = 0; i < LEN(forms); i++) {
        struct scripted_answer step = { .headers = "Retry-After: " TOKEN "\r\n" };
        void *own = NULL;
        struct rig *rig;
        assert_int_equal(rig_setup(&own), 0);
        rig = own;
        snprintf(step.body, sizeof(step.body), "%s", forms[i]);
        rig->steps = &step;
        rig->step_count = 1;
        add_events(rig, "PX", 1);
        rig_open(rig);
        assert_true(host_wait_reports(&rig->host, 1));
        assert_null(strstr(state_of(rig, 0).why, TOKEN));
        rig_close(rig, 0);
        assert_false(host_logged(&rig->host, "0123456789abcdef"));
        assert_int_equal(rig_teardown(&own), 0);
    }
}

/* A token of a test may be a word that answers are made of. */
static void test_short_token(void **state)
{
    struct rig *rig = *state;

    rig->pixels[0].token = S("code");
    add_events(rig, "PX", 1);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
}

/* ---- pixels ---- */

static void test_two_pixels(void **state)
{
    static const struct scripted_answer steps[] = {
        { .body = "{\"code\":40105,\"message\":\"revoked\"}" },
    };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    rig->only = "\"PX\"";
    rig->settings.pixel_count = 2;
    add_events(rig, "PX", 5);
    rig_open(rig);
    assert_true(host_wait_reports(&rig->host, 1));
    for (size_t i = 1; i <= 5; i++) {
        add_events(rig, "PY", 10);
        sender_wake(rig->sender, S("PY"));
        assert_true(host_wait_count(&rig->host, HOST_DELIVERED, i * 10));
    }
    assert_true(state_of(rig, 0).paused);
    assert_false(state_of(rig, 1).paused);
    assert_int_equal(state_of(rig, 1).delivered, 50);
    assert_int_equal(host_count(&rig->host, HOST_WAITING), 5);
    for (size_t i = 0; i < scripted_count(rig->http); i++) {
        struct scripted_request r = scripted_get(rig->http, i);
        assert_true(contains(r.body, "\"PX\"") != contains(r.body, "\"PY\""));
        assert_true(contains(slice_from(r.head), contains(r.body, "\"PX\"") ? TOKEN : TOKEN2));
    }
    rig_close(rig, 0);
}

/* At most 64 requests side by side, whatever the number of pixels; none is forgotten. */
static void test_many_pixels(void **state)
{
    enum { PIXELS = 70 };
    static struct scripted_answer steps[PIXELS];
    struct sender_pixel pixels[PIXELS];
    char names[PIXELS][8];
    struct rig *rig = *state;

    for (int i = 0; i < PIXELS; i++) {
        snprintf(names[i], sizeof(names[i]), "P%d", i);
        pixels[i] = (struct sender_pixel){ slice_from(names[i]), S(TOKEN), S("web") };
        add_events(rig, names[i], 2);
        steps[i].hold = true;
        answer_json(&steps[i], 0, "OK");
    }
    rig->steps = steps;
    rig->step_count = PIXELS;
    rig->settings.pixels = pixels;
    rig->settings.pixel_count = PIXELS;
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 64));
    host_pass(&rig->host, rig->sender, 10);
    assert_int_equal(scripted_count(rig->http), 64);
    assert_int_equal(host_count(&rig->host, HOST_WAITING), 12); /* not even taken */
    scripted_release(rig->http);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 2 * PIXELS));
    rig_close(rig, 0);
    assert_int_equal(scripted_count(rig->http), PIXELS);
}

/* 100 requests at once, then 900 a second; the clock stands still, so there is no second. */
static void test_pace(void **state)
{
    struct rig *rig = *state;

    rig->host.limit = 1;
    add_events(rig, "PX", 150);
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 100));
    host_pass(&rig->host, rig->sender, 0);
    assert_int_equal(scripted_count(rig->http), 100);
    for (size_t i = 1; i <= 8; i++) { /* nine milliseconds: eight steps of 1.112 */
        host_pass(&rig->host, rig->sender, i == 1 ? 2 : 1);
        assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 100 + i));
        assert_int_equal(scripted_count(rig->http), 100 + i);
    }
    host_pass(&rig->host, rig->sender, 1000);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 150));
    rig_close(rig, 0);
}

/* A pixel that a reload takes away ends what is in flight and gives back what waits; one that it
 * brings is served, and waking it by name works at once. */
static void test_reload_pixels(void **state)
{
    static const struct scripted_answer steps[] = { { .hold = true, .body = OK_BODY } };
    struct rig *rig = *state;
    struct sender_settings only_y = rig->settings;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1300);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 1));
    host_pass(&rig->host, rig->sender, 0);
    add_events(rig, "PY", 1);
    only_y.pixels = &rig->pixels[1];
    assert_int_equal(sender_reload(rig->sender, &only_y, &rig->err), 0);
    sender_wake(rig->sender, S("PY"));
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1)); /* PY's */
    assert_int_equal(host_count(&rig->host, HOST_WAITING), 300); /* the part that waited */
    assert_string_equal(host_event(&rig->host, 1300).note,
                        "not sent: the pixel is no longer in the settings");
    assert_false(host_event(&rig->host, 1300).unknown);
    scripted_release(rig->http);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1001));
    host_pass(&rig->host, rig->sender, MINUTE);
    assert_int_equal(scripted_count(rig->http), 2);
    assert_int_equal(sender_reload(rig->sender, &rig->settings, &rig->err), 0);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1301));
    rig_close(rig, 0);
}

/* ---- the host ---- */

static void test_busy_store(void **state)
{
    struct rig *rig = *state;

    rig->host.fail_takes = 2;
    add_events(rig, "PX", 1);
    rig_open(rig);
    host_pass(&rig->host, rig->sender, 0);
    /* also when woken: not before a second */
    assert_int_equal(host_read(&rig->host, &rig->host.takes), 1);
    host_pass(&rig->host, rig->sender, 999);
    assert_int_equal(host_read(&rig->host, &rig->host.takes), 1);
    host_pass(&rig->host, rig->sender, 1);
    assert_int_equal(host_read(&rig->host, &rig->host.takes), 2);
    host_set(&rig->host, &rig->host.fail_reports, 2);
    host_pass(&rig->host, rig->sender, 1000);
    assert_true(scripted_wait(rig->http, 1));
    while (host_read(&rig->host, &rig->host.fail_reports) == 2)
        host_pass(&rig->host, rig->sender, 0);
    add_events(rig, "PX", 1);
    host_pass(&rig->host, rig->sender, 999);
    assert_int_equal(scripted_count(rig->http), 1); /* nothing new until it is reported */
    assert_int_equal(host_read(&rig->host, &rig->host.fail_reports), 1);
    host_pass(&rig->host, rig->sender, 1);
    assert_int_equal(host_read(&rig->host, &rig->host.fail_reports), 0);
    assert_int_equal(host_read(&rig->host, &rig->host.reports), 0);
    host_pass(&rig->host, rig->sender, 1000);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 2));
    rig_close(rig, 0);
    assert_true(host_logged(&rig->host,
                            "level=warning event=take-failed pixel=PX why=\"the store is busy\""));
    assert_true(host_logged(
        &rig->host, "level=warning event=report-failed pixel=PX why=\"the store is busy\""));
}

/* A take that failed may have been too much for the store: half as many, and half of that. */
static void test_smaller_takes(void **state)
{
    struct rig *rig = *state;
    size_t sent = 0, full = 0;

    rig->host.fail_takes = 2;
    add_events(rig, "PX", 2300);
    rig_open(rig);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(host_wait_takes(&rig->host, 1 + i));
        host_pass(&rig->host, rig->sender, 1000);
    }
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 2300));
    rig_close(rig, 0);
    for (size_t i = 0; i < scripted_count(rig->http); i++) { /* side by side: in any order */
        size_t n = events_in(scripted_get(rig->http, i).body);
        sent += n;
        full += n == 1000;
    }
    assert_int_equal(scripted_count(rig->http), 4); /* 250, 1000, 1000, 50 */
    assert_int_equal(full, 2);
    assert_int_equal(sent, 2300);
}

/* An event that is due later is sent then, without a wake-up. */
static void test_next_due(void **state)
{
    struct rig *rig = *state;

    host_run_clock(&rig->host);
    add_events(rig, "PX", 1);
    rig->host.events[0].place = rig->host.now + 80;
    rig_open(rig);
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    assert_true(host_last(&rig->host).at >= rig->host.now + 80);
    rig_close(rig, 0);
}

/* The clock is set back by an hour, and what waits with it: what was known of the queue lies an hour too far
 * ahead then, and nobody would look before. */
static void test_clock_back(void **state)
{
    struct rig *rig = *state;

    rig->settings.pixel_count = 2;
    host_add(&rig->host, "PX", "{\"event\":\"E\"}", NULL);
    rig->host.now = 100 * MINUTE;
    rig->host.events[0].place = rig->host.now + 10 * MINUTE;
    rig_open(rig);
    assert_true(host_wait_takes(&rig->host, 2));
    pthread_mutex_lock(&rig->host.lock);
    rig->host.now -= 60 * MINUTE;
    rig->host.events[0].place -= 70 * MINUTE;
    pthread_mutex_unlock(&rig->host.lock);
    sender_wake(rig->sender, S("PY")); /* in place of the minute after which it looks at the clock */
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
}

static void test_wake(void **state)
{
    struct rig *rig = *state;

    rig->settings.pixel_count = 2;
    rig_open(rig);
    assert_true(host_wait_takes(&rig->host, 2)); /* it has looked at both, found nothing, sleeps */
    add_events(rig, "PX", 1);
    add_events(rig, "PY", 1);
    sender_wake(rig->sender, S("PY")); /* that one only */
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
    assert_int_equal(host_event(&rig->host, 2).state, HOST_DELIVERED);
    assert_int_equal(host_event(&rig->host, 1).state, HOST_WAITING);
    sender_wake(rig->sender, S("")); /* all */
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 2));
    add_events(rig, "PX", 1);
    sender_wake(rig->sender, S("no such pixel")); /* may be one that a reload brings: all */
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 3));
    rig_close(rig, 0);
}

/* ---- the end ---- */

static void test_close(void **state)
{
    static const struct scripted_answer steps[] = {
        { .hold = true, .body = OK_BODY }, /* then 300 wait in memory */
    };
    struct rig *rig = *state;

    rig->steps = steps;
    rig->step_count = LEN(steps);
    add_events(rig, "PX", 1300);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 1));
    host_pass(&rig->host, rig->sender, 0);
    rig_close(rig, 0);
    assert_int_equal(host_count(&rig->host, HOST_WAITING), 1300);
    assert_true(host_event(&rig->host, 1).unknown);
    assert_string_equal(host_event(&rig->host, 1).note,
                        "no answer: the sender was stopped before the answer came");
    assert_false(host_event(&rig->host, 1300).unknown);
    assert_string_equal(host_event(&rig->host, 1300).note, "not sent: the sender is stopping");
}

/* Within its grace a request ends as usual, but what it leaves over is not sent any more. */
static void test_close_with_grace(void **state)
{
    struct rig *rig = *state;

    rig->bad_code = 40002;
    rig->host.limit = 4;
    add_with_bad(rig, 8, 1);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 1));
    rig_close(rig, 10000);
    assert_int_equal(host_count(&rig->host, HOST_SENDING), 0);
    assert_int_equal(host_event(&rig->host, 2).state, HOST_DEAD);
    for (int64_t id = 1; id <= 8; id++)
        assert_false(host_event(&rig->host, id).unknown);
}

/* A report that can't be made when the sender ends is left: the store knows it as handed out. */
static void test_close_with_a_busy_store(void **state)
{
    struct rig *rig = *state;

    rig->host.fail_reports = 1000;
    add_events(rig, "PX", 3);
    rig_open(rig);
    assert_true(scripted_wait(rig->http, 1));
    rig_close(rig, 50);
    assert_int_equal(host_count(&rig->host, HOST_SENDING), 3);
}

static void test_close_unused(void **state)
{
    struct rig *rig = *state;

    sender_close(NULL, 0);
    rig->settings.pixel_count = 0;
    rig_open(rig);
    rig_close(rig, 1000);
}

/* ---- settings ---- */

static const struct {
    const char *endpoint, *error;
} endpoints[] = {
    { "https://business-api.tiktok.com/open_api/v1.3/event/track/", NULL },
    { "https://[2001:db8::1]/", NULL },
    { "HTTPS://example.com/", NULL },
    { "http://127.0.0.1:8080/x", NULL },
    { "http://127.1.2.3/", NULL },
    { "http://127.1/", NULL },
    { "http://0x7f000001/", NULL },
    { "http://[::1]:80/", NULL },
    { "http://localhost/", NULL },
    { "http://LOCALHOST:1/", NULL },
    { "http://business-api.tiktok.com/",
      "tiktok.endpoint: http://business-api.tiktok.com would carry the access token in the clear; "
      "use https:// (http:// is for localhost, 127.0.0.0/8 and [::1] only)" },
#define CLEAR(host)                                                                                \
    "tiktok.endpoint: http://" host " would carry the access token in the clear; use https:// "    \
    "(http:// is for localhost, 127.0.0.0/8 and [::1] only)"
    { "http://10.0.0.1/", CLEAR("10.0.0.1") },
    { "http://128.0.0.1/", CLEAR("128.0.0.1") },
    { "http://0.0.0.0/", CLEAR("0.0.0.0") },
    { "http://2130706434:80/", NULL }, /* 127.0.0.2 */
    { "http://[::]/", CLEAR("[::]") },
    { "http://[::ffff:127.0.0.1]/", CLEAR("[::ffff:127.0.0.1]") },
    { "http://localhost.example.com/", CLEAR("localhost.example.com") },
    { "http://127.0.0.1.example.com/", CLEAR("127.0.0.1.example.com") },
    { "http://[::1%25eth0]/", CLEAR("[::1]") },
    { "http://127.0.0.1@evil.example/",
      "tiktok.endpoint: has a user name in it; the only credential is the pixel's token, take the "
      "part up to @ out" },
    { "https://user:secret@example.com/",
      "tiktok.endpoint: has a user name in it; the only credential is the pixel's token, take the "
      "part up to @ out" },
    { "ftp://127.0.0.1/", "tiktok.endpoint: ftp:// is not supported; use https://" },
    { "file:///etc/passwd",
      "tiktok.endpoint: not an address that can be used: " },
    { "file://localhost/etc/passwd",
      "tiktok.endpoint: not an address that can be used: " },
    { "", "tiktok.endpoint: empty; give an https:// address" },
    { "business-api.tiktok.com",
      "tiktok.endpoint: not an address that can be used: " },
    { "https://", "tiktok.endpoint: not an address that can be used: " },
    { "https://exa mple/",
      "tiktok.endpoint: not an address that can be used: " },
};

static void test_endpoints(void **state)
{
    struct rig *rig = *state;
    struct sender_host api = host_api(&rig->host);

    rig->settings.pixel_count = 0;
    for (size_t i = 0; i < LEN(endpoints); i++) {
        const char *expected = endpoints[i].error ? endpoints[i].error : "";
        struct err err = { 0 };
        struct sender *s;
        rig->settings.endpoint = slice_from(endpoints[i].endpoint);
        s = sender_open(&rig->settings, &api, &err);
        if ((s == NULL) != (endpoints[i].error != NULL) || !says(err.text, expected) ||
            err.kind != (s ? ERR_NONE : ERR_INPUT))
            fail_msg("%s: %s", endpoints[i].endpoint, err.text);
        sender_close(s, 0);
    }
    rig->settings.endpoint = (struct slice){ "https://a/\0b", 12 };
    assert_null(sender_open(&rig->settings, &api, &rig->err));
    assert_string_equal(rig->err.text, "tiktok.endpoint: not an address: longer than 2048 bytes, "
                                       "or with a NUL in it");
}

static void test_bad_settings(void **state)
{
    static char long_text[5000];
    static const struct {
        struct slice pixel, token;
        const char *error;
    } cases[] = {
        { SLICE(""), SLICE(TOKEN),
          "tiktok.pixels: a pixel code must be 1 to 128 printable characters without blanks" },
        { SLICE("P X"), SLICE(TOKEN),
          "tiktok.pixels: a pixel code must be 1 to 128 printable characters without blanks" },
        { { long_text, 129 }, SLICE(TOKEN),
          "tiktok.pixels: a pixel code must be 1 to 128 printable characters without blanks" },
        { SLICE("PZ"), SLICE(""), "tiktok.pixels.PZ: the token is empty" },
        { SLICE("PZ"), SLICE(TOKEN "\r\nX-Evil: 1"),
          "tiktok.pixels.PZ: the token is longer than 4096 characters, or has a blank, line end or "
          "other unprintable character in it" },
        { SLICE("PZ"), { long_text, 4097 },
          "tiktok.pixels.PZ: the token is longer than 4096 characters, or has a blank, line end or "
          "other unprintable character in it" },
        { SLICE("PX"), SLICE(TOKEN2), "tiktok.pixels.PX: is there twice" },
    };
    struct rig *rig = *state;
    struct sender_host api = host_api(&rig->host);

    memset(long_text, 'a', sizeof(long_text));
    rig_open(rig);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sender_pixel pixels[2] = { rig->pixels[0],
                                          { cases[i].pixel, cases[i].token, S("web") } };
        struct sender_settings settings = rig->settings;
        struct err err = { 0 };
        settings.pixels = pixels;
        settings.pixel_count = 2;
        assert_null(sender_open(&settings, &api, &err));
        assert_string_equal(err.text, cases[i].error);
        assert_int_equal(err.kind, ERR_INPUT);
        err.text[0] = '\0';
        assert_int_equal(sender_reload(rig->sender, &settings, &err), -1);
        assert_string_equal(err.text, cases[i].error);
    }
    /* a reload that was refused leaves all as it was */
    add_events(rig, "PX", 1);
    sender_wake(rig->sender, S("PX"));
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, 1));
}

/* ---- all together ---- */

/* Ten thousand events of two pixels, of which some are bad, through random faults. */
static void test_random_faults(void **state)
{
    enum { EVENTS = 10000, BAD = 10 };
    struct rig *rig = *state;
    char body[64];

    rig->dice = 42;
    rig->bad_code = 40002;
    rig->settings.pixel_count = 2;
    rig->settings.retry_first_ms = 1;
    rig->settings.retry_max_ms = 4;
    rig->host.limit = 50;
    host_run_clock(&rig->host);
    rig_open(rig);
    for (int i = 0; i < EVENTS; i++) {
        snprintf(body, sizeof(body), "{\"event\":\"%s%d\"}", i % 1000 == 500 ? "bad" : "E", i);
        host_add(&rig->host, i % 3 ? "PX" : "PY", body, NULL);
        if (i % 50 == 0)
            sender_wake(rig->sender, i % 3 ? S("PX") : S("PY"));
    }
    sender_wake(rig->sender, S(""));
    assert_true(host_wait_count(&rig->host, HOST_DELIVERED, EVENTS - BAD));
    assert_true(host_wait_count(&rig->host, HOST_DEAD, BAD));
    rig_close(rig, 0);
    for (int i = 0; i < EVENTS; i++)
        assert_int_equal(host_event(&rig->host, i + 1).state,
                         i % 1000 == 500 ? HOST_DEAD : HOST_DELIVERED);
    assert_int_equal(host_count(&rig->host, HOST_DELIVERED), EVENTS - BAD);
}

int main(void)
{
#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        RIGGED(test_request),
        RIGGED(test_defaults_and_escapes),
        RIGGED(test_test_codes),
        RIGGED(test_warnings),
        RIGGED(test_gathers_while_in_flight),
        cmocka_unit_test(test_parallel),
        RIGGED(test_bytes_cap),
        cmocka_unit_test(test_bad_event_by_index),
        cmocka_unit_test(test_bad_event_by_halving),
        RIGGED(test_all_bad),
        RIGGED(test_bad_indexes),
        cmocka_unit_test(test_faults),
        RIGGED(test_backoff),
        RIGGED(test_backlog_is_left_alone),
        cmocka_unit_test(test_full_batch_fails),
        RIGGED(test_own_wait),
        cmocka_unit_test(test_every_place),
        RIGGED(test_refused_whole),
        RIGGED(test_refused_alone),
        RIGGED(test_refused_after_outage),
        cmocka_unit_test(test_poison),
        RIGGED(test_firewall),
        RIGGED(test_reset_early),
        RIGGED(test_kept_connection),
        RIGGED(test_timeout),
        RIGGED(test_not_sent),
        RIGGED(test_redirects),
        RIGGED(test_dead_token),
        RIGGED(test_late_dead_token),
        cmocka_unit_test(test_token_is_never_repeated),
        RIGGED(test_short_token),
        RIGGED(test_two_pixels),
        RIGGED(test_many_pixels),
        RIGGED(test_pace),
        RIGGED(test_reload_pixels),
        RIGGED(test_busy_store),
        RIGGED(test_smaller_takes),
        RIGGED(test_next_due),
        RIGGED(test_clock_back),
        RIGGED(test_wake),
        RIGGED(test_close),
        RIGGED(test_close_with_grace),
        RIGGED(test_close_with_a_busy_store),
        RIGGED(test_close_unused),
        RIGGED(test_endpoints),
        RIGGED(test_bad_settings),
        RIGGED(test_random_faults),
    };

    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
