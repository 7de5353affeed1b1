#include "core/chart/figure.h"

#include "core/chart/sheet.h"

void figure_begin(struct buf *out, const char *id, struct slice title, struct slice about)
{
    buf_printf(out, "<figure id=\"%s\">\n<figcaption><h3>", id);
    sheet_escape(out, title);
    buf_puts(out, "</h3>");
    if (about.len) {
        buf_puts(out, "<p>");
        sheet_escape(out, about);
        buf_puts(out, "</p>");
    }
    buf_puts(out, "</figcaption>\n");
}

void figure_end(struct buf *out)
{
    buf_puts(out, "</figure>\n");
}

void figure_picture_begin(struct buf *out, const struct figure_picture *p)
{
    char of[16] = "";

    if (p->part)
        of[0] = '-', of[1] = (char)('0' + p->part / 10 % 10), of[2] = (char)('0' + p->part % 10);
    buf_printf(out,
               "<div class=\"%s\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s%s-t "
               "%s%s-d\">\n<title id=\"%s%s-t\">",
               p->style, p->width, p->height, p->id, of, p->id, of, p->id, of);
    sheet_escape(out, p->title);
    buf_printf(out, "</title><desc id=\"%s%s-d\">", p->id, of);
    sheet_escape(out, p->about);
    buf_puts(out, "</desc>\n");
}

void figure_picture_end(struct buf *out)
{
    buf_puts(out, "</svg></div>\n");
}

void figure_px(struct buf *out, int tenths)
{
    if (tenths < 0) {
        buf_byte(out, '-');
        tenths = -tenths;
    }
    buf_i64(out, tenths / 10);
    if (tenths % 10)
        buf_printf(out, ".%d", tenths % 10);
}

void figure_legend_begin(struct buf *out)
{
    buf_puts(out, "<ul class=\"legend\">");
}

int figure_dash(const struct chart_series *list, size_t k)
{
    int lines = 0;

    for (size_t i = 0; i < k; i++)
        lines += list[i].low == NULL;
    return lines % 4;
}

void figure_legend(struct buf *out, enum figure_key kind, const struct chart_series *list, size_t k)
{
    const struct chart_series *s = &list[k];

    buf_printf(out, "<li><svg class=\"key\" viewBox=\"0 0 %d 13\" aria-hidden=\"true\">",
               kind == FIGURE_BOX ? 16 : 22);
    if (kind == FIGURE_LINE)
        buf_printf(out, "<path class=\"line s%d d%d\" d=\"M0 6.5H22\"/>", (int)s->tone, figure_dash(list, k));
    else
        buf_printf(out, kind == FIGURE_BOX ? "<rect class=\"f%d\" x=\"3\" y=\"1\" width=\"11\" height=\"11\" rx=\"2\"/>"
                                           : "<rect class=\"f%d band\" x=\"0\" y=\"2\" width=\"22\" height=\"9\"/>",
                   (int)s->tone);
    buf_puts(out, "</svg>");
    sheet_escape(out, s->name);
    buf_puts(out, "</li>");
}

void figure_legend_end(struct buf *out)
{
    buf_puts(out, "</ul>\n");
}

void figure_table_begin(struct buf *out, struct slice title)
{
    buf_puts(out, "<details><summary>Numbers</summary><div class=\"scroll\"><table><caption>");
    sheet_escape(out, title);
    buf_puts(out, "</caption>\n<thead><tr>");
}

void figure_heading(struct buf *out, struct slice text)
{
    buf_puts(out, "<th scope=\"col\">");
    sheet_escape(out, text);
    buf_puts(out, "</th>");
}

void figure_cell(struct buf *out, struct slice text, bool number)
{
    buf_puts(out, number ? "<td class=\"n\">" : "<td>");
    sheet_escape(out, text);
    buf_puts(out, "</td>");
}

void figure_cell_number(struct buf *out, enum chart_unit unit, struct slice currency, int64_t value)
{
    struct buf text = { 0 };

    chart_number(&text, unit, currency, value);
    figure_cell(out, buf_slice(&text), true);
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

void figure_table_end(struct buf *out)
{
    buf_puts(out, "</tbody></table></div></details>\n");
}
