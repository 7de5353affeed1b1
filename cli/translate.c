/* translate.c: `clickbaton translate`: the event that a postback becomes, and where each field came
 * from. */
#include <stdio.h>
#include <string.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/show.h"
#include "core/translate/sequence.h"

#define LINE_MAX_BYTES 65536 /* what is longer is cut here, and refused as too large below */
#define URL_MAX 16384
#define AT_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define NOT_SAID INT64_MIN
#define HISTORY_BYTES ((size_t)256 << 20)

struct options {
    const char *click, *config;
    int64_t at;
    bool json, explain, history;
    struct sequence *sequence; /* --history: what the lines before have left */
};

static const struct verb_usage usage = {
    .synopsis = "translate OFFER-FILE URL|- [--click URL] [--at EPOCH] [--json] [--explain] [--history]",
    .about =
        "Prints the exact request body that would be sent to TikTok for a postback. Nothing is\n"
        "sent or stored. URL is a whole postback URL, or its query; - reads one per line.",
    .examples =
        "  clickbaton translate offers/nutra-de.yaml '?subid=2t4ch5&status=sale&payout=12.5'\n"
        "  clickbaton translate offers/nutra-de.yaml - --json < postbacks.txt",
};

/* One postback through core, into t (whose arena is used for everything). */
static int translate_one(const struct catalog *catalog, const struct offer *offer, struct slice url,
                         const struct options *o, struct translation *t, struct err *err)
{
    struct params params = { .arena = t->arena, .notes = &t->notes };
    struct params click_params = { .arena = t->arena };
    struct notes click_notes = { .arena = t->arena };
    struct click click, *known = NULL;
    const char *why = "";

    if (url.len > URL_MAX)
        return err_set(err, ERR_INPUT, "the URL has %zu bytes; at most %d are taken", url.len,
                       URL_MAX);
    if (params_url(&params, url, err) != 0)
        return -1;
    if (o->click) {
        click_params.notes = &click_notes;
        if (params_url(&click_params, slice_from(o->click), err) != 0)
            return err_context(err, "--click");
        if (translate_click(offer, &click_params, t->arena, o->at, &click, &why) != 0)
            return err_set(err, ERR_INPUT, "--click: it has %s", why);
        known = &click;
    }
    if (o->sequence)
        return sequence_next(o->sequence, &params, known, o->at, t, err);
    if (translate_read(offer, &params, t->arena, t, err) != 0)
        return -1;
    return translate_finish(&catalog->translator, offer, &params, known, o->at, t, err);
}

/* Gives whether the answer is yes: an event comes of it. */
static bool run(const struct catalog *catalog, const struct offer *offer, struct slice url,
                const struct options *o, struct buf *out, struct buf *log)
{
    struct arena arena;
    struct translation t = { 0 };
    struct err err = { 0 };
    const struct show_frame frame = { catalog, offer };

    arena_init(&arena, 4 * 1024 * 1024);
    t.arena = t.notes.arena = &arena;
    t.trail = (struct trail){ .on = o->explain, .arena = &arena };
    if (translate_one(catalog, offer, url, o, &t, &err) != 0) {
        t.verdict = VERDICT_REFUSED;
        t.code = url.len > URL_MAX ? "R003" : "R004";
        t.reason = slice_from(err.text);
        t.event_count = 0;
    }
    if (o->json) {
        show_json(out, &t, &frame);
    } else {
        for (size_t i = 0; i < t.event_count; i++)
            show_body(out, &t, i, &frame);
        show_verdict(log, &t);
    }
    if (o->explain && !o->json)
        show_fields(out, &t);
    arena_free(&arena);
    return t.verdict == VERDICT_QUEUED;
}

static void print(struct buf *b, FILE *to)
{
    if (b->len)
        fwrite(b->ptr, 1, b->len, to); /* main looks whether it went well */
    fflush(to);
    buf_clear(b);
}

/* Lines of stdin, in order.  A line that is too long is refused, not cut. */
static bool run_lines(const struct catalog *catalog, const struct offer *offer,
                      const struct options *o, struct buf *out, struct buf *log)
{
    struct buf line = { .limit = LINE_MAX_BYTES };
    bool yes = true;
    int c;

    do {
        c = getc(stdin);
        if (c != '\n' && c != EOF) {
            buf_byte(&line, (char)c);
            continue;
        }
        if (slice_trim(buf_slice(&line)).len) {
            yes &= run(catalog, offer, slice_trim(buf_slice(&line)), o, out, log);
            print(out, stdout);
            print(log, stderr);
        }
        buf_clear(&line);
    } while (c != EOF);
    buf_free(&line);
    return yes;
}

/* The same, each line with the memory of those before it. */
static bool run_history(const struct catalog *catalog, const struct offer *offer, struct options *o,
                        struct buf *out, struct buf *log)
{
    struct arena arena;
    struct sequence sequence = { .translator = &catalog->translator, .offer = offer,
                                 .arena = &arena };
    bool yes;

    arena_init(&arena, HISTORY_BYTES);
    o->sequence = &sequence;
    yes = run_lines(catalog, offer, o, out, log);
    arena_free(&arena);
    return yes;
}

int cli_translate(int argc, char **argv)
{
    struct options o = { .at = NOT_SAID };
    const struct option_row rows[] = {
        { "--click", NULL, OPTION_TEXT, &o.click, "URL", "a registered click that goes with it" },
        { "--at", NULL, OPTION_INTEGER, &o.at, "EPOCH", "pretend that it is this Unix time" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL,
          "verdict, reason, warnings, bodies and fields" },
        { "--explain", NULL, OPTION_FLAG, &o.explain, NULL,
          "where every field came from, and what was done to it" },
        { "--history", NULL, OPTION_FLAG, &o.history, NULL,
          "the lines of stdin come one after the other, as the server would see them" },
        { "--config", "-c", OPTION_TEXT, &o.config, "FILE",
          "take rates, mappings and pixels from this configuration" },
        { 0 },
    };
    const char *args[2];
    struct catalog *catalog;
    const struct offer *offer;
    struct buf out = { 0 }, log = { 0 };
    bool yes;
    int code;

    if (options_parse(argc, argv, rows, &usage, args, 2, 2, &code) < 0)
        return code;
    if (o.at == NOT_SAID)
        o.at = cli_now();
    if (o.at < 0 || o.at > AT_MAX)
        return options_misuse(argv[0], "--at needs a Unix time from 0 to %lld", (long long)AT_MAX);
    if (o.history && strcmp(args[1], "-") != 0)
        return options_misuse(argv[0], "--history needs the postbacks as lines on stdin: -");
    catalog = catalog_open(o.config);
    if (!catalog)
        return EXIT_IO;
    offer = catalog_add_offer(catalog, args[0]);
    catalog_print_problems(catalog, stderr);
    if (!offer || catalog_errors(catalog)) {
        catalog_close(catalog);
        return EXIT_CONFIG;
    }
    if (strcmp(args[1], "-") == 0) {
        yes = o.history ? run_history(catalog, offer, &o, &out, &log)
                        : run_lines(catalog, offer, &o, &out, &log);
    } else {
        yes = run(catalog, offer, slice_from(args[1]), &o, &out, &log);
        print(&out, stdout);
        print(&log, stderr);
    }
    buf_free(&out);
    buf_free(&log);
    catalog_close(catalog);
    return yes ? EXIT_DONE : EXIT_NO;
}
