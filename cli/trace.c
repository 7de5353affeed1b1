#include <stdio.h>

#include "adapters/store/spill.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/hops.h"
#include "cli/options.h"
#include "cli/serve/record.h"
#include "cli/stores.h"
#include "cli/story/story.h"
#include "core/base/when.h"

#define STORY_BYTES ((size_t)512 << 20)

struct options {
    const char *config;
    bool json;
};

static const struct verb_usage usage = {
    .synopsis = "trace ID [-c FILE] [--json]",
    .about = "Tells the whole story of a conversion: its click, each postback with its verdict and the rule\n"
             "that decided, the events, every attempt and TikTok's answer. ID is a click id, an event id, a\n"
             "ttclid (also its first 16 characters or more), a transaction id or an order id. Reads the\n"
             "store beside a running server. Gives 1 when nothing has that id, and says what that means.",
    .examples = "  clickbaton trace 2t4ch5\n"
                "  clickbaton trace E.C.P.v3fQ2RHacd\n"
                "  clickbaton trace ORDER-1007 --json",
};

static int tell(const struct options *o, const struct story_in *in, struct slice id)
{
    struct story story;
    struct buf out = { 0 };
    struct err err = { 0 };
    int found = story_find(in, id, &story, &err), code;

    if (found < 0) {
        fprintf(stderr, "clickbaton trace: %s\n", err.text);
        return EXIT_IO;
    }
    if (o->json) {
        story_json(&out, &story);
        buf_byte(&out, '\n');
    } else {
        story_print(&out, &story, hops_colour());
    }
    code = end_print("trace", &out, found ? EXIT_DONE : EXIT_NO);
    buf_free(&out);
    return code;
}

/* What this server has kept while the database was away is in no store yet. */
static void tell_spill(const struct catalog *c, struct arena *arena, struct slice id)
{
    struct err err = { 0 };
    struct buf when = { 0 };
    int64_t count, first;

    id = record_id(c->translator.hasher, arena, slice_trim(id));
    if (spill_find(c->data, id, &count, &first, &err) < 0)
        fprintf(stderr, "clickbaton trace: %s\n", err.text);
    if (!count)
        return;
    when_print(&when, first / 1000);
    fprintf(stderr, "clickbaton trace: %lld with this id wait in %s/spill.db since %.*s (W098): the server hands them on when the database "
            "is %s, and only then they are decided\n", (long long)count, c->data, SLICE_ARG(buf_slice(&when)),
            stores_is_remote(c) ? "back" : "`store:` again for which they were taken");
    buf_free(&when);
}

static int trace(const struct options *o, struct catalog *c, struct slice id)
{
    struct err err = { 0 };
    struct arena arena;
    struct story_in in = { .catalog = c, .arena = &arena, .now = cli_now(),
                           .hasher = c->translator.hasher };
    int code = EXIT_IO;

    arena_init(&arena, STORY_BYTES);
    tell_spill(c, &arena, id);
    in.store = stores_open(c, false, &err);
    if (in.store)
        code = tell(o, &in, id);
    else
        fprintf(stderr, "clickbaton trace: %s\n", err.text);
    store_close(in.store);
    arena_free(&arena);
    return code;
}

int cli_trace(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml" };
    const struct option_row rows[] = {
        OPTION_CONFIG(&o.config),
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "for programs" },
        { 0 },
    };
    struct catalog *c;
    const char *id;
    int code;

    if (options_parse(argc, argv, rows, &usage, &id, 1, 1, &code) < 0)
        return code;
    if (slice_trim(slice_from(id)).len == 0)
        return options_misuse(argv[0], "the id is empty");
    c = catalog_sound(o.config, true, &code);
    if (c)
        code = trace(&o, c, slice_from(id));
    catalog_close(c);
    return code;
}
