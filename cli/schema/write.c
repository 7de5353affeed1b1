/* write.c: a table of keys as JSON Schema.  YAML reads 302 and true as a number and a boolean where
 * our loaders take any scalar as its text: what is text to them may be all three. */
#include "cli/schema/schema.h"

#include <regex.h>
#include <stdio.h>

#define SHARED_MAX 400
#define WORDS_INLINE 6 /* longer lists stand in one place */

/* A shape that may stand in `definitions`: it does when it is used twice. */
struct shared {
    const struct shape *shape;
    struct slice name;
    unsigned uses;
};

struct writer {
    struct buf *out;
    struct arena *arena;
    int depth;
    bool first; /* nothing stands in the innermost bracket yet */
    struct shared shared[SHARED_MAX];
    size_t shared_count;
};

/* ---- JSON with a line for each member ---- */

static void open_with(struct writer *w, char bracket)
{
    buf_byte(w->out, bracket);
    w->depth++;
    w->first = true;
}

static void next_line(struct writer *w)
{
    if (!w->first)
        buf_byte(w->out, ',');
    w->first = false;
    buf_printf(w->out, "\n%*s", 2 * w->depth, "");
}

static void close_with(struct writer *w, char bracket)
{
    w->depth--;
    if (!w->first)
        buf_printf(w->out, "\n%*s", 2 * w->depth, "");
    buf_byte(w->out, bracket);
    w->first = false;
}

static void put_key(struct writer *w, struct slice name)
{
    next_line(w);
    buf_json(w->out, name);
    buf_puts(w->out, ": ");
}

static void put_text(struct writer *w, const char *name, struct slice value)
{
    put_key(w, slice_from(name));
    buf_json(w->out, value);
}

/* value is JSON already. */
static void put_raw(struct writer *w, const char *name, const char *value)
{
    put_key(w, slice_from(name));
    buf_puts(w->out, value);
}

static void put_number(struct writer *w, const char *name, int64_t n)
{
    put_key(w, slice_from(name));
    buf_i64(w->out, n);
}

/* ---- scalars ---- */

static bool is_boolean(struct slice word)
{
    return slice_eq(word, S("true")) || slice_eq(word, S("false"));
}

static bool is_whole(struct slice word)
{
    int64_t n;

    return slice_to_i64(word, &n) && (word.len == 1 || word.ptr[0] != '0');
}

