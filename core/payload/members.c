#include "core/payload/members.h"

#include <string.h>

#define DEPTH_MOST 32

/* The place behind the string that begins at `at`; past the end when it has none.  Most have no escape,
 * and memchr is many times as fast as a loop: a body is looked through for every postback. */
static size_t behind_string(struct slice s, size_t at)
{
    const char *from = s.ptr + at + 1, *end = memchr(from, '"', s.len - at - 1);

    if (end && !memchr(from, '\\', (size_t)(end - from)))
        return (size_t)(end - s.ptr) + 1;
    for (at++; at < s.len && s.ptr[at] != '"'; at++)
        at += s.ptr[at] == '\\';
    return at + 1;
}

/* The place behind the value that begins at `at`. */
static size_t behind_value(struct slice s, size_t at)
{
    int depth = 0;

    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (c == '"') {
            at = behind_string(s, at) - 1;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MOST)
                return s.len + 1;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return at;
            depth--;
        } else if (c == ',' && depth == 0) {
            return at;
        }
    }
    return depth ? s.len + 1 : at;
}

bool member_read(struct slice s, size_t at, struct member *m)
{
    size_t end;

    if (at >= s.len || s.ptr[at] != '"')
        return false;
    end = behind_string(s, at);
    if (end >= s.len || s.ptr[end] != ':')
        return false;
    *m = (struct member){ at, { s.ptr + at + 1, end - at - 2 }, end + 1,
                          behind_value(s, end + 1) };
    return m->end < s.len;
}

size_t member_next(struct slice s, const struct member *m)
{
    return m->end + (s.ptr[m->end] == ',');
}

bool member_user(struct slice body, struct member *m)
{
    size_t at = 1;
    bool found;

    if (body.len == 0 || body.ptr[0] != '{')
        return false;
    while ((found = member_read(body, at, m)) && !slice_eq(m->name, S("user")))
        at = member_next(body, m);
    return found && body.ptr[m->value] == '{';
}
