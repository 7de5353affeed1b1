/* alert_days.h: simulated offers, minute by minute, run through core/alert: healthy weeks in which nothing may be
 * told, and incidents that must be told soon.  Seeded: the same seed gives the same days. */
#ifndef TESTS_SUPPORT_ALERT_DAYS_H
#define TESTS_SUPPORT_ALERT_DAYS_H

#include "core/alert/book.h"

#define DAYS_OFFERS 40

enum days_incident {
    DAYS_HEALTHY,
    DAYS_FLATLINE,    /* events stop, clicks go on */
    DAYS_PAUSED,      /* clicks stop as well: nothing may be told */
    DAYS_NO_VALUE,    /* 40 % of the events lose their value */
    DAYS_DUPLICATES,  /* every second postback comes twice */
    DAYS_QUARANTINE,  /* a third is not understood */
    DAYS_REFUSED,     /* the key is wrong */
    DAYS_DEAD,        /* TikTok refuses a third */
    DAYS_SLOW_SUNDAY, /* a tenth of the clicks, and of those half the usual rate */
    DAYS_HOLIDAY,     /* as many clicks, a third of the rate, for a day */
    DAYS_CLICK_STORM, /* five times the clicks at once, and what they bring comes hours later */
    DAYS_SLOW,        /* deliveries take ten minutes */
    DAYS_HOUR_CHANGE, /* from then on everything comes an hour earlier by UTC: summer time has begun */
};

struct days_offer {
    double clicks;     /* a day */
    double rate;       /* conversions a click */
    double delay;      /* mean hours from click to conversion */
    double night;      /* share of the rhythm that is left at night */
    double sunday;     /* clicks on a Sunday, of the usual */
    double duplicates, quarantined, no_value, dead; /* usual shares */
    double restless;   /* how much rates differ from day to day: standard deviation of their logarithm */
    bool clickless;    /* no clicks are registered */
    int since_day;     /* it begins on that day */
    double weekend;    /* clicks on Saturdays and Sundays, of the usual; 0: as on other days */
};

struct days {
    uint64_t seed;
    struct alert_series *series;
    struct alert_book *book;
    struct days_offer offers[DAYS_OFFERS];
    size_t offer_count;
    int64_t now;      /* Unix seconds */
    double pending[DAYS_OFFERS];     /* conversions to come: each in the next minute as likely as in any other */
    double mood[DAYS_OFFERS];        /* of the day, on the rate */
    struct {
        enum days_incident what;
        int64_t from, until;
    } incident[DAYS_OFFERS];
    /* Of the last look's messages. */
    void (*told)(void *context, const struct alert_message *m);
    void *context;
    unsigned fired[ALERT_RULES], recovered[ALERT_RULES];
};

/* Begins on a Monday, 00:00 UTC. */
void days_open(struct days *d, uint64_t seed);
void days_close(struct days *d);
size_t days_add(struct days *d, const struct days_offer *o); /* its number: "offer-007" */

/* Healthy offers as they come: from 5 to 20,000 clicks a day. */
struct days_offer days_any(struct days *d);

/* Go on minute by minute, looking once a minute; every `step` minutes when that is not needed. */
void days_run(struct days *d, int64_t until, int step);

/* The clock is set, as the server believes it in the end: what was counted stays where it was. */
void days_jump(struct days *d, int64_t by);

double days_random(struct days *d);

#endif
