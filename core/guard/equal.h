/* equal.h: comparing what an attacker may guess. */
#ifndef CORE_GUARD_EQUAL_H
#define CORE_GUARD_EQUAL_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the same time whatever stands in the two, which have n bytes each. */
static inline bool equal_bytes(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char differs = 0;

    for (size_t i = 0; i < n; i++)
        differs |= (unsigned char)(x[i] ^ y[i]);
    return differs == 0;
}

#endif
