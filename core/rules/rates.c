#include "core/rules/rates.h"

#include "core/base/when.h"
#include "core/yaml/expect.h"

#include <stdlib.h>

#define ONE_DIGIT_LESS INT64_C(100000000000000000) /* 10^17: of 18 digits */
#define DECIMALS_MAX 12
#define SECTIONS_MAX 50

/* ---- what the file may hold ---- */

static const struct shape currency_shape = { SHAPE_TEXT, .pattern = "^[A-Z]{3}$" };
static const struct shape day_name_shape = { SHAPE_TEXT,
                                             .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" };
static const struct shape rate_shape = { SHAPE_TEXT, .pattern = "^[0-9]{1,12}([.][0-9]{1,12})?$" };
static const struct shape day_shape = { SHAPE_MAP, "units of a currency for one of the base",
                                        .of = &rate_shape, .names = &currency_shape };
static const struct shape days_shape = { SHAPE_MAP, .of = &day_shape, .names = &day_name_shape };
#define DAYS_ROW                                                                                   \
    SHAPE_KEY("days", &days_shape, "the rates of each day",                                        \
              .required = "write days: {2026-05-28: {USD: 1.08}}")

static const struct shape_key also_keys[] = {
    SHAPE_KEY("source", &shape_text, "whose rates these are",
              .required = "say whose rates these are: source: my bank"),
    SHAPE_KEY("base", &currency_shape, "the currency that they are for one unit of, if another"),
    DAYS_ROW,
    SHAPE_END,
};
static const struct shape section_shape = { SHAPE_MAP, .keys = also_keys };
static const struct shape also_shape = { SHAPE_LIST, .of = &section_shape };

static const struct shape_key rates_keys[] = {
    SHAPE_KEY("version", &shape_version, "of the language of this file",
              .required = "begin the file with: version: 1"),
    SHAPE_KEY("base", &currency_shape, "the currency that the rates are for one unit of",
              .required = "the currency that the rates are for one unit of: base: EUR"),
    SHAPE_KEY("source", &shape_text, "whose rates these are"),
    DAYS_ROW,
    SHAPE_KEY("also", &also_shape, "rates from elsewhere"),
    SHAPE_END,
};
const struct shape rates_shape = { SHAPE_MAP, "exchange rates", .keys = rates_keys };

/* ---- numbers and days ---- */

static int64_t power_of_ten(int n)
{
    int64_t unit = 1;

    while (n-- > 0)
        unit *= 10;
    return unit;
}

static int64_t whole_part(struct rate r)
{
    return r.digits / power_of_ten(r.decimals);
}

bool rate_parse(struct slice text, struct rate *out)
{
    struct slice whole, fraction;
    bool point = slice_cut(text, '.', &whole, &fraction);
    struct rate r = { 0 };

    if (whole.len == 0 || (point && fraction.len == 0) || text.len > 40)
        return false;
    while (fraction.len && fraction.ptr[fraction.len - 1] == '0')
        fraction.len--;
    for (size_t i = 0; i < whole.len + fraction.len; i++) {
        char c = i < whole.len ? whole.ptr[i] : fraction.ptr[i - whole.len];
        if (!ascii_is_digit(c) || r.digits >= ONE_DIGIT_LESS)
            return false;
        r.digits = r.digits * 10 + (c - '0');
    }
    r.decimals = (int)fraction.len;
    if (r.digits == 0 || r.decimals > DECIMALS_MAX || whole_part(r) >= MONEY_MAX_UNITS)
        return false;
    *out = r;
    return true;
}

void rate_print(struct buf *b, struct rate r)
{
    buf_i64(b, whole_part(r));
    if (r.decimals)
        buf_printf(b, ".%0*lld", r.decimals, (long long)(r.digits % power_of_ten(r.decimals)));
}

bool rate_day_parse(struct slice text, int64_t *at)
{
    struct buf b = { .limit = 32 };
    bool ok;

    if (text.len != 10)
        return false;
    buf_add(&b, text);
    buf_puts(&b, "T00:00:00Z");
    ok = buf_ok(&b) && when_parse(buf_slice(&b), WHEN_ISO, 0, at);
    buf_free(&b);
    return ok;
}

void rate_day_print(struct buf *b, int64_t at)
{
    struct buf text = { .limit = 64 };

    when_print(&text, at);
    buf_add(b, slice_head(buf_slice(&text), 10));
    buf_free(&text);
}

/* ---- reading the file ---- */

/* One rate of the file, before they are sorted into series. */
struct entry {
    struct slice currency;
    const struct rate_section *section;
    struct rate_point point;
};

struct reader {
    struct expect e;
    struct rate_section *sections;
    size_t section_count;
    struct entry *entries;
    size_t count, room;
};

static bool currency_ok(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 'A' || s.ptr[i] > 'Z')
            return false;
    return s.len == 3;
}

