/* plausible.c: `require_click` and `payout` of an offer: what is well-formed and still not believed. */
#include "core/translate/work.h"

int plausible_click(struct work *w)
{
    if (!w->offer->require_click || (w->click && !w->click->hearsay))
        return 0;
    return quarantine(w, "Q030",
                      S("the offer requires a registered click, and none is known with this click id "
                        "or ttclid"));
}

static struct slice amount(struct work *w, struct money m)
{
    struct buf b = { 0 };
    struct slice out;

    money_print(&b, m);
    out = arena_dup(w->out->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

int plausible_payout(struct work *w)
{
    const struct payout_bounds *p = &w->offer->payout;
    struct slice text = field(w, FIELD_PAYOUT);
    struct arena *a = w->out->arena;
    struct money m;
    enum money_result r;
    bool low, high;

    if ((!p->has_min && !p->has_max) || text.len == 0)
        return 0;
    r = money_parse(text, w->offer->mark, &m, NULL);
    if (r != MONEY_OK && r != MONEY_ROUNDED)
        return 0; /* Q003, where the payout counts */
    low = p->has_min && m.micros < p->min.micros;
    high = p->has_max && m.micros > p->max.micros;
    if (!low && !high)
        return 0;
    return quarantine(w, "Q029",
                      arena_printf(a, "the payout \"%.*s\" lies %s %.*s, the %s that the offer takes "
                                      "(%.*s:%u)",
                                   SLICE_ARG(shown(w, text)), low ? "below" : "above",
                                   SLICE_ARG(amount(w, low ? p->min : p->max)),
                                   low ? "least" : "most", SLICE_ARG(p->at.source->name),
                                   p->at.line));
}
