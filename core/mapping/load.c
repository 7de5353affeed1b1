/* load.c: a mapping file with the files that it extends, from the root down to itself. */
#include "core/mapping/build.h"

#include <string.h>

#define EXTENDS_MAX 8

/* The files from the one asked for (0) to the root of its `extends`. */
struct lineage {
    const struct source *sources[EXTENDS_MAX];
    const struct yaml *roots[EXTENDS_MAX];
    size_t count;
    struct diags shared; /* problems of the files that are extended */
};

static struct diags *diags_of(const struct mapping_loader *loader, struct lineage *line, size_t i)
{
    return i == 0 ? loader->diags : &line->shared;
}

static const struct tracker *adapter_named(const struct mapping_loader *loader, struct slice name)
{
    for (const struct tracker *const *t = loader->trackers; t && *t; t++)
        if (slice_eq(slice_from((*t)->name), name))
            return *t;
    return NULL;
}

static int add_file(const struct mapping_loader *loader, struct lineage *line,
                    const struct source *source)
{
    struct yaml *root = yaml_parse(loader->arena, source, diags_of(loader, line, line->count));

    if (!root)
        return -1;
    line->sources[line->count] = source;
    line->roots[line->count++] = root;
    return 0;
}

/* `extend: keitaro` will be told as an unknown key; what the parent says is not known then. */
static bool extends_misspelt(const struct mapping_loader *loader, const struct yaml *root)
{
    const struct shape *shape =
        yaml_get(root, S("offer")) ? &mapping_offer_shape : &mapping_tracker_shape;
    static const struct slice name[] = { SLICE("extends"), { 0 } };
    struct shape_key row;

    for (const struct yaml *v = root->kind == YAML_MAP ? root->first : NULL; v; v = v->next)
        if (diag_nearest(v->key->text, name).len &&
            !shape_find(shape, loader->arena, v->key->text, &row))
            return true;
    return false;
}

/* Follow `extends:` of the last file.  1: there is one and it is added.  0: the end.  -1: problem.
 */
static int add_parent(const struct mapping_loader *loader, struct lineage *line)
{
    const struct source *child = line->sources[line->count - 1];
    const struct yaml *extends = yaml_get(line->roots[line->count - 1], S("extends"));
    struct diags *diags = diags_of(loader, line, line->count - 1);
    struct expect e = { loader->arena, diags };
    struct source *source = ARENA_NEW(loader->arena, struct source);
    struct slice name, where = { 0 };

    if (!extends)
        return extends_misspelt(loader, line->roots[line->count - 1]) ? -1 : 0;
    if (!source || !expect_text(&e, extends, "`extends`", &name))
        return -1;
    if (loader->files.find(loader->files.context, loader->arena, name, child->name, source,
                           &where) != 0) {
        diag_add(diags, DIAG_ERROR, "M010", extends->at, where,
                 "there is no tracker mapping \"%.*s\"", SLICE_ARG(name));
        return -1;
    }
    if (line->count == EXTENDS_MAX) {
        diag_add(diags, DIAG_ERROR, "M011", extends->at,
                 S("extend a tracker mapping directly"),
                 "more than %d files extend each other in a row", EXTENDS_MAX - 1);
        return -1;
    }
    for (size_t i = 0; i < line->count; i++) {
        if (slice_eq(line->sources[i]->name, source->name)) {
            diag_add(diags, DIAG_ERROR, "M011", extends->at,
                     S("a mapping must not extend itself, directly or through others"),
                     "`extends` goes round in a circle through %.*s", SLICE_ARG(source->name));
            return -1;
        }
    }
    if (add_file(loader, line, source) != 0)
        return -1;
    if (yaml_get(line->roots[line->count - 1], S("offer"))) {
        diag_add(diags, DIAG_ERROR, "M010", extends->at,
                 S("extend a tracker mapping such as keitaro"), "%.*s is an offer mapping",
                 SLICE_ARG(source->name));
        line->count--; /* what it says has no place here */
        return -1;
    }
    return 1;
}

static void apply_tracker_name(struct build *b, const struct yaml *root)
{
    const struct yaml *node = yaml_get(root, S("tracker"));
    const struct tracker *adapter;

    if (!expect_text(&b->expect, node, "`tracker`", &b->offer->tracker_name))
        return;
    adapter = adapter_named(b->loader, b->offer->tracker_name);
    if (adapter)
        b->offer->tracker = adapter;
}

