/* values.c: the value of an event's rule and of a named model: what stands beside `value:`, and
 * whether it fits together. */
#include "core/mapping/build.h"

/* ---- what stands beside `value` ---- */

/* 2.50, "{cost}", {from: either of the two, currency: EUR} */
static void read_cost(struct build *b, const struct yaml *node, struct value_rule *out)
{
    const struct yaml *from = node;
    struct value_cost *c = &out->cost;

    out->has_cost = true;
    out->cost_at = node->at;
    if (node->kind == YAML_MAP && !(node->count == 1 && yaml_is_null(node->first))) {
        expect_map(&b->expect, node, "`minus`", &shape_cost);
        from = yaml_get(node, S("from"));
        build_currency(b, yaml_get(node, S("currency")), "`currency`", false, &c->currency);
    }
    if (!from || !build_compile(b, from, "`minus`", &c->from) || !template_is_constant(&c->from))
        return;
    c->from = (struct template){ .at = from->at };
    if (slice_ends(from->text, S("%")))
        diag_add(b->expect.diags, DIAG_ERROR, "M009", from->at,
                 S("to send a share, say how much of it stays: percent: 80"),
                 "`minus` is an amount, but \"%.*s\" is a share", SLICE_ARG(from->text));
    else if (expect_amount(&b->expect, from, "`minus`", &c->fixed) && c->fixed.micros == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", from->at, S("leave `minus` out"),
                 "`minus: 0` takes nothing off");
}

static bool read_limit(struct build *b, const struct yaml *node, const char *what,
                       struct money *out, struct place *at)
{
    if (!expect_amount(&b->expect, node, what, out))
        return false;
    *at = node->at;
    return true;
}

static void read_beside(struct build *b, const struct yaml *rule, struct value_rule *out)
{
    const struct yaml *percent = yaml_get(rule, S("percent")), *minus = yaml_get(rule, S("minus"));

    build_currency(b, yaml_get(rule, S("currency")), "`currency`", false, &out->currency);
    build_lifetime(b, yaml_get(rule, S("lifetime")), out);
    if (minus)
        read_cost(b, minus, out);
    out->has_min |= read_limit(b, yaml_get(rule, S("min")), "`min`", &out->min, &out->min_at);
    out->has_max |= read_limit(b, yaml_get(rule, S("max")), "`max`", &out->max, &out->max_at);
    if (build_percent(b, percent, "`percent`", &out->percent)) {
        out->has_percent = true;
        out->percent_at = percent->at;
    }
}

/* ---- do the parts fit? ---- */

void mapping_value_kinds(const struct value_rule *v, bool *fixed, bool *payout)
{
    const struct value_amount *otherwise = v->table.otherwise;

    *fixed = v->kind == VALUE_AMOUNT && !v->amount.payout;
    *payout = v->kind == VALUE_AMOUNT && v->amount.payout;
    if (otherwise) {
        *fixed |= !otherwise->payout;
        *payout |= otherwise->payout;
    }
    for (size_t i = 0; i < v->table.count; i++) {
        *fixed |= !v->table.entries[i].amount.payout;
        *payout |= v->table.entries[i].amount.payout;
    }
}

static void check_parts(struct build *b, const struct yaml *rule, const struct value_rule *v)
{
    const struct yaml *currency = yaml_get(rule, S("currency")), *min = yaml_get(rule, S("min")),
                      *max = yaml_get(rule, S("max"));
    bool fixed, payout;
    struct shape_key key;

    mapping_value_kinds(v, &fixed, &payout);
    if (currency && !fixed && v->kind != VALUE_TABLE)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", currency->key->at,
                 S("a payout's currency comes with the postback, or from payout_currency"),
                 "`currency` belongs to a fixed value");
    else if (currency && !fixed && payout)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", currency->key->at,
                 S("a payout's currency comes with the postback, or from payout_currency"),
                 "`currency` belongs to fixed amounts, and the table has none");
    for (size_t i = 0; v->kind == VALUE_NONE && shape_beside_value_row(NULL, i, &key); i++) {
        const struct yaml *alone = yaml_get(rule, key.name);
        if (!alone || alone == currency)
            continue;
        diag_add(b->expect.diags, DIAG_ERROR, "M022", alone->key->at, S("add value: payout"),
                 "`%.*s` without a `value`", SLICE_ARG(alone->key->text));
        break;
    }
    if ((min || max) && v->has_min && v->has_max && v->min.micros > v->max.micros)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", (min ? min : max)->at, S("correct one of the two, or swap them"),
                 "`min` is larger than `max`");
}

