#include "core/yaml/expect.h"

#include <assert.h>
#include <stdio.h>

#define SUGGESTIONS_MAX 100 /* as many problems are shown; to look for more would only cost time */

/* email: {param.email} is a map with one key to YAML; who writes it means a template. */
static struct slice quote_hint(struct expect *e, const struct yaml *node, const char *otherwise)
{
    if (node->kind != YAML_MAP || node->count != 1 || !yaml_is_null(node->first))
        return slice_from(otherwise);
    return arena_printf(e->arena, "put it in quotes: \"{%.*s}\"",
                        SLICE_ARG(node->first->key->text));
}

static void wrong_kind(struct expect *e, const struct yaml *node, const char *what,
                       const char *wanted, const char *remedy)
{
    bool empty = yaml_is_null(node) || (node->kind == YAML_SCALAR && node->text.len == 0);

    diag_add(e->diags, DIAG_ERROR, "M002", node->at,
             quote_hint(e, node, empty ? "write a value behind it, or take the key out" : remedy),
             "%s must be %s, but this is %s", what, wanted, empty ? "empty" : yaml_kind_name(node));
}

/* Asked for only where a key is not known; made once for all of a map's. */
static void unknown_key(struct expect *e, const struct yaml *key, const char *what,
                        const struct shape *shape, const struct slice **names)
{
    struct slice hint = { 0 };

    if (e->diags->errors < SUGGESTIONS_MAX) {
        if (!*names)
            *names = shape_names(shape, e->arena);
        hint = diag_suggest(e->arena, key->text, *names);
    }
    diag_add(e->diags, DIAG_ERROR, "M001", key->at, hint, "unknown key \"%.*s\" in %s",
             SLICE_ARG(key->text), what);
}

/* Is there a key that must be meant for it? */
static bool is_misspelt(struct expect *e, const struct yaml *map, const struct shape *shape,
                        struct slice name)
{
    const struct slice alone[] = { name, { 0 } };
    struct shape_key row;

    for (const struct yaml *v = map->first; v && e->diags->errors < SUGGESTIONS_MAX; v = v->next)
        if (diag_nearest(v->key->text, alone).len &&
            !shape_find(shape, e->arena, v->key->text, &row))
            return true;
    return false;
}

bool expect_map(struct expect *e, const struct yaml *node, const char *what,
                const struct shape *shape)
{
    const struct slice *names = NULL;
    struct shape_key row;

    if (!node)
        return false;
    if (node->kind != YAML_MAP) {
        wrong_kind(e, node, what, "a map (key: value)",
                   "write its keys below it, or {key: value}");
        return false;
    }
    if (!shape)
        return true;
    for (const struct yaml *v = node->first; v && !shape->of; v = v->next)
        if (!shape_find(shape, e->arena, v->key->text, &row))
            unknown_key(e, v->key, what, shape, &names);
    for (size_t i = 0; shape_row(shape, e->arena, i, &row); i++)
        if (row.required && !row.late && !yaml_get(node, row.name) &&
            !is_misspelt(e, node, shape, row.name))
            expect_missing(e, node, row.name.ptr, row.required);
    return true;
}

bool expect_list(struct expect *e, const struct yaml *node, const char *what, bool lone)
{
    if (!node)
        return false;
    if (node->kind == YAML_LIST || (lone && node->kind == YAML_SCALAR && !yaml_is_null(node)))
        return true;
    wrong_kind(e, node, what, "a list [a, b]", "write a list: [a, b]");
    return false;
}

bool expect_text(struct expect *e, const struct yaml *node, const char *what, struct slice *out)
{
    if (!node)
        return false;
    if (node->kind != YAML_SCALAR || yaml_is_null(node) || node->text.len == 0) {
        wrong_kind(e, node, what, "text", "write one value, without brackets or dashes");
        return false;
    }
    if (slice_index(node->text, '\0') < node->text.len) {
        diag_add(e->diags, DIAG_ERROR, "M002", node->at, S("remove the \\0"),
                 "%s must be text, but this holds a NUL byte", what);
        return false;
    }
    *out = node->text;
    return true;
}

bool expect_bool(struct expect *e, const struct yaml *node, const char *what, bool *out)
{
    static const struct slice words[] = { SLICE("true"), SLICE("yes"), SLICE("on"), SLICE("false"),
                                          SLICE("no"),   SLICE("off"), { 0 } };
    struct slice text;

    if (!expect_text(e, node, what, &text))
        return false;
    for (size_t i = 0; words[i].ptr; i++) {
        if (slice_eq_nocase(words[i], text)) {
            *out = i < 3;
            return true;
        }
    }
    wrong_kind(e, node, what, "true or false", "write true or false");
    return false;
}

