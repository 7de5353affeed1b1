/* missing.c: what a postback URL needs and its tracker has no macro for. */
#include "core/kit/private.h"

void kit_add_currency(struct buf *b, const struct kit_work *w)
{
    struct slice currency = w->offer->payout_currency;

    if (!w->urls->currency_param)
        return;
    if (currency.len == 0)
        currency = w->offer->value_currency;
    kit_add_pair(b, kit_name_for(w->offer, FIELD_CURRENCY, slice_from(w->urls->currency_param)),
                 currency);
}

void kit_remark_currency(const struct kit_work *w)
{
    if (!w->urls->currency_param || w->offer->payout_currency.len ||
        w->offer->value_currency.len == 0)
        return;
    note_add(&w->kit->remarks, "", S("currency"),
             "no macro for the currency is documented, so the offer's value_currency is written "
             "out: if your account's payouts are in another, say payout_currency in the offer");
}

static bool is_repeatable(const struct stage_rule *rule)
{
    for (const struct event_rule *e = rule->ignore ? NULL : rule->events; e; e = e->next)
        if (e->repeatable)
            return true;
    return false;
}

void kit_add_txid(struct buf *b, const struct kit_work *w, const struct stage_rule *rule)
{
    struct slice name = kit_name_for(w->offer, FIELD_TXID, S("txid"));

    if (!is_repeatable(rule) || kit_has_macro(w, buf_slice(b), FIELD_TXID) ||
        kit_has_name(buf_slice(b), name))
        return;
    kit_add_pair(b, name, S(KIT_REPLACE));
    note_add(&w->kit->remarks, "", rule->stage,
             "%.*s: its event is repeatable and needs a transaction id, for which no macro is "
             "documented: write your panel's instead of " KIT_REPLACE " in %.*s=, else each such "
             "postback is quarantined (Q010)",
             SLICE_ARG(rule->stage), SLICE_ARG(name));
}

static bool is_personal(const struct offer *offer, struct slice param)
{
    for (size_t i = 0; i < offer->user_count; i++)
        if (identity_is_hashed(offer->user[i].kind) &&
            mapping_user_reads(&offer->user[i], param))
            return true;
    return false;
}

/* "{sub_id_3}"; REPLACE when there is no such macro, or none left. */
static struct slice free_macro(const struct kit_work *w, unsigned *next)
{
    struct slice family = slice_from(w->urls->free.family);

    if (family.len == 0 || *next > w->urls->free.last)
        return S(KIT_REPLACE);
    family.len--; /* the '*' */
    return arena_printf(w->arena, "{%.*s%u}", SLICE_ARG(family), (*next)++);
}

static void remark_param(const struct kit_work *w, struct slice param, struct slice macro)
{
    if (slice_eq(macro, S(KIT_REPLACE)))
        note_add(&w->kit->remarks, "", param,
                 "%.*s: the offer reads it. No macro for a parameter of your own is documented: "
                 "write your panel's instead of " KIT_REPLACE ", or leave the parameter out",
                 SLICE_ARG(param));
    else
        note_add(&w->kit->remarks, "", param,
                 "%.*s: the offer reads it, so the tracker must have been given it as %.*s by the "
                 "time of the postback; take another of these macros if that one is in use",
                 SLICE_ARG(param), SLICE_ARG(macro));
    if (is_personal(w->offer, param))
        note_add(&w->kit->remarks, "", param,
                 "%.*s: personal data that passes through every URL on the way. Its SHA-256 is "
                 "taken as well",
                 SLICE_ARG(param));
}

/* Does a value of the offer take off {cost}? */
static bool takes_cost(const struct offer *offer)
{
    for (size_t i = 0; i < offer->rule_count; i++)
        for (const struct event_rule *e = offer->rules[i].events; e; e = e->next)
            for (size_t p = 0; p < e->value.cost.from.count; p++)
                if (e->value.cost.from.parts[p].kind == TEMPLATE_FIELD &&
                    e->value.cost.from.parts[p].field == FIELD_COST)
                    return true;
    return false;
}

/* The tracker's macro for the cost, and what must be known about it. */
static void add_cost(struct buf *b, const struct kit_work *w)
{
    const struct tracker_macro *m = w->urls->macros;
    struct slice name = kit_name_for(w->offer, FIELD_COST, S("cost"));

    if (!takes_cost(w->offer))
        return;
    while (m->name && m->from != MACRO_COST)
        m++;
    kit_add_pair(b, name,
                 m->name ? arena_printf(w->arena, "{%s}", m->name) : S(KIT_REPLACE));
    if (m->name)
        note_add(&w->kit->remarks, "", name,
                 "%.*s: what the click cost is taken off the value. Without a `currency` in `minus` "
                 "it counts in the currency of the value: check which one your tracker counts in",
                 SLICE_ARG(name));
    else
        note_add(&w->kit->remarks, "", name,
                 "%.*s: what the click cost is taken off the value, and no macro for it is "
                 "documented: write your panel's instead of " KIT_REPLACE ", else nothing is taken "
                 "off (W060)",
                 SLICE_ARG(name));
}

void kit_make_extras(struct kit_work *w)
{
    struct buf base = { 0 }, b = { 0 };
    unsigned next = w->urls->free.first;

    kit_add_query(&base, w, slice_from(w->urls->postbacks[0].query), S("x"));
    kit_add_currency(&base, w);
    for (size_t i = 0; i < w->offer->param_count; i++) {
        struct slice param = w->offer->params[i], macro;
        if (kit_has_name(buf_slice(&base), param))
            continue;
        macro = free_macro(w, &next);
        kit_add_pair(&b, param, macro);
        remark_param(w, param, macro);
    }
    add_cost(&b, w);
    w->arena->full |= !buf_ok(&b) || !buf_ok(&base);
    w->extras = arena_dup(w->arena, buf_slice(&b));
    buf_free(&base);
    buf_free(&b);
}
