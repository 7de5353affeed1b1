#include "adapters/store/pg_group.h"

#include <stdlib.h>

#include "core/rules/lifecycle.h"

#define MEMORY ((size_t)256 << 20)

struct pg_group *pg_group_new(void)
{
    struct pg_group *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    arena_init(&g->memory, MEMORY);
    arena_init(&g->gathered, MEMORY);
    return g;
}

void pg_group_free(struct pg_group *g)
{
    if (!g)
        return;
    arena_free(&g->memory);
    arena_free(&g->gathered);
    free(g);
}

void pg_group_forget(struct pg_group *g)
{
    memset(g->buckets, 0, sizeof(g->buckets));
    memset(g->wants, 0, sizeof(g->wants));
    arena_reset(&g->memory);
}

void pg_group_pass(struct pg *s)
{
    struct pg_group *g = s->group;

    g->pass++;
    g->clicks = NULL;
    g->clicks_end = &g->clicks;
    g->postbacks = NULL;
    g->events = NULL;
    g->postback_count = g->postback_cap = g->event_count = g->event_cap = g->plain_count = 0;
    arena_reset(&g->gathered);
    s->state = s->before;
    s->counts = (struct store_counts){ 0 };
    pg_tally_forget(s);
}

void pg_group_start(struct pg *s)
{
    s->group->on = true;
    s->group->leave = false;
    s->group->rounds = 0;
    pg_group_forget(s->group);
    pg_group_pass(s);
}

void pg_group_end(struct pg *s)
{
    s->group->on = false;
}

bool pg_grouped(const struct pg *s)
{
    return s->group->on;
}

int pg_group_leave(struct pg *s, struct err *err)
{
    (void)err;
    if (!s->group->on)
        return 0;
    s->group->leave = true;
    return 1;
}

/* ---- what is known ---- */

#define TELLING 32 /* the end of an id tells it from others; a ttclid has 300 characters */

/* The answer's place; what is not known yet will be asked. */
struct pg_answer *pg_answer_of(struct pg_group *g, enum pg_ask kind, struct slice offer, struct slice id, bool lock)
{
    uint64_t hash = slice_hash(slice_from_at(id, id.len > TELLING ? id.len - TELLING : 0), slice_hash(offer, (uint64_t)kind));
    struct pg_answer **bucket = &g->buckets[hash % PG_BUCKETS], *a;

    for (a = *bucket; a; a = a->next)
        if (a->kind == kind && slice_eq(a->id, id) && slice_eq(a->offer, offer))
            break;
    if (!a) {
        if (!(a = ARENA_NEW(&g->memory, struct pg_answer)))
            return NULL;
        a->kind = kind;
        a->offer = arena_dup(&g->memory, offer);
        a->id = arena_dup(&g->memory, id);
        a->next = *bucket;
        *bucket = a;
        a->next_want = g->wants[kind];
        g->wants[kind] = a;
    } else if (lock && a->asked && !a->locked && !a->lock) {
        a->next_want = g->wants[kind];
        g->wants[kind] = a;
    }
    a->lock |= lock;
    if (a->pass != g->pass) {
        a->pass = g->pass;
        a->over = NULL;
        a->put = false;
    }
    return a;
}

/* Has this pass given the click another ttclid, or a click_id, so that it is no answer any more?  Which one is then, only the
 * database knows. */
static bool has_left(const struct pg_answer *a, const struct pass_click *p)
{
    if (a->kind == ASK_BY_CLICK_ID)
        return false;
    return !slice_eq(p->k.click.ttclid, a->id) || (a->kind == ASK_NAMELESS && p->k.click.click_id.len);
}

/* The newest click of this answer in this pass, unless the database's is newer. */
static struct pass_click *over_of(const struct pg_answer *a)
{
    return a->over && !(a->found && a->click.id > a->over->k.id) ? a->over : NULL;
}

static struct pass_click *changed(struct pg_group *g, const struct pg_answer *a)
{
    struct pass_click *p;

