/* ledger: a small store that has everything, for the tests that damage, copy and move stores.
 *
 *     ledger DIR [CONVERSIONS [HOT]]
 *
 * Clicks by pages and with the key, some known better later; postbacks of every verdict; events in every
 * state, with attempts; refusals; a run of the index per HOT ids.  It ends without closing
 * the store, as after SIGKILL: the newest half of the commits stays in the log. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/store/sqlite.h"

#define PIXEL S("C9EXAMPLEPIXEL00")
#define AT    INT64_C(1790000000000)

static struct err err;
static struct arena arena;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "ledger: %s: %s\n", what, err.text);
    exit(1);
}

static void cut_click(void *context, struct store_click *click)
{
    (void)context;
    click->ip = click->user_agent = click->page_url = (struct slice){ 0 };
}

static struct slice cut_params(void *context, struct slice params, struct arena *a)
{
    (void)context;
    (void)params;
    return arena_dup(a, S("cut=1"));
}

static void click(struct store *s, int64_t n, bool better)
{
    struct store_click c = {
        .offer = n % 3 ? S("nutra-de") : S("crypto"),
        .click_id = n % 5 == 4 && !better ? (struct slice){ 0 }
                                          : arena_printf(&arena, "click-%lld", (long long)n),
        .ttclid = arena_printf(&arena, "E.C.P.%032lld", (long long)n),
        .event_id = better ? arena_printf(&arena, "view-%lld", (long long)n) : (struct slice){ 0 },
        .page_url = arena_printf(&arena, "https://l.example/?ttclid=E.C.P.%032lld", (long long)n),
        .ip = S("203.0.113.9"), .user_agent = S("Mozilla/5.0 (\xff\x01 odd bytes)"),
        .at = AT / 1000 + n, .keyed = n % 2 || better, .country = S("DE"), .consent = S("yes"),
    };

    must(store_click_put(s, &c, &err) >= 0, "click");
}

static void refuse(struct store *s, int64_t n)
{
    const struct store_refusal how = { S("the visitor withdrew consent"), NULL, cut_click,
                                       cut_params, NULL };
    struct store_click c = { .offer = n % 3 ? S("nutra-de") : S("crypto"), .refused = true,
                             .click_id = arena_printf(&arena, "click-%lld", (long long)n),
                             .consent = S("no"), .keyed = true };
    struct store_refused out;

    must(store_click_decide(s, &c, &how, &out, &err) >= 0, "refusal");
}

static void conversion(struct store *s, int64_t n)
{
    static const char *const stages[] = { "lead", "sale", "rejected", "refund" };
    struct store_postback pb = {
        .at = AT + n * 1000, .offer = n % 3 ? S("nutra-de") : S("crypto"), .tracker = S("keitaro"),
        .method = S("GET"), .address = S("198.51.100.7"), .stage = slice_from(stages[n % 4]),
        .click_id = arena_printf(&arena, "click-%lld", (long long)n),
        .ttclid = arena_printf(&arena, "E.C.P.%032lld", (long long)n),
        .event_id = arena_printf(&arena, "click-%lld", (long long)n),
        .txid = arena_printf(&arena, "tx%lld", (long long)n),
        .params = arena_printf(&arena, "subid=click-%lld&external_id=E.C.P.%032lld&pad=%0*d",
                               (long long)n, (long long)n, (int)(n * 37 % 900) + 1, 0),
        .verdict = STORE_QUEUED,
    };
    struct store_event ev = {
        .offer = pb.offer, .pixel = PIXEL, .event = S("Purchase"), .event_id = pb.event_id,
        .click_id = pb.click_id, .ttclid = pb.ttclid, .created = pb.at, .value = 12500000,
        .currency = S("USD"), .original_value = 11000000, .original_currency = S("EUR"),
        .consent = S("granted"), .consent_said = S("\"yes\" of the click"),
        .plain_id = n % 7 ? (struct slice){ 0 } : arena_printf(&arena, "plain-%lld", (long long)n),
        .test_code = n % 11 ? (struct slice){ 0 } : S("TEST1"),
        .body = arena_printf(&arena, "{\"event\":\"Purchase\",\"user\":{\"ttclid\":\"E.C.P.%032lld\","
                             "\"ip\":\"203.0.113.9\"},\"pad\":\"%0*d\"}", (long long)n,
                             (int)(n * 53 % 1500) + 1, 0),
    };

    if (n % 9 == 8 || n % 10 == 9) {
        pb.verdict = n % 9 == 8 ? STORE_QUARANTINED : STORE_IGNORED;
        pb.code = S("Q003");
        pb.reason = S("the payout \"-4\" is negative");
        pb.warnings = S("W020 ttclid: x\nW021 y");
    }
    must(store_postback_id(s, &pb.id, &err) == 0, "id");
    ev.postback_id = pb.id;
    if (pb.verdict == STORE_QUEUED)
        must(store_event_put(s, &ev, NULL, &err) == 0, "event");
    must(store_postback_put(s, &pb, &err) == 0, "postback");
}

/* A postback that was quarantined is understood after all, with other ids. */
static void again(struct store *s, int64_t id, int64_t n)
{
    struct store_postback pb = { .id = id, .verdict = STORE_IGNORED, .stage = S("refund"),
                                 .click_id = arena_printf(&arena, "again-%lld", (long long)n),
                                 .params = S("subid=again") };

    must(store_postback_again(s, &pb, &err) >= 0, "again");
}

