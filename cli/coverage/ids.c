#include "cli/coverage/coverage.h"

#include <stdlib.h>

#define ROOM_FIRST 1024

static uint64_t hash(struct slice offer, struct slice id)
{
    uint64_t h = slice_hash(id, slice_hash(offer, 0));

    return h ? h : 1;
}

/* The slot that holds h, or the free one where it belongs. */
static uint64_t *slot(const struct ids *ids, uint64_t h)
{
    size_t at = (size_t)h & (ids->room - 1);

    while (ids->slots[at] && ids->slots[at] != h)
        at = (at + 1) & (ids->room - 1);
    return &ids->slots[at];
}

static bool grow(struct ids *ids)
{
    struct ids more = { .room = ids->room ? ids->room * 2 : ROOM_FIRST, .count = ids->count };

    more.slots = calloc(more.room, sizeof(*more.slots));
    if (!more.slots)
        return false;
    for (size_t i = 0; i < ids->room; i++)
        if (ids->slots[i])
            *slot(&more, ids->slots[i]) = ids->slots[i];
    free(ids->slots);
    *ids = more;
    return true;
}

bool ids_add(struct ids *ids, struct slice offer, struct slice id)
{
    uint64_t h = hash(offer, id), *at;

    if (ids->count * 2 >= ids->room && !grow(ids))
        return false;
    at = slot(ids, h);
    ids->count += *at == 0;
    *at = h;
    return true;
}

bool ids_has(const struct ids *ids, struct slice offer, struct slice id)
{
    return ids->room && *slot(ids, hash(offer, id)) != 0;
}

void ids_free(struct ids *ids)
{
    free(ids->slots);
    *ids = (struct ids){ 0 };
}