static bool read_currency(struct expect *e, const struct yaml *node, struct slice *out)
{
    if (currency_ok(node->text)) {
        *out = node->text;
        return true;
    }
    diag_add(e->diags, DIAG_ERROR, "M014", node->at, S("three capital letters, such as USD"),
             "\"%.*s\" is not a currency code", SLICE_ARG(node->text));
    return false;
}

/* What kind of text rate_parse has refused: 0 but for the number of digits, or no number at all. */
static void explain_rate(struct expect *e, const struct yaml *node)
{
    struct money amount;
    bool zero = true;

    for (size_t i = 0; i < node->text.len; i++) {
        char c = node->text.ptr[i];
        if (!ascii_is_digit(c) && c != '.') {
            expect_amount(e, node, "a rate", &amount);
            return;
        }
        zero = zero && (c == '0' || c == '.');
    }
    if (zero)
        diag_add(e->diags, DIAG_ERROR, "C032", node->at,
                 S("write what one unit of the base is worth, such as USD: 1.16"),
                 "a rate can't be 0");
    else
        diag_add(e->diags, DIAG_ERROR, "C032", node->at,
                 S("round it, or write the rates for one unit of another base"),
                 "a rate is less than 10^12, with at most 18 digits and 12 decimals");
}

static bool read_rate(struct expect *e, const struct yaml *node, struct rate *out)
{
    struct slice text;

    if (!expect_text(e, node, "a rate", &text))
        return false;
    if (rate_parse(text, out))
        return true;
    explain_rate(e, node);
    return false;
}

static void read_day(struct reader *r, const struct yaml *node, struct rate_section *section)
{
    int64_t at = 0;

    if (!rate_day_parse(node->key->text, &at))
        diag_add(r->e.diags, DIAG_ERROR, "C031", node->key->at, S("write days like 2026-05-28"),
                 "\"%.*s\" is not a day", SLICE_ARG(node->key->text));
    if (!expect_map(&r->e, node, "a day's rates", NULL))
        return;
    if (section->days == 0 || at < section->oldest)
        section->oldest = at;
    if (section->days == 0 || at > section->newest) {
        section->newest = at;
        section->newest_at = node->key->at;
    }
    section->days++;
    for (const struct yaml *v = node->first; v && r->count < r->room; v = v->next) {
        struct entry *entry = &r->entries[r->count];
        entry->section = section;
        entry->point.at = at;
        if (read_currency(&r->e, v->key, &entry->currency) &&
            read_rate(&r->e, v, &entry->point.rate))
            r->count++;
    }
}

static void read_section(struct reader *r, const struct yaml *node)
{
    const struct yaml *base = yaml_get(node, S("base")), *days = yaml_get(node, S("days"));
    struct rate_section *section = &r->sections[r->section_count++];

    section->base = r->sections[0].base;
    if (expect_text(&r->e, base, "`base`", &section->base))
        read_currency(&r->e, base, &section->base);
    expect_text(&r->e, yaml_get(node, S("source")), "`source`", &section->origin);
    if (expect_map(&r->e, days, "`days`", NULL))
        for (const struct yaml *v = days->first; v; v = v->next)
            read_day(r, v, section);
}

static size_t scalars(const struct yaml *node)
{
    size_t n = node && node->kind == YAML_SCALAR;

    for (const struct yaml *v = node && node->kind != YAML_SCALAR ? node->first : NULL; v;
         v = v->next)
        n += scalars(v); /* YAML_MAX_DEPTH bounds it */
    return n;
}

