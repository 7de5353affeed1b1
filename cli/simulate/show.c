#include "cli/simulate/show.h"

#include "cli/shorten.h"
#include "cli/show.h"

struct table {
    struct buf *out;
    const struct rehearsal *run;
    const struct chain_result *r;
    bool colour;
};

static void paint(struct table *t, const char *code)
{
    if (t->colour)
        buf_puts(t->out, code);
}
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* ---- rows ---- */

static void state(struct table *t, enum baton_state s)
{
    const char *colour = s == BATON_KEPT ? GREEN : s == BATON_ABSENT ? "" : RED;

    paint(t, colour);
    buf_printf(t->out, "%-10s", baton_state_name(s));
    paint(t, *colour ? PLAIN : "");
}

static void names(struct table *t, const char *what, const struct compare_names *list)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_puts(t->out, i ? ", " : what);
        show_safe(t->out, slice_head(list->list[i], 60));
    }
}

static void sentences(struct table *t, const struct notes *notes, const char *indent)
{
    for (const struct note *n = notes->first; n; n = n->next) {
        buf_puts(t->out, indent);
        paint(t, YELLOW);
        buf_printf(t->out, "%s", n->code);
        paint(t, PLAIN);
        buf_byte(t->out, ' ');
        show_safe(t->out, n->text);
        buf_byte(t->out, '\n');
    }
}

static void hop_row(struct table *t, size_t i)
{
    const struct hop_result *h = &t->r->hops[i];
    bool moved = h->changes.lost.count || h->changes.changed.count;

    buf_printf(t->out, "%2zu  %-14.*s %-10.*s %-6d ", i + 1,
               SLICE_ARG(slice_head(h->hop->name, 14)), SLICE_ARG(hop_kind_names[h->hop->kind]),
               h->status);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        state(t, h->state[id]);
    shorten_url(t->out, h->url, &h->changes.changed, t->colour);
    buf_byte(t->out, '\n');
    if (moved && h->hop->to.len) {
        buf_puts(t->out, "      ");
        names(t, "not passed on: ", &h->changes.lost);
        buf_puts(t->out, h->changes.lost.count && h->changes.changed.count ? "; " : "");
        names(t, "changed: ", &h->changes.changed);
        buf_byte(t->out, '\n');
    }
    sentences(t, &h->notes, "      ");
}

static void way_back(struct table *t)
{
    const struct translation *tr = &t->r->translation;

    if (t->r->network.len) {
        buf_puts(t->out, "\nthe network calls    ");
        shorten_url(t->out, t->r->network, NULL, false);
    }
    if (t->r->postback.len) {
        buf_puts(t->out, "\nthe postback         ?");
        shorten_query(t->out, t->r->postback, NULL, false);
    }
    for (size_t i = 0; i < t->r->registration_count; i++) {
        const struct chain_registration *g = &t->r->registrations[i];
        buf_printf(t->out, "\nthe click            by %.*s: ",
                   SLICE_ARG(g->origin.len ? g->origin : S("the tracker")));
        shorten_query(t->out, g->query, NULL, false);
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

static void verdict(struct table *t, const char *refused)
{
    const struct chain_result *r = t->r;

    buf_byte(t->out, '\n');
    paint(t, r->kept && !refused ? GREEN : RED);
    if (!r->kept)
        buf_printf(t->out, "broken[%s]: ", r->code);
    else if (refused)
        buf_printf(t->out, "broken[%s]: the sandbox refuses the event: ", "H018");
    else if (r->translated)
        buf_puts(t->out, "kept: the event carries the ad's ttclid and the right event_id; the "
                         "sandbox takes it");
    else
        buf_puts(t->out, "kept: the ids reach the end of the chain");
    if (!r->kept)
        show_safe(t->out, r->reason);
    else if (refused)
        show_safe(t->out, slice_from(refused));
    paint(t, PLAIN);
    buf_byte(t->out, '\n');
}

void walk_table(struct buf *out, const struct rehearsal *run, const struct chain_result *r,
                const char *refused, bool colour)
{
    struct table t = { .out = out, .run = run, .r = r, .colour = colour };

    buf_puts(out, "    ");
    buf_printf(out, "%-14s %-10s %-6s %-10s%-10s%-10s%s\n", "hop", "kind", "status", "ttclid",
               "event_id", "click_id", "URL behind it");
    if (r->hop_count) {
        buf_printf(out, "    %-14s %-10s %-6s %-10s%-10s%-10s", "the ad", "", "", "", "", "");
        shorten_url(out, r->hops[0].arrives, NULL, false);
        buf_byte(out, '\n');
    }
    for (size_t i = 0; i < r->hop_count; i++)
        hop_row(&t, i);
    sentences(&t, &r->warnings, "    ");
    way_back(&t);
    verdict(&t, refused);
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

/* ["H001 ttclid is lost ...", ...] */
static void note_list(struct buf *out, const char *name, const struct notes *notes)
{
    struct buf text = { 0 };

    buf_printf(out, ",\"%s\":[", name);
    for (const struct note *n = notes->first; n; n = n->next) {
        buf_clear(&text);
        buf_printf(&text, "%s %.*s", n->code, SLICE_ARG(n->text));
        buf_puts(out, n == notes->first ? "" : ",");
        buf_json(out, buf_slice(&text));
    }
    buf_byte(out, ']');
    buf_free(&text);
}

static void hop_json(struct buf *out, const struct hop_result *h)
{
    buf_puts(out, "{\"name\":");
    buf_json(out, h->hop->name);
    text_member(out, "kind", hop_kind_names[h->hop->kind]);
    text_member(out, "url", h->url);
    buf_printf(out, ",\"status\":%d", h->status);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        buf_printf(out, ",\"%.*s\":\"%s\"", SLICE_ARG(chain_id_names[id]),
                   baton_state_name(h->state[id]));
    name_list(out, "lost", &h->changes.lost);
    name_list(out, "changed", &h->changes.changed);
    note_list(out, "advice", &h->notes);
    buf_byte(out, '}');
}

void walk_json(struct buf *out, const struct chain_result *r, const char *refused)
{
    bool kept = r->kept && !refused;

    buf_printf(out, "{\"verdict\":\"%s\"", kept ? "kept" : "broken");
    text_member(out, "code", slice_from(kept ? "" : r->kept ? "H018" : r->code));
    text_member(out, "reason", r->kept ? slice_from(refused) : r->reason);
    text_member(out, "broken_at",
                !kept && r->broken_at < r->hop_count ? r->hops[r->broken_at].hop->name : S(""));
    for (size_t id = 0; id < CHAIN_IDS; id++)
        text_member(out, arena_cstr(r->warnings.arena, chain_id_names[id]), r->ids[id]);
    buf_puts(out, ",\"hops\":[");
    for (size_t i = 0; i < r->hop_count; i++) {
        buf_puts(out, i ? "," : "");
        hop_json(out, &r->hops[i]);
    }
    buf_byte(out, ']');
    note_list(out, "warnings", &r->warnings);
    text_member(out, "network", r->network);
    text_member(out, "postback", r->postback);
    buf_puts(out, ",\"event\":");
    buf_add(out, r->translation.event_count ? r->translation.events[0].body : S("null"));
    buf_puts(out, ",\"events\":[");
    for (size_t i = 0; i < r->translation.event_count; i++) {
        buf_puts(out, i ? "," : "");
        buf_add(out, r->translation.events[i].body);
    }
    buf_puts(out, "]}\n");
}
