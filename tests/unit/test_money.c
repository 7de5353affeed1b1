#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/money.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NBSP     "\xc2\xa0"
#define THIN     "\xe2\x80\x89"
#define NARROW   "\xe2\x80\xaf"
#define MINUS    "\xe2\x88\x92"

enum { ANY = MONEY_MARK_ANY, POINT = MONEY_MARK_POINT, COMMA = MONEY_MARK_COMMA };

struct parse_case {
    const char *text;
    int mark;
    enum money_result result;
    int64_t micros;
    const char *currency;
};

static const struct parse_case plain[] = {
    { "0", ANY, MONEY_OK, 0, "" },
    { "5", ANY, MONEY_OK, 5000000, "" },
    { "007", ANY, MONEY_OK, 7000000, "" },
    { "12.50", ANY, MONEY_OK, 12500000, "" },
    { "12,50", ANY, MONEY_OK, 12500000, "" },
    { "12,5", ANY, MONEY_OK, 12500000, "" },
    { ".5", ANY, MONEY_OK, 500000, "" },
    { ",5", ANY, MONEY_OK, 500000, "" },
    { ".125", ANY, MONEY_OK, 125000, "" },
    { "5.", ANY, MONEY_OK, 5000000, "" },
    { "5,", ANY, MONEY_OK, 5000000, "" },
    { "197,-", ANY, MONEY_OK, 197000000, "" },
    { "+5", ANY, MONEY_OK, 5000000, "" },
    { "+ 5", ANY, MONEY_OK, 5000000, "" },
    { " \t12.50\r\n", ANY, MONEY_OK, 12500000, "" },
    { NBSP "12.50" NARROW, ANY, MONEY_OK, 12500000, "" },
    { "0.000001", ANY, MONEY_OK, 1, "" },
    { "0.1234565", ANY, MONEY_ROUNDED, 123456, "" },
    { "0.1234575", ANY, MONEY_ROUNDED, 123458, "" },
    { "0.12345650000000001", ANY, MONEY_ROUNDED, 123457, "" },
    { "0.1234564999999999", ANY, MONEY_ROUNDED, 123456, "" },
    { "0.9999999", ANY, MONEY_ROUNDED, 1000000, "" },
    { "1.5000000000", ANY, MONEY_OK, 1500000, "" },
    { "0.0000001", ANY, MONEY_ROUNDED, 0, "" },
    { "1000000000000", ANY, MONEY_OK, INT64_C(1000000000000000000), "" },
    { "1000000000000.000000000", ANY, MONEY_OK, INT64_C(1000000000000000000), "" },
    { "000000000000000000001000000000000", ANY, MONEY_OK, INT64_C(1000000000000000000), "" },
    { "999999999999.999999", ANY, MONEY_OK, INT64_C(999999999999999999), "" },
    { "1000000000000.0000000001", ANY, MONEY_TOO_LARGE, 0, "" },
    { "1000000000001", ANY, MONEY_TOO_LARGE, 0, "" },
    { "1,000,000,000,001", ANY, MONEY_TOO_LARGE, 0, "" },
    { "12345678901234567890", ANY, MONEY_TOO_LARGE, 0, "" },
    { "99999999999999999999999999999999999999999999", ANY, MONEY_TOO_LARGE, 0, "" },
};

static const struct parse_case grouped[] = {
    { "1.234,56", ANY, MONEY_OK, 1234560000, "" },
    { "1,234.56", ANY, MONEY_OK, 1234560000, "" },
    { "1 234.56", ANY, MONEY_OK, 1234560000, "" },
    { "1 234,56", ANY, MONEY_OK, 1234560000, "" },
    { "1" NBSP "234.56", ANY, MONEY_OK, 1234560000, "" },
    { "1" THIN "234.56", ANY, MONEY_OK, 1234560000, "" },
    { "1" NARROW "234" NARROW "567,5", ANY, MONEY_OK, INT64_C(1234567500000), "" },
    { "1'234.50", ANY, MONEY_OK, 1234500000, "" },
    { "1\xe2\x80\x99" "234.50", ANY, MONEY_OK, 1234500000, "" },
    { "1'234", ANY, MONEY_OK, 1234000000, "" },
    { "1 234", ANY, MONEY_OK, 1234000000, "" },
    { "12 345 678", ANY, MONEY_OK, INT64_C(12345678000000), "" },
    { "1.234.567", ANY, MONEY_OK, INT64_C(1234567000000), "" },
    { "1,234,567", ANY, MONEY_OK, INT64_C(1234567000000), "" },
    { "1,234,567.891", ANY, MONEY_OK, INT64_C(1234567891000), "" },
    { "1.234,567", ANY, MONEY_OK, 1234567000, "" },
    { "1,234.", ANY, MONEY_OK, 1234000000, "" },
    { "001,234.5", ANY, MONEY_OK, 1234500000, "" },
};

