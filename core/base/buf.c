#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/eight.h"
#include "core/base/wipe.h"

void buf_free(struct buf *b)
{
    if (b->secret)
        wipe(b->ptr, b->len);
    free(b->ptr);
    *b = (struct buf){ .secret = b->secret };
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){ b->ptr, b->len };
}

/* realloc would leave the old bytes where they were. */
static char *regrow(struct buf *b, size_t cap)
{
    char *p = b->secret ? malloc(cap) : realloc(b->ptr, cap);

    if (p && b->secret && b->ptr) {
        memcpy(p, b->ptr, b->len);
        wipe(b->ptr, b->len);
        free(b->ptr);
    }
    return p;
}

/* Room for n more bytes and a NUL, or NULL and failed. */
static char *reserve(struct buf *b, size_t n)
{
    size_t limit = b->limit && b->limit < SIZE_MAX / 4 ? b->limit : SIZE_MAX / 4;
    size_t cap = b->cap ? b->cap : 256;
    char *p;

    if (b->failed || b->len > limit || n > limit - b->len)
        goto failed;
    if (b->len + n >= b->cap) {
        while (cap <= b->len + n)
            cap *= 2;
        p = regrow(b, cap);
        if (!p) {
            memory_ran_out();
            goto failed;
        }
        b->ptr = p;
        b->cap = cap;
    }
    return b->ptr + b->len;
failed:
    b->failed = true;
    return NULL;
}

/* reserve, without the call when there is room anyway: nearly always. */
static inline char *room(struct buf *b, size_t n)
{
    if (!b->failed && n < b->cap - b->len && (!b->limit || b->len + n <= b->limit))
        return b->ptr + b->len;
    return reserve(b, n);
}

void buf_add(struct buf *b, struct slice s)
{
    char *p = room(b, s.len);

    if (p && s.len) {
        memcpy(p, s.ptr, s.len);
        b->len += s.len;
    }
}

void buf_byte(struct buf *b, char c)
{
    char *p = room(b, 1);

    if (p) {
        *p = c;
        b->len++;
    }
}

void buf_key(struct buf *b, struct slice name, bool first)
{
    char *p = room(b, name.len + 4);

    if (!p)
        return;
    if (!first)
        *p++ = ',';
    *p++ = '"';
    if (name.len)
        memcpy(p, name.ptr, name.len);
    p += name.len;
    *p++ = '"';
    *p++ = ':';
    b->len = (size_t)(p - b->ptr);
}

void buf_puts(struct buf *b, const char *cstr)
{
    buf_add(b, slice_from(cstr));
}

void buf_i64(struct buf *b, int64_t n)
{
    char digits[24], *p = digits + sizeof(digits);
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (n < 0)
        *--p = '-';
    buf_add(b, (struct slice){ p, (size_t)(digits + sizeof(digits) - p) });
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    char *p;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    p = n < 0 ? NULL : reserve(b, (size_t)n);
    if (n < 0)
        b->failed = true;
    if (p) {
        vsnprintf(p, (size_t)n + 1, fmt, ap);
        b->len += (size_t)n;
    }
    va_end(ap);
}

static void json_escape(struct buf *b, char c)
{
    static const char hex[] = "0123456789abcdef";
    char u[6] = { '\\', 'u', '0', '0', hex[(c >> 4) & 1], hex[c & 15] };

    switch (c) {
    case '"':
        buf_add(b, S("\\\""));
        break;
    case '\\':
        buf_add(b, S("\\\\"));
        break;
    case '\n':
        buf_add(b, S("\\n"));
        break;
    case '\r':
        buf_add(b, S("\\r"));
        break;
    case '\t':
        buf_add(b, S("\\t"));
        break;
    case 0x7f:
        buf_add(b, S("\\u007f"));
        break;
    default:
        buf_add(b, (struct slice){ u, sizeof(u) });
    }
}

/* Do the eight bytes at p stand for themselves in JSON? */
static bool eight_plain(const char *p)
{
    uint64_t v = eight_load(p);

    return (eight_not_ascii(v) | eight_below(v, 0x20) | eight_has(v, '"') | eight_has(v, '\\') |
            eight_has(v, 0x7f)) == 0;
}

void buf_json(struct buf *b, struct slice s)
{
    size_t plain = 0; /* bytes since the last that needed care */

    buf_byte(b, '"');
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i];
        size_t n = 1;
        if (s.len - i >= 8 && eight_plain(s.ptr + i)) {
            i += 8;
            continue;
        }
        if (c >= 0x20 && c != '"' && c != '\\' && c < 0x7f) {
            i++;
            continue;
        }
        if (c >= 0x80 && (n = utf8_len(slice_from_at(s, i))) != 0) {
            i += n;
            continue;
        }
        buf_add(b, (struct slice){ s.ptr + plain, i - plain });
        if (c >= 0x80)
            buf_add(b, S("\xef\xbf\xbd"));
        else
            json_escape(b, (char)c);
        plain = ++i;
    }
    buf_add(b, slice_from_at(s, plain));
    buf_byte(b, '"');
}

void buf_html(struct buf *b, struct slice s)
{
    static const char *const names[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
    };
    size_t plain = 0; /* bytes since the last that was escaped */

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c >= sizeof(names) / sizeof(*names) || !names[c])
            continue;
        buf_add(b, (struct slice){ s.ptr + plain, i - plain });
        buf_puts(b, names[c]);
        plain = i + 1;
    }
    buf_add(b, slice_from_at(s, plain));
}

void buf_script(struct buf *b, struct slice s)
{
    struct buf json = { 0 };
    struct slice rest, part;

    buf_json(&json, s);
    b->failed |= json.failed;
    for (rest = buf_slice(&json); slice_cut(rest, '<', &part, &rest);) {
        buf_add(b, part);
        buf_puts(b, "\\u003c");
    }
    buf_add(b, part);
    buf_free(&json);
}

/* What stands for itself in a URL: RFC 3986, section 2.3. */
static bool unreserved(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* All of eight bytes; a '~' is left to unreserved. */
static bool eight_unreserved(uint64_t v)
{
    uint64_t lower = v | EIGHT_ONES * 0x20;

    return !eight_not_ascii(v) && (eight_between(lower, 'a', 'z') | eight_between(v, '0', '9') |
                                   eight_between(v, '-', '.') | eight_between(v, '_', '_')) == EIGHT_HIGH;
}

/* Offset of the first byte from i on that does not stand for itself. */
static size_t next_reserved(struct slice s, size_t i)
{
    while (s.len - i >= 8 && eight_unreserved(eight_load(s.ptr + i)))
        i += 8;
    while (i < s.len && unreserved(s.ptr[i]))
        i++;
    return i;
}

void buf_percent(struct buf *b, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t plain = 0; /* bytes since the last that was escaped */

    for (size_t i = next_reserved(s, 0); i < s.len; i = next_reserved(s, plain)) {
        unsigned char c = (unsigned char)s.ptr[i];
        buf_add(b, (struct slice){ s.ptr + plain, i - plain });
        buf_add(b, (struct slice){ (const char[3]){ '%', hex[c >> 4], hex[c & 15] }, 3 });
        plain = i + 1;
    }
    buf_add(b, slice_from_at(s, plain));
}
