#include "adapters/trackers/urls.h"

/* "Conversions to source" (docs.binom.org/conv-to-source.php, conv-to-source-v2.php) and the older
 * create-source.php, which has {external_id} and {user_agent}.  There is no {status}. */
static const struct tracker_macro macros[] = {
    { "clickid", MACRO_CLICK_ID },
    { "externalid", MACRO_EXTERNAL_ID },
    { "external_id", MACRO_EXTERNAL_ID },
    { "cnv_status", MACRO_STATUS },
    { "cnv_status2", MACRO_STATUS2 },
    { "payout", MACRO_PAYOUT },
    { "cnv_currency", MACRO_CURRENCY },
    { "ip", MACRO_IP },
    { "user_agent", MACRO_USER_AGENT },
    { "t*", MACRO_PARAM }, /* v2: tokens of the traffic source, by number */
    { "event*", MACRO_OTHER },
    { "browser_name", MACRO_OTHER },
    { "browser_version", MACRO_OTHER },
    { "campaign", MACRO_OTHER },
    { "campaign_id", MACRO_OTHER },
    { "campaign_key", MACRO_OTHER },
    { "campaign_name", MACRO_OTHER },
    { "city", MACRO_OTHER },
    { "clickcost", MACRO_COST },
    { "continent", MACRO_OTHER },
    { "continent_code", MACRO_OTHER },
    { "country", MACRO_OTHER },
    { "country_code", MACRO_OTHER },
    { "date", MACRO_OTHER }, /* the click's, in a format that is not documented */
    { "time", MACRO_OTHER },
    { "htime", MACRO_OTHER },
    { "device_name", MACRO_OTHER },
    { "device_brand", MACRO_OTHER },
    { "device_model", MACRO_OTHER },
    { "device_type", MACRO_OTHER },
    { "domain", MACRO_OTHER },
    { "real_domain", MACRO_OTHER },
    { "isp", MACRO_OTHER },
    { "is_proxy", MACRO_OTHER },
    { "lander", MACRO_OTHER },
    { "lander_num", MACRO_OTHER },
    { "language", MACRO_OTHER },
    { "lp_key", MACRO_OTHER },
    { "os_name", MACRO_OTHER },
    { "os_version", MACRO_OTHER },
    { "user_id", MACRO_OTHER },
    { "path_name", MACRO_OTHER },
    { "rule_name", MACRO_OTHER },
    { "trafficsource", MACRO_OTHER },
    { "trafficsource_name", MACRO_OTHER },
    { "affiliate_network_id", MACRO_OTHER },
    { "affiliate_network_name", MACRO_OTHER },
    { "referer", MACRO_OTHER },
    { "resolution", MACRO_OTHER },
    { NULL, MACRO_OTHER },
};

/* The first as source_setup says; the name is the user's own choice. */
static const char *const external_params[] = { "ttclid", "externalid", "external_id", NULL };

/* bcid is what the landing page library adds to links. */
static const char *const return_params[] = { "clickid", "bcid", NULL };
static const char *const postback_params[] = { "cnv_id", NULL };

static const struct tracker_postback postbacks[] = {
    { NULL, "click_id={clickid}&ttclid={externalid}&payout={payout}&currency={cnv_currency}"
            "&status={cnv_status}&status2={cnv_status2}&ip={ip}" },
    { NULL, NULL },
};

const struct tracker_urls binom_urls = {
    .id_alphabet = ID_DIGITS ID_LOWER, /* 13 or 14 in the documentation's examples */
    .id_prefix = "",
    .id_length = 14,
    .external_params = external_params,
    .return_params = return_params,
    .postback_params = postback_params,
    .macros = macros,
    .ad_link = "https://YOUR-TRACKER/click?key=CAMPAIGN-KEY&ttclid=__CLICKID__"
               "&campid=__CAMPAIGN_ID__&creative=__CID__",
    .source_setup = "External ID: parameter ttclid, placeholder __CLICKID__\n"
                    "Token 1 ({t1}): parameter campid, placeholder __CAMPAIGN_ID__\n"
                    "Token 2 ({t2}): parameter creative, placeholder __CID__\n"
                    "In Binom v1 the ad's link has click.php (or the name you gave it) instead of "
                    "click",
    .lander_query = "clickid={clickid}&ttclid={externalid}",
    .postbacks = postbacks,
    .postback_place = "the traffic source's \"Postback URL\", or the campaign's \"S2S Postback\"; not "
                      "both: both are sent",
    .free = { "t*", 3, 30 },
    .unknown =
        "What a token without a value becomes.\n"
        "What a conversion without a status means: it is quarantined unless the offer says "
        "default_stage.\n"
        "The format and the time zone of {date} and {time}. Both are those of the click.\n"
        "{externalid} in a lander's URL: the list is that of postbacks. Older pages spell it "
        "{external_id}.\n"
        "A transaction id: none was found, there is one conversion per click.\n"
        "Method (GET is assumed), timeout and retries.\n"
        "Anything about TikTok's Events API in v1 or v2.",
};
