#include "core/chain/judge.h"

#include "core/kit/kit.h"

/* ---- states ---- */

static int rank(enum baton_state state)
{
    static const int ranks[] = { [BATON_ABSENT] = 0,
                                 [BATON_LOST] = 1,
                                 [BATON_CHANGED] = 2,
                                 [BATON_TRUNCATED] = 3,
                                 [BATON_KEPT] = 4 };

    return ranks[state];
}

static enum baton_state better(enum baton_state a, enum baton_state b)
{
    return rank(b) > rank(a) ? b : a;
}

enum baton_state session_state_in(struct arena *arena, struct slice text, struct slice wanted)
{
    if (text.len == 0)
        return BATON_LOST;
    return compare_value(arena, arena_printf(arena, "?v=%.*s", SLICE_ARG(edit_encode(arena, text))),
                         wanted)
        .state;
}

/* What trackers and landing pages have stored by now. */
static enum baton_state stored(struct chain_session *s, enum identity_name id)
{
    struct slice wanted = s->ids[id];
    enum baton_state state = BATON_LOST;

    for (size_t i = 0; id == CHAIN_TTCLID && i < s->click_count; i++) {
        const struct session_click *c = &s->clicks[i];
        state = better(state, session_state_in(s->arena, c->external_id, wanted));
        for (size_t k = 0; k < c->param_count && state != BATON_KEPT; k++)
            if (session_hands_on(c, c->params[k].name))
                state = better(state, session_state_in(s->arena, c->params[k].value, wanted));
    }
    for (size_t i = 0; id != CHAIN_CLICK_ID && i < s->site_count; i++)
        state = better(state, session_state_in(s->arena, s->sites[i].ids[id], wanted));
    return state;
}

/* Behind the '#' it is only of use to a script on the next page. */
static bool script_reads(const struct chain_session *s, size_t i)
{
    return i + 1 < s->chain->hop_count && s->chain->hops[i + 1].script;
}

static enum baton_state state_behind(struct chain_session *s, size_t i, enum identity_name id,
                                     struct slice url, struct slice cookie)
{
    struct slice wanted = s->ids[id];
    struct baton_found found = compare_value(s->arena, url, wanted);

    if (wanted.len == 0)
        return BATON_ABSENT;
    if (found.in_fragment && script_reads(s, i))
        return BATON_KEPT;
    if (id == CHAIN_CLICK_ID && slice_eq(cookie, wanted))
        return BATON_KEPT; /* the tracker that comes next knows its visitor */
    return found.state == BATON_KEPT ? BATON_KEPT : better(found.state, stored(s, id));
}

static void link_says(struct chain_session *s, struct slice query)
{
    struct slice value;

    if (s->ids[CHAIN_EVENT_ID].len || !url_get(s->arena, query, S("event_id"), &value) ||
        params_unusable(value))
        return;
    s->ids[CHAIN_EVENT_ID] = value;
    s->by_link = true;
}

void judge_own_event_id(struct chain_session *s, size_t i, struct slice arrives,
                        struct notes *notes)
{
    const struct hop *hop = &s->chain->hops[i];
    struct slice value;
    struct url u;

    if (url_parse(arrives, &u) != NULL)
        return;
    value = url_decode(s->arena, session_fill_params(s, hop->event_id, u.query, false));
    if (value.len)
        session_page_says(s, hop, value, notes);
    else
        link_says(s, u.query);
}

/* ---- sentences ---- */

/* The failure of hop i that does it, NULL when its target never carried the id. */
static const struct hop_break *guilty(struct chain_session *s, size_t i, enum identity_name id,
                                      struct slice whole)
{
    if (compare_value(s->arena, whole, s->ids[id]).state != BATON_KEPT)
        return NULL;
    for (size_t k = 0; k < session_break_count(s, i); k++) {
        const struct hop_break *b = session_break(s, i, k);
        whole = break_apply(s->arena, b, whole);
        if (compare_value(s->arena, whole, s->ids[id]).state != BATON_KEPT)
            return b;
    }
    for (size_t k = 0; k < session_break_count(s, i); k++) /* acts while the target is made */
        if (slice_eq(slice_from(session_break(s, i, k)->kind->name), S("second_question_mark")))
            return session_break(s, i, k);
    return session_break_count(s, i) ? session_break(s, i, 0) : NULL;
}

/* A failure that acts on what is stored, and is seen there only. */
static const struct hop_break *storing(const struct chain_session *s, size_t i)
{
    bool tracker = s->chain->hops[i].kind == HOP_TRACKER;

    for (size_t k = 0; k < session_break_count(s, i); k++) {
        const struct hop_break *b = session_break(s, i, k);
        if ((tracker && b->kind->stored) || slice_eq(slice_from(b->kind->name), S("lose_cookies")))
            return b;
    }
    return NULL;
}

/* What the tracker's pages get: the pair of its lander query that holds the id. */
static bool lander_pair(struct chain_session *s, const struct hop *hop, enum macro_source from,
                        struct slice *name, struct slice *macro)
{
    const struct tracker_urls *urls = hop->tracker ? hop->tracker->urls : NULL;
    struct slice rest = slice_from(urls ? urls->lander_query : NULL);
    struct url_pair pair;

    while (url_next_pair(&rest, &pair)) {
        const struct tracker_macro *row;
        if (!kit_is_macro(pair.value, macro) || !(row = kit_macro(urls, *macro)) ||
            row->from != from)
            continue;
        *name = url_decode(s->arena, pair.name);
        return true;
    }
    return false;
}

