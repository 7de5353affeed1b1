/* properties.c: `properties:` of an offer mapping, checked against what TikTok knows. */
#include "core/mapping/build.h"

static const struct slice *names_of(struct build *b, const struct event_field *table)
{
    struct slice *names;
    size_t n = 0;

    while (table[n].name.ptr)
        n++;
    names = ARENA_ARRAY(b->expect.arena, struct slice, n + 1);
    for (size_t i = 0; names && i < n; i++)
        names[i] = table[i].name;
    return names;
}

static void check_constant(struct build *b, const struct yaml *node, const struct property *p)
{
    struct slice words[8] = { { 0 } }, rest;
    struct money amount;
    bool known = false;
    uint64_t n;

    if (p->text.count != 1 || p->text.parts[0].kind != TEMPLATE_TEXT)
        return; /* known only with a postback */
    if (p->field->type == EVENT_NUMBER)
        expect_amount(&b->expect, node, "this property", &amount);
    if (p->field->type == EVENT_INTEGER && (!slice_to_u64(node->text, &n) || n > INT64_MAX))
        diag_add(b->expect.diags, DIAG_ERROR, "M009", node->at, (struct slice){ 0 },
                 "%.*s must be a whole number, but \"%.*s\" is none", SLICE_ARG(p->field->name),
                 SLICE_ARG(node->text));
    if (p->field->type != EVENT_ENUM)
        return;
    rest = slice_from(p->field->choices);
    for (size_t i = 0; i < 7 && slice_next(&rest, ' ', &words[i]); i++)
        known |= slice_eq(words[i], node->text);
    if (!known)
        diag_add(b->expect.diags, DIAG_ERROR, "M024", node->at,
                 diag_suggest(b->expect.arena, node->text, words),
                 "%.*s can't be \"%.*s\"", SLICE_ARG(p->field->name), SLICE_ARG(node->text));
}

static size_t read_properties(struct build *b, const struct yaml *node, const char *what,
                              const struct event_field *table, const struct property **out);

static void read_contents(struct build *b, const struct yaml *node, struct property *p)
{
    struct property_list *list;
    size_t n = 0;

    if (!expect_list(&b->expect, node, "`contents`", false))
        return;
    list = ARENA_ARRAY(b->expect.arena, struct property_list, node->count);
    for (const struct yaml *v = node->first; list && v; v = v->next, n++)
        list[n].count =
            read_properties(b, v, "`contents`", event_content_fields, &list[n].list);
    p->contents = list;
    p->content_count = n;
}

static void read_list(struct build *b, const struct yaml *node, struct property *p)
{
    struct template *items;

    if (!expect_list(&b->expect, node, "this property", true))
        return;
    items =
        ARENA_ARRAY(b->expect.arena, struct template, node->kind == YAML_LIST ? node->count : 1);
    if (!items)
        return;
    if (node->kind == YAML_SCALAR && build_template(b, node, "this property", &items[0]))
        p->item_count = 1;
    for (const struct yaml *v = node->kind == YAML_LIST ? node->first : NULL; v; v = v->next)
        if (build_template(b, v, "this property", &items[p->item_count]))
            p->item_count++;
    p->items = items;
}

static void read_property(struct build *b, const struct yaml *node, struct property *p)
{
    if (p->field->type == EVENT_CONTENTS) {
        read_contents(b, node, p);
    } else if (p->field->type == EVENT_TEXT_LIST) {
        read_list(b, node, p);
    } else if (p->field->type == EVENT_NUMBER && node->kind == YAML_SCALAR &&
               slice_eq(node->text, S("value"))) {
        p->is_value = true;
    } else if (build_template(b, node, "this property", &p->text)) {
        check_constant(b, node, p);
    }
}

static void unknown(struct build *b, const struct yaml *node, const char *what,
                    const struct event_field *table)
{
    const struct slice *names = names_of(b, table);
    bool by_rule =
        slice_eq(node->key->text, S("value")) || slice_eq(node->key->text, S("currency"));

    diag_add(
        b->expect.diags, DIAG_ERROR, "M012", node->key->at,
        by_rule
            ? S("value and currency come from the event's rule: {event: Purchase, value: payout}")
        : names ? diag_suggest(b->expect.arena, node->key->text, names)
                : (struct slice){ 0 },
        "%s has no \"%.*s\"; TikTok would silently drop it", what, SLICE_ARG(node->key->text));
}

static size_t read_properties(struct build *b, const struct yaml *node, const char *what,
                              const struct event_field *table, const struct property **out)
{
    struct property *list;
    size_t n = 0;

    if (!expect_map(&b->expect, node, what, NULL))
        return 0;
    list = ARENA_ARRAY(b->expect.arena, struct property, node->count);
    for (const struct yaml *v = node->first; list && v; v = v->next) {
        const struct event_field *field = event_field_find(table, v->key->text);
        if (!field) {
            unknown(b, v, what, table);
            continue;
        }
        list[n] = (struct property){ .field = field };
        read_property(b, v, &list[n++]);
    }
    *out = list;
    return n;
}

void build_properties(struct build *b, const struct yaml *node)
{
    b->offer->property_count =
        read_properties(b, node, "`properties`", event_property_fields, &b->offer->properties);
}
