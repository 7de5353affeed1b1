/* compare.c: one postback by both mappings. */
#include "cli/diff/diff.h"

#include <stdlib.h>
#include <string.h>

enum { OLD, NEW };

#define PAST_BYTES ((size_t)1 << 30)

/* ---- what a side has had: the first of equal (pixel, event, event_id) counts ---- */

struct key {
    uint64_t a, b; /* half of a SHA-256; 0, 0: free */
};

struct diff_seen {
    struct key *keys;
    size_t count, room; /* room: a power of two */
};

static uint64_t word_of(const char *hex)
{
    uint64_t n = 0;

    for (int i = 0; i < 16; i++)
        n = n << 4 | (uint64_t)ascii_hex(hex[i]);
    return n;
}

static struct key *slot(struct diff_seen *s, struct key k)
{
    size_t i = (size_t)k.a & (s->room - 1);

    while ((s->keys[i].a | s->keys[i].b) && (s->keys[i].a != k.a || s->keys[i].b != k.b))
        i = (i + 1) & (s->room - 1);
    return &s->keys[i];
}

static int grow(struct diff_seen *s)
{
    struct diff_seen bigger = { .room = s->room ? s->room * 2 : 4096 };

    bigger.keys = calloc(bigger.room, sizeof(*bigger.keys));
    if (!bigger.keys)
        return -1;
    for (size_t i = 0; i < s->room; i++)
        if (s->keys[i].a | s->keys[i].b)
            *slot(&bigger, s->keys[i]) = s->keys[i];
    bigger.count = s->count;
    free(s->keys);
    *s = bigger;
    return 0;
}

enum id_kind { SENT_ID = 1, PLAIN_ID }; /* event_id, plain_id of translated_event */

static bool key_of(struct identity_hasher *hasher, const struct translated_event *e,
                   struct slice event_id, enum id_kind kind, struct arena *arena, struct key *out)
{
    char hex[SHA256_HEX];
    struct slice text = arena_printf(arena, "%.*s%c%.*s%c%.*s", SLICE_ARG(e->pixel), 1,
                                     SLICE_ARG(e->event), (int)kind, SLICE_ARG(event_id));

    if (!sha256_hex(hasher, text, hex))
        return false;
    *out = (struct key){ word_of(hex) | 1, word_of(hex + 16) };
    return true;
}

/* Was an event with this id sent, or, when e has no id of its own, one with this plain_id? */
static bool was_sent(struct diff *d, int side, const struct translated_event *e,
                     struct slice event_id, struct arena *arena)
{
    struct identity_hasher *hasher = d->catalog[side]->translator.hasher;
    struct key key;

    for (int kind = SENT_ID; event_id.len && kind <= (e->own_id ? SENT_ID : PLAIN_ID); kind++)
        if (key_of(hasher, e, event_id, (enum id_kind)kind, arena, &key) &&
            slot(d->seen[side], key)->a)
            return true;
    return false;
}

static int keep(struct diff *d, int side, const struct translated_event *e, struct slice event_id,
                enum id_kind kind, struct arena *arena)
{
    struct diff_seen *s = d->seen[side];
    struct key key;

    if ((s->count * 2 >= s->room && grow(s) != 0) ||
        !key_of(d->catalog[side]->translator.hasher, e, event_id, kind, arena, &key))
        return -1;
    s->count += slot(s, key)->a == 0;
    *slot(s, key) = key;
    return 0;
}

/* 1: it is new and now remembered.  0: it was there, also under a former event_id. */
static int remember(struct diff *d, int side, const struct translated_event *e, struct arena *arena)
{
    for (size_t i = 0; i < TRANSLATE_FORMERLY; i++)
        if (was_sent(d, side, e, e->formerly[i], arena))
            return 0;
    if (was_sent(d, side, e, e->event_id, arena))
        return 0;
    if (keep(d, side, e, e->event_id, SENT_ID, arena) != 0 ||
        (e->plain_id.len && keep(d, side, e, e->plain_id, PLAIN_ID, arena) != 0))
        return -1;
    return 1;
}

