/* Walks: where the baton is behind each hop, where it drops, and what is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/chain_bench.h"

#define TRACKER                                                                                    \
    "{name: t, kind: tracker, tracker: keitaro, to: "                                              \
    "\"https://lander.example/nutra?subid={subid}&ttclid={external_id}\"}"
#define LANDER "{name: l, kind: lander, script: true, to: \"https://o.example/?s={subid}\"}"
#define AD "start: \"https://t.example/?external_id=__CLICKID__\"\n"
#define BACK                                                                                       \
    "conversion: {postback: x, network: \"https://t.example/pb?subid={s}&status=sale&payout=5&"    \
    "currency=usd\"}\n"

/* states: per hop ttclid, event_id, click_id: k l c t, - for absent; hops divided by a blank.
 * said: per hop and, behind '|', of the whole: codes.  verdict: "kept" or "CODE at HOP". */
struct row {
    const char *what, *offer, *start, *hops, *back, *states, *said, *verdict;
};

static void print_codes(struct buf *out, const struct notes *notes)
{
    for (const struct note *n = notes->first; n; n = n->next)
        buf_printf(out, "%s%s", out->len && out->ptr[out->len - 1] != '|' ? " " : "", n->code);
}

static void check_row(struct chain_bench *b, const struct row *row)
{
    static const char letters[] = "-klct";
    struct buf text = { 0 }, states = { 0 }, said = { 0 }, verdict = { 0 };
    struct chain_result r;
    const struct chain *c;

    buf_printf(&text, "version: 1\nchain: c\n%shops: [%s]\n%s", row->start, row->hops, row->back);
    c = chain_bench_load(b, buf_slice(&text), row->offer);
    if (!c)
        fail_msg("%s: %s", row->what, mapping_bench_problems(&b->files));
    assert_int_equal(chain_bench_walk(b, c, 0, &r, NULL), 0);
    for (size_t i = 0; i < r.hop_count; i++) {
        buf_puts(&states, i ? " " : "");
        for (size_t id = 0; id < CHAIN_IDS; id++)
            buf_byte(&states, letters[r.hops[i].state[id]]);
        print_codes(&said, &r.hops[i].notes);
    }
    buf_byte(&said, '|');
    print_codes(&said, &r.warnings);
    if (r.kept)
        buf_puts(&verdict, "kept");
    else
        buf_printf(&verdict, "%s at %.*s", r.code,
                   SLICE_ARG(r.broken_at < r.hop_count ? r.hops[r.broken_at].hop->name : S("end")));
    if (!slice_eq(buf_slice(&states), slice_from(row->states)) ||
        !slice_eq(buf_slice(&said), slice_from(row->said)) ||
        !slice_eq(buf_slice(&verdict), slice_from(row->verdict)))
        fail_msg("%s: states \"%.*s\" said \"%.*s\" verdict \"%.*s\" (%.*s)", row->what,
                 SLICE_ARG(buf_slice(&states)), SLICE_ARG(buf_slice(&said)),
                 SLICE_ARG(buf_slice(&verdict)), SLICE_ARG(r.reason));
    buf_free(&text);
    buf_free(&states);
    buf_free(&said);
    buf_free(&verdict);
}

static void check(const struct row *rows, size_t count)
{
    struct chain_bench b;

    chain_bench_open(&b);
    for (size_t i = 0; i < count; i++)
        check_row(&b, &rows[i]);
    chain_bench_close(&b);
}
#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

#define N "nutra-de", AD

