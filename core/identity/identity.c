#include "core/identity/identity.h"

#include "core/identity/hashes.h"
#include "core/identity/ip.h"
#include "core/identity/letters.h"
#include "core/identity/phone.h"
#include "core/identity/recipe.h"

static struct slice phone(struct recipe_in *r)
{
    char number[PHONE_MAX];
    size_t n = phone_normalise(r->raw, r->country, number, &r->why);

    return n ? arena_dup(r->arena, (struct slice){ number, n }) : (struct slice){ 0 };
}

static struct slice verbatim(struct recipe_in *r)
{
    return r->value;
}

static struct slice name(struct recipe_in *r)
{
    if (!utf8_valid(r->value))
        return recipe_unusable(r, "is not UTF-8 text");
    return letters_lower(r->arena, r->value, LETTERS_NO_PUNCTUATION);
}

static struct slice locale(struct recipe_in *r)
{
    char tag[35]; /* RFC 5646, section 4.4.1 */

    if (r->value.len < 2 || r->value.len > sizeof(tag) || !ascii_is_alpha(r->value.ptr[0]))
        return recipe_unusable(r, "is not a language tag");
    for (size_t i = 0; i < r->value.len; i++) {
        tag[i] = r->value.ptr[i] == '_' ? '-' : r->value.ptr[i];
        if (!ascii_is_alnum(tag[i]) && tag[i] != '-')
            return recipe_unusable(r, "is not a language tag");
    }
    return arena_dup(r->arena, (struct slice){ tag, r->value.len });
}

static struct slice ip(struct recipe_in *r)
{
    char text[IP_TEXT_MAX];
    size_t n = ip_normalise(r->value, text, &r->why);

    return n ? arena_dup(r->arena, (struct slice){ text, n }) : (struct slice){ 0 };
}

static struct slice text(struct recipe_in *r)
{
    return arena_dup(r->arena, r->raw);
}

/* In the order of enum identity_kind. */
static const struct {
    recipe *prepare;
    bool hashed;
} kinds[] = {
    [IDENTITY_EMAIL] = { recipe_email, true },
    [IDENTITY_PHONE] = { phone, true },
    [IDENTITY_EXTERNAL_ID] = { verbatim, true },
    [IDENTITY_FIRST_NAME] = { name, true },
    [IDENTITY_LAST_NAME] = { name, true },
    [IDENTITY_ZIP] = { recipe_zip, true },
    [IDENTITY_CITY] = { recipe_city, false },
    [IDENTITY_STATE] = { recipe_state, false },
    [IDENTITY_COUNTRY] = { recipe_country, false },
    [IDENTITY_LOCALE] = { locale, false },
    [IDENTITY_IP] = { ip, false },
    [IDENTITY_TTP] = { text, false },
    [IDENTITY_USER_AGENT] = { text, false },
};

bool identity_is_hashed(enum identity_kind kind)
{
    return kinds[kind].hashed;
}

static enum identity_result hash(struct identity_hasher *h, struct recipe_in *r, struct slice *out)
{
    char *hex = arena_alloc(r->arena, SHA256_HEX);

    if (!hex || !sha256_hex(h, *out, hex))
        return IDENTITY_FAILED;
    *out = (struct slice){ hex, SHA256_HEX };
    return IDENTITY_OK;
}

static enum identity_result pass_hash(struct recipe_in *r, struct slice *out, const char **why)
{
    char *hex = arena_alloc(r->arena, SHA256_HEX);

    if (!hex)
        return IDENTITY_FAILED;
    for (size_t i = 0; i < SHA256_HEX; i++)
        hex[i] = ascii_lower(r->value.ptr[i]);
    if (hashes_of_nothing(r->value)) {
        *why = "is the SHA-256 of nothing";
        return IDENTITY_UNUSABLE;
    }
    *out = (struct slice){ hex, SHA256_HEX };
    return IDENTITY_OK;
}

enum identity_result identity_prepare(struct identity_hasher *h, struct arena *arena,
                                      enum identity_kind kind, struct slice value,
                                      struct slice country, struct slice *out, const char **why)
{
    struct recipe_in r = { arena, letters_trim(value), value, country, NULL };
    struct slice ready;

    *out = (struct slice){ 0 };
    *why = NULL;
    if (r.value.len == 0)
        return IDENTITY_EMPTY;
    if (kinds[kind].hashed && identity_is_sha256(r.value))
        return pass_hash(&r, out, why);
    if (kinds[kind].hashed && kind != IDENTITY_EXTERNAL_ID) /* an id may look like anything */
        *why = hashes_foreign(r.value);
    if (*why)
        return IDENTITY_UNUSABLE;
    ready = kinds[kind].prepare(&r);
    *why = r.why;
    if (r.why)
        return IDENTITY_UNUSABLE;
    if (arena->full)
        return IDENTITY_FAILED;
    if (ready.len == 0)
        return IDENTITY_EMPTY;
    *out = ready;
    if (!kinds[kind].hashed)
        return IDENTITY_OK;
    if (hash(h, &r, out) == IDENTITY_OK)
        return IDENTITY_OK;
    *out = (struct slice){ 0 };
    return IDENTITY_FAILED;
}
