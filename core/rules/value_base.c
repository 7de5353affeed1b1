/* value_base.c: the amount that the rule or the postback says. */
#include "core/rules/value_work.h"

/* The postback's own, else the one written beside the amount, else the mapping's. */
static enum value_step payout_currency(struct value_work *w, struct slice beside, struct slice *out)
{
    const struct value_in *in = w->in;
    const struct field_value *field = value_field(w, FIELD_CURRENCY);
    struct slice named = slice_trim(field->value);
    struct slice written = value_currency_code(beside, in->arena);
    struct slice from = S("it stands beside the payout");
    struct place at = { 0 };

    if (named.len) {
        *out = value_currency_code(named, in->arena);
        if (out->len == 0)
            return value_quarantine(
                w, "Q009",
                arena_printf(in->arena, "the currency \"%.*s\" is not a three-letter code",
                             SLICE_ARG(record_shown(in->arena, named))));
        if (written.len && !slice_eq(written, *out))
            note_add(in->notes, "W031", S("currency"),
                     "currency: the payout is written in %.*s, but the parameter says %.*s, which "
                     "is used",
                     SLICE_ARG(written), SLICE_ARG(*out));
        at = field->at;
        if (value_is_told(w))
            from = value_origin(w, field);
        trail_add(in->trail, S("properties.currency"), *out, &at, "from %.*s", SLICE_ARG(from));
        return VALUE_NEXT;
    }
    *out = written;
    if (out->len == 0) {
        *out = in->offer->payout_currency;
        from = S("payout_currency of the mapping");
        at = in->offer->payout_currency_at;
    }
    if (out->len == 0 && in->offer->value_currency.len) {
        *out = in->offer->value_currency;
        from = S("assumed: it is value_currency of the mapping");
        at = in->offer->value_currency_at;
        note_add(in->notes, "W031", S("currency"),
                 "currency: the postback names none, so %.*s (value_currency) is assumed; say "
                 "payout_currency in the mapping if the tracker counts in another",
                 SLICE_ARG(*out));
    }
    if (out->len == 0)
        return value_quarantine(w, "Q008", S("the payout has no currency: add the parameter to the "
                                             "postback URL, or payout_currency to the mapping"));
    trail_add(in->trail, S("properties.currency"), *out, &at, "%.*s", SLICE_ARG(from));
    return VALUE_NEXT;
}

static enum value_step read_payout(struct value_work *w)
{
    const struct value_in *in = w->in;
    struct slice text = value_field(w, FIELD_PAYOUT)->value, beside = { 0 };
    enum money_result r;

    if (text.len == 0) {
        note_add(in->notes, "W022", S("payout"),
                 "payout: the postback has none, so the event is sent without a value");
        return VALUE_NOT_SENT;
    }
    r = money_parse(text, in->offer->mark, &w->out->original, &beside);
    if (r == MONEY_ROUNDED)
        note_add(in->notes, "W029", S("payout"), "payout: \"%.*s\" was rounded to six decimals",
                 SLICE_ARG(record_shown(in->arena, text)));
    else if (r != MONEY_OK)
        return value_quarantine(w, "Q003",
                                arena_printf(in->arena, "the payout \"%.*s\" %s",
                                             SLICE_ARG(record_shown(in->arena, text)),
                                             money_result_text(r)));
    return payout_currency(w, beside, &w->out->original_currency);
}

/* ---- tiers and tables ---- */

static enum value_step not_listed(struct value_work *w, struct slice word)
{
    const struct value_table *t = &w->in->rule->table;
    struct arena *a = w->in->arena;
    struct slice shown = record_shown(a, word);

    if (word.len == 0)
        return value_quarantine(w, "Q011",
                                arena_printf(a, "the value's %s (%.*s) has no value in this "
                                                "postback, and there is no default",
                                             t->tiers ? "tier" : "table", SLICE_ARG(t->by.raw)));
    if (t->tiers)
        return value_quarantine(w, "Q011",
                                arena_printf(a, "no tier of the value is called \"%.*s\", and there "
                                                "is no default",
                                             SLICE_ARG(shown)));
    return value_quarantine(w, "Q011",
                            arena_printf(a, "the value's table has no entry \"%.*s\" (%.*s), and "
                                            "there is no default",
                                         SLICE_ARG(shown), SLICE_ARG(t->by.raw)));
}

/* , the entry "DE" for "de" ({param.country}) */
static struct slice chosen_text(struct value_work *w, const struct value_entry *entry,
                                struct slice word)
{
    const struct value_table *t = &w->in->rule->table;
    struct slice name = entry ? entry->name : t->otherwise_name;
    const char *quote = name.len ? "\"" : "";

