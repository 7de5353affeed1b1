#include "cli/simulate/show.h"

#include "cli/shorten.h"
#include "cli/show.h"

struct table {
    struct buf *out;
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
    bool moved = h->changes.lost.count || h->changes.changed.count;

    buf_printf(t->out, "%2zu  ", i + 1);
    cell(t, h->hop->name, 14);
    buf_printf(t->out, " %-10.*s %-6d ", SLICE_ARG(hop_kind_names[h->hop->kind]), h->status);
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
        buf_puts(t->out, "\nthe click            by ");
        show_safe(t->out, g->origin.len ? g->origin : S("the tracker"));
        buf_puts(t->out, ": ");
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

bool walk_is_kept(const struct walk_shown *w)
{
    return w->walk->kept && !w->refused && !(w->live && w->live->differences.count);
}

static const char *code_of(const struct walk_shown *w)
{
    if (walk_is_kept(w))
        return "";
    return !w->walk->kept ? w->walk->code : w->refused ? "H018" : "H019";
}

/* Without its code. */
static struct slice reason_of(const struct walk_shown *w)
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
    paint(t, walk_is_kept(w) ? GREEN : RED);
    if (!walk_is_kept(w)) {
        buf_printf(t->out, "broken[%s]: %s", code_of(w),
                   w->walk->kept && w->refused ? "the sandbox refuses the event: " : "");
        show_safe(t->out, reason_of(w));
    } else if (w->walk->translated) {
        buf_puts(t->out, "kept: the event carries the ad's ttclid and the right event_id; the "
                         "sandbox takes it");
    } else {
        buf_puts(t->out, "kept: the ids reach the end of the chain");
    }
    paint(t, PLAIN);
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
    sentences(t, &live->differences, "");
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
        shorten_url(out, t.r->hops[0].arrives, NULL, false);
        buf_byte(out, '\n');
    }
    for (size_t i = 0; i < t.r->hop_count; i++)
        hop_row(&t, i);
    sentences(&t, &t.r->warnings, "    ");
    way_back(&t);
    if (w->live)
        live_lines(&t, w->live);
    verdict(&t, w);
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

static void live_json(struct buf *out, const struct live_result *live)
{
    buf_printf(out, ",\"live\":{\"delivered\":%zu", live->delivered);
    buf_puts(out, ",\"serve\":");
    buf_add(out, slice_starts(live->serve_says, S("{")) ? live->serve_says : S("null"));
    note_list(out, "differences", &live->differences);
    buf_byte(out, '}');
}

void walk_json(struct buf *out, const struct walk_shown *w)
{
    const struct chain_result *r = w->walk;
    bool kept = walk_is_kept(w);

    buf_printf(out, "{\"verdict\":\"%s\"", kept ? "kept" : "broken");
    text_member(out, "code", slice_from(code_of(w)));
    text_member(out, "reason", reason_of(w));
    text_member(out, "broken_at",
                !kept && r->broken_at < r->hop_count ? r->hops[r->broken_at].hop->name : S(""));
    for (size_t id = 0; id < CHAIN_IDS; id++)
        text_member(out, chain_id_names[id].ptr, r->ids[id]);
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
    buf_byte(out, ']');
    if (w->live)
        live_json(out, w->live);
    buf_puts(out, "}\n");
}
