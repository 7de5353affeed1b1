/* row.c: one conversion, as JSON and for people. */
#include "cli/hops.h"
#include "cli/live/live.h"
#include "cli/tail/tail.h"
#include "core/base/money.h"
#include "core/chart/chart.h"
#include "core/review/lines.h"

const char *const tail_verdicts[] = { NULL, "queued", "duplicate", "ignored", "quarantined", NULL };
static const char *const states[] = { "", "waiting", "sending", "delivered", "dead", "withdrawn" };

static const char *state_name(enum store_state state)
{
    return (size_t)state < sizeof(states) / sizeof(*states) ? states[state] : "";
}

static const char *verdict_name(enum store_verdict verdict)
{
    return verdict >= STORE_QUEUED && verdict <= STORE_QUARANTINED ? tail_verdicts[verdict] : "";
}

/* Codes of the lines "W028 sentence", one call after the other; false at the end. */
static bool next_code(struct slice *lines, struct slice *code)
{
    struct slice line;

    while (slice_next(lines, '\n', &line)) {
        *code = slice_head(line, slice_index(line, ' '));
        if (code->len)
            return true;
    }
    return false;
}

/* ---- JSON ---- */

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json(out, value);
}

static void json_answer(struct buf *out, const struct tail_event *e)
{
    if (!e->last) {
        buf_puts(out, ",\"answer\":null,\"latency_ms\":null");
        return;
    }
    buf_printf(out, ",\"answer\":{\"http_status\":%d,\"code\":", e->last->http_status);
    if (e->last->code >= 0)
        buf_i64(out, e->last->code);
    else
        buf_puts(out, "null");
    member(out, "message", e->last->message);
    buf_puts(out, "},\"latency_ms\":");
    if (e->event->state == STORE_DELIVERED)
        buf_i64(out, e->last->at + e->last->took_ms - e->event->created);
    else
        buf_puts(out, "null");
}

static void json_event(struct buf *out, const struct tail_event *e)
{
    const struct store_event *ev = e->event;

    buf_printf(out, "{\"id\":%lld", (long long)ev->id);
    member(out, "event", ev->event);
    member(out, "event_id", ev->event_id);
    member(out, "pixel", ev->pixel);
    member(out, "state", slice_from(state_name(ev->state)));
    buf_puts(out, ",\"value\":");
    if (ev->currency.len) {
        money_print(out, (struct money){ ev->value });
        member(out, "currency", ev->currency);
    } else {
        buf_puts(out, "null,\"currency\":null");
    }
    json_answer(out, e);
    member(out, "note", ev->note);
    buf_byte(out, '}');
}

void tail_json(struct buf *out, const struct store_postback *pb, const struct tail_event *events,
               size_t count)
{
    const struct {
        const char *name;
        struct slice value;
    } texts[] = {
        { "offer", pb->offer },       { "tracker", pb->tracker },   { "stage", pb->stage },
        { "verdict", slice_from(verdict_name(pb->verdict)) },       { "code", pb->code },
        { "reason", pb->reason },     { "click_id", pb->click_id }, { "ttclid", pb->ttclid },
        { "event_id", pb->event_id }, { "txid", pb->txid },
    };
    struct slice lines = pb->warnings, code;
    const char *comma = "";

    buf_printf(out, "{\"id\":%lld,\"at\":\"", (long long)pb->id);
    live_time(out, pb->at);
    buf_byte(out, '"');
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        member(out, texts[i].name, texts[i].value);
    buf_puts(out, ",\"warnings\":[");
    for (; next_code(&lines, &code); comma = ",") {
        buf_puts(out, comma);
        buf_json(out, code);
    }
    buf_puts(out, "],\"events\":[");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? "," : "");
        json_event(out, &events[i]);
    }
    buf_puts(out, "]}\n");
}

/* ---- for people ---- */