static void good_chains(void **state)
{
    static const struct row rows[] = {
        { "tracker, lander, offer", N, TRACKER ", " LANDER, BACK, "k-k kkk", "|", "kept" },
        { "straight to the offer", N,
          "{name: t, kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}", BACK,
          "k-k", "|", "kept" },
        { "an offer that drops what nobody needs", N,
          TRACKER ", " LANDER ", {kind: redirect, drop: [ttclid], to: /x}", BACK, "k-k kkk kkk",
          "|", "kept" },
        { "the page ends the chain", N,
          "{kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}, {kind: lander}",
          BACK, "k-k k-k", "|", "kept" },
        { "no conversion: the last page decides", NULL, AD,
          "{name: r, kind: redirect, to: \"https://o.example/\"}", "", "k--", "|", "kept" },
        { "a click that is registered by the tracker", N,
          "{name: t, kind: tracker, tracker: keitaro, register: true, to: "
          "\"https://o.example/?s={subid}\"}",
          "conversion: {postback: x, network: "
          "\"https://e.example/postback/nutra-de?subid={s}&status=sale&payout=5&currency=usd\"}\n",
          "k-k", "|", "kept" },
        { "a case of names that nobody reads", N,
          TRACKER ", {kind: redirect, uppercase_keys: true, to: \"https://lander.example/nutra\"}, "
                  "{name: l, kind: lander, to: \"https://o.example/?s={SUBID}\"}",
          BACK, "k-k k-k k-k", "|H040", "kept" },
        { "the ad's link names the event_id", "shop-any",
          "start: \"https://lander.example/?ttclid=__CLICKID__&event_id=e-1\"\n",
          "{kind: lander, script: true, to: \"https://o.example/?s={ttclid}\"}",
          "conversion: {postback: x, network: "
          "\"https://e.example/postback/shop-any?ttclid={s}&status=sale&payout=5\"}\n",
          "kk-", "|", "kept" },
    };

    (void)state;
    CHECK(rows);
}

