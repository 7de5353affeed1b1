/* match.c: which postback a row is. */
#include "core/reconcile/internal.h"

static int rank(enum outcome outcome)
{
    static const int ranks[] = { 0, 7, 6, 5, 4, 0, 2, 3, 1 };

    return ranks[outcome];
}

static int score(const struct rec *one, uint64_t txid, enum stage stage, unsigned used)
{
    int n = rank((enum outcome)one->outcome);

    if (txid && one->txid)
        n += one->txid == txid ? 64 : -64;
    if (stage != STAGE_OTHER &&
        (stage == STAGE_PENDING ? one->stage == STAGE_LEAD : one->stage == (uint8_t)stage))
        n += 32;
    if (!(one->flags & used))
        n += 16;
    return n;
}

void find_rec(const struct recon *r, uint64_t click, uint64_t txid, unsigned used, struct found *f)
{
    uint32_t at = first_of_click(r, click);
    struct rec *one;
    int best = -1000;

    for (int n = 0; n < CHAIN_MOST && (one = next_of_click(r, click, &at)) != NULL; n++) {
        int s = score(one, txid, f->stage, used);
        if (s > best) {
            best = s;
            f->rec = one;
        }
    }
    /* Another transaction of the click, which has its own row. */
    if (f->rec && txid && f->rec->txid && f->rec->txid != txid && f->rec->flags & used)
        f->rec = NULL;
    if (f->rec)
        return;
    at = first_of_txid(r, txid);
    best = -1000;
    for (int n = 0; n < CHAIN_MOST && (one = next_of_txid(r, txid, &at)) != NULL; n++) {
        int s = score(one, txid, f->stage, used);
        if (s > best) {
            best = s;
            f->rec = one;
            f->by_txid = click != 0;
        }
    }
}
