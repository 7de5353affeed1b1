/* scalars.c: YAML reads 302 and true as a number and a boolean where our loaders take any scalar as
 * its text: what is text to them may be all three. */
#include "cli/schema/writer.h"

#include <regex.h>

bool writer_is_plain(struct slice word)
{
    int64_t n;

    return slice_eq(word, S("true")) || slice_eq(word, S("false")) ||
           (slice_to_i64(word, &n) && (word.len == 1 || word.ptr[0] != '0'));
}

void writer_words(struct writer *w, const struct slice *words)
{
    writer_key(w, S("enum"));
    buf_byte(w->out, '[');
    for (const struct slice *s = words; s->len; s++) {
        if (s != words)
            buf_puts(w->out, ", ");
        if (writer_is_plain(*s))
            buf_printf(w->out, "%.*s, ", SLICE_ARG(*s));
        buf_json(w->out, *s);
    }
    buf_byte(w->out, ']');
}

/* Does the pattern take what YAML reads as something else than a string? */
static bool takes_one(const char *pattern, const char *const *samples)
{
    bool found = false;
    regex_t re;

    int rc = pattern ? regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) : REG_BADPAT;

    if (rc == REG_ESPACE)
        memory_ran_out();
    if (rc != 0)
        return true; /* never stricter than the loader */
    for (; *samples && !found; samples++) {
        rc = regexec(&re, *samples, 0, NULL, 0);
        if (rc == REG_ESPACE)
            memory_ran_out();
        found = rc == 0;
    }
    regfree(&re);
    return found;
}

void writer_scalar(struct writer *w, const char *pattern, const char *also)
{
    static const char *const numbers[] = {
        "7", "42", "123", "1.5", "+0200", "-1", "20260528", NULL
    };
    static const char *const booleans[] = { "true", "false", NULL };
    bool number = takes_one(pattern, numbers), boolean = takes_one(pattern, booleans);

    writer_raw(w, "type",
               number && boolean ? "[\"string\", \"number\", \"boolean\"]"
               : number          ? "[\"string\", \"number\"]"
               : boolean         ? "[\"string\", \"boolean\"]"
                                 : "\"string\"");
    if (pattern)
        writer_text(w, "pattern", arena_printf(w->arena, "%s%s", pattern, also));
    else
        writer_raw(w, "minLength", "1");
}

void writer_bool(struct writer *w)
{
    writer_raw(w, "type", "[\"boolean\", \"string\"]");
    writer_text(w, "pattern",
                S("^([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|"
                  "[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff])$"));
}

void writer_amount(struct writer *w)
{
    writer_raw(w, "type", "[\"number\", \"string\"]");
    writer_raw(w, "minimum", "0");
    writer_text(w, "pattern", S("^[0-9]*[.]?[0-9]+[.]?$"));
}

void writer_whole(struct writer *w, const struct shape *s)
{
    writer_raw(w, "type", "[\"integer\", \"string\"]");
    writer_number(w, "minimum", s->min);
    writer_number(w, "maximum", s->max);
    writer_text(w, "pattern", S("^[+-]?[0-9]+$"));
}

/* A word, or something to fill in. */
void writer_template_words(struct writer *w, const struct shape *s)
{
    writer_key(w, S("anyOf"));
    writer_open(w, '[');
    writer_item(w);
    writer_open(w, '{');
    writer_words(w, s->words);
    writer_close(w, '}');
    writer_item(w);
    writer_open(w, '{');
    writer_scalar(w, "[{]", "");
    writer_close(w, '}');
    writer_close(w, ']');
}
