#include "core/rules/value.h"

#include "core/rules/currency.h"

struct step {
    const struct value_in *in;
    const char **code;
    struct slice *reason;
};

static int quarantine(struct step *s, const char *code, struct slice reason)
{
    *s->code = code;
    *s->reason = reason;
    return 1;
}

static const struct field_value *field(const struct value_in *in, enum field f)
{
    return &in->values->conversion->fields[f];
}

/* An ISO code in upper case, or the empty slice when it has another form. */
static struct slice currency_upper(struct slice s, struct arena *arena)
{
    char *p = s.len == 3 ? arena_alloc(arena, 3) : NULL;

    for (size_t i = 0; p && i < 3; i++) {
        if (!ascii_is_alpha(s.ptr[i]))
            return (struct slice){ 0 };
        p[i] = ascii_upper(s.ptr[i]);
    }
    return p ? (struct slice){ p, 3 } : (struct slice){ 0 };
}

/* The postback's own, else the one written beside the amount, else the mapping's. */
static int payout_currency(struct step *s, struct slice beside, struct slice *out)
{
    const struct value_in *in = s->in;
    struct slice named = slice_trim(field(in, FIELD_CURRENCY)->value);
    struct slice written = currency_upper(beside, in->arena);

    if (named.len) {
        *out = currency_upper(named, in->arena);
        if (out->len == 0)
            return quarantine(s, "Q009",
                              arena_printf(in->arena,
                                           "the currency \"%.*s\" is not a three-letter code",
                                           SLICE_ARG(record_shown(in->arena, named))));
        if (written.len && !slice_eq(written, *out))
            note_add(in->notes, "W031", S("currency"),
                     "currency: the payout is written in %.*s, but the parameter says %.*s, which "
                     "is used",
                     SLICE_ARG(written), SLICE_ARG(*out));
        return 0;
    }
    *out = written;
    if (out->len == 0)
        *out = in->offer->payout_currency;
    if (out->len == 0 && in->offer->value_currency.len) {
        *out = in->offer->value_currency;
        note_add(in->notes, "W031", S("currency"),
                 "currency: the postback names none, so %.*s (value_currency) is assumed; say "
                 "payout_currency in the mapping if the tracker counts in another",
                 SLICE_ARG(*out));
    }
    if (out->len == 0)
        return quarantine(s, "Q008", S("the payout has no currency: add the parameter to the "
                                       "postback URL, or payout_currency to the mapping"));
    return 0;
}

/* 0, or 1 for quarantine; without a payout *found stays false. */
static int read_payout(struct step *s, struct value_out *out, bool *found)
{
    const struct value_in *in = s->in;
    struct slice text = field(in, FIELD_PAYOUT)->value, beside = { 0 };
    enum money_result r;

    if (text.len == 0) {
        note_add(in->notes, "W022", S("payout"),
                 "payout: the postback has none, so the event is sent without a value");
        return 0;
    }
    r = money_parse(text, in->offer->mark, &out->original, &beside);
    if (r == MONEY_ROUNDED)
        note_add(in->notes, "W029", S("payout"), "payout: \"%.*s\" was rounded to six decimals",
                 SLICE_ARG(record_shown(in->arena, text)));
    else if (r != MONEY_OK)
        return quarantine(s, "Q003",
                          arena_printf(in->arena, "the payout \"%.*s\" %s",
                                       SLICE_ARG(record_shown(in->arena, text)),
                                       money_result_text(r)));
    *found = true;
    return payout_currency(s, beside, &out->original_currency);
}

static int read_tier(struct step *s, struct value_out *out)
{
    const struct value_in *in = s->in;
    struct slice by = slice_trim(template_expand(&in->rule->by, in->values, in->arena));
    const struct value_tier *tier = NULL;

    for (size_t i = 0; i < in->rule->tier_count && !tier; i++)
        if (slice_eq_nocase(in->rule->tiers[i].name, by))
            tier = &in->rule->tiers[i];
    for (size_t i = 0; i < in->rule->tier_count && !tier; i++) {
        if (!slice_eq(in->rule->tiers[i].name, in->rule->tier_default))
            continue;
        tier = &in->rule->tiers[i];
        if (by.len)
            note_add(in->notes, "W028", S("value"),
                     "value: there is no tier \"%.*s\", so the default \"%.*s\" is used",
                     SLICE_ARG(record_shown(in->arena, by)), SLICE_ARG(tier->name));
    }
    if (!tier && by.len == 0)
        return quarantine(s, "Q011",
                          arena_printf(in->arena, "the value's tier (%.*s) has no value in this "
                                                  "postback, and there is no default",
                                       SLICE_ARG(in->rule->by.raw)));
    if (!tier)
        return quarantine(s, "Q011",
                          arena_printf(in->arena,
                                       "no tier of the value is called \"%.*s\", and there "
                                       "is no default",
                                       SLICE_ARG(record_shown(in->arena, by))));
    out->original = tier->amount;
    return 0;
}

