#include "cli/serve/record.h"

#include "cli/clicks.h"
#include "cli/serve/recall.h"
#include "core/payload/find.h"

struct slice record_id(struct identity_hasher *hasher, struct arena *arena, struct slice value)
{
    static const enum identity_kind kinds[] = { IDENTITY_EMAIL, IDENTITY_EXTERNAL_ID };
    struct slice out, country = { 0 };
    const char *why;

    if (!identity_looks_personal(value))
        return value;
    for (size_t i = 0; i < 2; i++)
        if (identity_prepare(hasher, arena, kinds[i], value, country, &out, &why) == IDENTITY_OK)
            return out;
    return (struct slice){ 0 };
}

/* 1: found and converted.  0: not known. */
static int find_click(const struct record_context *c, const struct intake_request *r,
                      struct click *out, struct err *err)
{
    const struct conversion *conv = &r->translation.conversion;
    struct arena *arena = r->translation.arena;
    struct slice click_id = record_id(c->hasher, arena, conv->fields[FIELD_CLICK_ID].value);
    struct slice ttclid = record_id(c->hasher, arena, conv->fields[FIELD_TTCLID].value);
    struct store_click found;
    int rc;

    if (click_id.len == 0 && ttclid.len == 0)
        return 0;
    rc = store_click_find(c->store, r->offer->name, click_id, ttclid, arena, &found, err);
    if (rc != 1)
        return rc;
    clicks_from_store(&found, out);
    return 1;
}

/* ---- a refusal ---- */

struct refusing {
    const struct offer *offer;
};

/* Of a click whose visitor refused stays what the offer may send of it, and what it is found by. */
static void cut_click(void *context, struct store_click *click)
{
    const struct consent_rule *rule = &((const struct refusing *)context)->offer->consent;
    const struct {
        struct slice key, *value;
    } keys[] = {
        { S("ttp"), &click->ttp },
        { S("ip"), &click->ip },
        { S("user_agent"), &click->user_agent },
    };

    if (rule->otherwise != CONSENT_DROP && rule->otherwise != CONSENT_ANONYMIZE)
        return;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (!consent_keeps(rule, rule->otherwise, keys[i].key))
            *keys[i].value = (struct slice){ 0 };
    click->page_url = click->referrer = (struct slice){ 0 };
    if (rule->otherwise == CONSENT_DROP)
        click->country = (struct slice){ 0 };
}

static struct slice cut_params(void *context, struct slice params, struct arena *arena)
{
    const struct offer *offer = ((const struct refusing *)context)->offer;

    return translate_cut(offer, offer->consent.otherwise, params, arena);
}

static int put_click(const struct record_context *c, const struct offer *offer,
                     struct store_click *click, struct err *err)
{
    const struct slice spare[] = { consent_name(CONSENT_ANONYMIZE), consent_name(CONSENT_LIMITED),
                                   { 0 } };
    struct refusing context = { offer };
    const struct store_refusal how = { S("the visitor withdrew consent"), spare, cut_click,
                                       cut_params, &context };
    struct store_refused met;

    if (offer->consent.from.count == 0)
        return store_click_put(c->store, click, err);
    click->refused = click->consent.len && !consent_is_granted(&offer->consent, click->consent);
    return store_click_decide(c->store, click, &how, &met, err);
}

int record_click(const struct record_context *c, struct intake_request *r, struct err *err)
{
    struct store_click click = { .offer = r->offer->name, .keyed = r->keyed };

    clicks_to_store(&r->click, &click);
    if (put_click(c, r->offer, &click, err) >= 0)
        return 0;
    if (err->kind != ERR_INPUT)
        return -1;
    err->kind = ERR_NONE; /* a click that could never be found again: no reason to fail the group */
    return 0;
}

/* ---- a postback ---- */

/* When it came, Unix milliseconds. */
static int64_t arrival(const struct record_context *c, const struct intake_request *r)
{
    return r->at ? r->at : c->now_ms;
}

/* One of several pixels is new to this conversion, or one of several events. */
static void note_known(struct translation *t, const struct translated_event *e)
{
    note_add(&t->notes, "W075", e->event,
             "%.*s with event_id \"%.*s\" was accepted for %.*s before, and is not sent there again",
             SLICE_ARG(e->event), SLICE_ARG(record_shown(t->arena, e->event_id)),
             SLICE_ARG(e->pixel));
}

/* Of the event, when it is another id than the one its postback is found by. */
static struct slice order_id(const struct translation *t, const struct translated_event *e)
{
    struct slice id = payload_order_id(e->body, t->arena);

    return slice_eq(id, t->conversion.fields[FIELD_TXID].value) ? (struct slice){ 0 } : id;
}

