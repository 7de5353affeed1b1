#include "core/base/diag.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/codes.h"

#define DIAGS_MAX 100
#define LINE_SHOWN 120  /* bytes of a source line */
#define WORD_MAX 64     /* longer words are never "near" */
#define SUGGEST_MAX 100 /* bytes of a list in "one of: ..." */

static const char *const level_names[] = {
    [DIAG_ERROR] = "error",
    [DIAG_WARNING] = "warning",
    [DIAG_NOTE] = "note",
};

static bool comes_after(const struct place *a, const struct place *b)
{
    return a->source == b->source && (a->line > b->line || (a->line == b->line && a->col > b->col));
}

/* In the order of the file, so that people can work from top to bottom. */
static void insert(struct diags *d, struct diag *diag)
{
    struct diag **at = &d->first;

    while (*at && !comes_after(&(*at)->at, &diag->at))
        at = &(*at)->next;
    diag->next = *at;
    *at = diag;
    if (!diag->next)
        d->last = diag;
    d->kept++;
}

void diag_add(struct diags *d, enum diag_level level, const char *code, struct place at,
              struct slice hint, const char *fmt, ...)
{
    unsigned *count = level == DIAG_ERROR ? &d->errors : &d->warnings;
    struct diag *diag;
    va_list ap;

    if (level != DIAG_NOTE)
        ++*count;
    d->newest = NULL;
    if (d->kept == DIAGS_MAX || !(diag = ARENA_NEW(d->arena, struct diag)))
        return;
    va_start(ap, fmt);
    diag->text = arena_vprintf(d->arena, fmt, ap);
    va_end(ap);
    diag->level = level;
    diag->code = code;
    diag->at = at;
    diag->hint = hint.len ? arena_dup(d->arena, hint) : (struct slice){ 0 };
    insert(d, diag);
    d->newest = diag;
}

void diag_detail(struct diags *d, struct slice lines)
{
    if (d->newest)
        d->newest->detail = lines;
}

struct slice diag_remedy(const struct diag *d)
{
    const struct code *code = d->hint.len ? NULL : code_find(d->code);

    return code ? slice_from(code->remedy) : d->hint;
}

/* The line of a place without its end and a byte order mark; false when there is none. */
static bool source_line(struct place at, struct slice *line)
{
    struct slice text, rest;

    if (!at.source || at.line == 0)
        return false;
    text = at.source->text;
    if (slice_starts(text, S("\xef\xbb\xbf")))
        text = slice_from_at(text, 3);
    for (uint32_t n = 1; n < at.line; n++) {
        if (!slice_cut(text, '\n', line, &rest))
            return false;
        text = rest;
    }
    slice_cut(text, '\n', line, &rest);
    if (slice_ends(*line, S("\r")))
        line->len--;
    return true;
}

static void print_clean(struct buf *out, struct slice s, bool keep_tabs)
{
    while (s.len) {
        size_t n = utf8_harmless(s), width = utf8_len(s);
        if (n)
            buf_add(out, slice_head(s, n));
        else
            buf_byte(out, s.ptr[0] == '\t' && keep_tabs ? '\t' : '?');
        s = slice_from_at(s, n ? n : width ? width : 1);
    }
}

/* What the caret line has under s: as many blanks, or carets, as s has characters. */
static void print_under(struct buf *out, struct slice s, char mark)
{
    while (s.len) {
        size_t n = utf8_len(s);
        buf_byte(out, mark == ' ' && s.ptr[0] == '\t' ? '\t' : mark);
        s = slice_from_at(s, n ? n : 1);
    }
}

static bool inside_character(struct slice line, size_t at)
{
    return at < line.len && ((unsigned char)line.ptr[at] & 0xc0) == 0x80;
}

/* The part of line around offset at that is shown, *start is where it begins. */
static struct slice window(struct slice line, size_t at, size_t *start)
{
    size_t end;

    *start = 0;
    if (line.len <= LINE_SHOWN)
        return line;
    if (at > LINE_SHOWN / 2)
        *start = at - LINE_SHOWN / 2;
    if (*start > line.len - LINE_SHOWN)
        *start = line.len - LINE_SHOWN;
    end = *start + LINE_SHOWN;
    for (int i = 0; i < 3 && *start > 0 && inside_character(line, *start); i++)
        ++*start;
    for (int i = 0; i < 3 && inside_character(line, end); i++)
        end--;
    return (struct slice){ line.ptr + *start, end - *start };
}

