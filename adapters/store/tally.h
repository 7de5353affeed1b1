/* tally.h: what happened, counted by the hour, offer and name; part of the store's contract (store.h).
 *
 * The engine counts inside the transaction of what it counts, so the numbers are exact also after a
 * crash.  They are kept as long as the ledger.  A row says how many; which name and slot a kind has: */
#ifndef ADAPTERS_STORE_TALLY_H
#define ADAPTERS_STORE_TALLY_H

#include "adapters/store/store.h"

enum store_tally_kind {  /* kept in files: never renumber */
    /*                      name            | slot */
    TALLY_CLICKS = 1,    /* ""              | 0: clicks, by their own time; 1: those with a ttclid */
    TALLY_POSTBACKS,     /* stage, or ""    | enum store_verdict; by arrival.  A replay moves one */
    TALLY_REASONS,       /* verdict's code  | enum store_verdict.  Without a code there is no row */
    TALLY_WARNINGS,      /* "W028"          | 0: postbacks that have this warning */
    TALLY_EVENTS,        /* event           | STORE_WAITING: put at all; STORE_DELIVERED, STORE_DEAD, STORE_WITHDRAWN:
                          *                   what of them is so now.  By `created`, always: a cohort */
    TALLY_LATENCY,       /* event           | bucket of the time from `created` to TikTok's answer; of delivered ones */
    TALLY_VALUED,        /* event           | 1: with a value, 0: without */
    TALLY_VALUES,        /* event           | store_tally_currency: sum of millionths as sent; stops at the ends of int64_t */
    TALLY_ORIGINALS,     /* event           | the same before conversion */
    TALLY_KEYS,          /* event           | enum match_key (core/identity/match_key.h): events that carry it */
    TALLY_ANSWERS,       /* TikTok's code, or "http 503", or "none" | what the attempt meant for the event: STORE_DELIVERED,
                          *                   STORE_WAITING, STORE_DEAD; by the attempt's time */
};

/* Upper bounds of the buckets of TALLY_LATENCY, ms, included; the last bucket has none. */
#define TALLY_LATENCY_MS                                                                           \
    {                                                                                              \
        100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000, 21600000,   \
            86400000                                                                               \
    }
#define TALLY_LATENCY_BUCKETS 15
int store_tally_bucket(int64_t ms);

/* What all engines count alike: the hour that holds a moment (Unix seconds); the codes of a postback's warnings, each once, at
 * most STORE_TALLY_CODES (borrowed; how many); an attempt's name for TALLY_ANSWERS. */
#define STORE_TALLY_CODES 64
int64_t store_tally_hour(int64_t seconds);
size_t store_tally_codes(struct slice warnings, struct slice codes[STORE_TALLY_CODES]);
void store_tally_answer(const struct store_attempt *a, char out[32]);

/* "USD" as a slot, and back; 0: no currency. */
int store_tally_currency(struct slice currency);
void store_tally_currency_name(int slot, char out[4]);

struct store_tally {
    int64_t hour; /* Unix seconds, a multiple of 3600 */
    struct slice offer, name;
    enum store_tally_kind kind;
    int slot;
    int64_t n; /* never 0 */
};

/* Every row of [since, until) (Unix seconds; the hours that begin in it), of one offer (empty: all),
 * ordered by hour; slices live for the call.  A visit that gives -1 ends the walk with its *err.
 * Short reads, beside a running server. */
typedef int store_tally_visit(void *context, const struct store_tally *t, struct err *err);
int store_walk_tallies(struct store *s, int64_t since, int64_t until, struct slice offer,
                       store_tally_visit *visit, void *context, struct err *err);

#endif
