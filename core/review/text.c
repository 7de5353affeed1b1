/* text.c: a review for a terminal. */
#include "core/review/inside.h"
#include "core/review/lines.h"

#define NAMES_SHOWN 12

struct row {
    struct slice name;
    int64_t now, now_of, before, before_of; /* of: the whole, 0: no share */
};

static void heading(struct buf *out, const char *title, const char *a, const char *b)
{
    buf_byte(out, '\n');
    lines_left(out, slice_from(title), 46);
    lines_right(out, slice_from(a), 12);
    lines_right(out, S(""), 10);
    lines_right(out, slice_from(b), 12);
    lines_right(out, S(""), 10);
    lines_right(out, *b ? S("change") : S(""), 10);
    lines_end(out);
}

static void row(struct buf *out, const struct review *r, const struct row *w)
{
    lines_left(out, S("  "), 2);
    lines_left(out, w->name, 44);
    lines_right(out, review_number(r->arena, CHART_COUNT, "", w->now), 12);
    lines_right(out, w->now_of > 0 ? review_share(r->arena, w->now, w->now_of) : S(""), 10);
    lines_right(out, review_number(r->arena, CHART_COUNT, "", w->before), 12);
    lines_right(out, w->before_of > 0 ? review_share(r->arena, w->before, w->before_of) : S(""), 10);
    lines_right(out, review_change(r->arena, w->now, w->before), 10);
    lines_end(out);
}

static void findings(struct buf *out, const struct review *r)
{
    static const char *const words[] = { "  good     ", "  note     ", "  WARNING  ", "  BROKEN   " };

    for (const struct review_finding *f = r->findings; f; f = f->next) {
        buf_byte(out, '\n');
        buf_puts(out, words[f->weight]);
        lines_wrapped(out, f->title, 11, 11);
        if (f->text.len) {
            buf_puts(out, "           ");
            lines_wrapped(out, f->text, 11, 11);
        }
        if (f->first.len) {
            buf_puts(out, "           First: ");
            lines_wrapped(out, f->first, 18, 11);
        }
    }
}

static void completeness(struct buf *out, const struct review *r)
{
    const struct review_offer *o = &r->all;
    const int64_t *v = o->verdicts[REVIEW_NOW], *w = o->verdicts[REVIEW_BEFORE];
    const struct review_flow *f = &o->flow[REVIEW_NOW], *g = &o->flow[REVIEW_BEFORE];
    const struct row rows[] = {
        { S("clicks registered"), o->clicks[0], 0, o->clicks[1], 0 },
        { S("  with a ttclid"), o->ttclid[0], o->clicks[0], o->ttclid[1], o->clicks[1] },
        { S("postbacks received"), v[0], 0, w[0], 0 },
        { S("  queued"), v[REVIEW_QUEUED], v[0], w[REVIEW_QUEUED], w[0] },
        { S("  duplicate"), v[REVIEW_DUPLICATE], v[0], w[REVIEW_DUPLICATE], w[0] },
        { S("  ignored"), v[REVIEW_IGNORED], v[0], w[REVIEW_IGNORED], w[0] },
        { S("  quarantined"), v[REVIEW_QUARANTINED], v[0], w[REVIEW_QUARANTINED], w[0] },
        { S("events made"), f->put, 0, g->put, 0 },
        { S("  delivered"), f->delivered, f->put, g->delivered, g->put },
        { S("  given up"), f->dead, f->put, g->dead, g->put },
        { S("  withdrawn (the visitor refused)"), f->withdrawn, f->put, g->withdrawn, g->put },
        { S("  waiting for more than an hour"), f->late, f->put, g->late, g->put },
        { S("  without a value"), f->unvalued, f->valued + f->unvalued, g->unvalued, g->valued + g->unvalued },
    };

    heading(out, "Completeness", "now", "before");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        row(out, r, &rows[i]);
}

static void delays(struct buf *out, const struct review *r)
{
    static const int shares[] = { 50, 90, 95, 99 };

    heading(out, "From conversion to delivery", "now", "before");
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        lines_left(out, arena_printf(r->arena, "  %d %% of the events took up to", shares[i]), 46);
        lines_right(out, review_delay(r->arena, r->all.flow[REVIEW_NOW].latency, shares[i]), 12);
        lines_right(out, review_delay(r->arena, r->all.flow[REVIEW_BEFORE].latency, shares[i]), 22);
        lines_end(out);
    }
}

static void values(struct buf *out, const struct review *r)
{
    if (!r->all.money)
        return;
    heading(out, "Value of the events", "now", "before");
    for (int original = 0; original < 2; original++) {
        for (const struct review_money *m = r->all.money; m; m = m->next) {
            const int64_t *n = original ? m->original : m->sent;
            if (n[0] == 0 && n[1] == 0)
                continue;
            lines_left(out, original ? S("  as the tracker said it") : S("  as sent"), 28);
            lines_right(out, review_number(r->arena, CHART_MONEY, m->currency, n[0]), 30);
            lines_right(out, review_number(r->arena, CHART_MONEY, m->currency, n[1]), 22);
            lines_right(out, review_change(r->arena, n[0], n[1]), 20);
            lines_end(out);
        }
    }
}

static void keys(struct buf *out, const struct review *r)
{
    const struct review_flow *f = &r->all.flow[REVIEW_NOW], *g = &r->all.flow[REVIEW_BEFORE];

    if (f->put == 0 && g->put == 0)
        return;
    heading(out, "Match keys that the events carry", "now", "before");
    for (size_t i = 0; i < r->words->key_count && i < REVIEW_KEYS_MAX; i++) {
        const struct row w = { r->words->keys[i], f->keys[i], f->put, g->keys[i], g->put };
        if (f->keys[i] || g->keys[i])
            row(out, r, &w);
    }
}

