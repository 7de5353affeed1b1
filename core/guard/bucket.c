#include "core/guard/bucket.h"

#define TOKEN 1000

static struct bucket *find(struct buckets *b, uint64_t key, int64_t full, int64_t now_ms)
{
    struct bucket *row = &b->slots[(key & (b->rows - 1)) * BUCKET_WAYS], *quiet = row;

    for (size_t i = 0; i < BUCKET_WAYS; i++) {
        if (row[i].at && row[i].key == key)
            return &row[i];
        if (row[i].at < quiet->at)
            quiet = &row[i];
    }
    *quiet = (struct bucket){ key, now_ms, full };
    return quiet;
}

int64_t bucket_take(struct buckets *b, uint64_t key, int64_t per_second, int64_t now_ms)
{
    int64_t full = per_second * BUCKET_SECONDS * TOKEN;
    struct bucket *at = find(b, key, full, now_ms);
    int64_t passed = now_ms - at->at;

    /* what comes in a millisecond is per_second thousandths of a token */
    if (passed >= BUCKET_SECONDS * 1000)
        at->milli = full;
    else if (passed > 0)
        at->milli += passed * per_second;
    if (at->milli > full) /* also after the rate was lowered */
        at->milli = full;
    if (passed > 0)
        at->at = now_ms;
    if (at->milli < TOKEN)
        return 1 + (TOKEN - at->milli - 1) / (per_second * 1000);
    at->milli -= TOKEN;
    return 0;
}
