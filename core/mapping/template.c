#include "core/mapping/template.h"

#include <string.h>

#define TEMPLATE_PARTS_MAX 32

struct compiler {
    struct arena *arena;
    struct diags *diags;
    struct place at;
    struct slice text;
    struct template *out;
    size_t room;
};

static const struct slice filter_names[] = { SLICE("default"), SLICE("lower"), SLICE("upper"),
                                             SLICE("trim"), { 0 } };

static int problem(struct compiler *c, struct slice hint, const char *text, struct slice what)
{
    diag_add(c->diags, DIAG_ERROR, "M006", c->at, hint, "%s \"%.*s\"", text, SLICE_ARG(what));
    return -1;
}

static struct template_part *add_part(struct compiler *c, enum template_part_kind kind)
{
    struct template_part *part = c->out->count < c->room ? &c->out->parts[c->out->count] : NULL;

    if (!part)
        return NULL;
    c->out->count++;
    part->kind = kind;
    return part;
}

bool template_is_secret(struct slice param)
{
    static const struct slice secrets[] = { SLICE("key"),      SLICE("sig"),    SLICE("signature"),
                                            SLICE("token"),    SLICE("secret"), SLICE("password"),
                                            SLICE("ttoken"),   SLICE("access_token"),
                                            SLICE("api_key"),  SLICE("apikey"), { 0 } };

    param = params_last_step(param);
    for (const struct slice *s = secrets; s->ptr; s++)
        if (slice_eq_nocase(*s, param))
            return true;
    return false;
}

bool template_is_constant(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i].kind == TEMPLATE_FIELD || t->parts[i].kind == TEMPLATE_PARAM)
            return false;
    return true;
}

static int too_many(struct compiler *c)
{
    return problem(c, S("at most 32 placeholders and texts between them fit one template"),
                   "too many parts in", c->text);
}

static int compile_filter(struct compiler *c, struct template_part *part, struct slice text)
{
    struct slice name, argument;
    bool has_argument = slice_cut(text, ':', &name, &argument);
    struct template_filter *filter = &part->filters[part->filter_count];
    size_t kind = 0;

    if (part->filter_count == sizeof(part->filters) / sizeof(*part->filters))
        return problem(c, S("at most four filters fit one placeholder"), "too many filters in",
                       c->text);
    name = slice_trim(name);
    while (filter_names[kind].ptr && !slice_eq(filter_names[kind], name))
        kind++;
    if (!filter_names[kind].ptr)
        return problem(c, diag_suggest(c->arena, name, filter_names), "unknown filter", name);
    if (has_argument != (kind == FILTER_DEFAULT))
        return problem(c, S("write {field|default:text}; the other filters take no argument"),
                       "wrong use of the filter", name);
    *filter = (struct template_filter){ (enum template_filter_kind)kind, argument };
    part->filter_count++;
    return 0;
}

/* inside: what stands between the braces. */
static int compile_placeholder(struct compiler *c, struct slice inside)
{
    struct slice name, filters, filter, prefix = S("param.");
    bool has_filters = slice_cut(inside, '|', &name, &filters);
    struct template_part *part = add_part(c, TEMPLATE_FIELD);

    if (!part)
        return too_many(c);
    name = slice_trim(name);
    if (slice_starts(name, prefix)) {
        part->kind = TEMPLATE_PARAM;
        part->text = slice_from_at(name, prefix.len);
        if (part->text.len == 0)
            return problem(c, S("write {param.NAME}"), "no parameter is named in", c->text);
        if (template_is_secret(part->text))
            return problem(c, S("secrets are neither sent nor stored; send what is needed under "
                                "another name"),
                           "a secret can't be read:", part->text);
    } else if (slice_eq(name, S("offer"))) {
        part->kind = TEMPLATE_OFFER;
    } else {
        part->field = field_named(name);
        if (part->field == FIELD_COUNT) {
            struct slice hint = diag_suggest(c->arena, name, field_names);
            if (slice_starts_nocase(name, S("param")))
                hint = S("a raw parameter is written {param.NAME}");
            else if (hint.len == 0 && name.len)
                hint = arena_printf(c->arena, "a raw parameter is written {param.%.*s}",
                                    SLICE_ARG(name));
            return problem(c, hint, "unknown field", name);
        }
    }
    while (has_filters && slice_next(&filters, '|', &filter))
        if (compile_filter(c, part, filter) != 0)
            return -1;
    return 0;
}

