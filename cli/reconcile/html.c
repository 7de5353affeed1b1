/* html.c: `reconcile --html`: one file with charts, nothing else needed (core/chart/sheet.h). */
#include "cli/reconcile/reconcile.h"
#include "core/base/codes.h"
#include "core/base/when.h"
#include "core/chart/sheet.h"
#include "core/identity/identity.h"

#define BARS_MAX 24

struct page {
    struct sheet sheet;
    struct buf *out;
    struct recon_report *r;
    struct arena *arena;
};

static struct slice taken(struct page *p, struct buf *b)
{
    struct slice s = arena_dup(p->arena, buf_slice(b));

    buf_free(b);
    return s;
}

static struct slice count_text(struct page *p, uint64_t n)
{
    struct buf b = { 0 };

    chart_number(&b, CHART_COUNT, (struct slice){ 0 }, (int64_t)n);
    return taken(p, &b);
}

static struct slice percent_text(struct page *p, int64_t share)
{
    struct buf b = { 0 };

    if (share < 0)
        buf_puts(&b, "-");
    else
        recon_percent(&b, share);
    return taken(p, &b);
}

static struct slice amount_text(struct page *p, struct slice currency, int64_t micros)
{
    struct buf b = { 0 };

    chart_number(&b, CHART_MONEY, currency, micros);
    return taken(p, &b);
}

/* ---- on top ---- */

static void begin(struct page *p)
{
    struct recon_report *r = p->r;
    struct buf b = { 0 };
    struct sheet *s = &p->sheet;

    buf_printf(&b, "%s", r->tracker->path);
    if (r->crm)
        buf_printf(&b, " and %s", r->crm->path);
    if (r->since) {
        buf_puts(&b, ", from ");
        when_print(&b, r->since);
    }
    if (r->until) {
        buf_puts(&b, " before ");
        when_print(&b, r->until);
    }
    buf_printf(&b, "; days in %s", r->zone_name);
    if (r->offer.len)
        buf_printf(&b, "; offer %.*s", SLICE_ARG(r->offer));
    s->title = S("Tracker, CRM and ledger compared");
    s->subtitle = taken(p, &b);
    buf_puts(&b, "clickbaton " CLICKBATON_VERSION ", ");
    when_print(&b, r->now);
    s->made = taken(p, &b);
    sheet_begin(p->out, s);
    b = (struct buf){ 0 };
    buf_puts(&b, r->past ? "The gap is larger than the tolerance of " : "Within the tolerance of ");
    recon_percent(&b, r->tolerance.micros);
    sheet_finding(p->out, r->past ? SHEET_BROKEN : SHEET_GOOD, taken(p, &b), (struct slice){ 0 },
                  r->past ? S("the causes below, from the top.") : (struct slice){ 0 });
    if (r->result.shift)
        sheet_finding(p->out, SHEET_WARNING, S("All times are off by the same hours (F008)"),
                      S("Days are counted at other midnights than in the tracker."),
                      S("give the file's time zone with --tz."));
}

static void tiles(struct page *p)
{
    const struct recon_report *r = p->r;
    const struct recon_file *t = &r->result.file[SIDE_TRACKER], *c = &r->result.file[SIDE_CRM];
    const struct sheet_tile list[] = {
        { S("In the tracker"), count_text(p, t->expected), S("approved, each once"), CHART_BLUE, NULL, 0 },
        { S("Delivered of them"), count_text(p, t->delivered), S("confirmed by TikTok"), CHART_GREEN, NULL, 0 },
        { S("Did not reach TikTok"), percent_text(p, r->gap_tracker), S("of the tracker's"), CHART_RED, NULL, 0 },
        { S("Delivered, not in the file"), percent_text(p, r->surplus), S("of the tracker's"), CHART_ORANGE, NULL, 0 },
        { S("Amounts drift"), percent_text(p, r->drift), S("tracker to TikTok"), CHART_PURPLE, NULL, 0 },
        { S("Of the CRM not at TikTok"), percent_text(p, r->gap_crm), arena_printf(p->arena, "of %.*s orders", SLICE_ARG(count_text(p, c->expected))), CHART_RED, NULL, 0 },
    };

    sheet_tiles(p->out, list, r->crm ? 6 : 5);
}

/* ---- days ---- */

enum line { LINE_TRACKER, LINE_DELIVERED, LINE_CRM, LINES };

struct days {
    int64_t *moments, *values[LINES];
    size_t count;
};

static bool sum_days(struct page *p, struct days *d)
{
    static const enum tally of[LINES] = { IN_TRACKER, DELIVERED, IN_CRM };
    const struct recon_result *x = &p->r->result;

    *d = (struct days){ .moments = ARENA_ARRAY(p->arena, int64_t, x->day_count + 1) };
    for (int i = 0; i < LINES; i++)
        d->values[i] = ARENA_ARRAY(p->arena, int64_t, x->day_count + 1);
    if (!d->moments || !d->values[0] || !d->values[1] || !d->values[2])
        return false;
    for (size_t i = 0; i < x->day_count; i++) {
        int64_t moment = (int64_t)x->days[i].day * 86400;
        if (x->days[i].day == NO_DAY)
            continue;
        if (d->count == 0 || d->moments[d->count - 1] != moment)
            d->moments[d->count++] = moment;
        for (int k = 0; k < LINES; k++)
            d->values[k][d->count - 1] += (int64_t)x->days[i].n[of[k]];
    }
    return d->count > 0;
}

