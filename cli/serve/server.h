/* server.h: inside of `clickbaton serve`: its parts, the rules that are in force, and what is done beside serving. */
#ifndef CLI_SERVE_SERVER_H
#define CLI_SERVE_SERVER_H

#include <time.h>

#include "cli/inspector/inspector.h"
#include "cli/serve/admin.h"
#include "cli/serve/alerts.h"
#include "cli/serve/control.h"
#include "cli/serve/jail.h"
#include "cli/serve/outlet.h"
#include "cli/serve/routes.h"
#include "cli/stores.h"

struct server {
    const char *config;
    struct jail *jail;
    int64_t watchdog_ms; /* 0: nobody waits for a sign of life */
    struct rules_holder *rules;
    struct retainer *retainer;
    struct stores *stores;
    int lock;             /* of the data folder, when no engine has it; -1 */
    bool begun;           /* the store was there, and what the last run left was taken up; the intake thread's, once that runs */
    struct store *writer, *reader;
    struct store *sending; /* the sender's own writer, of a store that is shared; else NULL */
    struct spillway *spillway; /* NULL: nothing is kept here while the store is away */
    struct spill_state left;   /* what a store of before has left, when this one is SQLite */
    char left_why[400];
    struct intake *intake;
    pthread_mutex_t waking; /* of the pointer to the sender, which others wake */
    struct sender *sender;
    struct routes routes;
    struct admin admin;
    struct messages *messages;
    struct courier *courier; /* until the alerts have it */
    struct alerts *alerts;
    struct metrics *metrics;
    struct outlet outlet;
    struct control control;
    struct http_server *public, *private, *local;
    struct inspector *inspector;
    uint64_t maintained; /* groups that intake had committed at the last housekeeping */
    time_t housekeeping_told; /* when the log was last told that it failed; 0: never */
};

/* ---- reload.c ---- */

/* Everything from files; NULL after its problems were printed. */
struct catalog *reload_read(const struct server *s);
/* The same put in force, unless something is wrong: then what was in force stays.  False: it stays. */
bool reload(struct server *s);

/* ---- upkeep.c: between two signals ---- */

void upkeep_tick(struct server *s);
void upkeep_second(struct server *s);
void upkeep_look(struct server *s); /* what the store and the disk have, for the admin listener */

/* ---- descriptors.c ---- */

/* Visitors must not take the last file descriptors, which the store, the sender and the admin listener need: a part is
 * kept for those. */
void descriptors_share(struct http_limits *limits, struct http_limits *admin);

#endif
