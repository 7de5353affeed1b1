/* end.c: the event that comes of a walk, and whether it is the right one. */
#include "core/chain/judge.h"

struct end {
    struct chain_session *s;
    struct chain_result *out;
    struct click clicks[CHAIN_REGISTRATIONS_MAX]; /* as the store keeps them */
    bool keyed[CHAIN_REGISTRATIONS_MAX];
    size_t click_count;
};

static void decide(struct end *e, const char *code, size_t at, struct slice reason)
{
    e->out->kept = false;
    e->out->code = code;
    e->out->reason = reason;
    e->out->broken_at = at;
}

/* The first hop behind which the id is no longer whole; hop_count when there is none. */
static size_t first_loss(const struct end *e, enum identity_name id)
{
    for (size_t i = 0; i < e->out->hop_count; i++) {
        enum baton_state state = e->out->hops[i].state[id];
        if (state != BATON_KEPT && state != BATON_ABSENT)
            return i;
    }
    return e->out->hop_count;
}

/* The hop that gave the ttclid the name under which a tracker does not look for it; the tracker's
 * own when it had that name in the ad already; hop_count: every tracker has found it. */
static size_t misnamed(const struct end *e)
{
    struct slice ttclid = e->s->ids[CHAIN_TTCLID];

    for (size_t c = 0; c < e->s->click_count; c++) {
        size_t at = (size_t)(e->s->clicks[c].hop - e->s->chain->hops);
        struct baton_found here = compare_value(e->s->arena, e->out->hops[at].arrives, ttclid), was;
        if (e->s->clicks[c].external_id.len || here.state != BATON_KEPT)
            continue;
        for (size_t i = at; i-- > 0;) {
            was = compare_value(e->s->arena, e->out->hops[i].arrives, ttclid);
            if (was.state == BATON_KEPT && !slice_eq(was.name, here.name))
                return i;
        }
        return at;
    }
    return e->out->hop_count;
}

/* Where it was lost first, or the click id that leads to it. */
static size_t blame(const struct end *e, enum identity_name id)
{
    size_t at = first_loss(e, id);

    if (id == CHAIN_TTCLID && misnamed(e) < at)
        at = misnamed(e);
    return at < e->out->hop_count ? at : first_loss(e, CHAIN_CLICK_ID);
}

static struct slice at_hop(const struct end *e, size_t i)
{
    if (i >= e->out->hop_count)
        return S("on the way back, behind the last hop");
    return arena_printf(e->s->arena, "at hop %zu, \"%.*s\"", i + 1,
                        SLICE_ARG(e->out->hops[i].hop->name));
}

/* ---- registered clicks, as the store merges them ---- */

static struct click *find(struct end *e, enum field f, struct slice id, bool nameless)
{
    for (size_t i = e->click_count; id.len && i-- > 0;)
        if (slice_eq(e->clicks[i].fields[f], id) &&
            !(nameless && e->clicks[i].fields[FIELD_CLICK_ID].len))
            return &e->clicks[i];
    return NULL;
}

static void put_click(struct end *e, const struct click *click, bool keyed)
{
    struct click *k = find(e, FIELD_CLICK_ID, click->fields[FIELD_CLICK_ID], false);

    if (!k)
        k = find(e, FIELD_TTCLID, click->fields[FIELD_TTCLID],
                 click->fields[FIELD_CLICK_ID].len != 0);
    if (!k) {
        e->keyed[e->click_count] = keyed;
        e->clicks[e->click_count++] = *click;
        return;
    }
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        bool wins = k->fields[f].len == 0 || (keyed && !e->keyed[k - e->clicks]);
        if (click->fields[f].len && wins)
            k->fields[f] = click->fields[f];
    }
}

static void register_all(struct end *e)
{
    for (size_t i = 0; i < e->out->registration_count; i++) {
        const struct chain_registration *r = &e->out->registrations[i];
        struct notes none = { .arena = e->s->arena };
        struct params p = { .arena = e->s->arena, .notes = &none };
        struct click click;
        const char *why;
        if (params_query(&p, r->query, NULL) == 0 &&
            translate_click(e->s->world->offer, &p, e->s->arena, e->s->world->now, &click, &why) ==
                0)
            put_click(e, &click, r->origin.len == 0);
    }
}

/* ---- the event ---- */

