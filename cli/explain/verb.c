/* verb.c: `clickbaton explain`: what a code means, and what to do. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/end.h"
#include "cli/files.h"
#include "cli/options.h"
#include "core/explain/explain.h"

#define CODES_MAX 100

static const struct verb_usage usage = {
    .synopsis = "explain [CODE...] [--markdown]",
    .about = "Prints what the code of a problem, warning or verdict means, how it comes about, an\n"
             "example, and what to do. Without a code: all of them with their titles.",
    .examples = "  clickbaton explain M012\n  clickbaton explain w021 q002",
};

static bool embedded(const char *name, struct slice *text)
{
    char path[64];

    snprintf(path, sizeof(path), "cli/explain/texts/%s", name);
    return files_embedded(path, text);
}

/* Did you mean: the code that is nearest. */
static int unknown(const char *word)
{
    struct slice names[1000] = { { 0 } }, near;
    size_t n = 0;

    for (const struct code *c = codes; c->code && n + 1 < sizeof(names) / sizeof(*names); c++)
        names[n++] = slice_from(c->code);
    near = diag_nearest(slice_from(word), names);
    fprintf(stderr, "clickbaton explain: there is no code \"%s\"", word);
    if (near.len)
        fprintf(stderr, "; did you mean %.*s?", SLICE_ARG(near));
    fputs("\nall of them: clickbaton explain\n", stderr);
    return EXIT_NO;
}

static int explain_one(struct buf *out, const char *word)
{
    char upper[8] = "";
    const struct code *code;
    const struct explain_group *group;
    struct explain_text text;
    struct slice file;
    struct err err = { 0 };

    for (size_t i = 0; word[i] && i < sizeof(upper) - 1; i++)
        upper[i] = ascii_upper(word[i]);
    code = code_find(upper);
    if (!code)
        return unknown(word);
    group = explain_group(code->code);
    if (!group || !embedded(group->file, &file) ||
        explain_find(file, code->code, &text, &err) != 1) {
        fprintf(stderr, "clickbaton explain: %s has no text: %s\n", code->code, err.text);
        return EXIT_IO;
    }
    if (out->len)
        buf_byte(out, '\n');
    explain_show(out, code, &text);
    return EXIT_DONE;
}

static int make(struct buf *out, const char *const *words, int n, bool page)
{
    struct err err = { 0 };
    int code = EXIT_DONE;

    if (page && explain_page(out, embedded, &err) != 0) {
        fprintf(stderr, "clickbaton explain: %s\n", err.text);
        return EXIT_IO;
    }
    if (!page && n == 0)
        explain_list(out);
    for (int i = 0; i < n; i++) {
        int one = explain_one(out, words[i]);
        code = one > code ? one : code;
    }
    return code;
}

int cli_explain(int argc, char **argv)
{
    bool page = false;
    const struct option_row rows[] = {
        { "--markdown", NULL, OPTION_FLAG, &page, NULL, "all of them as docs/diagnostics.md" },
        { 0 },
    };
    const char *words[CODES_MAX];
    struct buf out = { 0 };
    int code, n = options_parse(argc, argv, rows, &usage, words, 0, CODES_MAX, &code);

    if (n < 0)
        return code;
    if (page && n > 0)
        return options_misuse("explain", "--markdown is the whole page: name no code");
    code = make(&out, words, n, page);
    code = end_print("explain", &out, code);
    buf_free(&out);
    return code;
}
