#include "core/rules/value.h"

#include <stdarg.h>

#include "core/rules/currency.h"
#include "core/rules/value_work.h"

/* ---- how a step ends, and its words ---- */

enum value_step value_quarantine(struct value_work *w, const char *code, struct slice reason)
{
    *w->code = code;
    *w->reason = reason;
    return VALUE_QUARANTINED;
}

enum value_step value_too_large(struct value_work *w)
{
    return value_quarantine(w, "Q021",
                            arena_printf(w->in->arena, "the value that the rule makes is above "
                                                       "1000000000000 %.*s",
                                         SLICE_ARG(w->currency)));
}

struct slice value_currency_code(struct slice s, struct arena *arena)
{
    char *p = s.len == 3 ? arena_alloc(arena, 3) : NULL;

    for (size_t i = 0; p && i < 3; i++) {
        if (!ascii_is_alpha(s.ptr[i]))
            return (struct slice){ 0 };
        p[i] = ascii_upper(s.ptr[i]);
    }
    return p ? (struct slice){ p, 3 } : (struct slice){ 0 };
}

static struct slice money_text(struct value_work *w, struct money m)
{
    struct buf b = { .limit = 64 };
    struct slice out;

    money_print(&b, m);
    out = arena_dup(w->in->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

struct slice value_text(struct value_work *w, const struct exact *value)
{
    struct money m;

    return exact_round(value, 6, &m) ? money_text(w, m) : S("more than 1000000000000");
}

struct slice value_origin(struct value_work *w, const struct field_value *v)
{
    switch (v->origin) {
    case ORIGIN_PARAM:
        return arena_printf(w->in->arena, "parameter %.*s",
                            SLICE_ARG(record_shown(w->in->arena, v->name)));
    case ORIGIN_TRACKER:
        return arena_printf(w->in->arena, "the tracker's %.*s",
                            SLICE_ARG(record_shown(w->in->arena, v->name)));
    case ORIGIN_CLICK:
        return S("the registered click");
    default:
        return S("the postback");
    }
}

struct slice value_rate_text(struct value_work *w, struct slice from, struct slice to,
                             const struct rate_pair *rate)
{
    return arena_printf(w->in->arena, " at %.*s",
                        SLICE_ARG(rates_describe(w->in->arena, from, to, rate)));
}

void value_tell(struct value_work *w, const struct place *at, const char *fmt, ...)
{
    struct slice done;
    va_list ap;

    if (!value_is_told(w))
        return;
    va_start(ap, fmt);
    done = arena_vprintf(w->in->arena, fmt, ap);
    va_end(ap);
    trail_add(w->in->trail, S("properties.value"), value_text(w, &w->value), at, "%.*s",
              SLICE_ARG(done));
}

/* ---- the steps ---- */

static enum value_step lifetime(struct value_work *w)
{
    const struct value_rule *r = w->in->rule;

    if (!r->has_lifetime)
        return VALUE_NEXT;
    if (!exact_times(&w->value, (uint64_t)r->lifetime.times.micros, MONEY_SCALE))
        return value_too_large(w);
    w->computed = true;
    if (value_is_told(w))
        value_tell(w, &r->lifetime_at, "times %.*s: %u months, %.*s %% staying from each to the next",
                   SLICE_ARG(money_text(w, r->lifetime.times)), r->lifetime.months,
                   SLICE_ARG(money_text(w, r->lifetime.keep)));
    return VALUE_NEXT;
}

static enum value_step percent(struct value_work *w)
{
    const struct value_rule *r = w->in->rule;

    if (!r->has_percent)
        return VALUE_NEXT;
    if (!exact_times(&w->value, (uint64_t)r->percent.micros, UINT64_C(100) * MONEY_SCALE))
        return value_too_large(w);
    w->computed = true;
    if (value_is_told(w))
        value_tell(w, &r->percent_at, "times %.*s %%", SLICE_ARG(money_text(w, r->percent)));
    return VALUE_NEXT;
}

enum value_step value_rate(struct value_work *w, struct slice from, struct slice to,
                           struct rate_pair *rate)
{
    const struct value_in *in = w->in;

    switch (currency_rate(in->offer, in->rates, from, to, in->at, in->arena, in->notes, rate, w->code,
                          w->reason)) {
    case CURRENCY_RATE:
        return VALUE_NEXT;
    case CURRENCY_NO_VALUE:
        return VALUE_NOT_SENT;
    default:
        return VALUE_QUARANTINED;
    }
}

static enum value_step convert(struct value_work *w)
{
    const struct value_in *in = w->in;
    struct slice from = w->currency, to = in->offer->value_currency;
    struct rate_pair rate;
    enum value_step step;

    if (to.len && !slice_eq(to, from)) {
        step = value_rate(w, from, to, &rate);
        if (step != VALUE_NEXT)
            return step;
        w->currency = to;
        if (!exact_times(&w->value, (uint64_t)rate.to.micros, (uint64_t)rate.from.micros))
            return value_too_large(w);
        w->computed = true;
        if (value_is_told(w))
            value_tell(w, NULL, "to %.*s%.*s", SLICE_ARG(to), SLICE_ARG(value_rate_text(w, from, to, &rate)));
        trail_add(in->trail, S("properties.currency"), to, &in->offer->value_currency_at,
                  "value_currency of the mapping");
    }
    if (!event_currency_supported(w->currency))
        return value_quarantine(w, "Q009",
                                arena_printf(in->arena,
                                             "TikTok does not take %.*s: set value_currency to "
                                             "one it takes",
                                             SLICE_ARG(w->currency)));
    return VALUE_NEXT;
}

/* The one rounding. */
static enum value_step settle(struct value_work *w)
{
    struct exact rounded;
    int decimals, order = 0;

    w->out->currency = w->currency;
    if (!w->computed) {
        w->out->value = w->out->original;
        return VALUE_NEXT;
    }
    decimals = event_currency_decimals(w->currency);
    if (!exact_round(&w->value, decimals, &w->out->value))
        return value_too_large(w);
    rounded = exact_of(w->out->value);
    exact_compare(&rounded, &w->value, &order);
    if (order == 0)
        return VALUE_NEXT;
    if (w->out->value.micros == 0)
        note_add(w->in->notes, "W029", S("value"), "value: it rounds to 0 %.*s",
                 SLICE_ARG(w->currency));
    w->value = rounded;
    value_tell(w, NULL, "rounded to the %d decimals of %.*s, half to even", decimals,
               SLICE_ARG(w->currency));
    return VALUE_NEXT;
}

static enum value_step limit(struct value_work *w)
{
    const struct value_rule *r = w->in->rule;
    struct money before = w->out->value;
    bool low = r->has_min && before.micros < r->min.micros;
    bool high = r->has_max && before.micros > r->max.micros;

    if (!low && !high)
        return VALUE_NEXT;
    w->out->value = low ? r->min : r->max;
    w->value = exact_of(w->out->value);
    note_add(w->in->notes, "W023", S("value"), "value: %.*s is %s, so %.*s is sent",
             SLICE_ARG(money_text(w, before)), low ? "below min" : "above max",
             SLICE_ARG(money_text(w, w->out->value)));
    value_tell(w, low ? &r->min_at : &r->max_at, low ? "raised to min" : "cut to max");
    return VALUE_NEXT;
}

int value_compute(const struct value_in *in, struct value_out *out, const char **code,
                  struct slice *reason)
{
    static enum value_step (*const steps[])(struct value_work *) = {
        value_base, lifetime, percent, value_less_cost, convert, settle, limit,
    };
    struct value_work w = { .in = in, .out = out, .code = code, .reason = reason };
    enum value_step step = VALUE_NEXT;

    *out = (struct value_out){ 0 };
    if (in->rule->kind == VALUE_NONE)
        return 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && step == VALUE_NEXT; i++)
        step = steps[i](&w);
    if (step == VALUE_QUARANTINED)
        return 1;
    out->has_value = step == VALUE_NEXT;
    return 0;
}
