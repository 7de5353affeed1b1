/* list.h: appending to a struct params; only for core/params. */
#ifndef CORE_PARAMS_LIST_H
#define CORE_PARAMS_LIST_H

#include "core/params/params.h"

struct list {
    struct params *p;
    size_t room; /* of p->list, known only while this list is filled */
    struct err *err;
};

/* Name and value are kept.  -1: ERR_INPUT when there are too many, ERR_BUSY when the arena
 * is full. */
int list_add(struct list *l, struct slice name, struct slice value);

/* err says that the arena is full.  -1. */
int list_full(struct list *l);

/* What was met while a name or a value was decoded. */
enum {
    SEEN_CONTROL = 1,
    SEEN_HIGH = 2, /* bytes above 0x7f */
    SEEN_BAD_ESCAPE = 4,
    SEEN_QUESTION = 8, /* a '?' that was not percent-encoded */
};

/* Notes about a parameter that was kept as it is. */
void list_remark(struct list *l, struct slice name, struct slice value, unsigned seen);

#endif
