/* verb.c: `clickbaton replay`. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/replay/replay.h"
#include "core/base/codes.h"
#include "core/base/when.h"

#define ARGS_MOST 200

static const struct verb_usage usage = {
    .synopsis = "replay [-c FILE] [--quarantined | --dead] [--since T] [--until T] [--offer O]\n"
                "       [--tracker T] [--code C] [--status W] [--rate N] [--dry-run] [--yes] [--json] "
                "[ID...]",
    .about =
        "Takes what is kept and was not sent once more. --quarantined (the default): postbacks that\n"
        "were not understood are translated by the mappings as they are now; what is understood\n"
        "now is queued with the event_id it would have had. --dead: events that were given up wait\n"
        "again as they are. Asks the running server to do it, or does it itself when none runs.\n"
        "ID: only what has that click id, ttclid, event id or transaction id. Ctrl-C stops after\n"
        "the group in hand; the same command goes on from there. Gives 1 when something of it\n"
        "stays as it was.",
    .examples = "  clickbaton replay --dry-run\n"
                "  clickbaton replay --offer nutra-de --code Q002 --since 7d\n"
                "  clickbaton replay --dead --rate 50",
};

/* ---- options ---- */

/* An age (7d), a date (2026-05-28), a time (2026-05-28T20:26:40Z) or Unix seconds, to milliseconds. */
static bool read_time(const char *text, int64_t now, int64_t *out)
{
    struct slice s = slice_from(text);
    struct buf day = { .limit = 64 };
    int64_t n;
    bool ok = true;

    if (when_duration_parse(s, &n)) {
        *out = (now - n) * 1000;
    } else if (when_parse(s, WHEN_ANY, 0, &n)) {
        *out = n * 1000;
    } else {
        buf_printf(&day, "%sT00:00:00Z", text);
        ok = when_parse(buf_slice(&day), WHEN_ISO, 0, &n);
        *out = ok ? n * 1000 : 0;
    }
    buf_free(&day);
    return ok;
}

static bool is_quarantine(const char *code)
{
    return code[0] == 'Q' && code_find(code) != NULL;
}

static int check(const char *verb, const struct replay_options *o, struct store_again *what)
{
    int64_t now = cli_now(), number;

    if (o->quarantined && o->dead)
        return options_misuse(verb, "--quarantined and --dead are two runs");
    if (o->since && !read_time(o->since, now, &what->since))
        return options_misuse(verb, "--since takes an age (7d, 36h), a date or a time, not \"%s\"",
                              o->since);
    if (o->until && !read_time(o->until, now, &what->until))
        return options_misuse(verb, "--until takes an age (7d, 36h), a date or a time, not \"%s\"",
                              o->until);
    if (o->code && !o->dead && !is_quarantine(o->code))
        return options_misuse(verb, "--code takes the code of a quarantine, such as Q002, not \"%s\"",
                              o->code);
    if (o->code && o->dead && !slice_to_i64(slice_from(o->code), &number))
        return options_misuse(verb, "--code takes, with --dead, TikTok's code of the last attempt, "
                              "such as 40002, not \"%s\"", o->code);
    if (what->since && what->until && what->until <= what->since)
        return options_misuse(verb, "--until %s lies before --since %s, so nothing can be between them",
                              o->until, o->since);
    if (o->rate < 1)
        return options_misuse(verb, "--rate takes events a second, 1 at least; without it there is no limit");
    what->dead = o->dead;
    what->offer = slice_from(o->offer);
    what->tracker = slice_from(o->tracker);
    what->code = slice_from(o->code);
    if (o->dead)
        what->stage = slice_from(o->status);
    return 0;
}

