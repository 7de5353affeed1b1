/* storable.c: a postback's parameters in the form that may be kept. */
#include "core/translate/private.h"

/* Names under which trackers and forms send personal data, for mappings that do not say so. */
static const struct {
    struct slice name;
    enum identity_kind kind;
} personal_names[] = {
    { SLICE("email"), IDENTITY_EMAIL },           { SLICE("mail"), IDENTITY_EMAIL },
    { SLICE("emails"), IDENTITY_EMAIL },          { SLICE("phones"), IDENTITY_PHONE },
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

/* The rule of the match key that a parameter feeds; of external_id only when `external`. */
static const struct user_rule *rule_of(const struct offer *offer, struct slice name, bool external)
{
    for (size_t i = 0; offer && i < offer->user_count; i++) {
        const struct user_rule *u = &offer->user[i];
        if (identity_is_hashed(u->kind) && (u->kind == IDENTITY_EXTERNAL_ID) == external &&
            mapping_user_reads(u, name))
            return u;
    }
    return NULL;
}

/* email of fields.email, and of fields.email.0 */
static struct slice last_word(struct slice name)
{
    struct slice step = params_last_step(name);
    uint64_t index;

    if (step.len < name.len && slice_to_u64(step, &index))
        return params_last_step(slice_head(name, (size_t)(step.ptr - name.ptr) - 1));
    return step;
}

bool storable_personal_name(struct slice name, enum identity_kind *kind)
{
    struct slice word = last_word(name);

    for (size_t i = 0; i < PERSONAL_NAMES; i++)
        if (slice_eq_nocase(word, personal_names[i].name)) {
            *kind = personal_names[i].kind;
            return true;
        }
    return false;
}

/* What a parameter is, by the mapping, its name or its value: the rule of the match key that it
 * feeds (without a mapping's own: one made into *unmapped); NULL when nothing says that it is
 * personal. */
static const struct user_rule *personal_rule(const struct offer *offer, struct slice name,
                                             bool looks_personal, struct user_rule *unmapped)
{
    const struct user_rule *rule = rule_of(offer, name, false);

    if (!rule && looks_personal)
        rule = rule_of(offer, name, true);
    if (rule)
        return rule;
    *unmapped = (struct user_rule){ .kind = IDENTITY_EMAIL };
    return storable_personal_name(name, &unmapped->kind) || looks_personal ? unmapped : NULL;
}

struct slice storable_ttclid(struct slice url, struct arena *arena)
{
    struct params params = { .arena = arena };
    const struct template_values values = { .params = &params };
    struct buf b = { 0 };
    struct slice value, out = { 0 };

    if (record_unusable(url) || slice_find(url, S("ttclid=")) == url.len ||
        params_url(&params, url, NULL) != 0)
        return out;
    value = template_param(&values, S("ttclid"));
    if (value.len == 0 || identity_looks_personal(value))
        return out;
    buf_puts(&b, "?ttclid=");
    buf_percent(&b, value);
    if (buf_ok(&b))
        out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

bool storable_field_reads(const struct offer *offer, enum field f, struct slice name)
{
    const struct field_rule *rule = &offer->fields[f];

    for (size_t i = 0; i < rule->count; i++)
        if (slice_eq(rule->names[i], name))
            return true;
    return false;
}

static bool feeds_page(const struct offer *offer, struct slice name)
{
    return offer && (storable_field_reads(offer, FIELD_PAGE_URL, name) ||
                     storable_field_reads(offer, FIELD_REFERRER, name));
}

/* A field that holds an id or a word, for which the hash stands in. */
static bool feeds_field(const struct offer *offer, struct slice name)
{
    for (size_t f = 0; offer && f < FIELD_COUNT; f++)
        if (f != FIELD_PAGE_URL && f != FIELD_REFERRER &&
            storable_field_reads(offer, (enum field)f, name))
            return true;
    return false;
}

/* Personal data is left out of properties and plain match keys; its hash would be sent there. */
static bool sent_as_it_is(const struct offer *offer, struct slice name)
{
    bool plain = offer && mapping_content_reads(offer, name);

    for (size_t i = 0; offer && i < offer->user_count; i++)
        plain |= !identity_is_hashed(offer->user[i].kind) &&
                 mapping_user_reads(&offer->user[i], name);
    return plain && !feeds_field(offer, name);
}

/* One value as its hash; REMOVED when it makes none.  id: it must stay one that is told from
 * others, also when it is no match key. */
static struct slice hashed(const struct user_rule *rule, struct slice value, bool id,
                           struct slice country, struct identity_hasher *hasher,
                           struct arena *arena)
{
    struct slice out;
    const char *why;

    switch (identity_prepare(hasher, arena, rule->kind, value, country, &out, &why)) {
    case IDENTITY_OK:
        return out;
    case IDENTITY_EMPTY:
        return (struct slice){ 0 };
    default:
        break;
    }
    if (id && identity_looks_personal(value) &&
        identity_prepare(hasher, arena, IDENTITY_EXTERNAL_ID, value, country, &out, &why) ==
            IDENTITY_OK)
        return out;
    return REMOVED;
}

/* Several values: their hashes, separated as they were. */
static struct slice hashed_each(const struct user_rule *rule, struct slice value,
                                struct slice country, struct identity_hasher *hasher,
                                struct arena *arena)
{
    struct slice rest = value, piece, out;
    struct buf b = { .limit = 256 * 1024 };
    bool any = false;

    while (keys_next_value(rule, &rest, &piece)) {
        out = hashed(rule, piece, false, country, hasher, arena);
        if (out.len == 0 || slice_eq(out, REMOVED))
            continue;
        if (any)
            buf_byte(&b, rule->split.ptr[0]);
        buf_add(&b, out);
        any = true;
    }
    if (!buf_ok(&b))
        arena->full = true;
    out = any && buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : REMOVED;
    buf_free(&b);
    return out;
}

/* The template by which the rule takes the parameter; NULL: as an element of an array. */
static const struct template *taken_by(const struct user_rule *rule, struct slice name)
{
    const struct template *joined = NULL;

    for (size_t i = 0; i < rule->from_count; i++) {
        const struct template *t = &rule->from[i];
        for (size_t k = 0; k < t->count; k++) {
            if (t->parts[k].kind != TEMPLATE_PARAM || !slice_eq(t->parts[k].text, name))
                continue;
            if (t->count == 1)
                return t;
            joined = joined ? joined : t;
        }
    }
    return joined;
}

/* The parameter that is kept of a joined template: the one with the longest value. */
static struct slice longest(const struct template *t, const struct template_values *values)
{
    struct slice name = { 0 };
    size_t len = 0;

    for (size_t i = 0; i < t->count; i++) {
        struct slice value = { 0 };
        if (t->parts[i].kind == TEMPLATE_PARAM)
            value = template_param(values, t->parts[i].text);
        if (value.len > len)
            name = t->parts[i].text;
        len = value.len > len ? value.len : len;
    }
    return name;
}

bool storable_beside_macro(const struct offer *offer, struct slice name, struct slice value)
{
    struct user_rule unmapped;
    const char *why = params_unusable(value);

    return why && slice_starts(slice_from(why), S("holds ")) &&
           personal_rule(offer, name, false, &unmapped);
}

struct slice storable_value(const struct offer *offer, const struct template_values *values,
                            struct slice name, struct slice value, struct identity_hasher *hasher,
                            struct arena *arena)
{
    bool personal = identity_looks_personal(value);
    struct user_rule unmapped;
    const struct user_rule *rule = personal_rule(offer, name, personal, &unmapped);
    const struct template *from = NULL;
    struct slice country, out;

    if (!rule)
        return value;
    /* An unfilled macro says nothing about anybody, and shall be seen as one. */
    if (params_unusable(value))
        return personal || storable_beside_macro(offer, name, value) ? REMOVED : value;
    if (personal && feeds_page(offer, name)) {
        out = storable_field_reads(offer, FIELD_PAGE_URL, name) ? storable_ttclid(value, arena)
                                                                : (struct slice){ 0 };
        return out.len ? out : REMOVED;
    }
    if (personal && slice_find(value, S("://")) < value.len &&
        (out = storable_ttclid(value, arena)).len)
        return out;
    if (rule == &unmapped && sent_as_it_is(offer, name) && !identity_is_sha256(slice_trim(value)))
        return REMOVED;
    if (rule != &unmapped)
        from = taken_by(rule, name);
    if (from && keys_joined(rule, from)) {
        if (!slice_eq(longest(from, values), name))
            return REMOVED;
        value = keys_value(rule, from, values, arena);
    } else if (from && from->count == 1 && rule->kind == IDENTITY_EXTERNAL_ID) {
        value = template_expand(from, values, arena); /* its filters count */
    }
    country = keys_country(rule, values, arena);
    return rule->split.len ? hashed_each(rule, value, country, hasher, arena)
                           : hashed(rule, value, rule == &unmapped || feeds_field(offer, name),
                                    country, hasher, arena);
}

struct slice translate_storable(const struct offer *offer, const struct params *params,
                                const struct conversion *conversion,
                                struct identity_hasher *hasher, struct arena *arena)
{
    static const struct conversion unknown;
    struct template_values values = { conversion ? conversion : &unknown, params,
                                      offer ? offer->name : (struct slice){ 0 } };
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
        buf_percent(&b, storable_value(offer, &values, p->name, p->value, hasher, arena));
    }
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    if (!buf_ok(&b))
        arena->full = true;
    buf_free(&b);
    return out;
}

bool translate_storable_by_click(const struct offer *offer, const struct conversion *conversion)
{
    if (conversion->fields[FIELD_COUNTRY].origin != ORIGIN_CLICK)
        return false;
    for (size_t i = 0; i < offer->user_count; i++)
        if (offer->user[i].kind == IDENTITY_PHONE || offer->user[i].kind == IDENTITY_ZIP)
            return true;
    return false;
}
