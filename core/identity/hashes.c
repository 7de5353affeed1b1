/* hashes.c: values that were hashed before they came. */
#include "core/identity/hashes.h"

#include <string.h>

#include "core/identity/identity.h"

#define BASE64_SHA256 44

/* Some systems hash what people have not given. */
static const char *const of_nothing[] = {
    /* clang-format off */
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", /* no bytes at all */
    "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b", /* null */
    "fb329000228cc5a24c264c57139de8bf854fc86fc18bf1c04ab61a2b5cb4b921", /* NULL */
    "eb045d78d273107348b0300c01d29b7552d622abbc6faf81b3ec55359aa9950c", /* undefined */
    "dc937b59892604f5a86ac96936cd7ff09e25f18ae6b758e8014a24c7fa039e91", /* None */
    "140bedbf9c3f6d56a9846d2ba7088798683f4da0c248231336e6a05679e4fdfe", /* none */
    "d5b592c05dc25b5032553f1b27f4139be95e881f73db33b02b05ab20c3f9981e", /* NaN */
    "9b2d5b4678781e53038e91ea5324530a03f27dc1d0e5f6c9bc9d493a23be9de0", /* nan */
    /* clang-format on */
};

static size_t run_of_hex(struct slice s, bool *letter)
{
    size_t n = 0;

    for (*letter = false; n < s.len && ascii_hex(s.ptr[n]) >= 0; n++)
        *letter |= !ascii_is_digit(s.ptr[n]);
    return n;
}

bool identity_is_sha256(struct slice value)
{
    bool letter;

    return value.len == SHA256_HEX && run_of_hex(value, &letter) == SHA256_HEX;
}

bool hashes_of_nothing(struct slice hex)
{
    for (size_t i = 0; i < sizeof(of_nothing) / sizeof(of_nothing[0]); i++)
        if (slice_eq_nocase(hex, slice_from(of_nothing[i])))
            return true;
    return false;
}

/* A '+' of it may have become a blank on its way through a query string. */
static bool is_base64(struct slice s)
{
    if (s.len != BASE64_SHA256 || s.ptr[s.len - 1] != '=')
        return false;
    for (size_t i = 0; i + 1 < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]) && !memchr("+/-_ ", s.ptr[i], 5))
            return false;
    return true;
}

const char *hashes_foreign(struct slice s)
{
    static const size_t sizes[] = { 32, 40, 56, 96, 128 }; /* MD5, SHA-1, SHA-224, -384, -512 */
    bool letter;
    size_t n = run_of_hex(s, &letter);

    if (is_base64(s))
        return "is a hash in base64; send its 64 hexadecimal digits";
    for (size_t i = 0; letter && n == s.len && i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (n == sizes[i])
            return "is a hash, but not SHA-256";
    return NULL;
}
