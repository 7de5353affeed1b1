#include "core/rules/currency.h"

#define DAY INT64_C(86400)

int64_t currency_days(int64_t day, int64_t at)
{
    return at > day ? (at - day) / DAY : 0;
}

static bool too_old(const struct offer *offer, const struct rate_pair *rate, int64_t at)
{
    return offer->rate_max_age && currency_days(rate->day, at) * DAY > offer->rate_max_age;
}

static enum currency_way without(const struct offer *offer, struct arena *arena,
                                 struct notes *notes, const char *code, struct slice why,
                                 const char **quarantine_code, struct slice *reason)
{
    if (offer->without_rate == WITHOUT_RATE_NO_VALUE) {
        note_add(notes, code, S("value"), "value: %.*s, so the event is sent without a value",
                 SLICE_ARG(why));
        return CURRENCY_NO_VALUE;
    }
    *quarantine_code = slice_eq(slice_from(code), S("W067")) ? "Q023" : "Q009";
    *reason = arena_dup(arena, why);
    return CURRENCY_NOT_SENT;
}

static struct slice day_text(struct arena *arena, int64_t at)
{
    struct buf b = { .limit = 64 };
    struct slice out;

    rate_day_print(&b, at);
    out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static void note_age(const struct rate_pair *rate, int64_t at, struct arena *arena,
                     struct notes *notes)
{
    if (rate->early)
        note_add(notes, "W066", S("currency"),
                 "currency: the conversion is older than any rate for %.*s; its oldest, of %.*s, "
                 "was taken",
                 SLICE_ARG(rate->oldest), SLICE_ARG(day_text(arena, rate->day)));
    else if (currency_days(rate->day, at) > CURRENCY_RATE_OLD)
        note_add(notes, "W032", S("currency"),
                 "currency: the newest rate for %.*s is %lld days old; renew rates.yaml",
                 SLICE_ARG(rate->oldest), (long long)currency_days(rate->day, at));
}

enum currency_way currency_rate(const struct offer *offer, const struct rates *rates,
                                struct slice from, struct slice to, int64_t at,
                                struct arena *arena, struct notes *notes, struct rate_pair *rate,
                                const char **code, struct slice *reason)
{
    if (!rates_pair(rates, from, to, at, rate))
        return without(offer, arena, notes, "W065",
                       arena_printf(arena, "there is no rate from %.*s to %.*s in rates.yaml",
                                    SLICE_ARG(from), SLICE_ARG(to)),
                       code, reason);
    if (too_old(offer, rate, at))
        return without(offer, arena, notes, "W067",
                       arena_printf(arena,
                                    "the newest rate for %.*s is of %.*s, %lld days before the "
                                    "conversion; the mapping takes none older than %lld "
                                    "(rate_max_age)",
                                    SLICE_ARG(rate->oldest),
                                    SLICE_ARG(day_text(arena, rate->day)),
                                    (long long)currency_days(rate->day, at),
                                    (long long)(offer->rate_max_age / 86400)),
                       code, reason);
    note_age(rate, at, arena, notes);
    return CURRENCY_RATE;
}

/* What a rule converts from that is known before a postback comes, at most one per slot: its fixed
 * amounts, the payout, the cost. */
#define SLOTS 3
static bool known_need(const struct offer *offer, const struct value_rule *v, size_t slot,
                       struct currency_need *out)
{
    struct slice own = v->currency.len ? v->currency : offer->value_currency;
    struct slice payout = offer->payout_currency;
    bool pays, fixed;

    if (v->kind == VALUE_NONE)
        return false;
    mapping_value_kinds(v, &fixed, &pays);
    *out = (struct currency_need){ .to = offer->value_currency, .at = v->at };
    if (slot == 0 && fixed) {
        out->from = own;
    } else if (slot == 1 && pays) {
        out->from = payout;
    } else if (slot == 2 && v->has_cost && fixed != pays) {
        out->from = v->cost.currency;
        out->to = fixed ? own : payout.len ? payout : offer->value_currency;
        out->at = v->cost_at;
    }
    return out->from.len && out->to.len && !slice_eq(out->from, out->to);
}

bool currency_need(const struct offer *offer, size_t *next, struct currency_need *out)
{
    size_t n = 0;

    for (size_t i = 0; i < offer->rule_count; i++)
        for (const struct event_rule *r = offer->rules[i].events; r; r = r->next)
            for (size_t slot = 0; slot < SLOTS; slot++, n++)
                if (n >= *next && known_need(offer, &r->value, slot, out)) {
                    *next = n + 1;
                    return true;
                }
    return false;
}

static void check_missing(const struct offer *offer, const struct rates *rates,
                          const struct currency_need *need, bool certain, struct diags *diags)
{
    struct slice unknown = rates_know(rates, need->from) ? need->to : need->from;
    bool sent = offer->without_rate == WITHOUT_RATE_NO_VALUE;

    diag_add(diags, certain && !sent ? DIAG_ERROR : DIAG_WARNING, "C035", need->at,
             arena_printf(diags->arena, "add %.*s to rates.yaml (docs/currency.md)",
                          SLICE_ARG(unknown)),
             "%.*s is to be converted to %.*s, but %.*s has no rate for %.*s: %s",
             SLICE_ARG(need->from), SLICE_ARG(need->to),
             rates ? (int)rates->source->name.len : 0, rates ? rates->source->name.ptr : "",
             SLICE_ARG(unknown),
             sent ? "the event would be sent without a value"
                  : "the postback would be quarantined");
}

static void check_age(const struct offer *offer, const struct currency_need *need,
                      const struct rate_pair *rate, int64_t now, struct diags *diags)
{
    long long days = (long long)currency_days(rate->day, now);

    if (too_old(offer, rate, now))
        diag_add(diags, DIAG_WARNING, "C035", need->at, S("renew rates.yaml (docs/currency.md)"),
                 "the newest rate for %.*s is %lld days old, and rate_max_age forbids to use it",
                 SLICE_ARG(rate->oldest), days);
    else if (days > CURRENCY_RATE_OLD)
        diag_add(diags, DIAG_WARNING, "C034", need->at, S("renew rates.yaml (docs/currency.md)"),
                 "the newest rate for %.*s is %lld days old", SLICE_ARG(rate->oldest), days);
}

bool currency_check(const struct offer *offer, const struct rates *rates, int64_t now, bool certain,
                    struct diags *diags)
{
    struct currency_need need;
    struct rate_pair rate;
    size_t next = 0, said = 0;
    struct slice seen[8] = { { 0 } };

    while (currency_need(offer, &next, &need)) {
        size_t i = 0;
        while (i < said && !slice_eq(seen[i], need.from))
            i++;
        if (i < said)
            continue; /* once for each currency */
        if (said < sizeof(seen) / sizeof(*seen))
            seen[said++] = need.from;
        if (!rates_pair(rates, need.from, need.to, now, &rate))
            check_missing(offer, rates, &need, certain, diags);
        else if (certain)
            check_age(offer, &need, &rate, now, diags);
    }
    return next > 0;
}