static void day_chart(struct page *p)
{
    struct days d;
    struct chart_series series[LINES];
    const struct chart c = { .id = "days", .title = S("Conversions by day"),
                             .about = S("What the tracker's file, the ledger and the CRM count on each day"),
                             .unit = CHART_COUNT, .step = 86400, .series = series,
                             .series_count = p->r->crm ? LINES : LINES - 1 };
    struct chart whole = c;

    if (!sum_days(p, &d))
        return;
    series[0] = (struct chart_series){ S("In the tracker"), CHART_BLUE, d.values[0], NULL };
    series[1] = (struct chart_series){ S("Delivered"), CHART_GREEN, d.values[1], NULL };
    series[2] = (struct chart_series){ S("In the CRM"), CHART_ORANGE, d.values[2], NULL };
    whole.moments = d.moments;
    whole.points = d.count;
    chart_lines(p->out, &whole);
}

static void day_table(struct page *p)
{
    const struct recon_result *x = &p->r->result;
    static const struct sheet_column columns[TALLIES + 2] = {
        { "Day", false, false },        { "Offer", false, false },    { "In tracker", true, false },
        { "Received", true, false },    { "Unique", true, false },    { "Ignored", true, false },
        { "Quarantined", true, false }, { "Delivered", true, false }, { "Waiting", true, false },
        { "Dead", true, false },        { "In CRM", true, false },
    };
    struct slice *cells = ARENA_ARRAY(p->arena, struct slice, x->day_count * (TALLIES + 2) + 1);
    size_t n = 0;

    for (size_t i = 0; cells && i < x->day_count; i++) {
        struct buf b = { 0 };
        struct slice offer = recon_offer(p->r->recon, x->days[i].offer);
        recon_day_name(&b, x->days[i].day);
        cells[n++] = taken(p, &b);
        cells[n++] = offer.len ? offer : S("(not known)");
        for (int k = 0; k < TALLIES; k++)
            cells[n++] = count_text(p, x->days[i].n[k]);
    }
    if (cells)
        sheet_table(p->out, S("By day and offer"), columns, TALLIES + 2, cells, x->day_count);
}

/* ---- causes ---- */

static struct slice cause_name(struct page *p, const struct recon_cause *c)
{
    struct buf b = { 0 };
    struct slice detail = recon_word(p->r->recon, c->detail);

    buf_printf(&b, "%s %s", cause_codes[c->cause], code_find(cause_codes[c->cause])->title);
    if (detail.len)
        buf_printf(&b, ": %.*s", SLICE_ARG(detail));
    return taken(p, &b);
}

static void cause_bars(struct page *p, enum side side, const char *id, struct slice title)
{
    static const enum chart_tone tones[CAUSES] = {
        [CAUSE_MISSING] = CHART_RED,    [CAUSE_QUARANTINED] = CHART_ORANGE, [CAUSE_DEAD] = CHART_RED,
        [CAUSE_DUPLICATE] = CHART_RED,  [CAUSE_CRM_ONLY] = CHART_RED,       [CAUSE_WAITING] = CHART_YELLOW,
        [CAUSE_IGNORED] = CHART_GREY,   [CAUSE_STATUS] = CHART_GREY,        [CAUSE_TWICE] = CHART_GREY,
    };
    struct chart_bar list[BARS_MAX];
    struct chart_bars bars = { .id = id, .title = title, .names = S("Cause"), .values = S("Rows"),
                               .about = S("How many rows each cause explains"),
                               .unit = CHART_COUNT, .list = list };

    for (size_t i = 0; i < p->r->result.cause_count && bars.count < BARS_MAX; i++) {
        const struct recon_cause *c = &p->r->result.causes[i];
        if (c->side == side)
            list[bars.count++] = (struct chart_bar){
                cause_name(p, c), slice_from(code_find(cause_codes[c->cause])->remedy),
                tones[c->cause], (int64_t)c->count
            };
    }
    if (bars.count)
        chart_bars(p->out, &bars);
}

