#include "cli/simulate/show.h"

#include "cli/hops.h"
#include "cli/show.h"
#include "core/base/json.h"

struct table {
    struct buf *out;
    const struct chain_result *r;
    bool colour;
};

/* ---- rows ---- */

/* At most so many characters, filled up with blanks. */
static void cell(struct table *t, struct slice text, size_t width)
{
    struct buf safe = { 0 };
    struct slice s;
    size_t n = 0, chars = 0;

    show_safe(&safe, text);
    s = buf_slice(&safe);
    for (; n < s.len; n++) {
        bool begins = ((unsigned char)s.ptr[n] & 0xc0) != 0x80;
        if (begins && chars == width)
            break;
        chars += begins;
    }
    buf_add(t->out, slice_head(s, n));
    for (; chars < width; chars++)
        buf_byte(t->out, ' ');
    buf_free(&safe);
}

static void hop_row(struct table *t, size_t i)
{
    const struct hop_result *h = &t->r->hops[i];

    buf_printf(t->out, "%2zu  ", i + 1);
    cell(t, h->hop->name, 14);
    buf_printf(t->out, " %-10.*s %-6d ", SLICE_ARG(hop_kind_names[h->hop->kind]), h->status);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        hops_state(t->out, h->state[id], t->colour);
    hops_url(t->out, h->url, &h->changes.changed, t->colour);
    buf_byte(t->out, '\n');
    if (h->hop->to.len)
        hops_changes(t->out, &h->changes.lost, &h->changes.changed, NULL);
    hops_sentences(t->out, &h->notes, "      ", t->colour);
}

/* A tracker of the chain for the first time. */
static bool is_first(const struct chain_result *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (r->hops[k].hop->tracker == r->hops[i].hop->tracker)
            return false;
    return r->hops[i].hop->tracker != NULL;
}

static void assumptions(struct table *t)
{
    for (size_t i = 0; i < t->r->hop_count; i++)
        if (is_first(t->r, i) && t->r->hops[i].hop->tracker->urls &&
            t->r->hops[i].hop->tracker->urls->unknown)
            buf_printf(t->out,
                       "    What %s's vendor does not document is assumed here: see "
                       "docs/trackers/%s.md, and test one conversion.\n",
                       t->r->hops[i].hop->tracker->name, t->r->hops[i].hop->tracker->name);
}

static void way_back(struct table *t)
{
    const struct translation *tr = &t->r->translation;

    if (t->r->network.len) {
        buf_puts(t->out, "\nthe network calls    ");
        hops_url(t->out, t->r->network, NULL, false);
    }
    if (t->r->postback.len) {
        buf_puts(t->out, "\nthe postback         ?");
        hops_query(t->out, t->r->postback, NULL, false);
    }
    for (size_t i = 0; i < t->r->registration_count; i++) {
        const struct chain_registration *g = &t->r->registrations[i];
        buf_puts(t->out, "\nthe click            by ");
        show_safe(t->out, g->origin.len ? g->origin : S("the tracker"));
        buf_puts(t->out, ": ");
        hops_query(t->out, g->query, NULL, false);
    }
    if (t->r->network.len || t->r->registration_count)
        buf_byte(t->out, '\n');
    if (!t->r->translated)
        return;
    for (size_t i = 0; i < tr->event_count; i++) {
        buf_puts(t->out, "the event            ");
        show_safe(t->out, tr->events[i].body);
        buf_byte(t->out, '\n');
    }
    for (const struct note *n = tr->notes.first; n; n = n->next) {
        buf_printf(t->out, "                     %s ", n->code);
        show_safe(t->out, n->text);
        buf_byte(t->out, '\n');
    }
}

bool walk_is_kept(const struct walk_shown *w)
{
    return w->walk->kept && !w->refused && !(w->live && w->live->differences.count);
}

const char *walk_code(const struct walk_shown *w)
{
    if (walk_is_kept(w))
        return "";
    return !w->walk->kept ? w->walk->code : w->refused ? "H018" : "H019";
}

struct slice walk_reason(const struct walk_shown *w)
{
    if (walk_is_kept(w))
        return (struct slice){ 0 };
    if (!w->walk->kept)
        return w->walk->reason;
    return w->refused ? slice_from(w->refused) : w->live->differences.first->text;
}

