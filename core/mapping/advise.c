/* advise.c: which recommended parameters an offer's events lack, and what a lifetime comes to. */
#include "core/event/recommend.h"
#include "core/mapping/build.h"

static bool has_quantity(const struct property *p)
{
    for (size_t i = 0; i < p->content_count; i++)
        for (size_t k = 0; k < p->contents[i].count; k++)
            if (slice_eq(p->contents[i].list[k].field->name, S("quantity")))
                return true;
    return false;
}

static unsigned bit_of(struct slice name)
{
    for (unsigned i = 0; i < EVENT_PARAMETERS; i++)
        if (slice_eq(event_parameter_names[i], name))
            return 1u << i;
    return 0;
}

/* What every event of the offer has. */
static unsigned common(const struct offer *o)
{
    unsigned has = 0;

    for (size_t i = 0; i < o->property_count; i++) {
        has |= bit_of(o->properties[i].field->name);
        if (has_quantity(&o->properties[i]))
            has |= EVENT_HAS_QUANTITY;
    }
    for (size_t i = 0; i < o->user_count; i++)
        if (slice_eq(slice_from(o->user[i].name), S("external_id")))
            has |= EVENT_HAS_EXTERNAL_ID;
    return has;
}

static void put_names(struct buf *out, unsigned set)
{
    const char *comma = "";

    for (unsigned i = 0; i < EVENT_PARAMETERS; i++) {
        if (!(set & 1u << i))
            continue;
        buf_printf(out, "%s%.*s", comma, SLICE_ARG(event_parameter_names[i]));
        comma = ", ";
    }
}

/* "TikTok recommends a, b, which this offer does not send; media buyers also send c; ..." */
static void put_sentence(struct buf *out, unsigned official, unsigned practice, unsigned has)
{
    unsigned vsa = has & EVENT_FOR_VSA;

    if (official) {
        buf_puts(out, "TikTok recommends ");
        put_names(out, official);
        buf_puts(out, ", which this offer does not send");
    }
    if (practice) {
        buf_puts(out, official ? "; media buyers also send " : "media buyers send ");
        put_names(out, practice);
        buf_puts(out, official ? "" : ", which this offer does not");
    }
    if ((official | practice) & EVENT_FOR_ROAS)
        buf_puts(out, "; without value and currency a campaign can't optimise for value");
    if (official & EVENT_FOR_VSA && vsa & ~(unsigned)EVENT_HAS_CONTENT_TYPE) {
        buf_puts(out, "; Video Shopping Ads need ");
        put_names(out, EVENT_FOR_VSA);
        buf_puts(out, " together");
    }
}

static bool has_text(const struct diags *diags, const struct place *at, struct slice text)
{
    for (const struct diag *d = diags->first; d; d = d->next)
        if (d->at.source == at->source && slice_eq(d->text, text))
            return true;
    return false;
}

static void advise(const struct offer *o, const struct event_rule *rule, struct diags *diags)
{
    const struct event_advice *a = event_advice_find(rule->event);
    unsigned has = common(o), lacks;
    struct buf text = { 0 };

    if (!a)
        return;
    if (rule->value.kind != VALUE_NONE)
        has |= EVENT_FOR_ROAS;
    lacks = (a->official | a->practice) & ~has;
    if (!event_source_has_key(o->source, S("external_id")))
        lacks &= ~(unsigned)EVENT_HAS_EXTERNAL_ID;
    if (lacks == 0)
        return;
    buf_printf(&text, "%.*s: ", SLICE_ARG(rule->event));
    put_sentence(&text, lacks & a->official, lacks & a->practice, has);
    if (!has_text(diags, &rule->at, buf_slice(&text))) /* a sale and a rebill are one piece of advice */
        diag_add(diags, DIAG_NOTE, "M050", rule->at, (struct slice){ 0 }, "%.*s",
                 SLICE_ARG(buf_slice(&text)));
    buf_free(&text);
}

static bool is_said(const struct diags *diags, struct place at)
{
    for (const struct diag *d = diags->first; d; d = d->next)
        if (d->at.source && slice_eq(d->at.source->name, at.source->name) && d->at.line == at.line &&
            d->at.col == at.col)
            return true;
    return false;
}

/* A model that several rules use is told of once. */
static void tell_lifetime(const struct value_rule *v, struct diags *diags)
{
    struct buf times = { .limit = 64 }, keep = { .limit = 64 };

    if (!v->has_lifetime || is_said(diags, v->lifetime_at))
        return;
    money_print(&times, v->lifetime.times);
    money_print(&keep, v->lifetime.keep);
    diag_add(diags, DIAG_NOTE, "M034", v->lifetime_at, (struct slice){ 0 },
             "`lifetime`: %u months, %.*s %% staying from each to the next, count as %.*s times the "
             "value",
             v->lifetime.months, SLICE_ARG(buf_slice(&keep)), SLICE_ARG(buf_slice(&times)));
    buf_free(&times);
    buf_free(&keep);
}

void mapping_advise(const struct offer *offer, struct diags *diags)
{
    for (size_t i = 0; i < offer->rule_count; i++)
        for (const struct event_rule *e = offer->rules[i].events; e; e = e->next) {
            advise(offer, e, diags);
            tell_lifetime(&e->value, diags);
        }
}
