/* story_gather.h: inside of cli/story: how the rows of a story come together. */
#ifndef CLI_STORY_STORY_GATHER_H
#define CLI_STORY_STORY_GATHER_H

#include "cli/story/story.h"

/* Rows with one offer and click id, or without one with one ttclid. */
struct gather_group {
    struct slice offer, click_id, ttclid, event_id;
    int64_t oldest; /* Unix milliseconds, for the order of groups */
    size_t at;      /* its number in the story */
};

struct gather {
    const struct story_in *in;
    struct story *out;
    struct err *err;
    struct gather_group groups[STORY_MOST];
    size_t group_count;
    struct store_event *events[STORY_MOST * 4]; /* each once */
    size_t event_count;
    bool full; /* of memory: an error */
};

/* Each row only once. */
void gather_click(struct gather *g, const struct store_click *c);
void gather_postback(struct gather *g, const struct store_postback *pb, bool gone);
void gather_event(struct gather *g, struct store_event *ev);

/* The rest of every conversion that has a row by now: its click, postbacks, events; or the click and events
 * of the only postback.  -1: *err. */
int gather_complete(struct gather *g);
int gather_single(struct gather *g);

/* What is told of each row, attempts too, and the order of the lists. */
int gather_finish(struct gather *g);

/* Why there may be nothing (story_meaning.c). */
int story_explain_nothing(const struct story_in *in, struct slice id, struct story *out,
                          struct err *err);

#endif
