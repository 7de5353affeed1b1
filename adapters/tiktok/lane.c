#include "adapters/tiktok/lane.h"

#include <stdlib.h>
#include <string.h>

struct lane *lane_new(const struct sender_pixel *target)
{
    struct lane *lane = calloc(1, sizeof(*lane));

    if (!lane)
        return NULL;
    memcpy(lane->name, target->pixel.ptr, target->pixel.len);
    lane->state.pixel = (struct slice){ lane->name, target->pixel.len };
    lane->ready_last = &lane->ready;
    return lane;
}

void lane_queue(struct lane *lane, struct part *part)
{
    part->next = NULL;
    *lane->ready_last = part;
    lane->ready_last = &part->next;
}

struct part *lane_unqueue(struct lane *lane)
{
    struct part *part = lane->ready;

    lane->ready = part->next;
    if (!lane->ready)
        lane->ready_last = &lane->ready;
    return part;
}

void lane_why(struct lane *lane, struct slice words)
{
    size_t n = words.len;

    if (n >= sizeof(lane->state.why)) /* no character cut in two */
        for (n = sizeof(lane->state.why) - 1; n && ((unsigned char)words.ptr[n] & 0xc0) == 0x80;)
            n--;
    memcpy(lane->state.why, words.ptr, n);
    lane->state.why[n] = '\0';
}

void lane_free(struct lane *lane)
{
    while (lane->ready)
        batch_drop(lane_unqueue(lane));
    free(lane);
}
