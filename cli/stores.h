/* stores.h: opens the store that a configuration means: SQLite in `data`, or PostgreSQL at `store`. */
#ifndef CLI_STORES_H
#define CLI_STORES_H

#include "adapters/store/store.h"
#include "cli/catalog.h"

/* NULL: *err says where, why and what to do. */
struct store *stores_open(const struct catalog *c, bool writer, struct err *err);

bool stores_is_remote(const struct catalog *c); /* PostgreSQL */
/* Has anything been stored here?  Of PostgreSQL only asking tells: true. */
bool stores_there(const struct catalog *c);
/* "./data/clickbaton.db" or "postgresql://db.example:5432/clickbaton", for people. */
const char *stores_name(const struct catalog *c, char out[300]);

/* The same of one that outlives the catalog; malloc'ed, the password in it is zeroed by free. */
struct stores;
struct stores *stores_keep(const struct catalog *c); /* NULL: out of memory */
void stores_free(struct stores *s);                  /* accepts NULL */
struct store *stores_open_kept(const struct stores *s, bool writer, struct err *err);

/* For a server, in place of stores_open_kept when it is PostgreSQL: postgres_open_later.  NULL with ERR_NONE: it is SQLite. */
struct store *stores_open_later(const struct stores *s, bool writer, struct err *err);

#endif
