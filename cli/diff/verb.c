/* verb.c: `clickbaton diff`: what a changed mapping would have done to the postbacks there were. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/diff/data.h"
#include "cli/hops.h"
#include "cli/options.h"

#define SHOWN_AT_FIRST 20
#define NOT_SAID INT64_MIN

struct options {
    const char *against, *config, *since;
    int64_t at, show;
    bool json;
};

static const struct verb_usage usage = {
    .synopsis = "diff OLD NEW --against DATA [--since 7d] [--show N] [--json] [-c FILE]",
    .about =
        "Translates postbacks by two offer mappings and shows what differs: the fields of each\n"
        "event, then counts and values. DATA is the folder that the server keeps its store in (it may\n"
        "be running), a configuration (*.yaml) whose store is meant, a file with one postback URL per\n"
        "line, or -. Nothing is sent or stored.\n"
        "Gives 1 when anything differs.",
    .examples = "  clickbaton diff offers/nutra-de.yaml new/nutra-de.yaml --against data\n"
                "  clickbaton diff old.yaml new.yaml --against postbacks.txt --json",
};

struct run {
    struct diff diff;
    struct buf out;
    int64_t show;
    uint64_t shown;
    bool json, colour;
};

static int each(void *context, const struct diff_postback *pb, struct arena *arena, struct err *err)
{
    struct run *run = context;
    struct diff_change change;
    int rc = diff_postback(&run->diff, pb, arena, &change, err);

    if (rc <= 0 || (run->show >= 0 && run->shown >= (uint64_t)run->show))
        return rc < 0 ? -1 : 0;
    if (run->json) {
        buf_puts(&run->out, run->shown ? ",\n" : "\n");
        diff_json_change(&run->out, &change);
    } else {
        diff_show_change(&run->out, &change, run->colour);
    }
    run->shown++;
    return hops_print("diff", &run->out) ? (buf_clear(&run->out), 0)
                                         : err_set(err, ERR_SYSTEM, "the output can't be written");
}

static int run_all(struct run *run, const struct diff_data *data)
{
    struct err err = { 0 };
    struct diff *d = &run->diff;

    if (run->json)
        buf_puts(&run->out, "{\"changes\":[");
    if (diff_open(d, &err) != 0 || diff_data_each(data, each, run, &err) != 0) {
        fprintf(stderr, "clickbaton diff: %s\n", err.text);
        return err.kind == ERR_INPUT ? EXIT_NO : EXIT_IO;
    }
    if (run->json) {
        buf_puts(&run->out, "],\n");
        diff_json_totals(&run->out, d);
        buf_puts(&run->out, "}\n");
    } else {
        if (d->changed > run->shown)
            buf_printf(&run->out, "... and %llu more; --show %llu shows all\n",
                       (unsigned long long)(d->changed - run->shown),
                       (unsigned long long)d->changed);
        buf_puts(&run->out, d->changed ? "\n" : "");
        diff_show_totals(&run->out, d);
    }
    if (!hops_print("diff", &run->out))
        return EXIT_IO;
    return d->changed ? EXIT_NO : EXIT_DONE;
}

/* Both sides have the name of the offer: each gets a catalog of its own. */
static bool load(struct diff *d, int side, const char *config, const char *path)
{
    struct catalog *c = catalog_open(config);

    d->catalog[side] = c;
    if (!c)
        return false;
    d->offer[side] = catalog_add_offer(c, path);
    catalog_print_problems(c, stderr);
    return d->offer[side] && !catalog_errors(c);
}

static int parse(int argc, char **argv, struct options *o, const char *args[2], int64_t *since,
                 int *code)
{
    const struct option_row rows[] = {
        { "--against", NULL, OPTION_TEXT, &o->against, "DATA", "a data folder, a configuration, a file of lines, or -" },
        { "--since", NULL, OPTION_TEXT, &o->since, "AGE", "how far back in a store (7d, 36h; 7d)" },
        { "--at", NULL, OPTION_INTEGER, &o->at, "EPOCH", "pretend that lines arrive at this time" },
        { "--show", NULL, OPTION_INTEGER, &o->show, "N", "how many changes are shown (20)" },
        { "--json", NULL, OPTION_FLAG, &o->json, NULL, "for programs; shows all changes" },
        { "--config", "-c", OPTION_TEXT, &o->config, "FILE",
          "take rates, mappings and pixels from this configuration" },
        { 0 },
    };

    if (options_parse(argc, argv, rows, &usage, args, 2, 2, code) < 0)
        return -1;
    *code = EXIT_USAGE;
    if (!o->against)
        return options_misuse(argv[0], "it needs --against: a data folder, or a file of lines"), -1;
    if (!when_duration_parse(slice_from(o->since), since))
        return options_misuse(argv[0], "--since takes an age like 7d or 36h"), -1;
    if ((o->show < 0 && o->show != NOT_SAID) || (o->at < 0 && o->at != NOT_SAID))
        return options_misuse(argv[0], "--show and --at take no negative numbers"), -1;
    return 0;
}

int cli_diff(int argc, char **argv)
{
    struct options o = { .since = "7d", .show = NOT_SAID, .at = NOT_SAID };
    struct diff_data data = { 0 };
    struct run run = { .colour = hops_colour() };
    const char *args[2];
    int64_t since;
    int code = EXIT_CONFIG;

    if (parse(argc, argv, &o, args, &since, &code) != 0)
        return code;
    run.json = o.json;
    run.show = o.show != NOT_SAID ? o.show : o.json ? -1 : SHOWN_AT_FIRST;
    if (load(&run.diff, 0, o.config, args[0]) && load(&run.diff, 1, o.config, args[1])) {
        data.path = o.against;
        data.offer = run.diff.offer[0]->name;
        data.now = o.at != NOT_SAID ? o.at : cli_now();
        data.since = data.now - since;
        code = run_all(&run, &data);
    } else {
        code = EXIT_CONFIG;
    }
    diff_close(&run.diff);
    buf_free(&run.out);
    for (int side = 0; side < 2; side++)
        catalog_close(run.diff.catalog[side]);
    return code;
}
