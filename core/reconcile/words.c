/* words.c: names of causes, sides and tallies, and what statuses mean. */
#include "core/reconcile/internal.h"

const char *const cause_codes[CAUSES] = {
    NULL,   "F001", "F002", "F003", "F004", "F005", "F006", "F007", "F008", "F009", "F010",
    "F011", "F012", "F013", "F014", "F015", "F016", "F017", "F018", "F019", "F020",
};
const char *const side_names[SIDES] = { "tracker", "crm", "ledger" };
const char *const tally_names[TALLIES] = { "in_tracker", "received", "unique", "ignored",
                                           "quarantined", "delivered", "waiting", "dead",
                                           "in_crm" };

/* Words of the trackers' own states and of the networks' (reference: 395 templates of Keitaro, counted). */
static const struct {
    struct slice word;
    enum stage stage;
} words[] = {
    { SLICE("pending"), STAGE_PENDING },      { SLICE("hold"), STAGE_PENDING },
    { SLICE("new"), STAGE_PENDING },          { SLICE("wait"), STAGE_PENDING },
    { SLICE("waiting"), STAGE_PENDING },      { SLICE("open"), STAGE_PENDING },
    { SLICE("unpaid"), STAGE_PENDING },       { SLICE("processing"), STAGE_PENDING },
    { SLICE("lead"), STAGE_LEAD },            { SLICE("reg"), STAGE_LEAD },
    { SLICE("registration"), STAGE_LEAD },    { SLICE("sale"), STAGE_SALE },
    { SLICE("approved"), STAGE_SALE },        { SLICE("approve"), STAGE_SALE },
    { SLICE("confirmed"), STAGE_SALE },       { SLICE("confirm"), STAGE_SALE },
    { SLICE("paid"), STAGE_SALE },            { SLICE("purchase"), STAGE_SALE },
    { SLICE("completed"), STAGE_SALE },       { SLICE("complete"), STAGE_SALE },
    { SLICE("won"), STAGE_SALE },             { SLICE("succeeded"), STAGE_SALE },
    { SLICE("rebill"), STAGE_REBILL },        { SLICE("upsell"), STAGE_REBILL },
    { SLICE("rejected"), STAGE_REJECTED },    { SLICE("reject"), STAGE_REJECTED },
    { SLICE("trash"), STAGE_REJECTED },       { SLICE("declined"), STAGE_REJECTED },
    { SLICE("decline"), STAGE_REJECTED },     { SLICE("cancel"), STAGE_REJECTED },
    { SLICE("cancelled"), STAGE_REJECTED },   { SLICE("canceled"), STAGE_REJECTED },
    { SLICE("failed"), STAGE_REJECTED },      { SLICE("fail"), STAGE_REJECTED },
    { SLICE("lost"), STAGE_REJECTED },        { SLICE("invalid"), STAGE_REJECTED },
    { SLICE("fake"), STAGE_REJECTED },        { SLICE("spam"), STAGE_REJECTED },
    { SLICE("refund"), STAGE_REFUND },        { SLICE("refunded"), STAGE_REFUND },
    { SLICE("charge"), STAGE_CHARGEBACK },    { SLICE("chargeback"), STAGE_CHARGEBACK },
};

enum stage stage_of_word(struct slice word)
{
    word = slice_trim(word);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (slice_eq_nocase(word, words[i].word))
            return words[i].stage;
    return STAGE_OTHER;
}

enum stage stage_named(struct slice name)
{
    static const struct {
        struct slice name;
        enum stage stage;
    } names[] = {
        { SLICE("lead"), STAGE_LEAD },         { SLICE("sale"), STAGE_SALE },
        { SLICE("rebill"), STAGE_REBILL },     { SLICE("rejected"), STAGE_REJECTED },
        { SLICE("refund"), STAGE_REFUND },     { SLICE("chargeback"), STAGE_CHARGEBACK },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (slice_eq(name, names[i].name))
            return names[i].stage;
    return STAGE_OTHER;
}

bool is_taken_back(enum stage stage)
{
    return stage >= STAGE_REJECTED;
}
