#include "cli/story/story.h"

#include "cli/show.h"
#include "core/base/json.h"

const char *story_verdict_name(enum store_verdict v)
{
    static const char *const names[] = { "", [STORE_QUEUED] = "queued",
                                         [STORE_DUPLICATE] = "duplicate",
                                         [STORE_IGNORED] = "ignored",
                                         [STORE_QUARANTINED] = "quarantined" };

    return (size_t)v < sizeof(names) / sizeof(*names) ? names[v] : "";
}

const char *story_state_name(enum store_state s)
{
    static const char *const names[] = { "", [STORE_WAITING] = "waiting",
                                         [STORE_SENDING] = "sending",
                                         [STORE_DELIVERED] = "delivered", [STORE_DEAD] = "dead",
                                         [STORE_WITHDRAWN] = "withdrawn" };

    return (size_t)s < sizeof(names) / sizeof(*names) ? names[s] : "";
}

/* "refused" is the word of the inspector for those that are dead. */
static const struct {
    struct slice word;
    unsigned states;
} fates[] = {
    { SLICE("waiting"), STORE_IN(STORE_WAITING) | STORE_IN(STORE_SENDING) },
    { SLICE("delivered"), STORE_IN(STORE_DELIVERED) },
    { SLICE("refused"), STORE_IN(STORE_DEAD) },
    { SLICE("withdrawn"), STORE_IN(STORE_WITHDRAWN) },
    { SLICE("dead"), STORE_IN(STORE_DEAD) },
};

bool story_states(struct slice word, unsigned *states)
{
    *states = 0;
    for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++)
        if (slice_eq(word, fates[i].word))
            *states = fates[i].states;
    return *states != 0;
}

static void amount(struct buf *out, const char *name, int64_t micros, struct slice currency)
{
    if (currency.len)
        json_amount(out, name, micros);
    else
        json_known(out, name, currency);
}

/* ---- clicks ---- */

void story_json_click(struct buf *out, const struct store_click *c)
{
    buf_puts(out, "{\"offer\":");
    buf_json(out, c->offer);
    json_time_ms(out, "at", c->at * 1000);
    json_text(out, "click_id", c->click_id);
    json_text(out, "ttclid", c->ttclid);
    json_text(out, "event_id", c->event_id);
    json_flag(out, "keyed", c->keyed);
    json_text(out, "consent", c->consent);
    json_flag(out, "refused", c->refused);
    json_text(out, "country", c->country);
    json_text(out, "page_url", c->page_url);
    json_text(out, "referrer", c->referrer);
    json_text(out, "ttp", c->ttp);
    json_text(out, "ip", c->ip);
    json_text(out, "user_agent", c->user_agent);
    buf_byte(out, '}');
}

/* ---- events ---- */

static void attempt(struct buf *out, const struct store_attempt *a)
{
    buf_puts(out, "{\"at\":");
    json_put_time_ms(out, a->at);
    json_number(out, "took_ms", a->took_ms);
    if (a->http_status)
        json_number(out, "http_status", a->http_status);
    else
        buf_puts(out, ",\"http_status\":null");
    if (a->code >= 0)
        json_number(out, "code", a->code);
    else
        buf_puts(out, ",\"code\":null");
    json_text(out, "message", a->message);
    json_text(out, "request_id", a->request_id);
    buf_byte(out, '}');
}

/* The body as it stands when it is JSON beyond doubt, else as a text: the store may have been edited. */
static void body(struct buf *out, struct slice json)
{
    struct arena arena = { 0 };
    struct notes notes = { .arena = &arena };
    struct params p = { .max = 100000, .arena = &arena, .notes = &notes };
    bool sound;

    arena_init(&arena, (size_t)4 << 20);
    sound = utf8_valid(json) && params_json(&p, json, NULL) == 0;
    arena_free(&arena);
    buf_puts(out, ",\"body\":");
    if (sound)
        buf_add(out, slice_trim(json));
    else
        buf_json(out, json);
}

