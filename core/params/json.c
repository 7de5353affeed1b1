#include "core/params/params.h"

#include <string.h>

#include "core/params/list.h"

#define DEPTH_MAX 16
#define NAME_MAX_BYTES 1000 /* of a joined name: bounds what 200 long ones may cost */

/* A strict reader (RFC 8259).  cJSON would turn 12.10 into a double and back into 12.1, and let the
 * second of two equal names shadow the first. */
struct json {
    struct slice text;
    size_t at;
    struct list list;
    char name[NAME_MAX_BYTES];
    size_t name_len;
};

static int json_value(struct json *j, int depth);

static int fail(struct json *j, const char *what)
{
    return err_set(j->list.err, ERR_INPUT, "the JSON body is not valid at offset %zu: %s", j->at,
                   what);
}

/* The byte at the cursor, 0 at the end; a NUL in the text is no part of JSON either. */
static char peek(const struct json *j)
{
    return j->at < j->text.len ? j->text.ptr[j->at] : '\0';
}

static char peek_token(struct json *j)
{
    while (peek(j) == ' ' || peek(j) == '\t' || peek(j) == '\n' || peek(j) == '\r')
        j->at++;
    return peek(j);
}

static int hex4(struct json *j, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, j->at++) {
        int digit = ascii_hex(peek(j));
        if (digit < 0)
            return fail(j, "expected four hexadecimal digits after \\u");
        *code = *code * 16 + (uint32_t)digit;
    }
    return 0;
}

/* Behind "\u".  Never longer than the six or twelve bytes it was written with. */
static int unicode_escape(struct json *j, char **to)
{
    uint32_t code, low;

    if (hex4(j, &code) != 0)
        return -1;
    if (code >= 0xdc00 && code <= 0xdfff)
        return fail(j, "the second half of a surrogate pair stands alone");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!slice_starts(slice_from_at(j->text, j->at), S("\\u")))
            return fail(j, "the first half of a surrogate pair stands alone");
        j->at += 2;
        if (hex4(j, &low) != 0)
            return -1;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(j, "the first half of a surrogate pair stands alone");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *to += utf8_put(*to, code);
    return 0;
}

static int escape(struct json *j, char **to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char c = peek(j);
    const char *known = c ? strchr(from, c) : NULL;

    if (c == 'u') {
        j->at++;
        return unicode_escape(j, to);
    }
    if (!known)
        return fail(j, "unknown escape in a string");
    *(*to)++ = into[known - from];
    j->at++;
    return 0;
}

/* A string at the cursor, which is on its opening quote. */
static int json_string(struct json *j, struct slice *out, unsigned *seen)
{
    size_t close = j->at + 1;
    char *start, *to;

    while (close < j->text.len && j->text.ptr[close] != '"')
        close += j->text.ptr[close] == '\\' ? 2 : 1;
    if (close >= j->text.len)
        return fail(j, "a string is not closed");
    start = to = arena_alloc(j->list.p->arena, close - j->at);
    if (!to)
        return list_full(&j->list);
    for (j->at++; j->at < close;) {
        char c = j->text.ptr[j->at];
        size_t n = utf8_len(slice_from_at(j->text, j->at));
        if (c == '\\') {
            j->at++;
            if (escape(j, &to) != 0)
                return -1;
            continue;
        }
        if ((unsigned char)c < 0x20)
            return fail(j, "a control character in a string must be escaped");
        if (n == 0)
            return fail(j, "a string is not UTF-8");
        memcpy(to, j->text.ptr + j->at, n);
        to += n;
        j->at += n;
    }
    j->at = close + 1;
    *out = (struct slice){ start, (size_t)(to - start) };
    for (size_t i = 0; i < out->len; i++)
        if ((unsigned char)start[i] < 0x20 || start[i] == 0x7f)
            *seen |= SEEN_CONTROL;
    return 0;
}

static size_t digits(struct json *j)
{
    size_t from = j->at;

    while (ascii_is_digit(peek(j)))
        j->at++;
    return j->at - from;
}

/* The digits as written: 12.10 stays 12.10. */
static int json_number(struct json *j, struct slice *out)
{
    size_t from = j->at;

    if (peek(j) == '-')
        j->at++;
    if (peek(j) == '0')
        j->at++;
    else if (digits(j) == 0)
        return fail(j, "expected a digit");
    if (ascii_is_digit(peek(j)))
        return fail(j, "a number begins with a needless 0");
    if (peek(j) == '.') {
        j->at++;
        if (digits(j) == 0)
            return fail(j, "expected a digit after the point");
    }
    if (peek(j) == 'e' || peek(j) == 'E') {
        j->at++;
        if (peek(j) == '+' || peek(j) == '-')
            j->at++;
        if (digits(j) == 0)
            return fail(j, "expected a digit in the exponent");
    }
    *out = arena_dup(j->list.p->arena, slice_head(slice_from_at(j->text, from), j->at - from));
    return out->len ? 0 : list_full(&j->list);
}

