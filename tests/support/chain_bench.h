/* chain_bench.h: chain files from memory with the shipped offers, loaded and walked. */
#ifndef TESTS_SUPPORT_CHAIN_BENCH_H
#define TESTS_SUPPORT_CHAIN_BENCH_H

#include "core/chain/chain.h"
#include "tests/support/mapping_bench.h"

#define CHAIN_BENCH_NOW 1790000000

struct chain_bench {
    struct mapping_bench files; /* holds what is loaded, and its problems */
    struct arena rates, arena;  /* arena: of the last walk */
    struct translator translator;
    struct chain_world world; /* offer: that of the last load */
};

void chain_bench_open(struct chain_bench *b);
void chain_bench_close(struct chain_bench *b);

/* Forget what was loaded and load this; NULL: see mapping_bench_problems(&b->files).  offer: a file
 * in examples/offers without ".yaml"; NULL: none. */
struct chain *chain_bench_load(struct chain_bench *b, struct slice text, const char *offer);

/* Walk it; limit: of the arena, 0 for plenty.  What chain_walk gives. */
int chain_bench_walk(struct chain_bench *b, const struct chain *chain, size_t limit,
                     struct chain_result *out, struct err *err);

#endif