/* "Q002 unknown status word" and, indented below it, what to do. */
static void codes(struct buf *out, const struct review *r, const char *title, const struct review_named *list,
                  int slot, bool remedies)
{
    int shown = 0;

    for (const struct review_named *n = list; n && shown < NAMES_SHOWN; n = n->next) {
        const int64_t *v = r->all.verdicts[REVIEW_NOW], *was = r->all.verdicts[REVIEW_BEFORE];
        struct row w = { .now = n->n[0], .now_of = v[0], .before = n->n[1], .before_of = was[0] };
        if (n->slot != slot || (n->n[0] == 0 && n->n[1] == 0))
            continue;
        if (shown++ == 0)
            heading(out, title, "now", "before");
        w.name = arena_printf(r->arena, "%.*s %.*s", SLICE_ARG(n->name), SLICE_ARG(review_title("", n->name)));
        row(out, r, &w);
        if (remedies && review_remedy(n->name).len) {
            buf_puts(out, "       to do: ");
            lines_wrapped(out, review_remedy(n->name), 14, 14);
        }
    }
}

static void answers(struct buf *out, const struct review *r)
{
    const char *const names[] = { "delivered", "tried again", "given up" };
    int shown = 0;

    if (!r->all.answers)
        return;
    buf_byte(out, '\n');
    lines_left(out, S("Outcomes of attempts, by TikTok's answer"), 64);
    for (int i = 0; i < 3; i++)
        lines_right(out, slice_from(names[i]), 12);
    lines_end(out);
    for (const struct review_answer *a = r->all.answers; a && shown++ < NAMES_SHOWN; a = a->next) {
        bool token;
        lines_left(out,
                   arena_printf(r->arena, "  %.*s %.*s", SLICE_ARG(a->name),
                                SLICE_ARG(r->words->answer(r->arena, a->name, &token))),
                   64);
        lines_right(out, review_number(r->arena, CHART_COUNT, "", a->delivered[0]), 12);
        lines_right(out, review_number(r->arena, CHART_COUNT, "", a->again[0]), 12);
        lines_right(out, review_number(r->arena, CHART_COUNT, "", a->dead[0]), 12);
        lines_end(out);
    }
}

static void event_line(struct buf *out, const struct review *r, const struct review_event *e)
{
    const struct review_flow *f = &e->flow[REVIEW_NOW];

    lines_left(out, arena_printf(r->arena, "    %.*s", SLICE_ARG(e->name)), 33);
    lines_right(out, S(""), 29);
    lines_right(out, review_number(r->arena, CHART_COUNT, "", f->put), 9);
    lines_right(out, review_share(r->arena, f->delivered, f->put), 10);
    lines_right(out, review_share(r->arena, f->unvalued, f->valued + f->unvalued), 9);
    lines_right(out, review_delay(r->arena, f->latency, 95), 10);
    lines_end(out);
}

static void offers(struct buf *out, const struct review *r)
{
    static const struct {
        const char *name;
        int width;
    } columns[] = { { "clicks", 8 },   { "received", 10 }, { "quarant.", 11 },
                    { "events", 9 },   { "delivered", 10 }, { "no value", 9 }, { "95 % in", 10 } };

    if (!r->offers)
        return;
    buf_byte(out, '\n');
    lines_left(out, S("Offers and their events"), 33);
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
        lines_right(out, slice_from(columns[i].name), columns[i].width);
    lines_end(out);
    for (const struct review_offer *o = r->offers; o; o = o->next) {
        const int64_t *v = o->verdicts[REVIEW_NOW];
        const struct review_flow *f = &o->flow[REVIEW_NOW];
        lines_left(out, arena_printf(r->arena, "  %.*s", SLICE_ARG(o->name)), 33);
        lines_right(out, review_number(r->arena, CHART_COUNT, "", o->clicks[REVIEW_NOW]), 8);
        lines_right(out, review_number(r->arena, CHART_COUNT, "", v[0]), 10);
        lines_right(out, review_share(r->arena, v[REVIEW_QUARANTINED], v[0]), 11);
        lines_right(out, review_number(r->arena, CHART_COUNT, "", f->put), 9);
        lines_right(out, review_share(r->arena, f->delivered, f->put), 10);
        lines_right(out, review_share(r->arena, f->unvalued, f->valued + f->unvalued), 9);
        lines_right(out, review_delay(r->arena, f->latency, 95), 10);
        lines_end(out);
        for (const struct review_event *e = o->events; e; e = e->next)
            event_line(out, r, e);
    }
}

void review_text(struct buf *out, const struct review *r)
{
    struct slice length = review_period(r), until = review_moment(r, r->until);

    lines_wrapped(out,
                  arena_printf(r->arena, "Signal health%s%.*s, the %.*s up to %.*s (%.*s), against the %.*s before",
                               r->only.len ? " of " : "", SLICE_ARG(r->only), SLICE_ARG(length), SLICE_ARG(until),
                               SLICE_ARG(r->zone), SLICE_ARG(length)),
                  0, 2);
    findings(out, r);
    completeness(out, r);
    delays(out, r);
    values(out, r);
    keys(out, r);
    codes(out, r, "Quarantined, by reason (of all postbacks)", r->all.reasons, REVIEW_QUARANTINED, true);
    codes(out, r, "Ignored, by rule", r->all.reasons, REVIEW_IGNORED, false);
    codes(out, r, "Duplicates, by kind", r->all.reasons, REVIEW_DUPLICATE, false);
    codes(out, r, "Warnings of postbacks that went on", r->all.warnings, 0, true);
    answers(out, r);
    offers(out, r);
    if (r->arena->full) /* what was printed is not whole */
        out->failed = true;
}
