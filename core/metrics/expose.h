/* expose.h: metrics as text: Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0.0
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md), which differ in names of
 * counters, units and the last line. */
#ifndef CORE_METRICS_EXPOSE_H
#define CORE_METRICS_EXPOSE_H

#include "core/base/buf.h"
#include "core/metrics/table.h"

#define EXPOSE_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct expose {
    struct buf *out;
    bool openmetrics;
    const struct metric_row *row; /* that of the samples to come */
};

struct expose_label {
    const char *name;
    struct slice value; /* any bytes: escaped, and what is not UTF-8 replaced */
};

/* Begin a metric; its samples follow.  Each id once. */
void expose_begin(struct expose *e, enum metric id);

/* A sample: a whole number, or one of 10^-decimals. */
void expose_whole(struct expose *e, const struct expose_label *labels, size_t count, uint64_t n);
void expose_scaled(struct expose *e, int64_t n, unsigned decimals);

/* The samples of a histogram: what each slot of its shape has counted, and the sum of all values in the
 * unit of the shape's bounds. */
void expose_histogram(struct expose *e, const uint64_t *slots, uint64_t sum);

/* After the last sample. */
void expose_end(struct expose *e);

#endif
