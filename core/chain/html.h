/* html.h: the tags of a page, one after the other, as a browser's tokenizer would see them.  Linear
 * in the page, whatever bytes it has.  Inside core/chain only. */
#ifndef CORE_CHAIN_HTML_H
#define CORE_CHAIN_HTML_H

#include "core/base/arena.h"
#include "core/base/slice.h"

struct html {
    struct slice rest;
    size_t visible; /* bytes of text so far that are no blanks */
};                  /* { page, 0 } to begin with */

struct html_tag {
    struct slice name; /* as it came: compare without case */
    bool closing;
    struct slice attributes; /* raw */
    struct slice text; /* what stands between <script> and </script>, raw; the same for <style>,
                        * <title>, <textarea>, <noscript> and others that hold no tags */
};

/* Comments, doctypes and tags that never end are passed over.  false at the end. */
bool html_next(struct html *h, struct html_tag *tag);

bool html_is(const struct html_tag *tag, struct slice name); /* an opening one of that name */

/* The first attribute of that name (ASCII, lower case), its references decoded, in arena. */
bool html_attribute(struct arena *arena, const struct html_tag *tag, struct slice name,
                    struct slice *value);

/* &amp; &#38; &#x26; and the names for signs that URLs are made of; others stay, and so does one
 * without ';' in front of a letter, digit or '=': the rule for attributes. */
struct slice html_decode(struct arena *arena, struct slice raw);

#endif
