/* words.c: numbers and codes as a review writes them; order and percentiles. */
#include "core/base/codes.h"
#include "core/review/inside.h"

/* As TALLY_LATENCY_MS of the store. */
const int64_t review_bounds[] = { 100,   250,    500,    1000,    2500,     5000,    10000,
                                  30000, 60000,  300000, 900000,  3600000,  21600000, 86400000 };

int64_t review_percentile(const int64_t buckets[REVIEW_BUCKETS], int p)
{
    int64_t all = 0, rank, seen = 0;

    for (int i = 0; i < REVIEW_BUCKETS; i++)
        all = review_sum(all, buckets[i] > 0 ? buckets[i] : 0);
    if (all == 0)
        return -1;
    rank = all / 100 * p + (all % 100 * p + 99) / 100;
    for (int i = 0; i < REVIEW_BUCKETS - 1; i++) {
        seen = review_sum(seen, buckets[i] > 0 ? buckets[i] : 0);
        if (seen >= rank)
            return review_bounds[i];
    }
    return INT64_MAX;
}

/* A copy in the arena of what was written. */
static struct slice keep(struct arena *a, struct buf *text)
{
    struct slice out = arena_dup(a, buf_slice(text));

    buf_free(text);
    return out;
}

struct slice review_number(struct arena *a, enum chart_unit unit, const char *currency, int64_t n)
{
    struct buf text = { 0 };

    chart_number(&text, unit, slice_from(currency), n);
    return keep(a, &text);
}

struct slice review_share(struct arena *a, int64_t n, int64_t whole)
{
    return whole <= 0 ? S("-") : review_number(a, CHART_PERMILLE, "", chart_permille(n, whole));
}

struct slice review_delay(struct arena *a, const int64_t buckets[REVIEW_BUCKETS], int p)
{
    int64_t ms = review_percentile(buckets, p);

    if (ms < 0)
        return S("-");
    return ms == INT64_MAX ? S("over 1 d") : review_number(a, CHART_MS, "", ms);
}

struct slice review_change(struct arena *a, int64_t now, int64_t before)
{
    struct buf text = { 0 };
    int64_t by = now - before, share;

    if (before <= 0 || now < 0)
        return S("");
    share = chart_permille(by < 0 ? -by : by, before);
    if (share >= 10000)
        return arena_printf(a, "x%lld", (long long)(now / before));
    buf_puts(&text, by < 0 ? "-" : by > 0 ? "+" : "");
    chart_number(&text, CHART_PERMILLE, S(""), share);
    return keep(a, &text);
}

struct slice review_moment(const struct review *r, int64_t at)
{
    struct buf text = { 0 };

    chart_moment(&text, r->wall(r->clock, at), 3600);
    return keep(r->arena, &text);
}

struct slice review_period(const struct review *r)
{
    int64_t length = r->until - r->since;

    if (length % 86400 == 0)
        return length == 86400 ? S("day") : arena_printf(r->arena, "%d days", (int)(length / 86400));
    return length == 3600 ? S("hour") : arena_printf(r->arena, "%d hours", (int)(length / 3600));
}

static const struct code *known(struct slice code)
{
    char name[8];

    if (code.len >= sizeof(name) || !code.len)
        return NULL;
    memcpy(name, code.ptr, code.len);
    name[code.len] = '\0';
    return code_find(name);
}

struct slice review_title(const char *fallback, struct slice code)
{
    const struct code *c = known(code);

    return slice_from(c ? c->title : fallback);
}

struct slice review_remedy(struct slice code)
{
    const struct code *c = known(code);

    return slice_from(c ? c->remedy : "");
}

/* ---- the greatest first ---- */

/* Short lists: where there is one before it that is smaller, it goes there. */
static struct review_named *named_sorted(struct review_named *list)
{
    struct review_named *out = NULL, **at, *next;

    for (; list; list = next) {
        next = list->next;
        for (at = &out; *at && ((*at)->n[REVIEW_NOW] > list->n[REVIEW_NOW] ||
                                ((*at)->n[REVIEW_NOW] == list->n[REVIEW_NOW] &&
                                 slice_cmp((*at)->name, list->name) < 0));
             at = &(*at)->next)
            ;
        list->next = *at;
        *at = list;
    }
    return out;
}

static int64_t weight(const struct review_answer *a)
{
    return review_sum(review_sum(a->dead[REVIEW_NOW], a->again[REVIEW_NOW]), a->delivered[REVIEW_NOW]);
}

static struct review_answer *answers_sorted(struct review_answer *list)
{
    struct review_answer *out = NULL, **at, *next;

    for (; list; list = next) {
        next = list->next;
        for (at = &out; *at && (weight(*at) > weight(list) ||
                                (weight(*at) == weight(list) && slice_cmp((*at)->name, list->name) < 0));
             at = &(*at)->next)
            ;
        list->next = *at;
        *at = list;
    }
    return out;
}

void review_order(struct review_offer *o)
{
    o->reasons = named_sorted(o->reasons);
    o->warnings = named_sorted(o->warnings);
    o->answers = answers_sorted(o->answers);
}
