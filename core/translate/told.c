/* told.c: what `translate --explain` says of the fields that are not told where they are made. */
#include "core/translate/work.h"

static void tell(struct work *w, struct slice name, struct slice value, const struct place *at,
                 struct slice done)
{
    trail_add(&w->out->trail, name, value, at, "%.*s", SLICE_ARG(done));
}

void told_rule(struct work *w, const struct event_rule *rule)
{
    if (w->out->trail.on)
        tell(w, S("event"), rule->event, &rule->at,
             arena_printf(w->out->arena, "what the stage %.*s sends",
                          SLICE_ARG(w->out->conversion.stage)));
}

static void tell_id(struct work *w, const struct event_rule *rule, struct slice id)
{
    const struct field_value *v = &w->out->conversion.fields[FIELD_EVENT_ID];
    struct arena *a = w->out->arena;
    struct slice from = v->origin == ORIGIN_DERIVED ? arena_printf(a, "the %.*s, since nothing names an "
                                                                      "event_id", SLICE_ARG(v->name))
                        : v->origin == ORIGIN_CLICK ? S("the registered click's")
                                                    : arena_printf(a, "from parameter %.*s",
                                                                   SLICE_ARG(v->name));

    tell(w, S("event_id"), id, &v->at,
         rule->repeatable
             ? arena_printf(a, "%.*s, with the transaction id behind it (repeatable)", SLICE_ARG(from))
             : from);
}

static void tell_time(struct work *w)
{
    const struct field_value *v = &w->out->conversion.fields[FIELD_TIME];
    struct buf text = { .limit = 64 };
    bool own = v->value.len && w->out->event_time != w->now;

    when_print(&text, w->out->event_time);
    tell(w, S("event_time"), buf_slice(&text), own ? &v->at : NULL,
         own ? arena_printf(w->out->arena, "the conversion's, from parameter %.*s", SLICE_ARG(v->name))
             : S("when the postback came"));
    buf_free(&text);
}

static void tell_page(struct work *w)
{
    const struct field_value *v = w->out->conversion.fields;
    struct slice url = w->event.page_url, from = S("as it came"), clicks = S("the registered click's");
    bool own = slice_eq(url, v[FIELD_PAGE_URL].value);

    if (url.len == 0)
        return;
    tell(w, S("page.url"), url, own ? &v[FIELD_PAGE_URL].at : &w->offer->page_url.at,
         !own                                         ? S("page_url of the mapping")
         : v[FIELD_PAGE_URL].origin == ORIGIN_CLICK ? clicks
                                                      : from);
    if (w->event.referrer.len)
        tell(w, S("page.referrer"), w->event.referrer, &v[FIELD_REFERRER].at,
             v[FIELD_REFERRER].origin == ORIGIN_CLICK ? clicks : from);
}

/* ---- properties ---- */

static void tell_text(struct work *w, struct slice name, const struct template *t)
{
    struct slice value = template_expand(t, &w->values, w->out->arena);

    if (value.len && (template_is_constant(t) || !identity_looks_personal(value)))
        tell(w, name, value, &t->at,
             template_is_constant(t) ? S("as the mapping says") : t->raw);
}

static void tell_properties(struct work *w, struct slice path, const struct property *list,
                            size_t count, const struct translated_event *e)
{
    struct arena *a = w->out->arena;

    for (size_t i = 0; i < count; i++) {
        const struct property *p = &list[i];
        struct slice name =
            arena_printf(a, "%.*s.%.*s", SLICE_ARG(path), SLICE_ARG(p->field->name));
        for (size_t k = 0; k < p->content_count; k++)
            tell_properties(w, arena_printf(a, "%.*s.%zu", SLICE_ARG(name), k), p->contents[k].list,
                            p->contents[k].count, e);
        for (size_t k = 0; k < p->item_count; k++)
            tell_text(w, arena_printf(a, "%.*s.%zu", SLICE_ARG(name), k), &p->items[k]);
        if (p->is_value && e->has_value) {
            struct buf text = { .limit = 64 };
            money_print(&text, e->value);
            tell(w, name, buf_slice(&text), NULL, S("the event's value"));
            buf_free(&text);
        } else if (p->text.count) {
            tell_text(w, name, &p->text);
        }
    }
}

void told_event(struct work *w, const struct event_rule *rule, const struct translated_event *e)
{
    if (!w->out->trail.on)
        return;
    tell_id(w, rule, e->event_id);
    tell_time(w);
    tell_page(w);
    tell_properties(w, S("properties"), w->offer->properties, w->offer->property_count, e);
}
