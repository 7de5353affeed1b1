/* write.c: a table of keys as JSON Schema. */
#include "cli/schema/writer.h"

#define WORDS_INLINE 6 /* longer lists stand in one place */

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
    writer_open(w, '{');
    put_members(w, s);
    writer_close(w, '}');
}

static void put_array(struct writer *w, const struct shape *s)
{
    writer_raw(w, "type", "\"array\"");
    writer_key(w, S("items"));
    put_schema(w, s->of);
    if (s->min)
        writer_number(w, "minItems", s->min);
    if (s->max)
        writer_number(w, "maxItems", s->max);
}

static void put_list(struct writer *w, const struct shape *s)
{
    if (!s->lone) {
        put_array(w, s);
        return;
    }
    writer_key(w, S("anyOf"));
    writer_open(w, '[');
    writer_item(w);
    put_schema(w, s->of);
    writer_item(w);
    writer_open(w, '{');
    put_array(w, s);
    writer_close(w, '}');
    writer_close(w, ']');
}

static void put_either(struct writer *w, const struct shape *s)
{
    writer_key(w, S("anyOf"));
    writer_open(w, '[');
    for (size_t i = 0; s->either[i]; i++) {
        writer_item(w);
        put_schema(w, s->either[i]);
    }
    writer_close(w, ']');
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
    if (writer_is_plain(text))
        writer_raw(w, "default", row->otherwise);
    else
        writer_text(w, "default", text);
}

static void put_property(struct writer *w, const struct shape_key *row)
{
    const struct shared *shared = find_shared(w, row->is);

    writer_key(w, row->name);
    writer_open(w, '{');
    writer_text(w, "description",
                row->otherwise
                    ? arena_printf(w->arena, "%s (left out: %s)", row->about, row->otherwise)
                    : slice_from(row->about));
    put_default(w, row);
    if (shared && shared->uses > 1) {
        writer_raw(w, "allOf", "["); /* draft-07 looks at nothing beside a $ref */
        put_reference(w, row->is);
        buf_byte(w->out, ']');
    } else {
        put_members(w, row->is);
    }
    writer_close(w, '}');
}

static void put_required(struct writer *w, const struct shape *s)
{
    struct shape_key row;
    bool any = false;

    for (size_t i = 0; shape_row(s, w->arena, i, &row); i++) {
        if (!row.required)
            continue;
        if (!any)
            writer_raw(w, "required", "[");
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
        writer_key(w, S("patternProperties"));
        writer_open(w, '{');
        writer_key(w, slice_from(s->names->pattern));
        put_schema(w, s->of);
        writer_close(w, '}');
    }
    if (!s->of || s->names) {
        writer_raw(w, "additionalProperties", "false");
        return;
    }
    writer_key(w, S("additionalProperties"));
    put_schema(w, s->of);
}

static void put_map(struct writer *w, const struct shape *s)
{
    const struct slice *words = s->names ? s->names->words : NULL;
    struct shape_key row;

    writer_raw(w, "type", "\"object\"");
    put_required(w, s);
    if (words || shape_row(s, w->arena, 0, &row)) {
        writer_key(w, S("properties"));
        writer_open(w, '{');
        for (size_t i = 0; shape_row(s, w->arena, i, &row); i++)
            put_property(w, &row);
        for (; words && words->len; words++) {
            writer_key(w, *words);
            put_schema(w, s->of);
        }
        writer_close(w, '}');
    }
    put_open_keys(w, s);
    if (s->min)
        writer_number(w, "minProperties", s->min);
    if (s->max)
        writer_number(w, "maxProperties", s->max);
}

static void put_members(struct writer *w, const struct shape *s)
{
    if (s->about)
        writer_text(w, "title", slice_from(s->about));
    switch (s->kind) {
    case SHAPE_TEXT:
        writer_scalar(w, s->pattern, "");
        break;
    case SHAPE_TEMPLATE:
        if (s->words)
            writer_template_words(w, s);
        else
            writer_scalar(w, s->pattern, "|[{]");
        break;
    case SHAPE_WORD:
        writer_words(w, s->words);
        break;
    case SHAPE_BOOL:
        writer_bool(w);
        break;
    case SHAPE_AMOUNT:
        writer_amount(w);
        break;
    case SHAPE_WHOLE:
        writer_whole(w, s);
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
            writer_key(w, S("definitions"));
            writer_open(w, '{');
        }
        any = true;
        writer_key(w, w->shared[i].name);
        writer_open(w, '{');
        put_members(w, w->shared[i].shape);
        writer_close(w, '}');
    }
    if (any)
        writer_close(w, '}');
}

/* if it has this kind's key, then this kind, else the next one */
static void put_kinds(struct writer *w, const struct schema_kind *kinds, size_t count)
{
    if (count == 1) {
        writer_key(w, S("allOf"));
        buf_byte(w->out, '[');
        put_reference(w, kinds->shape);
        buf_byte(w->out, ']');
        return;
    }
    writer_key(w, S("if"));
    buf_puts(w->out, "{\"required\": [");
    buf_json(w->out, slice_from(kinds->key));
    buf_puts(w->out, "]}");
    writer_key(w, S("then"));
    put_reference(w, kinds->shape);
    writer_key(w, S("else"));
    writer_open(w, '{');
    put_kinds(w, kinds + 1, count - 1);
    writer_close(w, '}');
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
    writer_open(w, '{');
    writer_text(w, "$schema", S("http://json-schema.org/draft-07/schema#"));
    writer_text(w, "title", slice_from(title));
    if (count == 1)
        put_map(w, kinds->shape);
    else
        put_kinds(w, kinds, count);
    put_definitions(w);
    writer_close(w, '}');
    buf_byte(out, '\n');
}
