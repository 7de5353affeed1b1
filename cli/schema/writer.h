/* writer.h: JSON with a line for each member, and the schemas of scalars; only for cli/schema. */
#ifndef CLI_SCHEMA_WRITER_H
#define CLI_SCHEMA_WRITER_H

#include "cli/schema/schema.h"

#define SHARED_MAX 400

/* A shape that may stand in `definitions`: it does when it is used twice. */
struct shared {
    const struct shape *shape;
    struct slice name;
    unsigned uses;
};

struct writer {
    struct buf *out;
    struct arena *arena;
    int depth;
    bool first; /* nothing stands in the innermost bracket yet */
    struct shared shared[SHARED_MAX];
    size_t shared_count;
};

/* ---- JSON ---- */

void writer_open(struct writer *w, char bracket);
void writer_close(struct writer *w, char bracket);
void writer_item(struct writer *w); /* the next item of a list stands behind it */
void writer_key(struct writer *w, struct slice name);
void writer_text(struct writer *w, const char *name, struct slice value);
void writer_raw(struct writer *w, const char *name, const char *value); /* value is JSON already */
void writer_number(struct writer *w, const char *name, int64_t n);

/* ---- the members of a scalar's schema ---- */

bool writer_is_plain(struct slice word); /* 302, true: JSON as they stand */
void writer_words(struct writer *w, const struct slice *words);
void writer_scalar(struct writer *w, const char *pattern,
                   const char *also); /* pattern NULL: any text */
void writer_template_words(struct writer *w, const struct shape *s);
void writer_bool(struct writer *w);
void writer_amount(struct writer *w);
void writer_whole(struct writer *w, const struct shape *s);

#endif
