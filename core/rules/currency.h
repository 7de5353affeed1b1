/* currency.h: the step from one currency to another: which rate, how old it may be, and what happens
 * to an event when there is none. */
#ifndef CORE_RULES_CURRENCY_H
#define CORE_RULES_CURRENCY_H

#include "core/base/note.h"
#include "core/mapping/mapping.h"
#include "core/rules/rates.h"

/* In whole days, since rates are dated by day. */
#define CURRENCY_FILE_OLD 7  /* the file is not being renewed: `check` says so */
#define CURRENCY_RATE_OLD 30 /* a conversion says so */
int64_t currency_days(int64_t day, int64_t at); /* from a rate's day to a moment; 0 when it is later */

enum currency_way {
    CURRENCY_RATE,      /* *rate is set: amount * to / from */
    CURRENCY_NO_VALUE,  /* send the event without value and currency; a note says why */
    CURRENCY_NOT_SENT,  /* quarantine: *code and *reason say why */
};

/* at: Unix seconds of the conversion.  Old and early rates are noted (W032, W066). */
enum currency_way currency_rate(const struct offer *offer, const struct rates *rates,
                                struct slice from, struct slice to, int64_t at,
                                struct arena *arena, struct notes *notes, struct rate_pair *rate,
                                const char **code, struct slice *reason);

/* Does a rule of the offer convert from a currency that is known before any postback?  Gives it, and
 * where the rule stands, one after the other: start with *next 0; false at the end. */
struct currency_need {
    struct slice from, to;
    struct place at;
};
bool currency_need(const struct offer *offer, size_t *next, struct currency_need *out);

/* C034, C035: needs of the offer that these rates do not meet at `now`.  certain: these are the rates
 * that serve would use.  True when the offer has a need at all. */
bool currency_check(const struct offer *offer, const struct rates *rates, int64_t now, bool certain,
                    struct diags *diags);

#endif
