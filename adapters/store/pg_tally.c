/* pg_tally.c: what happened, counted by the hour (tally.h): gathered in memory, written with the
 * transaction that it counts, into rows that are this writer's own. */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/store/pg.h"
#include "core/identity/match_key.h"
#include "core/payload/keys.h"

#define SLOTS      1024 /* at first; a power of two, at most half of them used */
#define SLOTS_MOST (1u << 20)

struct pg_tally {
    struct pg_tally_row {
        int64_t hour, kind, slot, n;
        struct slice offer, name;
        bool used;
    } *rows;
    uint32_t *taken; /* which are used, in the order of their coming: half as many as rows */
    size_t count, slots;
    struct arena texts;
    bool full; /* what could not be gathered fails the transaction */
};

static bool make_room(struct pg_tally *t, size_t slots)
{
    struct pg_tally_row *rows = calloc(slots, sizeof(*rows));
    uint32_t *taken = calloc(slots / 2, sizeof(*taken));

    if (!rows || !taken) {
        free(rows);
        free(taken);
        return false;
    }
    free(t->rows);
    free(t->taken);
    t->rows = rows;
    t->taken = taken;
    t->slots = slots;
    return true;
}

struct pg_tally *pg_tally_new(void)
{
    struct pg_tally *t = calloc(1, sizeof(*t));

    if (t && !make_room(t, SLOTS)) {
        free(t);
        return NULL;
    }
    if (t)
        arena_init(&t->texts, (size_t)64 << 20);
    return t;
}

void pg_tally_free(struct pg_tally *t)
{
    if (!t)
        return;
    arena_free(&t->texts);
    free(t->rows);
    free(t->taken);
    free(t);
}

void pg_tally_forget(struct pg *s)
{
    struct pg_tally *t = s->tally;

    for (size_t i = 0; i < t->count; i++)
        t->rows[t->taken[i]].used = false;
    t->count = 0;
    t->full = false;
    arena_reset(&t->texts);
}

/* Where the row is, or the free place for it. */
static uint32_t place_of(const struct pg_tally *t, const struct pg_tally_row *want)
{
    uint64_t h = slice_hash(want->name, slice_hash(want->offer, (uint64_t)want->hour ^ (uint64_t)want->kind << 40 ^
                                                                    (uint64_t)want->slot << 48));
    uint32_t at = (uint32_t)(h % t->slots);

    for (const struct pg_tally_row *r; (r = &t->rows[at])->used; at = (uint32_t)((at + 1) % t->slots))
        if (r->hour == want->hour && r->kind == want->kind && r->slot == want->slot && slice_eq(r->offer, want->offer) &&
            slice_eq(r->name, want->name))
            break;
    return at;
}

static bool grow(struct pg_tally *t)
{
    struct pg_tally had = *t;

    if (t->slots >= SLOTS_MOST)
        return false;
    t->rows = NULL;
    t->taken = NULL;
    if (!make_room(t, had.slots * 2)) {
        *t = had;
        return false;
    }
    for (size_t i = 0; i < had.count; i++) {
        uint32_t at = place_of(t, &had.rows[had.taken[i]]);
        t->rows[at] = had.rows[had.taken[i]];
        t->taken[i] = at;
    }
    free(had.rows);
    free(had.taken);
    return true;
}

static void add(struct pg *s, struct slice offer, int64_t seconds, enum store_tally_kind kind, struct slice name,
                int64_t slot, int64_t n)
{
    struct pg_tally *t = s->tally;
    struct pg_tally_row row = { store_tally_hour(seconds), kind, slot, n, offer, name, true }, *r = &t->rows[place_of(t, &row)];

    if (r->used) {
        if (__builtin_add_overflow(r->n, n, &r->n))
            r->n = n < 0 ? INT64_MIN : INT64_MAX;
        return;
    }
    if (t->count == t->slots / 2 && !grow(t)) {
        t->full = true;
        return;
    }
    row.offer = arena_dup(&t->texts, offer);
    row.name = arena_dup(&t->texts, name);
    t->taken[t->count] = place_of(t, &row);
    t->rows[t->taken[t->count++]] = row;
}

/* ---- what is counted ---- */

void pg_tally_click(struct pg *s, struct slice offer, int64_t at, bool ttclid, int n)
{
    add(s, offer, at, TALLY_CLICKS, (struct slice){ 0 }, ttclid, n);
}

static void warnings(struct pg *s, const struct store_postback *pb, int n)
{
    struct slice codes[STORE_TALLY_CODES];
    size_t count = store_tally_codes(pb->warnings, codes);

    for (size_t i = 0; i < count; i++)
        add(s, pb->offer, pb->at / 1000, TALLY_WARNINGS, codes[i], 0, n);
}

void pg_tally_postback(struct pg *s, const struct store_postback *pb, int n)
{
    add(s, pb->offer, pb->at / 1000, TALLY_POSTBACKS, pb->stage, pb->verdict, n);
    if (pb->code.len)
        add(s, pb->offer, pb->at / 1000, TALLY_REASONS, pb->code, pb->verdict, n);
    warnings(s, pb, n);
}