static int translate(struct end *e)
{
    const struct chain_world *world = e->s->world;
    struct translation *t = &e->out->translation;
    struct params p = { .arena = e->s->arena, .notes = &t->notes };
    const struct click *click;

    t->arena = t->notes.arena = e->s->arena;
    if (params_query(&p, e->out->postback, NULL) != 0 ||
        translate_read(world->offer, &p, e->s->arena, t, NULL) != 0)
        return -1;
    click = find(e, FIELD_CLICK_ID, t->conversion.fields[FIELD_CLICK_ID].value, false);
    if (!click)
        click = find(e, FIELD_TTCLID, t->conversion.fields[FIELD_TTCLID].value, false);
    e->out->translated = true;
    return translate_finish(world->translator, world->offer, &p, click, world->now, t, NULL);
}

static void judge_ttclid(struct end *e, struct slice got)
{
    size_t at = blame(e, CHAIN_TTCLID);
    enum baton_state state = session_state_in(e->s->arena, got, e->s->ids[CHAIN_TTCLID]);
    const char *how = got.len == 0                 ? "has no ttclid"
                      : state == BATON_TRUNCATED   ? "has a ttclid that was cut"
                      : got.len > EVENT_TTCLID_MAX ? "has a ttclid that TikTok never gave"
                                                   : "has a ttclid that was changed";

    if (e->out->hop_count && e->out->hops[0].state[CHAIN_TTCLID] == BATON_ABSENT &&
        at == e->out->hop_count)
        decide(e, "H011", 0,
               S("the event has no ttclid: the ad's link does not carry one. Put __CLICKID__ into "
                 "it, into the parameter that the tracker keeps as the source's click id"));
    else
        decide(e, "H011", at,
               arena_printf(e->s->arena, "the event %s: the baton was dropped %.*s", how,
                            SLICE_ARG(at_hop(e, at))));
}

static void judge_event_id(struct end *e, const struct field_value *got)
{
    size_t at = blame(e, CHAIN_EVENT_ID);
    struct arena *a = e->s->arena;

    decide(e, "H012", at,
           arena_printf(a,
                        "the event's event_id is \"%.*s\" (%s %.*s), the pixel's is \"%.*s\": "
                        "TikTok counts two. %s %.*s",
                        SLICE_ARG(note_short(a, got->value)), origin_name(got->origin),
                        SLICE_ARG(got->name), SLICE_ARG(e->s->ids[CHAIN_EVENT_ID]),
                        at < e->out->hop_count
                            ? "The link between them was lost"
                            : "The postback finds no registered click with it: see",
                        SLICE_ARG(at < e->out->hop_count ? at_hop(e, at)
                                                         : S("the remarks at the landing page"))));
}

/* Two pages, two ids for the pixel: the hop before the second whose link does not hand over the
 * first. */
static void judge_second_id(struct end *e)
{
    size_t page = (size_t)(e->s->second - e->s->chain->hops), at = page ? page - 1 : 0;
    struct slice right = e->s->ids[CHAIN_EVENT_ID];

    for (size_t i = page; i-- > 0;)
        if (e->s->chain->hops[i].script || e->s->chain->hops[i].event_id.len) {
            at = i;
            break;
        }
    while (at + 1 < page &&
           compare_value(e->s->arena, e->out->hops[at].url, right).state == BATON_KEPT)
        at++;
    decide(
        e, "H012", at,
        arena_printf(e->s->arena,
                     "the pages give the pixel two event_ids, and the event has the first: TikTok "
                     "counts what \"%.*s\" fires beside it. The first was not handed on %.*s",
                     SLICE_ARG(e->s->second->name), SLICE_ARG(at_hop(e, at))));
}

/* Q006, Q007: nothing says whose conversion it is, which is what a dropped ttclid leads to. */
static void judge_refusal(struct end *e, const struct translation *t)
{
    struct slice code = slice_from(t->code);
    size_t at = slice_eq(code, S("Q006")) || slice_eq(code, S("Q007")) ? blame(e, CHAIN_TTCLID)
                                                                       : e->out->hop_count;
    bool known = at < e->out->hop_count;

    decide(e, "H013", at,
           arena_printf(e->s->arena, "the postback becomes no event: %s %s: %.*s%s%.*s",
                        verdict_name(t->verdict), t->code, SLICE_ARG(t->reason),
                        known ? ". The baton was dropped " : "",
                        SLICE_ARG(known ? at_hop(e, at) : S(""))));
}

/* One id of the page's own pixel, or the one that any postback of this click has. */
static void judge_event(struct end *e)
{
    const struct translation *t = &e->out->translation;
    const struct field_value *f = t->conversion.fields;
    struct slice ttclid = f[FIELD_TTCLID].value, right = e->s->ids[CHAIN_EVENT_ID];

    if (t->verdict != VERDICT_QUEUED)
        judge_refusal(e, t);
    else if (!slice_eq(ttclid, e->s->ids[CHAIN_TTCLID]))
        judge_ttclid(e, ttclid);
    else if (right.len && !slice_eq(f[FIELD_EVENT_ID].value, right))
        judge_event_id(e, &f[FIELD_EVENT_ID]);
    else if (e->s->second)
        judge_second_id(e);
}

