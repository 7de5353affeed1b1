/* value_work.h: a value while it is computed; only for core/rules/value*.c. */
#ifndef CORE_RULES_VALUE_WORK_H
#define CORE_RULES_VALUE_WORK_H

#include "core/base/exact.h"
#include "core/rules/value.h"

struct value_work {
    const struct value_in *in;
    struct value_out *out;
    const char **code;
    struct slice *reason;
    struct exact value; /* as far as it has come */
    struct slice currency;
    bool computed; /* something was done to it, so it must be rounded */
};

enum value_step {
    VALUE_NEXT,
    VALUE_NOT_SENT, /* the event goes without one, and a note says why */
    VALUE_QUARANTINED,
};

/* The steps. */
enum value_step value_base(struct value_work *w);
enum value_step value_less_cost(struct value_work *w);

enum value_step value_quarantine(struct value_work *w, const char *code, struct slice reason);
enum value_step value_too_large(struct value_work *w);

/* What `from` and `to` were worth when the conversion happened; remarks on old rates.  One place
 * says what happens without a rate. */
enum value_step value_rate(struct value_work *w, struct slice from, struct slice to,
                           struct rate_pair *rate);

/* ---- words ---- */

static inline const struct field_value *value_field(const struct value_work *w, enum field f)
{
    return &w->in->values->conversion->fields[f];
}

/* "12.5", with at most six decimals. */
struct slice value_text(struct value_work *w, const struct exact *value);

/* "parameter payout", "the registered click" ... */
struct slice value_origin(struct value_work *w, const struct field_value *v);

/* " at 1 EUR = 1.0389 USD, 2024-12-31, European Central Bank" */
struct slice value_rate_text(struct value_work *w, struct slice from, struct slice to,
                             const struct rate_pair *rate);

/* An ISO code in upper case, or the empty slice when it has another form. */
struct slice value_currency_code(struct slice s, struct arena *arena);

static inline bool value_is_told(const struct value_work *w)
{
    return w->in->trail && w->in->trail->on;
}

/* What was just done to the value, for the trail; does nothing when nobody wants to know. */
void value_tell(struct value_work *w, const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
