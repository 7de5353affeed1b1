/* bench_translate.c: what one translation costs, one thread, from the raw query to the JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/translate/translate.h"

struct bench {
    struct arena rules;
    struct diags diags;
    struct offer *offer;
    struct translator translator;
};

static char *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(1 << 20);

    if (!f || !text) {
        fprintf(stderr, "%s: can't be read\n", path);
        exit(1);
    }
    *len = fread(text, 1, 1 << 20, f);
    fclose(f);
    return text;
}

static int find(void *context, struct arena *arena, struct slice name, struct slice from,
                struct source *source, struct slice *where)
{
    size_t len;

    (void)context, (void)from, (void)where;
    source->name = arena_printf(arena, "mappings/%.*s.yaml", SLICE_ARG(name));
    source->text.ptr = slurp(source->name.ptr, &len);
    source->text.len = len;
    return 0;
}

static void load(struct bench *b, struct source *source, struct source *rates)
{
    struct mapping_loader loader = { &b->rules, &b->diags, trackers, { NULL, find } };

    arena_init(&b->rules, 64 << 20);
    b->diags.arena = &b->rules;
    source->name = S("examples/offers/nutra-de.yaml");
    source->text.ptr = slurp(source->name.ptr, &source->text.len);
    rates->name = S("mappings/rates.yaml");
    rates->text.ptr = slurp(rates->name.ptr, &rates->text.len);
    b->offer = mapping_load_offer(&loader, source);
    b->translator.rates = rates_load(&b->rules, rates, &b->diags);
    b->translator.hasher = identity_hasher_new();
    if (!b->offer || !b->translator.rates || !b->translator.hasher) {
        fprintf(stderr, "the example does not load\n");
        exit(1);
    }
}

/* A postback as Keitaro sends it: 9 parameters, a ttclid of 309 characters, three match keys
 * hashed. */
static struct slice query(int n)
{
    static char text[1024];
    char clid[310];
    int len;

    for (int i = 0; i < 309; i++)
        clid[i] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(i * 7 + n) % 64];
    clid[309] = '\0';
    len = snprintf(text, sizeof(text),
                   "subid=%013d&external_id=%s&status=sale&payout=12.50&currency=usd&tid=%d"
                   "&email=alice%d%%40example.com&consent=1&ip=198.51.100.7", n, clid, n, n);
    return (struct slice){ text, (size_t)len };
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t one(struct bench *b, struct arena *arena, struct slice raw)
{
    struct translation t = { .notes.arena = arena, .arena = arena };
    struct params p = { .arena = arena, .notes = &t.notes };
    struct err err;

    if (params_query(&p, raw, &err) != 0 || translate_read(b->offer, &p, arena, &t, &err) != 0 ||
        translate_finish(&b->translator, b->offer, &p, NULL, 1790000000, &t, &err) != 0 ||
        t.verdict != VERDICT_QUEUED) {
        fprintf(stderr, "not translated: %.*s\n", SLICE_ARG(t.reason));
        exit(1);
    }
    return t.events[0].body.len;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 200000, runs = 5;
    struct bench b = { 0 };
    struct source source, rates;
    struct arena arena;
    double best = 1e9, building = 0, start;
    size_t bytes = 0;

    load(&b, &source, &rates);
    arena_init(&arena, 1 << 20);
    start = seconds();
    for (int i = 0; i < rounds; i++)
        bytes += query(i).len;
    building = (seconds() - start) / rounds;
    for (int r = 0; r < runs; r++) {
        start = seconds();
        for (int i = 0; i < rounds; i++) {
            arena_reset(&arena);
            bytes += one(&b, &arena, query(i));
        }
        double each = (seconds() - start) / rounds - building;
        best = each < best ? each : best;
    }
    printf("translate_us %.2f\n", best * 1e6);
    arena_free(&arena);
    return bytes == 0;
}
