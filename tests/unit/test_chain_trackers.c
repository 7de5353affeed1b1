/* What each tracker makes of a click and of a conversion; what pages register; memory that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/chain_bench.h"

static const struct chain *load(struct chain_bench *b, const char *offer, const char *fmt, ...)
{
    struct buf text = { 0 };
    const struct chain *chain;
    char line[2000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    buf_printf(&text, "version: 1\nchain: c\n%s", line);
    chain = chain_bench_load(b, buf_slice(&text), offer);
    if (!chain)
        fail_msg("%s: %s", line, mapping_bench_problems(&b->files));
    buf_free(&text);
    return chain;
}

/* text with CLICK and TTCLID for the walk's ids. */
static void same(const char *what, const struct chain_result *r, struct slice got,
                 const char *wanted)
{
    struct buf text = { 0 };
    struct slice rest = slice_from(wanted);

    while (rest.len) {
        bool click = slice_starts(rest, S("CLICK")), ttclid = slice_starts(rest, S("TTCLID"));
        if (click || ttclid)
            buf_add(&text, r->ids[click ? CHAIN_CLICK_ID : CHAIN_TTCLID]);
        else
            buf_byte(&text, rest.ptr[0]);
        rest = slice_from_at(rest, click ? 5 : ttclid ? 6 : 1);
    }
    if (!slice_eq(got, buf_slice(&text)))
        fail_msg("%s: %.*s, wanted %.*s", what, SLICE_ARG(got), SLICE_ARG(buf_slice(&text)));
    buf_free(&text);
}

