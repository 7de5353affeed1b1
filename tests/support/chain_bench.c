#include "tests/support/chain_bench.h"

#include <assert.h>

#include "tests/support/case_file.h"

#define PLENTY (64u << 20)

static const struct rates *load_rates(struct chain_bench *b)
{
    struct source *source;
    struct diags diags = { .arena = &b->rates };

    arena_init(&b->rates, 8u << 20);
    source = ARENA_NEW(&b->rates, struct source);
    assert(source);
    source->name = S("rates.yaml");
    assert(case_file_slurp(&b->rates, "mappings/rates.yaml", &source->text));
    return rates_load(&b->rates, source, &diags);
}

void chain_bench_open(struct chain_bench *b)
{
    *b = (struct chain_bench){ .translator.hasher = identity_hasher_new() };
    b->translator.rates = load_rates(b);
    assert(b->translator.hasher && b->translator.rates);
    mapping_bench_open(&b->files, NULL, 0);
    b->world = (struct chain_world){ .translator = &b->translator, .now = CHAIN_BENCH_NOW };
}

void chain_bench_close(struct chain_bench *b)
{
    arena_free(&b->arena);
    arena_free(&b->rates);
    mapping_bench_close(&b->files);
    identity_hasher_free(b->translator.hasher);
}

static const struct offer *load_offer(struct chain_bench *b, const char *name)
{
    struct slice path = arena_printf(&b->files.arena, "examples/offers/%s.yaml", name), text;
    const struct offer *offer;

    assert(case_file_slurp(&b->files.arena, path.ptr, &text));
    offer = mapping_bench_load(&b->files, name, text);
    assert(offer);
    return offer;
}

struct chain *chain_bench_load(struct chain_bench *b, struct slice text, const char *offer)
{
    struct chain_loader loader;
    struct source *source;

    mapping_bench_close(&b->files);
    mapping_bench_open(&b->files, NULL, 0);
    loader = (struct chain_loader){ &b->files.arena, &b->files.diags, trackers };
    source = ARENA_NEW(&b->files.arena, struct source);
    assert(source);
    *source = (struct source){ SLICE("c.yaml"), text };
    b->world.offer = offer ? load_offer(b, offer) : NULL;
    return chain_load(&loader, source);
}

int chain_bench_walk(struct chain_bench *b, const struct chain *chain, size_t limit,
                     struct chain_result *out, struct err *err)
{
    arena_free(&b->arena);
    arena_init(&b->arena, limit ? limit : PLENTY);
    return chain_walk(chain, &b->world, NULL, 0, &b->arena, out, err);
}
