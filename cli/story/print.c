#include "cli/story/story.h"

#include <string.h>

#include "cli/hops.h"
#include "cli/show.h"
#include "core/base/codes.h"

#define IN    "    "
#define LONG  64
#define SHOWN 40

struct printer {
    struct buf *out;
    bool colour;
};

/* ---- words ---- */

static void safe(struct printer *p, struct slice s)
{
    show_safe(p->out, s);
}

/* ", name value" or "name value", and nothing when there is none. */
static void item(struct printer *p, bool *first, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_printf(p->out, "%s%s%s", *first ? "" : ", ", name, *name ? " " : "");
    safe(p, value);
    *first = false;
}

/* A ttclid fills lines: its begin and length. */
static void id(struct printer *p, bool *first, const char *name, struct slice value)
{
    bool cut = value.len > LONG;

    item(p, first, name, cut ? slice_head(value, SHOWN) : value);
    if (cut)
        buf_printf(p->out, "...(%zu)", value.len);
}

static void line(struct printer *p, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_printf(p->out, IN "%-11s ", name);
    safe(p, value);
    buf_byte(p->out, '\n');
}

static void moment(struct printer *p, int64_t ms)
{
    if (ms)
        when_print_ms(p->out, ms);
    else
        buf_puts(p->out, "at a time that is not known");
}

static void painted(struct printer *p, enum hops_paint paint, const char *text)
{
    hops_paint(p->out, p->colour, paint);
    buf_puts(p->out, text);
    hops_paint(p->out, p->colour, HOPS_PLAIN);
}

static void amount(struct printer *p, const struct store_event *ev)
{
    if (ev->currency.len == 0)
        return;
    buf_puts(p->out, ", ");
    money_print(p->out, (struct money){ ev->value });
    buf_byte(p->out, ' ');
    safe(p, ev->currency);
    if (ev->original_currency.len == 0 ||
        (slice_eq(ev->currency, ev->original_currency) && ev->value == ev->original_value))
        return;
    buf_puts(p->out, " (of ");
    money_print(p->out, (struct money){ ev->original_value });
    buf_byte(p->out, ' ');
    safe(p, ev->original_currency);
    buf_byte(p->out, ')');
}

/* ---- a click ---- */

static void click(struct printer *p, const struct store_click *c)
{
    bool first = true;

    moment(p, c->at * 1000);
    buf_printf(p->out, "  click, registered %s%s\n", c->keyed ? "with the key" : "by the page",
               c->refused ? "; the visitor refuses tracking" : "");
    buf_puts(p->out, IN);
    id(p, &first, "click_id", c->click_id);
    id(p, &first, "ttclid", c->ttclid);
    id(p, &first, "event_id", c->event_id);
    item(p, &first, "country", c->country);
    item(p, &first, "consent", c->consent);
    item(p, &first, "ttp", c->ttp);
    item(p, &first, "ip", c->ip);
    buf_byte(p->out, '\n');
    line(p, "page", c->page_url);
    line(p, "referrer", c->referrer);
    line(p, "browser", c->user_agent);
}

/* ---- an event ---- */

static void attempt(struct printer *p, const struct store_attempt *a, size_t number)
{
    bool first = false;

    buf_puts(p->out, IN);
    moment(p, a->at);
    buf_printf(p->out, "  attempt %zu: ", number);
    if (a->http_status)
        buf_printf(p->out, "HTTP %d", a->http_status);
    else
        buf_puts(p->out, "no answer");
    if (a->code >= 0)
        buf_printf(p->out, ", TikTok's code %lld", (long long)a->code);
    if (a->message.len) {
        buf_puts(p->out, " \"");
        safe(p, a->message);
        buf_byte(p->out, '"');
    }
    buf_printf(p->out, ", %u ms", a->took_ms);
    item(p, &first, "request id", a->request_id);
    buf_byte(p->out, '\n');
}

static enum hops_paint paint_of_state(enum store_state s)
{
    return s == STORE_DELIVERED ? HOPS_GOOD : s == STORE_DEAD ? HOPS_BAD : HOPS_NOTE;
}

