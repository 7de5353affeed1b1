/* row.c: one line of the live list: a postback, its events, and what TikTok said last. */
#include "cli/inspector/inside.h"
#include "cli/story/story.h"

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json(out, value);
}

/* The codes of lines "W028 sentence". */
static void warnings(struct buf *out, struct slice lines)
{
    struct slice line;
    bool any = false;

    buf_puts(out, ",\"warnings\":[");
    while (slice_next(&lines, '\n', &line)) {
        struct slice code = slice_head(line, slice_index(line, ' '));
        if (code.len == 0)
            continue;
        buf_puts(out, any ? "," : "");
        buf_json(out, code);
        any = true;
    }
    buf_byte(out, ']');
}

static void amount(struct buf *out, const struct store_event *ev)
{
    buf_puts(out, ",\"value\":");
    if (ev->currency.len)
        money_print(out, (struct money){ ev->value });
    else
        buf_puts(out, "null");
    buf_puts(out, ",\"currency\":");
    if (ev->currency.len)
        buf_json(out, ev->currency);
    else
        buf_puts(out, "null");
}

static void answer(struct buf *out, const struct store_event *ev, const struct store_attempt *last)
{
    buf_puts(out, ",\"answer\":");
    if (last) {
        buf_printf(out, "{\"http_status\":%d,\"code\":", last->http_status);
        if (last->code >= 0)
            buf_i64(out, last->code);
        else
            buf_puts(out, "null");
        member(out, "message", last->message);
        buf_byte(out, '}');
    } else {
        buf_puts(out, "null");
    }
    buf_puts(out, ",\"latency_ms\":");
    if (last && ev->state == STORE_DELIVERED)
        buf_i64(out, last->at + last->took_ms - ev->created);
    else
        buf_puts(out, "null");
}

static int event(struct store *store, const struct store_event *ev, struct arena *arena,
                 struct buf *out, struct err *err)
{
    struct store_attempt *attempts = NULL;
    size_t count = 0;

    if (store_attempts_of(store, ev->id, arena, &attempts, &count, err) != 0)
        return -1;
    buf_printf(out, "{\"id\":%lld", (long long)ev->id);
    member(out, "event", ev->event);
    member(out, "event_id", ev->event_id);
    member(out, "pixel", ev->pixel);
    member(out, "state", slice_from(story_state_name(ev->state)));
    amount(out, ev);
    answer(out, ev, count ? &attempts[count - 1] : NULL);
    member(out, "note", ev->note);
    buf_byte(out, '}');
    return 0;
}

int row_json(struct store *store, const struct store_postback *pb, struct arena *arena,
             struct buf *out, struct err *err)
{
    const struct {
        const char *name;
        struct slice value;
    } texts[] = {
        { "offer", pb->offer },       { "tracker", pb->tracker },
        { "stage", pb->stage },       { "verdict", slice_from(story_verdict_name(pb->verdict)) },
        { "code", pb->code },         { "reason", pb->reason },
        { "click_id", pb->click_id }, { "ttclid", pb->ttclid },
        { "event_id", pb->event_id }, { "txid", pb->txid },
    };
    struct store_event *events = NULL;
    size_t count = 0;

    if (store_events_of(store, pb, arena, &events, &count, err) != 0)
        return -1;
    buf_printf(out, "{\"id\":%lld,\"at\":", (long long)pb->id);
    story_json_time(out, pb->at);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        member(out, texts[i].name, texts[i].value);
    warnings(out, pb->warnings);
    buf_puts(out, ",\"events\":[");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? "," : "");
        if (event(store, &events[i], arena, out, err) != 0)
            return -1;
    }
    buf_puts(out, "]}");
    return 0;
}
