#include "cli/serve/limiter.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "core/guard/bucket.h"

/* 2,048 rows of eight: 16,384 addresses, 384 KB each, of which only what is used gets real. */
#define ROWS 2048

struct limiter {
    struct buckets tables[LIMITER_COUNT];
    uint64_t seed;
};

struct limiter *limiter_open(void)
{
    struct limiter *l = calloc(1, sizeof(*l));

    for (size_t i = 0; l && i < LIMITER_COUNT; i++) {
        l->tables[i].rows = ROWS;
        l->tables[i].slots = calloc(ROWS * BUCKET_WAYS, sizeof(struct bucket));
        if (!l->tables[i].slots) {
            limiter_close(l);
            return NULL;
        }
    }
    if (l && getrandom(&l->seed, sizeof(l->seed), GRND_NONBLOCK) != sizeof(l->seed))
        l->seed = (uint64_t)time(NULL);
    return l;
}

void limiter_close(struct limiter *l)
{
    for (size_t i = 0; l && i < LIMITER_COUNT; i++)
        free(l->tables[i].slots);
    free(l);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1;
}

int64_t limiter_address(struct limiter *l, const struct catalog *c, enum limiter_what what,
                        const struct address *from)
{
    int64_t most = what == LIMITER_CLICKS ? c->limits.clicks_per_address
                                          : c->limits.postbacks_per_address;

    if (most == 0 || networks_hold(&c->proxies, from))
        return 0;
    return bucket_take(&l->tables[what], address_key(from, l->seed), most, now_ms());
}

int64_t limiter_offer(struct limiter *l, const struct catalog *c, struct slice offer)
{
    if (c->limits.postbacks_per_offer == 0)
        return 0;
    return bucket_take(&l->tables[LIMITER_OFFER], slice_hash(offer, l->seed),
                       c->limits.postbacks_per_offer, now_ms());
}
