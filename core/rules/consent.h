/* consent.h: what may be sent of a visitor: the answer, as the postback and the registered click tell
 * it, and what the offer says to that. */
#ifndef CORE_RULES_CONSENT_H
#define CORE_RULES_CONSENT_H

#include "core/base/trail.h"
#include "core/mapping/mapping.h"

struct consent_in {
    const struct offer *offer;
    const struct template_values *values; /* the conversion, its click merged in */
    const struct click *click;            /* NULL: not known */
    struct arena *arena;
    struct notes *notes;
    struct trail *trail;
};

/* Zeroed: not asked. */
struct consent {
    enum consent_action action;
    struct slice postback, click; /* their words as they may be shown; empty: no answer */
    struct slice said; /* `"1" from the postback, "0" from the registered click`, or `no answer` */
};

/* When both answer and disagree, the refusal counts (W070). */
void consent_decide(const struct consent_in *in, struct consent *out);

/* "not asked", "granted", "dropped", "anonymized", "limited" */
struct slice consent_name(enum consent_action action);

/* Does the word mean yes?  Every other one means no, but the empty one: that is no answer. */
bool consent_is_granted(const struct consent_rule *rule, struct slice word);

/* May the match key of that name be sent? */
bool consent_keeps(const struct consent_rule *rule, enum consent_action action, struct slice key);

/* After CONSENT_DROP: the verdict's code and reason. */
struct slice consent_reason(const struct consent_rule *rule, const struct consent *c,
                            struct arena *arena, const char **code);

#endif
