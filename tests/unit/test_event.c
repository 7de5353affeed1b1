#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/event/event.h"
#include "core/event/recommend.h"
#include "tests/support/case_file.h"
#include "tests/support/mapping_bench.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char *name;
    enum event_name_kind kind;
    const char *now, *why;
} names[] = {
    { "Purchase", EVENT_STANDARD, "Purchase", NULL },
    { "Lead", EVENT_STANDARD, "Lead", NULL },
    { "ViewContent", EVENT_STANDARD, "ViewContent", NULL },
    { "AddPaymentInfo", EVENT_STANDARD, "AddPaymentInfo", NULL },
    { "CompletePayment", EVENT_RENAMED, "Purchase", NULL },
    { "SubmitForm", EVENT_RENAMED, "Lead", NULL },
    { "ClickButton", EVENT_LEGACY, "ClickButton", NULL },
    { "PlaceAnOrder", EVENT_LEGACY, "PlaceAnOrder", NULL },
    { "purchase", EVENT_MISCASED, "Purchase", NULL },
    { "PURCHASE", EVENT_MISCASED, "Purchase", NULL },
    { "Addtocart", EVENT_MISCASED, "AddToCart", NULL },
    { "completepayment", EVENT_MISCASED, "Purchase", NULL },
    { "clickbutton", EVENT_MISCASED, "ClickButton", NULL },
    { "Pageview", EVENT_CUSTOM, "Pageview", NULL },
    { "PageView", EVENT_MISCASED, "Pageview", NULL },
    { "QualifiedLead", EVENT_CUSTOM, "QualifiedLead", NULL },
    { "x", EVENT_CUSTOM, "x", NULL },
    { "deposit_2-nd", EVENT_CUSTOM, "deposit_2-nd", NULL },
    { "", EVENT_BAD, "", "is empty" },
    { "2ndDeposit", EVENT_BAD, "", "must start with a letter" },
    { "_private", EVENT_BAD, "", "must start with a letter" },
    { " Purchase", EVENT_BAD, "", "must start with a letter" },
    { "\xc3\x89v\xc3\xa9nement", EVENT_BAD, "", "must start with a letter" },
    { "Purchase ", EVENT_BAD, "", "may hold only letters, digits, '_' and '-'" },
    { "Add To Cart", EVENT_BAD, "", "may hold only letters, digits, '_' and '-'" },
    { "lead.qualified", EVENT_BAD, "", "may hold only letters, digits, '_' and '-'" },
    { "d\xc3\xa9p\xc3\xb4t", EVENT_BAD, "", "may hold only letters, digits, '_' and '-'" },
};

static void check_name(struct slice name, enum event_name_kind kind, const char *now,
                       const char *why)
{
    struct slice is = S("unset");
    const char *because = "unset";
    enum event_name_kind k = event_name_check(name, &is, &because);

    if (k != kind || !slice_eq(is, slice_from(now)))
        fail_msg("\"%.*s\": kind %d, \"%.*s\"", SLICE_ARG(name), (int)k, SLICE_ARG(is));
    if (why)
        assert_string_equal(because, why);
    else
        assert_null(because);
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        check_name(slice_from(names[i].name), names[i].kind, names[i].now, names[i].why);
}

static void test_name_length(void **state)
{
    char fifty_one[EVENT_CUSTOM_NAME_MAX + 1];

    (void)state;
    memset(fifty_one, 'a', sizeof(fifty_one));
    check_name((struct slice){ fifty_one, 51 }, EVENT_BAD, "", "is longer than 50 characters");
    assert_int_equal(event_name_check((struct slice){ fifty_one, 50 }, &(struct slice){ 0 },
                                      &(const char *){ NULL }),
                     EVENT_CUSTOM);
}

static void test_standard_list(void **state)
{
    static const char all[] =
        "AddPaymentInfo AddToCart AddToWishlist ApplicationApproval CompleteRegistration Contact "
        "CustomizeProduct Download FindLocation InitiateCheckout Lead Purchase Schedule Search "
        "StartTrial SubmitApplication Subscribe ViewContent";
    struct slice rest = S(all), name;
    size_t n = 0;

    (void)state;
    while (slice_next(&rest, ' ', &name)) {
        assert_true(slice_eq(event_standard_names[n++], name));
        check_name(name, EVENT_STANDARD, event_standard_names[n - 1].ptr, NULL);
    }
    assert_int_equal(n, 18);
    assert_int_equal(event_standard_names[n].len, 0);
}

