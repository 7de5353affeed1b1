/* lifecycle.h: what was seen of a conversion before, and what may follow it.  A conversion is known
 * by offer and click id; a transaction of a repeatable event is one of its own.  docs/lifecycle.md
 * says for every sequence what is sent and why. */
#ifndef CORE_RULES_LIFECYCLE_H
#define CORE_RULES_LIFECYCLE_H

#include "core/mapping/mapping.h"

enum seen_as { SEEN_QUEUED = 1, SEEN_DUPLICATE, SEEN_IGNORED, SEEN_QUARANTINED };

/* One earlier postback of the same click. */
struct seen {
    int64_t id; /* for whoever remembers its parameters */
    int64_t at; /* arrival, Unix seconds */
    struct slice stage, txid, click_id, event_id;
    enum seen_as as;
    struct slice code; /* of its verdict */
};

/* Newest first, at most HISTORY_MOST: older ones are not looked at. */
struct history {
    const struct seen *list;
    size_t count;
};
#define HISTORY_MOST 100

/* rejected, refund, chargeback: what was counted is taken back. */
bool lifecycle_takes_back(struct slice stage);

/* Does this offer ever ask for the history before it decides? */
bool lifecycle_used(const struct offer *offer);

/* Must the history be known before a postback of this stage is translated? */
bool lifecycle_wants(const struct offer *offer, struct slice stage);

/* Did it change where the conversion stands?  Not when it was not understood, or refused by
 * `transitions:`. */
bool lifecycle_moved(const struct seen *s);

/* Where the conversion of this stage and transaction stood last; NULL: nothing was seen of it. */
const struct seen *lifecycle_last(const struct offer *offer, const struct history *h,
                                  struct slice stage, struct slice txid);

/* The newest postback of which the offer has made this event: of that transaction, or, txid empty,
 * of the whole click.  Only by a rule that is repeatable or not, as asked.  NULL: none. */
const struct seen *lifecycle_source(const struct offer *offer, const struct history *h,
                                    struct slice event, struct slice txid, bool repeatable);

/* The newest postback of the conversion, or of the transaction, of which something was sent that
 * could be taken back.  NULL: none. */
const struct seen *lifecycle_sent(const struct offer *offer, const struct history *h,
                                  struct slice txid);

/* By `transitions:`.  NULL: it may come.  Else the rule that forbids it; *last is where the
 * conversion stood, NULL when nothing was seen of it. */
const struct transition_rule *lifecycle_forbids(const struct offer *offer, const struct history *h,
                                                struct slice stage, struct slice txid,
                                                const struct seen **last);

/* A moment as sentences name it. */
struct slice lifecycle_when(struct arena *arena, int64_t seconds);

/* "new, lead or hold": what the rule lists. */
struct slice lifecycle_list(const struct transition_rule *rule, struct arena *arena);

#endif
