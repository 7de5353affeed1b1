#include "core/base/zone.h"

#define DAY INT64_C(86400)
#define TRANSITIONS_MAX 4096

/* One turn of the year by a rule: the n-th weekday of a month (5: the last). */
struct turn {
    int month, week, day;
    int seconds; /* after that day's midnight, by the clock before it */
};

struct zone {
    size_t count;
    const int64_t *at;
    const int *offset; /* from that transition on */
    int before;        /* before the first */
    bool rule, summer; /* there is a rule for what comes after; with summer time */
    int standard, dst;
    struct turn begin, end; /* of summer time */
};

const struct zone *zone_fixed(struct arena *arena, int seconds)
{
    struct zone *z = ARENA_NEW(arena, struct zone);

    if (z)
        z->before = seconds;
    return z;
}

bool zone_is_name(struct slice name)
{
    if (name.len == 0 || name.len > 64 || !ascii_is_alpha(name.ptr[0]))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!ascii_is_alnum(c) && c != '_' && c != '-' && c != '+' && (c != '/' || i + 1 == name.len))
            return false;
    }
    return true;
}

/* ---- the rule: CET-1CEST,M3.5.0,M10.5.0/3 ---- */

static bool take_name(struct slice *s)
{
    size_t n = 0;

    if (s->len && s->ptr[0] == '<') {
        n = slice_index(*s, '>');
        if (n == s->len)
            return false;
        n++;
    } else
        while (n < s->len && ascii_is_alpha(s->ptr[n]))
            n++;
    *s = slice_from_at(*s, n);
    return n >= 3;
}

static bool take_int(struct slice *s, int most, int *out)
{
    int n = 0;
    size_t i = 0;

    while (i < s->len && i < 3 && ascii_is_digit(s->ptr[i]))
        n = n * 10 + (s->ptr[i++] - '0');
    *s = slice_from_at(*s, i);
    *out = n;
    return i > 0 && n <= most;
}

static bool take_char(struct slice *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = slice_from_at(*s, 1);
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_hours(struct slice *s, int *out)
{
    bool minus = take_char(s, '-');
    int hours, minutes = 0, seconds = 0;

    if (!minus)
        take_char(s, '+');
    if (!take_int(s, 167, &hours) || (take_char(s, ':') && !take_int(s, 59, &minutes)) ||
        (take_char(s, ':') && !take_int(s, 59, &seconds)))
        return false;
    *out = hours * 3600 + minutes * 60 + seconds;
    if (minus)
        *out = -*out;
    return true;
}

static bool take_turn(struct slice *s, struct turn *t)
{
    t->seconds = 7200;
    return take_char(s, ',') && take_char(s, 'M') && take_int(s, 12, &t->month) && t->month > 0 &&
           take_char(s, '.') && take_int(s, 5, &t->week) && t->week > 0 && take_char(s, '.') &&
           take_int(s, 6, &t->day) && (!take_char(s, '/') || take_hours(s, &t->seconds));
}

static bool read_rule(struct slice s, struct zone *z)
{
    int west;

    if (!take_name(&s) || !take_hours(&s, &west))
        return false;
    z->standard = -west;
    if (s.len == 0)
        return true;
    z->dst = z->standard + 3600;
    if (!take_name(&s))
        return false;
    if (s.len && s.ptr[0] != ',') {
        if (!take_hours(&s, &west))
            return false;
        z->dst = -west;
    }
    z->summer = true;
    return take_turn(&s, &z->begin) && take_turn(&s, &z->end) && s.len == 0;
}

/* Days from 1970-01-01 of the first of a month; see core/base/when.c. */
static int64_t days_of(int64_t year, int month)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 - 719468;
}

