/* test_lifecycle.c: the life of a conversion.  tests/cases/lifecycle/cases.txt says how its cases are
 * written; here they run in memory (core/translate/sequence.h), e2e/64-lifecycle.py runs the same
 * through a server.  Then what the cases can't say: sentences, limits, mistakes in `transitions:`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/sequence.h"
#include "tests/support/case_file.h"
#include "tests/support/mapping_bench.h"

#define NOW INT64_C(1780000000)
#define FOLDER "tests/cases/lifecycle/"

struct desk {
    struct mapping_bench bench;
    struct arena arena; /* of the sequence */
    struct translator translator;
    struct sequence sequence;
    int64_t now;
};

static void desk_open(struct desk *d)
{
    struct source *source;

    *d = (struct desk){ .now = NOW };
    mapping_bench_open(&d->bench, NULL, (size_t)1 << 30); /* every case loads its mapping */
    arena_init(&d->arena, 64u << 20);
    source = ARENA_NEW(&d->bench.arena, struct source);
    assert_non_null(source);
    source->name = S("tests/cases/rates.yaml");
    assert_true(case_file_slurp(&d->bench.arena, "tests/cases/rates.yaml", &source->text));
    d->translator.rates = rates_load(&d->bench.arena, source, &d->bench.diags);
    d->translator.hasher = identity_hasher_new();
    assert_non_null(d->translator.rates);
    assert_non_null(d->translator.hasher);
}

static void desk_close(struct desk *d)
{
    identity_hasher_free(d->translator.hasher);
    mapping_bench_close(&d->bench);
    arena_free(&d->arena);
}

static void desk_offer(struct desk *d, const char *name, struct slice text)
{
    struct offer *offer = mapping_bench_load(&d->bench, name, text);

    if (!offer)
        fail_msg("%s", mapping_bench_problems(&d->bench));
    arena_reset(&d->arena);
    d->sequence = (struct sequence){ .translator = &d->translator, .offer = offer,
                                     .arena = &d->arena };
}

/* The translation lives in d's arena until the next offer. */
static struct translation desk_fire(struct desk *d, struct slice url, const struct click *click)
{
    struct translation t = { .code = "", .arena = &d->arena, .notes = { .arena = &d->arena } };
    struct params params = { .arena = &d->arena, .notes = &t.notes };
    struct err err = { 0 };

    url = arena_dup(&d->arena, url);
    if (params_url(&params, url, &err) != 0 ||
        sequence_next(&d->sequence, &params, click, d->now++, &t, &err) != 0)
        fail_msg("%.*s: %s", SLICE_ARG(url), err.text);
    return t;
}

/* ---- the cases ---- */

static struct slice replaced(struct arena *a, struct slice s, const char *what, struct slice by)
{
    size_t at = slice_find(s, slice_from(what)), len = strlen(what);

    if (at == s.len)
        return s;
    return replaced(a, arena_printf(a, "%.*s%.*s%.*s", (int)at, s.ptr, SLICE_ARG(by),
                                    SLICE_ARG(slice_from_at(s, at + len))),
                    what, by);
}

/* What came, as the line of the case would say it. */
static struct slice outcome(struct desk *d, const struct translation *t)
{
    struct buf b = { .limit = 4096 };
    struct slice out;

