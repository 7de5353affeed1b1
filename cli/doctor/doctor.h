/* doctor.h: the checks before a launch, each with its result and what to do about it. */
#ifndef CLI_DOCTOR_DOCTOR_H
#define CLI_DOCTOR_DOCTOR_H

#include "cli/catalog.h"

enum finding_level { FINDING_OK, FINDING_WARNING, FINDING_FAILED };

struct finding {
    enum finding_level level;
    const char *check;   /* "token": what was looked at, in a word or two */
    struct slice offer;  /* empty: of the whole installation */
    struct slice text;   /* what was found */
    struct slice remedy; /* what to do; empty when nothing is */
    struct finding *next;
};

struct doctor {
    struct catalog *catalog;
    struct arena *arena;
    int64_t now;
    struct finding *first, *last;
    unsigned count[3]; /* by level */
};

void doctor_find(struct doctor *d, enum finding_level level, const char *check, struct slice offer,
                 struct slice remedy, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* machine.c: files, keys, tokens, rates, clock, disk, store, the server that runs. */
void doctor_machine(struct doctor *d);

/* server.c: the server that runs: what it says of itself, and what it has refused. */
void doctor_server(struct doctor *d);

/* network.c: is TikTok's endpoint reachable?  Asked only when the user says so. */
void doctor_endpoint(struct doctor *d);

/* offer.c: one offer: its tests, what it lacks, and a conversion of its own by real servers. */
void doctor_offer(struct doctor *d, const struct offer *offer);

/* chain.c: a chain file for the offer: ad, tracker, landing page, offer page, and back.  The empty
 * slice, and *why, when none can be made. */
struct slice doctor_chain(struct arena *arena, const struct offer *offer, const char **why);

#endif
