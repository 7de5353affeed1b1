/* rate_part.c: what an offer mapping says about conversion: without_rate, rate_max_age. */
#include "core/mapping/build.h"

void build_rate_part(struct build *b, const struct yaml *root)
{
    const struct yaml *without = yaml_get(root, S("without_rate")),
                      *age = yaml_get(root, S("rate_max_age"));
    size_t word = 0;
    struct slice text;

    if (expect_choice(&b->expect, root, &mapping_offer_shape, "without_rate", &word))
        b->offer->without_rate = (enum without_rate)word;
    if (expect_text(&b->expect, age, "`rate_max_age`", &text) &&
        (!when_duration_parse(text, &b->offer->rate_max_age) || b->offer->rate_max_age < 86400)) {
        b->offer->rate_max_age = 0;
        diag_add(b->expect.diags, DIAG_ERROR, "M035", age->at,
                 S("at least one day, since rates are dated by day: 30d"),
                 "`rate_max_age` can't be \"%.*s\"", SLICE_ARG(text));
    }
    if ((without || age) && b->offer->value_currency.len == 0 && !yaml_get(root, S("value_currency")))
        diag_add(b->expect.diags, DIAG_WARNING, "M036", without ? without->key->at : age->key->at,
                 S("add value_currency: USD, or remove it"),
                 "nothing is converted without `value_currency`, so this has no effect");
}
