#include "core/rules/lifecycle.h"

bool lifecycle_takes_back(struct slice stage)
{
    return slice_eq(stage, S("rejected")) || slice_eq(stage, S("refund")) ||
           slice_eq(stage, S("chargeback"));
}

bool lifecycle_moved(const struct seen *s)
{
    return s->stage.len && s->as != SEEN_QUARANTINED &&
           !(s->as == SEEN_IGNORED && (slice_eq(s->code, S("I005")) || slice_eq(s->code, S("I007"))));
}

static const struct event_rule *repeatable_rule(const struct offer *offer, struct slice stage,
                                                bool twin)
{
    const struct stage_rule *rule = mapping_rule(offer, stage);

    for (const struct event_rule *e = rule ? rule->events : NULL; e; e = e->next)
        if (e->repeatable && (e->twin || !twin))
            return e;
    return NULL;
}

bool lifecycle_used(const struct offer *offer)
{
    bool used = offer->transition_count > 0;

    for (size_t i = 0; i < offer->rule_count; i++)
        used |= repeatable_rule(offer, offer->rules[i].stage, true) != NULL;
    return used;
}

bool lifecycle_wants(const struct offer *offer, struct slice stage)
{
    return lifecycle_takes_back(stage) || mapping_transition(offer, stage) ||
           repeatable_rule(offer, stage, true);
}

/* ---- transactions ---- */

/* Is txid a transaction of a repeatable event, by what has been sent? */
static bool is_transaction(const struct offer *offer, const struct history *h, struct slice txid)
{
    for (size_t i = 0; txid.len && i < h->count; i++)
        if (h->list[i].as == SEEN_QUEUED && slice_eq(h->list[i].txid, txid) &&
            repeatable_rule(offer, h->list[i].stage, false))
            return true;
    return false;
}

/* Is this postback about a transaction of its own? */
static bool stands_alone(const struct offer *offer, const struct history *h, struct slice stage,
                         struct slice txid)
{
    return txid.len && (repeatable_rule(offer, stage, false) || is_transaction(offer, h, txid));
}

static const struct seen *last_of_transaction(const struct history *h, struct slice txid)
{
    for (size_t i = 0; i < h->count; i++)
        if (lifecycle_moved(&h->list[i]) && slice_eq(h->list[i].txid, txid))
            return &h->list[i];
    return NULL;
}

/* The newest that belongs to no transaction of a repeatable event. */
static const struct seen *last_of_click(const struct offer *offer, const struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (lifecycle_moved(&h->list[i]) && !is_transaction(offer, h, h->list[i].txid))
            return &h->list[i];
    return NULL;
}

const struct seen *lifecycle_last(const struct offer *offer, const struct history *h,
                                  struct slice stage, struct slice txid)
{
    return stands_alone(offer, h, stage, txid) ? last_of_transaction(h, txid)
                                               : last_of_click(offer, h);
}

const struct seen *lifecycle_source(const struct offer *offer, const struct history *h,
                                    struct slice event, struct slice txid, bool repeatable)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct seen *s = &h->list[i];
        const struct stage_rule *rule = mapping_rule(offer, s->stage);
        if (s->as != SEEN_QUEUED || (txid.len && !slice_eq(s->txid, txid)))
            continue;
        for (const struct event_rule *e = rule ? rule->events : NULL; e; e = e->next)
            if (e->repeatable == repeatable && slice_eq(e->event, event))
                return s;
    }
    return NULL;
}

const struct seen *lifecycle_sent(const struct offer *offer, const struct history *h,
                                  struct slice txid)
{
    bool alone = is_transaction(offer, h, txid);

    for (size_t i = 0; i < h->count; i++) {
        const struct seen *s = &h->list[i];
        if (s->as == SEEN_QUEUED && !lifecycle_takes_back(s->stage) &&
            (alone ? slice_eq(s->txid, txid) : !is_transaction(offer, h, s->txid)))
            return s;
    }
    return NULL;
}

/* ---- transitions ---- */

static bool lists(const struct transition_rule *rule, struct slice stage)
{
    for (size_t i = 0; i < rule->from_count; i++)
        if (slice_eq(rule->from[i], stage))
            return true;
    return false;
}

/* A new transaction may come when any conversion of the click stands where the rule allows. */
static bool any_allows(const struct offer *offer, const struct history *h,
                       const struct transition_rule *rule, const struct seen **last)
{
    *last = NULL;
    for (size_t i = 0; i < h->count; i++) {
        const struct seen *s = &h->list[i];
        if (!lifecycle_moved(s) || s != lifecycle_last(offer, h, (struct slice){ 0 }, s->txid))
            continue;
        if (!*last)
            *last = s;
        if (lists(rule, s->stage))
            return true;
    }
    return *last ? false : rule->from_new;
}

const struct transition_rule *lifecycle_forbids(const struct offer *offer, const struct history *h,
                                                struct slice stage, struct slice txid,
                                                const struct seen **last)
{
    const struct transition_rule *rule = mapping_transition(offer, stage);

    *last = NULL;
    if (!rule)
        return NULL;
    *last = lifecycle_last(offer, h, stage, txid);
    if (!*last && stands_alone(offer, h, stage, txid))
        return any_allows(offer, h, rule, last) ? NULL : rule;
    if (!*last)
        return rule->from_new ? NULL : rule;
    /* The same stage again is no transition: it is a duplicate, or another event. */
    return slice_eq((*last)->stage, stage) || lists(rule, (*last)->stage) ? NULL : rule;
}

struct slice lifecycle_list(const struct transition_rule *rule, struct arena *arena)
{
    struct slice out = rule->from_new ? S("new") : (struct slice){ 0 };

    for (size_t i = 0; i < rule->from_count; i++)
        out = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(out),
                           out.len == 0                   ? ""
                           : i + 1 == rule->from_count    ? " or "
                                                          : ", ",
                           SLICE_ARG(rule->from[i]));
    return out;
}

struct slice lifecycle_when(struct arena *arena, int64_t seconds)
{
    struct buf b = { .limit = 64 };
    struct slice out;

    when_print(&b, seconds);
    out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return out;
}