static void put_words(struct writer *w, const struct slice *words)
{
    put_key(w, S("enum"));
    buf_byte(w->out, '[');
    for (const struct slice *s = words; s->len; s++) {
        if (s != words)
            buf_puts(w->out, ", ");
        if (is_whole(*s) || is_boolean(*s))
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

    if (!pattern || regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return true; /* never stricter than the loader */
    for (; *samples && !found; samples++)
        found = regexec(&re, *samples, 0, NULL, 0) == 0;
    regfree(&re);
    return found;
}

static void put_scalar(struct writer *w, const char *pattern, const char *also)
{
    static const char *const numbers[] = { "7", "42", "123", "1.5", "+0200", "-1", "20260528", NULL };
    static const char *const booleans[] = { "true", "false", NULL };
    bool number = takes_one(pattern, numbers), boolean = takes_one(pattern, booleans);

    put_raw(w, "type", number && boolean ? "[\"string\", \"number\", \"boolean\"]"
                       : number          ? "[\"string\", \"number\"]"
                       : boolean         ? "[\"string\", \"boolean\"]"
                                         : "\"string\"");
    if (pattern)
        put_text(w, "pattern", arena_printf(w->arena, "%s%s", pattern, also));
    else
        put_raw(w, "minLength", "1");
}

static void put_whole(struct writer *w, const struct shape *s)
{
    put_raw(w, "type", "[\"integer\", \"string\"]");
    put_number(w, "minimum", s->min);
    put_number(w, "maximum", s->max);
    put_text(w, "pattern", S("^[+-]?[0-9]+$"));
}

/* A word, or something to fill in. */
static void put_template_words(struct writer *w, const struct shape *s)
{
    put_key(w, S("anyOf"));
    open_with(w, '[');
    next_line(w);
    open_with(w, '{');
    put_words(w, s->words);
    close_with(w, '}');
    next_line(w);
    open_with(w, '{');
    put_scalar(w, "[{]", "");
    close_with(w, '}');
    close_with(w, ']');
}

/* ---- what holds others ---- */

static void put_members(struct writer *w, const struct shape *s);

static struct shared *find_shared(struct writer *w, const struct shape *s)
{
    for (size_t i = 0; i < w->shared_count; i++)
        if (w->shared[i].shape == s)
            return &w->shared[i];
    return NULL;
}

static bool put_reference(struct writer *w, const struct shape *s)
{
    const struct shared *shared = find_shared(w, s);

    if (!shared || shared->uses < 2)
        return false;
    buf_printf(w->out, "{\"$ref\": \"#/definitions/%.*s\"}", SLICE_ARG(shared->name));
    return true;
}

static void put_schema(struct writer *w, const struct shape *s)
{
    if (put_reference(w, s))
        return;
    open_with(w, '{');
    put_members(w, s);
    close_with(w, '}');
}

static void put_array(struct writer *w, const struct shape *s)
{
    put_raw(w, "type", "\"array\"");
    put_key(w, S("items"));
    put_schema(w, s->of);
    if (s->min)
        put_number(w, "minItems", s->min);
    if (s->max)
        put_number(w, "maxItems", s->max);
}

static void put_list(struct writer *w, const struct shape *s)
{
    if (!s->lone) {
        put_array(w, s);
        return;
    }
    put_key(w, S("anyOf"));
    open_with(w, '[');
    next_line(w);
    put_schema(w, s->of);
    next_line(w);
    open_with(w, '{');
    put_array(w, s);
    close_with(w, '}');
    close_with(w, ']');
}

static void put_either(struct writer *w, const struct shape *s)
{
    put_key(w, S("anyOf"));
    open_with(w, '[');
    for (size_t i = 0; s->either[i]; i++) {
        next_line(w);
        put_schema(w, s->either[i]);
    }
    close_with(w, ']');
}

/* What holds when the key is left out, as a value that editors offer: only where it can't be a
 * remark such as "now" or "hop N". */
static void put_default(struct writer *w, const struct shape_key *row)
{
    struct slice text = slice_from(row->otherwise);
    bool exact = row->is->kind == SHAPE_BOOL || row->is->kind == SHAPE_WHOLE ||
                 row->is->kind == SHAPE_WORD || (row->is->kind == SHAPE_TEXT && row->is->pattern);

    if (!exact || !text.len || slice_index(text, ' ') < text.len)
        return;
    if (is_whole(text) || is_boolean(text))
        put_raw(w, "default", row->otherwise);
    else
        put_text(w, "default", text);
}

static void put_property(struct writer *w, const struct shape_key *row)
{
    const struct shared *shared = find_shared(w, row->is);

    put_key(w, row->name);
    open_with(w, '{');
    put_text(w, "description",
             row->otherwise ? arena_printf(w->arena, "%s (left out: %s)", row->about, row->otherwise)
                            : slice_from(row->about));
    put_default(w, row);
    if (shared && shared->uses > 1) {
        put_raw(w, "allOf", "["); /* draft-07 looks at nothing beside a $ref */
        put_reference(w, row->is);
        buf_byte(w->out, ']');
    } else {
        put_members(w, row->is);
    }
    close_with(w, '}');
}

static void put_required(struct writer *w, const struct shape *s)
{
    struct shape_key row;
    bool any = false;

    for (size_t i = 0; shape_row(s, w->arena, i, &row); i++) {
        if (!row.required)
            continue;
        if (!any)
            put_raw(w, "required", "[");
        else
            buf_puts(w->out, ", ");
        buf_json(w->out, row.name);
        any = true;
    }
    if (any)
        buf_byte(w->out, ']');
}

/* Keys that the user names. */
static void put_open_keys(struct writer *w, const struct shape *s)
{
    if (s->names && s->names->pattern) {
        put_key(w, S("patternProperties"));
        open_with(w, '{');
        put_key(w, slice_from(s->names->pattern));
        put_schema(w, s->of);
        close_with(w, '}');
    }
    if (!s->of || s->names) {
        put_raw(w, "additionalProperties", "false");
        return;
    }
    put_key(w, S("additionalProperties"));
    put_schema(w, s->of);
}

static void put_map(struct writer *w, const struct shape *s)
{
    const struct slice *words = s->names ? s->names->words : NULL;
    struct shape_key row;

    put_raw(w, "type", "\"object\"");
    put_required(w, s);
    if (words || shape_row(s, w->arena, 0, &row)) {
        put_key(w, S("properties"));
        open_with(w, '{');
        for (size_t i = 0; shape_row(s, w->arena, i, &row); i++)
            put_property(w, &row);
        for (; words && words->len; words++) {
            put_key(w, *words);
            put_schema(w, s->of);
        }
        close_with(w, '}');
    }
    put_open_keys(w, s);
    if (s->min)
        put_number(w, "minProperties", s->min);
    if (s->max)
        put_number(w, "maxProperties", s->max);
}

static void put_members(struct writer *w, const struct shape *s)
{
    if (s->about)
        put_text(w, "title", slice_from(s->about));
    switch (s->kind) {
    case SHAPE_TEXT:
        put_scalar(w, s->pattern, "");
        break;
    case SHAPE_TEMPLATE:
        if (s->words)
            put_template_words(w, s);
        else
            put_scalar(w, s->pattern, "|[{]");
        break;
    case SHAPE_WORD:
        put_words(w, s->words);
        break;
    case SHAPE_BOOL:
        put_raw(w, "type", "[\"boolean\", \"string\"]");
        put_text(w, "pattern", S("^([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|"
                                 "[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff])$"));
        break;
    case SHAPE_AMOUNT:
        put_raw(w, "type", "[\"number\", \"string\"]");
        put_raw(w, "minimum", "0");
        put_text(w, "pattern", S("^[0-9]*[.]?[0-9]+[.]?$"));
        break;
    case SHAPE_WHOLE:
        put_whole(w, s);
        break;
    case SHAPE_LIST:
        put_list(w, s);
        break;
    case SHAPE_MAP:
        put_map(w, s);
        break;
    case SHAPE_EITHER:
        put_either(w, s);
        break;
    }
}

/* ---- what stands in `definitions` ---- */

static bool may_be_shared(const struct shape *s)
{
    size_t words = 0;

    while (s->kind == SHAPE_WORD && s->words[words].len)
        words++;
    return s->kind == SHAPE_MAP || s->kind == SHAPE_LIST || s->kind == SHAPE_EITHER ||
           words > WORDS_INLINE;
}

/* The key that the shape is first seen at, with a number when another one has that name. */
static struct slice name_for(const struct writer *w, struct slice key)
{
    struct slice name = key;

    for (unsigned n = 2, i = 0; i < w->shared_count; i++) {
        if (slice_eq(w->shared[i].name, name)) {
            name = arena_printf(w->arena, "%.*s-%u", SLICE_ARG(key), n++);
            i = (unsigned)-1;
        }
    }
    return name;
}

static void collect(struct writer *w, const struct shape *s, struct slice key)
{
    struct shared *known = find_shared(w, s);
    struct shape_key row;

    if (known) {
        known->uses++;
        return;
    }
    if (may_be_shared(s) && w->shared_count < SHARED_MAX) {
        w->shared[w->shared_count] = (struct shared){ s, name_for(w, key), 1 };
        w->shared_count++;
    }
    for (size_t i = 0; s->kind == SHAPE_MAP && shape_row(s, w->arena, i, &row); i++)
        collect(w, row.is, row.name);
    if (s->of)
        collect(w, s->of, key);
    for (size_t i = 0; s->either && s->either[i]; i++)
        collect(w, s->either[i], key);
}

static void put_definitions(struct writer *w)
{
    bool any = false;

    for (size_t i = 0; i < w->shared_count; i++) {
        if (w->shared[i].uses < 2)
            continue;
        if (!any) {
            put_key(w, S("definitions"));
            open_with(w, '{');
        }
        any = true;
        put_key(w, w->shared[i].name);
        open_with(w, '{');
        put_members(w, w->shared[i].shape);
        close_with(w, '}');
    }
    if (any)
        close_with(w, '}');
}

/* if it has this kind's key, then this kind, else the next one */
static void put_kinds(struct writer *w, const struct schema_kind *kinds, size_t count)
{
    if (count == 1) {
        put_key(w, S("allOf"));
        buf_byte(w->out, '[');
        put_reference(w, kinds->shape);
        buf_byte(w->out, ']');
        return;
    }
    put_key(w, S("if"));
    buf_puts(w->out, "{\"required\": [");
    buf_json(w->out, slice_from(kinds->key));
    buf_puts(w->out, "]}");
    put_key(w, S("then"));
    put_reference(w, kinds->shape);
    put_key(w, S("else"));
    open_with(w, '{');
    put_kinds(w, kinds + 1, count - 1);
    close_with(w, '}');
}

void schema_write(struct buf *out, struct arena *arena, const char *title,
                  const struct schema_kind *kinds, size_t count)
{
    struct writer *w = ARENA_NEW(arena, struct writer);

    if (!w)
        return;
    w->out = out;
    w->arena = arena;
    for (size_t i = 0; i < count; i++) {
        collect(w, kinds[i].shape, slice_from(kinds[i].name));
        if (count > 1)
            collect(w, kinds[i].shape, slice_from(kinds[i].name));
    }
    open_with(w, '{');
    put_text(w, "$schema", S("http://json-schema.org/draft-07/schema#"));
    put_text(w, "title", slice_from(title));
    if (count == 1)
        put_map(w, kinds->shape);
    else
        put_kinds(w, kinds, count);
    put_definitions(w);
    close_with(w, '}');
    buf_byte(out, '\n');
}
