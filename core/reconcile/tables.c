/* tables.c: sets, words, chains, sums. */
#include <stdlib.h>

#include "core/identity/identity.h"
#include "core/reconcile/internal.h"

#define DAYS_MAX 400000

int no_room(struct err *err)
{
    return err_set(err, ERR_SYSTEM, "out of memory");
}

bool grow(void **list, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 256;
    void *p;

    if (count < *room)
        return true;
    p = realloc(*list, more * size);
    if (!p) {
        memory_ran_out();
        return false;
    }
    *list = p;
    *room = more;
    return true;
}

uint64_t id_hash(struct slice id)
{
    uint64_t h = id.len ? slice_hash(id, UINT64_C(0x7265636f6e)) : 0;

    return id.len && h == 0 ? 1 : h;
}

/* ---- sets ---- */

static uint64_t *slot(const struct set *s, uint64_t h)
{
    size_t at = (size_t)(h >> 1) & (s->room - 1);

    while (s->slots[at] && s->slots[at] != h)
        at = (at + 1) & (s->room - 1);
    return &s->slots[at];
}

bool set_has(const struct set *s, uint64_t h)
{
    return h && s->room && *slot(s, h) != 0;
}

bool set_add(struct set *s, uint64_t h, bool *had)
{
    uint64_t *at;

    if (s->count * 3 >= s->room * 2) {
        struct set more = { .room = s->room ? s->room * 2 : 1024, .count = s->count };
        more.slots = calloc(more.room, sizeof(*more.slots));
        if (!more.slots) {
            memory_ran_out();
            return false;
        }
        for (size_t i = 0; i < s->room; i++)
            if (s->slots[i])
                *slot(&more, s->slots[i]) = s->slots[i];
        free(s->slots);
        *s = more;
    }
    at = slot(s, h);
    *had = *at != 0;
    s->count += !*had;
    *at = h;
    return true;
}

void set_free(struct set *s)
{
    free(s->slots);
    *s = (struct set){ 0 };
}

/* ---- words ---- */

static bool words_grow(struct words *w)
{
    size_t room = w->room ? w->room * 2 : 1024;
    struct slice *list = realloc(w->list, room * sizeof(*list));
    uint32_t *slots = list ? calloc(room * 2, sizeof(*slots)) : NULL;

    if (list)
        w->list = list;
    if (!slots) {
        memory_ran_out();
        return false;
    }
    free(w->slots);
    w->slots = slots;
    w->room = room;
    if (w->count == 0) {
        if (!w->arena.limit)
            arena_init(&w->arena, (size_t)32 << 20);
        w->list[0] = (struct slice){ 0 };
        w->count = 1;
    }
    for (size_t i = 1; i < w->count; i++) {
        size_t at = slice_hash(w->list[i], 0) & (room * 2 - 1);
        while (slots[at])
            at = (at + 1) & (room * 2 - 1);
        slots[at] = (uint32_t)i;
    }
    return true;
}

int words_id(struct words *w, struct slice text)
{
    size_t at;

    text = slice_head(text, 200);
    if (text.len == 0)
        return 0;
    if (w->count + 1 >= w->room && !words_grow(w))
        return -1;
    at = slice_hash(text, 0) & (w->room * 2 - 1);
    for (; w->slots[at]; at = (at + 1) & (w->room * 2 - 1))
        if (slice_eq(w->list[w->slots[at]], text))
            return (int)w->slots[at];
    if (w->count >= WORDS_MAX)
        return -1;
    w->list[w->count] = arena_dup(&w->arena, text);
    if (w->arena.full)
        return -1;
    w->slots[at] = (uint32_t)w->count;
    return (int)w->count++;
}

void words_free(struct words *w)
{
    free(w->list);
    free(w->slots);
    arena_free(&w->arena);
}

/* ---- days ---- */

int32_t day_number(const struct recon *r, int64_t at)
{
    int64_t local = at + zone_offset(r->how.zone, at);

    return (int32_t)(local / 86400 - (local % 86400 < 0));
}

static size_t day_slot(const struct recon *r, int32_t day, uint32_t offer)
{
    uint64_t h = ((uint64_t)(uint32_t)day << 32 | offer) * UINT64_C(0x9e3779b97f4a7c15);
    size_t mask = r->day_room * 2 - 1, at = (size_t)(h >> 32) & mask;

    while (r->day_slots[at] && (r->days[r->day_slots[at] - 1].day != day ||
                                r->days[r->day_slots[at] - 1].offer != offer))
        at = (at + 1) & mask;
    return at;
}

