#include "core/base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/wipe.h"

#define CHUNK_SIZE 4048 /* with its head and malloc's own header still one page */
#define CHUNK_GROWN 65536

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

__attribute__((weak)) void memory_ran_out(void)
{
}

void arena_init(struct arena *a, size_t limit)
{
    *a = (struct arena){ .limit = limit };
}

void arena_free(struct arena *a)
{
    while (a->head) {
        struct arena_chunk *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    a->used = 0;
    a->full = false;
}

void arena_reset(struct arena *a)
{
    while (a->head && a->head->next) {
        struct arena_chunk *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    if (a->head)
        a->head->used = 0;
    a->used = 0;
    a->full = false;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){ a->head, a->head ? a->head->used : 0, a->used };
}

void arena_back(struct arena *a, struct arena_mark mark)
{
    while (a->head != mark.head) {
        struct arena_chunk *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    if (a->head)
        a->head->used = mark.chunk_used;
    a->used = mark.used;
    a->full = false;
}

void arena_wipe(struct arena *a)
{
    for (struct arena_chunk *c = a->head; c; c = c->next)
        wipe(c->bytes, c->used);
    arena_reset(a);
}

static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
    size_t usual = a->head ? a->head->size : CHUNK_SIZE / 2;
    struct arena_chunk *c;

    usual = usual < CHUNK_GROWN / 2 ? usual * 2 : CHUNK_GROWN;
    if (size < usual)
        size = usual;
    c = size <= SIZE_MAX - sizeof(*c) ? malloc(sizeof(*c) + size) : NULL;
    if (!c) {
        memory_ran_out();
        return NULL;
    }
    *c = (struct arena_chunk){ .next = a->head, .size = size };
    a->head = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t align = alignof(max_align_t), rounded;
    struct arena_chunk *c = a->head;
    void *p;

    if (a->full || size > a->limit || size > SIZE_MAX - align)
        goto full;
    rounded = (size + align - 1) / align * align;
    if (rounded > a->limit - a->used)
        goto full;
    if (!c || c->size - c->used < rounded)
        c = add_chunk(a, rounded);
    if (!c)
        goto full;
    p = c->bytes + c->used;
    c->used += rounded;
    a->used += rounded;
    return memset(p, 0, size);
full:
    a->full = true;
    return NULL;
}

void *arena_array(struct arena *a, size_t size, size_t n)
{
    if (n && size > SIZE_MAX / n) {
        a->full = true;
        return NULL;
    }
    return arena_alloc(a, size * n);
}

struct slice arena_dup(struct arena *a, struct slice s)
{
    char *p = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;

    if (!p)
        return (struct slice){ 0 };
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return (struct slice){ p, s.len };
}

const char *arena_cstr(struct arena *a, struct slice s)
{
    struct slice copy = arena_dup(a, s);

    return copy.ptr ? copy.ptr : "";
}

struct slice arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    char *p;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0 || !(p = arena_alloc(a, (size_t)n + 1)))
        return (struct slice){ 0 };
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return (struct slice){ p, (size_t)n };
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
    struct slice s;
    va_list ap;

    va_start(ap, fmt);
    s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}
