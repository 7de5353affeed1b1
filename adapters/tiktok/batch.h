/* batch.h: events that were taken, cut into the parts that make a request each.  The memory for
 * all their ways is there before anything is taken, so that none can get lost for want of it. */
#ifndef ADAPTERS_TIKTOK_BATCH_H
#define ADAPTERS_TIKTOK_BATCH_H

#include "adapters/tiktok/sender.h"
#include "core/base/buf.h"

enum { BATCH_MAX = 1000, BATCH_BYTES_MAX = 4 << 20 };

struct batch;
struct record;

struct part {
    struct batch *batch;
    size_t first, count; /* of batch->order and batch->outcomes */
    bool at_once;        /* needs no waiting for company */
    struct part *next;   /* for lists of the owner */
};

struct batch {
    struct sender_batch taken;
    const struct sender_event **order; /* every event stands in one place of one part */
    struct sender_outcome *outcomes;   /* at the same places */
    struct part *parts;
    size_t parts_used, open; /* events not reported yet */
    size_t bytes, *held; /* bytes are part of *held as long as it lives; NULL: of nothing */
    size_t undecided;        /* events that no answer has said anything about yet */
    /* Events that were refused alone, by an answer that does not name them: theirs may be the fault,
     * or the request's.  One accepted event of the same batch tells. */
    struct record *suspects;
    bool proven; /* one was accepted */
};

/* Room for BATCH_MAX events, to be filled by the host's take; NULL without memory. */
struct batch *batch_new(void);

/* It counts in *held, which must outlive it. */
void batch_hold(struct batch *b, size_t *held);

/* Nothing was taken: ready for another take. */
void batch_clear(struct batch *b);

/* After take: the list of parts, each within max_bytes unless one event alone is larger. */
struct part *batch_cut(struct batch *b, size_t max_bytes);

/* The request body of part; check buf_ok. */
void batch_body(struct buf *out, const struct sender_pixel *pixel, const struct part *part);

/* Take the event at index out of part (count > 1): the result is its place in outcomes; part
 * holds the others in their order. */
size_t batch_set_aside(struct part *part, size_t index);

/* Halve part (count > 1): it keeps the first half, the result is the second. */
struct part *batch_halve(struct part *part);

/* count more events have been reported; frees b with the last. */
void batch_reported(struct batch *b, size_t count);

/* part will never be judged: it counts as reported. */
void batch_drop(struct part *part);

void batch_free(struct batch *b);

#endif
