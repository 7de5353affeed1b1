/* time.c: numbers over time: stacked bars, lines with bands, and several small ones. */
#include "core/chart/figure.h"
#include "core/chart/plot.h"
#include "core/chart/sheet.h"

static void widen(int64_t v, int64_t *low, int64_t *high)
{
    if (v == CHART_GAP)
        return;
    if (v < *low)
        *low = v;
    if (v > *high)
        *high = v;
}

static void range(const struct chart *c, bool stacked, int64_t *low, int64_t *high)
{
    widen(c->top, low, high);
    for (size_t i = 0; i < c->points; i++) {
        if (stacked) {
            widen(plot_total(c, i), low, high);
            continue;
        }
        for (size_t k = 0; k < c->series_count; k++) {
            widen(c->series[k].values[i], low, high);
            if (c->series[k].low)
                widen(c->series[k].low[i], low, high);
        }
    }
}

static void draw(struct buf *out, const struct chart *c, bool stacked, const struct axis *y, unsigned part,
                 const char *id)
{
    static const struct {
        const char *style;
        int width, height, top;
    } sizes[] = { { "wide", 920, 260, 280 }, { "half", 500, 230, 280 }, { "cell", 330, 170, 100 } }, *size;
    struct figure_picture picture = { .id = id, .part = part, .title = c->title, .about = c->about };
    struct plot p = { .c = c, .y = *y, .small = part != 0 };

    size = &sizes[part ? 2 : c->half ? 1 : 0];
    picture.style = size->style;
    picture.width = size->width;
    picture.height = size->height;
    p.right = size->width * 10 - 120;
    p.top = size->top;
    p.bottom = size->height * 10 - 260;
    plot_make_room(&p);
    figure_picture_begin(out, &picture);
    plot_y(out, &p);
    if (c->points) {
        plot_x(out, &p);
        (stacked ? plot_stacked : plot_lines)(out, &p);
    }
    figure_picture_end(out);
}

static void legend(struct buf *out, const struct chart *c, bool stacked)
{
    figure_legend_begin(out);
    for (size_t k = 0; k < c->series_count; k++)
        figure_legend(out, stacked ? FIGURE_BOX : c->series[k].low ? FIGURE_BAND : FIGURE_LINE, c->series, k);
    figure_legend_end(out);
}

static void table_row(struct buf *out, const struct chart *c, size_t i)
{
    struct buf text = { 0 };

    chart_moment(&text, c->moments[i], c->step);
    buf_puts(out, "<tr><th scope=\"row\">");
    sheet_escape(out, buf_slice(&text));
    buf_puts(out, "</th>");
    for (size_t k = 0; k < c->series_count; k++) {
        if (c->series[k].low)
            figure_cell_number(out, c->unit, c->currency, c->series[k].low[i]);
        figure_cell_number(out, c->unit, c->currency, c->series[k].values[i]);
    }
    buf_puts(out, "</tr>\n");
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

static void table(struct buf *out, const struct chart *c)
{
    struct buf text = { 0 };

    figure_table_begin(out, c->title);
    figure_heading(out, S("Time"));
    for (size_t k = 0; k < c->series_count; k++) {
        for (int high = c->series[k].low ? 0 : 1; high < 2; high++) {
            buf_clear(&text);
            buf_add(&text, c->series[k].name);
            if (c->series[k].low)
                buf_puts(&text, high ? ", to" : ", from");
            figure_heading(out, buf_slice(&text));
        }
    }
    buf_puts(out, "</tr></thead>\n<tbody>");
    for (size_t i = 0; i < c->points; i++)
        table_row(out, c, i);
    figure_table_end(out);
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

static void whole(struct buf *out, const struct chart *c, bool stacked)
{
    struct axis y;
    int64_t low = 0, high = 0;

    range(c, stacked, &low, &high);
    axis_make(&y, c->unit, low, high);
    figure_begin(out, c->id, c->title, c->about);
    legend(out, c, stacked);
    draw(out, c, stacked, &y, 0, c->id);
    table(out, c);
    figure_end(out);
}

void chart_stacked(struct buf *out, const struct chart *c)
{
    whole(out, c, true);
}

void chart_lines(struct buf *out, const struct chart *c)
{
    whole(out, c, false);
}

void chart_multiples(struct buf *out, const struct chart_group *g)
{
    struct axis y;
    int64_t low = 0, high = 0;

    for (size_t i = 0; i < g->count; i++)
        range(&g->list[i], g->stacked, &low, &high);
    axis_make(&y, g->count ? g->list[0].unit : CHART_COUNT, low, high);
    figure_begin(out, g->id, g->title, g->about);
    if (g->count)
        legend(out, &g->list[0], g->stacked);
    buf_puts(out, "<div class=\"multiples\">\n");
    for (size_t i = 0; i < g->count; i++) {
        buf_puts(out, "<div><h4>");
        sheet_escape(out, g->list[i].title);
        buf_puts(out, "</h4>\n");
        draw(out, &g->list[i], g->stacked, &y, (unsigned)i + 1, g->id);
        table(out, &g->list[i]);
        buf_puts(out, "</div>\n");
    }
    buf_puts(out, "</div>\n");
    figure_end(out);
}
