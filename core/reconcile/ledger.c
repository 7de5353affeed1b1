/* ledger.c: our postbacks and what became of them, found by click id and transaction id. */
#include <stdlib.h>

#include "core/reconcile/internal.h"

#define ARENA_BYTES ((size_t)64 << 20)

struct recon *recon_new(const struct recon_settings *s)
{
    struct recon *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->how = *s;
    r->random = s->seed;
    arena_init(&r->arena, ARENA_BYTES);
    r->samples = ARENA_ARRAY(&r->arena, struct recon_sample, s->sample + 1u);
    r->money_at = calloc(UINT16_MAX + 1, sizeof(*r->money_at));
    r->ties = calloc(UINT16_MAX + 1, sizeof(*r->ties)); /* only what is used is touched */
    if (words_id(&r->words, S("USD")) < 0 || !r->samples || !r->money_at || !r->ties) {
        recon_free(r);
        return NULL;
    }
    return r;
}

void recon_free(struct recon *r)
{
    if (!r)
        return;
    for (int i = 0; i < SIDES; i++)
        set_free(&r->seen[i]);
    set_free(&r->lost_click);
    set_free(&r->lost_txid);
    set_free(&r->crm_click);
    set_free(&r->crm_txid);
    words_free(&r->words);
    arena_free(&r->arena);
    free(r->recs);
    free(r->by_click);
    free(r->by_txid);
    free(r->emails.list);
    free(r->phones.list);
    free(r->days);
    free(r->day_slots);
    free(r->causes);
    free(r->money);
    free(r->money_at);
    free(r->ties);
    free(r->offers);
    free(r);
}

static int too_many(struct err *err)
{
    return err_set(err, ERR_SYSTEM, "there are more than %d different offers, codes and currencies",
                   WORDS_MAX);
}

/* Words of n texts. */
static int take_words(struct recon *r, const struct slice *texts, uint16_t *const to[], int n,
                      struct err *err)
{
    for (int i = 0; i < n; i++) {
        int word = words_id(&r->words, texts[i]);
        if (word < 0)
            return too_many(err);
        *to[i] = (uint16_t)word;
    }
    return 0;
}

int recon_add_postback(struct recon *r, const struct recon_postback *pb, struct err *err)
{
    static const uint8_t outcomes[] = { OUTCOME_UNKNOWN, OUTCOME_UNKNOWN, OUTCOME_DUPLICATE,
                                        OUTCOME_IGNORED, OUTCOME_QUARANTINED };
    struct rec *one;
    const struct slice texts[] = { pb->offer, pb->code };

    if (r->rec_count >= UINT32_MAX - 1 ||
        !grow((void **)&r->recs, r->rec_count, &r->rec_room, sizeof(*r->recs)))
        return no_room(err);
    one = &r->recs[r->rec_count];
    *one = (struct rec){ .click = id_hash(pb->click_id), .txid = id_hash(pb->txid), .id = pb->id,
                         .at = pb->at < 0 ? 0 : (uint32_t)pb->at,
                         .verdict = (uint8_t)pb->verdict,
                         .stage = (uint8_t)stage_named(pb->stage) };
    one->outcome = outcomes[pb->verdict >= 1 && pb->verdict <= 4 ? pb->verdict : 0];
    if (take_words(r, texts, (uint16_t *const[]){ &one->offer, &one->code }, 2, err) != 0)
        return -1;
    r->ties[one->offer].here = true;
    r->rec_count++;
    return 0;
}

/* By its id; ids rise. */
static struct rec *rec_by_id(const struct recon *r, int64_t id)
{
    size_t low = 0, high = r->rec_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->recs[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->rec_count && r->recs[low].id == id ? &r->recs[low] : NULL;
}

static bool add_key(struct recon *r, struct keys *keys, struct slice hex, const struct rec *of)
{
    if (hex.len == 0)
        return true;
    if (!grow((void **)&keys->list, keys->count, &keys->room, sizeof(*keys->list)))
        return false;
    keys->list[keys->count++] = (struct key){ id_hash(hex), (uint32_t)(of - r->recs) };
    return true;
}

int recon_add_event(struct recon *r, const struct recon_event *ev, struct err *err)
{
    /* Of several events the one that is worst off speaks for all. */
    static const struct {
        uint8_t outcome, rank;
    } states[] = { { OUTCOME_UNKNOWN, 0 },   { OUTCOME_WAITING, 3 }, { OUTCOME_WAITING, 3 },
                   { OUTCOME_DELIVERED, 1 }, { OUTCOME_DEAD, 4 },    { OUTCOME_WITHDRAWN, 2 } };
    struct rec *one = rec_by_id(r, ev->postback);
    const struct slice texts[] = { ev->currency, ev->original_currency };
    int state = ev->state >= 1 && ev->state <= 5 ? ev->state : 0, had = 0;

    if (!one)
        return 0;
    for (int i = 1; i <= 5; i++)
        if (states[i].outcome == one->outcome)
            had = states[i].rank;
    if (states[state].rank > had)
        one->outcome = states[state].outcome;
    one->flags |= (uint8_t)((ev->test ? REC_TEST : 0) | (ev->ttclid ? REC_TTCLID : 0));
    if (!one->original_currency && ev->original_currency.len) {
        one->value = ev->value;
        one->original = ev->original_value;
        if (take_words(r, texts, (uint16_t *const[]){ &one->currency, &one->original_currency }, 2,
                       err) != 0)
            return -1;
    }
    return add_key(r, &r->emails, ev->email, one) && add_key(r, &r->phones, ev->phone, one)
               ? 0
               : no_room(err);
}

void recon_target(struct recon *r, struct slice currency)
{
    r->how.target = currency;
}

int recon_tell(struct recon *r, enum cause cause, struct slice detail, uint64_t count,
               struct err *err)
{
    const struct recon_example none = { 0 };
    int word = words_id(&r->words, detail);

