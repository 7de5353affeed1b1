#include "core/payload/forget.h"

#define DEPTH_MOST 32

/* The place behind the string that begins at `at`; past the end when it has none. */
static size_t behind_string(struct slice s, size_t at)
{
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

struct member {
    size_t at; /* of its name */
    struct slice name;
    size_t value, end;
};

/* The member that begins at `at`; false: there is none, or it is damaged. */
static bool read_member(struct slice s, size_t at, struct member *m)
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

static bool is_visitor(struct slice name)
{
    return slice_eq(name, S("ip")) || slice_eq(name, S("user_agent"));
}

/* The members of `user` that stay, from `at`, just behind its brace, on; its end, or 0. */
static size_t copy_user(struct slice s, size_t at, struct buf *to, bool *cut)
{
    struct member m;
    bool first = true;

    while (read_member(s, at, &m)) {
        if (is_visitor(m.name)) {
            *cut = true;
        } else {
            if (!first)
                buf_byte(to, ',');
            buf_add(to, (struct slice){ s.ptr + m.at, m.end - m.at });
            first = false;
        }
        at = m.end + (s.ptr[m.end] == ',');
    }
    return at < s.len && s.ptr[at] == '}' ? at : 0;
}

bool payload_forget(struct slice body, struct buf *to)
{
    size_t before = to->len, at = 1, end = 0;
    struct member m;
    bool cut = false, found;

    if (body.len == 0 || body.ptr[0] != '{')
        return false;
    while ((found = read_member(body, at, &m)) && !slice_eq(m.name, S("user")))
        at = m.end + (body.ptr[m.end] == ',');
    if (!found || body.ptr[m.value] != '{')
        return false;
    buf_add(to, slice_head(body, m.value + 1));
    end = copy_user(body, m.value + 1, to, &cut);
    if (cut && end) {
        buf_add(to, slice_from_at(body, end));
        return true;
    }
    to->len = before;
    return false;
}
