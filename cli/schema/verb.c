/* verb.c: `clickbaton schema`: what an editor needs to know about our files. */
#include "cli/schema/schema.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/end.h"
#include "cli/config.h"
#include "cli/options.h"
#include "core/chain/chain.h"
#include "core/mapping/mapping.h"
#include "core/rules/rates.h"

static const struct verb_usage usage = {
    .synopsis = "schema [offer|tracker|mapping|chain|rates|models|config]",
    .about =
        "Prints the JSON Schema (draft-07) of a kind of file, or one for all of them. An editor\n"
        "with a YAML language server completes and checks by it: docs/mapping.md tells how.",
    .examples = "  clickbaton schema > schema.json\n  clickbaton schema offer > offer.json",
};

/* Told by a key in this order; a file with none of the keys is taken for the last. */
static const struct schema_kind kinds[] = {
    { "offer", "offer", &mapping_offer_shape },
    { "tracker", "tracker", &mapping_tracker_shape },
    { "chain", "chain", &chain_shape },
    { "rates", "days", &rates_shape },
    { "models", "value_models", &mapping_models_shape },
    { "config", "", &config_shape },
};

static const struct file {
    const char *name, *title;
    size_t first, count; /* of kinds */
} files[] = {
    { "", "a file of clickbaton", 0, 6 },
    { "offer", "clickbaton: an offer mapping", 0, 1 },
    { "tracker", "clickbaton: a tracker mapping", 1, 1 },
    { "mapping", "clickbaton: a mapping", 0, 2 },
    { "chain", "clickbaton: a redirect chain", 2, 1 },
    { "rates", "clickbaton: exchange rates", 3, 1 },
    { "models", "clickbaton: value models", 4, 1 },
    { "config", "clickbaton: the configuration", 5, 1 },
};
#define FILES (sizeof(files) / sizeof(*files))

static const struct slice names[] = { SLICE("offer"),   SLICE("tracker"),
                                      SLICE("mapping"), SLICE("chain"),
                                      SLICE("rates"),   SLICE("models"),
                                      SLICE("config"),  { 0 } };

bool schema_print(struct buf *out, struct arena *arena, const char *name)
{
    for (size_t i = 0; i < FILES; i++) {
        if (!slice_eq(slice_from(files[i].name), slice_from(name)))
            continue;
        schema_write(out, arena, files[i].title, &kinds[files[i].first], files[i].count);
        return true;
    }
    return false;
}

static int misuse(struct arena *arena, const char *name)
{
    struct slice hint = diag_suggest(arena, slice_from(name), names);

    return options_misuse("schema", "there is no schema \"%s\"; %.*s", name, SLICE_ARG(hint));
}

int cli_schema(int argc, char **argv)
{
    static const struct option_row rows[] = { { 0 } };
    const char *args[1] = { "" };
    struct arena arena;
    struct buf out = { 0 };
    int code, n = options_parse(argc, argv, rows, &usage, args, 0, 1, &code);

    if (n < 0)
        return code;
    arena_init(&arena, 4 * 1024 * 1024);
    if ((n && !*args[0]) || !schema_print(&out, &arena, args[0]))
        code = misuse(&arena, args[0]);
    else
        code = end_print("schema", &out, EXIT_DONE);
    buf_free(&out);
    arena_free(&arena);
    return code;
}
