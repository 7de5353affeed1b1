#include "adapters/trackers/urls.h"

/* docs.bemob.com writes {externalId}, one page of help.bemob.com {externalID}.  {clickId} is
 * documented for offers and landers. */
static const struct tracker_macro macros[] = {
    { "clickId", MACRO_CLICK_ID },
    { "externalId", MACRO_EXTERNAL_ID },
    { "externalID", MACRO_EXTERNAL_ID },
    { "status", MACRO_STATUS },
    { "payout", MACRO_PAYOUT },
    { NULL, MACRO_OTHER },
};

/* "Postbacks for selected statuses" (docs.bemob.com): its own words, never the network's. */
static const struct tracker_status statuses[] = {
    { "lead", "new" },
    { "sale", "confirm" },
    { "rejected", "decline" },
    { "chargeback", "charge" },
    { NULL, NULL },
};

/* The first as source_setup says; the name is the user's own choice. */
static const char *const external_params[] = { "ttclid", "externalId", "externalid", "external_id", NULL };
static const char *const return_params[] = { "cid", NULL };
static const char *const postback_params[] = { "cid", NULL };

static const struct tracker_postback postbacks[] = {
    { NULL, "cid={clickId}&ttclid={externalId}&payout={payout}&status={status}" },
    { NULL, NULL },
};

const struct tracker_urls bemob_urls = {
    .id_alphabet = ID_DIGITS ID_LOWER ID_UPPER,
    .id_prefix = "",
    .id_length = 22,
    .external_params = external_params,
    .return_params = return_params,
    .postback_params = postback_params,
    .macros = macros,
    .statuses = statuses,
    .ad_link = "https://YOUR-TRACKER/go/CAMPAIGN-ID?ttclid=__CLICKID__&campaign=__CAMPAIGN_ID__"
               "&creative=__CID__",
    .source_setup = "External ID: parameter ttclid, token __CLICKID__\n"
                    "Another parameter: campaign, token __CAMPAIGN_ID__\n"
                    "Another parameter: creative, token __CID__",
    .lander_query = "cid={clickId}&ttclid={externalId}",
    .postbacks = postbacks,
    .postback_place = "the traffic source's \"Postback URL\"; keep \"Approved\" selected, and select "
                      "the other statuses that you want sent",
    .currency_param = "currency",
    .unknown =
        "{clickId} in the postback of a traffic source: it is documented for offers and landers. If "
        "it arrives as it stands (W020), remove it: the click is then found by its ttclid.\n"
        "{externalId} in a lander's URL: it is documented for postbacks. One help page spells it "
        "{externalID}: copy it from your panel.\n"
        "Macros for currency, transaction id, time, IP and user agent in that postback: none were "
        "found.\n"
        "The macro that carries a custom conversion's name.\n"
        "What a macro without a value becomes.\n"
        "Timeout and retries. The method is assumed to be GET.\n"
        "A ready-made TikTok template of BeMob's: not found.",
};
