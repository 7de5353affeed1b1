/* series.h: hourly counts of the last four weeks, by offer and event, as the rules look at them: the store's tallies
 * (adapters/store/tally.h), and what only the running server knows.  A ring of hours: memory is some 11 KB an
 * offer and 11 KB an event. */
#ifndef CORE_ALERT_SERIES_H
#define CORE_ALERT_SERIES_H

#include "core/base/slice.h"

#define ALERT_DAYS 28
#define ALERT_HOURS (ALERT_DAYS * 24)
#define ALERT_NAME 65         /* of an offer or event, with its NUL */
#define ALERT_OFFERS_MAX 2000 /* more are not looked at */
#define ALERT_EVENTS_MAX 16   /* of an offer */
#define ALERT_LATENCIES 15    /* buckets of TALLY_LATENCY */
#define ALERT_LATENCY_HOURS 48

enum alert_count { /* of an offer, by hour of arrival */
    ALERT_N_CLICKS,
    ALERT_N_QUEUED,
    ALERT_N_DUPLICATE,
    ALERT_N_IGNORED,
    ALERT_N_QUARANTINED,
    ALERT_N_REFUSED, /* wrong key or signature; not in the store */
    ALERT_COUNTS,
    ALERT_STORED = ALERT_N_REFUSED /* those before it are read again and again */
};

enum alert_event_count { /* of an event, by the hour of its creation */
    ALERT_N_PUT,
    ALERT_N_UNVALUED,
    ALERT_N_DELIVERED,
    ALERT_N_DEAD,
    ALERT_EVENT_COUNTS
};

/* What the last weeks teach about an event (learn.h). */
struct alert_habit {
    unsigned days;    /* whole days that are known; fewer than ALERT_DAYS_LEAST: nothing is */
    double rate;      /* events a click; 0: no clicks are known */
    double level;     /* events a day */
    double doubt;     /* share of that which comes on a weak day, 0.25 to 0.7 */
    double hour[24];  /* UTC, mean 1 */
    double day[7];    /* Monday first, mean 1 */
};

/* How high a share is on days that are nothing special; below 0: not known. */
enum alert_share { ALERT_SHARE_NO_VALUE, ALERT_SHARE_DUPLICATES, ALERT_SHARE_QUARANTINE, ALERT_SHARE_REFUSALS,
                   ALERT_SHARE_DEAD, ALERT_SHARES };

struct alert_event {
    char name[ALERT_NAME];
    uint32_t n[ALERT_EVENT_COUNTS][ALERT_HOURS];
    struct alert_habit habit;
    double usual[ALERT_SHARES]; /* those of events */
    /* The newest one, Unix seconds (0: none is known), to the minute while the server runs, and how many clicks
     * of its hour there were by then. */
    int64_t last, seen_hour;
    uint32_t seen, clicks_then;
};

struct alert_offer {
    char name[ALERT_NAME];
    uint32_t n[ALERT_COUNTS][ALERT_HOURS];
    double usual[ALERT_SHARES]; /* those of postbacks */
    int64_t first_hour;         /* of anything; 0: nothing yet */
    struct alert_event *events[ALERT_EVENTS_MAX];
    size_t event_count;
};

struct alert_series {
    int64_t hour; /* the present one: Unix seconds / 3600; 0: not begun */
    struct alert_offer **offers; /* by name */
    size_t offer_count, offer_room;
    int64_t looked; /* last, Unix seconds; 0: not yet */
    struct alert_offer *last; /* that was asked for */
    uint32_t latency[ALERT_LATENCIES][ALERT_LATENCY_HOURS]; /* of all events */
    bool lacked; /* memory, or room for another offer or event */
};

struct alert_series *alert_series_open(void); /* NULL: out of memory */
void alert_series_close(struct alert_series *s);

/* The clock shows this hour: older ones fall out.  One that went back over the turn of an hour changes nothing.  false: it
 * went back by more than an hour; everything is forgotten and to be read anew. */
bool alert_series_turn(struct alert_series *s, int64_t hour);

/* Before an hour is read anew. */
void alert_series_clear(struct alert_series *s, int64_t hour);

/* Add to a count; an hour that is not among the last four weeks is left out. */
void alert_series_add(struct alert_series *s, int64_t hour, struct slice offer, enum alert_count what,
                      int64_t n);
void alert_series_add_event(struct alert_series *s, int64_t hour, struct slice offer, struct slice event,
                            enum alert_event_count what, int64_t n);
void alert_series_add_latency(struct alert_series *s, int64_t hour, int bucket, int64_t n);

/* After the counts were brought up to date: notes for each event whether one has come since the last look. */
void alert_series_look(struct alert_series *s, int64_t now);

/* Before the first look: an alert of an earlier run says when the newest event of that hour came. */
void alert_series_mark(struct alert_series *s, struct slice offer, struct slice event, int64_t last);

/* Sums over the hours from .. to (both included). */
uint64_t alert_sum(const uint32_t n[ALERT_HOURS], const struct alert_series *s, int64_t from, int64_t to);

/* The clicks since the event's last. */
uint64_t alert_clicks_since(const struct alert_series *s, const struct alert_offer *o,
                            const struct alert_event *e);

#endif