/* A request with some of what waits; its events end in every way there is. */
static void deliver(struct store *s, int64_t now)
{
    struct store_attempt a = { .at = now, .took_ms = 31, .pixel = PIXEL, .http_status = 200,
                               .code = 0, .message = S("OK"), .request_id = S("2026ABC") };
    static const enum store_state ends[] = { STORE_DELIVERED, STORE_DELIVERED, STORE_WAITING,
                                             STORE_DEAD };
    struct store_outcome outcomes[20];
    struct store_event *list;
    size_t count, n = 0;

    must(store_take(s, PIXEL, now, 0, 20, &arena, &list, &count, &err) == 0, "take");
    for (size_t i = 0; i < count; i++)
        if (list[i].id % 13) /* the others stay under way */
            outcomes[n++] = (struct store_outcome){
                .event_id = list[i].id, .state = ends[list[i].id % 4], .due = now + 60000,
                .unknown = list[i].id % 4 == 2,
                .note = list[i].id % 4 > 1 ? S("TikTok said 40002") : (struct slice){ 0 } };
    must(store_report(s, &a, outcomes, n, &err) == 0, "report");
}

int main(int argc, char **argv)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;
    int64_t many = argc > 2 ? atoll(argv[2]) : 120;
    struct store *s, *reader;

    if (argc < 2)
        return 2;
    if (argc > 3)
        tuning.hot_entries = (uint32_t)atoi(argv[3]);
    arena_init(&arena, (size_t)64 << 20);
    s = sqlite_open(argv[1], true, &tuning, &err);
    reader = s ? sqlite_open(argv[1], false, &tuning, &err) : NULL;
    must(reader != NULL, "open");
    for (int64_t n = 1; n <= many; n++) {
        arena_reset(&arena);
        must(store_begin(s, &err) == 0, "begin");
        click(s, n, false);
        conversion(s, n);
        if (n > 40 && n % 6 == 0)
            click(s, n - 40, true);
        if (n > 10 && n % 17 == 0)
            refuse(s, n - 10);
        if (n > 30 && n % 18 == 0)
            again(s, n / 18 * 9 - 1, n);
        if (n % 8 == 0)
            deliver(s, AT + n * 1000);
        must(store_commit(s, &err) == 0, "commit");
        if (n == many / 2)
            must(store_maintain(reader, &err) == 0, "maintain");
    }
    fflush(stdout);
    _exit(0);
}
