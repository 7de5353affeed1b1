#include "core/chart/sheet.h"

#include "core/chart/style.h"

void sheet_escape(struct buf *out, struct slice s)
{
    while (s.len) {
        size_t n = utf8_harmless(s);
        if (n) {
            buf_html(out, slice_head(s, n));
        } else if (ascii_is_space(s.ptr[0])) {
            buf_byte(out, ' ');
            n = 1;
        } else {
            buf_puts(out, "\xef\xbf\xbd");
            n = utf8_len(s);
        }
        s = slice_from_at(s, n ? n : 1);
    }
}

static void paragraph(struct buf *out, const char *begin, struct slice text)
{
    if (!text.len)
        return;
    buf_puts(out, begin);
    sheet_escape(out, text);
    buf_puts(out, "</p>\n");
}

void sheet_begin(struct buf *out, const struct sheet *s)
{
    buf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\">\n<title>");
    sheet_escape(out, s->title);
    buf_puts(out, "</title>\n<style>\n");
    for (size_t i = 0; sheet_style[i]; i++)
        buf_puts(out, sheet_style[i]);
    buf_puts(out, "</style>\n</head>\n<body>\n<header>\n<h1>");
    sheet_escape(out, s->title);
    buf_puts(out, "</h1>\n");
    paragraph(out, "<p>", s->subtitle);
    buf_puts(out, "</header>\n<main>\n<section>\n");
}

void sheet_end(struct buf *out, const struct sheet *s)
{
    buf_puts(out, "</section>\n</main>\n<footer>");
    sheet_escape(out, s->made);
    buf_puts(out, "</footer>\n</body>\n</html>\n");
}

void sheet_part(struct buf *out, const char *id, struct slice title, struct slice lead)
{
    buf_printf(out, "</section>\n<section id=\"%s\">\n<h2>", id);
    sheet_escape(out, title);
    buf_puts(out, "</h2>\n");
    paragraph(out, "<p class=\"lead\">", lead);
}

void sheet_text(struct buf *out, struct slice text)
{
    paragraph(out, "<p>", text);
}

void sheet_columns_begin(struct buf *out)
{
    buf_puts(out, "<div class=\"columns\">\n");
}

void sheet_columns_end(struct buf *out)
{
    buf_puts(out, "</div>\n");
}

void sheet_finding(struct buf *out, enum sheet_weight weight, struct slice title, struct slice text,
                   struct slice action)
{
    static const struct {
        const char *style, *word;
    } weights[] = {
        { "good", "good" }, { "warning", "warning" }, { "broken", "broken" }
    };

    buf_printf(out, "<div class=\"finding %s\">\n<h3><span>%s</span>", weights[weight].style,
               weights[weight].word);
    sheet_escape(out, title);
    buf_puts(out, "</h3>\n");
    paragraph(out, "<p>", text);
    if (action.len) {
        buf_puts(out, "<p><strong>First:</strong> ");
        sheet_escape(out, action);
        buf_puts(out, "</p>\n");
    }
    buf_puts(out, "</div>\n");
}

void sheet_tiles(struct buf *out, const struct sheet_tile *list, size_t count)
{
    buf_puts(out, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, "<div class=\"tile\"><dt>");
        sheet_escape(out, list[i].label);
        buf_puts(out, "</dt><dd class=\"big\">");
        sheet_escape(out, list[i].value);
        buf_puts(out, "</dd>");
        if (list[i].note.len) {
            buf_puts(out, "<dd class=\"note\">");
            sheet_escape(out, list[i].note);
            buf_puts(out, "</dd>");
        }
        if (list[i].spark) {
            buf_puts(out, "<dd>");
            chart_spark(out, list[i].label, list[i].tone, list[i].spark, list[i].spark_points);
            buf_puts(out, "</dd>");
        }
        buf_puts(out, "</div>\n");
    }
    buf_puts(out, "</dl>\n");
}

static void cell(struct buf *out, const struct sheet_column *column, bool first, struct slice text)
{
    buf_puts(out, first ? "<th scope=\"row\">" : column->number ? "<td class=\"n\">" : "<td>");
    buf_puts(out, column->code && text.len ? "<code>" : "");
    sheet_escape(out, text);
    buf_puts(out, column->code && text.len ? "</code>" : "");
    buf_puts(out, first ? "</th>" : "</td>");
}

void sheet_table(struct buf *out, struct slice caption, const struct sheet_column *columns, size_t count,
                 const struct slice *cells, size_t rows)
{
    buf_puts(out, "<div class=\"scroll\"><table>");
    if (caption.len) {
        buf_puts(out, "<caption>");
        sheet_escape(out, caption);
        buf_puts(out, "</caption>");
    }
    buf_puts(out, "\n<thead><tr>");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, columns[i].number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        sheet_escape(out, slice_from(columns[i].name));
        buf_puts(out, "</th>");
    }
    buf_puts(out, "</tr></thead>\n<tbody>");
    for (size_t r = 0; r < rows; r++) {
        buf_puts(out, "<tr>");
        for (size_t i = 0; i < count; i++)
            cell(out, &columns[i], i == 0, cells[r * count + i]);
        buf_puts(out, "</tr>\n");
    }
    buf_puts(out, "</tbody></table></div>\n");
}
