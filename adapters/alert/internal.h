/* internal.h: what the two sides of the courier share. */
#ifndef ADAPTERS_ALERT_INTERNAL_H
#define ADAPTERS_ALERT_INTERNAL_H

#include <sys/types.h>

#include "adapters/alert/courier.h"
#include "core/base/buf.h"

#define COURIER_PACKET ((size_t)96 << 10)

/* To the courier: texts that each end with a NUL.
 *   R, kind, severe_only | name | url | token | chat | from | args...     a receiver
 *   G                                                                     that were all
 *   M, severe | id | only | code | kind | json | subject | text           a message
 * From it: */
struct courier_wire {
    int64_t id;
    uint32_t receiver;
    unsigned char done, last;
    char why[ALERT_REASON];
};

/* The courier's life; never returns. */
void courier_run(int socket, const struct courier_settings *settings, pid_t parent) __attribute__((noreturn));

#endif
