/* Tables: separators, quotes, encodings, limits; columns by header; amounts and moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/csv/cells.h"
#include "core/csv/columns.h"
#include "core/csv/csv.h"

/* "1:1[a]1:3[b]|2:1[c]", and what was mended as "{F034 2:5}". */
static int row(void *context, const struct csv_row *r, struct err *err)
{
    struct buf *out = context;

    (void)err;
    buf_puts(out, out->len && out->ptr[out->len - 1] != '}' ? "|" : "");
    assert_int_equal(r->line, r->cells[0].line);
    for (size_t i = 0; i < r->count; i++)
        buf_printf(out, "%u:%u[%.*s]", r->cells[i].line, r->cells[i].col,
                   SLICE_ARG(r->cells[i].text));
    return 0;
}

static void flaw(void *context, const char *code, uint32_t line, uint32_t col, const char *text)
{
    assert_true(strlen(text) > 10);
    buf_printf(context, "{%s %u:%u}", code, line, col);
}

/* Read in pieces of so many bytes: what came, then the encoding's number and the separator, or the error. */
static void read_in(struct slice text, size_t piece, struct buf *out)
{
    const struct csv_use use = { row, flaw, out, CSV_UNKNOWN, 0 };
    struct csv *c = csv_new(&use);
    struct err err = { 0 };
    int rc = 0;

    while (rc == 0 && text.len > piece) {
        rc = csv_feed(c, slice_head(text, piece), false, &err);
        text = slice_from_at(text, piece);
    }
    if (rc == 0)
        rc = csv_feed(c, text, true, &err);
    if (rc != 0)
        buf_puts(out, err.text);
    else
        buf_printf(out, " %d%c", (int)csv_encoding(c), csv_separator(c));
    csv_free(c);
}

