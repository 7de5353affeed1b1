#include "core/payload/find.h"

/* No other object has a member of that name, and inside of a string its quotes would be escaped: so the
 * bytes "order_id":" are where it stands and nowhere else. */
static bool find(struct slice body, struct slice *raw)
{
    static const struct slice before = SLICE("\"order"), after = SLICE("_id\":\"");
    const char *end = body.ptr + body.len;
    size_t left;

    for (const char *at = body.ptr; body.len && (at = memchr(at, '_', (size_t)(end - at))) != NULL;
         at++) {
        if ((size_t)(at - body.ptr) < before.len || (size_t)(end - at) < after.len ||
            memcmp(at - before.len, before.ptr, before.len) != 0 ||
            memcmp(at, after.ptr, after.len) != 0)
            continue;
        *raw = (struct slice){ at + after.len, 0 };
        left = (size_t)(end - raw->ptr);
        while (raw->len < left && raw->ptr[raw->len] != '"')
            raw->len += raw->ptr[raw->len] == '\\' ? 2 : 1;
        return raw->len < left;
    }
    return false;
}

/* The next character of a JSON string into out; how many bytes.  Half a surrogate pair is written as the
 * number it is: it comes of no body of ours. */
static size_t next(struct slice *raw, char out[4])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    uint32_t code = 0;
    const char *named;

    out[0] = raw->ptr[0];
    *raw = slice_from_at(*raw, 1);
    if (out[0] != '\\' || raw->len == 0)
        return 1;
    out[0] = raw->ptr[0];
    *raw = slice_from_at(*raw, 1);
    if (out[0] == 'u' && raw->len >= 4) {
        for (int i = 0; i < 4; i++)
            code = code << 4 | (uint32_t)(ascii_hex(raw->ptr[i]) & 15);
        *raw = slice_from_at(*raw, 4);
        return utf8_put(out, code);
    }
    named = out[0] ? strchr(from, out[0]) : NULL;
    if (named)
        out[0] = to[named - from];
    return 1;
}

struct slice payload_order_id(struct slice body, struct arena *arena)
{
    struct slice raw, out = { 0 };
    char one[4], *to;

    if (!find(body, &raw))
        return out;
    if (slice_index(raw, '\\') == raw.len)
        return raw;
    if (!(to = ARENA_ARRAY(arena, char, raw.len)))
        return out;
    out.ptr = to;
    while (raw.len) {
        size_t n = next(&raw, one);
        memcpy(to + out.len, one, n);
        out.len += n;
    }
    return out;
}

bool payload_has_order_id(struct slice body, struct slice id)
{
    struct slice raw;
    char one[4];

    if (id.len == 0 || !find(body, &raw))
        return false;
    while (raw.len) {
        size_t n = next(&raw, one);
        if (id.len < n || memcmp(id.ptr, one, n) != 0)
            return false;
        id = slice_from_at(id, n);
    }
    return id.len == 0;
}
