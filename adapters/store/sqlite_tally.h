/* sqlite_tally.h: tally.h in the SQLite engine.  What a transaction counts gathers in memory and is
 * written before its commit: a group of many postbacks of one offer changes some ten rows. */
#ifndef ADAPTERS_STORE_SQLITE_TALLY_H
#define ADAPTERS_STORE_SQLITE_TALLY_H

#include "adapters/store/sqlite.h"
#include "adapters/store/tally.h"

struct tally;
struct tally *tally_new(void);
void tally_free(struct tally *t);
void tally_forget(struct tally *t); /* after a rollback, or when the table is no longer what it was */

/* An event, as far as its numbers need it. */
struct tally_event {
    int64_t id, created, offer, event; /* the last two are ids of names */
};

int tally_click(struct sqlite *s, int64_t offer, int64_t at, bool ttclid, int n, struct err *err);
/* n: 1, or -1 for one that is decided once more. */
int tally_postback(struct sqlite *s, const struct store_postback *pb, int n, struct err *err);
int tally_put(struct sqlite *s, const struct tally_event *e, const struct store_event *ev, struct err *err);
/* One more (n: 1) or less (-1) is in this state. */
int tally_state(struct sqlite *s, const struct tally_event *e, enum store_state state, int n, struct err *err);
int tally_answer(struct sqlite *s, const struct tally_event *e, const struct store_attempt *a,
                 enum store_state meant, struct err *err);
int tally_delivered(struct sqlite *s, const struct tally_event *e, const struct store_attempt *a, struct err *err);

/* Remember, or find, what an event's numbers need. */
void tally_note(struct sqlite *s, const struct tally_event *e);
int tally_find(struct sqlite *s, int64_t id, struct tally_event *out, struct err *err); /* 1; 0: gone */

int tally_write(struct sqlite *s, struct err *err); /* before the commit */
int tally_drop(struct sqlite *s, int64_t before_ms, unsigned max, struct err *err); /* how many, or -1 */

/* Of a store whose rows were never counted: count them, in transactions of its own. */
int tally_catch_up(struct sqlite *s, struct err *err);
/* All rows, in the transaction that is open. */
int tally_rows(struct sqlite *s, struct err *err);

int sqlite_walk_tallies(struct store *, int64_t, int64_t, struct slice, store_tally_visit *, void *, struct err *);

#endif