static void of_event(struct pg *s, const struct pg_tallied *e, enum store_tally_kind kind, int64_t slot, int64_t n)
{
    add(s, e->offer, e->created / 1000, kind, e->event, slot, n);
}

void pg_tally_put(struct pg *s, const struct store_event *ev)
{
    const struct pg_tallied e = { ev->created, ev->offer, ev->event };
    uint32_t keys = payload_keys(ev->body);
    int value = store_tally_currency(ev->currency), original = store_tally_currency(ev->original_currency);

    of_event(s, &e, TALLY_EVENTS, STORE_WAITING, 1);
    of_event(s, &e, TALLY_VALUED, ev->currency.len != 0, 1);
    if (value)
        of_event(s, &e, TALLY_VALUES, value, ev->value);
    if (original)
        of_event(s, &e, TALLY_ORIGINALS, original, ev->original_value);
    for (int key = 0; key < MATCH_KEYS; key++)
        if (keys >> key & 1)
            of_event(s, &e, TALLY_KEYS, key, 1);
}

void pg_tally_state(struct pg *s, const struct pg_tallied *e, enum store_state state, int n)
{
    of_event(s, e, TALLY_EVENTS, state, n);
}

void pg_tally_answer(struct pg *s, const struct pg_tallied *e, const struct store_attempt *a, enum store_state meant)
{
    char name[32];

    store_tally_answer(a, name);
    add(s, e->offer, a->at / 1000, TALLY_ANSWERS, slice_from(name), meant, 1);
    if (meant != STORE_DELIVERED)
        return;
    pg_tally_state(s, e, STORE_DELIVERED, 1);
    of_event(s, e, TALLY_LATENCY, store_tally_bucket(a->at + a->took_ms - e->created), 1);
}

/* ---- for who counts again ---- */

void pg_tally_add(struct pg *s, const struct store_tally *t)
{
    add(s, t->offer, t->hour, t->kind, t->name, t->slot, t->n);
}

int64_t pg_tally_get(const struct pg *s, const struct store_tally *t)
{
    const struct pg_tally_row want = { t->hour, t->kind, t->slot, 0, t->offer, t->name, true },
                              *r = &s->tally->rows[place_of(s->tally, &want)];

    return r->used ? r->n : 0;
}

bool pg_tally_at(const struct pg *s, size_t i, struct store_tally *out)
{
    const struct pg_tally_row *r;

    if (i >= s->tally->count)
        return false;
    r = &s->tally->rows[s->tally->taken[i]];
    *out = (struct store_tally){ r->hour, r->offer, r->name, (enum store_tally_kind)r->kind, (int)r->slot, r->n };
    return true;
}

int pg_tally_check(const struct pg *s, struct err *err)
{
    if (s->tally->full || s->tally->texts.full)
        return err_set(err, ERR_BUSY, "too much happened in one transaction to count it");
    return 0;
}

/* ---- in the database ---- */

static int by_key(const void *a, const void *b)
{
    const struct pg_tally_row *x = *(const struct pg_tally_row *const *)a, *y = *(const struct pg_tally_row *const *)b;
    int rc = (x->hour > y->hour) - (x->hour < y->hour);

    return rc ? rc : slice_cmp(x->offer, y->offer);
}

int pg_tally_write(struct pg *s, struct err *err)
{
    struct pg_tally *t = s->tally;
    struct arena *a = &s->scratch;
    const struct pg_tally_row **rows;
    int64_t *numbers[4]; /* hour, kind, slot, n */
    struct slice *offers, *names;
    size_t count = 0;
    struct pg_call c;
    int rc;

    if (pg_tally_check(s, err) != 0)
        return -1;
    arena_reset(a);
    rows = ARENA_ARRAY(a, const struct pg_tally_row *, t->count);
    offers = ARENA_ARRAY(a, struct slice, t->count);
    names = ARENA_ARRAY(a, struct slice, t->count);
    for (int i = 0; i < 4; i++)
        numbers[i] = ARENA_ARRAY(a, int64_t, t->count);
    if (a->full)
        return pg_no_room(err);
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[t->taken[i]].n)
            rows[count++] = &t->rows[t->taken[i]];
    if (count == 0) {
        pg_tally_forget(s);
        return 0;
    }
    qsort(rows, count, sizeof(*rows), by_key);
    for (size_t i = 0; i < count; i++) {
        const int64_t n[] = { rows[i]->hour, rows[i]->kind, rows[i]->slot, rows[i]->n };
        for (int k = 0; k < 4; k++)
            numbers[k][i] = n[k];
        offers[i] = rows[i]->offer;
        names[i] = rows[i]->name;
    }
    pg_start(&c, s, PG_TALLY_PUT);
    pg_ints(&c, numbers[0], count);
    pg_texts(&c, offers, count);
    pg_ints(&c, numbers[1], count);
    pg_texts(&c, names, count);
    pg_ints(&c, numbers[2], count);
    pg_ints(&c, numbers[3], count);
    pg_int(&c, s->number);
    rc = pg_queue(&c, NULL, NULL, err);
    pg_tally_forget(s);
    return rc;
}
