/* break_value.c: failures that act on one decoded value. */
#include "core/chain/break_acts.h"

#include "core/chain/edit.h"

struct slice break_lowercase(struct arena *arena, const struct hop_break *b, struct slice name,
                             struct slice value)
{
    char *lower = arena_alloc(arena, value.len);

    (void)b;
    (void)name;
    for (size_t i = 0; lower && i < value.len; i++)
        lower[i] = ascii_lower(value.ptr[i]);
    return lower ? (struct slice){ lower, value.len } : value;
}

struct slice break_truncate(struct arena *arena, const struct hop_break *b, struct slice name,
                            struct slice value)
{
    (void)arena;
    (void)name;
    return slice_head(value, (size_t)b->number);
}

struct slice break_double_encode(struct arena *arena, const struct hop_break *b, struct slice name,
                                 struct slice value)
{
    (void)b;
    (void)name;
    return edit_encode(arena, value);
}

struct slice break_plus_to_space(struct arena *arena, const struct hop_break *b, struct slice name,
                                 struct slice value)
{
    char *text = arena_alloc(arena, value.len);

    (void)b;
    (void)name;
    for (size_t i = 0; text && i < value.len; i++)
        text[i] = value.ptr[i] == '+' ? ' ' : value.ptr[i];
    return text ? (struct slice){ text, value.len } : value;
}

struct slice break_base64(struct arena *arena, const struct hop_break *b, struct slice name,
                          struct slice value)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = arena_alloc(arena, (value.len + 2) / 3 * 4);
    size_t n = 0;

    (void)b;
    (void)name;
    for (size_t i = 0; out && i < value.len; i += 3) {
        size_t have = value.len - i < 3 ? value.len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < have ? (unsigned char)value.ptr[i + k] : 0);
        for (size_t k = 0; k < have + 1; k++)
            out[n++] = letters[bits >> (18 - 6 * k) & 63];
    }
    return out ? (struct slice){ out, n } : value;
}

/* A token that only the hop itself can turn back; the same value gives the same one. */
struct slice break_encrypt(struct arena *arena, const struct hop_break *b, struct slice name,
                           struct slice value)
{
    (void)b;
    (void)name;
    return arena_printf(arena, "%016llx%016llx", (unsigned long long)slice_hash(value, 1),
                        (unsigned long long)slice_hash(value, 2));
}

struct slice break_literal(struct arena *arena, const struct hop_break *b, struct slice name,
                           struct slice value)
{
    (void)b;
    (void)value;
    return arena_printf(arena, "{%.*s}", SLICE_ARG(name));
}
