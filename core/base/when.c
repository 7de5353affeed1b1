#include "core/base/when.h"

#define DAY INT64_C(86400)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* In the order of enum when_form. */
const struct slice when_form_names[] = { SLICE("any"), SLICE("unix"), SLICE("unix_ms"),
                                         SLICE("iso"), { 0 } };

bool when_form_named(struct slice name, enum when_form *out)
{
    for (int i = 0; when_form_names[i].len; i++) {
        if (slice_eq(when_form_names[i], name)) {
            *out = (enum when_form)i;
            return true;
        }
    }
    return false;
}

/* Exactly n digits from the front of *s. */
static bool take_number(struct slice *s, size_t n, int *out)
{
    uint64_t value;

    if (s->len < n || !slice_to_u64(slice_head(*s, n), &value))
        return false;
    *out = (int)value;
    *s = slice_from_at(*s, n);
    return true;
}

static bool take_byte(struct slice *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = slice_from_at(*s, 1);
    return true;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01.  A year is counted from March on, so that the leap day is its last; 400 of
 * them are 146,097 days.  year is at least 0. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, from_march = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

bool when_days(int year, int month, int day, int64_t *days)
{
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

static bool take_date(struct slice *s, int64_t *days)
{
    int year, month, day;

    if (!take_number(s, 4, &year) || !take_byte(s, '-') || !take_number(s, 2, &month) ||
        !take_byte(s, '-') || !take_number(s, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

static bool take_clock(struct slice *s, int64_t *seconds)
{
    int hour, minute, second = 0;

    if (!take_number(s, 2, &hour) || !take_byte(s, ':') || !take_number(s, 2, &minute))
        return false;
    if (take_byte(s, ':')) {
        if (!take_number(s, 2, &second))
            return false;
        if (take_byte(s, '.') || take_byte(s, ',')) {
            size_t n = 0;
            while (n < s->len && ascii_is_digit(s->ptr[n]))
                n++;
            if (n == 0)
                return false;
            *s = slice_from_at(*s, n);
        }
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

/* hh:mm, hhmm or hh, all of s. */
static bool parse_offset(struct slice s, int *seconds)
{
    int hours, minutes = 0;

    if (!take_number(&s, 2, &hours))
        return false;
    if (s.len && ((take_byte(&s, ':') && s.len != 2) || !take_number(&s, 2, &minutes)))
        return false;
    if (s.len || minutes > 59 || hours * 60 + minutes > 14 * 60)
        return false;
    *seconds = hours * 3600 + minutes * 60;
    return true;
}

bool when_zone_parse(struct slice text, int *seconds)
{
    int offset;

    text = slice_trim(text);
    if (slice_eq_nocase(text, S("z")) || slice_eq_nocase(text, S("utc")) ||
        slice_eq_nocase(text, S("gmt"))) {
        *seconds = 0;
        return true;
    }
    if (text.len == 0 || (text.ptr[0] != '+' && text.ptr[0] != '-') ||
        !parse_offset(slice_from_at(text, 1), &offset))
        return false;
    *seconds = text.ptr[0] == '-' ? -offset : offset;
    return true;
}

/* The zone behind a time.  A '+' that nobody percent-encoded arrives as a blank: " 02:00". */
static bool parse_suffix(struct slice s, int *zone)
{
    if (s.len == 0)
        return true;
    if (s.len > 4 && s.ptr[0] == ' ' && ascii_is_digit(s.ptr[1]))
        return parse_offset(slice_from_at(s, 1), zone);
    return when_zone_parse(s, zone);
}

static bool parse_iso(struct slice s, int zone, int64_t *seconds)
{
    int64_t days, clock, t;

    if (!take_date(&s, &days) || !(take_byte(&s, 'T') || take_byte(&s, 't') || take_byte(&s, ' ')))
        return false;
    if (!take_clock(&s, &clock) || !parse_suffix(s, &zone))
        return false;
    t = days * DAY + clock - zone;
    if (t < 0 || t > LAST_SECOND)
        return false;
    *seconds = t;
    return true;
}

static bool parse_unix(struct slice s, uint64_t per_second, int64_t *seconds)
{
    uint64_t n;

    if (!slice_to_u64(s, &n) || n / per_second > (uint64_t)LAST_SECOND)
        return false;
    *seconds = (int64_t)(n / per_second);
    return true;
}

bool when_parse(struct slice text, enum when_form form, int zone_seconds, int64_t *seconds)
{
    uint64_t n;

    text = slice_trim(text);
    if (form == WHEN_ANY) {
        /* a leading 0 is a placeholder ("0000000000"), not a moment of the seventies */
        bool number = slice_to_u64(text, &n) && text.ptr[0] != '0';
        form = number && (text.len == 9 || text.len == 10)    ? WHEN_UNIX
               : number && (text.len == 12 || text.len == 13) ? WHEN_UNIX_MS
                                                              : WHEN_ISO;
    }
    if (form == WHEN_UNIX)
        return parse_unix(text, 1, seconds);
    if (form == WHEN_UNIX_MS)
        return parse_unix(text, 1000, seconds);
    return parse_iso(text, zone_seconds, seconds);
}

void when_print(struct buf *b, int64_t seconds)
{
    int64_t days = seconds / DAY, clock = seconds % DAY, era, day_of_era, year_of_era, day, month;

    if (clock < 0) {
        clock += DAY;
        days--;
    }
    /* the way of days_from_date, backwards */
    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5 - 1;
    month += month < 10 ? 3 : -9;
    buf_printf(b, "%04lld-%02d-%02dT%02d:%02d:%02dZ",
               (long long)(era * 400 + year_of_era + (month <= 2)), (int)month, (int)day,
               (int)(clock / 3600), (int)(clock / 60 % 60), (int)(clock % 60));
}

void when_print_ms(struct buf *b, int64_t ms)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);

    when_print(b, seconds);
    if (buf_ok(b))
        b->len--; /* the Z */
    buf_printf(b, ".%03dZ", (int)(ms - seconds * 1000));
}

bool when_duration_parse(struct slice text, int64_t *seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY } };
    const int64_t longest = 36525 * DAY; /* 100 years */
    uint64_t n;

    text = slice_trim(text);
    if (text.len < 2 || !slice_to_u64(slice_head(text, text.len - 1), &n))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text.ptr[text.len - 1] == units[i].unit &&
            n <= (uint64_t)(longest / units[i].seconds)) {
            *seconds = (int64_t)n * units[i].seconds;
            return true;
        }
    }
    return false;
}
