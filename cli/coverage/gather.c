#include "cli/coverage/coverage.h"

#include <cjson/cJSON.h>

#define GROUPS_MAX 10000 /* offers and their events: more is no report for people */

const struct coverage_key_row coverage_keys[COVERAGE_KEYS] = {
#define KEY(id, name, wanted, advice) { name, wanted, advice },
#include "cli/coverage/keys.def"
#undef KEY
};

struct gathering {
    struct coverage *c;
    struct ids clicks;
    size_t groups;
};

static int too_many(struct err *err)
{
    return err_set(err, ERR_SYSTEM, "there are more than %d offers and events; see --offer",
                   GROUPS_MAX);
}

/* Both lists are short, and kept in the order of their names. */
static struct coverage_offer *offer_named(struct gathering *g, struct slice name)
{
    struct coverage_offer **at = &g->c->offers, *o;

    while (*at && slice_cmp((*at)->name, name) < 0)
        at = &(*at)->next;
    if (*at && slice_eq((*at)->name, name))
        return *at;
    o = g->groups < GROUPS_MAX ? ARENA_NEW(g->c->arena, struct coverage_offer) : NULL;
    if (!o)
        return NULL;
    *o = (struct coverage_offer){ .name = arena_dup(g->c->arena, name), .next = *at };
    g->groups++;
    return *at = o;
}

static struct coverage_event *event_named(struct gathering *g, struct coverage_offer *o,
                                          struct slice name)
{
    struct coverage_event **at = &o->events, *e;

    while (*at && slice_cmp((*at)->name, name) < 0)
        at = &(*at)->next;
    if (*at && slice_eq((*at)->name, name))
        return *at;
    e = g->groups < GROUPS_MAX ? ARENA_NEW(g->c->arena, struct coverage_event) : NULL;
    if (!e)
        return NULL;
    *e = (struct coverage_event){ .name = arena_dup(g->c->arena, name), .next = *at };
    g->groups++;
    o->event_count++;
    return *at = e;
}

static enum coverage_class class_of(const bool has[COVERAGE_KEYS])
{
    if (has[COVERAGE_TTCLID] || has[COVERAGE_EMAIL] || has[COVERAGE_PHONE])
        return COVERAGE_STRONG;
    if (has[COVERAGE_EXTERNAL_ID] || has[COVERAGE_TTP] ||
        (has[COVERAGE_IP] && has[COVERAGE_USER_AGENT]))
        return COVERAGE_SOME;
    return COVERAGE_WEAK;
}

static void add(struct coverage_counts *to, const struct coverage_counts *one)
{
    to->events += one->events;
    to->tests += one->tests;
    to->value += one->value;
    to->shared += one->shared;
    for (size_t i = 0; i < COVERAGE_KEYS; i++)
        to->with[i] += one->with[i];
    for (size_t i = 0; i < COVERAGE_CLASSES; i++)
        to->of_class[i] += one->of_class[i];
}

static void count_body(struct coverage_counts *n, const cJSON *body)
{
    const cJSON *user = cJSON_GetObjectItemCaseSensitive(body, "user");
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(body, "properties");
    bool has[COVERAGE_KEYS];

    for (size_t i = 0; i < COVERAGE_KEYS; i++) {
        has[i] = cJSON_GetObjectItemCaseSensitive(user, coverage_keys[i].name) != NULL;
        n->with[i] = has[i];
    }
    n->value = cJSON_GetObjectItemCaseSensitive(properties, "value") != NULL;
    n->of_class[class_of(has)] = 1;
}

static int count_event(void *context, const struct store_event *ev, struct err *err)
{
    struct gathering *g = context;
    struct coverage_counts one = { .events = 1, .tests = ev->test_code.len != 0 };
    struct coverage_offer *offer;
    struct coverage_event *event;
    cJSON *body;

    /* Of an event whose visitor refused later nobody can say any more what it had. */
    if (ev->state == STORE_WITHDRAWN || slice_eq(ev->body, S("{}")) || (g->c->only.len && !slice_eq(g->c->only, ev->offer)))
        return 0;
    if (slice_eq(ev->body, S("{}"))) /* emptied by a refusal: nobody knows what it had */
        return 0;
    body = cJSON_ParseWithLength(ev->body.ptr, ev->body.len);
    count_body(&one, body);
    cJSON_Delete(body);
    one.shared = ids_has(&g->clicks, ev->offer, ev->event_id);
    offer = offer_named(g, ev->offer);
    event = offer ? event_named(g, offer, ev->event) : NULL;
    if (!event)
        return too_many(err);
    add(&offer->counts, &one);
    add(&event->counts, &one);
    g->c->events++;
    return 0;
}

/* The pixel's id of a click: what the landing page told, else the click id, which it then took. */
static int note_click(void *context, struct slice offer, struct slice click_id,
                      struct slice event_id, struct err *err)
{
    struct gathering *g = context;
    struct slice id = event_id.len ? event_id : click_id;

    if (id.len == 0 || (g->c->only.len && !slice_eq(g->c->only, offer)))
        return 0;
    return ids_add(&g->clicks, offer, id) ? 0 : err_set(err, ERR_SYSTEM, "out of memory");
}

int coverage_gather(struct coverage *c, struct store *store, struct err *err)
{
    struct gathering g = { .c = c };
    int rc = store_walk_click_ids(store, note_click, &g, err);

    if (rc == 0)
        rc = store_walk_events(store, c->since * 1000, count_event, &g, err);
    ids_free(&g.clicks);
    return rc;
}

size_t coverage_advice(const struct coverage_counts *n, enum coverage_key list[], size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < COVERAGE_KEYS && count < max; i++)
        if (n->with[i] * 100 < n->events * coverage_keys[i].wanted)
            list[count++] = (enum coverage_key)i;
    return count;
}
