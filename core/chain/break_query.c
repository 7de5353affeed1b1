/* break_query.c: failures that act on the list of parameters. */
#include "core/chain/break_acts.h"

#include "core/chain/edit.h"

bool break_names(const struct hop_break *b, struct slice name)
{
    for (size_t i = 0; i < b->count; i++)
        if (slice_eq(b->names[i], name))
            return true;
    return b->count == 0;
}

struct slice break_drop(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = e.count; i-- > 0;)
        if (break_names(b, edit_name(&e, i)))
            edit_remove(&e, i);
    return edit_text(&e);
}

struct slice break_keep_only(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = e.count; i-- > 0;)
        if (b->count == 0 || !break_names(b, edit_name(&e, i)))
            edit_remove(&e, i);
    return edit_text(&e);
}

struct slice break_rename_params(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice name = edit_name(&e, i);
        for (size_t k = 0; k < b->count; k++)
            if (slice_eq(b->names[k], name)) {
                edit_set_name(&e, i, b->values[k]);
                break;
            }
    }
    return edit_text(&e);
}

struct slice break_uppercase_keys(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice name = edit_name(&e, i);
        char *upper = break_names(b, name) ? arena_alloc(arena, name.len) : NULL;
        for (size_t k = 0; upper && k < name.len; k++)
            upper[k] = ascii_upper(name.ptr[k]);
        if (upper)
            edit_set_name(&e, i, (struct slice){ upper, name.len });
    }
    return edit_text(&e);
}

struct slice break_duplicate(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;
    size_t count;

    if (!edit_open(&e, arena, url))
        return url;
    count = e.count;
    for (size_t i = 0; i < count; i++) {
        struct slice name = edit_name(&e, i);
        for (size_t k = 0; k < b->count; k++) {
            struct url_pair again = e.pairs[i];
            if (!slice_eq(b->names[k], name))
                continue;
            if (b->values)
                again.value = edit_encode(arena, b->values[k]);
            edit_add(&e, again);
        }
    }
    return edit_text(&e);
}

struct slice break_decode(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice value = edit_value(&e, i);
        struct buf raw = { .limit = URL_MAX_BYTES };
        if (!break_names(b, edit_name(&e, i)))
            continue;
        for (size_t k = 0; k < value.len; k++)
            if ((unsigned char)value.ptr[k] > 0x20 && value.ptr[k] != 0x7f)
                buf_byte(&raw, value.ptr[k]);
            else /* a browser encodes these again */
                buf_percent(&raw, (struct slice){ value.ptr + k, 1 });
        if (buf_ok(&raw))
            e.pairs[i].value = arena_dup(arena, buf_slice(&raw));
        buf_free(&raw);
    }
    return edit_text(&e);
}

struct slice break_space_to_plus(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct buf raw = { .limit = URL_MAX_BYTES };
        struct slice rest = e.pairs[i].value;
        if (!break_names(b, edit_name(&e, i)))
            continue;
        while (rest.len) {
            bool blank = slice_starts(rest, S("%20"));
            buf_byte(&raw, blank ? '+' : rest.ptr[0]);
            rest = slice_from_at(rest, blank ? 3 : 1);
        }
        if (buf_ok(&raw))
            e.pairs[i].value = arena_dup(arena, buf_slice(&raw));
        buf_free(&raw);
    }
    return edit_text(&e);
}
