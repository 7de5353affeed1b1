/* sequence.h: postbacks one after the other, with the same memory as the store has: what `tests:`
 * with `before:` and `translate --history` run through.  Nothing outlives the arena. */
#ifndef CORE_TRANSLATE_SEQUENCE_H
#define CORE_TRANSLATE_SEQUENCE_H

#include "core/translate/past.h"

/* What is remembered, by hash; newest first. */
struct sequence_link {
    uint64_t hash;
    const void *what;
    struct sequence_link *next;
};

struct sequence_table {
    struct sequence_link **buckets;
    size_t room, count; /* room: a power of two */
};

struct sequence {
    const struct translator *translator;
    const struct offer *offer;
    struct arena *arena; /* of what is remembered */
    bool lean; /* without parameters: half the memory; a duplicate's sentence says less */
    struct sequence_table by_click, by_ttclid, by_id, events;
    int64_t last_id;
};

/* The next postback; out and params as for translate_read, out->arena set.  The verdict may be
 * `duplicate`, too; only events that were not accepted before stay in out.  -1, ERR_BUSY: an arena is full. */
int sequence_next(struct sequence *s, struct params *params, const struct click *click,
                  int64_t now, struct translation *out, struct err *err);

#endif