static void example_table(struct page *p)
{
    static const struct sheet_column columns[] = { { "Cause", false, false }, { "Of", false, false },
                                                   { "Line", true, false }, { "Look at it with", false, true } };
    const struct recon_result *x = &p->r->result;
    struct slice *cells = ARENA_ARRAY(p->arena, struct slice, x->cause_count * EXAMPLES * 4 + 1);
    size_t rows = 0;

    for (size_t i = 0; cells && i < x->cause_count; i++)
        for (unsigned k = 0; k < x->causes[i].examples; k++) {
            const struct recon_example *e = &x->causes[i].example[k];
            struct slice id = recon_example_id(p->r, e), *cell = &cells[rows++ * 4];
            cell[0] = cause_name(p, &x->causes[i]);
            cell[1] = slice_from(side_names[x->causes[i].side]);
            cell[2] = e->line ? count_text(p, e->line) : S("");
            cell[3] = id.len ? arena_printf(p->arena, "clickbaton trace %.*s", SLICE_ARG(slice_head(id, 200)))
                             : S("(not shown: personal, or gone)");
        }
    if (cells && rows)
        sheet_table(p->out, S("Examples"), columns, 4, cells, rows);
}

/* ---- revenue, sample ---- */

static void money_table(struct page *p)
{
    static const struct sheet_column columns[] = { { "Currency", false, false }, { "Tracker", true, false },
                                                   { "Delivered", true, false }, { "CRM", true, false } };
    const struct recon_result *x = &p->r->result;
    struct slice *cells = ARENA_ARRAY(p->arena, struct slice, (x->money_count + 1) * 4);
    size_t n = 0;

    for (size_t i = 0; cells && i < x->money_count; i++) {
        const struct recon_money *m = &x->money[i];
        struct slice currency = recon_word(p->r->recon, m->currency);
        cells[n++] = currency.len ? currency : S("not said");
        cells[n++] = m->rows[SIDE_TRACKER] ? amount_text(p, currency, m->tracker) : S("-");
        cells[n++] = m->rows[SIDE_LEDGER] ? amount_text(p, currency, m->ledger) : S("-");
        cells[n++] = m->rows[SIDE_CRM] ? amount_text(p, currency, m->crm) : S("-");
    }
    if (!cells || !x->money_count)
        return;
    cells[n++] = arena_printf(p->arena, "all in %.*s", SLICE_ARG(p->r->target));
    cells[n++] = amount_text(p, p->r->target, x->normal.sum[SIDE_TRACKER]);
    cells[n++] = amount_text(p, p->r->target, x->normal.sum[SIDE_LEDGER]);
    cells[n++] = p->r->crm ? amount_text(p, p->r->target, x->normal.sum[SIDE_CRM]) : S("-");
    sheet_part(p->out, "revenue", S("Revenue"),
               S("What is not approved, or was taken back, is left out."));
    sheet_table(p->out, (struct slice){ 0 }, columns, 4, cells, x->money_count + 1);
}

static void sample_table(struct page *p)
{
    static const struct sheet_column columns[] = { { "Line", true, false }, { "Id", false, true },
                                                   { "Amount", true, false }, { "Here", false, false },
                                                   { "In CRM", false, false }, { "Cause", false, false } };
    const struct recon_result *x = &p->r->result;
    struct slice *cells = ARENA_ARRAY(p->arena, struct slice, x->sample_count * 6 + 1);

    for (size_t i = 0; cells && i < x->sample_count; i++) {
        const struct recon_sample *s = &x->samples[i];
        struct slice id = s->click_id.len ? s->click_id : s->txid, *cell = &cells[i * 6];
        struct slice answer = ledger_answer(p->r, s);
        cell[0] = count_text(p, s->line);
        cell[1] = identity_looks_personal(id) ? S("(personal)") : id;
        cell[2] = s->has_amount ? amount_text(p, s->currency, s->amount) : S("");
        cell[3] = answer.len ? answer : s->postback ? S("postback kept") : S("no postback");
        cell[4] = !p->r->crm ? S("") : s->in_crm ? S("yes") : S("no");
        cell[5] = s->cause == CAUSE_NONE ? S("") : slice_from(cause_codes[s->cause]);
    }
    if (!cells || !x->sample_count)
        return;
    sheet_part(p->out, "sample", S("A sample through all layers"),
               arena_printf(p->arena, "Drawn by chance; --seed %llu draws the same again.",
                            (unsigned long long)p->r->seed));
    sheet_table(p->out, (struct slice){ 0 }, columns, 6, cells, x->sample_count);
}

void recon_html(struct buf *out, struct recon_report *r)
{
    struct page p = { { { 0 }, { 0 }, { 0 } }, out, r, r->arena };

    begin(&p);
    tiles(&p);
    sheet_part(out, "by-day", S("By day"), (struct slice){ 0 });
    day_chart(&p);
    day_table(&p);
    if (r->result.cause_count) {
        sheet_part(out, "causes", S("Why they differ"), (struct slice){ 0 });
        cause_bars(&p, SIDE_TRACKER, "causes-tracker", S("Rows of the tracker's file"));
        cause_bars(&p, SIDE_CRM, "causes-crm", S("Rows of the CRM's file"));
        cause_bars(&p, SIDE_LEDGER, "causes-ledger", S("What only the ledger shows"));
        example_table(&p);
    }
    money_table(&p);
    sample_table(&p);
    sheet_end(out, &p.sheet);
}
