/* consent.c: `consent:` of an offer mapping. */
#include "core/mapping/build.h"

/* The names in `user` of an event, docs/consent.md. */
static const struct slice match_keys[] = {
    SLICE("ttclid"),     SLICE("ttp"),       SLICE("external_id"), SLICE("email"),
    SLICE("phone"),      SLICE("ip"),        SLICE("user_agent"),  SLICE("first_name"),
    SLICE("last_name"),  SLICE("zip_code"),  SLICE("city"),        SLICE("state"),
    SLICE("country"),    SLICE("locale"),    { 0 },
};

static const struct slice actions[] = { SLICE("drop"), SLICE("anonymize"), SLICE("limited"),
                                        SLICE("granted"), { 0 } };
static const enum consent_action action_of[] = { CONSENT_DROP, CONSENT_ANONYMIZE, CONSENT_LIMITED,
                                                 CONSENT_GRANTED };

static bool is_match_key(struct slice name)
{
    size_t i = 0;

    while (match_keys[i].len && !slice_eq(match_keys[i], name))
        i++;
    return match_keys[i].len != 0;
}

static struct slice near_key(struct build *b, struct slice name)
{
    struct slice hint = diag_suggest(b->expect.arena, name, match_keys);

    return hint.len ? hint : S("such as ttclid, external_id, email, phone or ip");
}

static void read_keep(struct build *b, const struct yaml *node, struct consent_rule *rule)
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
    if (rule->otherwise != CONSENT_ANONYMIZE && rule->missing != CONSENT_ANONYMIZE)
        diag_add(b->expect.diags, DIAG_WARNING, "M040", node->key->at,
                 S("say `otherwise: anonymize`, or take `keep` out"),
                 "`keep` changes nothing: it belongs to `anonymize`");
}

static void read_actions(struct build *b, const struct yaml *node, struct consent_rule *rule)
{
    static const struct slice refusals[] = { SLICE("drop"), SLICE("anonymize"), SLICE("limited"),
                                             { 0 } };
    const struct yaml *missing = yaml_get(node, S("missing"));
    size_t i = 0;

    if (expect_word(&b->expect, yaml_get(node, S("otherwise")), "`otherwise`", refusals, &i))
        rule->otherwise = action_of[i];
    rule->missing = rule->otherwise;
    rule->says_missing = missing != NULL;
    if (expect_word(&b->expect, missing, "`missing`", actions, &i))
        rule->missing = action_of[i];
}

void build_consent(struct build *b, const struct yaml *node)
{
    static const struct slice keys[] = { SLICE("from"), SLICE("granted"), SLICE("otherwise"),
                                         SLICE("missing"), SLICE("keep"), { 0 } };
    struct consent_rule *rule = &b->offer->consent;

    if (!expect_map(&b->expect, node, "`consent`", keys))
        return;
    rule->at = node->at;
    if (!yaml_get(node, S("from")))
        expect_missing(&b->expect, node, "from",
                       "say where the decision stands: from: \"{consent}\"");
    if (!yaml_get(node, S("granted")))
        expect_missing(&b->expect, node, "granted",
                       "list the words that mean yes: granted: [\"1\", yes]");
    if (!yaml_get(node, S("otherwise")))
        expect_missing(&b->expect, node, "otherwise", "choose drop, anonymize or limited");
    build_template(b, yaml_get(node, S("from")), "`from`", &rule->from);
    rule->granted =
        expect_texts(&b->expect, yaml_get(node, S("granted")), "`granted`", &rule->granted_count);
    rule->otherwise = CONSENT_DROP; /* when there is an error in it */
    read_actions(b, node, rule);
    read_keep(b, yaml_get(node, S("keep")), rule);
}