static void harmed_chains(void **state)
{
    static const struct row rows[] = {
        { "dropped before the tracker", N,
          "{name: r, kind: redirect, drop: [external_id], to: \"https://t.example/\"}, " TRACKER
          ", " LANDER,
          BACK, "l-- l-k lkk", "H001 H005|H040", "H011 at r" },
        { "no ttclid in the ad", "nutra-de", "start: \"https://t.example/?x=1\"\n",
          TRACKER ", " LANDER, BACK, "--k -kk", "H005|", "H011 at t" },
        { "lower-cased before the tracker", N,
          "{name: r, kind: redirect, lowercase: true, to: \"https://t.example/\"}, " TRACKER
          ", " LANDER,
          BACK, "c-- c-k ckk", "H002|H040", "H011 at r" },
        { "cut by the tracker", N,
          "{name: t, kind: tracker, tracker: keitaro, truncate: 255, to: "
          "\"https://lander.example/nutra?subid={subid}&ttclid={external_id}\"}, " LANDER,
          BACK, "t-k tkk", "H003|", "H011 at t" },
        { "cut to nothing one can recognise", N,
          "{name: r, kind: redirect, truncate: 5, to: \"https://t.example/\"}, {kind: tracker, "
          "tracker: keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "l-- l-k", "H001|H040", "H011 at r" },
        { "a page that forgets the click id", N,
          TRACKER ", {name: l, kind: lander, script: true, to: \"https://o.example/\"}", BACK,
          "k-k kkl", "H001|H022 H010", "H010 at l" },
        { "an offer that changes it", N,
          TRACKER ", " LANDER ", {name: o, kind: redirect, base64: [s], to: /x}", BACK,
          "k-k kkk kkc", "H002|H010", "H010 at o" },
        { "an offer that encrypts it", N,
          TRACKER ", " LANDER ", {name: o, kind: redirect, encrypt: [s], to: /x}", BACK,
          "k-k kkk kkl", "H001|H010", "H010 at o" },
        { "behind the #, no script", N,
          TRACKER ", {name: r, kind: redirect, fragment: true, to: \"https://lander.example/x\"}, "
                  "{kind: lander, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-k k-l k-l", "H001 H022|H040 H010", "H010 at r" },
        { "behind the #, read by the script", N,
          TRACKER ", {name: r, kind: redirect, fragment: true, to: \"https://lander.example/x\"}, "
                  "{kind: lander, script: true, decorate: true, to: \"https://o.example/\"}",
          "conversion: {postback: x, network: "
          "\"https://t.example/pb?subid={subid}&status=sale&payout=5&currency=usd\"}\n",
          "k-k k-k kkk", "|H040", "kept" },
        { "a page whose origin the offer does not know", "nutra-de",
          "start: \"https://t.example/?external_id=__CLICKID__\"\n",
          "{name: t, kind: tracker, tracker: keitaro, to: "
          "\"https://else.example/?subid={subid}&ttclid={external_id}\"}, " LANDER,
          BACK, "k-k kkk", "H006|", "kept" },
        { "a page that finds no id", "nutra-de", AD,
          "{name: t, kind: tracker, tracker: keitaro, to: \"https://lander.example/\"}, {name: l, "
          "kind: lander, script: true, to: \"https://t.example/?x=1\"}, {kind: tracker, tracker: "
          "keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-l kkk kkk", "H001 H007|", "H012 at t" },
        { "a pixel of its own", "nutra-de", AD,
          TRACKER ", {name: l, kind: lander, event_id: \"p-{subid}\", to: "
                  "\"https://o.example/?s={subid}\"}",
          BACK, "k-k klk", "H001|", "H012 at l" },
        { "a status that nobody knows", N, TRACKER ", " LANDER,
          "conversion: {postback: x, tracker_postback: \"?subid={subid}&status=hmm\", network: "
          "\"https://t.example/pb?subid={s}\"}\n",
          "k-k kkk", "|", "H013 at end" },
        { "a macro that the tracker does not have", N, TRACKER,
          "conversion: {postback: x, tracker_postback: "
          "\"?subid={subid}&ttclid={externalId}&status=sale&payout=5&currency=usd\", network: "
          "\"https://t.example/pb?subid={subid}\"}\n",
          "k-k", "|H004", "H013 at end" },
        { "a name that the tracker does not read", N,
          "{name: r, kind: redirect, rename: {external_id: ext}, to: \"https://t.example/\"}, "
          "{kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-- l-k", "H002 H005|H040", "H013 at r" },
        { "a name that is wrong in the ad", "nutra-de",
          "start: \"https://t.example/?ttclid=__CLICKID__\"\n",
          "{name: t, kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}", BACK,
          "l-k", "H005|", "H013 at t" },
        { "another tracker than the offer's", "loan-pl", AD, TRACKER ", " LANDER, BACK, "k-k kkk",
          "|H014", "kept" },
        { "dropped, no conversion", NULL, AD,
          "{name: r, kind: redirect, strip_query: true, to: \"https://o.example/\"}", "", "l--",
          "H001|", "H011 at r" },
        { "click id dropped, no conversion", NULL,
          "start: \"https://t.example/?ttclid=__CLICKID__\"\n",
          "{name: t, kind: tracker, tracker: bemob, to: "
          "\"https://o.example/?ttclid={externalId}\"}",
          "", "k-l", "H001|", "H011 at t" },
    };

    (void)state;
    CHECK(rows);
}

static void browser(void **state)
{
    static const struct row rows[] = {
        { "a script as the target", N,
          TRACKER ", {name: r, kind: redirect, to: \"javascript:alert(1)\"}, " LANDER, BACK,
          "k-k k-k", "H008|H040", "H008 at r" },
        { "data as the target", N, "{name: r, kind: meta, to: \"data:text/html,x\"}", BACK, "k--",
          "H008|", "H008 at r" },
        { "an app's own scheme", NULL, AD, "{name: a, kind: app, to: \"shop://open/x\"}", "", "k--",
          "|", "kept" },
        { "a mail address from an app hop", NULL, AD, "{name: a, kind: app, to: \"mailto:a\"}", "",
          "k--", "H008|", "H008 at a" },
        { "control bytes that a macro brings into the host", NULL,
          "start: \"https://a.example/?h=b%0d.example&t=__CLICKID__\"\n",
          "{name: r, kind: redirect, to: \"https://{h}/\"}", "", "k--", "|", "kept" },
        { "relative", N, "{name: r, kind: redirect, to: \"/second\"}, " TRACKER ", " LANDER, BACK,
          "k-- k-k kkk", "|H040", "kept" },
        { "relative by mistake", N,
          TRACKER ", {name: r, kind: redirect, relative: true, to: "
                  "\"https://elsewhere.example/second\"}, " LANDER,
          BACK, "k-k k-k kkk", "H023|H040", "H023 at r" },
        { "a loop", NULL, AD,
          "{name: r, kind: redirect, to: \"https://b.example/\"}, {name: s, kind: redirect, to: "
          "\"https://t.example/\"}",
          "", "k-- k--", "|H040 H042", "kept" },
        { "a hop to itself", NULL, AD, "{name: r, kind: redirect, to: \"https://t.example/\"}", "",
          "k--", "|H042", "kept" },
        { "down to http", NULL, AD, "{name: r, kind: redirect, to: \"http://b.example/\"}", "",
          "k--", "|H041", "kept" },
        { "an unknown macro in the ad", NULL,
          "start: \"https://t.example/?t=__CLICKID__&s=__SITE__\"\n",
          "{name: r, kind: redirect, to: \"https://b.example/\"}", "", "k--", "|H045", "kept" },
        { "a cookie that brings the visitor back", N,
          TRACKER ", {name: l, kind: lander, script: true, to: \"https://t.example/?lp=1\"}, "
                  "{kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-k kkk kkk", "|", "kept" },
        { "a cookie that is of another host", N,
          TRACKER
          ", {name: l, kind: lander, script: true, to: \"https://www.t.example/?lp=1\"}, {name: u, "
          "kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-k kkl kkl", "H001 H015 H005|", "H013 at l" },
        { "no cookies at the tracker", N,
          "{name: t, kind: tracker, tracker: keitaro, lose_cookies: true, to: "
          "\"https://lander.example/nutra?subid={subid}&ttclid={external_id}\"}, {name: l, kind: "
          "lander, script: true, to: \"https://t.example/?lp=1\"}, {kind: tracker, tracker: "
          "keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-k kkl kkl", "H001 H015 H005|", "H013 at l" },
        { "no cookies, but the click id in the link", N,
          "{name: t, kind: tracker, tracker: keitaro, lose_cookies: true, to: "
          "\"https://lander.example/nutra?subid={subid}&ttclid={external_id}\"}, {name: l, kind: "
          "lander, script: true, to: \"https://t.example/?subid={subid}\"}, {kind: tracker, "
          "tracker: keitaro, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-k kkk kkk", "|", "kept" },
    };

    (void)state;
    CHECK(rows);
}

static void event_ids(void **state)
{
#define QUIZ                                                                                       \
    "{name: t, kind: tracker, tracker: keitaro, to: "                                              \
    "\"https://quiz.example/?subid={subid}&ttclid={external_id}\"}"
#define PRE(more)                                                                                  \
    "{name: p, kind: lander, script: true, " more                                                  \
    "to: \"https://lander.example/?subid={subid}&ttclid={ttclid}\"}"
#define QUIZ_AD "start: \"https://quiz.example/?ttclid=__CLICKID__\"\n"
#define FIRST(more)                                                                                \
    "{name: p, kind: lander, script: true, " more                                                  \
    "to: \"https://t.example/c?external_id={ttclid}\"}"
#define LATER                                                                                      \
    "{name: t, kind: tracker, tracker: keitaro, to: "                                              \
    "\"https://lander.example/?subid={subid}&ttclid={external_id}\"}"
#define BARE(more)                                                                                 \
    "{name: p, kind: lander, script: true, " more                                                  \
    "to: \"https://lander.example/?subid={subid}\"}"
    static const struct row rows[] = {
        { "two hosts, one ttclid", "nutra-quiz", AD, QUIZ ", " PRE("") ", " LANDER, BACK,
          "k-k kkk kkk", "|", "kept" },
        { "two hosts, one click id", "nutra-quiz", AD, QUIZ ", " BARE("") ", " LANDER, BACK,
          "k-k kkk kkk", "|", "kept" },
        { "before the tracker there is no click id", "nutra-quiz", QUIZ_AD, FIRST("") ", " LATER ", "
          LANDER, BACK, "kk- kkk kkk", "H016|", "H012 at p" },
        { "decorated, but the tracker does not hand it on", "nutra-quiz", QUIZ_AD,
          FIRST("decorate: true, ") ", " LATER ", " LANDER, BACK, "kk- kkk kkk", "H016|",
          "H012 at t" },
        { "decorated", "nutra-quiz", AD, QUIZ ", " BARE("decorate: true, ") ", " LANDER, BACK,
          "k-k kkk kkk", "|", "kept" },
        { "handed on by hand", "nutra-quiz", AD,
          QUIZ
          ", {name: p, kind: lander, script: true, to: "
          "\"https://lander.example/?subid={subid}&event_id={event_id}\"}, " LANDER,
          BACK, "k-k kkk kkk", "|", "kept" },
        { "the same host twice", "nutra-quiz", AD,
          QUIZ ", {name: p, kind: lander, script: true, to: "
               "\"https://quiz.example/2?subid={subid}\"}, " LANDER,
          BACK, "k-k kkk kkk", "|", "kept" },
        { "the same host, storage lost: the referrer has the ttclid", "nutra-quiz", AD,
          QUIZ ", {name: p, kind: lander, script: true, to: "
               "\"https://quiz.example/2?subid={subid}\"}, {name: l, kind: lander, "
               "lose_cookies: true, script: true, to: \"https://o.example/?s={subid}\"}",
          BACK, "k-k kkk kkk", "|", "kept" },
    };

    (void)state;
    CHECK(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_chains),
        cmocka_unit_test(harmed_chains),
        cmocka_unit_test(browser),
        cmocka_unit_test(event_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
