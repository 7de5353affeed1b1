/* verb.c: `clickbaton doctor`. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/doctor/doctor.h"
#include "cli/hops.h"
#include "cli/options.h"
#include "cli/show.h"

static const struct verb_usage usage = {
    .synopsis = "doctor [-c clickbaton.yaml] [--online] [--json]",
    .about =
        "The checks before a launch, each with what to do: files, keys, rates, store, clock, every\n"
        "offer's tests, and a conversion of its own per offer, from the ad's click to an event at a\n"
        "sandbox, by real servers on loopback. Nothing is sent to TikTok; --online asks its endpoint\n"
        "whether it is there, without a token. Gives 1 when a check has failed.",
    .examples = "  clickbaton doctor\n  clickbaton doctor --online --json",
};

static const char *const level_names[] = { "ok", "warning", "failed" };

void doctor_find(struct doctor *d, enum finding_level level, const char *check, struct slice offer,
                 struct slice remedy, const char *fmt, ...)
{
    struct finding *f = ARENA_NEW(d->arena, struct finding);
    va_list ap;

    d->count[level]++;
    if (!f)
        return;
    va_start(ap, fmt);
    *f = (struct finding){ level, check, offer, arena_vprintf(d->arena, fmt, ap), remedy, NULL };
    va_end(ap);
    if (d->last)
        d->last->next = f;
    else
        d->first = f;
    d->last = f;
}

/* ---- printing ---- */

static void print_finding(struct buf *out, const struct finding *f, bool colour)
{
    static const enum hops_paint paints[] = { HOPS_GOOD, HOPS_NOTE, HOPS_BAD };

    hops_paint(out, colour, paints[f->level]);
    buf_printf(out, "%-8s", level_names[f->level]);
    hops_paint(out, colour, HOPS_PLAIN);
    buf_printf(out, "%-13s", f->check);
    show_safe(out, f->text);
    buf_byte(out, '\n');
    if (f->remedy.len) {
        buf_printf(out, "%21sto do: ", "");
        show_safe(out, f->remedy);
        buf_byte(out, '\n');
    }
}

static void print_text(struct buf *out, const struct doctor *d)
{
    struct slice offer = { 0 };
    bool colour = hops_colour();

    for (const struct finding *f = d->first; f; f = f->next) {
        if (!slice_eq(f->offer, offer)) {
            buf_puts(out, "\noffer ");
            show_safe(out, f->offer);
            buf_byte(out, '\n');
            offer = f->offer;
        }
        print_finding(out, f, colour);
    }
    buf_printf(out, "\n%u ok, %u warning%s, %u failed\n\n", d->count[FINDING_OK],
               d->count[FINDING_WARNING], d->count[FINDING_WARNING] == 1 ? "" : "s",
               d->count[FINDING_FAILED]);
    buf_puts(out, "What no program can see from here: that the pixel fires on your page with the same\n"
                  "event names, that TikTok takes the token (the first event tells), and that counts\n"
                  "agree with tracker and CRM in the first days.\n");
}

static void member(struct buf *out, const char *name, struct slice value, bool first)
{
    buf_printf(out, "%s\"%s\":", first ? "" : ",", name);
    buf_json(out, value);
}

static void print_json(struct buf *out, const struct doctor *d)
{
    buf_printf(out, "{\"ok\":%u,\"warnings\":%u,\"failed\":%u,\"findings\":[", d->count[FINDING_OK],
               d->count[FINDING_WARNING], d->count[FINDING_FAILED]);
    for (const struct finding *f = d->first; f; f = f->next) {
        buf_puts(out, f == d->first ? "\n{" : ",\n{");
        member(out, "level", slice_from(level_names[f->level]), true);
        member(out, "check", slice_from(f->check), false);
        if (f->offer.len)
            member(out, "offer", f->offer, false);
        member(out, "text", f->text, false);
        if (f->remedy.len)
            member(out, "remedy", f->remedy, false);
        buf_byte(out, '}');
    }
    buf_puts(out, "]}\n");
}

static int run(struct catalog *c, bool online, bool json)
{
    struct arena arena;
    struct doctor d = { .catalog = c, .arena = &arena, .now = cli_now() };
    struct buf out = { 0 };
    bool broken;
    int code;

    arena_init(&arena, 16 * 1024 * 1024);
    if (c->offers_dir) /* else the configuration could not be read at all */
        catalog_add_offers(c);
    catalog_print_problems(c, stderr);
    broken = catalog_errors(c) != 0;
    doctor_machine(&d);
    if (online && c->offers_dir)
        doctor_endpoint(&d);
    for (size_t i = 0; i < c->offer_count && !broken; i++)
        doctor_offer(&d, c->offers[i].offer);
    catalog_print_problems(c, stderr);
    if (json)
        print_json(&out, &d);
    else
        print_text(&out, &d);
    code = broken ? EXIT_CONFIG : d.count[FINDING_FAILED] ? EXIT_NO : EXIT_DONE;
    if (!hops_print("doctor", &out))
        code = EXIT_IO;
    buf_free(&out);
    arena_free(&arena);
    return code;
}

int cli_doctor(int argc, char **argv)
{
    const char *config = "clickbaton.yaml";
    bool online = false, json = false;
    const struct option_row rows[] = {
        OPTION_CONFIG(&config),
        { "--online", NULL, OPTION_FLAG, &online, NULL, "ask whether TikTok's endpoint is there" },
        { "--json", NULL, OPTION_FLAG, &json, NULL, "for programs" },
        { 0 },
    };
    struct catalog *c;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    c = catalog_open(config);
    if (!c)
        return EXIT_IO;
    code = run(c, online, json);
    catalog_close(c);
    return code;
}