static void event(struct printer *p, const struct story_event *e)
{
    const struct store_event *ev = &e->event;
    bool first = false;

    buf_printf(p->out, "  event %lld: ", (long long)ev->id);
    safe(p, ev->event);
    buf_puts(p->out, " for pixel ");
    safe(p, ev->pixel);
    id(p, &first, "event_id", ev->event_id);
    amount(p, ev);
    item(p, &first, "test code", ev->test_code);
    buf_puts(p->out, ": ");
    painted(p, paint_of_state(ev->state), story_state_name(ev->state));
    if (ev->state == STORE_WAITING) {
        buf_puts(p->out, ", due ");
        moment(p, ev->due);
    }
    buf_byte(p->out, '\n');
    line(p, "note", ev->note);
    if (ev->consent.len) {
        buf_printf(p->out, IN "%-11s ", "consent");
        safe(p, ev->consent);
        buf_puts(p->out, ev->consent_said.len ? ": " : "");
        safe(p, ev->consent_said);
        buf_byte(p->out, '\n');
    }
    for (size_t i = 0; i < e->attempt_count; i++)
        attempt(p, &e->attempts[i], i + 1);
    if (e->attempt_count == 0)
        buf_puts(p->out, IN "no attempt is recorded\n");
}

/* ---- a postback ---- */

static void warnings(struct printer *p, struct slice lines)
{
    struct slice one, code, rest;

    while (slice_next(&lines, '\n', &one)) {
        if (one.len == 0)
            continue;
        slice_cut(one, ' ', &code, &rest);
        buf_puts(p->out, IN);
        safe(p, code);
        buf_printf(p->out, "%*s", code.len < 12 ? (int)(12 - code.len) : 1, "");
        safe(p, rest);
        buf_byte(p->out, '\n');
    }
}

static void parameters(struct printer *p, const struct params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        buf_printf(p->out, IN "%-11s ", i ? "" : "parameters");
        safe(p, params->list[i].name);
        buf_puts(p->out, " = ");
        safe(p, params->list[i].value);
        buf_byte(p->out, '\n');
    }
}

static void verdict(struct printer *p, const struct store_postback *pb)
{
    painted(p, pb->verdict == STORE_QUEUED        ? HOPS_GOOD
               : pb->verdict == STORE_QUARANTINED ? HOPS_BAD
                                                  : HOPS_NOTE,
            story_verdict_name(pb->verdict));
    if (pb->code.len) {
        buf_byte(p->out, ' ');
        safe(p, pb->code);
    }
    if (pb->reason.len) {
        buf_puts(p->out, ": ");
        safe(p, pb->reason);
    }
    buf_byte(p->out, '\n');
}

/* What is to be done about one that waits for somebody. */
static void remedy(struct printer *p, const struct store_postback *pb)
{
    char text[8] = "";
    const struct code *code;

    if (pb->verdict != STORE_QUARANTINED || pb->code.len >= sizeof(text))
        return;
    memcpy(text, slice_bytes(pb->code), pb->code.len);
    code = code_find(text);
    if (code)
        buf_printf(p->out, IN "%-11s %s (clickbaton explain %s)\n", "to do", code->remedy, code->code);
}

static void ids(struct printer *p, const struct store_postback *pb)
{
    bool first = true;

    if (pb->click_id.len + pb->ttclid.len + pb->event_id.len + pb->txid.len == 0)
        return;
    buf_printf(p->out, IN "%-11s ", "understood");
    id(p, &first, "click_id", pb->click_id);
    id(p, &first, "ttclid", pb->ttclid);
    id(p, &first, "event_id", pb->event_id);
    id(p, &first, "transaction id", pb->txid);
    buf_byte(p->out, '\n');
}

