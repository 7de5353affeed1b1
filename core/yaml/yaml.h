/* yaml.h: a YAML file as a tree that knows its places.  Mappings, chains and configuration are read
 * through it.  Aliases, anchors, tags, several documents, duplicate keys, keys that are no scalars
 * are errors; size, depth and number of nodes are limited. */
#ifndef CORE_YAML_YAML_H
#define CORE_YAML_YAML_H

#include "core/base/arena.h"
#include "core/base/diag.h"

#define YAML_MAX_BYTES (1024 * 1024)
#define YAML_MAX_DEPTH 20
#define YAML_MAX_NODES 50000

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    struct place at;
    struct slice text;  /* scalar: its value, unquoted */
    bool plain;         /* scalar without quotes: may be null, a number, true */
    struct yaml *key;   /* inside a map: the key's own node */
    struct yaml *first; /* list and map: children in the file's order */
    struct yaml *next;  /* sibling */
    size_t count;
};

/* NULL when the text has errors (in diags, codes Y001...).  An empty file is an empty map.  source
 * must live as long as the tree. */
struct yaml *yaml_parse(struct arena *arena, const struct source *source, struct diags *diags);

/* The value of a map's key; NULL when node is NULL, no map, or has no such key. */
struct yaml *yaml_get(const struct yaml *node, struct slice key);

/* "a list", "a map", "text": for "expected ..., found ...". */
const char *yaml_kind_name(const struct yaml *node);

/* A plain scalar that is empty, ~ or null. */
bool yaml_is_null(const struct yaml *node);

#endif