    for (p = g->clicks; p; p = p->next) /* the same row may have been met by its other id */
        if (p->known && p->k.id == a->click.id)
            return p;
    return NULL;
}

/* 1: found; *over is what this pass has made of it, or NULL: *out is as the database has it.  -1: no memory. */
static int look_up(struct pg *s, struct slice offer, struct slice click_id, struct slice ttclid, bool lock,
                   struct pass_click **over, struct kept_click *out)
{
    const struct {
        enum pg_ask kind;
        struct slice id;
    } ways[] = { { ASK_BY_CLICK_ID, click_id }, { lock && click_id.len ? ASK_NAMELESS : ASK_BY_TTCLID, ttclid } };

    *over = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct pg_answer *a = ways[i].id.len ? pg_answer_of(s->group, ways[i].kind, offer, ways[i].id, lock) : NULL;
        if (!a && ways[i].id.len)
            return -1;
        if (!a || !(*over = over_of(a))) {
            if (!a || !a->found)
                continue;
            *over = changed(s->group, a);
        }
        if (*over && has_left(a, *over)) {
            s->group->leave = true;
            return 0;
        }
        *out = *over ? (*over)->k : a->click;
        return 1;
    }
    return 0;
}

int pg_group_click_find(struct pg *s, struct slice offer, struct slice click_id, struct slice ttclid, struct arena *arena,
                        struct store_click *out, struct err *err)
{
    struct pass_click *over;
    struct kept_click k;
    int rc = look_up(s, offer, click_id, ttclid, false, &over, &k);

    if (rc < 0)
        return pg_no_room(err);
    if (rc == 1) {
        struct slice *const texts[] = { &k.click.offer, &k.click.click_id, &k.click.ttclid, &k.click.event_id, &k.click.ttp,
                                        &k.click.ip, &k.click.user_agent, &k.click.page_url, &k.click.referrer,
                                        &k.click.consent, &k.click.country };
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
            *texts[i] = arena_dup(arena, *texts[i]);
        *out = k.click;
    }
    return arena->full ? pg_no_room(err) : rc;
}

/* ---- clicks ---- */

static int remember(struct pg *s, struct pass_click *p)
{
    const struct store_click *c = &p->k.click;
    const struct {
        enum pg_ask kind;
        struct slice id;
    } ways[] = { { ASK_BY_CLICK_ID, c->click_id }, { ASK_BY_TTCLID, c->ttclid }, { ASK_NAMELESS, c->click_id.len ? S("") : c->ttclid } };

    for (size_t i = 0; i < 3; i++) {
        struct pg_answer *a = ways[i].id.len ? pg_answer_of(s->group, ways[i].kind, c->offer, ways[i].id, false) : NULL;
        if (a && (!a->over || a->over->k.id <= p->k.id)) /* by ttclid the newest click counts */
            a->over = p;
        else if (!a && ways[i].id.len)
            return -1;
    }
    return 0;
}

int pg_group_click_put(struct pg *s, const struct store_click *click, const struct store_refusal *how, struct err *err)
{
    struct pg_group *g = s->group;
    struct pass_click *p;
    struct kept_click k;
    int known = look_up(s, click->offer, click->click_id, click->ttclid, true, &p, &k);

    if (known < 0)
        return pg_no_room(err);
    if (!p) {
        if (!(p = ARENA_NEW(&g->gathered, struct pass_click)))
            return pg_no_room(err);
        p->known = known;
        p->k = known ? k : (struct kept_click){ .id = pg_next_id(s, PG_CLICKS), .keyed = click_marks(click), .click = *click };
        p->had = p->k.click;
        *g->clicks_end = p;
        g->clicks_end = &p->next;
    }
    if (known)
        click_merge(&p->k, click);
    if (how && p->k.click.refused)
        return pg_group_leave(s, err) < 0 ? -1 : known; /* what it takes back is asked row by row */
    return remember(s, p) != 0 ? pg_no_room(err) : known;
}

/* ---- postbacks and events ---- */

