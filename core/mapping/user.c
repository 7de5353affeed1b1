/* user.c: which parameters feed a match key. */
#include "core/mapping/mapping.h"

/* Is name base.3 or base[3]? */
static bool is_element(struct slice name, struct slice base)
{
    struct slice index = slice_from_at(name, base.len);
    uint64_t n;

    if (!slice_starts(name, base) || index.len < 2)
        return false;
    if (index.ptr[0] == '[' && index.ptr[index.len - 1] == ']')
        index.len--;
    else if (index.ptr[0] != '.')
        return false;
    return slice_to_u64(slice_from_at(index, 1), &n);
}

bool mapping_user_element(const struct user_rule *rule, const struct template *from,
                          struct slice param)
{
    return (rule->kind == IDENTITY_EMAIL || rule->kind == IDENTITY_PHONE ||
            rule->kind == IDENTITY_EXTERNAL_ID) &&
           from->count == 1 && from->parts[0].kind == TEMPLATE_PARAM &&
           is_element(param, from->parts[0].text);
}

bool mapping_content_reads(const struct offer *offer, struct slice param)
{
    for (size_t i = 0; i < offer->content_count; i++)
        if (slice_eq(offer->content_params[i], param))
            return true;
    return false;
}

bool mapping_user_reads(const struct user_rule *rule, struct slice param)
{
    for (size_t i = 0; i < rule->from_count; i++) {
        const struct template *t = &rule->from[i];
        for (size_t part = 0; part < t->count; part++)
            if (t->parts[part].kind == TEMPLATE_PARAM && slice_eq(t->parts[part].text, param))
                return true;
        if (mapping_user_element(rule, t, param))
            return true;
    }
    return false;
}
