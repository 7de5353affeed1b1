/* letters.h: lower case and punctuation of UTF-8 without a locale.  Inside core/identity only. */
#ifndef CORE_IDENTITY_LETTERS_H
#define CORE_IDENTITY_LETTERS_H

#include "core/base/arena.h"
#include "core/base/slice.h"

/* Without the blanks around it that JavaScript's trim() takes off, which is what a page's pixel
 * does before it hashes: ASCII ones, no-break and other spaces of Unicode, the byte order mark. */
struct slice letters_trim(struct slice s);

/* The first character of s, which is not empty, and its length; a byte that is not UTF-8 counts as
 * one U+FFFD. */
uint32_t letters_first(struct slice s, size_t *n);

/* A blank, or a character that cannot be seen at all. */
bool letters_is_unseen(uint32_t c);

enum {
    LETTERS_NO_PUNCTUATION = 1, /* drop it, and characters that cannot be seen */
    LETTERS_NO_BLANKS = 2,      /* drop them; else all become ' ', and none is left at the ends */
};

/* s trimmed and in lower case: Latin, Greek, Cyrillic, Armenian and full-width letters; others, and
 * bytes that are not UTF-8, stay as they are (then do not drop: what is left may meet and form
 * another character).  ptr is NULL when the arena is full. */
struct slice letters_lower(struct arena *arena, struct slice s, int drop);

#endif
