/* wipe.h: zero a secret so that the compiler can't leave it out. */
#ifndef CORE_BASE_WIPE_H
#define CORE_BASE_WIPE_H

#include <stddef.h>
#include <string.h>

static inline void wipe(void *at, size_t len)
{
    if (len)
        memset(at, 0, len);
    __asm__ __volatile__("" : : "r"(at) : "memory"); /* it may be read: so it must be zero */
}

#endif
