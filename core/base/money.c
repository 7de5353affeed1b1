#include "core/base/money.h"

__extension__ typedef __int128 int128;

const char *money_result_text(enum money_result r)
{
    static const char *const text[] = {
        [MONEY_OK] = "is an amount",
        [MONEY_ROUNDED] = "has more than six decimals and was rounded",
        [MONEY_EMPTY] = "is empty",
        [MONEY_NEGATIVE] = "is negative",
        [MONEY_EXPONENT] = "is written with an exponent",
        [MONEY_NOT_A_NUMBER] = "is not a number",
        [MONEY_TOO_LARGE] = "is above 1000000000000",
        [MONEY_AMBIGUOUS] = "has two readings; set `decimal: point` or `comma` in the mapping",
    };
    return text[r];
}

void money_print(struct buf *b, struct money m)
{
    /* sign, 13 digits (INT64_MIN too), point, 6 digits: written from the end */
    char text[32], *end = text + sizeof(text), *p = end;
    uint64_t u = m.micros < 0 ? 0 - (uint64_t)m.micros : (uint64_t)m.micros;
    uint64_t units = u / MONEY_SCALE, fraction = u % MONEY_SCALE;

    if (fraction) {
        int places = 6;
        for (; fraction % 10 == 0; fraction /= 10)
            places--;
        for (; places; places--, fraction /= 10)
            *--p = (char)('0' + fraction % 10);
        *--p = '.';
    }
    do {
        *--p = (char)('0' + units % 10);
        units /= 10;
    } while (units);
    if (m.micros < 0)
        *--p = '-';
    buf_add(b, (struct slice){ p, (size_t)(end - p) });
}

/* n / d to the nearest integer, halves to the even one.  d is positive. */
static int128 divide_half_even(int128 n, int128 d)
{
    int128 q = n / d, r = n % d;
    int away = n < 0 ? -1 : 1;

    if (r < 0)
        r = -r;
    if (r > d - r || (r == d - r && q % 2 != 0))
        q += away;
    return q;
}

bool money_scale(struct money m, int64_t num, int64_t den, int decimals, struct money *out)
{
    static const int32_t unit_of[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    const int128 limit = (int128)MONEY_MAX_UNITS * MONEY_SCALE;
    int128 n = (int128)m.micros * num, d = den, scaled;

    if (den == 0 || decimals < 0 || decimals > 6)
        return false;
    if (d < 0) {
        d = -d;
        n = -n;
    }
    /* 2^63 * 2^63 and 2^63 * 10^6 both fit; so does the quotient times the unit it was cut by */
    scaled = divide_half_even(n, d * unit_of[decimals]) * unit_of[decimals];
    if (scaled > limit || scaled < -limit)
        return false;
    out->micros = (int64_t)scaled;
    return true;
}
