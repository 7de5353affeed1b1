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

/* The same but for the postback's own row, which is `id` and came at `now` (Unix seconds): for what
 * is there already and is translated once more.  r->http is not looked at. */
int record_events(const struct record_context *c, struct intake_request *r, int64_t id, int64_t now,
                  struct err *err);

/* The same without putting anything: what the mapping makes of it, with what came of its click in postbacks with an id
 * below `before`.  c->store may be a reader. */
int record_translate(const struct record_context *c, struct intake_request *r, int64_t before,
                     int64_t now, struct err *err);

/* The store's name of a verdict, and the lines of warnings as it keeps them. */
enum store_verdict record_verdict(enum verdict verdict);
struct slice record_warnings(const struct translation *t);

/* A line of them that only the request itself could make, so that translating what is kept of it does not: how it was damaged, by
 * which key and signature it came. */
bool record_is_requests(struct slice line);

/* The one reason of a Q015 whose parameters are whole; the others had a body that is not kept in full,
 * or not at all. */
#define RECORD_TOO_LARGE S("the postback needs more memory than a request may have")

/* An id as it may be kept: itself or, of personal data, the hash that a translation makes of it
 * (W051), so that clicks are found by it. */
struct slice record_id(struct identity_hasher *hasher, struct arena *arena, struct slice value);

int record_click(const struct record_context *c, struct intake_request *r, struct err *err);

/* A request as it is before record_postback, which changes it: kept, and made so again, for a group that is run once more
 * (store_begin_group).  record_click changes nothing. */
struct record_before {
    struct translation translation;
    struct slice storable;
    struct arena_mark mark;
};
void record_keep(const struct intake_request *r, struct record_before *out);
void record_restore(struct intake_request *r, const struct record_before *before);

#endif
