#include "adapters/trackers/urls.h"

/* help.redtrack.io, of which the list of macros was only partly readable: {offer_payout} is from
 * public integrations. */
static const struct tracker_macro macros[] = {
    { "clickid", MACRO_CLICK_ID },
    { "ref_id", MACRO_EXTERNAL_ID },
    { "offer_payout", MACRO_PAYOUT },
    { "sub*", MACRO_PARAM },
    { NULL, MACRO_OTHER },
};

static const char *const external_params[] = { "ref_id", NULL }; /* as source_setup says */

/* rtkcid is what the tracking script writes into the page's URL. */
static const char *const return_params[] = { "clickid", "rtkcid", NULL };
static const char *const postback_params[] = { "clickid", NULL };

/* No macro for the type is documented: each type's URL has it written out. */
#define QUERY "click_id={clickid}&ttclid={ref_id}&payout={offer_payout}"
static const struct tracker_postback postbacks[] = {
    { "sale", QUERY "&type=Purchase" },
    { "lead", QUERY "&type=Lead" },
    { "rebill", QUERY "&type=Upsell" },
    { NULL, NULL },
};

const struct tracker_urls redtrack_urls = {
    .id_alphabet = ID_DIGITS "abcdef",
    .id_prefix = "",
    .id_length = 24,
    .id_time = true,
    .external_params = external_params,
    .return_params = return_params,
    .postback_params = postback_params,
    .macros = macros,
    .ad_link = "https://YOUR-TRACKER/CAMPAIGN-ID?ref_id=__CLICKID__&sub1=__CAMPAIGN_ID__&sub2=__AID__"
               "&sub3=__CID__",
    .source_setup = "Click ID ({ref_id} in postbacks): parameter ref_id, macro __CLICKID__\n"
                    "sub1: __CAMPAIGN_ID__\n"
                    "sub2: __AID__\n"
                    "sub3: __CID__",
    .lander_query = "clickid={clickid}&ttclid={ref_id}",
    .postbacks = postbacks,
    .postback_place = "the traffic channel's \"S2S Postback URL\", one URL per conversion type",
    .currency_param = "currency",
    .type_param = "type",
    .free = { "sub*", 4, 20 },
    .unknown =
        "{offer_payout}: the page that names it was only partly readable. Public integrations use "
        "it. Compare one conversion with your report.\n"
        "Macros for type, status, currency, transaction id, time, IP and user agent in a channel's "
        "postback.\n"
        "One postback URL per type: assumed from the panel's per-type settings.\n"
        "The parameter that RedTrack's TikTok template fills with __CLICKID__ (ref_id is a guess): "
        "if the link that RedTrack shows you has another one, keep that.\n"
        "{ref_id} in a lander's URL: it is documented for postbacks.\n"
        "Whether a declined or refunded conversion is sent to the channel at all.\n"
        "Encoding, and what a macro without a value becomes. Timeout and retries.",
};
