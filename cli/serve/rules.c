#include "cli/serve/rules.h"

#include <pthread.h>
#include <stdlib.h>

struct rules_holder {
    pthread_mutex_t lock;
    struct rules *now;
};

static struct rules *wrap(struct rules_holder *h, struct catalog *catalog)
{
    struct rules *r = calloc(1, sizeof(*r));

    if (r)
        *r = (struct rules){ .catalog = catalog, .users = 1, .holder = h };
    return r;
}

struct rules_holder *rules_open(struct catalog *catalog)
{
    struct rules_holder *h = calloc(1, sizeof(*h));

    if (!h || !(h->now = wrap(h, catalog))) {
        free(h);
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

struct rules *rules_get(struct rules_holder *h)
{
    struct rules *r;

    pthread_mutex_lock(&h->lock);
    r = h->now;
    r->users++;
    pthread_mutex_unlock(&h->lock);
    return r;
}

void rules_release(struct rules *r)
{
    bool last;

    if (!r)
        return;
    pthread_mutex_lock(&r->holder->lock);
    last = --r->users == 0;
    pthread_mutex_unlock(&r->holder->lock);
    if (!last)
        return;
    catalog_close(r->catalog);
    free(r);
}

int rules_swap(struct rules_holder *h, struct catalog *catalog)
{
    struct rules *fresh = wrap(h, catalog), *old;

    if (!fresh)
        return -1;
    pthread_mutex_lock(&h->lock);
    old = h->now;
    h->now = fresh;
    pthread_mutex_unlock(&h->lock);
    rules_release(old);
    return 0;
}

void rules_close(struct rules_holder *h)
{
    if (!h)
        return;
    rules_release(h->now);
    pthread_mutex_destroy(&h->lock);
    free(h);
}
