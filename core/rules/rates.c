#include "core/rules/rates.h"

#include "core/base/when.h"
#include "core/yaml/expect.h"

#include <stdlib.h>

static const struct shape currency_shape = { SHAPE_TEXT, .pattern = "^[A-Z]{3}$" };
static const struct shape day_name_shape = { SHAPE_TEXT,
                                             .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" };
static const struct shape day_shape = { SHAPE_MAP, "units of a currency for one of the base",
                                        .of = &shape_amount, .names = &currency_shape };
static const struct shape days_shape = { SHAPE_MAP, .of = &day_shape, .names = &day_name_shape };

static const struct shape_key rates_keys[] = {
    SHAPE_KEY("version", &shape_version, "of the language of this file",
              .required = "begin the file with: version: 1"),
    SHAPE_KEY("base", &currency_shape, "the currency that the rates are for one unit of",
              .required = "the currency that the rates are for one unit of: base: EUR"),
    SHAPE_KEY("source", &shape_text, "whose rates these are"),
    SHAPE_KEY("days", &days_shape, "the rates of each day",
              .required = "write days: {2026-05-28: {USD: 1.08}}"),
    SHAPE_END,
};
const struct shape rates_shape = { SHAPE_MAP, "exchange rates", .keys = rates_keys };

static int by_day(const void *a, const void *b)
{
    int64_t x = ((const struct rate_day *)a)->at, y = ((const struct rate_day *)b)->at;

    return (x > y) - (x < y);
}

static bool currency_ok(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 'A' || s.ptr[i] > 'Z')
            return false;
    return s.len == 3;
}

static void read_day(struct expect *e, const struct yaml *node, struct rate_day *day)
{
    struct rate *list;
    size_t n = 0;

    if (!when_parse(arena_printf(e->arena, "%.*sT00:00:00Z", SLICE_ARG(node->key->text)), WHEN_ISO,
                    0, &day->at))
        diag_add(e->diags, DIAG_ERROR, "C031", node->key->at, S("write days like 2026-05-28"),
                 "\"%.*s\" is not a day", SLICE_ARG(node->key->text));
    if (!expect_map(e, node, "a day's rates", NULL))
        return;
    list = ARENA_ARRAY(e->arena, struct rate, node->count);
    for (const struct yaml *v = node->first; list && v; v = v->next) {
        list[n].currency = v->key->text;
        if (!currency_ok(v->key->text))
            diag_add(e->diags, DIAG_ERROR, "M014", v->key->at,
                     S("three capital letters, such as USD"), "\"%.*s\" is not a currency code",
                     SLICE_ARG(v->key->text));
        else if (expect_amount(e, v, "a rate", &list[n].per_base) && list[n].per_base.micros == 0)
            diag_add(e->diags, DIAG_ERROR, "C032", v->at, (struct slice){ 0 },
                     "a rate can't be 0");
        else
            n++;
    }
    day->rates = list;
    day->count = n;
}

struct rates *rates_load(struct arena *arena, const struct source *source, struct diags *diags)
{
    struct expect e = { arena, diags };
    unsigned errors = diags->errors;
    const struct yaml *root = yaml_parse(arena, source, diags), *days = yaml_get(root, S("days")),
                      *base = yaml_get(root, S("base"));
    struct rates *r = ARENA_NEW(arena, struct rates);
    struct rate_day *list;

    if (!r || !expect_map(&e, root, "a file of rates", &rates_shape))
        return NULL;
    expect_version(&e, root);
    if (expect_text(&e, base, "`base`", &r->base) && !currency_ok(r->base))
        diag_add(diags, DIAG_ERROR, "M014", base->at, S("three capital letters, such as USD"),
                 "\"%.*s\" is not a currency code", SLICE_ARG(r->base));
    expect_text(&e, yaml_get(root, S("source")), "`source`", &r->origin);
    if (expect_map(&e, days, "`days`", NULL)) {
        list = ARENA_ARRAY(arena, struct rate_day, days->count);
        for (const struct yaml *v = days->first; list && v; v = v->next)
            read_day(&e, v, &list[r->count++]);
        if (list)
            qsort(list, r->count, sizeof(*list), by_day);
        r->days = list;
    }
    return diags->errors == errors && !arena->full ? r : NULL;
}

static bool rate_of(const struct rates *rates, const struct rate_day *day, struct slice currency,
                    struct money *out)
{
    if (slice_eq(currency, rates->base)) {
        out->micros = MONEY_SCALE;
        return true;
    }
    for (size_t i = 0; i < day->count; i++) {
        if (slice_eq(day->rates[i].currency, currency)) {
            *out = day->rates[i].per_base;
            return true;
        }
    }
    return false;
}

bool rates_pair(const struct rates *rates, struct slice from, struct slice to, int64_t at,
                struct rate_pair *out)
{
    const struct rate_day *day;

    *out = (struct rate_pair){ 0 };
    if (!rates || rates->count == 0)
        return false;
    day = &rates->days[0];
    for (size_t i = 1; i < rates->count && rates->days[i].at <= at; i++)
        day = &rates->days[i];
    out->day = day->at;
    out->origin = rates->origin;
    return rate_of(rates, day, from, &out->from) && rate_of(rates, day, to, &out->to);
}
