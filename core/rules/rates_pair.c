/* rates_pair.c: which rates a conversion uses, and their ratio. */
#include "core/rules/rates.h"

#include "core/base/note.h"

__extension__ typedef unsigned __int128 wide;

/* A currency's worth in units of `base`, as it was found. */
struct side {
    wide digits;
    int decimals;
    struct slice base, currency; /* currency: the one that `day` is about, with its origin */
    struct slice origin, second;
    int64_t day;
    bool early;
};
#define ALWAYS INT64_MAX /* the day of what is worth 1 by definition */

static struct side one(struct slice currency)
{
    return (struct side){ .digits = 1, .base = currency, .currency = currency, .day = ALWAYS };
}

/* The newest point that is not after `at`; the oldest when all are. */
static const struct rate_point *point_at(const struct rate_series *s, int64_t at)
{
    size_t low = 0, high = s->count;

    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (s->points[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &s->points[low];
}

static size_t first_series(const struct rates *rates, struct slice currency)
{
    size_t low = 0, high = rates->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_cmp(rates->series[middle].currency, currency) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Is point a nearer to the conversion than b?  On the same day the first section counts. */
static bool nearer(const struct rate_point *a, const struct rate_point *b, int64_t at)
{
    if ((a->at <= at) != (b->at <= at))
        return a->at <= at;
    return a->at <= at ? a->at > b->at : a->at < b->at;
}

/* The currency in whichever section knows it best; base empty: of any base. */
static bool find(const struct rates *rates, struct slice currency, struct slice base, int64_t at,
                 struct side *out)
{
    const struct rate_point *best = NULL;

    if (slice_eq(currency, rates->base)) {
        *out = one(currency);
        return true;
    }
    for (size_t i = first_series(rates, currency);
         i < rates->count && slice_eq(rates->series[i].currency, currency); i++) {
        const struct rate_series *s = &rates->series[i];
        const struct rate_point *p = point_at(s, at);
        if ((base.len && !slice_eq(base, s->section->base)) || (best && !nearer(p, best, at)))
            continue;
        best = p;
        *out = (struct side){ .digits = (wide)p->rate.digits,
                              .decimals = p->rate.decimals,
                              .base = s->section->base,
                              .currency = currency,
                              .origin = s->section->origin,
                              .day = p->at,
                              .early = p->at > at };
    }
    return best != NULL;
}

/* The older day is the one that counts, with its source first; one other source is named. */
static void join(struct side *side, const struct side *with)
{
    const struct slice origins[] = { with->day < side->day ? side->origin : with->origin,
                                     side->second, with->second };

    if (with->day < side->day) {
        side->day = with->day;
        side->currency = with->currency;
        side->origin = with->origin;
    }
    side->second = (struct slice){ 0 };
    for (size_t i = 0; i < 3 && side->second.len == 0; i++)
        if (!slice_eq(origins[i], side->origin))
            side->second = origins[i];
    side->early = side->early || with->early;
}

/* From units of its own base to units of the file's. */
static bool lift(const struct rates *rates, int64_t at, struct side *side)
{
    struct side base;

    if (slice_eq(side->base, rates->base))
        return true;
    if (!find(rates, side->base, rates->base, at, &base))
        return false;
    side->digits *= base.digits; /* 18 digits each */
    side->decimals += base.decimals;
    side->base = rates->base;
    join(side, &base);
    return true;
}

/* Both over one power of ten, millionths as everywhere else when that is enough, and small enough for
 * the pair: what has more than 18 digits then loses the last ones. */
static void ratio(struct side from, struct side to, struct rate_pair *out)
{
    const wide most = (wide)1 << 124, padded = (wide)1 << 100;
    struct side *fewer = from.decimals < to.decimals ? &from : &to;
    struct side *more = fewer == &from ? &to : &from;
    int shift = more->decimals - fewer->decimals;

    for (int i = more->decimals; i < 6 && more->digits < padded && fewer->digits < padded; i++) {
        more->digits *= 10;
        fewer->digits *= 10;
    }
    for (; shift > 0; shift--) {
        if (fewer->digits < most / 10)
            fewer->digits *= 10;
        else
            more->digits = (more->digits + 5) / 10;
    }
    while (from.digits > INT64_MAX || to.digits > INT64_MAX) {
        from.digits = (from.digits + 5) / 10;
        to.digits = (to.digits + 5) / 10;
    }
    out->from.micros = (int64_t)from.digits;
    out->to.micros = (int64_t)to.digits;
}

bool rates_pair(const struct rates *rates, struct slice from, struct slice to, int64_t at,
                struct rate_pair *out)
{
    static const struct slice any = { 0 };
    struct side f, t;

    *out = (struct rate_pair){ 0 };
    if (!rates || !find(rates, from, any, at, &f) || !find(rates, to, any, at, &t))
        return false;
    if (!slice_eq(f.base, t.base)) {
        if (slice_eq(f.base, to))
            t = one(to);
        else if (slice_eq(t.base, from))
            f = one(from);
        else if (!lift(rates, at, &f) || !lift(rates, at, &t))
            return false;
    }
    ratio(f, t, out);
    if (out->from.micros == 0 || out->to.micros == 0) /* further apart than 18 digits can say */
        return false;
    join(&f, &t);
    out->day = f.day == ALWAYS ? at : f.day; /* both are the base */
    out->oldest = f.currency;
    out->origin = f.origin;
    out->second = f.second;
    out->early = f.early;
    return true;
}

bool rates_know(const struct rates *rates, struct slice currency)
{
    struct side side;

    return rates && find(rates, currency, (struct slice){ 0 }, 0, &side);
}

struct slice rates_describe(struct arena *arena, struct slice from, struct slice to,
                            const struct rate_pair *pair)
{
    const bool down = pair->to.micros < pair->from.micros; /* 1 USD = 25400 VND reads better */
    struct money unit = { MONEY_SCALE }, worth = { 0 };
    struct buf b = { .limit = 1000 };
    struct slice out;

    money_scale(unit, down ? pair->from.micros : pair->to.micros,
                down ? pair->to.micros : pair->from.micros, 6, &worth);
    buf_printf(&b, "1 %.*s = ", SLICE_ARG(down ? to : from));
    money_print(&b, worth);
    buf_printf(&b, " %.*s, ", SLICE_ARG(down ? from : to));
    rate_day_print(&b, pair->day);
    buf_printf(&b, "%s%.*s%s%.*s", pair->origin.len ? ", " : "",
               SLICE_ARG(note_short(arena, pair->origin)), pair->second.len ? "; " : "",
               SLICE_ARG(note_short(arena, pair->second)));
    out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return out;
}
