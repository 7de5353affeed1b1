#include "core/csv/csv.h"

#include <stdlib.h>

#include "core/csv/internal.h"

#define PIECE ((size_t)256 << 10) /* what is decoded at a time */

struct csv *csv_new(const struct csv_use *use)
{
    struct csv *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->use = *use;
    c->encoding = use->encoding;
    c->separator = use->separator;
    c->line = 1;
    return c;
}

void csv_free(struct csv *c)
{
    if (!c)
        return;
    buf_free(&c->text);
    buf_free(&c->plain);
    free(c);
}

enum csv_encoding csv_encoding(const struct csv *c)
{
    return c->encoding;
}

char csv_separator(const struct csv *c)
{
    return c->separator;
}

void csv_tell(struct csv *c, const char *code, uint32_t line, uint32_t col, const char *text)
{
    if (c->use.flaw)
        c->use.flaw(c->use.context, code, line ? line : c->line, col, text);
}

/* ---- the separator ---- */

/* How often c->separator would stand outside of quotes in the first line of s; *end is behind it. */
static size_t count_in_line(struct slice s, char separator, size_t *end)
{
    bool quoted = false;
    size_t n = 0, i = 0;

    for (; i < s.len && (quoted || (s.ptr[i] != '\n' && s.ptr[i] != '\r')); i++) {
        if (s.ptr[i] == '"')
            quoted = !quoted;
        else
            n += !quoted && s.ptr[i] == separator;
    }
    while (i < s.len && (s.ptr[i] == '\n' || s.ptr[i] == '\r'))
        i++;
    *end = i;
    return n;
}

/* The one that is there most often in the first line; one that is there as often in the second goes first. */
static void find_separator(struct csv *c)
{
    static const char candidates[] = { ',', ';', '\t', '|' };
    struct slice s = buf_slice(&c->text);
    size_t best = 0;

    while (s.len && (s.ptr[0] == '\n' || s.ptr[0] == '\r'))
        s = slice_from_at(s, 1);
    c->separator = ',';
    for (size_t i = 0; i < sizeof(candidates); i++) {
        size_t end, rest, n = count_in_line(s, candidates[i], &end), score = n;
        if (n && end < s.len && count_in_line(slice_from_at(s, end), candidates[i], &rest) == n)
            score += CSV_RECORD_MAX;
        if (score > best) {
            best = score;
            c->separator = candidates[i];
        }
    }
}

/* Excel's first line "sep=;" says it, and is no row.  Gives its length. */
static size_t said_separator(struct csv *c)
{
    struct slice s = buf_slice(&c->text);

    if (s.len < 6 || !slice_starts_nocase(s, S("sep=")) || (s.ptr[5] != '\n' && s.ptr[5] != '\r'))
        return 0;
    if (!c->use.separator)
        c->separator = s.ptr[4];
    c->line = 2;
    return s.len > 6 && s.ptr[5] == '\r' && s.ptr[6] == '\n' ? 7 : 6;
}

/* ---- one record ---- */

enum found { RECORD, MORE, TOO_MANY_CELLS };

struct scan {
    const char *p, *end;
    const char *counted; /* up to there the characters of the line are counted: */
    uint32_t characters;
    uint32_t line;
    bool last, literal; /* literal: quotes are letters */
    uint32_t open_line, open_col; /* of a quote that is not closed; line 0: none */
    uint32_t junk_line, junk_col; /* of what stands behind a closing quote; line 0: nothing */
};

/* p is not before where it was last asked for. */
static uint32_t column(struct scan *s, const char *p)
{
    for (; s->counted < p; s->counted++)
        s->characters += ((unsigned char)*s->counted & 0xC0) != 0x80;
    return s->characters + 1;
}

/* From behind the opening quote to behind the closing one.  NULL: it does not end here. */
static const char *skip_quoted(struct scan *s, bool *doubled)
{
    const char *p = s->p;

    s->open_line = s->line;
    s->open_col = column(s, p - 1);
    for (; p < s->end; p++) {
        if (*p == '\n') {
            s->line++;
            s->counted = p + 1;
            s->characters = 0;
        } else if (*p == '"') {
            if (p + 1 == s->end && !s->last)
                return NULL;
            if (p + 1 == s->end || p[1] != '"') {
                s->open_line = 0;
                return p + 1;
            }
            *doubled = true;
            p++;
        }
    }
    return NULL;
}

static const char *skip_bare(const struct scan *s, const char *p, char separator)
{
    while (p < s->end && *p != separator && *p != '\n' && *p != '\r')
        p++;
    return p;
}

/* A cell from s->p on; s->p is then at its separator or line end. */
static bool cell(struct csv *c, struct scan *s, struct csv_cell *out, bool *doubled)
{
    const char *p = s->p;

    *doubled = false;
    while (!s->literal && p < s->end && *p == ' ' && c->separator != ' ')
        p++;
    *out = (struct csv_cell){ .line = s->line, .col = column(s, p) };
    if (s->literal || p == s->end || *p != '"') {
        const char *to = skip_bare(s, p, c->separator);
        out->text = slice_trim((struct slice){ p, (size_t)(to - p) });
        s->p = to;
        return true;
    }
    s->p = ++p;
    s->p = skip_quoted(s, doubled);
    if (!s->p)
        return false;
    out->text = slice_trim((struct slice){ p, (size_t)(s->p - 1 - p) });
    p = skip_bare(s, s->p, c->separator);
    if (slice_trim((struct slice){ s->p, (size_t)(p - s->p) }).len && !s->junk_line) {
        s->junk_line = s->line;
        s->junk_col = column(s, s->p);
    }
    s->p = p;
    return true;
}

