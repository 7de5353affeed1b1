#include "core/chain/edit.h"

bool edit_open(struct edit *e, struct arena *arena, struct slice text)
{
    struct url_pair pair;
    struct slice rest;

    e->arena = arena;
    e->count = 0;
    if (url_parse(text, &e->url) != NULL)
        return false;
    rest = e->url.query;
    while (url_next_pair(&rest, &pair))
        edit_add(e, pair);
    return true;
}

void edit_add(struct edit *e, struct url_pair pair)
{
    if (e->count == EDIT_PAIRS_MAX)
        return;
    e->names[e->count] = url_decode(e->arena, pair.name);
    e->pairs[e->count++] = pair;
}

void edit_carry(struct edit *e, struct slice query)
{
    struct url_pair pair;
    size_t own = e->count;

    while (url_next_pair(&query, &pair)) {
        struct slice name = url_decode(e->arena, pair.name);
        bool there = false;
        for (size_t i = 0; i < own && !there; i++)
            there = slice_eq(edit_name(e, i), name);
        if (!there)
            edit_add(e, pair);
    }
}

struct slice edit_name(const struct edit *e, size_t i)
{
    return e->names[i];
}

struct slice edit_value(const struct edit *e, size_t i)
{
    return url_decode(e->arena, e->pairs[i].value);
}

struct slice edit_encode(struct arena *arena, struct slice text)
{
    struct buf b = { .limit = 4 * URL_MAX_BYTES };
    struct slice out;

    buf_percent(&b, text);
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}

void edit_set_name(struct edit *e, size_t i, struct slice name)
{
    e->names[i] = name;
    e->pairs[i].name = edit_encode(e->arena, name);
}

void edit_set_value(struct edit *e, size_t i, struct slice value)
{
    if (slice_eq(edit_value(e, i), value))
        return; /* as it came */
    e->pairs[i].value = edit_encode(e->arena, value);
    e->pairs[i].has_equals = true;
}

bool edit_has(const struct edit *e, struct slice name)
{
    for (size_t i = 0; i < e->count; i++)
        if (slice_eq(edit_name(e, i), name))
            return true;
    return false;
}

void edit_remove(struct edit *e, size_t i)
{
    memmove(&e->pairs[i], &e->pairs[i + 1], (e->count - i - 1) * sizeof(*e->pairs));
    memmove(&e->names[i], &e->names[i + 1], (e->count - i - 1) * sizeof(*e->names));
    e->count--;
}

static void print_query(struct buf *b, const struct edit *e)
{
    for (size_t i = 0; i < e->count; i++) {
        if (i)
            buf_byte(b, '&');
        buf_add(b, e->pairs[i].name);
        if (e->pairs[i].has_equals)
            buf_byte(b, '=');
        buf_add(b, e->pairs[i].value);
    }
}

struct slice edit_query(const struct edit *e)
{
    struct buf b = { .limit = 4 * URL_MAX_BYTES };
    struct slice out;

    print_query(&b, e);
    out = buf_ok(&b) ? arena_dup(e->arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}

struct slice edit_text(struct edit *e)
{
    struct buf b = { .limit = 4 * URL_MAX_BYTES };
    struct slice out;

    e->url.query = edit_query(e);
    e->url.has_query = e->count > 0;
    url_print(&b, &e->url);
    out = buf_ok(&b) ? arena_dup(e->arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}
