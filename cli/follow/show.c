#include "cli/follow/show.h"

#include "cli/shorten.h"
#include "cli/show.h"

#define NAMES_SHOWN 12
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

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

static void paint(struct table *t, const char *code)
{
    if (t->colour)
        buf_puts(t->out, code);
}

static void names(struct table *t, const char *what, const struct compare_names *list,
                  const char **sign)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i == NAMES_SHOWN) {
            buf_printf(t->out, " and %zu more", list->count - i);
            break;
        }
        if (i == 0)
            buf_printf(t->out, "%s%s: ", *sign, what);
        buf_puts(t->out, i ? ", " : "");
        show_safe(t->out, slice_head(list->list[i], 60));
        *sign = "; ";
    }
}

static void sentences(struct table *t, const struct notes *notes, const char *indent)
{
    for (const struct note *n = notes->first; n; n = n->next) {
        buf_puts(t->out, indent);
        paint(t, YELLOW);
        buf_puts(t->out, n->code);
        paint(t, PLAIN);
        buf_byte(t->out, ' ');
        show_safe(t->out, n->text);
        buf_byte(t->out, '\n');
    }
}

static void hop_row(struct table *t, size_t i, const struct trace_hop *h)
{
    const char *colour = h->ttclid == BATON_KEPT ? GREEN : h->ttclid == BATON_ABSENT ? "" : RED;
    const char *sign = "      ";

    buf_printf(t->out, "%2zu  %-9s %-6d %6u ms  ", i + 1, kind_name(h->kind), h->status,
               (unsigned)h->ms);
    paint(t, colour);
    buf_printf(t->out, "%-10s", baton_state_name(h->ttclid));
    paint(t, *colour ? PLAIN : "");
    shorten_url(t->out, h->url, NULL, false);
    buf_byte(t->out, '\n');
    names(t, "not passed on", &h->changes.lost, &sign);
    names(t, "changed", &h->changes.changed, &sign);
    names(t, "added", &h->changes.added, &sign);
    if (h->changes.lost.count || h->changes.changed.count || h->changes.added.count)
        buf_byte(t->out, '\n');
    sentences(t, &h->harm, "      ");
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

    paint(t, trace->kept ? GREEN : RED);
    if (trace->kept)
        buf_puts(t->out, "kept: the last page gets the whole ttclid");
    else if (at < trace->hop_count)
        buf_printf(t->out, "broken[%s] at hop %zu", trace->hops[at].harm.first->code, at + 1);
    else
        buf_puts(t->out, "broken: the last page does not get the ttclid");
    paint(t, PLAIN);
    buf_byte(t->out, '\n');
}

void follow_table(struct buf *out, const struct trace *trace, bool colour)
{
    struct table t = { out, colour };

    buf_printf(out, "    %-9s %-6s %9s  %-10s%s\n", "kind", "status", "time", "ttclid",
               "URL that was asked for");
    for (size_t i = 0; i < trace->hop_count; i++)
        hop_row(&t, i, &trace->hops[i]);
    sentences(&t, &trace->warnings, "    ");
    buf_byte(out, '\n');
    verdict(&t, trace);
}

/* ---- JSON ---- */

static void text_member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json(out, value);
}

static void name_list(struct buf *out, const char *name, const struct compare_names *list)
{
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < list->count; i++) {
        buf_puts(out, i ? "," : "");
        buf_json(out, list->list[i]);
    }
    buf_byte(out, ']');
}

/* ["H041 hop 2: ...", ...] */
static void note_list(struct buf *out, const char *name, const struct notes *notes)
{
    struct buf text = { 0 };

    buf_printf(out, ",\"%s\":[", name);
    for (const struct note *n = notes->first; n; n = n->next) {
        buf_clear(&text);
        buf_printf(&text, "%s ", n->code);
        buf_add(&text, n->text);
        buf_puts(out, n == notes->first ? "" : ",");
        buf_json(out, buf_slice(&text));
    }
    buf_byte(out, ']');
    buf_free(&text);
}

static void hop_json(struct buf *out, const struct trace_hop *h)
{
    const struct note *first = h->harm.first;

    buf_printf(out, "{\"kind\":\"%s\"", kind_name(h->kind));
    text_member(out, "url", h->url);
    text_member(out, "next", h->next);
    buf_printf(out, ",\"status\":%d,\"ms\":%u,\"delay\":%u,\"ttclid\":\"%s\"", h->status,
               (unsigned)h->ms, h->delay, baton_state_name(h->ttclid));
    name_list(out, "lost", &h->changes.lost);
    name_list(out, "changed", &h->changes.changed);
    name_list(out, "added", &h->changes.added);
    text_member(out, "address", h->address);
    text_member(out, "cookies", h->cookies);
    text_member(out, "code", slice_from(first ? first->code : ""));
    text_member(out, "advice", first ? first->text : S(""));
    note_list(out, "notes", &h->harm);
    buf_byte(out, '}');
}

void follow_json(struct buf *out, const struct trace *t)
{
    size_t at = first_harm(t);
    bool told = !t->kept && at < t->hop_count;

    buf_printf(out, "{\"verdict\":\"%s\"", t->kept ? "kept" : "broken");
    text_member(out, "code", slice_from(told ? t->hops[at].harm.first->code : ""));
    text_member(out, "reason", told ? t->hops[at].harm.first->text : S(""));
    buf_printf(out, ",\"broken_at\":%zu", told ? at + 1 : 0);
    text_member(out, "ttclid", t->ttclid);
    buf_puts(out, ",\"hops\":[");
    for (size_t i = 0; i < t->hop_count; i++) {
        buf_puts(out, i ? "," : "");
        hop_json(out, &t->hops[i]);
    }
    buf_byte(out, ']');
    note_list(out, "warnings", &t->warnings);
    buf_puts(out, "}\n");
}
