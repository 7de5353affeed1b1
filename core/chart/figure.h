/* figure.h: inside of core/chart: what every chart has around it: frame, picture, legend, table. */
#ifndef CORE_CHART_FIGURE_H
#define CORE_CHART_FIGURE_H

#include "core/chart/chart.h"

/* <figure> with its heading, up to where legend and picture go; and its end. */
void figure_begin(struct buf *out, const char *id, struct slice title, struct slice about);
void figure_end(struct buf *out);

/* <svg> of so many pixels, with title and description; `part` tells those of one figure apart (0: the only one). */
struct figure_picture {
    const char *id;
    unsigned part;
    int width, height;
    struct slice title, about;
    const char *style; /* class: wide, half, cell */
};
void figure_picture_begin(struct buf *out, const struct figure_picture *p);
void figure_picture_end(struct buf *out);

/* Tenths of a pixel as SVG wants them: 12.5 */
void figure_px(struct buf *out, int tenths);

enum figure_key { FIGURE_BOX, FIGURE_LINE, FIGURE_BAND };
void figure_legend_begin(struct buf *out);
/* Of series k of the list. */
void figure_legend(struct buf *out, enum figure_key kind, const struct chart_series *list, size_t k);
int figure_dash(const struct chart_series *list, size_t k); /* class d0..d3: bands are not counted */
void figure_legend_end(struct buf *out);

/* The table that is folded away: begin, rows with cells, end. */
void figure_table_begin(struct buf *out, struct slice title);
void figure_heading(struct buf *out, struct slice text);
void figure_cell(struct buf *out, struct slice text, bool number);
void figure_cell_number(struct buf *out, enum chart_unit unit, struct slice currency, int64_t value);
void figure_table_end(struct buf *out);

#endif
