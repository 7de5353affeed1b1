/* storable.c: a postback's parameters in the form that may be kept. */
#include "core/translate/private.h"

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
    { SLICE("full_name"), IDENTITY_FIRST_NAME },  { SLICE("fullname"), IDENTITY_FIRST_NAME },
    { SLICE("customer_name"), IDENTITY_FIRST_NAME },
    { SLICE("email_address"), IDENTITY_EMAIL },   { SLICE("customer_email"), IDENTITY_EMAIL },
    { SLICE("telephone"), IDENTITY_PHONE },       { SLICE("user_phone"), IDENTITY_PHONE },
    { SLICE("customer_phone"), IDENTITY_PHONE },
};
#define PERSONAL_NAMES (sizeof(personal_names) / sizeof(*personal_names))

#define REMOVED S("[personal data removed]")

struct wanted {
    struct slice name;
    bool found;
};

static void match_name(void *context, struct slice name)
{
    struct wanted *w = context;

    w->found |= slice_eq(w->name, name);
}

/* The match key that a parameter feeds by the mapping; of external_id only when `external`. */
static bool kind_by_mapping(const struct offer *offer, struct slice name, bool external,
                            enum identity_kind *kind, struct slice *country)
{
    for (size_t i = 0; offer && i < offer->user_count; i++) {
        struct wanted w = { name, false };
        const struct user_rule *u = &offer->user[i];
        if (!identity_is_hashed(u->kind) || (u->kind == IDENTITY_EXTERNAL_ID) != external)
            continue;
        template_params(&u->from, match_name, &w);
        if (!w.found)
            continue;
        *kind = u->kind;
        *country = u->country;
        return true;
    }
    return false;
}

bool storable_personal_name(struct slice name, enum identity_kind *kind)
{
    struct slice step = params_last_step(name);

    for (size_t i = 0; i < PERSONAL_NAMES; i++)
        if (slice_eq_nocase(step, personal_names[i].name)) {
            *kind = personal_names[i].kind;
            return true;
        }
    return false;
}

/* The hashed match key that a parameter feeds, by the mapping, its name or its value. */
static bool personal_kind(const struct offer *offer, struct slice name, bool looks_personal,
                          enum identity_kind *kind, struct slice *country)
{
    *country = (struct slice){ 0 };
    if (kind_by_mapping(offer, name, false, kind, country))
        return true;
    if (looks_personal && kind_by_mapping(offer, name, true, kind, country))
        return true;
    if (storable_personal_name(name, kind))
        return true;
    *kind = IDENTITY_EMAIL;
    return looks_personal;
}

struct slice storable_ttclid(struct slice url, struct arena *arena)
{
    struct params params = { .arena = arena };
    struct buf b = { 0 };
    struct slice value, out = { 0 };

    if (slice_find(url, S("://")) == url.len || slice_find(url, S("ttclid=")) == url.len ||
        params_url(&params, url, NULL) != 0 || !params_get(&params, S("ttclid"), &value) ||
        record_unusable(value) || identity_looks_personal(value))
        return out;
    buf_puts(&b, "?ttclid=");
    buf_percent(&b, value);
    if (buf_ok(&b))
        out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

struct slice storable_value(const struct offer *offer, struct slice name, struct slice value,
                            struct identity_hasher *hasher, struct arena *arena)
{
    bool personal = identity_looks_personal(value);
    struct slice country, out;
    enum identity_kind kind;
    const char *why;

    if (!personal_kind(offer, name, personal, &kind, &country))
        return value;
    /* An unfilled macro says nothing about anybody, and shall be seen as one. */
    if (params_unusable(value))
        return personal ? REMOVED : value;
    if (personal && (out = storable_ttclid(value, arena)).len)
        return out;
    switch (identity_prepare(hasher, arena, kind, value, country, &out, &why)) {
    case IDENTITY_OK:
        return out;
    case IDENTITY_EMPTY:
        return (struct slice){ 0 };
    default:
        break;
    }
    /* No match key; but an id must stay one that is told from others. */
    if (personal && identity_prepare(hasher, arena, IDENTITY_EXTERNAL_ID, value, country, &out,
                                     &why) == IDENTITY_OK)
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
        if (template_is_secret(p->name))
            continue;
        if (b.len)
            buf_byte(&b, '&');
        buf_percent(&b, identity_looks_personal(p->name) ? REMOVED : p->name);
        buf_byte(&b, '=');
        buf_percent(&b, storable_value(offer, p->name, p->value, hasher, arena));
    }
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    if (!buf_ok(&b))
        arena->full = true;
    buf_free(&b);
    return out;
}
