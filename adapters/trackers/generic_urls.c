#include "adapters/trackers/urls.h"

/* Stand-ins: there is no vendor whose spelling could be looked up.  They are written as macros so
 * that one which is forgotten counts as nothing and is reported (W020). */
static const struct tracker_macro macros[] = {
    { "click_id", MACRO_CLICK_ID },
    { "ttclid", MACRO_EXTERNAL_ID },
    { "status", MACRO_STATUS },
    { "type", MACRO_TYPE },
    { "payout", MACRO_PAYOUT },
    { "currency", MACRO_CURRENCY },
    { "txid", MACRO_TXID },
    { "click_time", MACRO_CLICK_UNIX },
    { "ip", MACRO_IP },
    { "user_agent", MACRO_USER_AGENT },
    { "sub*", MACRO_PARAM },
    { NULL, MACRO_OTHER },
};

static const char *const external_params[] = { "ttclid", "external_id", NULL };
static const char *const return_params[] = { "click_id", "clickid", "cid", "subid", NULL };

static const struct tracker_postback postbacks[] = {
    { NULL, "click_id={click_id}&ttclid={ttclid}&status={status}&payout={payout}"
            "&currency={currency}&txid={txid}" },
    { NULL, NULL },
};

const struct tracker_urls generic_urls = {
    .id_alphabet = ID_DIGITS ID_LOWER,
    .id_prefix = "",
    .id_length = 16,
    .external_params = external_params,
    .return_params = return_params,
    .macros = macros,
    .ad_link = "https://YOUR-TRACKER/CAMPAIGN?ttclid=__CLICKID__&campaign=__CAMPAIGN_ID__"
               "&creative=__CID__",
    .source_setup = "The source's click id: parameter ttclid, filled by TikTok's macro __CLICKID__\n"
                    "The URLs below name macros by what they stand for: write your tracker's own "
                    "instead of {click_id}, {ttclid}, {status}, {payout}, {currency} and {txid}",
    .lander_query = "click_id={click_id}&ttclid={ttclid}",
    .postbacks = postbacks,
    .postback_place = "your tracker's or network's postback (S2S) URL",
    .unknown =
        "There is no vendor here: how your tracker or network spells its macros, which of them it "
        "has, and what one without a value becomes.\n"
        "That a network uses a common word does not mean that it means the same. Check the first "
        "conversions with: clickbaton translate OFFER-FILE 'THE URL THAT ARRIVED'",
};
