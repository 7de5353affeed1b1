/* check.c: `clickbaton check`: would serve start with these files, and do they do what they say? */
#include <stdio.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/maptest.h"
#include "cli/options.h"

#define FILES_MAX 1000

static const struct verb_usage usage = {
    .synopsis = "check [-c clickbaton.yaml] [MAPPING-FILE...]",
    .about =
        "Reads everything that serve would load, reports every problem with its place, and runs\n"
        "the tests that the offer mappings carry. With files: only those.",
    .examples = "  clickbaton check\n  clickbaton check offers/nutra-de.yaml",
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

static void check_file(struct catalog *c, const char *path, struct maptest_result *tests,
                       unsigned *trackers_ok)
{
    const struct source *source = files_source(&c->arena, path, &c->diags);
    const struct offer *offer;

    if (!source)
        return;
    if (is_configuration(source->text)) {
        diag_add(&c->diags, DIAG_ERROR, "M003", (struct place){ .source = source },
                 arena_printf(&c->arena, "check it with: clickbaton check -c %s", path),
                 "this is a configuration and no mapping");
        return;
    }
    if (!mapping_is_offer(source->text)) {
        *trackers_ok += mapping_check_tracker(&c->loader, source) == 0;
        return;
    }
    offer = catalog_add_offer(c, path);
    if (offer)
        maptest_run(c, offer, cli_now(), tests);
}

static void summary(const struct catalog *c, const struct maptest_result *tests,
                    unsigned trackers_ok)
{
    printf("ok: %zu offer mapping%s", c->offer_count, c->offer_count == 1 ? "" : "s");
    if (trackers_ok)
        printf(", %u tracker mapping%s", trackers_ok, trackers_ok == 1 ? "" : "s");
    printf(", %u test%s passed", tests->passed, tests->passed == 1 ? "" : "s");
    if (c->diags.warnings)
        printf(", %u warning%s", c->diags.warnings, c->diags.warnings == 1 ? "" : "s");
    putchar('\n');
}

int cli_check(int argc, char **argv)
{
    const char *config = NULL, *files[FILES_MAX];
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &config, "FILE",
          "the configuration; default clickbaton.yaml" },
        { 0 },
    };
    struct maptest_result tests = { 0 };
    unsigned trackers_ok = 0;
    struct catalog *c;
    int code, n = options_parse(argc, argv, rows, &usage, files, 0, FILES_MAX, &code);

    if (n < 0)
        return code;
    c = catalog_open(config ? config : n == 0 ? "clickbaton.yaml" : NULL);
    if (!c)
        return EXIT_IO;
    for (int i = 0; i < n; i++)
        check_file(c, files[i], &tests, &trackers_ok);
    if (n == 0 && c->offers_dir) {
        catalog_add_offers(c);
        for (size_t i = 0; i < c->offer_count; i++)
            maptest_run(c, c->offers[i].offer, cli_now(), &tests);
    }
    catalog_print_problems(c, stderr);
    code = catalog_errors(c) > tests.problems ? EXIT_CONFIG : tests.failed ? EXIT_NO : EXIT_DONE;
    if (code == EXIT_DONE)
        summary(c, &tests, trackers_ok);
    else
        fprintf(stderr, "check: %u error%s, %u warning%s, %u of %u tests failed\n",
                catalog_errors(c), catalog_errors(c) == 1 ? "" : "s", c->diags.warnings,
                c->diags.warnings == 1 ? "" : "s", tests.failed, tests.passed + tests.failed);
    catalog_close(c);
    return code;
}
