/* plot.c: marks and axes of numbers over time. */
#include "core/chart/plot.h"

#include "core/chart/figure.h"
#include "core/chart/sheet.h"

static int64_t at_least_0(int64_t v)
{
    return v < 0 ? 0 : v; /* CHART_GAP, too */
}

static int64_t capped_sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

int64_t plot_total(const struct chart *c, size_t i)
{
    int64_t sum = 0;

    for (size_t k = 0; k < c->series_count; k++)
        sum = capped_sum(sum, at_least_0(c->series[k].values[i]));
    return sum;
}

static int middle(const struct plot *p, size_t i)
{
    int64_t way = (int64_t)(p->right - p->left) * (int64_t)(2 * i + 1);

    return p->left + (int)(way / (int64_t)(2 * p->c->points));
}

static int height_of(const struct plot *p, int64_t value)
{
    return axis_at(&p->y, value, p->bottom, p->top);
}

/* ---- axes ---- */

static void text_at(struct buf *out, const char *style, int x, int y, const struct buf *text)
{
    buf_printf(out, "<text class=\"%s\" x=\"", style);
    figure_px(out, x);
    buf_puts(out, "\" y=\"");
    figure_px(out, y);
    buf_puts(out, "\">");
    sheet_escape(out, buf_slice(text));
    buf_puts(out, "</text>\n");
}

static void line_at(struct buf *out, const char *style, int x1, int y1, int x2, int y2)
{
    buf_printf(out, "<path class=\"%s\" d=\"M", style);
    figure_px(out, x1);
    buf_byte(out, ' ');
    figure_px(out, y1);
    buf_byte(out, x1 == x2 ? 'V' : 'H');
    figure_px(out, x1 == x2 ? y2 : x2);
    buf_puts(out, "\"/>\n");
}

/* Room for the widest number; the currency stands above the axis. */
void plot_make_room(struct plot *p)
{
    size_t widest = 1;
    struct buf text = { 0 };

    for (unsigned i = 0; i < p->y.count; i++) {
        buf_clear(&text);
        axis_label(&text, p->y.unit, p->y.ticks[i]);
        if (text.len > widest)
            widest = text.len;
    }
    buf_free(&text);
    p->left = 140 + 72 * (int)widest;
}

void plot_y(struct buf *out, const struct plot *p)
{
    unsigned stride = axis_stride(&p->y, p->bottom - p->top, p->small ? 280 : 240);
    struct buf text = { 0 };

    for (unsigned i = 0; i < p->y.count; i += stride) {
        int y = height_of(p, p->y.ticks[i]);
        line_at(out, p->y.ticks[i] == 0 ? "zero" : "grid", p->left, y, p->right, y);
        buf_clear(&text);
        axis_label(&text, p->y.unit, p->y.ticks[i]);
        text_at(out, "y", p->left - 80, y + 40, &text);
    }
    if (p->c->unit == CHART_MONEY && !p->small) {
        buf_clear(&text);
        buf_add(&text, p->c->currency);
        text_at(out, "y", p->left - 80, p->top - 120, &text);
    }
    buf_free(&text);
}

void plot_x(struct buf *out, const struct plot *p)
{
    struct buf text = { 0 };

    for (size_t i = 0; i < p->c->points; i++) {
        int x = middle(p, i);
        buf_clear(&text);
        if (!axis_moment(&text, p->c, i, (p->right - p->left) / 10))
            continue;
        line_at(out, "tick", x, p->bottom, x, p->bottom + 40);
        text_at(out, "x", x, p->bottom + 180, &text);
    }
    buf_free(&text);
}

/* ---- what is shown when the pointer rests on a mark ---- */

