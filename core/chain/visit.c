/* visit.c: what a page with lander.js registers, and what it hands on. */
#include "core/chain/fill.h"
#include "core/chain/session.h"
#include "core/kit/kit.h"

struct slice session_origin(struct chain_session *s, const struct url *u)
{
    return arena_printf(s->arena, "%.*s://%.*s%s%.*s", SLICE_ARG(u->scheme), SLICE_ARG(u->host),
                        u->port.len ? ":" : "", SLICE_ARG(u->port));
}

static bool origin_ok(struct chain_session *s, struct slice origin)
{
    const struct offer *o = s->world->offer;

    for (size_t i = 0; o && i < o->origin_count; i++)
        if (slice_eq_nocase(o->origins[i], origin))
            return true;
    return o == NULL;
}

static void print_pair(struct buf *b, struct slice name, struct slice value)
{
    if (value.len == 0)
        return;
    if (b->len)
        buf_byte(b, '&');
    buf_add(b, name);
    buf_byte(b, '=');
    buf_percent(b, value);
}

static struct slice query_of(struct chain_session *s, const struct session_site *site,
                             const struct url *u)
{
    const struct offer *o = s->world->offer;
    struct buf b = { .limit = 4 * URL_MAX_BYTES };
    struct url page = *u;
    struct slice out;
    struct buf text = { .limit = URL_MAX_BYTES };

    page.has_fragment = false;
    url_print(&text, &page);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        print_pair(&b, chain_id_names[id], site->ids[id]);
    if (buf_ok(&text) && text.len <= 4096) /* a longer one stays out of this model */
        print_pair(&b, S("page_url"), buf_slice(&text));
    if (o && o->consent.granted_count) /* this visitor has agreed */
        print_pair(&b, S("consent"), o->consent.granted[0]);
    out = buf_ok(&b) ? arena_dup(s->arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    buf_free(&text);
    return out;
}

void session_page_says(struct chain_session *s, const struct hop *hop, struct slice event_id,
                       struct notes *notes)
{
    if (s->by_link || s->ids[CHAIN_EVENT_ID].len == 0)
        s->ids[CHAIN_EVENT_ID] = event_id;
    s->by_link = false;
    if (slice_eq(s->ids[CHAIN_EVENT_ID], event_id))
        return;
    s->second = s->second ? s->second : hop;
    note_add(notes, "H016", hop->name,
             "this page has an event_id of its own beside that of the page before: hand it over "
             "in the link (decorate: true, data-decorate of the landing script)");
}

bool session_visit(struct chain_session *s, size_t i, struct slice page,
                   struct chain_registration *out, struct notes *notes)
{
    const struct hop *hop = &s->chain->hops[i];
    struct session_site *site;
    struct url u;

    if (!hop->script || url_parse(page, &u) != NULL || !(site = session_site(s, u.host)))
        return false;
    if (session_breaks(s, i, "lose_cookies"))
        *site = (struct session_site){ .host = site->host };
    lander_visit(s, site, page);
    if (fill_is_macro_value(site->ids[CHAIN_CLICK_ID]))
        note_add(notes, "H020", hop->name,
                 "the page takes \"%.*s\" for the tracker's click id, which is the value of a macro "
                 "in the ad's link: all visitors of that ad would be one. Name the right parameter "
                 "in data-click-id, or rename the one in the link",
                 SLICE_ARG(note_short(s->arena, site->ids[CHAIN_CLICK_ID])));
    session_page_says(s, hop, site->ids[CHAIN_EVENT_ID], notes);
    if (site->ids[CHAIN_TTCLID].len == 0 && site->ids[CHAIN_CLICK_ID].len == 0) {
        note_add(notes, "H007", hop->name,
                 "the landing script finds neither a ttclid nor a click id in the page's URL: it "
                 "has nothing to register");
        return false;
    }
    *out = (struct chain_registration){ session_origin(s, &u), query_of(s, site, &u) };
    if (origin_ok(s, out->origin))
        return true;
    note_add(notes, "H006", hop->name,
             "the page's registration is refused: add %.*s to origins: of the offer",
             SLICE_ARG(out->origin));
    return false;
}

/* {event_id} in a link of the page: the script fills what the server could not. */
static struct slice fill_ids(struct chain_session *s, const struct session_site *site,
                             struct slice to)
{
    struct buf b = { .limit = 4 * URL_MAX_BYTES };

    for (size_t id = 0; id < CHAIN_IDS; id++)
        print_pair(&b, chain_id_names[id], site->ids[id]);
    if (buf_ok(&b))
        to = session_fill_params(s, to, arena_dup(s->arena, buf_slice(&b)), false);
    buf_free(&b);
    return to;
}

struct slice session_leave(struct chain_session *s, size_t i, struct slice page, struct slice to)
{
    const struct hop *hop = &s->chain->hops[i];
    const struct offer *offer = s->world->offer;
    const struct slice *names = NULL;
    struct session_site *site;
    size_t count = 0;
    struct edit e;
    struct url u;

    if (!hop->script || url_parse(page, &u) != NULL || !(site = session_site(s, u.host)))
        return to;
    to = fill_ids(s, site, to);
    if (!hop->decorate || !edit_open(&e, s->arena, to))
        return to;
    if (slice_eq_nocase(u.scheme, S("https")) && slice_eq_nocase(e.url.scheme, S("http")))
        return to; /* no ids in the clear */
    if (offer)
        names = kit_lander_names(s->arena, offer, offer->tracker ? offer->tracker->urls : NULL,
                                 &count);
    for (size_t id = 0; id < CHAIN_IDS; id++) {
        struct slice name = chain_id_names[id];
        if (id == CHAIN_CLICK_ID && count)
            name = names[0];
        if (site->ids[id].len && !edit_has(&e, name))
            edit_add(&e, (struct url_pair){ name, edit_encode(s->arena, site->ids[id]), true });
    }
    return edit_text(&e);
}
