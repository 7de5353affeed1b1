#include "core/translate/sequence.h"

#include "core/translate/private.h"

struct sequence_postback {
    struct seen seen;
    struct slice ttclid, params;
    struct sequence_postback *older;
};

struct sequence_event {
    struct slice pixel, event, event_id;
    struct sequence_event *older;
};

/* ---- what the store would say ---- */

static bool is_of(const struct sequence_postback *p, struct slice click_id, struct slice ttclid)
{
    if (click_id.len && slice_eq(p->seen.click_id, click_id))
        return true;
    return ttclid.len && slice_eq(p->ttclid, ttclid) &&
           (click_id.len == 0 || p->seen.click_id.len == 0);
}

static int marked(void *context, struct slice click_id, struct slice ttclid, struct err *err)
{
    const struct sequence *s = context;

    (void)err;
    for (const struct sequence_postback *p = s->postbacks; p; p = p->older)
        if (is_of(p, click_id, ttclid) &&
            (p->seen.click_id.len == 0 || lifecycle_takes_back(p->seen.stage)))
            return 1;
    return 0;
}

static int history(void *context, struct slice click_id, struct slice ttclid, struct arena *arena,
                   struct history *out, struct err *err)
{
    const struct sequence *s = context;
    struct seen *list = ARENA_ARRAY(arena, struct seen, HISTORY_MOST);

    *out = (struct history){ list, 0 };
    if (!list)
        return err_set(err, ERR_BUSY, "no memory is left for the earlier postbacks");
    for (const struct sequence_postback *p = s->postbacks; p && out->count < HISTORY_MOST;
         p = p->older)
        if (is_of(p, click_id, ttclid))
            list[out->count++] = p->seen;
    return 0;
}

static int params_of(void *context, int64_t id, struct arena *arena, struct slice *out,
                     struct err *err)
{
    const struct sequence *s = context;

    (void)arena;
    (void)err;
    *out = (struct slice){ 0 };
    for (const struct sequence_postback *p = s->postbacks; p; p = p->older)
        if (p->seen.id == id)
            *out = p->params;
    return 0;
}

/* ---- remembering ---- */

static bool accepted(const struct sequence *s, const struct translated_event *e,
                     struct slice event_id)
{
    for (const struct sequence_event *x = s->events; event_id.len && x; x = x->older)
        if (slice_eq(x->pixel, e->pixel) && slice_eq(x->event, e->event) &&
            slice_eq(x->event_id, event_id))
            return true;
    return false;
}

/* 1: kept, 0: it was accepted before, -1: no memory. */
static int keep_event(struct sequence *s, const struct translated_event *e)
{
    struct sequence_event *x;
    bool there = accepted(s, e, e->event_id);

    for (size_t i = 0; i < TRANSLATE_FORMERLY; i++)
        there |= accepted(s, e, e->formerly[i]);
    if (there)
        return 0;
    if (!(x = ARENA_NEW(s->arena, struct sequence_event)))
        return -1;
    *x = (struct sequence_event){ arena_dup(s->arena, e->pixel), arena_dup(s->arena, e->event),
                                  arena_dup(s->arena, e->event_id), s->events };
    s->events = x;
    return 1;
}

static int keep_postback(struct sequence *s, const struct params *params, int64_t now,
                         const struct translation *t)
{
    static const enum seen_as as[] = { [VERDICT_QUEUED] = SEEN_QUEUED,
                                       [VERDICT_DUPLICATE] = SEEN_DUPLICATE,
                                       [VERDICT_IGNORED] = SEEN_IGNORED,
                                       [VERDICT_QUARANTINED] = SEEN_QUARANTINED };
    struct sequence_postback *p = ARENA_NEW(s->arena, struct sequence_postback);
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
    p->params = translate_storable(s->offer, params, s->translator->hasher, a);
    p->older = s->postbacks;
    s->postbacks = p;
    return 0;
}

/* ---- one postback ---- */

/* An id as it is kept: the postback's own, or its click's. */
static struct slice id_of(const struct sequence *s, const struct translation *t, enum field f,
                          const struct click *click)
{
    const struct field_value *v = &t->conversion.fields[f];
    struct slice value = v->value.len || !click ? v->value : click->fields[f];

    return identity_looks_personal(value)
               ? storable_value(s->offer, v->name, value, s->translator->hasher, t->arena)
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
    bool known = click != NULL, fresh = false;

    if (click)
        own = *click;
    if (translate_read(s->offer, params, out->arena, out, err) != 0 ||
        past_before(&memory, s->offer, out, id_of(s, out, FIELD_CLICK_ID, click),
                    id_of(s, out, FIELD_TTCLID, click), &own, &known, err) != 0 ||
        translate_finish(s->translator, s->offer, params, known ? &own : NULL, now, out, err) != 0)
        return -1;
    for (size_t i = 0; i < out->event_count; i++) {
        int rc = keep_event(s, &out->events[i]);
        if (rc < 0)
            return no_memory(err);
        fresh |= rc == 1;
    }
    if (past_settle(&memory, s->offer, params, out, fresh, now, err) != 0)
        return -1;
    return keep_postback(s, params, now, out) != 0 || s->arena->full ? no_memory(err) : 0;
}
