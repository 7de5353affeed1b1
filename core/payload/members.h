/* members.h: the members of an object that payload.h has written, without making a tree of it. */
#ifndef CORE_PAYLOAD_MEMBERS_H
#define CORE_PAYLOAD_MEMBERS_H

#include "core/base/slice.h"

struct member {
    size_t at; /* of its name */
    struct slice name;
    size_t value, end;
};

/* The member that begins at `at` of s; false: there is none, or it is damaged. */
bool member_read(struct slice s, size_t at, struct member *m);

/* Where the next one begins. */
size_t member_next(struct slice s, const struct member *m);

/* The member `user` of a body; false: there is none that is an object. */
bool member_user(struct slice body, struct member *m);

#endif
