/* finish.c: the second half of a translation: verdict, and the events with their JSON. */
#include "core/rules/value.h"
#include "core/translate/work.h"

#define FUTURE_SECONDS 600
#define OLD_SECONDS (7 * 86400)
#define USELESS_SECONDS (28 * 86400)

static struct slice line_of(struct work *w, const struct place *at)
{
    if (!at->source || at->line == 0)
        return (struct slice){ 0 };
    return arena_printf(w->out->arena, "%.*s:%u", SLICE_ARG(at->source->name), at->line);
}

/* ---- what the postback says ---- */

/* An id or a word that is an e-mail address or a phone number: from here on the hash that the
 * stored postback has in its place, so that a replay comes to the same event. */
static void hash_personal(struct work *w)
{
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        struct field_value *v = &w->out->conversion.fields[f];
        if (f == FIELD_PAGE_URL || f == FIELD_REFERRER || f == FIELD_USER_AGENT || f == FIELD_IP ||
            f == FIELD_TIME || f == FIELD_CLICK_TIME || !identity_looks_personal(v->value))
            continue;
        v->value =
            storable_value(w->offer, &w->values, v->name, v->value, w->translator->hasher,
                           w->out->arena);
        note_add(&w->out->notes, "W051", field_names[f],
                 "%.*s: the value holds personal data, so its hash takes its place",
                 SLICE_ARG(field_names[f]));
    }
}

static int check_conflict(struct work *w)
{
    struct slice name = params_conflict(w->params);

    if (name.len == 0)
        return 0;
    return quarantine(w, "Q004",
                      arena_printf(w->out->arena,
                                   "the parameter \"%.*s\" came twice with different "
                                   "values, and nobody can say which one counts",
                                   SLICE_ARG(shown(w, name))));
}

/* A stage that sends nothing.  When it takes back what was sent, that is what the sentence says. */
static int ignore(struct work *w, const char *code, struct slice reason)
{
    struct slice back = past_taken_back(w);

    return decide(w, VERDICT_IGNORED, back.len ? "I006" : code,
                  back.len ? arena_printf(w->out->arena, "%.*s%.*s", SLICE_ARG(reason),
                                          SLICE_ARG(back))
                           : reason);
}

static int find_rule(struct work *w, const struct stage_rule **rule)
{
    struct conversion *conv = &w->out->conversion;
    struct arena *a = w->out->arena;
    struct slice word = field(w, FIELD_STATUS);

    if (word.len == 0)
        word = field(w, FIELD_TYPE);
    if (conv->stage.len == 0 && word.len)
        return quarantine(w, "Q002",
                          arena_printf(a, "no stage of the mapping lists the word \"%.*s\"",
                                       SLICE_ARG(shown(w, word))));
    if (conv->stage.len == 0)
        return quarantine(w, "Q001", S("the postback says no status, and the mapping has no "
                                       "default_stage"));
    *rule = mapping_rule(w->offer, conv->stage);
    if (!*rule)
        return ignore(w, "I002",
                      arena_printf(a, "the offer has no rule for the stage \"%.*s\"",
                                   SLICE_ARG(conv->stage)));
    w->out->offer_line = line_of(w, &(*rule)->at);
    if ((*rule)->ignore)
        return ignore(w, "I001",
                      arena_printf(a, "the offer ignores the stage \"%.*s\" (%.*s)",
                                   SLICE_ARG(conv->stage), SLICE_ARG(w->out->offer_line)));
    return 0;
}

static void note_difference(struct work *w, enum field f, const char *code)
{
    struct slice own = field(w, f), clicks = w->click->fields[f];

    if (own.len && clicks.len && !slice_eq(own, clicks))
        note_add(&w->out->notes, code, field_names[f],
                 "%.*s: the postback says \"%.*s\", the registered click says \"%.*s\"; the "
                 "postback's is used",
                 SLICE_ARG(field_names[f]), SLICE_ARG(shown(w, own)), SLICE_ARG(shown(w, clicks)));
}

/* A page of the postback that could not be sent leaves room for the click's; what is stored in its
 * place does as well. */
static bool is_free(enum field f, struct slice value)
{
    if (value.len == 0)
        return true;
    return (f == FIELD_PAGE_URL && !keys_is_page(value)) ||
           (f == FIELD_REFERRER && identity_looks_personal(value));
}

