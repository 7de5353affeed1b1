/* stats.c: `clickbaton store stats`. */
#include <stdio.h>

#include "adapters/store/spill.h"
#include "adapters/store/stats.h"
#include "cli/catalog.h"
#include "cli/hops.h"
#include "cli/store/store.h"
#include "core/base/when.h"

static const struct verb_usage usage = {
    .synopsis = "store stats [-c FILE | DIR | URL] [--json]",
    .about = "How much of what is in the store: rows, states, ages, offers, and what that takes on disk.\n"
             "Reads beside a running server.",
    .examples = "  clickbaton store stats\n"
                "  clickbaton store stats --json",
};

struct showing {
    bool json;
    struct buf out;
    const char *part;
};

/* "events / delivered   12", or nested objects. */
static void show(void *context, const struct stats_figure *f)
{
    struct showing *s = context;
    bool new_part = s->part == NULL || slice_cmp(slice_from(s->part), slice_from(f->part)) != 0;
    struct buf when = { 0 };

    if (f->is_time && f->n)
        when_print(&when, f->n / 1000);
    if (s->json) {
        buf_puts(&s->out, !new_part ? "," : s->part ? "},\"" : "{\"");
        if (new_part)
            buf_printf(&s->out, "%s\":{", f->part);
        buf_json(&s->out, f->name);
        buf_byte(&s->out, ':');
        if (f->is_time && f->n)
            buf_json(&s->out, buf_slice(&when));
        else if (f->is_time)
            buf_puts(&s->out, "null");
        else
            buf_i64(&s->out, f->n);
    } else {
        if (new_part)
            buf_printf(&s->out, "%s%s\n", s->part ? "\n" : "", f->part);
        buf_printf(&s->out, "  %-34.*s ", SLICE_ARG(f->name));
        if (f->is_time)
            buf_printf(&s->out, "%20.*s\n", f->n ? (int)when.len : 1, f->n ? when.ptr : "-");
        else
            buf_printf(&s->out, "%20lld\n", (long long)f->n);
    }
    s->part = f->part;
    buf_free(&when);
}

/* What this machine has taken while the database was away, and that has not got it. */
static int show_spill(struct showing *s, const char *config, const char *dir, struct err *err)
{
    struct catalog *c = dir ? NULL : catalog_open(config);
    struct spill_state spill = { 0 };
    int rc = dir || (c && c->data) ? spill_peek(dir ? dir : c->data, &spill, err) : 0;
    const struct stats_figure rows[] = {
        { "spill", S("waiting"), spill.waiting, false }, { "spill", S("oldest"), spill.first_at, true },
        { "spill", S("bytes"), spill.bytes, false },     { "spill", S("set aside"), spill.aside, false },
    };

    for (size_t i = 0; rc == 1 && i < sizeof(rows) / sizeof(*rows); i++)
        show(s, &rows[i]);
    catalog_close(c);
    return rc < 0 ? -1 : 0;
}

int store_stats(int argc, char **argv)
{
    const char *config = "clickbaton.yaml", *named = NULL;
    struct showing s = { .json = false };
    const struct option_row rows[] = {
        STORE_CONFIG(&config),
        { "--json", NULL, OPTION_FLAG, &s.json, NULL, "for programs" },
        { 0 },
    };
    struct err err = { 0 };
    char path[STORE_PATH];
    int code;

    if (options_parse(argc, argv, rows, &usage, &named, 0, 1, &code) < 0 ||
        (code = store_find_data(config, named, NULL, path)) != EXIT_DONE)
        return code;
    if ((store_is_url(path) ? store_pg_stats(path, show, &s, &err) : store_sqlite_stats(path, show, &s, &err)) != 0 ||
        (!named && show_spill(&s, config, store_is_url(path) ? NULL : path, &err) != 0)) {
        fprintf(stderr, "clickbaton store stats: %s\n", err.text);
        code = EXIT_IO;
    } else {
        if (s.json)
            buf_puts(&s.out, "}}\n");
        code = hops_print("store stats", &s.out) ? EXIT_DONE : EXIT_IO;
    }
    buf_free(&s.out);
    return code;
}