#define LOWER "0123456789abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The link, the macros, the conversion of each. */
static void each(void **state)
{
    static const struct {
        const char *tracker, *offer, *in, *to, *out, *back, *network, *postback;
        const char *prefix, *alphabet;
        size_t length;
    } rows[] = {
        { "keitaro", "nutra-de", "external_id=__CLICKID__&sub_id_3=a%20b&keyword=k+w",
          "s={subid}&t={external_id}&r={_sub_id_3}&e={sub_id_3}&k={keyword}&d={date:U}&c={country}&"
          "p={status}&z={sub_id_x}",
          "s=CLICK&t=TTCLID&r=a b&e=a%20b&k=k%20w&d=1789992800&c=x&p=&z={sub_id_x}",
          "subid={s}&status=sale&payout=12.5&currency=usd&tid=7",
          "subid=CLICK&status=sale&payout=12.5&currency=usd&tid=7",
          "click_id=CLICK&ttclid=TTCLID&status=sale&payout=12.5&currency=usd&txid=7&click_ts="
          "1789992800&ip=198.51.100.7&ua=Mozilla%2F5.0%20%28Linux%3B%20Android%2014%3B%20Pixel%208%"
          "29",
          "", LOWER, 13 },
        { "bemob", "sweeps-us", "ttclid=__CLICKID__&x=1",
          "s={clickId}&t={externalId}&u={externalID}&w={externalid}&x={x}",
          "s=CLICK&t=TTCLID&u=TTCLID&w={externalid}&x={x}", "cid={s}&payout=4&status=declined",
          "cid=CLICK&payout=4&status=declined", "cid=CLICK&ttclid=TTCLID&payout=4&status=decline",
          "", LOWER UPPER, 22 },
        { "binom", "loan-pl", "externalid=__CLICKID__&t1=a%26b",
          "s={clickid}&t={externalid}&u={external_id}&a={t1}&i={ip}&c={city}&S={status}",
          "s=CLICK&t=TTCLID&u=TTCLID&a=a%26b&i=198.51.100.7&c=x&S={status}",
          "cnv_id={s}&payout=7&cnv_status=approved&cnv_currency=eur",
          "cnv_id=CLICK&payout=7&cnv_status=approved&cnv_currency=eur",
          "click_id=CLICK&ttclid=TTCLID&payout=7&currency=eur&status=approved&status2=&ip=198.51."
          "100.7",
          "", LOWER, 14 },
        { "redtrack", "keto-us", "ref_id=__CLICKID__&sub5=x",
          "s={clickid}&t={ref_id}&a={sub5}&b={sub4}&R={REF_ID}",
          "s=CLICK&t=TTCLID&a=x&b=&R={REF_ID}", "clickid={s}&sum=9&type=Upsell",
          "clickid=CLICK&sum=9&type=Upsell", "click_id=CLICK&ttclid=TTCLID&payout=9&type=Upsell",
          "6ab11f60", "0123456789abcdef", 24 },
        { "voluum", "vpn-fr", "external_id=__CLICKID__&var2=v",
          "s={clickid}&d={click.id}&t={externalid}&a={var2}&n={connection.type}",
          "s=CLICK&d=CLICK&t=TTCLID&a=v&n=x", "cid={s}&payout=10&txid=1&et=lead",
          "cid=CLICK&payout=10&txid=1&et=lead",
          "click_id=CLICK&ttclid=TTCLID&payout=10&et=lead&ip=198.51.100.7&ua=Mozilla%2F5.0%20%"
          "28Linux"
          "%3B%20Android%2014%3B%20Pixel%208%29",
          "c", "0123456789" UPPER, 26 },
        { "generic", "shop-any", "external_id=__CLICKID__&sub1=q",
          "s={click_id}&t={ttclid}&a={sub1}&T={click_time}", "s=CLICK&t=TTCLID&a=q&T=1789992800",
          "click_id={s}&status=trash", "click_id=CLICK&status=trash",
          "click_id=CLICK&ttclid=TTCLID&status=trash&payout=&currency=&txid=", "", LOWER, 16 },
    };
    struct chain_bench b;
    struct chain_result r;

    (void)state;
    chain_bench_open(&b);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char out[900], network[300];
        struct slice id;
        const struct chain *c =
            load(&b, rows[i].offer,
                 "start: \"https://t.example/?%s\"\nhops: [{kind: tracker, tracker: %s, to: "
                 "\"https://o.example/?%s\"}]\nconversion: {postback: x, network: "
                 "\"https://t.example/pb?%s\"}\n",
                 rows[i].in, rows[i].tracker, rows[i].to, rows[i].back);
        assert_int_equal(chain_bench_walk(&b, c, 0, &r, NULL), 0);
        id = r.ids[CHAIN_CLICK_ID];
        assert_int_equal(id.len, rows[i].length);
        assert_true(slice_starts(id, slice_from(rows[i].prefix)));
        for (size_t k = strlen(rows[i].prefix); k < id.len; k++)
            assert_non_null(strchr(rows[i].alphabet, id.ptr[k]));
        snprintf(out, sizeof(out), "https://o.example/?%s", rows[i].out);
        snprintf(network, sizeof(network), "https://t.example/pb?%s", rows[i].network);
        same(rows[i].tracker, &r, r.hops[0].url, out);
        same(rows[i].tracker, &r, r.network, network);
        same(rows[i].tracker, &r, r.postback, rows[i].postback);
    }
    chain_bench_close(&b);
}

/* `params`: which URL parameter fills which slot. */
static void slots(void **state)
{
    struct chain_bench b;
    struct chain_result r;
    const struct chain *c;

    (void)state;
    chain_bench_open(&b);
    c = load(&b, NULL,
             "start: \"https://t.example/?tt=__CLICKID__&external_id=no&q=1\"\n"
             "hops: [{kind: tracker, tracker: keitaro, params: {external_id: tt, sub_id_2: q}, to: "
             "\"https://o.example/?t={external_id}&a={sub_id_2}&s={subid}\"}]\n");
    assert_int_equal(chain_bench_walk(&b, c, 0, &r, NULL), 0);
    same("slots", &r, r.hops[0].url, "https://o.example/?t=TTCLID&a=1&s=CLICK");
    assert_true(r.kept && r.hops[0].notes.count == 0);
    chain_bench_close(&b);
}

/* Two trackers in a row: each has its click, the first one is the chain's. */
static void two_trackers(void **state)
{
    struct chain_bench b;
    struct chain_result r;
    const struct chain *c;

    (void)state;
    chain_bench_open(&b);
    c = load(
        &b, "nutra-de",
        "start: \"https://t.example/?external_id=__CLICKID__\"\n"
        "hops: [{kind: tracker, tracker: keitaro, to: \"https://n.example/?aff={subid}\"}, {kind: "
        "tracker, tracker: voluum, to: \"https://o.example/?s={clickid}&aff={aff}\"}]\n"
        "conversion: {postback: x, network: \"https://t.example/pb?subid={s}\"}\n");
    assert_int_equal(chain_bench_walk(&b, c, 0, &r, NULL), 0);
    assert_false(r.kept); /* voluum's click is none of keitaro's */
    assert_string_equal(r.code, "H010");
    assert_int_equal(r.ids[CHAIN_CLICK_ID].len, 13);
    assert_int_equal(r.broken_at, 1);
    chain_bench_close(&b);
}

