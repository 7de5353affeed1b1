/* destination.c: the pixels of an event, and what events of the offer's kind have besides. */
#include "core/rules/route.h"
#include "core/translate/work.h"

int destination_pixels(struct work *w, const struct event_rule *rule,
                       struct slice pixels[PIXELS_PER_EVENT_MAX], size_t *count)
{
    const struct route_in in = {
        .offer = w->offer,
        .route = rule->pixel.said ? &rule->pixel : &w->offer->pixel,
        .values = &w->values,
        .known = w->translator->known,
        .arena = w->out->arena,
        .trail = &w->out->trail,
    };
    const char *code = "";
    struct slice reason = { 0 };

    if (route_find(&in, pixels, count, &code, &reason) != 0)
        return quarantine(w, code, reason);
    return 0;
}

static struct slice lead_text(struct work *w, const char *name, const struct template *t)
{
    struct slice value = slice_trim(template_expand(t, &w->values, w->out->arena));

    if (!template_is_constant(t) && identity_looks_personal(value)) {
        note_add(&w->out->notes, "W030", slice_from(name),
                 "%s: the value holds personal data; left out", name);
        return (struct slice){ 0 };
    }
    if (value.len)
        trail_add(&w->out->trail, arena_printf(w->out->arena, "lead.%s", name), value, &t->at,
                  "%.*s", SLICE_ARG(t->raw));
    return value;
}

int destination_lead(struct work *w)
{
    const struct lead_rule *lead = &w->offer->lead;

    if (w->offer->source != EVENT_SOURCE_CRM)
        return 0;
    w->event.lead_id = lead_text(w, "lead_id", &lead->id);
    w->event.lead_event_source = lead_text(w, "lead_event_source", &lead->source);
    if (w->event.lead_id.len == 0)
        return quarantine(w, "Q028",
                          arena_printf(w->out->arena,
                                       "the lead id \"%.*s\" has no usable value in this postback, "
                                       "and TikTok wants one with every crm event",
                                       SLICE_ARG(lead->id.raw)));
    return 0;
}
