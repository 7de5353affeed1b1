#include "core/params/params.h"

#include <string.h>

#define VALUE_MAX 256 /* longer values are no macro as a whole */
#define MACRO_MAX 128 /* longer braces are no macro */

/* Words that stand where a value should be.  Words that networks use as statuses (new, none, wait,
 * amount, cancel, test) are values and must never be added: a mapping knows them or quarantines. */
static const struct {
    struct slice word;
    bool any_case;
    const char *why;
} words[] = {
    /* Placeholders of trackers' own panels and templates, fired as they were. */
    { SLICE("REPLACE"), true, "is the placeholder REPLACE that was never edited" },
    { SLICE("REPLACE_ME"), true, "is the placeholder REPLACE_ME that was never edited" },
    { SLICE("REPLACE_OR_REMOVE"), true,
      "is the placeholder REPLACE_OR_REMOVE that was never edited" },
    { SLICE("OPTIONAL"), true, "is the placeholder OPTIONAL that was never edited" },
    { SLICE("CHANGE_STATUS"), true, "is the placeholder CHANGE_STATUS that was never edited" },
    { SLICE("conversion_pixel"), true, "is Binom's conversion_pixel: the click is not known" },
    /* What a program prints for "nothing". */
    { SLICE("undefined"), true, "is the word undefined: a script had no value" },
    { SLICE("null"), true, "is the word null: a program had no value" },
    { SLICE("(null)"), true, "is the word (null): a program had no value" },
    { SLICE("[object Object]"), true, "is [object Object]: a script sent the wrong thing" },
    { SLICE("{}"), false, "is an empty {}" },
    { SLICE("[]"), false, "is an empty []" },
    /* Only as JavaScript and Python print them: "none" is a consent or a status word, "nan" and
     * "Nan" a first name. */
    { SLICE("NaN"), false, "is the word NaN: a script had no number" },
    { SLICE("None"), false, "is the word None: a program had no value" },
};

/* Macros that are the whole value: what stands around the name.  The longer marks come first. */
static const struct {
    struct slice open, close;
    const char *why;
} macros[] = {
    { SLICE("{{{"), SLICE("}}}"), "is the unexpanded macro {{{x}}}" },
    { SLICE("{{"), SLICE("}}"), "is the unexpanded macro {{x}}" },
    { SLICE("${"), SLICE("}"), "is the unexpanded macro ${x}" },
    { SLICE("#{"), SLICE("}"), "is the unexpanded macro #{x}" },
    { SLICE("%{"), SLICE("}"), "is the unexpanded macro %{x}" },
    { SLICE("{"), SLICE("}"), "is the unexpanded macro {x}" },
    { SLICE("[[["), SLICE("]]]"), "is the unexpanded macro [[[x]]]" },
    { SLICE("[["), SLICE("]]"), "is the unexpanded macro [[x]]" },
    { SLICE("[="), SLICE("=]"), "is the unexpanded macro [=x=]" },
    { SLICE("["), SLICE("]"), "is the unexpanded macro [x]" },
    { SLICE("##"), SLICE("##"), "is the unexpanded macro ##x##" },
    { SLICE("#"), SLICE("#"), "is the unexpanded macro #x#" },
    { SLICE("%%"), SLICE("%%"), "is the unexpanded macro %%x%%" },
    { SLICE("%"), SLICE("%"), "is the unexpanded macro %x%" },
    { SLICE("<"), SLICE(">"), "is the unexpanded macro <x>" },
    { SLICE("__"), SLICE("__"), "is the unexpanded macro __X__" },
    { SLICE("$"), SLICE(""), "is the unexpanded macro $x" },
};

/* Any letter of any language: macros of templates have been seen in Russian. */
static bool name_char(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '.' || c == '-' || (unsigned char)c >= 0x80;
}

/* clickid, sub_id_1, tracker.event, your id: what stands between the marks.  "50" does not, so that
 * [50], #50# and %50% are values. */
static bool is_name(struct slice s, bool blanks)
{
    if (s.len == 0 || ascii_is_digit(s.ptr[0]) || s.ptr[0] == '-' || s.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!name_char(s.ptr[i]) && !(blanks && i && s.ptr[i] == ' '))
            return false;
    return true;
}

/* 3F2504E0-4F89-11D3-9A0C-0305E82C3301: in braces that is an id as Windows writes it. */
static bool is_uuid(struct slice s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.ptr[i] != '-' : ascii_hex(s.ptr[i]) < 0)
            return false;
    }
    return true;
}

/* Between braces also arguments: status:lead=0 sale=1, url(sid), date:Y-m-d H:i:s,Europe/Kyiv.
 * What holds quotes is JSON, and more braces are not one macro. */
