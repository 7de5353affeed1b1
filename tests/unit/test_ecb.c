/* The European Central Bank's files: what is read, what is refused, and what becomes of rates.yaml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/ecb/xml.h"
#include "core/ecb/csv.h"
#include "core/ecb/merge.h"

struct bench {
    struct arena arena;
    struct diags diags;
    struct source source;
    struct quotes quotes;
};

static void begin(struct bench *b, struct slice text)
{
    memset(b, 0, sizeof(*b));
    arena_init(&b->arena, 64u << 20);
    b->diags.arena = &b->arena;
    b->source = (struct source){ SLICE("f"), text };
}

static void end(struct bench *b)
{
    quotes_free(&b->quotes);
    arena_free(&b->arena);
}

/* "2026-11-25 USD 1.08\n"..., or the problems as "2:5 C037 text | hint\n". */
static void read_text(struct bench *b, struct buf *out)
{
    const char *why = NULL;
    enum quotes_form form = quotes_form(b->source.text, &why);

    if (form == QUOTES_OTHER) {
        buf_puts(out, why);
        return;
    }
    (form == QUOTES_XML ? ecb_read_xml : ecb_read_csv)(&b->source, &b->quotes, &b->diags);
    if (b->diags.errors == 0)
        quotes_seal(&b->quotes, &b->source, &b->diags);
    for (const struct diag *d = b->diags.first; d; d = d->next)
        buf_printf(out, "%u:%u %s %.*s\n", d->at.line, d->at.col, d->code, SLICE_ARG(d->text));
    for (size_t i = 0; i < b->quotes.count && b->diags.errors == 0; i++) {
        rate_day_print(out, b->quotes.list[i].at);
        buf_printf(out, " %s ", b->quotes.list[i].currency);
        rate_print(out, b->quotes.list[i].rate);
        buf_byte(out, '\n');
    }
}

#define CUBE(inside)                                                                               \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" "                      \
    "xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n"                              \
    "<gesmes:subject>Reference rates</gesmes:subject><Cube>\n" inside "</Cube></gesmes:Envelope>"
#define SDMX_HEAD "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,TITLE\n"

