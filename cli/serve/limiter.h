/* limiter.h: `limits:` of requests per second, by address and by offer.  Of the HTTP thread. */
#ifndef CLI_SERVE_LIMITER_H
#define CLI_SERVE_LIMITER_H

#include "cli/catalog.h"

enum limiter_what { LIMITER_POSTBACKS, LIMITER_CLICKS, LIMITER_OFFER, LIMITER_COUNT };

struct limiter;

struct limiter *limiter_open(void); /* NULL: out of memory */
void limiter_close(struct limiter *l);

/* May one more come?  0, or after how many seconds.  The limits of the catalog count: without one, or
 * for an address that is one of our own proxies (so nobody knows who calls), always 0. */
int64_t limiter_address(struct limiter *l, const struct catalog *c, enum limiter_what what,
                        const struct address *from);
int64_t limiter_offer(struct limiter *l, const struct catalog *c, struct slice offer);

#endif
