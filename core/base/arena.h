/* arena.h: memory with one lifetime (a request, a configuration).  Nothing in it is freed by hand.
 * An arena has a limit; when it is reached, or malloc fails, allocations give NULL and `full`
 * stays set until the reset: callers may allocate freely and check once. */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stdarg.h>

#include "core/base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *head;
    size_t used, limit;
    bool full;
};

/* limit in bytes; memory is taken in chunks as needed, so a large limit costs nothing. */
void arena_init(struct arena *a, size_t limit);
void arena_free(struct arena *a);  /* accepts one that was only zeroed; may be used again */
void arena_reset(struct arena *a); /* forget everything, keep the first chunk */
void arena_wipe(struct arena *a);  /* the same, with everything zeroed first */

/* Forget what was allocated since the mark, and that the arena got full since. */
struct arena_mark {
    struct arena_chunk *head;
    size_t chunk_used, used;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_back(struct arena *a, struct arena_mark mark);

/* Called when malloc gave nothing, before the caller hears of it as above.  This one does nothing: a
 * program may define its own, and end there.  What core/ takes by itself is told of here as well. */
void memory_ran_out(void);

/* size zeroed bytes, aligned for any type; NULL when full.  Size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), sizeof(type), (n)))
void *arena_array(struct arena *a, size_t size, size_t n);

/* A copy of s; the empty slice when full.  The copy is followed by a NUL that len does not count.
 */
struct slice arena_dup(struct arena *a, struct slice s);

/* The same as a C string; "" when full (the bytes of s must hold no NUL). */
const char *arena_cstr(struct arena *a, struct slice s);

struct slice arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct slice arena_vprintf(struct arena *a, const char *fmt, va_list ap);

#endif
