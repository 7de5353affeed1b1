/* verb.c: `clickbaton top`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hops.h"
#include "cli/live/live.h"
#include "cli/options.h"
#include "cli/top/top.h"
#include "core/base/when.h"

static const struct verb_usage usage = {
    .synopsis = "top [-c FILE] [--offer O] [--interval 2s] [--frames N] [--json]",
    .about = "Offers and their events in this hour and the one before, kept up to date: what comes in each minute,\n"
             "what becomes of it, what waits, how long delivery takes, what TikTok answers. Times are UTC. Without\n"
             "a terminal, one table each interval; Ctrl-C ends it.",
    .examples = "  clickbaton top\n"
                "  clickbaton top --interval 10s --offer nutra-de\n"
                "  clickbaton top --json --frames 1",
};

struct options {
    const char *config, *offer, *interval;
    int64_t frames;
    bool json;
};

#define SCREEN_ON  "\033[?1049h\033[?25l"
#define SCREEN_OFF "\033[?25h\033[?1049l"

static void screen(bool on)
{
    struct buf b = { 0 };

    buf_puts(&b, on ? SCREEN_ON : SCREEN_OFF);
    live_write("top", &b);
    buf_free(&b);
}

/* Each line over the one that stood there. */
static void onto_screen(struct buf *out, const struct buf *table)
{
    struct slice rest = buf_slice(table), line;
    int lines = live_lines(24);

    buf_puts(out, "\033[H");
    while (lines-- > 0 && slice_next(&rest, '\n', &line)) {
        buf_add(out, line);
        buf_puts(out, "\033[K");
        if (rest.len && lines > 0)
            buf_puts(out, "\r\n");
    }
    buf_puts(out, "\033[J");
}

static bool frame(struct top *t, const struct options *o, bool terminal)
{
    struct err err = { 0 };
    struct buf table = { 0 }, out = { 0 };
    bool go_on = true;

    t->blind = true;
    if (live_store_open(&t->store)) {
        if (top_read(t, live_now(), &err) != 0) {
            if (o->frames)
                fprintf(stderr, "clickbaton top: %s\n", err.text);
            live_failed(&t->store, &err);
        } else {
            live_well(&t->store);
            t->blind = false;
            (o->json ? top_json : top_text)(&table, t);
        }
    }
    if (table.len) {
        if (terminal)
            onto_screen(&out, &table);
        else
            buf_add(&out, buf_slice(&table));
        out.failed = out.failed || table.failed;
        go_on = live_write("top", &out);
    }
    buf_free(&table);
    buf_free(&out);
    top_forget(t);
    return go_on;
}

static int run(struct top *t, const struct options *o, int interval)
{
    bool terminal = live_is_terminal() && !o->json;
    int64_t n = 0;

    live_begin();
    if (terminal)
        screen(true);
    do {
        t->columns = live_columns(120);
        t->colour = hops_colour() && !o->json;
        if (!frame(t, o, terminal) || (o->frames && ++n >= o->frames))
            break;
    } while (live_wait(interval));
    if (terminal)
        screen(false);
    return o->frames && t->blind ? EXIT_IO : live_code();
}

int cli_top(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml", .interval = "2s" };
    const struct option_row rows[] = {
        OPTION_CONFIG(&o.config),
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--interval", NULL, OPTION_TEXT, &o.interval, "TIME", "between two tables: 1s to 1h; 2s" },
        { "--frames", NULL, OPTION_INTEGER, &o.frames, "N", "end after so many; 0: never" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "an object a line: docs/report.md" },
        { 0 },
    };
    struct top *t;
    int64_t interval;
    struct catalog *catalog;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    if (!when_duration_parse(slice_from(o.interval), &interval) || interval < 1 || interval > 3600)
        return options_misuse(argv[0], "--interval takes a time from 1s to 1h, not \"%s\"", o.interval);
    if (o.frames < 0)
        return options_misuse(argv[0], "--frames takes a number, 0 at least");
    catalog = live_catalog(argv[0], o.config, &code);
    if (!catalog)
        return code;
    t = calloc(1, sizeof(*t));
    if (t) {
        t->store = (struct live_store){ .verb = "top", .catalog = catalog };
        t->only = slice_from(o.offer);
        code = run(t, &o, (int)interval * 1000);
        store_close(t->store.store);
    }
    free(t);
    catalog_close(catalog);
    return code;
}
