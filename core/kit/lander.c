/* lander.c: under which names a landing page gets the tracker's click id. */
#include "core/kit/kit.h"

/* The parameter that the tracker fills with its click id on the way to the lander. */
static struct slice given_name(const struct tracker_urls *urls)
{
    struct slice query = slice_from(urls ? urls->lander_query : NULL), pair, name, value, macro;
    const struct tracker_macro *row;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (!kit_is_macro(value, &macro))
            continue;
        row = kit_macro(urls, macro);
        if (row && row->from == MACRO_CLICK_ID)
            return name;
    }
    return (struct slice){ 0 };
}

const struct slice *kit_lander_names(struct arena *arena, const struct offer *offer,
                                     const struct tracker_urls *urls, size_t *count)
{
    const struct field_rule *rule = &offer->fields[FIELD_CLICK_ID];
    struct slice *names = ARENA_ARRAY(arena, struct slice, rule->count + 1);
    struct slice given = given_name(urls);
    size_t n = 0;

    *count = 0;
    if (!names)
        return NULL;
    for (size_t i = 0; i < rule->count; i++)
        if (given.len && slice_eq(rule->names[i], given))
            names[n++] = rule->names[i];
    for (size_t i = 0; i < rule->count; i++)
        if (!n || !slice_eq(rule->names[i], names[0]))
            names[n++] = rule->names[i];
    *count = n;
    return names;
}
