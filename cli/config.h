/* config.h: clickbaton.yaml (docs/configuration.md). */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/catalog.h"

/* Fill the catalog from the file at path; problems go to its diags. */
void config_read(struct catalog *c, const char *path);

#endif
