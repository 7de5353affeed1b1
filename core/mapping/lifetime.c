/* lifetime.c: `lifetime: {months: 6, keep: 85}`: how many first payments a subscriber is worth when
 * so many of a hundred stay each month. */
#include "core/mapping/build.h"

#define MONTHS_MAX 60
#define LIMB       100000000 /* of decimal digits behind the point: eight each, as keep / 100 has */

/* 1 + k + k^2 ... with as many terms as months, k = keep / 100, by Horner's rule in decimal digits:
 * nothing is lost before the one rounding at the end. */
static struct money sum_of(unsigned months, struct money keep)
{
    uint64_t units = 1, digits[MONTHS_MAX] = { 0 }; /* digits[0] stands right behind the point */
    uint64_t k = (uint64_t)keep.micros, micros, rest, sticky = 0, carry;

    for (unsigned term = 1; term < months; term++) {
        carry = 0; /* sum * k, which is 10^8 times too much: so all moves one place to the right */
        for (unsigned i = term - 1; i-- > 0;) {
            uint64_t p = digits[i] * k + carry;
            digits[i + 1] = p % LIMB;
            carry = p / LIMB;
        }
        units = units * k + carry;
        digits[0] = units % LIMB;
        units = units / LIMB + 1;
    }
    for (unsigned i = 1; i < MONTHS_MAX; i++)
        sticky |= digits[i];
    micros = units * MONEY_SCALE + digits[0] / 100;
    rest = digits[0] % 100;
    if (rest > 50 || (rest == 50 && (sticky || micros % 2 != 0)))
        micros++;
    return (struct money){ (int64_t)micros };
}

static bool read_months(struct build *b, const struct yaml *node, unsigned *out)
{
    struct slice text;
    uint64_t n = 0;

    if (!expect_text(&b->expect, node, "`months`", &text))
        return false;
    if (slice_to_u64(text, &n) && n >= 2 && n <= MONTHS_MAX) {
        *out = (unsigned)n;
        return true;
    }
    diag_add(b->expect.diags, DIAG_ERROR, "M034", node->at,
             n == 1 && text.len ? S("leave `lifetime` out: one month is the value itself")
                                : S("a whole number from 2 to 60, such as months: 6"),
             "`months` can't be \"%.*s\"", SLICE_ARG(text));
    return false;
}

static bool read_keep(struct build *b, const struct yaml *node, struct money *out)
{
    if (!expect_amount(&b->expect, node, "`keep`", out))
        return false;
    if (out->micros >= MONEY_SCALE && out->micros <= INT64_C(100) * MONEY_SCALE)
        return true;
    diag_add(b->expect.diags, DIAG_ERROR, "M034", node->at,
             S("how many of a hundred subscribers stay from one month to the next, 1 to 100: "
               "keep: 85"),
             "`keep` can't be \"%.*s\"", SLICE_ARG(node->text));
    return false;
}

void build_lifetime(struct build *b, const struct yaml *node, struct value_rule *out)
{
    const struct yaml *months = yaml_get(node, S("months")), *keep = yaml_get(node, S("keep"));
    struct value_lifetime l = { 0 };
    bool good;

    if (!expect_map(&b->expect, node, "`lifetime`", &shape_lifetime))
        return;
    good = read_months(b, months, &l.months);
    if (!read_keep(b, keep, &l.keep) || !good)
        return;
    l.times = sum_of(l.months, l.keep);
    out->lifetime = l;
    out->lifetime_at = node->at;
    out->has_lifetime = true;
}
