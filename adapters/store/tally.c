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