static int add_text(struct compiler *c, struct slice text)
{
    struct template_part *part = text.len ? add_part(c, TEMPLATE_TEXT) : NULL;

    if (part)
        part->text = text;
    return text.len && !part ? too_many(c) : 0;
}

int template_compile(struct arena *arena, struct slice text, struct place at, struct template *out,
                     struct diags *diags)
{
    struct compiler c = { arena, diags, at, text, out, TEMPLATE_PARTS_MAX };
    struct slice rest = text;

    *out = (struct template){ .at = at, .raw = text };
    out->parts = ARENA_ARRAY(arena, struct template_part, c.room);
    if (!out->parts)
        return -1;
    while (rest.len) {
        size_t open = slice_index(rest, '{'), close;
        if (add_text(&c, slice_head(rest, open)) != 0)
            return -1;
        rest = slice_from_at(rest, open);
        if (rest.len == 0)
            break;
        if (slice_starts(rest, S("{{"))) {
            if (add_text(&c, slice_head(rest, 1)) != 0)
                return -1;
            rest = slice_from_at(rest, 2);
            continue;
        }
        close = slice_index(rest, '}');
        if (close == rest.len || slice_index(slice_from_at(rest, 1), '{') + 1 < close)
            return problem(&c, S("close it with }, or write {{ for a brace"),
                           "\"{\" is not closed in", text);
        if (compile_placeholder(&c, (struct slice){ rest.ptr + 1, close - 1 }) != 0)
            return -1;
        rest = slice_from_at(rest, close + 1);
    }
    return 0;
}

static struct slice change_case(struct slice s, struct arena *arena, char (*change)(char))
{
    char *copy = arena_alloc(arena, s.len);

    for (size_t i = 0; copy && i < s.len; i++)
        copy[i] = change(s.ptr[i]);
    return copy ? (struct slice){ copy, s.len } : (struct slice){ 0 };
}

struct slice template_param(const struct template_values *values, struct slice name)
{
    const struct params *params = values->params;

    for (size_t i = 0; i < params->count; i++)
        if (slice_eq(params->list[i].name, name) && !record_unusable(params->list[i].value))
            return params->list[i].value;
    return (struct slice){ 0 };
}

static struct slice part_value(const struct template_part *part,
                               const struct template_values *values, struct arena *arena)
{
    struct slice v = part->text;

    if (part->kind == TEMPLATE_OFFER)
        v = values->offer;
    else if (part->kind == TEMPLATE_FIELD)
        v = values->conversion->fields[part->field].value;
    else if (part->kind == TEMPLATE_PARAM)
        v = template_param(values, part->text);
    for (size_t i = 0; i < part->filter_count; i++) {
        const struct template_filter *f = &part->filters[i];
        if (f->kind == FILTER_DEFAULT && v.len == 0)
            v = f->argument;
        else if (f->kind == FILTER_TRIM)
            v = slice_trim(v);
        else if (f->kind == FILTER_LOWER)
            v = change_case(v, arena, ascii_lower);
        else if (f->kind == FILTER_UPPER)
            v = change_case(v, arena, ascii_upper);
    }
    return v;
}

struct slice template_expand(const struct template *t, const struct template_values *values,
                             struct arena *arena)
{
    struct slice v[TEMPLATE_PARTS_MAX], none = { 0 };
    size_t len = 0;
    char *joined, *p;

    if (t->count == 0)
        return none;
    if (t->count == 1)
        return part_value(&t->parts[0], values, arena);
    for (size_t i = 0; i < t->count; i++) {
        v[i] = part_value(&t->parts[i], values, arena);
        if (v[i].len == 0)
            return none;
        len += v[i].len;
    }
    joined = p = arena_alloc(arena, len);
    for (size_t i = 0; joined && i < t->count; i++) {
        memcpy(p, v[i].ptr, v[i].len);
        p += v[i].len;
    }
    return joined ? (struct slice){ joined, len } : none;
}

void template_params(const struct template *t, void (*each)(void *context, struct slice name),
                     void *context)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i].kind == TEMPLATE_PARAM)
            each(context, t->parts[i].text);
}
