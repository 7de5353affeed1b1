#include "cli/clicks.h"

#include <stddef.h>

static const struct {
    enum field field;
    size_t offset;
} columns[] = {
    { FIELD_CLICK_ID, offsetof(struct store_click, click_id) },
    { FIELD_TTCLID, offsetof(struct store_click, ttclid) },
    { FIELD_EVENT_ID, offsetof(struct store_click, event_id) },
    { FIELD_TTP, offsetof(struct store_click, ttp) },
    { FIELD_IP, offsetof(struct store_click, ip) },
    { FIELD_USER_AGENT, offsetof(struct store_click, user_agent) },
    { FIELD_PAGE_URL, offsetof(struct store_click, page_url) },
    { FIELD_REFERRER, offsetof(struct store_click, referrer) },
    { FIELD_CONSENT, offsetof(struct store_click, consent) },
    { FIELD_COUNTRY, offsetof(struct store_click, country) },
};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

static struct slice *slot(struct store_click *c, size_t i)
{
    return (struct slice *)(void *)((char *)c + columns[i].offset);
}

void clicks_from_store(const struct store_click *found, struct click *out)
{
    struct store_click copy = *found;

    *out = (struct click){ .at = found->at };
    for (size_t i = 0; i < COLUMNS; i++)
        out->fields[columns[i].field] = *slot(&copy, i);
}

void clicks_to_store(const struct click *click, struct store_click *out)
{
    out->at = click->at;
    for (size_t i = 0; i < COLUMNS; i++)
        *slot(out, i) = click->fields[columns[i].field];
}
