/* judge.h: what an answer, or its absence, means for the events of its request and their pixel. */
#ifndef ADAPTERS_TIKTOK_JUDGE_H
#define ADAPTERS_TIKTOK_JUDGE_H

#include "adapters/tiktok/lane.h"
#include "adapters/tiktok/pixel.h"
#include "adapters/tiktok/reports.h"
#include "adapters/tiktok/transport.h"

struct judge {
    const struct sender_host *host;
    struct reports reports;
    struct pixel_timing timing;
    uint64_t generation; /* of the settings: an answer to an older one pauses nothing */
    uint64_t dice;       /* for jitter */
};

void judge_init(struct judge *j, const struct sender_host *host, uint64_t jitter_seed);

/* The request of r has ended (pixel_ended has been called).  Reports its events, or puts those that
 * shall be sent again at once back on r's lane.  Takes r over. */
void judge_answer(struct judge *j, struct record *r, const struct transport_answer *answer,
                  int64_t now);

/* What is ready on lane goes back to the host, not sent, to be tried again at due.  false: some is
 * still there for want of memory. */
bool judge_give_back(struct judge *j, struct lane *lane, const char *why, int64_t due,
                     int64_t now);

#endif
