/* note.h: remarks about one postback, for the people who sent it: codes are listed in codes.h. */
#ifndef CORE_BASE_NOTE_H
#define CORE_BASE_NOTE_H

#include "core/base/arena.h"
#include "core/base/slice.h"

struct note {
    const char *code;    /* "W003" */
    struct slice subject; /* the parameter or field it is about */
    struct slice text;    /* the whole sentence, subject included */
    struct note *next;
};

struct notes {
    struct arena *arena;
    struct note *first, *last;
    size_t count;
};

/* At most 50 are kept.  Bytes that would harm a terminal are replaced by '?' when printed, not
 * here. */
void note_add(struct notes *n, const char *code, struct slice subject, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A value as shown in a sentence: at most 60 bytes, then "..." (in the arena). */
struct slice note_short(struct arena *arena, struct slice value);

#endif
