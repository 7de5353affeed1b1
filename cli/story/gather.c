#include <stdlib.h>

#include "cli/story/story_gather.h"

/* ---- rows, each once ---- */

static bool is_of(const struct gather_group *g, struct slice offer, struct slice click_id,
                  struct slice ttclid, struct slice event_id)
{
    if (!slice_eq(g->offer, offer))
        return false;
    if (g->click_id.len && click_id.len)
        return slice_eq(g->click_id, click_id);
    if (g->ttclid.len && ttclid.len)
        return slice_eq(g->ttclid, ttclid);
    return g->click_id.len + click_id.len + g->ttclid.len + ttclid.len == 0 &&
           slice_eq(g->event_id, event_id);
}

/* The number of the row's group; what it knows more is noted there. */
static size_t group_of(struct gather *g, int64_t at, struct slice offer, struct slice click_id,
                       struct slice ttclid, struct slice event_id)
{
    size_t i = 0;

    while (i < g->group_count && !is_of(&g->groups[i], offer, click_id, ttclid, event_id))
        i++;
    if (i == STORY_MOST) {
        g->out->more = true;
        return STORY_MOST;
    }
    if (i == g->group_count)
        g->groups[g->group_count++] =
            (struct gather_group){ offer, click_id, ttclid, event_id, INT64_MAX, 0 };
    if (g->groups[i].click_id.len == 0)
        g->groups[i].click_id = click_id;
    if (g->groups[i].ttclid.len == 0)
        g->groups[i].ttclid = ttclid;
    if (at && at < g->groups[i].oldest)
        g->groups[i].oldest = at;
    return i;
}

static bool same_click(const struct store_click *a, const struct store_click *b)
{
    return a->at == b->at && slice_eq(a->offer, b->offer) && slice_eq(a->click_id, b->click_id) &&
           slice_eq(a->ttclid, b->ttclid) && slice_eq(a->event_id, b->event_id);
}

void gather_click(struct gather *g, const struct store_click *c)
{
    struct story *s = g->out;
    size_t group;

    for (size_t i = 0; i < s->click_count; i++)
        if (same_click(&s->clicks[i].click, c))
            return;
    group = group_of(g, c->at * 1000, c->offer, c->click_id, c->ttclid, c->event_id);
    if (group == STORY_MOST || s->click_count == STORY_MOST)
        s->more = true;
    else
        s->clicks[s->click_count++] = (struct story_click){ *c, group };
}

void gather_postback(struct gather *g, const struct store_postback *pb, bool gone)
{
    struct story *s = g->out;
    size_t group;

    for (size_t i = 0; i < s->postback_count; i++)
        if (s->postbacks[i].postback.id == pb->id)
            return;
    group = group_of(g, pb->at, pb->offer, pb->click_id, pb->ttclid, pb->event_id);
    if (group == STORY_MOST || s->postback_count == STORY_MOST)
        s->more = true;
    else
        s->postbacks[s->postback_count++] =
            (struct story_postback){ .postback = *pb, .gone = gone, .group = group };
}

void gather_event(struct gather *g, struct store_event *ev)
{
    for (size_t i = 0; i < g->event_count; i++)
        if (g->events[i]->id == ev->id)
            return;
    if (g->event_count == sizeof(g->events) / sizeof(*g->events))
        g->out->more = true;
    else
        g->events[g->event_count++] = ev;
}

/* ---- the rest of a conversion ---- */

