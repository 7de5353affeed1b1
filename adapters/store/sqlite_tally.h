/* sqlite_tally.h: tally.h in the SQLite engine.  What a transaction counts gathers in memory and is
 * written before its commit: a group of many postbacks of one offer changes some ten rows. */
#ifndef ADAPTERS_STORE_SQLITE_TALLY_H
#define ADAPTERS_STORE_SQLITE_TALLY_H

#include "adapters/store/sqlite.h"
#include "adapters/store/tally.h"

/* Kind and slot of `tallies` in words, as SQL: enum store_tally_kind, store_verdict, store_state and match_key,
 * TALLY_LATENCY_MS, and currencies, whose three letters a slot holds.  Part of the schema: never changed. */
#define TALLY_KIND_WORD                                                                            \
    "CASE kind WHEN 1 THEN 'clicks' WHEN 2 THEN 'postbacks'"                                       \
    " WHEN 3 THEN 'reasons' WHEN 4 THEN 'warnings' WHEN 5 THEN 'events' WHEN 6 THEN 'latency'"     \
    " WHEN 7 THEN 'valued' WHEN 8 THEN 'values' WHEN 9 THEN 'originals' WHEN 10 THEN 'keys'"       \
    " WHEN 11 THEN 'answers' END"
#define TALLY_SLOT_WORD                                                                                       \
    "CASE WHEN kind = 1 THEN iif(slot, 'with ttclid', 'all')"                                      \
    " WHEN kind IN (2, 3) THEN CASE slot WHEN 1 THEN 'queued' WHEN 2 THEN 'duplicate'"             \
    " WHEN 3 THEN 'ignored' WHEN 4 THEN 'quarantined' END"                                         \
    " WHEN kind = 4 THEN 'postbacks'"                                                              \
    " WHEN kind = 5 THEN CASE slot WHEN 1 THEN 'made' WHEN 3 THEN 'delivered' WHEN 4 THEN 'dead'"  \
    " WHEN 5 THEN 'withdrawn' END"                                                                 \
    " WHEN kind = 6 THEN CASE slot WHEN 0 THEN 'to 0.1 s' WHEN 1 THEN 'to 0.25 s'"                 \
    " WHEN 2 THEN 'to 0.5 s' WHEN 3 THEN 'to 1 s' WHEN 4 THEN 'to 2.5 s' WHEN 5 THEN 'to 5 s'"     \
    " WHEN 6 THEN 'to 10 s' WHEN 7 THEN 'to 30 s' WHEN 8 THEN 'to 1 min' WHEN 9 THEN 'to 5 min'"   \
    " WHEN 10 THEN 'to 15 min' WHEN 11 THEN 'to 1 h' WHEN 12 THEN 'to 6 h' WHEN 13 THEN 'to 1 d'"  \
    " ELSE 'above' END"                                                                            \
    " WHEN kind = 7 THEN iif(slot, 'with a value', 'without')"                                     \
    " WHEN kind IN (8, 9) THEN char(slot >> 16, (slot >> 8) & 255, slot & 255)"                    \
    " WHEN kind = 10 THEN CASE slot WHEN 0 THEN 'ttclid' WHEN 1 THEN 'email' WHEN 2 THEN 'phone'"  \
    " WHEN 3 THEN 'external_id' WHEN 4 THEN 'ip' WHEN 5 THEN 'user_agent' WHEN 6 THEN 'ttp'"       \
    " WHEN 7 THEN 'first_name' WHEN 8 THEN 'last_name' WHEN 9 THEN 'city' WHEN 10 THEN 'state'"    \
    " WHEN 11 THEN 'zip_code' WHEN 12 THEN 'country' WHEN 13 THEN 'locale' END"                    \
    " WHEN kind = 11 THEN CASE slot WHEN 1 THEN 'tried again' WHEN 3 THEN 'delivered'"             \
    " WHEN 4 THEN 'dead' END END"

/* Of verify's own count: events whose body a refusal has emptied, and so what keys they had. */
#define TALLY_EMPTIED 12

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
int tally_emptied(struct sqlite *s, const struct tally_event *e, struct err *err);
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
