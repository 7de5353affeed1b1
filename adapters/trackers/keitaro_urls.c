#include "adapters/trackers/urls.h"

/* "S2S postback placeholders" (docs.keitaro.io/en/campaigns-and-streams/) and, for {currency}, the
 * list of version 7.  {conversion_revenue} is in Keitaro's own source templates only.  {payout} is
 * in no list: it may arrive as it stands. */
static const struct tracker_macro macros[] = {
    { "subid", MACRO_CLICK_ID },
    { "external_id", MACRO_EXTERNAL_ID },
    { "status", MACRO_STATUS },
    { "revenue", MACRO_PAYOUT },
    { "conversion_revenue", MACRO_PAYOUT },
    { "currency", MACRO_CURRENCY },
    { "tid", MACRO_TXID },
    { "date", MACRO_CLICK_UNIX }, /* as {date:U}; other formats are the user's own */
    { "ip", MACRO_IP },
    { "user_agent", MACRO_USER_AGENT },
    { "ua", MACRO_USER_AGENT },
    { "useragent", MACRO_USER_AGENT },
    { "sub_id_*", MACRO_PARAM },
    { "ad_campaign_id", MACRO_PARAM },
    { "creative_id", MACRO_PARAM },
    { "source", MACRO_PARAM },
    { "keyword", MACRO_PARAM },
    { "cost", MACRO_COST },
    { "profit", MACRO_OTHER },
    { "language", MACRO_OTHER },
    { "referrer", MACRO_OTHER },
    { "referer", MACRO_OTHER },
    { "country", MACRO_OTHER },
    { "country_code", MACRO_OTHER },
    { "country_name", MACRO_OTHER },
    { "region", MACRO_OTHER },
    { "city", MACRO_OTHER },
    { "isp", MACRO_OTHER },
    { "operator", MACRO_OTHER },
    { "carrier", MACRO_OTHER },
    { "connection_type", MACRO_OTHER },
    { "browser", MACRO_OTHER },
    { "browser_version", MACRO_OTHER },
    { "os", MACRO_OTHER },
    { "os_version", MACRO_OTHER },
    { "device_type", MACRO_OTHER },
    { "device_model", MACRO_OTHER },
    { "device_brand", MACRO_OTHER },
    { "campaign_id", MACRO_OTHER },
    { "keitaro_campaign_id", MACRO_OTHER },
    { "campaign_name", MACRO_OTHER },
    { "offer_id", MACRO_OTHER },
    { "landing_id", MACRO_OTHER },
    { "parent_campaign_id", MACRO_OTHER },
    { "traffic_source_name", MACRO_OTHER },
    { "ts_id", MACRO_OTHER },
    { "current_domain", MACRO_OTHER },
    { "destination", MACRO_OTHER },
    { "is_bot", MACRO_OTHER },
    { "is_using_proxy", MACRO_OTHER },
    { "visitor_code", MACRO_OTHER },
    { "random", MACRO_OTHER },
    { "sample", MACRO_OTHER },
    { "from_file", MACRO_OTHER },
    { "search_engine", MACRO_OTHER },
    { NULL, MACRO_OTHER },
};

static const struct tracker_status statuses[] = {
    { "lead", "lead" },
    { "sale", "sale" },
    { "rejected", "rejected" },
    { "rebill", "rebill" },
    { NULL, NULL },
};

static const char *const external_params[] = { "external_id", NULL };

/* In the order of "JS adapter" (docs.keitaro.io), whose cookies come last. */
static const char *const return_params[] = { "_subid", "subid", NULL };
static const char *const postback_params[] = { "subid", NULL };

static const struct tracker_postback postbacks[] = {
    { NULL, "click_id={subid}&ttclid={external_id}&status={status}&payout={revenue}"
            "&currency={currency}&txid={tid}&click_ts={date:U}&ip={ip}&ua={user_agent}" },
    { NULL, NULL },
};

const struct tracker_urls keitaro_urls = {
    .id_alphabet = ID_DIGITS ID_LOWER, /* 13 to 17 in the documentation's examples */
    .id_prefix = "",
    .id_length = 13,
    .external_params = external_params,
    .return_params = return_params,
    .postback_params = postback_params,
    .macros = macros,
    .raw_underscore = true,
    .statuses = statuses,
    .ad_link = "https://YOUR-TRACKER/ALIAS?external_id=__CLICKID__"
               "&ad_campaign_id=__CAMPAIGN_ID__&creative_id=__CID__",
    .source_setup = "External ID: parameter external_id, macro __CLICKID__\n"
                    "Ad campaign ID: parameter ad_campaign_id, macro __CAMPAIGN_ID__\n"
                    "Creative ID: parameter creative_id, macro __CID__",
    .lander_query = "subid={subid}&ttclid={external_id}",
    .postbacks = postbacks,
    .postback_place = "the campaign's tab \"S2S Postbacks\" (or the traffic source's postback); tick "
                      "every status, GET or POST",
    .free = { "sub_id_*", 1, 15 },
    .unknown =
        "What a macro without a value becomes: nothing, or the macro itself. Both are understood.\n"
        "{currency}: in the list of macros of version 7 and in current templates; the current list "
        "was only partly readable. If it arrives as it stands (W020), write your account's currency "
        "out.\n"
        "{external_id} in a lander's URL: the list is that of postbacks.\n"
        "The parameters of Keitaro's ready-made TikTok template: if it keeps ttclid in a sub_id_N, "
        "write ttclid={sub_id_N} instead of ttclid={external_id}.\n"
        "A macro for the time of the conversion: none was found. The time of arrival is sent.\n"
        "The decimal mark and the rounding of amounts.\n"
        "Timeout, retries and user agent of outgoing postbacks.",
};
