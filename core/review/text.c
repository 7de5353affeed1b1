/* text.c: a review for a terminal. */
#include "core/review/inside.h"
#include "core/review/lines.h"

#define NAMES_SHOWN 12
#define LEAST  40 /* columns; a narrower window breaks the lines itself */
#define NARROW 70

struct row {
    struct slice name;
    int64_t now, now_of, before, before_of; /* of: the whole, 0: no share */
};

/* The text while it is written, and the widths of its columns; 0: left out, for the window is narrow. */
struct writing {
    struct buf *out;
    const struct review *r;
    int width, name, now, share, before, was, change;
};

static void measure(struct writing *w, int columns)
{
    w->width = columns < LEAST ? LEAST : columns > LINES_WIDTH ? LINES_WIDTH : columns;
    w->now = w->width >= NARROW ? 12 : 10;
    w->share = w->width >= NARROW ? 10 : 7;
    w->before = w->width >= NARROW ? 12 : 0;
    w->was = w->width >= NARROW ? 10 : 0;
    w->change = w->width >= LINES_WIDTH ? 10 : 0;
    w->name = w->width - w->now - w->share - w->before - w->was - w->change;
}

static void cell(const struct writing *w, struct slice text, int width)
{
    if (width)
        lines_right(w->out, text, width);
}

static void number(const struct writing *w, int64_t n, int width)
{
    cell(w, review_number(w->r->arena, CHART_COUNT, "", n), width);
}

static void heading(const struct writing *w, const char *title)
{
    buf_byte(w->out, '\n');
    lines_left(w->out, slice_from(title), w->name);
    cell(w, S("now"), w->now);
    cell(w, S(""), w->share);
    cell(w, S("before"), w->before);
    cell(w, S(""), w->was);
    cell(w, S("change"), w->change);
    lines_end(w->out);
}

static void row(const struct writing *w, const struct row *x)
{
    struct arena *a = w->r->arena;

    lines_left(w->out, S("  "), 2);
    lines_left(w->out, x->name, w->name - 2);
    number(w, x->now, w->now);
    cell(w, x->now_of > 0 ? review_share(a, x->now, x->now_of) : S(""), w->share);
    number(w, x->before, w->before);
    cell(w, x->before_of > 0 ? review_share(a, x->before, x->before_of) : S(""), w->was);
    cell(w, review_change(a, x->now, x->before), w->change);
    lines_end(w->out);
}

static void findings(const struct writing *w)
{
    static const char *const words[] = { "  good     ", "  WARNING  ", "  BROKEN   " };
    struct buf *out = w->out;

    for (const struct review_finding *f = w->r->findings; f; f = f->next) {
        buf_byte(out, '\n');
        buf_puts(out, words[f->weight]);
        lines_wrapped(out, f->title, w->width, 11, 11);
        if (f->text.len) {
            buf_puts(out, "           ");
            lines_wrapped(out, f->text, w->width, 11, 11);
        }
        if (f->first.len) {
            buf_puts(out, "           First: ");
            lines_wrapped(out, f->first, w->width, 18, 11);
        }
    }
}

static void completeness(const struct writing *w)
{
    const struct review_offer *o = &w->r->all;
    const int64_t *v = o->verdicts[REVIEW_NOW], *b = o->verdicts[REVIEW_BEFORE];
    const struct review_flow *f = &o->flow[REVIEW_NOW], *g = &o->flow[REVIEW_BEFORE];
    const struct row rows[] = {
        { S("clicks registered"), o->clicks[0], 0, o->clicks[1], 0 },
        { S("  with a ttclid"), o->ttclid[0], o->clicks[0], o->ttclid[1], o->clicks[1] },
        { S("postbacks received"), v[0], 0, b[0], 0 },
        { S("  queued"), v[REVIEW_QUEUED], v[0], b[REVIEW_QUEUED], b[0] },
        { S("  duplicate"), v[REVIEW_DUPLICATE], v[0], b[REVIEW_DUPLICATE], b[0] },
        { S("  ignored"), v[REVIEW_IGNORED], v[0], b[REVIEW_IGNORED], b[0] },
        { S("  quarantined"), v[REVIEW_QUARANTINED], v[0], b[REVIEW_QUARANTINED], b[0] },
        { S("events made"), f->put, 0, g->put, 0 },
        { S("  delivered"), f->delivered, f->put, g->delivered, g->put },
        { S("  given up"), f->dead, f->put, g->dead, g->put },
        { S("  withdrawn (the visitor refused)"), f->withdrawn, f->put, g->withdrawn, g->put },
        { S("  waiting for more than an hour"), f->late, f->put, g->late, g->put },
        { S("  without a value"), f->unvalued, f->valued + f->unvalued, g->unvalued, g->valued + g->unvalued },
    };

    heading(w, "Completeness");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        row(w, &rows[i]);
}

