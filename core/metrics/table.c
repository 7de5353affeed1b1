#include "core/metrics/table.h"

#define MS INT64_C(1000) /* in microseconds */
#define SECOND (1000 * MS)

/* From half a millisecond: a commit on a disk that is nothing but fast. */
static const struct histogram_shape quick = {
    6, 14, { MS / 2, MS, MS * 5 / 2, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS,
             SECOND, SECOND * 5 / 2, 5 * SECOND, 10 * SECOND },
};

static const struct histogram_shape requests = {
    0, 15, { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384 },
};

/* A request has at most 30 seconds (adapters/tiktok/sender.h). */
static const struct histogram_shape network = {
    3, 10, { 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000 },
};

/* Up to a day, for the morning after an outage. */
static const struct histogram_shape delivery = {
    3, 14, { 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000, 21600000,
             86400000 },
};

const struct metric_row metrics_table[METRICS] = {
#define METRIC(id, kind, name, unit, labels, help)                                                 \
    { name, unit, labels, help, METRIC_##kind, NULL },
#define HISTOGRAM(id, shape, name, unit, labels, help)                                             \
    { name, unit, labels, help, METRIC_HISTOGRAM, &(shape) },
#include "core/metrics/table.def"
#undef METRIC
#undef HISTOGRAM
};

size_t histogram_slot(const struct histogram_shape *shape, int64_t value)
{
    size_t slot = 0;

    while (slot < shape->count && value > shape->bounds[slot])
        slot++;
    return slot;
}
