/* upgrade.h: the store of the server that starts is an older one, and is brought up to date first: the log and
 * systemd hear how far it is. */
#ifndef CLI_SERVE_UPGRADE_H
#define CLI_SERVE_UPGRADE_H

#include "adapters/store/store.h"

/* The writer of SQLite's store in dir; NULL and *err. */
struct store *upgrade_open(const char *dir, struct err *err);

#endif
