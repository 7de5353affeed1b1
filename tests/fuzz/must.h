/* must.h: what fuzzers demand; unlike assert it says what failed, on every build. */
#ifndef TESTS_FUZZ_MUST_H
#define TESTS_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(x)                                                        \
    do {                                                               \
        if (!(x)) {                                                    \
            fprintf(stderr, "%s:%d: MUST(%s)\n", __FILE__, __LINE__, #x); \
            abort();                                                   \
        }                                                              \
    } while (0)

#endif
