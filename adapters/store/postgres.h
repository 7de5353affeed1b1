/* postgres.h: a store in PostgreSQL, by libpq: any number of writers, on any number of machines. */
#ifndef ADAPTERS_STORE_POSTGRES_H
#define ADAPTERS_STORE_POSTGRES_H

#include "adapters/store/store.h"

/* Where it is; all of it is copied. */
struct postgres {
    const char *url;      /* postgresql://user@host:5432/name?parameters, without a password */
    const char *password; /* NULL: none */
    const char *folder;   /* of what is a relative path in url; NULL: the working folder */
    int connect_s;        /* to wait for a connection, each host; 0: 5; what url says goes first */
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

/* The schema is made or brought up to date by whoever writes; a newer one is refused (ERR_INPUT).  NULL: *err. */
struct store *postgres_open(const struct postgres *at, bool writer, struct err *err);

/* For a server, which goes on without the database: the handle is open at once, asks for the database when it is needed, at
 * most once a second, and gives ERR_BUSY with the reason while it is not there.  No call lasts much longer than
 * patience_ms, and the time of a connection. */
struct store *postgres_open_later(const struct postgres *at, bool writer, int patience_ms, struct err *err);

/* Try now, if it is not connected.  0: it is, and its schema is of today. */
int postgres_ready(struct store *s, struct err *err);

/* The version of the schema before a writer opened it (0: there was none), and now. */
void postgres_schema(const struct store *s, int64_t *before, int64_t *now);

#endif
