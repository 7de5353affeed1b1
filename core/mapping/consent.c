/* consent.c: `consent:` of an offer mapping. */
#include "core/mapping/build.h"

static bool is_match_key(struct slice name)
{
    const struct slice *known = shape_kept_key.words;

    while (known->len && !slice_eq(*known, name))
        known++;
    return known->len != 0;
}

static struct slice near_key(struct build *b, struct slice name)
{
    struct slice hint = diag_suggest(b->expect.arena, name, shape_kept_key.words);

    return hint.len ? hint : S("such as ttclid, external_id, email, phone or ip");
}

/* known: `otherwise` and `missing` could be read. */
static void read_keep(struct build *b, const struct yaml *node, struct consent_rule *rule,
                      bool known)
{
    static const struct slice only_ttclid = SLICE("ttclid");
    const struct yaml *item;

    rule->keep = &only_ttclid;
    rule->keep_count = 1;
    if (!node)
        return;
    if (node->kind == YAML_LIST && node->count == 0) {
        diag_add(b->expect.diags, DIAG_ERROR, "M039", node->at,
                 S("keep at least one, such as [ttclid], or say `drop` to send nothing"),
                 "`keep` is empty: TikTok could match the event with nobody");
        return;
    }
    rule->keep = expect_texts(&b->expect, node, "`keep`", &rule->keep_count);
    item = node->kind == YAML_LIST ? node->first : node;
    for (; rule->keep_count && item; item = node->kind == YAML_LIST ? item->next : NULL)
        if (!is_match_key(item->text))
            diag_add(b->expect.diags, DIAG_ERROR, "M038", item->at,
                     near_key(b, item->text),
                     "\"%.*s\" is no match key of TikTok's", SLICE_ARG(item->text));
    if (known && rule->otherwise != CONSENT_ANONYMIZE && rule->missing != CONSENT_ANONYMIZE)
        diag_add(b->expect.diags, DIAG_WARNING, "M040", node->key->at,
                 S("say `otherwise: anonymize`, or take `keep` out"),
                 "`keep` changes nothing: it belongs to `anonymize`");
}

void build_consent(struct build *b, const struct yaml *node)
{
    static const enum consent_action actions[] = { CONSENT_DROP, CONSENT_ANONYMIZE, CONSENT_LIMITED,
                                                   CONSENT_GRANTED }; /* as in shapes.c */
    struct consent_rule *rule = &b->offer->consent;
    unsigned errors;
    size_t i = 0;

    if (!expect_map(&b->expect, node, "`consent`", &shape_consent))
        return;
    rule->at = node->at;
    build_template(b, yaml_get(node, S("from")), "`from`", &rule->from);
    rule->granted =
        expect_texts(&b->expect, yaml_get(node, S("granted")), "`granted`", &rule->granted_count);
    errors = b->expect.diags->errors;
    rule->otherwise = CONSENT_DROP; /* when there is an error in it */
    if (expect_choice(&b->expect, node, &shape_consent, "otherwise", &i))
        rule->otherwise = actions[i];
    rule->missing = rule->otherwise;
    rule->says_missing = yaml_get(node, S("missing")) != NULL;
    if (expect_choice(&b->expect, node, &shape_consent, "missing", &i))
        rule->missing = actions[i];
    read_keep(b, yaml_get(node, S("keep")), rule, b->expect.diags->errors == errors);
}
