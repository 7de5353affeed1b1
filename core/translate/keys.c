/* keys.c: match keys and the page of an event. */
#include "core/translate/work.h"

static void add_key(struct work *w, const char *name, struct slice value)
{
    if (value.len && w->event.user_count < PAYLOAD_USER_MAX && consent_allows(w, name))
        w->event.user[w->event.user_count++] = (struct payload_user){ name, value };
}

static void prepare_key(struct work *w, const char *name, enum identity_kind kind,
                        struct slice value, struct slice country)
{
    struct slice out, subject = slice_from(name);
    const char *why = "";

    if (value.len == 0 || !consent_allows(w, name))
        return;
    switch (identity_prepare(w->translator->hasher, w->out->arena, kind, value, country, &out,
                             &why)) {
    case IDENTITY_OK:
        add_key(w, name, out);
        break;
    case IDENTITY_UNUSABLE: /* never the value itself: it may be personal data */
        note_add(&w->out->notes, "W027", subject, "%s: the value %s; left out", name, why);
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

    if (!consent_allows(w, "ttclid"))
        return;
    if (ttclid.len > EVENT_TTCLID_MAX)
        note_add(&w->out->notes, "W026", S("ttclid"),
                 "ttclid: %zu characters are more than the 1000 that TikTok gives; left out",
                 ttclid.len);
    else if (ttclid.len)
        add_key(w, "ttclid", ttclid);
    else
        note_add(&w->out->notes, "W021", S("ttclid"),
                 "ttclid: neither the postback nor a registered click has one, so TikTok can't "
                 "credit the ad");
}

int keys_gather(struct work *w)
{
    struct slice none = { 0 };

    for (size_t i = 0; i < w->offer->user_count; i++) {
        const struct user_rule *u = &w->offer->user[i];
        prepare_key(w, u->name, u->kind, template_expand(&u->from, &w->values, w->out->arena),
                    u->country);
    }
    add_ttclid(w);
    add_key(w, "ttp", field(w, FIELD_TTP));
    prepare_key(w, "ip", IDENTITY_IP, field(w, FIELD_IP), none);
    add_key(w, "user_agent", field(w, FIELD_USER_AGENT));
    if (w->event.user_count == 0)
        return quarantine(w, "Q007", S("the event has no match key (ttclid, external_id, e-mail, "
                                       "...), so TikTok could match it with nobody"));
    return 0;
}

static bool is_whole_url(struct slice url)
{
    return slice_starts(url, S("https://")) || slice_starts(url, S("http://"));
}

/* The mapping's page_url.  What it reads out of the postback is held to the same rules. */
static struct slice own_page(struct work *w)
{
    const struct template *t = &w->offer->page_url;
    struct slice url, none = { 0 };

    if (w->out->consent.action == CONSENT_ANONYMIZE && !template_is_constant(t))
        return none;
    url = template_expand(t, &w->values, w->out->arena);
    if (template_is_constant(t) || (is_whole_url(url) && !identity_looks_personal(url)))
        return url;
    return none;
}

void keys_page(struct work *w)
{
    struct slice url = field(w, FIELD_PAGE_URL), referrer = field(w, FIELD_REFERRER);
    bool whole = is_whole_url(url), bare = w->out->consent.action == CONSENT_ANONYMIZE;

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
