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
          "1.0000000000001, KRW: 1234567890123456, CHF: 0.0000000000001, SEK: 1.000000, VND: [1]}\n",
          "4:16 M014 \"usd\" is not a currency code\n4:29 C032 a rate can't be 0\n"
          "4:37 M009 a rate must be an amount, but \"-1\" is negative\n"
          "4:46 M009 a rate must be an amount, but \"1e1\" is written with an exponent\n"
          "4:56 C032 a rate is less than 10^12, with at most 18 digits and 12 decimals\n"
          "4:78 C032 a rate is less than 10^12, with at most 18 digits and 12 decimals\n"
          "4:101 C032 a rate is less than 10^12, with at most 18 digits and 12 decimals\n"
          "4:138 M002 a rate must be text, but this is a list\n" },
        { "version: 1\nbase: EUR\ndays: {2026-01-01: {USD: 1}}\nalso: {base: USD}\n",
          "4:7 M002 `also` must be a list [a, b], but this is a map\n" },
        { "version: 1\nbase: EUR\ndays: {2026-01-01: {USD: 1}}\n"
          "also:\n  - {base: usd}\n  - 5\n  - {bse: USD, source: me, days: {2026-01-01: {VND: 1}}}\n",
          "5:5 M003 `source:` is missing\n5:5 M003 `days:` is missing\n"
          "5:12 M014 \"usd\" is not a currency code\n"
          "6:5 M002 an entry of `also` must be a map (key: value), but this is text\n"
          "7:6 M001 unknown key \"bse\" in an entry of `also`\n" },
        { "version: 1\nbase: EUR\ndays: {2026-01-01: {GBP: 1}}\n"
          "also: [{source: me, base: USD, days: {2026-01-01: {VND: 25400, USD: 1}}}]\n",
          "4:27 C033 nothing in this file says what a USD is worth in EUR\n" },
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
        { "USD", "GBP", 10000000, DAY(9), 4000000, DAY(0) }, /* that day has none: an older one has */
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
    assert_int_equal(rates->count, 4);
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

/* What rates_pair says beside the ratio, in one line. */
static void pair_text(const struct rates *rates, struct arena *arena, const char *from,
                      const char *to, int64_t at, struct buf *out)
{
    struct rate_pair p;

    buf_clear(out);
    if (!rates_pair(rates, slice_from(from), slice_from(to), at, &p)) {
        buf_puts(out, "none");
        return;
    }
    buf_add(out, rates_describe(arena, slice_from(from), slice_from(to), &p));
    buf_printf(out, " | %.*s%s", SLICE_ARG(p.oldest), p.early ? " early" : "");
}

static void several_sources(void **state)
{
    static const char text[] =
        "version: 1\nbase: EUR\nsource: ECB\ndays:\n"
        "  2026-01-10: {USD: 1.25, JPY: 160}\n"
        "  2026-01-01: {USD: 1.2, JPY: 150, PLN: 4}\n"
        "also:\n"
        "  - {source: Hanoi, base: USD, days: {2026-01-05: {VND: 25400.5}, 2026-01-12: {VND: 26000}}}\n"
        "  - {source: Almaty, days: {2026-01-08: {KZT: 600}}}\n"
        "  - {source: own, base: USD, days: {2026-01-12: {PLN: 3.2, VND: 1, BTC: 0.0000115}}}\n"
        "  - {source: home, base: USD, days: {2026-01-08: {COP: 4000}}}\n";
    static const struct {
        const char *from, *to;
        int64_t at;
        const char *expected;
    } rows[] = {
        { "EUR", "USD", DAY(20), "1 EUR = 1.25 USD, 2026-01-10, ECB | USD" },
        { "USD", "EUR", DAY(8), "1 EUR = 1.2 USD, 2026-01-01, ECB | USD" },
        { "PLN", "EUR", DAY(5), "1 EUR = 4 PLN, 2026-01-01, ECB | PLN" },
        /* a newer day of another source goes before; its base is led back to EUR */
        { "PLN", "EUR", DAY(20), "1 EUR = 4 PLN, 2026-01-10, ECB; own | USD" },
        /* on one day the first source counts */
        { "VND", "USD", DAY(20), "1 USD = 26000 VND, 2026-01-12, Hanoi | VND" },
        { "USD", "VND", DAY(20), "1 USD = 26000 VND, 2026-01-12, Hanoi | VND" },
        { "VND", "USD", DAY(6), "1 USD = 25400.5 VND, 2026-01-05, Hanoi | VND" },
        { "VND", "EUR", DAY(20), "1 EUR = 32500 VND, 2026-01-10, ECB; Hanoi | USD" },
        { "EUR", "VND", DAY(6), "1 EUR = 30480.6 VND, 2026-01-01, ECB; Hanoi | USD" },
        { "VND", "COP", DAY(20), "1 COP = 6.5 VND, 2026-01-08, home; Hanoi | COP" },
        { "KZT", "USD", DAY(20), "1 USD = 480 KZT, 2026-01-08, Almaty; ECB | KZT" },
        { "KZT", "VND", DAY(20), "1 KZT = 54.166667 VND, 2026-01-08, Almaty; ECB | KZT" },
        /* before a currency's oldest day: that one */
        { "VND", "USD", DAY(2), "1 USD = 25400.5 VND, 2026-01-05, Hanoi | VND early" },
        { "EUR", "USD", DAY(0) - 1, "1 EUR = 1.2 USD, 2026-01-01, ECB | USD early" },
        { "KZT", "USD", DAY(2), "1 USD = 500 KZT, 2026-01-01, ECB; Almaty | USD early" },
        { "USD", "BTC", DAY(20), "1 BTC = 86956.521739 USD, 2026-01-12, own | BTC" },
        { "EUR", "EUR", DAY(20), "1 EUR = 1 EUR, 2026-01-21 | EUR" },
        { "ARS", "EUR", DAY(20), "none" },
        { "EUR", "", DAY(20), "none" },
    };
    struct source source = { SLICE("rates.yaml"), SLICE(text) };
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct rates *rates;
    struct buf got = { 0 };

    (void)state;
    arena_init(&arena, 1 << 20);
    rates = rates_load(&arena, &source, &diags);
    assert_non_null(rates);
    assert_int_equal(rates->section_count, 5);
    assert_int_equal(rates->sections[0].days, 2);
    assert_int_equal(rates->sections[0].currencies, 3);
    assert_int_equal(rates->sections[0].newest, DAY(9));
    assert_int_equal(rates->sections[0].oldest, DAY(0));
    assert_int_equal(rates->sections[0].newest_at.line, 5);
    assert_true(rates_know(rates, S("KZT")) && rates_know(rates, S("EUR")));
    assert_false(rates_know(rates, S("ARS")) || rates_know(NULL, S("EUR")));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        pair_text(rates, &arena, rows[i].from, rows[i].to, rows[i].at, &got);
        if (!slice_eq(buf_slice(&got), slice_from(rows[i].expected)))
            fail_msg("row %zu: expected %s, got %.*s", i, rows[i].expected,
                     SLICE_ARG(buf_slice(&got)));
    }
    buf_free(&got);
    arena_free(&arena);
}

