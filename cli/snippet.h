/* snippet.h: the line that puts the landing script into an offer's page; `snippet` prints it with
 * what is asked for, `urls` among the rest of what is to paste. */
#ifndef CLI_SNIPPET_H
#define CLI_SNIPPET_H

#include "core/base/buf.h"
#include "core/base/note.h"
#include "core/mapping/mapping.h"

#define SNIPPET_ATTRIBUTES_MAX 8

struct snippet_attribute {
    const char *name;
    struct slice value;
};

/* What a page may be given beside the offer's own; all may be empty. */
struct snippet_choice {
    struct slice event, hosts; /* hosts: of decorated links, small letters, blanks between */
    const char *consent;       /* "wait", "no"; NULL: wait if the offer has `consent:` */
};

struct snippet_tag {
    struct slice src;
    struct snippet_attribute attributes[SNIPPET_ATTRIBUTES_MAX];
    size_t count;
    struct notes remarks; /* what the page's owner must know; no codes */
};

/* The tag of the offer's pages; own: the URL of clickbaton, without a slash at its end.  A full
 * arena is the caller's to see. */
void snippet_make(struct arena *arena, const struct offer *offer, struct slice own,
                  const struct snippet_choice *choice, struct snippet_tag *tag);

/* <script ...></script>, one line without its end. */
void snippet_put(struct buf *out, const struct snippet_tag *tag);

#endif
