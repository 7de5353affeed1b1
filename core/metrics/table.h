/* table.h: the metrics of /metrics as rows, and the bounds of histograms. */
#ifndef CORE_METRICS_TABLE_H
#define CORE_METRICS_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_INFO };

enum metric {
#define METRIC(id, kind, name, unit, labels, help) METRIC_##id,
#define HISTOGRAM(id, shape, name, unit, labels, help) METRIC_##id,
#include "core/metrics/table.def"
#undef METRIC
#undef HISTOGRAM
    METRICS
};

#define HISTOGRAM_BOUNDS_MAX 15
#define HISTOGRAM_SLOTS_MAX (HISTOGRAM_BOUNDS_MAX + 1)

/* Upper bounds, each included, ascending, in units of 10^-decimals: microseconds with 6. */
struct histogram_shape {
    unsigned decimals;
    size_t count; /* of bounds; slots are one more, the last is above all of them */
    int64_t bounds[HISTOGRAM_BOUNDS_MAX];
};

struct metric_row {
    const char *name, *unit, *labels, *help;
    enum metric_kind kind;
    const struct histogram_shape *shape; /* NULL: it is no histogram */
};
extern const struct metric_row metrics_table[METRICS];

/* The slot of a value: that of the first bound that is not below it. */
size_t histogram_slot(const struct histogram_shape *shape, int64_t value);

#endif
