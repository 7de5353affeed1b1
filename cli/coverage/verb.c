/* verb.c: `clickbaton coverage`. */
#include <stdio.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/coverage/coverage.h"
#include "cli/end.h"
#include "cli/options.h"
#include "cli/stores.h"
#include "core/base/when.h"

#define ARENA_BYTES ((size_t)16 << 20)

struct options {
    const char *config, *since, *offer;
    bool json;
};

static const struct verb_usage usage = {
    .synopsis = "coverage [-c FILE] [--since 7d] [--offer O] [--json]",
    .about = "Which share of the stored events has each match key, a value, and the event_id of a\n"
             "registered click, per offer and event, with an estimate of our own and what to add\n"
             "first. Reads the store beside a running server. Gives 1 when there is no event.",
    .examples = "  clickbaton coverage\n"
                "  clickbaton coverage --since 24h --offer nutra-de",
};

static int report(const struct options *o, const struct catalog *from, int64_t age)
{
    struct err err = { 0 };
    struct arena arena;
    struct coverage c = { .arena = &arena, .only = slice_from(o->offer) };
    struct store *store = stores_open(from, false, &err);
    struct buf out = { 0 };
    int code = EXIT_IO;

    arena_init(&arena, ARENA_BYTES);
    c.now = cli_now();
    c.since = c.now - age;
    if (!store || coverage_gather(&c, store, &err) != 0) {
        fprintf(stderr, "clickbaton coverage: %s\n", err.text);
    } else {
        (o->json ? coverage_json : coverage_show)(&out, &c);
        code = end_print("coverage", &out, c.events ? EXIT_DONE : EXIT_NO);
    }
    buf_free(&out);
    store_close(store);
    arena_free(&arena);
    return code;
}

int cli_coverage(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml", .since = "7d" };
    const struct option_row rows[] = {
        OPTION_CONFIG(&o.config),
        { "--since", NULL, OPTION_TEXT, &o.since, "AGE", "how far back (7d, 36h; 7d)" },
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "for programs" },
        { 0 },
    };
    struct catalog *c;
    int64_t age;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    if (!when_duration_parse(slice_from(o.since), &age))
        return options_misuse(argv[0], "--since takes an age like 7d or 36h, not \"%s\"", o.since);
    c = catalog_sound(o.config, false, &code);
    if (!c)
        return code;
    code = report(&o, c, age);
    if (code == EXIT_NO && o.offer)
        catalog_say_nearest(c, slice_from(o.offer), "coverage");
    catalog_close(c);
    return code;
}
