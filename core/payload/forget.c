#include "core/payload/forget.h"

#include "core/payload/members.h"

static bool is_visitor(struct slice name)
{
    return slice_eq(name, S("ip")) || slice_eq(name, S("user_agent"));
}

/* The members of `user` that stay, from `at`, just behind its brace, on; its end, or 0. */
static size_t copy_user(struct slice s, size_t at, struct buf *to, bool *cut)
{
    struct member m;
    bool first = true;

    while (member_read(s, at, &m)) {
        if (is_visitor(m.name)) {
            *cut = true;
        } else {
            if (!first)
                buf_byte(to, ',');
            buf_add(to, (struct slice){ s.ptr + m.at, m.end - m.at });
            first = false;
        }
        at = member_next(s, &m);
    }
    return at < s.len && s.ptr[at] == '}' ? at : 0;
}

bool payload_forget(struct slice body, struct buf *to)
{
    size_t before = to->len, end = 0;
    struct member user;
    bool cut = false;

    if (!member_user(body, &user))
        return false;
    buf_add(to, slice_head(body, user.value + 1));
    end = copy_user(body, user.value + 1, to, &cut);
    if (cut && end) {
        buf_add(to, slice_from_at(body, end));
        return true;
    }
    to->len = before;
    return false;
}