int diff_open(struct diff *d, struct err *err)
{
    arena_init(&d->names, 1024 * 1024);
    for (int side = OLD; side <= NEW; side++) {
        d->with_past |= lifecycle_used(d->offer[side]);
        arena_init(&d->past[side], PAST_BYTES);
        d->sequence[side] = (struct sequence){ .translator = &d->catalog[side]->translator,
                                               .offer = d->offer[side],
                                               .arena = &d->past[side],
                                               .lean = true };
    }
    for (int side = OLD; side <= NEW; side++)
        if (!(d->seen[side] = calloc(1, sizeof(*d->seen[side]))) || grow(d->seen[side]) != 0)
            return err_set(err, ERR_SYSTEM, "out of memory");
    return 0;
}

void diff_close(struct diff *d)
{
    for (int side = OLD; side <= NEW; side++) {
        if (d->seen[side])
            free(d->seen[side]->keys);
        free(d->seen[side]);
        arena_free(&d->past[side]);
    }
    arena_free(&d->names);
}

/* ---- sums ---- */

static struct diff_total *total_of(struct diff *d, const struct translated_event *e)
{
    struct diff_total *t = d->totals;

    for (; t < d->totals + d->total_count; t++)
        if (slice_eq(t->event, e->event) && slice_eq(t->pixel, e->pixel) &&
            slice_eq(t->currency, e->currency))
            return t;
    if (d->total_count == DIFF_TOTALS_MAX) {
        d->crowded = true;
        return NULL;
    }
    d->total_count++;
    *t = (struct diff_total){ .event = arena_dup(&d->names, e->event),
                              .pixel = arena_dup(&d->names, e->pixel),
                              .currency = arena_dup(&d->names, e->currency) };
    return t;
}

static void count_event(struct diff *d, int side, const struct translated_event *e)
{
    struct diff_total *t = total_of(d, e);

    if (!t)
        return;
    t->count[side]++;
    t->micros[side] += e->value.micros % MONEY_SCALE;
    t->units[side] += e->value.micros / MONEY_SCALE + t->micros[side] / MONEY_SCALE;
    t->micros[side] %= MONEY_SCALE;
}

/* ---- one side ---- */

/* -1: the postback can't be read again. */
static int translate(struct diff *d, int side, const struct diff_postback *pb,
                     struct translation *t, struct err *err)
{
    struct params params = { .arena = t->arena, .notes = &t->notes };

    if (params_url(&params, pb->params, err) != 0)
        return -1;
    if (d->with_past)
        return sequence_next(&d->sequence[side], &params, pb->click, pb->at, t, err);
    if (translate_read(d->offer[side], &params, t->arena, t, err) != 0)
        return -1;
    return translate_finish(&d->catalog[side]->translator, d->offer[side], &params, pb->click,
                            pb->at, t, err);
}

/* Only what is sent stays in t->events; a postback of which nothing is left is a duplicate. */
static int settle(struct diff *d, int side, struct translation *t)
{
    size_t left = 0;

    for (size_t i = 0; i < t->event_count; i++) {
        int rc = d->with_past ? 1 : remember(d, side, &t->events[i], t->arena);
        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        count_event(d, side, &t->events[i]);
        t->events[left++] = t->events[i];
    }
    if (t->event_count && left == 0 && !d->with_past) {
        t->verdict = VERDICT_DUPLICATE;
        t->code = "D001";
        t->reason = S("the same event came before");
    }
    t->event_count = left;
    d->verdicts[side][t->verdict]++;
    return 0;
}

/* ---- both sides ---- */

/* An event of the other side that this one is held against: the same name and pixel, else the same
 * name, each used once. */
static size_t partner(const struct translated_event *e, const struct translation *other,
                      const bool *used)
{
    for (int strict = 1; strict >= 0; strict--)
        for (size_t k = 0; k < other->event_count; k++)
            if (!used[k] && slice_eq(other->events[k].event, e->event) &&
                (!strict || slice_eq(other->events[k].pixel, e->pixel)))
                return k;
    return other->event_count;
}

