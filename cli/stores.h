/* stores.h: opens the store that a configuration means: SQLite in `data`, or PostgreSQL at `store`. */
#ifndef CLI_STORES_H
#define CLI_STORES_H

#include "adapters/store/store.h"
#include "cli/catalog.h"

/* NULL: *err says where, why and what to do. */
struct store *stores_open(const struct catalog *c, bool writer, struct err *err);

/* The same for writing; over_older: a new schema may leave servers of older versions behind (postgres.h). */
struct store *stores_init(const struct catalog *c, bool over_older, struct err *err);

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

/* A catalog that was read later has another password?  Then the database is asked whether it is let in, and connections of those
 * that are open use it from now on when they are made anew. */
enum stores_password {
    STORES_SAME,
    STORES_TAKEN,
    STORES_UNTRIED, /* it is used, but the database could not be asked: *err */
    STORES_REFUSED, /* the one before stays: *err */
};
enum stores_password stores_password(const struct stores *s, const struct catalog *c, struct err *err);

#endif
