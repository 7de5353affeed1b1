#include "cli/story/row.h"

#include "cli/story/story.h"
#include "core/base/json.h"
#include "core/base/money.h"

/* ---- from the store ---- */

int row_last_attempt(struct store *store, const struct store_event *ev, struct arena *arena, struct row_event *out,
                     struct err *err)
{
    struct store_attempt *list = NULL;
    size_t count = 0;

    *out = (struct row_event){ .event = ev };
    if (store_attempts_of(store, ev->id, arena, &list, &count, err) != 0)
        return -1;
    if (count)
        out->last = &list[count - 1];
    return 0;
}

int row_events(struct store *store, const struct store_postback *pb, struct arena *arena, struct row_event **list,
               size_t *count, struct err *err)
{
    struct store_event *events = NULL;

    *count = 0;
    if (store_events_of(store, pb, arena, &events, count, err) != 0)
        return -1;
    *list = ARENA_ARRAY(arena, struct row_event, *count + 1);
    if (!*list)
        return err_set(err, ERR_BUSY, "out of memory");
    for (size_t i = 0; i < *count; i++)
        if (row_last_attempt(store, &events[i], arena, &(*list)[i], err) != 0)
            return -1;
    return 0;
}

/* ---- as JSON ---- */

bool row_next_code(struct slice *lines, struct slice *code)
{
    struct slice line;

    while (slice_next(lines, '\n', &line)) {
        *code = slice_head(line, slice_index(line, ' '));
        if (code->len)
            return true;
    }
    return false;
}

static void amount(struct buf *out, const struct store_event *ev)
{
    if (ev->currency.len == 0) {
        buf_puts(out, ",\"value\":null,\"currency\":null");
        return;
    }
    buf_puts(out, ",\"value\":\"");
    money_print(out, (struct money){ ev->value });
    buf_byte(out, '"');
    json_text(out, "currency", ev->currency);
}

/* Several machines agree on the time but for some milliseconds. */
static int64_t latency(const struct row_event *e)
{
    int64_t ms = e->last->at + e->last->took_ms - e->event->created;

    return ms > 0 ? ms : 0;
}

static void answer(struct buf *out, const struct row_event *e)
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
    json_text(out, "message", e->last->message);
    buf_puts(out, "},\"latency_ms\":");
    if (e->event->state == STORE_DELIVERED)
        buf_i64(out, latency(e));
    else
        buf_puts(out, "null");
}

static void event(struct buf *out, const struct row_event *e)
{
    const struct store_event *ev = e->event;

    buf_printf(out, "{\"id\":%lld", (long long)ev->id);
    json_text(out, "event", ev->event);
    json_text(out, "event_id", ev->event_id);
    json_text(out, "pixel", ev->pixel);
    json_text(out, "state", slice_from(story_state_name(ev->state)));
    amount(out, ev);
    answer(out, e);
    json_text(out, "note", ev->note);
    buf_byte(out, '}');
}

void row_json(struct buf *out, const struct store_postback *pb, const struct row_event *events, size_t count)
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
    struct slice lines = pb->warnings, code;

    buf_printf(out, "{\"id\":%lld,\"at\":", (long long)pb->id);
    json_put_time_ms(out, pb->at);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        json_text(out, texts[i].name, texts[i].value);
    buf_puts(out, ",\"warnings\":[");
    for (const char *comma = ""; row_next_code(&lines, &code); comma = ",") {
        buf_puts(out, comma);
        buf_json(out, code);
    }
    buf_puts(out, "],\"events\":[");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? "," : "");
        event(out, &events[i]);
    }
    buf_puts(out, "]}");
}
