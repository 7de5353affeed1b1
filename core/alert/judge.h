/* judge.h: the rules: what is wrong now, by the hourly counts, by what was learned of them, and by facts of the
 * moment.  docs/DESIGN.md, "Alerts", says which test and why. */
#ifndef CORE_ALERT_JUDGE_H
#define CORE_ALERT_JUDGE_H

#include "core/alert/rules.h"
#include "core/alert/series.h"

#define ALERT_TEXT 360
#define ALERT_WORD 200 /* of a fact's reason */

/* What `reconcile` found: counts of the same days. */
struct alert_divergence {
    char offer[ALERT_NAME], with[24]; /* "crm", "tracker" */
    int64_t theirs, ours, at;         /* at: Unix seconds; it counts for ALERT_DIVERGENCE_KEPT */
};
#define ALERT_DIVERGENCES_MAX 256
#define ALERT_DIVERGENCE_KEPT (8 * 86400)

struct alert_pixel {
    struct slice pixel, why;
    bool orphan; /* events wait for it, and it is not configured any more */
};

/* Facts of the moment; zeroed: all is well. */
struct alert_facts {
    int64_t oldest_waiting; /* Unix seconds; 0: nothing waits */
    int64_t waiting;
    int64_t oldest_spilled, spilled; /* in this server's spill, likewise */
    const struct alert_pixel *pixels; /* those that are paused or orphaned */
    size_t pixel_count;
    const struct alert_divergence *divergences;
    size_t divergence_count;
    int64_t disk_free, disk_size; /* bytes; 0: not known */
    bool reload_failed, store_refuses, courier_fails;
    char reload_why[ALERT_WORD], store_why[ALERT_WORD], courier_why[ALERT_WORD];
};

/* One thing that is wrong, or (bad == false) that is known to be well again. */
struct alert_finding {
    enum alert_rule rule;
    bool bad;
    bool severe;
    char offer[ALERT_NAME]; /* "": of none */
    char event[ALERT_NAME]; /* an event, or a pixel, or what a fact concerns; "": of none */
    char text[ALERT_TEXT];  /* a sentence, without personal data */
    int64_t mark;           /* flatline: when the newest event came.  It is over only when there is a newer
                             * one; 0: it is over when it is not found any more */
};

struct alert_judging {
    const struct alert_series *series; /* NULL: the counts could not be read, only facts are judged */
    const struct alert_facts *facts;
    const struct alert_limits *common;
    /* The offer's own limits, NULL: none; and whether an event of it is looked at. */
    const struct alert_limits *(*own)(void *context, struct slice offer);
    bool (*watched)(void *context, struct slice offer, struct slice event);
    void (*found)(void *context, const struct alert_finding *f);
    void *context;
    int64_t now; /* Unix seconds */
};

void alert_judge(const struct alert_judging *j);

/* How many events the habit lets expect between the event's last and now, at least; and how many must fail
 * to come before it is an alarm.  For tests and pages. */
double alert_expected(const struct alert_series *s, const struct alert_offer *o,
                      const struct alert_event *e, int64_t now);
double alert_flatline_bound(const struct alert_event *e);

/* How surely k of n is more than the share p, as -ln of the chance (Chernoff's bound); 0: not more. */
double alert_surprise(double k, double n, double p);

#endif