static void merge_click(struct work *w)
{
    if (!w->click)
        return;
    note_difference(w, FIELD_TTCLID, "W033");
    note_difference(w, FIELD_EVENT_ID, "W034");
    for (size_t i = 0; i < RECORD_CLICK_FIELDS; i++) {
        enum field f = record_click_fields[i];
        struct field_value *v = &w->out->conversion.fields[f];
        struct slice click_value = w->click->fields[f];
        if (is_free(f, v->value) && click_value.len)
            *v = (struct field_value){ click_value, ORIGIN_CLICK, field_names[f], { 0 } };
    }
}

/* ---- rules of an event (docs/DESIGN.md) ---- */

static int check_time(struct work *w)
{
    const struct field_rule *rule = &w->offer->fields[FIELD_TIME];
    struct slice text = field(w, FIELD_TIME);
    int64_t at = w->now, today = w->out->today > w->now ? w->out->today : w->now;

    if (text.len && !when_parse(text, rule->form, rule->zone_seconds, &at))
        return quarantine(w, "Q013",
                          arena_printf(w->out->arena,
                                       "the time \"%.*s\" can't be read (the mapping "
                                       "expects `as: %.*s`)",
                                       SLICE_ARG(shown(w, text)),
                                       SLICE_ARG(when_form_names[rule->form])));
    if (at > w->now + FUTURE_SECONDS) {
        note_add(&w->out->notes, "W024", S("time"),
                 "time: \"%.*s\" lies more than 10 minutes ahead, so the time of arrival is sent",
                 SLICE_ARG(shown(w, text)));
        at = w->now;
    }
    if (at < today - USELESS_SECONDS)
        return quarantine(w, "Q005",
                          arena_printf(w->out->arena,
                                       "the conversion is %lld days old; past 28 days "
                                       "no click can be credited with it",
                                       (long long)((today - at) / 86400)));
    if (at < today - OLD_SECONDS)
        note_add(&w->out->notes, "W025", S("time"),
                 "time: the conversion is %lld days old; TikTok may not credit it",
                 (long long)((today - at) / 86400));
    w->out->event_time = w->event.event_time = at;
    return 0;
}

static struct slice id_of_ttclid(struct work *w)
{
    struct slice ttclid = field(w, FIELD_TTCLID);
    char hex[SHA256_HEX];

    if (ttclid.len == 0 || !sha256_hex(w->translator->hasher, ttclid, hex))
        return (struct slice){ 0 };
    return arena_printf(w->out->arena, "tt.%.32s", hex);
}

/* A click may be registered after its first postback, or tell its event_id later; the postback that
 * is repeated then would be another event.  So what its id was with less knowledge is remembered. */
static void find_former_ids(struct work *w)
{
    const struct field_value *v = w->out->conversion.fields;
    struct slice click_id = v[FIELD_CLICK_ID].value;
    enum origin id_from = v[FIELD_EVENT_ID].origin;

    if (id_from == ORIGIN_PARAM) { /* the same conversion may have come without an id of its own */
        w->formerly[0] = click_id;
        w->formerly[1] = w->click ? w->click->fields[FIELD_EVENT_ID] : (struct slice){ 0 };
        return;
    }
    if (id_from == ORIGIN_CLICK)
        w->formerly[0] = click_id;
    if (id_from == ORIGIN_CLICK || past_has_nameless(w) ||
        (id_from == ORIGIN_DERIVED && v[FIELD_CLICK_ID].origin == ORIGIN_CLICK))
        w->formerly[1] = id_of_ttclid(w);
}

static int find_event_id(struct work *w)
{
    struct field_value *v = &w->out->conversion.fields[FIELD_EVENT_ID];
    struct slice click_id = field(w, FIELD_CLICK_ID);
    bool given = v->value.len != 0;

    if (v->value.len == 0 && click_id.len)
        *v = (struct field_value){ click_id, ORIGIN_DERIVED, S("click_id"), { 0 } };
    if (v->value.len == 0)
        *v = (struct field_value){ id_of_ttclid(w), ORIGIN_DERIVED, S("ttclid"), { 0 } };
    w->event_id = v->value;
    if (v->value.len == 0)
        return quarantine(w, "Q006",
                          S("the postback has no click id, no event id and no ttclid, so "
                            "nothing says whose conversion this is"));
    if (given)
        w->plain_id = click_id.len ? click_id : id_of_ttclid(w);
    find_former_ids(w);
    return 0;
}

/* ---- the events ---- */

