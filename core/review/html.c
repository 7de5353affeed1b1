/* html.c: a review as one page with charts (core/chart). */
#include "core/chart/sheet.h"
#include "core/review/painting.h"

#define SMALL_MOST 12 /* offers that get a chart of their own */

typedef int64_t point_of(const struct review_day *d, int what);

static int64_t verdict_point(const struct review_day *d, int what)
{
    return d->verdicts[what];
}

static int64_t received_point(const struct review_day *d, int what)
{
    int64_t n = what;

    for (int i = 1; i < REVIEW_VERDICTS; i++)
        n = review_sum(n, d->verdicts[i]);
    return n;
}

static int64_t click_point(const struct review_day *d, int what)
{
    (void)what;
    return d->clicks;
}

static int64_t event_point(const struct review_day *d, int what)
{
    int64_t waits = d->put - d->delivered - d->dead;

    return what == 0 ? d->delivered : what == 1 ? d->dead : waits < 0 ? 0 : waits;
}

static int64_t share_point(const struct review_day *d, int what)
{
    int64_t of = what == 0 ? d->valued + d->unvalued : received_point(d, 0);

    if (of == 0)
        return CHART_GAP;
    return chart_permille(what == 0 ? d->unvalued : d->verdicts[what], of);
}

static int64_t delay_point(const struct review_day *d, int what)
{
    int64_t ms = review_percentile(d->latency, what);

    return ms < 0 ? CHART_GAP : ms == INT64_MAX ? INT64_C(604800000) : ms;
}

static const int64_t *points(const struct painting *p, const struct review_day *days, point_of *of, int what)
{
    int64_t *list = ARENA_ARRAY(p->a, int64_t, p->r->points + 1);

    for (size_t i = 0; list && i < p->r->points; i++)
        list[i] = of(&days[i], what);
    return list;
}

static struct chart over_time(const struct painting *p, const char *id, struct slice title, struct slice about,
                              enum chart_unit unit)
{
    return (struct chart){ .id = id,
                           .title = title,
                           .about = about,
                           .unit = unit,
                           .moments = p->r->moments,
                           .points = p->a->full ? 0 : p->r->points,
                           .step = p->r->step };
}

/* ---- on top ---- */

static struct slice was(const struct painting *p, struct slice before)
{
    return before.len && before.ptr[0] != '-' ? arena_printf(p->a, "before: %.*s", SLICE_ARG(before)) : S("");
}

