/* moments.c: dates of many forms.  2026-11-26 10:00:00, 2026/11/26, 26.11.2026 10:00, 11/26/2026 10:00:00 AM,
 * 26 Nov 2026, Nov 26, 2026 10:00 PM, each with or without a zone; Unix seconds and milliseconds. */
#include "core/base/when.h"
#include "core/csv/cells.h"

struct number {
    int value;
    size_t digits;
};

static bool take(struct slice *s, struct number *out)
{
    uint64_t value;
    size_t n = 0;

    while (n < s->len && n < 5 && ascii_is_digit(s->ptr[n]))
        n++;
    if (n == 0 || n > 4 || !slice_to_u64(slice_head(*s, n), &value))
        return false;
    *out = (struct number){ (int)value, n };
    *s = slice_from_at(*s, n);
    return true;
}

static void skip(struct slice *s, const char *set)
{
    while (s->len && strchr(set, s->ptr[0]) && s->ptr[0])
        *s = slice_from_at(*s, 1);
}

/* Nov, November, nov.  0: none. */
static int take_month(struct slice *s)
{
    static const char months[12][10] = { "january", "february", "march", "april", "may", "june",
                                         "july", "august", "september", "october", "november",
                                         "december" };
    size_t n = 0;

    while (n < s->len && ascii_is_alpha(s->ptr[n]))
        n++;
    for (int i = 0; i < 12 && n >= 3; i++) {
        if (slice_starts_nocase(slice_from(months[i]), slice_head(*s, n))) {
            *s = slice_from_at(*s, n);
            return i + 1;
        }
    }
    return 0;
}

struct date {
    int year, month, day;
    bool ambiguous;
};

/* a and b before a year: which is the day? */
static bool day_and_month(struct number a, struct number b, char sep, struct cells_habits *h,
                          struct date *d)
{
    bool day_first = sep == '.' || a.value > 12, month_first = sep != '.' && b.value > 12;

    if (a.value < 1 || b.value < 1 || a.value > 31 || b.value > 31 || (day_first && b.value > 12) ||
        (a.value > 12 && b.value > 12))
        return false;
    if (sep != '.') {
        h->day_first += day_first;
        h->month_first += month_first;
    }
    if (!day_first && !month_first) {
        if (h->order == CELLS_ORDER_UNKNOWN && a.value != b.value)
            d->ambiguous = true;
        day_first = h->order == CELLS_DAY_FIRST;
    }
    d->day = day_first ? a.value : b.value;
    d->month = day_first ? b.value : a.value;
    return true;
}

/* Three numbers with one kind of mark between them. */
static bool numeric_date(struct slice *s, struct cells_habits *h, struct date *d)
{
    struct number n[3];
    char sep;

    if (!take(s, &n[0]) || s->len == 0 || !strchr("-/.", sep = s->ptr[0]))
        return false;
    for (int i = 1; i < 3; i++) {
        if (s->len == 0 || s->ptr[0] != sep)
            return false;
        *s = slice_from_at(*s, 1);
        if (!take(s, &n[i]))
            return false;
    }
    if (n[0].digits == 4) {
        *d = (struct date){ n[0].value, n[1].value, n[2].value, false };
        return true;
    }
    d->year = n[2].digits == 2 ? 2000 + n[2].value : n[2].value;
    return (n[2].digits == 4 || n[2].digits == 2) && day_and_month(n[0], n[1], sep, h, d);
}

/* Nov 26, 2026 and 26 Nov 2026. */
static bool named_date(struct slice *s, struct date *d)
{
    struct number day, year;

    d->month = take_month(s);
    if (d->month)
        skip(s, ". ");
    if (!take(s, &day))
        return false;
    skip(s, ",.- ");
    if (!d->month) {
        d->month = take_month(s);
        skip(s, ",.- ");
    }
    if (!d->month || !take(s, &year) || year.digits != 4)
        return false;
    d->day = day.value;
    d->year = year.value;
    return true;
}

/* 10:00, 10:00:59.123, 10:00 PM.  *clock in seconds. */
static bool take_clock(struct slice *s, int *clock)
{
    struct number hour, minute, second = { 0, 2 };

    if (!take(s, &hour) || hour.digits > 2 || s->len == 0 || s->ptr[0] != ':')
        return false;
    *s = slice_from_at(*s, 1);
    if (!take(s, &minute) || minute.digits != 2)
        return false;
    if (s->len && s->ptr[0] == ':') {
        *s = slice_from_at(*s, 1);
        if (!take(s, &second) || second.digits != 2)
            return false;
        if (s->len && (s->ptr[0] == '.' || s->ptr[0] == ','))
            do
                *s = slice_from_at(*s, 1);
            while (s->len && ascii_is_digit(s->ptr[0]));
    }
    skip(s, " ");
    if (slice_starts_nocase(*s, S("AM")) || slice_starts_nocase(*s, S("PM"))) {
        if (hour.value < 1 || hour.value > 12)
            return false;
        hour.value = hour.value % 12 + (ascii_lower(s->ptr[0]) == 'p' ? 12 : 0);
        *s = slice_from_at(*s, 2);
    }
    *clock = hour.value * 3600 + minute.value * 60 + second.value;
    return hour.value < 24 && minute.value < 60 && second.value < 60;
}

static enum cells_result finish(const struct date *d, int clock, int zone, struct cells_time *out)
{
    int64_t days;

    if (!when_days(d->year, d->month, d->day, &days))
        return CELLS_BAD;
    out->seconds = days * 86400 + clock - zone;
    return out->seconds < 0 ? CELLS_BAD : CELLS_OK;
}

enum cells_result cells_moment(struct slice text, struct cells_habits *h, struct cells_time *out)
{
    struct slice s = slice_trim(text), start;
    struct date d = { 0 };
    int clock = 0, zone = 0;
    uint64_t number;

    *out = (struct cells_time){ 0 };
    if (s.len == 0 || slice_eq(s, S("-")))
        return CELLS_EMPTY;
    if (slice_to_u64(s, &number)) {
        out->zoned = true;
        return when_parse(s, WHEN_ANY, 0, &out->seconds) ? CELLS_OK : CELLS_BAD;
    }
    start = s;
    if (!numeric_date(&s, h, &d)) {
        s = start;
        d = (struct date){ 0 };
        if (!named_date(&s, &d))
            return CELLS_BAD;
    }
    skip(&s, "Tt, ");
    if (s.len == 0)
        out->no_clock = true;
    else if (!take_clock(&s, &clock))
        return CELLS_BAD;
    s = slice_trim(s);
    if (s.len) {
        if (!when_zone_parse(s, &zone))
            return CELLS_BAD;
        out->zoned = true;
    }
    if (d.ambiguous) {
        h->ambiguous_times++;
        return CELLS_AMBIGUOUS;
    }
    return finish(&d, clock, zone, out);
}