static void files(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        /* eurofxref.csv */
        { "Date, USD, JPY, \n25 November 2026, 1.1600, 180.20, \n",
          "2026-11-25 JPY 180.2\n2026-11-25 USD 1.16\n" },
        { "\xef\xbb\xbf" "Date, USD, \r\n5 november 2026, 1.16, \r\n\r\n", "2026-11-05 USD 1.16\n" },
        /* eurofxref-hist.csv */
        { "Date,USD,CYP,\n2026-11-25,1.16,N/A,\n2026-11-24,1.15,,\n",
          "2026-11-24 USD 1.15\n2026-11-25 USD 1.16\n" },
        { "Date,USD\n2026-11-25,1.16", "2026-11-25 USD 1.16\n" },
        { "Date,USD,\n2026-11-25,1.16,\n2026-11-25,1.160,\n", "2026-11-25 USD 1.16\n" },
        { "Date,USD,\n2026-11-25,1.16,\n2026-11-24,1,\n2026-11-25,1.17,\n",
          "4:0 C038 USD has another rate on line 2 for the same day\n" },
        { "Date,USD,\n11/25/2026,1.16,\n", "2:1 C037 \"11/25/2026\" is not a day\n" },
        { "Date,USD,\n2026-02-30,1.16,\n2026-13-01,1,\n30 February 2026,1,\n1 Foo 2026,1,\n",
          "2:1 C037 \"2026-02-30\" is not a day\n3:1 C037 \"2026-13-01\" is not a day\n"
          "4:1 C037 \"30 February 2026\" is not a day\n5:1 C037 \"1 Foo 2026\" is not a day\n" },
        { "Date,USD,JPY,\n2026-11-25,1.16,-3,\n2026-11-24,0,1e3,\n2026-11-23,x,0.00,\n",
          "2:17 C037 \"-3\" is not a rate\n3:12 C037 \"0\" is not a rate\n"
          "3:14 C037 \"1e3\" is not a rate\n4:12 C037 \"x\" is not a rate\n"
          "4:14 C037 \"0.00\" is not a rate\n" },
        { "Date,USD,JPY,\n2026-11-25,1.16,\n",
          "2:0 C037 this line has 3 columns, but the first one has 4\n" },
        { "Date,USD,JPY,\n2026-11-25,1.16,18", "2:0 C037 this line has 3 columns, but the first one has 4\n" },
        { "Date,USD,\n2026-11-25,\"1,16\",\n", "2:13 C037 \"1,16\" is not a rate\n" },
        { "Date;USD;JPY\n2026-11-25;1,16;180\n", "1:0 C036 the first line is not that of a file of the Bank\n" },
        { "Date,usd,\n2026-11-25,1,\n", "1:6 C036 the column \"usd\" is no daily rate for one euro\n" },
        { "Date,USD,\n", "0:0 C036 there is no rate in it\n" },
        { "Date,USD,\n2026-11-25,N/A,\n", "0:0 C036 there is no rate in it\n" },
        { "hello\n", "1:0 C036 the first line is not that of a file of the Bank\n" },
        { "Date\n", "1:0 C036 the first line is not that of a file of the Bank\n" },
        { "Date,USD,\n\"2026-11-25,1,\n", "2:2 C037 a quote is not closed again\n" },
        { "Date,USD,\n\"2026-11-25\"x,1,\n",
          "2:13 C037 something stands between a closing quote and the next comma\n" },
        /* a series of the data portal */
        { "\"DATE\",\"TIME PERIOD\",\"US dollar/Euro (EXR.D.USD.EUR.SP00.A)\"\n"
          "\"2026-11-25\",\"25 Nov 2026\",\"1.16\"\n",
          "2026-11-25 USD 1.16\n" },
        { "DATE,TIME PERIOD,Dollar (EXR.M.USD.EUR.SP00.A)\n2026-11-30,2026Nov,1.16\n",
          "1:18 C036 the column \"Dollar (EXR.M.USD.EUR.SP00.A)\" is no daily rate for one euro\n" },
        /* SDMX-CSV */
        { SDMX_HEAD "EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-11-25,1.16,\"US dollar, \"\"ECB\"\"\n"
                    "reference\"\nEXR.D.JPY.EUR.SP00.A,D,JPY,EUR,SP00,A,2026-11-24,180.2,\n"
                    "EXR.M.JPY.EUR.SP00.A,M,JPY,EUR,SP00,A,2026-10,179.123456789,\n"
                    "EXR.D.CHF.EUR.SP00.A,D,CHF,EUR,SP00,A,2026-11-24,,\n",
          "2026-11-24 JPY 180.2\n2026-11-25 USD 1.16\n" },
        { SDMX_HEAD "k,M,JPY,EUR,SP00,A,2026-10,179.1,\nk,D,EUR,USD,SP00,A,2026-11-25,0.9,\n"
                    "k,D,E5,EUR,EN00,A,2026-11-25,98.7,\n",
          "0:0 C036 none of its series is a daily reference rate for one euro\n" },
        { "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE,UNIT_MULT\nUSD,EUR,2026-11-25,1.16,0\n"
          "JPY,EUR,2026-11-25,1.8,2\nUSDT,EUR,2026-11-25,1,0\n",
          "3:20 C037 UNIT_MULT is \"2\"\n4:21 C037 \"USDT\" is not a currency code\n" },
        { "KEY,CURRENCY,TIME_PERIOD,OBS_VALUE\n", "1:0 C036 the first line is not that of a file of the Bank\n" },
        /* eurofxref-*.xml */
        { CUBE("<Cube time='2026-11-25'><Cube currency='USD' rate='1.1600'/>"
               "<Cube currency='JPY' rate='180.2'/></Cube>\n"
               "<Cube time=\"2026-11-24\"><Cube rate='1.15' currency='USD'/></Cube>"),
          "2026-11-24 USD 1.15\n2026-11-25 JPY 180.2\n2026-11-25 USD 1.16\n" },
        { CUBE("<Cube time='25.11.2026'><Cube currency='USD' rate='1'/></Cube>"),
          "4:1 C037 \"25.11.2026\" is not a day\n" },
        { CUBE("<Cube time='2026-11-25'><Cube currency='USD' rate='1,16'/></Cube>"),
          "4:25 C037 \"1,16\" is not a rate\n" },
        { CUBE("<Cube currency='USD' rate='1.16'/>"), "4:1 C037 a rate without its day\n" },
        { CUBE("<Cube time='2026-11-25'/><Cube currency='USD' rate='1.16'/>"),
          "4:26 C037 a rate without its day\n" },
        { CUBE("<Cube time='2026-11-25'><Cube currency='USD'/></Cube>"),
          "4:25 C037 a rate without its number\n" },
        { CUBE("<Cube time='2026-11-25'><Cube rate='1'/></Cube>"),
          "4:25 C037 a rate without its currency\n" },
        { CUBE(""), "0:0 C036 there is no rate in it\n" },
        { CUBE("<Cube time='2026-11-25'>"), "4:34 C036 not well-formed XML: mismatched tag\n" },
        { "<a><b>", "1:7 C036 not well-formed XML: no element found\n" },
        { "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><a>&b;</a>",
          "1:34 C036 a document type (DOCTYPE) is refused\n" },
        { "<a>&x;</a>", "1:4 C036 not well-formed XML: undefined entity\n" },
        { "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
          "<a><a><a><a>",
          "1:97 C036 it is nested more than 32 deep\n" },
        /* SDMX-ML */
        { "<m:GenericData xmlns:m='m' xmlns:g='g'><m:DataSet><g:Series><g:SeriesKey>"
          "<g:Value id='FREQ' value='D'/><g:Value id='CURRENCY' value='USD'/>"
          "<g:Value id='CURRENCY_DENOM' value='EUR'/><g:Value id='EXR_TYPE' value='SP00'/>"
          "<g:Value id='EXR_SUFFIX' value='A'/></g:SeriesKey><g:Attributes>"
          "<g:Value id='UNIT_MULT' value='0'/></g:Attributes><g:Obs>"
          "<g:ObsDimension value='2026-11-25'/><g:ObsValue value='1.16'/></g:Obs>"
          "<g:Obs><g:ObsDimension value='2026-11-24'/><g:ObsValue value='NaN'/></g:Obs>"
          "</g:Series></m:DataSet></m:GenericData>",
          "2026-11-25 USD 1.16\n" },
        { "<d><Series FREQ='D' CURRENCY='USD' CURRENCY_DENOM='EUR' EXR_TYPE='SP00' EXR_SUFFIX='A'>"
          "<Obs TIME_PERIOD='2026-11-25' OBS_VALUE='1.16' OBS_STATUS='A'/></Series>"
          "<Series FREQ='M' CURRENCY='JPY' CURRENCY_DENOM='EUR' EXR_TYPE='SP00' EXR_SUFFIX='A'>"
          "<Obs TIME_PERIOD='2026-11' OBS_VALUE='180'/></Series></d>",
          "2026-11-25 USD 1.16\n" },
        { "<d><Series CURRENCY='USD' CURRENCY_DENOM='EUR'><Obs TIME_PERIOD='2026-11-25' "
          "OBS_VALUE='1.1600000000000000000000000000000000000000001'/></Series></d>",
          "1:137 C037 \"1.1600000000000000000000000000000000...\" is not a rate\n" },
        /* no such file */
        { "", "is empty: look at what the download says" },
        { " \r\n", "is empty: look at what the download says" },
        { "PK\x03\x04zzz", "is a ZIP archive: unzip it, and import the file that is in it" },
        { "\x1f\x8bzz", "is compressed: unpack it with gunzip, and import the file that is in it" },
        { "\xff\xfe" "D", "is UTF-16 text: a spreadsheet has saved it; take it again from the Bank" },
        { "\n<!DOCTYPE HTML><html>", "is a web page and no file of rates: look at what the download says" },
        { "{\"rates\":{}}", "is JSON: ask the Bank for CSV or XML" },
        { "version: 1\nbase: EUR\n",
          "is a rates.yaml already: name it with -o, and the Bank's file as the first word" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bench b;
        struct buf got = { 0 };
        begin(&b, slice_from(rows[i].text));
        read_text(&b, &got);
        if (!slice_eq(buf_slice(&got), slice_from(rows[i].expected)))
            fail_msg("row %zu: expected\n%s\ngot\n%.*s", i, rows[i].expected,
                     SLICE_ARG(buf_slice(&got)));
        buf_free(&got);
        end(&b);
    }
}

