/* The trackers' tables hold together, and the URLs that are made of them for an offer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/kit/kit.h"
#include "tests/support/mapping_bench.h"

static const struct kit_hosts hosts = { SLICE("H"), SLICE("T"), SLICE("L") };

/* ---- tables ---- */

/* Every {x} of the query is in the table, or is plain text without a brace. */
static void check_query(const struct tracker *t, const char *text)
{
    struct slice query = slice_from(text), pair, name, value, macro;

    assert_true(query.len > 0);
    while (slice_next(&query, '&', &pair)) {
        assert_true(slice_cut(pair, '=', &name, &value));
        assert_true(name.len > 0 && value.len > 0);
        if (!kit_is_macro(value, &macro))
            assert_true(slice_index(value, '{') == value.len);
        else if (!kit_macro(t->urls, macro))
            fail_msg("%s: %.*s is in no row", t->name, SLICE_ARG(value));
    }
}

static bool has_source(const struct tracker *t, const char *text, enum macro_source from)
{
    struct slice query = slice_from(text), pair, name, value, macro;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (kit_is_macro(value, &macro) && kit_macro(t->urls, macro)->from == from)
            return true;
    }
    return false;
}

static bool knows(const struct tracker *t, enum macro_source from)
{
    for (const struct tracker_macro *m = t->urls->macros; m->name; m++)
        if (m->from == from)
            return true;
    return false;
}

static void check_postbacks(const struct tracker *t)
{
    const struct tracker_urls *u = t->urls;
    const enum macro_source needed[] = { MACRO_CLICK_ID, MACRO_EXTERNAL_ID, MACRO_PAYOUT };
    const enum macro_source wanted[] = { MACRO_STATUS, MACRO_CURRENCY, MACRO_TXID };

    assert_non_null(u->postbacks[0].query);
    for (const struct tracker_postback *p = u->postbacks; p->query; p++) {
        check_query(t, p->query);
        assert_int_equal(p->stage != NULL, u->type_param != NULL);
        for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
            assert_true(has_source(t, p->query, needed[i]));
        for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
            if (knows(t, wanted[i]))
                assert_true(has_source(t, p->query, wanted[i]));
    }
    assert_int_equal(knows(t, MACRO_STATUS), u->type_param == NULL);
    assert_int_equal(knows(t, MACRO_CURRENCY), u->currency_param == NULL);
}

static void check_ids(const struct tracker_urls *u)
{
    assert_true(u->id_length >= 13 && u->id_length < 64);
    assert_true(strlen(u->id_alphabet) >= 16);
    assert_true(strlen(u->id_prefix) < u->id_length);
    for (const char *p = u->id_alphabet; *p; p++)
        assert_null(strchr(p + 1, *p));
    assert_true(!u->id_time || u->id_length >= 8);
}

/* The ad's link fills the parameter that the tracker takes for the source's click id. */
static void check_ad_link(const struct tracker_urls *u)
{
    struct slice link = slice_from(u->ad_link), at, query, pair, name, value;
    bool found = false;

    assert_true(slice_starts(link, S("https://YOUR-TRACKER/")));
    assert_true(slice_cut(link, '?', &at, &query));
    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (slice_starts(value, S("_")))
            assert_true(slice_starts(value, S("__")) && slice_ends(value, S("__")));
        if (slice_eq(value, S("__CLICKID__")))
            found = slice_eq(name, slice_from(u->external_params[0]));
    }
    assert_true(found);
}

static void tables(void **state)
{
    (void)state;
    for (const struct tracker *const *row = trackers; *row; row++) {
        const struct tracker *t = *row;
        const struct tracker_urls *u = t->urls;
        assert_non_null(u);
        check_ids(u);
        check_postbacks(t);
        check_query(t, u->lander_query);
        check_ad_link(u);
        assert_non_null(u->return_params[0]);
        assert_true(strlen(u->source_setup) && strlen(u->postback_place) && strlen(u->unknown));
        for (const struct tracker_macro *m = u->macros; m->name; m++)
            for (const struct tracker_macro *n = m + 1; n->name; n++)
                assert_string_not_equal(m->name, n->name);
        if (u->free.family)
            assert_true(u->free.first >= 1 && u->free.first <= u->free.last);
    }
}

/* Every word that the tracker says by itself leads to that stage in its own mapping. */
static void words_of_the_tables(void **state)
{
    struct mapping_bench b;

    (void)state;
    mapping_bench_open(&b, NULL, 0);
    for (const struct tracker *const *t = trackers; *t; t++) {
        char text[300];
        struct offer *offer;
        snprintf(text, sizeof(text),
                 "version: 1\noffer: o-%s\nextends: %s\npixel: C9EXAMPLEPIXEL00\nevents:\n"
                 "  sale: Purchase\n",
                 (*t)->name, (*t)->name);
        offer = mapping_bench_load(&b, "o.yaml", arena_dup(&b.arena, slice_from(text)));
        assert_non_null(offer);
        for (const struct tracker_status *s = (*t)->urls->statuses; s && s->stage; s++) {
            const struct stage_word *word = mapping_word(offer, slice_from(s->word));
            assert_non_null(word);
            assert_true(slice_eq(word->stage, slice_from(s->stage)));
        }
    }
    mapping_bench_close(&b);
}