/* Its events, all of them: by the ids that they share with their postbacks. */
static int events_of(struct gather *g, struct slice id)
{
    struct store_event *list;
    size_t n;

    if (id.len == 0)
        return 0;
    if (store_find_events(g->in->store, id, STORY_MOST, g->in->arena, &list, &n, g->err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        gather_event(g, &list[i]);
    g->out->more |= n == STORY_MOST;
    return 0;
}

static int postbacks_of(struct gather *g, size_t group)
{
    const struct gather_group *of = &g->groups[group];
    struct slice id = of->click_id.len ? of->click_id : of->ttclid;
    struct store_postback *list;
    size_t n;

    if (id.len == 0)
        return 0;
    if (store_find_postbacks(g->in->store, id, STORY_MOST, g->in->arena, &list, &n, g->err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (is_of(of, list[i].offer, list[i].click_id, list[i].ttclid, list[i].event_id))
            gather_postback(g, &list[i], false);
    g->out->more |= n == STORY_MOST;
    return 0;
}

/* The click that intake would have found for it. */
static int click_of(struct gather *g, size_t group)
{
    const struct gather_group *of = &g->groups[group];
    struct story *s = g->out;
    struct store_click click;
    int rc;

    for (size_t i = 0; i < s->click_count; i++)
        if (s->clicks[i].group == group)
            return 0;
    if (of->click_id.len + of->ttclid.len == 0)
        return 0;
    rc = store_click_find(g->in->store, of->offer, of->click_id, of->ttclid, g->in->arena, &click,
                          g->err);
    if (rc != 1)
        return rc;
    if (s->click_count == STORY_MOST)
        return 0;
    s->clicks[s->click_count++] = (struct story_click){ click, group };
    if (click.at && click.at * 1000 < g->groups[group].oldest)
        g->groups[group].oldest = click.at * 1000;
    return 0;
}

/* The postback that put this event, or as much as the event knows of it. */
static int postback_of(struct gather *g, const struct store_event *ev)
{
    struct store_postback pb;
    int rc;

    for (size_t i = 0; i < g->out->postback_count; i++)
        if (g->out->postbacks[i].postback.id == ev->postback_id)
            return 0;
    rc = store_get_postback(g->in->store, ev->postback_id, g->in->arena, &pb, g->err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        pb = (struct store_postback){ .id = ev->postback_id, .at = ev->created, .offer = ev->offer,
                                      .click_id = ev->click_id, .ttclid = ev->ttclid,
                                      .event_id = ev->event_id };
    gather_postback(g, &pb, rc == 0);
    return 0;
}

static int postbacks_of_events(struct gather *g)
{
    for (size_t i = 0; i < g->event_count; i++)
        if (postback_of(g, g->events[i]) != 0)
            return -1;
    return 0;
}

int gather_complete(struct gather *g)
{
    if (postbacks_of_events(g) != 0)
        return -1;
    for (size_t i = 0; i < g->group_count; i++) {
        const struct gather_group *of = &g->groups[i];
        struct slice id = of->click_id.len ? of->click_id : of->ttclid.len ? of->ttclid : of->event_id;
        if (postbacks_of(g, i) != 0 || click_of(g, i) != 0 || events_of(g, id) != 0)
            return -1;
    }
    return postbacks_of_events(g);
}

int gather_single(struct gather *g)
{
    struct store_event *list;
    size_t n;

    if (store_events_of(g->in->store, &g->out->postbacks[0].postback, g->in->arena, &list, &n,
                        g->err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        gather_event(g, &list[i]);
    return click_of(g, 0);
}

/* ---- what is told of each postback ---- */

static struct place rule_of(const struct story_in *in, const struct store_postback *pb)
{
    const struct catalog_offer *offer = in->catalog ? catalog_find(in->catalog, pb->offer) : NULL;
    const struct transition_rule *transition;
    const struct stage_rule *rule;

    if (!offer || pb->stage.len == 0)
        return (struct place){ 0 };
    transition = mapping_transition(offer->offer, pb->stage);
    if (transition && (slice_eq(pb->code, S("I005")) || slice_eq(pb->code, S("I007"))))
        return transition->at;
    rule = mapping_rule(offer->offer, pb->stage);
    return rule ? rule->at : (struct place){ 0 };
}

static int attempts_of(struct gather *g, struct story_event *e)
{
    return store_attempts_of(g->in->store, e->event.id, g->in->arena, &e->attempts,
                             &e->attempt_count, g->err);
}

static int by_id(const void *a, const void *b)
{
    const struct story_event *x = a, *y = b;

    return (x->event.id > y->event.id) - (x->event.id < y->event.id);
}

static int fill_postback(struct gather *g, struct story_postback *p)
{
    struct notes *notes = ARENA_NEW(g->in->arena, struct notes);
    size_t n = 0;

    for (size_t i = 0; i < g->event_count; i++)
        n += g->events[i]->postback_id == p->postback.id;
    p->rule = rule_of(g->in, &p->postback);
    p->events = ARENA_ARRAY(g->in->arena, struct story_event, n);
    if (!notes || !p->events)
        return err_set(g->err, ERR_BUSY, "out of memory");
    notes->arena = g->in->arena;
    p->params = (struct params){ .max = 100000, .arena = g->in->arena, .notes = notes };
    if (params_query(&p->params, p->postback.params, g->err) != 0 && g->in->arena->full)
        return -1;
    for (size_t i = 0; i < g->event_count; i++)
        if (g->events[i]->postback_id == p->postback.id)
            p->events[p->event_count++].event = *g->events[i];
    if (n)
        qsort(p->events, n, sizeof(*p->events), by_id);
    for (size_t i = 0; i < n; i++)
        if (attempts_of(g, &p->events[i]) != 0)
            return -1;
    return 0;
}

/* ---- order ---- */

/* The oldest first; rows came newest first. */
static void number_groups(struct gather *g)
{
    for (size_t i = 0; i < g->group_count; i++) {
        g->groups[i].at = 0;
        for (size_t k = 0; k < g->group_count; k++)
            g->groups[i].at += g->groups[k].oldest < g->groups[i].oldest ||
                               (k > i && g->groups[k].oldest == g->groups[i].oldest);
    }
    for (size_t i = 0; i < g->out->click_count; i++)
        g->out->clicks[i].group = g->groups[g->out->clicks[i].group].at;
    for (size_t i = 0; i < g->out->postback_count; i++)
        g->out->postbacks[i].group = g->groups[g->out->postbacks[i].group].at;
    g->out->groups = g->group_count;
}

static int clicks_in_order(const void *a, const void *b)
{
    const struct story_click *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->click.at > y->click.at) - (x->click.at < y->click.at);
}

static int postbacks_in_order(const void *a, const void *b)
{
    const struct story_postback *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->postback.id > y->postback.id) - (x->postback.id < y->postback.id);
}

/* Ids that several servers gave within a second are in no order. */
static int postbacks_by_arrival(const void *a, const void *b)
{
    const struct story_postback *x = a, *y = b;

    if (x->group == y->group && x->postback.at != y->postback.at)
        return x->postback.at < y->postback.at ? -1 : 1;
    return postbacks_in_order(a, b);
}

int gather_finish(struct gather *g)
{
    struct story *s = g->out;

    number_groups(g);
    if (s->click_count)
        qsort(s->clicks, s->click_count, sizeof(*s->clicks), clicks_in_order);
    if (s->postback_count)
        qsort(s->postbacks, s->postback_count, sizeof(*s->postbacks),
              store_shares(g->in->store) ? postbacks_by_arrival : postbacks_in_order);
    for (size_t i = 0; i < s->postback_count; i++)
        if (fill_postback(g, &s->postbacks[i]) != 0)
            return -1;
    return g->in->arena->full ? err_set(g->err, ERR_BUSY, "out of memory") : 0;
}
