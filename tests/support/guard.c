#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "tests/support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t readable(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (len / page + 1) * page; /* never 0, so that there is a place to point at */
}

struct slice guard_copy(struct slice s)
{
    size_t size = readable(s.len), page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *copy;

    if (map == MAP_FAILED || mprotect(map + size, page, PROT_NONE) != 0) {
        perror("guard_copy");
        abort();
    }
    copy = map + size - s.len;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct slice){ copy, s.len };
}

void guard_free(struct slice copy)
{
    size_t size = readable(copy.len), page = (size_t)sysconf(_SC_PAGESIZE);
    union {
        const char *read;
        char *write;
    } at = { .read = copy.ptr + copy.len - size };

    munmap(at.write, size + page);
}