/* One separator, three digits behind it. */
static const struct parse_case two_readings[] = {
    { "1.234", ANY, MONEY_AMBIGUOUS, 0, "" },
    { "1,234", ANY, MONEY_AMBIGUOUS, 0, "" },
    { "12,345", ANY, MONEY_AMBIGUOUS, 0, "" },
    { "123.456", ANY, MONEY_AMBIGUOUS, 0, "" },
    { "USD 1,234", ANY, MONEY_AMBIGUOUS, 0, "" },
    { "1.234", POINT, MONEY_OK, 1234000, "" },
    { "1.234", COMMA, MONEY_OK, 1234000000, "" },
    { "1,234", POINT, MONEY_OK, 1234000000, "" },
    { "1,234", COMMA, MONEY_OK, 1234000, "" },
    { "0.123", ANY, MONEY_OK, 123000, "" },
    { "0,123", ANY, MONEY_OK, 123000, "" },
    { "000.123", ANY, MONEY_OK, 123000, "" },
    { "0.123", COMMA, MONEY_OK, 123000, "" },
    { "1234.567", ANY, MONEY_OK, 1234567000, "" },
    { "1234,567", ANY, MONEY_OK, 1234567000, "" },
    { "1234.567", COMMA, MONEY_OK, 1234567000, "" },
    /* the mark only chooses where there are two readings */
    { "12,50", POINT, MONEY_OK, 12500000, "" },
    { "12.50", COMMA, MONEY_OK, 12500000, "" },
    { "1.234,56", POINT, MONEY_OK, 1234560000, "" },
    { "1.2345", ANY, MONEY_OK, 1234500, "" },
};

static const struct parse_case currencies[] = {
    { "R$ 197,00", ANY, MONEY_OK, 197000000, "BRL" },
    { "R$" NBSP "1.197,00", ANY, MONEY_OK, 1197000000, "BRL" },
    { "€ 5", ANY, MONEY_OK, 5000000, "EUR" },
    { "5 €", ANY, MONEY_OK, 5000000, "EUR" },
    { "5€", ANY, MONEY_OK, 5000000, "EUR" },
    { "$12.50", ANY, MONEY_OK, 12500000, "" },
    { "$.50", ANY, MONEY_OK, 500000, "" },
    { "US$ 5", ANY, MONEY_OK, 5000000, "USD" },
    { "£9.99", ANY, MONEY_OK, 9990000, "GBP" },
    { "\xc2\xa5" "500", ANY, MONEY_OK, 500000000, "" },
    { "\xef\xbf\xa5" "500", ANY, MONEY_OK, 500000000, "" },
    { "12.50 USD", ANY, MONEY_OK, 12500000, "USD" },
    { "12.50usd", ANY, MONEY_OK, 12500000, "usd" },
    { "USD12.5", ANY, MONEY_OK, 12500000, "USD" },
    { "USD .5", ANY, MONEY_OK, 500000, "USD" },
    { "EUR 5", ANY, MONEY_OK, 5000000, "EUR" },
    { "5 EUR", ANY, MONEY_OK, 5000000, "EUR" },
    { "$5 USD", ANY, MONEY_OK, 5000000, "USD" },
    { "€5 eur", ANY, MONEY_OK, 5000000, "EUR" },
    { "COP$5", ANY, MONEY_OK, 5000000, "COP" },
    { "RUB 5", ANY, MONEY_OK, 5000000, "RUB" },
    { "R 5", ANY, MONEY_OK, 5000000, "ZAR" },
    { "RM5", ANY, MONEY_OK, 5000000, "MYR" },
    { "12,50 zł", ANY, MONEY_OK, 12500000, "PLN" },
    { "500 руб.", ANY, MONEY_OK, 500000000, "RUB" },
    { "Rs.500", ANY, MONEY_OK, 500000000, "" },
    { "kr 99,-", ANY, MONEY_OK, 99000000, "" },
    { "99 kr.", ANY, MONEY_OK, 99000000, "" },
    { "₽500", ANY, MONEY_OK, 500000000, "RUB" },
    { "EUR 5 USD", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "€5 USD", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "$5€", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "USD 5 USD", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5 USDT", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5k", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5 mln", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5 MIO", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5%", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "about 5", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5 USDé", ANY, MONEY_NOT_A_NUMBER, 0, "" },
};

