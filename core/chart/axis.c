#include "core/chart/axis.h"

#include "core/base/money.h"

__extension__ typedef __int128 int128;

/* Ends of the steps of delays, milliseconds: equally far from one another on the axis. */
static const int64_t ladder[] = {
    0,     100,    250,    500,     1000,     2500,     5000,      10000,      30000,
    60000, 300000, 900000, 3600000, 21600000, 86400000, 604800000, 2592000000,
};
#define RUNGS (sizeof(ladder) / sizeof(*ladder))

static void make_ladder(struct axis *a, int64_t high)
{
    for (size_t i = 0; i < RUNGS; i++) {
        a->ticks[a->count++] = ladder[i];
        if (i && ladder[i] >= high)
            return;
    }
}

/* The least of 1, 2, 5, 10 ... times `unit` of which five reach from 0 to span. */
static int64_t nice_step(int64_t span, int64_t unit)
{
    static const int64_t heads[] = { 1, 2, 5 };
    int64_t power = unit;

    for (;;) {
        for (int i = 0; i < 3; i++)
            if (heads[i] * power >= span / 5 + (span % 5 != 0))
                return heads[i] * power;
        if (power > INT64_MAX / 100)
            return INT64_MAX / 5;
        power *= 10;
    }
}

void axis_make(struct axis *a, enum chart_unit unit, int64_t low, int64_t high)
{
    const int64_t most = INT64_MAX / 4;
    int64_t step, at;

    *a = (struct axis){ .unit = unit };
    if (low > 0)
        low = 0;
    if (high < 0)
        high = 0;
    low = low < -most ? -most : low;
    high = high > most ? most : high;
    if (unit == CHART_MS) {
        make_ladder(a, high);
        return;
    }
    if (low == 0 && high == 0)
        high = unit == CHART_MONEY ? MONEY_SCALE : unit == CHART_PERMILLE ? 1000 : 1;
    step = nice_step(high - low, unit == CHART_MONEY ? 10000 : 1);
    at = low / step * step;
    if (at > low)
        at -= step;
    do
        a->ticks[a->count++] = at;
    while (at < high && a->count < AXIS_TICKS && (at += step, true));
}

static int between(int64_t value, int64_t low, int64_t high, int from, int to)
{
    int128 way = (int128)(to - from) * (value - low);

    return high == low ? from : from + (int)(way / (high - low));
}

int axis_at(const struct axis *a, int64_t value, int from, int to)
{
    unsigned last = a->count - 1, rung = 0;

    if (value <= a->ticks[0])
        return from;
    if (value >= a->ticks[last])
        return to;
    if (a->unit != CHART_MS)
        return between(value, a->ticks[0], a->ticks[last], from, to);
    while (value >= a->ticks[rung + 1])
        rung++;
    return between(value, a->ticks[rung], a->ticks[rung + 1], from + (to - from) * (int)rung / (int)last,
                   from + (to - from) * (int)(rung + 1) / (int)last);
}

unsigned axis_stride(const struct axis *a, int length, int least)
{
    unsigned stride = 1;

    while (stride < a->count && length * (int)stride / (int)(a->count - 1) < least)
        stride++;
    return stride;
}

/* ---- moments ---- */

#define LABEL_PIXELS 52

static int64_t moment_stride(const struct chart *c, int pixels)
{
    static const int64_t hours[] = { 1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720 };
    int64_t fit = pixels / LABEL_PIXELS, points = (int64_t)c->points, stride;

    if (fit < 1)
        fit = 1;
    if (c->step >= 86400)
        return (points + fit - 1) / fit;
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
        stride = hours[i] * 3600;
        if (stride >= c->step && points * c->step / stride < fit)
            return stride;
    }
    return hours[sizeof(hours) / sizeof(*hours) - 1] * 3600;
}

bool axis_moment(struct buf *out, const struct chart *c, size_t i, int pixels)
{
    int64_t stride = moment_stride(c, pixels), at = c->moments[i];
    struct axis_day d;

    axis_day(&d, at);
    if (c->step >= 86400) {
        if ((int64_t)i % (stride < 1 ? 1 : stride) != 0)
            return false;
    } else if (at % stride != 0) {
        return false;
    } else if (d.hour || d.minute) {
        buf_printf(out, "%02d:%02d", d.hour, d.minute);
        return true;
    }
    buf_printf(out, "%d %s", d.day, d.month);
    return true;
}
