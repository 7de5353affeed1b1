#include "core/params/damage.h"

#include <string.h>

/* The names that HTML knows without a closing ';' ("Named character references",
 * https://html.spec.whatwg.org/multipage/named-characters.html), by the code of their character:
 * a browser, an editor or html.unescape turns the begin of "&currency=" into "¤cy=".
 *
 * Left out, because there the damage has a second reading:
 *   letters (é, ö, ß ...)   "größe=5" in a value is a word, no parameter is called "szlige"
 *   nbsp, shy               stand in copied texts by themselves
 *   amp, lt, gt, quot       become ASCII signs, which values hold for their own reasons
 * eth (ð) is the one letter kept: names begin with it (&eth_address=, &ethnicity=). */
static const struct slice entities[] = {
    [0xa1] = SLICE("iexcl"),  [0xa2] = SLICE("cent"),   [0xa3] = SLICE("pound"),
    [0xa4] = SLICE("curren"), [0xa5] = SLICE("yen"),    [0xa6] = SLICE("brvbar"),
    [0xa7] = SLICE("sect"),   [0xa8] = SLICE("uml"),    [0xa9] = SLICE("copy"),
    [0xaa] = SLICE("ordf"),   [0xab] = SLICE("laquo"),  [0xac] = SLICE("not"),
    [0xae] = SLICE("reg"),    [0xaf] = SLICE("macr"),   [0xb0] = SLICE("deg"),
    [0xb1] = SLICE("plusmn"), [0xb2] = SLICE("sup2"),   [0xb3] = SLICE("sup3"),
    [0xb4] = SLICE("acute"),  [0xb5] = SLICE("micro"),  [0xb6] = SLICE("para"),
    [0xb7] = SLICE("middot"), [0xb8] = SLICE("cedil"),  [0xb9] = SLICE("sup1"),
    [0xba] = SLICE("ordm"),   [0xbb] = SLICE("raquo"),  [0xbc] = SLICE("frac14"),
    [0xbd] = SLICE("frac12"), [0xbe] = SLICE("frac34"), [0xbf] = SLICE("iquest"),
    [0xd0] = SLICE("ETH"),    [0xd7] = SLICE("times"),  [0xf0] = SLICE("eth"),
    [0xf7] = SLICE("divide"), [0xff] = { 0 },
};

/* Two names give the same sign; which one it was shows in the letters that follow. */
static const struct {
    unsigned char code;
    struct slice entity;
} upper_entities[] = {
    { 0xae, SLICE("REG") },
    { 0xa9, SLICE("COPY") },
};

/* The signs as UTF-8, one after the other, from U+00A0 on. */
static const char signs[] = "\u00a0\u00a1\u00a2\u00a3\u00a4\u00a5\u00a6\u00a7\u00a8\u00a9\u00aa"
                            "\u00ab\u00ac\u00ad\u00ae\u00af\u00b0\u00b1\u00b2\u00b3\u00b4\u00b5"
                            "\u00b6\u00b7\u00b8\u00b9\u00ba\u00bb\u00bc\u00bd\u00be\u00bf\u00c0"
                            "\u00c1\u00c2\u00c3\u00c4\u00c5\u00c6\u00c7\u00c8\u00c9\u00ca\u00cb"
                            "\u00cc\u00cd\u00ce\u00cf\u00d0\u00d1\u00d2\u00d3\u00d4\u00d5\u00d6"
                            "\u00d7\u00d8\u00d9\u00da\u00db\u00dc\u00dd\u00de\u00df\u00e0\u00e1"
                            "\u00e2\u00e3\u00e4\u00e5\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec"
                            "\u00ed\u00ee\u00ef\u00f0\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6\u00f7";

static const struct slice amps[] = {
    SLICE("amp;"), SLICE("amp%3B"), SLICE("#38;"), SLICE("#038;"), SLICE("#x26;"), { 0 },
};

size_t damage_amp(struct slice raw)
{
    if (raw.len < 4 || (ascii_lower(raw.ptr[0]) != 'a' && raw.ptr[0] != '#'))
        return 0;
    for (const struct slice *amp = amps; amp->len; amp++)
        if (slice_starts_nocase(raw, *amp))
            return amp->len;
    return 0;
}

/* Those that are not repaired, since they have a second reading; a page makes them all the same. */
static const struct {
    struct slice name, sign;
} others[] = {
    { SLICE("amp"), SLICE("&") },      { SLICE("AMP"), SLICE("&") },
    { SLICE("lt"), SLICE("<") },       { SLICE("LT"), SLICE("<") },
    { SLICE("gt"), SLICE(">") },       { SLICE("GT"), SLICE(">") },
    { SLICE("quot"), SLICE("\"") },    { SLICE("QUOT"), SLICE("\"") },
    { SLICE("REG"), SLICE("\u00ae") }, { SLICE("COPY"), SLICE("\u00a9") },
    { SLICE("nbsp"), SLICE("\u00a0") }, { SLICE("shy"), SLICE("\u00ad") },
};