static int pair(const struct translated_event *old, const struct translated_event *new,
                struct arena *arena, struct diff_event *out)
{
    struct slice none = { 0 };
    const struct translated_event *any = old ? old : new;
    struct diff_field *with_pixel;

    *out = (struct diff_event){ any->event, any->pixel, any->event_id, { old, new }, NULL, 0 };
    if (old && new && slice_eq(old->body, new->body) && slice_eq(old->pixel, new->pixel))
        return 0;
    if (diff_bodies(old ? old->body : none, new ? new->body : none, arena, &out->fields,
                    &out->field_count) != 0)
        return -1;
    if (!old || !new || slice_eq(old->pixel, new->pixel))
        return 0;
    with_pixel = ARENA_ARRAY(arena, struct diff_field, out->field_count + 1);
    if (!with_pixel)
        return -1;
    with_pixel[0] = (struct diff_field){ S("pixel"), { old->pixel, new->pixel } };
    if (out->field_count)
        memcpy(with_pixel + 1, out->fields, out->field_count * sizeof(*with_pixel));
    out->fields = with_pixel;
    out->field_count++;
    return 0;
}

static int compare_events(const struct translation *old, const struct translation *new,
                          struct arena *arena, struct diff_change *change)
{
    bool used[TRANSLATE_EVENTS_MAX] = { false };
    struct diff_event *list =
        ARENA_ARRAY(arena, struct diff_event, old->event_count + new->event_count);
    size_t n = 0;

    if (!list)
        return -1;
    for (size_t i = 0; i < old->event_count; i++) {
        size_t k = partner(&old->events[i], new, used);
        if (k < new->event_count)
            used[k] = true;
        if (pair(&old->events[i], k < new->event_count ? &new->events[k] : NULL, arena,
                 &list[n]) != 0)
            return -1;
        n += list[n].field_count != 0;
    }
    for (size_t k = 0; k < new->event_count; k++) {
        if (used[k])
            continue;
        if (pair(NULL, &new->events[k], arena, &list[n]) != 0)
            return -1;
        n += list[n].field_count != 0;
    }
    change->events = list;
    change->event_count = n;
    return 0;
}

int diff_postback(struct diff *d, const struct diff_postback *pb, struct arena *arena,
                  struct diff_change *change, struct err *err)
{
    struct translation t[2];

    *change = (struct diff_change){ .id = pb->id, .at = pb->at };
    d->postbacks++;
    for (int side = OLD; side <= NEW; side++) {
        t[side] = (struct translation){ .arena = arena, .notes = { .arena = arena } };
        if (translate(d, side, pb, &t[side], err) != 0) {
            if (d->past[OLD].full || d->past[NEW].full)
                return err_set(err, ERR_SYSTEM, "the postbacks up to %lld need more than 1 GB of "
                               "memory: look at fewer days with --since", (long long)pb->id);
            if (arena->full)
                return err_set(err, ERR_SYSTEM, "postback %lld needs too much memory",
                               (long long)pb->id);
            d->skipped++;
            return 0;
        }
    }
    for (int side = OLD; side <= NEW; side++) {
        if (settle(d, side, &t[side]) != 0)
            return err_set(err, ERR_SYSTEM, "out of memory");
        change->verdict[side] = slice_from(verdict_name(t[side].verdict));
        change->code[side] = slice_from(t[side].code);
        change->reason[side] = t[side].reason;
    }
    change->click_id = t[NEW].conversion.fields[FIELD_CLICK_ID].value;
    if (compare_events(&t[OLD], &t[NEW], arena, change) != 0)
        return err_set(err, ERR_SYSTEM, "postback %lld needs too much memory", (long long)pb->id);
    if (change->event_count == 0 && t[OLD].verdict == t[NEW].verdict &&
        slice_eq(change->code[OLD], change->code[NEW]))
        return 0;
    d->changed++;
    return 1;
}
