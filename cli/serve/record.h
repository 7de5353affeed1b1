/* record.h: one request into the transaction that is open. */
#ifndef CLI_SERVE_RECORD_H
#define CLI_SERVE_RECORD_H

#include "cli/serve/intake.h"

struct record_context {
    struct store *store;
    struct identity_hasher *hasher;
    int64_t now_ms;
};

/* Look the click up, finish the translation, keep the postback and its events.  The verdict ends in
 * r->translation, "duplicate" included.  -1: the store failed, the whole group must be rolled back.
 */
int record_postback(const struct record_context *c, struct intake_request *r, struct err *err);

/* An id as it may be kept: itself or, of personal data, the hash that a translation makes of it
 * (W051), so that clicks are found by it. */
struct slice record_id(struct identity_hasher *hasher, struct arena *arena, struct slice value);

int record_click(const struct record_context *c, struct intake_request *r, struct err *err);

#endif
