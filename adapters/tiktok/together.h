/* together.h: several senders, of several machines: what one learns of a pixel is told, what others have learned is
 * heard: pauses, waits, events that are due, and into how many parts the limit of requests goes. */
#ifndef ADAPTERS_TIKTOK_TOGETHER_H
#define ADAPTERS_TIKTOK_TOGETHER_H

#include "adapters/tiktok/lane.h"

struct together {
    const struct sender_host *host;
    struct sender_gate *gates;
    size_t room;
    int64_t look_at; /* the next look */
    int64_t send_at; /* no request before; PIXEL_NEVER: nobody has been heard yet */
};

void together_init(struct together *t, const struct sender_host *host);
void together_free(struct together *t);

/* Tell and hear.  Cheap when it is not yet time. */
void together_step(struct together *t, struct lane **lanes, size_t count, struct pixel_pace *pace, int64_t now);

/* When to call it next. */
int64_t together_next(const struct together *t);

/* May a request start? */
bool together_may_send(const struct together *t, int64_t now);

#endif
