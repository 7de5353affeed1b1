/* group.h: a handful of kept postbacks or dead events, decided once more in one transaction.  Who has
 * the store open for writing does it: the running server (POST /replay on its control socket) or,
 * without one, the verb itself; both take the same text and give the same. */
#ifndef CLI_REPLAY_GROUP_H
#define CLI_REPLAY_GROUP_H

#include "adapters/store/store.h"
#include "cli/catalog.h"

#define REPLAY_GROUP 100 /* rows at a time: a server's postbacks wait for them some milliseconds */

struct replay_order {
    bool dead;   /* the ids are of events, else of postbacks */
    bool dry;    /* roll back, and tell the bodies */
    bool anyway; /* send also what TikTok may have and not recognise any more */
    struct slice status; /* only postbacks with this status word or stage; empty: all */
    uint64_t rules; /* catalog.print of who asks: other rules are not what it has shown */
    int64_t ids[REPLAY_GROUP];
    size_t count;
};

/* {"dead":false,...,"ids":[1,2]} */
void replay_order_print(struct buf *out, const struct replay_order *order);

/* Texts into arena.  ERR_INPUT when it is none. */
int replay_order_parse(struct slice text, struct arena *arena, struct replay_order *out,
                       struct err *err);

/* Do it, from begin to commit, and tell of every row:
 *   {"rows":[{"id":7,"was":"Q002","verdict":"queued","code":"","reason":"","offer":..,"click_id":..,
 *    "at":1790000000123,"events":[{"pixel":..,"event":..,"event_id":..,"fresh":true,"source":"web",
 *    "test_code":"","micros":"12500000","currency":"USD"}]},
 *    {"id":8,"left":"the offer \"x\" is not configured"},{"id":9,"other":true}]}
 * With order->dry events also have "formerly":[..], "plain_id":.., "own_id":.. and "body":"{..}" and nothing is changed.  Of dead
 * events `was` is the note, `verdict` "waiting" and there is one event.  `left`: nothing was done to
 * the row, and why.  `other`: it has not the status that was asked for.  -1: nothing was changed; ERR_INPUT when the rules differ. */
int replay_group(struct store *writer, struct catalog *catalog, const struct replay_order *order,
                 int64_t now_ms, struct buf *out, struct err *err);

/* ---- dead events (dead.c) ---- */

enum replay_risk {
    REPLAY_SAFE,
    REPLAY_REPEAT, /* TikTok may have it, and past 48 hours it counts a repeat once more */
    REPLAY_OLD,    /* past 28 days: no click can be credited with it */
};
enum replay_risk replay_risk(const struct store_event *ev, int64_t now_ms);

/* ---- inside ---- */

struct replay_work {
    struct store *store;
    struct catalog *catalog;
    struct identity_hasher *hasher;
    const struct replay_order *order;
    int64_t now_ms;
    struct arena arena; /* of one row */
    struct buf *out;
};
int replay_dead_row(struct replay_work *w, int64_t id, struct err *err);
/* "id":7,"left":"..." */
void replay_left(struct replay_work *w, int64_t id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void replay_member(struct buf *out, const char *name, struct slice value); /* ,"name":"value" */

#endif
