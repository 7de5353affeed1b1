#include "adapters/trackers/urls.h"

/* doc.voluum.com, of which the list of tokens was only partly readable.  {click.id} is from public
 * integrations; {clickid} is documented for offers. */
static const struct tracker_macro macros[] = {
    { "click.id", MACRO_CLICK_ID },
    { "clickid", MACRO_CLICK_ID },
    { "externalid", MACRO_EXTERNAL_ID },
    { "payout", MACRO_PAYOUT },
    { "ip", MACRO_IP },
    { "useragent", MACRO_USER_AGENT },
    { "var*", MACRO_PARAM },
    { "trackingdomain", MACRO_OTHER },
    { "city", MACRO_OTHER },
    { "region", MACRO_OTHER },
    { "country", MACRO_OTHER },
    { "countryname", MACRO_OTHER },
    { "device", MACRO_OTHER },
    { "brand", MACRO_OTHER },
    { "model", MACRO_OTHER },
    { "browser", MACRO_OTHER },
    { "browserversion", MACRO_OTHER },
    { "os", MACRO_OTHER },
    { "osversion", MACRO_OTHER },
    { "isp", MACRO_OTHER },
    { "referrerdomain", MACRO_OTHER },
    { "language", MACRO_OTHER },
    { "connection.type", MACRO_OTHER },
    { "carrier", MACRO_OTHER },
    { NULL, MACRO_OTHER },
};

/* The first as source_setup says; the name is the user's own choice. */
static const char *const external_params[] = { "ttclid", "externalid", "external_id", NULL };
static const char *const return_params[] = { "cid", "clickid", NULL };
static const char *const postback_params[] = { "cid", "c", NULL };

/* No token for the event type is documented: each type's URL has it written out. */
#define QUERY "click_id={click.id}&ttclid={externalid}&payout={payout}"
#define VISITOR "&ip={ip}&ua={useragent}"
static const struct tracker_postback postbacks[] = {
    { "sale", QUERY "&et=sale" VISITOR },
    { "lead", QUERY "&et=lead" VISITOR },
    { "rebill", QUERY "&et=rebill" VISITOR },
    { NULL, NULL },
};

const struct tracker_urls voluum_urls = {
    .id_alphabet = ID_DIGITS ID_UPPER,
    .id_prefix = "c",
    .id_length = 26,
    .external_params = external_params,
    .return_params = return_params,
    .postback_params = postback_params,
    .macros = macros,
    .ad_link = "https://YOUR-TRACKER/CAMPAIGN-UUID?ttclid=__CLICKID__&campaign=__CAMPAIGN_ID__"
               "&creative=__CID__",
    .source_setup = "External ID: parameter ttclid, placeholder __CLICKID__\n"
                    "Variable 1 ({var1}): parameter campaign, placeholder __CAMPAIGN_ID__\n"
                    "Variable 2 ({var2}): parameter creative, placeholder __CID__",
    .lander_query = "cid={clickid}&ttclid={externalid}",
    .postbacks = postbacks,
    .postback_place = "the traffic source's postback URL; with several event types the one per "
                      "event type",
    .currency_param = "currency",
    .type_param = "et",
    .free = { "var*", 3, 10 },
    .unknown =
        "{click.id} and the full list of tokens for a source's postback: the page was only partly "
        "readable. If {click.id} arrives as it stands (W020), try {clickid}.\n"
        "One postback URL per event type: seen in public code, not read in the documentation.\n"
        "Tokens for the event type, the transaction id and the currency.\n"
        "{externalid} in a lander's URL: it is documented for postbacks.\n"
        "Whether a rejection, a refund or a chargeback is ever sent: Voluum sends conversions.\n"
        "What a token without a value becomes. Timeout and retries.\n"
        "Shapes of click ids other than the one in the documentation. None is enforced.\n"
        "A ready-made TikTok template, and anything about TikTok's Events API.",
};
