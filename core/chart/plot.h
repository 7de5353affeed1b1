/* plot.h: inside of core/chart: the plot of numbers over time. */
#ifndef CORE_CHART_PLOT_H
#define CORE_CHART_PLOT_H

#include "core/chart/axis.h"
#include "core/chart/chart.h"

/* Where the plot is, tenths of a pixel. */
struct plot {
    const struct chart *c;
    struct axis y;
    int left, right, top, bottom;
    bool small;
};

int64_t plot_total(const struct chart *c, size_t i); /* of the bars at a moment, what is below 0 left out */

void plot_make_room(struct plot *p); /* at the left, for the widest number */
void plot_y(struct buf *out, const struct plot *p);
void plot_x(struct buf *out, const struct plot *p);
void plot_stacked(struct buf *out, const struct plot *p);
void plot_lines(struct buf *out, const struct plot *p);

#endif
