/* call.h: what the sender asks of the store: events to send, and what became of them. */
#ifndef CLI_SERVE_CALL_H
#define CLI_SERVE_CALL_H

#include "adapters/store/store.h"
#include "adapters/tiktok/sender.h"

/* A call of the sender, on its stack while it waits. */
struct call {
    bool is_report, done;
    struct slice pixel;
    unsigned max;
    struct sender_batch *batch;
    int64_t *next_due;
    const struct sender_report *report;
    struct err *err;
    int rc;
    struct call *next;
};

/* In a transaction of the store's; arena: for the transaction.  -1 and *c->err. */
int call_run(struct call *c, struct store *store, struct arena *arena, int64_t now);

#endif
