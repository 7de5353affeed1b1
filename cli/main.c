#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/end.h"
#include "cli/options.h"
#include "core/base/diag.h"

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} verbs[] = {
    { "init", cli_init, "a new folder: configuration, offer, keys, and what to paste" },
    { "serve", cli_serve, "take postbacks and deliver events" },
    { "check", cli_check, "everything that serve would load, and the mappings' own tests" },
    { "translate", cli_translate, "show the event that a postback becomes" },
    { "doctor", cli_doctor, "the checks before a launch, with a conversion the whole way" },
    { "diff", cli_diff, "what a changed mapping would have done to postbacks there were" },
    { "simulate", cli_simulate, "a redirect chain, hop by hop, to the event" },
    { "follow", cli_follow, "a real redirect chain: where it drops the ttclid" },
    { "explain", cli_explain, "what a code such as M012 means, and what to do" },
    { "urls", cli_urls, "the URLs to paste for an offer, and where each goes" },
    { "snippet", cli_snippet, "what to paste into a landing page" },
    { "rates", cli_rates, "exchange rates: what is there, and import of the ECB's files" },
    { "coverage", cli_coverage, "which share of the events has each match key" },
    { "reconcile", cli_reconcile, "a tracker's and a CRM's export against the ledger, and why they differ" },
    { "replay", cli_replay, "send what was quarantined or given up once more" },
    { "trace", cli_trace, "one conversion through every layer, by any of its ids" },
    { "inspect", cli_inspect, "a link into the running server's inspector" },
    { "alert", cli_alert, "what fires now; a test message to everybody who is told" },
    { "report", cli_report, "the health of the signal: findings, figures, a page with charts" },
    { "tail", cli_tail, "conversions as they come, and what TikTok says of them" },
    { "top", cli_top, "a table of offers and events that keeps itself up to date" },
    { "store", cli_store, "verify, export, import, compact and count what is stored" },
    { "sandbox", cli_sandbox, "a strict local Events API to try things against" },
    { "schema", cli_schema, "what an editor needs to check and complete our files" },
    { "version", cli_version, "print the version" },
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

int64_t cli_now(void)
{
    return (int64_t)time(NULL);
}

int cli_version(int argc, char **argv)
{
    static const struct option_row rows[] = { { 0 } };
    static const struct verb_usage text = { "version", "Prints the version.",
                                            "  clickbaton version" };
    int code;

    if (options_parse(argc, argv, rows, &text, NULL, 0, 0, &code) < 0)
        return code;
    puts("clickbaton " CLICKBATON_VERSION);
    return EXIT_DONE;
}

static void usage(FILE *to)
{
    fputs("clickbaton: tracker postbacks in, TikTok events out\n\nusage: clickbaton VERB ...\n\n",
          to);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].about);
    fputs("\nclickbaton VERB --help tells more.\n", to);
}

static int unknown(const char *name)
{
    struct slice names[VERBS + 1] = { { 0 } }, near;

    for (size_t i = 0; i < VERBS; i++)
        names[i] = slice_from(verbs[i].name);
    near = diag_nearest(slice_from(name), names);
    fprintf(stderr, "clickbaton: there is no verb \"%s\"", name);
    if (near.len)
        fprintf(stderr, "; did you mean \"%.*s\"?", SLICE_ARG(near));
    fputs("\ntry: clickbaton --help\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    end_prepare();
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return end_with("--help", EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0)
        return end_with("--version", cli_version(0, NULL));
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, argv[1]) == 0)
            return end_with(argv[1], verbs[i].run(argc - 1, argv + 1));
    return unknown(argv[1]);
}
