/* import.c: `clickbaton rates import`: a file of the European Central Bank into a rates.yaml. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/ecb/xml.h"
#include "cli/cli.h"
#include "cli/rates/rates.h"
#include "core/ecb/csv.h"
#include "core/ecb/merge.h"

struct import {
    struct arena arena;
    struct diags diags;
    struct quotes quotes;
    struct source source; /* of the Bank's file */
};

static int problems(struct import *in, int code)
{
    struct buf b = { 0 };

    diags_print(&b, &in->diags);
    if (b.len)
        fwrite(b.ptr, 1, b.len, stderr);
    buf_free(&b);
    return code;
}

static bool read_file(struct import *in, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    struct err err = { 0 };
    int rc = standard ? files_read_all(&in->arena, STDIN_FILENO, "stdin", QUOTES_BYTES_MAX,
                                       &in->source.text, &err)
                      : files_read(&in->arena, path, QUOTES_BYTES_MAX, &in->source.text, &err);

    in->source.name = standard ? S("stdin") : slice_from(path);
    if (rc == 0)
        return true;
    fprintf(stderr, "clickbaton rates import: %s\n", err.text);
    return false;
}

static bool read_quotes(struct import *in)
{
    unsigned errors = in->diags.errors;
    const char *why = NULL;
    enum quotes_form form = quotes_form(in->source.text, &why);

    if (form == QUOTES_OTHER) {
        diag_add(&in->diags, DIAG_ERROR, "C036", (struct place){ .source = &in->source },
                 (struct slice){ 0 }, "this %s", why);
        return false;
    }
    (form == QUOTES_XML ? ecb_read_xml : ecb_read_csv)(&in->source, &in->quotes, &in->diags);
    return in->diags.errors == errors && quotes_seal(&in->quotes, &in->source, &in->diags);
}

static void say(const char *output, const struct merge_result *r, const struct import *in,
                int64_t days, FILE *to)
{
    struct buf b = { 0 };

    buf_printf(&b, "%s: %zu day%s, %zu currenc%s, newest ", output, r->days,
               r->days == 1 ? "" : "s", r->currencies, r->currencies == 1 ? "y" : "ies");
    rate_day_print(&b, r->newest);
    buf_printf(&b, "; %zu rate%s new, %zu changed", r->added, r->added == 1 ? "" : "s",
               r->changed);
    if (r->dropped)
        buf_printf(&b, ", %zu dropped (older than %lld days)", r->dropped, (long long)days);
    buf_byte(&b, '\n');
    fwrite(b.ptr, 1, b.len, to);
    buf_free(&b);
    if (r->lost.len)
        fprintf(stderr,
                "rates: there is no rate any more for %.*s: what is not the Bank's belongs under "
                "`also:`\n",
                SLICE_ARG(r->lost));
    if (r->comments)
        fprintf(stderr, "rates: %zu comment%s between the days %s not kept\n", r->comments,
                r->comments == 1 ? "" : "s", r->comments == 1 ? "was" : "were");
    if (in->quotes.skipped)
        fprintf(stderr, "rates: %zu row%s passed over: no daily reference rates for one euro\n",
                in->quotes.skipped, in->quotes.skipped == 1 ? " was" : "s were");
}

/* The folder of the file, when it is the only thing that is missing; else files_replace says what is. */
static void make_folder(struct arena *arena, const char *output)
{
    const char *slash = strrchr(output, '/');

    if (slash && slash != output)
        mkdir(arena_printf(arena, "%.*s", (int)(slash - output), output).ptr, 0755);
}

static int write_file(struct import *in, const char *output, const struct source *old,
                      const struct buf *text)
{
    struct err err = { 0 };

    if (strcmp(output, "-") == 0)
        return fwrite(text->ptr, 1, text->len, stdout) == text->len ? EXIT_DONE : EXIT_IO;
    if (old && slice_eq(old->text, buf_slice(text)))
        return EXIT_DONE;
    if (!old)
        make_folder(&in->arena, output);
    if (files_replace(output, buf_slice(text), &err) == 0)
        return EXIT_DONE;
    fprintf(stderr, "clickbaton rates import: %s\n", err.text);
    return EXIT_IO;
}

static int merge(struct import *in, const char *output, int64_t days)
{
    const struct source *old = NULL;
    struct merge_result result;
    struct buf text = { .limit = YAML_MAX_BYTES };
    bool standard = strcmp(output, "-") == 0;
    int code = EXIT_CONFIG;

    if (!standard && files_exist(output)) {
        old = files_source(&in->arena, output, &in->diags);
        if (!old)
            return problems(in, EXIT_CONFIG);
    }
    if (!merge_quotes(&in->quotes, old, slice_from(output), days, &in->arena, &in->diags, &text,
                      &result))
        problems(in, EXIT_CONFIG);
    else
        code = write_file(in, output, old, &text);
    if (code == EXIT_DONE)
        say(standard ? "stdout" : output, &result, in, days, standard ? stderr : stdout);
    buf_free(&text);
    return code;
}

int rates_import(const char *path, const char *output, int64_t days)
{
    struct import *in = calloc(1, sizeof(*in));
    int code = EXIT_IO;

    if (!in) {
        memory_ran_out();
        return EXIT_IO;
    }
    arena_init(&in->arena, 512 * 1024 * 1024);
    in->diags.arena = &in->arena;
    if (read_file(in, path))
        code = read_quotes(in) ? merge(in, output, days) : problems(in, EXIT_CONFIG);
    quotes_free(&in->quotes);
    arena_free(&in->arena);
    free(in);
    return code;
}