/* Queue the events.  How many of them were not there before; -1: *err. */
static int put_events(const struct record_context *c, struct intake_request *r, int64_t postback_id,
                      struct err *err)
{
    struct translation *t = &r->translation;
    const struct conversion *conv = &t->conversion;
    bool known[TRANSLATE_EVENTS_MAX] = { false };
    int fresh = 0;

    for (size_t i = 0; i < t->event_count; i++) {
        const struct translated_event *e = &t->events[i];
        struct store_event ev = {
            .postback_id = postback_id,
            .offer = r->offer->name,
            .pixel = e->pixel,
            .event = e->event,
            .event_id = e->event_id,
            .formerly = { e->formerly[0], e->formerly[1], e->formerly[2], e->formerly[3],
                          e->formerly[4] },
            .plain_id = e->plain_id,
            .own_id = e->own_id,
            .test_code = catalog_test_code(r->rules->catalog, r->offer, e->pixel),
            .click_id = conv->fields[FIELD_CLICK_ID].value,
            .ttclid = conv->fields[FIELD_TTCLID].value,
            .order_id = order_id(t, e),
            .body = e->body,
            .value = e->value.micros,
            .original_value = e->original.micros,
            .currency = e->has_value ? e->currency : (struct slice){ 0 },
            .original_currency = e->original_currency,
            .consent = t->consent.action ? consent_name(t->consent.action) : (struct slice){ 0 },
            .consent_said = t->consent.said,
            .created = arrival(c, r),
        };
        int rc = store_event_put(c->store, &ev, NULL, err);
        if (rc < 0)
            return -1;
        known[i] = rc != 0;
        if (r->fresh)
            r->fresh[i] = rc == 0;
        fresh += rc == 0;
    }
    for (size_t i = 0; fresh && i < t->event_count; i++)
        if (known[i])
            note_known(t, &t->events[i]);
    return fresh;
}

struct slice record_warnings(const struct translation *t)
{
    struct buf b = { .limit = 16 * 1024 };
    struct slice out;

    for (const struct note *n = t->notes.first; n; n = n->next)
        buf_printf(&b, "%s %.*s\n", n->code, SLICE_ARG(n->text));
    out = b.len ? arena_dup(t->arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}

enum store_verdict record_verdict(enum verdict verdict)
{
    static const enum store_verdict verdicts[] = { [VERDICT_QUEUED] = STORE_QUEUED,
                                                   [VERDICT_DUPLICATE] = STORE_DUPLICATE,
                                                   [VERDICT_IGNORED] = STORE_IGNORED,
                                                   [VERDICT_QUARANTINED] = STORE_QUARANTINED };

    return verdicts[verdict];
}

static int put_postback(const struct record_context *c, struct intake_request *r, int64_t id,
                        struct err *err)
{
    struct translation *t = &r->translation;
    const struct conversion *conv = &t->conversion;
    struct store_postback pb = {
        .id = id,
        .at = arrival(c, r),
        .offer = r->offer->name,
        .tracker = r->offer->tracker_name,
        .method = r->method,
        .content_type = r->http->content_type,
        .address = r->http->address,
        .params = r->storable,
        .click_id = conv->fields[FIELD_CLICK_ID].value,
        .ttclid = conv->fields[FIELD_TTCLID].value,
        .event_id = conv->fields[FIELD_EVENT_ID].value,
        .txid = conv->fields[FIELD_TXID].value,
        .stage = conv->stage,
        .verdict = record_verdict(t->verdict),
        .code = slice_from(t->code),
        .reason = t->reason,
        .warnings = record_warnings(t),
    };

    return store_postback_put(c->store, &pb, err);
}

/* A postback that needs more memory than a request may have is kept, not lost. */
static void keep_too_large(struct translation *t)
{
    t->verdict = VERDICT_QUARANTINED;
    t->code = "Q015";
    t->reason = RECORD_TOO_LARGE;
    t->event_count = 0;
}

/* The past named the click: what was registered with it, above all the visitor's refusal. */
static int add_registered(const struct record_context *c, const struct intake_request *r,
                          struct click *click, struct err *err)
{
    const struct consent_rule *rule = &r->offer->consent;
    struct slice *said = &click->fields[FIELD_CONSENT], answer;
    struct store_click found;
    struct click own;
    int rc = store_click_find(c->store, r->offer->name, click->fields[FIELD_CLICK_ID],
                              (struct slice){ 0 }, r->translation.arena, &found, err);

