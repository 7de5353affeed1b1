/* diag.h: problems in files that people edit: what, where, why, what to do.  All are collected, so
 * that one run shows every one of them. */
#ifndef CORE_BASE_DIAG_H
#define CORE_BASE_DIAG_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/slice.h"

struct source {
    struct slice name; /* as the user would type it */
    struct slice text;
};

/* 1-based; line 0: the file as a whole.  col counts bytes, span is how many the caret underlines.
 */
struct place {
    const struct source *source;
    uint32_t line, col, span;
};

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
    enum diag_level level;
    const char *code; /* "M012" */
    struct place at;
    struct slice text;
    struct slice hint;   /* what to do; may be empty */
    struct slice detail; /* more lines about it; may be empty */
    struct diag *next;
};

struct diags {
    struct arena *arena; /* of the texts */
    struct diag *first, *last;
    struct diag *newest; /* what diag_add has made; NULL: it was not kept */
    unsigned errors, warnings;
    unsigned kept; /* how many the list holds */
};

/* Add a problem.  At most 100 are kept, in the order of the file; the counts go on (a note counts
 * as neither).  code is borrowed for as long as d lives. */
void diag_add(struct diags *d, enum diag_level level, const char *code, struct place at,
              struct slice hint, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* What to do: the hint, else what the table of codes says. */
struct slice diag_remedy(const struct diag *d);

/* Lines about the problem that was added last, if it was kept; borrowed. */
void diag_detail(struct diags *d, struct slice lines);

/* offers/nutra.yaml:7:3: error[M012]: unknown key "evnets"
 *     7 |   evnets:
 *       |   ^^^^^^
 *   did you mean "events"?
 * A long line is cut around the column; bytes that would harm a terminal are shown as '?'. */
void diag_print(struct buf *out, const struct diag *d);
/* Its first line only. */
void diag_print_line(struct buf *out, const struct diag *d);
/* All, then how many more there were. */
void diags_print(struct buf *out, const struct diags *d);

/* The word of the list (ended by an empty slice) that is nearest to word, for "did you mean": at
 * most a third of its letters wrong, missing, added or swapped, whatever their case; the empty
 * slice when none is near. */
struct slice diag_nearest(struct slice word, const struct slice *list);

/* `did you mean "x"?` or, when nothing is near and the list is short, `one of: a, b, c`. */
struct slice diag_suggest(struct arena *arena, struct slice word, const struct slice *list);
/* The same, with a text for when it has nothing to say. */
struct slice diag_suggest_or(struct arena *arena, struct slice word, const struct slice *list,
                             struct slice otherwise);

#endif
