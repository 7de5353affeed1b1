#include "core/identity/identity.h"

#include <stdlib.h>

#include <openssl/evp.h>

struct identity_hasher {
    EVP_MD *digest;
    EVP_MD_CTX *context;
};

struct identity_hasher *identity_hasher_new(void)
{
    struct identity_hasher *h = calloc(1, sizeof(*h));

    if (!h) {
        memory_ran_out();
        return NULL;
    }
    /* Without memory for its default context OpenSSL 3.0's fetch falls over; asking for it does not. */
    if (OSSL_LIB_CTX_get0_global_default())
        h->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->context = EVP_MD_CTX_new();
    if (!h->digest || !h->context || EVP_DigestInit_ex2(h->context, h->digest, NULL) != 1) {
        identity_hasher_free(h);
        memory_ran_out(); /* nothing else can fail here */
        return NULL;
    }
    return h;
}

void identity_hasher_free(struct identity_hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->context);
    EVP_MD_free(h->digest);
    free(h);
}

bool sha256_hex(struct identity_hasher *h, struct slice s, char out[SHA256_HEX])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[SHA256_HEX / 2];

    /* no digest: the context starts again with the one it has */
    if (EVP_DigestInit_ex2(h->context, NULL, NULL) != 1 ||
        EVP_DigestUpdate(h->context, s.ptr, s.len) != 1 ||
        EVP_DigestFinal_ex(h->context, digest, NULL) != 1) {
        memory_ran_out();
        return false;
    }
    for (size_t i = 0; i < sizeof(digest); i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    return true;
}
