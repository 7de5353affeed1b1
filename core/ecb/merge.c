#include "core/ecb/merge.h"

#include <stdlib.h>

#define SOURCE "European Central Bank, euro foreign exchange reference rates"
#define DAY INT64_C(86400)

static const char head[] =
    "# Exchange rates: how much of each currency one euro is worth, by day.  Each currency is converted\n"
    "# by its own newest day that is not after the conversion.  `clickbaton rates import` writes the days\n"
    "# anew and leaves the other lines alone; rates from elsewhere go below, under `also:`\n"
    "# (docs/currency.md).\n"
    "version: 1\n"
    "base: EUR\n"
    "source: " SOURCE "\n";

struct merge {
    const struct quotes *q;
    const struct source *old;
    struct arena *arena;
    struct diags *diags;
    const struct yaml *root, *days;
    struct quote *list; /* old and new, by day and currency, newest day first */
    size_t count;
    struct merge_result *result;
};

static bool refuse(struct merge *m, struct place at, const char *hint, struct slice text)
{
    diag_add(m->diags, DIAG_ERROR, "C039", at, slice_from(hint), "%.*s", SLICE_ARG(text));
    return false;
}

/* May the Bank's rates stand among those of the file's first section? */
static bool check_old(struct merge *m)
{
    const struct yaml *base = yaml_get(m->root, S("base")),
                      *source = yaml_get(m->root, S("source"));

    if (!slice_eq(base->text, S("EUR")))
        return refuse(m, base->at,
                      "begin a new file with -o, and move these days under its `also:` "
                      "(docs/currency.md)",
                      arena_printf(m->arena,
                                   "the Bank's rates are for one EUR, but this file's first days "
                                   "are for one %.*s",
                                   SLICE_ARG(base->text)));
    if (source && !slice_starts_nocase(source->text, S("European Central Bank")))
        return refuse(m, source->at,
                      "begin a new file with -o, and move these days under its `also:` "
                      "(docs/currency.md)",
                      S("the days of this file are somebody else's, and the Bank's would be taken "
                        "for his"));
    if (m->days->key->at.col != 1)
        return refuse(m, m->days->key->at, "write `days:` at the beginning of a line",
                      S("this file is written so that its days can't be replaced alone"));
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct quote *x = a, *y = b;
    int d = (x->at < y->at) - (x->at > y->at);

    if (d == 0)
        d = memcmp(x->currency, y->currency, 3);
    return d ? d : (x->line > y->line) - (x->line < y->line);
}

/* What the file has, and q: line 0 marks the old ones, so that they come before the new. */
static bool gather(struct merge *m)
{
    size_t room = m->q->count;

    for (const struct yaml *d = m->days ? m->days->first : NULL; d; d = d->next)
        room += d->count;
    m->list = ARENA_ARRAY(m->arena, struct quote, room);
    if (!m->list)
        return false;
    for (const struct yaml *d = m->days ? m->days->first : NULL; d; d = d->next) {
        for (const struct yaml *v = d->first; v; v = v->next) {
            struct quote *one = &m->list[m->count++];
            memcpy(one->currency, v->key->text.ptr, 3);
            if (!rate_day_parse(d->key->text, &one->at) || !rate_parse(v->text, &one->rate))
                return false; /* rates_load has taken them */
        }
    }
    for (size_t i = 0; i < m->q->count; i++) {
        m->list[m->count] = m->q->list[i];
        m->list[m->count++].line = 1;
    }
    qsort(m->list, m->count, sizeof(*m->list), newest_first);
    return true;
}

/* Of two rates of one day the new one stays. */
static void join(struct merge *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->count; i++) {
        const struct quote *one = &m->list[i];
        struct quote *last = n ? &m->list[n - 1] : NULL;
        bool again = last && last->at == one->at && memcmp(last->currency, one->currency, 3) == 0;
        if (again && (last->rate.digits != one->rate.digits ||
                      last->rate.decimals != one->rate.decimals))
            m->result->changed++;
        else if (!again && one->line)
            m->result->added++;
        if (again)
            last->rate = one->rate;
        else
            m->list[n++] = *one;
    }
    m->count = n;
}

static bool has_currency(const struct quote *list, size_t count, const char *currency)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(list[i].currency, currency, 3) == 0)
            return true;
    return false;
}

