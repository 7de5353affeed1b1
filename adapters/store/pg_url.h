/* pg_url.h: a URL as the parameters that libpq gets. */
#ifndef ADAPTERS_STORE_PG_URL_H
#define ADAPTERS_STORE_PG_URL_H

#include "adapters/store/postgres.h"

#define PG_PARAMETERS 64

struct pg_target {
    struct arena arena; /* what the others point at, but for the password */
    const char *keys[PG_PARAMETERS], *values[PG_PARAMETERS]; /* ended by NULL */
    size_t count;
    char *password; /* malloc'ed; NULL: none */
    struct postgres_secret *secret; /* where it comes from; NULL: it stays */
    uint64_t change;                /* of the secret, that is in `password` */
    char *lists[3]; /* host, hostaddr, port: an item for each host, or one for all; NULL: not said */
    char where[200];
    bool remote; /* some host is neither this machine's nor a socket */
};

/* -1: *err, without the URL.  What may not stand in a URL is not judged here. */
int pg_target_read(struct pg_target *t, const struct postgres *at, bool writer, struct err *err);
void pg_target_free(struct pg_target *t);
bool pg_target_renew(struct pg_target *t); /* pg_secret.c: the secret as it is now; true: it is another one than before */
void pg_target_password(struct pg_target *t); /* `password` is what libpq gets */
bool pg_target_last(struct pg_target *t, const char *host, const char *port); /* it is asked last from now on; false: it was */
const char *pg_target_value(const struct pg_target *t, const char *key); /* NULL: not said */

#endif