/* As much of s as there is room for, and a line end. */
static void rest(struct buf *out, struct slice s, int used, const struct tail_look *look)
{
    struct buf cell = { 0 };
    int room = look->columns - used;

    if (room > 4)
        lines_left(&cell, s, room);
    buf_add(out, buf_slice(&cell));
    out->failed = out->failed || cell.failed;
    buf_free(&cell);
    lines_end(out);
}

static void painted(struct buf *out, struct slice s, int width, enum hops_paint paint,
                    const struct tail_look *look)
{
    bool colour = look->colour && paint != HOPS_PLAIN;

    hops_paint(out, colour, paint);
    lines_left(out, s, width);
    hops_paint(out, colour, HOPS_PLAIN);
}

void tail_postback(struct buf *out, const struct store_postback *pb, const struct tail_look *look)
{
    static const enum hops_paint paints[] = { HOPS_PLAIN, HOPS_PLAIN, HOPS_PLAIN, HOPS_PLAIN, HOPS_BAD };
    struct buf text = { 0 };
    struct slice lines = pb->warnings, code;

    live_clock(out, pb->at);
    buf_puts(out, "  ");
    lines_left(out, pb->offer, 16);
    buf_byte(out, ' ');
    lines_left(out, pb->tracker, 9);
    buf_byte(out, ' ');
    lines_left(out, pb->stage, 10);
    buf_byte(out, ' ');
    painted(out, slice_from(verdict_name(pb->verdict)), 12,
            pb->verdict <= STORE_QUARANTINED ? paints[pb->verdict] : HOPS_PLAIN, look);
    buf_add(&text, pb->click_id.len ? pb->click_id : pb->ttclid.len ? slice_head(pb->ttclid, 24) : pb->txid);
    if (pb->verdict != STORE_QUEUED && pb->code.len) {
        buf_printf(&text, "  %.*s", SLICE_ARG(pb->code));
        buf_printf(&text, " %.*s", SLICE_ARG(pb->reason));
    }
    while (next_code(&lines, &code))
        buf_printf(&text, " %.*s", SLICE_ARG(code));
    rest(out, buf_slice(&text), 64, look);
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

static void answer(struct buf *text, const struct tail_event *e)
{
    if (e->event->currency.len) {
        chart_number(text, CHART_MONEY, e->event->currency, e->event->value);
        buf_puts(text, "  ");
    }
    if (e->last && e->event->state == STORE_DELIVERED) {
        buf_puts(text, "in ");
        chart_number(text, CHART_MS, S(""), e->last->at + e->last->took_ms - e->event->created);
        buf_puts(text, "  ");
    } else if (e->last && e->last->code >= 0) {
        buf_printf(text, "%lld %.*s  ", (long long)e->last->code, SLICE_ARG(e->last->message));
    } else if (e->last) {
        buf_printf(text, "%.*s  ", SLICE_ARG(e->last->message));
    }
    buf_add(text, e->event->event_id);
    if (e->event->state == STORE_DEAD)
        buf_printf(text, "  %.*s", SLICE_ARG(e->event->note));
}

void tail_event(struct buf *out, const struct tail_event *e, const struct tail_look *look)
{
    enum store_state state = e->event->state;
    struct buf text = { 0 };

    live_clock(out, e->last ? e->last->at + e->last->took_ms : e->event->created);
    buf_puts(out, "    ");
    lines_left(out, e->event->offer, 14);
    buf_byte(out, ' ');
    lines_left(out, e->event->event, 20);
    buf_byte(out, ' ');
    painted(out, state == STORE_WAITING && e->last ? S("tried again") : slice_from(state_name(state)), 12,
            state == STORE_DELIVERED ? HOPS_GOOD
            : state == STORE_DEAD    ? HOPS_BAD
            : e->last                ? HOPS_NOTE
                                     : HOPS_PLAIN,
            look);
    answer(&text, e);
    rest(out, buf_slice(&text), 64, look);
    out->failed = out->failed || text.failed;
    buf_free(&text);
}
