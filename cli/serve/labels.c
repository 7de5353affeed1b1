#include "cli/serve/labels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct label {
    char text[LABELS_TEXT_MAX];
    size_t len;
};

struct labels {
    pthread_mutex_t lock; /* of adding */
    unsigned max;
    size_t mask;             /* of slots: a power of two, at least twice max */
    _Atomic unsigned count;  /* what lies below is written once, before it counts */
    _Atomic unsigned *slots; /* number + 1; 0: free */
    struct label *list;
};

struct labels *labels_open(unsigned max)
{
    struct labels *l = calloc(1, sizeof(*l));
    size_t slots = 4;

    while (slots < 2 * (size_t)max)
        slots *= 2;
    if (!l)
        return NULL;
    l->max = max;
    l->mask = slots - 1;
    l->slots = calloc(slots, sizeof(*l->slots));
    l->list = calloc(max, sizeof(*l->list));
    if (!l->slots || !l->list) {
        free(l->slots);
        free(l->list);
        free(l);
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void labels_close(struct labels *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l->slots);
    free(l->list);
    free(l);
}

/* The number of text, or max and the free slot where it would be. */
static unsigned look(struct labels *l, struct slice text, size_t *slot)
{
    unsigned number;

    *slot = (size_t)slice_hash(text, 0) & l->mask;
    while ((number = atomic_load_explicit(&l->slots[*slot], memory_order_acquire)) != 0) {
        const struct label *have = &l->list[number - 1];
        if (slice_eq((struct slice){ have->text, have->len }, text))
            return number - 1;
        *slot = (*slot + 1) & l->mask;
    }
    return l->max;
}

static unsigned add(struct labels *l, struct slice text)
{
    unsigned number = atomic_load_explicit(&l->count, memory_order_relaxed);
    size_t slot;
    unsigned there = look(l, text, &slot); /* another thread may have been faster */

    if (there != l->max || number == l->max)
        return there;
    if (text.len)
        memcpy(l->list[number].text, text.ptr, text.len);
    l->list[number].len = text.len;
    atomic_store_explicit(&l->slots[slot], number + 1, memory_order_release);
    atomic_store_explicit(&l->count, number + 1, memory_order_release);
    return number;
}

unsigned labels_find(struct labels *l, struct slice text)
{
    size_t slot;
    unsigned number;

    if (text.len > LABELS_TEXT_MAX)
        return l->max;
    number = look(l, text, &slot);
    if (number != l->max || atomic_load_explicit(&l->count, memory_order_relaxed) == l->max)
        return number;
    pthread_mutex_lock(&l->lock);
    number = add(l, text);
    pthread_mutex_unlock(&l->lock);
    return number;
}

unsigned labels_count(const struct labels *l)
{
    return atomic_load_explicit(&l->count, memory_order_acquire);
}

unsigned labels_nth(const struct labels *l, unsigned i, unsigned count)
{
    return i < count ? i : l->max;
}

struct slice labels_text(const struct labels *l, unsigned number)
{
    if (number >= l->max)
        return S("(other)");
    return (struct slice){ l->list[number].text, l->list[number].len };
}