static void delays(const struct writing *w)
{
    static const int shares[] = { 50, 90, 95, 99 };
    struct arena *a = w->r->arena;

    heading(w, "From conversion to delivery");
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        lines_left(w->out, arena_printf(a, "  %d %% took up to", shares[i]), w->name);
        cell(w, review_delay(a, w->r->all.flow[REVIEW_NOW].latency, shares[i]), w->now);
        if (w->before)
            cell(w, review_delay(a, w->r->all.flow[REVIEW_BEFORE].latency, shares[i]), w->share + w->before);
        lines_end(w->out);
    }
}

static void values(const struct writing *w)
{
    struct arena *a = w->r->arena;

    if (!w->r->all.money)
        return;
    heading(w, "Value of the events");
    for (int original = 0; original < 2; original++) {
        for (const struct review_money *m = w->r->all.money; m; m = m->next) {
            const int64_t *n = original ? m->original : m->sent;
            if (n[0] == 0 && n[1] == 0)
                continue;
            lines_left(w->out, original ? S("  as it came") : S("  as sent"), w->name - 8);
            cell(w, review_number(a, CHART_MONEY, m->currency, n[0]), w->now + 8);
            if (w->before)
                cell(w, review_number(a, CHART_MONEY, m->currency, n[1]), w->share + w->before);
            if (w->change)
                cell(w, review_change(a, n[0], n[1]), w->was + w->change);
            lines_end(w->out);
        }
    }
}

static void keys(const struct writing *w)
{
    const struct review *r = w->r;
    const struct review_flow *f = &r->all.flow[REVIEW_NOW], *g = &r->all.flow[REVIEW_BEFORE];

    if (f->put == 0 && g->put == 0)
        return;
    heading(w, "Match keys that the events carry");
    for (size_t i = 0; i < r->words->key_count && i < REVIEW_KEYS_MAX; i++) {
        const struct row x = { r->words->keys[i], f->keys[i], f->put, g->keys[i], g->put };
        if (f->keys[i] || g->keys[i])
            row(w, &x);
    }
}

/* "Q002 unknown status word" and, indented below it, what to do. */
static void codes(const struct writing *w, const char *title, const struct review_named *list, int slot, bool remedies)
{
    const int64_t *v = w->r->all.verdicts[REVIEW_NOW], *was = w->r->all.verdicts[REVIEW_BEFORE];
    int shown = 0;

    for (const struct review_named *n = list; n && shown < NAMES_SHOWN; n = n->next) {
        struct row x = { .now = n->n[0], .now_of = v[0], .before = n->n[1], .before_of = was[0] };
        if (n->slot != slot || (n->n[0] == 0 && n->n[1] == 0))
            continue;
        if (shown++ == 0)
            heading(w, title);
        x.name = arena_printf(w->r->arena, "%.*s %.*s", SLICE_ARG(n->name), SLICE_ARG(review_title("", n->name)));
        row(w, &x);
        if (remedies && review_remedy(n->name).len) {
            buf_puts(w->out, "       to do: ");
            lines_wrapped(w->out, review_remedy(n->name), w->width, 14, 14);
        }
    }
}

/* The name beside three numbers of 12 columns, or above them. */
static void three(const struct writing *w, struct slice name, const struct slice cells[3])
{
    int room = w->width - 36;

    lines_left(w->out, name, w->width < NARROW ? w->width : room);
    if (w->width < NARROW) {
        lines_end(w->out);
        lines_left(w->out, S(""), room);
    }
    for (int i = 0; i < 3; i++)
        cell(w, cells[i], 12);
    lines_end(w->out);
}

static void answers(const struct writing *w)
{
    const struct slice names[] = { S("delivered"), S("tried again"), S("given up") };
    struct arena *arena = w->r->arena;
    int shown = 0;

    if (!w->r->all.answers)
        return;
    buf_byte(w->out, '\n');
    three(w, S("Outcomes of attempts, by TikTok's answer"), names);
    for (const struct review_answer *a = w->r->all.answers; a && shown++ < NAMES_SHOWN; a = a->next) {
        const int64_t n[] = { a->delivered[0], a->again[0], a->dead[0] };
        struct slice cells[3];
        bool token;
        for (int i = 0; i < 3; i++)
            cells[i] = review_number(arena, CHART_COUNT, "", n[i]);
        three(w, arena_printf(arena, "  %.*s %.*s", SLICE_ARG(a->name), SLICE_ARG(w->r->words->answer(arena, a->name, &token))),
              cells);
    }
}