/* The parameter in which the next hop looks for an id: `usual` when it does that. */
static struct slice read_as(const struct chain_session *s, size_t i, enum identity_name id,
                            struct slice usual)
{
    const struct chain *c = s->chain;
    const struct tracker *next = i + 1 < c->hop_count ? c->hops[i + 1].tracker : NULL;
    const struct tracker_urls *urls = next ? next->urls : NULL;
    const char *const *names = !urls                  ? NULL
                               : id == CHAIN_CLICK_ID ? urls->return_params
                               : id == CHAIN_TTCLID   ? urls->external_params
                                                      : NULL;

    for (size_t k = 0; names && names[k]; k++)
        if (slice_eq(slice_from(names[k]), usual))
            return usual;
    return names && names[0] ? slice_from(names[0]) : usual;
}

/* "subid={subid}": what the target should say, in the hop's own words: the tracker's macro, else the
 * parameter in which the id has come. */
static struct slice advice(struct chain_session *s, size_t i, enum identity_name id,
                           struct slice arrives)
{
    const struct hop *hop = &s->chain->hops[i];
    enum macro_source from = id == CHAIN_CLICK_ID ? MACRO_CLICK_ID : MACRO_EXTERNAL_ID;
    struct baton_found came = compare_value(s->arena, arrives, s->ids[id]);
    struct slice name = chain_id_names[id], macro = name;
    const struct offer *o = s->world->offer;

    if (!lander_pair(s, hop, from, &name, &macro)) {
        if (came.state == BATON_KEPT && came.name.len)
            macro = note_short(s->arena, came.name);
        name = id == CHAIN_CLICK_ID && o && o->fields[FIELD_CLICK_ID].count
                   ? o->fields[FIELD_CLICK_ID].names[0]
                   : chain_id_names[id];
    }
    return arena_printf(s->arena, "%.*s={%.*s}", SLICE_ARG(read_as(s, i, id, name)),
                        SLICE_ARG(macro));
}

static void note_loss(struct chain_session *s, struct hop_result *r, size_t i,
                      enum identity_name id, struct slice whole)
{
    static const char *const codes[] = { [BATON_LOST] = "H001",
                                         [BATON_CHANGED] = "H002",
                                         [BATON_TRUNCATED] = "H003",
                                         [BATON_ABSENT] = "H001",
                                         [BATON_KEPT] = "H001" };
    static const char *const verbs[] = { [BATON_LOST] = "is lost",
                                         [BATON_CHANGED] = "is changed",
                                         [BATON_TRUNCATED] = "is cut",
                                         [BATON_ABSENT] = "is lost",
                                         [BATON_KEPT] = "is lost" };
    const struct hop_break *b = guilty(s, i, id, whole);
    enum baton_state state = r->state[id];

    if (!b)
        b = storing(s, i);
    if (b)
        note_add(&r->notes, codes[state], chain_id_names[id],
                 "%.*s %s: this hop %s (%s). What to change: %s", SLICE_ARG(chain_id_names[id]),
                 verbs[state], b->kind->does, b->kind->name, b->kind->remedy);
    else if (id == CHAIN_EVENT_ID && r->hop->event_id.len)
        note_add(&r->notes, codes[state], chain_id_names[id],
                 "event_id %s: only this page's own pixel knows it. What to change: use lander.js "
                 "(script: true), or hand event_id=%.*s on, as far as the postback",
                 verbs[state], SLICE_ARG(note_short(s->arena, r->hop->event_id)));
    else if (r->hop->to.len == 0)
        note_add(&r->notes, codes[state], chain_id_names[id], "%.*s %s: the page does not keep it",
                 SLICE_ARG(chain_id_names[id]), verbs[state]);
    else
        note_add(&r->notes, codes[state], chain_id_names[id],
                 "%.*s %s: this hop's target does not carry it. What to change: add %.*s to its "
                 "target",
                 SLICE_ARG(chain_id_names[id]), verbs[state],
                 SLICE_ARG(advice(s, i, id, r->arrives)));
}

void judge_hop(struct chain_session *s, struct chain_result *out, size_t i, struct slice next,
               struct slice whole, struct slice cookie)
{
    struct hop_result *r = &out->hops[i];
    struct url u;

    if (url_parse(r->url, &u) == NULL)
        link_says(s, u.query);
    for (size_t id = 0; id < CHAIN_IDS; id++) {
        enum baton_state before = i ? out->hops[i - 1].state[id] : BATON_ABSENT;
        struct slice start = chain_start(s);
        r->state[id] = state_behind(s, i, (enum identity_name)id, next, cookie);
        if (i == 0 && id == CHAIN_TTCLID)
            before = compare_value(s->arena, start, s->ids[id]).state == BATON_KEPT ? BATON_KEPT
                                                                                    : BATON_ABSENT;
        if (r->state[id] == BATON_LOST && before == BATON_ABSENT && id == CHAIN_TTCLID)
            r->state[id] = BATON_ABSENT; /* it never was there */
        if (r->state[id] == BATON_KEPT || r->state[id] == BATON_ABSENT || r->state[id] == before)
            continue;
        if (id == CHAIN_TTCLID && r->notes.last &&
            slice_eq(slice_from(r->notes.last->code), S("H005")))
            continue; /* said already, and better */
        note_loss(s, r, i, (enum identity_name)id, whole);
    }
}
