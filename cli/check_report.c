#include "cli/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/end.h"
#include "cli/rates/rates.h"

static void count(const char *before, size_t n, const char *what, const char *after)
{
    printf("%s%zu %s%s%s", before, n, what, n == 1 ? "" : "s", after);
}

static void summary(const struct catalog *c, const struct checked *done)
{
    count("ok: ", c->offer_count, "offer mapping", "");
    if (done->trackers)
        count(", ", done->trackers, "tracker mapping", "");
    if (done->models)
        count(", ", done->models, "file", " of value models");
    if (done->chains)
        count(", ", done->chains, "chain", "");
    if (done->rates)
        count(", ", done->rates, "file", " of rates");
    count(", ", done->tests.passed, "test", " passed");
    if (c->diags.warnings)
        count(", ", c->diags.warnings, "warning", "");
    putchar('\n');
    rates_summary(c, cli_now());
}

static void print_advice(const struct diags *advice)
{
    struct buf b = { 0 };

    for (const struct diag *d = advice->first; d; d = d->next)
        diag_print_line(&b, d);
    if (b.len)
        fwrite(b.ptr, 1, b.len, stderr);
    buf_free(&b);
}

static const char *first_error(const struct catalog *c)
{
    const struct diag *d = c->diags.first;

    while (d && d->level != DIAG_ERROR)
        d = d->next;
    return d ? d->code : NULL;
}

void check_failures(struct catalog *c, const struct checked *done)
{
    const struct maptest_result *tests = &done->tests;

    fprintf(stderr, "check: %u error%s, %u warning%s, %u of %u tests failed\n", catalog_errors(c),
            catalog_errors(c) == 1 ? "" : "s", c->diags.warnings, c->diags.warnings == 1 ? "" : "s",
            tests->failed, tests->passed + tests->failed);
}

/* ---- JSON ---- */

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "\"%s\":", name);
    buf_json(out, value);
}

static void diag_json(struct buf *out, const struct diag *d)
{
    static const char *const levels[] = { "error", "warning", "note" };

    buf_byte(out, '{');
    member(out, "level", slice_from(levels[d->level]));
    buf_byte(out, ',');
    member(out, "code", slice_from(d->code));
    if (d->at.source) {
        buf_byte(out, ',');
        member(out, "file", d->at.source->name);
        buf_printf(out, ",\"line\":%u,\"col\":%u", d->at.line, d->at.col);
    }
    buf_byte(out, ',');
    member(out, "text", d->text);
    buf_byte(out, ',');
    member(out, "hint", diag_remedy(d));
    buf_byte(out, '}');
}

static void diags_json(struct buf *out, const char *name, const struct diags *list)
{
    buf_printf(out, ",\"%s\":[", name);
    for (const struct diag *d = list->first; d; d = d->next) {
        buf_puts(out, d == list->first ? "\n" : ",\n");
        diag_json(out, d);
    }
    buf_byte(out, ']');
}

static void offers_json(struct buf *out, const struct catalog *c)
{
    buf_puts(out, "\"offers\":[");
    for (size_t i = 0; i < c->offer_count; i++) {
        buf_puts(out, i ? ",{" : "{");
        member(out, "name", c->offers[i].offer->name);
        buf_byte(out, ',');
        member(out, "file", c->offers[i].offer->file);
        buf_byte(out, '}');
    }
    buf_puts(out, "],");
}

static void put_json(struct buf *out, struct catalog *c, const struct checked *done)
{
    buf_printf(out, "{\"ok\":%s,\"errors\":%u,\"warnings\":%u,",
               done->code == EXIT_DONE ? "true" : "false", catalog_errors(c), c->diags.warnings);
    offers_json(out, c);
    buf_printf(out, "\"trackers\":%u,\"chains\":%u,\"tests\":{\"passed\":%u,\"failed\":%u},",
               done->trackers, done->chains, done->tests.passed, done->tests.failed);
    maptest_json(out, &done->tests);
    diags_json(out, "diagnostics", &c->diags);
    diags_json(out, "advice", &done->advice);
    buf_puts(out, "}\n");
}

/* ---- the whole ---- */

static int put_junit(struct catalog *c, const struct checked *done, const char *path)
{
    struct buf out = { 0 };
    struct err err = { 0 };
    int code = done->code;

    maptest_junit(&out, c, &done->tests);
    if (strcmp(path, "-") == 0 || !buf_ok(&out)) {
        code = end_print("check", &out, code);
    } else if (files_replace(path, buf_slice(&out), &err) != 0) {
        fprintf(stderr, "clickbaton check: %s\n", err.text);
        code = EXIT_IO;
    }
    buf_free(&out);
    return code;
}

/* On a terminal what was expected is red, what came is green. */
static void print_problems(struct catalog *c)
{
    const char *no = getenv("NO_COLOR");
    struct buf out = { 0 };
    struct slice rest, line;

    if (!isatty(STDERR_FILENO) || (no && *no)) {
        catalog_print_problems(c, stderr);
        return;
    }
    catalog_take_problems(c, &out);
    for (rest = buf_slice(&out); rest.len && slice_next(&rest, '\n', &line);) {
        const char *paint = slice_starts(line, S("  - "))   ? "\033[31m"
                            : slice_starts(line, S("  + ")) ? "\033[32m"
                                                            : NULL;
        fprintf(stderr, "%s%.*s%s\n", paint ? paint : "", SLICE_ARG(line), paint ? "\033[0m" : "");
    }
    buf_free(&out);
}

int check_report(struct catalog *c, const struct checked *done, const struct check_wish *wish)
{
    bool quiet = wish->json || (wish->junit && strcmp(wish->junit, "-") == 0);
    bool update = wish->update && done->code == EXIT_NO;
    struct buf out = { 0 };
    const char *first = first_error(c);
    int code = done->code;

    if (wish->json) {
        put_json(&out, c, done);
        code = end_print("check", &out, code);
        buf_free(&out);
    }
    if (wish->junit && put_junit(c, done, wish->junit) == EXIT_IO)
        code = EXIT_IO;
    print_problems(c);
    if (done->code != EXIT_DONE && !update) {
        check_failures(c, done);
    } else if (!quiet && !update) { /* first things first: advice when all is right */
        print_advice(&done->advice);
        summary(c, done);
    }
    if (first && !update && isatty(STDERR_FILENO)) /* for people, not for logs */
        fprintf(stderr, "clickbaton explain %s says more\n", first);
    return code;
}
