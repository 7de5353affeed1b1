/* labels.h: the values of a metric's label, each a small number; bounded, whatever comes.  A value stays
 * for the life of the process.  Any thread; looking up takes no lock. */
#ifndef CLI_SERVE_LABELS_H
#define CLI_SERVE_LABELS_H

#include "core/base/slice.h"

struct labels;

#define LABELS_TEXT_MAX 128 /* bytes; longer values count as others */

/* max values (at most 10,000), and one more, "(other)", for all that find no room.  NULL: out of memory. */
struct labels *labels_open(unsigned max);
void labels_close(struct labels *l); /* accepts NULL */

/* The number of a value, which is given one when it is new: 0, 1, 2...; max for others. */
unsigned labels_find(struct labels *l, struct slice text);

/* Numbers below this have a value, and what that is.  Also for max; for no other number. */
unsigned labels_count(const struct labels *l);
struct slice labels_text(const struct labels *l, unsigned number);

/* To see all of them and then max: for (i = 0; i <= count; i++) labels_nth(l, i, count), where count is
 * that of labels_count. */
unsigned labels_nth(const struct labels *l, unsigned i, unsigned count);

#endif
