/* events.c: `events:` of an offer mapping: which event, with which value, comes of which stage. */
#include "core/mapping/build.h"

bool build_currency(struct build *b, const struct yaml *node, const char *what, bool for_tiktok,
                    struct slice *out)
{
    struct slice text;
    char *upper;

    if (!expect_text(&b->expect, node, what, &text))
        return false;
    upper = arena_alloc(b->expect.arena, text.len);
    for (size_t i = 0; upper && i < text.len; i++)
        upper[i] = ascii_upper(text.ptr[i]);
    *out = (struct slice){ upper, upper ? text.len : 0 };
    for (size_t i = 0; i < out->len; i++)
        if (text.len != 3 || !ascii_is_alpha(text.ptr[i])) {
            diag_add(b->expect.diags, DIAG_ERROR, "M014", node->at,
                     S("three letters, such as USD or EUR (ISO 4217)"),
                     "%s: \"%.*s\" is not a currency code", what, SLICE_ARG(text));
            return false;
        }
    if (for_tiktok && !event_currency_supported(*out)) {
        diag_add(b->expect.diags, DIAG_ERROR, "M014", node->at,
                 diag_suggest_or(b->expect.arena, *out, event_currencies,
                                 S("take USD, or another that it takes, and let rates.yaml convert")),
                 "%s: TikTok does not take %.*s", what, SLICE_ARG(*out));
        return false;
    }
    return true;
}

static void note_name(struct slice *list, size_t *count, struct slice name)
{
    for (size_t i = 0; i < *count; i++)
        if (slice_eq(list[i], name))
            return;
    if (*count < BUILD_PARAMS_MAX)
        list[(*count)++] = name;
}

static void note_param(void *context, struct slice name)
{
    struct build *b = context;

    note_name(b->params, &b->param_count, name);
    if (!b->of_visitor)
        note_name(b->content_params, &b->content_count, name);
}

bool build_compile(struct build *b, const struct yaml *node, const char *what,
                   struct template *out)
{
    struct slice text;

    return expect_text(&b->expect, node, what, &text) &&
           template_compile(b->expect.arena, text, node->at, out, b->expect.diags) == 0;
}

void build_note_params(struct build *b, const struct template *t)
{
    template_params(t, note_param, b);
}

bool build_template(struct build *b, const struct yaml *node, const char *what,
                    struct template *out)
{
    if (!build_compile(b, node, what, out))
        return false;
    build_note_params(b, out);
    return true;
}

static void check_event_name(struct build *b, const struct yaml *node, struct event_rule *rule)
{
    struct slice now = { 0 };
    const char *why = "";

    switch (event_name_check(rule->event, &now, &why)) {
    case EVENT_STANDARD:
    case EVENT_CUSTOM:
        return;
    case EVENT_RENAMED:
        diag_add(b->expect.diags, DIAG_NOTE, "M020", node->at, (struct slice){ 0 },
                 "%.*s is the old name of %.*s, which is what will be sent", SLICE_ARG(rule->event),
                 SLICE_ARG(now));
        rule->event = now;
        return;
    case EVENT_LEGACY:
        diag_add(b->expect.diags, DIAG_WARNING, "M020", node->at,
                 S("use a custom event name instead"), "TikTok drops %.*s in 2027",
                 SLICE_ARG(rule->event));
        return;
    case EVENT_MISCASED:
        diag_add(b->expect.diags, DIAG_ERROR, "M008", node->at,
                 arena_printf(b->expect.arena, "write %.*s", SLICE_ARG(now)),
                 "\"%.*s\": names of events are case-sensitive", SLICE_ARG(rule->event));
        return;
    case EVENT_BAD:
        diag_add(b->expect.diags, DIAG_ERROR, "M008", node->at,
                 diag_suggest_or(b->expect.arena, rule->event, event_standard_names,
                                 S("one of TikTok's standard events, or a letter and then letters, "
                                   "digits, - and _, at most 50")),
                 "\"%.*s\" can't be the name of an event: %s", SLICE_ARG(rule->event), why);
        return;
    }
}

/* A custom name one slip away from a standard one is rather a slip. */
static void check_near_miss(struct build *b, const struct yaml *node, const struct event_rule *rule)
{
    struct slice now, near = diag_nearest(rule->event, event_standard_names);
    const char *why;

    if (near.len && event_name_check(rule->event, &now, &why) == EVENT_CUSTOM)
        diag_add(b->expect.diags, DIAG_WARNING, "M008", node->at,
                 arena_printf(b->expect.arena, "did you mean \"%.*s\"?", SLICE_ARG(near)),
                 "\"%.*s\" is not a standard event; it will be sent as a custom one",
                 SLICE_ARG(rule->event));
}