static const struct parse_case refused[] = {
    { "", ANY, MONEY_EMPTY, 0, "" },
    { " \t" NBSP, ANY, MONEY_EMPTY, 0, "" },
    { "-5", ANY, MONEY_NEGATIVE, 0, "" },
    { MINUS "5", ANY, MONEY_NEGATIVE, 0, "" },
    { "\xe2\x80\x93" "5", ANY, MONEY_NEGATIVE, 0, "" },
    { "(5.00)", ANY, MONEY_NEGATIVE, 0, "" },
    { "( 5.00 USD )", ANY, MONEY_NEGATIVE, 0, "" },
    { "$(5.00)", ANY, MONEY_NEGATIVE, 0, "" },
    { "-$5", ANY, MONEY_NEGATIVE, 0, "" },
    { "$-5", ANY, MONEY_NEGATIVE, 0, "" },
    { "5-", ANY, MONEY_NEGATIVE, 0, "" },
    { "-1,234", ANY, MONEY_NEGATIVE, 0, "" },
    { "-12345678901234567890", ANY, MONEY_NEGATIVE, 0, "" },
    { "-0.00", ANY, MONEY_OK, 0, "" },
    { "1e3", ANY, MONEY_EXPONENT, 0, "" },
    { "1E+3", ANY, MONEY_EXPONENT, 0, "" },
    { "1.5e-10", ANY, MONEY_EXPONENT, 0, "" },
    { "-1e3", ANY, MONEY_EXPONENT, 0, "" },
    { "1e", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1e+", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "nan", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "NaN", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "inf", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "-inf", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "Infinity", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "0x10", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "USD", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "-", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { ".", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "+-5", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "--5", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "-5-", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5+", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "(5", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5)", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "()", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "##CPA_AMOUNT##,##RS_AMOUNT##", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "{payout}", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "12.50,13.00", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1,2,3", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "12.3.4", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1234,567,890", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1,00,000.00", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1,234 567.8", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1,234.567,8", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1,234 567", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "0,123,456", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1 23", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1  234", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1234 567", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1,234,", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1..5", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5. 50", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5 .50", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "5/2", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "1_000", ANY, MONEY_NOT_A_NUMBER, 0, "" },
    { "\xef\xbc\x95", ANY, MONEY_NOT_A_NUMBER, 0, "" }, /* a full-width digit */
    { "\xd9\xa3" "5", ANY, MONEY_NOT_A_NUMBER, 0, "" }, /* an Arabic-Indic digit */
    { "5\xff", ANY, MONEY_NOT_A_NUMBER, 0, "" },
};

static void check(const struct parse_case *c, size_t n)
{
    for (size_t i = 0; i < n; i++, c++) {
        struct slice text = guard_copy(slice_from(c->text)), currency = S("unset");
        struct money m = { -7 };
        enum money_result r = money_parse(text, (enum money_mark)c->mark, &m, &currency);
        if (r != c->result || m.micros != c->micros || !slice_eq(currency, slice_from(c->currency)))
            fail_msg("\"%s\": result %d, %lld micros, \"%.*s\"", c->text, (int)r,
                     (long long)m.micros, SLICE_ARG(currency));
        assert_int_equal(money_parse(text, (enum money_mark)c->mark, &m, NULL), r);
        guard_free(text);
    }
}

static void test_plain(void **state)
{
    (void)state;
    check(plain, COUNT(plain));
}

static void test_grouped(void **state)
{
    (void)state;
    check(grouped, COUNT(grouped));
}

static void test_two_readings(void **state)
{
    (void)state;
    check(two_readings, COUNT(two_readings));
}

static void test_currencies(void **state)
{
    (void)state;
    check(currencies, COUNT(currencies));
}

static void test_refused(void **state)
{
    (void)state;
    check(refused, COUNT(refused));
}

static void test_a_nul_is_no_end(void **state)
{
    struct money m;

    (void)state;
    assert_int_equal(money_parse(S("5\0"), MONEY_MARK_ANY, &m, NULL), MONEY_NOT_A_NUMBER);
    assert_int_equal(money_parse((struct slice){ 0 }, MONEY_MARK_ANY, &m, NULL), MONEY_EMPTY);
}

static void test_result_text(void **state)
{
    static const char *const text[] = {
        "is an amount",
        "has more than six decimals and was rounded",
        "is empty",
        "is negative",
        "is written with an exponent",
        "is not a number",
        "is above 1000000000000",
        "has two readings; set `decimal: point` or `comma` in the mapping",
    };

    (void)state;
    for (int r = MONEY_OK; r <= MONEY_AMBIGUOUS; r++)
        assert_string_equal(money_result_text((enum money_result)r), text[r]);
}

