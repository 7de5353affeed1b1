/* check.c: `clickbaton check`: would serve start with these files, and do they do what they say? */
#include <stdio.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/maptest.h"
#include "cli/options.h"
#include "cli/rates/rates.h"
#include "cli/simulate/rehearsal.h"

#define FILES_MAX 1000

static const struct verb_usage usage = {
    .synopsis = "check [-c clickbaton.yaml] [FILE...]",
    .about =
        "Reads everything that serve would load, reports every problem with its place, and runs\n"
        "the tests that the offer mappings carry. With files (mappings, chains): only those; a chain\n"
        "is walked, and its `expect:` is its test.",
    .examples = "  clickbaton check\n  clickbaton check offers/nutra-de.yaml chains/nutra-de.yaml",
};

struct checked {
    struct maptest_result tests;
    unsigned trackers, chains, models, rates;
    const char *later[FILES_MAX]; /* chains: offers that are named as well are loaded first */
    size_t later_count;
};

/* People name the file that they have just edited, whichever it is. */
static bool is_configuration(struct slice text)
{
    struct slice line;

    while (slice_next(&text, '\n', &line))
        if (slice_starts(line, S("tiktok:")) || slice_starts(line, S("listen:")))
            return true;
    return false;
}

static void check_file(struct catalog *c, const char *path, struct checked *done)
{
    const struct source *source = files_source(&c->arena, path, &c->diags);
    const struct offer *offer;

    if (!source)
        return;
    if (chain_is_chain(source->text)) {
        done->later[done->later_count++] = path;
        return;
    }
    if (is_configuration(source->text)) {
        diag_add(&c->diags, DIAG_ERROR, "M003", (struct place){ .source = source },
                 arena_printf(&c->arena, "check it with: clickbaton check -c %s", path),
                 "this is a configuration and no mapping");
        return;
    }
    if (mapping_is_models(source->text)) {
        done->models += mapping_check_models(&c->loader, source) == 0;
        return;
    }
    if (rates_is_file(source->text)) {
        done->rates += rates_load(&c->arena, source, &c->diags) != NULL;
        return;
    }
    if (!mapping_is_offer(source->text)) {
        done->trackers += mapping_check_tracker(&c->loader, source) == 0;
        return;
    }
    offer = catalog_add_offer(c, path);
    if (offer)
        maptest_run(c, offer, cli_now(), &done->tests);
}

/* Walk it; a verdict that is not the one of `expect:` is a failed test. */
static void walk_chain(struct catalog *c, struct rehearsal *run, struct maptest_result *tests)
{
    struct chain_result r;
    struct arena arena;
    struct err err = { 0 };
    const char *refused = NULL;
    unsigned before = c->diags.errors;

    arena_init(&arena, 64 * 1024 * 1024);
    if (chain_walk(run->chain, &run->world, NULL, 0, &arena, &r, &err) != 0) {
        diag_add(&c->diags, DIAG_ERROR, "Y006", run->chain->start_at, (struct slice){ 0 }, "%s",
                 err.text);
        goto out;
    }
    if (r.kept && r.translated)
        refused = rehearsal_check_event(&arena, &r, run->world.now);
    if (refused) {
        r.kept = false;
        r.code = "H018";
        r.reason = slice_from(refused);
    }
    if (!run->chain->expect.said)
        goto out;
    if (rehearsal_expectation(run, &r))
        tests->passed++;
    else
        tests->failed++;
    tests->problems += c->diags.errors - before;
out:
    arena_free(&arena);
}

static void check_chain(struct catalog *c, const char *path, struct checked *done)
{
    size_t offers = c->offer_count;
    struct rehearsal run;

    if (!rehearsal_load(&run, c, path, cli_now(), 0))
        return;
    done->chains++;
    if (c->offer_count > offers) /* that nobody has named */
        maptest_run(c, run.world.offer, run.world.now, &done->tests);
    walk_chain(c, &run, &done->tests);
}

static void count(const char *before, size_t n, const char *what, const char *after)
{
    printf("%s%zu %s%s%s", before, n, what, n == 1 ? "" : "s", after);
}

static void summary(const struct catalog *c, const struct checked *done)
{
    count("ok: ", c->offer_count, "offer mapping", "");
    if (done->trackers)
        count(", ", done->trackers, "tracker mapping", "");
    if (done->models)
        count(", ", done->models, "file", " of value models");
    if (done->chains)
        count(", ", done->chains, "chain", "");
    if (done->rates)
        count(", ", done->rates, "file", " of rates");
    count(", ", done->tests.passed, "test", " passed");
    if (c->diags.warnings)
        count(", ", c->diags.warnings, "warning", "");
    putchar('\n');
    rates_summary(c, cli_now());
}

int cli_check(int argc, char **argv)
{
    const char *config = NULL, *files[FILES_MAX];
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &config, "FILE",
          "the configuration; default clickbaton.yaml" },
        { 0 },
    };
    struct checked done = { .chains = 0 };
    const struct maptest_result *tests = &done.tests;
    struct catalog *c;
    int code, n = options_parse(argc, argv, rows, &usage, files, 0, FILES_MAX, &code);

    if (n < 0)
        return code;
    c = catalog_open(config ? config : n == 0 ? "clickbaton.yaml" : NULL);
    if (!c)
        return EXIT_IO;
    for (int i = 0; i < n; i++)
        check_file(c, files[i], &done);
    for (size_t i = 0; i < done.later_count; i++)
        check_chain(c, done.later[i], &done);
    if (n == 0 && c->offers_dir) {
        catalog_add_offers(c);
        for (size_t i = 0; i < c->offer_count; i++)
            maptest_run(c, c->offers[i].offer, cli_now(), &done.tests);
    }
    rates_check(c, cli_now());
    catalog_print_problems(c, stderr);
    code = catalog_errors(c) > tests->problems ? EXIT_CONFIG
           : tests->failed                     ? EXIT_NO
                                               : EXIT_DONE;
    if (code == EXIT_DONE)
        summary(c, &done);
    else
        fprintf(stderr, "check: %u error%s, %u warning%s, %u of %u tests failed\n",
                catalog_errors(c), catalog_errors(c) == 1 ? "" : "s", c->diags.warnings,
                c->diags.warnings == 1 ? "" : "s", tests->failed, tests->passed + tests->failed);
    catalog_close(c);
    return fflush(stdout) == 0 ? code : EXIT_IO;
}