static const struct {
    struct slice text;
    const char *want;
} tables[] = {
    { SLICE(""), " 0\0" },
    { SLICE("a,b\nc,d"), "1:1[a]1:3[b]|2:1[c]2:3[d] 0," },
    { SLICE("a;b\r\nc;d\r\n"), "1:1[a]1:3[b]|2:1[c]2:3[d] 0;" },
    { SLICE("a, b, c;d\ne;f\n"), "1:1[a, b, c]1:9[d]|2:1[e]2:3[f] 0;" }, /* as often in the second line */
    { SLICE("a\tb\rc\td\r"), "1:1[a]1:3[b]|2:1[c]2:3[d] 0\t" },
    { SLICE("a|b\n"), "1:1[a]1:3[b] 0|" },
    { SLICE("\n\r\na;b\n\n\nc;d\n"), "3:1[a]3:3[b]|6:1[c]6:3[d] 0;" },
    { SLICE("sep=|\r\na,b|c\n"), "2:1[a,b]2:5[c] 0|" },
    { SLICE("\"a, b\";\"c\"\nd;e\n"), "1:1[a, b]1:8[c]|2:1[d]2:3[e] 0;" },
    { SLICE("x,y\n\"a \"\"b\"\"\",\"two\nlines\"\nz,\n"),
      "1:1[x]1:3[y]|2:1[a \"b\"]2:11[two\nlines]|4:1[z]4:3[] 0," },
    { SLICE("x,y\n  \"a\"  , b \n"), "1:1[x]1:3[y]|2:3[a]2:10[b] 0," },
    { SLICE("x,y\n\"a\"b,c\n"), "1:1[x]1:3[y]{F034 2:4}2:1[a]2:6[c] 0," },
    { SLICE("x,y\n\"a,b\nc,d\n"), "1:1[x]1:3[y]{F034 2:1}2:1[\"a]2:4[b]|3:1[c]3:3[d] 0," },
    { SLICE("x,y\n5\"2,c\n"), "1:1[x]1:3[y]|2:1[5\"2]2:5[c] 0," },
    { SLICE("\xef\xbb\xbf" "a,b\n"), "1:1[a]1:3[b] 1," },
    { SLICE("a,\xc3\xa9\n"), "1:1[a]1:3[\xc3\xa9] 1," },
    { SLICE("a,\xe9t\xe9\n"), "1:1[a]1:3[\xc3\xa9t\xc3\xa9] 4," },
    { SLICE("\xe9,Gr\xf6\xdf" "e \xe9t\xe9\n"), /* two umlauts side by side make no Cyrillic word */
      "1:1[\xc3\xa9]1:3[Gr\xc3\xb6\xc3\x9f" "e \xc3\xa9t\xc3\xa9] 4," },
    { SLICE("a,\x80\n"), "1:1[a]1:3[\xe2\x82\xac] 4," },
    { SLICE("a,\xd1\xf3\xec\xec\xe0\n"),
      "1:1[a]1:3[\xd0\xa1\xd1\x83\xd0\xbc\xd0\xbc\xd0\xb0] 5," },
    { SLICE("a,\xb9\xd1\xf2\n"), "1:1[a]1:3[\xe2\x84\x96\xd0\xa1\xd1\x82] 5," },
    { SLICE("a,\xc3\xa9\xc3\xa9\xff\n"), "{F039 1:0}1:1[a]1:3[\xc3\xa9\xc3\xa9\xc3\xbf] 1," },
    { SLICE("\xff\xfe" "a\0;\0\xe9\0\n\0"), "1:1[a]1:3[\xc3\xa9] 2;" },
    { SLICE("\xfe\xff\0a\0;\0b\0\n"), "1:1[a]1:3[b] 3;" },
    { SLICE("a\0b\0,\0c\0d\0\n\0"), "1:1[ab]1:4[cd] 2," },
    /* Cyrillic letters have a NUL in none of their units, what stands between them has */
    { SLICE("\x21\x04\x43\x04;\0\x14\x04\x30\x04\n\0"), "1:1[\xd0\xa1\xd1\x83]1:4[\xd0\x94\xd0\xb0] 2;" },
    { SLICE("\x04\x21\x04\x43\0;\x04\x14\x04\x30\0\n"), "1:1[\xd0\xa1\xd1\x83]1:4[\xd0\x94\xd0\xb0] 3;" },
    /* columns are characters, in every line of a cell */
    { SLICE("\xc3\xa9;\"\xe2\x82\xac\n\xc3\xa9\";\"\xc3\xa9\"x;b\n"),
      "{F034 2:7}1:1[\xc3\xa9]1:3[\xe2\x82\xac\n\xc3\xa9]2:4[\xc3\xa9]2:9[b] 1;" },
    { SLICE("\0a\0b\0,\0c\0d\0\n"), "1:1[ab]1:4[cd] 3," },
    { SLICE("\xff\xfe" "a\0,\0\x3d\xd8\x00\xde\n\0"), "1:1[a]1:3[\xf0\x9f\x98\x80] 2," },
    { SLICE("\xff\xfe" "a\0,\0\x3d\xd8" "b\0"), "1:1[a]1:3[\xef\xbf\xbd" "b] 2," },
    { SLICE("\xff\xfe" "a\0,\0b"), "1:1[a]1:3[\xef\xbf\xbd] 2," },
    { SLICE("PK\x03\x04....."), "F031: this is a spreadsheet (.xlsx, .ods) or a ZIP archive, no CSV" },
    { SLICE("  <html>......"), "F031: this is a web page or XML, perhaps the login page, no CSV" },
    { SLICE("SQLite format 3, and more\na,b\n"), "F031: this is a database, no CSV" }, /* found by the fuzzer */
    { SLICE("a\n                <b>\n"), "1:1[a]|2:17[<b>] 0," },
    { SLICE("{\"a\":1,\"b\":2}"), "F031: this is JSON, no CSV" },
    { SLICE("abcdefgh,i\0j,klmnopqrstuvwxyz0123456789\n"), "F031: this is a file with zero bytes, no CSV" },
};

static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        struct buf whole = { 0 };
        read_in(tables[i].text, SIZE_MAX, &whole);
        buf_byte(&whole, '\0');
        if (strcmp(whole.ptr, tables[i].want) != 0)
            fail_msg("table %zu:\n%s\nwanted\n%s", i, whole.ptr, tables[i].want);
        buf_free(&whole);
    }
}

/* However the file is cut; what can't be seen of 8-bit text in its first piece is another matter. */
static void test_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        for (size_t piece = 1; piece < 12; piece++) {
            struct buf out = { 0 };
            read_in(tables[i].text, piece, &out);
            buf_byte(&out, '\0');
            if (strstr(tables[i].want, " 4,") || strstr(tables[i].want, " 5,") ||
                strstr(tables[i].want, "F039") || strstr(tables[i].want, "0\0") == tables[i].want + 1) {
                buf_free(&out);
                continue;
            }
            if (strcmp(out.ptr, tables[i].want) != 0)
                fail_msg("table %zu by %zu:\n%s\nwanted\n%s", i, piece, out.ptr, tables[i].want);
            buf_free(&out);
        }
    }
}

static int count(void *context, const struct csv_row *r, struct err *err)
{
    (void)err;
    *(size_t *)context += r->count;
    return 0;
}

