/* verb.c: `clickbaton tail`: what is there, then what comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hops.h"
#include "cli/live/live.h"
#include "cli/options.h"
#include "cli/stores.h"
#include "cli/story/story.h"
#include "cli/tail/tail.h"
#include "core/base/diag.h"
#include "core/base/when.h"

#define EVERY_MS 250
#define MOST     10000 /* -n */
#define ROOM     ((size_t)32 << 20)

struct options {
    const char *config, *offer, *verdict, *state, *tracker, *stage, *event, *since;
    int64_t n;
    bool json, once;
};

static const struct verb_usage usage = {
    .synopsis = "tail [-c FILE] [--offer O] [--verdict V] [--state S] [--tracker T] [--stage S]\n"
                "                       [--event E] [-n N] [--since AGE] [--once] [--json]",
    .about = "Conversions as they come, the newest below, and what becomes of their events. Times are UTC.\n"
             "Reads the store beside a running server, and goes on when that is started anew; Ctrl-C ends\n"
             "it. With --json a line for each conversion, and the same line again when an event changed.",
    .examples = "  clickbaton tail\n"
                "  clickbaton tail --offer nutra-de --verdict quarantined --since 24h\n"
                "  clickbaton tail --state refused --since 7d --once\n"
                "  clickbaton tail --json | jq .click_id\n"
                "  clickbaton tail -n 1000 --once --json > last.jsonl",
};

static int run(struct tailing *t, size_t n, bool once)
{
    struct err err = { 0 };
    int rc;

    t->store.store = stores_open(t->store.catalog, false, &err);
    if (!t->store.store || (rc = tail_past(t, n, &err)) < 0) {
        fprintf(stderr, "clickbaton tail: %s\n", err.text);
        return EXIT_IO;
    }
    if (rc == 1 || once) {
        if (rc == 0)
            live_write("tail", &t->out);
        return live_code();
    }
    do {
        if (!live_write("tail", &t->out))
            return live_code();
        buf_clear(&t->out);
        t->look.columns = live_columns(t->look.columns);
        tail_round(t);
    } while (t->out.len || live_wait(EVERY_MS));
    live_write("tail", &t->out);
    return live_code();
}

static int misuse(const char *verb, struct options *o, struct store_latest *what)
{
    static const struct slice names[] = { SLICE("queued"), SLICE("duplicate"), SLICE("ignored"),
                                          SLICE("quarantined"), { 0 } };
    int64_t age;

    for (enum store_verdict v = STORE_QUEUED; o->verdict && v <= STORE_QUARANTINED; v++)
        if (strcmp(o->verdict, story_verdict_name(v)) == 0)
            what->verdict = v;
    if (o->verdict && !what->verdict) {
        struct slice near = diag_nearest(slice_from(o->verdict), names);
        return options_misuse(verb, "--verdict takes queued, duplicate, ignored or quarantined, not \"%s\"%s%.*s%s",
                              o->verdict, near.len ? "; did you mean \"" : "", SLICE_ARG(near), near.len ? "\"?" : "");
    }
    if (o->state && !story_states(slice_from(o->state), &what->states))
        return options_misuse(verb, "--state takes " STORY_STATES ", not \"%s\"", o->state);
    if (o->n < -1 || o->n > MOST)
        return options_misuse(verb, "-n takes a number from 0 to %d", MOST);
    if (o->since) {
        if (!when_duration_parse(slice_from(o->since), &age))
            return options_misuse(verb, "--since takes an age like 36h or 10m, not \"%s\"", o->since);
        what->since = live_now() - age * 1000;
    }
    if (o->n == -1)
        o->n = o->since ? MOST : 10;
    return EXIT_DONE;
}

int cli_tail(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml", .n = -1 };
    const struct option_row rows[] = {
        OPTION_CONFIG(&o.config),
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--verdict", NULL, OPTION_TEXT, &o.verdict, "V", "queued, duplicate, ignored or quarantined" },
        { "--state", NULL, OPTION_TEXT, &o.state, "S", "that TikTok has done this with: " STORY_STATES },
        { "--tracker", NULL, OPTION_TEXT, &o.tracker, "T", "of this tracker mapping" },
        { "--stage", NULL, OPTION_TEXT, &o.stage, "S", "of this stage: lead, sale ..." },
        { "--event", NULL, OPTION_TEXT, &o.event, "E", "that made this event: Purchase ..." },
        { "--lines", "-n", OPTION_INTEGER, &o.n, "N", "so many of those that are there; 10" },
        { "--since", NULL, OPTION_TEXT, &o.since, "AGE", "all that came since then (at most 10000)" },
        { "--once", NULL, OPTION_FLAG, &o.once, NULL, "what is there, and the end" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "for programs: docs/report.md" },
        { 0 },
    };
    static struct tailing t; /* its list of events is no small one */
    struct catalog *catalog;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0 ||
        (code = misuse(argv[0], &o, &t.what)) != EXIT_DONE)
        return code;
    catalog = live_catalog(argv[0], o.config, &code);
    if (!catalog)
        return code;
    t.json = o.json;
    t.store = (struct live_store){ .verb = "tail", .catalog = catalog };
    t.what.offer = slice_from(o.offer);
    t.what.tracker = slice_from(o.tracker);
    t.what.stage = slice_from(o.stage);
    t.event = slice_from(o.event);
    t.look = (struct tail_look){ live_columns(160), hops_colour() };
    arena_init(&t.arena, ROOM);
    arena_init(&t.page, ROOM);
    live_begin();
    code = run(&t, (size_t)o.n, o.once);
    store_close(t.store.store);
    buf_free(&t.out);
    arena_free(&t.arena);
    arena_free(&t.page);
    catalog_close(catalog);
    return code;
}
