/* mapping_bench.h: mapping files from memory, and the shipped ones, loaded as a program would. */
#ifndef TESTS_SUPPORT_MAPPING_BENCH_H
#define TESTS_SUPPORT_MAPPING_BENCH_H

#include "core/mapping/mapping.h"

struct bench_file {
    const char *name, *text;
};

struct mapping_bench {
    struct arena arena;
    struct diags diags;
    struct mapping_loader loader;
    const struct bench_file *files; /* what `extends` finds first, ended by a NULL name; or NULL */
    struct buf text;
};

/* limit: of the arena; 0 for plenty. */
void mapping_bench_open(struct mapping_bench *b, const struct bench_file *files, size_t limit);
void mapping_bench_close(struct mapping_bench *b);

struct offer *mapping_bench_load(struct mapping_bench *b, const char *name, struct slice text);
int mapping_bench_check(struct mapping_bench *b, const char *name, struct slice text);

/* A line per problem: "o.yaml:3:1 error M001 text | hint".  Valid until the next call. */
const char *mapping_bench_problems(struct mapping_bench *b);

#endif
