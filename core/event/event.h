/* event.h: what TikTok's events are made of: standard names, fields and their types.
 * Sources: "Report App, Web, Offline, or CRM Events" (API for Business v1.3) and the help pages on
 * supported standard events and custom events. */
#ifndef CORE_EVENT_EVENT_H
#define CORE_EVENT_EVENT_H

#include "core/base/slice.h"

enum event_name_kind {
    EVENT_STANDARD, /* *now is the name itself */
    EVENT_RENAMED,  /* an old name: *now is what to send instead (CompletePayment -> Purchase) */
    EVENT_LEGACY,   /* soft-deprecated (ClickButton, PlaceAnOrder): still sent as it is */
    EVENT_CUSTOM,   /* a well-formed custom name, or Pageview: *now is the name itself */
    EVENT_MISCASED, /* *now is the current name it must be meant for ("purchase") */
    EVENT_BAD,      /* *why is the rest of a sentence: "must start with a letter" */
};

enum event_name_kind event_name_check(struct slice name, struct slice *now, const char **why);

/* All standard names, ended by an empty slice. */
extern const struct slice event_standard_names[];

enum event_field_type {
    EVENT_TEXT,
    EVENT_ENUM,      /* one of choices */
    EVENT_NUMBER,    /* exact decimal */
    EVENT_INTEGER,
    EVENT_TEXT_LIST,
    EVENT_CONTENTS,  /* list of objects of event_content_fields */
};

struct event_field {
    struct slice name;
    enum event_field_type type;
    const char *choices; /* "product product_group" for EVENT_ENUM */
};

/* properties and properties.contents[], ended by an empty name.  value and currency are not among
 * them: they come of the event's rule. */
extern const struct event_field event_property_fields[];
extern const struct event_field event_content_fields[];
const struct event_field *event_field_find(const struct event_field *table, struct slice name);

/* ISO 4217 codes that TikTok takes, upper case; and how many decimals a currency has (0 for JPY,
 * KRW, ...; 3 for BHD, ...; 2 else). */
bool event_currency_supported(struct slice code);
int event_currency_decimals(struct slice code);
extern const struct slice event_currencies[]; /* ended by an empty slice */

#define EVENT_TTCLID_MAX 1000
#define EVENT_CUSTOM_NAME_MAX 50

#endif
