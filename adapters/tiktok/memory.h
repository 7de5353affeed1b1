/* memory.h: what libcurl allocates is wiped before it is freed: its copies of a request's head hold
 * the access token. */
#ifndef ADAPTERS_TIKTOK_MEMORY_H
#define ADAPTERS_TIKTOK_MEMORY_H

#include <stddef.h>

/* As malloc, free, realloc, strdup and calloc; only among themselves. */
void *memory_new(size_t size);
void memory_free(void *block);
void *memory_resize(void *block, size_t size);
char *memory_text(const char *text);
void *memory_zeroed(size_t count, size_t size);

#endif