static void tiles(const struct painting *p)
{
    const struct review_offer *o = &p->r->all;
    const int64_t *v = o->verdicts[REVIEW_NOW], *w = o->verdicts[REVIEW_BEFORE];
    const struct review_flow *f = &o->flow[REVIEW_NOW], *g = &o->flow[REVIEW_BEFORE];
    struct sheet_tile list[] = {
        { .label = S("Received"), .value = review_number(p->a, CHART_COUNT, "", v[0]),
          .note = was(p, w[0] ? review_number(p->a, CHART_COUNT, "", w[0]) : S("")), .tone = CHART_BLUE,
          .spark = points(p, o->days, received_point, 0) },
        { .label = S("Events delivered"), .value = review_share(p->a, f->delivered, f->put),
          .note = was(p, review_share(p->a, g->delivered, g->put)), .tone = CHART_GREEN,
          .spark = points(p, o->days, event_point, 0) },
        { .label = S("Quarantined"), .value = review_share(p->a, v[REVIEW_QUARANTINED], v[0]),
          .note = was(p, review_share(p->a, w[REVIEW_QUARANTINED], w[0])), .tone = CHART_ORANGE,
          .spark = points(p, o->days, verdict_point, REVIEW_QUARANTINED) },
        { .label = S("Duplicates"), .value = review_share(p->a, v[REVIEW_DUPLICATE], v[0]),
          .note = was(p, review_share(p->a, w[REVIEW_DUPLICATE], w[0])), .tone = CHART_SKY,
          .spark = points(p, o->days, verdict_point, REVIEW_DUPLICATE) },
        { .label = S("Without a value"), .value = review_share(p->a, f->unvalued, f->valued + f->unvalued),
          .note = was(p, review_share(p->a, g->unvalued, g->valued + g->unvalued)), .tone = CHART_RED,
          .spark = points(p, o->days, share_point, 0) },
        { .label = S("95 % within"), .value = review_delay(p->a, f->latency, 95),
          .note = was(p, review_delay(p->a, g->latency, 95)), .tone = CHART_PURPLE,
          .spark = points(p, o->days, delay_point, 95) },
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        list[i].spark_points = p->a->full ? 0 : p->r->points;
    sheet_tiles(p->out, list, sizeof(list) / sizeof(*list));
}

static void findings(const struct painting *p)
{
    static const enum sheet_weight weights[] = { SHEET_GOOD, SHEET_WARNING, SHEET_BROKEN };

    for (const struct review_finding *f = p->r->findings; f; f = f->next)
        sheet_finding(p->out, weights[f->weight], f->title, f->text, f->first);
}

/* ---- over time ---- */

static struct chart_series *verdict_series(const struct painting *p, const struct review_day *days)
{
    static const enum chart_tone tones[] = { CHART_BLUE, CHART_BLUE, CHART_SKY, CHART_GREY, CHART_ORANGE };
    struct chart_series *list = ARENA_ARRAY(p->a, struct chart_series, REVIEW_VERDICTS);

    for (int i = 1; list && i < REVIEW_VERDICTS; i++)
        list[i - 1] = (struct chart_series){ .name = slice_from(review_verdicts[i]), .tone = tones[i],
                                             .values = points(p, days, verdict_point, i) };
    return list;
}

static void received(const struct painting *p)
{
    struct chart c = over_time(p, "received", S("Postbacks by verdict"),
                               S("What became of the postbacks, by the time of their arrival."), CHART_COUNT);

    c.series = verdict_series(p, p->r->all.days);
    c.series_count = c.series ? REVIEW_VERDICTS - 1 : 0;
    chart_stacked(p->out, &c);
}

static void sent(const struct painting *p)
{
    const struct review_day *d = p->r->all.days;
    struct chart_series list[] = { { .name = S("delivered"), .tone = CHART_GREEN, .values = points(p, d, event_point, 0) },
                                   { .name = S("given up"), .tone = CHART_RED, .values = points(p, d, event_point, 1) },
                                   { .name = S("waiting or withdrawn"), .tone = CHART_YELLOW,
                                     .values = points(p, d, event_point, 2) } };
    struct chart c = over_time(p, "sent", S("Events by outcome"), S("By the time at which they were made."), CHART_COUNT);

    c.series = list;
    c.series_count = sizeof(list) / sizeof(*list);
    c.half = true;
    chart_stacked(p->out, &c);
}

static void clicks(const struct painting *p)
{
    struct chart_series s = { .name = S("clicks"), .tone = CHART_PURPLE,
                              .values = points(p, p->r->all.days, click_point, 0) };
    struct chart c = over_time(p, "clicks", S("Clicks registered"),
                               S("When they go on and conversions do not, the postbacks are lost."), CHART_COUNT);

    c.series = &s;
    c.series_count = 1;
    c.half = true;
    chart_stacked(p->out, &c);
}

static void delays(const struct painting *p)
{
    const struct review_day *d = p->r->all.days;
    struct chart_series list[] = {
        { .name = S("between half and 95 %"), .tone = CHART_BLUE, .values = points(p, d, delay_point, 95),
          .low = points(p, d, delay_point, 50) },
        { .name = S("half within"), .tone = CHART_BLUE, .values = points(p, d, delay_point, 50) },
        { .name = S("95 % within"), .tone = CHART_ORANGE, .values = points(p, d, delay_point, 95) },
    };
    struct chart c = over_time(p, "delays", S("From conversion to delivery"),
                               S("How long the events took until TikTok had confirmed them."), CHART_MS);

    c.series = list;
    c.series_count = sizeof(list) / sizeof(*list);
    c.half = true;
    chart_lines(p->out, &c);
}

static void shares(const struct painting *p)
{
    const struct review_day *d = p->r->all.days;
    struct chart_series list[] = {
        { .name = S("events without a value"), .tone = CHART_RED, .values = points(p, d, share_point, 0) },
        { .name = S("quarantined postbacks"), .tone = CHART_ORANGE,
          .values = points(p, d, share_point, REVIEW_QUARANTINED) },
        { .name = S("duplicates"), .tone = CHART_SKY, .values = points(p, d, share_point, REVIEW_DUPLICATE) },
    };
    struct chart c = over_time(p, "shares", S("What should stay low"), S("Shares of the events and postbacks."),
                               CHART_PERMILLE);

    c.series = list;
    c.series_count = sizeof(list) / sizeof(*list);
    c.half = true;
    chart_lines(p->out, &c);
}

/* ---- bars ---- */

static void code_bars(const struct painting *p, const char *id, struct slice title, struct slice about,
                      const struct review_named *list, int slot, enum chart_tone tone)
{
    struct chart_bar bars[BARS_MOST];
    struct chart_bars c = { .id = id, .title = title, .about = about, .names = S("Code"), .values = S("Postbacks"),
                            .list = bars, .whole = p->r->all.verdicts[REVIEW_NOW][0], .half = true };

    for (; list && c.count < BARS_MOST; list = list->next) {
        if (list->slot != slot || list->n[REVIEW_NOW] == 0)
            continue;
        bars[c.count++] = (struct chart_bar){ .name = review_title("unknown code", list->name),
                                              .note = list->name, .tone = tone, .value = list->n[REVIEW_NOW] };
    }
    if (c.count)
        chart_bars(p->out, &c);
}

static void key_bars(const struct painting *p)
{
    const struct review_flow *f = &p->r->all.flow[REVIEW_NOW], *g = &p->r->all.flow[REVIEW_BEFORE];
    struct chart_bar bars[REVIEW_KEYS_MAX];
    struct chart_bars c = { .id = "keys", .title = S("Match keys"),
                            .about = S("Which share of the events carries each; more of them, more that TikTok can match."),
                            .names = S("Match key"), .values = S("Events"), .list = bars, .whole = f->put, .half = true };

    for (size_t i = 0; i < p->r->words->key_count && i < REVIEW_KEYS_MAX; i++)
        if (f->keys[i])
            bars[c.count++] = (struct chart_bar){ .name = p->r->words->keys[i],
                                                  .note = was(p, review_share(p->a, g->keys[i], g->put)),
                                                  .tone = CHART_GREEN, .value = f->keys[i] };
    if (c.count)
        chart_bars(p->out, &c);
}

/* ---- the whole ---- */

static void small_charts(const struct painting *p)
{
    struct chart list[SMALL_MOST];
    struct chart_group g = { .id = "by-offer", .title = S("Postbacks by offer"),
                             .about = S("All on the same scale."), .list = list, .stacked = true };

    for (const struct review_offer *o = p->r->offers; o && g.count < SMALL_MOST; o = o->next) {
        struct chart *c = &list[g.count++];
        *c = over_time(p, g.id, o->name, S("Postbacks by verdict, over time."), CHART_COUNT);
        c->series = verdict_series(p, o->days);
        c->series_count = c->series ? REVIEW_VERDICTS - 1 : 0;
    }
    if (g.count > 1)
        chart_multiples(p->out, &g);
}

static struct slice subtitle(const struct painting *p)
{
    const struct review *r = p->r;
    bool part = r->step == 86400 && (r->wall(r->clock, r->since) % 86400 || r->wall(r->clock, r->until) % 86400);

    return arena_printf(p->a, "%.*s%s%.*s to %.*s (%.*s), against the %.*s before%s", SLICE_ARG(r->only),
                        r->only.len ? ", " : "", SLICE_ARG(review_moment(r, r->since)),
                        SLICE_ARG(review_moment(r, r->until)), SLICE_ARG(r->zone), SLICE_ARG(review_period(r)),
                        part ? ". The first and the last day of a chart may not be whole." : "");
}

void review_html(struct buf *out, const struct review *r, struct slice made)
{
    struct painting p = { out, r, r->arena };
    struct sheet s = { .title = S("Signal health"), .made = made };

    s.subtitle = subtitle(&p);
    sheet_begin(out, &s);
    findings(&p);
    tiles(&p);
    sheet_part(out, "time", S("Over time"), S(""));
    received(&p);
    sheet_columns_begin(out);
    sent(&p);
    clicks(&p);
    delays(&p);
    shares(&p);
    sheet_columns_end(out);
    sheet_part(out, "offers", S("Offers and events"), S(""));
    painting_offer_table(&p);
    small_charts(&p);
    sheet_part(out, "value", S("Value"), S("Exact sums of what the events said, by currency."));
    painting_value_table(&p);
    sheet_part(out, "matching", S("What TikTok can match, and what stood in the way"), S(""));
    sheet_columns_begin(out);
    key_bars(&p);
    code_bars(&p, "quarantined", S("Quarantined, by reason"), S("Kept, to be sent by replay once the cause is mended."),
              r->all.reasons, REVIEW_QUARANTINED, CHART_ORANGE);
    code_bars(&p, "ignored", S("Ignored, by rule"), S("Recorded and not sent, as the mapping says."), r->all.reasons,
              REVIEW_IGNORED, CHART_GREY);
    code_bars(&p, "warnings", S("Warnings"), S("These postbacks went on."), r->all.warnings, 0, CHART_YELLOW);
    sheet_columns_end(out);
    painting_remedy_table(&p);
    sheet_part(out, "answers", S("What TikTok answered"), S("Outcomes of the attempts to send an event, by code."));
    painting_answer_table(&p);
    sheet_end(out, &s);
    if (r->arena->full)
        out->failed = true;
}
