/* check.c: do the rates serve what the offers ask of them? */
#include "cli/rates/rates.h"

#include "core/rules/currency.h"

struct slice rates_age(struct arena *arena, int64_t day, int64_t now)
{
    long long days = (long long)currency_days(day, now);

    return arena_printf(arena, "%lld day%s", days, days == 1 ? "" : "s");
}

void rates_check(struct catalog *c, int64_t now)
{
    const struct rates *rates = c->translator.rates;
    bool certain = c->config != NULL, any = false;
    struct place at = { 0 };
    int64_t newest;

    if (!rates)
        return;
    for (size_t i = 0; i < c->offer_count; i++)
        any |= currency_check(c->offers[i].offer, rates, now, certain, &c->diags);
    newest = rates_newest(rates, &at);
    if (any && certain && currency_days(newest, now) > CURRENCY_FILE_OLD)
        diag_add(&c->diags, DIAG_WARNING, "C034", at,
                 c->lookup.mappings
                     ? arena_printf(&c->arena,
                                    "renew them: clickbaton rates import eurofxref-hist-90d.xml "
                                    "-o %s/rates.yaml (docs/currency.md)",
                                    c->lookup.mappings)
                     : S("say `mappings: ./mappings` in the configuration, and renew them: "
                         "clickbaton rates import eurofxref-hist-90d.xml (docs/currency.md)"),
                 "the newest exchange rates are %.*s old",
                 SLICE_ARG(rates_age(&c->arena, newest, now)));
}

static bool is_own(const struct catalog *c)
{
    return c->lookup.mappings &&
           slice_starts(c->translator.rates->source->name, slice_from(c->lookup.mappings));
}

void rates_summary(const struct catalog *c, int64_t now)
{
    const struct rates *rates = c->translator.rates;
    struct currency_need need;
    struct arena arena = { 0 };
    struct buf b = { 0 };
    bool any = rates && is_own(c);
    int64_t newest;

    for (size_t i = 0; i < c->offer_count && rates && !any; i++)
        any = currency_need(c->offers[i].offer, &(size_t){ 0 }, &need);
    if (!any)
        return;
    arena_init(&arena, 4096);
    newest = rates_newest(rates, NULL);
    buf_printf(&b, "rates: %.*s, newest ", SLICE_ARG(rates->source->name));
    rate_day_print(&b, newest);
    printf("%.*s, %.*s old\n", SLICE_ARG(buf_slice(&b)),
           SLICE_ARG(rates_age(&arena, newest, now)));
    buf_free(&b);
    arena_free(&arena);
}
