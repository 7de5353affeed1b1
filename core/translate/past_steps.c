/* past_steps.c: the steps of a translation that look at the earlier postbacks of the click. */
#include "core/translate/work.h"

static struct slice line_of(struct work *w, const struct place *at)
{
    return arena_printf(w->out->arena, "%.*s:%u", SLICE_ARG(at->source->name), at->line);
}

int past_forbids(struct work *w)
{
    const struct conversion *conv = &w->out->conversion;
    struct slice txid = slice_trim(field(w, FIELD_TXID)), allowed;
    const struct transition_rule *rule;
    const struct seen *last;

    if (!w->out->history || conv->stage.len == 0)
        return 0;
    rule = lifecycle_forbids(w->offer, w->out->history, conv->stage, txid, &last);
    if (!rule)
        return 0;
    w->out->offer_line = line_of(w, &rule->at);
    allowed = lifecycle_list(rule, w->out->arena);
    if (!last)
        return decide(w, VERDICT_IGNORED, "I007",
                      arena_printf(w->out->arena,
                                   "\"%.*s\" may not come first: nothing was seen of this conversion "
                                   "before, and `transitions:` (%.*s) lets it come only after %.*s",
                                   SLICE_ARG(conv->stage), SLICE_ARG(w->out->offer_line),
                                   SLICE_ARG(allowed)));
    return decide(w, VERDICT_IGNORED, "I005",
                  arena_printf(w->out->arena,
                               "\"%.*s\" may not come after \"%.*s\" (%.*s): `transitions:` (%.*s) "
                               "lets it come only after %.*s",
                               SLICE_ARG(conv->stage), SLICE_ARG(last->stage),
                               SLICE_ARG(lifecycle_when(w->out->arena, last->at)), SLICE_ARG(w->out->offer_line),
                               SLICE_ARG(allowed)));
}

struct slice past_taken_back(struct work *w)
{
    const struct conversion *conv = &w->out->conversion;
    const struct seen *sent;

    if (!w->out->history || !lifecycle_takes_back(conv->stage))
        return (struct slice){ 0 };
    sent = lifecycle_sent(w->offer, w->out->history, slice_trim(field(w, FIELD_TXID)));
    if (!sent)
        return (struct slice){ 0 };
    return arena_printf(w->out->arena,
                        "; what was sent at \"%.*s\" (%.*s) stays: TikTok takes no event back",
                        SLICE_ARG(sent->stage), SLICE_ARG(lifecycle_when(w->out->arena, sent->at)));
}

bool past_has_nameless(const struct work *w)
{
    const struct history *h = w->out->history;

    for (size_t i = 0; h && i < h->count; i++)
        if (h->list[i].click_id.len == 0 && h->list[i].as == SEEN_QUEUED)
            return true;
    return false;
}

void past_twin_ids(struct work *w, const struct event_rule *rule, struct translated_event *e)
{
    struct slice txid = slice_trim(field(w, FIELD_TXID));
    const struct seen *twin = NULL;

    if (txid.len == 0)
        return;
    if (!rule->repeatable) { /* a sale: was its transaction sent as a rebill? */
        e->formerly[2] = work_with_txid(w, w->event_id);
        for (size_t i = 0; i < 2; i++)
            e->formerly[3 + i] = work_with_txid(w, w->formerly[i]);
        return;
    }
    if (w->out->history) /* a rebill: was it sent as a sale? */
        twin = lifecycle_source(w->offer, w->out->history, rule->event, txid, false);
    if (twin)
        e->formerly[2] = twin->event_id;
}