static int set_event_ids(struct work *w, const struct event_rule *rule, struct translated_event *e)
{
    e->event_id = w->event_id;
    e->own_id = w->out->conversion.fields[FIELD_EVENT_ID].origin == ORIGIN_PARAM;
    if (!slice_eq(w->plain_id, w->event_id))
        e->plain_id = w->plain_id;
    for (size_t i = 0; i < 2; i++)
        e->formerly[i] = w->formerly[i];
    if (rule->twin)
        past_twin_ids(w, rule, e);
    if (!rule->repeatable)
        return 0;
    if (slice_trim(field(w, FIELD_TXID)).len == 0)
        return quarantine(w, "Q010",
                          arena_printf(w->out->arena,
                                       "a repeatable %.*s needs a transaction id to be "
                                       "told from the one before",
                                       SLICE_ARG(rule->event)));
    e->event_id = work_with_txid(w, e->event_id);
    e->plain_id = work_with_txid(w, e->plain_id);
    for (size_t i = 0; i < 2; i++)
        e->formerly[i] = work_with_txid(w, e->formerly[i]);
    return 0;
}

/* The same event for each of its pixels. */
static void add_copies(struct work *w, const struct translated_event *e, const struct slice *pixels,
                       size_t count)
{
    for (size_t i = 0; i < count && w->out->event_count < TRANSLATE_EVENTS_MAX; i++) {
        struct translated_event *copy = &w->out->events[w->out->event_count++];
        *copy = *e;
        copy->pixel = pixels[i];
    }
}

static int add_event(struct work *w, const struct event_rule *rule)
{
    struct value_in in = { w->offer, &rule->value, &w->values, w->translator->rates,
                           w->event.event_time, w->out->arena, &w->out->notes,
                           &w->out->trail };
    struct translated_event e = { .event = rule->event };
    struct payload_event json = w->event;
    struct slice pixels[PIXELS_PER_EVENT_MAX];
    struct value_out value;
    size_t count;

    told_rule(w, rule);
    if (destination_pixels(w, rule, pixels, &count) != 0)
        return 1;
    if (value_compute(&in, &value, &w->out->code, &w->out->reason) != 0)
        return quarantine(w, w->out->code, w->out->reason);
    if (set_event_ids(w, rule, &e) != 0)
        return 1;
    e.has_value = json.has_value = value.has_value;
    e.value = json.value = value.value;
    e.currency = json.currency = value.currency;
    e.original = value.original;
    e.original_currency = value.original_currency;
    told_event(w, rule, &e);
    json.event = e.event;
    json.event_id = e.event_id;
    buf_clear(&w->json);
    payload_event(&w->json, &json, w->out->arena, &w->out->notes);
    e.body = buf_ok(&w->json) ? arena_dup(w->out->arena, buf_slice(&w->json)) : (struct slice){ 0 };
    if (e.body.len == 0)
        w->out->arena->full = true;
    add_copies(w, &e, pixels, count);
    return 0;
}

/* 0: queued.  1: another verdict was decided on the way. */
static int decide_all(struct work *w)
{
    const struct stage_rule *rule = NULL;

    merge_click(w);
    hash_personal(w);
    consent_find(w);
    if (check_conflict(w) || past_forbids(w) || find_rule(w, &rule) || plausible_click(w) ||
        plausible_payout(w) || find_event_id(w) || consent_check(w) || check_time(w) || keys_gather(w) || consent_limit(w) ||
        destination_lead(w))
        return 1;
    keys_page(w);
    w->event.properties = w->offer->properties;
    w->event.property_count = w->offer->property_count;
    w->event.values = &w->values;
    w->event.mark = w->offer->mark;
    for (const struct event_rule *e = rule->events; e; e = e->next)
        if (add_event(w, e))
            return 1;
    w->out->verdict = VERDICT_QUEUED;
    w->out->code = "";
    return 0;
}

int translate_finish(const struct translator *translator, const struct offer *offer,
                     const struct params *params, const struct click *click, int64_t now,
                     struct translation *out, struct err *err)
{
    struct work w = {
        .translator = translator,
        .offer = offer,
        .params = params,
        .click = click,
        .out = out,
        .now = now,
        .values = { &out->conversion, params, offer->name },
        .json = { .limit = 256 * 1024 },
    };

    out->event_time = now;
    decide_all(&w);
    buf_free(&w.json);
    translate_scrub(out);
    if (out->arena->full)
        return err_set(err, ERR_BUSY, "the postback needs more memory than a request may have");
    return 0;
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = { "", "queued", "duplicate", "ignored", "quarantined",
                                         "refused", "accepted" };

    return (size_t)v < sizeof(names) / sizeof(*names) ? names[v] : "";
}
