/* consent.c: where a translation asks for consent, and what it changes. */
#include "core/translate/work.h"

void consent_find(struct work *w)
{
    const struct consent_in in = { .offer = w->offer, .values = &w->values, .click = w->click,
                                   .arena = w->out->arena, .notes = &w->out->notes,
                                   .trail = &w->out->trail };

    consent_decide(&in, &w->out->consent);
}

int consent_check(struct work *w)
{
    const char *code;
    struct slice reason;

    if (w->out->consent.action != CONSENT_DROP)
        return 0;
    reason = consent_reason(&w->offer->consent, &w->out->consent, w->out->arena, &code);
    return decide(w, VERDICT_IGNORED, code, reason);
}

bool consent_allows(struct work *w, const char *key)
{
    const struct consent_rule *rule = &w->offer->consent;
    struct trail *trail = &w->out->trail;

    if (consent_keeps(rule, w->out->consent.action, slice_from(key)))
        return true;
    if (trail->on)
        trail_add(trail, arena_printf(w->out->arena, "user.%s", key), (struct slice){ 0 },
                  &rule->at, "left out: there is no consent, and `keep` does not name it");
    return false;
}

/* limited_data_use says which law's opt-out applies by the visitor's address (docs/consent.md). */
int consent_limit(struct work *w)
{
    size_t i = 0;

    w->event.limited_data_use = w->out->consent.action == CONSENT_LIMITED;
    if (!w->event.limited_data_use)
        return 0;
    trail_add(&w->out->trail, S("limited_data_use"), S("true"), &w->offer->consent.at,
              "%.*s", SLICE_ARG(w->out->consent.said));
    while (i < w->event.user_count && strcmp(w->event.user[i].name, "ip") != 0)
        i++;
    if (i < w->event.user_count)
        return 0;
    return quarantine(w, "Q024",
                      S("the event may only be sent with limited_data_use, which needs the "
                        "visitor's public IP address, and neither the postback nor a registered "
                        "click has one"));
}