static void print_source(struct buf *out, struct place at)
{
    struct slice line, shown, marked;
    size_t column, start;

    if (!source_line(at, &line))
        return;
    column = at.col ? at.col - 1 : 0;
    if (column > line.len)
        column = line.len;
    shown = window(line, column, &start);
    buf_printf(out, "%5u | %s", (unsigned)at.line, start ? "..." : "");
    print_clean(out, shown, true);
    buf_puts(out, start + shown.len < line.len ? "...\n" : "\n");
    if (at.col == 0)
        return;
    buf_printf(out, "      | %s", start ? "   " : "");
    print_under(out, slice_head(shown, column - start), ' ');
    marked = slice_head(slice_from_at(shown, column - start), at.span ? at.span : 1);
    if (marked.len)
        print_under(out, marked, '^');
    else
        buf_byte(out, '^'); /* past the end: something is missing there */
    buf_byte(out, '\n');
}

void diag_print_line(struct buf *out, const struct diag *d)
{
    if (d->at.source) {
        print_clean(out, d->at.source->name, false);
        if (d->at.line)
            buf_printf(out, ":%u", (unsigned)d->at.line);
        if (d->at.line && d->at.col)
            buf_printf(out, ":%u", (unsigned)d->at.col);
        buf_puts(out, ": ");
    }
    buf_printf(out, "%s[%s]: ", level_names[d->level], d->code);
    print_clean(out, d->text, false);
    buf_byte(out, '\n');
}

void diag_print(struct buf *out, const struct diag *d)
{
    diag_print_line(out, d);
    print_source(out, d->at);
    for (struct slice rest = d->detail, line; rest.len && slice_next(&rest, '\n', &line);) {
        buf_puts(out, "  ");
        print_clean(out, line, false);
        buf_byte(out, '\n');
    }
    if (diag_remedy(d).len) {
        buf_puts(out, "  ");
        print_clean(out, diag_remedy(d), false);
        buf_byte(out, '\n');
    }
}

void diags_print(struct buf *out, const struct diags *d)
{
    unsigned more = d->errors + d->warnings;

    for (const struct diag *at = d->first; at; at = at->next) {
        diag_print(out, at);
        if (at->level != DIAG_NOTE)
            more--;
    }
    if (more)
        buf_printf(out, "and %u more\n", more);
}

/* Letters wrong, missing, added, or swapped with their neighbour (optimal string alignment). */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;

    for (size_t j = 0; j <= b.len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = ascii_lower(a.ptr[i - 1]), y = ascii_lower(b.ptr[j - 1]);
            size_t best = above[j - 1] + (x != y);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == ascii_lower(b.ptr[j - 2]) &&
                y == ascii_lower(a.ptr[i - 2]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b.len];
}

/* "yb" for "by": too short to count letters. */
static bool is_swap(struct slice a, struct slice b)
{
    return a.len == 2 && b.len == 2 && ascii_lower(a.ptr[0]) == ascii_lower(b.ptr[1]) &&
           ascii_lower(a.ptr[1]) == ascii_lower(b.ptr[0]);
}

struct slice diag_nearest(struct slice word, const struct slice *list)
{
    struct slice nearest = { 0 };
    size_t best = SIZE_MAX;

    if (word.len == 0 || word.len > WORD_MAX)
        return nearest;
    for (; list->len; list++) {
        size_t longer = list->len > word.len ? list->len : word.len, d;
        if (longer > WORD_MAX)
            continue;
        d = distance(word, *list);
        if ((d <= longer / 3 || is_swap(word, *list)) &&
            (d < best || (d == best && list->len == word.len && nearest.len != word.len))) {
            best = d;
            nearest = *list;
        }
    }
    return nearest;
}

struct slice diag_suggest(struct arena *arena, struct slice word, const struct slice *list)
{
    struct slice nearest = diag_nearest(word, list);
    char text[SUGGEST_MAX];
    size_t len = 0;

    if (nearest.len)
        return arena_printf(arena, "did you mean \"%.*s\"?", SLICE_ARG(nearest));
    for (const struct slice *at = list; at->len; at++) {
        if (len + at->len + 2 > sizeof(text))
            return (struct slice){ 0 };
        if (at != list) {
            memcpy(text + len, ", ", 2);
            len += 2;
        }
        memcpy(text + len, at->ptr, at->len);
        len += at->len;
    }
    if (len == 0)
        return (struct slice){ 0 };
    return arena_printf(arena, "one of: %.*s", (int)len, text);
}

struct slice diag_suggest_or(struct arena *arena, struct slice word, const struct slice *list,
                             struct slice otherwise)
{
    struct slice hint = diag_suggest(arena, word, list);

    return hint.len ? hint : otherwise;
}
