/* Any bytes as a match key: what comes out has the form it must have, and what was normalised once
 * stays as it is. */
#include <stdlib.h>
#include <string.h>

#include "core/identity/identity.h"
#include "core/identity/ip.h"
#include "core/identity/letters.h"
#include "core/identity/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

static void check_prepare(struct identity_hasher *h, struct arena *arena, enum identity_kind kind,
                          struct slice value, struct slice country)
{
    struct slice out = S("unset");
    const char *why = "unset";
    enum identity_result r = identity_prepare(h, arena, kind, value, country, &out, &why);

    MUST(r != IDENTITY_FAILED || arena->full);
    MUST((r == IDENTITY_OK) == (out.len > 0));
    MUST((r == IDENTITY_UNUSABLE) == (why != NULL));
    if (r != IDENTITY_OK || !identity_is_hashed(kind))
        return;
    MUST(identity_is_sha256(out));
    for (size_t i = 0; i < out.len; i++)
        MUST(out.ptr[i] == ascii_lower(out.ptr[i]));
}

static void check_phone(struct slice value, struct slice country)
{
    char number[PHONE_MAX], again[PHONE_MAX];
    const char *why;
    size_t n = phone_normalise(value, country, number, &why);

    if (n == 0)
        return;
    MUST(n >= 8 && n <= PHONE_MAX && number[0] == '+' && number[1] != '0');
    for (size_t i = 1; i < n; i++)
        MUST(ascii_is_digit(number[i]));
    MUST(phone_normalise((struct slice){ number, n }, country, again, &why) == n);
    MUST(memcmp(number, again, n) == 0);
}

static void check_ip(struct slice value)
{
    char text[IP_TEXT_MAX], again[IP_TEXT_MAX];
    const char *why;
    size_t n = ip_normalise(value, text, &why);

    MUST((n == 0) == (why != NULL));
    if (n == 0)
        return;
    MUST(ip_normalise((struct slice){ text, n }, again, &why) == n);
    MUST(memcmp(text, again, n) == 0);
}

static void check_letters(struct arena *arena, struct slice value, int drop)
{
    struct slice once = letters_lower(arena, value, drop), twice;

    MUST(once.ptr);
    MUST(once.len <= value.len);
    MUST(utf8_valid(once) || !utf8_valid(value));
    if (drop && !utf8_valid(value)) /* pieces of characters may meet and form one */
        return;
    twice = letters_lower(arena, once, drop);
    MUST(slice_eq(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct identity_hasher *hasher;
    struct slice value, country;
    struct arena arena;

    if (!hasher)
        hasher = identity_hasher_new();
    if (size < 3)
        return 0;
    country = slice_from(countries[(data[1] | data[2] << 8) % countries_count].iso);
    if (data[0] & 0x80)
        country = (struct slice){ (const char *)data + 1, 2 };
    if (data[0] & 0x40)
        country = (struct slice){ 0 };
    value = (struct slice){ (const char *)data + 3, size - 3 };
    arena_init(&arena, 64 + 16 * size);
    check_letters(&arena, value, data[0] & 3);
    arena_reset(&arena);
    for (int kind = IDENTITY_EMAIL; kind <= IDENTITY_USER_AGENT; kind++) {
        check_prepare(hasher, &arena, (enum identity_kind)kind, value, country);
        arena_reset(&arena);
    }
    arena_free(&arena);
    check_phone(value, country);
    check_ip(value);
    identity_looks_personal(value);
    return 0;
}