static bool days_grow(struct recon *r)
{
    uint32_t *slots;

    if (!grow((void **)&r->days, r->day_count, &r->day_room, sizeof(*r->days)))
        return false;
    slots = calloc(r->day_room * 2, sizeof(*slots));
    if (!slots) {
        memory_ran_out();
        return false;
    }
    free(r->day_slots);
    r->day_slots = slots;
    for (size_t i = 0; i < r->day_count; i++)
        slots[day_slot(r, r->days[i].day, r->days[i].offer)] = (uint32_t)i + 1;
    return true;
}

/* NULL: out of memory, or too many days and offers. */
struct recon_day *day_of(struct recon *r, int32_t day, uint32_t offer)
{
    size_t at;

    if (r->day_count == r->day_room && (r->day_count >= DAYS_MAX || !days_grow(r)))
        return NULL;
    at = day_slot(r, day, offer);
    if (!r->day_slots[at]) {
        r->days[r->day_count] = (struct recon_day){ .day = day, .offer = offer };
        r->day_slots[at] = (uint32_t)++r->day_count;
    }
    return &r->days[r->day_slots[at] - 1];
}

/* ---- causes and money ---- */

/* An id that may be shown: what looks like somebody's address is none. */
static struct slice shown(struct recon *r, struct slice id)
{
    if (id.len > 1000 || !utf8_valid(id) || identity_looks_personal(id))
        return (struct slice){ 0 };
    return arena_dup(&r->arena, id);
}

int add_cause(struct recon *r, enum side side, enum cause cause, uint16_t detail,
              const struct recon_example *example, struct err *err)
{
    struct recon_cause *c = NULL;

    for (size_t i = 0; i < r->cause_count && !c; i++)
        if (r->causes[i].side == side && r->causes[i].cause == cause &&
            r->causes[i].detail == detail)
            c = &r->causes[i];
    if (!c) {
        if (!grow((void **)&r->causes, r->cause_count, &r->cause_room, sizeof(*c)))
            return no_room(err);
        c = &r->causes[r->cause_count++];
        *c = (struct recon_cause){ .side = side, .cause = cause, .detail = detail };
    }
    c->count++;
    if (c->examples < EXAMPLES) {
        struct recon_example *e = &c->example[c->examples++];
        *e = *example;
        e->id = shown(r, example->id);
        if (r->arena.full)
            return no_room(err);
    }
    return 0;
}

void add_saturating(int64_t *to, int64_t n)
{
    if (n > 0 && *to > INT64_MAX - n)
        *to = INT64_MAX;
    else if (n < 0 && *to < INT64_MIN - n)
        *to = INT64_MIN;
    else
        *to += n;
}

int add_money(struct recon *r, enum side side, uint16_t currency, int64_t micros, int64_t at,
              struct err *err)
{
    struct recon_money *m;
    struct slice name = recon_word(r, currency);
    int64_t same = micros;

    if (!r->money_at[currency]) {
        if (!grow((void **)&r->money, r->money_count, &r->money_room, sizeof(*m)))
            return no_room(err);
        r->money[r->money_count] = (struct recon_money){ .currency = currency };
        r->money_at[currency] = (uint32_t)++r->money_count;
    }
    m = &r->money[r->money_at[currency] - 1];
    m->rows[side]++;
    add_saturating(side == SIDE_TRACKER ? &m->tracker : side == SIDE_CRM ? &m->crm : &m->ledger,
                   micros);
    if (!r->how.normalise)
        return 0;
    if (slice_eq(name, r->how.target) ||
        (name.len && r->how.normalise(r->how.context, name, at, micros, &same)))
        add_saturating(&r->result.normal.sum[side], same);
    else
        r->result.normal.without_rate[side]++;
    return 0;
}

struct slice recon_word(const struct recon *r, uint16_t word)
{
    return word < r->words.count ? r->words.list[word] : (struct slice){ 0 };
}

struct slice recon_offer(const struct recon *r, uint32_t offer)
{
    return recon_word(r, (uint16_t)(offer & 0xFFFF));
}
