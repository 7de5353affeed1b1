/* value_shapes.c: the keys of values and value models. */
#include "core/mapping/shapes.h"

#include "core/mapping/mapping.h"

static const struct slice payout_word[] = { SLICE("payout"), { 0 } };
static const struct shape payout = { SHAPE_WORD, "what the postback says", .words = payout_word };
static const struct shape share = { SHAPE_TEXT, "a share of the payout",
                                    .pattern = "^[0-9]+(\\.[0-9]{1,6})? *%$" };

/* ---- behind `value:` ---- */

static const struct shape *const amount_ways[] = { &payout, &shape_amount, &share, NULL };
static const struct shape amount = { SHAPE_EITHER, .either = amount_ways };
static const struct shape entries = { SHAPE_MAP, .min = 1, .of = &amount };

static const struct shape_key tiers_keys[] = {
    SHAPE_KEY("tiers", &entries, "an amount for each quality",
              .required = "write {tiers: {raw: 10}, by: \"{param.x}\"}", .late = true),
    SHAPE_KEY("by", &shape_template, "what names the tier",
              .required = "say what chooses the tier: by: \"{param.quality}\"", .late = true),
    SHAPE_KEY("default", &shape_text,
              "the tier for an unknown name; without it the postback is quarantined"),
    SHAPE_END,
};
const struct shape shape_tiers = { SHAPE_MAP, "tiers by quality", .keys = tiers_keys };

static const struct shape_key table_keys[] = {
    SHAPE_KEY("table", &entries, "an amount for each word, such as a country",
              .required = "write {table: {DE: 12.50}, by: \"{param.country}\"}, {tiers: ...} or "
                          "{model: NAME}",
              .late = true),
    SHAPE_KEY("by", &shape_template, "what names the entry",
              .required = "say what chooses the entry: by: \"{param.country}\"", .late = true),
    SHAPE_KEY("default", &amount,
              "for every word that is not listed; without it the postback is quarantined"),
    SHAPE_END,
};
const struct shape shape_table = { SHAPE_MAP, "a table", .keys = table_keys };

static const struct shape_key model_use_keys[] = {
    SHAPE_KEY("model", &shape_text, "a name under value_models",
              .required = "name it: {model: NAME}"),
    SHAPE_END,
};
const struct shape shape_model_use = { SHAPE_MAP, "a value model", .keys = model_use_keys };

static const struct shape *const model_value_ways[] = { &payout,      &shape_amount, &share,
                                                        &shape_tiers, &shape_table,  NULL };
static const struct shape model_value = { SHAPE_EITHER, .either = model_value_ways };
static const struct shape *const value_ways[] = { &payout,      &shape_amount,    &share,
                                                  &shape_tiers, &shape_table,     &shape_model_use,
                                                  NULL };
const struct shape shape_value = { SHAPE_EITHER, .either = value_ways };

/* ---- beside it ---- */

static const struct shape months = { SHAPE_WHOLE, .min = 2, .max = 60 };
static const struct shape_key lifetime_keys[] = {
    SHAPE_KEY("months", &months, "how many payments are counted, 2 to 60",
              .required = "write lifetime: {months: 6, keep: 85}"),
    SHAPE_KEY("keep", &shape_amount, "percent that stay from one month to the next, 1 to 100",
              .required = "write lifetime: {months: 6, keep: 85}"),
    SHAPE_END,
};
const struct shape shape_lifetime = { SHAPE_MAP, .keys = lifetime_keys };

static const struct shape_key cost_keys[] = {
    SHAPE_KEY("from", &shape_template, "an amount, or where it comes from",
              .required = "write {from: \"{cost}\", currency: EUR}"),
    SHAPE_KEY("currency", &shape_currency, "of the cost; without it that of the value"),
    SHAPE_END,
};
const struct shape shape_cost = { SHAPE_MAP, .keys = cost_keys };
static const struct shape *const cost_ways[] = { &shape_amount, &shape_template, &shape_cost, NULL };
static const struct shape cost = { SHAPE_EITHER, .either = cost_ways };

static const struct shape_key beside_keys[] = {
    SHAPE_KEY("currency", &shape_currency, "of fixed amounts; otherwise value_currency"),
    SHAPE_KEY("lifetime", &shape_lifetime, "a subscription's first payment becomes its likely sum"),
    SHAPE_KEY("percent", &shape_amount, "the share of the value that is sent"),
    SHAPE_KEY("minus", &cost, "what is taken off, such as the click's cost"),
    SHAPE_KEY("min", &shape_amount, "a smaller value is raised to this"),
    SHAPE_KEY("max", &shape_amount, "a larger value is cut to this"),
    SHAPE_END,
};
const struct shape shape_beside_value = { SHAPE_MAP, .keys = beside_keys };

bool shape_beside_value_row(struct arena *arena, size_t i, struct shape_key *out)
{
    return shape_row(&shape_beside_value, arena, i, out);
}

/* ---- models ---- */

static const struct shape_key model_keys[] = {
    SHAPE_KEY("value", &model_value, "what it is", .required = "say what it is: value: payout"),
    SHAPE_END,
};
const struct shape shape_model = { SHAPE_MAP, "a value model", .keys = model_keys,
                                   .row = shape_beside_value_row };

static const struct shape models = { SHAPE_MAP, .of = &shape_model };
static const struct shape models_path = { SHAPE_TEXT, "a file beside this one",
                                          .pattern = "\\.ya?ml$" };
static const struct shape *const models_ways[] = { &models_path, &models, NULL };
const struct shape shape_models = { SHAPE_EITHER, .either = models_ways };

static const struct shape_key models_file_keys[] = {
    SHAPE_KEY("version", &shape_version, "of the language of this file",
              .required = "begin the file with: version: 1"),
    SHAPE_KEY("value_models", &models, "values with a name",
              .required = "write value_models: {lead: {value: 10, currency: USD}}"),
    SHAPE_END,
};
const struct shape mapping_models_shape = { SHAPE_MAP, "a file of value models",
                                            .keys = models_file_keys };