    return arena_printf(w->in->arena, ", the %s%s%s%.*s%s for \"%.*s\" (%.*s)",
                        !entry ? "default" : t->tiers ? "tier" : "entry", name.len ? " " : "", quote,
                        SLICE_ARG(name), quote, SLICE_ARG(record_shown(w->in->arena, word)),
                        SLICE_ARG(t->by.raw));
}

static enum value_step choose(struct value_work *w, const struct value_amount **amount,
                              struct slice *chosen)
{
    const struct value_in *in = w->in;
    const struct value_table *t = &in->rule->table;
    struct slice word = slice_trim(template_expand(&t->by, in->values, in->arena));
    const struct value_entry *entry = word.len ? mapping_value_entry(t, word) : NULL;

    *chosen = (struct slice){ 0 };
    *amount = entry ? &entry->amount : t->otherwise;
    if (!*amount)
        return not_listed(w, word);
    if (!entry && word.len && t->tiers)
        note_add(in->notes, "W028", S("value"),
                 "value: there is no tier \"%.*s\", so the default \"%.*s\" is used",
                 SLICE_ARG(record_shown(in->arena, word)), SLICE_ARG(t->otherwise_name));
    if (value_is_told(w))
        *chosen = chosen_text(w, entry, word);
    return VALUE_NEXT;
}

/* ---- the amount ---- */

/* "12,50 EUR"; as it came, when a currency stands there already. */
static struct slice payout_text(struct value_work *w, struct slice text)
{
    struct slice shown = record_shown(w->in->arena, text);

    if (shown.len == 0 || !ascii_is_digit(shown.ptr[0]) || !ascii_is_digit(shown.ptr[shown.len - 1]))
        return shown;
    return arena_printf(w->in->arena, "%.*s %.*s", SLICE_ARG(shown), SLICE_ARG(w->currency));
}

static void tell_base(struct value_work *w, const struct value_amount *amount, struct slice chosen)
{
    const struct field_value *payout = value_field(w, FIELD_PAYOUT);
    struct slice model = w->in->rule->model;

    if (!value_is_told(w))
        return;
    if (amount->payout)
        value_tell(w, &amount->at, "%.*s is what %.*s says%.*s%s%.*s",
                   SLICE_ARG(payout_text(w, payout->value)),
                   SLICE_ARG(value_origin(w, payout)), SLICE_ARG(chosen),
                   model.len ? ", by the value model " : "", SLICE_ARG(model));
    else
        value_tell(w, &amount->at, "a fixed amount in %.*s%.*s%s%.*s", SLICE_ARG(w->currency),
                   SLICE_ARG(chosen), model.len ? ", by the value model " : "", SLICE_ARG(model));
}

static enum value_step share_of_payout(struct value_work *w, const struct value_amount *amount)
{
    struct buf text = { .limit = 64 };

    if (amount->percent.micros == 0)
        return VALUE_NEXT;
    if (!exact_times(&w->value, (uint64_t)amount->percent.micros, UINT64_C(100) * MONEY_SCALE))
        return value_too_large(w);
    w->computed = true;
    if (value_is_told(w)) {
        money_print(&text, amount->percent);
        value_tell(w, &amount->at, "times %.*s %%", SLICE_ARG(buf_slice(&text)));
        buf_free(&text);
    }
    return VALUE_NEXT;
}

enum value_step value_base(struct value_work *w)
{
    const struct value_in *in = w->in;
    const struct value_rule *r = in->rule;
    const struct value_amount *amount = &r->amount;
    struct slice chosen = { 0 };
    enum value_step step = VALUE_NEXT;

    w->out->original_currency = r->currency.len ? r->currency : in->offer->value_currency;
    if (w->out->original_currency.len == 0)
        w->out->original_currency = in->offer->payout_currency;
    if (r->kind == VALUE_TABLE)
        step = choose(w, &amount, &chosen);
    if (step != VALUE_NEXT)
        return step;
    w->out->original = amount->fixed;
    if (amount->payout)
        step = read_payout(w);
    if (step != VALUE_NEXT)
        return step;
    w->value = exact_of(w->out->original);
    w->currency = w->out->original_currency;
    if (!amount->payout)
        trail_add(in->trail, S("properties.currency"), w->currency,
                  r->currency.len                 ? &r->at
                  : in->offer->value_currency.len ? &in->offer->value_currency_at
                                                  : &in->offer->payout_currency_at,
                  "%s",
                  r->currency.len                ? "currency of the rule"
                  : in->offer->value_currency.len ? "value_currency of the mapping"
                                                  : "payout_currency of the mapping");
    tell_base(w, amount, chosen);
    return amount->payout ? share_of_payout(w, amount) : VALUE_NEXT;
}