static void read_also(struct reader *r, const struct yaml *also)
{
    if (!expect_list(&r->e, also, "`also`", false))
        return;
    for (const struct yaml *v = also->first; v; v = v->next) {
        if (r->section_count == SECTIONS_MAX) {
            diag_add(r->e.diags, DIAG_ERROR, "C033", v->at, S("put several days into one entry"),
                     "there are more than %d sources", SECTIONS_MAX - 1);
            return;
        }
        if (expect_map(&r->e, v, "an entry of `also`", &section_shape))
            read_section(r, v);
    }
}

/* ---- sorting it ---- */

static int by_series(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int d = slice_cmp(x->currency, y->currency);

    if (d == 0)
        d = (x->section > y->section) - (x->section < y->section);
    return d ? d : (x->point.at > y->point.at) - (x->point.at < y->point.at);
}

static void make_series(struct reader *r, struct rates *out)
{
    struct rate_point *points = ARENA_ARRAY(r->e.arena, struct rate_point, r->count);
    struct rate_series *series = ARENA_ARRAY(r->e.arena, struct rate_series, r->count);

    if (!points || !series)
        return;
    if (r->count)
        qsort(r->entries, r->count, sizeof(*r->entries), by_series);
    for (size_t i = 0; i < r->count; i++) {
        const struct entry *e = &r->entries[i];
        struct rate_series *last = out->count ? &series[out->count - 1] : NULL;
        points[i] = e->point;
        if (!last || last->section != e->section || !slice_eq(last->currency, e->currency)) {
            last = &series[out->count++];
            *last = (struct rate_series){ e->currency, e->section, &points[i], 0 };
            r->sections[e->section - r->sections].currencies++;
        }
        last->count++;
    }
    out->series = series;
}

/* Every other base must have a rate in the file's own base, or its currencies lead nowhere. */
static void check_bases(struct reader *r, const struct rates *rates, const struct yaml *also)
{
    const struct yaml *node = also && also->kind == YAML_LIST ? also->first : NULL;

    for (size_t i = 1; i < rates->section_count && node; i++, node = node->next) {
        struct slice base = rates->sections[i].base;
        bool found = slice_eq(base, rates->base);
        for (size_t n = 0; n < rates->count && !found; n++)
            found = slice_eq(rates->series[n].currency, base) &&
                    slice_eq(rates->series[n].section->base, rates->base);
        if (!found)
            diag_add(r->e.diags, DIAG_ERROR, "C033",
                     yaml_get(node, S("base")) ? yaml_get(node, S("base"))->at : node->at,
                     arena_printf(r->e.arena, "add %.*s to a day whose base is %.*s",
                                  SLICE_ARG(base), SLICE_ARG(rates->base)),
                     "nothing in this file says what a %.*s is worth in %.*s", SLICE_ARG(base),
                     SLICE_ARG(rates->base));
    }
}

bool rates_is_file(struct slice text)
{
    struct slice line;

    while (slice_next(&text, '\n', &line))
        if (slice_starts(line, S("days:")) || slice_starts(line, S("base:")))
            return true;
    return false;
}

struct rates *rates_load(struct arena *arena, const struct source *source, struct diags *diags)
{
    struct reader r = { .e = { arena, diags } };
    unsigned errors = diags->errors;
    const struct yaml *root = yaml_parse(arena, source, diags), *also = yaml_get(root, S("also"));
    struct rates *out = ARENA_NEW(arena, struct rates);

    r.room = scalars(root);
    r.sections = ARENA_ARRAY(arena, struct rate_section, SECTIONS_MAX);
    r.entries = ARENA_ARRAY(arena, struct entry, r.room);
    if (!out || !r.sections || !r.entries || !expect_map(&r.e, root, "a file of rates", &rates_shape))
        return NULL;
    expect_version(&r.e, root);
    read_section(&r, root);
    read_also(&r, also);
    *out = (struct rates){ .source = source,
                           .base = r.sections[0].base,
                           .sections = r.sections,
                           .section_count = r.section_count };
    make_series(&r, out);
    if (diags->errors == errors)
        check_bases(&r, out, also);
    return diags->errors == errors && !arena->full ? out : NULL;
}

int64_t rates_newest(const struct rates *rates, struct place *at)
{
    int64_t newest = 0;

    for (size_t i = 0; i < rates->section_count; i++) {
        const struct rate_section *s = &rates->sections[i];
        if (s->days && s->newest >= newest) {
            newest = s->newest;
            if (at)
                *at = s->newest_at;
        }
    }
    return newest;
}
