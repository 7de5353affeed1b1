/* rows.c: a row of a file: which postback it is, and if it was not delivered, why. */
#include "core/reconcile/internal.h"

#define SAME_AMOUNT 5000 /* millionths: half a cent is rounding */

/* ---- why ---- */

static enum cause by_outcome(struct recon *r, const struct rec *rec, uint16_t *detail)
{
    static const enum cause causes[] = { CAUSE_OLD,     CAUSE_NONE,      CAUSE_WAITING,
                                         CAUSE_DEAD,    CAUSE_IGNORED,   CAUSE_DUPLICATE,
                                         CAUSE_IGNORED, CAUSE_QUARANTINED, CAUSE_OLD };
    int withdrawn = rec->outcome == OUTCOME_WITHDRAWN ? words_id(&r->words, S("withdrawn")) : 0;

    *detail = 0;
    if (rec->outcome == OUTCOME_DELIVERED)
        return rec->flags & REC_TEST ? CAUSE_TEST : CAUSE_NONE;
    if (rec->outcome != OUTCOME_WAITING && rec->outcome != OUTCOME_UNKNOWN)
        *detail = withdrawn > 0 ? (uint16_t)withdrawn : rec->code;
    return causes[rec->outcome];
}

static bool is_delivered(const struct recon *r, const struct rec *rec)
{
    return rec && (rec->outcome == OUTCOME_DELIVERED || sibling(r, rec, 0, OUTCOME_DELIVERED));
}

static void explain(struct recon *r, const struct recon_row *row, struct found *f)
{
    f->detail = 0;
    if (is_taken_back(f->stage))
        f->cause = is_delivered(r, f->rec) ? CAUSE_TAKEN_BACK : CAUSE_STATUS;
    else if (f->rec)
        f->cause = by_outcome(r, f->rec, &f->detail);
    else if (row->has_time && r->how.first && row->at < r->how.first - r->how.window)
        f->cause = CAUSE_OLD;
    else if (f->stage == STAGE_PENDING)
        f->cause = CAUSE_STATUS;
    else if (row->has_time && row->at > r->how.now - r->how.window)
        f->cause = CAUSE_EDGE;
    else
        f->cause = CAUSE_MISSING;
}

/* What the file promises and TikTok did not get. */
static bool is_lost(enum cause c)
{
    return c == CAUSE_MISSING || c == CAUSE_QUARANTINED || c == CAUSE_DEAD ||
           c == CAUSE_DUPLICATE || c == CAUSE_CRM_ONLY;
}

static bool is_expected(enum cause c)
{
    return is_lost(c) || c == CAUSE_NONE || c == CAUSE_TEST || c == CAUSE_WAITING;
}

static struct recon_example example_of(const struct recon_row *row, const struct rec *rec)
{
    return (struct recon_example){ rec ? rec->id : 0, row->click_id.len ? row->click_id : row->txid,
                                   row->line };
}

/* ---- both files ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    return (a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2))) *
           UINT64_C(0xff51afd7ed558ccd);
}

/* Seen before in the same file?  Without a transaction id the amount tells rows of one click apart. */
static int twice(struct recon *r, enum side side, const struct recon_row *row, bool *had,
                 struct err *err)
{
    uint64_t h = mix(mix(id_hash(row->click_id), id_hash(row->txid)), id_hash(row->status));

    *had = false;
    if (!row->click_id.len && !row->txid.len) {
        if (!row->email.len && !row->phone.len)
            return 0;
        h = mix(mix(h, id_hash(row->email)), id_hash(row->phone));
    }
    if (!row->txid.len)
        h = mix(h, (uint64_t)row->amount);
    return set_add(&r->seen[side], h ? h : 1, had) ? 0 : no_room(err);
}

static int row_money(struct recon *r, enum side side, const struct recon_row *row,
                     const struct found *f, struct err *err)
{
    int currency = words_id(&r->words, row->currency);

    if (!row->has_amount || f->cause == CAUSE_STATUS || f->cause == CAUSE_TAKEN_BACK)
        return 0;
    if (currency < 0)
        return err_set(err, ERR_INPUT, "F036: too many different currencies");
    if (currency == 0 && f->rec)
        currency = f->rec->original_currency;
    return add_money(r, side, (uint16_t)currency, row->amount,
                     row->has_time ? row->at : f->rec ? f->rec->at : r->how.now, err);
}

