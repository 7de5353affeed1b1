/* The story of a conversion: exact JSON and exact words, from a store and a configuration of its own. */
#include "tests/unit/store_case.h"

#include <sys/stat.h>

#include "cli/story/story.h"

#define NOW INT64_C(1790000000123) /* 2026-09-21T14:13:20.123Z */

static struct store *open_store(const char *dir, bool writer, struct err *err)
{
    return store_sqlite_open(dir, writer, err);
}

static const struct engine engine = { "sqlite", open_store };

static int setup(void **state)
{
    *state = fixture_new(&engine);
    fixture_open(*state);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
    struct slice path = arena_printf(&f->arena, "%s/%s", f->dir, name);
    FILE *file = fopen(path.ptr, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct catalog *catalog_of(struct fixture *f)
{
    struct catalog *c;

    write_file(f, "clickbaton.yaml", "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:9090\ndata: .\noffers: .\n"
               "key: {file: key}\ntiktok:\n  pixels:\n    P: {token: {file: key}}\nretention: {ledger: 60d}\n");
    write_file(f, "key", "k3y-of-the-postbacks-0123456789abcdef\n");
    chmod(arena_printf(&f->arena, "%s/key", f->dir).ptr, 0600);
    mkdir(arena_printf(&f->arena, "%s/offers", f->dir).ptr, 0700);
    c = catalog_open(arena_printf(&f->arena, "%s/clickbaton.yaml", f->dir).ptr);
    assert_non_null(c);
    c->offers_dir = arena_printf(&f->arena, "%s/offers", f->dir).ptr;
    write_file(f, "offers/o.yaml", "version: 1\noffer: o\nextends: keitaro\npixel: P\npage_url: https://l.example/\n"
               "value_currency: USD\nevents:\n  sale: {event: Purchase, value: payout}\n"
               "transitions:\n  sale: [new, lead]\n"); /* allowed, so what decided is line 8 */
    catalog_add_offers(c);
    catalog_print_problems(c, stderr);
    assert_int_equal(catalog_errors(c), 0);
    return c;
}

static void put(struct fixture *f)
{
    struct store_click click = { .offer = S("o"), .click_id = S("c\x01" "1"), .ttclid = S("E.C.P.abcdefghij\"k"), .at = 1790000000,
                                 .event_id = S("ev"), .keyed = true, .country = S("DE") };
    struct store_postback pb = { .at = NOW, .offer = S("o"), .tracker = S("keitaro"), .method = S("GET"),
                                 .stage = S("sale"), .verdict = STORE_QUEUED, .click_id = click.click_id,
                                 .ttclid = click.ttclid, .event_id = S("ev"), .txid = S("9"),
                                 .params = S("subid=c%011&status=sale&x=%FF%3Cb%3E"),
                                 .warnings = S("W032 the rate is old\nQ002 was its verdict\n") };
    struct store_postback bad = { .at = NOW + 1, .offer = S("gone"), .verdict = STORE_QUARANTINED, .code = S("Q001"),
                                  .reason = S("no status"), .ttclid = S("E.C.P.abcdefghij\"k2") };
    struct store_event ev = { .offer = S("o"), .pixel = S("P"), .event = S("Purchase"), .event_id = S("ev"),
                              .click_id = click.click_id, .ttclid = click.ttclid, .created = NOW, .value = 12500000,
                              .currency = S("USD"), .original_value = 11000000, .original_currency = S("EUR"),
                              .order_id = S("o-1"), .body = S("{\"event\":\"Purchase\",\"properties\":{\"order_id\":\"o-1\"}}") };
    struct store_attempt lost = { .at = NOW + 40, .took_ms = 10000, .pixel = S("P"), .code = -1, .message = S("timed out") };
    struct store_attempt won = { .at = NOW + 2000, .took_ms = 31, .pixel = S("P"), .http_status = 200, .message = S("OK"),
                                 .request_id = S("20260921") };
    struct store_event *list;
    size_t n;

    OK(f, store_begin(f->s, &f->err));
    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    ev.postback_id = pb.id;
    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    OK(f, store_postback_put(f->s, &bad, &f->err));
    for (int i = 0; i < 2; i++) {
        struct store_outcome out = { .event_id = ev.id, .state = i ? STORE_DELIVERED : STORE_WAITING };
        OK(f, store_take(f->s, S("P"), NOW + i, 0, 9, &f->arena, &list, &n, &f->err));
        assert_int_equal(n, 1);
        OK(f, store_report(f->s, i ? &won : &lost, &out, 1, &f->err));
    }
    OK(f, store_commit(f->s, &f->err));
}

#define CLICK                                                                                            \
    "{\"offer\":\"o\",\"at\":\"2026-09-21T14:13:20.000Z\",\"click_id\":\"c\\u00011\","                     \
    "\"ttclid\":\"E.C.P.abcdefghij\\\"k\",\"event_id\":\"ev\",\"keyed\":true,\"consent\":\"\",\"refused\":false," \
    "\"country\":\"DE\",\"page_url\":\"\",\"referrer\":\"\",\"ttp\":\"\",\"ip\":\"\",\"user_agent\":\"\"}"
#define POSTBACK                                                                                         \
    "{\"id\":1,\"at\":\"2026-09-21T14:13:20.123Z\",\"gone\":false,\"offer\":\"o\",\"tracker\":\"keitaro\"," \
    "\"method\":\"GET\",\"stage\":\"sale\",\"verdict\":\"queued\",\"code\":\"\",\"reason\":\"\","        \
    "\"rule\":{\"file\":\"DIR/offers/o.yaml\",\"line\":8},"                                              \
    "\"warnings\":[{\"code\":\"W032\",\"text\":\"the rate is old\"},{\"code\":\"Q002\",\"text\":\"was its verdict\"}]," \
    "\"params\":[[\"subid\",\"c\\u00011\"],[\"status\",\"sale\"],[\"x\",\"\xef\xbf\xbd<b>\"]],"           \
    "\"click_id\":\"c\\u00011\",\"ttclid\":\"E.C.P.abcdefghij\\\"k\",\"event_id\":\"ev\",\"txid\":\"9\"," \
    "\"events\":[{\"id\":1,\"event\":\"Purchase\",\"pixel\":\"P\",\"event_id\":\"ev\",\"state\":\"delivered\"," \
    "\"value\":\"12.5\",\"currency\":\"USD\",\"original_value\":\"11\",\"original_currency\":\"EUR\"," \
    "\"test_code\":\"\",\"consent\":\"\",\"consent_said\":\"\",\"created\":\"2026-09-21T14:13:20.123Z\"," \
    "\"due\":\"2026-09-21T14:13:20.123Z\",\"attempts_made\":2,\"note\":\"\","                             \
    "\"body\":{\"event\":\"Purchase\",\"properties\":{\"order_id\":\"o-1\"}},\"attempts\":["              \
    "{\"at\":\"2026-09-21T14:13:20.163Z\",\"took_ms\":10000,\"http_status\":null,\"code\":null,"          \
    "\"message\":\"timed out\",\"request_id\":\"\"},"                                                    \
    "{\"at\":\"2026-09-21T14:13:22.123Z\",\"took_ms\":31,\"http_status\":200,\"code\":0,"                \
    "\"message\":\"OK\",\"request_id\":\"20260921\"}]}]}"
#define BAD                                                                                              \
    "{\"id\":2,\"at\":\"2026-09-21T14:13:20.124Z\",\"gone\":false,\"offer\":\"gone\",\"tracker\":\"\","   \
    "\"method\":\"\",\"stage\":\"\",\"verdict\":\"quarantined\",\"code\":\"Q001\",\"reason\":\"no status\"," \
    "\"rule\":null,\"warnings\":[],\"params\":[],\"click_id\":\"\",\"ttclid\":\"E.C.P.abcdefghij\\\"k2\"," \
    "\"event_id\":\"\",\"txid\":\"\",\"events\":[]}"

static const struct {
    struct slice id;
    const char *want; /* DIR is the folder; as the rest of the object */
} cases[] = {
    { SLICE("c\x01" "1"), "\"c\\u00011\",\"matched\":\"click_id\",\"clicks\":[" CLICK "],\"postbacks\":[" POSTBACK "]" },
    { SLICE(" ev\n"), "\"ev\",\"matched\":\"event_id\",\"clicks\":[" CLICK "],\"postbacks\":[" POSTBACK "]" },
    { SLICE("E.C.P.abcdefghij\"k"), "\"E.C.P.abcdefghij\\\"k\",\"matched\":\"ttclid\",\"clicks\":[" CLICK "],\"postbacks\":[" POSTBACK "]" },
    { SLICE("9"), "\"9\",\"matched\":\"txid\",\"clicks\":[" CLICK "],\"postbacks\":[" POSTBACK "]" },
    { SLICE("o-1"), "\"o-1\",\"matched\":\"order_id\",\"clicks\":[" CLICK "],\"postbacks\":[" POSTBACK "]" },
    { SLICE("E.C.P.abcdefghij"), "\"E.C.P.abcdefghij\",\"matched\":\"ttclid_prefix\",\"clicks\":[" CLICK "],\"postbacks\":[" POSTBACK "," BAD "]" },
    { SLICE("E.C.P.abcdefghij\"k2"), "\"E.C.P.abcdefghij\\\"k2\",\"matched\":\"ttclid\",\"clicks\":[],\"postbacks\":[" BAD "]" },
};

static struct slice with_dir(struct fixture *f, const char *text)
{
    struct buf b = { 0 };
    struct slice out;
    const char *at;

    for (; (at = strstr(text, "DIR")) != NULL; text = at + 3) {
        buf_add(&b, (struct slice){ text, (size_t)(at - text) });
        buf_puts(&b, f->dir);
    }
    buf_puts(&b, text);
    out = arena_dup(&f->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static void test_json(void **state)
{
    struct fixture *f = *state;
    struct catalog *c = catalog_of(f);
    struct story s;
    struct buf out = { 0 };

    put(f);
    for (int writer = 0; writer < 2; writer++) {
        struct store *store = writer ? f->s : open_store(f->dir, false, &f->err);
        struct story_in in = { .store = store, .catalog = c, .hasher = c->translator.hasher, .arena = &f->arena, .now = NOW / 1000 };
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct slice want = with_dir(f, cases[i].want);
            buf_clear(&out);
            GIVES(f, 1, story_find(&in, cases[i].id, &s, &f->err));
            story_json(&out, &s);
            want = arena_printf(&f->arena, "{\"id\":%.*s,\"walks\":[],\"walks_problem\":\"\",\"more\":false,\"meaning\":\"\"}", SLICE_ARG(want));
            SAME(want, buf_slice(&out));
        }
        buf_clear(&out);
        GIVES(f, 1, story_of_postback(&in, 2, &s, &f->err));
        story_json(&out, &s);
        SAME(S("{\"id\":\"2\",\"matched\":\"row\",\"clicks\":[],\"postbacks\":[" BAD "],\"walks\":[],\"walks_problem\":\"\",\"more\":false,\"meaning\":\"\"}"), buf_slice(&out));
        GIVES(f, 1, story_of_postback(&in, 1, &s, &f->err));
        assert_int_equal(s.click_count, 1);
        assert_int_equal(s.postback_count, 1);
        assert_int_equal(s.postbacks[0].events[0].attempt_count, 2);
        GIVES(f, 0, story_of_postback(&in, 3, &s, &f->err));
        if (!writer)
            store_close(store);
    }
    buf_free(&out);
    catalog_close(c);
}

static const char words[] =
    "offer o, click c?1\n"
    "2026-09-21T14:13:20.000Z  click, registered with the key\n"
    "    click_id c?1, ttclid E.C.P.abcdefghij\"k, event_id ev, country DE\n"
    "2026-09-21T14:13:20.123Z  postback 1, tracker keitaro, stage sale: queued\n"
    "    rule        DIR/offers/o.yaml:8\n"
    "    understood  click_id c?1, ttclid E.C.P.abcdefghij\"k, event_id ev, transaction id 9\n"
    "    W032        the rate is old\n"
    "    Q002        was its verdict\n"
    "    parameters  subid = c?1\n"
    "                status = sale\n"
    "                x = ?<b>\n"
    "  event 1: Purchase for pixel P, event_id ev, 12.5 USD (of 11 EUR): delivered\n"
    "    2026-09-21T14:13:20.163Z  attempt 1: no answer \"timed out\", 10000 ms\n"
    "    2026-09-21T14:13:22.123Z  attempt 2: HTTP 200, TikTok's code 0 \"OK\", 31 ms, request id 20260921\n";

static void test_words(void **state)
{
    struct fixture *f = *state;
    struct catalog *c = catalog_of(f);
    struct story_in in = { .store = f->s, .catalog = c, .arena = &f->arena, .now = NOW / 1000 };
    struct story s;
    struct buf out = { 0 };

    put(f);
    GIVES(f, 1, story_find(&in, S("9"), &s, &f->err));
    story_print(&out, &s, false);
    SAME(with_dir(f, words), buf_slice(&out));
    buf_clear(&out);
    GIVES(f, 1, story_find(&in, S("E.C.P.abcdefghij"), &s, &f->err));
    assert_int_equal(s.groups, 2);
    story_print(&out, &s, false);
    SAME(arena_printf(&f->arena, "2 conversions found by the beginning of the ttclid:\n\n%.*s\n"
                      "offer gone, ttclid E.C.P.abcdefghij\"k2\n"
                      "2026-09-21T14:13:20.124Z  postback 2: quarantined Q001: no status\n"
                      "    to do       add the status macro to the postback URL, or default_stage to the mapping (clickbaton explain Q001)\n"
                      "    understood  ttclid E.C.P.abcdefghij\"k2\n"
                      "no click was registered for it, or it is older than `retention: clicks`\n",
                      SLICE_ARG(with_dir(f, words))), buf_slice(&out));
    buf_clear(&out);
    GIVES(f, 0, story_find(&in, S("nobody"), &s, &f->err));
    story_print(&out, &s, false);
    SAME(S("No click, postback or event has this id.\n"
           "Stored are 1 clicks and 2 postbacks, the oldest of 2026-09-21T14:13:20Z, the newest of 2026-09-21T14:13:20Z.\n"
           "What to check first:\n"
           "1. The tracker's own postback log: was it sent, to this server and to the right offer, and what was the "
           "answer? 200 means that it is stored here.\n"
           "2. Was it refused (a wrong or missing key, an unknown offer, a limit)? What is refused is not stored, only "
           "counted: curl http://127.0.0.1:9090/refused\n"
           "3. Is it the same id? Each character counts, upper and lower case too. A tracker has several ids for one "
           "conversion: try its click id, the ttclid, the transaction id.\n"
           "4. Does the postback carry it under a name that the mapping reads? An id in another parameter is stored, but "
           "not looked up: `clickbaton urls OFFER` prints the names.\n"
           "5. Is it older than that? Postbacks and events stay for 60 days (retention: ledger), clicks for 45 "
           "(retention: clicks); then they are removed.\n"), buf_slice(&out));
    for (int n = 15; n <= 16; n++) { /* a beginning of a ttclid: so many characters are too few, or enough */
        struct slice id = slice_head(S("E.C.P.0123456789"), (size_t)n);
        buf_clear(&out);
        GIVES(f, 0, story_find(&in, id, &s, &f->err));
        story_print(&out, &s, false);
        assert_true((slice_find(buf_slice(&out), S("too short")) < out.len) == (n == 15));
    }
    buf_free(&out);
    catalog_close(c);
}

/* More rows than a story holds: the newest, said; and no memory is an error, not a shorter story. */
static void test_many(void **state)
{
    struct fixture *f = *state;
    struct arena small;
    struct story_in in = { .store = f->s, .arena = &f->arena, .now = NOW / 1000 };
    struct story s;

    OK(f, store_begin(f->s, &f->err));
    for (int i = 0; i < STORY_MOST + 5; i++) {
        struct store_postback pb = { .at = NOW + i, .offer = i % 2 ? S("a") : S("b"), .click_id = S("c"), .verdict = STORE_IGNORED };
        OK(f, store_postback_put(f->s, &pb, &f->err));
    }
    OK(f, store_commit(f->s, &f->err));
    GIVES(f, 1, story_find(&in, S("c"), &s, &f->err));
    assert_true(s.more);
    assert_int_equal(s.groups, 2);
    assert_int_equal(s.postback_count, STORY_MOST);
    assert_int_equal(s.postbacks[STORY_MOST - 1].postback.id + s.postbacks[STORY_MOST / 2 - 1].postback.id, 2 * STORY_MOST + 9);
    for (size_t limit = 1024; ; limit *= 2) {
        int rc;
        arena_init(&small, limit);
        in.arena = &small;
        f->err.kind = ERR_NONE;
        rc = story_find(&in, S("c"), &s, &f->err);
        if (rc == 1)
            assert_int_equal(s.postback_count, STORY_MOST);
        else
            assert_int_equal(f->err.kind, ERR_BUSY);
        arena_free(&small);
        if (rc == 1)
            break;
        assert_int_equal(rc, -1);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(test_json), CASE(test_words), CASE(test_many) };

    return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
