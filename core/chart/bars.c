/* bars.c: horizontal bars, and the line that is as high as a word. */
#include "core/chart/axis.h"
#include "core/chart/figure.h"
#include "core/chart/sheet.h"

#define ROW     420 /* tenths of a pixel */
#define LEFT    60
#define TOP     60

static int64_t longest(const struct chart_bars *c)
{
    int64_t most = 0;

    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].value > most)
            most = c->list[i].value;
    return most;
}

static void number(struct buf *out, const struct chart_bars *c, int64_t value)
{
    chart_number(out, c->unit, c->currency, value);
    if (c->whole) {
        buf_puts(out, "  ");
        chart_number(out, CHART_PERMILLE, S(""), chart_permille(value, c->whole));
    }
}

/* Name and note above, the bar below, its number behind it. */
static void draw(struct buf *out, const struct chart_bars *c, size_t i, const struct axis *x, int width)
{
    const struct chart_bar *b = &c->list[i];
    int y = TOP + (int)i * ROW, length = axis_at(x, b->value, 0, width - LEFT - 1500);
    struct buf text = { 0 };

    if (length < 20)
        length = 20;
    number(&text, c, b->value);
    buf_puts(out, "<text class=\"name\" x=\"6\" y=\"");
    figure_px(out, y + 110);
    buf_puts(out, "\">");
    sheet_escape(out, b->name);
    if (b->note.len) {
        buf_puts(out, " <tspan class=\"note\">");
        sheet_escape(out, b->note);
        buf_puts(out, "</tspan>");
    }
    buf_printf(out, "</text>\n<rect class=\"f%d\" x=\"6\" y=\"", (int)b->tone);
    figure_px(out, y + 175);
    buf_puts(out, "\" width=\"");
    figure_px(out, length);
    buf_puts(out, "\" height=\"14\" rx=\"2\"/>\n<text class=\"value\" x=\"");
    figure_px(out, LEFT + length + 80);
    buf_puts(out, "\" y=\"");
    figure_px(out, y + 290);
    buf_puts(out, "\">");
    sheet_escape(out, buf_slice(&text));
    buf_puts(out, "</text>\n");
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

static void table(struct buf *out, const struct chart_bars *c)
{
    figure_table_begin(out, c->title);
    figure_heading(out, c->names);
    figure_heading(out, c->values);
    if (c->whole)
        figure_heading(out, S("Share"));
    buf_puts(out, "</tr></thead>\n<tbody>");
    for (size_t i = 0; i < c->count; i++) {
        buf_puts(out, "<tr><th scope=\"row\">");
        sheet_escape(out, c->list[i].name);
        if (c->list[i].note.len) {
            buf_puts(out, " <span class=\"note\">");
            sheet_escape(out, c->list[i].note);
            buf_puts(out, "</span>");
        }
        buf_puts(out, "</th>");
        figure_cell_number(out, c->unit, c->currency, c->list[i].value);
        if (c->whole)
            figure_cell_number(out, CHART_PERMILLE, S(""), chart_permille(c->list[i].value, c->whole));
        buf_puts(out, "</tr>\n");
    }
    figure_table_end(out);
}

void chart_bars(struct buf *out, const struct chart_bars *c)
{
    struct figure_picture picture = { .id = c->id, .width = c->half ? 500 : 920, .height = (TOP + (int)c->count * ROW) / 10,
                                      .title = c->title, .about = c->about, .style = c->half ? "half" : "wide" };
    struct axis x;

    axis_make(&x, c->unit, 0, longest(c));
    if (c->unit != CHART_MS) { /* the longest fills the width */
        x.count = 2;
        x.ticks[1] = longest(c) > 0 ? longest(c) : 1;
    }
    figure_begin(out, c->id, c->title, c->about);
    figure_picture_begin(out, &picture);
    for (size_t i = 0; i < c->count; i++)
        draw(out, c, i, &x, picture.width * 10);
    figure_picture_end(out);
    table(out, c);
    figure_end(out);
}

/* ---- sparkline ---- */

static int spark_y(const struct axis *y, int64_t value)
{
    return axis_at(y, value, 240, 30);
}

static void spark_line(struct buf *out, enum chart_tone tone, const struct axis *y, const int64_t *values,
                       size_t points)
{
    bool down = false;
    int step = points > 1 ? 1140 / (int)(points - 1) : 0;

    buf_printf(out, "<path class=\"line s%d\" d=\"", (int)tone);
    for (size_t i = 0; i < points; i++) {
        if (values[i] == CHART_GAP) {
            down = false;
            continue;
        }
        buf_byte(out, down ? 'L' : 'M');
        figure_px(out, 30 + (int)i * step);
        buf_byte(out, ' ');
        figure_px(out, spark_y(y, values[i]));
        down = true;
    }
    buf_puts(out, "\"/>");
    if (points && values[points - 1] != CHART_GAP) {
        buf_printf(out, "<circle class=\"f%d\" r=\"2.5\" cx=\"", (int)tone);
        figure_px(out, 30 + (int)(points - 1) * step);
        buf_puts(out, "\" cy=\"");
        figure_px(out, spark_y(y, values[points - 1]));
        buf_puts(out, "\"/>");
    }
}

void chart_spark(struct buf *out, struct slice about, enum chart_tone tone, const int64_t *values,
                 size_t points)
{
    struct axis y;
    int64_t high = 0, low = 0;

    for (size_t i = 0; i < points; i++) {
        if (values[i] == CHART_GAP)
            continue;
        high = values[i] > high ? values[i] : high;
        low = values[i] < low ? values[i] : low;
    }
    axis_make(&y, CHART_COUNT, low, high);
    y.ticks[0] = low; /* its own ends: a spark has no axis to be read */
    y.ticks[1] = high > low ? high : low + 1;
    y.count = 2;
    buf_puts(out, "<svg class=\"spark\" viewBox=\"0 0 120 28\" role=\"img\" aria-label=\"");
    sheet_escape(out, about);
    buf_puts(out, "\">");
    spark_line(out, tone, &y, values, points);
    buf_puts(out, "</svg>");
}