/* Days before the last `days` go; old currencies that go with them are named. */
static void trim(struct merge *m, int64_t days)
{
    int64_t newest = m->count ? m->list[0].at : 0;
    struct buf lost = { .limit = 1000 };
    size_t keep = 0;

    while (keep < m->count && m->list[keep].at > newest - days * DAY)
        keep++;
    for (size_t i = keep; i < m->count; i++) {
        if (m->list[i].line) { /* of the import: was never in the file */
            m->result->added--;
            continue;
        }
        m->result->dropped++;
        if (slice_find(buf_slice(&lost), slice_from(m->list[i].currency)) == lost.len &&
            !has_currency(m->list, keep, m->list[i].currency))
            buf_printf(&lost, "%s%s", lost.len ? ", " : "", m->list[i].currency);
    }
    m->result->lost = arena_dup(m->arena, buf_slice(&lost));
    buf_free(&lost);
    m->count = keep;
    m->result->newest = newest;
}

/* A line per day, newest first. */
static void write_days(struct merge *m, struct buf *out)
{
    buf_puts(out, "days:\n");
    for (size_t i = 0; i < m->count; i++) {
        bool first = i == 0 || m->list[i].at != m->list[i - 1].at;
        if (first) {
            buf_puts(out, i ? "}\n  " : "  ");
            rate_day_print(out, m->list[i].at);
            buf_puts(out, ": {");
            m->result->days++;
        }
        buf_printf(out, "%s%s: ", first ? "" : ", ", m->list[i].currency);
        rate_print(out, m->list[i].rate);
    }
    buf_puts(out, "}\n");
}

static size_t line_begin(struct slice text, uint32_t line)
{
    size_t at = 0;

    for (; line > 1 && at < text.len; line--)
        at += slice_index(slice_from_at(text, at), '\n') + 1;
    return at < text.len ? at : text.len;
}

static bool is_remark(struct slice line)
{
    return line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == '\r' || line.ptr[0] == '\n';
}

/* Where the old days end: before the next key and the remarks above it. */
static size_t days_end(const struct merge *m, size_t from)
{
    struct slice text = m->old->text;
    size_t end = m->days->key && m->days->next ? line_begin(text, m->days->next->key->at.line)
                                               : text.len;

    while (end > from) {
        size_t line = end - 1;
        while (line > from && text.ptr[line - 1] != '\n')
            line--;
        if (!is_remark((struct slice){ text.ptr + line, end - line }))
            break;
        end = line;
    }
    return end;
}

static void count_comments(struct merge *m, struct slice block)
{
    struct slice line;

    while (slice_next(&block, '\n', &line)) {
        line = slice_trim(line);
        if (slice_index(line, '#') < line.len)
            m->result->comments++;
    }
}

static void write_file(struct merge *m, struct buf *out)
{
    struct slice text;
    size_t from, to;

    if (!m->old) {
        buf_puts(out, head);
        write_days(m, out);
        return;
    }
    text = m->old->text;
    from = line_begin(text, m->days->key->at.line);
    to = days_end(m, from);
    buf_add(out, slice_head(text, from));
    if (!yaml_get(m->root, S("source")))
        buf_puts(out, "source: " SOURCE "\n");
    write_days(m, out);
    buf_add(out, slice_from_at(text, to));
    count_comments(m, slice_head(slice_from_at(text, from), to - from));
}

static bool check_new(struct merge *m, struct slice name, const struct buf *out)
{
    struct source *source = ARENA_NEW(m->arena, struct source);
    const struct rates *rates;

    if (!source || !buf_ok(out))
        return refuse(m, (struct place){ 0 }, "", S("there is not enough memory"));
    *source = (struct source){ name, arena_dup(m->arena, buf_slice(out)) };
    rates = rates_load(m->arena, source, m->diags);
    if (!rates)
        return refuse(m, (struct place){ .source = source }, "keep fewer with --days",
                      S("with these days the file could not be read again, so nothing was "
                        "changed"));
    m->result->currencies = rates->sections[0].currencies;
    return true;
}

bool merge_quotes(const struct quotes *q, const struct source *old, struct slice name, int64_t days,
                  struct arena *arena, struct diags *diags, struct buf *out,
                  struct merge_result *result)
{
    struct merge m = { .q = q, .old = old, .arena = arena, .diags = diags, .result = result };

    *result = (struct merge_result){ 0 };
    if (old) {
        if (!rates_load(arena, old, diags))
            return false;
        m.root = yaml_parse(arena, old, diags);
        m.days = yaml_get(m.root, S("days"));
        if (!m.days || !check_old(&m))
            return false;
    }
    if (!gather(&m))
        return refuse(&m, (struct place){ .source = old }, "", S("there is not enough memory"));
    join(&m);
    trim(&m, days);
    write_file(&m, out);
    return check_new(&m, name, out);
}
