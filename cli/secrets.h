/* secrets.h: a shared secret and, while it is being replaced, the one before it. */
#ifndef CLI_SECRETS_H
#define CLI_SECRETS_H

#include "cli/files.h"
#include "core/guard/access.h"

#define SECRETS_EACH 2

struct secrets {
    char *text[SECRETS_EACH]; /* the present one, the previous one; NULL: none */
    size_t len[SECRETS_EACH];
    char digest[SECRETS_EACH][SHA256_HEX]; /* of the texts; zeros where there is none */
};

/* What reading needs beside them. */
struct secrets_reader {
    struct slice from; /* the file that names them */
    struct files_lookup *lookup;
    struct identity_hasher *hasher;
    struct arena *arena;
    struct diags *diags;
};

/* Read both (paths beside the file `from`); problems go to diags: C001, C002, C009 for one
 * that could be guessed, C056 when both are the same. */
void secrets_read(struct secrets *out, const struct access_secret *said, const char *what,
                  const struct secrets_reader *r);

/* The texts are base64 of a key (signature.h): decoded in place.  C057 for what is none. */
void secrets_decode(struct secrets *s, const struct access_secret *said, struct diags *diags);

/* Which of the two is given?  Always compares digests, both, all of each, so that the time says
 * nothing about length, place or which one it was; also with no secrets at all. */
enum secrets_match { SECRETS_NONE, SECRETS_PRESENT, SECRETS_PREVIOUS };
enum secrets_match secrets_match(const struct secrets *s, struct identity_hasher *hasher,
                                 struct slice given);

void secrets_forget(struct secrets *s); /* zeroes them */

#endif
