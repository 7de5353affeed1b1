/* check.c: `clickbaton check`: would serve start with these files, and do they do what they say? */
#include <stdio.h>

#include "cli/check.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/rates/rates.h"
#include "cli/simulate/rehearsal.h"

#define FILES_MAX 1000

static const struct verb_usage usage = {
    .synopsis = "check [-c clickbaton.yaml] [FILE...] [--json] [--junit FILE|-] [--update]",
    .about =
        "Reads everything that serve would load, reports every problem with its place, and runs\n"
        "the tests that the offer mappings carry. With files (mappings, chains): only those; a chain\n"
        "is walked, and its `expect:` is its test. --update writes what came into the tests that fail:\n"
        "look at the change before you keep it.",
    .examples = "  clickbaton check\n  clickbaton check offers/nutra-de.yaml chains/nutra-de.yaml",
};

struct later {
    const char *chains[FILES_MAX]; /* offers that are named as well are loaded first */
    size_t count;
};

static void check_offer(struct catalog *c, const struct offer *offer, struct checked *done)
{
    done->advice.arena = &c->arena;
    mapping_advise(offer, &done->advice);
    maptest_run(c, offer, cli_now(), &done->tests);
}

/* People name the file that they have just edited, whichever it is. */
static bool is_configuration(struct slice text)
{
    struct slice line;

    while (slice_next(&text, '\n', &line))
        if (slice_starts(line, S("tiktok:")) || slice_starts(line, S("listen:")))
            return true;
    return false;
}

static void check_file(struct catalog *c, const char *path, struct checked *done,
                       struct later *later)
{
    const struct source *source = files_source(&c->arena, path, &c->diags);
    const struct offer *offer;

    if (!source)
        return;
    if (chain_is_chain(source->text)) {
        later->chains[later->count++] = path;
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
        check_offer(c, offer, done);
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
        refused = rehearsal_check_event(run, &arena, &r);
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

/* Everything that was asked for. */
static void check_all(struct catalog *c, const char *const *files, int n, struct checked *done)
{
    struct later later = { .count = 0 };

    for (int i = 0; i < n; i++)
        check_file(c, files[i], done, &later);
    for (size_t i = 0; i < later.count; i++)
        check_chain(c, later.chains[i], done);
    if (n == 0 && c->offers_dir) {
        catalog_add_offers(c);
        for (size_t i = 0; i < c->offer_count; i++)
            check_offer(c, c->offers[i].offer, done);
    }
    rates_check(c, cli_now());
    done->code = catalog_errors(c) > done->tests.problems ? EXIT_CONFIG
                 : done->tests.failed                     ? EXIT_NO
                                                          : EXIT_DONE;
}

/* Only files without other errors: what failed for another reason is no expectation to be kept. */
static int update(struct catalog *c, const struct checked *done)
{
    struct err err = { 0 };
    unsigned changed;

    if (done->code != EXIT_NO)
        return done->code;
    if (maptest_update(c, &done->tests, &changed, &err) != 0) {
        fprintf(stderr, "clickbaton check: %s\n", err.text);
        check_failures(c, done);
        return err.kind == ERR_INPUT ? EXIT_NO : EXIT_IO;
    }
    if (changed == 0)
        return done->code;
    printf("%u expectation%s rewritten with what came; look at the change before you keep it\n",
           changed, changed == 1 ? "" : "s");
    return EXIT_DONE;
}

int cli_check(int argc, char **argv)
{
    const char *config = NULL, *files[FILES_MAX];
    struct check_wish wish = { .junit = NULL };
    const struct option_row rows[] = {
        OPTION_CONFIG(&config),
        { "--json", NULL, OPTION_FLAG, &wish.json, NULL, "everything as one JSON object on stdout" },
        { "--junit", NULL, OPTION_TEXT, &wish.junit, "FILE|-", "the tests' results as JUnit XML" },
        { "--update", NULL, OPTION_FLAG, &wish.update, NULL,
          "write what came into the tests that fail" },
        { 0 },
    };
    struct checked done = { .chains = 0 };
    struct catalog *c;
    int code, n = options_parse(argc, argv, rows, &usage, files, 0, FILES_MAX, &code);

    if (n < 0)
        return code;
    if (wish.json && wish.junit && slice_eq(slice_from(wish.junit), S("-")))
        return options_misuse("check", "--json and --junit - both want stdout");
    c = catalog_open(config ? config : n == 0 ? "clickbaton.yaml" : NULL);
    if (!c)
        return EXIT_IO;
    check_all(c, files, n, &done);
    code = check_report(c, &done, &wish);
    if (wish.update && code == done.code)
        code = update(c, &done);
    catalog_close(c);
    return code;
}
