#include "core/ecb/quotes.h"

#include "core/base/note.h"

#include <stdlib.h>

void quotes_free(struct quotes *q)
{
    free(q->list);
    *q = (struct quotes){ 0 };
}

enum quotes_form quotes_form(struct slice text, const char **why)
{
    static const struct {
        struct slice begin;
        enum quotes_form form;
        const char *why;
    } rows[] = {
        { SLICE("PK\x03\x04"), QUOTES_OTHER,
          "is a ZIP archive: unzip it, and import the file that is in it" },
        { SLICE("\x1f\x8b"), QUOTES_OTHER,
          "is compressed: unpack it with gunzip, and import the file that is in it" },
        { SLICE("\xff\xfe"), QUOTES_OTHER,
          "is UTF-16 text: a spreadsheet has saved it; take it again from the Bank" },
        { SLICE("\xfe\xff"), QUOTES_OTHER,
          "is UTF-16 text: a spreadsheet has saved it; take it again from the Bank" },
        { SLICE("<!doctype html"), QUOTES_OTHER,
          "is a web page and no file of rates: look at what the download says" },
        { SLICE("<html"), QUOTES_OTHER,
          "is a web page and no file of rates: look at what the download says" },
        { SLICE("{"), QUOTES_OTHER, "is JSON: ask the Bank for CSV or XML" },
        { SLICE("version:"), QUOTES_OTHER,
          "is a rates.yaml already: name it with -o, and the Bank's file as the first word" },
        { SLICE("<"), QUOTES_XML, NULL },
    };

    if (slice_starts(text, S("\xef\xbb\xbf")))
        text = slice_from_at(text, 3);
    text = slice_trim(text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (slice_starts_nocase(text, rows[i].begin)) {
            *why = rows[i].why;
            return rows[i].form;
        }
    }
    *why = text.len ? NULL : "is empty: look at what the download says";
    return text.len ? QUOTES_CSV : QUOTES_OTHER;
}

/* 25 November 2026, 5 November 2026 */
static bool written_day(struct slice text, int64_t *day)
{
    static const struct slice months[] = {
        SLICE("January"), SLICE("February"), SLICE("March"),     SLICE("April"),
        SLICE("May"),     SLICE("June"),     SLICE("July"),      SLICE("August"),
        SLICE("September"), SLICE("October"), SLICE("November"), SLICE("December"),
    };
    struct slice first, rest, month, year;
    struct buf b = { .limit = 64 };
    uint64_t number, y;
    size_t m = 0;
    bool ok;

    if (!slice_cut(text, ' ', &first, &rest) || !slice_cut(rest, ' ', &month, &year) ||
        first.len > 2 || year.len != 4 || !slice_to_u64(first, &number) || !slice_to_u64(year, &y))
        return false;
    while (m < 12 && !slice_eq_nocase(months[m], month))
        m++;
    buf_printf(&b, "%04u-%02u-%02u", (unsigned)y, (unsigned)m + 1, (unsigned)number);
    ok = rate_day_parse(buf_slice(&b), day); /* month 13 is none */
    buf_free(&b);
    return ok;
}

bool quotes_day(struct slice text, struct diags *diags, struct place at, int64_t *day)
{
    text = slice_trim(text);
    if (rate_day_parse(text, day) || written_day(text, day))
        return true;
    diag_add(diags, DIAG_ERROR, "C037", at,
             slice_index(text, '/') < text.len
                 ? S("a spreadsheet has rewritten the days: take the file again from the Bank")
                 : S("the Bank writes 2026-11-25, or 25 November 2026"),
             "\"%.*s\" is not a day", SLICE_ARG(note_short(diags->arena, text)));
    return false;
}

static bool room(struct quotes *q, struct diags *diags, struct place at)
{
    size_t more = q->room ? q->room * 2 : 1024;
    struct quote *list;

    if (q->count < q->room)
        return true;
    list = q->count < QUOTES_MAX ? realloc(q->list, more * sizeof(*list)) : NULL;
    if (!list) {
        if (q->count < QUOTES_MAX)
            memory_ran_out();
        diag_add(diags, DIAG_ERROR, "C036", at, S("take a file with fewer days"),
                 "there are more than %d rates", QUOTES_MAX);
        return false;
    }
    q->list = list;
    q->room = more;
    return true;
}

