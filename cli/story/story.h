/* story.h: all that is known of one conversion: its click, its postbacks with verdict and rule, their
 * events, each attempt and TikTok's answer.  Read from the store, also beside a running server; `trace`
 * and the inspector print the same. */
#ifndef CLI_STORY_STORY_H
#define CLI_STORY_STORY_H

#include "adapters/store/store.h"
#include "cli/catalog.h"
#include "cli/walks/walks.h"
#include "core/params/params.h"

/* By what the rows were found, in the order in which it is asked. */
enum story_match {
    STORY_NOTHING,
    STORY_CLICK_ID,
    STORY_EVENT_ID,
    STORY_TTCLID,
    STORY_TXID,
    STORY_ORDER_ID,
    STORY_TTCLID_PREFIX,
    STORY_ROW, /* story_of_postback */
    STORY_WALK, /* nothing but a simulation has it */
};
const char *story_match_name(enum story_match m); /* "click_id" ... "ttclid_prefix", "simulation"; "" for nothing */

struct story_event {
    struct store_event event;
    struct store_attempt *attempts; /* oldest first */
    size_t attempt_count;
};

struct story_postback {
    struct store_postback postback;
    bool gone;         /* retention, or a damage, has left only its events: the id is all that is known */
    struct place rule; /* of the offer's mapping as it is now; source NULL: none, or no such offer */
    struct params params;
    struct story_event *events; /* that this postback put, oldest first; of a duplicate none */
    size_t event_count;
    size_t group;
};

struct story_click {
    struct store_click click;
    size_t group;
};

/* Rows of one group have the same offer and click id (or, without one, ttclid).  Lists are in the order
 * of groups, in each oldest first. */
struct story {
    struct slice id;         /* as it may be shown: personal data as its hash */
    enum story_match matched;
    struct story_click *clicks;
    size_t click_count;
    struct story_postback *postbacks;
    size_t postback_count;
    size_t groups;
    bool more;              /* there are more than STORY_MOST rows of a kind: the newest are here */
    struct walks_found walks; /* of `simulate --keep`, that have one of the ids */
    struct slice meaning;   /* nothing was found: lines that say what that means and what to check */
};
#define STORY_MOST 200

struct story_in {
    struct store *store;           /* a reader's handle or the writer's */
    const struct catalog *catalog; /* for rules and retention; NULL: neither is told */
    struct identity_hasher *hasher;
    struct arena *arena;           /* everything of the story is in it, or in catalog */
    int64_t now;                   /* Unix seconds */
};

/* The story of whatever has that id, blanks around it aside: a click id, event_id, ttclid (also its first
 * STORE_PREFIX characters or more), transaction id or order id.  1: found.  0: nothing, and `meaning`
 * says why that may be.  -1: *err. */
int story_find(const struct story_in *in, struct slice id, struct story *out, struct err *err);

/* The same for one postback by its row: it alone with its events, and its click.  1; 0: there is no such
 * row; -1. */
int story_of_postback(const struct story_in *in, int64_t row, struct story *out, struct err *err);

/* {"id":..,"matched":..,"clicks":[..],"postbacks":[..],"walks":[..],"more":..,"meaning":".."}, no line end; and its
 * parts: members without braces, and the single objects. */
void story_json(struct buf *out, const struct story *s);
void story_json_members(struct buf *out, const struct story *s);
void story_json_click(struct buf *out, const struct store_click *c);
void story_json_postback(struct buf *out, const struct story_postback *p);
void story_json_event(struct buf *out, const struct story_event *e);
const char *story_verdict_name(enum store_verdict v); /* "queued" ...; "" for another number */
const char *story_state_name(enum store_state s);     /* "waiting" ... */
/* What became of events, for store_latest.states: one of STORY_STATES, or "dead", which is "refused". */
#define STORY_STATES "waiting, delivered, refused or withdrawn"
bool story_states(struct slice word, unsigned *states);

/* For people: group by group, what happened in its order; control characters as '?'. */
void story_print(struct buf *out, const struct story *s, bool colour);

#endif