    buf_printf(&b, "%s", verdict_name(t->verdict));
    if (*t->code)
        buf_printf(&b, " %s", t->code);
    for (size_t i = 0; t->verdict == VERDICT_QUEUED && i < t->event_count; i++) {
        buf_printf(&b, " %.*s:%.*s", SLICE_ARG(t->events[i].event),
                   SLICE_ARG(t->events[i].event_id));
        if (t->events[i].has_value) {
            buf_byte(&b, '=');
            money_print(&b, t->events[i].value);
        }
    }
    for (const struct note *n = t->notes.first; n; n = n->next)
        if (strcmp(n->code, "W074") == 0)
            buf_puts(&b, " W074");
    out = arena_dup(&d->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static struct slice nameless(struct desk *d, const char *ttclid)
{
    char hex[SHA256_HEX];

    assert_true(sha256_hex(d->translator.hasher, slice_from(ttclid), hex));
    return arena_printf(&d->arena, "tt.%.32s", hex);
}

static bool run_line(struct desk *d, struct slice line, unsigned number)
{
    size_t arrow = slice_find(line, S(" => "));
    struct slice url = slice_trim(slice_head(line, arrow)), want, got;
    struct translation t;

    if (arrow == line.len)
        fail_msg("cases.txt:%u: neither a postback nor a key", number);
    if (slice_starts(url, S("@")))
        url = arena_printf(&d->arena, "subid={c}&ttclid=T.{c}%.*s",
                           SLICE_ARG(slice_from_at(url, 1)));
    url = replaced(&d->arena, url, "{c}", S("c1"));
    want = slice_trim(slice_from_at(line, arrow + 4));
    want = replaced(&d->arena, want, "tt({c})", nameless(d, "T.c1"));
    want = replaced(&d->arena, want, "{c}", S("c1"));
    t = desk_fire(d, url, NULL);
    got = outcome(d, &t);
    if (slice_eq(want, got))
        return true;
    fprintf(stderr, "cases.txt:%u: %.*s\n  expected %.*s\n  got      %.*s %.*s\n", number,
            SLICE_ARG(url), SLICE_ARG(want), SLICE_ARG(got), SLICE_ARG(t.reason));
    return false;
}

static void use_mapping(struct desk *d, struct slice name)
{
    struct slice path = arena_printf(&d->bench.arena, FOLDER "%.*s.yaml", SLICE_ARG(name)), text;

    assert_true(case_file_slurp(&d->bench.arena, path.ptr, &text));
    desk_offer(d, path.ptr, text);
    assert_string_equal(mapping_bench_problems(&d->bench), "");
}

static void every_case_holds(void **state)
{
    struct desk d;
    struct slice text, line;
    unsigned number = 0, cases = 0, bad = 0;

    (void)state;
    desk_open(&d);
    assert_true(case_file_slurp(&d.bench.arena, FOLDER "cases.txt", &text));
    while (slice_next(&text, '\n', &line)) {
        number++;
        line = slice_trim(line);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (slice_starts(line, S("case: ")))
            cases++;
        else if (slice_starts(line, S("mapping: ")))
            use_mapping(&d, slice_from_at(line, 9));
        else if (slice_eq(line, S("wait 49h")))
            d.now += 49 * 3600;
        else
            bad += !run_line(&d, line, number);
    }
    if (bad)
        fail_msg("%u lines of %u cases", bad, cases);
    assert_true(cases >= 50);
    desk_close(&d);
}

/* ---- sentences ---- */

#define HEAD                                                                                       \
    "version: 1\noffer: o\nextends: keitaro\npixel: C9EXAMPLEPIXEL00\n"                            \
    "page_url: https://l.example/\nvalue_currency: USD\npayout_currency: USD\n"
#define EVENTS                                                                                     \
    "events:\n"                                                                                    \
    "  lead: Lead\n"                                                                               \
    "  sale: {event: Purchase, value: payout}\n"                                                   \
    "  rebill: {event: Purchase, value: payout, repeatable: true}\n"                               \
    "  rejected: ignore\n"                                                                         \
    "properties: {order_id: \"{param.order}\"}\n"

struct sentence {
    const char *before[3]; /* behind subid=c&ttclid=T& */
    const char *given;
    int64_t later; /* seconds, for the last */
    const char *code, *reason;
};

/* Times count from NOW, a second each: 20:26:40. */
#define FIRST "Purchase with event_id \"c\" was accepted before (2026-05-28T20:26:40Z)"
static const struct sentence sentences[] = {
    { { "status=sale&payout=5" }, "status=sale&payout=5.00", 0, "D001", FIRST },
    { { "status=sale&payout=5" }, "status=sale&payout=5", 172800, "D008",
      FIRST "; that is more than 48 hours ago: TikTok would count it again, so it is not sent" },
    { { "status=sale&payout=5" }, "status=sale&payout=5", 172799, "D001", FIRST },
    { { "status=sale&payout=5" }, "status=sale&payout=R%24+7,50", 0, "D002",
      FIRST "; the payout was 5 USD then and is 7.5 BRL now: TikTok can't change an event, so the "
            "first one stands; reconcile counts the difference" },
    { { "status=sale" }, "status=sale&payout=5", 0, "D002",
      FIRST "; the payout was not said then and is 5 USD now: TikTok can't change an event, so the "
            "first one stands; reconcile counts the difference" },
    { { "status=sale&payout=5&tid=1" }, "status=sale&payout=5&tid=2", 0, "D003",
      FIRST "; the transaction was \"1\" then and is \"2\" now: if each is a conversion of its own, "
            "say repeatable: true (o.yaml:10)" },
    { { "status=sale&payout=5", "status=rejected" }, "status=sale&payout=5", 0, "D004",
      FIRST "; since then it was \"rejected\" (2026-05-28T20:26:41Z), and that it is \"sale\" again "
            "changes nothing at TikTok: the first event stands" },
    { { "status=sale&payout=5&tid=1" }, "status=rebill&payout=5&tid=1", 0, "D005",
      "Purchase with event_id \"c.1\" was accepted before (2026-05-28T20:26:40Z); the transaction "
      "\"1\" was sent at the stage \"sale\", and one transaction is one event: a payment of its own "
      "needs a transaction id of its own" },
    { { "status=sale&payout=5" }, "status=sale&payout=5&order=7&tid=1&ip=8.8.8.8", 0, "D006",
      FIRST "; this postback also has tid, ip, order, which the first had not: TikTok adds nothing "
            "to an event" },
    { { "status=sale&payout=5&order={order}" }, "status=sale&payout=5&order=7", 0, "D006",
      FIRST "; this postback also has order, which the first had not: TikTok adds nothing to an "
            "event" },
    { { "status=sale&payout=5" },
      "status=sale&payout=5&order=7&tid=1&ip=8.8.8.8&ua=x&ttp=y&page_url=https://p.example/", 0,
      "D006",
      FIRST "; this postback also has tid, ttp, ip, ua, page_url ..., which the first had not: "
            "TikTok adds nothing to an event" },
    { { "status=sale&payout=5" }, "status=paid&payout=5", 0, "D007",
      FIRST "; the word was \"sale\" then and is \"paid\" now" },
    { { "status=sale&payout=5" }, "status=SALE&payout=5", 0, "D001", FIRST },
    { { "status=sale&payout=5&tid=1", "status=rejected" }, "status=paid&payout=6&tid=2", 200000,
      "D003",
      FIRST "; the transaction was \"1\" then and is \"2\" now: if each is a conversion of its own, "
            "say repeatable: true (o.yaml:10); the payout was 5 USD then and is 6 USD now: TikTok "
            "can't change an event, so the first one stands; reconcile counts the difference; since "
            "then it was \"rejected\" (2026-05-28T20:26:41Z), and that it is \"sale\" again changes "
            "nothing at TikTok: the first event stands; the word was \"sale\" then and is \"paid\" "
            "now; that is more than 48 hours ago: TikTok would count it again, so it is not sent" },
    { { "status=sale&payout=5" }, "status=rejected", 0, "I006",
      "the offer ignores the stage \"rejected\" (o.yaml:12); what was sent at \"sale\" "
      "(2026-05-28T20:26:40Z) stays: TikTok takes no event back, reconcile counts it" },
    { { "status=sale&payout=5" }, "status=refund", 0, "I006",
      "the offer has no rule for the stage \"refund\"; what was sent at \"sale\" "
      "(2026-05-28T20:26:40Z) stays: TikTok takes no event back, reconcile counts it" },
    { { "status=rejected" }, "status=rejected", 0, "I001",
      "the offer ignores the stage \"rejected\" (o.yaml:12)" },
    /* an e-mail address as a transaction id: its hash, never itself */
    { { "status=sale&payout=5&tid=a%40b.example" }, "status=sale&payout=5&tid=c%40d.example", 0,
      "D003",
      FIRST "; the transaction was \"A@B...\" then and is \"C@D...\" now: if each is a conversion of "
            "its own, say repeatable: true (o.yaml:10)" },
};

/* A@B... stands for the first 60 digits of the hash of a@b.example. */
static struct slice with_hashes(struct desk *d, const char *text)
{
    static const char *const who[][2] = { { "A@B...", "a@b.example" }, { "C@D...", "c@d.example" } };
    struct slice out = slice_from(text);
    char hex[SHA256_HEX];

    for (size_t i = 0; i < 2; i++) {
        assert_true(sha256_hex(d->translator.hasher, slice_from(who[i][1]), hex));
        out = replaced(&d->arena, out, who[i][0], arena_printf(&d->arena, "%.60s...", hex));
    }
    return out;
}

static void sentences_say_what_differs(void **state)
{
    struct desk d;
    unsigned bad = 0;

    (void)state;
    desk_open(&d);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
        const struct sentence *s = &sentences[i];
        struct translation t;
        desk_offer(&d, "o.yaml", S(HEAD EVENTS));
        d.now = NOW;
        for (size_t k = 0; k < 3 && s->before[k]; k++)
            desk_fire(&d, arena_printf(&d.arena, "subid=c&ttclid=T&%s", s->before[k]), NULL);
        d.now += s->later;
        t = desk_fire(&d, arena_printf(&d.arena, "subid=c&ttclid=T&%s", s->given), NULL);
        if (strcmp(t.code, s->code) == 0 && slice_eq(t.reason, with_hashes(&d, s->reason)))
            continue;
        fprintf(stderr, "%s\n  expected %s %s\n  got      %s %.*s\n", s->given, s->code, s->reason,
                t.code, SLICE_ARG(t.reason));
        bad++;
    }
    desk_close(&d);
    assert_int_equal(bad, 0);
}

#define STRICT HEAD EVENTS "stages: {hold: [hold]}\n"                                              \
    "transitions:\n  sale: [new, lead, hold]\n  rebill: [sale]\n  rejected: sale\n"

static void refusals_name_both_stages_and_the_line(void **state)
{
    struct desk d;
    struct translation t;

    (void)state;
    desk_open(&d);
    desk_offer(&d, "o.yaml", S(STRICT));
    t = desk_fire(&d, S("subid=c&ttclid=T&status=rejected"), NULL);
    assert_string_equal(t.code, "I007");
    assert_true(slice_eq(t.reason, S("\"rejected\" may not come first: nothing was seen of this "
                                     "conversion before, and `transitions:` (o.yaml:18) lets it "
                                     "come only after sale")));
    assert_true(slice_eq(t.offer_line, S("o.yaml:18")));
    t = desk_fire(&d, S("subid=c&ttclid=T&status=sale&payout=5"), NULL);
    assert_int_equal(t.verdict, VERDICT_QUEUED); /* what was refused has moved nothing */
    desk_fire(&d, S("subid=c&ttclid=T&status=rejected"), NULL);
    t = desk_fire(&d, S("subid=c&ttclid=T&status=sale&payout=5"), NULL);
    assert_string_equal(t.code, "I005");
    assert_true(slice_eq(t.reason, S("\"sale\" may not come after \"rejected\" "
                                     "(2026-05-28T20:26:42Z): `transitions:` (o.yaml:16) lets it "
                                     "come only after new, lead or hold")));
    /* another click, another offer's click: nothing to do with it */
    t = desk_fire(&d, S("subid=c2&ttclid=T&status=sale&payout=5"), NULL);
    assert_int_equal(t.verdict, VERDICT_QUEUED);
    desk_close(&d);
}

/* ---- ids ---- */

static void a_registered_click_gives_the_id(void **state)
{
    struct desk d;
    struct click click = { .at = NOW };
    struct translation t;

    (void)state;
    desk_open(&d);
    desk_offer(&d, "o.yaml", S(HEAD EVENTS));
    click.fields[FIELD_CLICK_ID] = S("c");
    click.fields[FIELD_TTCLID] = S("T");
    click.fields[FIELD_EVENT_ID] = S("ev-1");
    t = desk_fire(&d, S("subid=c&status=rejected"), NULL);
    assert_string_equal(t.code, "I001");
    t = desk_fire(&d, S("ttclid=T&status=sale&payout=5"), &click);
    assert_true(slice_eq(t.events[0].event_id, S("ev-1")));
    assert_string_equal(t.notes.last->code, "W074");
    assert_true(slice_eq(t.notes.last->text,
                         S("status: this conversion was \"rejected\" before (2026-05-28T20:26:40Z); "
                           "\"sale\" is sent all the same, `transitions:` could refuse it")));
    t = desk_fire(&d, S("subid=c&status=rebill&payout=5&tid=1"), &click);
    assert_true(slice_eq(t.events[0].event_id, S("ev-1.1")));
    t = desk_fire(&d, S("ttclid=T&status=sale&payout=5"), NULL); /* and without the click */
    assert_string_equal(t.code, "D001");
    desk_close(&d);
}

static void personal_ids_are_found_by_their_hash(void **state)
{
    struct desk d;
    struct translation t;

    (void)state;
    desk_open(&d);
    desk_offer(&d, "o.yaml", S(STRICT));
    desk_fire(&d, S("subid=a%40b.example&ttclid=T&status=sale&payout=5"), NULL);
    desk_fire(&d, S("subid=a%40b.example&ttclid=T&status=rejected"), NULL);
    t = desk_fire(&d, S("subid=a%40b.example&ttclid=T&status=sale&payout=5"), NULL);
    assert_string_equal(t.code, "I005");
    desk_close(&d);
}

static void two_clicks_of_one_ttclid_stay_two(void **state)
{
    struct desk d;
    struct translation t;

    (void)state;
    desk_open(&d);
    desk_offer(&d, "o.yaml", S(HEAD EVENTS));
    desk_fire(&d, S("subid=c1&ttclid=T&status=sale&payout=5"), NULL);
    t = desk_fire(&d, S("subid=c2&ttclid=T&status=sale&payout=5"), NULL);
    assert_int_equal(t.verdict, VERDICT_QUEUED);
    t = desk_fire(&d, S("ttclid=T&status=lead"), NULL); /* the newest click's */
    assert_true(slice_eq(t.events[0].event_id, S("c2")));
    t = desk_fire(&d, S("ttclid=T2&status=lead"), NULL);
    assert_true(slice_starts(t.events[0].event_id, S("tt.")));
    desk_close(&d);
}

/* ---- limits ---- */

static void only_the_newest_are_looked_at(void **state)
{
    struct desk d;
    struct translation t;

    (void)state;
    desk_open(&d);
    desk_offer(&d, "o.yaml", S(STRICT));
    desk_fire(&d, S("subid=c&ttclid=T&status=sale&payout=5&tid=s"), NULL);
    for (int i = 0; i < HISTORY_MOST - 1; i++) {
        t = desk_fire(&d, arena_printf(&d.arena, "subid=c&ttclid=T&status=rebill&payout=5&tid=%d", i),
                      NULL);
        assert_int_equal(t.verdict, VERDICT_QUEUED);
    }
    /* the sale is still the oldest of the hundred: one more postback, and it is out of sight */
    desk_fire(&d, S("subid=c&ttclid=T&status=rebill&payout=5&tid=x"), NULL);
    t = desk_fire(&d, S("subid=c&ttclid=T&status=rebill&payout=5&tid=y"), NULL);
    assert_string_equal(t.code, "I005");
    t = desk_fire(&d, S("subid=c&ttclid=T&status=sale&payout=5&tid=s"), NULL);
    assert_string_equal(t.code, "D001"); /* never sent twice, seen or not */
    assert_true(slice_eq(t.reason, S("Purchase with event_id \"c\" was accepted before")));
    desk_close(&d);
}

static void a_full_arena_is_busy(void **state)
{
    struct desk d;

    (void)state;
    desk_open(&d);
    for (size_t limit = 0; limit < 60000; limit += 97) {
        struct arena arena, kept;
        struct translation t = { .code = "", .arena = &arena, .notes = { .arena = &arena } };
        struct params params = { .arena = &arena, .notes = &t.notes };
        struct err err = { 0 };
        int rc;
        desk_offer(&d, "o.yaml", S(STRICT));
        desk_fire(&d, S("subid=c&ttclid=T&status=sale&payout=5&tid=1"), NULL);
        arena_init(&arena, limit);
        arena_init(&kept, 4096 + limit);
        rc = params_url(&params, S("subid=c&ttclid=T&status=sale&payout=6&tid=2"), &err);
        if (rc == 0)
            rc = sequence_next(&d.sequence, &params, NULL, NOW, &t, &err);
        if (rc == 0)
            assert_string_equal(t.code, "D003");
        else
            assert_int_equal(err.kind, ERR_BUSY);
        arena_free(&arena);
        arena_free(&kept);
        if (rc == 0) {
            desk_close(&d);
            return;
        }
    }
    fail_msg("60 KB are not enough");
}

/* ---- mistakes in `transitions:` ---- */

#define MORE HEAD EVENTS /* 13 lines */

static const struct {
    const char *text, *problems;
} mistakes[] = {
    { MORE "transitions: {sale: [new, laed]}\n",
      "o.yaml:14:27 error M007 `transitions`: sale: no mapping has a stage \"laed\" | did you mean "
      "\"lead\"?\n" },
    { MORE "transitions: {slae: [new]}\n",
      "o.yaml:14:15 error M007 `transitions`: no mapping has a stage \"slae\" | did you mean "
      "\"sale\"?\n" },
    { MORE "transitions: {sale: []}\n",
      "o.yaml:14:21 error M042 `transitions`: sale could come after nothing | list the stages that "
      "may come before it, with `new` when it may come first; or write any\n" },
    { MORE "transitions: {}\n",
      "o.yaml:14:14 error M042 `transitions` has no line | write sale: [new, lead, hold], or leave "
      "`transitions` out\n" },
    { MORE "transitions:\n",
      "o.yaml:14:13 error M002 `transitions` must be a map (key: value), but this is empty | "
              "write a value behind it, or take the key out\n" },
    { MORE "transitions: [sale]\n",
      "o.yaml:14:14 error M002 `transitions` must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
    { MORE "transitions: {sale: {from: lead}}\n",
      "o.yaml:14:21 error M002 a line of `transitions` must be a list [a, b], but this is a map | "
              "write a list: [a, b]\n" },
    { MORE "transitions: {sale: [new, [lead]]}\n",
      "o.yaml:14:27 error M002 a stage must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
    { MORE "transitions: {sale: [new, lead, new, lead]}\n",
      "o.yaml:14:33 warning M044 \"new\" stands in this list already | keep it once\n"
      "o.yaml:14:38 warning M044 \"lead\" stands in this list already | keep it once\n" },
    { MORE "transitions: {sale: [rebill], rebill: [sale]}\n",
      "o.yaml:14:15 error M041 no conversion can ever come to \"sale\": the stages before it wait "
      "for each other, and none may come first | add `new` where a conversion may begin\n"
      "o.yaml:14:31 error M041 no conversion can ever come to \"rebill\": the stages before it wait "
      "for each other, and none may come first | add `new` where a conversion may begin\n" },
    { MORE "transitions: {sale: sale}\n",
      "o.yaml:14:15 error M041 no conversion can ever come to \"sale\": the stages before it wait "
      "for each other, and none may come first | add `new` where a conversion may begin\n" },
    { MORE "transitions: {sale: hold}\n",
      "o.yaml:14:15 error M041 no conversion can ever come to \"sale\": no word stands for any of "
      "the stages before it | list words for them under `stages:`, or add `new`\n" },
    { MORE "stages: {new: [neu]}\ntransitions: {sale: [new]}\n",
      "o.yaml:15:1 error M043 `new` means here that nothing was seen before, but a stage is called "
      "\"new\" | give the stage another name\n" },
    { MORE "transitions: {sale: [new, lead, hold], rebill: [sale, rebill], lead: any}\n", "" },
    { MORE "transitions: {sale: lead}\n", "" },
    { "version: 1\noffer: o\nextends: strict\n" EVENTS "pixel: C9EXAMPLEPIXEL00\n"
      "value_currency: USD\npayout_currency: USD\ntransitions: {sale: any}\n", "" },
    { MORE "tests:\n  - before: [[a]]\n    given: \"?subid=1\"\n    expect: {verdict: queued}\n",
      "o.yaml:15:14 error M002 `before` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
};

static const struct bench_file files[] = {
    { "strict", "version: 1\ntracker: strict\nextends: keitaro\n"
                "transitions: {sale: lead, lead: [new]}\n" },
    { NULL, NULL },
};

static void mistakes_are_named(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
        struct mapping_bench b;
        const char *got;
        mapping_bench_open(&b, files, 0);
        mapping_bench_load(&b, "o.yaml", slice_from(mistakes[i].text));
        got = mapping_bench_problems(&b);
        if (strcmp(got, mistakes[i].problems) != 0) {
            fprintf(stderr, "%s\n  expected\n%s  got\n%s", mistakes[i].text, mistakes[i].problems,
                    got);
            bad++;
        }
        mapping_bench_close(&b);
    }
    assert_int_equal(bad, 0);
}

static void nearer_files_win(void **state)
{
    struct mapping_bench b;
    struct offer *o;
    const struct transition_rule *r;

    (void)state;
    mapping_bench_open(&b, files, 0);
    o = mapping_bench_load(&b, "o.yaml",
                           S("version: 1\noffer: o\nextends: strict\npixel: C9EXAMPLEPIXEL00\n"
                             "value_currency: USD\npayout_currency: USD\n" EVENTS
                             "transitions: {sale: any, rebill: [sale]}\n"));
    assert_non_null(o);
    assert_null(mapping_transition(o, S("sale")));
    r = mapping_transition(o, S("lead")); /* of the parent */
    assert_true(r && r->from_new && r->from_count == 0 && r->at.line == 4);
    r = mapping_transition(o, S("rebill"));
    assert_true(r && !r->from_new && r->from_count == 1);
    assert_true(mapping_has_stage(o, S("hold")));
    assert_int_equal(mapping_check_tracker(&b.loader, &(struct source){ S("t"), S("version: 1\n"
                     "tracker: t\nextends: strict\ntransitions: {sale: sael}\n") }), -1);
    mapping_bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_holds),
        cmocka_unit_test(sentences_say_what_differs),
        cmocka_unit_test(refusals_name_both_stages_and_the_line),
        cmocka_unit_test(a_registered_click_gives_the_id),
        cmocka_unit_test(personal_ids_are_found_by_their_hash),
        cmocka_unit_test(two_clicks_of_one_ttclid_stay_two),
        cmocka_unit_test(only_the_newest_are_looked_at),
        cmocka_unit_test(a_full_arena_is_busy),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(nearer_files_win),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
