/* bucket.h: token buckets for many callers in a fixed piece of memory.
 *
 * Each key may spend `per_second` tokens a second and save up BUCKET_SECONDS' worth.  When more keys
 * come than there is room for, the one that was quiet longest in its row begins anew with a full
 * bucket: the table never refuses somebody for what others did.  One thread at a time. */
#ifndef CORE_GUARD_BUCKET_H
#define CORE_GUARD_BUCKET_H

#include <stddef.h>
#include <stdint.h>

#define BUCKET_SECONDS 10
#define BUCKET_WAYS 8

struct bucket {
    uint64_t key;
    int64_t at;    /* when `milli` was counted; 0: the slot is free */
    int64_t milli; /* thousandths of a token */
};

struct buckets {
    struct bucket *slots; /* rows * BUCKET_WAYS, zeroed; the caller's */
    size_t rows;          /* a power of two */
};

/* Spend one token of the key.  0: it was there; else after how many seconds (1 or more) there will
 * be one.  now_ms: a clock that never goes back, above 0.  per_second is above 0. */
int64_t bucket_take(struct buckets *b, uint64_t key, int64_t per_second, int64_t now_ms);

#endif