/* ---- named models ---- */

/* What both say would have two readings. */
static void check_overlap(struct build *b, const struct yaml *rule, const struct value_model *model)
{
    struct shape_key key;

    for (size_t i = 0; shape_beside_value_row(NULL, i, &key); i++) {
        const struct yaml *here = yaml_get(rule, key.name), *there = yaml_get(model->node, key.name);
        if (here && there)
            diag_add(b->expect.diags, DIAG_ERROR, "M031", here->key->at,
                     arena_printf(b->expect.arena, "take it out here, or out of the model (%.*s:%u)",
                                  SLICE_ARG(there->at.source->name), there->at.line),
                     "`%.*s` is said by the model \"%.*s\" already", SLICE_ARG(key.name),
                     SLICE_ARG(model->name));
    }
}

/* false: nothing is known of the value, and that has been said. */
static bool use_model(struct build *b, const struct yaml *value, const struct yaml *rule,
                      struct value_rule *out)
{
    const struct value_model *model = build_find_model(b, yaml_get(value, S("model")));
    struct place used_at = out->used_at;

    expect_map(&b->expect, value, "a `value` that names a model", &shape_model_use);
    if (!model)
        return false;
    check_overlap(b, rule, model);
    *out = model->rule;
    out->model = model->name;
    out->used_at = used_at;
    return !model->bad;
}

void build_value(struct build *b, const struct yaml *node, const struct yaml *rule,
                 struct value_rule *out)
{
    struct place at = node ? node->at : rule->at;
    bool known = true;

    *out = (struct value_rule){ .at = at, .used_at = at };
    if (yaml_get(node, S("model")))
        known = use_model(b, node, rule, out);
    else if (node)
        build_amount(b, node, out);
    read_beside(b, rule, out);
    if (known)
        check_parts(b, rule, out);
    build_note_params(b, &out->table.by);
    build_note_params(b, &out->cost.from);
}

void build_value_model(struct build *b, const struct yaml *model, struct value_rule *out)
{
    const struct yaml *value = yaml_get(model, S("value")), *other = yaml_get(value, S("model"));

    *out = (struct value_rule){ .at = model->at, .used_at = model->at };
    if (!expect_map(&b->expect, model, "a value model", &shape_model) || !value)
        return;
    out->at = value->at;
    if (other) {
        diag_add(b->expect.diags, DIAG_ERROR, "M032", other->key->at,
                 S("write the value out: a number, payout, {tiers: ...} or {table: ...}"),
                 "a value model can't name another");
        return;
    }
    build_amount(b, value, out);
    read_beside(b, model, out);
    check_parts(b, model, out);
}

/* ---- currencies ---- */

/* A value that may be without a currency, or in one that TikTok does not take, can't be sent. */
static void check_currency(struct build *b, const struct value_rule *v)
{
    const struct offer *o = b->offer;
    struct slice own = v->currency.len ? v->currency : o->payout_currency;
    bool fixed, payout;

    mapping_value_kinds(v, &fixed, &payout);
    if (v->kind == VALUE_NONE || o->value_currency.len)
        return;
    if (payout && o->payout_currency.len == 0)
        diag_add(b->expect.diags, DIAG_WARNING, "M022", v->used_at, S("add value_currency: USD"),
                 "a postback without a currency will be quarantined");
    else if (payout && !event_currency_supported(o->payout_currency))
        diag_add(b->expect.diags, DIAG_WARNING, "M014", v->used_at, S("add value_currency: USD"),
                 "TikTok does not take %.*s", SLICE_ARG(o->payout_currency));
    if (fixed && own.len == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", v->used_at, S("add value_currency: USD"),
                 "a value without a currency");
    else if (fixed && !event_currency_supported(own))
        diag_add(b->expect.diags, DIAG_ERROR, "M014", v->used_at, S("add value_currency: USD"),
                 "TikTok does not take %.*s", SLICE_ARG(own));
    if (payout && (v->has_min || v->has_max))
        diag_add(b->expect.diags, DIAG_WARNING, "M022", v->used_at, S("add value_currency: USD"),
                 "`min` and `max` count in whatever currency a postback names");
}

void build_check_currencies(struct build *b)
{
    if (b->orphan) /* the parent may say payout_currency */
        return;
    for (size_t i = 0; i < b->offer->rule_count; i++)
        for (const struct event_rule *r = b->offer->rules[i].events; r; r = r->next)
            check_currency(b, &r->value);
}
