/* follow.c: `clickbaton follow`: where a real chain drops the ttclid. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/end.h"
#include "cli/follow/show.h"
#include "cli/follow/trace.h"
#include "cli/hops.h"
#include "cli/options.h"
#include "core/chain/url.h"

#define TIMEOUT_MAX 120
#define TTCLID_MAX 1000

struct options {
    const char *ttclid, *user_agent;
    int64_t max_hops, timeout, seed;
    bool json, allow_private;
};

static const struct verb_usage usage = {
    .synopsis = "follow URL [--json] [--allow-private] [--max-hops N] [--timeout S]",
    .about = "Goes through a real redirect chain as a phone's browser would, with a made-up "
             "ttclid, and\n"
             "shows at which hop it gets lost or damaged, and what to change there. Trackers count "
             "it as\n"
             "a click.",
    .examples = "  clickbaton follow 'https://trk.example/nutra?external_id=__CLICKID__'\n"
                "  clickbaton follow 'http://127.0.0.1:8000/' --allow-private --json",
};

/* What is wrong with the command line; EXIT_DONE when nothing is. */
static int check(const char *verb, const struct options *o, struct slice url)
{
    struct url u;
    const char *why = url_parse(url, &u);

    if (!why && u.scheme.len == 0)
        why = "has no scheme: write https:// in front";
    else if (!why && !url_is_web(&u))
        why = "is neither http nor https";
    else if (!why && u.host.len == 0)
        why = "has no host";
    if (why)
        return options_misuse(verb, "the URL %s", why);
    if (o->max_hops < 1 || o->max_hops > TRACE_HOPS_MAX)
        return options_misuse(verb, "--max-hops goes from 1 to %d", TRACE_HOPS_MAX);
    if (o->timeout < 1 || o->timeout > TIMEOUT_MAX)
        return options_misuse(verb, "--timeout goes from 1 to %d seconds", TIMEOUT_MAX);
    if (slice_from(o->ttclid).len > TTCLID_MAX)
        return options_misuse(verb, "--ttclid has at most %d characters", TTCLID_MAX);
    return EXIT_DONE;
}

static int run(struct fetcher *fetcher, const struct trace_wish *wish, bool json)
{
    struct trace t;
    struct arena arena;
    struct buf out = { 0 };
    struct err err = { 0 };
    int code = EXIT_IO;

    arena_init(&arena, 64 * 1024 * 1024);
    if (trace_run(&t, &arena, fetcher, wish, &err) != 0) {
        fprintf(stderr, "clickbaton follow: %s\n", err.text);
        goto out;
    }
    if (json)
        follow_json(&out, &t);
    else
        follow_table(&out, &t, hops_colour());
    code = end_print("follow", &out, t.unreachable ? EXIT_UPSTREAM : t.kept ? EXIT_DONE : EXIT_NO);
out:
    buf_free(&out);
    arena_free(&arena);
    return code;
}

int cli_follow(int argc, char **argv)
{
    struct options o = { .max_hops = TRACE_HOPS_MAX, .timeout = 20 };
    const struct option_row rows[] = {
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "the same for a program" },
        { "--allow-private", NULL, OPTION_FLAG, &o.allow_private, NULL,
          "also connect to private and loopback addresses" },
        { "--max-hops", NULL, OPTION_INTEGER, &o.max_hops, "N", "give up after N hops (20)" },
        { "--timeout", NULL, OPTION_INTEGER, &o.timeout, "S", "seconds for each hop (20)" },
        { "--ttclid", NULL, OPTION_TEXT, &o.ttclid, "ID", "this one instead of a made-up one" },
        { "--seed", NULL, OPTION_INTEGER, &o.seed, "N", "another made-up ttclid" },
        { "--user-agent", NULL, OPTION_TEXT, &o.user_agent, "UA", "instead of a phone's browser" },
        { 0 },
    };
    struct fetch_settings settings = FETCH_SETTINGS_DEFAULT;
    struct trace_wish wish = { 0 };
    const char *url = NULL;
    struct fetcher *fetcher;
    struct err err = { 0 };
    int code;

    if (options_parse(argc, argv, rows, &usage, &url, 1, 1, &code) < 0)
        return code;
    code = check(argv[0], &o, slice_from(url));
    if (code != EXIT_DONE)
        return code;
    settings.allow_private = o.allow_private;
    settings.user_agent = o.user_agent;
    settings.timeout_ms = (unsigned)o.timeout * 1000;
    if (settings.connect_timeout_ms > settings.timeout_ms)
        settings.connect_timeout_ms = settings.timeout_ms;
    wish = (struct trace_wish){ slice_from(url), slice_from(o.ttclid), (uint64_t)o.seed,
                                (size_t)o.max_hops };
    signal(SIGPIPE, SIG_IGN); /* of a server that hangs up */
    fetcher = fetcher_open(&settings, &err);
    if (!fetcher) {
        fprintf(stderr, "clickbaton follow: %s\n", err.text);
        return EXIT_IO;
    }
    code = run(fetcher, &wish, o.json);
    fetcher_close(fetcher);
    return code;
}