static void feed_long(size_t cells, size_t bytes, const char *want, size_t expect)
{
    size_t n = 0;
    const struct csv_use use = { count, NULL, &n, CSV_UNKNOWN, ',' };
    struct csv *c = csv_new(&use);
    struct err err = { 0 };
    char *text = malloc(bytes + cells + 1);
    int rc;

    memset(text, 'x', bytes);
    memset(text + bytes, ',', cells);
    text[bytes + cells] = '\n';
    rc = csv_feed(c, (struct slice){ text, bytes + cells + 1 }, true, &err);
    assert_int_equal(rc, want ? -1 : 0);
    if (want)
        assert_string_equal(err.text, want);
    assert_int_equal(n, expect);
    free(text);
    csv_free(c);
}

static void test_limits(void **state)
{
    (void)state;
    feed_long(511, 10, NULL, 512);
    feed_long(512, 10, "F035: line 1 has more than 512 columns", 0);
    feed_long(1, CSV_RECORD_MAX - 2, NULL, 2);
    feed_long(1, CSV_RECORD_MAX + 1, "F035: the row that begins in line 1 is longer than 1 MB", 0);
    feed_long(1, 3 * CSV_RECORD_MAX, "F035: the row that begins in line 1 is longer than 1 MB", 0);
}

/* A quote that opens and never closes spoils its row alone, also past the limit of a record. */
static void test_open_quote(void **state)
{
    size_t n = 0, rows = 400000;
    const struct csv_use use = { count, NULL, &n, CSV_UNKNOWN, ',' };
    struct csv *c = csv_new(&use);
    struct err err = { 0 };
    struct buf text = { 0 };

    (void)state;
    buf_puts(&text, "a,b\n\"x,y\n");
    for (size_t i = 0; i < rows; i++)
        buf_puts(&text, "c,d\n");
    assert_int_equal(csv_feed(c, buf_slice(&text), true, &err), 0);
    assert_int_equal(n, 2 * (rows + 2));
    buf_free(&text);
    csv_free(c);
}

/* ---- columns ---- */

static int columns(void *context, const struct csv_row *r, struct err *err)
{
    const char **said = context;
    struct columns found;
    struct buf out = { 0 };
    const char *code;

    (void)err;
    if (columns_find(r, slice_from(said[0]), 1u << COLUMN_CLICK_ID | 1u << COLUMN_TXID, &found,
                     &code, &out) != 0) {
        struct buf text = { 0 };
        buf_printf(&text, "%s %.*s", code, SLICE_ARG(buf_slice(&out)));
        buf_byte(&text, '\0');
        assert_string_equal(text.ptr, said[1]);
        buf_free(&text);
    } else {
        for (int i = 0; i < COLUMNS; i++)
            if (found.at[i] >= 0)
                buf_printf(&out, "%s%s=%d", out.len ? "," : "", column_names[i], found.at[i]);
        buf_byte(&out, '\0');
        assert_string_equal(out.ptr, said[1]);
    }
    buf_free(&out);
    return 0;
}

static const struct {
    struct slice header;
    const char *said, *want;
} headers[] = {
    { SLICE("Click ID,sub_id,Sub ID 1,Revenue,Click date,Date\n"), "",
      "click_id=1,amount=3,time=5" },
    { SLICE("PostbackTimestamp,VisitTimestamp,ClickID,TransactionID,Revenue\n"), "",
      "click_id=2,txid=3,amount=4,time=0" },
    { SLICE("a,b,c\n"), "click_id=2,txid=C", "click_id=1,txid=2" },
    { SLICE("Sub ID,Date,\"Order, no 5\"\n"), "txid=Order, no 5,time=", "click_id=0,txid=2" },
    { SLICE("Sub-ID;\xd0\xa1\xd1\x82\xd0\xb0\xd1\x82\xd1\x83\xd1\x81\n"), "",
      "click_id=0,status=1" },
    { SLICE("Clickd,Date\n"), "",
      "F032 no column with click_id or txid was found; is it \"Clickd\"? then --columns "
      "\"click_id=Clickd\"; the columns here are \"Clickd\", \"Date\"" },
    { SLICE("Sub ID,Date\n"), "clickid=Date",
      "F038 \"clickid=Date\" is not COLUMN=HEADER, where COLUMN is one of click_id, txid, status, "
      "amount, currency, time, offer, email, phone" },
    { SLICE("Sub ID,Date\n"), "time=3",
      "F038 there is no column \"3\" for time; the columns here are \"Sub ID\", \"Date\"" },
};

