#include "adapters/tiktok/sandbox/fields.h"

#include <string.h>

#include "adapters/tiktok/sandbox/forms.h"

/* Sources, short, so that a row fits a line. */
#define W   SOURCE_WEB
#define A   SOURCE_APP
#define O   SOURCE_OFFLINE
#define C   SOURCE_CRM
#define ALL SOURCE_ALL

#define TEXT(name, on, form)        { name, TYPE_TEXT, on, 0, 0, form, NULL, NULL, NULL }
#define NEED(name, on, need, form)  { name, TYPE_TEXT, on, need, 0, form, NULL, NULL, NULL }
#define WORD(name, on, need, words) { name, TYPE_TEXT, on, need, 0, NULL, NULL, words, NULL }
#define KEYS(name, on, form)        { name, TYPE_TEXT_OR_TEXTS, on, 0, 0, form, NULL, NULL, NULL }
#define NUMBER(name, on, form)      { name, TYPE_NUMBER, on, 0, 0, NULL, form, NULL, NULL }
#define COUNT(name, on)             { name, TYPE_INTEGER, on, 0, 0, NULL, form_count, NULL, NULL }
#define BOOLEAN(name, on)           { name, TYPE_BOOLEAN, on, 0, 0, NULL, NULL, NULL, NULL }
#define UNSURE(name, on)            { name, TYPE_TEXT_OR_NUMBER, on, 0, 0, NULL, NULL, NULL, NULL }
#define OBJECT(name, on, need, of)  { name, TYPE_OBJECT, on, need, 0, NULL, NULL, NULL, of }
#define END                         { NULL, TYPE_TEXT, 0, 0, 0, NULL, NULL, NULL, NULL }

static const struct slice sources[] = { SLICE("web"), SLICE("app"), SLICE("offline"),
                                        SLICE("crm"), { 0 } };
static const struct slice content_types[] = { SLICE("product"), SLICE("product_group"), { 0 } };
static const struct slice customer_types[] = { SLICE("new"), SLICE("returning"), { 0 } };
static const struct slice att_states[] = { SLICE("AUTHORIZED"),     SLICE("DENIED"),
                                           SLICE("NOT_DETERMINED"), SLICE("RESTRICTED"),
                                           SLICE("NOT_APPLICABLE"), { 0 } };
static const struct slice currencies[] = {
    SLICE("USD"), SLICE("EUR"), SLICE("GBP"), SLICE("AED"), SLICE("ARS"), SLICE("AUD"),
    SLICE("BDT"), SLICE("BHD"), SLICE("BIF"), SLICE("BOB"), SLICE("BRL"), SLICE("CAD"),
    SLICE("CHF"), SLICE("CLP"), SLICE("CNY"), SLICE("COP"), SLICE("CRC"), SLICE("CZK"),
    SLICE("DKK"), SLICE("DZD"), SLICE("EGP"), SLICE("GTQ"), SLICE("HKD"), SLICE("HNL"),
    SLICE("HUF"), SLICE("IDR"), SLICE("ILS"), SLICE("INR"), SLICE("ISK"), SLICE("JPY"),
    SLICE("KES"), SLICE("KHR"), SLICE("KRW"), SLICE("KWD"), SLICE("KZT"), SLICE("MAD"),
    SLICE("MOP"), SLICE("MXN"), SLICE("MYR"), SLICE("NGN"), SLICE("NIO"), SLICE("NOK"),
    SLICE("NZD"), SLICE("OMR"), SLICE("PEN"), SLICE("PHP"), SLICE("PKR"), SLICE("PLN"),
    SLICE("PYG"), SLICE("QAR"), SLICE("RON"), SLICE("RUB"), SLICE("SAR"), SLICE("SEK"),
    SLICE("SGD"), SLICE("THB"), SLICE("TRY"), SLICE("TWD"), SLICE("UAH"), SLICE("VES"),
    SLICE("VND"), SLICE("ZAR"), { 0 },
};

static const struct sandbox_field user_fields[] = {
    { "ttclid", TYPE_TEXT, W, 0, 1000, form_id, NULL, NULL, NULL },
    TEXT("ttp", W, form_id),
    TEXT("ip", W | A, form_ip),
    TEXT("user_agent", W | A, NULL),
    KEYS("email", ALL, form_hash),
    KEYS("phone", ALL, form_hash),
    KEYS("external_id", W | C, form_hash),
    TEXT("first_name", W, form_hash),
    TEXT("last_name", W, form_hash),
    TEXT("zip_code", W, form_hash),
    TEXT("city", W, form_plain_name),
    TEXT("state", W, form_plain_name),
    TEXT("country", W, form_country),
    TEXT("locale", W | A, form_locale),
    TEXT("idfa", A, form_idfa),
    TEXT("idfv", A, form_id),
    TEXT("gaid", A, form_gaid),
    WORD("att_status", A, 0, att_states),
    END,
};

/* quantity is not in the current table but in every official example. */
static const struct sandbox_field content_fields[] = {
    TEXT("content_id", ALL, form_id),
    TEXT("content_name", ALL, NULL),
    NUMBER("price", ALL, form_amount),
    COUNT("quantity", ALL),
    TEXT("content_category", ALL, NULL),
    TEXT("brand", ALL, NULL),
    END,
};

