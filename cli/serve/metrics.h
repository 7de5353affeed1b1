/* metrics.h: what /metrics counts.  Any thread may count at any time, without a lock; a label's values are
 * bounded.  Never an id as a label (click id, ttclid, transaction, address): labels come from files of
 * ours, from tables, or are TikTok's codes. */
#ifndef CLI_SERVE_METRICS_H
#define CLI_SERVE_METRICS_H

#include "adapters/store/store.h"
#include "adapters/tiktok/sender.h"
#include "cli/catalog.h"
#include "core/translate/translate.h"

struct metrics;

/* Offers, events and TikTok's codes that have a series of their own; the rest is "(other)". */
enum { METRICS_OFFERS = 500 + 1 /* "(none)" */, METRICS_EVENTS = 64, METRICS_CODES = 64, METRICS_PIXELS = 500 };

/* data: the store's folder; started: Unix milliseconds.  NULL: out of memory. */
struct metrics *metrics_open(const char *data, int64_t started);
void metrics_close(struct metrics *m); /* accepts NULL */

/* Every function below accepts NULL and does nothing then. */

/* The start or a reload; c: what is in force since `at` (Unix milliseconds), NULL: the reload failed. */
void metrics_rules(struct metrics *m, const struct catalog *c, int64_t at, bool is_start);

/* Stored: a click; a postback, with which of its events were put. */
void metrics_click(struct metrics *m, struct slice offer);
void metrics_postback(struct metrics *m, struct slice offer, const struct translation *t,
                      const bool *put);
/* Not stored: "R001"; offer empty: none. */
void metrics_refused(struct metrics *m, struct slice offer, const char *code);
/* About to be answered; CLOCK_MONOTONIC, as of http_request. */
void metrics_answered(struct metrics *m, uint64_t received_ns, uint64_t now_ns);
/* One transaction of so many requests (0: others' work, its size does not count); and one that failed. */
void metrics_commit(struct metrics *m, unsigned requests, uint64_t took_ns);
void metrics_commit_failed(struct metrics *m);
/* What a handle of the store has moved by now; before: as it was the last time, {0} at first, is renewed. */
void metrics_moved(struct metrics *m, struct store_moved *before, const struct store_moved *moved);

void metrics_request(struct metrics *m, const struct sender_ended *ended);
void metrics_report(struct metrics *m, const struct sender_report *report);

void metrics_retained(struct metrics *m, const struct store_retained *gone);
/* Sizes of the store's files and of the disk that they are on: the owner has it look about once a second,
 * so that a disk that hangs does not make the admin listener hang. */
void metrics_look_at_disk(struct metrics *m);

/* An alert by its code, of the table of codes: how often it is active now. */
void metrics_alert(struct metrics *m, const char *code, unsigned active);

#endif
