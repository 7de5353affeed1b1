/* cut.c: what may stay of stored parameters when there is no consent. */
#include "core/translate/private.h"

/* What a parameter is to a postback of which little may stay. */
enum part {
    PART_STAYS, /* which click, which conversion, what it was worth; or nothing that is known of */
    PART_KEY,   /* feeds the match key `key`, or (key empty) looks like one that nothing reads */
    PART_PAGE,  /* a page's URL: the ttclid in it stays */
};

static const struct {
    enum field field;
    struct slice key;
} key_fields[] = {
    { FIELD_TTP, SLICE("ttp") },
    { FIELD_IP, SLICE("ip") },
    { FIELD_USER_AGENT, SLICE("user_agent") },
    { FIELD_COUNTRY, SLICE("country") },
};
#define KEY_FIELDS (sizeof(key_fields) / sizeof(*key_fields))

/* SHA-256 in hex: personal data under a name that nobody foresaw was stored as that. */
static bool is_hash(struct slice value)
{
    size_t i = 0;

    while (i < value.len && ((value.ptr[i] >= '0' && value.ptr[i] <= '9') ||
                             (value.ptr[i] >= 'a' && value.ptr[i] <= 'f')))
        i++;
    return value.len == SHA256_HEX && i == value.len;
}

static enum part part_of_field(const struct offer *offer, struct slice name, struct slice *key)
{
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        size_t i = 0;
        if (!storable_field_reads(offer, (enum field)f, name))
            continue;
        if (f == FIELD_PAGE_URL || f == FIELD_REFERRER)
            return PART_PAGE;
        while (i < KEY_FIELDS && key_fields[i].field != f)
            i++;
        if (i == KEY_FIELDS)
            return PART_STAYS;
        *key = key_fields[i].key;
    }
    return PART_KEY;
}

static enum part part_of(const struct offer *offer, const struct param *p, struct slice *key)
{
    enum part part = part_of_field(offer, p->name, key);
    enum identity_kind kind;

    if (part != PART_KEY || key->len || slice_eq(p->name, TRANSLATE_BODY)) /* it may hold anything */
        return part;
    for (size_t i = 0; i < offer->user_count; i++)
        if (mapping_user_reads(&offer->user[i], p->name)) {
            *key = slice_from(offer->user[i].name);
            return PART_KEY;
        }
    return storable_personal_name(p->name, &kind) || identity_looks_personal(p->value) ||
                   is_hash(p->value)
               ? PART_KEY
               : PART_STAYS;
}

/* A match key that is sent, and so stored, as it is. */
static bool is_plain(const struct offer *offer, struct slice key)
{
    for (size_t i = 0; i < offer->user_count; i++)
        if (slice_eq(slice_from(offer->user[i].name), key))
            return !identity_is_hashed(offer->user[i].kind);
    return false;
}

/* A page's URL of which only the ttclid is left. */
static bool is_cut(struct slice url)
{
    return slice_starts(url, S("?ttclid=")) && slice_index(url, '&') == url.len;
}

/* One name=value, as it was stored, or what may stay of it. */
static void cut_one(const struct offer *offer, enum consent_action action, struct slice segment,
                    struct arena *arena, struct buf *out)
{
    struct notes none = { .arena = arena };
    struct params one = { .arena = arena, .notes = &none };
    struct slice key = { 0 };
    enum part part;

    if (params_query(&one, segment, NULL) != 0 || one.count != 1)
        return;
    part = part_of(offer, &one.list[0], &key);
    /* Two letters of a country say nothing about anybody; phones that stay are read by them. */
    if (part == PART_KEY && action == CONSENT_ANONYMIZE && slice_eq(key, S("country")))
        part = PART_STAYS;
    /* What the event's properties or its value hang on went out with it. */
    if (part == PART_KEY && action == CONSENT_ANONYMIZE && is_plain(offer, key) &&
        mapping_content_reads(offer, one.list[0].name))
        part = PART_STAYS;
    if (part == PART_KEY && !(key.len && consent_keeps(&offer->consent, action, key)))
        return;
    if (out->len)
        buf_byte(out, '&');
    if (part != PART_PAGE || is_cut(one.list[0].value)) {
        buf_add(out, segment);
        return;
    }
    buf_percent(out, one.list[0].name);
    buf_byte(out, '=');
    buf_percent(out, storable_ttclid(one.list[0].value, arena));
}

struct slice translate_cut(const struct offer *offer, enum consent_action action,
                           struct slice storable, struct arena *arena)
{
    struct buf b = { .limit = 512 * 1024 };
    struct slice segment, out;

    if (action != CONSENT_DROP && action != CONSENT_ANONYMIZE)
        return storable;
    while (storable.len) {
        slice_cut(storable, '&', &segment, &storable);
        cut_one(offer, action, segment, arena, &b);
    }
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    if (!buf_ok(&b))
        arena->full = true;
    buf_free(&b);
    return out;
}

/* ---- after `retention: ip` ---- */

static bool is_visitor(const struct offer *offer, struct slice name)
{
    static const struct slice usual[] = { SLICE("ip"), SLICE("ua"), SLICE("user_agent"),
                                          SLICE("useragent") };

    for (size_t i = 0; !offer && i < sizeof(usual) / sizeof(*usual); i++)
        if (slice_eq_nocase(name, usual[i]))
            return true;
    if (!offer || slice_eq(name, TRANSLATE_BODY))
        return slice_eq(name, TRANSLATE_BODY);
    for (size_t i = 0; i < offer->user_count; i++) {
        struct slice key = slice_from(offer->user[i].name);
        if ((slice_eq(key, S("ip")) || slice_eq(key, S("user_agent"))) &&
            mapping_user_reads(&offer->user[i], name))
            return true;
    }
    return storable_field_reads(offer, FIELD_IP, name) ||
           storable_field_reads(offer, FIELD_USER_AGENT, name);
}

struct slice translate_forget(const struct offer *offer, struct slice storable,
                              struct arena *arena)
{
    struct slice rest = storable, segment, out;
    struct buf b = { .limit = 512 * 1024 };

    while (rest.len) {
        struct notes none = { .arena = arena };
        struct params one = { .arena = arena, .notes = &none };
        slice_cut(rest, '&', &segment, &rest);
        if (params_query(&one, segment, NULL) == 0 && one.count == 1 &&
            is_visitor(offer, one.list[0].name))
            continue;
        if (b.len)
            buf_byte(&b, '&');
        buf_add(&b, segment);
    }
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    if (!buf_ok(&b))
        arena->full = true;
    buf_free(&b);
    return out;
}