static void postback(struct printer *p, const struct story_postback *sp)
{
    const struct store_postback *pb = &sp->postback;
    struct buf at = { 0 };
    bool first = false;

    if (sp->gone) {
        buf_printf(p->out, "postback %lld, of which only the event is left\n", (long long)pb->id);
    } else {
        moment(p, pb->at);
        buf_printf(p->out, "  postback %lld", (long long)pb->id);
        item(p, &first, "tracker", pb->tracker);
        item(p, &first, "stage", pb->stage);
        buf_puts(p->out, ": ");
        verdict(p, pb);
        remedy(p, pb);
        show_place(&at, &sp->rule);
        line(p, "rule", buf_slice(&at));
        ids(p, pb);
        warnings(p, pb->warnings);
        parameters(p, &sp->params);
    }
    for (size_t i = 0; i < sp->event_count; i++)
        event(p, &sp->events[i]);
    buf_free(&at);
}

/* ---- all of it ---- */

static void heading(struct printer *p, struct slice offer, struct slice click_id,
                    struct slice ttclid, struct slice event_id)
{
    bool first = true;

    item(p, &first, "offer", offer);
    if (click_id.len)
        id(p, &first, "click", click_id);
    else if (ttclid.len)
        id(p, &first, "ttclid", ttclid);
    else
        id(p, &first, "event_id", event_id);
    buf_byte(p->out, '\n');
}

/* What happened, in its order: clicks have seconds, and go before what came in the same one. */
static void group(struct printer *p, const struct story *s, size_t number)
{
    size_t c = 0, b = 0;
    bool headed = false;

    while (c < s->click_count && s->clicks[c].group != number)
        c++;
    while (b < s->postback_count && s->postbacks[b].group != number)
        b++;
    for (;;) {
        const struct store_click *click_row =
            c < s->click_count && s->clicks[c].group == number ? &s->clicks[c].click : NULL;
        const struct store_postback *pb = b < s->postback_count && s->postbacks[b].group == number
                                              ? &s->postbacks[b].postback
                                              : NULL;
        if (!click_row && !pb)
            break;
        if (!headed && click_row)
            heading(p, click_row->offer, click_row->click_id, click_row->ttclid, click_row->event_id);
        else if (!headed)
            heading(p, pb->offer, pb->click_id, pb->ttclid, pb->event_id);
        headed = true;
        if (click_row && (!pb || click_row->at * 1000 <= pb->at))
            click(p, &s->clicks[c++].click);
        else
            postback(p, &s->postbacks[b++]);
    }
    if (headed && (s->click_count == 0 || c == 0 || s->clicks[c - 1].group != number))
        buf_puts(p->out, "no click was registered for it, or it is older than `retention: clicks`\n");
}

static void sentences(struct printer *p, struct slice lines)
{
    struct slice one;

    while (slice_next(&lines, '\n', &one)) {
        safe(p, one);
        buf_byte(p->out, '\n');
    }
}

/* The hops come first, as they did. */
static void walks(struct printer *p, const struct story *s)
{
    for (size_t i = 0; i < s->walks.count; i++) {
        walks_print(p->out, &s->walks.list[i], p->colour);
        buf_byte(p->out, '\n');
    }
    if (s->walks.problem.len) {
        buf_puts(p->out, "A kept simulation can't be read: ");
        safe(p, s->walks.problem);
        buf_puts(p->out, "\n\n");
    }
}

void story_print(struct buf *out, const struct story *s, bool colour)
{
    struct printer p = { out, colour };

    walks(&p, s);
    if (s->matched == STORY_NOTHING || s->matched == STORY_WALK) {
        sentences(&p, s->meaning);
        return;
    }
    if (s->groups > 1 || s->matched == STORY_TTCLID_PREFIX) {
        buf_printf(out, "%zu conversion%s found by %s:\n\n", s->groups, s->groups > 1 ? "s" : "",
                   s->matched == STORY_TTCLID_PREFIX ? "the beginning of the ttclid"
                                                     : story_match_name(s->matched));
    }
    for (size_t i = 0; i < s->groups; i++) {
        buf_puts(out, i ? "\n" : "");
        group(&p, s, i);
    }
    if (s->more)
        buf_printf(out, "\nThere is more: the newest %d rows of a kind are shown at most.\n",
                   STORY_MOST);
}
