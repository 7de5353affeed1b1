/* number.c: numbers, shares, delays and days in words. */
#include "core/base/money.h"
#include "core/base/when.h"
#include "core/chart/axis.h"
#include "core/chart/chart.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static uint64_t size_of(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* 1234567 as 1,234,567 */
static void grouped(struct buf *out, uint64_t n)
{
    char digits[32], *p = digits + sizeof(digits);

    for (int i = 0; i == 0 || n; i++, n /= 10) {
        if (i && i % 3 == 0)
            *--p = ',';
        *--p = (char)('0' + n % 10);
    }
    buf_add(out, (struct slice){ p, (size_t)(digits + sizeof(digits) - p) });
}

static void sign(struct buf *out, int64_t value)
{
    if (value < 0)
        buf_byte(out, '-');
}

static void money(struct buf *out, struct slice currency, int64_t micros)
{
    uint64_t n = size_of(micros), part = n % MONEY_SCALE;
    int decimals = 6;

    if (currency.len) {
        buf_add(out, currency);
        buf_byte(out, ' ');
    }
    sign(out, micros);
    grouped(out, n / MONEY_SCALE);
    for (; decimals > 2 && part % 10 == 0; decimals--)
        part /= 10;
    buf_printf(out, ".%0*llu", decimals, (unsigned long long)part);
}

static void tenths(struct buf *out, uint64_t n)
{
    grouped(out, n / 10);
    if (n % 10)
        buf_printf(out, ".%d", (int)(n % 10));
}

/* "3 h 20 min", the second part left out when it is none */
static void two_units(struct buf *out, uint64_t n, int64_t large, const char *large_name, int64_t small,
                      const char *small_name)
{
    uint64_t rest = n % (uint64_t)large / (uint64_t)small;

    grouped(out, n / (uint64_t)large);
    buf_printf(out, " %s", large_name);
    if (rest)
        buf_printf(out, " %d %s", (int)rest, small_name);
}

static void delay(struct buf *out, int64_t value)
{
    uint64_t n = size_of(value);

    sign(out, value);
    if (n < (uint64_t)SECOND) {
        buf_printf(out, "%d ms", (int)n);
    } else if (n < (uint64_t)MINUTE) {
        tenths(out, n / 100);
        buf_puts(out, " s");
    } else if (n < (uint64_t)HOUR) {
        two_units(out, n, MINUTE, "min", SECOND, "s");
    } else if (n < (uint64_t)DAY) {
        two_units(out, n, HOUR, "h", MINUTE, "min");
    } else {
        two_units(out, n, DAY, "d", HOUR, "h");
    }
}

void chart_number(struct buf *out, enum chart_unit unit, struct slice currency, int64_t value)
{
    if (value == CHART_GAP) {
        buf_byte(out, '-');
    } else if (unit == CHART_MONEY) {
        money(out, currency, value);
    } else if (unit == CHART_MS) {
        delay(out, value);
    } else {
        sign(out, value);
        if (unit == CHART_PERMILLE) {
            tenths(out, size_of(value));
            buf_puts(out, " %");
        } else {
            grouped(out, size_of(value));
        }
    }
}

/* 12000 as 12k, when nothing is lost by it. */
static void short_count(struct buf *out, int64_t value, uint64_t scale)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = { { UINT64_C(1000000000), "G" }, { 1000000, "M" }, { 1000, "k" } };
    uint64_t n = size_of(value);

    sign(out, value);
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        uint64_t unit = units[i].unit * scale;
        if (n >= unit && n % (unit / 10) == 0 && (n >= 10 * 1000 * scale || unit > 1000 * scale)) {
            tenths(out, n / (unit / 10));
            buf_puts(out, units[i].name);
            return;
        }
    }
    if (scale == 1) {
        grouped(out, n);
    } else if (n % scale == 0) {
        grouped(out, n / scale);
    } else {
        money(out, (struct slice){ 0 }, (int64_t)n);
    }
}

void axis_label(struct buf *out, enum chart_unit unit, int64_t value)
{
    if (unit == CHART_COUNT || unit == CHART_MONEY)
        short_count(out, value, unit == CHART_MONEY ? MONEY_SCALE : 1);
    else
        chart_number(out, unit, (struct slice){ 0 }, value);
}

int64_t chart_permille(int64_t n, int64_t whole)
{
    uint64_t a = size_of(n), b = size_of(whole), share, rest;

    if (whole <= 0 || n <= 0)
        return 0;
    for (; a > UINT64_MAX / 2000 || b > UINT64_MAX / 2000; b /= 2)
        a /= 2;
    if (b == 0)
        return 0;
    share = a * 1000 / b;
    rest = a * 1000 % b;
    share += rest * 2 >= b;
    if (n < whole && share >= 1000)
        return 999;
    return share == 0 ? 1 : (int64_t)share;
}

/* ---- days ---- */

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void axis_day(struct axis_day *out, int64_t moment)
{
    static const char *const weekdays[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    struct buf text = { .limit = 64 };
    uint64_t n[3] = { 1970, 1, 1 };
    int64_t days = moment / 86400 - (moment % 86400 < 0);
    int64_t clock = moment - days * 86400;

    when_print(&text, moment); /* 2026-11-23T14:00:00Z */
    if (buf_ok(&text) && text.len == 20) {
        slice_to_u64((struct slice){ text.ptr, 4 }, &n[0]);
        slice_to_u64((struct slice){ text.ptr + 5, 2 }, &n[1]);
        slice_to_u64((struct slice){ text.ptr + 8, 2 }, &n[2]);
    }
    buf_free(&text);
    *out = (struct axis_day){ .weekday = weekdays[((days % 7) + 7) % 7],
                              .month = months[n[1] >= 1 && n[1] <= 12 ? n[1] - 1 : 0],
                              .year = (int)n[0],
                              .day = (int)n[2],
                              .hour = (int)(clock / 3600),
                              .minute = (int)(clock / 60 % 60) };
}

void chart_moment(struct buf *out, int64_t moment, int64_t step)
{
    struct axis_day d;

    axis_day(&d, moment);
    buf_printf(out, "%s %d %s %d", d.weekday, d.day, d.month, d.year);
    if (step < 86400)
        buf_printf(out, " %02d:%02d", d.hour, d.minute);
}