/* The original stays in *out. */
static int no_value(struct value_out *out)
{
    out->value = (struct money){ 0 };
    out->currency = (struct slice){ 0 };
    return 0;
}

static int convert(struct step *s, struct value_out *out)
{
    const struct value_in *in = s->in;
    struct slice to = in->offer->value_currency.len ? in->offer->value_currency : out->currency;
    struct money before = out->value;
    struct rate_pair rate;
    enum currency_way way;

    if (!slice_eq(to, out->currency)) {
        way = currency_rate(in->offer, in->rates, out->currency, to, in->at, in->arena, in->notes,
                            &rate, s->code, s->reason);
        if (way != CURRENCY_RATE)
            return way == CURRENCY_NO_VALUE ? no_value(out) : 1;
        if (!money_scale(out->value, rate.to.micros, rate.from.micros,
                         event_currency_decimals(to), &out->value))
            return quarantine(s, "Q003",
                              arena_printf(in->arena, "the value in %.*s is above 10^12",
                                           SLICE_ARG(to)));
        if (out->value.micros == 0 && before.micros != 0)
            note_add(in->notes, "W029", S("value"), "value: it rounds to 0 %.*s", SLICE_ARG(to));
        out->currency = to;
    }
    if (!event_currency_supported(out->currency))
        return quarantine(s, "Q009",
                          arena_printf(in->arena,
                                       "TikTok does not take %.*s: set value_currency to "
                                       "one it takes",
                                       SLICE_ARG(out->currency)));
    return 0;
}

static void limit(const struct value_in *in, struct value_out *out)
{
    const struct value_rule *r = in->rule;
    bool low = r->has_min && out->value.micros < r->min.micros;
    bool high = r->has_max && out->value.micros > r->max.micros;
    struct buf text = { .limit = 200 };

    if (!low && !high)
        return;
    money_print(&text, out->value);
    buf_puts(&text, low ? " is below min, so " : " is above max, so ");
    out->value = low ? r->min : r->max;
    money_print(&text, out->value);
    note_add(in->notes, "W023", S("value"), "value: %.*s is sent", SLICE_ARG(buf_slice(&text)));
    buf_free(&text);
}

/* What is going to be converted is rounded only then. */
static int percent_decimals(const struct offer *offer, struct slice currency)
{
    if (offer->value_currency.len && !slice_eq(offer->value_currency, currency))
        return 6;
    return event_currency_decimals(currency);
}

int value_compute(const struct value_in *in, struct value_out *out, const char **code,
                  struct slice *reason)
{
    struct step s = { in, code, reason };
    const struct value_rule *r = in->rule;
    bool found = true;
    int rc = 0;

    *out = (struct value_out){ 0 };
    if (r->kind == VALUE_NONE)
        return 0;
    out->original_currency = r->currency.len ? r->currency : in->offer->value_currency;
    if (out->original_currency.len == 0)
        out->original_currency = in->offer->payout_currency;
    if (r->kind == VALUE_PAYOUT) {
        found = false;
        rc = read_payout(&s, out, &found);
    } else if (r->kind == VALUE_TIERS) {
        rc = read_tier(&s, out);
    } else {
        out->original = r->fixed;
    }
    if (rc != 0 || !found)
        return rc;
    out->value = out->original;
    out->currency = out->original_currency;
    if (r->has_percent &&
        !money_scale(out->value, r->percent.micros, INT64_C(100) * MONEY_SCALE,
                     percent_decimals(in->offer, out->currency), &out->value))
        return quarantine(&s, "Q003", S("the value with its percent is above 10^12"));
    rc = convert(&s, out);
    if (rc != 0 || out->currency.len == 0)
        return rc;
    limit(in, out);
    out->has_value = true;
    return 0;
}
