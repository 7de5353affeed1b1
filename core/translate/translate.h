/* translate.h: a postback, its click and an offer mapping in; verdict, events and the provenance of
 * every field out.  Pure: the same input gives the same bytes. */
#ifndef CORE_TRANSLATE_TRANSLATE_H
#define CORE_TRANSLATE_TRANSLATE_H

#include "core/base/note.h"
#include "core/base/trail.h"
#include "core/identity/identity.h"
#include "core/mapping/mapping.h"
#include "core/rules/consent.h"
#include "core/rules/lifecycle.h"
#include "core/rules/rates.h"
#include "core/rules/route.h"

enum verdict { VERDICT_QUEUED = 1, VERDICT_DUPLICATE, VERDICT_IGNORED, VERDICT_QUARANTINED,
               VERDICT_REFUSED,
               VERDICT_ACCEPTED /* kept, and not decided yet */ };
const char *verdict_name(enum verdict v);

/* What stays the same from postback to postback. */
struct translator {
    const struct rates *rates;
    const struct route_known *known; /* the configured pixels; NULL: any is taken */
    struct identity_hasher *hasher;
};

#define TRANSLATE_FORMERLY 5

/* One event to send. */
struct translated_event {
    struct slice pixel, event, event_id;
    /* The event_ids that the same postback had before its click was known, or known so well, or that
     * its transaction has at another stage; what was sent under one of them must not be sent again.
     * Empty: none. */
    struct slice formerly[TRANSLATE_FORMERLY];
    /* The event_id that it would have, had neither postback nor click brought one; empty: it has that.
     * A repeat that comes without is known by it. */
    struct slice plain_id;
    bool own_id; /* the postback brought its event_id: no repeat of one that is only alike in plain_id */
    struct slice body; /* one entry of data[] */
    bool has_value;
    struct money value, original; /* sent; and as the postback or rule had it */
    struct slice currency, original_currency;
};
#define TRANSLATE_EVENTS_MAX EVENTS_PER_POSTBACK_MAX

struct translation {
    enum verdict verdict;
    const char *code; /* "Q003"; "" when queued */
    struct slice reason;
    struct conversion conversion;
    int64_t event_time;
    int64_t today; /* of a postback that is translated later than it came: Unix seconds, by which the
                    * age of the conversion counts; the caller sets it, 0: it comes now */
    struct consent consent; /* known whatever the verdict, unless the body could not be read */
    struct slice offer_line; /* of the rule that decided: "offers/nutra.yaml:12" */
    struct translated_event events[TRANSLATE_EVENTS_MAX];
    size_t event_count;
    struct notes notes; /* warnings, those of params included */
    struct trail trail; /* what was done to each field; the caller sets `on` and its arena */
    const struct history *history; /* what the caller knows of the click's past; NULL: nothing */
    struct arena *arena;
};

/* First half: what the postback itself says.  Enough to look the click up by CLICK_ID or TTCLID.
 * Always succeeds unless the arena is full (-1, ERR_BUSY). */
int translate_read(const struct offer *offer, struct params *params, struct arena *arena,
                   struct translation *out, struct err *err);

/* Second half.  click may be NULL.  now: Unix seconds.  Gives VERDICT_QUEUED, IGNORED or
 * QUARANTINED; the store decides about duplicates. */
int translate_finish(const struct translator *translator, const struct offer *offer,
                     const struct params *params, const struct click *click, int64_t now,
                     struct translation *out, struct err *err);

/* A click registration by the same mapping: its own parameter names, then the canonical ones.
 * 0, or 1 when it has neither a click id nor a ttclid (*why says so). */
int translate_click(const struct offer *offer, struct params *params, struct arena *arena,
                    int64_t now, struct click *out, const char **why);

/* The parameters as they may be stored: name=value&..., percent-encoded, key and signature left
 * out, personal data replaced by its match key hash (or taken out when there is none).  conversion:
 * as translate_read understood it, or NULL; the visitor's country decides about phone numbers. */
struct slice translate_storable(const struct offer *offer, const struct params *params,
                                const struct conversion *conversion,
                                struct identity_hasher *hasher, struct arena *arena);

/* Has the click told something that makes other hashes of the parameters than the postback alone:
 * the country, where the mapping names none? */
bool translate_storable_by_click(const struct offer *offer, const struct conversion *conversion);

/* The name under which a body is kept that could not be read into parameters. */
#define TRANSLATE_BODY S("[body]")

/* The same parameters without those that the visitor's address or browser is read from, and without a body that
 * could not be read.  offer NULL: it is not known any more, and usual names decide. */
struct slice translate_forget(const struct offer *offer, struct slice storable,
                              struct arena *arena);

/* What may stay of them, for a visitor of whom only `action` may be sent: parameters that feed, or
 * look like, a match key that is not to be sent are taken out, those that say which click and which
 * conversion it was stay. */
struct slice translate_cut(const struct offer *offer, enum consent_action action,
                           struct slice storable, struct arena *arena);

#endif