/* `ignore` stands for a whole stage; elsewhere it would be sent as a custom event of that name. */
static void read_event_name(struct build *b, const struct yaml *node, const char *what,
                            struct event_rule *rule)
{
    if (!expect_text(&b->expect, node, what, &rule->event))
        return;
    if (slice_eq_nocase(rule->event, S("ignore"))) {
        diag_add(b->expect.diags, DIAG_ERROR, "M008", node->at,
                 S("to ignore a stage, write its name and the word alone: rejected: ignore"),
                 "\"%.*s\" can't be the name of an event", SLICE_ARG(rule->event));
        return;
    }
    check_event_name(b, node, rule);
    check_near_miss(b, node, rule);
}

/* Each of its postbacks would be quarantined (Q010). */
static void check_repeatable(struct build *b, const struct yaml *repeatable)
{
    if (!b->orphan && b->offer->fields[FIELD_TXID].count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M066", repeatable->key->at,
                 S("name the parameter that carries the transaction id: fields: {txid: [txid]}"),
                 "`repeatable` needs a transaction id, and no parameter is read for `txid`");
}

static struct event_rule *read_event(struct build *b, const struct yaml *node)
{
    struct event_rule *rule = ARENA_NEW(b->expect.arena, struct event_rule);
    const struct yaml *name, *repeatable = yaml_get(node, S("repeatable"));

    if (!rule)
        return NULL;
    rule->at = node->at;
    if (node->kind == YAML_SCALAR) { /* lead: Lead */
        read_event_name(b, node, "an event", rule);
        return rule;
    }
    if (!expect_map(&b->expect, node, "an event", &shape_event))
        return NULL;
    name = yaml_get(node, S("event"));
    read_event_name(b, name, "`event`", rule);
    build_value(b, yaml_get(node, S("value")), node, &rule->value);
    if (yaml_get(node, S("pixel")))
        build_pixel(b, yaml_get(node, S("pixel")), &rule->pixel);
    if (expect_bool(&b->expect, repeatable, "`repeatable`", &rule->repeatable) && rule->repeatable)
        check_repeatable(b, repeatable);
    return rule;
}

static void read_stage_rule(struct build *b, const struct yaml *node, struct stage_rule *rule)
{
    struct event_rule **end = &rule->events;

    *rule = (struct stage_rule){ .stage = node->key->text, .at = node->key->at };
    if (!b->orphan && !mapping_has_stage(b->offer, rule->stage))
        diag_add(b->expect.diags, DIAG_ERROR, "M007", node->key->at,
                 diag_suggest(b->expect.arena, rule->stage, b->offer->stages),
                 "no mapping has a stage \"%.*s\"", SLICE_ARG(rule->stage));
    if (node->kind == YAML_SCALAR && slice_eq(node->text, S("ignore"))) {
        rule->ignore = true;
        return;
    }
    if (node->kind != YAML_LIST) {
        rule->events = read_event(b, node);
        return;
    }
    if (node->count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M002", node->at, S("write `ignore`, or an event"),
                 "a stage needs an event");
    if (node->count > 8)
        diag_add(b->expect.diags, DIAG_ERROR, "M002", node->at, (struct slice){ 0 },
                 "at most 8 events can come of one stage");
    for (const struct yaml *v = node->first; v; v = v->next) {
        *end = read_event(b, v);
        if (*end)
            end = &(*end)->next;
    }
}

/* A sale and a rebill that both send Purchase: their transactions must not be counted twice. */
static void find_twins(struct offer *offer)
{
    for (size_t i = 0; i < offer->rule_count; i++)
        for (struct event_rule *x = offer->rules[i].events; x; x = x->next)
            for (size_t k = 0; k < offer->rule_count; k++)
                for (struct event_rule *y = offer->rules[k].events; y; y = y->next)
                    x->twin |= x->repeatable != y->repeatable && slice_eq(x->event, y->event);
}

void build_events(struct build *b, const struct yaml *events)
{
    struct stage_rule *rules;

    if (!expect_map(&b->expect, events, "`events`", NULL))
        return;
    if (events->count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M002", events->at,
                 S("say what is sent: events: {sale: {event: Purchase, value: payout}}"),
                 "`events` has no stage, so nothing would ever be sent");
    rules = ARENA_ARRAY(b->expect.arena, struct stage_rule, events->count);
    for (const struct yaml *v = events->first; rules && v; v = v->next)
        read_stage_rule(b, v, &rules[b->offer->rule_count++]);
    b->offer->rules = rules;
    find_twins(b->offer);
}

const struct stage_rule *mapping_rule(const struct offer *offer, struct slice stage)
{
    for (size_t i = 0; i < offer->rule_count; i++)
        if (slice_eq(offer->rules[i].stage, stage))
            return &offer->rules[i];
    return NULL;
}
