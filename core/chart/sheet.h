/* sheet.h: a report as one HTML file that needs nothing else: style inside, no script, light and dark as the reader's
 * system has it, to be printed as well.  It may be served with the strictest policy that lets it have its
 * style: default-src 'none'; style-src 'unsafe-inline'.  Begin, any of the parts and charts, end.  Every slice
 * is escaped; bytes that are no UTF-8 and control characters are shown as U+FFFD. */
#ifndef CORE_CHART_SHEET_H
#define CORE_CHART_SHEET_H

#include "core/chart/chart.h"

struct sheet {
    struct slice title;    /* "Signal health" */
    struct slice subtitle; /* "20 to 27 November 2026, UTC; all offers" */
    struct slice made;     /* the foot: "clickbaton 0.1.0, 27 Nov 2026 10:00 UTC" */
};
void sheet_begin(struct buf *out, const struct sheet *s);
void sheet_end(struct buf *out, const struct sheet *s);

/* A part with its heading; ends the one before.  lead: a paragraph, may be empty.  id: ours, as a chart's. */
void sheet_part(struct buf *out, const char *id, struct slice title, struct slice lead);
void sheet_text(struct buf *out, struct slice paragraph);
/* Charts or tables two beside one another where there is room: between these. */
void sheet_columns_begin(struct buf *out);
void sheet_columns_end(struct buf *out);

/* What stands on top: a box with a word for its weight, so that it is not told by colour alone. */
enum sheet_weight { SHEET_GOOD, SHEET_WARNING, SHEET_BROKEN };
void sheet_finding(struct buf *out, enum sheet_weight weight, struct slice title, struct slice text,
                   struct slice action /* "First: ...", may be empty */);

/* Big numbers in a row: begin, tiles, end. */
struct sheet_tile {
    struct slice label, value, note; /* "Delivered", "98.2 %", "1.4 points more than the week before" */
    enum chart_tone tone;
    const int64_t *spark; /* may be NULL */
    size_t spark_points;
};
void sheet_tiles(struct buf *out, const struct sheet_tile *list, size_t count);

struct sheet_column {
    const char *name; /* escaped all the same */
    bool number;      /* to the right, figures of one width */
    bool code;        /* fixed-width type: ids, commands */
};
/* cells: row by row, count columns each.  caption may be empty. */
void sheet_table(struct buf *out, struct slice caption, const struct sheet_column *columns,
                 size_t count, const struct slice *cells, size_t rows);

/* s as text of the page, escaped, harmless whatever its bytes are. */
void sheet_escape(struct buf *out, struct slice s);

#endif
