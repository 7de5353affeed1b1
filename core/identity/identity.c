#include "core/identity/identity.h"

#include "core/identity/ip.h"
#include "core/identity/letters.h"
#include "core/identity/phone.h"

#include <string.h>

/* SHA-256 of no bytes: some systems send it for people who gave nothing. */
#define HASH_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct request {
    struct arena *arena;
    struct slice value, country; /* the value trimmed, except where `raw` is needed */
    struct slice raw;
    const char *why;
};

/* One recipe per kind.  The normalised value; empty with why set when it is unusable, empty without
 * when nothing is left or the arena is full. */
typedef struct slice recipe(struct request *r);

static struct slice unusable(struct request *r, const char *why)
{
    r->why = why;
    return (struct slice){ 0 };
}

static bool has_blank_or_control(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
            return true;
    return false;
}

static struct slice email(struct request *r)
{
    struct slice local, host;

    if (!slice_cut(r->value, '@', &local, &host) || !local.len || !host.len ||
        slice_index(host, '@') < host.len || has_blank_or_control(r->value))
        return unusable(r, "is not an e-mail address");
    return letters_lower(r->arena, r->value, 0);
}

static struct slice phone(struct request *r)
{
    char number[PHONE_MAX];
    size_t n = phone_normalise(r->raw, r->country, number, &r->why);

    return n ? arena_dup(r->arena, (struct slice){ number, n }) : (struct slice){ 0 };
}

static struct slice verbatim(struct request *r)
{
    return r->value;
}

static struct slice name(struct request *r)
{
    if (!utf8_valid(r->value))
        return unusable(r, "is not UTF-8 text");
    return letters_lower(r->arena, r->value, LETTERS_NO_PUNCTUATION);
}

static struct slice city(struct request *r)
{
    if (!utf8_valid(r->value))
        return unusable(r, "is not UTF-8 text");
    return letters_lower(r->arena, r->value, LETTERS_NO_PUNCTUATION | LETTERS_NO_BLANKS);
}

static struct slice state(struct request *r)
{
    if (!utf8_valid(r->value))
        return unusable(r, "is not UTF-8 text");
    return letters_lower(r->arena, r->value, 0);
}

static struct slice zip(struct request *r)
{
    struct slice s;
    size_t len = 0;
    char *p;

    if (!utf8_valid(r->value))
        return unusable(r, "is not UTF-8 text");
    s = letters_lower(r->arena, r->value, LETTERS_NO_BLANKS);
    p = arena_alloc(r->arena, s.len + 1);
    if (!s.ptr || !p)
        return (struct slice){ 0 };
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '-')
            p[len++] = s.ptr[i];
    s = (struct slice){ p, len };
    if (slice_eq_nocase(slice_trim(r->country), S("us"))) {
        uint64_t number;
        s = slice_head(s, 5);
        if (s.len < 5 || !slice_to_u64(s, &number))
            return unusable(r, "is not a ZIP code of the United States");
    }
    return s;
}

static struct slice country(struct request *r)
{
    struct slice s = r->value;

    if (s.len != 2 || !ascii_is_alpha(s.ptr[0]) || !ascii_is_alpha(s.ptr[1]) ||
        slice_eq_nocase(s, S("xx")) || slice_eq_nocase(s, S("zz")))
        return unusable(r, "is not a two-letter country code");
    return slice_eq_nocase(s, S("uk")) ? S("gb") : letters_lower(r->arena, s, 0);
}

static struct slice locale(struct request *r)
{
    char tag[35]; /* RFC 5646, section 4.4.1 */

    if (r->value.len < 2 || r->value.len > sizeof(tag) || !ascii_is_alpha(r->value.ptr[0]))
        return unusable(r, "is not a language tag");
    for (size_t i = 0; i < r->value.len; i++) {
        tag[i] = r->value.ptr[i] == '_' ? '-' : r->value.ptr[i];
        if (!ascii_is_alnum(tag[i]) && tag[i] != '-')
            return unusable(r, "is not a language tag");
    }
    return arena_dup(r->arena, (struct slice){ tag, r->value.len });
}

static struct slice ip(struct request *r)
{
    char text[IP_TEXT_MAX];
    size_t n = ip_normalise(r->value, text, &r->why);

    return n ? arena_dup(r->arena, (struct slice){ text, n }) : (struct slice){ 0 };
}

static struct slice text(struct request *r)
{
    return arena_dup(r->arena, r->raw);
}

/* In the order of enum identity_kind. */
static const struct {
    recipe *prepare;
    bool hashed;
} kinds[] = {
    [IDENTITY_EMAIL] = { email, true },
    [IDENTITY_PHONE] = { phone, true },
    [IDENTITY_EXTERNAL_ID] = { verbatim, true },
    [IDENTITY_FIRST_NAME] = { name, true },
    [IDENTITY_LAST_NAME] = { name, true },
    [IDENTITY_ZIP] = { zip, true },
    [IDENTITY_CITY] = { city, false },
    [IDENTITY_STATE] = { state, false },
    [IDENTITY_COUNTRY] = { country, false },
    [IDENTITY_LOCALE] = { locale, false },
    [IDENTITY_IP] = { ip, false },
    [IDENTITY_TEXT] = { text, false },
};

bool identity_is_hashed(enum identity_kind kind)
{
    return kinds[kind].hashed;
}

bool identity_is_sha256(struct slice value)
{
    if (value.len != SHA256_HEX)
        return false;
    for (size_t i = 0; i < SHA256_HEX; i++)
        if (ascii_hex(value.ptr[i]) < 0)
            return false;
    return true;
}

static enum identity_result hash(struct identity_hasher *h, struct request *r, struct slice *out)
{
    char *hex = arena_alloc(r->arena, SHA256_HEX);

    if (!hex || !sha256_hex(h, *out, hex))
        return IDENTITY_FAILED;
    *out = (struct slice){ hex, SHA256_HEX };
    return IDENTITY_OK;
}

static enum identity_result pass_hash(struct request *r, struct slice *out, const char **why)
{
    char *hex = arena_alloc(r->arena, SHA256_HEX);

    if (!hex)
        return IDENTITY_FAILED;
    for (size_t i = 0; i < SHA256_HEX; i++)
        hex[i] = ascii_lower(r->value.ptr[i]);
    if (memcmp(hex, HASH_OF_NOTHING, SHA256_HEX) == 0) {
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
    struct request r = { arena, letters_trim(value), country, value, NULL };
    struct slice ready;

    *out = (struct slice){ 0 };
    *why = NULL;
    if (r.value.len == 0)
        return IDENTITY_EMPTY;
    if (kinds[kind].hashed && identity_is_sha256(r.value))
        return pass_hash(&r, out, why);
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
