/* past.h: a postback among the earlier ones of its click, whoever remembers those: the store, or a
 * sequence in memory.
 *
 *     translate_read; past_before; translate_finish; ask who remembers for duplicates; past_settle
 */
#ifndef CORE_TRANSLATE_PAST_H
#define CORE_TRANSLATE_PAST_H

#include "core/translate/translate.h"

/* All of one offer.  Functions give -1 with *err when the memory fails. */
struct memory {
    void *context;
    /* Is there anything in this past that an event must know of: something that was taken back, or a
     * postback that came without a click id?  1 or 0.  Cheap. */
    int (*marked)(void *context, struct slice click_id, struct slice ttclid, struct err *err);
    /* The postbacks of that click id, and those without one of that ttclid; with click_id empty all
     * of that ttclid.  Newest first, at most HISTORY_MOST. */
    int (*history)(void *context, struct slice click_id, struct slice ttclid, struct arena *arena,
                   struct history *out, struct err *err);
    /* The parameters of one, name=value&... as they were kept.  1; 0: they were not. */
    int (*params)(void *context, int64_t id, struct arena *arena, struct slice *out,
                  struct err *err);
};

/* Look up what the translation of this postback needs to know, into t->history.  click_id and ttclid
 * are the postback's or, without, its click's, as they are kept.  A postback without a click id
 * belongs to the click that an earlier one with its ttclid named: then *click is filled and *known
 * set. */
int past_before(const struct memory *m, const struct offer *offer, struct translation *t,
                struct slice click_id, struct slice ttclid, struct click *click, bool *known,
                struct err *err);

/* The last word on a translation with events.  fresh: one of them at least was not accepted before.
 * Else the verdict becomes `duplicate`, also when -1 is returned, and its sentence says what
 * differs from the first time. */
int past_settle(const struct memory *m, const struct offer *offer, const struct params *params,
                struct translation *t, bool fresh, int64_t now, struct err *err);

#endif