static void verdict(struct table *t, const struct walk_shown *w)
{
    buf_byte(t->out, '\n');
    hops_paint(t->out, t->colour, walk_is_kept(w) ? HOPS_GOOD : HOPS_BAD);
    if (!walk_is_kept(w)) {
        buf_printf(t->out, "broken[%s]: %s", walk_code(w),
                   w->walk->kept && w->refused ? "the sandbox refuses the event: " : "");
        show_safe(t->out, walk_reason(w));
    } else if (w->walk->translated) {
        buf_puts(t->out, "kept: the event carries the ad's ttclid and the right event_id; the "
                         "sandbox takes it");
    } else {
        buf_puts(t->out, "kept: the ids reach the end of the chain");
    }
    hops_paint(t->out, t->colour, HOPS_PLAIN);
    buf_byte(t->out, '\n');
}

static void live_lines(struct table *t, const struct live_result *live)
{
    if (live->serve_says.len) {
        buf_puts(t->out, "serve answers        ");
        show_safe(t->out, live->serve_says);
        buf_printf(t->out, "\nthe sandbox has      %zu event%s\n", live->delivered,
                   live->delivered == 1 ? "" : "s");
    }
    hops_sentences(t->out, &live->differences, "", t->colour);
    if (live->differences.count == 0)
        buf_puts(t->out, "the live run and the model agree\n");
}

void walk_table(struct buf *out, const struct walk_shown *w)
{
    struct table t = { .out = out, .r = w->walk, .colour = w->colour };

    buf_printf(out, "    %-14s %-10s %-6s %-10s%-10s%-10s%s\n", "hop", "kind", "status", "ttclid",
               "event_id", "click_id", "URL behind it");
    if (t.r->hop_count) {
        buf_printf(out, "    %-14s %-10s %-6s %-10s%-10s%-10s", "the ad", "", "", "", "", "");
        hops_url(out, t.r->hops[0].arrives, NULL, false);
        buf_byte(out, '\n');
    }
    for (size_t i = 0; i < t.r->hop_count; i++)
        hop_row(&t, i);
    hops_sentences(t.out, &t.r->warnings, "    ", t.colour);
    assumptions(&t);
    way_back(&t);
    if (w->live)
        live_lines(&t, w->live);
    verdict(&t, w);
}

/* ---- JSON ---- */

static void hop_json(struct buf *out, const struct hop_result *h)
{
    buf_puts(out, "{\"name\":");
    buf_json(out, h->hop->name);
    json_text(out, "kind", hop_kind_names[h->hop->kind]);
    json_text(out, "url", h->url);
    buf_printf(out, ",\"status\":%d", h->status);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        buf_printf(out, ",\"%.*s\":\"%s\"", SLICE_ARG(chain_id_names[id]),
                   baton_state_name(h->state[id]));
    hops_json_names(out, "lost", &h->changes.lost);
    hops_json_names(out, "changed", &h->changes.changed);
    hops_json_notes(out, "advice", &h->notes);
    buf_byte(out, '}');
}

static void live_json(struct buf *out, const struct live_result *live)
{
    buf_printf(out, ",\"live\":{\"delivered\":%zu", live->delivered);
    buf_puts(out, ",\"serve\":");
    buf_add(out, slice_starts(live->serve_says, S("{")) ? live->serve_says : S("null"));
    hops_json_notes(out, "differences", &live->differences);
    buf_byte(out, '}');
}

void walk_json(struct buf *out, const struct walk_shown *w)
{
    const struct chain_result *r = w->walk;
    bool kept = walk_is_kept(w);

    buf_printf(out, "{\"verdict\":\"%s\"", kept ? "kept" : "broken");
    json_text(out, "code", slice_from(walk_code(w)));
    json_text(out, "reason", walk_reason(w));
    json_text(out, "broken_at",
                !kept && r->broken_at < r->hop_count ? r->hops[r->broken_at].hop->name : S(""));
    for (size_t id = 0; id < CHAIN_IDS; id++)
        json_text(out, chain_id_names[id].ptr, r->ids[id]);
    buf_puts(out, ",\"hops\":[");
    for (size_t i = 0; i < r->hop_count; i++) {
        buf_puts(out, i ? "," : "");
        hop_json(out, &r->hops[i]);
    }
    buf_byte(out, ']');
    hops_json_notes(out, "warnings", &r->warnings);
    json_text(out, "network", r->network);
    json_text(out, "postback", r->postback);
    buf_puts(out, ",\"event\":");
    buf_add(out, r->translation.event_count ? r->translation.events[0].body : S("null"));
    buf_puts(out, ",\"events\":[");
    for (size_t i = 0; i < r->translation.event_count; i++) {
        buf_puts(out, i ? "," : "");
        buf_add(out, r->translation.events[i].body);
    }
    buf_byte(out, ']');
    if (w->live)
        live_json(out, w->live);
    buf_puts(out, "}\n");
}
