#include "adapters/store/tally.h"

#include <stdio.h>

int store_tally_bucket(int64_t ms)
{
    static const int64_t most[] = TALLY_LATENCY_MS;
    int i = 0;

    while (i < TALLY_LATENCY_BUCKETS - 1 && ms > most[i])
        i++;
    return i;
}

int store_tally_currency(struct slice currency)
{
    if (currency.len != 3)
        return 0;
    return (unsigned char)currency.ptr[0] << 16 | (unsigned char)currency.ptr[1] << 8 |
           (unsigned char)currency.ptr[2];
}

void store_tally_currency_name(int slot, char out[4])
{
    snprintf(out, 4, "%c%c%c", (char)(slot >> 16), (char)(slot >> 8), (char)slot);
}

int64_t store_tally_hour(int64_t seconds)
{
    int64_t rest = seconds % 3600;

    return seconds - (rest < 0 ? rest + 3600 : rest);
}

size_t store_tally_codes(struct slice warnings, struct slice codes[STORE_TALLY_CODES])
{
    struct slice line, code, rest;
    size_t count = 0, i;

    while (count < STORE_TALLY_CODES && slice_next(&warnings, '\n', &line)) {
        slice_cut(line, ' ', &code, &rest);
        if (code.len != 4 || code.ptr[0] != 'W') /* what it was before a replay stands there, too */
            continue;
        for (i = 0; i < count && !slice_eq(codes[i], code); i++)
            ;
        if (i == count)
            codes[count++] = code;
    }
    return count;
}

void store_tally_answer(const struct store_attempt *a, char out[32])
{
    if (a->code >= 0)
        snprintf(out, 32, "%lld", (long long)a->code);
    else if (a->http_status)
        snprintf(out, 32, "http %d", a->http_status);
    else
        snprintf(out, 32, "none");
}