/* ---- offers and their events ---- */

enum { CLICKS, RECEIVED, QUARANTINED, EVENTS, DELIVERED, NO_VALUE, LATE, OFFER_COLUMNS };
static const struct {
    const char *name;
    int width, least; /* of the window, to be shown */
} offer_columns[OFFER_COLUMNS] = {
    [CLICKS] = { "clicks", 8, NARROW },       [RECEIVED] = { "received", 10, NARROW }, [QUARANTINED] = { "quarant.", 11, 0 },
    [EVENTS] = { "events", 9, NARROW },       [DELIVERED] = { "delivered", 10, 0 },
    [NO_VALUE] = { "no value", 9, NARROW },   [LATE] = { "95 % in", 10, LINES_WIDTH },
};

static void offer_line(const struct writing *w, struct slice name, const struct slice cells[OFFER_COLUMNS])
{
    int room = w->width;

    for (int i = 0; i < OFFER_COLUMNS; i++)
        room -= w->width >= offer_columns[i].least ? offer_columns[i].width : 0;
    lines_left(w->out, name, room);
    for (int i = 0; i < OFFER_COLUMNS; i++)
        if (w->width >= offer_columns[i].least)
            cell(w, cells[i], offer_columns[i].width);
    lines_end(w->out);
}

static void flow_cells(const struct writing *w, const struct review_flow *f, struct slice cells[OFFER_COLUMNS])
{
    struct arena *a = w->r->arena;

    cells[EVENTS] = review_number(a, CHART_COUNT, "", f->put);
    cells[DELIVERED] = review_share(a, f->delivered, f->put);
    cells[NO_VALUE] = review_share(a, f->unvalued, f->valued + f->unvalued);
    cells[LATE] = review_delay(a, f->latency, 95);
}

static void offers(const struct writing *w)
{
    struct arena *a = w->r->arena;
    struct slice cells[OFFER_COLUMNS];

    if (!w->r->offers)
        return;
    buf_byte(w->out, '\n');
    for (int i = 0; i < OFFER_COLUMNS; i++)
        cells[i] = slice_from(offer_columns[i].name);
    offer_line(w, S("Offers and their events"), cells);
    for (const struct review_offer *o = w->r->offers; o; o = o->next) {
        const int64_t *v = o->verdicts[REVIEW_NOW];
        cells[CLICKS] = review_number(a, CHART_COUNT, "", o->clicks[REVIEW_NOW]);
        cells[RECEIVED] = review_number(a, CHART_COUNT, "", v[0]);
        cells[QUARANTINED] = review_share(a, v[REVIEW_QUARANTINED], v[0]);
        flow_cells(w, &o->flow[REVIEW_NOW], cells);
        offer_line(w, arena_printf(a, "  %.*s", SLICE_ARG(o->name)), cells);
        cells[CLICKS] = cells[RECEIVED] = cells[QUARANTINED] = S("");
        for (const struct review_event *e = o->events; e; e = e->next) {
            flow_cells(w, &e->flow[REVIEW_NOW], cells);
            offer_line(w, arena_printf(a, "    %.*s", SLICE_ARG(e->name)), cells);
        }
    }
}

void review_text(struct buf *out, const struct review *r, int columns)
{
    struct slice length = review_period(r), until = review_moment(r, r->until);
    struct writing w = { .out = out, .r = r };

    measure(&w, columns);
    lines_wrapped(out,
                  arena_printf(r->arena, "Signal health%s%.*s, the %.*s up to %.*s (%.*s), against the %.*s before",
                               r->only.len ? " of " : "", SLICE_ARG(r->only), SLICE_ARG(length), SLICE_ARG(until),
                               SLICE_ARG(r->zone), SLICE_ARG(length)),
                  w.width, 0, 2);
    findings(&w);
    completeness(&w);
    delays(&w);
    values(&w);
    keys(&w);
    codes(&w, "Quarantined, by reason (of all postbacks)", r->all.reasons, REVIEW_QUARANTINED, true);
    codes(&w, "Ignored, by rule", r->all.reasons, REVIEW_IGNORED, false);
    codes(&w, "Duplicates, by kind", r->all.reasons, REVIEW_DUPLICATE, false);
    codes(&w, "Warnings of postbacks that went on", r->all.warnings, 0, true);
    answers(&w);
    offers(&w);
    if (r->arena->full) /* what was printed is not whole */
        out->failed = true;
}