bool expect_amount(struct expect *e, const struct yaml *node, const char *what, struct money *out)
{
    struct slice text;
    enum money_result r;

    if (!expect_text(e, node, what, &text))
        return false;
    r = money_parse(text, MONEY_MARK_POINT, out, NULL);
    for (size_t i = 0; r == MONEY_OK && i < text.len; i++)
        if (!ascii_is_digit(text.ptr[i]) && text.ptr[i] != '.')
            r = MONEY_NOT_A_NUMBER;
    if (r == MONEY_OK)
        return true;
    diag_add(e->diags, DIAG_ERROR, "M009", node->at, S("write it like 12.50"),
             "%s must be an amount, but \"%.*s\" %s", what, SLICE_ARG(text),
             r == MONEY_ROUNDED ? "has more than six decimals" : money_result_text(r));
    return false;
}

bool expect_word(struct expect *e, const struct yaml *node, const char *what,
                 const struct slice *words, size_t *index)
{
    struct slice text;

    if (!expect_text(e, node, what, &text))
        return false;
    for (size_t i = 0; words[i].ptr; i++) {
        if (slice_eq(words[i], text)) {
            *index = i;
            return true;
        }
    }
    diag_add(e->diags, DIAG_ERROR, "M024", node->at, diag_suggest(e->arena, text, words),
             "%s can't be \"%.*s\"", what, SLICE_ARG(text));
    return false;
}

bool expect_choice(struct expect *e, const struct yaml *map, const struct shape *shape,
                   const char *key, size_t *index)
{
    const struct yaml *node = yaml_get(map, slice_from(key));
    struct shape_key row;
    char what[80];
    bool known;

    known = shape_find(shape, e->arena, slice_from(key), &row);
    assert(known && row.is->kind == SHAPE_WORD);
    snprintf(what, sizeof(what), "`%s`", key);
    return expect_word(e, node, what, row.is->words, index);
}

const struct slice *expect_texts(struct expect *e, const struct yaml *node, const char *what,
                                 size_t *count)
{
    struct slice *list;
    size_t n = 0;

    *count = 0;
    if (!expect_list(e, node, what, true))
        return NULL;
    list = ARENA_ARRAY(e->arena, struct slice, node->kind == YAML_LIST ? node->count + 1 : 2);
    if (!list)
        return NULL;
    if (node->kind == YAML_SCALAR) {
        *count = expect_text(e, node, what, &list[0]);
        return list;
    }
    for (const struct yaml *v = node->first; v; v = v->next)
        if (expect_text(e, v, what, &list[n]))
            n++;
    *count = n;
    return list;
}

void expect_missing(struct expect *e, const struct yaml *map, const char *key, const char *remedy)
{
    diag_add(e->diags, DIAG_ERROR, "M003", map->at, slice_from(remedy), "`%s:` is missing", key);
}

void expect_required(struct expect *e, const struct yaml *map, const struct shape *shape,
                     const char *key)
{
    struct shape_key row;
    bool known = shape_find(shape, e->arena, slice_from(key), &row);

    assert(known && row.required);
    if (!yaml_get(map, row.name) && !is_misspelt(e, map, shape, row.name))
        expect_missing(e, map, key, row.required);
}

void expect_version(struct expect *e, const struct yaml *map)
{
    const struct yaml *v = yaml_get(map, S("version"));

    if (v && (v->kind != YAML_SCALAR || !slice_eq(v->text, shape_version.words[0])))
        diag_add(e->diags, DIAG_ERROR, "M004", v->at, S("this program reads version: 1"),
                 "this version of the file is not known");
}

bool expect_secret_name(struct expect *e, const struct yaml *node, const char *what, bool credential,
                        struct secret_name *out)
{
    *out = (struct secret_name){ .credential = credential };
    if (!expect_text(e, node, what, &out->text))
        return false;
    for (size_t i = 0; credential && i < out->text.len; i++) {
        char c = out->text.ptr[i];
        if (ascii_is_alnum(c) || c == '_' || c == '-' || (c == '.' && i > 0))
            continue;
        diag_add(e->diags, DIAG_ERROR, "C067", node->at,
                 S("the name alone, as in LoadCredential=NAME:/path"),
                 "\"%.*s\" is not a credential's name", SLICE_ARG(out->text));
        return false;
    }
    return true;
}

bool expect_secret(struct expect *e, const struct yaml *node, const char *what,
                   struct secret_name *out)
{
    const struct yaml *name = yaml_get(node, S("credential"));

    *out = (struct secret_name){ .credential = name != NULL };
    if (!expect_map(e, node, what, name ? &shape_credential : &shape_file))
        return false;
    return name ? expect_secret_name(e, name, "`credential`", true, out)
                : expect_secret_name(e, yaml_get(node, S("file")), "`file`", false, out);
}
