/* phone_read.h: what was typed into a phone field, as digits.  Inside core/identity only. */
#ifndef CORE_IDENTITY_PHONE_READ_H
#define CORE_IDENTITY_PHONE_READ_H

#include "core/base/slice.h"

#define PHONE_DIGITS_MIN 7
#define PHONE_DIGITS_MAX 15 /* E.164 */

enum prefix {
    PREFIX_NONE,
    PREFIX_PLUS,
    PREFIX_BLANK, /* a blank in front: most often a '+' that a query string turned into one */
};

/* A number as it was typed, without its punctuation, label ("tel:") and extension ("ext. 5"). */
struct typed {
    enum prefix prefix;
    char digits[PHONE_DIGITS_MAX + 6]; /* an exit code and a trunk more than E.164 allows */
    size_t len;
};

/* NULL, or what is wrong: the rest of a sentence. */
const char *phone_read(struct slice value, struct typed *t);

#endif
