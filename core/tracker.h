/* tracker.h: what a tracker adapter may say that a YAML mapping can't.
 *
 * The mapping reads the fields first.  Then `finish` may fill fields, decide the stage, or remark
 * on something.  An adapter does no I/O and keeps no state; most trackers need none at all. */
#ifndef CORE_TRACKER_H
#define CORE_TRACKER_H

#include "core/base/arena.h"
#include "core/params/params.h"
#include "core/record/record.h"

struct offer;

struct tracker_in {
    const struct params *params;
    const struct offer *offer;
    struct arena *arena; /* for values that must outlive the call */
    struct notes *notes;
};

struct tracker {
    const char *name;    /* the `tracker:` of its mappings */
    const char *summary; /* one line for people */
    /* May be NULL.  Set conv->stage to decide the stage; leave it empty and the mapping's `stages:`
     * decide by the status word. */
    void (*finish)(const struct tracker_in *in, struct conversion *conv);
};

/* Ended by NULL; adapters/trackers/list.c defines it and cli/ hands it to the loader. */
extern const struct tracker *const trackers[];

/* For adapters: set a field that the adapter has read out of the parameter `name`. */
static inline void conversion_set(struct conversion *conv, enum field f, struct slice value,
                                  struct slice name)
{
    conv->fields[f] =
        (struct field_value){ .value = value, .origin = ORIGIN_TRACKER, .name = name };
}

#endif
