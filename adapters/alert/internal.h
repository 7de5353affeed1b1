/* internal.h: what the three sides of the courier share.
 *
 *   server (courier.c) -- minder (minder.c) -- courier (rounds.c) -- a process for each delivery
 *
 * The minder reads the receivers and keeps them, starts the courier and starts it again.  Minder and courier have the
 * same end of the same socket pair: what no courier has read yet is there for the next one. */
#ifndef ADAPTERS_ALERT_INTERNAL_H
#define ADAPTERS_ALERT_INTERNAL_H

#include <sys/types.h>

#include "adapters/alert/courier.h"
#include "core/base/buf.h"

#define COURIER_PACKET ((size_t)96 << 10)
#define COURIER_STEPS 6 /* the pause before a courier is started again doubles so often */

/* From the server: texts that each end with a NUL.
 *   R, kind | name | url | token | chat | from | args...                  a receiver
 *   G                                                                     that were all
 *   M, once | id | mask of receivers | code | kind | json | subject | text  a message
 * To it, from the courier (RESULT) and the minder: */
enum courier_what {
    COURIER_RESULT,
    COURIER_DIED, /* what it had is to be handed over again; receiver: how many in a row */
    COURIER_WELL, /* it has lived for long enough */
};
struct courier_wire {
    int64_t id;
    uint32_t receiver;
    unsigned char what, done, last;
    char why[ALERT_REASON];
};

struct courier_list {
    struct {
        struct alert_receiver to;
        char *bytes; /* of its texts */
        size_t size;
    } rows[ALERT_RECEIVERS_MAX];
    size_t count;
};

/* The next text of a packet; NULL: there is none. */
const char *courier_text(const char **at, const char *end);

/* In a process that was just forked: it ends with its parent. */
void courier_die_with(pid_t parent);

/* The minder's life, and the courier's; they never return. */
void courier_mind(int socket, const struct courier_settings *settings, pid_t parent) __attribute__((noreturn));
void courier_run(int socket, const struct courier_settings *settings, struct courier_list *list)
    __attribute__((noreturn));

#endif
