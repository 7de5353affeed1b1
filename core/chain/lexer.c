#include "core/chain/lexer.h"

#include <string.h>

static bool name_char(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static void skip(struct lexer *l, size_t n)
{
    l->rest = slice_from_at(l->rest, n);
}

static void skip_line(struct lexer *l)
{
    size_t n = 0;

    while (n < l->rest.len && l->rest.ptr[n] != '\n' && l->rest.ptr[n] != '\r')
        n++;
    skip(l, n);
}

static void skip_block(struct lexer *l)
{
    skip(l, 2);
    while (l->rest.len && !slice_starts(l->rest, S("*/")))
        skip(l, 1);
    skip(l, 2);
}

static void skip_blanks(struct lexer *l)
{
    while (l->rest.len) {
        if (ascii_is_space(l->rest.ptr[0]))
            skip(l, 1);
        else if (slice_starts(l->rest, S("//")) || slice_starts(l->rest, S("<!--")))
            skip_line(l);
        else if (slice_starts(l->rest, S("/*")))
            skip_block(l);
        else
            break;
    }
}

/* A string that its line does not end is over with the line. */
static struct token take_string(struct lexer *l)
{
    char quote = l->rest.ptr[0];
    struct token t = { .kind = TOKEN_STRING };
    size_t n = 1;

    for (; n < l->rest.len && l->rest.ptr[n] != quote; n++) {
        if (l->rest.ptr[n] == '\\')
            n++;
        else if (l->rest.ptr[n] == '\n' && quote != '`')
            break;
        else if (quote == '`' && l->rest.ptr[n] == '$')
            t.made |= n + 1 < l->rest.len && l->rest.ptr[n + 1] == '{';
    }
    if (n > l->rest.len)
        n = l->rest.len;
    t.text = slice_head(slice_from_at(l->rest, 1), n - 1);
    skip(l, n + 1);
    return t;
}

/* /x[/]y/: told from a division by what stands before. */
static bool begins_regex(const struct token *last)
{
    if (last->kind == TOKEN_SIGN)
        return last->sign != ')' && last->sign != ']';
    return last->kind == TOKEN_END ||
           (last->kind == TOKEN_NAME && slice_eq(last->text, S("return")));
}

static void skip_regex(struct lexer *l)
{
    bool in_class = false;
    size_t n = 1;

    for (; n < l->rest.len && l->rest.ptr[n] != '\n'; n++) {
        char c = l->rest.ptr[n];
        if (c == '/' && !in_class)
            break;
        if (c == '\\')
            n++;
        else if (c == '[' || c == ']')
            in_class = c == '[';
    }
    skip(l, n + 1);
}

static struct token take_name(struct lexer *l)
{
    struct token t = { .kind = ascii_is_digit(l->rest.ptr[0]) ? TOKEN_OTHER : TOKEN_NAME };
    size_t n = 0;

    while (n < l->rest.len && name_char(l->rest.ptr[n]))
        n++;
    t.text = slice_head(l->rest, n);
    skip(l, n);
    return t;
}

struct token lexer_next(struct lexer *l)
{
    struct token t = { .kind = TOKEN_END };
    char c, second;

    skip_blanks(l);
    if (l->rest.len == 0)
        return l->last = t;
    c = l->rest.ptr[0];
    second = l->rest.len > 1 ? l->rest.ptr[1] : '\0';
    if (c == '"' || c == '\'' || c == '`') {
        t = take_string(l);
    } else if (name_char(c)) {
        t = take_name(l);
    } else if (c == '/' && begins_regex(&l->last)) {
        skip_regex(l);
        t.kind = TOKEN_OTHER;
    } else {
        bool pair = (memchr("=!<>", c, 4) && second == '=') || (c == '=' && second == '>');
        t.kind = TOKEN_SIGN;
        t.sign = !pair ? c : second == '>' ? 'A' : 'E';
        skip(l, pair ? 2 : 1);
    }
    return l->last = t;
}

/* One \escape at s, behind the backslash: bytes used, and what it stands for (none for a line's
 * end). */
static size_t escape(struct slice s, char to[4], size_t *len)
{
    char c = s.ptr[0];
    const char *plain = c ? strchr("n\nt\tr\rb\bf\fv\v", c) : NULL;
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 0, at = 1;
    uint32_t code = 0;

    if (c == 'u' && s.len > 1 && s.ptr[1] == '{') {
        at = 2;
        digits = slice_index(slice_head(s, 10), '}');
        digits = digits < 3 || digits > 8 ? 0 : digits - 2;
    }
    for (size_t i = 0; digits && i < digits; i++) {
        if (at + i >= s.len || ascii_hex(s.ptr[at + i]) < 0)
            digits = 0;
        else
            code = code << 4 | (uint32_t)ascii_hex(s.ptr[at + i]);
    }
    if (digits && code <= 0x10ffff) {
        *len = utf8_put(to, code);
        return at + digits + (at == 2);
    }
    to[0] = plain && (plain - "n\nt\tr\rb\bf\fv\v") % 2 == 0 ? plain[1] : c;
    *len = c != '\n';
    return 1;
}

struct slice lexer_unescape(struct arena *arena, struct slice s)
{
    char *to, bytes[4] = { 0 };
    size_t n = 0, len = 0;

    if (slice_index(s, '\\') == s.len)
        return s;
    to = arena_alloc(arena, s.len);
    if (!to)
        return (struct slice){ 0 };
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\\' || i + 1 == s.len) {
            to[n++] = s.ptr[i];
            continue;
        }
        i += escape(slice_from_at(s, i + 1), bytes, &len);
        memcpy(to + n, bytes, len);
        n += len;
    }
    return (struct slice){ to, n };
}