static void test_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        const char *said[] = { headers[i].said, headers[i].want };
        const struct csv_use use = { columns, NULL, said, CSV_UNKNOWN, 0 };
        struct csv *c = csv_new(&use);
        struct err err = { 0 };
        assert_int_equal(csv_feed(c, headers[i].header, true, &err), 0);
        csv_free(c);
    }
}

/* Every row of the table is in the form that headers are compared in, and is known by it. */
static void test_known_headers(void **state)
{
    char plain[64];

    (void)state;
    for (const struct column_row *r = column_rows; r->header; r++)
        assert_true(slice_eq(columns_plain(slice_from(r->header), plain, sizeof(plain)),
                             slice_from(r->header)));
}

/* ---- cells ---- */

static void test_amounts(void **state)
{
    static const struct {
        const char *text;
        enum money_mark mark;
        enum cells_result result;
        int64_t micros;
        const char *currency;
    } cases[] = {
        { "12.50", MONEY_MARK_ANY, CELLS_OK, 12500000, "" },
        { "12,50", MONEY_MARK_ANY, CELLS_OK, 12500000, "" },
        { "-5", MONEY_MARK_ANY, CELLS_OK, -5000000, "" },
        { "(5.25)", MONEY_MARK_ANY, CELLS_OK, -5250000, "" },
        { "5.25-", MONEY_MARK_ANY, CELLS_OK, -5250000, "" },
        { "\xe2\x88\x92" "7,5 EUR", MONEY_MARK_ANY, CELLS_OK, -7500000, "EUR" },
        { "1.234,56", MONEY_MARK_ANY, CELLS_OK, 1234560000, "" },
        { "1,234", MONEY_MARK_ANY, CELLS_AMBIGUOUS, 0, "" },
        { "1,234", MONEY_MARK_POINT, CELLS_OK, 1234000000, "" },
        { "1,234", MONEY_MARK_COMMA, CELLS_OK, 1234000, "" },
        { "", MONEY_MARK_ANY, CELLS_EMPTY, 0, "" },
        { "-", MONEY_MARK_ANY, CELLS_BAD, 0, "" },
        { "Total", MONEY_MARK_ANY, CELLS_BAD, 0, "" },
        { "1e3", MONEY_MARK_ANY, CELLS_BAD, 0, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cells_habits h = { .mark = cases[i].mark };
        struct slice currency;
        int64_t micros;
        enum cells_result r = cells_amount(slice_from(cases[i].text), &h, &micros, &currency);
        if (r != cases[i].result || micros != cases[i].micros ||
            !slice_eq(currency, slice_from(cases[i].currency)))
            fail_msg("amount \"%s\": %d %lld", cases[i].text, (int)r, (long long)micros);
    }
}

static void test_moments(void **state)
{
    static const struct {
        const char *text;
        enum cells_order order;
        enum cells_result result;
        int64_t seconds;
        bool zoned, no_clock;
    } cases[] = {
        { "2026-11-26 10:00:01", 0, CELLS_OK, 1795687201, false, false },
        { "2026-11-26T10:00:01Z", 0, CELLS_OK, 1795687201, true, false },
        { "2026-11-26T12:00:01.123+02:00", 0, CELLS_OK, 1795687201, true, false },
        { "2026-11-26 10:00:01 UTC", 0, CELLS_OK, 1795687201, true, false },
        { "2026-11-26 10:00:01 AM", 0, CELLS_OK, 1795687201, false, false },
        { "2026-11-26 10:00:01 pm", 0, CELLS_OK, 1795687201 + 43200, false, false },
        { "2026-11-26 12:00:01 AM", 0, CELLS_OK, 1795687201 - 36000, false, false },
        { "2026/11/26 10:00", 0, CELLS_OK, 1795687200, false, false },
        { "26.11.2026 10:00:01", 0, CELLS_OK, 1795687201, false, false },
        { "26.11.26 10:00", 0, CELLS_OK, 1795687200, false, false },
        { "1.2.2026", 0, CELLS_OK, 1769904000, false, true },
        { "26/11/2026 10:00", 0, CELLS_OK, 1795687200, false, false },
        { "11/26/2026 10:00 AM", 0, CELLS_OK, 1795687200, false, false },
        { "11-26-2026", 0, CELLS_OK, 1795651200, false, true },
        { "03/04/2026", 0, CELLS_AMBIGUOUS, 0, false, true },
        { "03/04/2026", CELLS_DAY_FIRST, CELLS_OK, 1775174400, false, true },
        { "03/04/2026", CELLS_MONTH_FIRST, CELLS_OK, 1772582400, false, true },
        { "04/04/2026", 0, CELLS_OK, 1775260800, false, true },
        { "26 Nov 2026 10:00", 0, CELLS_OK, 1795687200, false, false },
        { "Nov 26, 2026, 10:00 PM", 0, CELLS_OK, 1795687200 + 43200, false, false },
        { "November 26 2026", 0, CELLS_OK, 1795651200, false, true },
        { "1795687201", 0, CELLS_OK, 1795687201, true, false },
        { "1795687201123", 0, CELLS_OK, 1795687201, true, false },
        { "", 0, CELLS_EMPTY, 0, false, false },
        { "-", 0, CELLS_EMPTY, 0, false, false },
        { "2026-02-30", 0, CELLS_BAD, 0, false, false },
        { "2026-11-26 25:00", 0, CELLS_BAD, 0, false, false },
        { "2026-11-26 13:00 PM", 0, CELLS_BAD, 0, false, false },
        { "32/01/2026", 0, CELLS_BAD, 0, false, false },
        { "13/13/2026", 0, CELLS_BAD, 0, false, false },
        { "2026-11/26", 0, CELLS_BAD, 0, false, false },
        { "yesterday", 0, CELLS_BAD, 0, false, false },
        { "2026-11-26 10:00 CET", 0, CELLS_BAD, 0, false, false },
        { "0000-00-00 00:00:00", 0, CELLS_BAD, 0, false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cells_habits h = { .order = cases[i].order };
        struct cells_time t;
        enum cells_result r = cells_moment(slice_from(cases[i].text), &h, &t);
        if (r != cases[i].result ||
            (r == CELLS_OK && (t.seconds != cases[i].seconds || t.zoned != cases[i].zoned ||
                               t.no_clock != cases[i].no_clock)))
            fail_msg("moment \"%s\": %d %lld %d %d", cases[i].text, (int)r, (long long)t.seconds,
                     t.zoned, t.no_clock);
    }
}

static void test_habits(void **state)
{
    struct cells_habits h = { 0 };
    struct slice currency;
    struct cells_time t;
    int64_t n;

    (void)state;
    cells_amount(S("1,234"), &h, &n, &currency);
    cells_learn(&h);
    assert_int_equal(h.mark, MONEY_MARK_ANY);
    cells_amount(S("12.50"), &h, &n, &currency);
    cells_moment(S("13/01/2026"), &h, &t);
    cells_learn(&h);
    assert_int_equal(h.mark, MONEY_MARK_POINT);
    assert_int_equal(h.order, CELLS_DAY_FIRST);
    for (int i = 0; i < 3; i++) { /* three decimals are decimals where there is no other reading; groups say nothing */
        static const struct { struct slice text; enum money_mark mark; } rows[] = {
            { SLICE("0,125"), MONEY_MARK_COMMA }, { SLICE("1234.567"), MONEY_MARK_POINT }, { SLICE("1,234,567"), MONEY_MARK_ANY },
        };
        h = (struct cells_habits){ 0 };
        assert_int_equal(cells_amount(rows[i].text, &h, &n, &currency), CELLS_OK);
        cells_learn(&h);
        assert_int_equal(h.mark, rows[i].mark);
    }
    h = (struct cells_habits){ 0 }; /* contradictions settle nothing */
    cells_amount(S("12.50"), &h, &n, &currency);
    cells_amount(S("12,50"), &h, &n, &currency);
    cells_moment(S("13/01/2026"), &h, &t);
    cells_moment(S("01/13/2026"), &h, &t);
    cells_learn(&h);
    assert_int_equal(h.mark, MONEY_MARK_ANY);
    assert_int_equal(h.order, CELLS_ORDER_UNKNOWN);
}

static void test_encoding_names(void **state)
{
    static const struct {
        const char *name;
        int encoding;
    } cases[] = { { "utf-8", CSV_UTF8 }, { "UTF16", CSV_UTF16LE }, { "windows-1251", CSV_WINDOWS_1251 },
                  { "cp1252", CSV_WINDOWS_1252 }, { "CP-1251", CSV_WINDOWS_1251 }, { "latin1", 0 }, { "", 0 },
                  { "unknown", 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        enum csv_encoding e = CSV_UNKNOWN;
        assert_int_equal(csv_encoding_named(slice_from(cases[i].name), &e),
                         cases[i].encoding != 0);
        assert_int_equal(e, cases[i].encoding);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_open_quote),
        cmocka_unit_test(test_columns),       cmocka_unit_test(test_known_headers),
        cmocka_unit_test(test_amounts),       cmocka_unit_test(test_moments),
        cmocka_unit_test(test_habits),        cmocka_unit_test(test_encoding_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
