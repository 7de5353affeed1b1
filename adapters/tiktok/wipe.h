/* wipe.h: zero a secret so that the compiler can't leave it out. */
#ifndef ADAPTERS_TIKTOK_WIPE_H
#define ADAPTERS_TIKTOK_WIPE_H

#include <stddef.h>

static inline void wipe(void *at, size_t len)
{
    volatile unsigned char *p = at;

    while (len--)
        *p++ = 0;
}

#endif
