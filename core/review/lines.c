#include "core/review/lines.h"

void lines_safe(struct buf *out, struct slice s)
{
    for (size_t n; s.len; s = slice_from_at(s, n)) {
        n = utf8_harmless(s);
        if (n) {
            buf_add(out, slice_head(s, n));
        } else {
            buf_byte(out, ascii_is_space(s.ptr[0]) ? ' ' : '?');
            n = utf8_len(s) ? utf8_len(s) : 1;
        }
    }
}

/* The columns that s takes: its characters. */
static int columns(struct slice s)
{
    int n = 0;

    for (size_t k; s.len; s = slice_from_at(s, k), n++)
        k = utf8_len(s) ? utf8_len(s) : 1;
    return n;
}

static struct slice first_columns(struct slice s, int n)
{
    size_t at = 0;

    for (; n > 0 && at < s.len; n--) {
        size_t k = utf8_len(slice_from_at(s, at));
        at += k ? k : 1;
    }
    return slice_head(s, at);
}

static void blanks(struct buf *out, int n)
{
    for (; n > 0; n--)
        buf_byte(out, ' ');
}

void lines_left(struct buf *out, struct slice s, int width)
{
    int n = columns(s);

    if (n > width) {
        lines_safe(out, first_columns(s, width - 2));
        buf_puts(out, "..");
        return;
    }
    lines_safe(out, s);
    blanks(out, width - n);
}

void lines_right(struct buf *out, struct slice s, int width)
{
    blanks(out, width - columns(s));
    lines_left(out, s, columns(s) > width ? width : columns(s));
}

void lines_wrapped(struct buf *out, struct slice s, int width, int at, int indent)
{
    bool first = true;
    struct slice word;

    while (slice_next(&s, ' ', &word)) {
        while (word.len) {
            int n = columns(word), room = width - at - (first ? 0 : 1);
            struct slice part = word;
            if (n > room && !first) {
                buf_byte(out, '\n');
                blanks(out, indent);
                at = indent;
                first = true;
                continue;
            }
            if (n > room)
                part = first_columns(word, room);
            if (!first)
                buf_byte(out, ' ');
            lines_safe(out, part);
            at += columns(part) + (first ? 0 : 1);
            first = false;
            word = slice_from_at(word, part.len);
        }
    }
    buf_byte(out, '\n');
}

void lines_end(struct buf *out)
{
    while (out->len && out->ptr[out->len - 1] == ' ')
        out->len--;
    buf_byte(out, '\n');
}
