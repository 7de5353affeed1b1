/* offers.c: what the files promise of each offer, over the whole period.  A row that no postback was found for has only
 * the file's name of its offer: whose that is its other rows say. */
#include <stdlib.h>

#include "core/reconcile/internal.h"

#define SURELY 8 /* of ten rows of a name, at least, are one offer's */

static bool same_offer(const struct tie *t, bool named)
{
    return t->votes && (named ? t->votes * 10 >= t->matched * SURELY : t->votes == t->matched);
}

/* Boyer and Moore's vote: what is left at the end has at least so many rows more than all others together. */
static void vote(struct tie *t, uint16_t offer)
{
    t->matched++;
    if (t->votes == 0)
        t->offer = offer;
    if (t->offer == offer)
        t->votes++;
    else
        t->votes--;
}

void tie_row(struct recon *r, enum side side, uint16_t name, const struct rec *rec, bool promised, bool lost)
{
    if (rec) {
        r->ties[rec->offer].promised[side] += promised;
        r->ties[rec->offer].lost[side] += lost;
        vote(&r->ties[name], rec->offer);
    } else {
        r->ties[name].missing[side] += promised;
    }
}

/* The offer that a name's missing rows are of; the name itself when nobody knows. */
static uint16_t owner(const struct recon *r, uint16_t name, int asked)
{
    const struct tie *t = &r->ties[name];

    if (t->here)
        return name;
    if (same_offer(t, name != 0))
        return t->offer;
    return asked > 0 ? (uint16_t)asked : name;
}

int offers_finish(struct recon *r, struct err *err)
{
    size_t count = r->words.count, n = 0;
    int asked = words_id(&r->words, r->how.offer);

    for (size_t w = 0; w < count; w++)
        for (int side = 0; side < SIDE_LEDGER; side++) {
            struct tie *of = &r->ties[owner(r, (uint16_t)w, asked)];
            of->promised[side] += r->ties[w].missing[side];
            of->lost[side] += r->ties[w].missing[side];
        }
    r->offers = calloc(count + 1, sizeof(*r->offers));
    if (!r->offers)
        return no_room(err);
    for (size_t w = 0; w < count; w++) {
        const struct tie *t = &r->ties[w];
        if (t->received + t->promised[SIDE_TRACKER] + t->promised[SIDE_CRM] == 0)
            continue;
        r->offers[n] = (struct recon_offer_sum){ .offer = recon_word(r, (uint16_t)w), .here = t->here };
        for (int side = 0; side < SIDES; side++) {
            r->offers[n].promised[side] = t->promised[side];
            r->offers[n].lost[side] = t->lost[side];
        }
        n++;
    }
    r->result.offers = r->offers;
    r->result.offer_count = n;
    return 0;
}
