#include "core/explain/explain.h"

const struct explain_group explain_groups[] = {
    { "Y", "yaml.md", "The form of a file",
      "`check` and `serve` tell these of every YAML file: mappings, chains, rates and the "
      "configuration." },
    { "M", "mapping.md", "Mappings",
      "Mistakes in tracker and offer mappings, and keys of other files that are read alike." },
    { "C", "configuration.md", "Configuration, keys and exchange rates",
      "`serve` does not start, or does not reload, as long as one of these is an error." },
    { "W", "warnings.md", "Warnings about a postback",
      "The postback went on; something about it is worth a look." },
    { "Q", "quarantine.md", "Quarantined postbacks",
      "Kept, but nothing is sent. Once the cause is mended, they can be translated again." },
    { "I", "verdicts.md", "Ignored postbacks", "Recorded, and on purpose not sent." },
    { "D", "verdicts.md", "Duplicates", "Recorded, and not sent a second time." },
    { "R", "verdicts.md", "Refused requests", "Not accepted, so not recorded as a postback." },
    { "H", "chains.md", "Chains",
      "What `simulate` and `check` find on a click's way through the chain of a chain file." },
    { "H06", "follow.md", "Real chains", "What `follow` finds on the way of a real link." },
    { "F", "reconcile.md", "Reconciling",
      "Why an export of a tracker or CRM and the ledger differ, and why a file can't be read." },
    { "A", "alerts.md", "Alerts", "What the running server tells when something is wrong: docs/alerts.md." },
    { NULL, NULL, NULL, NULL },
};

const struct explain_group *explain_group(const char *code)
{
    const struct explain_group *group = NULL;

    for (const struct explain_group *g = explain_groups; g->first; g++)
        if (g->first[0] == code[0] && strcmp(g->first, code) <= 0)
            group = g;
    return group;
}

/* ---- for a terminal ---- */

static void show_line(struct buf *out, struct slice line)
{
    buf_add(out, line);
    buf_byte(out, '\n');
}

void explain_show(struct buf *out, const struct code *code, const struct explain_text *text)
{
    buf_printf(out, "%s: %s\n\n", code->code, code->title);
    show_line(out, text->prose);
    for (size_t i = 0; i < text->example_count; i++) {
        buf_byte(out, '\n');
        show_line(out, text->examples[i].label);
        show_line(out, text->examples[i].lines);
    }
    buf_printf(out, "\nWhat to do: %s\n", code->remedy);
    if (text->remedy.len)
        show_line(out, text->remedy);
}

void explain_list(struct buf *out)
{
    for (const struct explain_group *g = explain_groups; g->first; g++) {
        buf_printf(out, "%s%s\n", g == explain_groups ? "" : "\n", g->title);
        for (const struct code *c = codes; c->code; c++)
            if (explain_group(c->code) == g)
                buf_printf(out, "  %s  %s\n", c->code, c->title);
    }
    buf_puts(out, "\nclickbaton explain CODE tells more.\n");
}

/* ---- as a page ---- */

/* Text that Markdown shows as it stands; what is between backticks is left alone. */
static void markdown(struct buf *out, struct slice text)
{
    bool code = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '`')
            code = !code;
        if (!code && (c == '*' || c == '_' || c == '[' || c == '\\'))
            buf_byte(out, '\\');
        if (!code && (c == '&' || c == '<'))
            buf_puts(out, c == '&' ? "&amp;" : "&lt;");
        else
            buf_byte(out, c);
    }
}

static void page_entry(struct buf *out, const struct code *code, const struct explain_text *text)
{
    buf_printf(out, "\n### %s: ", code->code);
    markdown(out, slice_from(code->title));
    buf_puts(out, "\n\n");
    markdown(out, text->prose);
    buf_byte(out, '\n');
    for (size_t i = 0; i < text->example_count; i++) {
        buf_byte(out, '\n');
        show_line(out, text->examples[i].label);
        buf_byte(out, '\n');
        show_line(out, text->examples[i].lines);
    }
    buf_puts(out, "\n**What to do:** ");
    markdown(out, slice_from(code->remedy));
    buf_byte(out, '\n');
    markdown(out, text->remedy);
    buf_puts(out, text->remedy.len ? "\n" : "");
}

static int page_group(struct buf *out, const struct explain_group *group, struct slice file,
                      struct err *err)
{
    struct explain_text text;

    buf_printf(out, "\n## %s\n\n%s\n", group->title, group->about);
    for (const struct code *c = codes; c->code; c++) {
        if (explain_group(c->code) != group)
            continue;
        switch (explain_find(file, c->code, &text, err)) {
        case 1:
            page_entry(out, c, &text);
            break;
        case 0:
            return err_set(err, ERR_INPUT, "%s has no entry", c->code);
        default:
            return -1;
        }
    }
    return 0;
}

int explain_page(struct buf *out, bool (*file)(const char *name, struct slice *text),
                 struct err *err)
{
    buf_puts(out, "# Diagnostics\n\nEvery problem, warning and verdict has a code. `clickbaton "
                  "explain CODE` prints what stands here about it;\nthis page is made from the "
                  "same texts (`make docs`). Every example really brings its code about: a test\n"
                  "tries them all. What an example leaves out is a good offer, or a good "
                  "configuration.\n");
    for (const struct explain_group *g = explain_groups; g->first; g++) {
        struct slice text;
        if (!file(g->file, &text))
            return err_set(err, ERR_INPUT, "%s is not there", g->file);
        if (page_group(out, g, text, err) != 0)
            return err_context(err, "%s", g->file);
    }
    return 0;
}