    if (rc != 1)
        return rc;
    clicks_from_store(&found, &own);
    click->hearsay = false;
    answer = own.fields[FIELD_CONSENT];
    if (answer.len && !consent_is_granted(rule, answer))
        *said = answer;
    for (size_t i = 0; i < RECORD_CLICK_FIELDS; i++)
        if (click->fields[record_click_fields[i]].len == 0)
            click->fields[record_click_fields[i]] = own.fields[record_click_fields[i]];
    return 0;
}

/* What came of its click before, as far as the translation asks for it. */
static int look_back(const struct record_context *c, struct intake_request *r, struct recall *recall,
                     struct click *click, int *known, struct err *err)
{
    const struct memory memory = recall_memory(recall);
    struct arena *arena = r->translation.arena;
    struct slice ids[2];
    bool is_known = *known;
    int rc;

    for (int i = 0; i < 2; i++) {
        enum field f = i == 0 ? FIELD_CLICK_ID : FIELD_TTCLID;
        struct slice own = r->translation.conversion.fields[f].value;
        ids[i] = record_id(c->hasher, arena, own.len || !is_known ? own : click->fields[f]);
    }
    rc = past_before(&memory, r->offer, &r->translation, ids[0], ids[1], click, &is_known, err);
    *known = is_known;
    if (rc == 0 && ids[0].len == 0 && is_known && click->fields[FIELD_CLICK_ID].len)
        rc = add_registered(c, r, click, err);
    return rc;
}

/* The click knows the visitor's country, and so what phone number the digits are. */
static void store_better(const struct record_context *c, struct intake_request *r)
{
    struct slice better = translate_storable(r->offer, &r->params, &r->translation.conversion,
                                             c->hasher, r->translation.arena);

    if (better.len)
        r->storable = better;
}

/* Where nothing was understood of the answer, no more is kept than after a refusal. */
static enum consent_action may_keep(const struct intake_request *r)
{
    enum consent_action decided = r->translation.consent.action;
    const struct consent_rule *rule = &r->offer->consent;

    return decided == CONSENT_NOT_ASKED && rule->from.count ? rule->otherwise : decided;
}

int record_postback(const struct record_context *c, struct intake_request *r, struct err *err)
{
    int64_t id;

    if (store_postback_id(c->store, &id, err) != 0 ||
        record_events(c, r, id, arrival(c, r) / 1000, err) != 0)
        return -1;
    return put_postback(c, r, id, err);
}

/* The mapping's word on it. */
static int translate(const struct record_context *c, struct intake_request *r, struct recall *recall,
                     int64_t now, struct err *err)
{
    struct translator translator = r->rules->catalog->translator;
    struct translation *t = &r->translation;
    struct click click;
    struct err problem = { 0 };
    int known = 0;

    translator.hasher = c->hasher;
    if (!r->unreadable) {
        known = find_click(c, r, &click, err);
        if ((known < 0 || look_back(c, r, recall, &click, &known, err) != 0) && !t->arena->full)
            return -1;
        if (t->arena->full || translate_finish(&translator, r->offer, &r->params,
                                               known ? &click : NULL, now, t, &problem) != 0)
            keep_too_large(t);
        if (translate_storable_by_click(r->offer, &t->conversion))
            store_better(c, r);
    }
    r->storable = translate_cut(r->offer, may_keep(r), r->storable, t->arena);
    return 0;
}

int record_translate(const struct record_context *c, struct intake_request *r, int64_t before,
                     int64_t now, struct err *err)
{
    struct recall recall = { c->store, r->offer->name, before };

    return translate(c, r, &recall, now, err);
}

int record_events(const struct record_context *c, struct intake_request *r, int64_t id, int64_t now,
                  struct err *err)
{
    struct recall recall = { c->store, r->offer->name, 0 };
    const struct memory memory = recall_memory(&recall);
    struct translation *t = &r->translation;
    int fresh;

    if (translate(c, r, &recall, now, err) != 0)
        return -1;
    if ((fresh = put_events(c, r, id, err)) < 0)
        return -1;
    if (past_settle(&memory, r->offer, &r->params, t, fresh > 0, now, err) != 0 && !t->arena->full)
        return -1; /* with a full arena only the sentence is shorter */
    return 0;
}

/* Who counts the postbacks that use a previous secret must not be told by a second translation that none does. */
bool record_is_requests(struct slice line)
{
    static const struct slice codes[] = { SLICE("W00"), SLICE("W010 "), SLICE("W091 "), SLICE("W092 "),
                                          SLICE("W093 "), SLICE("W094 ") };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (slice_starts(line, codes[i]))
            return true;
    return false;
}

/* ---- once more ---- */

void record_keep(const struct intake_request *r, struct record_before *out)
{
    out->translation = r->translation;
    out->storable = r->storable;
    out->mark = arena_mark(r->http->arena);
}

void record_restore(struct intake_request *r, const struct record_before *before)
{
    r->translation = before->translation;
    r->storable = before->storable;
    arena_back(r->http->arena, before->mark);
    if (r->translation.notes.last) /* notes that came later hang on it */
        r->translation.notes.last->next = NULL;
}
