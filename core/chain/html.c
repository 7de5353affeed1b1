#include "core/chain/html.h"

#include <string.h>

/* Elements whose content is text up to their own end tag; noscript because a browser that runs
 * scripts reads it so. */
static const struct slice raw_elements[] = {
    SLICE("script"), SLICE("style"),  SLICE("title"),    SLICE("textarea"), SLICE("noscript"),
    SLICE("xmp"),    SLICE("iframe"), SLICE("noframes"), SLICE("noembed"),
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool ends_name(char c)
{
    return is_blank(c) || c == '/' || c == '>';
}

static void skip(struct slice *s, size_t n)
{
    *s = slice_from_at(*s, n);
}

static void skip_blanks(struct slice *s)
{
    size_t n = 0;

    while (n < s->len && is_blank(s->ptr[n]))
        n++;
    skip(s, n);
}

static struct slice take_value(struct slice *rest)
{
    struct slice value;
    size_t n = 0;

    if (rest->len && (rest->ptr[0] == '"' || rest->ptr[0] == '\'')) {
        char quote = rest->ptr[0];
        skip(rest, 1);
        n = slice_index(*rest, quote);
        value = slice_head(*rest, n);
        skip(rest, n + 1);
        return value;
    }
    while (n < rest->len && !is_blank(rest->ptr[n]) && rest->ptr[n] != '>')
        n++;
    value = slice_head(*rest, n);
    skip(rest, n);
    return value;
}

/* The next attribute; false when *rest begins with '>' or has ended. */
static bool next_attribute(struct slice *rest, struct slice *name, struct slice *value)
{
    size_t n = 0;

    while (n < rest->len && (is_blank(rest->ptr[n]) || rest->ptr[n] == '/'))
        n++;
    skip(rest, n);
    if (rest->len == 0 || rest->ptr[0] == '>')
        return false;
    for (n = 1; n < rest->len && !ends_name(rest->ptr[n]) && rest->ptr[n] != '=';)
        n++;
    *name = slice_head(*rest, n);
    skip(rest, n);
    skip_blanks(rest);
    *value = (struct slice){ 0 };
    if (rest->len && rest->ptr[0] == '=') {
        skip(rest, 1);
        skip_blanks(rest);
        *value = take_value(rest);
    }
    return true;
}

/* Past "-->".  "<!-->" and "<!--->" are whole comments. */
static void skip_comment(struct slice *rest)
{
    if (slice_starts(*rest, S(">")) || slice_starts(*rest, S("->"))) {
        skip(rest, 1 + slice_index(*rest, '>'));
        return;
    }
    while (rest->len) {
        skip(rest, slice_index(*rest, '-'));
        if (slice_starts(*rest, S("-->")) || slice_starts(*rest, S("--!>"))) {
            skip(rest, 1 + slice_index(*rest, '>'));
            return;
        }
        skip(rest, 1);
    }
}

/* Take the text up to "</name" and that end tag's beginning off *rest. */
static struct slice take_raw(struct slice *rest, struct slice name)
{
    struct slice all = *rest;

    while (rest->len) {
        struct slice after;
        skip(rest, slice_index(*rest, '<'));
        after = slice_from_at(*rest, 2);
        if (slice_starts(*rest, S("</")) && slice_starts_nocase(after, name) &&
            after.len > name.len && ends_name(after.ptr[name.len]))
            break;
        skip(rest, 1);
    }
    return slice_head(all, all.len - rest->len);
}

static bool is_raw(struct slice name)
{
    for (size_t i = 0; i < sizeof(raw_elements) / sizeof(*raw_elements); i++)
        if (slice_eq_nocase(name, raw_elements[i]))
            return true;
    return false;
}

/* *rest stands behind '<' or "</", in front of a letter.  false: it never ends. */
static bool take_tag(struct slice *rest, struct html_tag *tag)
{
    struct slice name, value, all;
    size_t n = 0;

    while (n < rest->len && !ends_name(rest->ptr[n]))
        n++;
    tag->name = slice_head(*rest, n);
    skip(rest, n);
    all = *rest;
    while (next_attribute(rest, &name, &value))
        ;
    if (rest->len == 0)
        return false;
    tag->attributes = slice_head(all, all.len - rest->len);
    skip(rest, 1);
    if (!tag->closing && is_raw(tag->name))
        tag->text = take_raw(rest, tag->name);
    return true;
}

static void skip_text(struct html *h)
{
    size_t n = slice_index(h->rest, '<');

    for (size_t i = 0; i < n; i++)
        h->visible += !is_blank(h->rest.ptr[i]);
    skip(&h->rest, n + 1);
}

bool html_next(struct html *h, struct html_tag *tag)
{
    while (h->rest.len) {
        char c;
        *tag = (struct html_tag){ .closing = false };
        skip_text(h);
        c = h->rest.len ? h->rest.ptr[0] : '\0';
        if (slice_starts(h->rest, S("!--"))) {
            skip(&h->rest, 3);
            skip_comment(&h->rest);
            continue;
        }
        if (c == '/') {
            tag->closing = true;
            skip(&h->rest, 1);
            c = h->rest.len ? h->rest.ptr[0] : '\0';
        }
        if (ascii_is_alpha(c)) {
            if (take_tag(&h->rest, tag))
                return true;
        } else if (tag->closing || c == '!' || c == '?') {
            skip(&h->rest, slice_index(h->rest, '>') + 1);
        }
    }
    return false;
}

bool html_is(const struct html_tag *tag, struct slice name)
{
    return !tag->closing && slice_eq_nocase(tag->name, name);
}

bool html_attribute(struct arena *arena, const struct html_tag *tag, struct slice name,
                    struct slice *value)
{
    struct slice rest = tag->attributes, found;

    while (next_attribute(&rest, &found, value)) {
        if (!slice_eq_nocase(found, name))
            continue;
        *value = html_decode(arena, *value);
        return true;
    }
    return false;
}

/* Names by the HTML standard's table; bare: also known without ';'. */
static const struct {
    struct slice name;
    char byte;
    bool bare;
} references[] = {
    { SLICE("amp"), '&', true },     { SLICE("AMP"), '&', true },
    { SLICE("lt"), '<', true },      { SLICE("gt"), '>', true },
    { SLICE("quot"), '"', true },    { SLICE("apos"), '\'', false },
    { SLICE("equals"), '=', false }, { SLICE("quest"), '?', false },
    { SLICE("num"), '#', false },    { SLICE("sol"), '/', false },
    { SLICE("colon"), ':', false },  { SLICE("lowbar"), '_', false },
    { SLICE("percnt"), '%', false }, { SLICE("plus"), '+', false },
    { SLICE("period"), '.', false }, { SLICE("comma"), ',', false },
    { SLICE("semi"), ';', false },   { SLICE("commat"), '@', false },
    { SLICE("lbrace"), '{', false }, { SLICE("rbrace"), '}', false },
    { SLICE("lcub"), '{', false },   { SLICE("rcub"), '}', false },
    { SLICE("lpar"), '(', false },   { SLICE("rpar"), ')', false },
    { SLICE("Tab"), '\t', false },   { SLICE("NewLine"), '\n', false },
};

/* "#38;" or "#x26;" at the start of s, or without the ';'.  How many bytes it takes, else 0. */
static size_t numeric(struct slice s, uint32_t *code)
{
    bool hex = s.len > 1 && ascii_lower(s.ptr[1]) == 'x';
    size_t n = hex ? 2 : 1, start = n;

    *code = 0;
    for (; n < s.len; n++) {
        int digit = ascii_hex(s.ptr[n]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        if (*code <= 0x10ffff)
            *code = *code * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (n == start)
        return 0;
    if (*code == 0 || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        *code = 0xfffd;
    return n + (n < s.len && s.ptr[n] == ';');
}

static size_t named(struct slice s, uint32_t *code)
{
    for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
        size_t len = references[i].name.len;
        char next = s.len > len ? s.ptr[len] : '\0';
        if (!slice_starts(s, references[i].name))
            continue;
        if (next != ';' && (!references[i].bare || ascii_is_alnum(next) || next == '='))
            continue;
        *code = (unsigned char)references[i].byte;
        return len + (next == ';');
    }
    return 0;
}

struct slice html_decode(struct arena *arena, struct slice raw)
{
    size_t n = 0;
    char *to;

    if (slice_index(raw, '&') == raw.len)
        return raw;
    to = arena_alloc(arena, raw.len); /* no reference is shorter than what it stands for */
    if (!to)
        return (struct slice){ 0 };
    for (size_t i = 0; i < raw.len;) {
        struct slice rest = slice_from_at(raw, i + 1);
        uint32_t code = 0;
        size_t len = 0;
        if (raw.ptr[i] == '&' && rest.len)
            len = rest.ptr[0] == '#' ? numeric(rest, &code) : named(rest, &code);
        if (len)
            n += utf8_put(to + n, code);
        else
            to[n++] = raw.ptr[i];
        i += 1 + len;
    }
    return (struct slice){ to, n };
}