/* The cells of the record at s->p, which is then behind its line end. */
static enum found scan(struct csv *c, struct scan *s)
{
    c->count = 0;
    for (;;) {
        if (c->count == CSV_CELLS_MAX)
            return TOO_MANY_CELLS;
        if (!cell(c, s, &c->cells[c->count], &c->doubled[c->count]))
            return MORE;
        c->count++;
        if (s->p == s->end)
            return s->last ? RECORD : MORE;
        if (*s->p == c->separator) {
            s->p++;
            continue;
        }
        if (*s->p == '\r' && s->p + 1 == s->end && !s->last)
            return MORE;
        s->p += *s->p == '\r' && s->p + 1 < s->end && s->p[1] == '\n' ? 2 : 1;
        s->line++;
        return RECORD;
    }
}

/* Doubled quotes become one; the texts go to c->plain, which must not move meanwhile. */
static bool undouble(struct csv *c)
{
    size_t need = 0;

    for (size_t i = 0; i < c->count; i++)
        need += c->doubled[i] ? c->cells[i].text.len : 0;
    if (need == 0)
        return true;
    buf_clear(&c->plain);
    for (size_t i = 0; i < need; i++)
        buf_byte(&c->plain, 0);
    if (!buf_ok(&c->plain))
        return false;
    need = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct slice *s = &c->cells[i].text;
        size_t from = need;
        if (!c->doubled[i])
            continue;
        for (size_t k = 0; k < s->len; k++) {
            c->plain.ptr[need++] = s->ptr[k];
            k += s->ptr[k] == '"' && k + 1 < s->len && s->ptr[k + 1] == '"';
        }
        *s = (struct slice){ c->plain.ptr + from, need - from };
    }
    return true;
}

static int hand_out(struct csv *c, const struct scan *s, struct err *err)
{
    struct csv_row row = { c->cells, c->count, c->cells[0].line };

    if (c->count == 1 && c->cells[0].text.len == 0)
        return 0;
    if (s->junk_line)
        csv_tell(c, "F034", s->junk_line, s->junk_col,
                 "something stands between a closing quote and the next separator");
    if (!undouble(c))
        return err_set(err, ERR_SYSTEM, "out of memory");
    return c->use.visit(c->use.context, &row, err);
}

/* The next record of what is there.  1; 0: more bytes are needed; -1. */
static int next(struct csv *c, const char **at, uint32_t *line, bool last, struct err *err)
{
    const char *end = c->text.ptr + c->text.len;
    struct scan s = { .p = *at, .end = end, .counted = *at, .line = *line, .last = last };
    enum found found = scan(c, &s);
    bool full = (size_t)(end - *at) > CSV_RECORD_MAX;

    if (found == MORE && !last && !full)
        return 0;
    if (found == MORE && s.open_line) { /* the quote is never closed */
        csv_tell(c, "F034", s.open_line, s.open_col, "a quote is not closed again");
        s = (struct scan){ .p = *at, .end = end, .counted = *at, .line = *line, .last = last, .literal = true };
        found = scan(c, &s);
        if (found == MORE && !full)
            return 0;
    }
    if (found == TOO_MANY_CELLS)
        return err_set(err, ERR_INPUT, CSV_TOO_LONG ": line %u has more than %d columns", *line,
                       CSV_CELLS_MAX);
    if (found == MORE || (size_t)(s.p - *at) > CSV_RECORD_MAX)
        return err_set(err, ERR_INPUT, CSV_TOO_LONG ": the row that begins in line %u is longer than 1 MB",
                       *line);
    if (hand_out(c, &s, err) != 0)
        return -1;
    *at = s.p;
    *line = s.line;
    return 1;
}

static int records(struct csv *c, bool last, struct err *err)
{
    const char *at;
    size_t rest;
    int rc = 1;

    if (c->text.len == 0)
        return 0;
    at = c->text.ptr;
    if (!c->separator_seen) {
        size_t skip = said_separator(c);
        if (skip == 0 && !c->use.separator)
            find_separator(c);
        at += skip;
        c->separator_seen = true;
    }
    while (rc == 1 && at < c->text.ptr + c->text.len)
        rc = next(c, &at, &c->line, last, err);
    rest = (size_t)(c->text.ptr + c->text.len - at);
    memmove(c->text.ptr, at, rest);
    c->text.len = rest;
    return rc < 0 ? -1 : 0;
}

int csv_feed(struct csv *c, struct slice bytes, bool last, struct err *err)
{
    do {
        struct slice piece = slice_head(bytes, PIECE);
        bytes = slice_from_at(bytes, piece.len);
        if (csv_decode(c, piece, last && bytes.len == 0, err) != 0)
            return -1;
        /* The first lines tell the separator: wait for some of them. */
        if (!c->separator_seen && c->text.len < 4096 && !(last && bytes.len == 0))
            continue;
        if (records(c, last && bytes.len == 0, err) != 0)
            return -1;
    } while (bytes.len);
    return 0;
}
