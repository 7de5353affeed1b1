/* query.c: macros, and the queries of a table by the names of an offer's mapping. */
#include "core/kit/private.h"

/* Which field of the mapping a macro is meant for; FIELD_COUNT: none, a template may read it. */
static const enum field macro_fields[] = {
    [MACRO_CLICK_ID] = FIELD_CLICK_ID,
    [MACRO_EXTERNAL_ID] = FIELD_TTCLID,
    [MACRO_PARAM] = FIELD_COUNT,
    [MACRO_STATUS] = FIELD_STATUS,
    [MACRO_STATUS2] = FIELD_TYPE,
    [MACRO_TYPE] = FIELD_TYPE,
    [MACRO_PAYOUT] = FIELD_PAYOUT,
    [MACRO_CURRENCY] = FIELD_CURRENCY,
    [MACRO_TXID] = FIELD_TXID,
    [MACRO_CLICK_UNIX] = FIELD_CLICK_TIME,
    [MACRO_IP] = FIELD_IP,
    [MACRO_USER_AGENT] = FIELD_USER_AGENT,
    [MACRO_COST] = FIELD_COST,
    [MACRO_OTHER] = FIELD_COUNT,
};

/* ---- macros ---- */

static bool macro_fits(struct slice row, struct slice name)
{
    uint64_t number;

    if (!slice_ends(row, S("*")))
        return slice_eq(row, name);
    row.len--;
    return slice_starts(name, row) && slice_to_u64(slice_from_at(name, row.len), &number);
}

const struct tracker_macro *kit_macro(const struct tracker_urls *urls, struct slice name)
{
    for (const struct tracker_macro *m = urls->macros; m->name; m++)
        if (macro_fits(slice_from(m->name), name))
            return m;
    return NULL;
}

bool kit_is_macro(struct slice value, struct slice *name)
{
    struct slice argument;

    if (!slice_starts(value, S("{")) || slice_index(value, '}') + 1 != value.len)
        return false;
    slice_cut((struct slice){ value.ptr + 1, value.len - 2 }, ':', name, &argument);
    return name->len > 0;
}

static enum field field_of(const struct tracker_urls *urls, struct slice value)
{
    const struct tracker_macro *m;
    struct slice name;

    if (!kit_is_macro(value, &name) || !(m = kit_macro(urls, name)))
        return FIELD_COUNT;
    return macro_fields[m->from];
}

/* ---- queries ---- */

static bool reads(const struct field_rule *rule, struct slice name)
{
    for (size_t i = 0; i < rule->count; i++)
        if (slice_eq(rule->names[i], name))
            return true;
    return false;
}

struct slice kit_name_for(const struct offer *offer, enum field f, struct slice name)
{
    const struct field_rule *rule = &offer->fields[f];

    if (f == FIELD_COUNT || reads(rule, name))
        return name;
    return rule->count ? rule->names[0] : (struct slice){ 0 };
}

static struct slice type_name_for(const struct offer *offer, struct slice name)
{
    struct slice type;

    if (reads(&offer->fields[FIELD_STATUS], name))
        return name;
    type = kit_name_for(offer, FIELD_TYPE, name);
    return type.len ? type : kit_name_for(offer, FIELD_STATUS, name);
}

void kit_add_pair(struct buf *b, struct slice name, struct slice value)
{
    struct slice macro;

    if (name.len == 0 || value.len == 0 || kit_has_name(buf_slice(b), name))
        return;
    if (b->len)
        buf_byte(b, '&');
    buf_percent(b, name);
    buf_byte(b, '=');
    if (kit_is_macro(value, &macro))
        buf_add(b, value); /* encoded, no tracker would know it */
    else
        buf_percent(b, value);
}

void kit_add_query(struct buf *b, const struct kit_work *w, struct slice query, struct slice word)
{
    struct slice pair, name, value;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (w->urls->type_param && slice_eq(name, slice_from(w->urls->type_param)))
            kit_add_pair(b, type_name_for(w->offer, name), word);
        else
            kit_add_pair(b, kit_name_for(w->offer, field_of(w->urls, value), name), value);
    }
}

bool kit_has_name(struct slice query, struct slice name)
{
    struct slice pair, head, tail;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &head, &tail);
        if (slice_eq(head, name))
            return true;
    }
    return false;
}

bool kit_has_macro(const struct kit_work *w, struct slice query, enum field f)
{
    struct slice pair, name, value;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (field_of(w->urls, value) == f)
            return true;
    }
    return false;
}