/* Bytes without a C string's end, and lines and tables that are too long. */
static void hostile(void **state)
{
    struct buf text = { 0 }, got = { 0 };
    struct bench b;

    (void)state;
    buf_puts(&text, "Date");
    for (int i = 0; i < 300; i++)
        buf_puts(&text, ",USD");
    begin(&b, buf_slice(&text));
    read_text(&b, &got);
    assert_string_equal(arena_cstr(&b.arena, buf_slice(&got)),
                        "1:1026 C036 a line has more than 256 columns\n");
    end(&b);
    buf_clear(&text);
    buf_clear(&got);
    buf_puts(&text, "Date,USD\n\"");
    for (int i = 0; i < 20000; i++)
        buf_puts(&text, "xxxx\n");
    begin(&b, buf_slice(&text));
    read_text(&b, &got);
    assert_string_equal(arena_cstr(&b.arena, buf_slice(&got)), "2:2 C037 a quote is not closed again\n");
    end(&b);
    buf_clear(&got);
    begin(&b, (struct slice){ "Date,USD,\n2026-11-25,1\0002,\n", 26 });
    read_text(&b, &got);
    assert_true(slice_starts(buf_slice(&got), S("2:12 C037 \"1")));
    end(&b);
    /* a hundred problems are enough */
    buf_clear(&text);
    buf_clear(&got);
    buf_puts(&text, "Date,USD\n");
    for (int i = 0; i < 1000; i++)
        buf_puts(&text, "x,1\n");
    begin(&b, buf_slice(&text));
    read_text(&b, &got);
    assert_int_equal(b.diags.errors, 100);
    end(&b);
    buf_free(&text);
    buf_free(&got);
}

