#include "core/ecb/csv.h"

#include "core/base/note.h"

struct cell {
    struct slice text; /* without quotes; a quote inside stays doubled */
    struct place at;
};

struct csv {
    const struct source *source;
    struct diags *diags;
    struct slice text;
    size_t at, begin; /* of the line */
    uint32_t line;
    struct cell cells[CSV_CELLS_MAX];
    size_t count;
};

enum column { COLUMN_IGNORED, COLUMN_DAY, COLUMN_RATE, COLUMN_FREQUENCY, COLUMN_CURRENCY,
              COLUMN_DENOMINATOR, COLUMN_TYPE, COLUMN_SUFFIX, COLUMN_MULTIPLIER, COLUMN_VALUE };

struct form {
    bool series; /* SDMX: a row per rate */
    size_t count;
    enum column columns[CSV_CELLS_MAX];
    char currency[CSV_CELLS_MAX][4]; /* of COLUMN_RATE */
};

static struct place place_at(const struct csv *c, size_t from, size_t to)
{
    return (struct place){ c->source, c->line, (uint32_t)(from - c->begin) + 1,
                           (uint32_t)(to > from ? to - from : 1) };
}

static void new_line(struct csv *c)
{
    c->at++;
    c->line++;
    c->begin = c->at;
}

/* A cell in quotes, from behind the first one.  false: it does not end. */
static bool quoted(struct csv *c, struct cell *cell)
{
    size_t from = c->at;

    cell->at = place_at(c, from, from);
    for (; c->at < c->text.len && c->at - from < CSV_QUOTED_MAX; c->at++) {
        if (c->text.ptr[c->at] == '"') {
            if (c->at + 1 == c->text.len || c->text.ptr[c->at + 1] != '"') {
                cell->text = (struct slice){ c->text.ptr + from, c->at - from };
                c->at++;
                return true;
            }
            c->at++;
        } else if (c->text.ptr[c->at] == '\n') {
            c->line++;
            c->begin = c->at + 1;
        }
    }
    diag_add(c->diags, DIAG_ERROR, "C037", cell->at, (struct slice){ 0 },
             "a quote is not closed again");
    return false;
}

static bool bare(struct csv *c, struct cell *cell)
{
    size_t from = c->at;

    while (c->at < c->text.len && c->text.ptr[c->at] != ',' && c->text.ptr[c->at] != '\n')
        c->at++;
    cell->text = slice_trim((struct slice){ c->text.ptr + from, c->at - from });
    cell->at = place_at(c, from, from + cell->text.len);
    if (cell->text.len)
        cell->at.col += (uint32_t)(cell->text.ptr - (c->text.ptr + from));
    return true;
}

/* The next line that is not empty, as cells.  false: the end, or a problem. */
static bool next_record(struct csv *c)
{
    c->count = 0;
    while (c->at < c->text.len &&
           (c->text.ptr[c->at] == '\n' || c->text.ptr[c->at] == '\r')) {
        if (c->text.ptr[c->at] == '\n')
            new_line(c);
        else
            c->at++;
    }
    while (c->at < c->text.len) {
        struct cell *cell = &c->cells[c->count];
        if (c->count == CSV_CELLS_MAX) {
            diag_add(c->diags, DIAG_ERROR, "C036", place_at(c, c->at, c->at), (struct slice){ 0 },
                     "a line has more than %d columns", CSV_CELLS_MAX);
            return false;
        }
        if (c->text.ptr[c->at] == '"' ? (c->at++, !quoted(c, cell)) : !bare(c, cell))
            return false;
        c->count++;
        if (c->at < c->text.len && c->text.ptr[c->at] == '\r')
            c->at++;
        if (c->at == c->text.len)
            return true;
        if (c->text.ptr[c->at] == '\n') {
            new_line(c);
            return true;
        }
        if (c->text.ptr[c->at] != ',') {
            diag_add(c->diags, DIAG_ERROR, "C037", place_at(c, c->at, c->at), (struct slice){ 0 },
                     "something stands between a closing quote and the next comma");
            return false;
        }
        c->at++;
    }
    return c->count > 0;
}

/* ---- what the first line says ---- */

static bool is_code(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 'A' || s.ptr[i] > 'Z')
            return false;
    return s.len == 3;
}

/* "US dollar/Euro (EXR.D.USD.EUR.SP00.A)" */
static bool series_currency(struct slice title, struct slice *currency)
{
    struct slice key = slice_from_at(title, slice_find(title, S("EXR.D.")));

    *currency = slice_head(slice_from_at(key, 6), 3);
    return is_code(*currency) && slice_starts(slice_from_at(key, 9), S(".EUR.SP00.A"));
}

static void bad_column(struct csv *c, const struct cell *cell)
{
    diag_add(c->diags, DIAG_ERROR, "C036", cell->at,
             S("a currency's code, or a series such as EXR.D.USD.EUR.SP00.A"),
             "the column \"%.*s\" is no daily rate for one euro",
             SLICE_ARG(note_short(c->diags->arena, cell->text)));
}

