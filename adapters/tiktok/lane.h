/* lane.h: a pixel with what the sender's thread holds of it. */
#ifndef ADAPTERS_TIKTOK_LANE_H
#define ADAPTERS_TIKTOK_LANE_H

#include "adapters/tiktok/batch.h"
#include "adapters/tiktok/pixel.h"
#include "adapters/tiktok/sender.h"
#include "adapters/tiktok/targets.h"

struct lane {
    struct pixel pixel;
    const struct sender_pixel *target;      /* NULL: not in the settings any more */
    struct part *ready, **ready_last;       /* to be sent, in this order */
    struct sender_pixel_state state;        /* but for paused and backing_off, which pixel knows */
    char name[TARGETS_PIXEL_MAX + 1];
    bool worked;  /* something was accepted since the start or the last reload */
    bool vouched; /* the last thing that happened to it is that a request was accepted */
    bool refused; /* the last batch was refused whole: the next ones are small */
    struct lane_shared { /* what all senders of it know, as far as this one has said or heard it (together.h) */
        bool paused;
        bool anew;   /* a start or reload: what others say of before is to be forgotten */
        bool insist; /* and they do say something */
        int64_t until, version;
        unsigned failures;
    } shared;
};

/* NULL without memory. */
struct lane *lane_new(const struct sender_pixel *target);

void lane_queue(struct lane *lane, struct part *part);
struct part *lane_unqueue(struct lane *lane); /* the first; there must be one */

/* Why it is paused or waits: as much of words as there is room for. */
void lane_why(struct lane *lane, struct slice words);

void lane_free(struct lane *lane); /* forgets what is ready */

#endif
