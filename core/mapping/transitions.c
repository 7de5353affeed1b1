/* transitions.c: `transitions:` of a mapping: after which stages a stage may come. */
#include "core/mapping/build.h"

static const struct slice word_new = SLICE("new");

static void list_of(struct build *b, const struct yaml *node, const struct yaml *item,
                    struct slice *from, struct transition_rule *rule)
{
    bool again = slice_eq(item->text, word_new) && rule->from_new;

    for (size_t i = 0; i < rule->from_count; i++)
        again |= slice_eq(from[i], item->text);
    if (again) {
        diag_add(b->expect.diags, DIAG_WARNING, "M044", item->at, S("keep it once"),
                 "\"%.*s\" stands in this list already", SLICE_ARG(item->text));
    } else if (slice_eq(item->text, word_new)) {
        rule->from_new = true;
    } else {
        b->stages[b->stage_count] = (struct slice){ 0 };
        for (size_t i = 0; i < b->stage_count; i++)
            again |= slice_eq(b->stages[i], item->text);
        if (!again && !b->orphan)
            diag_add(b->expect.diags, DIAG_ERROR, "M007", item->at,
                     diag_suggest(b->expect.arena, item->text, b->stages),
                     "`transitions`: %.*s: no mapping has a stage \"%.*s\"",
                     SLICE_ARG(node->key->text), SLICE_ARG(item->text));
        from[rule->from_count++] = item->text;
    }
}

/* false: the stage may come after any (`sale: any`). */
static bool read_rule(struct build *b, const struct yaml *node, struct transition_rule *rule)
{
    const struct yaml *first = node->kind == YAML_LIST ? node->first : node;
    struct slice *from, text;

    *rule = (struct transition_rule){ .stage = node->key->text, .at = node->key->at };
    if (node->kind == YAML_SCALAR && slice_eq(node->text, S("any")))
        return false;
    if (!expect_list(&b->expect, node, "a line of `transitions`", true))
        return false;
    if (node->kind == YAML_LIST && node->count == 0) {
        diag_add(b->expect.diags, DIAG_ERROR, "M042", node->at,
                 S("list the stages that may come before it, with `new` when it may come first; or "
                   "write any"),
                 "`transitions`: %.*s could come after nothing", SLICE_ARG(node->key->text));
        return false;
    }
    from = ARENA_ARRAY(b->expect.arena, struct slice,
                       node->kind == YAML_LIST ? node->count : 1);
    for (const struct yaml *v = first; from && v; v = node->kind == YAML_LIST ? v->next : NULL)
        if (expect_text(&b->expect, v, "a stage", &text))
            list_of(b, node, v, from, rule);
    rule->from = from;
    return from != NULL;
}

/* A line of a nearer file takes the place of the one before; `any` takes it away. */
static void keep(struct build *b, const struct transition_rule *rule, bool limits)
{
    size_t i = 0;

    while (i < b->transition_count && !slice_eq(b->transitions[i].stage, rule->stage))
        i++;
    if (limits && i < BUILD_STAGES_MAX) {
        b->transitions[i] = *rule;
        b->transition_count += i == b->transition_count;
    } else if (!limits && i < b->transition_count) {
        b->transitions[i] = b->transitions[--b->transition_count];
    }
}

static bool has_stage(const struct build *b, struct slice stage)
{
    for (size_t i = 0; i < b->stage_count; i++)
        if (slice_eq(b->stages[i], stage))
            return true;
    return false;
}