static bool is_absent(struct slice rate)
{
    return rate.len == 0 || slice_eq_nocase(rate, S("N/A")) || slice_eq_nocase(rate, S("NaN")) ||
           slice_eq(rate, S("-"));
}

bool quotes_add(struct quotes *q, int64_t day, struct slice currency, struct slice rate,
                struct diags *diags, struct place at)
{
    struct quote quote = { .at = day, .line = at.line };

    rate = slice_trim(rate);
    currency = slice_trim(currency);
    if (is_absent(rate))
        return true;
    for (size_t i = 0; i < 3; i++)
        quote.currency[i] = i < currency.len ? ascii_upper(currency.ptr[i]) : '\0';
    if (currency.len != 3 || !ascii_is_alpha(quote.currency[0]) ||
        !ascii_is_alpha(quote.currency[1]) || !ascii_is_alpha(quote.currency[2])) {
        diag_add(diags, DIAG_ERROR, "C037", at, (struct slice){ 0 },
                 "\"%.*s\" is not a currency code",
                 SLICE_ARG(note_short(diags->arena, currency)));
        return diags->errors < 100;
    }
    if (!rate_parse(rate, &quote.rate)) {
        diag_add(diags, DIAG_ERROR, "C037", at,
                 slice_index(rate, ',') < rate.len
                     ? S("the Bank writes a point: a spreadsheet has rewritten the file")
                     : S("a number such as 1.0842, greater than 0"),
                 "\"%.*s\" is not a rate", SLICE_ARG(note_short(diags->arena, rate)));
        return diags->errors < 100;
    }
    if (!room(q, diags, at))
        return false;
    q->list[q->count++] = quote;
    return true;
}

static bool is_or_unsaid(struct slice s, struct slice wanted)
{
    return s.ptr == NULL || slice_eq(slice_trim(s), wanted);
}

bool quotes_add_of(struct quotes *q, const struct quotes_series *series, struct slice day,
                   struct slice rate, struct diags *diags, struct place at)
{
    struct slice multiplier = slice_trim(series->multiplier);
    int64_t when;

    if (!is_or_unsaid(series->frequency, S("D")) || !is_or_unsaid(series->type, S("SP00")) ||
        !is_or_unsaid(series->suffix, S("A")) ||
        !slice_eq(slice_trim(series->denominator), S("EUR"))) {
        q->skipped++;
        return true;
    }
    if (multiplier.len && !slice_eq(multiplier, S("0"))) {
        diag_add(diags, DIAG_ERROR, "C037", at, S("reference rates have 0"),
                 "UNIT_MULT is \"%.*s\"", SLICE_ARG(note_short(diags->arena, multiplier)));
        return diags->errors < 100;
    }
    if (!quotes_day(day, diags, at, &when))
        return diags->errors < 100;
    return quotes_add(q, when, series->currency, rate, diags, at);
}

static int by_day(const void *a, const void *b)
{
    const struct quote *x = a, *y = b;
    int d = (x->at > y->at) - (x->at < y->at);

    if (d == 0)
        d = memcmp(x->currency, y->currency, 3);
    return d ? d : (x->line > y->line) - (x->line < y->line);
}

bool quotes_seal(struct quotes *q, const struct source *source, struct diags *diags)
{
    unsigned errors = diags->errors;
    size_t n = 0;

    if (q->count)
        qsort(q->list, q->count, sizeof(*q->list), by_day);
    for (size_t i = 0; i < q->count; i++) {
        const struct quote *one = &q->list[i], *last = n ? &q->list[n - 1] : NULL;
        if (!last || last->at != one->at || memcmp(last->currency, one->currency, 3) != 0)
            q->list[n++] = *one;
        else if (last->rate.digits != one->rate.digits || last->rate.decimals != one->rate.decimals)
            diag_add(diags, DIAG_ERROR, "C038", (struct place){ source, one->line, 0, 0 },
                     S("one of them is wrong: take the file again from the Bank"),
                     "%s has another rate on line %u for the same day", one->currency,
                     (unsigned)last->line);
    }
    q->count = n;
    if (n == 0 && diags->errors == errors)
        diag_add(diags, DIAG_ERROR, "C036", (struct place){ .source = source },
                 q->skipped ? S("ask the data portal for EXR/D..EUR.SP00.A") : (struct slice){ 0 },
                 q->skipped ? "none of its series is a daily reference rate for one euro"
                            : "there is no rate in it");
    return diags->errors == errors;
}
