/* memory.h: what TikTok remembers to deduplicate ("Event Deduplication"): the first event of a key
 * counts, later ones within 5 minutes are merged into it, within 48 hours dropped, then it is
 * forgotten.  Bounded: when full the oldest key goes first. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_MEMORY_H
#define ADAPTERS_TIKTOK_SANDBOX_MEMORY_H

#include "core/base/slice.h"

#define MEMORY_MERGE_SECONDS 300
#define MEMORY_KEEP_SECONDS 172800

/* 128 bits of (event_source_id, event, event_id): enough to compare only these. */
struct memory_key {
    uint64_t a, b;
};
struct memory_key sandbox_memory_key(struct slice source_id, struct slice event,
                                     struct slice event_id);

struct memory_entry;

struct sandbox_memory {
    struct memory_entry *ring; /* in order of arrival; entry n is at n & mask */
    uint32_t *slots;           /* place in the ring + 1; 0: free; twice as many as places */
    uint64_t first, next;      /* entries first..next-1 are remembered */
    uint64_t mask;             /* places - 1; meaningless while ring is NULL */
    size_t cap;                /* keys at most */
};

enum memory_verdict { MEMORY_FAILED, MEMORY_NEW, MEMORY_MERGE, MEMORY_DROP };

void sandbox_memory_init(struct sandbox_memory *m, size_t cap);
void sandbox_memory_free(struct sandbox_memory *m);

/* record: the caller's number for this event, kept when it is new; otherwise *first is the number
 * of the event that it repeats.  MEMORY_FAILED: out of memory. */
enum memory_verdict sandbox_memory_see(struct sandbox_memory *m, struct memory_key key, int64_t now,
                                       uint64_t record, uint64_t *first);

#endif
