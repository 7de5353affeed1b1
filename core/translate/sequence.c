#include "core/translate/sequence.h"

#include "core/translate/private.h"

struct postback {
    struct seen seen;
    struct slice ttclid, params;
};

/* ---- tables ---- */

static void push(struct sequence_table *t, struct sequence_link *link)
{
    struct sequence_link **head = &t->buckets[link->hash & (t->room - 1)];

    link->next = *head;
    *head = link;
}

/* Twice the room.  Oldest first, so that the newest comes first again. */
static int grow(struct sequence_table *t, struct arena *arena)
{
    struct sequence_table bigger = { .room = t->room ? t->room * 2 : 64, .count = t->count };

    bigger.buckets = ARENA_ARRAY(arena, struct sequence_link *, bigger.room);
    if (!bigger.buckets)
        return -1;
    for (size_t i = 0; i < t->room; i++) {
        struct sequence_link *oldest = NULL, *next;
        for (struct sequence_link *l = t->buckets[i]; l; l = next) {
            next = l->next;
            l->next = oldest;
            oldest = l;
        }
        for (; oldest; oldest = next) {
            next = oldest->next;
            push(&bigger, oldest);
        }
    }
    *t = bigger;
    return 0;
}

static int keep(struct sequence_table *t, struct arena *arena, uint64_t hash, const void *what)
{
    struct sequence_link *link;

    if (t->count == t->room && grow(t, arena) != 0)
        return -1;
    if (!(link = ARENA_NEW(arena, struct sequence_link)))
        return -1;
    *link = (struct sequence_link){ .hash = hash, .what = what };
    push(t, link);
    t->count++;
    return 0;
}

/* The first link with this hash, from `from` on. */
static const struct sequence_link *from(const struct sequence_link *l, uint64_t hash)
{
    while (l && l->hash != hash)
        l = l->next;
    return l;
}

static const struct sequence_link *first(const struct sequence_table *t, uint64_t hash)
{
    return t->room ? from(t->buckets[hash & (t->room - 1)], hash) : NULL;
}

/* ---- what the store would say ---- */

/* Postbacks of one click, newest first, from two lists. */
struct walk {
    struct slice click_id, ttclid;
    const struct sequence_link *by_click, *by_ttclid;
};

static struct walk walk_start(const struct sequence *s, struct slice click_id, struct slice ttclid)
{
    return (struct walk){ click_id, ttclid,
                          click_id.len ? first(&s->by_click, slice_hash(click_id, 0)) : NULL,
                          ttclid.len ? first(&s->by_ttclid, slice_hash(ttclid, 0)) : NULL };
}

static const struct postback *walk_next(struct walk *w)
{
    const struct postback *p;

    while (w->by_click || w->by_ttclid) {
        const struct postback *a = w->by_click ? w->by_click->what : NULL;
        const struct postback *b = w->by_ttclid ? w->by_ttclid->what : NULL;
        bool by_click = a && (!b || a->seen.id >= b->seen.id);
        p = by_click ? a : b;
        if (by_click) {
            w->by_click = from(w->by_click->next, w->by_click->hash);
            if (slice_eq(p->seen.click_id, w->click_id))
                return p;
        } else {
            w->by_ttclid = from(w->by_ttclid->next, w->by_ttclid->hash);
            if (slice_eq(p->ttclid, w->ttclid) &&
                (w->click_id.len == 0 || p->seen.click_id.len == 0))
                return p;
        }
    }
    return NULL;
}

static int marked(void *context, struct slice click_id, struct slice ttclid, struct err *err)
{
    struct walk w = walk_start(context, click_id, ttclid);
    const struct postback *p;

    (void)err;
    while ((p = walk_next(&w)))
        if (p->seen.click_id.len == 0 || lifecycle_takes_back(p->seen.stage))
            return 1;
    return 0;
}

static int history(void *context, struct slice click_id, struct slice ttclid, struct arena *arena,
                   struct history *out, struct err *err)
{
    struct walk w = walk_start(context, click_id, ttclid), count = w;
    const struct postback *p;
    struct seen *list;
    size_t n = 0;

    while (n < HISTORY_MOST && walk_next(&count))
        n++;
    list = ARENA_ARRAY(arena, struct seen, n);
    *out = (struct history){ list, 0 };
    if (!list)
        return err_set(err, ERR_BUSY, "no memory is left for the earlier postbacks");
    while (out->count < n && (p = walk_next(&w)))
        list[out->count++] = p->seen;
    return 0;
}

static int params_of(void *context, int64_t id, struct arena *arena, struct slice *out,
                     struct err *err)
{
    const struct sequence *s = context;
    const struct sequence_link *l = first(&s->by_id, (uint64_t)id);

    (void)arena;
    (void)err;
    *out = l ? ((const struct postback *)l->what)->params : (struct slice){ 0 };
    return l && !s->lean;
}

/* ---- remembering ---- */

static uint64_t event_hash(const struct translated_event *e, struct slice event_id)
{
    return slice_hash(event_id, slice_hash(e->event, slice_hash(e->pixel, 0)));
}