int pg_group_marked(struct pg *s, struct slice offer, struct slice click_id, struct slice ttclid, struct err *err)
{
    struct pg_answer *by_id = click_id.len ? pg_answer_of(s->group, ASK_MARK_ID, offer, click_id, false) : NULL;
    struct pg_answer *by_ttclid = ttclid.len ? pg_answer_of(s->group, ASK_MARK_TTCLID, offer, ttclid, false) : NULL;

    if ((click_id.len && !by_id) || (ttclid.len && !by_ttclid))
        return pg_no_room(err);
    return (by_id && (by_id->found || by_id->put)) || (by_ttclid && (by_ttclid->found || by_ttclid->put));
}

/* Room for one more of size at the end of a list in the pass' arena. */
static void *one_more(struct pg_group *g, void *list, size_t size, size_t count, size_t *cap)
{
    void *more;

    if (count < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 64;
    more = arena_array(&g->gathered, size, *cap);
    if (more && count)
        memcpy(more, list, count * size);
    return more;
}

int pg_group_postback_put(struct pg *s, const struct store_postback *pb, int64_t id, struct err *err)
{
    struct pg_group *g = s->group;
    struct pg_answer *a = NULL;

    g->postbacks = one_more(g, g->postbacks, sizeof(*g->postbacks), g->postback_count, &g->postback_cap);
    if (!g->postbacks)
        return pg_no_room(err);
    g->postbacks[g->postback_count++] = (struct pg_put_postback){ *pb, id };
    if (pb->verdict == STORE_QUARANTINED)
        return 0;
    if (pb->click_id.len && lifecycle_takes_back(pb->stage))
        a = pg_answer_of(g, ASK_MARK_ID, pb->offer, pb->click_id, false);
    else if (pb->click_id.len == 0 && pb->ttclid.len)
        a = pg_answer_of(g, ASK_MARK_TTCLID, pb->offer, pb->ttclid, false);
    if (a)
        a->put = true;
    return g->memory.full ? pg_no_room(err) : 0;
}

static struct pg_answer *key_of(struct pg *s, const struct store_event *ev, struct slice id)
{
    return pg_answer_of(s->group, ASK_KEY, S(""), pg_event_key(s, ev, id), false);
}

/* 1: an event has this id, or for one that brought none of its own, would have had it. */
static int known_by(const struct pg_answer *a, const struct store_event *ev, int64_t *event)
{
    bool plain = a->put ? a->put_plain : a->plain;

    if (!(a->put || a->found) || (plain && ev->own_id))
        return 0;
    *event = a->put ? a->put_event : a->event;
    return 1;
}

int pg_group_event_put(struct pg *s, const struct store_event *ev, int64_t id, int64_t *first, struct err *err)
{
    struct pg_group *g = s->group;
    struct pg_answer *own = key_of(s, ev, ev->event_id), *plain = NULL;
    int64_t event = 0;
    int known = own ? known_by(own, ev, &event) : 0;

    for (size_t i = 0; own && !known && i < sizeof(ev->formerly) / sizeof(*ev->formerly); i++) {
        struct pg_answer *a = ev->formerly[i].len ? key_of(s, ev, ev->formerly[i]) : NULL;
        known = a ? known_by(a, ev, &event) : 0;
    }
    if (own && !known && ev->plain_id.len)
        plain = key_of(s, ev, ev->plain_id);
    g->events = one_more(g, g->events, sizeof(*g->events), g->event_count, &g->event_cap);
    if (g->memory.full || s->scratch.full || !g->events)
        return pg_no_room(err);
    if (known) {
        if (first)
            *first = event;
        return 1;
    }
    own->put = true;
    own->put_plain = false;
    own->put_event = id;
    if (plain && (plain->put ? plain->put_plain : !plain->found || plain->plain)) {
        plain->put = plain->put_plain = true;
        plain->put_event = id;
    }
    g->events[g->event_count++] = (struct pg_put_event){ *ev, id, own->id, plain ? plain->id : S("") };
    return 0;
}