static void numbers(void **state)
{
    static const struct {
        const char *text, *printed; /* NULL: refused */
    } rows[] = {
        { "1.0842", "1.0842" }, { "1.0800", "1.08" }, { "160.00", "160" }, { "007.5", "7.5" },
        { "0.000000000001", "0.000000000001" }, { "999999999999.999999", "999999999999.999999" },
        { "0.123456789012", "0.123456789012" }, { "0", NULL }, { "0.0", NULL }, { "", NULL },
        { ".5", NULL }, { "1.", NULL }, { "1.2.3", NULL }, { "-1", NULL }, { "+1", NULL },
        { "1,2", NULL }, { " 1", NULL }, { "1e3", NULL }, { "NaN", NULL },
        { "0.0000000000001", NULL }, { "1000000000000", NULL }, { "999999999999.9999999", NULL },
        { "0000000000000000000000000000000000000000000000001", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct rate r = { -1, -1 };
        struct buf b = { 0 };
        bool ok = rate_parse(slice_from(rows[i].text), &r);
        if (ok)
            rate_print(&b, r);
        if (ok != (rows[i].printed != NULL) ||
            !slice_eq(buf_slice(&b), slice_from(rows[i].printed)))
            fail_msg("row %zu: \"%s\" gives %.*s", i, rows[i].text, SLICE_ARG(buf_slice(&b)));
        buf_free(&b);
    }
}

/* Rates so far apart, or with so many digits, that their product needs more than 64 bits. */
static void long_numbers(void **state)
{
    static const char text[] =
        "version: 1\nbase: EUR\ndays: {2026-01-01: {USD: 123456789.123456, GBP: 0.000000000001,\n"
        "  JPY: 999999999999.999999}}\n"
        "also:\n  - {source: x, base: USD, days: {2026-01-01: {VND: 987654321.123456}}}\n";
    struct source source = { SLICE("rates.yaml"), SLICE(text) };
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct rates *rates;
    struct rate_pair p;
    struct money out;

    (void)state;
    arena_init(&arena, 1 << 20);
    rates = rates_load(&arena, &source, &diags);
    assert_non_null(rates);
    /* 10^12 VND are 10^12 / (987654321.123456 * 123456789.123456) EUR = 0.0000082012... */
    assert_true(rates_pair(rates, S("VND"), S("EUR"), DAY(0), &p));
    assert_true(money_scale((struct money){ MONEY_MAX_UNITS * MONEY_SCALE }, p.to.micros,
                            p.from.micros, 6, &out));
    assert_int_equal(out.micros, 8);
    assert_true(rates_pair(rates, S("GBP"), S("EUR"), DAY(0), &p));
    assert_true(money_scale((struct money){ 1 }, p.to.micros, p.from.micros, 6, &out));
    assert_int_equal(out.micros, INT64_C(1000000000000));
    assert_false(rates_pair(rates, S("GBP"), S("JPY"), DAY(0), &p)); /* 10^24 apart */
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(conversions),
        cmocka_unit_test(several_sources),
        cmocka_unit_test(numbers),
        cmocka_unit_test(long_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