static void assert_prints(int64_t micros, const char *text)
{
    struct buf b = { 0 };

    money_print(&b, (struct money){ micros });
    assert_true(buf_ok(&b));
    if (!slice_eq(buf_slice(&b), slice_from(text)))
        fail_msg("%lld: \"%.*s\", not \"%s\"", (long long)micros, SLICE_ARG(buf_slice(&b)), text);
    buf_free(&b);
}

static void test_print(void **state)
{
    (void)state;
    assert_prints(0, "0");
    assert_prints(1, "0.000001");
    assert_prints(10000, "0.01");
    assert_prints(12500000, "12.5");
    assert_prints(100000000, "100");
    assert_prints(197000000, "197");
    assert_prints(10203040, "10.20304");
    assert_prints(1000001, "1.000001");
    assert_prints(-500000, "-0.5");
    assert_prints(INT64_C(1000000000000000000), "1000000000000");
    assert_prints(INT64_MAX, "9223372036854.775807");
    assert_prints(INT64_MIN, "-9223372036854.775808");
}

static void test_scale(void **state)
{
    static const struct {
        int64_t micros, num, den;
        int decimals;
        bool fits;
        int64_t result;
    } cases[] = {
        { 12500000, 1, 1, 2, true, 12500000 },
        { 12500000, 108, 100, 2, true, 13500000 },
        { 10005000, 1, 1, 2, true, 10000000 },   /* 10.005: half to even */
        { 10015000, 1, 1, 2, true, 10020000 },   /* 10.015 */
        { 10005001, 1, 1, 2, true, 10010000 },
        { 10004999, 1, 1, 2, true, 10000000 },
        { -10005000, 1, 1, 2, true, -10000000 },
        { -10015000, 1, 1, 2, true, -10020000 },
        { 10000000, 1, 3, 6, true, 3333333 },
        { 20000000, 1, 3, 6, true, 6666667 },
        { 10000000, 1, 3, 0, true, 3000000 },
        { 500000, 1, 1, 0, true, 0 },
        { 1500000, 1, 1, 0, true, 2000000 },
        { 2500000, 1, 1, 0, true, 2000000 },
        { 1000, 1, 1, 3, true, 1000 },
        { 10000000, -1, 2, 2, true, -5000000 },
        { 10000000, 1, -2, 2, true, -5000000 },
        { 10000000, 0, 5, 2, true, 0 },
        { INT64_C(1000000000000000000), 1, 1, 0, true, INT64_C(1000000000000000000) },
        { INT64_C(1000000000000000000), 1000001, 1000000, 6, false, 0 },
        { INT64_C(1000000000000000000), INT64_MAX, INT64_MAX, 6, true,
          INT64_C(1000000000000000000) },
        { INT64_MAX, INT64_MAX, 1, 0, false, 0 },
        { INT64_MIN, INT64_MIN, 1, 6, false, 0 },
        { INT64_MIN, INT64_MIN, INT64_MIN, 6, false, 0 },
        { 1, 1, INT64_MIN, 6, true, 0 },
        { 10000000, 1, 0, 2, false, 0 },
        { 10000000, 1, 1, -1, false, 0 },
        { 10000000, 1, 1, 7, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct money out = { 42 };
        bool fits = money_scale((struct money){ cases[i].micros }, cases[i].num, cases[i].den,
                                cases[i].decimals, &out);
        if (fits != cases[i].fits || out.micros != (fits ? cases[i].result : 42))
            fail_msg("row %zu: %d, %lld", i, fits, (long long)out.micros);
    }
}

/* A generator of its own, so that every run and machine has the same amounts. */
static uint64_t next_random(void)
{
    static uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static uint64_t random_below(uint64_t n)
{
    return next_random() % n;
}

static uint64_t power_of_ten(unsigned n)
{
    uint64_t p = 1;

    while (n--)
        p *= 10;
    return p;
}

/* An amount made of known parts, so that what it must be read as is known without reading it. */
struct made {
    uint64_t units, fraction; /* fraction / 10^places */
    unsigned places;
    const char *group, *mark;
};

static void write_grouped(struct buf *b, uint64_t units, const char *group)
{
    if (units < 1000) {
        buf_i64(b, (int64_t)units);
    } else {
        write_grouped(b, units / 1000, group);
        buf_printf(b, "%s%03u", group, (unsigned)(units % 1000));
    }
}

static void make(struct made *m, struct buf *text)
{
    static const char *const groups[] = { "", "", ",", ".", " ", "'", NBSP, THIN, NARROW };
    static const char *const wraps[][2] = { { "", "" },     { "", "" },     { "$", "" },
                                            { "€ ", "" },   { "", " USD" }, { " ", " " },
                                            { "USD ", "" }, { "+", "" },    { "", "eur" } };
    size_t wrap = random_below(COUNT(wraps));

    m->units = random_below(power_of_ten((unsigned)random_below(13)));
    m->places = (unsigned)random_below(10);
    m->fraction = random_below(power_of_ten(m->places));
    if (m->places > 6 && random_below(3) == 0) /* ties, which chance seldom brings */
        m->fraction = (m->fraction / power_of_ten(m->places - 6)) * power_of_ten(m->places - 6) +
                      5 * power_of_ten(m->places - 7);
    m->group = groups[random_below(COUNT(groups))];
    m->mark = m->group[0] == ',' ? "." : m->group[0] == '.' ? "," : random_below(2) ? "." : ",";
    buf_clear(text);
    buf_puts(text, wraps[wrap][0]);
    write_grouped(text, m->units, m->group);
    if (m->places)
        buf_printf(text, "%s%0*llu", m->mark, (int)m->places, (unsigned long long)m->fraction);
    buf_puts(text, wraps[wrap][1]);
}

/* The reference: whole numbers only, remainder against half. */
static enum money_result expected(const struct made *m, int64_t *micros)
{
    uint64_t drop = power_of_ten(m->places > 6 ? m->places - 6 : 0);
    uint64_t kept = m->places > 6 ? m->fraction / drop : m->fraction * power_of_ten(6 - m->places);
    uint64_t rest = m->fraction % drop;
    bool in_groups = m->units >= 1000 && m->group[0];
    bool group_is_mark = m->group[0] == '.' || m->group[0] == ',';

    /* 12,345: the only separator is a point or comma with three digits behind it */
    *micros = 0;
    if (in_groups ? group_is_mark && m->units < 1000000 && !m->places
                : m->places == 3 && m->units > 0 && m->units < 1000)
        return MONEY_AMBIGUOUS;
    if (2 * rest > drop || (2 * rest == drop && kept % 2 == 1))
        kept++;
    *micros = (int64_t)(m->units * 1000000 + kept);
    return rest ? MONEY_ROUNDED : MONEY_OK;
}

static void test_made_amounts(void **state)
{
    size_t seen[MONEY_AMBIGUOUS + 1] = { 0 };
    struct buf text = { 0 }, printed = { 0 };
    struct made made;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct money m, again;
        int64_t micros;
        enum money_result r, wanted;

        make(&made, &text);
        wanted = expected(&made, &micros);
        r = money_parse(buf_slice(&text), MONEY_MARK_ANY, &m, NULL);
        if (r != wanted || m.micros != micros)
            fail_msg("\"%.*s\": result %d, %lld micros", SLICE_ARG(buf_slice(&text)), (int)r,
                     (long long)m.micros);
        seen[r]++;
        /* what is printed is read as the same */
        buf_clear(&printed);
        money_print(&printed, m);
        r = money_parse(buf_slice(&printed), MONEY_MARK_POINT, &again, NULL);
        if (r != MONEY_OK || again.micros != m.micros)
            fail_msg("\"%.*s\" printed as %.*s", SLICE_ARG(buf_slice(&text)),
                     SLICE_ARG(buf_slice(&printed)));
    }
    buf_free(&text);
    buf_free(&printed);
    assert_true(seen[MONEY_OK] > 1000 && seen[MONEY_ROUNDED] > 500 && seen[MONEY_AMBIGUOUS] > 50);
}

/* The result is the multiple of the last place that is nearest, the even one of two. */
static void test_made_scales(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++) {
        int64_t micros = (int64_t)random_below(power_of_ten((unsigned)random_below(10))) + 1;
        int64_t num = (int64_t)random_below(1000) + 1, den = (int64_t)random_below(100) + 1;
        int decimals = (int)random_below(7);
        int64_t place = (int64_t)power_of_ten(6 - (unsigned)decimals), off;
        struct money out;

        assert_true(money_scale((struct money){ micros }, num, den, decimals, &out));
        assert_int_equal(out.micros % place, 0);
        off = out.micros * den - micros * num;
        off = off < 0 ? -off : off;
        if (2 * off > den * place || (2 * off == den * place && out.micros / place % 2 != 0))
            fail_msg("%lld * %lld / %lld to %d: %lld", (long long)micros, (long long)num,
                     (long long)den, decimals, (long long)out.micros);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_grouped),
        cmocka_unit_test(test_two_readings),
        cmocka_unit_test(test_currencies),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_nul_is_no_end),
        cmocka_unit_test(test_result_text),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_made_amounts),
        cmocka_unit_test(test_made_scales),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