/* By the clock before the turn, as if it were UTC. */
static int64_t turn_at(const struct turn *t, int64_t year)
{
    int64_t first = days_of(year, t->month);
    int64_t next = t->month == 12 ? days_of(year + 1, 1) : days_of(year, t->month + 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7, day = first + (t->day - weekday + 7) % 7;

    day += (t->week - 1) * 7;
    while (day >= next)
        day -= 7;
    return day * DAY + t->seconds;
}

static int by_rule(const struct zone *z, int64_t at)
{
    int64_t begin, end, year = 1970 + at / 31556952 - (at < 0);
    int offset = z->standard;

    if (!z->summer)
        return offset;
    for (int64_t y = year - 1; y <= year + 1; y++) { /* the year by the average is off by one at most */
        begin = turn_at(&z->begin, y) - z->standard;
        end = turn_at(&z->end, y) - z->dst;
        if (begin < end ? at >= begin && at < end
                        : at >= begin && at < turn_at(&z->end, y + 1) - z->dst)
            offset = z->dst;
    }
    return offset;
}

/* ---- the file ---- */

static int64_t big_endian(const char *p, size_t n)
{
    uint64_t v = (unsigned char)p[0] & 0x80 ? ~UINT64_C(0) : 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return (int64_t)v;
}

struct header {
    size_t isut, isstd, leap, times, types, chars;
};

/* The counts behind the magic; the length of the block's data with times of `wide` bytes. */
static bool read_header(struct slice s, size_t wide, struct header *h, size_t *length)
{
    size_t *const to[] = { &h->isut, &h->isstd, &h->leap, &h->times, &h->types, &h->chars };

    if (s.len < 44 || !slice_starts(s, S("TZif")))
        return false;
    for (size_t i = 0; i < 6; i++) {
        int64_t n = big_endian(s.ptr + 20 + i * 4, 4);
        if (n < 0 || n > 65536)
            return false;
        *to[i] = (size_t)n;
    }
    *length = h->times * (wide + 1) + h->types * 6 + h->chars + h->leap * (wide + 4) + h->isstd +
              h->isut;
    return h->types > 0 && h->types <= 256 && h->times <= TRANSITIONS_MAX && s.len - 44 >= *length;
}

static bool read_times(struct arena *arena, struct slice data, const struct header *h,
                       struct zone *z)
{
    int64_t *at = ARENA_ARRAY(arena, int64_t, h->times);
    int *offset = ARENA_ARRAY(arena, int, h->times);
    const char *index = data.ptr + h->times * 8, *types = index + h->times;

    if (!at || !offset)
        return false;
    for (size_t i = 0; i < h->times; i++) {
        size_t type = (unsigned char)index[i];
        at[i] = big_endian(data.ptr + i * 8, 8);
        if (type >= h->types || (i && at[i] <= at[i - 1]))
            return false;
        offset[i] = (int)big_endian(types + type * 6, 4);
        if (offset[i] < -DAY || offset[i] > DAY)
            return false;
    }
    z->before = (int)big_endian(types, 4);
    z->at = at;
    z->offset = offset;
    z->count = h->times;
    return z->before >= -DAY && z->before <= DAY;
}

const struct zone *zone_load(struct arena *arena, struct slice tzif)
{
    struct header h;
    size_t length;
    struct zone *z = ARENA_NEW(arena, struct zone);
    struct slice s, rule;

    /* Version 2 and later: a block with times of 32 bits, then one with 64, then the rule. */
    if (!z || !read_header(tzif, 4, &h, &length) || tzif.ptr[4] < '2')
        return NULL;
    s = slice_from_at(tzif, 44 + length);
    if (!read_header(s, 8, &h, &length) || !read_times(arena, slice_from_at(s, 44), &h, z))
        return NULL;
    rule = slice_trim(slice_from_at(s, 44 + length));
    z->rule = rule.len != 0;
    return !z->rule || read_rule(rule, z) ? z : NULL;
}

int zone_offset(const struct zone *z, int64_t at)
{
    size_t low = 0, high = z->count; /* transitions before low are at or before `at` */

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (z->at[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->count && z->rule)
        return by_rule(z, at);
    return low ? z->offset[low - 1] : z->before;
}

int64_t zone_moment(const struct zone *z, int64_t local, bool *twice)
{
    int before = zone_offset(z, local - DAY), after = zone_offset(z, local + DAY);
    bool early = zone_offset(z, local - before) == before;
    bool late = zone_offset(z, local - after) == after;

    if (twice)
        *twice = early && late && before != after;
    return early || !late ? local - before : local - after;
}