static struct slice last_note(const struct notes *notes)
{
    return notes->last ? notes->last->text : S("the visitor does not arrive");
}

/* Without a conversion the last page decides. */
static void judge_last_page(struct end *e)
{
    const struct hop_result *last = &e->out->hops[e->out->hop_count - 1];
    size_t at = first_loss(e, CHAIN_TTCLID);

    if (last->state[CHAIN_TTCLID] != BATON_KEPT)
        decide(e, "H011", at < e->out->hop_count ? at : 0,
               arena_printf(e->s->arena, "the ttclid does not reach the end: it was dropped %.*s",
                            SLICE_ARG(at_hop(e, at))));
    else if (last->state[CHAIN_CLICK_ID] != BATON_KEPT &&
             last->state[CHAIN_CLICK_ID] != BATON_ABSENT)
        decide(e, "H011", first_loss(e, CHAIN_CLICK_ID),
               arena_printf(e->s->arena,
                            "the tracker's click id does not reach the end: it was dropped %.*s",
                            SLICE_ARG(at_hop(e, first_loss(e, CHAIN_CLICK_ID)))));
}

static void check_offer(struct end *e)
{
    const struct offer *o = e->s->world->offer;

    for (size_t i = 0; i < e->s->click_count; i++) {
        struct slice name = slice_from(e->s->clicks[i].hop->tracker->name);
        bool own = o->tracker && slice_eq(name, slice_from(o->tracker->name)); /* extended */
        if (!own && !slice_eq(name, o->tracker_name))
            note_add(&e->out->warnings, "H014", e->s->clicks[i].hop->name,
                     "the chain's tracker is %.*s, but the offer extends %.*s", SLICE_ARG(name),
                     SLICE_ARG(o->tracker_name));
    }
}

static void no_postback(struct end *e, const struct note *why)
{
    size_t at = first_loss(e, CHAIN_CLICK_ID);
    bool lost = at < e->out->hop_count;

    decide(e, why ? why->code : "H010", at,
           arena_printf(e->s->arena, "no postback comes: %.*s%s%.*s",
                        SLICE_ARG(why ? why->text : S("the network's URL can't be used")),
                        lost ? ". The click id was dropped " : "",
                        SLICE_ARG(lost ? at_hop(e, at) : S(""))));
}

/* Where the name went wrong the table should say so, too. */
static void note_misnamed(struct end *e)
{
    size_t at = misnamed(e);

    if (at < e->out->hop_count && e->out->hops[at].hop->kind != HOP_TRACKER)
        note_add(&e->out->hops[at].notes, "H002", S("ttclid"),
                 "ttclid goes on under another name, which the tracker does not look for: pass "
                 "parameters on under the names they came with");
}

static void judge_way(struct chain_session *s, struct chain_result *out, bool stopped)
{
    struct end e = { .s = s, .out = out };
    struct slice last;
    size_t warnings = out->warnings.count;

    out->kept = true;
    out->broken_at = out->hop_count;
    if (out->hop_count == 0)
        return;
    last = out->hops[out->hop_count - 1].url;
    if (stopped) {
        decide(&e, "H008", out->hop_count - 1, last_note(&out->hops[out->hop_count - 1].notes));
        return;
    }
    if (!s->world->offer || s->chain->network.len == 0) {
        judge_last_page(&e);
        return;
    }
    check_offer(&e);
    warnings = out->warnings.count;
    out->network = session_network(s, last, &out->warnings);
    if (!chain_postback(s, out->network, &out->postback, &out->warnings)) {
        no_postback(&e, out->warnings.count > warnings ? out->warnings.last : NULL);
        return;
    }
    register_all(&e);
    if (translate(&e) == 0)
        judge_event(&e);
}

void judge_end(struct chain_session *s, struct chain_result *out, bool stopped)
{
    struct end e = { .s = s, .out = out };

    judge_way(s, out, stopped);
    note_misnamed(&e);
    if (s->astray) /* what comes behind it happens to nobody */
        decide(&e, "H023", (size_t)(s->astray - s->chain->hops),
               arena_printf(s->arena, "visitors never come to what stands behind \"%.*s\"",
                            SLICE_ARG(s->astray->name)));
}
