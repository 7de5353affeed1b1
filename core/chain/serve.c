/* serve.c: the servers of a chain: what a hop answers to a request. */
#include <stdio.h>

#include "core/chain/fill.h"
#include "core/chain/session.h"

#define GLUE "second_question_mark"

const struct slice chain_id_names[] = { SLICE("ttclid"), SLICE("event_id"), SLICE("click_id") };

struct chain_session *chain_session_new(const struct chain *chain, const struct chain_world *world,
                                        struct arena *arena)
{
    struct chain_session *s = ARENA_NEW(arena, struct chain_session);
    struct slice link = chain->start;

    if (!s)
        return NULL;
    *s = (struct chain_session){ .chain = chain, .world = world, .arena = arena };
    s->ids[CHAIN_TTCLID] = fill_ttclid(arena, world->seed);
    if (chain->auto_ttclid) {
        struct edit e;
        if (edit_open(&e, arena, link)) {
            edit_add(&e, (struct url_pair){ S("ttclid"), S("__CLICKID__"), true });
            link = edit_text(&e);
        }
    }
    s->start = fill_link(arena, link, s->ids[CHAIN_TTCLID], world->seed, &s->unknown);
    return s;
}

struct slice chain_start(const struct chain_session *s)
{
    return s->start;
}

const struct hop *chain_hop(const struct chain_session *s, size_t i)
{
    return &s->chain->hops[i];
}

/* ---- failures ---- */

size_t session_break_count(const struct chain_session *s, size_t i)
{
    return s->chain->hops[i].break_count + (s->extra && s->extra_at == i);
}

const struct hop_break *session_break(const struct chain_session *s, size_t i, size_t k)
{
    const struct hop *hop = &s->chain->hops[i];

    return k < hop->break_count ? &hop->breaks[k] : s->extra;
}

bool session_breaks(const struct chain_session *s, size_t i, const char *name)
{
    for (size_t k = 0; k < session_break_count(s, i); k++)
        if (slice_eq(slice_from(session_break(s, i, k)->kind->name), slice_from(name)))
            return true;
    return false;
}

static struct slice break_all(struct chain_session *s, size_t i, struct slice url, bool glued)
{
    for (size_t k = 0; k < session_break_count(s, i); k++) {
        const struct hop_break *b = session_break(s, i, k);
        if (!glued || !slice_eq(slice_from(b->kind->name), S(GLUE)))
            url = break_apply(s->arena, b, url);
    }
    return url;
}

/* ---- trackers ---- */

bool session_click_param(const struct session_click *c, struct slice name, struct slice *value)
{
    for (size_t i = 0; i < c->param_count; i++) {
        if (slice_eq(c->params[i].name, name)) {
            *value = c->params[i].value;
            return true;
        }
    }
    return false;
}

struct session_click *session_find_click(struct chain_session *s, const struct tracker *tracker,
                                         struct slice id)
{
    for (size_t i = 0; id.len && i < s->click_count; i++)
        if (s->clicks[i].hop->tracker == tracker && slice_eq(s->clicks[i].id, id))
            return &s->clicks[i];
    return NULL;
}

static void store_params(struct chain_session *s, size_t i, struct session_click *c,
                         struct slice query)
{
    struct url_pair pair;

    while (c->param_count < SESSION_STORED_MAX && url_next_pair(&query, &pair)) {
        struct slice name = url_decode(s->arena, pair.name), had;
        struct slice value = url_decode(s->arena, pair.value);
        for (size_t k = 0; k < session_break_count(s, i); k++)
            value = break_store(s->arena, session_break(s, i, k), name, value);
        if (!session_click_param(c, name, &had))
            c->params[c->param_count++] = (struct stored_param){ name, value };
    }
}

/* The source's click id: by the chain file's `params`, else by the tracker's usual names. */
static struct slice external_id(const struct session_click *c, const struct tracker_urls *urls)
{
    struct slice value = { 0 };

