#include "core/metrics/expose.h"

#define TOTAL "_total"
#define INFO "_info"
#define DECIMALS_MAX 9

/* OpenMetrics names a family without what the kind appends to its samples. */
static struct slice family(const struct expose *e)
{
    struct slice name = slice_from(e->row->name);
    struct slice tail = e->row->kind == METRIC_COUNTER ? S(TOTAL)
                        : e->row->kind == METRIC_INFO  ? S(INFO)
                                                       : (struct slice){ 0 };

    if (e->openmetrics && slice_ends(name, tail))
        name.len -= tail.len;
    return name;
}

void expose_begin(struct expose *e, enum metric id)
{
    static const char *const kinds[] = { [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
                                         [METRIC_HISTOGRAM] = "histogram", [METRIC_INFO] = "info" };
    struct slice name;

    e->row = &metrics_table[id];
    name = family(e);
    buf_puts(e->out, "# HELP ");
    buf_add(e->out, name);
    buf_byte(e->out, ' ');
    for (const char *c = e->row->help; *c; c++) {
        if (*c == '\\' || (e->openmetrics && *c == '"')) /* a line end is in none of them */
            buf_byte(e->out, '\\');
        buf_byte(e->out, *c);
    }
    buf_puts(e->out, "\n# TYPE ");
    buf_add(e->out, name);
    buf_byte(e->out, ' ');
    buf_puts(e->out, e->row->kind == METRIC_INFO && !e->openmetrics ? "gauge" : kinds[e->row->kind]);
    buf_byte(e->out, '\n');
    if (!e->openmetrics || !e->row->unit[0])
        return;
    buf_puts(e->out, "# UNIT ");
    buf_add(e->out, name);
    buf_byte(e->out, ' ');
    buf_puts(e->out, e->row->unit);
    buf_byte(e->out, '\n');
}

static void put_value(struct buf *out, struct slice s)
{
    for (size_t n; s.len; s = slice_from_at(s, n ? n : 1)) {
        n = utf8_harmless(s);
        if (n == 0) {
            buf_puts(out, s.ptr[0] == '\n' ? "\\n" : "\xef\xbf\xbd");
            continue;
        }
        if (s.ptr[0] == '\\' || s.ptr[0] == '"')
            buf_byte(out, '\\');
        buf_add(out, slice_head(s, n));
    }
}

static void put_labels(struct buf *out, const struct expose_label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_byte(out, i ? ',' : '{');
        buf_puts(out, labels[i].name);
        buf_puts(out, "=\"");
        put_value(out, labels[i].value);
        buf_byte(out, '"');
    }
    if (count)
        buf_byte(out, '}');
}

static void put_u64(struct buf *out, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    buf_add(out, (struct slice){ digits + at, sizeof(digits) - at });
}

/* 1500 of 10^-3 as 1.5; point: a whole number gets ".0", as floats in OpenMetrics have it. */
static void put_scaled(struct buf *out, int64_t n, unsigned decimals, bool point)
{
    char digits[DECIMALS_MAX];
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    size_t len = decimals < DECIMALS_MAX ? decimals : DECIMALS_MAX;

    if (n < 0)
        buf_byte(out, '-');
    for (size_t i = len; i-- > 0; rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    while (len && digits[len - 1] == '0')
        len--;
    put_u64(out, rest);
    if (len) {
        buf_byte(out, '.');
        buf_add(out, (struct slice){ digits, len });
    } else if (point) {
        buf_puts(out, ".0");
    }
}

void expose_whole(struct expose *e, const struct expose_label *labels, size_t count, uint64_t n)
{
    buf_puts(e->out, e->row->name);
    put_labels(e->out, labels, count);
    buf_byte(e->out, ' ');
    put_u64(e->out, n);
    buf_byte(e->out, '\n');
}

void expose_scaled(struct expose *e, int64_t n, unsigned decimals)
{
    buf_puts(e->out, e->row->name);
    buf_byte(e->out, ' ');
    put_scaled(e->out, n, decimals, false);
    buf_byte(e->out, '\n');
}

/* `le` is written alike in both formats, so that a series stays the same when a scraper changes its
 * mind about them. */
static void put_bucket(struct expose *e, const int64_t *bound, uint64_t n)
{
    buf_puts(e->out, e->row->name);
    buf_puts(e->out, "_bucket{le=\"");
    if (bound)
        put_scaled(e->out, *bound, e->row->shape->decimals, true);
    else
        buf_puts(e->out, "+Inf");
    buf_puts(e->out, "\"} ");
    put_u64(e->out, n);
    buf_byte(e->out, '\n');
}

void expose_histogram(struct expose *e, const uint64_t *slots, uint64_t sum)
{
    const struct histogram_shape *shape = e->row->shape;
    uint64_t n = 0;

    for (size_t i = 0; i <= shape->count; i++) {
        n += slots[i];
        put_bucket(e, i < shape->count ? &shape->bounds[i] : NULL, n);
    }
    buf_puts(e->out, e->row->name);
    buf_puts(e->out, "_sum ");
    put_scaled(e->out, (int64_t)sum, shape->decimals, false);
    buf_byte(e->out, '\n');
    buf_puts(e->out, e->row->name);
    buf_puts(e->out, "_count ");
    put_u64(e->out, n);
    buf_byte(e->out, '\n');
}

void expose_end(struct expose *e)
{
    if (e->openmetrics)
        buf_puts(e->out, "# EOF\n");
}
