#include "cli/follow/show.h"

#include "cli/hops.h"
#include "cli/show.h"
#include "core/base/json.h"

static const char *kind_name(enum page_next_kind kind)
{
    static const char *const names[] = { [PAGE_END] = "end",
                                         [PAGE_LOCATION] = "redirect",
                                         [PAGE_REFRESH] = "refresh",
                                         [PAGE_META] = "meta",
                                         [PAGE_SCRIPT] = "script" };

    return names[kind];
}

struct table {
    struct buf *out;
    bool colour;
};

static void hop_row(struct table *t, size_t i, const struct trace_hop *h)
{
    buf_printf(t->out, "%2zu  %-9s %-6d %6u ms  ", i + 1, kind_name(h->kind), h->status,
               (unsigned)h->ms);
    hops_state(t->out, h->ttclid, t->colour);
    hops_url(t->out, h->url, NULL, false);
    buf_byte(t->out, '\n');
    hops_changes(t->out, &h->changes.lost, &h->changes.changed, &h->changes.added);
    hops_sentences(t->out, &h->harm, "      ", t->colour);
}

/* The hop that the verdict is about: the first with something wrong. */
static size_t first_harm(const struct trace *t)
{
    size_t i = 0;

    while (i < t->hop_count && t->hops[i].harm.count == 0)
        i++;
    return i;
}

static void verdict(struct table *t, const struct trace *trace)
{
    size_t at = first_harm(trace);

    hops_paint(t->out, t->colour, trace->kept ? HOPS_GOOD : HOPS_BAD);
    if (trace->kept)
        buf_puts(t->out, "kept: the last page gets the whole ttclid");
    else if (at < trace->hop_count)
        buf_printf(t->out, "broken[%s] at hop %zu", trace->hops[at].harm.first->code, at + 1);
    else
        buf_puts(t->out, "broken: the last page does not get the ttclid");
    hops_paint(t->out, t->colour, HOPS_PLAIN);
    buf_byte(t->out, '\n');
}

void follow_table(struct buf *out, const struct trace *trace, bool colour)
{
    struct table t = { out, colour };

    buf_printf(out, "    %-9s %-6s %9s  %-10s%s\n", "kind", "status", "time", "ttclid",
               "URL that was asked for");
    for (size_t i = 0; i < trace->hop_count; i++)
        hop_row(&t, i, &trace->hops[i]);
    hops_sentences(t.out, &trace->warnings, "    ", t.colour);
    buf_byte(out, '\n');
    verdict(&t, trace);
}

/* ---- JSON ---- */

static void hop_json(struct buf *out, const struct trace_hop *h)
{
    const struct note *first = h->harm.first;

    buf_printf(out, "{\"kind\":\"%s\"", kind_name(h->kind));
    json_text(out, "url", h->url);
    json_text(out, "next", h->next);
    buf_printf(out, ",\"status\":%d,\"ms\":%u,\"delay\":%u,\"ttclid\":\"%s\"", h->status,
               (unsigned)h->ms, h->delay, baton_state_name(h->ttclid));
    hops_json_names(out, "lost", &h->changes.lost);
    hops_json_names(out, "changed", &h->changes.changed);
    hops_json_names(out, "added", &h->changes.added);
    json_text(out, "address", h->address);
    json_text(out, "cookies", h->cookies);
    json_text(out, "code", slice_from(first ? first->code : ""));
    json_text(out, "advice", first ? first->text : S(""));
    hops_json_notes(out, "notes", &h->harm);
    buf_byte(out, '}');
}

void follow_json(struct buf *out, const struct trace *t)
{
    size_t at = first_harm(t);
    bool told = !t->kept && at < t->hop_count;

    buf_printf(out, "{\"verdict\":\"%s\"", t->kept ? "kept" : "broken");
    json_text(out, "code", slice_from(told ? t->hops[at].harm.first->code : ""));
    json_text(out, "reason", told ? t->hops[at].harm.first->text : S(""));
    buf_printf(out, ",\"broken_at\":%zu", told ? at + 1 : 0);
    json_text(out, "ttclid", t->ttclid);
    buf_puts(out, ",\"hops\":[");
    for (size_t i = 0; i < t->hop_count; i++) {
        buf_puts(out, i ? "," : "");
        hop_json(out, &t->hops[i]);
    }
    buf_byte(out, ']');
    hops_json_notes(out, "warnings", &t->warnings);
    buf_puts(out, "}\n");
}
