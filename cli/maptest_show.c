/* maptest_show.c: the tests' results for programs. */
#include "cli/maptest.h"
#include "cli/show.h"

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "\"%s\":", name);
    buf_json(out, value);
}

static void failure_json(struct buf *out, const struct maptest_failure *f)
{
    buf_byte(out, '{');
    member(out, "path", f->expect->path);
    buf_byte(out, ',');
    member(out, "expected", f->expect->value);
    buf_byte(out, ',');
    member(out, "got", f->got);
    buf_printf(out, ",\"line\":%u,\"col\":%u}", f->expect->at.line, f->expect->at.col);
}

static void case_json(struct buf *out, const struct maptest_case *k)
{
    const char *comma = "";

    buf_byte(out, '{');
    member(out, "offer", k->offer->name);
    buf_byte(out, ',');
    member(out, "file", k->offer->file);
    buf_printf(out, ",\"line\":%u,", k->test->at.line);
    member(out, "name", maptest_name(k->test));
    buf_printf(out, ",\"passed\":%s,", k->passed ? "true" : "false");
    if (k->error.len)
        member(out, "error", k->error);
    else
        member(out, "verdict", k->verdict);
    buf_puts(out, ",\"failures\":[");
    for (const struct maptest_failure *f = k->failures; f; f = f->next) {
        if (!f->expect)
            continue;
        buf_puts(out, comma);
        failure_json(out, f);
        comma = ",";
    }
    buf_puts(out, "]}");
}

void maptest_json(struct buf *out, const struct maptest_result *result)
{
    buf_puts(out, "\"cases\":[");
    for (const struct maptest_case *k = result->first; k; k = k->next) {
        buf_puts(out, k == result->first ? "\n" : ",\n");
        case_json(out, k);
    }
    buf_byte(out, ']');
}

/* ---- JUnit ---- */

/* XML 1.0 takes no control characters, whatever their escape. */
static void xml(struct buf *out, struct slice s)
{
    struct buf clean = { 0 };

    show_safe(&clean, s);
    buf_html(out, buf_slice(&clean));
    out->failed |= clean.failed;
    buf_free(&clean);
}

static void attribute(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, " %s=\"", name);
    xml(out, value);
    buf_byte(out, '"');
}

static void failure_xml(struct buf *out, const struct maptest_case *k)
{
    buf_puts(out, "      <failure");
    attribute(out, "message", k->error.len ? k->error : k->verdict);
    buf_byte(out, '>');
    for (const struct maptest_failure *f = k->failures; f; f = f->next) {
        if (!f->expect)
            continue;
        buf_puts(out, "\n- ");
        xml(out, f->expect->path);
        buf_puts(out, ": ");
        xml(out, f->expect->value);
        buf_puts(out, "\n+ ");
        xml(out, f->expect->path);
        buf_puts(out, ": ");
        xml(out, f->got);
    }
    buf_puts(out, "\n</failure>\n");
}

/* The tests from k on that belong to its offer; gives the first of the next. */
static const struct maptest_case *suite(struct buf *out, const struct maptest_case *k)
{
    const struct offer *o = k->offer;
    unsigned tests = 0, failed = 0;

    for (const struct maptest_case *x = k; x && x->offer == o; x = x->next) {
        tests++;
        failed += !x->passed;
    }
    buf_puts(out, "  <testsuite");
    attribute(out, "name", o->name);
    attribute(out, "file", o->file);
    buf_printf(out, " tests=\"%u\" failures=\"%u\" errors=\"0\">\n", tests, failed);
    for (; k && k->offer == o; k = k->next) {
        buf_puts(out, "    <testcase");
        attribute(out, "name", maptest_name(k->test));
        attribute(out, "classname", o->name);
        attribute(out, "file", o->file);
        buf_printf(out, " line=\"%u\"", k->test->at.line);
        buf_puts(out, k->passed ? "/>\n" : ">\n");
        if (k->passed)
            continue;
        failure_xml(out, k);
        buf_puts(out, "    </testcase>\n");
    }
    buf_puts(out, "  </testsuite>\n");
    return k;
}

static bool is_error(const struct diag *d)
{
    return d->level == DIAG_ERROR && !slice_eq(slice_from(d->code), S("M019"));
}

static void files_suite(struct buf *out, const struct catalog *c)
{
    unsigned errors = 0;

    for (const struct diag *d = c->diags.first; d; d = d->next)
        errors += is_error(d);
    if (errors == 0)
        return;
    buf_printf(out, "  <testsuite name=\"files\" tests=\"%u\" failures=\"0\" errors=\"%u\">\n", errors,
               errors);
    for (const struct diag *d = c->diags.first; d; d = d->next) {
        if (!is_error(d))
            continue;
        buf_puts(out, "    <testcase");
        attribute(out, "name", slice_from(d->code));
        attribute(out, "classname", d->at.source ? d->at.source->name : S("files"));
        buf_printf(out, " line=\"%u\">\n      <error", d->at.line);
        attribute(out, "message", d->text);
        buf_byte(out, '>');
        xml(out, diag_remedy(d));
        buf_puts(out, "</error>\n    </testcase>\n");
    }
    buf_puts(out, "  </testsuite>\n");
}

void maptest_junit(struct buf *out, const struct catalog *c, const struct maptest_result *result)
{
    const struct maptest_case *k = result->first;

    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    buf_printf(out, " tests=\"%u\" failures=\"%u\">\n", result->passed + result->failed,
               result->failed);
    while (k)
        k = suite(out, k);
    files_suite(out, c);
    buf_puts(out, "</testsuites>\n");
}