static const struct {
    const struct event_field *table;
    const char *name;
    int type; /* -1: not there */
    const char *choices;
} fields[] = {
    { event_property_fields, "content_ids", EVENT_TEXT_LIST, NULL },
    { event_property_fields, "contents", EVENT_CONTENTS, NULL },
    { event_property_fields, "content_type", EVENT_ENUM, "product product_group" },
    { event_property_fields, "num_items", EVENT_INTEGER, NULL },
    { event_property_fields, "search_string", EVENT_TEXT, NULL },
    { event_property_fields, "description", EVENT_TEXT, NULL },
    { event_property_fields, "order_id", EVENT_TEXT, NULL },
    { event_property_fields, "shop_id", EVENT_TEXT, NULL },
    { event_property_fields, "customer_type", EVENT_ENUM, "new returning" },
    { event_property_fields, "value", -1, NULL },
    { event_property_fields, "currency", -1, NULL },
    { event_property_fields, "Order_id", -1, NULL },
    { event_property_fields, "", -1, NULL },
    { event_content_fields, "content_id", EVENT_TEXT, NULL },
    { event_content_fields, "content_name", EVENT_TEXT, NULL },
    { event_content_fields, "content_category", EVENT_TEXT, NULL },
    { event_content_fields, "brand", EVENT_TEXT, NULL },
    { event_content_fields, "price", EVENT_NUMBER, NULL },
    { event_content_fields, "quantity", EVENT_INTEGER, NULL },
    { event_content_fields, "order_id", -1, NULL },
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct event_field *f = event_field_find(fields[i].table, slice_from(fields[i].name));
        if ((f ? (int)f->type : -1) != fields[i].type)
            fail_msg("\"%s\": %d", fields[i].name, f ? (int)f->type : -1);
        if (fields[i].choices)
            assert_string_equal(f->choices, fields[i].choices);
        else if (f)
            assert_null(f->choices);
    }
}

static void test_currencies(void **state)
{
    static const char *const not[] = { "", "US", "USDT", "usd", "XXX", "AAA", "ZZZ", "BYN", "BGN" };
    size_t n = 0;

    (void)state;
    for (; event_currencies[n].len; n++) {
        assert_true(event_currency_supported(event_currencies[n]));
        assert_int_equal(event_currencies[n].len, 3);
        if (n)
            assert_true(slice_cmp(event_currencies[n - 1], event_currencies[n]) < 0);
    }
    assert_int_equal(n, 62);
    for (size_t i = 0; i < COUNT(not); i++)
        assert_false(event_currency_supported(slice_from(not[i])));
}

