/* lines.h: cells and paragraphs for a terminal. */
#ifndef CORE_REVIEW_LINES_H
#define CORE_REVIEW_LINES_H

#include "core/base/buf.h"

#define LINES_WIDTH 100 /* columns, at most */

/* Without what a terminal would obey; a broken byte as '?'. */
void lines_safe(struct buf *out, struct slice s);
/* In exactly `width` columns, to the left or the right; what is longer is cut and ends in "..". */
void lines_left(struct buf *out, struct slice s, int width);
void lines_right(struct buf *out, struct slice s, int width);
/* Words, broken before column `width`; every line but the first begins with `indent` blanks; at is the column of the
 * first.  Ends with a line end. */
void lines_wrapped(struct buf *out, struct slice s, int width, int at, int indent);
/* Ends the line, without blanks at its end. */
void lines_end(struct buf *out);

#endif