static int compare_amount(struct recon *r, enum side side, const struct recon_row *row,
                          const struct found *f, struct err *err)
{
    struct recon_example ex = example_of(row, f->rec);
    struct slice currency;
    int64_t difference;
    bool same;

    if (!f->rec || !row->has_amount || !f->rec->original_currency ||
        f->rec->outcome != OUTCOME_DELIVERED || is_taken_back(f->stage))
        return 0;
    currency = recon_word(r, f->rec->original_currency);
    same = !row->currency.len || slice_eq(row->currency, currency);
    difference = row->amount - f->rec->original;
    if (side == SIDE_TRACKER) {
        r->result.matched++;
        if (same) {
            add_saturating(&r->result.matched_tracker, row->amount);
            add_saturating(&r->result.matched_ledger, f->rec->original);
        }
    }
    if (same && difference <= SAME_AMOUNT && difference >= -SAME_AMOUNT)
        return 0;
    if (side == SIDE_TRACKER)
        r->result.differing++;
    return add_cause(r, side, CAUSE_AMOUNT, 0, &ex, err);
}

/* Beside its main cause: found otherwise, or on the other side of the period's edge. */
static int remarks(struct recon *r, enum side side, const struct recon_row *row,
                   const struct found *f, struct err *err)
{
    struct recon_example ex = example_of(row, f->rec);

    if (f->by_txid && add_cause(r, side, CAUSE_OTHER_CLICK, 0, &ex, err) != 0)
        return -1;
    if (f->rec && row->has_time && !in_period(r, f->rec->at) &&
        add_cause(r, side, CAUSE_EDGE, 0, &ex, err) != 0)
        return -1;
    return compare_amount(r, side, row, f, err);
}

/* What the file calls the row's offer; 0: nothing.  A file with an offer of its own in every row must leave words
 * for currencies. */
static uint16_t offer_name(struct recon *r, const struct recon_row *row)
{
    int word = r->words.count < WORDS_MAX - WORDS_SPARE ? words_id(&r->words, row->offer) : 0;

    return (uint16_t)(word < 0 ? 0 : word);
}

static struct recon_day *row_day(struct recon *r, const struct recon_row *row, const struct rec *rec, uint16_t name)
{
    return day_of(r,
                  row->has_time ? day_number(r, row->at)
                  : rec         ? day_number(r, rec->at)
                                : NO_DAY,
                  rec ? rec->offer : NAMED_BY_FILE | (uint32_t)name);
}

static void count(struct recon *r, enum side side, const struct found *f, uint16_t name)
{
    struct recon_file *file = &r->result.file[side];

    file->expected += is_expected(f->cause);
    file->lost += is_lost(f->cause);
    file->delivered += f->cause == CAUSE_NONE || f->cause == CAUSE_TEST;
    tie_row(r, side, name, f->rec, is_expected(f->cause), is_lost(f->cause));
}

/* ---- the tracker's file ---- */

