/* finish.c: what only the ledger has, and the results in their order. */
#include <stdlib.h>

#include "core/reconcile/internal.h"

static const char *const outcome_words[] = { "", "delivered", "waiting", "dead", "withdrawn",
                                             "duplicate", "ignored", "quarantined", "unknown" };

/* ---- a constant offset ---- */

/* Three of five pairs within a quarter of an hour of the same distance, which is half an hour at least. */
static void find_shift(struct recon *r)
{
    size_t best = SHIFT_MOST;

    for (size_t i = 0; i <= 2 * SHIFT_MOST; i++)
        if (r->shifts[i] > r->shifts[best])
            best = i;
    r->result.timed_rows = r->timed;
    if (r->timed < 5 || r->shifts[best] * 5 < r->timed * 3 ||
        (best + 1 >= SHIFT_MOST && best <= SHIFT_MOST + 1))
        return;
    r->result.shift = ((int64_t)SHIFT_MOST - (int64_t)best) * SHIFT_STEP;
    r->result.shift_rows = r->shifts[best];
}

/* ---- the ledger's side ---- */

static bool near_edge(const struct recon *r, int64_t at)
{
    return at < r->how.since + r->how.window ||
           (r->how.until && at >= r->how.until - r->how.window) ||
           at > r->how.now - r->how.window;
}

static int not_in_tracker(struct recon *r, const struct rec *one, struct recon_day *day,
                          struct err *err)
{
    const struct recon_example ex = { .postback = one->id };
    bool edge = near_edge(r, one->at);
    int word = words_id(&r->words, slice_from(outcome_words[one->outcome]));

    if (one->flags & REC_IN_TRACKER || one->outcome == OUTCOME_DUPLICATE ||
        sibling(r, one, REC_IN_TRACKER, 0))
        return 0;
    day->causes[edge ? CAUSE_EDGE : CAUSE_NOT_IN_TRACKER]++;
    if (!edge && one->outcome == OUTCOME_DELIVERED) {
        r->result.file[SIDE_LEDGER].lost++;
        r->ties[one->offer].lost[SIDE_LEDGER]++;
    }
    return add_cause(r, SIDE_LEDGER, edge ? CAUSE_EDGE : CAUSE_NOT_IN_TRACKER,
                     edge || word < 0 ? 0 : (uint16_t)word, &ex, err);
}

static int remark(struct recon *r, const struct rec *one, enum cause cause, struct err *err)
{
    const struct recon_example ex = { .postback = one->id };

    return add_cause(r, SIDE_LEDGER, cause, 0, &ex, err);
}

static int delivered(struct recon *r, const struct rec *one, struct err *err)
{
    bool in_tracker = one->flags & REC_IN_TRACKER;

    if (!(one->flags & REC_TTCLID) && remark(r, one, CAUSE_NO_TTCLID, err) != 0)
        return -1;
    if (r->how.crm && in_tracker && !(one->flags & REC_IN_CRM) &&
        !sibling(r, one, REC_IN_CRM, 0) && !near_edge(r, one->at) &&
        remark(r, one, CAUSE_NOT_IN_CRM, err) != 0)
        return -1;
    return one->original_currency && !(one->flags & REC_TEST)
               ? add_money(r, SIDE_LEDGER, one->original_currency, one->original, one->at, err)
               : 0;
}

static int count_rec(struct recon *r, const struct rec *one, struct err *err)
{
    struct recon_day *day;

    if (!in_period(r, one->at) || !of_offer(r, one))
        return 0;
    day = day_of(r, day_number(r, one->at), one->offer);
    if (!day)
        return err_set(err, ERR_SYSTEM, "there are too many days and offers for one report");
    r->result.file[SIDE_LEDGER].rows++;
    r->ties[one->offer].received++;
    day->n[RECEIVED]++;
    day->n[UNIQUE] += one->outcome != OUTCOME_DUPLICATE;
    day->n[IGNORED] += one->outcome == OUTCOME_IGNORED || one->outcome == OUTCOME_WITHDRAWN;
    day->n[QUARANTINED] += one->outcome == OUTCOME_QUARANTINED;
    day->n[DELIVERED] += one->outcome == OUTCOME_DELIVERED;
    day->n[WAITING] += one->outcome == OUTCOME_WAITING;
    day->n[DEAD] += one->outcome == OUTCOME_DEAD;
    if (one->outcome == OUTCOME_DELIVERED) {
        r->result.file[SIDE_LEDGER].delivered++;
        if (delivered(r, one, err) != 0)
            return -1;
    }
    if (is_taken_back((enum stage)one->stage) && !(one->flags & REC_TAKEN_BACK) &&
        !sibling(r, one, REC_TAKEN_BACK, 0) && sibling(r, one, 0, OUTCOME_DELIVERED) &&
        remark(r, one, CAUSE_TAKEN_BACK, err) != 0)
        return -1;
    return not_in_tracker(r, one, day, err);
}

/* ---- in their order ---- */

static int by_day(const void *a, const void *b)
{
    const struct recon_day *x = a, *y = b;

    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->offer < y->offer ? -1 : x->offer > y->offer;
}

static int by_cause(const void *a, const void *b)
{
    const struct recon_cause *x = a, *y = b;

    if (x->side != y->side)
        return x->side < y->side ? -1 : 1;
    if (x->cause != y->cause)
        return x->cause < y->cause ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->detail < y->detail ? -1 : x->detail > y->detail;
}

static int by_line(const void *a, const void *b)
{
    const struct recon_sample *x = a, *y = b;

    return x->line < y->line ? -1 : x->line > y->line;
}

static void finish_samples(struct recon *r)
{
    for (size_t i = 0; i < r->result.sample_count; i++) {
        struct recon_sample *s = &r->samples[i];
        const struct rec *one = s->ledger ? &r->recs[s->ledger - 1] : NULL;
        s->in_crm = one ? one->flags & REC_IN_CRM || sibling(r, one, REC_IN_CRM, 0)
                        : set_has(&r->crm_click, id_hash(s->click_id)) ||
                              set_has(&r->crm_txid, id_hash(s->txid));
    }
    if (r->result.sample_count)
        qsort(r->samples, r->result.sample_count, sizeof(*r->samples), by_line);
}

int recon_finish(struct recon *r, struct recon_result *out, struct err *err)
{
    const struct recon_example none = { 0 };

    for (size_t i = 0; i < r->rec_count; i++) /* oldest first, and so are the examples */
        if (count_rec(r, &r->recs[i], err) != 0)
            return -1;
    if (offers_finish(r, err) != 0)
        return -1;
    find_shift(r);
    if (r->result.shift && add_cause(r, SIDE_TRACKER, CAUSE_ZONE, 0, &none, err) != 0)
        return -1;
    for (size_t i = 0; i < r->cause_count; i++)
        if (r->causes[i].cause == CAUSE_ZONE) {
            r->causes[i].count = r->result.shift_rows;
            r->causes[i].examples = 0;
        }
    if (r->day_count)
        qsort(r->days, r->day_count, sizeof(*r->days), by_day);
    if (r->cause_count)
        qsort(r->causes, r->cause_count, sizeof(*r->causes), by_cause);
    r->result.days = r->days;
    r->result.day_count = r->day_count;
    r->result.causes = r->causes;
    r->result.cause_count = r->cause_count;
    r->result.money = r->money;
    r->result.money_count = r->money_count;
    r->result.samples = r->samples;
    r->result.sample_count = r->sampled < r->how.sample ? (size_t)r->sampled : r->how.sample;
    finish_samples(r);
    *out = r->result;
    return 0;
}