    if (word < 0)
        return too_many(err);
    if (add_cause(r, SIDE_LEDGER, cause, (uint16_t)word, &none, err) != 0)
        return -1;
    for (size_t i = 0; i < r->cause_count; i++) {
        struct recon_cause *c = &r->causes[i];
        if (c->side == SIDE_LEDGER && c->cause == cause && c->detail == word) {
            c->count += count - 1;
            c->examples = 0;
        }
    }
    return 0;
}

void recon_dead_code(struct recon *r, int64_t postback, struct slice code)
{
    struct rec *one = rec_by_id(r, postback);
    int word = words_id(&r->words, code);

    if (one && word >= 0)
        one->code = (uint16_t)word;
}

static int by_hash(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

int recon_ledger_ready(struct recon *r, struct err *err)
{
    size_t room = 1024;

    while (room < r->rec_count)
        room *= 2;
    r->mask = room - 1;
    r->by_click = calloc(room, sizeof(*r->by_click));
    r->by_txid = calloc(room, sizeof(*r->by_txid));
    if (!r->by_click || !r->by_txid)
        return no_room(err);
    for (size_t i = r->rec_count; i-- > 0;) { /* the oldest ends up in front */
        struct rec *one = &r->recs[i];
        uint32_t *click = &r->by_click[one->click & r->mask];
        uint32_t *txid = &r->by_txid[one->txid & r->mask];
        if (one->click) {
            one->next_click = *click;
            *click = (uint32_t)i + 1;
        }
        if (one->txid) {
            one->next_txid = *txid;
            *txid = (uint32_t)i + 1;
        }
    }
    if (r->emails.count)
        qsort(r->emails.list, r->emails.count, sizeof(struct key), by_hash);
    if (r->phones.count)
        qsort(r->phones.list, r->phones.count, sizeof(struct key), by_hash);
    return 0;
}

uint32_t first_of_click(const struct recon *r, uint64_t click)
{
    return click ? r->by_click[click & r->mask] : 0;
}

uint32_t first_of_txid(const struct recon *r, uint64_t txid)
{
    return txid ? r->by_txid[txid & r->mask] : 0;
}

struct rec *next_of_click(const struct recon *r, uint64_t click, uint32_t *at)
{
    while (*at) {
        struct rec *one = &r->recs[*at - 1];
        *at = one->next_click;
        if (one->click == click)
            return one;
    }
    return NULL;
}

struct rec *next_of_txid(const struct recon *r, uint64_t txid, uint32_t *at)
{
    while (*at) {
        struct rec *one = &r->recs[*at - 1];
        *at = one->next_txid;
        if (one->txid == txid)
            return one;
    }
    return NULL;
}

struct rec *rec_of_key(const struct recon *r, const struct keys *keys, struct slice hex)
{
    uint64_t h = id_hash(hex);
    size_t low = 0, high = keys->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (keys->list[middle].hash < h)
            low = middle + 1;
        else
            high = middle;
    }
    return h && low < keys->count && keys->list[low].hash == h ? &r->recs[keys->list[low].rec]
                                                               : NULL;
}

bool sibling(const struct recon *r, const struct rec *one, unsigned flags, enum outcome outcome)
{
    uint32_t at = first_of_click(r, one->click);
    const struct rec *other;

    for (int n = 0; n < CHAIN_MOST && (other = next_of_click(r, one->click, &at)) != NULL; n++)
        if (other != one && (!one->txid || !other->txid || one->txid == other->txid) &&
            ((flags && other->flags & flags) || (outcome && other->outcome == outcome)))
            return true;
    return false;
}

bool in_period(const struct recon *r, int64_t at)
{
    return at >= r->how.since && (!r->how.until || at < r->how.until);
}

bool of_offer(const struct recon *r, const struct rec *rec)
{
    return !rec || !r->how.offer.len || slice_eq(recon_word(r, rec->offer), r->how.offer);
}
