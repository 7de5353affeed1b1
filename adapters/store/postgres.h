/* postgres.h: a store in PostgreSQL, by libpq: any number of writers, on any number of machines. */
#ifndef ADAPTERS_STORE_POSTGRES_H
#define ADAPTERS_STORE_POSTGRES_H

#include "adapters/store/store.h"

/* A password that may be changed while stores are open with it: they take it with their next connection.  Any thread. */
struct postgres_secret;
struct postgres_secret *postgres_secret_new(const char *password); /* NULL: out of memory */
bool postgres_secret_is(struct postgres_secret *s, const char *password);
int postgres_secret_set(struct postgres_secret *s, const char *password); /* -1: out of memory, and the one before stays */
void postgres_secret_free(struct postgres_secret *s); /* after all stores that have it; accepts NULL */

/* Where it is; all of it is copied but `secret`. */
struct postgres {
    const char *url;      /* postgresql://user@host:5432/name?parameters, without a password */
    const char *password; /* NULL: none */
    struct postgres_secret *secret; /* in place of password, when not NULL */
    const char *folder;   /* of what is a relative path in url; NULL: the working folder */
    int connect_s;        /* to wait for a connection, each host; 0: 5; what url says goes first */
    bool over_older;      /* a new schema may leave servers of older versions behind */
};

enum postgres_fault {
    POSTGRES_FORM = 1,  /* it is no such URL */
    POSTGRES_SECRET,    /* a password stands in it, and must not be shown */
    POSTGRES_PARAMETER, /* a parameter that is unknown, or must not stand there */
    POSTGRES_FILE,      /* a file that it names is not there */
};
#define POSTGRES_FILES 5
struct postgres_url {
    enum postgres_fault fault;
    char weak[24];  /* the sslmode, when it does not make sure who answers at another machine; else empty */
    const char *files[POSTGRES_FILES]; /* that libpq reads, in arena; NULL: no more */
};

/* What the URL says, judged without asking anybody.  -1: out->fault, and *err, which does not repeat the URL. */
int postgres_url_read(const struct postgres *at, struct arena *arena, struct postgres_url *out, struct err *err);

/* "postgresql://host:5432/name": without user and parameters, for people. */
void postgres_name(const struct postgres *at, char *out, size_t size);

/* The schema is made or brought up to date by whoever writes; refused (ERR_INPUT) are one that is newer and not for this program any
 * more, and a step that leaves servers behind which run.  NULL: *err. */
struct store *postgres_open(const struct postgres *at, bool writer, struct err *err);

/* For a server, which goes on without the database: the handle is open at once, asks for the database when it is needed, at
 * most once a second, and gives ERR_BUSY with the reason while it is not there.  No call lasts much longer than
 * patience_ms, and the time of a connection. */
struct store *postgres_open_later(const struct postgres *at, bool writer, int patience_ms, struct err *err);

/* Is this password let in?  0: yes.  1: it is not.  -1: nobody can say, *err says why. */
int postgres_try(const struct postgres *at, struct err *err);

/* The version of the schema before a writer opened it (0: there was none), and now; what this program knows may be less. */
void postgres_schema(const struct store *s, int64_t *before, int64_t *now, int64_t *knows);

#endif
