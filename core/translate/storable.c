/* storable.c: a postback's parameters in the form that may be kept. */
#include "core/translate/translate.h"

/* Parameters that are secrets, by name. */
static const struct slice secrets[] = { SLICE("key"),      SLICE("sig"),    SLICE("signature"),
                                        SLICE("token"),    SLICE("secret"), SLICE("password"),
                                        SLICE("ttoken"),   SLICE("access_token"), { 0 } };

/* Names under which trackers and forms send personal data, for mappings that do not say so. */
static const struct {
    struct slice name;
    enum identity_kind kind;
} personal_names[] = {
    { SLICE("email"), IDENTITY_EMAIL },           { SLICE("mail"), IDENTITY_EMAIL },
    { SLICE("e-mail"), IDENTITY_EMAIL },          { SLICE("user_email"), IDENTITY_EMAIL },
    { SLICE("phone"), IDENTITY_PHONE },           { SLICE("phone_number"), IDENTITY_PHONE },
    { SLICE("tel"), IDENTITY_PHONE },             { SLICE("mobile"), IDENTITY_PHONE },
    { SLICE("msisdn"), IDENTITY_PHONE },          { SLICE("first_name"), IDENTITY_FIRST_NAME },
    { SLICE("firstname"), IDENTITY_FIRST_NAME },  { SLICE("fname"), IDENTITY_FIRST_NAME },
    { SLICE("last_name"), IDENTITY_LAST_NAME },   { SLICE("lastname"), IDENTITY_LAST_NAME },
    { SLICE("lname"), IDENTITY_LAST_NAME },       { SLICE("surname"), IDENTITY_LAST_NAME },
};
#define PERSONAL_NAMES (sizeof(personal_names) / sizeof(*personal_names))

#define REMOVED S("[personal data removed]")

static bool is_secret(struct slice name)
{
    for (const struct slice *s = secrets; s->ptr; s++)
        if (slice_eq_nocase(*s, name))
            return true;
    return false;
}

struct wanted {
    struct slice name;
    bool found;
};

static void match_name(void *context, struct slice name)
{
    struct wanted *w = context;

    w->found |= slice_eq(w->name, name);
}

/* The hashed match key that a parameter feeds, by the mapping or by its name. */
static bool personal_kind(const struct offer *offer, struct slice name, enum identity_kind *kind,
                          struct slice *country)
{
    *country = (struct slice){ 0 };
    for (size_t i = 0; offer && i < offer->user_count; i++) {
        struct wanted w = { name, false };
        if (!identity_is_hashed(offer->user[i].kind) ||
            offer->user[i].kind == IDENTITY_EXTERNAL_ID)
            continue;
        template_params(&offer->user[i].from, match_name, &w);
        if (w.found) {
            *kind = offer->user[i].kind;
            *country = offer->user[i].country;
            return true;
        }
    }
    for (size_t i = 0; i < PERSONAL_NAMES; i++) {
        struct slice tail = name, dotted;
        while (slice_cut(tail, '.', &dotted, &dotted)) /* fields.email of a JSON body */
            tail = dotted;
        if (slice_eq_nocase(tail, personal_names[i].name)) {
            *kind = personal_names[i].kind;
            return true;
        }
    }
    return false;
}

static struct slice kept_value(const struct offer *offer, const struct param *p,
                               struct identity_hasher *hasher, struct arena *arena)
{
    struct slice country, out;
    enum identity_kind kind;
    const char *why;

    if (personal_kind(offer, p->name, &kind, &country)) {
        switch (identity_prepare(hasher, arena, kind, p->value, country, &out, &why)) {
        case IDENTITY_OK:
            return out;
        case IDENTITY_EMPTY:
            return (struct slice){ 0 };
        default:
            return params_unusable(p->value) ? p->value : REMOVED;
        }
    }
    if (!identity_looks_personal(p->value))
        return p->value;
    if (identity_prepare(hasher, arena, IDENTITY_EMAIL, p->value, country, &out, &why) == IDENTITY_OK)
        return out;
    return REMOVED;
}

struct slice translate_storable(const struct offer *offer, const struct params *params,
                                struct identity_hasher *hasher, struct arena *arena)
{
    struct buf b = { .limit = 512 * 1024 };
    struct slice out;

    for (size_t i = 0; i < params->count; i++) {
        const struct param *p = &params->list[i];
        if (is_secret(p->name))
            continue;
        if (b.len)
            buf_byte(&b, '&');
        if (identity_looks_personal(p->name))
            buf_percent(&b, REMOVED);
        else
            buf_percent(&b, p->name);
        buf_byte(&b, '=');
        buf_percent(&b, kept_value(offer, p, hasher, arena));
    }
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}
