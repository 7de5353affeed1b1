/* spill_entry.h: a request as it is kept in the spill, and a request made of that again. */
#ifndef CLI_SERVE_SPILL_ENTRY_H
#define CLI_SERVE_SPILL_ENTRY_H

#include "adapters/store/spill.h"
#include "cli/serve/intake.h"

/* A request that was read, not recorded; the texts are its own or in its arena.  at: Unix milliseconds.  -1: no memory. */
int spill_entry_of(struct intake_request *r, int64_t serial, int64_t at, struct spill_entry *out, struct err *err);

/* A request without a caller. */
struct spilled {
    struct intake_request request;
    struct http_request http;
    struct arena arena; /* larger than a request's, so that what had room there has it here */
};
#define SPILLED_BYTES ((size_t)512 * 1024)

/* Read by these rules, which it borrows; the texts of e stay borrowed, too.  arena is the caller's to begin and end.  -1: it can't be read,
 * or there is no memory, which end_memory_lacked tells. */
int spill_entry_read(const struct spill_entry *e, struct rules *rules, struct identity_hasher *hasher, int64_t now_ms,
                     struct spilled *out, struct err *err);

#endif