/* An offer that is not configured has no mapping to translate by. */
static int check_offer(const char *verb, struct catalog *c, const struct replay_options *o)
{
    struct slice *names, near = { 0 }, offer = slice_from(o->offer);

    if (!o->offer || o->dead || catalog_find(c, offer))
        return 0;
    names = ARENA_ARRAY(&c->arena, struct slice, c->offer_count + 1);
    for (size_t i = 0; names && i < c->offer_count; i++)
        names[i] = c->offers[i].offer->name;
    if (names)
        near = diag_nearest(offer, names);
    if (near.len)
        return options_misuse(verb, "no offer is called \"%s\"; did you mean \"%.*s\"?", o->offer,
                              SLICE_ARG(near));
    return options_misuse(verb, "no offer is called \"%s\"", o->offer);
}

/* Said, not refused: a postback keeps the tracker that its offer had when it came. */
static void check_tracker(const char *verb, struct catalog *c, const struct replay_options *o)
{
    struct slice *names, near = { 0 }, tracker = slice_from(o->tracker);

    names = ARENA_ARRAY(&c->arena, struct slice, c->offer_count + 1);
    for (size_t i = 0; names && i < c->offer_count; i++) {
        names[i] = c->offers[i].offer->tracker_name;
        if (slice_eq(names[i], tracker))
            return;
    }
    if (!o->tracker || !names)
        return;
    near = diag_nearest(tracker, names);
    fprintf(stderr, "clickbaton %s: no offer here has the tracker \"%s\"%s%.*s%s\n", verb, o->tracker,
            near.len ? "; did you mean \"" : "", SLICE_ARG(near), near.len ? "\"?" : "");
}

static int run_with(const char *verb, const struct replay_options *o, const struct store_again *what,
                    const char *const *ids, size_t count)
{
    struct desk *desk;
    struct err err = { 0 };
    int code;
    struct catalog *c = catalog_sound(o->config, true, &code);

    if (c && (code = check_offer(verb, c, o)) == 0) {
        check_tracker(verb, c, o);
        replay_catch_signals();
        if (!o->dead && !o->quarantined && !o->json)
            fputs("replaying quarantined postbacks (--dead: events that were given up)\n", stderr);
        desk = desk_open(c, o->dead, &err);
        if (desk)
            code = replay_run(o, desk, what, c->print, ids, count);
        else
            code = (replay_complain(&err), err.kind == ERR_INPUT ? EXIT_CONFIG : EXIT_IO);
        desk_close(desk);
    }
    catalog_close(c);
    return code;
}

int cli_replay(int argc, char **argv)
{
    struct replay_options o = { .config = "clickbaton.yaml", .rate = INT64_MAX };
    const struct option_row rows[] = {
        OPTION_CONFIG(&o.config),
        { "--quarantined", NULL, OPTION_FLAG, &o.quarantined, NULL,
          "postbacks that were not understood; the default" },
        { "--dead", NULL, OPTION_FLAG, &o.dead, NULL, "events that were given up" },
        { "--since", NULL, OPTION_TEXT, &o.since, "T", "not before: an age (7d, 36h), a date, a time" },
        { "--until", NULL, OPTION_TEXT, &o.until, "T", "before" },
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--tracker", NULL, OPTION_TEXT, &o.tracker, "T", "this tracker alone" },
        { "--code", NULL, OPTION_TEXT, &o.code, "C", "this reason: Q002; with --dead TikTok's code" },
        { "--status", NULL, OPTION_TEXT, &o.status, "W", "this status word or stage; --dead: stage" },
        { "--rate", NULL, OPTION_INTEGER, &o.rate, "N", "at most N events a second; default: all" },
        { "--dry-run", NULL, OPTION_FLAG, &o.dry, NULL, "print what would be sent; changes nothing" },
        { "--yes", NULL, OPTION_FLAG, &o.yes, NULL, "do not ask about what TikTok may have" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "one object per line and the total" },
        { 0 },
    };
    const char *ids[ARGS_MOST];
    struct store_again what = { .dead = false };
    int code, n = options_parse(argc, argv, rows, &usage, ids, 0, ARGS_MOST, &code);

    if (n < 0)
        return code;
    code = check(argv[0], &o, &what);
    return code ? code : run_with(argv[0], &o, &what, ids, (size_t)n);
}