void story_json_event(struct buf *out, const struct story_event *e)
{
    const struct store_event *ev = &e->event;

    buf_printf(out, "{\"id\":%lld", (long long)ev->id);
    json_text(out, "event", ev->event);
    json_text(out, "pixel", ev->pixel);
    json_text(out, "event_id", ev->event_id);
    json_text(out, "state", slice_from(story_state_name(ev->state)));
    amount(out, "value", ev->value, ev->currency);
    json_text(out, "currency", ev->currency);
    amount(out, "original_value", ev->original_value, ev->original_currency);
    json_text(out, "original_currency", ev->original_currency);
    json_text(out, "test_code", ev->test_code);
    json_text(out, "consent", ev->consent);
    json_text(out, "consent_said", ev->consent_said);
    json_time_ms(out, "created", ev->created);
    json_time_ms(out, "due", ev->due);
    json_number(out, "attempts_made", ev->attempts);
    json_text(out, "note", ev->note);
    body(out, ev->body);
    buf_puts(out, ",\"attempts\":[");
    for (size_t i = 0; i < e->attempt_count; i++) {
        buf_puts(out, i ? "," : "");
        attempt(out, &e->attempts[i]);
    }
    buf_puts(out, "]}");
}

/* ---- postbacks ---- */

static void warnings(struct buf *out, struct slice lines)
{
    struct slice one, code, rest;
    bool first = true;

    buf_puts(out, ",\"warnings\":[");
    while (slice_next(&lines, '\n', &one)) {
        if (one.len == 0)
            continue;
        slice_cut(one, ' ', &code, &rest);
        buf_puts(out, first ? "{\"code\":" : ",{\"code\":");
        buf_json(out, code);
        json_text(out, "text", rest);
        buf_byte(out, '}');
        first = false;
    }
    buf_byte(out, ']');
}

static void parameters(struct buf *out, const struct params *p)
{
    buf_puts(out, ",\"params\":[");
    for (size_t i = 0; i < p->count; i++) {
        buf_puts(out, i ? ",[" : "[");
        buf_json(out, p->list[i].name);
        buf_byte(out, ',');
        buf_json(out, p->list[i].value);
        buf_byte(out, ']');
    }
    buf_byte(out, ']');
}

static void rule(struct buf *out, const struct place *at)
{
    if (!at->source || at->line == 0) {
        buf_puts(out, ",\"rule\":null");
        return;
    }
    buf_puts(out, ",\"rule\":{\"file\":");
    buf_json(out, at->source->name);
    json_number(out, "line", at->line);
    buf_byte(out, '}');
}

void story_json_postback(struct buf *out, const struct story_postback *p)
{
    const struct store_postback *pb = &p->postback;

    buf_printf(out, "{\"id\":%lld", (long long)pb->id);
    json_time_ms(out, "at", p->gone ? 0 : pb->at);
    json_flag(out, "gone", p->gone);
    json_text(out, "offer", pb->offer);
    json_text(out, "tracker", pb->tracker);
    json_text(out, "method", pb->method);
    json_text(out, "stage", pb->stage);
    json_text(out, "verdict", slice_from(story_verdict_name(pb->verdict)));
    json_text(out, "code", pb->code);
    json_text(out, "reason", pb->reason);
    rule(out, &p->rule);
    warnings(out, pb->warnings);
    parameters(out, &p->params);
    json_text(out, "click_id", pb->click_id);
    json_text(out, "ttclid", pb->ttclid);
    json_text(out, "event_id", pb->event_id);
    json_text(out, "txid", pb->txid);
    buf_puts(out, ",\"events\":[");
    for (size_t i = 0; i < p->event_count; i++) {
        buf_puts(out, i ? "," : "");
        story_json_event(out, &p->events[i]);
    }
    buf_puts(out, "]}");
}

/* ---- all of it ---- */

void story_json_members(struct buf *out, const struct story *s)
{
    buf_puts(out, "\"id\":");
    buf_json(out, s->id);
    json_text(out, "matched", slice_from(story_match_name(s->matched)));
    buf_puts(out, ",\"clicks\":[");
    for (size_t i = 0; i < s->click_count; i++) {
        buf_puts(out, i ? "," : "");
        story_json_click(out, &s->clicks[i].click);
    }
    buf_puts(out, "],\"postbacks\":[");
    for (size_t i = 0; i < s->postback_count; i++) {
        buf_puts(out, i ? "," : "");
        story_json_postback(out, &s->postbacks[i]);
    }
    buf_puts(out, "],\"walks\":[");
    for (size_t i = 0; i < s->walks.count; i++) {
        buf_puts(out, i ? "," : "");
        walks_json(out, &s->walks.list[i]);
    }
    buf_byte(out, ']');
    json_text(out, "walks_problem", s->walks.problem);
    json_flag(out, "more", s->more);
    json_text(out, "meaning", s->meaning);
}

void story_json(struct buf *out, const struct story *s)
{
    buf_byte(out, '{');
    story_json_members(out, s);
    buf_byte(out, '}');
}
