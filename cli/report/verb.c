/* verb.c: `clickbaton report`. */
#include <stdio.h>
#include <string.h>

#include "adapters/store/tally.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/live/live.h"
#include "cli/options.h"
#include "cli/report/report.h"
#include "cli/stores.h"
#include "cli/zones.h"
#include "core/base/when.h"
#include "core/review/lines.h"

#define ARENA_BYTES ((size_t)96 << 20)

struct options {
    const char *config, *since, *until, *offer, *html, *zone, *fail_on;
    bool json;
};

static const struct verb_usage usage = {
    .synopsis = "report [-c FILE] [--since T] [--until T] [--offer O] [--json] [--html FILE]\n"
                "                         [--tz ZONE] [--fail-on LEVEL]",
    .about = "The health of the signal in the last days, against as many days before: what arrived, what\n"
             "TikTok has of it, how fast, with which match keys and values, and what stood in the way. What\n"
             "stands out comes first, each with what to do first. Reads the store beside a running server.\n"
             "Gives 1 when something is broken.",
    .examples = "  clickbaton report\n"
                "  clickbaton report --since 24h --offer nutra-de\n"
                "  clickbaton report --html week.html --tz Europe/Berlin",
};

/* ---- the period ---- */

static int64_t floor_hour(int64_t at)
{
    return at - at % 3600;
}

/* Whole hours: an age counts back from the end of the running hour. */
static int read_period(const struct options *o, int64_t now, const struct zone *zone, struct review *r)
{
    int64_t end = floor_hour(now) + 3600, age = 0;

    r->until = end;
    if (o->until && !report_time(o->until, end, zone, &r->until))
        return options_misuse("report", "--until takes an age (7d, 36h), a date or a time, not \"%s\"", o->until);
    r->until = floor_hour(r->until + 3599);
    if (when_duration_parse(slice_from(o->since), &age))
        r->since = floor_hour((o->until ? r->until : end) - age);
    else if (!report_time(o->since, end, zone, &r->since))
        return options_misuse("report", "--since takes an age (7d, 36h), a date or a time, not \"%s\"", o->since);
    r->since = floor_hour(r->since);
    if (r->since >= r->until)
        return options_misuse("report", "nothing can be between --since %s and %s", o->since,
                              o->until ? o->until : "now");
    if (r->until - r->since > REVIEW_LONGEST)
        return options_misuse("report", "--since %s: the period is longer than %d days", o->since,
                              (int)(REVIEW_LONGEST / 86400));
    return EXIT_DONE;
}

/* An enum review_weight; "never" has the place of what is good. */
static int weight_named(const char *name)
{
    static const char *const names[] = { "never", "warning", "broken" };

    for (int i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* ---- what it says ---- */

static int write_html(const char *path, const struct review *r)
{
    struct buf page = { 0 }, made = { 0 };
    struct err err = { 0 };
    int rc;

    buf_puts(&made, "clickbaton " CLICKBATON_VERSION ", ");
    when_print(&made, cli_now());
    review_html(&page, r, buf_slice(&made));
    rc = buf_ok(&page) ? files_replace(path, buf_slice(&page), &err) : err_set(&err, ERR_SYSTEM, "out of memory");
    if (rc != 0)
        fprintf(stderr, "clickbaton report: %s\n", err.text);
    buf_free(&page);
    buf_free(&made);
    return rc;
}

static int tell(const struct options *o, const struct review *r)
{
    struct buf out = { 0 };
    int level = weight_named(o->fail_on), code = EXIT_DONE;

    if ((level == REVIEW_BROKEN && r->broken) || (level == REVIEW_WARNING && r->broken + r->warnings))
        code = EXIT_NO;
    if (o->json)
        review_json(&out, r);
    else
        review_text(&out, r, live_columns(LINES_WIDTH));
    code = end_print("report", &out, code);
    buf_free(&out);
    if (o->html && code != EXIT_IO && write_html(o->html, r) != 0)
        code = EXIT_IO;
    return code;
}

static int report(const struct options *o, const struct catalog *from, struct review *r)
{
    struct err err = { 0 };
    struct store *store = stores_open(from, false, &err);
    int code = EXIT_IO;

    if (!store || report_read(r, store, &err) != 0)
        fprintf(stderr, "clickbaton report: %s\n", err.text);
    else
        code = tell(o, r);
    store_close(store);
    return code;
}

static int run(const struct options *o, struct review *r)
{
    int code;
    struct catalog *c = catalog_sound(o->config, false, &code);

    if (!c)
        return code;
    code = report(o, c, r);
    if (o->offer && !r->offers && code != EXIT_IO)
        catalog_say_nearest(c, r->only, "report");
    catalog_close(c);
    return code;
}

int cli_report(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml", .since = "7d", .zone = "UTC", .fail_on = "broken" };
    const struct option_row rows[] = {
        OPTION_CONFIG(&o.config),
        { "--since", NULL, OPTION_TEXT, &o.since, "T", "from when: an age (7d, 36h), a date, a time; 7d" },
        { "--until", NULL, OPTION_TEXT, &o.until, "T", "up to when; now" },
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "for programs: docs/report.md" },
        { "--html", NULL, OPTION_TEXT, &o.html, "FILE", "also as one page with charts" },
        { "--tz", NULL, OPTION_TEXT, &o.zone, "ZONE", "whose days: UTC, +02:00, Europe/Berlin; UTC" },
        { "--fail-on", NULL, OPTION_TEXT, &o.fail_on, "LEVEL", "exit 1 from this on: broken, warning, never" },
        { 0 },
    };
    const struct zone *zone;
    const char *why;
    struct arena arena;
    struct review r = { .arena = &arena };
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    if (weight_named(o.fail_on) < 0)
        return options_misuse(argv[0], "--fail-on takes broken, warning or never, not \"%s\"", o.fail_on);
    arena_init(&arena, ARENA_BYTES);
    zone = zones_find(&arena, o.zone, &why);
    code = zone ? read_period(&o, cli_now(), zone, &r)
                : options_misuse(argv[0], "--tz %s %s", o.zone, why);
    if (code == EXIT_DONE) {
        r.only = slice_from(o.offer);
        report_wire(&r, zone, o.zone);
        code = run(&o, &r);
    }
    arena_free(&arena);
    return code;
}
