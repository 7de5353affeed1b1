/* html_tables.c: the tables of the page. */
#include "core/chart/sheet.h"
#include "core/review/painting.h"

void painting_value_table(const struct painting *p)
{
    static const struct sheet_column columns[] = { { .name = "Currency" },
                                                   { .name = "Sent", .number = true },
                                                   { .name = "Before", .number = true },
                                                   { .name = "As the tracker said it", .number = true },
                                                   { .name = "Before", .number = true } };
    struct slice cells[5 * BARS_MOST];
    size_t n = 0;

    for (const struct review_money *m = p->r->all.money; m && n < 5 * BARS_MOST; m = m->next) {
        cells[n++] = slice_from(m->currency);
        for (int i = 0; i < 4; i++) {
            const int64_t *sum = i < 2 ? m->sent : m->original;
            cells[n++] = sum[0] || sum[1] ? review_number(p->a, CHART_MONEY, m->currency, sum[i % 2]) : S("");
        }
    }
    if (n)
        sheet_table(p->out, S(""), columns, 5, cells, n / 5);
}

void painting_answer_table(const struct painting *p)
{
    static const struct sheet_column columns[] = { { .name = "Answer", .code = true },
                                                   { .name = "What it means" },
                                                   { .name = "Delivered", .number = true },
                                                   { .name = "Tried again", .number = true },
                                                   { .name = "Given up", .number = true } };
    struct slice cells[5 * BARS_MOST];
    size_t n = 0;
    bool token;

    for (const struct review_answer *a = p->r->all.answers; a && n < 5 * BARS_MOST; a = a->next) {
        cells[n++] = a->name;
        cells[n++] = p->r->words->answer(p->a, a->name, &token);
        cells[n++] = review_number(p->a, CHART_COUNT, "", a->delivered[REVIEW_NOW]);
        cells[n++] = review_number(p->a, CHART_COUNT, "", a->again[REVIEW_NOW]);
        cells[n++] = review_number(p->a, CHART_COUNT, "", a->dead[REVIEW_NOW]);
    }
    if (n)
        sheet_table(p->out, S(""), columns, 5, cells, n / 5);
    else
        sheet_text(p->out, S("No attempt in this period."));
}

void painting_remedy_table(const struct painting *p)
{
    static const struct sheet_column columns[] = { { .name = "Code", .code = true },
                                                   { .name = "What it means" },
                                                   { .name = "What to do" },
                                                   { .name = "Postbacks", .number = true },
                                                   { .name = "Before", .number = true } };
    struct slice cells[5 * 2 * BARS_MOST];
    const struct review_named *lists[] = { p->r->all.reasons, p->r->all.warnings };
    size_t n = 0;

    for (int i = 0; i < 2; i++) {
        size_t end = (size_t)(i + 1) * 5 * BARS_MOST;
        for (const struct review_named *c = lists[i]; c && n < end; c = c->next) {
            if (i == 0 && c->slot != REVIEW_QUARANTINED)
                continue;
            cells[n++] = c->name;
            cells[n++] = review_title("", c->name);
            cells[n++] = review_remedy(c->name);
            cells[n++] = review_number(p->a, CHART_COUNT, "", c->n[REVIEW_NOW]);
            cells[n++] = review_number(p->a, CHART_COUNT, "", c->n[REVIEW_BEFORE]);
        }
    }
    if (n)
        sheet_table(p->out, S(""), columns, 5, cells, n / 5);
}

static size_t offer_cells(const struct painting *p, const struct review_offer *o, const struct review_event *e,
                          struct slice *cells)
{
    const struct review_flow *f = e ? &e->flow[REVIEW_NOW] : &o->flow[REVIEW_NOW],
                             *g = e ? &e->flow[REVIEW_BEFORE] : &o->flow[REVIEW_BEFORE];
    const int64_t *v = o->verdicts[REVIEW_NOW];
    size_t n = 0;

    cells[n++] = o->name;
    cells[n++] = e ? e->name : S("all");
    cells[n++] = e ? S("") : review_number(p->a, CHART_COUNT, "", o->clicks[REVIEW_NOW]);
    cells[n++] = e ? S("") : review_number(p->a, CHART_COUNT, "", v[0]);
    cells[n++] = e ? S("") : review_share(p->a, v[REVIEW_QUARANTINED], v[0]);
    cells[n++] = review_number(p->a, CHART_COUNT, "", f->put);
    cells[n++] = review_change(p->a, f->put, g->put);
    cells[n++] = review_share(p->a, f->delivered, f->put);
    cells[n++] = review_share(p->a, f->unvalued, f->valued + f->unvalued);
    cells[n++] = review_delay(p->a, f->latency, 95);
    return n;
}

void painting_offer_table(const struct painting *p)
{
    static const struct sheet_column columns[] = {
        { .name = "Offer" },
        { .name = "Event" },
        { .name = "Clicks", .number = true },
        { .name = "Received", .number = true },
        { .name = "Quarantined", .number = true },
        { .name = "Events", .number = true },
        { .name = "Change", .number = true },
        { .name = "Delivered", .number = true },
        { .name = "No value", .number = true },
        { .name = "95 % within", .number = true },
    };
    enum { WIDTH = sizeof(columns) / sizeof(*columns) };
    struct slice *cells = ARENA_ARRAY(p->a, struct slice, (p->r->groups + 1) * WIDTH);
    size_t n = 0;

    for (const struct review_offer *o = p->r->offers; cells && o; o = o->next) {
        n += offer_cells(p, o, NULL, cells + n);
        for (const struct review_event *e = o->events; e; e = e->next)
            n += offer_cells(p, o, e, cells + n);
    }
    if (n)
        sheet_table(p->out, S(""), columns, WIDTH, cells, n / WIDTH);
}
