/* axis.h: inside of core/chart: where a number or a moment stands, and which of them are written. */
#ifndef CORE_CHART_AXIS_H
#define CORE_CHART_AXIS_H

#include "core/chart/chart.h"

#define AXIS_TICKS 20

struct axis {
    enum chart_unit unit;
    int64_t ticks[AXIS_TICKS]; /* ascending, two at least; the first and the last are the ends */
    unsigned count;
};

/* The axis that holds low (at most 0 counts) to high. */
void axis_make(struct axis *a, enum chart_unit unit, int64_t low, int64_t high);
/* value between the ends as a place from..to, tenths of a pixel; what lies outside is at the end. */
int axis_at(const struct axis *a, int64_t value, int from, int to);
/* Every which tick is written, so that they stand `least` apart on `length`. */
unsigned axis_stride(const struct axis *a, int length, int least);

/* A number beside the axis: 12k, 50 %, 1 min. */
void axis_label(struct buf *out, enum chart_unit unit, int64_t value);

struct axis_day {
    const char *weekday, *month;
    int year, day, hour, minute;
};
void axis_day(struct axis_day *out, int64_t moment);

/* Is moment i of c written below the axis of so many pixels?  If so, its text: "23 Nov" or "06:00". */
bool axis_moment(struct buf *out, const struct chart *c, size_t i, int pixels);

#endif
