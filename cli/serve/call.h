/* call.h: what others than postbacks ask of the store's thread: the sender events to send, and to note
 * what became of them; the control socket whatever it needs. */
#ifndef CLI_SERVE_CALL_H
#define CLI_SERVE_CALL_H

#include "cli/serve/intake.h"

/* On the caller's stack while it waits. */
struct call {
    bool is_report, done;
    intake_work *work; /* in transactions of its own; NULL: of the sender */
    void *context;
    struct slice pixel;
    unsigned max;
    struct sender_batch *batch;
    int64_t *next_due;
    const struct sender_report *report;
    struct err *err;
    int rc;
    struct call *next;
};

/* A call of the sender, in a transaction of the store's; arena: for the transaction.  -1 and *c->err.
 * Of a store that is shared *c->next_due stays 0: the sender looks itself. */
int call_run(struct call *c, struct store *store, struct arena *arena, int64_t now);

#endif
