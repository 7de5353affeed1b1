/* models.c: `value_models:`: values with a name, so that several rules, offers and campaigns count
 * alike; in a mapping, or in a file of their own. */
#include "core/mapping/build.h"

static void add_model(struct build *b, const struct yaml *node)
{
    struct value_model *m = ARENA_NEW(b->expect.arena, struct value_model);
    unsigned errors = b->expect.diags->errors;

    if (!m)
        return;
    m->name = node->key->text;
    m->node = node;
    build_value_model(b, node, &m->rule);
    m->bad = b->expect.diags->errors > errors;
    m->next = b->models; /* before an extended file's model of that name */
    b->models = m;
}

static void add_models(struct build *b, const struct yaml *map)
{
    if (!expect_map(&b->expect, map, "`value_models`", NULL))
        return;
    for (const struct yaml *v = map->first; v; v = v->next)
        add_model(b, v);
}

/* A file that holds nothing else. */
static void add_file(struct build *b, const struct source *source)
{
    struct yaml *root = yaml_parse(b->expect.arena, source, b->expect.diags);

    if (!root || !expect_map(&b->expect, root, "a file of value models", &mapping_models_shape))
        return;
    expect_version(&b->expect, root);
    add_models(b, yaml_get(root, S("value_models")));
}

/* Only *.yaml and *.yml: a problem with the file is shown with its line, and no secret's file shall
 * be named here by a slip. */
static bool is_path(struct slice text)
{
    return slice_ends(text, S(".yaml")) || slice_ends(text, S(".yml"));
}

static void add_named_file(struct build *b, const struct yaml *node, const struct source *from)
{
    const struct mapping_files *files = &b->loader->files;
    struct source *source = ARENA_NEW(b->expect.arena, struct source);
    struct diags *own = b->expect.diags;
    struct slice path, where = { 0 };
    unsigned errors = b->shared->errors;

    b->models_missing = true;
    if (!source || !expect_text(&b->expect, node, "`value_models`", &path))
        return;
    if (!is_path(path)) {
        diag_add(own, DIAG_ERROR, "M033", node->at,
                 S("a path beside this file, such as ../value-models.yaml; or the models themselves: "
                   "{lead: {value: 10}}"),
                 "`value_models` can't be \"%.*s\"", SLICE_ARG(path));
        return;
    }
    if (files->find(files->context, b->expect.arena, path, from->name, source, &where) != 0) {
        diag_add(own, DIAG_ERROR, "M033", node->at, where,
                 "the file of value models \"%.*s\" can't be read", SLICE_ARG(path));
        return;
    }
    b->expect.diags = b->shared; /* what is wrong in it is said once, however many offers name it */
    add_file(b, source);
    b->expect.diags = own;
    b->models_missing = b->shared->errors > errors;
}

void build_models(struct build *b, const struct yaml *root, const struct source *from)
{
    const struct yaml *node = yaml_get(root, S("value_models"));

    if (node && node->kind == YAML_SCALAR)
        add_named_file(b, node, from);
    else
        add_models(b, node);
}

const struct value_model *build_find_model(struct build *b, const struct yaml *name)
{
    struct slice text, *names;
    size_t n = 0;

    if (!expect_text(&b->expect, name, "`model`", &text))
        return NULL;
    for (const struct value_model *m = b->models; m; m = m->next, n++)
        if (slice_eq(m->name, text))
            return m;
    if (b->orphan || b->models_missing) /* it may stand there */
        return NULL;
    names = ARENA_ARRAY(b->expect.arena, struct slice, n + 1);
    n = 0;
    for (const struct value_model *m = b->models; names && m; m = m->next)
        names[n++] = m->name;
    diag_add(b->expect.diags, DIAG_ERROR, "M030", name->at,
             n == 0 ? S("write it under value_models:, or name the file that holds it there")
                    : diag_suggest(b->expect.arena, text, names),
             "there is no value model \"%.*s\"", SLICE_ARG(text));
    return NULL;
}

int mapping_check_models(const struct mapping_loader *loader, const struct source *source)
{
    struct build *b = ARENA_NEW(loader->arena, struct build);
    struct diags found = { .arena = loader->arena }; /* an offer may have said the same */

    if (!b)
        return -1;
    b->loader = loader;
    b->expect = (struct expect){ loader->arena, &found };
    add_file(b, source);
    if (loader->arena->full)
        diag_add(&found, DIAG_ERROR, "Y006", (struct place){ .source = source },
                 (struct slice){ 0 }, "no memory is left for this file");
    build_report_shared(loader, &found);
    return found.errors == 0 ? 0 : -1;
}

bool mapping_is_models(struct slice text)
{
    static const struct slice others[] = { SLICE("offer:"), SLICE("tracker:"), SLICE("extends:"),
                                           SLICE("events:"), { 0 } };
    struct slice line;
    bool found = false;

    while (slice_next(&text, '\n', &line)) {
        for (const struct slice *o = others; o->ptr; o++)
            if (slice_starts(line, *o))
                return false;
        found |= slice_starts(line, S("value_models:"));
    }
    return found;
}
