/* Any bytes as a YAML file: a tree within the limits, or errors that can be printed. */
#include <assert.h>

#include "core/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check(const struct yaml *node, const struct source *source, int depth)
{
    size_t nodes = 1, children = 0;

    assert(depth <= YAML_MAX_DEPTH + 1);
    assert(node->at.source == source && node->at.line && node->at.col && node->at.span);
    assert(node->at.col <= source->text.len + 1 && node->at.line <= source->text.len + 1);
    for (const struct yaml *child = node->first; child; child = child->next, children++) {
        assert((node->kind == YAML_MAP) == (child->key != NULL));
        if (child->key) {
            assert(child->key->kind == YAML_SCALAR);
            assert(yaml_get(node, child->key->text) == child || children > 200);
            nodes++;
        }
        nodes += check(child, source, depth + 1);
        if (children > 200)
            break; /* yaml_get is linear */
    }
    assert(children == node->count || children > 200);
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = { SLICE("fuzz.yaml"), { (const char *)data, size } };
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct buf out = { 0 };
    struct yaml *root;

    arena_init(&arena, 32 << 20);
    root = yaml_parse(&arena, &source, &diags);
    assert((root != NULL) == (diags.errors == 0));
    if (root)
        assert(check(root, &source, 1) <= YAML_MAX_NODES);
    diags_print(&out, &diags);
    assert(buf_ok(&out));
    assert(slice_index(buf_slice(&out), '\x1b') == out.len);
    buf_free(&out);
    arena_free(&arena);
    return 0;
}
