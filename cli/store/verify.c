/* verify.c: `clickbaton store verify`. */
#include <stdio.h>
#include <string.h>

#include "adapters/store/verify.h"
#include "cli/hops.h"
#include "cli/store/store.h"
#include "core/base/buf.h"

static const struct verb_usage usage = {
    .synopsis = "store verify [-c FILE | DIR | FILE.db | URL] [--json]",
    .about = "Reads every row, every index and the log, and says what is damaged, and where. Changes\n"
             "nothing; works beside a running server and on a copied file. Gives 1 when something is\n"
             "damaged.",
    .examples = "  clickbaton store verify\n"
                "  clickbaton store verify backup/clickbaton.db",
};

static const char unfinished[] =
    "after a kill or a power loss that is no loss: it was never acknowledged, and the next start "
    "drops it; in a copy something is missing";

struct showing {
    bool json;
    struct buf out;
};

static void show(void *context, const struct verify_finding *f)
{
    struct showing *s = context;

    if (s->json) {
        buf_puts(&s->out, s->out.len ? ",{\"where\":" : "{\"where\":");
        buf_json(&s->out, slice_from(f->where));
        buf_printf(&s->out, ",\"row\":%lld,\"unfinished\":%s,\"text\":", (long long)f->row,
                   f->unfinished ? "true" : "false");
        buf_json(&s->out, slice_from(f->text));
        buf_puts(&s->out, "}");
        return;
    }
    buf_printf(&s->out, "%s: %s", f->unfinished ? "unfinished" : "damaged", f->where);
    if (f->row)
        buf_printf(&s->out, " %lld", (long long)f->row);
    buf_printf(&s->out, ": %s%s%s\n", f->text, f->unfinished ? "; " : "",
               f->unfinished ? unfinished : "");
}

static void sum_up(struct buf *to, const struct verify_result *r, const char *path)
{
    bool url = store_is_url(path) != 0;

    buf_printf(to, "%s: %lld clicks, %lld postbacks, %lld events, %lld attempts", path, (long long)r->clicks,
               (long long)r->postbacks, (long long)r->events, (long long)r->attempts);
    if (!url)
        buf_printf(to, ", %lld runs of the index, %lld commits in the log", (long long)r->runs, (long long)r->log_commits);
    if (r->findings == 0)
        buf_puts(to, ": whole\n");
    else if (r->findings == r->unfinished)
        buf_puts(to, ": whole up to where its log breaks off\n");
    else
        buf_printf(to, ": %lld damages; stop clickbaton, keep a copy of the %s, restore a backup (docs/store.md)\n",
                   (long long)(r->findings - r->unfinished), url ? "database" : "folder");
}

static void as_json(struct buf *to, const struct verify_result *r, struct slice findings)
{
    buf_printf(to, "{\"whole\":%s,\"running\":%s,\"clicks\":%lld,\"postbacks\":%lld,\"events\":%lld,"
               "\"attempts\":%lld,\"runs\":%lld,\"log_frames\":%lld,\"log_commits\":%lld,"
               "\"count\":%lld,\"findings\":[", r->findings ? "false" : "true",
               r->running ? "true" : "false", (long long)r->clicks, (long long)r->postbacks,
               (long long)r->events, (long long)r->attempts, (long long)r->runs,
               (long long)r->log_frames, (long long)r->log_commits, (long long)r->findings);
    buf_add(to, findings);
    buf_puts(to, "]}\n");
}

int store_verify(int argc, char **argv)
{
    const char *config = "clickbaton.yaml", *named = NULL;
    struct showing s = { .json = false };
    const struct option_row rows[] = {
        STORE_CONFIG(&config),
        { "--json", NULL, OPTION_FLAG, &s.json, NULL, "for programs" },
        { 0 },
    };
    struct verify_result r;
    struct err err = { 0 };
    struct buf out = { 0 };
    char path[STORE_PATH];
    int code, rc;

    if (options_parse(argc, argv, rows, &usage, &named, 0, 1, &code) < 0 ||
        (code = store_find_data(config, named, NULL, path)) != EXIT_DONE)
        return code;
    rc = (store_is_url(path) ? store_pg_verify(path, show, &s, &r, &err) : store_sqlite_verify(path, show, &s, &r, &err));
    code = rc < 0 ? EXIT_IO : rc ? EXIT_NO : EXIT_DONE;
    if (rc < 0) {
        fprintf(stderr, "clickbaton store verify: %s\n", err.text);
    } else {
        if (s.json) {
            as_json(&out, &r, buf_slice(&s.out));
        } else {
            buf_add(&out, buf_slice(&s.out));
            sum_up(&out, &r, path);
        }
        if (!hops_print("store verify", &out))
            code = EXIT_IO;
    }
    buf_free(&s.out);
    buf_free(&out);
    return code;
}
