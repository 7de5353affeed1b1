#include "adapters/trackers/ids.h"
#include "adapters/trackers/urls.h"
#include "core/mapping/mapping.h"

/* Binom has two free texts for what happened, {cnv_status} and {cnv_status2} ("Conversions to
 * source", docs.binom.org/conv-to-source.php), and no {status}: people write it all the same. */

static void check_status_twice(const struct tracker_in *in, const struct field_value *used)
{
    struct slice other, shown;

    if (!slice_eq(used->name, S("cnv_status")) || !params_get(in->params, S("status"), &other))
        return;
    if (params_unusable(other) || slice_eq_nocase(slice_trim(other), slice_trim(used->value)))
        return;
    shown = note_short(in->arena, other);
    note_add(in->notes, "W046", S("status"),
             "status=%.*s was not used: Binom's own word for it is cnv_status", SLICE_ARG(shown));
}

static void binom_finish(const struct tracker_in *in, struct conversion *conv)
{
    const struct field_value *status = &conv->fields[FIELD_STATUS];
    const struct field_value *second = &conv->fields[FIELD_TYPE];
    const struct stage_word *word;
    struct slice shown;

    ids_check(in, conv);
    check_status_twice(in, status);
    if (status->value.len == 0 || second->value.len == 0)
        return; /* whichever there is decides */
    if (mapping_word(in->offer, slice_trim(status->value)))
        return;
    word = mapping_word(in->offer, slice_trim(second->value));
    if (!word)
        return;
    shown = note_short(in->arena, status->value);
    note_add(in->notes, "W047", second->name, "%.*s decided: no stage lists \"%.*s\" (%.*s)",
             SLICE_ARG(second->name), SLICE_ARG(shown), SLICE_ARG(status->name));
    conv->stage = word->stage;
    conv->stage_at = word->at;
}

const struct tracker tracker_binom = {
    .name = "binom",
    .summary = "Binom v1 and v2: two status texts, the second when the first says nothing",
    .urls = &binom_urls,
    .finish = binom_finish,
};
