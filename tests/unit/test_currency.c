/* What an offer needs of the rates, said before any postback; and its keys about rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/currency.h"
#include "tests/support/mapping_bench.h"

#define DAY(n) (INT64_C(1767225600) + (n) * INT64_C(86400)) /* 2026-01-01 and n days */
#define HEAD "version: 1\noffer: o\nextends: keitaro\npixel: C9X\npage_url: https://a.example/\n"

static const char rates_text[] = "version: 1\nbase: EUR\ndays:\n  2026-01-10: {USD: 1.1, JPY: 160}\n"
                                 "  2026-01-01: {PLN: 4}\n";

static const struct rates *load_rates(struct mapping_bench *b)
{
    struct source *source = ARENA_NEW(&b->arena, struct source);

    *source = (struct source){ SLICE("r.yaml"), SLICE(rates_text) };
    return rates_load(&b->arena, source, &b->diags);
}

static void keys(void **state)
{
    static const struct {
        const char *text, *expected;
        int without;
        int64_t age;
    } rows[] = {
        { "value_currency: USD\n", "", WITHOUT_RATE_QUARANTINE, 0 },
        { "value_currency: USD\nwithout_rate: quarantine\n", "", WITHOUT_RATE_QUARANTINE, 0 },
        { "value_currency: USD\nwithout_rate: send_without_value\nrate_max_age: 30d\n", "",
          WITHOUT_RATE_NO_VALUE, 30 * 86400 },
        { "rate_max_age: 36h\nvalue_currency: USD\n", "", WITHOUT_RATE_QUARANTINE, 129600 },
        { "value_currency: USD\nwithout_rate: drop\nrate_max_age: 30\n",
          "o.yaml:7:15 error M024 `without_rate` can't be \"drop\" | one of: quarantine, "
          "send_without_value\n"
          "o.yaml:8:15 error M035 `rate_max_age` can't be \"30\" | at least one day, since rates are "
          "dated by day: 30d\n",
          -1, 0 },
        { "value_currency: USD\nrate_max_age: 10m\nwithout_rate: [quarantine]\n",
          "o.yaml:7:15 error M035 `rate_max_age` can't be \"10m\" | at least one day, since rates are "
          "dated by day: 30d\n"
          "o.yaml:8:15 error M002 `without_rate` must be text, but this is a list | "
              "write one value, without brackets or dashes\n",
          -1, 0 },
        { "without_rate: send_without_vlaue\nvalue_currency: USD\n",
          "o.yaml:6:15 error M024 `without_rate` can't be \"send_without_vlaue\" | did you mean "
          "\"send_without_value\"?\n",
          -1, 0 },
        { "without_rate: quarantine\n",
          "o.yaml:6:1 warning M036 nothing is converted without `value_currency`, so this has no effect "
          "| add value_currency: USD, or remove it\n",
          WITHOUT_RATE_QUARANTINE, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        struct buf text = { 0 };
        const struct offer *o;
        const char *said;
        mapping_bench_open(&b, NULL, 0);
        buf_printf(&text, HEAD "%sevents: {sale: Purchase}\n", rows[i].text);
        o = mapping_bench_load(&b, "o.yaml", buf_slice(&text));
        said = mapping_bench_problems(&b);
        if (strcmp(said, rows[i].expected) != 0)
            fail_msg("row %zu: %s", i, said);
        assert_int_equal(o != NULL, rows[i].without >= 0);
        if (o) {
            assert_int_equal(o->without_rate, rows[i].without);
            assert_int_equal(o->rate_max_age, rows[i].age);
        }
        buf_free(&text);
        mapping_bench_close(&b);
    }
}

static void needs(void **state)
{
    static const struct {
        const char *text;
        int64_t at;
        bool certain, any;
        const char *expected;
    } rows[] = {
        /* what a postback may name is no need */
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: payout}}\n", DAY(9), true, false, "" },
        { "value_currency: USD\npayout_currency: USD\nevents: {sale: {event: Purchase, value: payout}}\n",
          DAY(9), true, false, "" },
        { "payout_currency: VND\nevents: {sale: {event: Purchase, value: payout}}\n", DAY(9), true, false, "" },
        { "value_currency: USD\npayout_currency: EUR\nevents: {sale: {event: Purchase, value: payout}}\n",
          DAY(39), true, true, "" },
        { "value_currency: USD\npayout_currency: VND\nevents: {sale: Purchase, lead: {event: Lead, value: 1}}\n",
          DAY(9), true, false, "" },
        { "value_currency: USD\npayout_currency: VND\nevents: {sale: {event: Purchase, value: payout}}\n",
          DAY(9), true, true,
          "o.yaml:8:41 error C035 VND is to be converted to USD, but r.yaml has no rate for VND: the "
          "postback would be quarantined | add VND to rates.yaml (docs/currency.md)\n" },
        { "value_currency: USD\npayout_currency: VND\nevents: {sale: {event: Purchase, value: payout}}\n",
          DAY(9), false, true,
          "o.yaml:8:41 warning C035 VND is to be converted to USD, but r.yaml has no rate for VND: the "
          "postback would be quarantined | add VND to rates.yaml (docs/currency.md)\n" },
        { "value_currency: AED\npayout_currency: EUR\nwithout_rate: send_without_value\n"
          "events: {sale: {event: Purchase, value: payout}}\n",
          DAY(9), true, true,
          "o.yaml:9:41 warning C035 EUR is to be converted to AED, but r.yaml has no rate for AED: the "
          "event would be sent without a value | add AED to rates.yaml (docs/currency.md)\n" },
        /* a cost in another currency; the payouts of a table */
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: payout, minus: {from: \"{param.c}\", "
          "currency: VND}}}\n",
          DAY(9), true, true,
          "o.yaml:7:56 error C035 VND is to be converted to USD, but r.yaml has no rate for VND: the "
          "postback would be quarantined | add VND to rates.yaml (docs/currency.md)\n" },
        { "value_currency: USD\npayout_currency: KZT\nevents: {sale: {event: Purchase, value: {table: {a: "
          "payout, b: 5}, by: \"{param.c}\"}, currency: VND}}\n",
          DAY(9), true, true,
          "o.yaml:8:41 error C035 VND is to be converted to USD, but r.yaml has no rate for VND: the "
          "postback would be quarantined | add VND to rates.yaml (docs/currency.md)\n"
          "o.yaml:8:41 error C035 KZT is to be converted to USD, but r.yaml has no rate for KZT: the "
          "postback would be quarantined | add KZT to rates.yaml (docs/currency.md)\n" },
        /* what stands for everything else is an amount of the rule's, too */
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: {table: {a: payout}, by: "
          "\"{param.c}\", default: 5}, currency: VND}}\n",
          DAY(9), true, true,
          "o.yaml:7:41 error C035 VND is to be converted to USD, but r.yaml has no rate for VND: the "
          "postback would be quarantined | add VND to rates.yaml (docs/currency.md)\n" },
        /* each currency once */
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: 5, currency: VND}, lead: "
          "[{event: Lead, value: 1, currency: VND}, {event: Contact, value: 1, currency: KZT}]}\n",
          DAY(9), true, true,
          "o.yaml:7:41 error C035 VND is to be converted to USD, but r.yaml has no rate for VND: the "
          "postback would be quarantined | add VND to rates.yaml (docs/currency.md)\n"
          "o.yaml:7:131 error C035 KZT is to be converted to USD, but r.yaml has no rate for KZT: the "
          "postback would be quarantined | add KZT to rates.yaml (docs/currency.md)\n" },
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: 5, currency: PLN}}\n", DAY(30),
          true, true, "" },
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: 5, currency: PLN}}\n", DAY(31),
          true, true,
          "o.yaml:7:41 warning C034 the newest rate for PLN is 31 days old | renew rates.yaml "
          "(docs/currency.md)\n" },
        { "value_currency: USD\nevents: {sale: {event: Purchase, value: 5, currency: PLN}}\n", DAY(31),
          false, true, "" },
        { "value_currency: USD\nrate_max_age: 20d\nevents: {sale: {event: Purchase, value: 5, currency: PLN}}\n",
          DAY(21), true, true,
          "o.yaml:8:41 warning C035 the newest rate for PLN is 21 days old, and rate_max_age forbids to "
          "use it | renew rates.yaml (docs/currency.md)\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        struct buf text = { 0 };
        const struct offer *o;
        const struct rates *rates;
        const char *said;
        mapping_bench_open(&b, NULL, 0);
        rates = load_rates(&b);
        buf_printf(&text, HEAD "%s", rows[i].text);
        o = mapping_bench_load(&b, "o.yaml", buf_slice(&text));
        assert_non_null(rates);
        assert_non_null(o);
        b.diags = (struct diags){ .arena = &b.arena };
        if (currency_check(o, rates, rows[i].at, rows[i].certain, &b.diags) != rows[i].any)
            fail_msg("row %zu: a need, or none", i);
        said = mapping_bench_problems(&b);
        if (strcmp(said, rows[i].expected) != 0)
            fail_msg("row %zu: %s", i, said);
        buf_free(&text);
        mapping_bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
