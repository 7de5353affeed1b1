/* Charts and pages: exact text of small ones, numbers, axes, hostile bytes. */
#include "core/chart/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/chart/axis.h"

static void expect(struct buf *b, const char *text)
{
    assert_true(buf_ok(b));
    if (!slice_eq(buf_slice(b), slice_from(text)))
        fail_msg("got\n%.*s\nwanted\n%s", SLICE_ARG(buf_slice(b)), text);
    buf_free(b);
}

static void holds(const struct buf *b, const char *text)
{
    if (slice_find(buf_slice(b), slice_from(text)) == b->len)
        fail_msg("no\n%s\nin\n%.*s", text, SLICE_ARG(buf_slice(b)));
}

static size_t times(const struct buf *b, const char *text)
{
    struct slice s = buf_slice(b), what = slice_from(text);
    size_t n = 0, at;

    while ((at = slice_find(s, what)) < s.len) {
        n++;
        s = slice_from_at(s, at + what.len);
    }
    return n;
}

static void numbers(void **state)
{
    static const struct {
        enum chart_unit unit;
        const char *currency;
        int64_t value;
        const char *text;
    } rows[] = {
        { CHART_COUNT, "", 0, "0" },
        { CHART_COUNT, "", 999, "999" },
        { CHART_COUNT, "", 1000, "1,000" },
        { CHART_COUNT, "", -1234567, "-1,234,567" },
        { CHART_COUNT, "", INT64_MAX, "9,223,372,036,854,775,807" },
        { CHART_COUNT, "", CHART_GAP, "-" },
        { CHART_PERMILLE, "", 0, "0 %" },
        { CHART_PERMILLE, "", 312, "31.2 %" },
        { CHART_PERMILLE, "", 310, "31 %" },
        { CHART_PERMILLE, "", -25, "-2.5 %" },
        { CHART_MONEY, "USD", 0, "USD 0.00" },
        { CHART_MONEY, "USD", 12480500000, "USD 12,480.50" },
        { CHART_MONEY, "", 39, "0.000039" },
        { CHART_MONEY, "EUR", -1250000, "EUR -1.25" },
        { CHART_MONEY, "EUR", INT64_MAX, "EUR 9,223,372,036,854.775807" },
        { CHART_MS, "", 0, "0 ms" },
        { CHART_MS, "", 999, "999 ms" },
        { CHART_MS, "", 1000, "1 s" },
        { CHART_MS, "", 2599, "2.5 s" },
        { CHART_MS, "", 60000, "1 min" },
        { CHART_MS, "", 125000, "2 min 5 s" },
        { CHART_MS, "", 3600000, "1 h" },
        { CHART_MS, "", 12000000, "3 h 20 min" },
        { CHART_MS, "", 187200000, "2 d 4 h" },
        { CHART_MS, "", -1500, "-1.5 s" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf b = { 0 };
        chart_number(&b, rows[i].unit, slice_from(rows[i].currency), rows[i].value);
        expect(&b, rows[i].text);
    }
}

static void shares(void **state)
{
    static const struct {
        int64_t n, whole, permille;
    } rows[] = {
        { 0, 0, 0 },      { 0, 10, 0 },      { 10, 10, 1000 }, { 1, 3, 333 },   { 2, 3, 667 },
        { 1, 1000000, 1 }, { 999999, 1000000, 999 }, { 1, 2000, 1 }, { 5, 10000, 1 }, { 15, 10000, 2 },
        { -1, 10, 0 },    { 1, -10, 0 },     { INT64_MAX, INT64_MAX, 1000 },
        { INT64_MAX / 2, INT64_MAX, 500 },   { 20, 10, 2000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (chart_permille(rows[i].n, rows[i].whole) != rows[i].permille)
            fail_msg("%lld of %lld: %lld", (long long)rows[i].n, (long long)rows[i].whole,
                     (long long)chart_permille(rows[i].n, rows[i].whole));
}

static void moments(void **state)
{
    static const struct {
        int64_t at, step;
        const char *text;
    } rows[] = {
        { 0, 86400, "Thu 1 Jan 1970" },
        { 1795651200, 86400, "Thu 26 Nov 2026" },
        { 1795651200 + 15 * 3600, 3600, "Thu 26 Nov 2026 15:00" },
        { 951782400, 86400, "Tue 29 Feb 2000" },
        { -3600, 3600, "Wed 31 Dec 1969 23:00" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf b = { 0 };
        chart_moment(&b, rows[i].at, rows[i].step);
        expect(&b, rows[i].text);
    }
}

/* "0 20 40 60" */
static void ticks(void **state)
{
    static const struct {
        enum chart_unit unit;
        int64_t low, high;
        const char *text;
    } rows[] = {
        { CHART_COUNT, 0, 0, "0 1" },
        { CHART_COUNT, 0, 3, "0 1 2 3" },
        { CHART_COUNT, 0, 7, "0 2 4 6 8" },
        { CHART_COUNT, 0, 328, "0 100 200 300 400" },
        { CHART_COUNT, 0, 7000, "0 2,000 4,000 6,000 8,000" },
        { CHART_COUNT, 0, 47000, "0 10k 20k 30k 40k 50k" },
        { CHART_COUNT, 0, 7300000, "0 2M 4M 6M 8M" },
        { CHART_COUNT, -15, 30, "-20 -10 0 10 20 30" },
        { CHART_PERMILLE, 0, 0, "0 % 20 % 40 % 60 % 80 % 100 %" },
        { CHART_PERMILLE, 0, 37, "0 % 1 % 2 % 3 % 4 %" },
        { CHART_MONEY, 0, 500000000, "0 100 200 300 400 500" },
        { CHART_MONEY, 0, 120000, "0 0.05 0.10 0.15" },
        { CHART_MONEY, 0, 2500000, "0 0.50 1 1.50 2 2.50" },
        { CHART_MS, 0, 3000, "0 ms 100 ms 250 ms 500 ms 1 s 2.5 s 5 s" },
        { CHART_MS, 0, 0, "0 ms 100 ms" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf b = { 0 };
        struct axis a;
        axis_make(&a, rows[i].unit, rows[i].low, rows[i].high);
        for (unsigned k = 0; k < a.count; k++) {
            buf_puts(&b, k ? " " : "");
            axis_label(&b, rows[i].unit, a.ticks[k]);
        }
        expect(&b, rows[i].text);
        axis_make(&a, rows[i].unit, INT64_MIN, INT64_MAX); /* whatever comes */
        assert_true(a.count >= 2 && a.count <= AXIS_TICKS);
        assert_int_equal(axis_at(&a, INT64_MAX, 1000, 0), 0);
        assert_int_equal(axis_at(&a, INT64_MIN, 1000, 0), 1000);
    }
}

/* As many labels of moments as there is room for, 52 pixels each, at round hours. */
static void labels(void **state)
{
    static const struct {
        int64_t step;
        size_t points;
        int pixels;
        const char *text;
    } rows[] = {
        { 3600, 24, 520, "26 Nov 03:00 06:00 09:00 12:00 15:00 18:00 21:00" },
        { 3600, 48, 520, "26 Nov 06:00 12:00 18:00 27 Nov 06:00 12:00 18:00" },
        { 3600, 48, 104, "27 Nov" },
        { 3600, 5, 520, "26 Nov 01:00 02:00 03:00 04:00" },
        { 86400, 7, 520, "26 Nov 27 Nov 28 Nov 29 Nov 30 Nov 1 Dec 2 Dec" },
        { 86400, 7, 208, "26 Nov 28 Nov 30 Nov 2 Dec" },
        { 86400, 7, 10, "26 Nov" },
    };
    int64_t at[48];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct chart c = { .moments = at, .points = rows[i].points, .step = rows[i].step };
        struct buf b = { 0 };
        for (size_t k = 0; k < c.points; k++)
            at[k] = 1795651200 + (int64_t)k * c.step;
        for (size_t k = 0; k < c.points; k++) {
            size_t before = b.len;
            buf_puts(&b, b.len ? " " : "");
            if (!axis_moment(&b, &c, k, rows[i].pixels))
                b.len = before;
        }
        expect(&b, rows[i].text);
    }
}

static void places(void **state)
{
    struct axis a;

    (void)state;
    axis_make(&a, CHART_COUNT, 0, 400);
    assert_int_equal(axis_at(&a, 0, 1000, 0), 1000);
    assert_int_equal(axis_at(&a, 100, 1000, 0), 750);
    assert_int_equal(axis_at(&a, 400, 1000, 0), 0);
    axis_make(&a, CHART_MS, 0, 500); /* 0 100 250 500: equally far */
    assert_int_equal(axis_at(&a, 100, 0, 900), 300);
    assert_int_equal(axis_at(&a, 175, 0, 900), 450);
    assert_int_equal(axis_at(&a, 250, 0, 900), 600);
    assert_int_equal(axis_at(&a, 9999, 0, 900), 900);
}

static const int64_t two_days[] = { 1795564800, 1795651200 };

static void stacked(void **state)
{
    static const int64_t a[] = { 30, 0 }, b[] = { 10, -5 };
    const struct chart_series series[] = { { S("queued"), CHART_BLUE, a, NULL }, { S("<b>"), CHART_ORANGE, b, NULL } };
    const struct chart c = { .id = "x", .title = S("Title & all"), .about = S("About"), .moments = two_days, .points = 2,
                             .step = 86400, .series = series, .series_count = 2, .half = true };
    struct buf out = { 0 };

    (void)state;
    chart_stacked(&out, &c);
    expect(&out,
           "<figure id=\"x\">\n<figcaption><h3>Title &amp; all</h3><p>About</p></figcaption>\n"
           "<ul class=\"legend\"><li><svg class=\"key\" viewBox=\"0 0 16 13\" aria-hidden=\"true\">"
           "<rect class=\"f0\" x=\"3\" y=\"1\" width=\"11\" height=\"11\" rx=\"2\"/></svg>queued</li>"
           "<li><svg class=\"key\" viewBox=\"0 0 16 13\" aria-hidden=\"true\">"
           "<rect class=\"f3\" x=\"3\" y=\"1\" width=\"11\" height=\"11\" rx=\"2\"/></svg>&lt;b&gt;</li></ul>\n"
           "<div class=\"half\"><svg viewBox=\"0 0 500 230\" role=\"img\" aria-labelledby=\"x-t x-d\">\n"
           "<title id=\"x-t\">Title &amp; all</title><desc id=\"x-d\">About</desc>\n"
           "<path class=\"zero\" d=\"M28.4 204H488\"/>\n<text class=\"y\" x=\"20.4\" y=\"208\">0</text>\n"
           "<path class=\"grid\" d=\"M28.4 160H488\"/>\n<text class=\"y\" x=\"20.4\" y=\"164\">10</text>\n"
           "<path class=\"grid\" d=\"M28.4 116H488\"/>\n<text class=\"y\" x=\"20.4\" y=\"120\">20</text>\n"
           "<path class=\"grid\" d=\"M28.4 72H488\"/>\n<text class=\"y\" x=\"20.4\" y=\"76\">30</text>\n"
           "<path class=\"grid\" d=\"M28.4 28H488\"/>\n<text class=\"y\" x=\"20.4\" y=\"32\">40</text>\n"
           "<path class=\"tick\" d=\"M143.3 204V208\"/>\n<text class=\"x\" x=\"143.3\" y=\"222\">25 Nov</text>\n"
           "<path class=\"tick\" d=\"M373.1 204V208\"/>\n<text class=\"x\" x=\"373.1\" y=\"222\">26 Nov</text>\n"
           "<rect class=\"f0\" x=\"117.3\" y=\"72\" width=\"52\" height=\"132\">"
           "<title>Wed 25 Nov 2026: queued 30</title></rect>\n"
           "<rect class=\"f3\" x=\"117.3\" y=\"28\" width=\"52\" height=\"44\">"
           "<title>Wed 25 Nov 2026: &lt;b&gt; 10</title></rect>\n"
           "<text class=\"total\" x=\"143.3\" y=\"23\">40</text>\n</svg></div>\n"
           "<details><summary>Numbers</summary><div class=\"scroll\"><table><caption>Title &amp; all</caption>\n"
           "<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">queued</th><th scope=\"col\">&lt;b&gt;</th></tr></thead>\n"
           "<tbody><tr><th scope=\"row\">Wed 25 Nov 2026</th><td class=\"n\">30</td><td class=\"n\">10</td></tr>\n"
           "<tr><th scope=\"row\">Thu 26 Nov 2026</th><td class=\"n\">0</td><td class=\"n\">-5</td></tr>\n"
           "</tbody></table></div></details>\n</figure>\n");
}

static void lines(void **state)
{
    static const int64_t moments_of[] = { 1795651200, 1795654800, 1795658400, 1795662000 };
    static const int64_t mid[] = { 100, 250, CHART_GAP, 500 }, high[] = { 250, 500, CHART_GAP, 500 };
    const struct chart_series series[] = { { S("band"), CHART_BLUE, high, mid }, { S("half"), CHART_GREEN, mid, NULL },
                                           { S("most"), CHART_RED, high, NULL } };
    const struct chart c = { .id = "l", .title = S("Delay"), .unit = CHART_MS, .moments = moments_of, .points = 4,
                             .step = 3600, .series = series, .series_count = 3, .half = true };
    struct buf out = { 0 };

    (void)state;
    chart_lines(&out, &c);
    /* 0, 100, 250, 500 ms are 58.6 pixels apart; the gap ends the band and the lines */
    holds(&out, "<path class=\"f0 band\" d=\"M111 86.7L218.7 28L218.7 86.7L111 145.4Z\"/>");
    holds(&out, "<path class=\"line s1 d0\" d=\"M111 145.4L218.7 86.7\"/>");
    holds(&out, "<path class=\"line s1 d0\" d=\"M434.1 28\"/>");
    holds(&out, "<path class=\"line s4 d1\" d=\"M111 86.7L218.7 28\"/>");
    holds(&out, "<title>Thu 26 Nov 2026 03:00: most 500 ms</title>");
    holds(&out, "<th scope=\"col\">band, from</th><th scope=\"col\">band, to</th><th scope=\"col\">half</th>");
    holds(&out, "<tr><th scope=\"row\">Thu 26 Nov 2026 02:00</th><td class=\"n\">-</td><td class=\"n\">-</td>");
    assert_int_equal(times(&out, "<circle"), 6);
    buf_free(&out);
}

static void bars(void **state)
{
    const struct chart_bar list[] = { { S("unknown status word"), S("Q002"), CHART_ORANGE, 30 },
                                      { S("no status"), S(""), CHART_ORANGE, 0 } };
    const struct chart_bars c = { .id = "b", .title = S("Reasons"), .names = S("Reason"), .values = S("Postbacks"),
                                  .list = list, .count = 2, .whole = 40, .half = true };
    struct buf out = { 0 };

    (void)state;
    chart_bars(&out, &c);
    holds(&out, "<text class=\"name\" x=\"6\" y=\"17\">unknown status word <tspan class=\"note\">Q002</tspan></text>\n"
                "<rect class=\"f3\" x=\"6\" y=\"23.5\" width=\"344\" height=\"14\" rx=\"2\"/>\n"
                "<text class=\"value\" x=\"358\" y=\"35\">30  75 %</text>\n");
    holds(&out, "width=\"2\" height=\"14\" rx=\"2\"/>\n<text class=\"value\" x=\"16\" y=\"77\">0  0 %</text>");
    holds(&out, "<tr><th scope=\"row\">no status</th><td class=\"n\">0</td><td class=\"n\">0 %</td></tr>");
    buf_free(&out);
}

static void sparks(void **state)
{
    static const int64_t values[] = { 0, 10, CHART_GAP, 5 };
    struct buf out = { 0 };

    (void)state;
    chart_spark(&out, S("a \"b\""), CHART_SKY, values, 4);
    expect(&out, "<svg class=\"spark\" viewBox=\"0 0 120 28\" role=\"img\" aria-label=\"a &quot;b&quot;\">"
                 "<path class=\"line s2\" d=\"M3 24L41 3M117 13.5\"/>"
                 "<circle class=\"f2\" r=\"2.5\" cx=\"117\" cy=\"13.5\"/></svg>");
}

static void multiples(void **state)
{
    static const int64_t small[] = { 1, 2 }, large[] = { 400, 100 };
    const struct chart_series one = { S("n"), CHART_BLUE, small, NULL }, other = { S("n"), CHART_BLUE, large, NULL };
    const struct chart list[] = { { .title = S("a"), .moments = two_days, .points = 2, .step = 86400, .series = &one,
                                    .series_count = 1 },
                                  { .title = S("b"), .moments = two_days, .points = 2, .step = 86400,
                                    .series = &other, .series_count = 1 } };
    const struct chart_group g = { .id = "g", .title = S("G"), .list = list, .count = 2, .stacked = true };
    const struct chart_group none = { .id = "g", .title = S("G"), .stacked = true };
    struct buf out = { 0 };

    (void)state;
    chart_multiples(&out, &g);
    assert_int_equal(times(&out, "<h4>"), 2);
    assert_int_equal(times(&out, "class=\"legend\""), 1);
    assert_int_equal(times(&out, ">400</text>"), 2); /* both have the axis of the larger one */
    holds(&out, "aria-labelledby=\"g-01-t g-01-d\"");
    holds(&out, "aria-labelledby=\"g-02-t g-02-d\"");
    buf_clear(&out);
    chart_multiples(&out, &none);
    holds(&out, "<div class=\"multiples\">\n</div>");
    buf_free(&out);
}

/* What there is can be seen: one of a hundred thousand is a pixel high. */
static void little(void **state)
{
    static const int64_t many[] = { 100000, 0 }, one[] = { 1, 0 };
    const struct chart_series series[] = { { S("many"), CHART_BLUE, many, NULL }, { S("one"), CHART_RED, one, NULL } };
    const struct chart c = { .id = "s", .title = S("S"), .moments = two_days, .points = 2, .step = 86400,
                             .series = series, .series_count = 2, .half = true };
    struct buf out = { 0 };

    (void)state;
    chart_stacked(&out, &c);
    holds(&out, "height=\"1\"><title>Wed 25 Nov 2026: one 1</title>");
    assert_int_equal(times(&out, "<rect class=\"f4\" x=\"1"), 1); /* none for the day that has none */
    buf_free(&out);
}

/* Nothing to show, and the largest numbers there are. */
static void extremes(void **state)
{
    static const int64_t huge[] = { INT64_MAX, INT64_MAX };
    const struct chart_series series[] = { { S("a"), CHART_BLUE, huge, NULL }, { S("b"), CHART_RED, huge, NULL } };
    struct chart c = { .id = "e", .title = S("E"), .unit = CHART_MONEY, .currency = S("USD"), .moments = two_days,
                       .points = 2, .step = 86400, .series = series, .series_count = 2 };
    struct buf out = { 0 };

    (void)state;
    chart_stacked(&out, &c);
    chart_lines(&out, &c);
    c.points = 0;
    chart_stacked(&out, &c);
    chart_lines(&out, &c);
    c.series_count = 0;
    c.points = 2;
    chart_stacked(&out, &c);
    assert_true(buf_ok(&out));
    assert_int_equal(times(&out, "<figure"), 5);
    assert_int_equal(times(&out, "=\"-"), 0); /* nothing lies outside */
    out.limit = out.len + 10;
    chart_stacked(&out, &c);
    assert_false(buf_ok(&out));
    buf_free(&out);
}

static void sheets(void **state)
{
    const struct sheet s = { .title = S("A <title>"), .subtitle = S("sub\x1b[31m\xff\n\"x\""), .made = S("by 'us'") };
    static const struct sheet_column columns[] = { { .name = "Offer" }, { .name = "N", .number = true },
                                                   { .name = "Id", .code = true } };
    const struct slice cells[] = { S("<script>alert(1)</script>"), S("1"), S("a&b"), S("\xe2\x80\xae x"), S(""), S("") };
    struct buf out = { 0 };

    (void)state;
    sheet_begin(&out, &s);
    sheet_finding(&out, SHEET_BROKEN, S("It <broke>"), S("text"), S("do it"));
    sheet_finding(&out, SHEET_GOOD, S("fine"), S(""), S(""));
    sheet_part(&out, "p", S("Part"), S("lead"));
    sheet_table(&out, S("cap"), columns, 3, cells, 2);
    sheet_end(&out, &s);
    assert_true(buf_ok(&out));
    holds(&out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    holds(&out, "content=\"default-src 'none'; style-src 'unsafe-inline'\"");
    holds(&out, "<h1>A &lt;title&gt;</h1>\n<p>sub\xef\xbf\xbd[31m\xef\xbf\xbd &quot;x&quot;</p>\n</header>");
    holds(&out, "<div class=\"finding broken\">\n<h3><span>broken</span>It &lt;broke&gt;</h3>\n<p>text</p>\n"
                "<p><strong>First:</strong> do it</p>\n</div>\n<div class=\"finding good\">\n<h3><span>good</span>fine</h3>\n"
                "</div>\n</section>\n<section id=\"p\">\n<h2>Part</h2>\n<p class=\"lead\">lead</p>\n");
    holds(&out, "<tr><th scope=\"row\">&lt;script&gt;alert(1)&lt;/script&gt;</th><td class=\"n\">1</td>"
                "<td><code>a&amp;b</code></td></tr>\n<tr><th scope=\"row\">\xef\xbf\xbd x</th><td class=\"n\"></td><td></td></tr>\n");
    holds(&out, "<footer>by &#39;us&#39;</footer>\n</body>\n</html>\n");
    assert_int_equal(times(&out, "<script"), 0);
    assert_int_equal(times(&out, "http"), 1); /* of http-equiv: nothing is fetched */
    assert_int_equal(times(&out, "<section"), times(&out, "</section"));
    assert_true(utf8_valid(buf_slice(&out)));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(shares),    cmocka_unit_test(moments), cmocka_unit_test(ticks),
        cmocka_unit_test(labels), cmocka_unit_test(places),  cmocka_unit_test(stacked),   cmocka_unit_test(lines),   cmocka_unit_test(bars),
        cmocka_unit_test(sparks),  cmocka_unit_test(multiples), cmocka_unit_test(little), cmocka_unit_test(extremes), cmocka_unit_test(sheets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