static bool is_braced_name(struct slice s)
{
    size_t n = 0;

    s = slice_trim(s);
    if (s.len == 0 || is_uuid(s))
        return false;
    while (n < s.len && name_char(s.ptr[n]))
        n++;
    if (n == 0 || s.ptr[0] == '-' || s.ptr[0] == '.' || (n < s.len && !strchr(":( |", s.ptr[n])))
        return false;
    for (; n < s.len; n++)
        if (strchr("\"{}", s.ptr[n]))
            return false;
    return true;
}

/* _CAMPAIGN_ID_, as some instructions misspell TikTok's macros; lower case could be an id. */
static bool is_shouted(struct slice s)
{
    size_t letters = 0;

    if (s.len < 3 || s.ptr[0] != '_' || s.ptr[s.len - 1] != '_')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!name_char(s.ptr[i]) || s.ptr[i] != ascii_upper(s.ptr[i]))
            return false;
        letters += ascii_is_alpha(s.ptr[i]);
    }
    return letters > 0;
}

static const char *whole_macro(struct slice s)
{
    for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++) {
        struct slice open = macros[i].open, close = macros[i].close, name;
        if (s.ptr[0] != open.ptr[0] || s.len <= open.len + close.len || !slice_starts(s, open) ||
            !slice_ends(s, close))
            continue;
        name = (struct slice){ s.ptr + open.len, s.len - open.len - close.len };
        if (slice_ends(open, S("{")) ? is_braced_name(name) : is_name(name, close.len > 0))
            return macros[i].why;
    }
    return is_shouted(s) ? "is the unexpanded macro _X_" : NULL;
}

/* A macro somewhere in an id: "{clickid}_1", "##A##,##B##".  Texts with blanks (a product's name)
 * and URLs (page_url) may hold one and still say something. */
static const char *inner_macro(struct slice s)
{
    bool brace = slice_index(s, '{') < s.len, hash = slice_index(s, '#') < s.len;

    if ((!brace && !hash) || slice_find(s, S("://")) < s.len || slice_index(s, ' ') < s.len)
        return NULL;
    for (size_t i = 0; brace && i < s.len; i++) {
        struct slice rest = slice_head(slice_from_at(s, i + 1), MACRO_MAX);
        size_t end = slice_index(rest, '}');
        if (s.ptr[i] != '{' || !is_braced_name(slice_head(rest, end)))
            continue;
        if (end < rest.len)
            return "holds the unexpanded macro {x}";
        if (i == 0 && i + 1 + end == s.len)
            return "is a macro {x} that was cut";
    }
    for (size_t i = 0; hash && i + 4 < s.len; i++) {
        struct slice rest = slice_from_at(s, i + 2);
        size_t end = slice_find(rest, S("##"));
        if (!slice_starts(slice_from_at(s, i), S("##")))
            continue;
        if (end < rest.len && is_name(slice_head(rest, end), false))
            return "holds the unexpanded macro ##x##";
        break;
    }
    return NULL;
}

static const char *placeholder_word(struct slice s)
{
    if (!strchr("RrOoCcUuNn([{", s.ptr[0]))
        return NULL;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (words[i].any_case ? slice_eq_nocase(s, words[i].word) : slice_eq(s, words[i].word))
            return words[i].why;
    return NULL;
}

/* %7Bclickid%7D that was encoded more than once: "%7B" is still there after decoding. */
static bool holds_encoded(struct slice s)
{
    for (size_t i = slice_index(s, '%'); i + 2 < s.len;) {
        struct slice rest = slice_from_at(s, i + 1);
        int code = ascii_hex(s.ptr[i + 1]) * 16 + ascii_hex(s.ptr[i + 2]);
        if (ascii_hex(s.ptr[i + 1]) >= 0 && ascii_hex(s.ptr[i + 2]) >= 0 && code < 0x80 &&
            strchr("{}[]#%<>$_", code ? code : 'x'))
            return true;
        i += 1 + slice_index(rest, '%');
    }
    return false;
}

static struct slice decode_once(struct slice s, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        int high = i + 2 < s.len && s.ptr[i] == '%' ? ascii_hex(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex(s.ptr[i + 2]) : -1;
        to[n++] = low >= 0 ? (char)(high * 16 + low) : s.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    return (struct slice){ to, n };
}

static const char *unusable(struct slice s)
{
    const char *why = NULL;

    s = slice_trim(s);
    if (s.len == 0)
        return "is empty";
    if (s.len < 20)
        why = placeholder_word(s);
    if (!why && s.len <= VALUE_MAX && !ascii_is_alnum(s.ptr[0]))
        why = whole_macro(s);
    return why ? why : inner_macro(s);
}

const char *params_unusable(struct slice value)
{
    char text[VALUE_MAX];
    const char *why = unusable(value);

    for (int times = 0; !why && times < 3; times++) {
        if (value.len > sizeof(text) || !holds_encoded(value))
            break;
        value = decode_once(value, text);
        why = unusable(value);
    }
    return why;
}
