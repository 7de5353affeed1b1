#include "cli/hops.h"
#include "cli/show.h"
#include "cli/walks/walks.h"
#include "core/base/json.h"
#include "core/base/when.h"

#define NAME_WIDTH 14

void walks_json(struct buf *out, const struct kept_walk *w)
{
    buf_byte(out, '{');
    json_time(out, "at", w->at);
    json_text(out, "chain", w->chain);
    json_flag(out, "live", w->live);
    json_text(out, "verdict", w->verdict);
    json_text(out, "code", w->code);
    json_text(out, "reason", w->reason);
    json_text(out, "broken_at", w->broken_at);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        json_text(out, chain_id_names[id].ptr, w->ids[id]);
    json_name(out, "hops");
    buf_byte(out, '[');
    for (size_t i = 0; i < w->hop_count; i++) {
        const struct kept_hop *h = &w->hops[i];
        buf_puts(out, i ? ",{" : "{");
        json_text(out, "name", h->name);
        json_text(out, "kind", h->kind);
        json_text(out, "url", h->url);
        json_number(out, "status", h->status);
        for (size_t id = 0; id < CHAIN_IDS; id++)
            json_text(out, chain_id_names[id].ptr, slice_from(baton_state_name(h->state[id])));
        hops_json_names(out, "lost", &h->lost);
        hops_json_names(out, "changed", &h->changed);
        hops_json_names(out, "advice", &h->advice);
        buf_byte(out, '}');
    }
    buf_puts(out, "]}");
}

static void cell(struct buf *out, struct slice text, size_t width)
{
    size_t before = out->len, n = 0;

    show_safe(out, slice_head(text, width));
    for (size_t i = before; i < out->len; i++)
        n += ((unsigned char)out->ptr[i] & 0xC0) != 0x80;
    for (; n < width; n++)
        buf_byte(out, ' ');
    buf_byte(out, ' ');
}

static void hop(struct buf *out, const struct kept_walk *w, size_t i, bool colour)
{
    const struct kept_hop *h = &w->hops[i];

    buf_printf(out, "%4zu  ", i + 1);
    cell(out, h->name, NAME_WIDTH);
    cell(out, h->kind, 10);
    buf_printf(out, "%-6d ", h->status);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        hops_state(out, h->state[id], colour);
    show_safe(out, h->url);
    buf_byte(out, '\n');
    hops_changes(out, &h->lost, &h->changed, NULL);
    for (size_t k = 0; k < h->advice.count; k++) {
        buf_puts(out, "      ");
        show_safe(out, h->advice.list[k]);
        buf_byte(out, '\n');
    }
}

void walks_print(struct buf *out, const struct kept_walk *w, bool colour)
{
    bool kept = slice_eq(w->verdict, S("kept"));

    buf_puts(out, "simulated ");
    when_print(out, w->at);
    buf_puts(out, w->live ? ", with real servers, the chain " : ", the chain ");
    show_safe(out, w->chain);
    buf_puts(out, ": ");
    hops_paint(out, colour, kept ? HOPS_GOOD : HOPS_BAD);
    if (kept) {
        buf_puts(out, "the baton arrives");
    } else {
        buf_puts(out, "the baton drops");
        if (w->broken_at.len) {
            buf_puts(out, " at hop ");
            show_safe(out, w->broken_at);
        }
    }
    hops_paint(out, colour, HOPS_PLAIN);
    buf_byte(out, '\n');
    if (w->reason.len) {
        buf_puts(out, "    ");
        show_safe(out, w->code);
        buf_byte(out, ' ');
        show_safe(out, w->reason);
        buf_byte(out, '\n');
    }
    buf_printf(out, "      %-14s %-10s %-6s %-10s%-10s%-10s%s\n", "hop", "kind", "status", "ttclid", "event_id", "click_id",
               "sends on to");
    for (size_t i = 0; i < w->hop_count; i++)
        hop(out, w, i, colour);
}
