/* work.h: one translation under way, and how a step of it ends. */
#ifndef CORE_TRANSLATE_WORK_H
#define CORE_TRANSLATE_WORK_H

#include "core/payload/payload.h"
#include "core/translate/private.h"

struct work {
    const struct translator *translator;
    const struct offer *offer;
    const struct params *params;
    const struct click *click;
    struct translation *out;
    struct template_values values;
    struct slice event_id, plain_id, formerly[2]; /* of translated_event, without transaction id */
    struct payload_event event; /* what all events of the postback share */
    struct buf json;
    int64_t now;
};

static inline struct slice field(const struct work *w, enum field f)
{
    return w->out->conversion.fields[f].value;
}

/* Always 1, so that steps can `return decide(...)`. */
static inline int decide(struct work *w, enum verdict verdict, const char *code, struct slice reason)
{
    w->out->verdict = verdict;
    w->out->code = code;
    w->out->reason = reason;
    w->out->event_count = 0;
    return 1;
}

static inline int quarantine(struct work *w, const char *code, struct slice reason)
{
    return decide(w, VERDICT_QUARANTINED, code, reason);
}

static inline struct slice shown(struct work *w, struct slice value)
{
    return record_shown(w->out->arena, value);
}

/* The id of a repeatable event: ID.TXID; empty when id is. */
static inline struct slice work_with_txid(struct work *w, struct slice id)
{
    struct slice txid = slice_trim(field(w, FIELD_TXID)), none = { 0 };
    char *text = id.len ? arena_alloc(w->out->arena, id.len + 1 + txid.len) : NULL;

    if (!text)
        return none;
    memcpy(text, id.ptr, id.len);
    text[id.len] = '.';
    if (txid.len)
        memcpy(text + id.len + 1, txid.ptr, txid.len);
    return (struct slice){ text, id.len + 1 + txid.len };
}

/* ---- past_steps.c: what the past (out->history) says; all do nothing when it is not known ---- */

/* 1: ignored, `transitions:` does not allow this stage now. */
int past_forbids(struct work *w);

/* The rest of a sentence when this stage takes back what was sent; else empty. */
struct slice past_taken_back(struct work *w);

/* Was an event sent for this ttclid before its click id was known? */
bool past_has_nameless(const struct work *w);

/* The ids that this transaction has as an event of another stage, into e->formerly. */
void past_twin_ids(struct work *w, const struct event_rule *rule, struct translated_event *e);

/* ---- plausible.c: what the offer wants of every postback.  1: quarantined ---- */
int plausible_click(struct work *w);
int plausible_payout(struct work *w);

/* ---- told.c: for `translate --explain`; nothing when the trail is off ---- */
void told_rule(struct work *w, const struct event_rule *rule);
void told_event(struct work *w, const struct event_rule *rule, const struct translated_event *e);

/* What the event says about the visitor, as far as consent goes.  1: quarantined, nobody could be
 * matched. */
int keys_gather(struct work *w);

/* Can that be sent as the event's page: a whole URL without personal data? */
bool keys_is_page(struct slice url);

/* A match key by its rule, as far as consent goes. */
void keys_of_rule(struct work *w, const struct user_rule *rule);

/* destination.c.  1: quarantined. */
int destination_pixels(struct work *w, const struct event_rule *rule,
                       struct slice pixels[PIXELS_PER_EVENT_MAX], size_t *count);
int destination_lead(struct work *w);

/* The page and the one before it. */
void keys_page(struct work *w);

/* Consent, into w->out->consent, when the click is merged. */
void consent_find(struct work *w);
int consent_check(struct work *w); /* 1: nothing may be sent */
bool consent_allows(struct work *w, const char *key); /* may the match key be sent? */
int consent_limit(struct work *w); /* when the keys are gathered.  1: quarantined */

#endif