static void registrations(void **state)
{
    struct chain_bench b;
    struct chain_result r;
    const struct chain *c;
    struct slice query;

    (void)state;
    chain_bench_open(&b);
    c = load(
        &b, "nutra-de",
        "start: \"https://t.example/?external_id=__CLICKID__\"\n"
        "hops: [{kind: tracker, tracker: keitaro, register: true, to: "
        "\"https://lander.example/#subid={subid}&ttclid={external_id}\"}, {kind: lander, script: "
        "true, to: \"https://o.example/?s={click_id}\"}]\n"
        "conversion: {postback: x, network: \"https://t.example/pb?subid={s}&payout=1&"
        "currency=usd\"}\n");
    assert_int_equal(chain_bench_walk(&b, c, 0, &r, NULL), 0);
    assert_int_equal(r.registration_count, 2);
    assert_int_equal(r.registrations[0].origin.len, 0);
    same("the tracker's", &r, r.registrations[0].query, "click_id=CLICK&ttclid=TTCLID");
    same("the page's", &r, r.registrations[1].origin, "https://lander.example");
    query = r.registrations[1].query;
    assert_true(slice_starts(query, S("ttclid=E.C.P.")));
    /* the page's address goes without what stands behind '#' */
    assert_true(slice_ends(query, S("&page_url=https%3A%2F%2Flander.example%2F&consent=1")));
    assert_true(r.kept);
    same("the event", &r, r.translation.conversion.fields[FIELD_TTCLID].value, "TTCLID");
    assert_true(
        slice_eq(r.translation.conversion.fields[FIELD_EVENT_ID].value, r.ids[CHAIN_EVENT_ID]));
    chain_bench_close(&b);
}

#define WHOLE                                                                                      \
    "start: \"https://t.example/?external_id=__CLICKID__&n=__CAMPAIGN_NAME__\"\n"                  \
    "hops: [{kind: redirect, double_encode: true, to: \"https://t.example/\"}, {kind: tracker, "   \
    "tracker: keitaro, to: \"https://lander.example/?subid={subid}&ttclid={external_id}\"}, "      \
    "{name: l, kind: lander, script: true, decorate: true, to: \"https://o.example/\"}]\n"         \
    "conversion: {postback: x, network: \"https://t.example/pb?subid={subid}&payout=1&"            \
    "currency=usd\"}\n"

/* Wherever memory ends, it is said and nothing crashes; and more of it changes nothing. */
static void any_room(void **state)
{
    struct chain_bench b;
    struct chain_result r;
    const struct chain *c;
    size_t first = 0;

    (void)state;
    chain_bench_open(&b);
    c = load(&b, "nutra-de", WHOLE);
    for (size_t limit = 1; limit < 400000; limit += limit < 30000 ? 997 : 3989) {
        struct err err = { 0 };
        int rc = chain_bench_walk(&b, c, limit, &r, &err);
        if (rc == 0 && !first)
            first = limit;
        if (rc == 0 ? !r.kept || b.arena.full : err.kind != ERR_BUSY || rc != -1)
            fail_msg("room for %zu: %d, %s", limit, rc, err.text);
        if (first && rc != 0)
            fail_msg("room for %zu was enough, %zu is not", first, limit);
    }
    assert_int_not_equal(first, 0);
    chain_bench_close(&b);
}

