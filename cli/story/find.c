#include <stdlib.h>

#include "cli/serve/record.h"
#include "cli/story/story_gather.h"
#include "core/payload/find.h"

static const char *const match_names[] = {
    [STORY_NOTHING] = "",
    [STORY_CLICK_ID] = "click_id",
    [STORY_EVENT_ID] = "event_id",
    [STORY_TTCLID] = "ttclid",
    [STORY_TXID] = "txid",
    [STORY_ORDER_ID] = "order_id",
    [STORY_TTCLID_PREFIX] = "ttclid_prefix",
    [STORY_ROW] = "row",
    [STORY_WALK] = "simulation",
};

const char *story_match_name(enum story_match m)
{
    return match_names[m];
}

static struct gather *gather_new(const struct story_in *in, struct story *out, struct err *err)
{
    struct gather *g = ARENA_NEW(in->arena, struct gather);

    *out = (struct story){ .matched = STORY_NOTHING };
    out->clicks = ARENA_ARRAY(in->arena, struct story_click, STORY_MOST);
    out->postbacks = ARENA_ARRAY(in->arena, struct story_postback, STORY_MOST);
    if (!g || !out->clicks || !out->postbacks) {
        err_set(err, ERR_BUSY, "out of memory");
        return NULL;
    }
    g->in = in;
    g->out = out;
    g->err = err;
    return g;
}

/* ---- by what it was found ---- */

/* Ids of one row in the order of enum story_match; the first that is meant. */
static void note_match(struct story *s, struct slice id, struct slice click_id,
                       struct slice event_id, struct slice ttclid, struct slice txid, bool order)
{
    enum story_match m = slice_eq(id, click_id)   ? STORY_CLICK_ID
                         : slice_eq(id, event_id) ? STORY_EVENT_ID
                         : slice_eq(id, ttclid)   ? STORY_TTCLID
                         : slice_eq(id, txid)     ? STORY_TXID
                         : order                  ? STORY_ORDER_ID
                                                  : STORY_TTCLID_PREFIX;

    if (s->matched == STORY_NOTHING || m < s->matched)
        s->matched = m;
}

struct rows {
    struct store_click *clicks;
    struct store_postback *postbacks;
    struct store_event *events;
    size_t click_count, postback_count, event_count;
};

static void note_matches(struct story *s, struct slice id, const struct rows *r)
{
    for (size_t i = 0; i < r->click_count; i++)
        note_match(s, id, r->clicks[i].click_id, r->clicks[i].event_id, r->clicks[i].ttclid,
                   (struct slice){ 0 }, false);
    for (size_t i = 0; i < r->postback_count; i++)
        note_match(s, id, r->postbacks[i].click_id, r->postbacks[i].event_id,
                   r->postbacks[i].ttclid, r->postbacks[i].txid, false);
    for (size_t i = 0; i < r->event_count; i++)
        note_match(s, id, r->events[i].click_id, r->events[i].event_id, r->events[i].ttclid,
                   (struct slice){ 0 }, payload_has_order_id(r->events[i].body, id));
}

/* A whole id wins: what only begins with it is another conversion. */
static bool is_meant(const struct story *s, struct slice id, struct slice ttclid,
                     struct slice click_id, struct slice event_id, struct slice txid)
{
    return s->matched == STORY_TTCLID_PREFIX || slice_eq(id, ttclid) || slice_eq(id, click_id) ||
           slice_eq(id, event_id) || slice_eq(id, txid);
}

static void gather_rows(struct gather *g, struct slice id, const struct rows *r)
{
    const struct story *s = g->out;

    for (size_t i = 0; i < r->click_count; i++)
        if (is_meant(s, id, r->clicks[i].ttclid, r->clicks[i].click_id, r->clicks[i].event_id,
                     (struct slice){ 0 }))
            gather_click(g, &r->clicks[i]);
    for (size_t i = 0; i < r->postback_count; i++)
        if (is_meant(s, id, r->postbacks[i].ttclid, r->postbacks[i].click_id,
                     r->postbacks[i].event_id, r->postbacks[i].txid))
            gather_postback(g, &r->postbacks[i], false);
    for (size_t i = 0; i < r->event_count; i++)
        if (is_meant(s, id, r->events[i].ttclid, r->events[i].click_id, r->events[i].event_id,
                     (struct slice){ 0 }) || payload_has_order_id(r->events[i].body, id))
            gather_event(g, &r->events[i]);
    g->out->more |= r->click_count == STORY_MOST || r->postback_count == STORY_MOST ||
                    r->event_count == STORY_MOST;
}