size_t damage_entity(struct slice text, struct slice *sign)
{
    size_t best = 0;

    for (size_t code = 0xa0; code < sizeof(entities) / sizeof(*entities); code++) {
        struct slice name = entities[code];
        if (name.len <= best || !slice_starts(text, name))
            continue;
        best = name.len;
        *sign = (struct slice){ signs + (code - 0xa0) * 2, 2 };
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (others[i].name.len <= best || !slice_starts(text, others[i].name))
            continue;
        best = others[i].name.len;
        *sign = others[i].sign;
    }
    return best;
}

/* The word at the start of s when a '=' follows it; it may be empty. */
static bool word_then_equals(struct slice s, const char *also, struct slice *word)
{
    size_t n = 0;

    while (n < s.len && (ascii_is_alnum(s.ptr[n]) || (s.ptr[n] && strchr(also, s.ptr[n]))))
        n++;
    *word = slice_head(s, n);
    return n < s.len && s.ptr[n] == '=';
}

/* One decoded byte at offset i and how many raw bytes it takes; 0 at the end. */
static size_t byte_at(struct slice raw, size_t i, char *c)
{
    if (i >= raw.len)
        return 0;
    *c = raw.ptr[i];
    if (*c == '%' && raw.len - i > 2) {
        int high = ascii_hex(raw.ptr[i + 1]), low = ascii_hex(raw.ptr[i + 2]);
        if (high >= 0 && low >= 0) {
            *c = (char)(high * 16 + low);
            return 3;
        }
    }
    return 1;
}

/* The code below 0x100 of the character at offset i, else 0; *len is how many raw bytes it takes.
 * A single byte counts as Latin-1, but not behind another high byte: there it is part of a text in
 * some other character set. */
static unsigned char code_at(struct slice raw, size_t i, bool behind_high, size_t *len)
{
    char bytes[4];
    size_t lens[4], n = 0, end = i, chars;

    while (n < 4 && (lens[n] = byte_at(raw, end, &bytes[n])) != 0)
        end += lens[n++];
    chars = utf8_len((struct slice){ bytes, n });
    *len = lens[0];
    if (chars == 0)
        return behind_high ? 0 : (unsigned char)bytes[0];
    for (size_t k = 1; k < chars; k++)
        *len += lens[k];
    if (chars != 2 || ((unsigned char)bytes[0] & 0xfe) != 0xc2)
        return 0;
    return (unsigned char)(((bytes[0] & 3) << 6) | (bytes[1] & 0x3f));
}

static bool all_upper(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != ascii_upper(s.ptr[i]))
            return false;
    return s.len && ascii_is_alpha(s.ptr[0]);
}

static bool find_entity(unsigned char code, struct slice behind, struct damage *d)
{
    struct slice rest;

    if (code < 0xa0 || !entities[code].len || !word_then_equals(behind, "_", &rest))
        return false;
    d->code = "W002";
    d->rest = rest;
    d->entity = entities[code];
    d->sign = (struct slice){ signs + (code - 0xa0) * 2, 2 };
    for (size_t i = 0; i < sizeof(upper_entities) / sizeof(*upper_entities); i++)
        if (upper_entities[i].code == code && all_upper(rest))
            d->entity = upper_entities[i].entity;
    return true;
}

bool damage_find(struct slice raw, struct damage *d)
{
    bool behind_high = false, value = false, path = false;

    for (size_t i = 0; i < raw.len; i += d->len) {
        char c;
        d->at = i;
        d->len = byte_at(raw, i, &c);
        if ((unsigned char)c >= 0x80) {
            unsigned char code = code_at(raw, i, behind_high, &d->len);
            if (find_entity(code, slice_from_at(raw, i + d->len), d))
                return true;
            behind_high = true;
            continue;
        }
        behind_high = false;
        if (raw.ptr[i] == '=' && !value) {
            value = true;
            path = false;
        }
        path = path || c == '/'; /* behind a path, or in a URL, a '?' is in its place */
        if (raw.ptr[i] == '?' && !path) {
            struct slice name;
            if (word_then_equals(slice_from_at(raw, i + 1), "_-.[]", &name) && name.len) {
                *d = (struct damage){ .code = "W003", .at = i, .len = 1, .rest = name };
                return true;
            }
        }
    }
    return false;
}