/* Root first, so that a nearer file has the last word. */
static void apply(struct build *b, struct lineage *line, bool offer)
{
    for (size_t i = line->count; i-- > 0;) {
        const struct yaml *root = line->roots[i];
        bool leaf_offer = offer && i == 0;
        b->expect.diags = diags_of(b->loader, line, i);
        const char *what = leaf_offer ? "an offer mapping" : "a tracker mapping";
        if (!expect_map(&b->expect, root, what,
                        leaf_offer ? &mapping_offer_shape : &mapping_tracker_shape))
            continue;
        expect_version(&b->expect, root);
        if (!leaf_offer)
            apply_tracker_name(b, root);
        build_tracker_part(b, root);
        build_models(b, root, line->sources[i]);
        if (leaf_offer && build_seal_words(b) == 0 && build_seal_transitions(b) == 0)
            build_offer_part(b, root);
    }
    if (!offer && build_seal_words(b) == 0)
        build_seal_transitions(b);
}

/* Fields that nothing fills make every postback useless. */
static void check_fields(struct build *b, const struct lineage *line, unsigned errors_before)
{
    const struct offer *o = b->offer;

    if (b->expect.diags->errors == errors_before && line->shared.errors == 0 &&
        o->fields[FIELD_CLICK_ID].count == 0 && o->fields[FIELD_TTCLID].count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M003", line->roots[0]->at,
                 S("extend a tracker mapping: extends: keitaro"),
                 "nothing says where click_id or ttclid comes from");
}

static bool is_known(const struct diags *d, const struct diag *x)
{
    for (const struct diag *at = d->first; at; at = at->next)
        if (at->at.source && x->at.source && slice_eq(at->at.source->name, x->at.source->name) &&
            at->at.line == x->at.line && at->at.col == x->at.col &&
            strcmp(at->code, x->code) == 0 && slice_eq(at->text, x->text))
            return true;
    return false;
}

void build_report_shared(const struct mapping_loader *loader, const struct diags *shared)
{
    for (const struct diag *d = shared->first; d; d = d->next)
        if (!is_known(loader->diags, d))
            diag_add(loader->diags, d->level, d->code, d->at, d->hint, "%.*s", SLICE_ARG(d->text));
}

static struct offer *load(const struct mapping_loader *loader, const struct source *source,
                          bool as_offer)
{
    unsigned errors = loader->diags->errors;
    struct build *b = ARENA_NEW(loader->arena, struct build);
    struct lineage line = { .shared = { .arena = loader->arena } };
    int more = 1;

    if (!b || !(b->offer = ARENA_NEW(loader->arena, struct offer)))
        return NULL;
    b->loader = loader;
    b->expect = (struct expect){ loader->arena, loader->diags };
    b->offer->file = source->name;
    b->offer->tracker = adapter_named(loader, S("generic"));
    if (add_file(loader, &line, source) != 0)
        return NULL;
    while (more == 1)
        more = add_parent(loader, &line);
    b->orphan = more != 0;
    b->shared = &line.shared;
    apply(b, &line, as_offer);
    check_fields(b, &line, errors);
    build_report_shared(loader, &line.shared);
    if (loader->arena->full)
        diag_add(loader->diags, DIAG_ERROR, "Y006", (struct place){ .source = source },
                 (struct slice){ 0 }, "no memory is left for this file");
    return loader->diags->errors == errors && line.shared.errors == 0 ? b->offer : NULL;
}

struct offer *mapping_load_offer(const struct mapping_loader *loader, const struct source *source)
{
    return load(loader, source, true);
}

int mapping_check_tracker(const struct mapping_loader *loader, const struct source *source)
{
    return load(loader, source, false) ? 0 : -1;
}

bool mapping_is_offer(struct slice text)
{
    static const struct slice word[] = { SLICE("tracker"), { 0 } };
    struct slice line, key, value;
    bool almost = false;

    while (slice_next(&text, '\n', &line))
        if (slice_starts(line, S("offer:")))
            return true;
        else if (slice_starts(line, S("tracker:")))
            return false;
        else if (slice_cut(line, ':', &key, &value) && diag_nearest(key, word).len)
            almost = true; /* "trakcer:" */
    return !almost;
}
