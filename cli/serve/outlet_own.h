/* outlet_own.h: inside of outlet: the sender's calls on a handle of its own. */
#ifndef CLI_SERVE_OUTLET_OWN_H
#define CLI_SERVE_OUTLET_OWN_H

#include "cli/serve/outlet.h"

int outlet_own_take(struct outlet *o, struct slice pixel, unsigned max, struct sender_batch *batch, int64_t *next_due,
                    struct err *err);
int outlet_own_report(struct outlet *o, const struct sender_report *report, struct err *err);
int outlet_own_look(void *context, struct sender_gate *gates, size_t count, unsigned *senders, struct err *err);
int outlet_own_tell(void *context, const struct sender_gate *gate, struct err *err);

#endif
