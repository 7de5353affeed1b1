/* explain.h: what a code means, how it comes about and what to do: the texts of cli/explain/texts,
 * read, and shown beside what the table of codes (core/base/codes.h) says. */
#ifndef CORE_EXPLAIN_EXPLAIN_H
#define CORE_EXPLAIN_EXPLAIN_H

#include "core/base/buf.h"
#include "core/base/codes.h"
#include "core/base/err.h"

#define EXPLAIN_EXAMPLES_MAX 6

/* One entry; everything is borrowed from the text. */
struct explain_text {
    struct slice code;  /* "M012" */
    struct slice prose; /* lines, without a line end behind the last */
    struct explain_example {
        struct slice label; /* "Example offer:" */
        struct slice lines; /* each with its indent of four blanks, none empty at the end */
    } examples[EXPLAIN_EXAMPLES_MAX];
    size_t example_count;
    struct slice remedy; /* what stands behind "To do:"; may be empty */
};

/* A kind of codes, and the file that explains them. */
struct explain_group {
    const char *first; /* "M", or "H06": its codes have this letter and are not below */
    const char *file;  /* "yaml.md" */
    const char *title, *about;
};
extern const struct explain_group explain_groups[]; /* ended by a NULL first */

/* NULL: a code of no group. */
const struct explain_group *explain_group(const char *code);

/* The next entry of a file.  1: there is one.  0: it is at its end.  -1: it is not in the format;
 * err names the line.  Begin with *rest and *line {the whole file} and 0. */
int explain_next(struct slice *rest, unsigned *line, struct explain_text *out, struct err *err);

/* The entry of a code in a file; 1, 0 and -1 as above. */
int explain_find(struct slice file, const char *code, struct explain_text *out, struct err *err);

/* For a terminal. */
void explain_show(struct buf *out, const struct code *code, const struct explain_text *text);
/* Every code with its title, by group. */
void explain_list(struct buf *out);
/* The whole page docs/diagnostics.md; file gives the text of a group.  -1 when one is not in the
 * format, or a code has no entry. */
int explain_page(struct buf *out, bool (*file)(const char *name, struct slice *text),
                 struct err *err);

#endif