/* Was an event with this id accepted, or, when e has no id of its own, one with this plain_id? */
static bool accepted(const struct sequence *s, const struct translated_event *e,
                     struct slice event_id)
{
    uint64_t hash = event_hash(e, event_id);
    const struct sequence_link *l = event_id.len ? first(&s->events, hash) : NULL;

    for (; l; l = from(l->next, hash)) {
        const struct slice *key = l->what;
        if (slice_eq(key[0], e->pixel) && slice_eq(key[1], e->event) &&
            slice_eq(key[2], event_id) && (!e->own_id || key[3].len == 0))
            return true;
    }
    return false;
}

static int keep_key(struct sequence *s, const struct translated_event *e, struct slice event_id,
                    bool plain)
{
    struct slice *key = ARENA_ARRAY(s->arena, struct slice, 4);

    if (!key)
        return -1;
    key[0] = arena_dup(s->arena, e->pixel);
    key[1] = arena_dup(s->arena, e->event);
    key[2] = arena_dup(s->arena, event_id);
    key[3] = plain ? S("plain") : (struct slice){ 0 };
    return keep(&s->events, s->arena, event_hash(e, event_id), key);
}

/* 1: kept, 0: it was accepted before, -1: no memory. */
static int keep_event(struct sequence *s, const struct translated_event *e)
{
    bool there = accepted(s, e, e->event_id);

    for (size_t i = 0; i < TRANSLATE_FORMERLY; i++)
        there |= accepted(s, e, e->formerly[i]);
    if (there)
        return 0;
    if (keep_key(s, e, e->event_id, false) != 0 ||
        (e->plain_id.len && keep_key(s, e, e->plain_id, true) != 0))
        return -1;
    return 1;
}

static int keep_postback(struct sequence *s, const struct params *params, int64_t now,
                         const struct translation *t)
{
    static const enum seen_as as[] = { [VERDICT_QUEUED] = SEEN_QUEUED,
                                       [VERDICT_DUPLICATE] = SEEN_DUPLICATE,
                                       [VERDICT_IGNORED] = SEEN_IGNORED,
                                       [VERDICT_QUARANTINED] = SEEN_QUARANTINED };
    struct postback *p = ARENA_NEW(s->arena, struct postback);
    const struct field_value *f = t->conversion.fields;
    struct arena *a = s->arena;

    if (!p)
        return -1;
    p->seen = (struct seen){ .id = ++s->last_id, .at = now, .as = as[t->verdict],
                             .stage = arena_dup(a, t->conversion.stage),
                             .txid = arena_dup(a, slice_trim(f[FIELD_TXID].value)),
                             .click_id = arena_dup(a, f[FIELD_CLICK_ID].value),
                             .event_id = arena_dup(a, f[FIELD_EVENT_ID].value),
                             .code = slice_from(t->code) };
    p->ttclid = arena_dup(a, f[FIELD_TTCLID].value);
    if (!s->lean)
        p->params = translate_storable(s->offer, params, &t->conversion,
                                       s->translator->hasher, a);
    if ((p->seen.click_id.len &&
         keep(&s->by_click, a, slice_hash(p->seen.click_id, 0), p) != 0) ||
        (p->ttclid.len && keep(&s->by_ttclid, a, slice_hash(p->ttclid, 0), p) != 0))
        return -1;
    return keep(&s->by_id, a, (uint64_t)p->seen.id, p);
}

/* ---- one postback ---- */

/* An id as it is kept: the postback's own, or its click's. */
static struct slice id_of(const struct sequence *s, const struct params *params,
                          const struct translation *t, enum field f, const struct click *click)
{
    const struct template_values values = { &t->conversion, params, s->offer->name };
    const struct field_value *v = &t->conversion.fields[f];
    struct slice value = v->value.len || !click ? v->value : click->fields[f];

    return identity_looks_personal(value)
               ? storable_value(s->offer, &values, v->name, value, s->translator->hasher, t->arena)
               : value;
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_BUSY, "no memory is left for the postbacks of this sequence");
}

int sequence_next(struct sequence *s, struct params *params, const struct click *click,
                  int64_t now, struct translation *out, struct err *err)
{
    const struct memory memory = { s, marked, history, params_of };
    struct click own = { .at = 0 };
    bool known = click != NULL, fresh[TRANSLATE_EVENTS_MAX] = { false };
    size_t count = 0;

    if (click)
        own = *click;
    if (translate_read(s->offer, params, out->arena, out, err) != 0 ||
        past_before(&memory, s->offer, out, id_of(s, params, out, FIELD_CLICK_ID, click),
                    id_of(s, params, out, FIELD_TTCLID, click), &own, &known, err) != 0 ||
        translate_finish(s->translator, s->offer, params, known ? &own : NULL, now, out, err) != 0)
        return -1;
    for (size_t i = 0; i < out->event_count; i++) {
        int rc = keep_event(s, &out->events[i]);
        if (rc < 0)
            return no_memory(err);
        fresh[i] = rc == 1;
        count += rc == 1;
    }
    if (past_settle(&memory, s->offer, params, out, count > 0, now, err) != 0)
        return -1;
    count = 0;
    for (size_t i = 0; i < out->event_count; i++)
        if (fresh[i])
            out->events[count++] = out->events[i];
    out->event_count = count;
    return keep_postback(s, params, now, out) != 0 || s->arena->full ? no_memory(err) : 0;
}
