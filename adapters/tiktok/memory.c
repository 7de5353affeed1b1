#include "adapters/tiktok/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/wipe.h"

/* The size stands before the block. */
struct head {
    alignas(max_align_t) size_t size;
};

static struct head *head_of(void *block)
{
    return (struct head *)block - 1;
}

void *memory_new(size_t size)
{
    struct head *h = size <= SIZE_MAX - sizeof(*h) ? malloc(sizeof(*h) + size) : NULL;

    if (!h)
        return NULL;
    h->size = size;
    return h + 1;
}

void memory_free(void *block)
{
    if (!block)
        return;
    wipe(block, head_of(block)->size);
    free(head_of(block));
}

/* realloc would leave the old bytes where they were. */
void *memory_resize(void *block, size_t size)
{
    size_t had = block ? head_of(block)->size : 0;
    void *more;

    if (block && size <= had && size >= had / 2) {
        wipe((char *)block + size, had - size);
        head_of(block)->size = size;
        return block;
    }
    more = memory_new(size);
    if (!more)
        return NULL;
    if (had)
        memcpy(more, block, had < size ? had : size);
    memory_free(block);
    return more;
}

char *memory_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_new(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

void *memory_zeroed(size_t count, size_t size)
{
    void *block = size && count > SIZE_MAX / size ? NULL : memory_new(count * size);

    return block ? memset(block, 0, count * size) : NULL;
}