    for (size_t i = 0; i < c->hop->slot_count; i++)
        for (const struct tracker_macro *m = urls ? urls->macros : NULL; m && m->name; m++)
            if (m->from == MACRO_EXTERNAL_ID &&
                slice_eq(c->hop->slots[i].macro, slice_from(m->name))) {
                session_click_param(c, c->hop->slots[i].param, &value);
                return value;
            }
    for (const char *const *p = urls ? urls->external_params : NULL; p && *p; p++)
        if (session_click_param(c, slice_from(*p), &value))
            return value;
    return value;
}

static struct slice mint(struct chain_session *s, const struct tracker_urls *urls)
{
    uint64_t seed = slice_hash(s->chain->name, s->world->seed + s->click_count);
    const char *prefix = urls && urls->id_prefix ? urls->id_prefix : "";
    char hex[9];

    if (!urls || !urls->id_alphabet)
        return fill_id(s->arena, seed, "", "0123456789abcdefghijklmnopqrstuvwxyz", 16);
    if (urls->id_time) {
        snprintf(hex, sizeof(hex), "%08x", (unsigned)(s->world->now - 7200));
        prefix = hex;
    }
    return fill_id(s->arena, seed, prefix, urls->id_alphabet, urls->id_length);
}

/* Somebody who was here before: by a parameter of the link, or by the cookie. */
static struct session_click *returning(struct chain_session *s, size_t i, struct slice query,
                                       struct slice cookie)
{
    const struct tracker *t = s->chain->hops[i].tracker;
    const struct tracker_urls *urls = t->urls;
    struct session_click *c;
    struct slice value;

    for (const char *const *p = urls ? urls->return_params : NULL; p && *p; p++)
        if (url_get(s->arena, query, slice_from(*p), &value) &&
            (c = session_find_click(s, t, value)) != NULL)
            return c;
    return session_breaks(s, i, "lose_cookies") ? NULL : session_find_click(s, t, cookie);
}

static struct session_click *click_of(struct chain_session *s, size_t i, const struct url *u,
                                      struct slice cookie, struct notes *notes)
{
    const struct hop *hop = &s->chain->hops[i];
    struct session_click *c = returning(s, i, u->query, cookie);

    if (c || s->click_count == SESSION_CLICKS_MAX)
        return c;
    if (s->click_count)
        note_add(notes, "H015", hop->name,
                 "the tracker does not know this visitor any more and counts a new click: carry "
                 "its click id in the link that leads back to it");
    c = &s->clicks[s->click_count++];
    *c = (struct session_click){ .hop = hop, .host = u->host };
    c->id = mint(s, hop->tracker->urls);
    store_params(s, i, c, u->query);
    c->external_id = external_id(c, hop->tracker->urls);
    if (s->ids[CHAIN_CLICK_ID].len == 0)
        s->ids[CHAIN_CLICK_ID] = c->id;
    return c;
}

/* The parameter that fills the tracker's slot for the source's click id. */
static struct slice external_param(const struct hop *hop)
{
    const struct tracker_urls *urls = hop->tracker->urls;

    for (size_t i = 0; i < hop->slot_count; i++)
        for (const struct tracker_macro *m = urls->macros; m && m->name; m++)
            if (m->from == MACRO_EXTERNAL_ID && slice_eq(hop->slots[i].macro, slice_from(m->name)))
                return hop->slots[i].param;
    return urls->external_params ? slice_from(urls->external_params[0]) : S("external_id");
}

static void note_no_external(struct chain_session *s, const struct hop *hop, struct slice url,
                             struct notes *notes)
{
    struct slice param = external_param(hop), right = s->ids[CHAIN_TTCLID];
    struct baton_found here = compare_value(s->arena, url, right);

