/* config.h: clickbaton.yaml (docs/configuration.md). */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/catalog.h"
#include "core/yaml/shape.h"

extern const struct shape config_shape; /* what the file may hold */

/* Fill the catalog from the file at path; problems go to its diags. */
void config_read(struct catalog *c, const char *path);

/* Only the `mappings:` folder (own tracker mappings, rates) of a configuration that nobody has named
 * but that is there: what is shown must not differ from what serve does.  Mistakes in it are not
 * told. */
void config_near(struct catalog *c, const char *path);

#endif