/* The same seed, the same ids; another one, others. */
static void seeds(void **state)
{
    struct chain_bench b;
    struct chain_result r;
    const struct chain *c;
    char ids[3][CHAIN_IDS][400];

    (void)state;
    chain_bench_open(&b);
    c = load(&b, "nutra-de", WHOLE);
    for (size_t k = 0; k < 3; k++) {
        b.world.seed = k == 2;
        assert_int_equal(chain_bench_walk(&b, c, 0, &r, NULL), 0);
        for (size_t id = 0; id < CHAIN_IDS; id++)
            snprintf(ids[k][id], sizeof(ids[k][id]), "%.*s", SLICE_ARG(r.ids[id]));
    }
    for (size_t id = 0; id < CHAIN_IDS; id++) {
        assert_string_equal(ids[0][id], ids[1][id]);
        assert_string_not_equal(ids[0][id], ids[2][id]);
    }
    assert_int_equal(strlen(ids[0][CHAIN_TTCLID]), 306);
    assert_string_equal(ids[0][CHAIN_EVENT_ID], ids[0][CHAIN_CLICK_ID]);
    chain_bench_close(&b);
}

/* What people read. */
static void sentences(void **state)
{
    static const struct {
        const char *hops, *note, *reason;
    } rows[] = {
        { "{name: r, kind: redirect, strip_query: true, to: \"https://t.example/\"}, {kind: "
          "tracker, "
          "tracker: keitaro, register: true, to: \"https://o.example/?s={subid}\"}",
          "ttclid is lost: this hop drops the whole query (strip_query). What to change: carry "
          "the query on: a redirect appends it ($is_args$args in nginx, QSA in Apache), a link or a "
          "macro names its parameters",
          "the postback becomes no event: quarantined Q007: the event has no match key (ttclid, "
          "external_id, e-mail, ...), so TikTok could match it with nobody. The baton was dropped "
          "at hop 1, \"r\"" },
        { "{name: t, kind: tracker, tracker: keitaro, to: "
          "\"https://lander.example/?subid={subid}\"}, "
          "{name: l, kind: lander, script: true, to: \"https://o.example/\"}",
          "click_id is lost: this hop's target does not carry it. What to change: add "
          "subid={subid} to its target",
          "no postback comes: the network's postback carries no click id in \"subid\", so "
          "keitaro ignores it. "
          "The click id was dropped at hop 2, \"l\"" },
        { "{name: r, kind: redirect, second_question_mark: true, to: \"https://t.example/?a=1\"}, "
          "{kind: tracker, tracker: keitaro, to: \"https://o.example/?s={subid}\"}",
          "ttclid is changed: this hop appends with a second \"?\", which glues what follows to "
          "the "
          "last value (second_question_mark). What to change: append with & when there is a ? "
          "already",
          "the postback becomes no event: quarantined Q007: the event has no match key (ttclid, "
          "external_id, e-mail, ...), so TikTok could match it with nobody. The baton was dropped "
          "at hop 1, \"r\"" },
        { "{name: t, kind: tracker, tracker: keitaro, truncate: 255, to: "
          "\"https://lander.example/?subid={subid}&ttclid={external_id}\"}, {kind: lander, script: "
          "true, to: \"https://o.example/?s={subid}\"}",
          "ttclid is cut: this hop cuts long values (truncate). What to change: widen the field: a "
          "ttclid has some 300 characters, up to 1,000, a tracker's click id up to 30; or pass the "
          "shorter of the two",
          "the event has a ttclid that was cut: the baton was dropped at hop 1, \"t\"" },
    };
    struct chain_bench b;
    struct chain_result r;

    (void)state;
    chain_bench_open(&b);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct chain *c = load(
            &b, "nutra-de",
            "start: \"https://t.example/?external_id=__CLICKID__\"\nhops: [%s]\nconversion: "
            "{postback: x, network: \"https://t.example/pb?subid={s}&payout=1&currency=usd\"}\n",
            rows[i].hops);
        const struct note *n = NULL;
        assert_int_equal(chain_bench_walk(&b, c, 0, &r, NULL), 0);
        for (size_t h = 0; !n && h < r.hop_count; h++)
            n = r.hops[h].notes.first;
        assert_non_null(n);
        same("the note", &r, n->text, rows[i].note);
        same("the reason", &r, r.reason, rows[i].reason);
    }
    chain_bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each),          cmocka_unit_test(slots),    cmocka_unit_test(two_trackers),
        cmocka_unit_test(registrations), cmocka_unit_test(any_room), cmocka_unit_test(seeds),
        cmocka_unit_test(sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