    if (compare_value(s->arena, s->start, right).state != BATON_KEPT)
        note_add(notes, "H005", hop->name,
                 "the ad's link has no click id of TikTok's, so %s has none to send back: put "
                 "%.*s=__CLICKID__ into it",
                 hop->tracker->name, SLICE_ARG(param));
    else if (here.state == BATON_KEPT && here.name.len)
        note_add(notes, "H005", hop->name,
                 "the ttclid arrives as \"%.*s\", but %s looks for it in \"%.*s\" and has none to "
                 "send back: let it arrive under that name, in the same case, or set the tracker "
                 "up for the other one (params: in the chain file)",
                 SLICE_ARG(note_short(s->arena, here.name)), hop->tracker->name, SLICE_ARG(param));
    else
        note_add(notes, "H005", hop->name,
                 "no ttclid arrives in \"%.*s\" any more, so %s has none to send back: it was lost "
                 "on the way here",
                 SLICE_ARG(param), hop->tracker->name);
}

static struct slice tracker_target(struct chain_session *s, size_t i, struct slice url,
                                   struct slice cookie, struct slice *set, struct notes *notes)
{
    const struct hop *hop = &s->chain->hops[i];
    struct session_click *c;
    struct url u;

    url_parse(url, &u);
    c = click_of(s, i, &u, cookie, notes);
    if (!c)
        return (struct slice){ 0 };
    *set = c->id;
    if (c->hop == hop && hop->tracker->urls && c->external_id.len == 0)
        note_no_external(s, hop, url, notes);
    return session_fill_tracker(s, c, NULL, hop->to, notes);
}

/* ---- the others ---- */

/* "?a=1?b=2": a hop that appends what came with a '?' to a target that has a query already. */
static void glue(struct edit *e, size_t own)
{
    struct url_pair *last = &e->pairs[own - 1], first = e->pairs[own];

    last->value =
        arena_printf(e->arena, "%.*s?%.*s%s%.*s", SLICE_ARG(last->value), SLICE_ARG(first.name),
                     first.has_equals ? "=" : "", SLICE_ARG(first.value));
    edit_remove(e, own);
}

/* A redirect carries the incoming query over; what its target names itself wins. */
static struct slice carry_target(struct chain_session *s, size_t i, const struct url *u,
                                 struct slice *whole, bool *glued)
{
    struct slice to = session_fill_params(s, s->chain->hops[i].to, u->query, false);
    struct edit e;
    size_t own;

    *whole = to;
    if (!edit_open(&e, s->arena, to))
        return to;
    own = e.count;
    edit_carry(&e, u->query);
    *whole = edit_text(&e);
    *glued = own && e.count > own && session_breaks(s, i, GLUE);
    if (!*glued)
        return *whole;
    glue(&e, own);
    return edit_text(&e);
}

static bool carries(const struct hop *hop)
{
    return hop->kind == HOP_REDIRECT || hop->kind == HOP_META || hop->kind == HOP_JS ||
           hop->kind == HOP_SHORTLINK || hop->kind == HOP_APP;
}

struct hop_answer chain_serve(struct chain_session *s, size_t i, struct slice url,
                              struct slice cookie, struct notes *notes)
{
    const struct hop *hop = &s->chain->hops[i];
    struct hop_answer a = { .status = hop->status };
    bool glued = false;
    struct url u;

    if (hop->to.len == 0 || url_parse(url, &u) != NULL) {
        a.status = hop->to.len ? 400 : 200;
        return a;
    }
    if (hop->kind != HOP_TRACKER)
        session_note_empty(s, hop->to, u.query, "the target", hop->script, notes);
    if (hop->kind == HOP_TRACKER)
        a.to = tracker_target(s, i, url, cookie, &a.click, notes);
    else if (carries(hop))
        a.to = carry_target(s, i, &u, &a.whole, &glued);
    else /* what a script on the page knows is filled there */
        a.to = session_fill_params(s, hop->to, u.query, hop->script);
    if (!session_breaks(s, i, "lose_cookies"))
        a.cookie = a.click;
    if (!glued)
        a.whole = a.to;
    a.to = break_all(s, i, a.to, glued);
    return a;
}