static uint64_t random_below(struct recon *r, uint64_t n)
{
    uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

/* Every row has the same chance. */
static int take_sample(struct recon *r, const struct recon_row *row, const struct found *f,
                       struct err *err)
{
    uint64_t at = r->sampled++;
    struct recon_sample *s;

    if (at >= r->how.sample) {
        at = random_below(r, at + 1);
        if (at >= r->how.sample)
            return 0;
    }
    s = &r->samples[at];
    *s = (struct recon_sample){
        .click_id = arena_dup(&r->arena, slice_head(row->click_id, 1000)),
        .txid = arena_dup(&r->arena, slice_head(row->txid, 1000)),
        .status = arena_dup(&r->arena, slice_head(row->status, 100)),
        .currency = arena_dup(&r->arena, slice_head(row->currency, 10)),
        .has_time = row->has_time, .has_amount = row->has_amount, .at = row->at,
        .amount = row->amount, .line = row->line, .postback = f->rec ? f->rec->id : 0,
        .outcome = f->rec ? (enum outcome)f->rec->outcome : 0, .cause = f->cause,
        .ledger = f->rec ? (uint32_t)(f->rec - r->recs) + 1 : 0,
    };
    return r->arena.full ? no_room(err) : 0;
}

/* How far the file's time lies from ours. */
static void note_shift(struct recon *r, const struct recon_row *row, const struct rec *rec)
{
    int64_t apart, step;

    if (!rec || !row->has_time || row->zoned || row->no_clock)
        return;
    apart = (int64_t)rec->at - row->at;
    step = (apart + (apart < 0 ? -SHIFT_STEP : SHIFT_STEP) / 2) / SHIFT_STEP;
    r->timed++;
    if (step >= -SHIFT_MOST && step <= SHIFT_MOST)
        r->shifts[step + SHIFT_MOST]++;
}

static int remember_lost(struct recon *r, struct set *clicks, struct set *txids,
                         const struct recon_row *row, struct err *err)
{
    uint64_t click = id_hash(row->click_id), txid = id_hash(row->txid);
    bool had;

    return (!click || set_add(clicks, click, &had)) && (!txid || set_add(txids, txid, &had))
               ? (void)r, 0
               : no_room(err);
}

/* 1: it counts.  0: outside of the period, or of the offer. */
static int begin_row(struct recon *r, enum side side, const struct recon_row *row,
                     struct found *f)
{
    struct recon_file *file = &r->result.file[side];

    file->rows++;
    *f = (struct found){ .stage = stage_of_word(row->status) };
    if (row->has_time && !in_period(r, row->at)) {
        file->outside++;
        return 0;
    }
    return 1;
}

int recon_add_tracker(struct recon *r, const struct recon_row *row, struct err *err)
{
    struct found f;
    struct recon_example ex;
    struct recon_day *day;
    uint16_t name;
    bool had;

    if (!begin_row(r, SIDE_TRACKER, row, &f))
        return 0;
    if (twice(r, SIDE_TRACKER, row, &had, err) != 0)
        return -1;
    find_rec(r, id_hash(row->click_id), id_hash(row->txid), REC_IN_TRACKER, &f);
    if (!of_offer(r, f.rec)) {
        r->result.file[SIDE_TRACKER].outside++;
        return 0;
    }
    ex = example_of(row, f.rec);
    if (had)
        return add_cause(r, SIDE_TRACKER, CAUSE_TWICE, 0, &ex, err);
    explain(r, row, &f);
    name = offer_name(r, row);
    day = row_day(r, row, f.rec, name);
    if (!day)
        return err_set(err, ERR_SYSTEM, "there are too many days and offers for one report");
    day->n[IN_TRACKER]++;
    day->causes[f.cause]++;
    count(r, SIDE_TRACKER, &f, name);
    note_shift(r, row, f.rec);
    if (remarks(r, SIDE_TRACKER, row, &f, err) != 0 || row_money(r, SIDE_TRACKER, row, &f, err) != 0)
        return -1;
    if (f.rec)
        f.rec->flags |= REC_IN_TRACKER | (f.cause == CAUSE_TAKEN_BACK ? REC_TAKEN_BACK : 0);
    else if (remember_lost(r, &r->lost_click, &r->lost_txid, row, err) != 0)
        return -1;
    if (f.cause != CAUSE_NONE &&
        add_cause(r, SIDE_TRACKER, f.cause, f.detail, &ex, err) != 0)
        return -1;
    return take_sample(r, row, &f, err);
}

/* ---- the CRM's file ---- */

static void find_customer(const struct recon *r, const struct recon_row *row, struct found *f)
{
    if (!f->rec)
        f->rec = rec_of_key(r, &r->emails, row->email);
    if (!f->rec)
        f->rec = rec_of_key(r, &r->phones, row->phone);
}

static void explain_crm(struct recon *r, const struct recon_row *row, struct found *f,
                        bool *not_in_tracker)
{
    bool in_file = set_has(&r->lost_click, id_hash(row->click_id)) ||
                   set_has(&r->lost_txid, id_hash(row->txid));

    explain(r, row, f);
    *not_in_tracker = !in_file && !(f->rec && (f->rec->flags & REC_IN_TRACKER ||
                                               sibling(r, f->rec, REC_IN_TRACKER, 0)));
    if (f->cause == CAUSE_MISSING && *not_in_tracker)
        f->cause = CAUSE_CRM_ONLY;
}

int recon_add_crm(struct recon *r, const struct recon_row *row, struct err *err)
{
    struct found f;
    struct recon_example ex;
    struct recon_day *day;
    uint16_t name;
    bool had, alone;

    if (!begin_row(r, SIDE_CRM, row, &f))
        return 0;
    if (twice(r, SIDE_CRM, row, &had, err) != 0)
        return -1;
    find_rec(r, id_hash(row->click_id), id_hash(row->txid), REC_IN_CRM, &f);
    find_customer(r, row, &f);
    if (!of_offer(r, f.rec)) {
        r->result.file[SIDE_CRM].outside++;
        return 0;
    }
    ex = example_of(row, f.rec);
    if (had)
        return add_cause(r, SIDE_CRM, CAUSE_TWICE, 0, &ex, err);
    explain_crm(r, row, &f, &alone);
    name = offer_name(r, row);
    day = row_day(r, row, f.rec, name);
    if (!day)
        return err_set(err, ERR_SYSTEM, "there are too many days and offers for one report");
    day->n[IN_CRM]++;
    count(r, SIDE_CRM, &f, name);
    if (remarks(r, SIDE_CRM, row, &f, err) != 0 || row_money(r, SIDE_CRM, row, &f, err) != 0)
        return -1;
    if (f.rec)
        f.rec->flags |= REC_IN_CRM | (f.cause == CAUSE_TAKEN_BACK ? REC_TAKEN_BACK : 0);
    else if (remember_lost(r, &r->crm_click, &r->crm_txid, row, err) != 0)
        return -1;
    if (f.cause != CAUSE_NONE && add_cause(r, SIDE_CRM, f.cause, f.detail, &ex, err) != 0)
        return -1;
    return alone && f.rec && !is_taken_back(f.stage) && is_expected(f.cause)
               ? add_cause(r, SIDE_CRM, CAUSE_CRM_ONLY, 0, &ex, err)
               : 0;
}