static void macros(void **state)
{
    static const struct {
        const char *value, *name; /* NULL: no macro */
    } rows[] = {
        { "{subid}", "subid" }, { "{date:U}", "date" }, { "{click.id}", "click.id" },
        { "{date:Y-m-d H:i:s,Europe/Kyiv}", "date" },   { "{}", NULL },
        { "{:x}", NULL },       { "subid", NULL },      { "{a}{b}", NULL },
        { "{a}x", NULL },       { "x{a}", NULL },       { "", NULL },
        { "{", NULL },          { "}", NULL },
    };
    static const struct {
        const char *name;
        bool known;
    } families[] = {
        { "sub_id_1", true }, { "sub_id_30", true }, { "sub_id_", false },  { "sub_id_*", false },
        { "sub_id", false },  { "sub_id_x", false }, { "sub_id_1x", false }, { "SUBID", false },
        { "subid", true },    { "payout", false },
    };
    const struct tracker_urls *keitaro = trackers[0]->urls;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice name = { 0 };
        bool is = kit_is_macro(slice_from(rows[i].value), &name);
        assert_int_equal(is, rows[i].name != NULL);
        if (is)
            assert_true(slice_eq(name, slice_from(rows[i].name)));
    }
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
        assert_int_equal(kit_macro(keitaro, slice_from(families[i].name)) != NULL,
                         families[i].known);
}

/* ---- kits ---- */

#define HEAD "version: 1\noffer: o\npixel: C9EXAMPLEPIXEL00\n"

static const struct bench_file own_files[] = {
    { "mine", "version: 1\ntracker: mine\nextends: voluum\nfields:\n  type: [what]\n"
              "  currency: [cur]\nstages:\n  won: [\"big win\"]\n" },
    { NULL, NULL },
};

static void urls(void **state)
{
    static const struct {
        const char *offer, *lander, *postback, *remark;
    } rows[] = {
        { HEAD "extends: bemob\nevents: {sale: Purchase}\npage_url: https://p.example/a?b=c#d\n",
          "https://p.example/a?b=c&cid={clickId}&ttclid={externalId}#d",
          "https://H/postback/o?key=YOUR-KEY&cid={clickId}&ttclid={externalId}&payout={payout}"
          "&status={status}",
          "" },
        { HEAD "extends: bemob\nevents: {sale: {event: Purchase, repeatable: true}}\n"
               "page_url: \"https://p.example/{offer}\"\nvalue_currency: USD\n",
          "https://p.example/o?cid={clickId}&ttclid={externalId}",
          "https://H/postback/o?key=YOUR-KEY&cid={clickId}&ttclid={externalId}&payout={payout}"
          "&status={status}&currency=USD&txid=REPLACE",
          "sale: its event is repeatable" },
        { HEAD "extends: mine\npayout_currency: EUR\nevents: {won: Purchase, sale: ignore}\n"
               "page_url: \"{param.page}\"\n",
          "https://L/?cid={clickid}&ttclid={externalid}",
          "https://H/postback/o?key=YOUR-KEY&click_id={click.id}&ttclid={externalid}"
          "&payout={payout}&what=big%20win&ip={ip}&ua={useragent}&cur=EUR&page={var3}",
          "page: the offer reads it" },
        { HEAD "extends: binom\nvalue_currency: USD\nevents: {sale: {event: Purchase, value: payout, "
               "minus: \"{cost}\"}}\npage_url: https://p.example/\n",
          "https://p.example/?clickid={clickid}&ttclid={externalid}",
          "https://H/postback/o?key=YOUR-KEY&click_id={clickid}&ttclid={externalid}&payout={payout}"
          "&currency={cnv_currency}&status={cnv_status}&status2={cnv_status2}&ip={ip}"
          "&cost={clickcost}",
          "cost: what the click cost is taken off the value. Without a `currency`" },
        { HEAD "extends: bemob\npayout_currency: USD\nevents: {sale: {event: Purchase, value: payout, "
               "minus: \"{cost}\"}}\npage_url: https://p.example/\n",
          "https://p.example/?cid={clickId}&ttclid={externalId}",
          "https://H/postback/o?key=YOUR-KEY&cid={clickId}&ttclid={externalId}&payout={payout}"
          "&status={status}&currency=USD&cost=REPLACE",
          "cost: what the click cost is taken off the value, and no macro for it is documented" },
    };
    struct mapping_bench b;

    (void)state;
    mapping_bench_open(&b, own_files, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct offer *offer = mapping_bench_load(&b, "o.yaml", slice_from(rows[i].offer));
        struct kit kit;
        if (!offer)
            fail_msg("row %zu: %s", i, mapping_bench_problems(&b));
        assert_int_equal(kit_make(&b.arena, offer, offer->tracker->urls, &hosts, &kit, NULL), 0);
        assert_string_equal(arena_cstr(&b.arena, kit.lander), rows[i].lander);
        assert_string_equal(arena_cstr(&b.arena, kit.postbacks[0].url), rows[i].postback);
        assert_true(kit.remarks.count == 0 ? !*rows[i].remark
                                           : slice_starts(kit.remarks.first->text,
                                                          slice_from(rows[i].remark)));
    }
    mapping_bench_close(&b);
}

static void a_full_arena_is_told(void **state)
{
    struct mapping_bench b;
    struct offer *offer;
    struct arena small;
    struct kit kit;
    struct err err = { 0 };

    (void)state;
    mapping_bench_open(&b, NULL, 0);
    offer = mapping_bench_load(&b, "o.yaml", S(HEAD "extends: keitaro\nevents: {sale: Purchase}\n"));
    assert_non_null(offer);
    arena_init(&small, 256);
    assert_int_equal(kit_make(&small, offer, offer->tracker->urls, &hosts, &kit, &err), -1);
    assert_int_equal(err.kind, ERR_BUSY);
    arena_free(&small);
    mapping_bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables), cmocka_unit_test(words_of_the_tables), cmocka_unit_test(macros),
        cmocka_unit_test(urls),   cmocka_unit_test(a_full_arena_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
