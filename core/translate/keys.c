/* keys.c: match keys and the page of an event. */
#include "core/translate/work.h"

/* As far as consent goes; and events that are not web events have few keys. */
static bool may_send(struct work *w, const char *name)
{
    return (w->offer->source == EVENT_SOURCE_WEB ||
            event_source_has_key(w->offer->source, slice_from(name))) &&
           consent_allows(w, name);
}

/* A key that a field of the postback or click gives; where that came from is the field's own. */
static void add_field(struct work *w, const char *name, enum field f, struct slice value)
{
    const struct field_value *v = &w->out->conversion.fields[f];

    if (value.len == 0 || w->event.user_count == PAYLOAD_USER_MAX || !may_send(w, name))
        return;
    w->event.user[w->event.user_count++] = (struct payload_user){ .name = name, .value = value };
    if (w->out->trail.on)
        trail_add(&w->out->trail, arena_printf(w->out->arena, "user.%s", name), value, &v->at,
                  "%s %.*s, as it came", origin_name(v->origin), SLICE_ARG(v->name));
}

static void add_ip(struct work *w)
{
    struct slice value = field(w, FIELD_IP), out;
    const char *why = "";

    if (value.len == 0 || !may_send(w, "ip"))
        return;
    switch (identity_prepare(w->translator->hasher, w->out->arena, IDENTITY_IP, value,
                             (struct slice){ 0 }, &out, &why)) {
    case IDENTITY_OK:
        add_field(w, "ip", FIELD_IP, out);
        break;
    case IDENTITY_UNUSABLE:
        note_add(&w->out->notes, "W027", S("ip"), "ip: the value %s; left out", why);
        break;
    case IDENTITY_FAILED:
        w->out->arena->full = true; /* try again rather than send less */
        break;
    case IDENTITY_EMPTY:
        break;
    }
}

static void add_ttclid(struct work *w)
{
    struct slice ttclid = field(w, FIELD_TTCLID);

    if (!may_send(w, "ttclid"))
        return;
    if (ttclid.len > EVENT_TTCLID_MAX)
        note_add(&w->out->notes, "W026", S("ttclid"),
                 "ttclid: %zu characters are more than the 1000 that TikTok gives; left out",
                 ttclid.len);
    else if (ttclid.len)
        add_field(w, "ttclid", FIELD_TTCLID, ttclid);
    else
        note_add(&w->out->notes, "W021", S("ttclid"),
                 "ttclid: neither the postback nor a registered click has one, so TikTok can't "
                 "credit the ad");
}

int keys_gather(struct work *w)
{
    unsigned own = w->offer->user_own;

    for (size_t i = 0; i < w->offer->user_count; i++)
        keys_of_rule(w, &w->offer->user[i]);
    add_ttclid(w);
    if (!(own & USER_OWN_TTP))
        add_field(w, "ttp", FIELD_TTP, field(w, FIELD_TTP));
    if (!(own & USER_OWN_IP))
        add_ip(w);
    if (!(own & USER_OWN_USER_AGENT))
        add_field(w, "user_agent", FIELD_USER_AGENT, field(w, FIELD_USER_AGENT));
    if (w->event.user_count == 0)
        return quarantine(w, "Q007", S("the event has no match key (ttclid, external_id, e-mail, "
                                       "...), so TikTok could match it with nobody"));
    return 0;
}

static bool is_whole_url(struct slice url)
{
    return slice_starts(url, S("https://")) || slice_starts(url, S("http://"));
}

bool keys_is_page(struct slice url)
{
    return is_whole_url(url) && !identity_looks_personal(url);
}

/* The mapping's page_url.  What it reads out of the postback is held to the same rules. */
static struct slice own_page(struct work *w)
{
    const struct template *t = &w->offer->page_url;
    struct slice url, none = { 0 };

    if (w->out->consent.action == CONSENT_ANONYMIZE && !template_is_constant(t))
        return none;
    url = template_expand(t, &w->values, w->out->arena);
    if (template_is_constant(t) || keys_is_page(url))
        return url;
    return none;
}

void keys_page(struct work *w)
{
    struct slice url = field(w, FIELD_PAGE_URL), referrer = field(w, FIELD_REFERRER);
    bool whole = is_whole_url(url), bare = w->out->consent.action == CONSENT_ANONYMIZE;

    if (w->offer->source != EVENT_SOURCE_WEB) /* the others have no page */
        return;
    if (url.len && (!whole || identity_looks_personal(url) || bare)) {
        if (!bare)
            note_add(&w->out->notes, "W035", S("page_url"),
                     "page_url: the page's URL %s, so the mapping's page_url is sent",
                     whole ? "holds personal data" : "is not a whole URL");
        url = (struct slice){ 0 };
    }
    if (url.len == 0)
        url = own_page(w);
    if (url.len == 0)
        note_add(&w->out->notes, "W036", S("page_url"),
                 "page_url: neither the click nor the mapping has one, but TikTok wants the page's "
                 "URL with every web event");
    w->event.page_url = url;
    if (!identity_looks_personal(referrer) && !bare)
        w->event.referrer = referrer;
}
