#include "cli/secrets.h"

#include <string.h>

#include "core/base/wipe.h"
#include "core/guard/equal.h"

#define SHORTEST 16
#define SHORTEST_DECODED 24 /* Standard Webhooks 1.0.0 */

static void read_one(struct secrets *out, size_t i, const struct secret_name *name,
                     struct place at, const char *what, const struct secrets_reader *r)
{
    if (name->text.len == 0)
        return;
    files_found(r->lookup, r->arena, files_secret_path(r->arena, r->from, name));
    out->text[i] = files_secret_named(r->arena, r->from, name, at, r->diags);
    if (!out->text[i])
        return;
    out->len[i] = strlen(out->text[i]);
    if (!sha256_hex(r->hasher, (struct slice){ out->text[i], out->len[i] }, out->digest[i]))
        r->arena->full = true;
    if (out->len[i] < SHORTEST)
        diag_add(r->diags, DIAG_WARNING, "C009", at, S("make one with: openssl rand -hex 16"),
                 "%s has %zu characters and could be guessed", what, out->len[i]);
}

void secrets_read(struct secrets *out, const struct access_secret *said, const char *what,
                  const struct secrets_reader *r)
{
    *out = (struct secrets){ 0 };
    read_one(out, 0, &said->file, said->file_at, what, r);
    read_one(out, 1, &said->previous, said->previous_at, what, r);
    if (out->text[0] && out->text[1] && strcmp(out->text[0], out->text[1]) == 0)
        diag_add(r->diags, DIAG_WARNING, "C056", said->previous_at,
                 S("put the new one into `file`, and leave the old one in `previous`"),
                 "both files hold the same secret, so nothing is being replaced");
}

void secrets_decode(struct secrets *s, const struct access_secret *said, struct diags *diags)
{
    unsigned char bytes[SIGNATURE_SECRET_MAX];

    for (size_t i = 0; i < SECRETS_EACH; i++) {
        struct place at = i ? said->previous_at : said->file_at;
        if (!s->text[i])
            continue;
        s->len[i] = signature_secret((struct slice){ s->text[i], s->len[i] }, bytes);
        wipe(s->text[i], strlen(s->text[i]));
        memcpy(s->text[i], bytes, s->len[i]);
        if (s->len[i] < SHORTEST_DECODED)
            diag_add(diags, DIAG_ERROR, "C057", at,
                     S("make one with: echo whsec_$(openssl rand -base64 32), or copy the sender's"),
                     s->len[i] ? "the secret has fewer than 24 bytes"
                               : "the secret is not \"whsec_\" with base64 of 24 to 64 bytes behind it");
    }
    wipe(bytes, sizeof(bytes));
}

enum secrets_match secrets_match(const struct secrets *s, struct identity_hasher *hasher,
                                 struct slice given)
{
    char digest[SHA256_HEX];
    bool present, previous;

    if (!sha256_hex(hasher, given, digest))
        return SECRETS_NONE;
    present = equal_bytes(digest, s->digest[0], SHA256_HEX);
    previous = equal_bytes(digest, s->digest[1], SHA256_HEX);
    return present ? SECRETS_PRESENT : previous ? SECRETS_PREVIOUS : SECRETS_NONE;
}

void secrets_forget(struct secrets *s)
{
    for (size_t i = 0; i < SECRETS_EACH; i++)
        files_forget(s->text[i]);
    wipe(s->digest, sizeof(s->digest));
    *s = (struct secrets){ 0 };
}