static const struct sandbox_field property_fields[] = {
    WORD("currency", ALL, 0, currencies),
    NUMBER("value", ALL, form_amount),
    WORD("content_type", ALL, 0, content_types),
    { "contents", TYPE_OBJECTS, ALL, 0, 0, NULL, NULL, NULL, content_fields },
    { "content_ids", TYPE_TEXTS, ALL, 0, 0, form_id, NULL, NULL, NULL },
    TEXT("order_id", ALL, form_id),
    TEXT("shop_id", ALL, form_id),
    COUNT("num_items", ALL),
    TEXT("search_string", ALL, NULL),
    TEXT("description", ALL, NULL),
    WORD("customer_type", W | A, 0, customer_types),
    END,
};

static const struct sandbox_field page_fields[] = {
    NEED("url", W, W, form_url),
    TEXT("referrer", W, NULL),
    END,
};

static const struct sandbox_field app_fields[] = {
    NEED("app_id", A, A, form_id),
    TEXT("app_name", A, NULL),
    TEXT("app_version", A, NULL),
    END,
};

/* The API reference has these for app events; "Events API Parameters" (read August and September
 * 2026) opens some to web and names the newer ones, whose sources and types it was not read for. */
static const struct sandbox_field ad_fields[] = {
    TEXT("callback", A, form_id),
    TEXT("campaign_id", W | A, form_id),
    TEXT("ad_id", W | A, form_id),
    TEXT("creative_id", W | A, form_id),
    BOOLEAN("is_retargeting", A),
    BOOLEAN("attributed", A),
    TEXT("attribution_type", A, NULL),
    TEXT("attribution_provider", W | A, NULL),
    NUMBER("attribution_share", W | A, form_share),
    UNSURE("attribution_value", W | A),
    UNSURE("attribution_window_hr_click", W | A),
    UNSURE("attribution_window_hr_view", W | A),
    TEXT("attribution_method", W | A, NULL),
    TEXT("attribution_model", W | A, NULL),
    TEXT("touchpoint_type", W | A, NULL),
    UNSURE("touchpoint_ts", W | A),
    TEXT("touchpoint_url", W | A, NULL),
    TEXT("decline_reason", W | A, NULL),
    TEXT("utm_id", W | A, NULL),
    TEXT("utm_source", W | A, NULL),
    TEXT("utm_medium", W | A, NULL),
    TEXT("utm_campaign", W | A, NULL),
    END,
};

static const struct sandbox_field lead_fields[] = {
    NEED("lead_id", C, C, form_id),
    TEXT("lead_event_source", C, NULL),
    END,
};

static const struct sandbox_field event_fields[] = {
    NEED("event", ALL, ALL, form_event),
    { "event_time", TYPE_INTEGER, ALL, ALL, 0, NULL, form_event_time, NULL, NULL },
    TEXT("event_id", W | O | C, form_id),
    OBJECT("user", ALL, ALL, user_fields),
    OBJECT("properties", ALL, 0, property_fields),
    OBJECT("page", W, W, page_fields),
    OBJECT("app", A, A, app_fields),
    OBJECT("ad", W | A, 0, ad_fields),
    OBJECT("lead", C, C, lead_fields),
    BOOLEAN("limited_data_use", W | A),
    END,
};

const struct sandbox_field sandbox_body_fields[] = {
    WORD("event_source", ALL, ALL, sources),
    NEED("event_source_id", ALL, ALL, form_id),
    TEXT("test_event_code", ALL, form_id),
    TEXT("partner_name", ALL, form_partner),
    { "data", TYPE_OBJECTS, ALL, ALL, SANDBOX_EVENTS_MAX, NULL, NULL, NULL, event_fields },
    END,
};

static const struct {
    const char *name;
    const struct sandbox_field *fields;
} objects[] = {
    { "the body", sandbox_body_fields }, { "the event", event_fields },
    { "user", user_fields },             { "properties", property_fields },
    { "contents", content_fields },      { "page", page_fields },
    { "app", app_fields },               { "ad", ad_fields },
    { "lead", lead_fields },
};

const char *sandbox_field_home(const char *name)
{
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
        for (const struct sandbox_field *f = objects[i].fields; f->name; f++)
            if (strcmp(f->name, name) == 0)
                return objects[i].name;
    return NULL;
}

/* Events API 1.0, the pixel's names, other platforms' words. */
static const struct {
    const char *name, *here;
} aliases[] = {
    { "batch", "data" },
    { "events", "data" },
    { "pixel_code", "event_source_id" },
    { "pixel_id", "event_source_id" },
    { "timestamp", "event_time" },
    { "time", "event_time" },
    { "event_name", "event" },
    { "dedup_key", "event_id" },
    { "context", "user, page and ad" },
    { "custom_data", "properties" },
    { "user_data", "user" },
    { "event_source_url", "page.url" },
    { "phone_number", "phone" },
    { "sha256_email", "email" },
    { "sha256_phone_number", "phone" },
    { "client_ip_address", "ip" },
    { "client_user_agent", "user_agent" },
    { "zip", "zip_code" },
    { "query", "search_string" },
    { "id", "content_id" },
    { "item_price", "price" },
    { NULL, NULL },
};

const char *sandbox_field_alias(const char *name)
{
    for (size_t i = 0; aliases[i].name; i++)
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].here;
    return NULL;
}