static void read_days_header(struct csv *c, struct form *form)
{
    form->columns[0] = COLUMN_DAY;
    for (size_t i = 1; i < c->count; i++) {
        struct slice currency = c->cells[i].text;
        if (currency.len == 0 || slice_eq_nocase(currency, S("TIME PERIOD")))
            continue;
        if (!is_code(currency) && !series_currency(currency, &currency)) {
            bad_column(c, &c->cells[i]);
            continue;
        }
        form->columns[i] = COLUMN_RATE;
        memcpy(form->currency[i], currency.ptr, 3);
    }
}

static bool read_series_header(struct csv *c, struct form *form)
{
    static const struct {
        struct slice name;
        enum column column;
        bool needed;
    } names[] = {
        { SLICE("CURRENCY"), COLUMN_CURRENCY, true },
        { SLICE("CURRENCY_DENOM"), COLUMN_DENOMINATOR, true },
        { SLICE("TIME_PERIOD"), COLUMN_DAY, true },
        { SLICE("OBS_VALUE"), COLUMN_VALUE, true },
        { SLICE("FREQ"), COLUMN_FREQUENCY, false },
        { SLICE("EXR_TYPE"), COLUMN_TYPE, false },
        { SLICE("EXR_SUFFIX"), COLUMN_SUFFIX, false },
        { SLICE("UNIT_MULT"), COLUMN_MULTIPLIER, false },
    };

    for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
        size_t i = 0;
        while (i < c->count && !slice_eq(c->cells[i].text, names[n].name))
            i++;
        if (i < c->count)
            form->columns[i] = names[n].column;
        else if (names[n].needed)
            return false;
    }
    form->series = true;
    return true;
}

static bool read_header(struct csv *c, struct form *form)
{
    unsigned errors = c->diags->errors;
    struct slice first;

    if (!next_record(c))
        return false;
    form->count = c->count;
    first = c->cells[0].text;
    if (slice_eq_nocase(first, S("Date")) && c->count > 1)
        read_days_header(c, form);
    else if (!read_series_header(c, form))
        diag_add(c->diags, DIAG_ERROR, "C036", (struct place){ c->source, 1, 0, 0 },
                 slice_index(first, ';') < first.len
                     ? S("a spreadsheet has rewritten it with semicolons: take it again from the "
                         "Bank")
                     : S("eurofxref.csv begins with Date, USD, ..., the data portal's files with "
                         "KEY,FREQ,CURRENCY,... or DATE,TIME PERIOD,..."),
                 "the first line is not that of a file of the Bank");
    return c->diags->errors == errors;
}

/* ---- the rows ---- */

static bool read_day_row(struct csv *c, const struct form *form, struct quotes *q)
{
    int64_t day;

    if (!quotes_day(c->cells[0].text, c->diags, c->cells[0].at, &day))
        return c->diags->errors < 100;
    for (size_t i = 1; i < c->count; i++)
        if (form->columns[i] == COLUMN_RATE &&
            !quotes_add(q, day, slice_from(form->currency[i]), c->cells[i].text, c->diags,
                        c->cells[i].at))
            return false;
    return true;
}

static bool read_series_row(struct csv *c, const struct form *form, struct quotes *q)
{
    struct quotes_series series = { 0 };
    const struct cell *value = NULL, *day = NULL;
    struct slice *const to[] = {
        [COLUMN_FREQUENCY] = &series.frequency,     [COLUMN_CURRENCY] = &series.currency,
        [COLUMN_DENOMINATOR] = &series.denominator, [COLUMN_TYPE] = &series.type,
        [COLUMN_SUFFIX] = &series.suffix,           [COLUMN_MULTIPLIER] = &series.multiplier,
    };

    for (size_t i = 0; i < c->count; i++) {
        enum column column = form->columns[i];
        if (column == COLUMN_DAY)
            day = &c->cells[i];
        else if (column == COLUMN_VALUE)
            value = &c->cells[i];
        else if (column > COLUMN_RATE)
            *to[column] = c->cells[i].text;
    }
    return !day || !value ||
           quotes_add_of(q, &series, day->text, value->text, c->diags, value->at);
}

void ecb_read_csv(const struct source *source, struct quotes *q, struct diags *diags)
{
    struct csv c = { .source = source, .diags = diags, .text = source->text, .line = 1 };
    struct form form = { 0 };
    bool more = true;

    if (slice_starts(c.text, S("\xef\xbb\xbf")))
        c.at = c.begin = 3;
    if (!read_header(&c, &form))
        return;
    while (more && next_record(&c)) {
        if (c.count != form.count) {
            diag_add(diags, DIAG_ERROR, "C037", (struct place){ source, c.cells[0].at.line, 0, 0 },
                     S("the file may be cut: take it again from the Bank"),
                     "this line has %zu columns, but the first one has %zu", c.count, form.count);
            more = diags->errors < 100;
        } else {
            more = form.series ? read_series_row(&c, &form, q) : read_day_row(&c, &form, q);
        }
    }
}
