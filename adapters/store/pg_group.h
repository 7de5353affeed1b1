/* pg_group.h: a group of calls that makes two or three trips to the database in all, however many they are.
 *
 * The first time that a group is run, what it reads is not known: it is noted, and taken for absent.  Commit
 * asks for all of it at once and has the group run again, now with the answers; and so on until nothing
 * new was asked.  What is to be written gathers meanwhile, and goes out in one statement per table, together with COMMIT.
 * Keys that another handle takes first, and clicks that it adds first, make a statement before COMMIT fail: all is asked anew,
 * and the group is run once more.
 *
 * All slices of rows that gather live as long as the pass; answers as long as the transaction. */
#ifndef ADAPTERS_STORE_PG_GROUP_H
#define ADAPTERS_STORE_PG_GROUP_H

#include "adapters/store/click_merge.h"
#include "adapters/store/pg.h"

struct pass_click { /* a click as this pass has left it */
    struct kept_click k;
    struct store_click had; /* when it was known */
    bool known;
    struct pass_click *next;
};
struct pg_put_postback {
    struct store_postback pb;
    int64_t id;
};
struct pg_put_event {
    struct store_event ev;
    int64_t id;
    struct slice key, plain_key; /* plain_key: empty when it has none, or another event has it */
};

/* ---- what is known and what was put ---- */

#define PG_BUCKETS 8192

/* What may be asked of the database by an offer and an id. */
enum pg_ask { ASK_BY_CLICK_ID, ASK_BY_TTCLID, ASK_NAMELESS /* by ttclid, of a click without a click_id */, ASK_MARK_ID, ASK_MARK_TTCLID,
            ASK_KEY /* of an event; no offer */, ASK_KINDS };

struct pg_answer {
    struct pg_answer *next, *next_want;
    enum pg_ask kind;
    struct slice offer, id;
    bool asked, locked, lock; /* lock: it will be changed */
    /* What the database said. */
    bool found, plain;
    int64_t event;
    struct kept_click click;
    /* What this pass has put, over that. */
    unsigned pass;
    struct pass_click *over;
    bool put_plain, put;
    int64_t put_event;
};

struct pg_group {
    bool on, leave;
    unsigned pass, rounds;
    struct arena memory;   /* answers */
    struct arena gathered; /* of this pass */
    struct pg_answer *buckets[PG_BUCKETS], *wants[ASK_KINDS];
    struct pass_click *clicks, **clicks_end;
    struct pg_put_postback *postbacks;
    struct pg_put_event *events;
    size_t postback_count, postback_cap, event_count, event_cap, plain_count;
};

struct pg_group *pg_group_new(void);
void pg_group_free(struct pg_group *g);

void pg_group_start(struct pg *s); /* a group begins */
void pg_group_end(struct pg *s);   /* it is committed, or given up */

void pg_group_forget(struct pg_group *g); /* all answers */
void pg_group_pass(struct pg *s);         /* the calls are made again: forget what was put */
/* The place of an answer; what is not known yet will be asked.  lock: for changing it.  NULL: no memory. */
struct pg_answer *pg_answer_of(struct pg_group *g, enum pg_ask kind, struct slice offer, struct slice id, bool lock);

/* Is the transaction a group, whose calls may be guesses? */
bool pg_grouped(const struct pg *s);
/* A call that can't be a guess: the group goes on call by call.  0: it may be made now.  1: the caller gives any
 * answer; the group will be run again. */
int pg_group_leave(struct pg *s, struct err *err);

/* The calls of store.h. */
int pg_group_click_find(struct pg *s, struct slice offer, struct slice click_id, struct slice ttclid, struct arena *arena,
                        struct store_click *out, struct err *err);
int pg_group_click_put(struct pg *s, const struct store_click *click, const struct store_refusal *how, struct err *err);
int pg_group_postback_put(struct pg *s, const struct store_postback *pb, int64_t id, struct err *err);
int pg_group_event_put(struct pg *s, const struct store_event *ev, int64_t id, int64_t *first, struct err *err);
int pg_group_marked(struct pg *s, struct slice offer, struct slice click_id, struct slice ttclid, struct err *err);

/* pg_write.c: many rows, one statement for each table, queued. */
int pg_write_clicks(struct pg *s, const struct pass_click *list, struct err *err);
int pg_write_events(struct pg *s, const struct pg_put_event *list, size_t count, struct err *err);
int pg_write_postbacks(struct pg *s, const struct pg_put_postback *list, size_t count, struct err *err);

/* Ask for what is not known, or queue what has gathered.  1: run it again.  0: queued, to be committed. */
int pg_group_settle(struct pg *s, struct err *err);
/* Another handle was faster: the transaction begins anew, all is asked once more.  1: run it again. */
int pg_group_again(struct pg *s, struct err *err);

#endif
