#include "cli/story/story.h"

#include "cli/show.h"
#include "core/base/when.h"

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

/* ---- members ---- */

static void text(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json(out, value);
}

static void words(struct buf *out, const char *name, const char *value)
{
    text(out, name, slice_from(value));
}

static void number(struct buf *out, const char *name, int64_t n)
{
    buf_printf(out, ",\"%s\":%lld", name, (long long)n);
}

void story_json_time(struct buf *out, int64_t ms)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);

    if (ms == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_byte(out, '"');
    when_print(out, seconds);
    if (!out->failed)
        out->len--; /* the Z */
    buf_printf(out, ".%03lldZ\"", (long long)(ms - seconds * 1000));
}

static void moment(struct buf *out, const char *name, int64_t ms)
{
    buf_printf(out, ",\"%s\":", name);
    story_json_time(out, ms);
}

/* An exact amount, as a string: a reader's doubles must not touch it. */
static void amount(struct buf *out, const char *name, int64_t micros, struct slice currency)
{
    buf_printf(out, ",\"%s\":", name);
    if (currency.len == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_byte(out, '"');
    money_print(out, (struct money){ micros });
    buf_byte(out, '"');
}

/* ---- clicks ---- */

void story_json_click(struct buf *out, const struct store_click *c)
{
    buf_puts(out, "{\"offer\":");
    buf_json(out, c->offer);
    moment(out, "at", c->at * 1000);
    text(out, "click_id", c->click_id);
    text(out, "ttclid", c->ttclid);
    text(out, "event_id", c->event_id);
    buf_printf(out, ",\"keyed\":%s", c->keyed ? "true" : "false");
    text(out, "consent", c->consent);
    buf_printf(out, ",\"refused\":%s", c->refused ? "true" : "false");
    text(out, "country", c->country);
    text(out, "page_url", c->page_url);
    text(out, "referrer", c->referrer);
    text(out, "ttp", c->ttp);
    text(out, "ip", c->ip);
    text(out, "user_agent", c->user_agent);
    buf_byte(out, '}');
}

/* ---- events ---- */

static void attempt(struct buf *out, const struct store_attempt *a)
{
    buf_puts(out, "{\"at\":");
    story_json_time(out, a->at);
    number(out, "took_ms", a->took_ms);
    if (a->http_status)
        number(out, "http_status", a->http_status);
    else
        buf_puts(out, ",\"http_status\":null");
    if (a->code >= 0)
        number(out, "code", a->code);
    else
        buf_puts(out, ",\"code\":null");
    text(out, "message", a->message);
    text(out, "request_id", a->request_id);
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
    text(out, "event", ev->event);
    text(out, "pixel", ev->pixel);
    text(out, "event_id", ev->event_id);
    words(out, "state", story_state_name(ev->state));
    amount(out, "value", ev->value, ev->currency);
    text(out, "currency", ev->currency);
    amount(out, "original_value", ev->original_value, ev->original_currency);
    text(out, "original_currency", ev->original_currency);
    text(out, "test_code", ev->test_code);
    text(out, "consent", ev->consent);
    text(out, "consent_said", ev->consent_said);
    moment(out, "created", ev->created);
    moment(out, "due", ev->due);
    number(out, "attempts_made", ev->attempts);
    text(out, "note", ev->note);
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
        text(out, "text", rest);
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
    number(out, "line", at->line);
    buf_byte(out, '}');
}

void story_json_postback(struct buf *out, const struct story_postback *p)
{
    const struct store_postback *pb = &p->postback;

    buf_printf(out, "{\"id\":%lld", (long long)pb->id);
    moment(out, "at", p->gone ? 0 : pb->at);
    buf_printf(out, ",\"gone\":%s", p->gone ? "true" : "false");
    text(out, "offer", pb->offer);
    text(out, "tracker", pb->tracker);
    text(out, "method", pb->method);
    text(out, "stage", pb->stage);
    words(out, "verdict", story_verdict_name(pb->verdict));
    text(out, "code", pb->code);
    text(out, "reason", pb->reason);
    rule(out, &p->rule);
    warnings(out, pb->warnings);
    parameters(out, &p->params);
    text(out, "click_id", pb->click_id);
    text(out, "ttclid", pb->ttclid);
    text(out, "event_id", pb->event_id);
    text(out, "txid", pb->txid);
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
    words(out, "matched", story_match_name(s->matched));
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
    buf_printf(out, "],\"more\":%s", s->more ? "true" : "false");
    text(out, "meaning", s->meaning);
}

void story_json(struct buf *out, const struct story *s)
{
    buf_byte(out, '{');
    story_json_members(out, s);
    buf_byte(out, '}');
}
