/* text.c: bytes of any encoding to UTF-8, a piece at a time. */
#include "core/csv/internal.h"

static void put(struct csv *c, uint32_t code)
{
    char utf8[4];

    if (code >= 0xD800 && code < 0xE000)
        code = 0xFFFD;
    buf_add(&c->text, (struct slice){ utf8, utf8_put(utf8, code) });
}

static int no_text(struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, CSV_NO_TEXT ": this is %s, no CSV", what);
}

static void unit(struct csv *c, uint16_t u)
{
    if (c->surrogate) {
        uint16_t first = c->surrogate;
        c->surrogate = 0;
        if (u >= 0xDC00 && u < 0xE000) {
            put(c, 0x10000u + (((uint32_t)first - 0xD800u) << 10) + (u - 0xDC00u));
            return;
        }
        put(c, 0xFFFD);
    }
    if (u >= 0xD800 && u < 0xDC00)
        c->surrogate = u;
    else
        put(c, u);
}

static int from_utf16(struct csv *c, struct slice s, bool last, struct err *err)
{
    int big = c->encoding == CSV_UTF16BE;
    size_t i = 0;

    if (c->cut_len && s.len) {
        char pair[2] = { (char)c->cut[0], s.ptr[0] };
        c->cut_len = 0;
        if (from_utf16(c, (struct slice){ pair, 2 }, false, err) != 0)
            return -1;
        i = 1;
    }
    for (; i + 1 < s.len; i += 2) {
        unsigned char a = (unsigned char)s.ptr[i], b = (unsigned char)s.ptr[i + 1];
        uint16_t u = (uint16_t)(big ? a << 8 | b : b << 8 | a);
        if (u == 0)
            return no_text(err, "a file with zero bytes");
        unit(c, u);
    }
    if (i < s.len) {
        c->cut[0] = (unsigned char)s.ptr[i];
        c->cut_len = 1;
    }
    if (last && (c->cut_len || c->surrogate))
        put(c, 0xFFFD);
    return 0;
}

/* How much of the end of s is the beginning of a character. */
static size_t cut_at_end(struct slice s)
{
    for (size_t n = 1; n <= 3 && n <= s.len; n++) {
        unsigned char b = (unsigned char)s.ptr[s.len - n];
        size_t want = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1;
        if (b >= 0xC0 || b < 0x80)
            return want > n ? n : 0;
    }
    return 0;
}

static size_t ascii_prefix(struct slice s)
{
    size_t i = 0;

    for (uint64_t word; i + 8 <= s.len; i += 8) {
        memcpy(&word, s.ptr + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < s.len && !((unsigned char)s.ptr[i] & 0x80))
        i++;
    return i;
}

static void from_utf8(struct csv *c, struct slice s)
{
    while (s.len) {
        size_t n = ascii_prefix(s), one;
        while (n < s.len && (one = utf8_len(slice_from_at(s, n))) != 0)
            n += one;
        buf_add(&c->text, slice_head(s, n));
        s = slice_from_at(s, n);
        if (s.len == 0)
            break;
        if (!c->foreign_told)
            csv_tell(c, "F039", 0, 0, "bytes that are no UTF-8 were read as Windows-1252");
        c->foreign_told = true;
        put(c, csv_code_point(CSV_WINDOWS_1252, (unsigned char)s.ptr[0]));
        s = slice_from_at(s, 1);
    }
}

static void from_8bit(struct csv *c, struct slice s)
{
    while (s.len) {
        size_t n = ascii_prefix(s);
        buf_add(&c->text, slice_head(s, n));
        s = slice_from_at(s, n);
        if (s.len) {
            put(c, csv_code_point(c->encoding, (unsigned char)s.ptr[0]));
            s = slice_from_at(s, 1);
        }
    }
}

/* The first piece with bytes that are no ASCII decides: by chance those of other encodings hardly ever make
 * a character of UTF-8, so a few that make none are damage. */
static void decide(struct csv *c, struct slice s)
{
    struct slice rest = slice_head(s, s.len - cut_at_end(s));
    size_t characters = 0, others = 0, n;

    for (rest = slice_from_at(rest, ascii_prefix(rest)); rest.len;
         rest = slice_from_at(rest, ascii_prefix(rest))) {
        n = utf8_len(rest);
        characters += n != 0;
        others += n == 0;
        rest = slice_from_at(rest, n ? n : 1);
    }
    if (ascii_prefix(s) < s.len)
        c->encoding = characters > others || others == 0 ? CSV_UTF8 : csv_encoding_of_letters(s);
}

static int text8(struct csv *c, struct slice s, bool last, struct err *err)
{
    if (s.len && memchr(s.ptr, 0, s.len))
        return no_text(err, "a file with zero bytes");
    if (c->encoding == CSV_UNKNOWN)
        decide(c, s);
    if (c->encoding == CSV_UTF8) {
        size_t cut = last ? 0 : cut_at_end(s);
        memcpy(c->cut, slice_bytes(s) + s.len - cut, cut);
        c->cut_len = cut;
        from_utf8(c, slice_head(s, s.len - cut));
    } else
        from_8bit(c, s);
    return 0;
}

static int head(struct csv *c, struct slice *s, struct err *err)
{
    size_t skip;
    const char *foreign = csv_foreign(slice_head(*s, HEAD)); /* as much as there is however it is cut */
    enum csv_encoding found = csv_encoding_of_head(*s, &skip);

    if (foreign)
        return no_text(err, foreign);
    if (c->encoding == CSV_UNKNOWN || (skip && c->encoding == CSV_UTF16LE))
        c->encoding = found;
    *s = slice_from_at(*s, skip);
    c->head_seen = true;
    return 0;
}

int csv_decode(struct csv *c, struct slice bytes, bool last, struct err *err)
{
    struct buf joined = { 0 };
    struct slice s = bytes;
    bool wide = c->encoding == CSV_UTF16LE || c->encoding == CSV_UTF16BE;
    int rc = 0;

    if (c->cut_len && (!wide || !c->head_seen)) {
        buf_add(&joined, (struct slice){ (const char *)c->cut, c->cut_len });
        buf_add(&joined, bytes);
        s = buf_slice(&joined);
        c->cut_len = 0;
    }
    if (!c->head_seen && s.len < HEAD && !last) {
        memcpy(c->cut, slice_bytes(s), s.len);
        c->cut_len = s.len;
    } else {
        if (!c->head_seen)
            rc = head(c, &s, err);
        if (rc == 0)
            rc = c->encoding == CSV_UTF16LE || c->encoding == CSV_UTF16BE
                     ? from_utf16(c, s, last, err)
                     : text8(c, s, last, err);
    }
    buf_free(&joined);
    if (rc == 0 && !buf_ok(&c->text))
        return err_set(err, ERR_SYSTEM, "out of memory");
    return rc;
}
