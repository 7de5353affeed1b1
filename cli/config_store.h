/* config_store.h: `store:` of clickbaton.yaml: where the store is. */
#ifndef CLI_CONFIG_STORE_H
#define CLI_CONFIG_STORE_H

#include "cli/catalog.h"
#include "core/yaml/shape.h"

extern const struct shape config_store_shape;

/* from: the configuration's path.  The node that holds a secret by mistake, whose line must not be shown; NULL: none does. */
const struct yaml *config_read_store(struct catalog *c, const struct yaml *node, struct slice from);

#endif
