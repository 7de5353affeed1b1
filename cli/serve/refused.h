/* refused.h: what was refused, counted by offer and reason, and the last ones, without personal data;
 * and who still uses a secret that is being replaced.  Bounded; any thread. */
#ifndef CLI_SERVE_REFUSED_H
#define CLI_SERVE_REFUSED_H

#include "core/base/buf.h"
#include "core/guard/address.h"
#include "core/params/params.h"

struct refused;

struct refused *refused_open(int64_t now); /* Unix seconds; NULL: out of memory */
void refused_close(struct refused *r);

struct refused_one {
    const char *code;                /* "R001" */
    struct slice offer;              /* empty when there is no such offer */
    const struct address *from;      /* kept as its network */
    const struct params *params;     /* only names are kept, and of those only plain ones; NULL: none */
};

/* Count and keep it, and say so in the log, once a minute for each code at most. */
void refused_add(struct refused *r, const struct refused_one *one, int64_t now);

/* A call that was right with the previous secret. */
enum refused_secret { REFUSED_KEY, REFUSED_SIGNATURE, REFUSED_SECRETS };
void refused_previous(struct refused *r, enum refused_secret what, struct slice offer, int64_t now);

/* How many of those there were in the last 24 hours, offer by offer; `each` must not call back. */
void refused_each_previous(struct refused *r, int64_t now,
                           void (*each)(void *context, enum refused_secret what,
                                        struct slice offer, uint64_t count),
                           void *context);

/* For each offer there is: how often a wrong or missing key or signature was refused since the start; `each` must
 * not call back. */
void refused_each(struct refused *r, void (*each)(void *context, struct slice offer, uint64_t count), void *context);

/* {"since":...,"counts":[{"offer","code","count"}],"last":[{...}] without the closing brace: the
 * caller adds what it knows. */
void refused_json(struct refused *r, struct buf *out);

#endif