static void hint(struct buf *out, const struct chart *c, const struct chart_series *s, size_t i)
{
    struct buf text = { 0 };

    chart_moment(&text, c->moments[i], c->step);
    buf_puts(&text, ": ");
    buf_add(&text, s->name);
    buf_byte(&text, ' ');
    if (s->low) {
        chart_number(&text, c->unit, c->currency, s->low[i]);
        buf_puts(&text, " to ");
    }
    chart_number(&text, c->unit, c->currency, s->values[i]);
    buf_puts(out, "<title>");
    sheet_escape(out, buf_slice(&text));
    buf_puts(out, "</title>");
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

/* ---- stacked ---- */

static void draw_box(struct buf *out, const struct plot *p, size_t i, size_t k, const int box[4])
{
    const struct chart_series *s = &p->c->series[k];
    static const char *const names[] = { "x", "y", "width", "height" };

    buf_printf(out, "<rect class=\"f%d\"", (int)s->tone);
    for (int n = 0; n < 4; n++) {
        buf_printf(out, " %s=\"", names[n]);
        figure_px(out, box[n]);
        buf_byte(out, '"');
    }
    buf_byte(out, '>');
    hint(out, p->c, s, i);
    buf_puts(out, "</rect>\n");
}

static void draw_bar(struct buf *out, const struct plot *p, size_t i)
{
    int slot = (p->right - p->left) / (int)p->c->points, wide = slot > 30 ? slot * 7 / 10 : slot;
    int64_t sum = 0;

    if (wide > 520)
        wide = 520;
    if (wide < 10)
        wide = 10;
    for (size_t k = 0; k < p->c->series_count; k++) {
        int64_t v = at_least_0(p->c->series[k].values[i]);
        int low = height_of(p, sum), high = height_of(p, capped_sum(sum, v));
        sum = capped_sum(sum, v);
        if (v == 0)
            continue;
        if (low - high < 10)
            high = low - 10; /* whatever is there can be seen */
        draw_box(out, p, i, k, (const int[4]){ middle(p, i) - wide / 2, high, wide, low - high });
    }
}

static void draw_totals(struct buf *out, const struct plot *p)
{
    struct buf text = { 0 };

    for (size_t i = 0; i < p->c->points; i++) {
        int64_t sum = plot_total(p->c, i);
        if (sum == 0)
            continue;
        buf_clear(&text);
        axis_label(&text, p->c->unit, sum);
        text_at(out, "total", middle(p, i), height_of(p, sum) - 50, &text);
    }
    buf_free(&text);
}

void plot_stacked(struct buf *out, const struct plot *p)
{
    for (size_t i = 0; i < p->c->points; i++)
        draw_bar(out, p, i);
    if (!p->small && p->c->points <= 14 && p->c->unit == CHART_COUNT)
        draw_totals(out, p);
}

/* ---- lines ---- */

static void go(struct buf *out, const struct plot *p, char how, size_t i, int64_t value)
{
    buf_byte(out, how);
    figure_px(out, middle(p, i));
    buf_byte(out, ' ');
    figure_px(out, height_of(p, value));
}

/* One stretch first..last without a gap, there along the top and back along the bottom. */
static void draw_band(struct buf *out, const struct plot *p, const struct chart_series *s, size_t first,
                      size_t last)
{
    buf_printf(out, "<path class=\"f%d band\" d=\"", (int)s->tone);
    for (size_t i = first; i <= last; i++)
        go(out, p, i == first ? 'M' : 'L', i, s->values[i]);
    for (size_t i = last + 1; i-- > first;)
        go(out, p, 'L', i, s->low[i]);
    buf_puts(out, "Z\"/>\n");
}

static void draw_stretch(struct buf *out, const struct plot *p, size_t k, size_t first, size_t last)
{
    const struct chart_series *s = &p->c->series[k];

    if (s->low) {
        draw_band(out, p, s, first, last);
        return;
    }
    buf_printf(out, "<path class=\"line s%d d%d\" d=\"", (int)s->tone, figure_dash(p->c->series, k));
    for (size_t i = first; i <= last; i++)
        go(out, p, i == first ? 'M' : 'L', i, s->values[i]);
    buf_puts(out, "\"/>\n");
}

static bool is_gap(const struct chart_series *s, size_t i)
{
    return s->values[i] == CHART_GAP || (s->low && s->low[i] == CHART_GAP);
}

static void draw_dots(struct buf *out, const struct plot *p, const struct chart_series *s)
{
    bool few = p->c->points <= 62;

    for (size_t i = 0; i < p->c->points; i++) {
        bool alone = (i == 0 || is_gap(s, i - 1)) && (i + 1 == p->c->points || is_gap(s, i + 1));
        if (is_gap(s, i) || s->low || (!few && !alone))
            continue;
        buf_printf(out, "<circle class=\"f%d\" r=\"%s\" cx=\"", (int)s->tone, p->small ? "2" : "3");
        figure_px(out, middle(p, i));
        buf_puts(out, "\" cy=\"");
        figure_px(out, height_of(p, s->values[i]));
        buf_puts(out, "\">");
        hint(out, p->c, s, i);
        buf_puts(out, "</circle>\n");
    }
}

void plot_lines(struct buf *out, const struct plot *p)
{
    for (size_t k = 0; k < p->c->series_count; k++) {
        const struct chart_series *s = &p->c->series[k];
        size_t first = 0;
        for (size_t i = 0; i <= p->c->points; i++) {
            if (i < p->c->points && !is_gap(s, i))
                continue;
            if (i > first)
                draw_stretch(out, p, k, first, i - 1);
            first = i + 1;
        }
        draw_dots(out, p, s);
    }
}