static void merging(void **state)
{
    static const char bank[] = "Date,USD,JPY\n2026-11-25,1.16,180\n2026-11-24,1.15,179\n";
    static const struct {
        const char *old;
        int64_t days;
        const char *expected, *said;
    } rows[] = {
        /* days are replaced; everything else is kept byte for byte */
        { "# mine\nversion: 1\nbase: EUR # for one\ndays:\n  2026-11-24: {USD: 1.10, KZT: 600}\n"
          "  # a remark\n  2026-11-01: {USD: 1.1}\n\n# by hand\nalso:\n"
          "  - {source: me, base: USD, days: {2020-01-01: {VND: 23000}}} # old\n# end\n",
          400,
          "# mine\nversion: 1\nbase: EUR # for one\n"
          "source: European Central Bank, euro foreign exchange reference rates\ndays:\n"
          "  2026-11-25: {JPY: 180, USD: 1.16}\n  2026-11-24: {JPY: 179, KZT: 600, USD: 1.15}\n"
          "  2026-11-01: {USD: 1.1}\n\n# by hand\nalso:\n"
          "  - {source: me, base: USD, days: {2020-01-01: {VND: 23000}}} # old\n# end\n",
          "3 days, 3 currencies, 3 new, 1 changed, 0 dropped, 1 comments, lost " },
        { "days: {2026-11-24: {USD: 1.15},\n  2025-01-01: {VND: 26000, KZT: 1, USD: 1}}\nversion: 1\n"
          "source: European Central Bank\nbase: EUR\n",
          30,
          "days:\n  2026-11-25: {JPY: 180, USD: 1.16}\n  2026-11-24: {JPY: 179, USD: 1.15}\nversion: 1\n"
          "source: European Central Bank\nbase: EUR\n",
          "2 days, 2 currencies, 3 new, 0 changed, 3 dropped, 0 comments, lost KZT, VND" },
        { "version: 1\r\nbase: EUR\r\ndays: {}\r\n# end", 1,
          "version: 1\r\nbase: EUR\r\nsource: European Central Bank, euro foreign exchange reference "
          "rates\ndays:\n  2026-11-25: {JPY: 180, USD: 1.16}\n# end",
          "1 days, 2 currencies, 2 new, 0 changed, 0 dropped, 0 comments, lost " },
        { "version: 1\nbase: USD\ndays: {2026-01-01: {EUR: 0.9}}\n", 400, NULL,
          "2:7 C039 the Bank's rates are for one EUR, but this file's first days are for one USD\n" },
        { "version: 1\nbase: EUR\nsource: us\ndays: {}\n", 400, NULL,
          "3:9 C039 the days of this file are somebody else's, and the Bank's would be taken for his\n" },
        { "{version: 1, base: EUR, days: {}}\n", 400, NULL,
          "1:25 C039 this file is written so that its days can't be replaced alone\n" },
        { "version: 1\nbase: EUR\ndays: {2026-01-01: {USD: x}}\n", 400, NULL,
          "3:26 M009 a rate must be an amount, but \"x\" is not a number\n" },
        { "version: 1\nbase: EUR\ndays: {}\nalso: [{source: me, base: BTC, days: {}}]\n", 400, NULL,
          "4:27 C033 nothing in this file says what a BTC is worth in EUR\n" },
        { "", 400, NULL,
          "1:1 M003 `version:` is missing\n1:1 M003 `base:` is missing\n1:1 M003 `days:` is missing\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct source old = { SLICE("rates.yaml"), slice_from(rows[i].old) };
        struct merge_result r;
        struct bench b;
        struct buf out = { 0 }, said = { 0 }, again = { 0 };
        bool ok;
        begin(&b, S(bank));
        ecb_read_csv(&b.source, &b.quotes, &b.diags);
        assert_true(quotes_seal(&b.quotes, &b.source, &b.diags));
        ok = merge_quotes(&b.quotes, &old, S("new.yaml"), rows[i].days, &b.arena, &b.diags, &out, &r);
        for (const struct diag *d = b.diags.first; d; d = d->next)
            buf_printf(&said, "%u:%u %s %.*s\n", d->at.line, d->at.col, d->code, SLICE_ARG(d->text));
        if (ok)
            buf_printf(&said,
                       "%zu days, %zu currencies, %zu new, %zu changed, %zu dropped, %zu comments, "
                       "lost %.*s",
                       r.days, r.currencies, r.added, r.changed, r.dropped, r.comments,
                       SLICE_ARG(r.lost));
        if (ok != (rows[i].expected != NULL) ||
            (ok && !slice_eq(buf_slice(&out), slice_from(rows[i].expected))) ||
            !slice_eq(buf_slice(&said), slice_from(rows[i].said)))
            fail_msg("row %zu: %.*s\n%.*s", i, SLICE_ARG(buf_slice(&said)),
                     SLICE_ARG(buf_slice(&out)));
        if (ok) { /* the same once more changes nothing */
            old.text = buf_slice(&out);
            assert_true(merge_quotes(&b.quotes, &old, S("new.yaml"), rows[i].days, &b.arena,
                                     &b.diags, &again, &r));
            assert_true(slice_eq(buf_slice(&again), buf_slice(&out)));
            assert_int_equal(r.added + r.changed + r.dropped, 0);
        }
        buf_free(&out);
        buf_free(&said);
        buf_free(&again);
        end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(hostile),
        cmocka_unit_test(merging),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
