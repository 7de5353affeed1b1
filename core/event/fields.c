/* Page: "Report App, Web, Offline, or CRM Events" (API for Business v1.3), properties object. */
#include "core/event/event.h"

const struct event_field event_property_fields[] = {
    { SLICE("content_ids"), EVENT_TEXT_LIST, NULL },
    { SLICE("contents"), EVENT_CONTENTS, NULL },
    { SLICE("content_type"), EVENT_ENUM, "product product_group" },
    { SLICE("num_items"), EVENT_INTEGER, NULL },
    { SLICE("search_string"), EVENT_TEXT, NULL },
    { SLICE("description"), EVENT_TEXT, NULL },
    { SLICE("order_id"), EVENT_TEXT, NULL },
    { SLICE("shop_id"), EVENT_TEXT, NULL },
    { SLICE("customer_type"), EVENT_ENUM, "new returning" },
    { { 0 }, EVENT_TEXT, NULL },
};

/* quantity is not in that page's table but in each of its examples. */
const struct event_field event_content_fields[] = {
    { SLICE("content_id"), EVENT_TEXT, NULL },
    { SLICE("content_name"), EVENT_TEXT, NULL },
    { SLICE("content_category"), EVENT_TEXT, NULL },
    { SLICE("brand"), EVENT_TEXT, NULL },
    { SLICE("price"), EVENT_NUMBER, NULL },
    { SLICE("quantity"), EVENT_INTEGER, NULL },
    { { 0 }, EVENT_TEXT, NULL },
};

const struct event_field *event_field_find(const struct event_field *table, struct slice name)
{
    for (; table->name.len; table++)
        if (slice_eq(table->name, name))
            return table;
    return NULL;
}

/* In alphabetical order: event_currency_supported relies on it. */
const struct slice event_currencies[] = {
    SLICE("AED"), SLICE("ARS"), SLICE("AUD"), SLICE("BDT"), SLICE("BHD"), SLICE("BIF"),
    SLICE("BOB"), SLICE("BRL"), SLICE("CAD"), SLICE("CHF"), SLICE("CLP"), SLICE("CNY"),
    SLICE("COP"), SLICE("CRC"), SLICE("CZK"), SLICE("DKK"), SLICE("DZD"), SLICE("EGP"),
    SLICE("EUR"), SLICE("GBP"), SLICE("GTQ"), SLICE("HKD"), SLICE("HNL"), SLICE("HUF"),
    SLICE("IDR"), SLICE("ILS"), SLICE("INR"), SLICE("ISK"), SLICE("JPY"), SLICE("KES"),
    SLICE("KHR"), SLICE("KRW"), SLICE("KWD"), SLICE("KZT"), SLICE("MAD"), SLICE("MOP"),
    SLICE("MXN"), SLICE("MYR"), SLICE("NGN"), SLICE("NIO"), SLICE("NOK"), SLICE("NZD"),
    SLICE("OMR"), SLICE("PEN"), SLICE("PHP"), SLICE("PKR"), SLICE("PLN"), SLICE("PYG"),
    SLICE("QAR"), SLICE("RON"), SLICE("RUB"), SLICE("SAR"), SLICE("SEK"), SLICE("SGD"),
    SLICE("THB"), SLICE("TRY"), SLICE("TWD"), SLICE("UAH"), SLICE("USD"), SLICE("VES"),
    SLICE("VND"), SLICE("ZAR"), { 0 },
};

bool event_currency_supported(struct slice code)
{
    size_t low = 0, high = sizeof(event_currencies) / sizeof(event_currencies[0]) - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int d = slice_cmp(code, event_currencies[middle]);
        if (d == 0)
            return true;
        if (d < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool is_in(struct slice code, const char *list, size_t size)
{
    for (size_t at = 0; at < size; at += 4)
        if (code.ptr[0] == list[at] && code.ptr[1] == list[at + 1] && code.ptr[2] == list[at + 2])
            return true;
    return false;
}

/* ISO 4217 list one; what is not here has two. */
int event_currency_decimals(struct slice code)
{
    static const char none[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";

    if (code.len != 3)
        return 2;
    return is_in(code, none, sizeof(none)) ? 0 : is_in(code, three, sizeof(three)) ? 3 : 2;
}
