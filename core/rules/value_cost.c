/* value_cost.c: `minus`: what the conversion cost is taken off its value. */
#include "core/rules/value_work.h"

struct cost {
    struct money amount;
    struct slice currency; /* empty: that of the value */
};

/* VALUE_NEXT with *found false: the postback has none, and a note says so. */
static enum value_step read_cost(struct value_work *w, struct cost *cost, bool *found)
{
    const struct value_in *in = w->in;
    const struct value_cost *rule = &in->rule->cost;
    struct slice text, written = { 0 };
    enum money_result r;

    *found = true;
    *cost = (struct cost){ .amount = rule->fixed, .currency = rule->currency };
    if (rule->from.count == 0)
        return VALUE_NEXT;
    text = slice_trim(template_expand(&rule->from, in->values, in->arena));
    *found = text.len > 0;
    if (!*found) {
        note_add(in->notes, "W060", S("cost"),
                 "cost: %.*s has no value in this postback, so nothing is taken off the value",
                 SLICE_ARG(rule->from.raw));
        return VALUE_NEXT;
    }
    r = money_parse(text, in->offer->mark, &cost->amount, &written);
    if (r == MONEY_ROUNDED)
        note_add(in->notes, "W029", S("cost"), "cost: \"%.*s\" was rounded to six decimals",
                 SLICE_ARG(record_shown(in->arena, text)));
    else if (r != MONEY_OK)
        return value_quarantine(w, "Q020",
                                arena_printf(in->arena, "the cost \"%.*s\" %s",
                                             SLICE_ARG(record_shown(in->arena, text)),
                                             money_result_text(r)));
    written = value_currency_code(written, in->arena);
    if (rule->currency.len && written.len && !slice_eq(written, rule->currency))
        note_add(in->notes, "W062", S("cost"),
                 "cost: it is written in %.*s, but the mapping says %.*s, which is used",
                 SLICE_ARG(written), SLICE_ARG(rule->currency));
    if (cost->currency.len == 0)
        cost->currency = written;
    return VALUE_NEXT;
}

static struct slice amount_text(struct value_work *w, struct money m)
{
    struct exact e = exact_of(m);

    return value_text(w, &e);
}

/* Into the currency of the value, by the rates of the conversion's day. */
static enum value_step in_value_currency(struct value_work *w, const struct cost *cost,
                                         struct exact *out, struct slice *how)
{
    struct rate_pair rate;
    enum value_step step;

    *out = exact_of(cost->amount);
    *how = (struct slice){ 0 };
    if (slice_eq(cost->currency, w->currency))
        return VALUE_NEXT;
    step = value_rate(w, cost->currency, w->currency, &rate);
    if (step != VALUE_NEXT)
        return step;
    if (!exact_times(out, (uint64_t)rate.to.micros, (uint64_t)rate.from.micros))
        return value_too_large(w);
    if (value_is_told(w))
        *how = arena_printf(w->in->arena, ", which are %.*s %.*s%.*s",
                            SLICE_ARG(value_text(w, out)), SLICE_ARG(w->currency),
                            SLICE_ARG(value_rate_text(w, cost->currency, w->currency, &rate)));
    return VALUE_NEXT;
}

static enum value_step take_off(struct value_work *w, const struct cost *cost,
                                const struct exact *amount)
{
    int order;

    if (!exact_compare(amount, &w->value, &order))
        return value_too_large(w);
    if (order > 0) {
        note_add(w->in->notes, "W061", S("value"),
                 "value: the cost of %.*s %.*s is above the value of %.*s %.*s, so nothing is left "
                 "of it",
                 SLICE_ARG(amount_text(w, cost->amount)), SLICE_ARG(cost->currency),
                 SLICE_ARG(value_text(w, &w->value)), SLICE_ARG(w->currency));
        w->value = exact_of((struct money){ 0 });
        return VALUE_NEXT;
    }
    return exact_subtract(&w->value, amount) ? VALUE_NEXT : value_too_large(w);
}

enum value_step value_less_cost(struct value_work *w)
{
    const struct value_rule *r = w->in->rule;
    struct cost cost;
    struct exact amount;
    struct slice how = { 0 };
    enum value_step step;
    bool found;

    if (!r->has_cost)
        return VALUE_NEXT;
    step = read_cost(w, &cost, &found);
    if (step != VALUE_NEXT || !found)
        return step;
    if (cost.currency.len == 0)
        cost.currency = w->currency;
    if (cost.amount.micros) {
        step = in_value_currency(w, &cost, &amount, &how);
        if (step == VALUE_NEXT)
            step = take_off(w, &cost, &amount);
        if (step != VALUE_NEXT)
            return step;
        w->computed = true;
    }
    if (value_is_told(w))
        value_tell(w, &r->cost_at, "minus %.*s %.*s, %s%.*s%.*s",
                   SLICE_ARG(amount_text(w, cost.amount)), SLICE_ARG(cost.currency),
                   r->cost.from.count ? "the cost by " : "a fixed cost",
                   SLICE_ARG(r->cost.from.raw), SLICE_ARG(how));
    return VALUE_NEXT;
}
