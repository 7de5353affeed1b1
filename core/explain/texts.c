#include "core/explain/explain.h"

#define INDENT S("    ")

enum { WHERE_PROSE, WHERE_EXAMPLE, WHERE_REMEDY };

/* Grow *all, a part of one text, to the end of line. */
static void extend(struct slice *all, struct slice line)
{
    if (!all->ptr)
        all->ptr = line.ptr;
    all->len = (size_t)(line.ptr + line.len - all->ptr);
}

static bool is_code(struct slice s)
{
    return s.len == 4 && s.ptr[0] >= 'A' && s.ptr[0] <= 'Z' && ascii_is_digit(s.ptr[1]) &&
           ascii_is_digit(s.ptr[2]) && ascii_is_digit(s.ptr[3]);
}

/* "Example offer:" */
static bool is_label(struct slice line)
{
    struct slice kind = slice_from_at(line, 8);

    if (!slice_starts(line, S("Example ")) || kind.len < 2 || kind.ptr[kind.len - 1] != ':')
        return false;
    for (size_t i = 0; i + 1 < kind.len; i++)
        if (kind.ptr[i] < 'a' || kind.ptr[i] > 'z')
            return false;
    return true;
}

static const char *put_label(struct explain_text *out, struct slice line, int *where)
{
    if (*where == WHERE_REMEDY)
        return "an example stands behind what to do";
    if (out->example_count == EXPLAIN_EXAMPLES_MAX)
        return "too many examples";
    for (size_t i = 0; i < out->example_count; i++)
        if (slice_eq(out->examples[i].label, line))
            return "two examples of one kind";
    out->examples[out->example_count++].label = line;
    *where = WHERE_EXAMPLE;
    return NULL;
}

/* One line that is not empty; NULL, or what is wrong with it. */
static const char *put_line(struct explain_text *out, struct slice line, int *where)
{
    if (slice_starts(line, INDENT)) {
        if (*where != WHERE_EXAMPLE)
            return "an indented line without \"Example ...:\" before it";
        extend(&out->examples[out->example_count - 1].lines, line);
        return NULL;
    }
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return "an example is indented by four blanks";
    if (slice_starts(line, S("Example ")))
        return is_label(line) ? put_label(out, line, where) : "write \"Example kind:\"";
    if (slice_starts(line, S("To do: "))) {
        if (*where == WHERE_REMEDY)
            return "what to do stands twice";
        *where = WHERE_REMEDY;
        line = slice_from_at(line, 7);
    }
    if (*where == WHERE_EXAMPLE)
        return "text behind an example";
    extend(*where == WHERE_REMEDY ? &out->remedy : &out->prose, line);
    return NULL;
}

static const char *lacks(const struct explain_text *t)
{
    for (size_t i = 0; i < t->example_count; i++)
        if (!t->examples[i].lines.len)
            return "an example without a line";
    return t->prose.len ? NULL : "nothing is explained";
}

int explain_next(struct slice *rest, unsigned *line_number, struct explain_text *out,
                 struct err *err)
{
    struct slice line, after = *rest;
    const char *wrong = NULL;
    unsigned head = 0;
    int where = WHERE_PROSE;

    *out = (struct explain_text){ .example_count = 0 };
    while (!wrong && slice_next(&after, '\n', &line)) {
        if (out->code.ptr && slice_starts(line, S("# ")))
            break;
        *rest = after;
        ++*line_number;
        if (!line.len)
            continue;
        if (out->code.ptr) {
            wrong = put_line(out, line, &where);
            continue;
        }
        head = *line_number;
        if (slice_starts(line, S("# ")) && is_code(slice_from_at(line, 2)))
            out->code = slice_from_at(line, 2);
        else
            wrong = "a code is missing: \"# M001\"";
    }
    if (wrong)
        return err_set(err, ERR_INPUT, "line %u: %s", *line_number, wrong);
    wrong = out->code.ptr ? lacks(out) : NULL;
    if (wrong)
        return err_set(err, ERR_INPUT, "line %u: %s", head, wrong);
    return out->code.ptr != NULL;
}

int explain_find(struct slice file, const char *code, struct explain_text *out, struct err *err)
{
    unsigned line = 0;
    int more;

    while ((more = explain_next(&file, &line, out, err)) == 1)
        if (slice_eq(out->code, slice_from(code)))
            break;
    return more;
}
