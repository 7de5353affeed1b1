/* value.h: what an event is worth: a fixed amount, the payout or a share of it, by itself or out of
 * a table; then lifetime, percent, cost, conversion, and min and max, in this order.  Everything up
 * to the limits is exact, and rounded once, half to even, to the decimals of the currency sent; an
 * amount that nothing is done to is sent as it came. */
#ifndef CORE_RULES_VALUE_H
#define CORE_RULES_VALUE_H

#include "core/base/trail.h"
#include "core/mapping/mapping.h"
#include "core/rules/rates.h"

struct value_in {
    const struct offer *offer;
    const struct value_rule *rule;
    const struct template_values *values;
    const struct rates *rates;
    int64_t at; /* Unix seconds of the conversion */
    struct arena *arena;
    struct notes *notes;
    struct trail *trail; /* may be NULL */
};

struct value_out {
    bool has_value;
    struct money value, original; /* original: what the postback or the rule said */
    struct slice currency, original_currency;
};

/* 0: *out is set (has_value may be false, with a note).  1: the postback must be quarantined; *code
 * and *reason say why. */
int value_compute(const struct value_in *in, struct value_out *out, const char **code,
                  struct slice *reason);

#endif
