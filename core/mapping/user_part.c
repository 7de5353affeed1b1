/* user_part.c: `user:`, the match keys of an offer mapping. */
#include "core/mapping/build.h"

#include <string.h>

#define SPLIT_MAX 4

enum {
    SEVERAL = 1,    /* TikTok takes a list of them */
    BY_COUNTRY = 2, /* means another thing in another country */
    PLACE = 4,      /* may be the same for every visitor of an offer */
};

/* By enum identity_kind. */
static const struct {
    int traits;
    enum user_own own;
} kinds[] = {
    [IDENTITY_EMAIL] = { SEVERAL, 0 },
    [IDENTITY_PHONE] = { SEVERAL | BY_COUNTRY, 0 },
    [IDENTITY_EXTERNAL_ID] = { SEVERAL, 0 },
    [IDENTITY_FIRST_NAME] = { 0, 0 },
    [IDENTITY_LAST_NAME] = { 0, 0 },
    [IDENTITY_ZIP] = { BY_COUNTRY, 0 },
    [IDENTITY_CITY] = { PLACE, 0 },
    [IDENTITY_STATE] = { PLACE | BY_COUNTRY, 0 },
    [IDENTITY_COUNTRY] = { PLACE, 0 },
    [IDENTITY_LOCALE] = { PLACE, 0 },
    [IDENTITY_IP] = { 0, USER_OWN_IP },
    [IDENTITY_TTP] = { 0, USER_OWN_TTP },
    [IDENTITY_USER_AGENT] = { 0, USER_OWN_USER_AGENT },
};

static void misplaced(struct build *b, const struct yaml *node, const char *hint, const char *what,
                      const char *key)
{
    diag_add(b->expect.diags, DIAG_ERROR, "M002", node->key->at, slice_from(hint),
             "`%s` does not belong to %s", what, key);
}

/* `country: DE`, or a template that gives the two letters. */
static void read_country(struct build *b, const struct yaml *node, struct user_rule *rule)
{
    if (!node)
        return;
    if (!(kinds[rule->kind].traits & BY_COUNTRY)) {
        misplaced(b, node, "only phone, zip_code and state depend on a country", "country",
                  rule->name);
        return;
    }
    if (build_template(b, node, "`country`", &rule->country) &&
        template_is_constant(&rule->country) &&
        identity_calling_code(slice_trim(node->text)).len == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M023", node->at,
                 S("two letters, such as DE or US (ISO 3166), or a template that gives them: "
                   "country: \"{country}\""),
                 "\"%.*s\" is not a country code", SLICE_ARG(node->text));
}

/* Characters at which one parameter's value is taken apart: none that a value itself may hold. */
static void read_split(struct build *b, const struct yaml *node, struct user_rule *rule)
{
    const char *allowed = rule->kind == IDENTITY_PHONE ? ",;|\n\t" : ",;|\n\t /";

    if (!node)
        return;
    if (!(kinds[rule->kind].traits & SEVERAL)) {
        misplaced(b, node, "TikTok takes several values of email, phone and external_id only",
                  "split", rule->name);
        return;
    }
    if (!expect_text(&b->expect, node, "`split`", &rule->split))
        return;
    for (size_t i = 0; i < rule->split.len; i++)
        if (rule->split.len > SPLIT_MAX || !strchr(allowed, rule->split.ptr[i]) ||
            rule->split.ptr[i] == '\0') {
            diag_add(b->expect.diags, DIAG_ERROR, "M056", node->at,
                     S("write split: \",\" or split: \",;\": each character of it separates"),
                     "\"%.*s\" can't separate the values of %s", SLICE_ARG(rule->split),
                     rule->name);
            return;
        }
}

static void read_template(struct build *b, const struct yaml *node, struct user_rule *rule,
                          struct template *out)
{
    if (!build_template(b, node, "a match key", out) || !template_is_constant(out) ||
        kinds[rule->kind].traits & PLACE)
        return;
    diag_add(b->expect.diags, DIAG_ERROR, "M006", node->at,
             S("name the parameter that holds it: \"{param.NAME}\""),
             "%s would be the same for every visitor", rule->name);
}

/* One template, or a list of them. */
static void read_from(struct build *b, const struct yaml *node, struct user_rule *rule)
{
    const struct yaml *item = node;
    struct template *list;
    size_t count = 1;

    if (node && node->kind == YAML_LIST) {
        item = node->first;
        count = node->count;
        if (!(kinds[rule->kind].traits & SEVERAL)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M055", node->at,
                     S("TikTok takes several values of email, phone and external_id only; for a "
                       "choice between parameters see `fields:`"),
                     "%s is one value, not a list", rule->name);
            return;
        }
        if (count == 0 || count > USER_VALUES_MAX) {
            diag_add(b->expect.diags, DIAG_ERROR, "M055", node->at, S("one to ten, one each line"),
                     "a list of %zu values of %s", count, rule->name);
            return;
        }
    }
    list = ARENA_ARRAY(b->expect.arena, struct template, count);
    for (; list && item && rule->from_count < count; item = node == item ? NULL : item->next)
        read_template(b, item, rule, &list[rule->from_count++]);
    rule->from = list;
}

static void read_rule(struct build *b, const struct yaml *node, struct user_rule *rule)
{
    const struct yaml *from = node;

    /* {param.x} without quotes is a map for YAML; build_template says so */
    if (node->kind == YAML_MAP && !(node->count == 1 && yaml_is_null(node->first))) {
        expect_map(&b->expect, node, "a match key", &shape_match_key);
        from = yaml_get(node, S("from"));
        read_country(b, yaml_get(node, S("country")), rule);
        read_split(b, yaml_get(node, S("split")), rule);
    }
    if (from)
        read_from(b, from, rule);
}

void build_user(struct build *b, const struct yaml *node)
{
    struct user_rule *list;
    struct shape_key row;

    if (!expect_map(&b->expect, node, "`user`", NULL))
        return;
    list = ARENA_ARRAY(b->expect.arena, struct user_rule, node->count);
    for (const struct yaml *v = node->first; list && v; v = v->next) {
        if (!shape_find(&shape_user, b->expect.arena, v->key->text, &row)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M013", v->key->at,
                     slice_eq(v->key->text, S("ttclid"))
                         ? S("ttclid is sent by itself; say in `fields:` where it comes from")
                         : diag_suggest(b->expect.arena, v->key->text,
                                        shape_names(&shape_user, b->expect.arena)),
                     "`user` has no \"%.*s\"", SLICE_ARG(v->key->text));
            continue;
        }
        list[b->offer->user_count] = (struct user_rule){ .name = row.name.ptr,
                                                         .kind = (enum identity_kind)row.id,
                                                         .at = v->at };
        b->offer->user_own |= kinds[row.id].own;
        read_rule(b, v, &list[b->offer->user_count++]);
    }
    b->offer->user = list;
}
