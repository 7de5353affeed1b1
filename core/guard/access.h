/* access.h: who may send postbacks, as the configuration and an offer say it: `key`, `signature`,
 * `allow`, `trusted_proxies`.  One reader for both files. */
#ifndef CORE_GUARD_ACCESS_H
#define CORE_GUARD_ACCESS_H

#include "core/guard/address.h"
#include "core/guard/signature.h"
#include "core/yaml/expect.h"

/* Paths relative to the file that names them, or credentials; with an empty text: none. */
struct access_secret {
    struct secret_name file, previous;
    struct place file_at, previous_at;
};

struct access_signature {
    bool said;                    /* also by `signature: none` */
    enum signature_scheme scheme; /* SIGNATURE_NONE: postbacks need not be signed */
    struct access_secret secret;
    bool required;     /* an unsigned one is refused */
    int64_t tolerance; /* seconds that a signed time may lie beside the clock */
    struct place at;
};

struct access {
    struct access_secret key;
    struct access_signature signature;
    bool allow_said;
    struct networks allow; /* of postbacks and of clicks with the key; meaningless unless said */
};

/* Of a configuration or an offer: */
extern const struct shape access_signature_shape; /* `signature` */
extern const struct shape access_allow_shape;     /* `allow` */
extern const struct shape access_networks_shape;  /* `trusted_proxies`, which may be empty */

/* Each reads the value of its key (node may be NULL) with diagnostics.  Lines that may hold a secret
 * which was written there by mistake are not shown. */
void access_read_key(struct expect *e, const struct yaml *node, struct access_secret *out);
void access_read_secret(struct expect *e, const struct yaml *node, const char *what,
                        struct access_secret *out); /* what: of a secret, and the name of its key */
void access_read_signature(struct expect *e, const struct yaml *node,
                           struct access_signature *out);
/* C055 for what is no network, and for an empty list where one is needed; true when it was said. */
bool access_read_networks(struct expect *e, const struct yaml *node, const char *what,
                          const struct shape *shape, struct networks *out);

#endif
