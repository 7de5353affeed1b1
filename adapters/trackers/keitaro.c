#include "adapters/trackers/ids.h"
#include "adapters/trackers/urls.h"

/* Keitaro lets the postback URL itself say what a network's words mean ("Postback URL",
 * docs.keitaro.io/en/conversions/postback.html):
 *   &lead_status=reg,topup&sale_status=billed&rejected_status=canceled,fake&ignore_status=test
 * These lists win over the mapping's words; a word in none of them is the mapping's business. */

struct word_list {
    struct slice param, stage;
};

static const struct word_list lists[] = {
    { SLICE("sale_status"), SLICE("sale") },
    { SLICE("lead_status"), SLICE("lead") },
    { SLICE("rejected_status"), SLICE("rejected") },
    { SLICE("ignore_status"), SLICE("ignore") }, /* newer copies of the page */
    { SLICE("ignore"), SLICE("ignore") },        /* older ones */
    /* The page's own example says rejected=canceled,fake.  A single word could be anything. */
    { SLICE("rejected"), SLICE("rejected") },
    { { 0 }, { 0 } },
};

static bool lists_word(struct slice list, struct slice word)
{
    struct slice item;

    while (slice_next(&list, ',', &item))
        if (slice_eq_nocase(slice_trim(item), word))
            return true;
    return false;
}

static bool is_typo(const struct word_list *l)
{
    return slice_eq(l->param, S("rejected"));
}

/* The row of the first list that holds the word, from row l on; NULL when there is none. */
static const struct word_list *list_of(const struct params *params, struct slice word,
                                       const struct word_list *l)
{
    struct slice value;

    for (; l->param.ptr; l++) {
        if (!params_get(params, l->param, &value) || params_unusable(value))
            continue;
        if (is_typo(l) && slice_index(value, ',') == value.len)
            continue;
        if (lists_word(value, word))
            return l;
    }
    return NULL;
}

static void keitaro_finish(const struct tracker_in *in, struct conversion *conv)
{
    struct slice word = slice_trim(conv->fields[FIELD_STATUS].value), shown;
    const struct word_list *first, *other;

    ids_check(in, conv);
    if (word.len == 0 || !(first = list_of(in->params, word, lists)))
        return;
    shown = note_short(in->arena, word);
    for (other = first; (other = list_of(in->params, word, other + 1));)
        if (!slice_eq(other->stage, first->stage)) {
            note_add(in->notes, "W043", other->param,
                     "%.*s and %.*s both list \"%.*s\": neither is believed, the mapping decides",
                     SLICE_ARG(first->param), SLICE_ARG(other->param), SLICE_ARG(shown));
            return;
        }
    if (is_typo(first))
        note_add(in->notes, "W044", first->param,
                 "%.*s was read as rejected_status, which is the parameter's name in Keitaro",
                 SLICE_ARG(first->param));
    conv->stage = first->stage;
}

const struct tracker tracker_keitaro = {
    .name = "keitaro",
    .summary = "Keitaro: status lists inside the postback URL",
    .urls = &keitaro_urls,
    .finish = keitaro_finish,
};
