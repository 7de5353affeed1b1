/* trail.h: what was done to each field of an event, for `translate --explain`: recorded while it is
 * done, in order, and only when somebody wants it. */
#ifndef CORE_BASE_TRAIL_H
#define CORE_BASE_TRAIL_H

#include "core/base/arena.h"
#include "core/base/diag.h"

struct trail_step {
    struct slice field; /* of the event, as in its JSON: "user.email", "properties.value" */
    struct slice value; /* as sent, or as far as it has come; never personal data in the clear */
    struct slice done;  /* "payout 12,50 EUR from parameter payout", "times 80 %" */
    struct place at;    /* the line of the mapping that says so; source NULL: none does */
    struct trail_step *next;
};

struct trail {
    bool on; /* off: trail_add does nothing */
    struct arena *arena;
    struct trail_step *first, *last;
    size_t count;
};

/* At most 500 are kept.  field and value are copied. */
void trail_add(struct trail *t, struct slice field, struct slice value, const struct place *at,
               const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