static int find_rows(const struct story_in *in, struct slice id, struct rows *r, struct err *err)
{
    if (store_find_clicks(in->store, id, STORY_MOST, in->arena, &r->clicks, &r->click_count,
                          err) != 0 ||
        store_find_postbacks(in->store, id, STORY_MOST, in->arena, &r->postbacks,
                             &r->postback_count, err) != 0)
        return -1;
    return store_find_events(in->store, id, STORY_MOST, in->arena, &r->events, &r->event_count,
                             err);
}

/* The id as it is stored; personal data as its hash. */
static struct slice stored_id(const struct story_in *in, struct slice id)
{
    struct slice out = id;

    if (identity_looks_personal(id))
        out = in->hasher ? record_id(in->hasher, in->arena, id) : (struct slice){ 0 };
    return out;
}

/* ---- simulated hops ---- */

/* Walks that have the id, or one of the ids of what was found. */
static int find_walks(const struct story_in *in, struct slice id, struct story *s, struct err *err)
{
    struct slice *ids = ARENA_ARRAY(in->arena, struct slice, 1 + 3 * (s->click_count + s->postback_count));
    size_t n = 0;
    struct walks_wish wish = { .ids = ids, .arena = in->arena };

    if (!in->catalog || !ids)
        return ids ? 0 : err_set(err, ERR_BUSY, "out of memory");
    ids[n++] = id;
    for (size_t i = 0; i < s->click_count; i++) {
        const struct store_click *c = &s->clicks[i].click;
        ids[n++] = c->click_id;
        ids[n++] = c->ttclid;
        ids[n++] = c->event_id;
    }
    for (size_t i = 0; i < s->postback_count; i++) {
        const struct store_postback *pb = &s->postbacks[i].postback;
        ids[n++] = pb->click_id;
        ids[n++] = pb->ttclid;
        ids[n++] = pb->event_id;
    }
    wish.data = in->catalog->data;
    wish.oldest = in->now - in->catalog->keep_clicks;
    wish.id_count = n;
    return walks_find(&wish, &s->walks) == 0 ? 0 : err_set(err, ERR_BUSY, "out of memory");
}

static int nothing_but_walks(const struct story_in *in, struct slice id, struct story *out, struct err *err)
{
    if (find_walks(in, out->id, out, err) != 0)
        return -1;
    if (out->walks.count == 0)
        return story_explain_nothing(in, id, out, err);
    out->matched = STORY_WALK;
    out->meaning = S("No click, postback or event has this id: it is of a simulation, which sends nothing.");
    return 1;
}

int story_find(const struct story_in *in, struct slice id, struct story *out, struct err *err)
{
    struct gather *g = gather_new(in, out, err);
    struct slice stored = stored_id(in, slice_trim(id));
    struct rows r = { 0 };

    if (!g || find_rows(in, stored, &r, err) != 0)
        return -1;
    out->id = arena_dup(in->arena, stored);
    note_matches(out, stored, &r);
    if (out->matched == STORY_NOTHING)
        return nothing_but_walks(in, slice_trim(id), out, err);
    gather_rows(g, stored, &r);
    if (gather_complete(g) != 0 || gather_finish(g) != 0 || find_walks(in, stored, out, err) != 0)
        return -1;
    return 1;
}

int story_of_postback(const struct story_in *in, int64_t row, struct story *out, struct err *err)
{
    struct gather *g = gather_new(in, out, err);
    struct store_postback pb;
    int rc = g ? store_get_postback(in->store, row, in->arena, &pb, err) : -1;

    if (rc != 1)
        return rc;
    out->matched = STORY_ROW;
    out->id = arena_printf(in->arena, "%lld", (long long)row);
    gather_postback(g, &pb, false);
    if (gather_single(g) != 0 || gather_finish(g) != 0 || find_walks(in, (struct slice){ 0 }, out, err) != 0)
        return -1;
    return 1;
}
