/* tally.h: how many of what in each hour, counted by the engine inside of the transaction of what it
 * counts: after a crash, too, a tally is what the rows come to.  Kept as long as the ledger; what of
 * the counted rows has been removed earlier (clicks) stays counted.  Part of the contract of store.h.
 *
 * An hour begins at a multiple of 3600 Unix seconds.  Clicks are counted in the hour of their `at`,
 * postbacks in that of their arrival, events in that of their `created`, whatever happens to them
 * later (a cohort), answers in that in which the attempt started. */
#ifndef ADAPTERS_STORE_TALLY_H
#define ADAPTERS_STORE_TALLY_H

#include "adapters/store/store.h"

/* Kept in stores: never renumber. */
enum store_tally_kind {    /* name | slot */
    TALLY_CLICKS = 1,      /* "" | 0: clicks, 1: those of them that have a ttclid */
    TALLY_POSTBACKS,       /* stage, "" when there is none | enum store_verdict as it is now: a
                            * replay moves a postback from one verdict (and stage) to another */
    TALLY_REASONS,         /* the verdict's code, "Q003"; none: no row | enum store_verdict */
    TALLY_WARNINGS,        /* "W028" | 0: postbacks with that warning */
    TALLY_EVENTS,          /* event | enum store_state: STORE_WAITING: all that were put;
                            * STORE_DELIVERED, STORE_DEAD, STORE_WITHDRAWN: that are so now */
    TALLY_LATENCY,         /* event | bucket, from `created` to the end of the delivering attempt; all
                            * buckets come to the delivered ones */
    TALLY_VALUED,          /* event | 1: with a value and a currency, 0: without */
    TALLY_VALUES,          /* event | currency (store_tally_currency): n is the sum of millionths as
                            * sent; it stops at the ends of int64_t */
    TALLY_ORIGINALS,       /* the same before conversion */
    TALLY_KEYS,            /* event | enum match_key (core/identity/match_key.h): events that carry it */
    TALLY_ANSWERS,         /* TikTok's code as digits "0", else "http 503", else "none" (no answer) |
                            * 1: delivered, 2: to be tried again, 3: dead; events in attempts */
    TALLY_KINDS
};

/* Upper bounds of the buckets of TALLY_LATENCY, included; the last bucket (14) has none. */
#define TALLY_LATENCY_MS                                                                           \
    {                                                                                              \
        100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000, 21600000,   \
            86400000                                                                               \
    }
#define TALLY_LATENCY_BUCKETS 15

struct store_tally {
    int64_t hour; /* Unix seconds, a multiple of 3600 */
    struct slice offer;
    enum store_tally_kind kind;
    struct slice name;
    int slot;
    int64_t n; /* never 0 */
};

/* Tallies of hours in [since, until) (Unix seconds; until 0: open), of an offer or (empty) of all, in
 * the order of hours; what visit gets lives for the call.  A visit that gives -1 ends the walk with
 * its *err.  Short reads, so that a running server is not held up: an hour that is being counted while
 * it is read is whole at the moment of its own read.  visit must not write to s. */
typedef int store_tally_visit(void *context, const struct store_tally *t, struct err *err);
int store_walk_tallies(struct store *s, int64_t since, int64_t until, struct slice offer,
                       store_tally_visit *visit, void *context, struct err *err);

/* "USD" as a slot, and back into text; 0: not three capital letters. */
int store_tally_currency(struct slice currency);
void store_tally_currency_name(int slot, char text[4]);

/* The bucket of TALLY_LATENCY for so many milliseconds. */
int store_tally_bucket(int64_t ms);

#endif
