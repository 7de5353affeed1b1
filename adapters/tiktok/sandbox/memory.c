#include "adapters/tiktok/sandbox/memory.h"

#include <stdlib.h>

#define PLACES_FIRST 1024
#define CAP_MAX (UINT32_C(1) << 30)
#define FORGOTTEN UINT64_MAX

struct memory_entry {
    struct memory_key key;
    int64_t at;
    uint64_t record; /* or FORGOTTEN: counted again since, a younger entry has its key */
};

struct memory_key sandbox_memory_key(struct slice source_id, struct slice event,
                                     struct slice event_id)
{
    uint64_t a = slice_hash(event_id, slice_hash(event, slice_hash(source_id, 1)));
    uint64_t b = slice_hash(event_id, slice_hash(event, slice_hash(source_id, 2)));

    return (struct memory_key){ a, b };
}

void sandbox_memory_init(struct sandbox_memory *m, size_t cap)
{
    *m = (struct sandbox_memory){ .cap = cap > CAP_MAX ? CAP_MAX : cap };
}

void sandbox_memory_free(struct sandbox_memory *m)
{
    free(m->ring);
    free(m->slots);
    sandbox_memory_init(m, m->cap);
}

static struct memory_entry *entry(const struct sandbox_memory *m, uint64_t number)
{
    return &m->ring[number & m->mask];
}

static uint64_t slot_mask(const struct sandbox_memory *m)
{
    return m->mask * 2 + 1;
}

/* The slot of key, or the free one where it belongs. */
static uint64_t find(const struct sandbox_memory *m, struct memory_key key)
{
    uint64_t i = key.a & slot_mask(m);

    while (m->slots[i]) {
        const struct memory_entry *e = &m->ring[m->slots[i] - 1];
        if (e->key.a == key.a && e->key.b == key.b)
            break;
        i = (i + 1) & slot_mask(m);
    }
    return i;
}

/* Empty slot i and move back what had to go past it. */
static void release(struct sandbox_memory *m, uint64_t i)
{
    uint64_t mask = slot_mask(m);

    for (uint64_t j = (i + 1) & mask; m->slots[j]; j = (j + 1) & mask) {
        uint64_t home = m->ring[m->slots[j] - 1].key.a & mask;
        if (((j - home) & mask) >= ((j - i) & mask)) {
            m->slots[i] = m->slots[j];
            i = j;
        }
    }
    m->slots[i] = 0;
}

static void forget_first(struct sandbox_memory *m)
{
    struct memory_entry *e = entry(m, m->first);

    if (e->record != FORGOTTEN)
        release(m, find(m, e->key));
    m->first++;
}

static bool grow(struct sandbox_memory *m)
{
    struct sandbox_memory old = *m;
    uint64_t places = old.ring ? (old.mask + 1) * 2 : PLACES_FIRST;

    m->ring = calloc(places, sizeof(*m->ring));
    m->slots = calloc(places * 2, sizeof(*m->slots));
    if (!m->ring || !m->slots) {
        free(m->ring);
        free(m->slots);
        *m = old;
        return false;
    }
    m->mask = places - 1;
    for (uint64_t n = old.first; n < old.next; n++) {
        const struct memory_entry *e = entry(&old, n);
        *entry(m, n) = *e;
        if (e->record != FORGOTTEN)
            m->slots[find(m, e->key)] = (uint32_t)(n & m->mask) + 1;
    }
    free(old.ring);
    free(old.slots);
    return true;
}

enum memory_verdict sandbox_memory_see(struct sandbox_memory *m, struct memory_key key, int64_t now,
                                       uint64_t record, uint64_t *first)
{
    uint64_t slot;

    while (m->first < m->next &&
           (m->next - m->first >= m->cap || now - entry(m, m->first)->at > MEMORY_KEEP_SECONDS))
        forget_first(m);
    if ((!m->ring || m->next - m->first > m->mask) && !grow(m))
        return MEMORY_FAILED;
    slot = find(m, key);
    if (m->slots[slot]) {
        struct memory_entry *e = &m->ring[m->slots[slot] - 1];
        int64_t age = now - e->at;
        if (age <= MEMORY_KEEP_SECONDS) {
            *first = e->record;
            return age <= MEMORY_MERGE_SECONDS ? MEMORY_MERGE : MEMORY_DROP;
        }
        e->record = FORGOTTEN; /* a clock that went back left a younger one in front of it */
    }
    *entry(m, m->next) = (struct memory_entry){ key, now, record };
    m->slots[slot] = (uint32_t)(m->next & m->mask) + 1;
    m->next++;
    return MEMORY_NEW;
}
