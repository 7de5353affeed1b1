#include "adapters/tiktok/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/reports.h"

enum { ARENA_LIMIT = 128 << 20 };

struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    arena_init(&b->taken.arena, ARENA_LIMIT);
    b->order = malloc(BATCH_MAX * sizeof(*b->order));
    b->outcomes = malloc(BATCH_MAX * sizeof(*b->outcomes));
    b->parts = malloc(BATCH_MAX * sizeof(*b->parts));
    if (b->order && b->outcomes && b->parts)
        return b;
    batch_free(b);
    return NULL;
}

void batch_clear(struct batch *b)
{
    arena_reset(&b->taken.arena);
    b->taken = (struct sender_batch){ .arena = b->taken.arena };
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    if (b->held)
        *b->held -= b->bytes;
    arena_free(&b->taken.arena);
    free(b->order);
    free(b->outcomes);
    free(b->parts);
    free(b);
}

void batch_hold(struct batch *b, size_t *held)
{
    b->held = held;
    b->bytes = b->taken.arena.used;
    *held += b->bytes;
}

/* Parts never share an event and are never empty, so there are at most as many as events. */
static struct part *add_part(struct batch *b, size_t first)
{
    struct part *part;

    assert(b->parts_used < BATCH_MAX);
    part = &b->parts[b->parts_used++];
    *part = (struct part){ .batch = b, .first = first };
    return part;
}

struct part *batch_cut(struct batch *b, size_t max_bytes)
{
    size_t bytes = 0;
    struct part *head = NULL, *part = NULL;

    assert(b->taken.count <= BATCH_MAX);
    for (size_t i = 0; i < b->taken.count; i++) {
        size_t len = b->taken.events[i].body.len + 1;
        b->order[i] = &b->taken.events[i];
        if (!part || len > max_bytes - bytes) {
            struct part *fresh = add_part(b, i);
            if (part)
                part->next = fresh;
            else
                head = fresh;
            part = fresh;
            bytes = 0;
        }
        part->count++;
        bytes = len < max_bytes - bytes ? bytes + len : max_bytes;
    }
    b->open = b->undecided = b->taken.count;
    for (part = head; part; part = part->next)
        part->at_once = b->taken.count == BATCH_MAX || head->next;
    return head;
}

void batch_body(struct buf *out, const struct sender_pixel *pixel, const struct part *part)
{
    const struct batch *b = part->batch;

    buf_add(out, S("{\"event_source\":"));
    buf_json(out, pixel->event_source);
    buf_add(out, S(",\"event_source_id\":"));
    buf_json(out, pixel->pixel);
    if (b->taken.test_code.len) {
        buf_add(out, S(",\"test_event_code\":"));
        buf_json(out, b->taken.test_code);
    }
    buf_add(out, S(",\"data\":["));
    for (size_t i = 0; i < part->count; i++) {
        if (i)
            buf_byte(out, ',');
        buf_add(out, b->order[part->first + i]->body);
    }
    buf_add(out, S("]}"));
}

size_t batch_set_aside(struct part *part, size_t index)
{
    const struct sender_event **order = part->batch->order + part->first, *bad;

    assert(index < part->count && part->count > 1);
    bad = order[index];
    memmove(order + 1, order, index * sizeof(*order));
    order[0] = bad;
    part->count--;
    return part->first++;
}

struct part *batch_halve(struct part *part)
{
    size_t keep = part->count / 2;
    struct part *second;

    assert(part->count > 1);
    second = add_part(part->batch, part->first + keep);
    second->count = part->count - keep;
    part->count = keep;
    return second;
}

void batch_reported(struct batch *b, size_t count)
{
    assert(count <= b->open);
    b->open -= count;
    if (b->open == 0)
        batch_free(b);
}

void batch_drop(struct part *part)
{
    struct batch *b = part->batch;
    size_t count = part->count;

    b->undecided -= count;
    while (b->undecided == 0 && b->suspects) {
        struct record *r = b->suspects;
        b->suspects = r->next;
        free(r);
        count++;
    }
    batch_reported(b, count);
}
