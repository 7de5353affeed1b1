/* courier.h: a small process that delivers alerts, so that the server itself need neither start programs nor wait
 * for anybody.  Its minder is forked before the first secret is read and before the server confines itself, is told
 * once who receives, and starts the courier again when that dies; each delivery is a process of its own, which is killed
 * when it takes too long.  Messages go over a socket pair, and what came of them comes back.  What a courier had in hand
 * when it died the next one is given, so a receiver may get it twice: messages have an id.  All of them end with the
 * server.
 *
 * Nothing here blocks, but for courier_close.  One thread at a time. */
#ifndef ADAPTERS_ALERT_COURIER_H
#define ADAPTERS_ALERT_COURIER_H

#include "adapters/alert/receiver.h"

struct courier;

struct courier_settings {
    unsigned timeout_ms; /* of a try; 0: 10,000 */
    unsigned retry_ms;   /* after the first try, four times as long after each; 0: 5,000 */
    unsigned tries;      /* 0: 6, which takes some 28 minutes */
    unsigned grace_ms;   /* for what waits when the server ends; 0: 2,000 */
    unsigned restart_ms; /* after the first death, twice as long after each up to 64 times that; who lives for 64 times
                          * that is well again; 0: 1,000 */
    /* In the process of a delivery by HTTP, before it begins: gives up what that does not need; NULL: nothing. */
    void (*confine)(void);
};

/* Fork it.  NULL and *err. */
struct courier *courier_fork(const struct courier_settings *settings, struct err *err);

/* Who receives; once.  None: it ends, and sending does nothing. */
int courier_begin(struct courier *c, const struct alert_receiver *list, size_t count, struct err *err);

/* Hand a message over; only: the number of the one receiver, then it is a test, which goes before others and is tried
 * once; -1: all (those that want severe ones only get only those).  id: above 0, not used before.  -1: the minder is
 * dead, or too many messages wait. */
int courier_send(struct courier *c, int64_t id, int only, const struct alert_note *note);

struct courier_result {
    int64_t id;
    unsigned receiver; /* its place in the list */
    bool done;
    bool last;         /* it is not tried again */
    char why[ALERT_REASON];
};

/* The next result.  1; 0: none now; -1: the minder is dead, once and for all.  Has what is not handed over yet handed
 * over. */
int courier_result(struct courier *c, struct courier_result *out);

/* How the courier does, as far as results were asked for. */
struct courier_life {
    unsigned in_a_row; /* deaths that followed one another soon; 0: it is well */
    unsigned died;     /* ever */
    char why[80];      /* of the last one: "it was ended by signal 9" */
};
struct courier_life courier_life(const struct courier *c);

int courier_pid(const struct courier *c); /* of the minder */
void courier_close(struct courier *c); /* accepts NULL; waits for grace_ms at most, and a little */

#endif
