/* catalog.h: everything that is read from files at start and at reload: configuration, rates, offer
 * mappings, keys, tokens.  Built whole, validated whole, immutable afterwards, shared by counting.
 */
#ifndef CLI_CATALOG_H
#define CLI_CATALOG_H

#include <stdio.h>

#include "cli/alerts_config.h"
#include "cli/secrets.h"
#include "core/translate/translate.h"

struct catalog_pixel {
    struct slice pixel, test_code;
    enum event_source source;
    struct place at;
    char *token;      /* secret; NULL in `check` without its file */
    int64_t token_at; /* when its file was written, Unix seconds; 0: not known */
};

/* How postbacks are signed, with its secrets. */
struct catalog_signature {
    struct access_signature how;
    struct secrets secrets;
};

struct catalog_offer {
    struct offer *offer;
    struct secrets keys; /* the offer's own; empty: the common ones */
    struct catalog_signature signature; /* the offer's own, if it says one */
};

struct catalog_limits {
    int64_t url, body, parameters, request_seconds, connections, connections_per_address;
    /* tokens of buckets (core/guard/bucket.h); 0: no limit */
    int64_t postbacks_per_address, clicks_per_address, postbacks_per_offer;
};

/* Who may see the inspector. */
struct catalog_inspector {
    struct secrets password;   /* empty: none, and nobody comes in by one */
    const struct slice *hosts; /* beside loopback's names; ended by an empty slice; NULL: none */
    int64_t session;           /* seconds */
};

/* Where the store is. */
struct catalog_store {
    const char *url;    /* of PostgreSQL; NULL: SQLite in `data` */
    char *password;     /* secret; NULL: none */
    const char *folder; /* of the configuration, for relative paths in url */
    bool spill;         /* keep what comes while it is away */
    int64_t spill_max;  /* MB of it */
};

struct catalog {
    struct arena arena;
    struct diags diags;
    struct files_lookup lookup;
    struct mapping_loader loader;

    const char *config; /* path, or NULL: built-in rates and mappings only */
    const char *listen, *admin, *data, *offers_dir;
    struct catalog_store store;
    struct slice node; /* this server's name among others; empty: the machine's */
    struct access access; /* the common key, signature and allow, as said */
    struct secrets keys;
    struct catalog_signature signature;
    struct networks proxies; /* whose X-Forwarded-For is believed */
    struct slice endpoint;
    struct catalog_pixel *pixels;
    size_t pixel_count;
    struct route_known known; /* the same for the translator */
    int64_t keep_clicks, keep_ledger, keep_ip; /* seconds */
    struct catalog_limits limits;
    struct catalog_inspector inspector;
    struct alerts_config alerts;

    struct catalog_offer *offers; /* sorted by name */
    size_t offer_count, offer_room;
    uint64_t print; /* of the bytes of all files that were read, and of the program's version */
    struct translator translator; /* its hasher belongs to whoever translates first: the opener */
};

/* Read the configuration (NULL: only the `mappings:` of ./clickbaton.yaml, if that is there) and what it names, except the offers.  The catalog comes also
 * when there are problems: catalog_errors counts them.  NULL only when out of memory. */
struct catalog *catalog_open(const char *config);
/* For a verb that needs a configuration without errors: catalog_open, and with `offers` catalog_add_offers.  NULL after the
 * problems were printed: *code is EXIT_CONFIG, or EXIT_IO. */
struct catalog *catalog_sound(const char *config, bool offers, int *code);

/* A struct secrets_reader for what the file `from` says. */
#define CATALOG_SECRETS(c, from)                                                                   \
    { (from), &(c)->lookup, (c)->translator.hasher, &(c)->arena, &(c)->diags }

/* The secrets of a signature that the file `from` says. */
void catalog_read_signature(struct catalog *c, const struct access_signature *said,
                            struct slice from, struct catalog_signature *out);

/* files_source, noted in c->print: two catalogs of the same files have the same. */
const struct source *catalog_source(struct catalog *c, const char *path, struct diags *diags);

/* Load one offer mapping; NULL after diagnostics. */
const struct offer *catalog_add_offer(struct catalog *c, const char *path);

/* Load every *.yaml and *.yml of the offers folder, in the order of their names; files of value
 * models are only checked. */
void catalog_add_offers(struct catalog *c);

/* The test event code that the offer's events to that pixel go with; empty: they are real. */
struct slice catalog_test_code(const struct catalog *c, const struct offer *offer,
                               struct slice pixel);

/* The offer by the last path segment of a postback's URL; NULL when there is none. */
const struct catalog_offer *catalog_find(const struct catalog *c, struct slice name);

/* On stderr, for a verb that found nothing of that offer: it is none of the folder's, and which one may be meant. */
void catalog_say_nearest(struct catalog *c, struct slice offer, const char *verb);

/* What holds for the offer: its own, else the common.  offer NULL: the common.  Signature NULL:
 * postbacks need none.  Allow NULL: everybody may send. */
const struct secrets *catalog_keys(const struct catalog *c, const struct catalog_offer *offer);
const struct catalog_signature *catalog_signature(const struct catalog *c,
                                                  const struct catalog_offer *offer);
const struct networks *catalog_allow(const struct catalog *c, const struct catalog_offer *offer);

unsigned catalog_errors(const struct catalog *c);
void catalog_print_problems(struct catalog *c, FILE *to);       /* each only once */
void catalog_take_problems(struct catalog *c, struct buf *out); /* the same, into out */
void catalog_close(struct catalog *c);                    /* accepts NULL */

#endif
