/* Exchange rates: files that are refused, and conversions by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/event/event.h"
#include "core/rules/rates.h"

#define DAY(n) (INT64_C(1767225600) + (n) * INT64_C(86400)) /* 2026-01-01 and n days */

static void refused(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { "", "1:1 M003 `version:` is missing\n1:1 M003 `base:` is missing\n"
              "1:1 M003 `days:` is missing\n" },
        { "version: 1\nbase: eur\ndays: {}\n", "2:7 M014 \"eur\" is not a currency code\n" },
        { "version: 1\nbase: [EUR]\ndays: []\n",
          "2:7 M002 `base` must be text, but this is a list\n"
          "3:7 M002 `days` must be a map (key: value), but this is a list\n" },
        { "version: 1\nbase: EUR\ndays:\n  2026-02-30: {USD: 1}\n  2026-1-1: {USD: 1}\n  x: 5\n",
          "4:3 C031 \"2026-02-30\" is not a day\n5:3 C031 \"2026-1-1\" is not a day\n"
          "6:3 C031 \"x\" is not a day\n"
          "6:6 M002 a day's rates must be a map (key: value), but this is text\n" },
        { "version: 1\nbase: EUR\ndays:\n  2026-01-01: {usd: 1, USD: 0, GBP: -1, PLN: 1e1, JPY: "
          "1.0000001}\n",
          "4:16 M014 \"usd\" is not a currency code\n4:29 C032 a rate can't be 0\n"
          "4:37 M009 a rate must be an amount, but \"-1\" is negative\n"
          "4:46 M009 a rate must be an amount, but \"1e1\" is written with an exponent\n"
          "4:56 M009 a rate must be an amount, but \"1.0000001\" has more than six decimals\n" },
        { "version: 1\nbase: EUR\nday: 1\ndays: {2026-01-01: {USD: 1}}\n",
          "3:1 M001 unknown key \"day\" in a file of rates\n" },
        { "version: 1\nbase: EUR\ndays: {2026-01-01: {USD: 1, USD: 2}}\n",
          "3:29 Y002 duplicate key \"USD\"\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct source source = { SLICE("rates.yaml"), slice_from(rows[i].text) };
        struct arena arena;
        struct diags diags = { .arena = &arena };
        struct buf got = { 0 };
        arena_init(&arena, 1 << 20);
        assert_null(rates_load(&arena, &source, &diags));
        for (const struct diag *d = diags.first; d; d = d->next)
            buf_printf(&got, "%u:%u %s %.*s\n", d->at.line, d->at.col, d->code, SLICE_ARG(d->text));
        if (!slice_eq(buf_slice(&got), slice_from(rows[i].expected)))
            fail_msg("row %zu: expected\n%s\ngot\n%.*s", i, rows[i].expected,
                     SLICE_ARG(buf_slice(&got)));
        buf_free(&got);
        arena_free(&arena);
    }
}

static void conversions(void **state)
{
    static const char text[] = "version: 1\nbase: EUR\nsource: us\ndays:\n"
                               "  2026-01-10: {USD: 2, JPY: 160, BHD: 0.4}\n" /* not in order */
                               "  2026-01-01: {USD: 1.25, JPY: 150, BHD: 0.4, GBP: 0.8}\n";
    static const struct {
        const char *from, *to;
        int64_t micros, at, expected, day; /* expected -1: none */
    } rows[] = {
        { "EUR", "USD", 10000000, DAY(0), 12500000, DAY(0) },
        { "EUR", "USD", 10000000, DAY(-300), 12500000, DAY(0) }, /* before the first: the first */
        { "EUR", "USD", 10000000, DAY(9) - 1, 12500000, DAY(0) },
        { "EUR", "USD", 10000000, DAY(9), 20000000, DAY(9) },
        { "EUR", "USD", 10000000, DAY(900), 20000000, DAY(9) },
        { "USD", "EUR", 10000000, DAY(0), 8000000, DAY(0) },
        { "USD", "GBP", 10000000, DAY(0), 6400000, DAY(0) },
        { "USD", "GBP", 10000000, DAY(9), -1, 0 }, /* that day has none */
        { "XXX", "USD", 10000000, DAY(0), -1, 0 },
        { "USD", "xau", 10000000, DAY(0), -1, 0 },
        /* half to even, to the decimals of the target */
        { "EUR", "USD", 4000, DAY(0), 0, DAY(0) },        /* 0.005 -> 0.00 */
        { "EUR", "USD", 12000, DAY(0), 20000, DAY(0) },   /* 0.015 -> 0.02 */
        { "EUR", "USD", 20000, DAY(0), 20000, DAY(0) },   /* 0.025 -> 0.02 */
        { "EUR", "USD", 20001, DAY(0), 30000, DAY(0) },   /* a little more -> 0.03 */
        { "EUR", "JPY", 10000, DAY(0), 2000000, DAY(0) }, /* 1.5 -> 2 */
        { "EUR", "JPY", 3333, DAY(0), 0, DAY(0) },        /* 0.49995 -> 0 */
        { "EUR", "BHD", 3000, DAY(0), 1000, DAY(0) },     /* 0.0012 -> 0.001 */
        { "JPY", "USD", INT64_C(1000000000000000000), DAY(0), INT64_C(8333333333330000), DAY(0) },
        { "EUR", "JPY", INT64_C(1000000000000000000), DAY(0), -1, 0 }, /* above 10^12 */
    };
    struct source source = { SLICE("rates.yaml"), SLICE(text) };
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct rates *rates;

    (void)state;
    arena_init(&arena, 1 << 20);
    rates = rates_load(&arena, &source, &diags);
    assert_non_null(rates);
    assert_int_equal(rates->count, 2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct money out = { -1 };
        int64_t day = 0;
        struct rate_pair pair;
        bool ok = rates_pair(rates, slice_from(rows[i].from), slice_from(rows[i].to), rows[i].at,
                             &pair) &&
                  money_scale((struct money){ rows[i].micros }, pair.to.micros, pair.from.micros,
                              event_currency_decimals(slice_from(rows[i].to)), &out);
        day = pair.day;
        if (ok != (rows[i].expected >= 0) || (ok && day != rows[i].day) ||
            out.micros != rows[i].expected)
            fail_msg("row %zu: %lld at %lld", i, (long long)out.micros, (long long)day);
    }
    assert_false(rates_pair(NULL, S("EUR"), S("USD"), 0, &(struct rate_pair){ 0 }));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(conversions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
