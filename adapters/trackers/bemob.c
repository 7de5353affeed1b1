#include "adapters/trackers/ids.h"
#include "adapters/trackers/urls.h"
#include "core/mapping/mapping.h"

/* With statuses switched on, BeMob sends {payout} as 0 for conversions that are new or declined
 * ("Send postbacks for selected statuses", docs.bemob.com): that is no amount of money. */
static const struct slice unpaid[] = { SLICE("new"), SLICE("decline"), { 0 } };

static bool is_unpaid(struct slice status)
{
    for (const struct slice *s = unpaid; s->ptr; s++)
        if (slice_eq_nocase(slice_trim(status), *s))
            return true;
    return false;
}

static void bemob_finish(const struct tracker_in *in, struct conversion *conv)
{
    struct field_value *payout = &conv->fields[FIELD_PAYOUT];
    struct slice status = slice_trim(conv->fields[FIELD_STATUS].value);
    struct money amount;

    ids_check(in, conv);
    if (payout->value.len == 0 || !is_unpaid(status))
        return;
    if (money_parse(payout->value, in->offer->mark, &amount, NULL) != MONEY_OK || amount.micros)
        return;
    note_add(in->notes, "W045", payout->name,
             "%.*s=0 is no value: BeMob sends 0 while a conversion is not confirmed (status %.*s)",
             SLICE_ARG(payout->name), SLICE_ARG(status));
    *payout = (struct field_value){ 0 };
}

const struct tracker tracker_bemob = {
    .name = "bemob",
    .summary = "BeMob: a payout of 0 says nothing until the conversion is confirmed",
    .urls = &bemob_urls,
    .finish = bemob_finish,
};
