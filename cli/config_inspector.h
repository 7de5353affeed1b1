/* config_inspector.h: `inspector:` of the configuration: who may see the page of the admin listener. */
#ifndef CLI_CONFIG_INSPECTOR_H
#define CLI_CONFIG_INSPECTOR_H

#include "cli/catalog.h"

extern const struct shape config_inspector_shape;

/* node: the value of `inspector`, or NULL; admin: the value of `admin` (for its place), or NULL.
 * from: the configuration's path.  After c->admin is read. */
void config_read_inspector(struct catalog *c, const struct yaml *node, const struct yaml *admin,
                           struct slice from);

#endif
