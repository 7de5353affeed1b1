#include "adapters/store/click_merge.h"

/* What a registration may say.  The place in this table is the bit in column `keyed` that tells
 * whether a keyed call said it: rows may be added at the end, never moved. */
static const size_t fields[] = {
    offsetof(struct store_click, click_id), offsetof(struct store_click, ttclid),
    offsetof(struct store_click, event_id), offsetof(struct store_click, ttp),
    offsetof(struct store_click, ip),       offsetof(struct store_click, user_agent),
    offsetof(struct store_click, page_url), offsetof(struct store_click, referrer),
    offsetof(struct store_click, consent),  offsetof(struct store_click, country),
};
#define FIELDS  (sizeof(fields) / sizeof(*fields))
#define IDS     3 /* the first ones: they are what a click is found by */
#define CONSENT ((int64_t)1 << 8) /* its bit */

static struct slice *field(struct store_click *c, size_t i)
{
    return (struct slice *)(void *)((char *)c + fields[i]);
}

static struct slice said(const struct store_click *c, size_t i)
{
    return *(const struct slice *)(const void *)((const char *)c + fields[i]);
}

int64_t click_marks(const struct store_click *click)
{
    int64_t keyed = CLICK_KEYED | (click->at ? CLICK_AT : 0);

    if (!click->keyed)
        return click->refused ? CLICK_REFUSED : 0;
    for (size_t i = 0; i < FIELDS; i++)
        if (said(click, i).len)
            keyed |= (int64_t)1 << i;
    return keyed | (click->refused ? CLICK_REFUSED : 0);
}

/* A refusal always counts, and so does a later yes; but a page says yes again with every view, so
 * that it must not undo what a keyed call has reported (an objection by mail, say). */
static bool consent_wins(int64_t had, int64_t new)
{
    bool was = had & CLICK_REFUSED, is = new & CLICK_REFUSED;

    if (was && is)
        return new & ~had & CONSENT; /* now a keyed call says it, too */
    return was ? (new & CONSENT) || !(had & CONSENT) : is;
}

static bool wins(const struct kept_click *k, size_t i, int64_t had, int64_t new)
{
    int64_t bit = (int64_t)1 << i;

    if (bit == CONSENT && said(&k->click, i).len && ((had | new) & CLICK_REFUSED))
        return consent_wins(had, new);
    return said(&k->click, i).len == 0 || (new & ~had & bit);
}

bool click_merge(struct kept_click *k, const struct store_click *click)
{
    int64_t had = k->keyed, new = click_marks(click);
    bool changed = false;

    for (size_t i = 0; i < FIELDS; i++) {
        int64_t bits = (int64_t)1 << i;
        struct slice *is = field(&k->click, i), says = said(click, i);
        if (says.len == 0 || !wins(k, i, had, new))
            continue;
        changed |= !slice_eq(*is, says);
        *is = says;
        if (bits == CONSENT)
            k->keyed &= ~(CONSENT | CLICK_REFUSED);
        k->keyed |= new & (bits == CONSENT ? CONSENT | CLICK_REFUSED : bits);
    }
    if (click->at && (k->click.at == 0 || (new & ~had & CLICK_AT))) {
        changed |= k->click.at != click->at;
        k->click.at = click->at;
        k->keyed |= new & CLICK_AT;
    }
    k->keyed |= new & CLICK_KEYED;
    k->click.refused = k->keyed & CLICK_REFUSED;
    return changed || k->keyed != had;
}

bool click_cut(struct kept_click *k, const struct store_refusal *how)
{
    struct store_click cut = k->click;
    bool changed = false;

    how->cut_click(how->context, &cut);
    for (size_t i = IDS; i < FIELDS; i++) {
        struct slice *is = field(&k->click, i);
        if (is->len == 0 || said(&cut, i).len || (int64_t)1 << i == CONSENT)
            continue;
        *is = (struct slice){ 0 };
        k->keyed &= ~((int64_t)1 << i);
        changed = true;
    }
    return changed;
}
