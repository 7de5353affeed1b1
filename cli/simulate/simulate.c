/* simulate.c: `clickbaton simulate`: a chain, hop by hop, to the event. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/hops.h"
#include "cli/options.h"
#include "cli/show.h"
#include "cli/simulate/matrix.h"
#include "cli/simulate/show.h"
#include "cli/walks/walks.h"

#define AT_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define NOT_SAID INT64_MIN

static const struct verb_usage usage = {
    .synopsis = "simulate CHAIN-FILE [--live | --matrix] [--keep] [--json] [-c FILE]",
    .about =
        "Walks a redirect chain from the ad to the event and shows at which hop ttclid, click_id\n"
        "or event_id get lost, and what to change there. Nothing leaves this machine.",
    .examples = "  clickbaton simulate chains/keitaro.yaml\n"
                "  clickbaton simulate chains/keitaro.yaml --matrix",
};

static int show(const struct walk_shown *w, bool json)
{
    struct buf out = { 0 };
    bool written;

    if (json)
        walk_json(&out, w);
    else
        walk_table(&out, w);
    written = hops_print("simulate", &out);
    buf_free(&out);
    return !written ? EXIT_IO : walk_is_kept(w) ? EXIT_DONE : EXIT_NO;
}

static void complain(const struct err *err)
{
    struct buf b = { 0 };

    show_safe(&b, slice_from(err->text));
    fprintf(stderr, "clickbaton simulate: %.*s\n", SLICE_ARG(buf_slice(&b)));
    buf_free(&b);
}

/* Where `trace` finds it; which id to ask for is said on stderr. */
static int keep(const struct rehearsal *run, const struct walk_shown *w, struct arena *arena, int code)
{
    const struct catalog *c = run->catalog;
    struct kept_walk kept;
    struct err err = { 0 };
    struct slice id;

    walks_of(w, run->chain->name, cli_now(), arena, &kept);
    if (arena->full)
        err_set(&err, ERR_SYSTEM, "out of memory");
    if (err.text[0] || walks_keep(c->data, &kept, c->keep_clicks, &err) != 0) {
        fprintf(stderr, "clickbaton simulate: --keep: %s\n", err.text);
        return EXIT_IO;
    }
    id = kept.ids[CHAIN_CLICK_ID].len ? kept.ids[CHAIN_CLICK_ID] : slice_head(kept.ids[CHAIN_TTCLID], 20);
    if (id.len) {
        struct buf b = { 0 };
        show_safe(&b, id);
        fprintf(stderr, "kept: clickbaton trace %.*s\n", SLICE_ARG(buf_slice(&b)));
        buf_free(&b);
    }
    return code;
}

static int walk(struct rehearsal *run, bool live, bool kept, bool json)
{
    struct walk_shown w = { .colour = hops_colour() };
    struct chain_result model;
    struct live_result real;
    struct arena arena;
    struct err err = { 0 };
    int code = EXIT_IO;

    arena_init(&arena, 64 * 1024 * 1024);
    if (chain_walk(run->chain, &run->world, NULL, 0, &arena, &model, &err) != 0 ||
        (live && live_run(run, &model, &arena, &real, &err) != 0)) {
        complain(&err);
    } else {
        w.walk = live ? &real.walk : &model;
        w.live = live ? &real : NULL;
        if (w.walk->translated)
            w.refused = rehearsal_check_event(run, &arena, w.walk);
        code = show(&w, json);
        if (kept && code != EXIT_IO)
            code = keep(run, &w, &arena, code);
    }
    arena_free(&arena);
    return code;
}

static int list_failures(void)
{
    static const char *const takes[] = {
        [BREAK_FLAG] = "true",          [BREAK_NAMES] = "[names]",
        [BREAK_ALL_OR_NAMES] = "true or [names]", [BREAK_MAP] = "{name: new name}",
        [BREAK_MAP_OR_NAMES] = "[names] or {name: value}", [BREAK_NUMBER] = "N",
        [BREAK_HOST] = "HOST",
    };

    struct buf out = { 0 };
    bool written;

    for (const struct break_kind *k = break_kinds; k->name; k++)
        buf_printf(&out, "%-21s %-25s the hop %s\n", k->name, takes[k->takes], k->does);
    written = hops_print("simulate", &out);
    buf_free(&out);
    return written ? EXIT_DONE : EXIT_IO;
}

int cli_simulate(int argc, char **argv)
{
    bool live = false, matrix = false, json = false, failures = false, kept = false;
    const char *config = NULL;
    int64_t at = NOT_SAID, seed = 0;
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &config, "FILE",
          "your configuration, for its `mappings:` folder; with --keep default clickbaton.yaml" },
        { "--live", NULL, OPTION_FLAG, &live, NULL,
          "really follow it: servers on loopback, a real `serve`, a sandbox" },
        { "--matrix", NULL, OPTION_FLAG, &matrix, NULL,
          "which failures this chain survives, at which hop, and thanks to what" },
        { "--failures", NULL, OPTION_FLAG, &failures, NULL,
          "list what a chain file can let go wrong at a hop" },
        { "--keep", NULL, OPTION_FLAG, &kept, NULL, "leave the hops in the data folder, for `trace`" },
        { "--json", NULL, OPTION_FLAG, &json, NULL, "the same for a program" },
        { "--at", NULL, OPTION_INTEGER, &at, "EPOCH", "pretend that it is this Unix time" },
        { "--seed", NULL, OPTION_INTEGER, &seed, "N", "other made-up ids" },
        { 0 },
    };
    const char *path[1] = { NULL };
    struct catalog *catalog;
    struct rehearsal run;
    int code = EXIT_DONE;

    if (options_parse(argc, argv, rows, &usage, path, 0, 1, &code) < 0)
        return code;
    if (failures)
        return list_failures();
    if (!path[0])
        return options_misuse(argv[0], "name a chain file, such as examples/chains/keitaro.yaml");
    if (live && matrix)
        return options_misuse(argv[0], "--live and --matrix do not go together");
    if (at != NOT_SAID && (at < 0 || at > AT_MAX))
        return options_misuse(argv[0], "--at needs a Unix time from 0 to %lld", (long long)AT_MAX);
    if (kept && matrix)
        return options_misuse(argv[0], "--keep and --matrix do not go together: it keeps one walk");
    catalog = catalog_open(kept && !config ? "clickbaton.yaml" : config);
    if (!catalog)
        return EXIT_IO;
    if (kept && catalog_errors(catalog))
        code = EXIT_CONFIG;
    else if (!rehearsal_load(&run, catalog, path[0], at == NOT_SAID ? cli_now() : at, (uint64_t)seed))
        code = EXIT_CONFIG;
    catalog_print_problems(catalog, stderr);
    if (code == EXIT_CONFIG)
        ;
    else if (matrix)
        code = matrix_run(&run, json, hops_colour());
    else
        code = walk(&run, live, kept, json);
    catalog_close(catalog);
    return code;
}