static void test_decimals(void **state)
{
    static const struct {
        const char *code;
        int decimals;
    } cases[] = {
        { "USD", 2 }, { "EUR", 2 }, { "HUF", 2 }, { "IDR", 2 }, { "TWD", 2 }, { "XXX", 2 },
        { "", 2 },    { "JP", 2 },  { "Y K", 2 }, { "BIF", 0 }, { "CLP", 0 }, { "ISK", 0 },
        { "JPY", 0 }, { "KMF", 0 }, { "KRW", 0 }, { "PYG", 0 }, { "UGX", 0 }, { "VND", 0 },
        { "XAF", 0 }, { "XOF", 0 }, { "XPF", 0 }, { "BHD", 3 }, { "KWD", 3 }, { "OMR", 3 },
        { "JOD", 3 }, { "TND", 3 }, { "jpy", 2 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (event_currency_decimals(slice_from(cases[i].code)) != cases[i].decimals)
            fail_msg("%s: %d", cases[i].code, event_currency_decimals(slice_from(cases[i].code)));
}

/* Written out a second time, from the help page and the guides. */
static const struct {
    const char *event, *official, *practice;
} advice[] = {
    { "AddPaymentInfo", "", "" },
    { "AddToCart", "content_type quantity description content_ids currency value", "contents" },
    { "AddToWishlist", "", "" },
    { "ApplicationApproval", "", "" },
    { "CompleteRegistration", "", "currency value" },
    { "Contact", "", "currency value" },
    { "CustomizeProduct", "", "" },
    { "Download", "", "currency value" },
    { "FindLocation", "", "" },
    { "InitiateCheckout", "", "quantity currency value contents" },
    { "Lead", "", "currency value external_id" },
    { "Purchase", "content_type quantity description content_ids currency value",
      "contents order_id external_id" },
    { "Schedule", "", "currency value" },
    { "Search", "search_string", "" },
    { "StartTrial", "content_ids currency value", "" },
    { "SubmitApplication", "", "" },
    { "Subscribe", "", "currency value" },
    { "ViewContent", "content_type quantity description content_ids currency value", "contents" },
};

static const char *names_of(unsigned set, char *text)
{
    *text = '\0';
    for (unsigned i = 0; i < EVENT_PARAMETERS; i++)
        if (set & 1u << i)
            sprintf(text + strlen(text), "%s%.*s", *text ? " " : "",
                    SLICE_ARG(event_parameter_names[i]));
    return text;
}

/* Blanks become ", ". */
static const char *with_commas(char *text)
{
    for (char *at = text; (at = strchr(at, ' ')); at += 2) {
        memmove(at + 1, at, strlen(at) + 1);
        *at = ',';
    }
    return text;
}

static void test_advice(void **state)
{
    char text[300];

    (void)state;
    for (size_t i = 0; i < COUNT(advice); i++) {
        const struct event_advice *a = event_advice_find(slice_from(advice[i].event));
        assert_non_null(a);
        assert_string_equal(names_of(a->official, text), advice[i].official);
        assert_string_equal(names_of(a->practice, text), advice[i].practice);
        assert_int_equal(a->official & a->practice, 0);
        assert_true(slice_eq(event_advice[i].event, event_standard_names[i])); /* all, in order */
    }
    assert_int_equal(event_advice[COUNT(advice)].event.len, 0);
    assert_null(event_advice_find(S("QualifiedLead")));
    assert_null(event_advice_find(S("purchase")));
}

/* docs/events.md shows the same table. */
static void test_docs(void **state)
{
    struct arena arena;
    struct slice page, row;
    char official[300], practice[300];

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_true(case_file_slurp(&arena, "docs/events.md", &page));
    for (const struct event_advice *a = event_advice; a->event.len; a++) {
        names_of(a->official, official);
        names_of(a->practice, practice);
        row = arena_printf(&arena, "\n| `%.*s` | %s%s| %s%s|\n", SLICE_ARG(a->event),
                           with_commas(official), *official ? " " : "", with_commas(practice),
                           *practice ? " " : "");
        if (slice_find(page, row) == page.len)
            fail_msg("docs/events.md has not%.*s", SLICE_ARG(row));
    }
    arena_free(&arena);
}

#define ADVISED(rest) "version: 1\noffer: o\nextends: generic\npixel: C9X\nvalue_currency: USD\n" rest
#define MONEY_TOO "; without value and currency a campaign can't optimise for value\n"

static const struct {
    const char *text, *notes;
} advised[] = {
    { ADVISED("events: {sale: Purchase, rejected: ignore, refund: MyRefund, lead: Search}\n"),
      "o.yaml:6:16 note M050 Purchase: TikTok recommends content_type, quantity, description, "
      "content_ids, currency, value, which this offer does not send; media buyers also send contents, "
      "order_id, external_id" MONEY_TOO
      "o.yaml:6:68 note M050 Search: TikTok recommends search_string, which this offer does not "
      "send\n" },
    { ADVISED("events:\n  sale: {event: Purchase, value: payout}\nproperties: {content_type: product, "
              "content_ids: [\"1\"], contents: [{content_id: \"1\"}], description: d}\nuser: "
              "{external_id: \"{click_id}\"}\n"),
      "o.yaml:7:9 note M050 Purchase: TikTok recommends quantity, which this offer does not send; "
      "media buyers also send order_id\n" },
    { ADVISED("events:\n  sale: {event: Purchase, value: payout}\nproperties: {content_type: product, "
              "content_ids: [\"1\"], contents: [{quantity: 1}], description: d, order_id: "
              "\"{txid}\"}\nuser: {external_id: \"{click_id}\"}\n"),
      "" },
    { ADVISED("events: {lead: [Lead, {event: StartTrial, value: 1}, Download]}\nproperties: {contents: "
              "[{content_id: \"1\", quantity: 1}]}\n"),
      "o.yaml:6:17 note M050 Lead: media buyers send currency, value, external_id, which this offer "
      "does not" MONEY_TOO
      "o.yaml:6:23 note M050 StartTrial: TikTok recommends content_ids, which this offer does not "
      "send; Video Shopping Ads need content_type, content_ids, contents together\n"
      "o.yaml:6:54 note M050 Download: media buyers send currency, value, which this offer does "
      "not" MONEY_TOO },
    { "version: 1\noffer: o\nextends: generic\npixel: \"1234567890123456789\"\nevent_source: "
      "offline\nvalue_currency: USD\nevents: {lead: {event: Lead, value: 5}}\nuser: {email: "
      "\"{param.email}\"}\n",
      "" }, /* offline events have no external_id */
    { ADVISED("value_models: {plan: {value: 9.99, lifetime: {months: 6, keep: 85}}}\nevents:\n"
              "  lead: {event: Subscribe, value: {model: plan}}\n"
              "  sale: {event: Subscribe, value: {model: plan}}\n"
              "  rebill: {event: Subscribe, value: 5, lifetime: {months: 2, keep: 1}}\n"),
      "o.yaml:6:46 note M034 `lifetime`: 6 months, 85 % staying from each to the next, count as "
      "4.152337 times the value\n"
      "o.yaml:10:50 note M034 `lifetime`: 2 months, 1 % staying from each to the next, count as 1.01 "
      "times the value\n" },
};

static void test_what_an_offer_lacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(advised); i++) {
        struct mapping_bench b;
        const struct offer *o;
        mapping_bench_open(&b, NULL, 0);
        o = mapping_bench_load(&b, "o.yaml", slice_from(advised[i].text));
        if (!o)
            fail_msg("%s", mapping_bench_problems(&b));
        mapping_advise(o, &b.diags);
        assert_string_equal(mapping_bench_problems(&b), advised[i].notes);
        mapping_bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_name_length),
        cmocka_unit_test(test_standard_list), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_currencies), cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_advice),     cmocka_unit_test(test_what_an_offer_lacks),
        cmocka_unit_test(test_docs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