static int json_word(struct json *j, struct slice *out)
{
    static const struct slice words[] = { SLICE("true"), SLICE("false"), SLICE("null"), { 0 } };

    for (const struct slice *word = words; word->len; word++)
        if (slice_starts(slice_from_at(j->text, j->at), *word)) {
            j->at += word->len;
            *out = *word;
            return 0;
        }
    if (j->at == j->text.len)
        return fail(j, "the text ends too early");
    return fail(j, "expected a value: a string in quotes, a number, true, false, null, { or [");
}

static int add(struct json *j, struct slice value, unsigned seen)
{
    struct slice name = { j->name, j->name_len };

    if (name.len == 0) {
        note_add(j->list.p->notes, "W009", name, "a value without a name was skipped");
        return 0;
    }
    name = arena_dup(j->list.p->arena, name);
    if (name.len == 0)
        return list_full(&j->list);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
            seen |= SEEN_CONTROL;
    if (list_add(&j->list, name, value) != 0)
        return -1;
    if (seen)
        list_remark(&j->list, name, value, seen);
    return 0;
}

static int json_scalar(struct json *j, char first)
{
    struct slice value;
    unsigned seen = 0;
    int rc;

    if (first == '"')
        rc = json_string(j, &value, &seen);
    else if (first == '-' || ascii_is_digit(first))
        rc = json_number(j, &value);
    else
        rc = json_word(j, &value);
    return rc == 0 ? add(j, value, seen) : -1;
}

static int name_append(struct json *j, struct slice part, int depth)
{
    if (part.len + 1 > sizeof(j->name) - j->name_len)
        return err_set(j->list.err, ERR_INPUT,
                       "a name in the JSON body is longer than %d bytes, with the names around it",
                       NAME_MAX_BYTES);
    if (depth > 1)
        j->name[j->name_len++] = '.';
    if (part.len)
        memcpy(j->name + j->name_len, part.ptr, part.len);
    j->name_len += part.len;
    return 0;
}

static int json_member(struct json *j, int depth)
{
    struct slice name;
    unsigned seen = 0; /* looked for again in the joined name */

    if (peek_token(j) != '"')
        return fail(j, "expected a name in quotes");
    if (json_string(j, &name, &seen) != 0 || name_append(j, name, depth) != 0)
        return -1;
    if (peek_token(j) != ':')
        return fail(j, "expected \":\" after a name");
    j->at++;
    return json_value(j, depth);
}

static int json_item(struct json *j, int depth, size_t index)
{
    char decimal[24];
    struct slice number = { decimal, 0 };
    size_t at = sizeof(decimal);

    do
        decimal[--at] = (char)('0' + index % 10);
    while (index /= 10);
    number = (struct slice){ decimal + at, sizeof(decimal) - at };
    if (name_append(j, number, depth) != 0)
        return -1;
    return json_value(j, depth);
}

/* An object or array at the cursor, which is on its opening bracket. */
static int json_nest(struct json *j, int depth)
{
    bool object = peek(j) == '{';
    char close = object ? '}' : ']';
    size_t name_len = j->name_len, index = 0;

    if (depth > DEPTH_MAX)
        return err_set(j->list.err, ERR_INPUT, "the JSON body is nested more than %d levels deep",
                       DEPTH_MAX);
    j->at++;
    if (peek_token(j) == close) {
        j->at++;
        return 0;
    }
    for (;;) {
        if ((object ? json_member(j, depth) : json_item(j, depth, index++)) != 0)
            return -1;
        j->name_len = name_len;
        if (peek_token(j) == close)
            break;
        if (peek(j) != ',')
            return fail(j, object ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"");
        j->at++;
    }
    j->at++;
    return 0;
}

/* depth: of the collection that the value is in. */
static int json_value(struct json *j, int depth)
{
    char first = peek_token(j);

    if (first == '{' || first == '[')
        return json_nest(j, depth + 1);
    return json_scalar(j, first);
}

int params_json(struct params *p, struct slice raw, struct err *err)
{
    struct json j = { .text = raw, .list = { .p = p, .err = err } };

    if (slice_starts(raw, S("\xef\xbb\xbf")))
        j.at = 3;
    if (peek_token(&j) != '{')
        return err_set(err, ERR_INPUT, "the JSON body must be an object like {\"subid\":\"...\"}");
    if (json_nest(&j, 1) != 0)
        return -1;
    if (peek_token(&j), j.at < j.text.len)
        return fail(&j, "something follows the object");
    return p->arena->full ? list_full(&j.list) : 0;
}