void build_transitions(struct build *b, const struct yaml *node)
{
    struct transition_rule rule;

    if (!expect_map(&b->expect, node, "`transitions`", NULL))
        return;
    if (node->count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M042", node->at,
                 S("write sale: [new, lead, hold], or leave `transitions` out"),
                 "`transitions` has no line");
    if (has_stage(b, word_new))
        diag_add(b->expect.diags, DIAG_ERROR, "M043", node->key->at,
                 S("give the stage another name"),
                 "`new` means here that nothing was seen before, but a stage is called \"new\"");
    for (const struct yaml *v = node->first; v; v = v->next) {
        bool limits;
        if (!b->orphan && !has_stage(b, v->key->text)) {
            b->stages[b->stage_count] = (struct slice){ 0 };
            diag_add(b->expect.diags, DIAG_ERROR, "M007", v->key->at,
                     diag_suggest(b->expect.arena, v->key->text, b->stages),
                     "`transitions`: no mapping has a stage \"%.*s\"", SLICE_ARG(v->key->text));
            continue;
        }
        limits = read_rule(b, v, &rule);
        keep(b, &rule, limits);
    }
}

/* ---- what no postback could reach ---- */

/* Can a postback be of this stage at all?  Some trackers' URLs name three of them. */
static bool occurs(const struct build *b, struct slice stage)
{
    bool by_adapter = b->offer->tracker && b->offer->tracker->finish &&
                      (slice_eq(stage, S("lead")) || slice_eq(stage, S("sale")) ||
                       slice_eq(stage, S("rejected")));

    for (size_t i = 0; i < b->word_count; i++)
        if (slice_eq(b->words[i].stage, stage))
            return true;
    return by_adapter || slice_eq(b->offer->default_stage, stage);
}

static const struct transition_rule *rule_of(const struct build *b, struct slice stage)
{
    for (size_t i = 0; i < b->transition_count; i++)
        if (slice_eq(b->transitions[i].stage, stage))
            return &b->transitions[i];
    return NULL;
}

/* reached[i]: a conversion can come to b->stages[i]. */
static void spread(const struct build *b, bool *reached)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < b->stage_count; i++) {
            const struct transition_rule *rule = rule_of(b, b->stages[i]);
            bool now = !rule || rule->from_new;
            for (size_t k = 0; rule && !now && k < b->stage_count; k++)
                for (size_t f = 0; reached[k] && f < rule->from_count; f++)
                    now |= k != i && slice_eq(rule->from[f], b->stages[k]);
            if (now && !reached[i] && occurs(b, b->stages[i]))
                reached[i] = more = true;
        }
    }
}

static void check_reach(struct build *b)
{
    bool reached[BUILD_STAGES_MAX] = { false };

    spread(b, reached);
    for (size_t i = 0; i < b->stage_count; i++) {
        const struct transition_rule *rule = rule_of(b, b->stages[i]);
        bool any = false;
        if (!rule || reached[i] || !occurs(b, b->stages[i]))
            continue;
        for (size_t f = 0; f < rule->from_count; f++)
            any |= occurs(b, rule->from[f]);
        diag_add(b->expect.diags, DIAG_ERROR, "M041", rule->at,
                 any ? S("add `new` where a conversion may begin")
                     : S("list words for them under `stages:`, or add `new`"),
                 any ? "no conversion can ever come to \"%.*s\": the stages before it wait for each "
                       "other, and none may come first"
                     : "no conversion can ever come to \"%.*s\": no word stands for any of the "
                       "stages before it",
                 SLICE_ARG(rule->stage));
    }
}

int build_seal_transitions(struct build *b)
{
    struct transition_rule *rules =
        ARENA_ARRAY(b->expect.arena, struct transition_rule, b->transition_count);

    if (!rules)
        return -1;
    for (size_t i = 0; i < b->transition_count; i++)
        rules[i] = b->transitions[i];
    b->offer->transitions = rules;
    b->offer->transition_count = b->transition_count;
    if (b->transition_count && !b->orphan)
        check_reach(b);
    return 0;
}

const struct transition_rule *mapping_transition(const struct offer *offer, struct slice stage)
{
    for (size_t i = 0; i < offer->transition_count; i++)
        if (slice_eq(offer->transitions[i].stage, stage))
            return &offer->transitions[i];
    return NULL;
}
